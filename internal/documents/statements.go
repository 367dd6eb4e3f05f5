package documents

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/postgres"
)

// earner is a member with earnings that came free, or went back after they had, in one month and currency.
type earner struct {
	MemberID int64          `db:"member_id"`
	PayeeID  int64          `db:"payee_id"`
	Name     string         `db:"name"`
	Handle   string         `db:"handle"`
	Email    string         `db:"email"`
	City     string         `db:"city"`
	Country  *string        `db:"country"` // of the account that they are paid to
	Lang     i18n.Lang      `db:"lang"`
	Currency money.Currency `db:"currency"`
}

const selectEarners = `
select m.id as member_id, p.id as payee_id, m.name, m.handle, m.email, m.city, p.country, m.lang, x.currency
from (
  select e.payee_id, e.currency from earnings e where e.role in ('commission','margin','royalty','idea') and e.released_at >= $1 and e.released_at < $2
  union select c.payee_id, c.currency from clawbacks c where c.free_minor + c.debt_minor <> 0 and c.at >= $1 and c.at < $2
) x join payees p on p.id = x.payee_id join members m on m.id = p.member_id order by m.id, x.currency`

// issueStatements issues, for a month, the statement of each member and currency.
func (s *Service) issueStatements(ctx context.Context, month time.Time) error {
	var earners []earner
	if err := s.db.SelectContext(ctx, &earners, selectEarners, month, month.AddDate(0, 1, 0)); err != nil {
		return fmt.Errorf("find commissions that came free: %w", err)
	}
	return each(ctx, earners, func(e earner) error { return s.issueStatement(ctx, e, month) })
}

// commission is one line of a statement: a commission, margin or royalty that came free, or what went back of one after it had.
type commission struct {
	EarningID   int64     `db:"earning_id"`
	At          time.Time `db:"at"`
	Minor       int64     `db:"minor"` // negative: went back
	Title       string    `db:"title"`
	BrandName   string    `db:"brand_name"`
	OrderNumber string    `db:"order_number"`
	BaseMinor   int64     `db:"base_minor"`
	RateBps     int64     `db:"rate_bps"`
	PartBps     int64     `db:"part_bps"`
	Role        string    `db:"role"` // commission, margin, royalty or idea
	VATBps      int64     `db:"vat_bps"`
}

// rate is the rate and, where the line was shared with another member, the part.
func (c commission) rate(l i18n.Lang) string {
	if c.PartBps == whole {
		return l.Percent(c.RateBps)
	}
	return l.Percent(c.RateBps) + " × " + l.Percent(c.PartBps)
}

// whole is everything, in basis points.
const whole = 10_000

const selectCommissions = `
select e.id as earning_id, x.at, x.minor, l.title, b.name as brand_name, o.number as order_number, e.base_minor, e.rate_bps, e.part_bps, e.role, l.vat_bps
from (
  select e.id, e.released_at as at, e.released_minor as minor from earnings e
  where e.payee_id = $1 and e.currency = $2 and e.role in ('commission','margin','royalty','idea') and e.released_at >= $3 and e.released_at < $4
  union all
  select c.earning_id, c.at, -(c.free_minor + c.debt_minor) from clawbacks c
  where c.payee_id = $1 and c.currency = $2 and c.free_minor + c.debt_minor <> 0 and c.at >= $3 and c.at < $4
) x join earnings e on e.id = x.id join order_lines l on l.id = e.order_line_id join orders o on o.id = e.order_id
join shipments s on s.id = e.shipment_id join brands b on b.id = s.brand_id
where x.minor <> 0 order by x.at, e.id, x.minor desc`

// issueStatement issues one member's statement in one currency; where more went back than came free, a statement credit.
func (s *Service) issueStatement(ctx context.Context, e earner, month time.Time) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var list []commission
		if err := tx.SelectContext(ctx, &list, selectCommissions, e.PayeeID, e.Currency, month, month.AddDate(0, 1, 0)); err != nil {
			return fmt.Errorf("read commissions of payee %d: %w", e.PayeeID, err)
		}
		var total int64
		for _, c := range list {
			total += c.Minor
		}
		if total == 0 {
			return nil // what came free went back within the month
		}
		kind, sign := Statement, int64(1)
		if total < 0 {
			kind, sign = StatementCredit, -1
		}
		_, err := s.issue(ctx, tx, draft{series: func(year int) string { return memberSeries(e.MemberID, year) }, content: s.statement(e, kind, sign, list, month),
			Document: Document{Kind: kind, Cause: fmt.Sprintf("commission:%d:%s:%s", e.PayeeID, e.Currency, month.Format("2006-01")), MemberID: &e.MemberID, Month: &month}})
		return err
	})
}

// nature says what a member did for what a statement lists: brought buyers, made what they bought, or both.
func nature(l i18n.Lang, list []commission) string {
	var of []string
	for _, makes := range []bool{false, true} {
		if slices.ContainsFunc(list, func(c commission) bool { return earnings.Role(c.Role).Makes() == makes }) {
			of = append(of, l.T("document.fact."+map[bool]string{false: "commission", true: "royalty"}[makes]))
		}
	}
	return strings.Join(of, ", ")
}

// statement is the content of a member's statement: the member is the seller, Relais the customer who writes it for them.
func (s *Service) statement(e earner, kind Kind, sign int64, list []commission, month time.Time) Content {
	l := e.Lang
	c := Content{Lang: l, Currency: e.Currency, Title: l.T("document.title." + string(kind)), Buyer: s.platformParty(l, "customer"),
		Seller: Party{Role: l.T("document.role.member"), Name: e.Name, Trading: "@" + e.Handle, Address: kept(e.City), IDs: []string{e.Email}},
		Facts:  []Fact{{l.T("document.fact.period"), l.Month(month)}, {l.T("document.fact.nature"), nature(l, list)}}}
	if e.Country != nil {
		c.Seller.Address = append(c.Seller.Address, country(l, *e.Country))
	}
	var total int64
	for _, x := range list {
		detail := l.T("document.statement.of", "Brand", x.BrandName, "Order", x.OrderNumber, "Base", c.Sum(x.BaseMinor), "Rate", x.rate(l))
		switch {
		case x.Minor < 0 && x.Role != "commission":
			detail = l.T("document.statement."+x.Role+"_back", "Brand", x.BrandName, "Order", x.OrderNumber)
		case x.Minor < 0:
			detail = l.T("document.statement.back", "Brand", x.BrandName, "Order", x.OrderNumber)
		case x.Role == "margin":
			detail = l.T("document.statement.margin", "Brand", x.BrandName, "Order", x.OrderNumber, "Base", c.Sum(x.BaseMinor), "Rate", l.Percent(x.VATBps))
		case x.Role != "commission":
			detail = l.T("document.statement."+x.Role, "Brand", x.BrandName, "Order", x.OrderNumber, "Base", c.Sum(x.BaseMinor), "Rate", x.rate(l))
		}
		c.Lines = append(c.Lines, Line{Title: x.Title, Detail: detail, Date: l.DateShort(x.At), Quantity: 1, Net: sign * x.Minor, Total: sign * x.Minor, EarningID: &x.EarningID})
		total += sign * x.Minor
	}
	c.Settled = l.T("document.settled."+string(kind), "Amount", c.Sum(total))
	c.Issuer = l.T("document.issuer.member", "Relais", s.legal.Name, "Seller", e.Name)
	c.Mentions = []string{l.T("document.mention.member_vat"), l.T("document.mention.mandate")}
	return c
}
