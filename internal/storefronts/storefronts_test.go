package storefronts_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/postgres/pgtest"
	"relais/internal/storefronts"
	"relais/internal/storefronts/storefronttest"
)

var start = storefronttest.Start

// shop is a member with a storefront and a brand with three products.
type shop struct {
	db       *sqlx.DB
	s        *storefronts.Service
	alice    int64
	brand    int64
	products []int64
}

func open(t *testing.T) shop {
	t.Helper()
	db := pgtest.DB(t)
	sh := shop{db: db, s: storefronts.New(db, func() time.Time { return start }, nil),
		alice: storefronttest.Member(t, db, "alice"), brand: storefronttest.Brand(t, db, "savonnerie")}
	for _, slug := range []string{"savon", "bougie", "huile"} {
		sh.products = append(sh.products, storefronttest.Product(t, db, sh.brand, slug))
	}
	return sh
}

func (sh shop) slugs(t *testing.T) []string {
	t.Helper()
	ls, err := storefronts.Listings(context.Background(), sh.db, sh.alice, "fr", start)
	if err != nil {
		t.Fatal(err)
	}
	slugs := []string{}
	for i, l := range ls {
		if l.Position != i {
			t.Errorf("%s stands at position %d; want %d", l.Slug, l.Position, i)
		}
		slugs = append(slugs, l.Slug)
	}
	return slugs
}

func TestListings(t *testing.T) {
	ctx := context.Background()
	sh := open(t)
	if got := sh.slugs(t); len(got) != 0 {
		t.Errorf("a new storefront lists %v", got)
	}
	for _, p := range sh.products {
		if added, err := sh.s.AddListing(ctx, sh.alice, p); err != nil || !added {
			t.Fatalf("AddListing = %v, %v", added, err)
		}
		if added, err := sh.s.AddListing(ctx, sh.alice, p); err != nil || added {
			t.Fatalf("AddListing again = %v, %v", added, err)
		}
	}
	if diff := cmp.Diff([]string{"huile", "bougie", "savon"}, sh.slugs(t)); diff != "" {
		t.Errorf("after adding (-want +got):\n%s", diff)
	}
	for _, m := range []struct {
		product int64
		to      int
		want    []string
	}{
		{sh.products[0], 0, []string{"savon", "huile", "bougie"}},
		{sh.products[0], 1, []string{"huile", "savon", "bougie"}},
		{sh.products[2], 99, []string{"savon", "bougie", "huile"}},
		{sh.products[2], -1, []string{"huile", "savon", "bougie"}},
	} {
		if err := sh.s.Move(ctx, sh.alice, m.product, m.to); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m.want, sh.slugs(t)); diff != "" {
			t.Errorf("after moving %d to %d (-want +got):\n%s", m.product, m.to, diff)
		}
	}
	if err := sh.s.RemoveListing(ctx, sh.alice, sh.products[0]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"huile", "bougie"}, sh.slugs(t)); diff != "" {
		t.Errorf("after removing (-want +got):\n%s", diff)
	}
	if err := sh.s.Move(ctx, sh.alice, sh.products[0], 0); !errors.Is(err, storefronts.ErrProduct) {
		t.Errorf("Move of what is not listed = %v", err)
	}
	if err := sh.s.Note(ctx, sh.alice, sh.products[0], "x"); !errors.Is(err, storefronts.ErrProduct) {
		t.Errorf("Note on what is not listed = %v", err)
	}
}

func TestCard(t *testing.T) {
	ctx := context.Background()
	sh := open(t)
	soap := sh.products[0]
	storefronttest.Terms(t, sh.db, sh.brand, 0, 1000, 30, start.AddDate(0, -1, 0))
	storefronttest.Terms(t, sh.db, sh.brand, soap, 1500, 30, start.AddDate(0, -2, 0))
	sh.db.MustExec(`insert into variants (product_id, position, option_values, price_minor, stock) values ($1, 1, '{XL}', 3000, 0)`, soap)
	sh.db.MustExec(`insert into product_translations (product_id, lang, title) values ($1, 'en', 'Soap')`, soap)
	sh.db.MustExec(`with m as (insert into media (hash, width, height) values (repeat('a', 32), 10, 10) returning id)
		insert into product_photos (product_id, media_id, position, alt) select $1, id, 1, 'Un savon' from m`, soap)
	if _, err := sh.s.AddListing(ctx, sh.alice, soap); err != nil {
		t.Fatal(err)
	}
	if err := sh.s.Note(ctx, sh.alice, soap, "  Le mien depuis dix ans.\r\nSent le foin. "); err != nil {
		t.Fatal(err)
	}
	want := storefronts.Listing{ProductCard: catalog.ProductCard{ID: soap, BrandID: sh.brand, Slug: "savon", Title: "Soap", Lang: "en",
		BrandName: "Savonnerie", BrandHandle: "savonnerie", MediaHash: strings.Repeat("a", 32), MediaAlt: "Un savon", MinMinor: 2400, MaxMinor: 3000,
		Currency: "EUR", VATBps: 2000, Stock: 5, CommissionBps: 1500, State: catalog.Published},
		Published: true, Note: "Le mien depuis dix ans.\nSent le foin.", Margin: storefronts.Margin{MemberID: sh.alice, ProductID: soap}}
	got, err := storefronts.ListingBySlug(ctx, sh.db, sh.alice, "savon", "en", start)
	got.ListedAt, got.CreatedAt = time.Time{}, time.Time{}
	if err != nil || got != want {
		t.Errorf("ListingBySlug = %+v, %v\nwant %+v", got, err, want)
	}
	if got, _ := storefronts.ListingBySlug(ctx, sh.db, sh.alice, "savon", "fr", start); got.Title != "Produit savon" {
		t.Errorf("title in French = %q", got.Title)
	}
	sh.db.MustExec(`update variants set stock = 0 where product_id = $1`, soap)
	if got, _ := storefronts.ListingBySlug(ctx, sh.db, sh.alice, "savon", "fr", start); got.Stock != 0 {
		t.Error("in stock with none left")
	}
}

func TestWithdrawnProducts(t *testing.T) {
	ctx := context.Background()
	for name, withdraw := range map[string]string{
		"archived":      `update products set state = 'archived' where slug = 'savon'`,
		"brand blocked": `update brands set blocked_at = now()`,
		"no variant":    `update variants set active = false`,
	} {
		t.Run(name, func(t *testing.T) {
			sh := open(t)
			if _, err := sh.s.AddListing(ctx, sh.alice, sh.products[0]); err != nil {
				t.Fatal(err)
			}
			sh.db.MustExec(withdraw)
			if got := sh.slugs(t); len(got) != 0 {
				t.Errorf("visitors see %v", got)
			}
			if all, err := storefronts.AllListings(ctx, sh.db, sh.alice, "fr", start); err != nil || len(all) != 1 || all[0].Published {
				t.Errorf("the owner sees %+v, %v", all, err)
			}
			if _, err := storefronts.ListingBySlug(ctx, sh.db, sh.alice, "savon", "fr", start); !errors.Is(err, storefronts.ErrProduct) {
				t.Errorf("ListingBySlug = %v", err)
			}
			if listed, err := storefronts.Listed(ctx, sh.db, sh.alice, sh.products[0]); err != nil || !listed {
				t.Errorf("Listed = %v, %v", listed, err)
			}
		})
	}
	sh := open(t)
	sh.db.MustExec(`update products set state = 'draft'`)
	if _, err := sh.s.AddListing(ctx, sh.alice, sh.products[0]); !errors.Is(err, storefronts.ErrProduct) {
		t.Errorf("AddListing of a draft = %v", err)
	}
	if _, err := sh.s.AddListing(ctx, sh.alice, 999_999); !errors.Is(err, fault.NotFound) {
		t.Errorf("AddListing of nothing = %v", err)
	}
}

func TestHead(t *testing.T) {
	ctx := context.Background()
	sh := open(t)
	s, err := storefronts.ByHandle(ctx, sh.db, "alice")
	if err != nil || s.MemberID != sh.alice || s.Title != "" || s.MemberName != "Alice" || s.Path() != "/@alice" {
		t.Fatalf("ByHandle before anything was changed = %+v, %v", s, err)
	}
	if err := sh.s.Edit(ctx, sh.alice, " Chez Alice ", "Ce que j'aime.\nEt offre."); err != nil {
		t.Fatal(err)
	}
	media := int64(0)
	if err := sh.db.Get(&media, `insert into media (hash, width, height) values (repeat('b', 32), 10, 10) returning id`); err != nil {
		t.Fatal(err)
	}
	if err := sh.s.Cover(ctx, sh.alice, &media); err != nil {
		t.Fatal(err)
	}
	s, err = storefronts.ByMember(ctx, sh.db, sh.alice)
	if err != nil || s.Title != "Chez Alice" || s.Intro != "Ce que j'aime.\nEt offre." || s.CoverHash != strings.Repeat("b", 32) || !s.UpdatedAt.Equal(start) {
		t.Errorf("ByMember = %+v, %v", s, err)
	}
	if err := sh.s.Cover(ctx, sh.alice, nil); err != nil {
		t.Fatal(err)
	}
	if s, _ = storefronts.ByMember(ctx, sh.db, sh.alice); s.CoverID != nil {
		t.Error("the cover stays after it was taken away")
	}
	sh.db.MustExec(`update members set blocked_at = now()`)
	for _, handle := range []string{"alice", "nobody"} {
		if _, err := storefronts.ByHandle(ctx, sh.db, handle); !errors.Is(err, storefronts.ErrNotFound) {
			t.Errorf("ByHandle(%s) = %v", handle, err)
		}
	}
}

func TestTexts(t *testing.T) {
	ctx := context.Background()
	sh := open(t)
	if _, err := sh.s.AddListing(ctx, sh.alice, sh.products[0]); err != nil {
		t.Fatal(err)
	}
	refused := func(field, why string, err error) {
		t.Helper()
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Fields[field] != why {
			t.Errorf("%s: %v; want %s", field, err, why)
		}
	}
	refused("title", "relay.text_too_long", sh.s.Edit(ctx, sh.alice, strings.Repeat("é", 81), ""))
	refused("intro", "relay.text_too_long", sh.s.Edit(ctx, sh.alice, "", strings.Repeat("é", 601)))
	refused("title", "relay.text_not_readable", sh.s.Edit(ctx, sh.alice, "a\nb", ""))
	refused("intro", "relay.text_not_readable", sh.s.Edit(ctx, sh.alice, "", "a\x00b"))
	refused("intro", "relay.text_not_readable", sh.s.Edit(ctx, sh.alice, "", "\u202eabc"))
	refused("note", "relay.text_not_readable", sh.s.Note(ctx, sh.alice, sh.products[0], "\xff"))
	refused("note", "relay.text_too_long", sh.s.Note(ctx, sh.alice, sh.products[0], strings.Repeat("x", 601)))
	if err := sh.s.Edit(ctx, sh.alice, strings.Repeat("é", 80), strings.Repeat("👩‍🌾", 200)); err != nil {
		t.Errorf("texts at their limits: %v", err)
	}
}

func TestFull(t *testing.T) {
	ctx := context.Background()
	sh := open(t)
	sh.db.MustExec(`insert into products (brand_id, slug, lang, title, vat_bps, currency, state)
		select $1, 'p' || n, 'fr', 'P', 2000, 'EUR', 'published' from generate_series(1, $2) n`, sh.brand, storefronts.MaxListings)
	sh.db.MustExec(`insert into listings (member_id, product_id, position) select $1, id, row_number() over () - 1 from products where slug like 'p%'`, sh.alice)
	if _, err := sh.s.AddListing(ctx, sh.alice, sh.products[0]); !errors.Is(err, storefronts.ErrFull) {
		t.Errorf("AddListing to a full storefront = %v", err)
	}
}

// Whatever happens at once, positions stay dense and nothing is listed twice.
func TestChangesAtOnce(t *testing.T) {
	ctx := context.Background()
	sh := open(t)
	var wg sync.WaitGroup
	for range 12 {
		p := sh.products[rand.N(len(sh.products))]
		wg.Go(func() {
			if _, err := sh.s.AddListing(ctx, sh.alice, p); err != nil {
				t.Error(err)
			}
			if err := sh.s.Move(ctx, sh.alice, p, rand.N(3)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := sh.slugs(t)
	slices.Sort(got)
	if len(got) == 0 || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("listings = %v", got)
	}
}
