package till

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"relais/internal/documents"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/web/page"
)

// documentsPage is the documents of a brand or a member.
type documentsPage struct {
	side
	Tabs  []page.Tab
	Rows  []documents.Document
	Older string
	Empty page.Empty
}

// Sum writes minor units of a document, negative for a credit.
func (documentsPage) Sum(d documents.Document, minor int64) money.Amount { return signed(d, minor) }

func signed(d documents.Document, minor int64) money.Amount {
	a := money.New(minor, d.Total.Currency)
	if d.Kind.Credit() {
		return a.Neg()
	}
	return a
}

type papersOf struct {
	name  string
	kinds []documents.Kind
}

// papers are the filters of a brand's documents.
var papers = []papersOf{
	{"all", nil},
	{"buyers", []documents.Kind{documents.Invoice, documents.CreditNote}},
	{"fees", []documents.Kind{documents.FeeInvoice, documents.FeeCredit}},
}

// documents lists what was issued in the name of a brand and to it, or in the name of a member.
func (s *Server) documents(c echo.Context, of side) error {
	l := page.Lang(c)
	data := documentsPage{side: of}
	q := documents.Query{BrandID: of.Owner.BrandID, MemberID: of.Owner.MemberID, Before: before(c), Limit: listed + 1}
	if of.Brand != nil {
		chosen := max(0, slices.IndexFunc(papers, func(p papersOf) bool { return p.name == c.QueryParam("show") }))
		q.Kinds = papers[chosen].kinds
		for i, p := range papers {
			data.Tabs = append(data.Tabs, page.Tab{URL: of.Base + "/documents?show=" + p.name, Label: l.T("documents." + p.name), Current: i == chosen})
		}
	}
	rows, err := documents.List(c.Request().Context(), s.DB, q)
	if err != nil {
		return err
	}
	data.Rows = rows[:min(len(rows), listed)]
	if n := len(data.Rows); n > 0 {
		data.Older = older(c, len(rows) > listed, data.Rows[n-1].ID)
	}
	data.Empty = emptyDocuments(l, of, len(q.Kinds) > 0)
	return s.render(c, "documents", data)
}

func emptyDocuments(l i18n.Lang, of side, filtered bool) page.Empty {
	switch {
	case filtered:
		return page.Empty{Icon: "file-text", Title: l.T("documents.empty"), Text: l.T("documents.none_here"), URL: of.Base + "/documents", Action: l.T("documents.all")}
	case of.Brand != nil:
		return page.Empty{Icon: "file-text", Title: l.T("documents.empty"), Text: l.T("documents.empty_brand"), URL: of.Base + "/products", Action: l.T("documents.to_products")}
	}
	return page.Empty{Icon: "file-text", Title: l.T("documents.empty"), Text: l.T("documents.empty_member"), URL: of.Base + "/earnings", Action: l.T("documents.to_earnings")}
}

// document answers one of them as a PDF.
func (s *Server) document(c echo.Context, of side) error {
	number, err := page.PaperNumber(c)
	if err != nil {
		return err
	}
	d, err := documents.ByNumber(c.Request().Context(), s.DB, number, documents.Owner{BrandID: of.Owner.BrandID, MemberID: of.Owner.MemberID})
	if err != nil {
		return err
	}
	return page.Paper(c, d)
}

// exported is how many documents are read at once for a file.
const exported = 2000

// documentsCSV answers all of them as a file for a spreadsheet, the newest first.
func (s *Server) documentsCSV(c echo.Context, of side) error {
	l := page.Lang(c)
	var file bytes.Buffer
	out, err := newSheet(&file, l, "documents.", "number", "kind", "date", "month", "order", "party", "net", "vat", "total", "currency")
	if err != nil {
		return err
	}
	q := documents.Query{BrandID: of.Owner.BrandID, MemberID: of.Owner.MemberID, Limit: exported}
	for {
		rows, err := documents.List(c.Request().Context(), s.DB, q)
		if err != nil {
			return err
		}
		for _, d := range rows {
			month := ""
			if d.Month != nil {
				month = d.Month.Format("2006-01")
			}
			_ = out.Write([]string{d.Number, l.T("document.kind." + string(d.Kind)), i18n.Day(d.IssuedAt), month, d.OrderNumber, inert(d.Party),
				signed(d, d.NetMinor).Decimal(), signed(d, d.VATMinor).Decimal(), signed(d, d.Total.Minor).Decimal(), string(d.Total.Currency)})
			q.Before = d.ID
		}
		if len(rows) < exported {
			break
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="relais-documents.csv"`)
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", file.Bytes())
}
