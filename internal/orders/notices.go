package orders

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// fewLeft is the stock at which the team of a brand is told.
const fewLeft = 3

const selectFewLeft = `
select v.id, v.stock, p.title, array_to_string(v.option_values, ' / ') as variant, p.brand_id, b.name as brand, b.handle, p.id as product_id
from variants v join products p on p.id = v.product_id join brands b on b.id = p.brand_id where v.id = any($1) and v.stock <= $2 and v.active order by v.id`

// tellTeams tells the team of each brand what it sold, and of which pieces few are left; of these at most once a day.
func (s *Service) tellTeams(ctx context.Context, tx *sqlx.Tx, o Order, shipments []Shipment) error {
	now := s.now()
	var variants []int64
	for _, sh := range shipments {
		sum := sh.ShippingMinor
		for _, l := range sh.Lines {
			sum += l.TotalMinor
			variants = append(variants, l.VariantID)
		}
		err := notices.TellTeam(ctx, tx, sh.BrandID, notices.Notice{Kind: notices.BrandOrder, Event: "placed", Subject: fmt.Sprintf("order:%d:%d", o.ID, sh.BrandID), At: now,
			Path: "/brand/" + sh.BrandHandle + "/orders/" + o.Number, Args: notices.Args{"Amount": money.New(sum, o.Currency), "Brand": sh.BrandName, "Number": o.Number}})
		if err != nil {
			return err
		}
	}
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
		err := notices.TellTeam(ctx, tx, v.BrandID, notices.Notice{Kind: notices.BrandStock, Event: event, Subject: fmt.Sprintf("variant:%d:%s", v.ID, i18n.Day(now)), At: now,
			Path: fmt.Sprintf("/brand/%s/products/%d", v.Handle, v.ProductID), Args: notices.Args{"Title": title, "Brand": v.Brand, "Left": v.Stock}})
		if err != nil {
			return err
		}
	}
	return nil
}
