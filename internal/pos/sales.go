package pos

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/address"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/storefronts"
)

// Beginning is a basket that somebody opens.
type Beginning struct {
	Operation string // one-time value of the page: sent twice, it is one basket
	SellerID  int64
	BrandID   int64 // whose team the seller is on; 0: their own storefront
	Place     Place
	Country   string
	Lang      i18n.Lang
}

const insertSale = `
insert into counter_sales (operation, seller_id, brand_id, cart_id, place, country, lang, created_at)
values ($1, $2, nullif($3::bigint, 0), $4, $5, $6, $7, $8) on conflict (operation) do nothing`

// Begin opens a basket, and says its number. ErrGone where the seller is not on the brand's team; the fields place, country, operation.
func (s *Service) Begin(ctx context.Context, b Beginning) (id int64, err error) {
	switch {
	case len(b.Operation) < 16 || len(b.Operation) > 64:
		return 0, fault.Field("operation", "fault.form_stale")
	case !slices.Contains(Places(), b.Place):
		return 0, fault.Field("place", "fault.required")
	case !address.Known(b.Country):
		return 0, fault.Field("country", "fault.country")
	}
	if b.BrandID != 0 {
		if on, err := onTeam(ctx, s.db, b.SellerID, b.BrandID); err != nil || !on {
			return 0, errors.Join(err, gone(!on))
		}
	}
	return id, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, insertSale, b.Operation, b.SellerID, b.BrandID, rand.Text(), b.Place, b.Country, b.Lang, s.now()); err != nil {
			return postgres.Translate(err)
		}
		return orGone(tx.GetContext(ctx, &id, `select id from counter_sales where operation = $1 and seller_id = $2`, b.Operation, b.SellerID))
	})
}

func gone(is bool) error {
	if is {
		return ErrGone
	}
	return nil
}

func orGone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrGone
	}
	return postgres.Translate(err)
}

// onTeam says whether a member works for a brand.
func onTeam(ctx context.Context, q sqlx.QueryerContext, memberID, brandID int64) (bool, error) {
	seats, err := catalog.Seats(ctx, q, memberID)
	return slices.ContainsFunc(seats, func(s catalog.Seat) bool { return s.BrandID == brandID }), err
}

// of reads a sale that a member may see: their own, or one of a brand whose team they are on. ErrGone.
func (s *Service) of(ctx context.Context, memberID, saleID int64) (Sale, error) {
	sale, err := saleWhere(ctx, s.db, `c.id = $1`, saleID)
	if err != nil {
		return sale, err
	}
	if sale.BrandID == nil {
		return sale, gone(sale.SellerID != memberID)
	}
	on, err := onTeam(ctx, s.db, memberID, *sale.BrandID)
	return sale, errors.Join(err, gone(!on))
}

// Put has a basket hold so many of a variant, 0: none. Sent twice it holds no more. ErrBegun where its code is shown; ErrNotHere where the
// storefront does not list the product, or the brand does not make it; the faults of carts.
func (s *Service) Put(ctx context.Context, memberID, saleID, variantID, quantity int64) error {
	sale, err := s.of(ctx, memberID, saleID)
	if err != nil {
		return err
	}
	if sale.State != Draft {
		return ErrBegun
	}
	if quantity < 0 || quantity > 99 {
		return fault.Field("quantity", "fault.quantity")
	}
	if quantity == 0 {
		return s.carts.SetQuantity(ctx, sale.CartID, variantID, 0)
	}
	if err := s.sells(ctx, sale, variantID); err != nil {
		return err
	}
	var holds bool
	if err := s.db.GetContext(ctx, &holds, `select exists (select 1 from cart_lines where cart_id = $1 and variant_id = $2 and design_id is null)`, sale.CartID, variantID); err != nil {
		return postgres.Translate(err)
	}
	if !holds {
		a := carts.Addition{CartID: sale.CartID, VariantID: variantID, Quantity: quantity, Lang: sale.Lang}
		if sale.BrandID == nil {
			a.StorefrontID = &sale.SellerID // attributed by the first rule: the storefront
		}
		if _, err := s.carts.Add(ctx, a); err != nil {
			return err
		}
	}
	return s.carts.SetQuantity(ctx, sale.CartID, variantID, quantity) // of two requests at once both say the same number
}

const selectVariantOf = `select p.id, p.brand_id from variants v join products p on p.id = v.product_id where v.id = $1`

// sells says whether a variant may be in a basket.
func (s *Service) sells(ctx context.Context, sale Sale, variantID int64) error {
	var p struct {
		ID      int64 `db:"id"`
		BrandID int64 `db:"brand_id"`
	}
	if err := s.db.GetContext(ctx, &p, selectVariantOf, variantID); err != nil {
		return orGone(err)
	}
	if sale.BrandID != nil {
		if p.BrandID != *sale.BrandID {
			return ErrNotHere
		}
		return nil
	}
	listed, err := storefronts.Listed(ctx, s.db, sale.SellerID, p.ID)
	if err == nil && !listed {
		return ErrNotHere
	}
	return err
}

// change locks a sale, with its order, and hands it over.
func (s *Service) change(ctx context.Context, memberID, saleID int64, do func(tx *sqlx.Tx, sale Sale) error) error {
	if _, err := s.of(ctx, memberID, saleID); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		sale, err := saleWhere(ctx, tx, `c.id = $1 for update of c`, saleID)
		if err != nil {
			return err
		}
		if sale.OrderID == nil && sale.State != Draft { // it may have one that is not noted down yet
			if err := link(ctx, tx, saleID); err != nil {
				return err
			}
			if sale, err = saleWhere(ctx, tx, `c.id = $1`, saleID); err != nil {
				return err
			}
		}
		return do(tx, sale)
	})
}

// Move says that a basket is sold somewhere else. ErrBegun.
func (s *Service) Move(ctx context.Context, memberID, saleID int64, p Place) error {
	if !slices.Contains(Places(), p) {
		return fault.Field("place", "fault.required")
	}
	return s.change(ctx, memberID, saleID, func(tx *sqlx.Tx, sale Sale) error {
		if sale.State != Draft {
			return ErrBegun
		}
		_, err := tx.ExecContext(ctx, `update counter_sales set place = $2 where id = $1`, saleID, p)
		return postgres.Translate(err)
	})
}

const updateShown = `
update counter_sales set state = 'shown', token = $2, shown_at = $3, expires_at = $4, total_minor = $5, currency = $6, buyer = '' where id = $1`

// Show freezes a basket and makes the code that its buyer scans; one that is shown keeps its code until its time is over. Faults: ErrEmpty,
// ErrBegun, those of May, carts.ErrUnavailable, carts.ErrCurrencies, the field quantity where less is in stock.
func (s *Service) Show(ctx context.Context, memberID, saleID int64) error {
	return s.change(ctx, memberID, saleID, func(tx *sqlx.Tx, sale Sale) error {
		now := s.now()
		switch {
		case sale.OrderID != nil || sale.State == Cancelled:
			return ErrBegun
		case sale.State == Shown && now.Before(*sale.ExpiresAt):
			return nil
		case sale.Busy(now):
			return ErrBegun
		}
		lines, err := carts.Lines(ctx, tx, carts.Look{CartID: sale.CartID, Lang: sale.Lang, At: now})
		if err != nil {
			return fmt.Errorf("show sale %d: %w", saleID, err)
		}
		total, err := totalOf(lines)
		if err != nil {
			return err
		}
		if _, err := s.allowed(ctx, tx, sale, lines); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, updateShown, saleID, rand.Text(), now, now.Add(ShownTime), total.Minor, total.Currency)
		return postgres.Translate(err)
	})
}

// totalOf is the total of a basket that can be sold as it stands.
func totalOf(lines []carts.Line) (money.Amount, error) {
	if len(lines) == 0 {
		return money.Amount{}, ErrEmpty
	}
	total := money.New(0, lines[0].Price.Currency)
	for _, l := range lines {
		switch {
		case !l.Sellable:
			return total, carts.ErrUnavailable
		case l.Price.Currency != total.Currency:
			return total, carts.ErrCurrencies
		case l.Short():
			return total, fault.Field("quantity", "fault.stock_short").Arg("Stock", l.Stock)
		}
		total.Minor += l.Total().Minor
	}
	return total, nil
}

// allowed asks the law and each brand whether a basket may be sold where it is, and returns what the brands want said.
func (s *Service) allowed(ctx context.Context, q sqlx.QueryerContext, sale Sale, lines []carts.Line) ([]Rules, error) {
	law := sale.Law()
	if !law.Payable {
		return nil, ErrLaw
	}
	var said []Rules
	seen := map[int64]bool{}
	for _, l := range lines {
		if seen[l.BrandID] {
			continue
		}
		seen[l.BrandID] = true
		r, err := RulesOf(ctx, q, l.BrandID, sale.Country)
		if err != nil {
			return nil, err
		}
		if r.BrandName = l.BrandName; r.Warning != "" {
			said = append(said, r)
		}
		if err := May(law, sale.Place, r, sale.BrandID == nil); err != nil {
			return said, err
		}
	}
	return said, nil
}

// Edit opens a shown basket again, and makes its code worthless. ErrBegun where somebody has agreed.
func (s *Service) Edit(ctx context.Context, memberID, saleID int64) error {
	return s.change(ctx, memberID, saleID, func(tx *sqlx.Tx, sale Sale) error {
		if sale.State == Draft {
			return nil
		}
		if sale.OrderID != nil || sale.State != Shown || sale.Busy(s.now()) {
			return ErrBegun
		}
		_, err := tx.ExecContext(ctx, `update counter_sales set state = 'draft', token = null, buyer = '' where id = $1`, saleID)
		return postgres.Translate(err)
	})
}

// Cancel ends a sale that is not paid, and with it its order and its payment at a reader. ErrPaid where somebody was quicker.
func (s *Service) Cancel(ctx context.Context, memberID, saleID int64) error {
	if _, err := s.of(ctx, memberID, saleID); err != nil {
		return err
	}
	if err := s.link(ctx, saleID); err != nil {
		return err
	}
	sale, err := saleWhere(ctx, s.db, `c.id = $1`, saleID)
	if err != nil {
		return err
	}
	if sale.OrderID != nil {
		if err := s.giveUp(ctx, sale); err != nil {
			return err
		}
		if err := s.orders.Cancel(ctx, *sale.OrderID); err != nil {
			return err
		}
		o, err := s.orders.ByID(ctx, *sale.OrderID)
		if err != nil || o.State.WasPaid() {
			return errors.Join(err, paid(o.State.WasPaid()))
		}
	}
	ended, err := s.db.ExecContext(ctx, updateCancelled, saleID, s.now(), sale.OrderID)
	if err != nil {
		return postgres.Translate(err)
	}
	if n, err := ended.RowsAffected(); err != nil || n == 1 {
		return err
	}
	now, err := saleWhere(ctx, s.db, `c.id = $1`, saleID)
	if err != nil || now.State == Cancelled && now.OrderID == nil || sale.OrderID != nil {
		return err
	}
	return s.Cancel(ctx, memberID, saleID) // somebody has agreed since
}

// A sale ends without an order only while it has none.
const updateCancelled = `
update counter_sales set state = 'cancelled', ended_at = $2 where id = $1 and state <> 'cancelled' and order_id is not distinct from $3`

func paid(is bool) error {
	if is {
		return ErrPaid
	}
	return nil
}
