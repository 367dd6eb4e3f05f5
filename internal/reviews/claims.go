package reviews

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/postgres"
)

const insertClaim = `
insert into claims (member_id, brand_id, order_number, day, product, shared, text, asked_at, due_at, order_line_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10::bigint, 0)) returning id`

const selectClaimsToday = `select count(*) from claims where member_id = $1 and asked_at > $2`

// The one line of that brand in an order, or none where there are several.
const selectOneLine = `
select coalesce(case when count(*) = 1 then min(l.id) end, 0) from order_lines l join orders o on o.id = l.order_id where o.number = $1 and l.brand_id = $2 and o.paid_at is not null
  and not exists (select 1 from products p where p.id = l.product_id and p.state = 'typed')`

// Whether a member has asked after a number at a brand is told by what they typed, never by what there is.
const selectAsked = `
select coalesce(bool_or(order_number = $2 and $2 <> '' and brand_id = $3), false) as number, coalesce(bool_or(order_line_id = $4), false) as line from claims where member_id = $1`

// Ask takes a claim in; its brand is told, and the answer is due within ClaimDays. Whether there is such an order is not said: that would
// tell who bought. Faults: the fields of the form; ErrTooMany; the field number where the member has asked after that number at that brand.
func (s *Service) Ask(ctx context.Context, a Asked) (id int64, err error) {
	now := s.now()
	day, err := a.Check(now)
	if err != nil {
		return 0, err
	}
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		// Two forms at once: the second waits and is counted.
		if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, fmt.Sprintf("claims:%d", a.MemberID)); err != nil {
			return err
		}
		var today int
		if err := tx.GetContext(ctx, &today, selectClaimsToday, a.MemberID, now.Add(-24*time.Hour)); err != nil {
			return postgres.Translate(err)
		}
		if today >= ClaimsADay {
			return ErrTooMany
		}
		var brandID, lineID int64
		err := postgres.Translate(tx.GetContext(ctx, &brandID, `select id from brands where handle = $1`, a.Brand))
		if errors.Is(err, fault.NotFound) {
			return fault.Field("brand", "fault.required")
		}
		if err != nil {
			return err
		}
		if a.OrderNumber != "" {
			if err := tx.GetContext(ctx, &lineID, selectOneLine, a.OrderNumber, brandID); err != nil {
				return postgres.Translate(err)
			}
		}
		var asked struct{ Number, Line bool }
		if err := tx.GetContext(ctx, &asked, selectAsked, a.MemberID, a.OrderNumber, brandID, lineID); err != nil {
			return postgres.Translate(err)
		}
		if asked.Number {
			return fault.Field("number", "fault.claim_again")
		}
		if asked.Line {
			lineID = 0 // it stays with the claim that was answered; whoever decides finds the sale by its number
		}
		err = tx.GetContext(ctx, &id, insertClaim, a.MemberID, brandID, a.OrderNumber, day, a.Product, a.Shared, a.Text, now, now.AddDate(0, 0, ClaimDays), lineID)
		if err != nil {
			return fmt.Errorf("claim: %w", postgres.Translate(err))
		}
		c, err := ClaimByID(ctx, tx, 0, id)
		if err != nil {
			return err
		}
		return s.toBrand(ctx, tx, c)
	})
	return id, err
}

// Answer decides a claim. Granted, the commission of that line at the rate of its terms is paid out of the brand's share, from where the brand
// has it, and is the member's with the same day of release. lineID is the sale that was meant; 0: the one that the claim knows. Faults:
// ErrClaimGone, ErrYourself, ErrAnswered, ErrNoSale, those of Grantable, the field why.
func (s *Service) Answer(ctx context.Context, id, lineID int64, v Verdict) error {
	why, err := Words("why", v.Why)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := ClaimByID(ctx, tx, v.BrandID, id)
		if err != nil {
			return err
		}
		if err := v.about(c.MemberID); err != nil {
			return err
		}
		if lineID == 0 && c.OrderLineID != nil {
			lineID = *c.OrderLineID
		}
		sale, err := saleFor(ctx, tx, c, lineID, s.now())
		if err != nil && (v.Yes || !errors.Is(err, ErrNoSale)) {
			return err
		}
		if err == nil {
			if _, err := orders.Lock(ctx, tx, sale.OrderID); err != nil {
				return err
			}
			c.OrderLineID = &lineID
		}
		if err := tx.GetContext(ctx, &c.State, `select state from claims where id = $1 for update`, id); err != nil {
			return postgres.Translate(err)
		}
		if c.State != ClaimOpen {
			return ErrAnswered
		}
		c.State, c.DecidedAs, c.Why = ClaimRefused, v.as(), why
		if v.Yes {
			if err := s.grant(ctx, tx, &c, v); err != nil {
				return err
			}
		}
		return s.answered(ctx, tx, c, v)
	})
}

// grant pays the commission of a claim out of the brand's share. The order is locked.
func (s *Service) grant(ctx context.Context, tx *sqlx.Tx, c *Claim, v Verdict) error {
	sale, err := saleFor(ctx, tx, *c, *c.OrderLineID, s.now()) // as it is under the lock
	if err != nil {
		return err
	}
	if err := Grantable(sale, v.as()); err != nil {
		return err
	}
	payee, err := earnings.EnsurePayee(ctx, tx, earnings.Owner{MemberID: c.MemberID})
	if err != nil {
		return err
	}
	granted, err := earnings.Reassign(ctx, tx, earnings.Reassignment{OrderID: sale.OrderID, FromID: sale.SaleEarningID, Minor: sale.Commission().Minor, PayeeID: payee,
		Role: earnings.Commission, BaseMinor: sale.NetMinor, RateBps: sale.RateBps, Reference: c.Reference() + ":granted", By: v.By, Why: c.Why, At: s.now()})
	if err != nil {
		return err
	}
	commission := sale.Commission()
	c.State, c.EarningID, c.Granted = ClaimGranted, &granted, &commission
	return nil
}

const updateAnswered = `
update claims set state = $2, decided_as = $3, decided_by = $4, decided_at = $5, why = $6, order_line_id = coalesce($7, order_line_id), earning_id = $8 where id = $1`

// A line that the member has another claim on stays with that one.
const selectElsewhere = `select exists (select 1 from claims where member_id = $1 and order_line_id = $2 and id <> $3)`

func (s *Service) answered(ctx context.Context, tx *sqlx.Tx, c Claim, v Verdict) error {
	now := s.now()
	if c.OrderLineID != nil {
		var elsewhere bool
		if err := tx.GetContext(ctx, &elsewhere, selectElsewhere, c.MemberID, *c.OrderLineID, c.ID); err != nil {
			return postgres.Translate(err)
		}
		if elsewhere && c.State == ClaimRefused {
			c.OrderLineID = nil
		} else if elsewhere {
			return ErrHasIt
		}
	}
	if _, err := tx.ExecContext(ctx, updateAnswered, c.ID, c.State, c.DecidedAs, v.By, now, c.Why, c.OrderLineID, c.EarningID); err != nil {
		return fmt.Errorf("answer claim %d: %w", c.ID, postgres.Translate(err))
	}
	c.DecidedAt = &now
	if err := audit(ctx, tx, now, v.By, "claim "+c.State, c.Reference(), map[string]any{"as": c.DecidedAs, "why": c.Why, "earning": c.EarningID}); err != nil {
		return err
	}
	return s.toClaimant(ctx, tx, c)
}

const selectClaims = `
select c.id, c.member_id, c.brand_id, c.order_number, c.day, c.product, c.shared, c.text, c.asked_at, c.due_at, c.order_line_id, c.state, c.decided_as, c.decided_at, c.why,
  c.earning_id, b.name as brand_name, b.handle as brand_handle, m.name as member_name, m.handle as member_handle,
  coalesce(e.amount_minor, 0) as granted_minor, coalesce(e.currency, '') as granted_currency
from claims c join brands b on b.id = c.brand_id join members m on m.id = c.member_id left join earnings e on e.id = c.earning_id`

func claims(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Claim, error) {
	var rows []struct {
		Claim
		Minor    int64          `db:"granted_minor"`
		Currency money.Currency `db:"granted_currency"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectClaims+" "+where, args...); err != nil {
		return nil, fmt.Errorf("read claims: %w", postgres.Translate(err))
	}
	list := make([]Claim, len(rows))
	for i, r := range rows {
		list[i] = r.Claim
		if r.EarningID != nil {
			granted := money.New(r.Minor, r.Currency)
			list[i].Granted = &granted
		}
	}
	return list, nil
}

// ClaimByID is one claim about a brand's sales; brandID 0: whichever brand's. ErrClaimGone.
func ClaimByID(ctx context.Context, q sqlx.QueryerContext, brandID, id int64) (Claim, error) {
	list, err := claims(ctx, q, `where c.id = $1 and ($2 = 0 or c.brand_id = $2)`, id, brandID)
	if err == nil && len(list) == 0 {
		err = ErrClaimGone
	}
	if err != nil {
		return Claim{}, err
	}
	return list[0], nil
}

// ClaimOn is a member's claim on an order line, or nil.
func ClaimOn(ctx context.Context, q sqlx.QueryerContext, memberID, orderLineID int64) (*Claim, error) {
	list, err := claims(ctx, q, `where c.member_id = $1 and c.order_line_id = $2`, memberID, orderLineID)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// ClaimsOf are a member's claims, newest first.
func ClaimsOf(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Claim, error) {
	return claims(ctx, q, `where c.member_id = $1 order by c.id desc limit $2`, memberID, Listed)
}

// OpenClaims wait for an answer, the one that is due first before the others; brandID 0: of every brand.
func OpenClaims(ctx context.Context, q sqlx.QueryerContext, brandID int64) ([]Claim, error) {
	return claims(ctx, q, `where c.state = 'open' and ($1 = 0 or c.brand_id = $1) order by c.due_at, c.id limit $2`, brandID, Listed)
}

// AnsweredClaims are those that were answered last.
func AnsweredClaims(ctx context.Context, q sqlx.QueryerContext, brandID int64) ([]Claim, error) {
	return claims(ctx, q, `where c.state <> 'open' and ($1 = 0 or c.brand_id = $1) order by c.decided_at desc, c.id desc limit 30`, brandID)
}

// The sales that a claim may be about: its line, or that brand's lines of the order, or of the day. What is counted is of the claimant only.
const selectSalesFor = `
select l.id as line_id, o.id as order_id, o.number as order_number, l.title || case when l.variant_title = '' then '' else ' (' || l.variant_title || ')' end as title, l.quantity,
  o.placed_at, o.currency, o.paid_at is not null as paid, l.net_minor, l.returned_minor, t.commission_bps as rate_bps, coalesce(a.rule, 'none') as rule,
  coalesce((select string_agg(distinct h.name, ', ' order by h.name) from earnings x join payees y on y.id = x.payee_id join members h on h.id = y.member_id
    left join reviews r on r.earning_id = x.id
    where x.order_line_id = l.id and x.role = 'commission' and h.id <> m.id and (x.amount_minor > x.moved_minor
      or r.state = 'refused' and (r.appeal_state = 'open' or r.appeal_state = '' and r.decided_at >= $4))), '') as holder_name,
  coalesce(s.id, 0) as sale_earning_id, coalesce(s.amount_minor - s.moved_minor - s.returned_minor, 0) as left_minor,
  coalesce(o.member_id = m.id, false) or o.email_normal = m.email_normal
    or exists (select 1 from payees mine join payees theirs on theirs.stripe_account_id = mine.stripe_account_id join members b on b.id = theirs.member_id
      where mine.member_id = m.id and (b.id = o.member_id or b.email_normal = o.email_normal))
    or exists (select 1 from orders x where x.card_fingerprint = o.card_fingerprint and x.card_fingerprint <> '' and x.id <> o.id and x.paid_at is not null
      and (x.member_id = m.id or x.email_normal = m.email_normal)) as own,
  exists (select 1 from brand_members bm where bm.brand_id = l.brand_id and bm.member_id = m.id) as staff,
  exists (select 1 from earnings x join payees y on y.id = x.payee_id where x.order_line_id = l.id and x.role = 'commission' and y.member_id = m.id) as has,
  k.clicks, k.last_click, w.reason is not null as weighed, coalesce(w.reason, '') as reason
from members m cross join order_lines l join orders o on o.id = l.order_id join terms t on t.id = l.terms_id
left join attributions a on a.order_line_id = l.id
left join payees bp on bp.brand_id = l.brand_id
left join earnings s on s.order_line_id = l.id and s.role = 'sale' and s.payee_id = bp.id and s.from_earning_id is null
left join lateral (select count(*) as clicks, max(c.at) as last_click from share_links sl join clicks c on c.link_id = sl.id and c.eligible
  where sl.member_id = m.id and c.at <= o.placed_at and c.at > o.placed_at - interval '90 days'
    and (sl.product_id = l.product_id or sl.brand_id = l.brand_id or sl.target = 'storefront'
      or exists (select 1 from story_products t where t.story_id = sl.story_id and t.product_id = l.product_id)
      or exists (select 1 from poll_covers po where po.poll_id = sl.poll_id and po.product_id = l.product_id))) k on true
left join lateral (select coalesce(x->>'reason', '') as reason from jsonb_array_elements(case jsonb_typeof(a.evidence->'candidates') when 'array' then a.evidence->'candidates' else '[]' end) x
  where x->>'member' = m.id::text limit 1) w on true
where m.id = $1 and l.brand_id = $2 and o.paid_at is not null and `

// salesMost is how many sales of a day are listed; those that the claimant's links had clicks before come first.
const salesMost = 50

// SalesFor are the sales that a claim may be about, with what the system knows of each now, for whoever decides.
func SalesFor(ctx context.Context, q sqlx.QueryerContext, c Claim, now time.Time) ([]Sale, error) {
	return salesFor(ctx, q, c, 0, now)
}

// saleFor is the one of them on an order line, listed or not. ErrNoSale where the claim cannot be about it.
func saleFor(ctx context.Context, q sqlx.QueryerContext, c Claim, lineID int64, now time.Time) (Sale, error) {
	if lineID == 0 {
		return Sale{}, ErrNoSale
	}
	list, err := salesFor(ctx, q, c, lineID, now)
	if err == nil && len(list) == 0 {
		err = ErrNoSale
	}
	if err != nil {
		return Sale{}, err
	}
	return list[0], nil
}

// salesFor are the sales of a claim; lineID 0: on whichever line.
func salesFor(ctx context.Context, q sqlx.QueryerContext, c Claim, lineID int64, now time.Time) ([]Sale, error) {
	where, arg := `o.number = $3`, any(c.OrderNumber)
	switch {
	case c.OrderLineID != nil:
		where, arg = `l.id = $3`, *c.OrderLineID
	case c.OrderNumber == "" && c.Day != nil:
		where, arg = `o.placed_at >= $3::date::timestamp at time zone 'Europe/Paris' and o.placed_at < ($3::date + 1)::timestamp at time zone 'Europe/Paris'`, c.Day.Format(time.DateOnly)
	}
	var list []Sale
	query := selectSalesFor + where + ` and ($5 = 0 or l.id = $5) order by k.clicks > 0 desc, o.placed_at, l.id limit $6`
	if err := sqlx.SelectContext(ctx, q, &list, query, c.MemberID, c.BrandID, arg, now.AddDate(0, 0, -AppealDays), lineID, salesMost); err != nil {
		return nil, fmt.Errorf("read the sales of claim %d: %w", c.ID, postgres.Translate(err))
	}
	return list, nil
}
