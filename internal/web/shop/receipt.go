package shop

import (
	"net/http"
	"sort"

	"github.com/labstack/echo/v4"

	"relais/internal/documents"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/web/page"
)

type receiptPage struct {
	orders.Page
	VAT       []vatRow
	Documents []documents.Document
}

// vatRow is what the goods of one VAT rate come to.
type vatRow struct {
	Bps             int64
	Gross, Net, VAT money.Amount
}

func (s *Shop) receipt(c echo.Context) error {
	o, err := s.orders.ByToken(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	if o.PaidAt == nil {
		return page.Redirect(c, "/o/"+o.Token)
	}
	list, err := documents.OfOrder(c.Request().Context(), s.db, o.ID)
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "shop/receipt", receiptPage{Page: o, VAT: vatOf(o), Documents: list})
}

// vatOf adds up the goods by VAT rate, highest first.
func vatOf(o orders.Page) []vatRow {
	byRate := map[int64]*vatRow{}
	for _, sh := range o.Shipments {
		for _, l := range sh.Lines {
			r := byRate[l.VATBps]
			if r == nil {
				r = &vatRow{Bps: l.VATBps, Gross: money.New(0, o.Currency), Net: money.New(0, o.Currency), VAT: money.New(0, o.Currency)}
				byRate[l.VATBps] = r
			}
			net := money.NetOfVAT(l.TotalMinor, l.VATBps) // of all that is paid, a storefront's margin too
			r.Gross.Minor += l.TotalMinor
			r.Net.Minor += net
			r.VAT.Minor += l.TotalMinor - net
		}
	}
	rows := make([]vatRow, 0, len(byRate))
	for _, r := range byRate {
		rows = append(rows, *r)
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].Bps > rows[j].Bps })
	return rows
}
