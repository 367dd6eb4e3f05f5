package app_test

import (
	"fmt"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/pledges"
)

// launched adds three launches, each with a pledge: one of which three days make one that is reached and charged and not made yet, one of which they make one that
// is missed, and one that stays open.
func launched(t *testing.T, w *apptest.World) {
	t.Helper()
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, is := range []struct{ goal, days int }{{2, 3}, {5, 3}, {1, 30}} {
		shop := w.Shop(fmt.Sprint("four", i), 7000, 0)
		ok(w.Catalog.MoveProduct(ctx, shop.Owner, shop.Brand, shop.Product, catalog.Draft))
		g, err := w.Pledges.Launch(ctx, shop.Owner, shop.Brand, pledges.LaunchDraft{ProductID: shop.Product, Goal: is.goal, Max: 5, Days: is.days, Expected: w.Clock.Now().AddDate(0, 2, 0), Plan: "La terre."})
		ok(err)
		o := apptest.Placement("", fmt.Sprintf("soutien%d@poste.example", i))
		p, err := w.Pledges.Join(ctx, pledges.Joining{Code: g.Code, Operation: o.Operation, VariantID: shop.Variant, Quantity: 2, Email: o.Email, Address: o.Address, Consent: true, Lang: i18n.FR})
		ok(err)
		page, err := w.Pledges.OpenSetup(ctx, p.Token)
		ok(err)
		w.PayAt(page, apptest.Good)
		w.Settle()
	}
}
