package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
)

// The faults of a product that is to be launched.
var (
	ErrNotDraft = fault.Field("product", "fault.catalog.launch_draft") // only a draft can be, of which something is for sale
	ErrSold     = fault.Field("product", "fault.catalog.launch_sold")  // it was ordered before: it is made
)

const selectLaunchable = `
select exists (select 1 from variants where product_id = $1 and active) as priced, exists (select 1 from order_lines where product_id = $1) as sold`

// BeginLaunch has a draft of a brand seen by everybody before it can be bought: from now on it is Launching, and only whoever runs the launch moves it on.
// Faults: NotFound, ErrNotDraft, ErrSold, ErrPricedElsewhere.
func BeginLaunch(ctx context.Context, tx *sqlx.Tx, brandID, productID int64, now time.Time) (Product, error) {
	if err := lockBrand(ctx, tx, brandID); err != nil {
		return Product{}, err
	}
	p, err := productForUpdate(ctx, tx, brandID, productID)
	if err != nil {
		return p, err
	}
	var is struct {
		Priced bool `db:"priced"`
		Sold   bool `db:"sold"`
	}
	if err := tx.GetContext(ctx, &is, selectLaunchable, productID); err != nil {
		return p, fmt.Errorf("look whether product %d can be launched: %w", productID, err)
	}
	switch {
	case p.State != Draft || !is.Priced:
		return p, ErrNotDraft
	case is.Sold:
		return p, ErrSold
	}
	if err := pricedInOwn(ctx, tx, productID); err != nil {
		return p, err
	}
	p.State = Launching
	return p, moveTo(ctx, tx, productID, Launching, now)
}

// EndLaunch has a product that is being launched become a draft again, or, once it is made, one that is for sale. Of any other product it changes nothing.
func EndLaunch(ctx context.Context, tx *sqlx.Tx, brandID, productID int64, to State, now time.Time) error {
	if err := lockBrand(ctx, tx, brandID); err != nil {
		return err
	}
	p, err := productForUpdate(ctx, tx, brandID, productID)
	if err != nil || p.State != Launching {
		return err
	}
	return moveTo(ctx, tx, productID, to, now)
}
