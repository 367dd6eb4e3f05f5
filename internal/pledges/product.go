package pledges

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/postgres"
)

// The faults of a product that is to be launched.
var (
	ErrNotDraft = fault.Field("product", "fault.pledges.launch_draft") // only a draft can be, of which something has a price
	ErrSold     = fault.Field("product", "fault.pledges.launch_sold")  // it was ordered before: it is made
)

const (
	// As for every change of a catalogue, the brand is locked first.
	lockBrand = `select 1 from brands where id = $1 for no key update`

	selectLaunchable = `
select p.state, p.currency = b.currency as priced_in_own, exists (select 1 from variants v where v.product_id = p.id and v.active) as priced,
  exists (select 1 from order_lines l where l.product_id = p.id) as sold
from products p join brands b on b.id = p.brand_id where p.id = $1 and p.brand_id = $2 for no key update of p`

	moveProduct = `
update products set state = $3, updated_at = $4, published_at = case when $3 = 'published' then coalesce(published_at, $4) else published_at end where id = $1 and state = $2`
)

// begin has a draft of a brand be seen by everybody before it can be bought. ErrNotDraft, also of what is none of the brand's; ErrSold; catalog.ErrPricedElsewhere.
func begin(ctx context.Context, tx *sqlx.Tx, brandID, productID int64, now time.Time) error {
	if _, err := tx.ExecContext(ctx, lockBrand, brandID); err != nil {
		return postgres.Translate(err)
	}
	var is struct {
		State       catalog.State `db:"state"`
		PricedInOwn bool          `db:"priced_in_own"`
		Priced      bool          `db:"priced"`
		Sold        bool          `db:"sold"`
	}
	err := orGone(tx.GetContext(ctx, &is, selectLaunchable, productID, brandID))
	switch {
	case errors.Is(err, ErrGone), err == nil && (is.State != catalog.Draft || !is.Priced):
		return ErrNotDraft
	case err != nil:
		return fmt.Errorf("look whether product %d can be launched: %w", productID, err)
	case is.Sold:
		return ErrSold
	case !is.PricedInOwn:
		return catalog.ErrPricedElsewhere
	}
	_, err = tx.ExecContext(ctx, moveProduct, productID, catalog.Draft, catalog.Launching, now)
	return postgres.Translate(err)
}

// finish has the product of a launch be a draft again or, once it is made, for sale. What is no launch has none.
func (s *Service) finish(ctx context.Context, tx *sqlx.Tx, c Campaign, to catalog.State) error {
	if !c.IsLaunch() {
		return nil
	}
	if _, err := tx.ExecContext(ctx, lockBrand, c.BrandID); err != nil {
		return postgres.Translate(err)
	}
	_, err := tx.ExecContext(ctx, moveProduct, c.ProductID, catalog.Launching, to, s.now())
	return postgres.Translate(err)
}
