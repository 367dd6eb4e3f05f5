package carts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
)

// Method is a way of delivery that a brand offers.
type Method struct {
	ID            int64    `db:"id"`
	BrandID       int64    `db:"brand_id"`
	Name          string   `db:"name"`
	PriceMinor    int64    `db:"price_minor"`
	FreeFromMinor *int64   `db:"free_from_minor"` // goods total of the brand from which it is free
	DaysMin       int      `db:"days_min"`
	DaysMax       int      `db:"days_max"`
	Countries     []string `db:"-"`
}

// Cost is the price of delivery of goods worth so much, in minor units.
func (m Method) Cost(goods int64) int64 {
	if m.FreeFromMinor != nil && goods >= *m.FreeFromMinor {
		return 0
	}
	return m.PriceMinor
}

// Reaches says whether the method delivers to a country.
func (m Method) Reaches(country string) bool {
	return slices.Contains(m.Countries, country)
}

// Choose picks the method for a parcel: the one that the buyer chose if it reaches the country, else the first offered
// that does, as the brand knows best what most want. ErrNoDelivery where none does.
func Choose(methods []Method, chosen int64, country string) (Method, error) {
	reach := func(m Method) bool { return m.Reaches(country) }
	if i := slices.IndexFunc(methods, func(m Method) bool { return m.ID == chosen && reach(m) }); i >= 0 {
		return methods[i], nil
	}
	if i := slices.IndexFunc(methods, reach); i >= 0 {
		return methods[i], nil
	}
	return Method{}, ErrNoDelivery
}

// Delivery is the ways of delivery that a brand offers, in its order.
func (s *Service) Delivery(ctx context.Context, brandID int64, lang i18n.Lang) ([]Method, error) {
	return Methods(ctx, s.db, brandID, lang)
}

// stringArray reads a text[] that was selected as JSON.
type stringArray []string

// Scan reads the JSON form of a text[].
func (a *stringArray) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok {
		return fmt.Errorf("scan %T into strings", v)
	}
	return json.Unmarshal(b, (*[]string)(a))
}

const selectMethods = `
select m.id, m.brand_id, case when b.lang <> $2 and m.name_other <> '' then m.name_other else m.name end as name,
  m.price_minor, m.free_from_minor, m.days_min, m.days_max, to_json(m.countries)::text::bytea as countries
from delivery_methods m join brands b on b.id = m.brand_id where m.brand_id = $1 and m.active order by m.position, m.id`

// Methods is Delivery for whoever has a transaction open.
func Methods(ctx context.Context, q sqlx.QueryerContext, brandID int64, lang i18n.Lang) ([]Method, error) {
	var rows []struct {
		Method
		Countries stringArray `db:"countries"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectMethods, brandID, lang); err != nil {
		return nil, fmt.Errorf("read delivery methods: %w", err)
	}
	ms := make([]Method, len(rows))
	for i, r := range rows {
		ms[i] = r.Method
		ms[i].Countries = r.Countries
	}
	return ms, nil
}
