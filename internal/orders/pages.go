package orders

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"relais/internal/earnings"
	"relais/internal/postgres"
	"relais/internal/refunds"
)

// Page is everything about one order, as its pages show it.
type Page struct {
	Order
	Shipments     []Shipment
	Events        []Event
	Refunds       []refunds.Refund // oldest first, those of stray payments too
	WithdrawUntil time.Time        // end of the withdrawal period
	WindowBegun   bool             // everything was received, so WithdrawUntil is known
	Refundable    bool             // something is left that can be paid back
	Disputed      bool             // the buyer's bank has the money: nothing can be paid back now
}

// LastRefund is the newest refund of the order's own payment; nil without one.
func (p Page) LastRefund() *refunds.Refund {
	for i := range slices.Backward(p.Refunds) {
		if !p.Refunds[i].Stray {
			return &p.Refunds[i]
		}
	}
	return nil
}

// RefundOpen says whether money is on its way back to the buyer now.
func (p Page) RefundOpen() bool {
	return slices.ContainsFunc(p.Refunds, func(r refunds.Refund) bool { return r.State.Open() })
}

// Release frees the earnings whose day has come.
func (s *Service) Release(ctx context.Context) error {
	_, err := earnings.ReleaseDue(ctx, s.db, s.now())
	return err
}

// ByToken is the order whose page the token opens; ErrOrderGone.
func (s *Service) ByToken(ctx context.Context, token string) (Page, error) {
	return s.page(ctx, `token = $1`, token)
}

// ByID is an order; for the platform's admins and the use cases above this package.
func (s *Service) ByID(ctx context.Context, id int64) (Page, error) {
	return s.page(ctx, `id = $1`, id)
}

// ByNumber is an order of which a brand has a shipment, as that brand may see it; ErrOrderGone where it has none. brandID 0:
// whosever and whole, for the platform's admins.
func (s *Service) ByNumber(ctx context.Context, brandID int64, number string) (Page, error) {
	p, err := s.page(ctx, `number = $1 and ($2 = 0 or exists (select 1 from shipments where order_id = orders.id and brand_id = $2))`, number, brandID)
	if err != nil || brandID == 0 {
		return p, err
	}
	p.only(brandID)
	return p, nil
}

// only takes out what one of several brands has no business to know: the key to the buyer's own page, and what the buyer
// bought from others and how it travels.
func (p *Page) only(brandID int64) {
	p.Token, p.CheckoutURL, p.CheckoutID = "", "", nil
	others := map[string]bool{}
	for i := range p.Shipments {
		if sh := &p.Shipments[i]; sh.BrandID != brandID {
			others[sh.BrandName] = true
			sh.Lines, sh.Carrier, sh.Tracking = nil, "", ""
		}
	}
	p.Refunds = slices.DeleteFunc(p.Refunds, func(r refunds.Refund) bool {
		return !slices.ContainsFunc(r.Items, func(i refunds.Item) bool {
			sh, ok := shipmentIn(p.Shipments, i.ShipmentID)
			return ok && sh.BrandID == brandID
		})
	})
	p.Refundable = p.Refundable && Left(ofBrand(p.Shipments, brandID)) > 0
	p.Events = slices.DeleteFunc(p.Events, func(e Event) bool {
		var about struct {
			Brand string `json:"brand"`
		}
		return json.Unmarshal(e.Detail, &about) == nil && others[about.Brand]
	})
}

func (s *Service) page(ctx context.Context, where string, args ...any) (Page, error) {
	o, err := orderWhere(ctx, s.db, where, args...)
	if err != nil {
		return Page{}, err
	}
	p := Page{Order: o}
	if p.Shipments, err = ShipmentsOf(ctx, s.db, o.ID); err != nil {
		return Page{}, err
	}
	if err := s.db.SelectContext(ctx, &p.Events, `select at, kind, detail from order_events where order_id = $1 order by id`, o.ID); err != nil {
		return Page{}, fmt.Errorf("read order events: %w", err)
	}
	if p.Refunds, err = refunds.OfOrder(ctx, s.db, o.ID); err != nil {
		return Page{}, err
	}
	if err := s.db.GetContext(ctx, &p.Disputed, selectUnderDispute, o.ID); err != nil {
		return Page{}, fmt.Errorf("read disputes: %w", err)
	}
	p.WithdrawUntil, p.WindowBegun = WithdrawUntil(p.Shipments)
	p.Refundable = o.State == Paid && !p.Disputed && Left(p.Shipments) > 0
	return p, nil
}

// Row is an order in a list.
type Row struct {
	Order
	Pieces       int64         `db:"pieces"`
	FirstTitle   string        `db:"first_title"`
	MediaHash    string        `db:"media_hash"`
	ShipmentID   int64         `db:"shipment_id"` // of the brand that asks; else 0
	Shipment     ShipmentState `db:"shipment_state"`
	PartMinor    int64         `db:"part_minor"` // the brand's goods and delivery; else the total
	ShippedAt    *time.Time    `db:"shipped_at"`
	BrandsJoined string        `db:"brands"`
	Returning    bool          `db:"returning"` // something is on its way back, or asked for
}

// Query chooses orders for a list, newest first.
type Query struct {
	BrandID  int64         // only with a shipment of this brand
	MemberID int64         // only of this buyer
	Shipment ShipmentState // with BrandID
	State    State
	Text     string // number, name or e-mail begins with it
	Before   int64  // only ids below
	Limit    int    // 0: 50
	Returns  bool   // only those of which something is to come back: the money is still to go back
}

const selectRows = `
select o.id, o.number, o.token, o.member_id, o.email, o.email_normal, o.name, o.street, o.street2, o.postcode, o.city, o.country, o.phone, o.lang,
  o.currency, o.goods_minor, o.shipping_minor, o.total_minor, o.state, o.placed_at, o.expires_at, o.checkout_id, o.checkout_url, o.checkout_attempt,
  o.payment_intent_id, o.paid_at, o.ended_at, o.refunded_minor, o.lost_minor,
  exists (select 1 from returns r where r.order_id = o.id and ($1 = 0 or r.brand_id = $1) and r.state in ('asked','approved','received')) as returning,
  (select coalesce(sum(quantity), 0) from order_lines l where l.order_id = o.id and ($1 = 0 or l.brand_id = $1)) as pieces,
  coalesce(f.title, '') as first_title, coalesce(m.hash, '') as media_hash, coalesce(s.id, 0) as shipment_id, coalesce(s.state, '') as shipment_state, s.shipped_at,
  case when s.id is null then o.total_minor else s.shipping_minor + (select coalesce(sum(total_minor), 0) from order_lines l where l.shipment_id = s.id) end as part_minor,
  coalesce((select string_agg(b.name, ', ' order by b.name) from shipments x join brands b on b.id = x.brand_id where x.order_id = o.id), '') as brands
from orders o
left join shipments s on s.order_id = o.id and s.brand_id = $1
left join lateral (select title, media_id from order_lines l where l.order_id = o.id and ($1 = 0 or l.brand_id = $1) order by l.id limit 1) f on true
left join media m on m.id = f.media_id
where ($1 = 0 or (s.id is not null and o.state in ('paid','refunded','charged_back'))) and ($2 = 0 or o.member_id = $2) and ($3 = '' or s.state = $3)
  and ($4 = '' or o.state = $4) and ($5 = '' or starts_with(lower(o.number), lower($5)) or starts_with(lower(o.name), lower($5)) or starts_with(o.email, lower($5)))
  and ($6 = 0 or o.id < $6) and (not $8 or exists (select 1 from returns r where r.order_id = o.id and ($1 = 0 or r.brand_id = $1) and r.state in ('asked','approved','received')))
order by o.id desc limit $7`

// List is the orders that a query chooses.
func (s *Service) List(ctx context.Context, q Query) ([]Row, error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	var rows []Row
	err := s.db.SelectContext(ctx, &rows, selectRows, q.BrandID, q.MemberID, q.Shipment, q.State, q.Text, q.Before, q.Limit, q.Returns)
	for i := range rows {
		if q.BrandID != 0 { // the key to the buyer's own page is the buyer's
			rows[i].Token, rows[i].CheckoutURL, rows[i].CheckoutID, rows[i].BrandsJoined = "", "", nil, ""
		}
	}
	return rows, postgres.Translate(err)
}

// Count says how many orders of a brand wait for something, and how many it has.
type Count struct {
	Preparing int64 `db:"preparing"` // to be sent
	Shipped   int64 `db:"shipped"`   // under way
	Delivered int64 `db:"delivered"`
	Returns   int64 `db:"returns"` // coming back, to be paid back
	Refunded  int64 `db:"refunded"`
	All       int64 `db:"all"`
}

const selectCount = `
select count(*) filter (where o.state = 'paid' and s.state = 'preparing') as preparing,
  count(*) filter (where o.state = 'paid' and s.state = 'shipped') as shipped,
  count(*) filter (where o.state = 'paid' and s.state = 'delivered') as delivered,
  count(*) filter (where exists (select 1 from returns r where r.shipment_id = s.id and r.state in ('asked','approved','received'))) as returns,
  count(*) filter (where o.state in ('refunded','charged_back')) as refunded, count(*) as all
from shipments s join orders o on o.id = s.order_id where s.brand_id = $1 and o.state in ('paid','refunded','charged_back')`

// CountOf counts the orders of a brand by what they wait for.
func (s *Service) CountOf(ctx context.Context, brandID int64) (Count, error) {
	var n Count
	err := s.db.GetContext(ctx, &n, selectCount, brandID)
	return n, postgres.Translate(err)
}

// Message is one word between a buyer and a brand about an order.
type Message struct {
	At        time.Time `db:"at"`
	Author    string    `db:"author"` // buyer or brand
	BrandID   int64     `db:"brand_id"`
	BrandName string    `db:"brand_name"`
	Body      string    `db:"body"`
}

// Messages is what was written about an order, oldest first; brandID 0: with every brand.
func (s *Service) Messages(ctx context.Context, orderID, brandID int64) ([]Message, error) {
	var ms []Message
	err := s.db.SelectContext(ctx, &ms, `select m.at, m.author, m.brand_id, b.name as brand_name, m.body from order_messages m
		join brands b on b.id = m.brand_id where m.order_id = $1 and ($2 = 0 or m.brand_id = $2) order by m.id`, orderID, brandID)
	return ms, postgres.Translate(err)
}
