package brandspace

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog/shopify"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/web/page"
)

type importsPage struct {
	frame
	Form   *page.Form
	Recent []shopify.Import
}

func (s *Server) importsPage(c echo.Context) (importsPage, error) {
	f, err := s.brand(c)
	if err != nil {
		return importsPage{}, err
	}
	data := importsPage{frame: f, Form: page.NewForm()}
	data.Recent, err = shopify.Recent(c.Request().Context(), s.DB, f.Brand.ID)
	return data, err
}

func (s *Server) imports(c echo.Context) error {
	data, err := s.importsPage(c)
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "brandspace/imports", data)
}

func (s *Server) startImport(c echo.Context) error {
	data, err := s.importsPage(c)
	if err != nil {
		return err
	}
	header, err := c.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		err = fault.Field("file", "fault.catalog.required")
		return s.answer(c, data.Form, err, "brandspace/imports", data)
	}
	if err != nil {
		return err
	}
	file, err := header.Open()
	if err != nil {
		return fmt.Errorf("open upload: %w", err)
	}
	defer file.Close()
	n, err := s.Importer.Accept(c.Request().Context(), by(c), data.Brand.ID, header.Filename, file)
	if err != nil {
		return s.answer(c, data.Form, err, "brandspace/imports", data)
	}
	return page.Redirect(c, data.Base+"/import/"+strconv.FormatInt(n, 10))
}

// rowsShown is how many rows a page of a report has.
const rowsShown = 100

type importPage struct {
	frame
	Import  shopify.Import
	Rows    []shopify.Row
	Outcome shopify.Outcome // of the rows shown; "": all
	Tabs    []page.Tab
	Next    int // line after which the next page begins; 0: this is the last
	Path    string
}

// Percent is how far the import is.
func (p importPage) Percent() int {
	if p.Import.RowsTotal == 0 {
		return 0
	}
	return p.Import.RowsDone * 100 / p.Import.RowsTotal
}

// Running says whether there is more to come.
func (p importPage) Running() bool { return p.Import.State == shopify.Running }

// Refused says whether the whole file was refused.
func (p importPage) Refused() bool { return p.Import.State == shopify.RefusedWhole }

// importReport shows progress and, as they come, the rows. While the import runs, the page asks for the block
// "import-status" again every other second.
func (s *Server) importReport(c echo.Context) error {
	data, err := s.importPage(c)
	if err != nil {
		return err
	}
	if page.IsPartial(c) {
		return s.site.Fragment(c, http.StatusOK, "brandspace/import", "import-status", data)
	}
	return s.site.Render(c, http.StatusOK, "brandspace/import", data)
}

func (s *Server) importPage(c echo.Context) (importPage, error) {
	data := importPage{}
	var err error
	if data.frame, err = s.brand(c); err != nil {
		return data, err
	}
	n, err := id(c)
	if err != nil {
		return data, err
	}
	ctx := c.Request().Context()
	if data.Import, err = shopify.ByID(ctx, s.DB, data.Brand.ID, n); err != nil {
		return data, err
	}
	data.Path = data.Base + "/import/" + strconv.FormatInt(n, 10)
	data.Outcome = outcome(c.QueryParam("outcome"))
	after, err := strconv.Atoi(c.QueryParam("after"))
	if err != nil || after < 0 || after > 1<<30 {
		after = 0
	}
	if data.Rows, err = shopify.Rows(ctx, s.DB, n, data.Outcome, after, rowsShown+1); err != nil {
		return data, err
	}
	if len(data.Rows) > rowsShown {
		data.Rows = data.Rows[:rowsShown]
		data.Next = data.Rows[rowsShown-1].Line
	}
	data.Tabs = importTabs(page.Lang(c), data)
	return data, nil
}

// outcome reads the filter; what is none shows all.
func outcome(text string) shopify.Outcome {
	for _, o := range shopify.Outcomes() {
		if string(o) == text {
			return o
		}
	}
	return ""
}

func importTabs(l i18n.Lang, data importPage) []page.Tab {
	tabs := []page.Tab{{URL: data.Path, Label: l.T("brandspace.import.all") + " · " + l.Number(int64(data.Import.RowsDone)), Current: data.Outcome == ""}}
	for _, o := range shopify.Outcomes() {
		tabs = append(tabs, page.Tab{URL: data.Path + "?outcome=" + string(o), Current: data.Outcome == o,
			Label: l.T("import.outcome."+string(o)) + " · " + l.Number(int64(data.Import.Count(o)))})
	}
	return tabs
}

// importCSV is the whole report as a file that a spreadsheet opens without running anything in it.
func (s *Server) importCSV(c echo.Context) error {
	data, err := s.importPage(c)
	if err != nil {
		return err
	}
	rows, err := shopify.Rows(c.Request().Context(), s.DB, data.Import.ID, data.Outcome, 0, 0)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("import-%s-%d.csv", data.Brand.Handle, data.Import.ID)
	h := c.Response().Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	c.Response().WriteHeader(http.StatusOK)
	if _, err := c.Response().Write([]byte("\xef\xbb\xbf")); err != nil {
		return err
	}
	return shopify.WriteCSV(c.Response(), page.Lang(c), rows)
}
