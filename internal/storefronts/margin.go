package storefronts

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/money"
)

// Faults of a margin.
var (
	ErrStaff        = fault.Field("margin", "relay.margin_staff")    // the member is on the team of the brand
	ErrNoMargin     = fault.Field("margin", "relay.margin_none")     // the brand allows none
	ErrCurrencyGone = fault.Field("margin", "relay.margin_currency") // the product is priced in another currency by now
)

// Why a margin was lowered.
type Why string

// The reasons for which a margin is lowered.
const (
	CutByTerms    Why = "terms"    // its brand allows less now
	CutByPrice    Why = "price"    // the brand's price is lower now, and the margin a part of it
	CutByCurrency Why = "currency" // the product is priced in another currency now
)

// Margin is what a member put on the brand's price in their storefront, as it stands in their listing.
type Margin struct {
	MemberID  int64           `db:"member_id"`
	ProductID int64           `db:"product_id"`
	Minor     int64           `db:"margin_minor"`
	Currency  *money.Currency `db:"margin_currency"` // nil: there never was one
	CutFrom   *int64          `db:"cut_from_minor"`  // what it was, in minor units, before terms or a price lowered it
	CutAt     *time.Time      `db:"cut_at"`
	CutWhy    *Why            `db:"cut_why"`
	Staff     bool            `db:"staff"` // the member is on the team of the brand now: then it does not count
}

// On is what the margin comes to on a price of the brand: nothing for its own team or in another currency, and never more than its terms
// allow, even in the moments until it is lowered.
func (m Margin) On(price money.Amount, marginBps int64) money.Amount {
	if m.Staff || m.Currency == nil || *m.Currency != price.Currency {
		return money.New(0, price.Currency)
	}
	return money.New(catalog.MarginOn(price.Minor, m.Minor, marginBps), price.Currency)
}

// Cut is what the margin was before it was lowered; of no amount where it was not.
func (m Margin) Cut() money.Amount {
	if m.CutFrom == nil || m.Currency == nil {
		return money.Amount{}
	}
	return money.New(*m.CutFrom, *m.Currency)
}

// Typed is the margin with its currency; of no currency where there never was one.
func (m Margin) Typed() money.Amount {
	if m.Currency == nil {
		return money.Amount{}
	}
	return money.New(m.Minor, *m.Currency)
}

// Capped is what becomes of a margin under terms, at the price of the cheapest variant, with the reason; ok is false where nothing does.
func Capped(m Margin, low money.Amount, marginBps int64, because Why) (minor int64, why Why, ok bool) {
	if m.Minor == 0 || low.Minor == 0 {
		return m.Minor, "", false
	}
	if m.Currency == nil || *m.Currency != low.Currency {
		return 0, CutByCurrency, true
	}
	minor = catalog.MarginOn(low.Minor, m.Minor, marginBps)
	return minor, because, minor < m.Minor
}

const marginColumns = `l.member_id, l.product_id, l.margin_minor, l.margin_currency, l.cut_from_minor, l.cut_at, l.cut_why,
  exists (select 1 from brand_members t join products p on p.brand_id = t.brand_id where p.id = l.product_id and t.member_id = l.member_id) as staff`

// MarginsOf are the margins of one member's storefront, by product; products that are not listed have none.
func MarginsOf(ctx context.Context, q sqlx.QueryerContext, memberID int64, productIDs ...int64) (map[int64]Margin, error) {
	var list []Margin
	err := sqlx.SelectContext(ctx, q, &list, `select `+marginColumns+` from listings l where l.member_id = $1 and l.product_id = any($2)`, memberID, pq.Array(productIDs))
	if err != nil {
		return nil, fmt.Errorf("read margins of member %d: %w", memberID, err)
	}
	byProduct := make(map[int64]Margin, len(list))
	for _, m := range list {
		byProduct[m.ProductID] = m
	}
	return byProduct, nil
}

// Shelved is a product in a member's storefront.
type Shelved struct{ MemberID, ProductID int64 }

// MarginsIn are the margins on products in several storefronts; what is not listed has none.
func MarginsIn(ctx context.Context, q sqlx.QueryerContext, of ...Shelved) (map[Shelved]Margin, error) {
	members, products := make([]int64, len(of)), make([]int64, len(of))
	for i, s := range of {
		members[i], products[i] = s.MemberID, s.ProductID
	}
	var list []Margin
	err := sqlx.SelectContext(ctx, q, &list, `select `+marginColumns+` from listings l
where (l.member_id, l.product_id) in (select * from unnest($1::bigint[], $2::bigint[]))`, pq.Array(members), pq.Array(products))
	if err != nil {
		return nil, fmt.Errorf("read margins: %w", err)
	}
	found := make(map[Shelved]Margin, len(list))
	for _, m := range list {
		found[Shelved{m.MemberID, m.ProductID}] = m
	}
	return found, nil
}

// MarginHistory is every margin that a storefront had on a product in a currency, the oldest first, as points that are put on prices.
func MarginHistory(ctx context.Context, q sqlx.QueryerContext, memberID, productID int64, c money.Currency) ([]catalog.PricePoint, error) {
	var points []catalog.PricePoint
	err := sqlx.SelectContext(ctx, q, &points, `select 0::bigint as variant_id, margin_minor as price_minor, since from listing_margins
where member_id = $1 and product_id = $2 and currency = $3 order by since, id`, memberID, productID, c)
	if err != nil {
		return nil, fmt.Errorf("read margins of member %d on product %d: %w", memberID, productID, err)
	}
	return points, nil
}
