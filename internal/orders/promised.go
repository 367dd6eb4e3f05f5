package orders

import (
	"cmp"
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/carts"
	"relais/internal/money"
)

// Promise is what a buyer was shown when they promised to buy the only thing in a cart, and lets the order be made later, when the day to pay
// has come. The stock is the promise's already; what was promised in a launch is yet to be made and in no stock.
type Promise struct {
	At         time.Time    // when they promised: terms, and who brought them, are those of that moment
	OpenedBy   int64        // who opened the group order in which they did; 0: it was a launch, of which nobody earns who opened it
	PriceMinor int64        // of one piece, to be paid now, VAT included
	Method     carts.Method // the delivery chosen then
	CostMinor  int64        // of it
	ExpiresAt  time.Time    // until then the order waits to be paid
	Expected   *time.Time   // of a launch: the month in which it is delivered
}

// PlacePromised makes the order of a promise in the caller's transaction; twice with the same Operation it is the same order. A margin is not
// asked. Faults: the fields of the form, carts.ErrEmptyCart, carts.ErrUnavailable.
func (s *Service) PlacePromised(ctx context.Context, tx *sqlx.Tx, p Placement, promise Promise) (Order, error) {
	if err := p.check(); err != nil {
		return Order{}, err
	}
	if o, made, err := placed(ctx, tx, p.Operation); made || err != nil {
		return o, err
	}
	lines, err := carts.Lines(ctx, tx, carts.Look{CartID: p.CartID, MemberID: p.MemberID, Lang: p.Lang, At: s.now()})
	if err != nil || len(lines) != 1 {
		return Order{}, cmp.Or(err, error(carts.ErrEmptyCart))
	}
	lines[0].Sellable = lines[0].Sellable || promise.Expected != nil && lines[0].Launching // what is being launched is sold to whoever promised
	if err := carts.Orderable(lines, false, ""); err != nil {
		return Order{}, err
	}
	l := &lines[0]
	l.Margin.Minor, l.Price.Minor = 0, promise.PriceMinor
	parcels := []Parcel{{BrandID: l.BrandID, Goods: l.Total(), Method: promise.Method, Cost: money.New(promise.CostMinor, l.Price.Currency)}}
	p.promised = &promise
	n := s.draft(p, parcels)
	n.ExpiresAt, n.Expected = promise.ExpiresAt, promise.Expected
	return s.write(ctx, tx, p, n, parcels, lines)
}
