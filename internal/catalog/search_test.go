package catalog_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/postgres/pgtest"
)

// stall fills a catalogue with a few products of two brands.
func stall(t *testing.T) (h *house, other catalog.Brand) {
	t.Helper()
	h = newHouse(t)
	ctx := t.Context()
	var err error
	if other, err = h.CreateBrand(ctx, h.owner, func() catalog.BrandDraft {
		d := brandDraft("cirier-lune")
		d.Name = "Cirier de la Lune"
		return d
	}()); err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		brand    int64
		title    string
		text     string
		category string
		price    int64
		stock    int
		english  string
	}{
		{h.brand.ID, "Vase en grès émaillé", "Tourné à la main.", "Vases", 5400, 3, "Glazed stoneware vase"},
		{h.brand.ID, "Bol à thé", "Grès noir, pour le matin.", "Tasses", 1800, 0, ""},
		{other.ID, "Bougie parfumée figuier", "Cire de soja.", "Bougies", 2400, 10, "Fig tree scented candle"},
		{other.ID, "Bougies chauffe-plat", "Par douze.", "Bougies", 900, 5, ""},
	} {
		d := catalog.ProductDraft{Title: p.title, Description: p.text, Category: p.category, VATBps: 2000,
			Variants: []catalog.VariantDraft{{PriceMinor: p.price, Stock: p.stock}}}
		made, err := h.CreateProduct(ctx, h.owner, p.brand, d)
		if err != nil {
			t.Fatal(err)
		}
		if p.english != "" {
			err = h.TranslateProduct(ctx, h.owner, p.brand, made.ID, catalog.ProductTranslation{Lang: i18n.EN, Title: p.english}, nil)
		}
		if err := errors.Join(err, h.MoveProduct(ctx, h.owner, p.brand, made.ID, catalog.Published)); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.AddDate(0, 0, 1)
	}
	draft := catalog.ProductDraft{Title: "Bougie en brouillon", VATBps: 2000, Variants: []catalog.VariantDraft{{PriceMinor: 100}}}
	if _, err := h.CreateProduct(ctx, h.owner, other.ID, draft); err != nil {
		t.Fatal(err)
	}
	return h, other
}

func TestSearch(t *testing.T) {
	h, _ := stall(t)
	vase, bowl, fig, small := "vase-en-gres-emaille", "bol-a-the", "bougie-parfumee-figuier", "bougies-chauffe-plat"
	for name, c := range map[string]struct {
		q     catalog.Query
		want  []string
		fuzzy bool
	}{
		"everything, the newest first": {catalog.Query{}, []string{small, fig, bowl, vase}, false},
		"without accents, plural":      {catalog.Query{Text: "bougies parfumees"}, []string{fig}, false},
		"in capitals":                  {catalog.Query{Text: "GRÈS"}, []string{vase, bowl}, false},
		"English words":                {catalog.Query{Text: "scented candles"}, []string{fig}, false},
		"English reader, French word":  {catalog.Query{Text: "vases", Lang: i18n.EN}, []string{vase}, false},
		"a phrase":                     {catalog.Query{Text: `"grès noir"`}, []string{bowl}, false},
		"not that word":                {catalog.Query{Text: "bougie -figuier"}, []string{small}, false},
		"a brand's name":               {catalog.Query{Text: "cirier", Sort: catalog.Cheapest}, []string{small, fig}, false},
		"a letter too few":             {catalog.Query{Text: "parfmée figuier"}, []string{fig}, true},
		"letters swapped":              {catalog.Query{Text: "bouige figuier"}, []string{fig}, true},
		"a typo in English":            {catalog.Query{Text: "stonware", Lang: i18n.EN}, []string{vase}, true},
		"nonsense":                     {catalog.Query{Text: "zzqqxx"}, nil, false},
		"operators only":               {catalog.Query{Text: `"" | & ! ( :* \`}, nil, false},
		"only stop words":              {catalog.Query{Text: "le la"}, nil, false},
		"by category":                  {catalog.Query{Category: "Bougies", Sort: catalog.Cheapest}, []string{small, fig}, false},
		"by brand":                     {catalog.Query{Brand: "atelier-sud", Sort: catalog.Dearest}, []string{vase, bowl}, false},
		"by price":                     {catalog.Query{MinMinor: 1800, MaxMinor: 2400, Sort: catalog.Cheapest}, []string{bowl, fig}, false},
		"in stock":                     {catalog.Query{InStock: true, Sort: catalog.Dearest}, []string{vase, fig, small}, false},
		"words and filter":             {catalog.Query{Text: "grès", Brand: "cirier-lune"}, nil, false},
		"a sort that does not exist":   {catalog.Query{Text: "figuier", Sort: "price; drop table"}, []string{fig}, false},
		"second page":                  {catalog.Query{PerPage: 3, Page: 2}, []string{vase}, false},
		"a page far away":              {catalog.Query{Page: 1 << 30}, nil, false},
		"a zero byte":                  {catalog.Query{Text: "fig\x00uier"}, []string{fig}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.q.At = h.now
			r, err := catalog.Search(t.Context(), h.db, c.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, card := range r.Cards {
				got = append(got, card.Slug)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || r.Fuzzy != c.fuzzy {
				t.Errorf("fuzzy %v; found (-want +got):\n%s", r.Fuzzy, diff)
			}
		})
	}
}

func TestFacetsIgnoreTheirOwnFilter(t *testing.T) {
	h, other := stall(t)
	q := catalog.Query{Brand: "cirier-lune", Category: "Bougies", Lang: i18n.EN, At: h.now}
	r, err := catalog.Search(t.Context(), h.db, q)
	if err != nil {
		t.Fatal(err)
	}
	wantCategories := []catalog.Facet{{Value: "Bougies", Label: "Bougies", Count: 2}}
	wantBrands := []catalog.Facet{{Value: "cirier-lune", Label: "Cirier de la Lune", Count: 2}}
	if diff := cmp.Diff(wantCategories, r.Categories) + cmp.Diff(wantBrands, r.Brands); diff != "" || r.Total != 2 || r.Pages != 1 {
		t.Errorf("%d in %d pages; facets (-want +got):\n%s", r.Total, r.Pages, diff)
	}
	if r, err = catalog.Search(t.Context(), h.db, catalog.Query{Brand: "atelier-sud", At: h.now}); err != nil || len(r.Brands) != 2 {
		t.Errorf("brands beside the one chosen: %+v, %v", r.Brands, err)
	}
	card := func() catalog.ProductCard {
		for _, c := range r.Cards {
			if c.Slug == "vase-en-gres-emaille" {
				return c
			}
		}
		return catalog.ProductCard{}
	}()
	if card.Earn().Minor != 450 || card.From().Minor != 5400 || card.BrandName != "Atelier du Sud" {
		t.Errorf("card: %+v", card)
	}
	if _, err := h.db.Exec(`update brands set blocked_at = now() where id = $1`, other.ID); err != nil {
		t.Fatal(err)
	}
	if r, err = catalog.Search(t.Context(), h.db, catalog.Query{Text: "bougie", At: h.now}); err != nil || r.Total != 0 {
		t.Errorf("products of a blocked brand: %+v, %v", r, err)
	}
}

func TestPagesInTwoLanguages(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	p := h.product(t, "Bol", catalog.VariantDraft{Values: []string{"Petit"}, PriceMinor: 1000, Stock: 1}, catalog.VariantDraft{Values: []string{"Grand"}, PriceMinor: 2000})
	page, err := catalog.BySlug(ctx, h.db, "bol", i18n.EN, h.now)
	if err != nil || page.Lang != i18n.FR || page.Title != "Bol" {
		t.Fatalf("without a translation: %s %q, %v", page.Lang, page.Title, err)
	}
	english := catalog.ProductTranslation{Lang: i18n.EN, Title: "Bowl", Options: []string{"Size"}}
	err = h.TranslateProduct(ctx, h.owner, h.brand.ID, p.ID, english, map[int64][]string{p.Variants[0].ID: {"Small"}})
	if err = errors.Join(err, h.TranslateBrand(ctx, h.owner, h.brand.ID, i18n.EN, "Earth and fire", "Since 1950.")); err != nil {
		t.Fatal(err)
	}
	if page, err = catalog.BySlug(ctx, h.db, "bol", i18n.EN, h.now); err != nil {
		t.Fatal(err)
	}
	if page.Lang != i18n.EN || page.Title != "Bowl" || page.Description != "Fait main." || page.Options[0] != "Size" || page.Brand.Tagline != "Earth and fire" ||
		page.Variants[0].Title() != "Small" || page.Variants[1].Title() != "Grand" || page.Stock() != 1 || !page.Visible {
		t.Errorf("in English: %+v", page)
	}
	priced, err := catalog.Priced(ctx, h.db, i18n.EN, page.Variants[0].ID)
	if v := priced[page.Variants[0].ID]; err != nil || v.Title != "Bowl" || v.VariantTitle != "Small" {
		t.Errorf("priced in English: %+v, %v", v, err)
	}
	if err := h.TranslateProduct(ctx, h.owner, h.brand.ID, p.ID, catalog.ProductTranslation{Lang: i18n.FR, Title: "x"}, nil); !errors.Is(err, fault.Invalid) {
		t.Errorf("a translation into its own language: %v", err)
	}
	if err := h.TranslateProduct(ctx, h.owner, h.brand.ID, p.ID, catalog.ProductTranslation{Lang: i18n.EN}, nil); err != nil {
		t.Fatal(err)
	}
	if page, err = catalog.BySlug(ctx, h.db, "bol", i18n.EN, h.now); err != nil || page.Title != "Bol" {
		t.Errorf("after the translation was taken away: %q, %v", page.Title, err)
	}
	if _, err := catalog.BySlug(ctx, h.db, "none", i18n.EN, h.now); !errors.Is(err, fault.NotFound) {
		t.Errorf("no such product: %v", err)
	}
	brands, err := catalog.BrandsOf(ctx, h.db, h.owner)
	if err != nil || len(brands) != 1 || brands[0].Handle != "atelier-sud" {
		t.Errorf("brands of the owner: %+v, %v", brands, err)
	}
	if brands, err = catalog.Brands(ctx, h.db, i18n.EN); err != nil || len(brands) != 1 || brands[0].Lang != i18n.EN {
		t.Errorf("brands: %+v, %v", brands, err)
	}
}

func TestBrandSettings(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	free := int64(6000)
	m := catalog.DeliveryMethod{Name: "Colissimo", PriceMinor: 590, FreeFromMinor: &free, DaysMin: 2, DaysMax: 4, Countries: []string{"FR", "BE"}, Active: true}
	id, err := h.PutDelivery(ctx, h.owner, h.brand.ID, m)
	if err != nil {
		t.Fatal(err)
	}
	m.ID, m.PriceMinor, m.FreeFromMinor = id, 690, nil
	if _, err := h.PutDelivery(ctx, h.owner, h.brand.ID, m); err != nil {
		t.Fatal(err)
	}
	m.ID = 999
	if _, err := h.PutDelivery(ctx, h.owner, h.brand.ID, m); !errors.Is(err, fault.NotFound) {
		t.Errorf("change a method of nobody: %v", err)
	}
	m.DaysMax, m.Countries = 1, nil
	if _, err := h.PutDelivery(ctx, h.owner, h.brand.ID, m); !errors.Is(err, fault.Invalid) {
		t.Errorf("a method without countries: %v", err)
	}
	list, err := catalog.DeliveryMethods(ctx, h.db, h.brand.ID)
	if err != nil || len(list) != 1 || list[0].PriceMinor != 690 || list[0].FreeFromMinor != nil {
		t.Errorf("methods: %+v, %v", list, err)
	}
	d := brandDraft("ignored-here")
	d.Name = "Atelier du Nord"
	if err := errors.Join(h.EditBrand(ctx, h.owner, h.brand.ID, d),
		h.SetBrandPicture(ctx, h.owner, h.brand.ID, catalog.Cover, samplePhoto(t, sand))); err != nil {
		t.Fatal(err)
	}
	b, err := catalog.BrandByHandle(ctx, h.db, "atelier-sud", i18n.FR)
	if err != nil || b.Name != "Atelier du Nord" || b.CoverHash == "" || b.LogoHash != "" {
		t.Errorf("brand: %+v, %v", b, err)
	}
}

// However many amounts were typed at counters, lists of products do not read them.
func TestTypedAmountsAreNotRead(t *testing.T) {
	h, other := stall(t)
	if _, err := h.db.Exec(`insert into products (brand_id, slug, lang, title, vat_bps, currency, state, typed_for, typed_operation)
		select $1, 'typed-' || n, 'fr', 'Bougie ' || n, 2000, 'EUR', 'typed', 'cart', 'operation-' || n from generate_series(1, 500) n`, other.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := pgtest.Owner(t, h.db).Exec(`analyze products`); err != nil {
		t.Fatal(err)
	}
	tx, err := h.db.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`set local enable_seqscan = off`); err != nil { // as it is for a table that is large
		t.Fatal(err)
	}
	search := func(q catalog.Query) func() error {
		return func() error { q.At = h.now; _, err := catalog.Search(t.Context(), tx, q); return err }
	}
	var before int
	for name, read := range map[string]func() error{
		"everything":     search(catalog.Query{}),
		"a brand's name": search(catalog.Query{Text: "cirier"}),
		"roughly":        search(catalog.Query{Text: "parfmée figuier"}),
		"of a brand": func() error {
			_, err := catalog.BrandCards(t.Context(), tx, i18n.FR, h.now, other.ID)
			return err
		},
	} {
		if err := read(); err != nil {
			t.Fatal(err)
		}
		var now int
		if err := tx.Get(&now, `select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'products'`); err != nil {
			t.Fatal(err)
		}
		if now-before >= 500 {
			t.Errorf("%s: %d rows are read", name, now-before)
		}
		before = now
	}
}
