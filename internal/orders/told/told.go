// Package told says what an order is to each of those whom it concerns: its buyer where they are a member, the member who brought them, and the
// teams of its brands. Nobody is told who bought but the brand, on the page that it leads to.
package told

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// Order is what of an order is named.
type Order struct {
	ID       int64
	Number   string
	Token    string
	MemberID *int64 // the buyer; nil: a guest
	InPerson bool   // sold face to face
	At       time.Time
}

// Buyer tells the buyer what became of their order, if they are a member; the letter about it is written already. key says once what it is about.
func Buyer(ctx context.Context, tx *sqlx.Tx, o Order, event, key string, args notices.Args) error {
	if o.MemberID == nil {
		return nil
	}
	args["Number"] = o.Number
	return notices.Tell(ctx, tx, notices.Notice{MemberID: *o.MemberID, Kind: notices.Order, Event: event, Subject: fmt.Sprintf("order:%d:%s", o.ID, key),
		Path: "/o/" + o.Token, At: o.At, Args: args, Written: true})
}

// Sold is the part of an order that a brand sold.
type Sold struct {
	BrandID      int64
	Name, Handle string
	Amount       money.Amount // with delivery
}

// Team tells the team of a brand what it sold.
func Team(ctx context.Context, tx *sqlx.Tx, o Order, s Sold) error {
	return notices.TellTeam(ctx, tx, s.BrandID, notices.Notice{Kind: notices.BrandOrder, Event: "placed", Subject: fmt.Sprintf("order:%d:%d", o.ID, s.BrandID), At: o.At,
		Path: "/brand/" + s.Handle + "/orders/" + o.Number, Args: notices.Args{"Amount": s.Amount, "Brand": s.Name, "Number": o.Number}})
}

// fewLeft is the stock at which the team of a brand is told.
const fewLeft = 3

const selectFewLeft = `
select v.id, v.stock, p.title, array_to_string(v.option_values, ' / ') as variant, p.brand_id, b.name as brand, b.handle, p.id as product_id
from variants v join products p on p.id = v.product_id join brands b on b.id = p.brand_id where v.id = any($1) and v.stock <= $2 and v.active and p.state <> 'typed' order by v.id`

// Stock tells the teams of which of these variants few pieces are left, or none: of each at most once a day.
func Stock(ctx context.Context, tx *sqlx.Tx, at time.Time, variants []int64) error {
	var few []struct {
		ID        int64  `db:"id"`
		Stock     int64  `db:"stock"`
		Title     string `db:"title"`
		Variant   string `db:"variant"`
		BrandID   int64  `db:"brand_id"`
		Brand     string `db:"brand"`
		Handle    string `db:"handle"`
		ProductID int64  `db:"product_id"`
	}
	slices.Sort(variants)
	if err := tx.SelectContext(ctx, &few, selectFewLeft, pq.Array(variants), fewLeft); err != nil {
		return fmt.Errorf("look at the stock: %w", postgres.Translate(err))
	}
	for _, v := range few {
		event, title := "low", v.Title
		if v.Stock == 0 {
			event = "out"
		}
		if v.Variant != "" {
			title += " (" + v.Variant + ")"
		}
		err := notices.TellTeam(ctx, tx, v.BrandID, notices.Notice{Kind: notices.BrandStock, Event: event, Subject: fmt.Sprintf("variant:%d:%s", v.ID, i18n.Day(at)), At: at,
			Path: fmt.Sprintf("/brand/%s/products/%d", v.Handle, v.ProductID), Args: notices.Args{"Title": title, "Brand": v.Brand, "Left": v.Stock}})
		if err != nil {
			return err
		}
	}
	return nil
}

// The sale may not know of its order yet: its number is in the operation.
const selectSeller = `
select c.id, c.seller_id from orders o join counter_sales c on c.id = substring(o.operation from '^counter-sale-([0-9]{12,18})$')::bigint where o.id = $1`

// AtCounter tells who sells face to face that their buyer has paid.
func AtCounter(ctx context.Context, tx *sqlx.Tx, o Order, total money.Amount) error {
	var sales []struct {
		ID       int64 `db:"id"`
		SellerID int64 `db:"seller_id"`
	}
	if err := tx.SelectContext(ctx, &sales, selectSeller, o.ID); err != nil {
		return fmt.Errorf("find who sold order %d: %w", o.ID, postgres.Translate(err))
	}
	for _, s := range sales {
		err := notices.Tell(ctx, tx, notices.Notice{MemberID: s.SellerID, Kind: notices.Counter, Event: "paid", Subject: fmt.Sprintf("order:%d", o.ID), At: o.At,
			Path: fmt.Sprintf("/sell/%d", s.ID), Args: notices.Args{"Amount": total, "Number": o.Number}})
		if err != nil {
			return err
		}
	}
	return nil
}
