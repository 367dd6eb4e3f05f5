package carts

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/money"
)

// designed is the revision of the design that is put into a cart; nil without one.
func designed(ctx context.Context, q sqlx.QueryerContext, a Addition, productID int64) (*int, error) {
	if a.DesignID == nil {
		return nil, nil
	}
	if a.MemberID == nil {
		return nil, fault.New(fault.NotFound, "fault.not_found")
	}
	d, err := designs.ByID(ctx, q, *a.MemberID, *a.DesignID)
	switch {
	case err != nil:
		return nil, err
	case d.ProductID != productID:
		return nil, fault.New(fault.NotFound, "fault.not_found")
	case trouble(d) != "":
		return nil, ErrDesign
	}
	return &d.Revision, nil
}

// trouble is why a design cannot be ordered; empty: it can.
func trouble(d designs.Design) string {
	switch {
	case !d.Offered:
		return "shop.cart.design.withdrawn"
	case len(d.Problems()) > 0:
		return "shop.cart.design.unready"
	}
	return ""
}

// addDesigns reads the designs of a cart as they are now, for their author alone, and puts what they cost on the price. What is made to one's wishes is
// not withdrawn from, and a margin is counted on the brand's price without it.
func addDesigns(ctx context.Context, q sqlx.QueryerContext, look Look, ls []Line) error {
	for i := range ls {
		l := &ls[i]
		l.Options = money.New(0, l.Price.Currency)
		if l.DesignID == nil {
			continue
		}
		l.CustomMade = true
		if look.MemberID == nil {
			l.Sellable, l.DesignTrouble = false, "shop.cart.design.sign_in"
			continue
		}
		d, err := designs.ByID(ctx, q, *look.MemberID, *l.DesignID)
		if errors.Is(err, fault.NotFound) {
			l.Sellable, l.DesignTrouble = false, "shop.cart.design.gone"
			continue
		}
		if err != nil {
			return err
		}
		l.Design = d
		if l.DesignTrouble = trouble(d); l.DesignTrouble != "" {
			l.Sellable = false
		}
		l.Options.Minor = d.Options().Minor
		l.Price.Minor += l.Options.Minor
		if l.VariantTitle != "" {
			l.VariantTitle += " · "
		}
		l.VariantTitle += d.Title
	}
	return nil
}

// Freeze keeps the design of a line for good, as it is ordered, and says which revision it is; nil without one. ErrDesign where its author changed it at this moment.
func (l Line) Freeze(ctx context.Context, tx *sqlx.Tx, at time.Time) (*int, error) {
	if l.DesignID == nil {
		return nil, nil
	}
	err := designs.Freeze(ctx, tx, l.Design, at)
	if errors.Is(err, designs.ErrElsewhere) {
		return nil, ErrDesign
	}
	return &l.Design.Revision, err
}
