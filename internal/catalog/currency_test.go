package catalog_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
)

func TestMayChangeCurrency(t *testing.T) {
	for _, tt := range []struct {
		published int
		ordered   bool
		want      error
	}{{0, false, nil}, {1, false, catalog.ErrCurrencyFixed}, {0, true, catalog.ErrCurrencyFixed}} {
		if err := catalog.MayChangeCurrency(tt.published, tt.ordered); !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

func TestBrandsSellInEnabledCurrencies(t *testing.T) {
	h := newHouse(t)
	if got := h.Currencies(); !slices.Equal(got, []money.Currency{"EUR", "GBP", "JPY"}) {
		t.Errorf("currencies %v", got)
	}
	d := brandDraft("atelier-nord")
	d.Currency = "CHF"
	if _, err := h.CreateBrand(t.Context(), h.owner, d); !errors.Is(err, fault.Invalid) {
		t.Errorf("a brand in a currency that is not enabled: %v", err)
	}
	if err := h.SetCurrency(t.Context(), h.owner, h.brand.ID, "CHF"); !errors.Is(err, fault.Invalid) {
		t.Errorf("a currency that is not enabled: %v", err)
	}
	d.Currency = "JPY"
	if b, err := h.CreateBrand(t.Context(), h.owner, d); err != nil || b.Currency != "JPY" {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestCurrencyChangesOnlyWhileNothingIsSold(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	if _, err := h.PutDelivery(ctx, h.owner, h.brand.ID, catalog.DeliveryMethod{Name: "Colissimo", PriceMinor: 500, DaysMin: 2, DaysMax: 4, Countries: []string{"FR"}, Active: true}); err != nil {
		t.Fatal(err)
	}
	p := h.product(t, "Bol")
	if err := h.SetCurrency(ctx, h.owner, h.brand.ID, "JPY"); !errors.Is(err, catalog.ErrCurrencyFixed) {
		t.Errorf("with a published product: %v", err)
	}
	if err := h.SetCurrency(ctx, addMember(t, h.db, "stranger"), h.brand.ID, "JPY"); !errors.Is(err, fault.NotFound) {
		t.Errorf("a stranger: %v", err)
	}
	if err := h.MoveProduct(ctx, h.owner, h.brand.ID, p.ID, catalog.Draft); err != nil {
		t.Fatal(err)
	}
	if err := h.SetCurrency(ctx, h.owner, h.brand.ID, "JPY"); err != nil {
		t.Fatal(err)
	}
	methods, err := catalog.DeliveryMethods(ctx, h.db, h.brand.ID)
	if err != nil || len(methods) != 1 || methods[0].Active {
		t.Errorf("delivery whose cost nobody looked at: %+v, %v", methods, err)
	}
	// The product keeps its euros and cannot be sold for them; priced anew it can.
	if page := h.page(t, p.ID); page.Currency != "EUR" {
		t.Errorf("the product is in %s before anybody priced it", page.Currency)
	}
	if err := h.MoveProduct(ctx, h.owner, h.brand.ID, p.ID, catalog.Published); !errors.Is(err, catalog.ErrPricedElsewhere) {
		t.Errorf("published with prices of another currency: %v", err)
	}
	h.now = h.now.Add(time.Hour)
	d := draftOf(h.page(t, p.ID))
	d.Variants[0].PriceMinor = 1200
	if err := h.EditProduct(ctx, h.owner, h.brand.ID, p.ID, d); err != nil {
		t.Fatal(err)
	}
	if err := h.MoveProduct(ctx, h.owner, h.brand.ID, p.ID, catalog.Published); err != nil {
		t.Fatal(err)
	}
	page := h.page(t, p.ID)
	if page.Currency != "JPY" || i18n.FR.Money(money.New(page.Variants[0].PriceMinor, page.Currency)) != "1\u202f200\u00a0¥" {
		t.Errorf("%s, %+v", page.Currency, page.Variants[0])
	}
	// 24.00 euro before, 1,200 yen now: no reduction.
	history, err := catalog.PriceHistory(ctx, h.db, page.Variants[0].ID)
	if err != nil || len(history[page.Variants[0].ID]) != 1 {
		t.Errorf("prices %v, %v", history, err)
	}
}
