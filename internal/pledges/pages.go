package pledges

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog/steps"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/postgres"
)

// View is a campaign as pages show it; what it says of people is of pieces where it is a launch.
type View struct {
	Campaign
	Title        string `db:"title"`
	Slug         string `db:"slug"`
	MediaHash    string `db:"media_hash"` // of the product's first photograph; empty without one
	BrandName    string `db:"brand_name"`
	BrandHandle  string `db:"brand_handle"`
	OpenerName   string `db:"opener_name"`
	OpenerHandle string `db:"opener_handle"`
	LowestMinor  int64  `db:"lowest_minor"` // the brand's price of the cheapest variant today; 0: none is for sale
	CustomMade   bool   `db:"custom_made"`
	Pieces       int    `db:"pieces"` // promised, or ordered
	Now          int    `db:"-"`      // people who promised; once it has ended, those who had then
	Charged      int    `db:"charged"`
	Waiting      int    `db:"waiting"` // orders that wait to be paid, those that are not made yet included
	Unpaid       int    `db:"unpaid"`  // orders that ended unpaid
	Earned       int64  `db:"earned"`  // minor units: what it brought who opened it, what was taken back not counted
}

// Reached is the step that is reached now.
func (v View) Reached() (steps.Step, bool) { return v.Steps.Reached(v.Now) }

// Next is the step to reach next.
func (v View) Next() (steps.Step, bool) { return v.Steps.Next(v.Now) }

// PriceAt is the price of the cheapest variant, less that much.
func (v View) PriceAt(lessBps int64) money.Amount {
	return money.New(steps.Price(v.LowestMinor, lessBps), v.Currency)
}

// Brought is what it brought who opened it.
func (v View) Brought() money.Amount { return money.New(v.Earned, v.Currency) }

const selectViews = `
select ` + campaignColumns + `, coalesce(t.title, p.title) as title, p.slug, p.custom_made, coalesce((select x.hash from product_photos f join media x on x.id = f.media_id where f.product_id = p.id order by f.position limit 1), '') as media_hash,
  b.name as brand_name, b.handle as brand_handle, m.name as opener_name, m.handle as opener_handle,
  coalesce((select min(v.price_minor) from variants v where v.product_id = p.id and v.active), 0) as lowest_minor,
  n.pieces, n.charged, n.waiting, n.unpaid,
  coalesce((select sum(e.amount_minor - e.returned_minor - e.moved_minor) from pledges g join earnings e on e.order_id = g.order_id join payees y on y.id = e.payee_id
    where g.campaign_id = c.id and y.member_id = c.opened_by and e.role = 'commission' and e.state <> 'voided'), 0)::bigint as earned
from campaigns c join products p on p.id = c.product_id join brands b on b.id = c.brand_id join members m on m.id = c.opened_by
left join product_translations t on t.product_id = p.id and t.lang = $1
cross join lateral (select coalesce(sum(g.quantity) filter (where g.state in ('joined','due','ordered')), 0)::int as pieces, (count(*) filter (where o.paid_at is not null))::int as charged,
  (count(*) filter (where g.state = 'due' or o.state = 'awaiting_payment'))::int as waiting, (count(*) filter (where o.state in ('expired','cancelled')))::int as unpaid
  from pledges g left join orders o on o.id = g.order_id where g.campaign_id = c.id) n
where `

func viewsWhere(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, where string, args ...any) ([]View, error) {
	var vs []View
	if err := sqlx.SelectContext(ctx, q, &vs, selectViews+where, append([]any{lang}, args...)...); err != nil {
		return nil, fmt.Errorf("read campaigns: %w", postgres.Translate(err))
	}
	for i := range vs {
		if vs[i].Now = vs[i].Ended; vs[i].State != Open {
			continue
		}
		var err error
		if vs[i].Now, err = count(ctx, q, vs[i].Campaign); err != nil {
			return nil, err
		}
	}
	return vs, nil
}

// ByCode is a campaign for whoever knows its address. ErrGone.
func (s *Service) ByCode(ctx context.Context, code string, lang i18n.Lang) (View, error) {
	vs, err := viewsWhere(ctx, s.db, lang, `c.code = $2`, code)
	if err != nil {
		return View{}, err
	}
	if len(vs) == 0 {
		return View{}, ErrGone
	}
	return vs[0], nil
}

// OpenedBy are the group orders of a member, the newest first.
func (s *Service) OpenedBy(ctx context.Context, memberID int64, lang i18n.Lang, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, s.db, lang, `c.opened_by = $2 and c.kind = 'group_order' order by c.id desc limit $3 offset $4`, memberID, limit, offset)
}

// OfBrand are the group orders for the products of a brand, the newest first.
func (s *Service) OfBrand(ctx context.Context, brandID int64, lang i18n.Lang, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, s.db, lang, `c.brand_id = $2 and c.kind = 'group_order' order by c.id desc limit $3 offset $4`, brandID, limit, offset)
}

// List is all campaigns, the newest first, for the platform.
func (s *Service) List(ctx context.Context, lang i18n.Lang, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, s.db, lang, `true order by c.id desc limit $2 offset $3`, limit, offset)
}

// Page is a pledge as its page shows it.
type Page struct {
	Pledge
	View    View
	Variant string        // "Large / Blue"; empty where there is only one
	Order   *orders.Order // nil: not made
	Settled bool          // the charge is over: paid, or not any more
}

// Most is what may be taken at most.
func (p Page) Most() money.Amount { return money.New(p.MostMinor, p.View.Currency) }

// At is what would be taken with so much less per piece, at the brand's price of the day of joining.
func (p Page) At(lessBps int64) money.Amount {
	return money.New(steps.Price(p.PriceMinor, lessBps)*p.Quantity+p.ShippingMinor, p.View.Currency)
}

// MayLeave says whether it can be taken back at that time.
func (p Page) MayLeave(now time.Time) bool {
	return (p.State == Joined || p.State == Pending) && p.View.Joinable(now)
}

const selectVariant = `
select array_to_string(case when p.lang <> $2 and cardinality(v.option_values_other) > 0 then v.option_values_other else v.option_values end, ' / ')
from variants v join products p on p.id = v.product_id where v.id = $1`

// ByToken is a pledge for whoever has its token. ErrGone.
func (s *Service) ByToken(ctx context.Context, token string, lang i18n.Lang) (Page, error) {
	p, err := pledgeWhere(ctx, s.db, `token = $1`, token)
	if err != nil {
		return Page{}, err
	}
	return s.page(ctx, p, lang)
}

func (s *Service) page(ctx context.Context, p Pledge, lang i18n.Lang) (Page, error) {
	page := Page{Pledge: p}
	vs, err := viewsWhere(ctx, s.db, lang, `c.id = $2`, p.CampaignID)
	if err != nil {
		return page, err
	}
	page.View = vs[0]
	if err := s.db.GetContext(ctx, &page.Variant, selectVariant, p.VariantID, lang); err != nil {
		return page, postgres.Translate(err)
	}
	if p.OrderID != nil {
		o, err := s.orders.ByID(ctx, *p.OrderID)
		if err != nil {
			return page, err
		}
		page.Order, page.Settled = &o.Order, o.State != orders.AwaitingPayment
	}
	return page, nil
}

// MadeBy are the pledges of a member, the newest first; those without a card are left out.
func (s *Service) MadeBy(ctx context.Context, memberID int64, lang i18n.Lang, limit, offset int) ([]Page, error) {
	var ps []Pledge
	err := s.db.SelectContext(ctx, &ps, `select `+pledgeColumns+` from pledges where member_id = $1 and joined_at is not null order by id desc limit $2 offset $3`, memberID, limit, offset)
	if err != nil {
		return nil, fmt.Errorf("read pledges: %w", postgres.Translate(err))
	}
	pages := make([]Page, len(ps))
	for i, p := range ps {
		if pages[i], err = s.page(ctx, p, lang); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// OfOrder is the pledge that an order was made of; nil: it was bought otherwise.
func (s *Service) OfOrder(ctx context.Context, orderID int64, lang i18n.Lang) (*Page, error) {
	p, err := pledgeWhere(ctx, s.db, `order_id = $1`, orderID)
	if err != nil {
		if err == ErrGone {
			err = nil
		}
		return nil, err
	}
	page, err := s.page(ctx, p, lang)
	return &page, err
}
