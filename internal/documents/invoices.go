package documents

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/postgres"
)

// batch is how many documents one look finds; the next look finds the next ones.
const batch = 500

// sale is a paid shipment with everything its invoice says.
type sale struct {
	ShipmentID    int64          `db:"shipment_id"`
	OrderID       int64          `db:"order_id"`
	BrandID       int64          `db:"brand_id"`
	OrderNumber   string         `db:"order_number"`
	Lang          i18n.Lang      `db:"lang"`
	Currency      money.Currency `db:"currency"`
	PaidAt        time.Time      `db:"paid_at"`
	Name          string         `db:"name"`
	Street        string         `db:"street"`
	Street2       string         `db:"street2"`
	Postcode      string         `db:"postcode"`
	City          string         `db:"city"`
	Country       string         `db:"country"`
	Email         string         `db:"email"`
	MethodName    string         `db:"method_name"`
	ShippingMinor int64          `db:"shipping_minor"`
	seller
}

// seller is a brand as it stands on documents.
type seller struct {
	Handle       string `db:"handle"`
	BrandName    string `db:"brand_name"`
	MakerName    string `db:"maker_name"`
	MakerAddress string `db:"maker_address"`
	BrandEmail   string `db:"brand_email"`
	BrandCountry string `db:"brand_country"`
	VATNumber    string `db:"vat_number"`
	Trader       bool   `db:"trader"`
}

const sellerColumns = `b.handle, b.name as brand_name, b.maker_name, b.maker_address, b.contact_email as brand_email, b.country as brand_country,
  b.vat_number, b.trader`

const selectUninvoiced = `
select s.id as shipment_id, o.id as order_id, b.id as brand_id, o.number as order_number, o.lang, o.currency, o.paid_at, o.name, o.street, o.street2,
  o.postcode, o.city, o.country, o.email, s.method_name, s.shipping_minor, ` + sellerColumns + `
from orders o join shipments s on s.order_id = o.id join brands b on b.id = s.brand_id
where o.paid_at >= $1 and not exists (select 1 from documents d where d.cause = 'shipment:' || s.id)
order by o.paid_at, s.id limit $2`

// issueInvoices issues the invoice of every shipment paid since then that has none, the first paid first.
func (s *Service) issueInvoices(ctx context.Context, since time.Time) error {
	for {
		var found []sale
		if err := s.db.SelectContext(ctx, &found, selectUninvoiced, since, batch); err != nil {
			return fmt.Errorf("find shipments without invoice: %w", err)
		}
		if err := each(ctx, found, func(x sale) error { return s.issueInvoice(ctx, x) }); err != nil || len(found) < batch {
			return err
		}
	}
}

func (s *Service) issueInvoice(ctx context.Context, x sale) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		lines, err := s.saleLines(ctx, tx, x)
		if err != nil {
			return err
		}
		_, err = s.issue(ctx, tx, draft{series: func(year int) string { return brandSeries(x.Handle, x.BrandID, Invoice, year) }, content: s.invoice(x, lines),
			Document: Document{Kind: Invoice, Cause: fmt.Sprintf("shipment:%d", x.ShipmentID), OrderID: &x.OrderID, ShipmentID: &x.ShipmentID, BrandID: &x.BrandID}})
		return err
	})
}

const selectSaleLines = `select id, title, variant_title, sku, quantity, total_minor, vat_bps from order_lines where shipment_id = $1 order by id`

// saleLines are the goods of a shipment and its delivery, taxed as the seller may tax them.
func (s *Service) saleLines(ctx context.Context, q sqlx.QueryerContext, x sale) ([]Line, error) {
	var rows []struct {
		ID           int64  `db:"id"`
		Title        string `db:"title"`
		VariantTitle string `db:"variant_title"`
		SKU          string `db:"sku"`
		Quantity     int64  `db:"quantity"`
		TotalMinor   int64  `db:"total_minor"`
		VATBps       int64  `db:"vat_bps"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectSaleLines, x.ShipmentID); err != nil {
		return nil, fmt.Errorf("read lines of shipment %d: %w", x.ShipmentID, err)
	}
	charges, _ := SaleVAT(x.BrandCountry, x.VATNumber, x.Trader)
	lines := make([]Line, 0, len(rows)+1)
	for _, r := range rows {
		l := Line{Title: r.Title, Detail: joined(" · ", r.VariantTitle, r.SKU), Quantity: r.Quantity, Net: r.TotalMinor, Total: r.TotalMinor, OrderLineID: &r.ID}
		if charges {
			l = taxed(l, r.TotalMinor, r.VATBps) // of all that is paid: the brand owes the VAT on a storefront's margin too
		}
		lines = append(lines, l)
	}
	if x.ShippingMinor > 0 {
		bps := deliveryBps(lines)
		lines = append(lines, taxed(Line{Title: x.Lang.T("document.delivery"), Detail: x.MethodName, Quantity: 1}, x.ShippingMinor, bps))
	}
	return lines, nil
}

// invoice is the content of a brand's invoice to a buyer.
func (s *Service) invoice(x sale, lines []Line) Content {
	l := x.Lang
	charges, mention := SaleVAT(x.BrandCountry, x.VATNumber, x.Trader)
	c := Content{Lang: l, Currency: x.Currency, Title: l.T("document.title.invoice"), Lines: lines,
		Seller: s.sellerParty(l, x.seller), Buyer: Party{Role: l.T("document.role.buyer"), Name: cmp.Or(x.Name, l.T("document.role.in_person")), IDs: kept(x.Email),
			Address: kept(x.Street, x.Street2, strings.TrimSpace(x.Postcode+" "+x.City), country(l, x.Country))},
		Facts: []Fact{{l.T("document.fact.order"), x.OrderNumber}, {l.T("document.fact.paid"), l.Date(x.PaidAt)}, {l.T("document.fact.nature"), l.T("document.fact.goods")}},
	}
	var total int64
	for _, line := range lines {
		total += line.Total
	}
	c.Settled = l.T("document.settled.card", "Date", x.PaidAt, "Amount", money.New(total, x.Currency))
	if !x.Trader {
		c.Title = l.T("document.title.receipt")
	}
	c.Issuer = l.T("document.issuer.brand", "Relais", s.legal.Name, "Seller", x.MakerName)
	if charges {
		c.Mentions = append(c.Mentions, l.T("document.mention.rounding"))
	} else {
		c.Mentions = append(c.Mentions, l.T("document.mention."+mention))
	}
	return c
}

func (s *Service) sellerParty(l i18n.Lang, b seller) Party {
	p := brandParty(l, b)
	p.Role = l.T("document.role.seller")
	return p
}

// brandParty is a brand with its legal name, address and VAT number.
func brandParty(l i18n.Lang, b seller) Party {
	p := Party{Name: b.MakerName, Address: kept(strings.Split(b.MakerAddress, "\n")...), IDs: []string{b.BrandEmail}}
	if b.BrandName != b.MakerName {
		p.Trading = b.BrandName
	}
	if n := len(p.Address); n > 0 && strings.TrimSpace(p.Address[n-1]) == b.BrandCountry {
		p.Address = p.Address[:n-1]
	}
	p.Address = append(p.Address, country(l, b.BrandCountry))
	if b.VATNumber != "" {
		p.IDs = append(p.IDs, l.T("document.id.vat", "Number", b.VATNumber))
	}
	return p
}

// country is a country in words; its code where it is none.
func country(l i18n.Lang, code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	return display.Regions(language.Make(string(l))).Name(region)
}

// kept are the texts that say something, without the space around them.
func kept(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}

func joined(between string, texts ...string) string { return strings.Join(kept(texts...), between) }
