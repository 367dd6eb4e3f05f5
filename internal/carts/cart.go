// Package carts is what somebody is about to buy, and the ways in which brands deliver it.
//
// A cart is known by a random id in a cookie and needs no account. Its lines remember through which storefront and click they
// came; prices, stock and terms are read again whenever it is shown, and frozen only by the order. It holds goods of one
// currency: what is priced in another is ordered separately.
package carts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/clicks"
	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/storefronts"
)

// Service is the use cases of this package.
type Service struct {
	db  *sqlx.DB
	now func() time.Time // business time
}

// New makes the Service.
func New(db *sqlx.DB, now func() time.Time) *Service { return &Service{db: db, now: now} }

// The faults of this package.
var (
	ErrEmptyCart   = fault.New(fault.Invalid, "fault.cart_empty")
	ErrUnavailable = fault.New(fault.Conflict, "fault.cart_changed")    // something in the cart is no longer for sale
	ErrCurrencies  = fault.New(fault.Conflict, "fault.cart_currencies") // goods in two currencies: they are ordered one after the other
	ErrNoDelivery  = fault.New(fault.Invalid, "fault.no_delivery")      // a brand does not deliver there
)

// unavailable is the fault where a variant is not for sale, and any other error as it is.
func unavailable(err error) error {
	if err = postgres.Translate(err); errors.Is(err, fault.NotFound) {
		return ErrUnavailable
	}
	return err
}

// Line is something in a cart at today's price.
type Line struct {
	VariantID     int64        `db:"variant_id"`
	ProductID     int64        `db:"product_id"`
	BrandID       int64        `db:"brand_id"`
	BrandName     string       `db:"brand_name"`
	BrandHandle   string       `db:"brand_handle"`
	Slug          string       `db:"slug"`
	Title         string       `db:"title"`
	VariantTitle  string       `db:"variant_title"`
	SKU           string       `db:"sku"`
	MediaID       *int64       `db:"media_id"`
	MediaHash     string       `db:"media_hash"`
	Price         money.Amount `db:"price"`      // what the buyer pays for a piece: the brand's price and the margin
	Margin        money.Amount `db:"-"`          // of it: what the storefront puts on the brand's price now; nothing where it may not be asked
	MarginBps     int64        `db:"margin_bps"` // the most that the terms allow
	VATBps        int64        `db:"vat_bps"`
	CustomMade    bool         `db:"custom_made"` // no right of withdrawal
	Stock         int64        `db:"stock"`       // beyond what other lines of the variant take that stand before
	Quantity      int64        `db:"quantity"`
	Sellable      bool         `db:"sellable"`  // published or typed for this cart, active, the brand not blocked
	Launching     bool         `db:"launching"` // being launched, active, the brand not blocked
	Typed         bool         `db:"typed"`     // an amount typed at a counter: no product of a catalogue
	StorefrontID  *int64       `db:"storefront_id"`
	RelayName     string       `db:"relay_name"` // whose storefront it was added from, and who earns; empty: nobody does
	RelayHandle   string       `db:"relay_handle"`
	CommissionBps int64        `db:"commission_bps"` // that its brand offers: to be shown only
	ClickToken    string       `db:"click_token"`    // of the click that brought the visitor; empty: not known
	AddedAt       time.Time    `db:"added_at"`

	DesignID          *int64         `db:"design_id"`          // made one's own; nil: as it is
	DesignRevision    int            `db:"design_revision"`    // that the buyer saw when they put it here
	Design            designs.Design `db:"-"`                  // as it is now, for its author; empty where DesignTrouble says why
	DesignTrouble     string         `db:"-"`                  // message key: why it cannot be ordered; empty: it can
	Options           money.Amount   `db:"-"`                  // of the price, per piece: what the design costs, now
	PublishedID       *int64         `db:"published_id"`       // the design that the product was published with, which it is made to; nil: none
	PublishedRevision int            `db:"published_revision"` // of it, that is sold now
	PublishedDays     int            `db:"published_days"`     // to make it
	PublishedAdded    int            `db:"published_added"`    // of it, that was sold when the line was added; 0: none was
}

// Changed says whether the design was changed after it was put into the cart: what it is now is ordered.
func (l Line) Changed() bool {
	return l.DesignID != nil && l.Design.Revision > l.DesignRevision || l.PublishedAdded != 0 && l.PublishedRevision > l.PublishedAdded
}

// BrandPrice is the brand's own price of a piece, with what a design adds to it.
func (l Line) BrandPrice() money.Amount {
	return money.New(l.Price.Minor-l.Margin.Minor, l.Price.Currency)
}

// Waive takes the margin off the price: nobody would earn it.
func (l *Line) Waive() { l.Price, l.Margin.Minor = l.BrandPrice(), 0 }

// Added is what the line costs more than at the brand.
func (l Line) Added() money.Amount { return money.New(l.Margin.Minor*l.Quantity, l.Price.Currency) }

// Brings is what the member of the storefront would earn at today's rate: the commission of the brand's price, and the margin, both without VAT.
func (l Line) Brings() money.Amount {
	added := l.Added().Minor
	return money.New(money.Share(money.NetOfVAT(l.Total().Minor-added, l.VATBps), l.CommissionBps)+money.NetOfVAT(added, l.VATBps), l.Price.Currency)
}

// Total is quantity times price.
func (l Line) Total() money.Amount {
	return money.New(l.Price.Minor*l.Quantity, l.Price.Currency)
}

// Short says whether less is in stock than is asked for.
func (l Line) Short() bool { return l.Stock < l.Quantity }

// Cart is what somebody is about to buy, grouped by brand.
type Cart struct {
	ID      string
	Parcels []Parcel
	Goods   money.Amount
	Count   int64            // pieces
	Others  []money.Currency // besides that of Goods, which sums the first currency only; none: it can be ordered
}

// Parcel is what one brand would send.
type Parcel struct {
	BrandID     int64
	BrandName   string
	BrandHandle string
	Lines       []Line
	Goods       money.Amount
	Worth       money.Amount // at the brand's own prices, from which its delivery may be free: a storefront's margin is not the brand's
	Methods     []Method
}

const upsertCart = `
insert into carts (id, member_id, lang, created_at, updated_at) values ($1, $2, $3, $4, $4)
on conflict (id) do update set updated_at = excluded.updated_at, checkout_at = null, lang = excluded.lang, member_id = coalesce(excluded.member_id, carts.member_id)`

// A later addition from another storefront takes the line over: the last relay that the buyer acted on counts.
const upsertCartLine = `
insert into cart_lines (cart_id, variant_id, quantity, storefront_id, click_token, added_at, design_id, design_revision, published_revision)
values ($1, $2, $3, $4, $5, $6, $7, $8, (select p.revision from publications p join variants v on v.product_id = p.product_id where v.id = $2))
on conflict (cart_id, variant_id, design_id) do update set quantity = least(99, cart_lines.quantity + excluded.quantity), design_revision = excluded.design_revision, published_revision = excluded.published_revision,
  storefront_id = coalesce(excluded.storefront_id, cart_lines.storefront_id),
  click_token = coalesce(nullif(excluded.click_token, ''), cart_lines.click_token), added_at = excluded.added_at`

// Addition is something put into a cart.
type Addition struct {
	CartID       string // empty: a new cart
	VariantID    int64
	Quantity     int64
	StorefrontID *int64 // the member whose storefront path it was added from
	ClickToken   string // the click that brought the visitor, when the page knows it
	MemberID     *int64 // signed in
	Lang         i18n.Lang
	DesignID     *int64 // of the member's, on the variant's product; nil: the piece as it is
}

const selectVariantStock = `
select v.stock, p.id as product_id, p.currency, exists (select 1 from cart_lines c join variants x on x.id = c.variant_id join products y on y.id = x.product_id
  where c.cart_id = $2 and y.currency <> p.currency) as mixes
from variants v join products p on p.id = v.product_id join brands b on b.id = p.brand_id
where v.id = $1 and v.active and (p.state = 'published' or p.typed_for = $2) and b.blocked_at is null`

// Add puts a variant into a cart, and says which cart. ErrUnavailable where it is not for sale; a fault on the
// field quantity where less is in stock; ErrCurrencies where the cart holds goods priced in another currency, which stay in it;
// storefronts.ErrAway where the storefront that it is added from has days off; of a design, NotFound where it is not the member's, and ErrDesign where it cannot be made.
func (s *Service) Add(ctx context.Context, a Addition) (string, error) {
	if a.Quantity < 1 || a.Quantity > 99 {
		return "", fault.Field("quantity", "fault.quantity")
	}
	if a.CartID == "" {
		a.CartID = rand.Text()
	}
	now := s.now()
	return a.CartID, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		// Two additions at once: the second waits here, and sees the currency of the first.
		if _, err := tx.ExecContext(ctx, upsertCart, a.CartID, a.MemberID, a.Lang, now); err != nil {
			return err
		}
		var v struct {
			Stock     int64          `db:"stock"`
			ProductID int64          `db:"product_id"`
			Currency  money.Currency `db:"currency"`
			Mixes     bool           `db:"mixes"`
		}
		if err := tx.GetContext(ctx, &v, selectVariantStock, a.VariantID, a.CartID); err != nil {
			return fmt.Errorf("add to cart: %w", unavailable(err))
		}
		switch {
		case v.Mixes:
			return ErrCurrencies
		case v.Stock < 1:
			return fault.Field("quantity", "fault.sold_out")
		case v.Stock < a.Quantity:
			return fault.Field("quantity", "fault.stock_short").Arg("Stock", v.Stock)
		}
		if a.StorefrontID != nil {
			if err := storefronts.Open(ctx, tx, *a.StorefrontID, now); err != nil {
				return err
			}
		}
		if len(a.ClickToken) > clicks.MaxToken {
			a.ClickToken = "" // none of ours
		}
		revision, err := designed(ctx, tx, a, v.ProductID)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, upsertCartLine, a.CartID, a.VariantID, a.Quantity, a.StorefrontID, a.ClickToken, now, a.DesignID, revision)
		return err
	})
}

// Keep makes a cart of its own for a variant whose stock somebody has reserved already, for an order to be made of it later; nobody sees it. a.CartID is not read.
func Keep(ctx context.Context, tx *sqlx.Tx, a Addition, at time.Time) (cartID string, err error) {
	cartID = rand.Text()
	if _, err := tx.ExecContext(ctx, upsertCart, cartID, nil, a.Lang, at); err != nil {
		return "", postgres.Translate(err)
	}
	if len(a.ClickToken) > clicks.MaxToken {
		a.ClickToken = "" // none of ours
	}
	_, err = tx.ExecContext(ctx, upsertCartLine, cartID, a.VariantID, a.Quantity, a.StorefrontID, a.ClickToken, at, nil, nil)
	return cartID, postgres.Translate(err)
}

// SetQuantity changes the line of a variant as it is; see SetLine.
func (s *Service) SetQuantity(ctx context.Context, cartID string, variantID, quantity int64) error {
	return s.SetLine(ctx, cartID, variantID, nil, quantity)
}

// SetLine changes a line of a cart, of a variant with a design, or (nil) as it is; 0 takes it out. A checkout that had begun begins anew.
func (s *Service) SetLine(ctx context.Context, cartID string, variantID int64, designID *int64, quantity int64) error {
	if quantity < 0 || quantity > 99 {
		return fault.Field("quantity", "fault.quantity")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `update carts set checkout_at = null, updated_at = $2 where id = $1`, cartID, s.now()); err != nil {
			return err
		}
		if quantity == 0 {
			_, err := tx.ExecContext(ctx, `delete from cart_lines where cart_id = $1 and variant_id = $2 and design_id is not distinct from $3`, cartID, variantID, designID)
			return err
		}
		_, err := tx.ExecContext(ctx, `update cart_lines set quantity = $4 where cart_id = $1 and variant_id = $2 and design_id is not distinct from $3`, cartID, variantID, designID, quantity)
		return err
	})
}

// BeginCheckout says that the checkout of a cart was opened: the first time counts, until its lines change. Clicks after it do not
// bring the buyer any more.
func (s *Service) BeginCheckout(ctx context.Context, cartID string) error {
	_, err := s.db.ExecContext(ctx, `update carts set checkout_at = $2 where id = $1 and checkout_at is null`, cartID, s.now())
	return err
}

const selectCartLines = `
select c.variant_id, p.id as product_id, b.id as brand_id, b.name as brand_name, b.handle as brand_handle, p.slug,
  coalesce(t.title, p.title) as title,
  array_to_string(case when p.lang <> $2 and cardinality(v.option_values_other) > 0 then v.option_values_other else v.option_values end, ' / ') as variant_title,
  v.sku, m.id as media_id, coalesce(m.hash, '') as media_hash, v.price_minor as "price.minor", p.currency as "price.currency",
  p.vat_bps, p.custom_made, v.stock, c.quantity, v.active and (p.state = 'published' or coalesce(p.typed_for = c.cart_id, false)) and b.blocked_at is null as sellable, v.active and p.state = 'launch' and b.blocked_at is null as launching, p.state = 'typed' as typed,
  c.storefront_id, coalesce(r.name, '') as relay_name, coalesce(r.handle, '') as relay_handle, c.click_token, c.added_at,
  c.design_id, coalesce(c.design_revision, 0) as design_revision, coalesce(o.commission_bps, 0) as commission_bps, coalesce(o.margin_bps, 0) as margin_bps,
  pub.design_id as published_id, coalesce(pub.revision, 0) as published_revision, coalesce(c.published_revision, 0) as published_added,
  coalesce((select (e.content->>'days')::integer from design_revisions k join base_versions e on e.id = k.version_id where k.design_id = pub.design_id and k.revision = pub.revision), 0) as published_days
from cart_lines c join variants v on v.id = c.variant_id join products p on p.id = v.product_id join brands b on b.id = p.brand_id
left join product_translations t on t.product_id = p.id and t.lang = $2
left join product_photos f on f.product_id = p.id and f.position = (select min(position) from product_photos where product_id = p.id)
left join media m on m.id = f.media_id left join members r on r.id = c.storefront_id left join publications pub on pub.product_id = p.id
left join lateral (select commission_bps, margin_bps from terms t where t.brand_id = b.id and (t.product_id = p.id or t.product_id is null) and t.valid_from <= $3
    order by t.product_id is null, t.valid_from desc, t.id desc limit 1) o on true
where c.cart_id = $1 order by b.name, b.id, c.added_at, c.variant_id, c.design_id nulls first`

// Look is who looks at a cart, and when: prices depend on both.
type Look struct {
	CartID   string
	MemberID *int64 // signed in; nil: a guest
	Lang     i18n.Lang
	At       time.Time // business time, by which terms are in force
}

// Lines is what a cart holds, by brand and in the order in which it was added, each at the price that is asked now.
func Lines(ctx context.Context, q sqlx.QueryerContext, look Look) ([]Line, error) {
	var ls []Line
	if err := sqlx.SelectContext(ctx, q, &ls, selectCartLines, look.CartID, look.Lang, look.At); err != nil {
		return nil, err
	}
	if err := addMargins(ctx, q, look, ls); err != nil {
		return nil, err
	}
	shareStock(ls)
	return ls, addDesigns(ctx, q, look, ls)
}

// addMargins puts on each line what the storefront asks that it was added from, as far as whoever looks could bring its member anything; of a
// member who would earn nothing the line does not speak.
func addMargins(ctx context.Context, q sqlx.QueryerContext, look Look, ls []Line) error {
	sale := referrals.Sale{At: look.At, BuyerMemberID: look.MemberID}
	var at []int
	for i := range ls {
		l := &ls[i]
		l.Margin = money.New(0, l.Price.Currency)
		if l.StorefrontID == nil {
			continue
		}
		asked, err := storefronts.MarginsOf(ctx, q, *l.StorefrontID, l.ProductID)
		if err != nil {
			return err
		}
		l.Margin = asked[l.ProductID].On(l.Price, l.MarginBps)
		l.Price.Minor += l.Margin.Minor
		at = append(at, i)
		sale.Lines = append(sale.Lines, referrals.SaleLine{ProductID: l.ProductID, BrandID: l.BrandID, StorefrontMemberID: l.StorefrontID, AddedAt: l.AddedAt})
	}
	if len(at) == 0 {
		return nil
	}
	stand, err := referrals.PathStands(ctx, q, sale)
	if err != nil {
		return err
	}
	for i, n := range at {
		if !stand[i] {
			ls[n].Waive()
			ls[n].RelayName, ls[n].CommissionBps = "", 0
		}
	}
	return nil
}

// ByID is a cart as a page shows it to a member, or to a guest (nil); an empty cart where there is none.
func (s *Service) ByID(ctx context.Context, cartID string, memberID *int64, lang i18n.Lang) (Cart, error) {
	lines, err := Lines(ctx, s.db, Look{CartID: cartID, MemberID: memberID, Lang: lang, At: s.now()})
	if err != nil {
		return Cart{}, fmt.Errorf("read cart: %w", err)
	}
	return Gather(ctx, s.db, cartID, lines, lang)
}

// Count is how many pieces a cart holds.
func (s *Service) Count(ctx context.Context, cartID string) (int64, error) {
	var n int64
	err := s.db.GetContext(ctx, &n, `select coalesce(sum(quantity), 0) from cart_lines where cart_id = $1`, cartID)
	return n, err
}

// Gather groups lines by brand and currency and adds the methods of delivery of each. A cart comes to hold two currencies when
// a brand changes its own after the goods were put in.
func Gather(ctx context.Context, q sqlx.QueryerContext, cartID string, lines []Line, lang i18n.Lang) (Cart, error) {
	cart := Cart{ID: cartID}
	for _, l := range lines {
		n := len(cart.Parcels)
		if n == 0 || cart.Parcels[n-1].BrandID != l.BrandID || cart.Parcels[n-1].Goods.Currency != l.Price.Currency {
			cart.Parcels = append(cart.Parcels, Parcel{BrandID: l.BrandID, BrandName: l.BrandName, BrandHandle: l.BrandHandle,
				Goods: money.New(0, l.Price.Currency), Worth: money.New(0, l.Price.Currency)})
			n++
		}
		p := &cart.Parcels[n-1]
		p.Lines = append(p.Lines, l)
		p.Goods.Minor += l.Total().Minor
		p.Worth.Minor += l.Total().Minor - l.Added().Minor
		if cart.Goods.Currency == "" {
			cart.Goods.Currency = l.Price.Currency
		}
		cart.Count += l.Quantity
		switch {
		case l.Price.Currency == cart.Goods.Currency:
			cart.Goods.Minor += l.Total().Minor
		case !slices.Contains(cart.Others, l.Price.Currency):
			cart.Others = append(cart.Others, l.Price.Currency)
		}
	}
	for i := range cart.Parcels {
		ms, err := Methods(ctx, q, cart.Parcels[i].BrandID, lang)
		if err != nil {
			return Cart{}, err
		}
		cart.Parcels[i].Methods = ms
	}
	return cart, nil
}
