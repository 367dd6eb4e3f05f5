package pos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/storefronts"
)

const selectSale = `
select c.id, c.seller_id, m.name as seller_name, c.brand_id, coalesce(b.name, '') as brand_name, coalesce(b.handle, '') as brand_handle, c.cart_id, c.place,
  c.country, c.lang, c.state, c.token, c.expires_at, c.total_minor, c.currency, c.order_id, c.buyer, c.created_at
from counter_sales c join members m on m.id = c.seller_id left join brands b on b.id = c.brand_id where `

func saleWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Sale, error) {
	var s Sale
	err := sqlx.GetContext(ctx, q, &s, selectSale+where, args...)
	return s, orGone(err)
}

// linkSale finds the order of a sale that was made and not noted down.
const linkSale = `
update counter_sales c set order_id = o.id from orders o where c.id = $1 and c.order_id is null and o.operation = $2`

func link(ctx context.Context, db sqlx.ExecerContext, saleID int64) error {
	_, err := db.ExecContext(ctx, linkSale, saleID, operation(saleID))
	return postgres.Translate(err)
}

func (s *Service) link(ctx context.Context, saleID int64) error { return link(ctx, s.db, saleID) }

// linkAll is linkSale for every sale that somebody agreed to.
const linkAll = `
update counter_sales c set order_id = o.id from orders o
where c.state = 'shown' and c.buyer <> '' and c.order_id is null and o.operation = 'counter-sale-' || lpad(c.id::text, 12, '0')`

// operation is the reference under which a sale becomes an order, once; linkAll has it too.
func operation(saleID int64) string { return fmt.Sprintf("counter-sale-%012d", saleID) }

// ByID is a sale with what has come of it, for a member who may see it. ErrGone.
func (s *Service) ByID(ctx context.Context, memberID, saleID int64, lang i18n.Lang) (View, error) {
	if _, err := s.of(ctx, memberID, saleID); err != nil {
		return View{}, err
	}
	if err := s.link(ctx, saleID); err != nil {
		return View{}, err
	}
	sale, err := saleWhere(ctx, s.db, `c.id = $1`, saleID)
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, sale, lang)
}

// ByToken is the sale whose code a buyer scanned. ErrOver where there is none, or not any more.
func (s *Service) ByToken(ctx context.Context, token string, lang i18n.Lang) (View, error) {
	sale, err := saleWhere(ctx, s.db, `c.token = $1`, token)
	if errors.Is(err, fault.NotFound) {
		return View{}, ErrOver
	}
	if err != nil {
		return View{}, err
	}
	if err := s.link(ctx, sale.ID); err != nil {
		return View{}, err
	}
	if sale, err = saleWhere(ctx, s.db, `c.id = $1`, sale.ID); err != nil {
		return View{}, err
	}
	return s.view(ctx, sale, lang)
}

func (s *Service) view(ctx context.Context, sale Sale, lang i18n.Lang) (View, error) {
	v := View{Sale: sale}
	if sale.OrderID != nil {
		o, err := s.orders.ByID(ctx, *sale.OrderID)
		if err != nil {
			return v, err
		}
		v.Order = &o
		v.Payment, err = newestPayment(ctx, s.db, sale.ID)
		return v, err
	}
	var err error
	if v.Lines, err = carts.Lines(ctx, s.db, carts.Look{CartID: sale.CartID, Lang: lang, At: s.now()}); err != nil {
		return v, fmt.Errorf("read sale %d: %w", sale.ID, err)
	}
	for _, l := range v.Lines {
		if v.Goods.Currency == "" {
			v.Goods.Currency = l.Price.Currency
		}
		v.Goods.Minor += l.Total().Minor
	}
	v.Rules, v.Refusal = s.allowed(ctx, s.db, sale, v.Lines)
	if _, ok := errors.AsType[*fault.Error](v.Refusal); v.Refusal != nil && !ok {
		return v, v.Refusal
	}
	return v, nil
}

// Shelf is a product that can be put into a basket.
type Shelf struct {
	ProductID int64
	Title     string
	BrandName string
	MediaHash string
	Items     []Item
}

// Item is a variant of it.
type Item struct {
	VariantID int64
	Title     string // empty: the only one
	Price     money.Amount
	Stock     int64
	Quantity  int64 // in the basket
}

// Less and More are the next smaller and larger number in the basket.
func (i Item) Less() int64 { return max(0, i.Quantity-1) }

// More is one more.
func (i Item) More() int64 { return min(99, i.Quantity+1) }

const selectShelf = `
with shown as (
  select p.id, row_number() over (order by l.position nulls last, p.title, p.id) as n from products p join brands b on b.id = p.brand_id
  left join listings l on l.product_id = p.id and l.member_id = $1 and $2 = 0
  left join product_translations t on t.product_id = p.id and t.lang = $3
  where p.state = 'published' and b.blocked_at is null and case when $2 = 0 then l.member_id is not null else p.brand_id = $2 end
    and ($4 = '' or unaccent(lower(p.title || ' ' || coalesce(t.title, '') || ' ' || b.name)) like '%' || unaccent(lower($4)) || '%')
  order by n limit $5)
select p.id as product_id, p.brand_id, coalesce(t.title, p.title) as title, b.name as brand_name, coalesce(f.hash, '') as media_hash, v.id as variant_id,
  array_to_string(case when p.lang <> $3 and cardinality(v.option_values_other) > 0 then v.option_values_other else v.option_values end, ' / ') as variant_title,
  v.price_minor, p.currency, v.stock, coalesce(c.quantity, 0) as quantity
from shown s join products p on p.id = s.id join brands b on b.id = p.brand_id join variants v on v.product_id = p.id and v.active
left join product_translations t on t.product_id = p.id and t.lang = $3 and p.lang <> $3
left join lateral (select m.hash from product_photos x join media m on m.id = x.media_id where x.product_id = p.id order by x.position limit 1) f on true
left join cart_lines c on c.cart_id = $6 and c.variant_id = v.id and c.design_id is null
order by s.n, v.position, v.id`

// MostShown is how many products a page of the shelf has; others are found by their name.
const MostShown = 40

// ShelfOf is what can be put into a basket, as far as it has that text in its name; more: there is more than MostShown.
func (s *Service) ShelfOf(ctx context.Context, sale Sale, text string, lang i18n.Lang) (shelf []Shelf, more bool, err error) {
	var rows []struct {
		ProductID    int64          `db:"product_id"`
		BrandID      int64          `db:"brand_id"`
		Title        string         `db:"title"`
		BrandName    string         `db:"brand_name"`
		MediaHash    string         `db:"media_hash"`
		VariantID    int64          `db:"variant_id"`
		VariantTitle string         `db:"variant_title"`
		PriceMinor   int64          `db:"price_minor"`
		Currency     money.Currency `db:"currency"`
		Stock        int64          `db:"stock"`
		Quantity     int64          `db:"quantity"`
	}
	brand := int64(0)
	if sale.BrandID != nil {
		brand = *sale.BrandID
	}
	if err := s.db.SelectContext(ctx, &rows, selectShelf, sale.SellerID, brand, lang, text, MostShown+1, sale.CartID); err != nil {
		return nil, false, fmt.Errorf("read shelf: %w", err)
	}
	brands := map[int64]int64{} // by product
	for _, r := range rows {
		brands[r.ProductID] = r.BrandID
	}
	added, err := s.margins(ctx, sale, brands)
	if err != nil {
		return nil, false, fmt.Errorf("read shelf: %w", err)
	}
	for _, r := range rows {
		price := money.New(r.PriceMinor, r.Currency)
		if on, ok := added[r.ProductID]; ok {
			price.Minor += on(price).Minor
		}
		if n := len(shelf); n == 0 || shelf[n-1].ProductID != r.ProductID {
			if n == MostShown {
				return shelf, true, nil
			}
			shelf = append(shelf, Shelf{ProductID: r.ProductID, Title: r.Title, BrandName: r.BrandName, MediaHash: r.MediaHash})
		}
		last := &shelf[len(shelf)-1]
		last.Items = append(last.Items, Item{VariantID: r.VariantID, Title: r.VariantTitle, Price: price, Stock: r.Stock, Quantity: r.Quantity})
	}
	return shelf, false, nil
}

// margins are what a member's storefront puts on the prices of products, which are given with their brands; a brand's own team puts nothing.
func (s *Service) margins(ctx context.Context, sale Sale, brands map[int64]int64) (map[int64]func(money.Amount) money.Amount, error) {
	added := map[int64]func(money.Amount) money.Amount{}
	if sale.BrandID != nil {
		return added, nil
	}
	typed, err := storefronts.MarginsOf(ctx, s.db, sale.SellerID, slices.Collect(maps.Keys(brands))...)
	if err != nil {
		return nil, err
	}
	for product, m := range typed {
		if m.Minor == 0 {
			continue
		}
		terms, err := catalog.TermsAt(ctx, s.db, brands[product], product, s.now())
		if err != nil {
			return nil, err
		}
		added[product] = func(price money.Amount) money.Amount { return m.On(price, terms.MarginBps) }
	}
	return added, nil
}

const selectRules = `select members, places, warning from counter_rules where brand_id = $1 and country = $2`

// RulesOf is what a brand wants of sales face to face in a country.
func RulesOf(ctx context.Context, q sqlx.QueryerContext, brandID int64, country string) (Rules, error) {
	var row struct {
		Members bool           `db:"members"`
		Places  pq.StringArray `db:"places"`
		Warning string         `db:"warning"`
	}
	err := postgres.Translate(sqlx.GetContext(ctx, q, &row, selectRules, brandID, country))
	if errors.Is(err, fault.NotFound) {
		r := FirstRules(country)
		r.BrandID = brandID
		return r, nil
	}
	if err != nil {
		return Rules{}, fmt.Errorf("read rules of brand %d: %w", brandID, err)
	}
	r := Rules{BrandID: brandID, Members: row.Members, Warning: row.Warning}
	for _, p := range row.Places {
		r.Places = append(r.Places, Place(p))
	}
	return r, nil
}

const upsertRules = `
insert into counter_rules (brand_id, country, members, places, warning, updated_at, updated_by) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (brand_id, country) do update set members = excluded.members, places = excluded.places, warning = excluded.warning,
  updated_at = excluded.updated_at, updated_by = excluded.updated_by`

// Day is a sale in the list of a day.
type Day struct {
	ID       int64        `db:"id"`
	Number   string       `db:"number"`
	PaidAt   time.Time    `db:"paid_at"`
	Place    Place        `db:"place"`
	State    string       `db:"state"`
	Seller   string       `db:"seller"`
	Title    string       `db:"title"`
	Pieces   int64        `db:"pieces"`
	Reader   bool         `db:"reader"` // paid at a reader
	Total    money.Amount `db:"total"`
	Refunded int64        `db:"refunded"` // minor units
}

// Sums are what the sales of a day come to, in one currency.
type Sums struct {
	Count    int64          `db:"count"`
	Currency money.Currency `db:"currency"`
	Minor    int64          `db:"minor"`
	Refunded int64          `db:"refunded"`
}

// Total is what was paid.
func (s Sums) Total() money.Amount { return money.New(s.Minor, s.Currency) }

// Back is what of it was refunded.
func (s Sums) Back() money.Amount { return money.New(s.Refunded, s.Currency) }

// whose: $1 the seller, $2 the brand or 0; the day $3 in Paris.
const soldThatDay = `
from counter_sales c join orders o on o.id = c.order_id join members m on m.id = c.seller_id
where case when $2 = 0 then c.seller_id = $1 and c.brand_id is null else c.brand_id = $2 end and o.state in ('paid','refunded','charged_back')
  and o.paid_at >= $3::date::timestamp at time zone 'Europe/Paris' and o.paid_at < ($3::date + 1)::timestamp at time zone 'Europe/Paris'`

const selectDay = `
select c.id, o.number, o.paid_at, o.place, o.state, m.name as seller, coalesce((select title from order_lines l where l.order_id = o.id order by l.id limit 1), '') as title,
  (select coalesce(sum(quantity), 0) from order_lines l where l.order_id = o.id)::bigint as pieces,
  exists (select 1 from reader_payments r where r.order_id = o.id and r.payment_intent_id = o.payment_intent_id) as reader,
  o.total_minor as "total.minor", o.currency as "total.currency", o.refunded_minor as refunded` + soldThatDay + ` and ($4 = 0 or c.id < $4) order by c.id desc limit $5`

// SoldOn lists the sales of a day, newest first, those of ids below before only (0: all), with its sums by currency.
func (s *Service) SoldOn(ctx context.Context, memberID, brandID int64, day time.Time, before int64, limit int) (list []Day, sums []Sums, err error) {
	date := day.Format(time.DateOnly)
	if err := s.db.SelectContext(ctx, &list, selectDay, memberID, brandID, date, before, limit); err != nil {
		return nil, nil, fmt.Errorf("read sales of %s: %w", date, err)
	}
	err = s.db.SelectContext(ctx, &sums, `select count(*) as count, o.currency, coalesce(sum(o.total_minor), 0)::bigint as minor, coalesce(sum(o.refunded_minor), 0)::bigint as refunded`+
		soldThatDay+` group by o.currency order by o.currency`, memberID, brandID, date)
	return list, sums, postgres.Translate(err)
}

// Open are a seller's baskets that are neither sold nor given up, newest first, at most ten, of the last day.
func (s *Service) Open(ctx context.Context, memberID int64) ([]Sale, error) {
	var list []Sale
	err := s.db.SelectContext(ctx, &list, selectSale+`c.seller_id = $1 and c.state <> 'cancelled' and c.created_at > $2
	  and (c.order_id is null or exists (select 1 from orders o where o.id = c.order_id and o.state = 'awaiting_payment')) order by c.id desc limit 10`, memberID, s.now().AddDate(0, 0, -1))
	return list, postgres.Translate(err)
}
