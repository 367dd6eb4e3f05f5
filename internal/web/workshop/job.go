package workshop

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/designs/draw"
	"relais/internal/designs/letters"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/making"
	"relais/internal/money"
	"relais/internal/web/page"
)

func linePath(handle, number string, line int64) string {
	return fmt.Sprintf("/brand/%s/orders/%s/designs/%d", handle, number, line)
}

// Slow names the routes whose answers are drawn: each waits for its turn to draw, and an archive for as many turns as it has files. For page.Options.Slow.
func Slow() map[string]time.Duration {
	const line = "/brand/:handle/orders/:number/designs/:line"
	return map[string]time.Duration{"/brand/:handle/making.zip": 20 * time.Minute, line + "/job": 2 * time.Minute, line + "/print": 2 * time.Minute, line + "/print/:sheet": 2 * time.Minute}
}

// writer writes a file about a piece, into memory: others wait for their turn to draw meanwhile.
type writer func(ctx context.Context, w io.Writer, p piece) error

// file answers with a file about the piece of the address.
func (s *Server) file(c echo.Context, kind, ending string, write writer) error {
	p, err := s.piece(c)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := write(c.Request().Context(), &out, p); err != nil {
		return err
	}
	attach(c, p.name()+ending)
	return c.Blob(http.StatusOK, kind, out.Bytes())
}

// name is how files about a piece are called.
func (p piece) name() string { return fmt.Sprintf("%s-%d", p.Order.Number, p.Line.ID) }

func attach(c echo.Context, name string) {
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Response().Header().Set("Cache-Control", "private, no-store")
}

// job is what to make, in words and at print size.
func (s *Server) job(c echo.Context) error {
	return s.file(c, "application/pdf", "-job.pdf", s.jobSheet(page.Lang(c)))
}

// print is the sheets alone, for the machine.
func (s *Server) print(c echo.Context) error {
	return s.file(c, "application/pdf", "-print.pdf", s.printPDF)
}

// sheet is one of them as a picture.
func (s *Server) sheet(c echo.Context) error {
	n, err := strconv.Atoi(c.Param("sheet"))
	if err != nil {
		return fault.New(fault.NotFound, "fault.page_not_found")
	}
	return s.file(c, "image/png", fmt.Sprintf("-%d.png", n+1), func(ctx context.Context, w io.Writer, p piece) error {
		return s.Designs.PrintPNG(ctx, w, p.Design, n)
	})
}

func (s *Server) jobSheet(l i18n.Lang) writer {
	return func(ctx context.Context, w io.Writer, p piece) error {
		return s.Designs.JobSheet(ctx, w, p.Design, draw.Job{Title: l.T("making.job.of", "Number", p.Order.Number), Rows: rows(l, p), Label: p.name(), Day: *p.Order.PaidAt})
	}
}

func (s *Server) printPDF(ctx context.Context, w io.Writer, p piece) error {
	return s.Designs.PrintPDF(ctx, w, p.Design, p.name(), *p.Order.PaidAt)
}

// batch answers with what is to make in one archive, a folder for each line: the lines that were ticked, or, of who ticks none, the most urgent. It is written as it
// is made; what goes wrong on the way leaves it without its end, so that nobody takes a part of it for the whole.
func (s *Server) batch(c echo.Context) error {
	ctx := c.Request().Context()
	b, err := s.brand(c)
	if err != nil {
		return err
	}
	list, err := s.ticked(c, b.ID)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		s.Site.Bad(c, "making.unticked")
		return page.Redirect(c, "/brand/"+b.Handle+"/making")
	}
	attach(c, fmt.Sprintf("relais-%s-%s.zip", b.Handle, i18n.Day(s.Now())))
	c.Response().Header().Set("Content-Type", "application/zip")
	archive := zip.NewWriter(c.Response())
	for _, w := range list {
		p, err := s.read(ctx, b, w.OrderNumber, strconv.FormatInt(w.LineID, 10))
		if err != nil {
			return err
		}
		if err := pack(ctx, archive, p, "-job.pdf", s.jobSheet(page.Lang(c))); err != nil {
			return err
		}
		if err := pack(ctx, archive, p, "-print.pdf", s.printPDF); err != nil {
			return err
		}
	}
	return archive.Close()
}

// ticked are the lines of an archive.
func (s *Server) ticked(c echo.Context, brandID int64) (list []making.Waiting, err error) {
	asked := c.QueryParams()
	if !asked.Has("choice") {
		list, _, err = making.ToMake(c.Request().Context(), s.DB, brandID, mostListed, 0)
		return list, err
	}
	var lines []int64
	for _, typed := range asked["line"] {
		if id, err := strconv.ParseInt(typed, 10, 64); err == nil {
			lines = append(lines, id)
		}
	}
	return making.Chosen(c.Request().Context(), s.DB, brandID, lines, mostListed)
}

// pack writes one file about a piece into an archive.
func pack(ctx context.Context, archive *zip.Writer, p piece, ending string, write writer) error {
	var file bytes.Buffer
	if err := write(ctx, &file, p); err != nil {
		return err
	}
	out, err := archive.Create(p.name() + "/" + p.name() + ending)
	if err == nil {
		_, err = out.Write(file.Bytes())
	}
	return err
}

// rows are the words of a job sheet: what, how many, what is written where, and what was paid for it. The title of the design is its author's.
func rows(l i18n.Lang, p piece) []draw.Row {
	now := p.Standing()
	list := []draw.Row{
		{Label: l.T("making.job.piece"), Value: p.Line.Title},
		{Label: l.T("making.job.variant"), Value: p.Line.VariantTitle},
		{Label: l.T("making.job.quantity"), Value: strconv.FormatInt(now.ToMake+now.Under, 10)},
	}
	if p.Line.SKU != "" {
		list = append(list, draw.Row{Label: l.T("making.job.sku"), Value: p.Line.SKU})
	}
	list = append(list, draw.Row{Label: l.T("making.job.days"), Value: l.T("making.job.days_from", "Count", p.Design.Base.Days, "Date", p.Order.PaidAt.AddDate(0, 0, p.Design.Base.Days))})
	for _, v := range p.Design.Base.Views {
		for _, z := range v.Zones {
			for i, y := range p.Design.Doc.Part(z.ID) {
				list = append(list, layerRows(l, v.Name+" · "+z.Name+" · "+strconv.Itoa(i+1), z, y)...)
			}
		}
	}
	for _, s := range p.Design.Sheets() {
		resolution := l.T("making.job.dpi", "DPI", s.DPI)
		if s.Lowered {
			resolution += " · " + l.T("making.lowered")
		}
		list = append(list, draw.Row{Label: "PNG · " + s.Name, Value: resolution})
	}
	_, items := model.Price(p.Design.Base, p.Design.Doc)
	for _, i := range items {
		list = append(list, draw.Row{Label: l.T("studio.item", "Zone", i.Zone, "Kind", l.T("studio.kind."+string(i.Kind)), "Number", i.Count), Value: l.Money(money.New(i.Minor, p.Order.Currency))})
	}
	return append(list, draw.Row{Label: l.T("studio.extra"), Value: l.Money(money.New(p.Line.OptionMinor, p.Order.Currency))})
}

// layerRows are what one layer is: a text letter by letter, in its own font.
func layerRows(l i18n.Lang, at string, z model.Zone, y model.Layer) []draw.Row {
	what := l.T("studio.kind." + string(y.Kind))
	if font, ok := letters.ByID(y.Font); ok {
		what += " · " + font.Name
	}
	if y.Colour != "" { // as the brand calls it, and what it is
		what += " · " + strings.TrimSpace(z.Called(y.Colour, string(l))+" "+string(y.Colour))
	}
	if y.Pattern != "" {
		what += " · " + l.T("studio.pattern."+y.Pattern)
	}
	if y.Size > 0 {
		what += " · " + y.Size.String() + " mm"
	}
	list := []draw.Row{{Label: at, Value: what}}
	if y.Text != "" {
		list = append(list, draw.Row{Label: l.T("studio.text"), Value: y.Text, Font: y.Font})
	}
	return list
}
