package documents

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/postgres"
)

// CloseMonths issues the fee invoices and statements of every month that is over and was not closed, the oldest first, also
// after a long absence. Every document is a transaction of its own; a month is closed when all are there, so that what is
// interrupted goes on where it stopped.
func (s *Service) CloseMonths(ctx context.Context) error {
	var first *time.Time
	if err := s.db.GetContext(ctx, &first, `select min(paid_at) from orders`); err != nil || first == nil {
		return err
	}
	var closed []string
	if err := s.db.SelectContext(ctx, &closed, `select to_char(month, 'YYYY-MM-DD') from document_months`); err != nil {
		return fmt.Errorf("read closed months: %w", err)
	}
	known := make(map[string]bool, len(closed))
	for _, m := range closed {
		known[m] = true
	}
	for _, m := range monthsToClose(*first, s.now(), known) {
		if err := s.closeMonth(ctx, m); err != nil {
			return fmt.Errorf("close %s: %w", m.Format("2006-01"), err)
		}
	}
	return nil
}

func (s *Service) closeMonth(ctx context.Context, month time.Time) error {
	if err := s.issueFees(ctx, month); err != nil {
		return err
	}
	if err := s.issueStatements(ctx, month); err != nil {
		return err
	}
	_, err := s.db.ExecContext(ctx, `insert into document_months (month, closed_at) values ($1::date, $2) on conflict do nothing`,
		month.Format(time.DateOnly), s.now())
	return err
}

// fee is what the platform earned and gave back of one brand's sales in one month and currency, VAT included, minor units.
type fee struct {
	BrandID  int64          `db:"brand_id"`
	Lang     i18n.Lang      `db:"lang"`
	Currency money.Currency `db:"currency"`
	Earned   int64          `db:"earned"`
	Sales    int64          `db:"sales"` // parcels paid
	Given    int64          `db:"given"` // back: refunds and lost disputes
	Returns  int64          `db:"returns"`
	seller
}

const selectFees = `
with sold as (
  select s.brand_id, o.currency, sum(l.net_minor * l.fee_bps / 10000) as earned, count(distinct s.id) as sales
  from orders o join shipments s on s.order_id = o.id join order_lines l on l.shipment_id = s.id
  where o.paid_at >= $1 and o.paid_at < $2 group by 1, 2
), back as (
  select s.brand_id, t.currency, sum(f.minor) as given, count(*) as returns
  from ledger_transactions t join fee_parts f on f.transaction_id = t.id join shipments s on s.id = f.shipment_id
  where t.kind in ('refund','refund_failed','dispute_lost','dispute_won') and t.at >= $1 and t.at < $2 group by 1, 2
)
select b.id as brand_id, b.lang, x.currency, x.earned, x.sales, x.given, x.returns, ` + sellerColumns + `
from (select brand_id, currency, coalesce(earned, 0) as earned, coalesce(sales, 0) as sales, coalesce(given, 0) as given, coalesce(returns, 0) as returns
  from sold full join back using (brand_id, currency)) x join brands b on b.id = x.brand_id
where x.earned <> x.given order by b.id, x.currency`

// issueFees issues the fee invoice of each brand and currency for a month; where more was given back than earned, a fee
// credit; where both are the same, nothing.
func (s *Service) issueFees(ctx context.Context, month time.Time) error {
	var fees []fee
	if err := s.db.SelectContext(ctx, &fees, selectFees, month, month.AddDate(0, 1, 0)); err != nil {
		return fmt.Errorf("sum fees: %w", err)
	}
	return each(ctx, fees, func(f fee) error { return s.issueFee(ctx, f, month) })
}

func (s *Service) issueFee(ctx context.Context, f fee, month time.Time) error {
	kind, sign := FeeInvoice, int64(1)
	if f.Given > f.Earned {
		kind, sign = FeeCredit, -1
	}
	c := s.feeContent(f, kind, sign, month)
	d := draft{series: func(year int) string { return platformSeries(kind, year) }, content: c,
		Document: Document{Kind: kind, Cause: fmt.Sprintf("fee:%d:%s:%s", f.BrandID, f.Currency, month.Format("2006-01")), BrandID: &f.BrandID, Month: &month}}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		id, err := s.issue(ctx, tx, d)
		if err != nil || id == 0 {
			return err
		}
		return s.bookVAT(ctx, tx, id)
	})
}

// bookVAT moves the VAT of a fee invoice from what we earned to what we owe the state; of a fee credit, back.
func (s *Service) bookVAT(ctx context.Context, tx *sqlx.Tx, id int64) error {
	var d Document
	if err := tx.GetContext(ctx, &d, `select kind, vat_minor, currency as "total.currency", issued_at from documents where id = $1`, id); err != nil || d.VATMinor == 0 {
		return err
	}
	p := ledger.Posting{Source: ledger.Account{Kind: ledger.Fees}, Destination: ledger.Account{Kind: ledger.VAT}, Amount: d.VATMinor}
	if d.Kind.Credit() {
		p.Source, p.Destination = p.Destination, p.Source
	}
	_, err := ledger.Post(ctx, tx, ledger.Transaction{Reference: fmt.Sprintf("document:%d:vat", id), Kind: "vat", Currency: d.Total.Currency, At: d.IssuedAt,
		Postings: []ledger.Posting{p}})
	return err
}

// feeContent is the content of a fee invoice (sign 1) or fee credit (-1). The fee that was kept includes its VAT. Net and VAT
// are of the sum of the lines, the net rounded down; the line that gives back takes what the first leaves of it.
func (s *Service) feeContent(f fee, kind Kind, sign int64, month time.Time) Content {
	l := f.Lang
	vat := FeeVAT(f.BrandCountry, f.VATNumber, f.Trader)
	c := Content{Lang: l, Currency: f.Currency, Title: l.T("document.title." + string(kind)), Seller: s.platformParty(l, "seller"), Buyer: brandParty(l, f.seller),
		Facts: []Fact{{l.T("document.fact.period"), l.Month(month)}, {l.T("document.fact.nature"), l.T("document.fact.service")}}}
	c.Buyer.Role = l.T("document.role.customer")
	whole := taxed(Line{}, sign*(f.Earned-f.Given), vat.Bps)
	kept := taxed(Line{Title: l.T("document.fee.earned"), Detail: l.T("document.fee.sales", "Count", f.Sales), Quantity: 1}, f.Earned, vat.Bps)
	if sign < 0 {
		kept.Net, kept.VAT, kept.Total = -kept.Net, -kept.VAT, -kept.Total
	}
	back := Line{Title: l.T("document.fee.given"), Detail: l.T("document.fee.returns", "Count", f.Returns), Quantity: 1, VATBps: vat.Bps,
		Net: whole.Net - kept.Net, VAT: whole.VAT - kept.VAT, Total: whole.Total - kept.Total}
	if f.Sales > 0 {
		c.Lines = append(c.Lines, kept)
	}
	if back.Total != 0 || back.Net != 0 {
		c.Lines = append(c.Lines, back)
	}
	c.Settled = l.T("document.settled."+string(kind), "Amount", c.Sum(whole.Total))
	c.Mentions = append(c.Mentions, l.T("document.mention.fee_rounding"))
	if vat.Mention != "" {
		c.Mentions = append(c.Mentions, l.T("document.mention."+vat.Mention))
	}
	if f.Trader {
		c.Mentions = append(c.Mentions, l.T("document.mention.late"))
	}
	return c
}

// platformParty is Relais as it stands on documents.
func (s *Service) platformParty(l i18n.Lang, role string) Party {
	p := Party{Role: l.T("document.role." + role), Name: s.legal.Name, Address: kept(strings.Split(s.legal.Address, ",")...)}
	if s.legal.Form != "" {
		p.Trading = s.legal.Form
	}
	if s.legal.SIREN != "" {
		p.IDs = append(p.IDs, l.T("document.id.siren", "Number", s.legal.SIREN))
	}
	if s.legal.VATNumber != "" {
		p.IDs = append(p.IDs, l.T("document.id.vat", "Number", s.legal.VATNumber))
	}
	if s.legal.Email != "" {
		p.IDs = append(p.IDs, s.legal.Email)
	}
	return p
}
