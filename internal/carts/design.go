package carts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/money"
)

// The faults of designs in a cart.
var (
	ErrDesign      = fault.New(fault.Conflict, "fault.cart_design")         // a design that cannot be made as it is, or that its author changed at this moment
	ErrDesignMoved = fault.New(fault.Conflict, "fault.cart_design_changed") // a design is not as it was shown
	ErrDesignHere  = fault.New(fault.Conflict, "fault.cart_design_sent")    // a design in a sale face to face or in a group order
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
	case d.Trouble() != designs.NoTrouble:
		return nil, ErrDesign
	}
	return &d.Revision, nil
}

// addDesigns reads the designs of a cart as they are now, for their author alone, and puts what they cost on the price. What is made to one's wishes is
// not withdrawn from, and a margin is counted on the brand's price without it. Others read of a design no more than its number.
func addDesigns(ctx context.Context, q sqlx.QueryerContext, look Look, ls []Line) error {
	for i := range ls {
		l := &ls[i]
		l.Options = money.New(0, l.Price.Currency)
		if l.DesignID == nil {
			continue
		}
		l.CustomMade = true
		l.VariantTitle = strings.TrimPrefix(l.VariantTitle+" · "+look.Lang.T("shop.cart.design.number", "Number", fmt.Sprint(*l.DesignID)), " · ")
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
		if trouble := d.Trouble(); trouble != designs.NoTrouble {
			l.Sellable, l.DesignTrouble = false, "shop.cart.design."+string(trouble)
		}
		l.Options.Minor = d.Options().Minor
		l.Price.Minor += l.Options.Minor
	}
	return nil
}

// shareStock leaves to each line of a variant what the lines of it before do not take.
func shareStock(ls []Line) {
	taken := map[int64]int64{}
	for i := range ls {
		l := &ls[i]
		l.Stock = max(0, l.Stock-taken[l.VariantID])
		taken[l.VariantID] += l.Quantity
	}
}

// Seen names the designs of a cart, each in its revision, published ones too: what a page showed, and an order must find again. Empty without any.
func Seen(ls []Line) string {
	var names []string
	for _, l := range ls {
		if l.DesignID != nil {
			names = append(names, fmt.Sprintf("%d.%d", *l.DesignID, l.Design.Revision))
		}
		if l.PublishedID != nil {
			names = append(names, fmt.Sprintf("%d.%d", *l.PublishedID, l.PublishedRevision))
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// Orderable says why lines cannot be ordered as they stand, with the designs that were seen: ErrEmptyCart, ErrDesign, ErrUnavailable, ErrDesignMoved. Where nothing is
// sent, as face to face, and in a group order, there are no designs of one's own: ErrDesignHere; a published one is sold there as any piece is.
func Orderable(ls []Line, sent bool, seen string) error {
	if len(ls) == 0 {
		return ErrEmptyCart
	}
	for _, l := range ls {
		switch {
		case l.DesignID != nil && !sent:
			return ErrDesignHere
		case l.DesignTrouble != "":
			return ErrDesign
		case !l.Sellable:
			return ErrUnavailable
		}
	}
	if sent && Seen(ls) != seen {
		return ErrDesignMoved
	}
	return nil
}

// Freeze keeps the design of a line for good, as it is ordered, and says which design and revision the line is made to; nil without one. What was published was kept when it was,
// and is made for an order that is sent; face to face the piece is there already. ErrDesign where its author changed it at this moment.
func (l Line) Freeze(ctx context.Context, tx *sqlx.Tx, sent bool, at time.Time) (designID *int64, revision *int, err error) {
	switch {
	case l.DesignID == nil && (l.PublishedID == nil || !sent):
		return nil, nil, nil
	case l.DesignID == nil:
		return l.PublishedID, &l.PublishedRevision, nil
	}
	err = designs.Freeze(ctx, tx, l.Design, at)
	if errors.Is(err, designs.ErrElsewhere) {
		err = ErrDesign
	}
	return l.DesignID, &l.Design.Revision, err
}

// MakingDays is how long it takes to make the piece before it is sent, in days; 0: it is there, or its brand does not say.
func (l Line) MakingDays() int { return max(l.Design.Base.Days, l.PublishedDays) }
