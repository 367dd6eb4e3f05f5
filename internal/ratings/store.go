package ratings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/postgres"
)

// orGone is ErrGone where a row is missing, and any other error translated.
func orGone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrGone
	}
	return postgres.Translate(err)
}

// Bought is a line of an order as its buyer may rate it.
type Bought struct {
	LineID     int64      `db:"line_id"`
	ProductID  int64      `db:"product_id"`
	BrandID    int64      `db:"brand_id"`
	MemberID   *int64     `db:"member_id"`
	Buyer      string     `db:"buyer"`
	Title      string     `db:"title"`
	Slug       string     `db:"slug"`
	MediaHash  string     `db:"media_hash"`
	Relayed    bool       `db:"relayed"`
	Received   bool       `db:"received"`
	ReceivedAt *time.Time `db:"received_at"`
	PaidBack   bool       `db:"paid_back"`
	OfBrand    bool       `db:"of_brand"`
	Credited   bool       `db:"credited"`
	Lists      bool       `db:"lists"`
	Unknown    bool       `db:"unknown"`
	RatingID   *int64     `db:"rating_id"` // of the product, by the same buyer; nil: none yet
	Stars      int        `db:"stars"`
	State      State      `db:"state"`
}

// May says why the line does not open the way to a rating. Whoever rated first and recommends since may still write their rating anew: it
// says that they do.
func (b Bought) May() error {
	return Purchase{Received: b.Received, PaidBack: b.PaidBack, OfBrand: b.OfBrand, Credited: b.Credited, Lists: b.Lists && b.RatingID == nil, Unknown: b.Unknown}.May()
}

// Rated says whether the buyer's rating stands, seen or hidden.
func (b Bought) Rated() bool { return b.RatingID != nil && b.State != Withdrawn }

// buyerOf is who the buyer of an order o is: their e-mail or, bought face to face without one, nobody but this order.
const buyerOf = `coalesce(nullif(o.email_normal, ''), 'order ' || o.id)`

// inSellersHands says of an order o that its seller took the card and nobody told who bought: the seller's screen showed the way to it.
const inSellersHands = `(o.email = '' and o.member_id is null and exists (select 1 from counter_sales k where k.order_id = o.id and k.buyer = 'reader'))`

// The buyer is the account of the order, and those with the same e-mail or the same card: what self is where commissions are decided.
const selectBought = `
with buyer as (
  select o.id as order_id, o.member_id, o.email, ` + buyerOf + ` as email_normal, ` + inSellersHands + ` as unknown, array(
    select o.member_id where o.member_id is not null union select m.id from members m where m.email_normal = o.email_normal
    union select x.member_id from orders x where x.card_fingerprint = o.card_fingerprint and x.card_fingerprint <> '' and x.member_id is not null and x.paid_at is not null) as who
  from orders o where o.id = $1)
select l.id as line_id, l.product_id, l.brand_id, b.member_id, b.unknown, b.email_normal as buyer, l.title, p.slug, coalesce(m.hash, '') as media_hash,
  exists (select 1 from attribution_credits c where c.order_line_id = l.id) as relayed,
  s.state = 'delivered' as received, s.delivered_at as received_at,
  l.returned_minor + coalesce((select sum(i.amount_minor) from refund_items i join refunds f on f.id = i.refund_id
    where i.order_line_id = l.id and f.state in ('new','sending','pending','requires_action')), 0) >= l.total_minor as paid_back,
  exists (select 1 from brand_members t where t.brand_id = l.brand_id and t.member_id = any(b.who))
    or exists (select 1 from brands x where x.id = l.brand_id and lower(x.contact_email) = lower(b.email)) as of_brand,
  exists (select 1 from attribution_credits c where c.order_line_id = l.id and c.member_id = any(b.who)) as credited,
  exists (select 1 from listings i where i.product_id = l.product_id and i.member_id = any(b.who)) as lists,
  r.id as rating_id, coalesce(r.stars, 0) as stars, coalesce(r.state, '') as state
from buyer b join order_lines l on l.order_id = b.order_id join shipments s on s.id = l.shipment_id join products p on p.id = l.product_id
left join media m on m.id = l.media_id
left join lateral (select x.id, x.stars, x.state from ratings x where x.product_id = l.product_id and (x.buyer = b.email_normal or x.member_id = b.member_id)
  order by x.buyer <> b.email_normal, x.id limit 1) r on true
where p.state <> 'typed'
order by l.id`

// OfOrder is what the buyer of an order may say of its lines.
func OfOrder(ctx context.Context, q sqlx.QueryerContext, orderID int64) ([]Bought, error) {
	var list []Bought
	if err := sqlx.SelectContext(ctx, q, &list, selectBought, orderID); err != nil {
		return nil, fmt.Errorf("read what order %d bought: %w", orderID, postgres.Translate(err))
	}
	return list, nil
}

// lineOf is one line of an order. ErrGone where it is not of that order.
func lineOf(ctx context.Context, q sqlx.QueryerContext, orderID, lineID int64) (Bought, error) {
	list, err := OfOrder(ctx, q, orderID)
	for _, b := range list {
		if b.LineID == lineID {
			return b, nil
		}
	}
	return Bought{}, errors.Join(err, ErrGone)
}

const selectRatings = `
select r.id, r.product_id, r.brand_id, b.name as brand_name, b.handle as brand_handle, p.title as product_title, p.slug, r.order_line_id, r.lang,
  r.stars, r.title, r.body, r.name, r.relayed, exists (select 1 from listings i where i.product_id = r.product_id and i.member_id = r.member_id) as recommends,
  r.received_at, r.at, r.edited_at, r.state, r.hidden_why, r.reply, r.reply_at, r.reply_edited_at, r.reply_hidden
from ratings r join products p on p.id = r.product_id join brands b on b.id = r.brand_id `

// ByID is a rating, whatever its state. ErrGone.
func ByID(ctx context.Context, q sqlx.QueryerContext, id int64) (Rating, error) {
	list, err := read(ctx, q, `where r.id = $1`, id)
	if err == nil && len(list) == 0 {
		err = ErrGone
	}
	if err != nil {
		return Rating{}, err
	}
	return list[0], nil
}

// Of are the shown ratings of a product, the newest first; stars 0: whatever their stars.
func Of(ctx context.Context, q sqlx.QueryerContext, productID int64, stars, limit, offset int) ([]Rating, error) {
	return read(ctx, q, `where r.product_id = $1 and r.state = 'shown' and ($2 = 0 or r.stars = $2) order by r.at desc, r.id desc limit $3 offset $4`,
		productID, stars, limit, offset)
}

// OfBrand are the ratings of a brand's products that its team may read, the newest first: all, or those without a reply.
func OfBrand(ctx context.Context, q sqlx.QueryerContext, brandID int64, open bool, limit, offset int) ([]Rating, error) {
	return read(ctx, q, `where r.brand_id = $1 and `+atDesk+` order by r.at desc, r.id desc limit $3 offset $4`, brandID, open, limit, offset)
}

const atDesk = `r.state <> 'withdrawn' and (not $2 or r.state = 'shown' and r.reply = '')`

// CountOfBrand is how many OfBrand would read in all.
func CountOfBrand(ctx context.Context, q sqlx.QueryerContext, brandID int64, open bool) (n int, err error) {
	if err = sqlx.GetContext(ctx, q, &n, `select count(*) from ratings r where r.brand_id = $1 and `+atDesk, brandID, open); err != nil {
		err = fmt.Errorf("count ratings of brand %d: %w", brandID, postgres.Translate(err))
	}
	return n, err
}

const selectPhotos = `
select f.rating_id, f.media_id, m.hash from rating_photos f join media m on m.id = f.media_id where f.rating_id = any($1) order by f.rating_id, f.position`

func read(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Rating, error) {
	var list []Rating
	if err := sqlx.SelectContext(ctx, q, &list, selectRatings+where, args...); err != nil {
		return nil, fmt.Errorf("read ratings: %w", postgres.Translate(err))
	}
	if len(list) == 0 {
		return list, nil
	}
	at, ids := map[int64]int{}, make([]int64, len(list))
	for i, r := range list {
		at[r.ID], ids[i] = i, r.ID
	}
	var photos []Photo
	if err := sqlx.SelectContext(ctx, q, &photos, selectPhotos, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("read photographs of ratings: %w", postgres.Translate(err))
	}
	for _, p := range photos {
		r := &list[at[p.RatingID]]
		r.Photos = append(r.Photos, p)
	}
	return list, nil
}

// SumsOf is how many shown ratings a product has with each number of stars.
func SumsOf(ctx context.Context, q sqlx.QueryerContext, productID int64) (s Sums, err error) {
	err = q.QueryRowxContext(ctx, `select n1, n2, n3, n4, n5 from product_stars where product_id = $1`, productID).Scan(&s[0], &s[1], &s[2], &s[3], &s[4])
	if errors.Is(err, sql.ErrNoRows) {
		return Sums{}, nil
	}
	if err != nil {
		return s, fmt.Errorf("read stars of product %d: %w", productID, postgres.Translate(err))
	}
	return s, nil
}
