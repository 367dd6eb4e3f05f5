package admin

import (
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/documents"
	"relais/internal/web/page"
)

type documentsPage struct {
	list
	Rows []documents.Document
}

// documents finds documents by a part of their number, or by their order's.
func (s *Server) documents(c echo.Context) error {
	data := documentsPage{list: listOf(c)}
	before, err := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	rows, err := documents.List(c.Request().Context(), s.DB, documents.Query{Text: data.Search, Before: before, Limit: listed + 1})
	if err != nil {
		return err
	}
	if len(rows) > listed {
		rows = rows[:listed]
		data.Older = "/admin/documents?" + url.Values{"q": {data.Search}, "before": {strconv.FormatInt(rows[listed-1].ID, 10)}}.Encode()
	}
	data.Rows = rows
	return s.render(c, "documents", data)
}

// document answers one as a PDF.
func (s *Server) document(c echo.Context) error {
	number, err := page.PaperNumber(c)
	if err != nil {
		return err
	}
	d, err := documents.ByNumber(c.Request().Context(), s.DB, number, documents.Owner{})
	if err != nil {
		return err
	}
	return page.Paper(c, d)
}
