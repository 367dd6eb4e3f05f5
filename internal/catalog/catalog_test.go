package catalog_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
)

// house is a catalogue on a database of its own, with a clock that the test moves.
type house struct {
	*catalog.Service
	db    *sqlx.DB
	now   time.Time
	brand catalog.Brand
	owner int64
}

func newHouse(t *testing.T) *house {
	t.Helper()
	store, err := media.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	h := &house{db: pgtest.DB(t), now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	h.Service = catalog.New(h.db, store, func() time.Time { return h.now }, "GBP", "JPY")
	h.owner = addMember(t, h.db, "anne")
	h.brand, err = h.CreateBrand(t.Context(), h.owner, brandDraft("atelier-sud"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func addMember(t *testing.T, db *sqlx.DB, handle string) int64 {
	t.Helper()
	var id int64
	err := db.Get(&id, `insert into members (email, email_normal, password_hash, name, handle) values ($1, $1, 'x', $2, $2) returning id`,
		handle+"@example.org", handle)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func brandDraft(handle string) catalog.BrandDraft {
	return catalog.BrandDraft{Handle: handle, Name: "Atelier du Sud", Lang: i18n.FR, Tagline: "Terre et feu", Story: "Depuis **1950**.",
		MakerName: "Atelier du Sud SARL", MakerAddress: "3 rue des Potiers, 13400 Aubagne", ContactEmail: "bonjour@example.org",
		Country: "FR", Trader: true}
}

func (h *house) product(t *testing.T, title string, variants ...catalog.VariantDraft) catalog.ProductPage {
	t.Helper()
	d := catalog.ProductDraft{Title: title, Description: "Fait main.", Category: "Maison", VATBps: 2000, Variants: variants}
	if len(variants) == 0 {
		d.Variants = []catalog.VariantDraft{{PriceMinor: 2400, Stock: 5}}
	} else if len(variants[0].Values) == 1 {
		d.Options = []string{"Taille"}
	}
	p, err := h.CreateProduct(t.Context(), h.owner, h.brand.ID, d)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.MoveProduct(t.Context(), h.owner, h.brand.ID, p.ID, catalog.Published); err != nil {
		t.Fatal(err)
	}
	return h.page(t, p.ID)
}

func (h *house) page(t *testing.T, id int64) catalog.ProductPage {
	t.Helper()
	page, err := catalog.ByID(t.Context(), h.db, id, "", h.now)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// draftOf is what the editing form would send back unchanged.
func draftOf(p catalog.ProductPage) catalog.ProductDraft {
	d := catalog.ProductDraft{Title: p.Title, Description: p.Description, Category: p.Category, Tags: p.Tags, Warnings: p.Warnings,
		Options: p.Options, VATBps: p.VATBps}
	for _, v := range p.Variants {
		d.Variants = append(d.Variants, catalog.VariantDraft{ID: v.ID, SKU: v.SKU, Values: v.Values, ValuesOther: v.ValuesOther,
			PriceMinor: v.PriceMinor, CompareAtMinor: v.CompareAtMinor, Stock: v.Stock, StockSeen: v.Stock, WeightGrams: v.WeightGrams,
			Barcode: v.Barcode})
	}
	return d
}

func (h *house) tx(t *testing.T, fn func(tx *sqlx.Tx) error) error {
	t.Helper()
	return postgres.InTx(t.Context(), h.db, fn)
}

func samplePhoto(t *testing.T, c color.Color) *bytes.Buffer {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 400, 300))
	for x := range 400 {
		for y := range 300 {
			picture.Set(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestBrandTeamDecidesWhoMay(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	staff, stranger := addMember(t, h.db, "bruno"), addMember(t, h.db, "chloe")
	if err := h.SetTeam(ctx, h.owner, h.brand.ID, staff, catalog.Staff); err != nil {
		t.Fatal(err)
	}
	d := catalog.ProductDraft{Title: "Vase", VATBps: 2000, Variants: []catalog.VariantDraft{{PriceMinor: 100}}}
	for _, c := range []struct {
		name          string
		by            int64
		product, term error
	}{
		{"owner", h.owner, nil, nil}, {"staff", staff, nil, fault.Forbidden}, {"stranger", stranger, fault.NotFound, fault.NotFound},
	} {
		if _, err := h.CreateProduct(ctx, c.by, h.brand.ID, d); !errors.Is(err, c.product) {
			t.Errorf("%s creates a product: %v, want %v", c.name, err, c.product)
		}
		if _, err := h.OfferTerms(ctx, c.by, h.brand.ID, catalog.TermsDraft{CommissionBps: 1500, HoldDays: 14, WindowDays: 30}); !errors.Is(err, c.term) {
			t.Errorf("%s offers terms: %v, want %v", c.name, err, c.term)
		}
	}
	if err := h.SetTeam(ctx, h.owner, h.brand.ID, h.owner, catalog.NoRole); !errors.Is(err, fault.Conflict) {
		t.Errorf("the last owner leaves: %v", err)
	}
	if _, err := h.CreateBrand(ctx, staff, brandDraft("atelier-sud")); !errors.Is(err, fault.Conflict) {
		t.Errorf("same handle twice: %v", err)
	}
	bad := brandDraft("X")
	bad.Country, bad.ContactEmail = "France", "not an address"
	_, err := h.CreateBrand(ctx, staff, bad)
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) != 3 {
		t.Errorf("bad brand: %v", err)
	}
}

func TestEditKeepsWhatWasSoldMeanwhile(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	p := h.product(t, "Bol", catalog.VariantDraft{Values: []string{"S"}, PriceMinor: 1000, Stock: 3, SKU: "B-S"},
		catalog.VariantDraft{Values: []string{"L"}, PriceMinor: 2000, Stock: 4, SKU: "B-L"})
	small, large := p.Variants[0], p.Variants[1]
	d := draftOf(p) // the form is opened with 3 pieces
	if err := h.tx(t, func(tx *sqlx.Tx) error { return catalog.Reserve(ctx, tx, small.ID, 2) }); err != nil {
		t.Fatal(err)
	}
	d.Variants[0].Stock = 5 // two came in
	d.Variants[0].Values, d.Variants[1].Values = []string{"L"}, []string{"S"}
	if err := h.EditProduct(ctx, h.owner, h.brand.ID, p.ID, d); err != nil {
		t.Fatal(err)
	}
	after := h.page(t, p.ID)
	if got := after.Variants[0]; got.ID != small.ID || got.Stock != 3 || got.Values[0] != "L" {
		t.Errorf("after the edit: %+v", got.Variant)
	}
	d = draftOf(after)
	d.Variants[0].Stock = -1
	if err := h.EditProduct(ctx, h.owner, h.brand.ID, p.ID, d); !errors.Is(err, fault.Invalid) {
		t.Errorf("negative stock: %v", err)
	}
	d = draftOf(after)
	d.Variants = append(d.Variants[:1], catalog.VariantDraft{Values: []string{"S"}, PriceMinor: 900, Stock: 1})
	if err := h.EditProduct(ctx, h.owner, h.brand.ID, p.ID, d); err != nil {
		t.Fatal(err)
	}
	if got := h.page(t, p.ID).Variants; len(got) != 2 || got[1].ID != large.ID || got[1].PriceMinor != 900 {
		t.Errorf("a variant added again wakes the old one: %+v", got)
	}
	d = draftOf(h.page(t, p.ID))
	d.Variants = d.Variants[:1]
	if err := h.EditProduct(ctx, h.owner, h.brand.ID, p.ID, d); err != nil {
		t.Fatal(err)
	}
	if got := h.page(t, p.ID).Variants; len(got) != 1 {
		t.Errorf("a variant left out is still sold: %+v", got)
	}
	err := h.tx(t, func(tx *sqlx.Tx) error { return catalog.Reserve(ctx, tx, large.ID, 1) })
	if !errors.Is(err, fault.Conflict) {
		t.Errorf("reserve an ended variant: %v", err)
	}
}

func TestSKUIsUniqueInABrand(t *testing.T) {
	h := newHouse(t)
	p := h.product(t, "Bol", catalog.VariantDraft{PriceMinor: 1000, SKU: "B-1"})
	d := catalog.ProductDraft{Title: "Autre bol", VATBps: 2000, Variants: []catalog.VariantDraft{{PriceMinor: 100, SKU: "B-1"}}}
	_, err := h.CreateProduct(t.Context(), h.owner, h.brand.ID, d)
	var f *fault.Error
	if !errors.As(err, &f) || f.Fields["variants.0.sku"] != "fault.catalog.sku_taken" {
		t.Errorf("same SKU: %v", err)
	}
	other, err := h.CreateBrand(t.Context(), h.owner, brandDraft("autre-maison"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.CreateProduct(t.Context(), h.owner, other.ID, d); err != nil {
		t.Errorf("same SKU in another brand: %v", err)
	}
	if err := h.EditProduct(t.Context(), h.owner, other.ID, p.ID, d); !errors.Is(err, fault.NotFound) {
		t.Errorf("edit through another brand: %v", err)
	}
}

func TestLastPieceIsSoldOnce(t *testing.T) {
	h := newHouse(t)
	v := h.product(t, "Vase", catalog.VariantDraft{PriceMinor: 1000, Stock: 7}).Variants[0]
	const buyers = 20
	results := make(chan error, buyers)
	var ready sync.WaitGroup
	ready.Add(buyers)
	for range buyers {
		go func() {
			ready.Done()
			ready.Wait()
			results <- postgres.InTx(context.WithoutCancel(t.Context()), h.db, func(tx *sqlx.Tx) error {
				return catalog.Reserve(t.Context(), tx, v.ID, 1)
			})
		}()
	}
	sold := 0
	for range buyers {
		switch err := <-results; {
		case err == nil:
			sold++
		case !errors.Is(err, fault.Conflict):
			t.Error(err)
		}
	}
	if sold != 7 {
		t.Errorf("sold %d of 7", sold)
	}
	if err := h.tx(t, func(tx *sqlx.Tx) error { return catalog.GiveBack(t.Context(), tx, v.ID, 2) }); err != nil {
		t.Fatal(err)
	}
	if err := h.AdjustStock(t.Context(), h.owner, h.brand.ID, v.ID, -3); !errors.Is(err, fault.Conflict) {
		t.Errorf("take away more than there is: %v", err)
	}
	if err := h.AdjustStock(t.Context(), h.owner, h.brand.ID, v.ID, 4); err != nil {
		t.Fatal(err)
	}
	priced, err := catalog.Priced(t.Context(), h.db, i18n.EN, v.ID, 999)
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]catalog.PricedVariant{v.ID: {VariantID: v.ID, ProductID: v.ProductID, BrandID: h.brand.ID, Title: "Vase", Slug: "vase",
		PriceMinor: 1000, Currency: "EUR", VATBps: 2000, State: catalog.Published, Sellable: true, Stock: 6}}
	if diff := cmp.Diff(want, priced); diff != "" {
		t.Errorf("priced (-want +got):\n%s", diff)
	}
}

func TestReductionShowsLowestPrice(t *testing.T) {
	h := newHouse(t)
	p := h.product(t, "Lampe", catalog.VariantDraft{PriceMinor: 8000, Stock: 1, CompareAtMinor: 12000})
	if v := p.Variants[0]; v.PriorMinor != 0 || v.ReductionBps != 0 {
		t.Errorf("a reduction without a price before it: %+v", v)
	}
	for _, step := range []struct {
		days  int
		price int64
	}{{10, 7000}, {5, 9000}, {5, 6000}} {
		h.now = h.now.AddDate(0, 0, step.days)
		d := draftOf(h.page(t, p.ID))
		d.Variants[0].PriceMinor = step.price
		if err := h.EditProduct(t.Context(), h.owner, h.brand.ID, p.ID, d); err != nil {
			t.Fatal(err)
		}
	}
	if v := h.page(t, p.ID).Variants[0]; v.PriorMinor != 7000 || v.ReductionBps != 1428 {
		t.Errorf("prior %d, %d bps", v.PriorMinor, v.ReductionBps)
	}
}

func TestTermsAreVersions(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	p := h.product(t, "Vase")
	start := h.now
	h.now = h.now.AddDate(0, 0, 1)
	offer := catalog.TermsDraft{CommissionBps: 2000, HoldDays: 20, WindowDays: 45}
	first, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer)
	if err != nil || again.ID != first.ID {
		t.Errorf("the same offer again: %+v, %v", again, err)
	}
	h.now = h.now.AddDate(0, 0, 1)
	offer.ProductID, offer.CommissionBps = &p.ID, 3000
	if _, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at      time.Time
		product int64
		want    int64
	}{{start, p.ID, 1000}, {start.AddDate(0, 0, 1), p.ID, 2000}, {h.now, p.ID, 3000}, {h.now, p.ID + 1, 2000}} {
		got, err := catalog.TermsAt(ctx, h.db, h.brand.ID, c.product, c.at)
		if err != nil || got.CommissionBps != c.want {
			t.Errorf("terms of %d at %s: %d, %v, want %d", c.product, c.at, got.CommissionBps, err, c.want)
		}
	}
	if _, err := catalog.TermsAt(ctx, h.db, h.brand.ID, p.ID, start.Add(-time.Hour)); !errors.Is(err, fault.Conflict) {
		t.Errorf("terms before the brand was: %v", err)
	}
	offer.HoldDays = 3
	if _, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer); !errors.Is(err, fault.Invalid) {
		t.Errorf("a hold below the withdrawal period: %v", err)
	}
	if _, err := h.db.Exec(`update terms set commission_bps = 0`); err == nil {
		t.Error("terms can be changed in place")
	}
}

// What authors may have is a part of each version too, and fits beside the commission.
func TestTermsOfferRoyalties(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	p := h.product(t, "Vase")
	h.now = h.now.AddDate(0, 0, 1)
	offer := catalog.FirstTerms()
	offer.RoyaltyBps, offer.IdeaBps = 800, 200
	first, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer)
	if err != nil || first.RoyaltyBps != 800 || first.IdeaBps != 200 {
		t.Fatalf("offered %+v, %v", first, err)
	}
	if again, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer); err != nil || again.ID != first.ID {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	h.now = h.now.AddDate(0, 0, 1)
	offer.IdeaBps = 201
	if second, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer); err != nil || second.ID == first.ID {
		t.Errorf("more for ideas: %+v, %v", second, err)
	}
	if got := h.page(t, p.ID).Terms; got.RoyaltyBps != 800 || got.IdeaBps != 201 {
		t.Errorf("the product's page has %+v", got)
	}
	for _, c := range []struct {
		commission, royalty, idea int64
		field                     string // of the fault; empty: none
	}{{5500, 2500, 0, ""}, {4500, 2500, 1000, ""}, {7000, 0, 1000, ""}, {1000, -1, 0, "royalty"}, {1000, 2501, 0, "royalty"}, {1000, 0, -1, "idea"}, {1000, 0, 1001, "idea"},
		{5501, 2500, 0, "royalty"}, {4501, 2500, 1000, "royalty"}, {7001, 0, 1000, "idea"}} {
		h.now = h.now.AddDate(0, 0, 1)
		offer.CommissionBps, offer.RoyaltyBps, offer.IdeaBps = c.commission, c.royalty, c.idea
		_, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer)
		f, _ := errors.AsType[*fault.Error](err)
		if (err != nil) != (c.field != "") || c.field != "" && (f == nil || len(f.Fields) != 1 || f.Fields[c.field] == "") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Steps are a part of each version: they stay with the one that they were offered in, and the same steps again are no new version.
func TestTermsOfferSteps(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	p := h.product(t, "Vase")
	before := h.now
	h.now = h.now.AddDate(0, 0, 1)
	offer := catalog.FirstTerms()
	offer.ProductID, offer.Steps = &p.ID, steps.Steps{{People: 5, LessBps: 1000}, {People: 10, LessBps: 1500}}
	first, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer)
	if err != nil || !slices.Equal(first.Steps, offer.Steps) {
		t.Fatalf("offered %+v, %v", first, err)
	}
	again, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer)
	if err != nil || again.ID != first.ID {
		t.Errorf("the same steps again: %+v, %v", again, err)
	}
	during := h.now
	h.now = h.now.AddDate(0, 0, 1)
	offer.Steps = offer.Steps[:1]
	second, err := h.OfferTerms(ctx, h.owner, h.brand.ID, offer)
	if err != nil || second.ID == first.ID {
		t.Errorf("one step less: %+v, %v", second, err)
	}
	for _, c := range []struct {
		at   time.Time
		want int
	}{{before, 0}, {during, 2}, {h.now, 1}} {
		got, err := catalog.TermsAt(ctx, h.db, h.brand.ID, p.ID, c.at)
		if err != nil || len(got.Steps) != c.want {
			t.Errorf("steps at %s: %+v, %v, want %d", c.at, got.Steps, err, c.want)
		}
	}
	if got := h.page(t, p.ID).Terms.Steps; !slices.Equal(got, offer.Steps) {
		t.Errorf("the product's page has %+v", got)
	}
	if history, err := catalog.TermsHistory(ctx, h.db, h.brand.ID); err != nil || len(history) != 3 || len(history[1].Steps) != 2 {
		t.Errorf("history: %+v, %v", history, err)
	}
	offer.HoldDays, offer.Steps = 3, steps.Steps{{People: 5, LessBps: 1000}, {People: 4, LessBps: 9000}}
	_, err = h.OfferTerms(ctx, h.owner, h.brand.ID, offer)
	f, _ := errors.AsType[*fault.Error](err)
	if f == nil || len(f.Fields) != 3 || f.Fields["steps.1.people"] == "" || f.Fields["steps.1.less"] == "" || f.Fields["hold_days"] == "" {
		t.Errorf("wrong steps: %+v", f)
	}
}

// The database keeps out what the rules would: steps of another form or order.
func TestCorruptStepsAreRefused(t *testing.T) {
	h := newHouse(t)
	insert := func(steps string) error {
		_, err := h.db.Exec(`insert into terms (brand_id, commission_bps, hold_days, window_days, valid_from, steps) values ($1, 1000, 14, 30, now(), $2)`, h.brand.ID, steps)
		return err
	}
	for _, good := range []string{`[]`, `[{"people": 2, "less_bps": 1}]`, `[{"less_bps": 1, "people": 2}, {"people": 1000, "less_bps": 7000}]`,
		`[{"people":2,"less_bps":1},{"people":3,"less_bps":2},{"people":4,"less_bps":3},{"people":5,"less_bps":4},{"people":6,"less_bps":5}]`} {
		if err := insert(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{`null`, `{}`, `5`, `"[]"`, `[5]`, `[null]`, `[[]]`, `[{}]`, `[{"people": 5}]`, `[{"less_bps": 5}]`, `[{"people": null, "less_bps": null}]`,
		`[{"people": 5, "less_bps": 1000, "more": 1}]`, `[{"people": "5", "less_bps": 1000}]`, `[{"people": 5, "less_bps": "1000"}]`,
		`[{"people": 5.5, "less_bps": 1000}]`, `[{"people": 5.0, "less_bps": 1000}]`, `[{"people": 5, "less_bps": 1e9}]`, `[{"people": -5, "less_bps": 1000}]`,
		`[{"people": 1, "less_bps": 1000}]`, `[{"people": 1001, "less_bps": 1000}]`, `[{"people": 5, "less_bps": 0}]`, `[{"people": 5, "less_bps": 7001}]`,
		`[{"people": 5, "less_bps": 1000}, {"people": 5, "less_bps": 1100}]`, `[{"people": 5, "less_bps": 1000}, {"people": 6, "less_bps": 1000}]`,
		`[{"people": 5, "less_bps": 1000}, {"people": 6, "less_bps": 900}]`, `[{"people": 5, "less_bps": 1000}, {"people": 4, "less_bps": 1100}]`,
		`[{"people":2,"less_bps":1},{"people":3,"less_bps":2},{"people":4,"less_bps":3},{"people":5,"less_bps":4},{"people":6,"less_bps":5},{"people":7,"less_bps":6}]`} {
		if err := insert(bad); err == nil || !strings.Contains(err.Error(), "terms_steps_check") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := h.db.Exec(`insert into terms (brand_id, commission_bps, hold_days, window_days, valid_from, steps) values ($1, 1000, 14, 30, now(), null)`, h.brand.ID); err == nil {
		t.Error("terms without a word about steps are kept")
	}
	if _, err := h.db.Exec(`update terms set steps = '[]'`); err == nil {
		t.Error("steps can be changed in place")
	}
}

func TestPhotosKeepTheirOrder(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	p := h.product(t, "Vase")
	for _, c := range []color.Color{color.Black, color.White, color.Black} {
		if err := h.AddPhoto(ctx, h.owner, h.brand.ID, p.ID, samplePhoto(t, c), "", "Jo"); err != nil {
			t.Fatal(err)
		}
	}
	photos := h.page(t, p.ID).Photos
	if len(photos) != 2 || photos[0].Width != 400 || photos[0].Credit != "Jo" {
		t.Fatalf("the same photo twice is one: %+v", photos)
	}
	order := []catalog.PhotoEdit{{MediaID: photos[1].MediaID, Alt: "Blanc"}, {MediaID: photos[0].MediaID}, {MediaID: 999}}
	if err := h.ArrangePhotos(ctx, h.owner, h.brand.ID, p.ID, order); err != nil {
		t.Fatal(err)
	}
	if got := h.page(t, p.ID).Photos; len(got) != 2 || got[0].Alt != "Blanc" || got[0].MediaID != photos[1].MediaID {
		t.Errorf("arranged: %+v", got)
	}
	if err := h.ArrangePhotos(ctx, h.owner, h.brand.ID, p.ID, order[1:2]); err != nil {
		t.Fatal(err)
	}
	if got := h.page(t, p.ID).Photos; len(got) != 1 {
		t.Errorf("one taken away: %+v", got)
	}
}

func TestProductStates(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	p := h.product(t, "Vase")
	second, third := h.product(t, "Vase"), h.product(t, "Vase")
	if second.Slug != "vase-2" || third.Slug != "vase-3" {
		t.Errorf("slugs of the same title: %s, %s", second.Slug, third.Slug)
	}
	if err := h.MoveProduct(ctx, h.owner, h.brand.ID, p.ID, catalog.Archived); err != nil {
		t.Fatal(err)
	}
	if h.page(t, p.ID).Visible {
		t.Error("an archived product is visible")
	}
	cards, err := catalog.Cards(ctx, h.db, i18n.FR, h.now, p.ID, third.ID, second.ID)
	if err != nil || len(cards) != 2 || cards[0].ID != third.ID {
		t.Errorf("cards: %+v, %v", cards, err)
	}
	if err := h.MoveProduct(ctx, h.owner, h.brand.ID, p.ID, "sold"); !errors.Is(err, fault.Conflict) {
		t.Errorf("a state that does not exist: %v", err)
	}
}

func TestMoreOfTheBrand(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	shown, older, newer := h.product(t, "Vase"), h.product(t, "Bol"), h.product(t, "Pot")
	h.product(t, "Plat", catalog.VariantDraft{PriceMinor: 900}) // sold out
	gone := h.product(t, "Tasse")
	if err := h.MoveProduct(ctx, h.owner, h.brand.ID, gone.ID, catalog.Archived); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int][]int64{4: {newer.ID, older.ID}, 1: {newer.ID}} {
		cards, err := catalog.More(ctx, h.db, i18n.FR, h.now, shown.Product, limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, c := range cards {
			got = append(got, c.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("more, at most %d: %v, want %v", limit, got, want)
		}
	}
}

var sand = color.RGBA{230, 210, 180, 255}
