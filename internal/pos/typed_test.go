package pos_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/catalog/slug"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/pos"
	"relais/internal/ratings"
	"relais/internal/referrals"
)

func TestWhatMayBeTyped(t *testing.T) {
	good := pos.Typed{Operation: operation(), Title: "Retouche", Price: money.New(1500, "EUR"), VATBps: 2000}
	for name, c := range map[string]struct {
		change func(*pos.Typed)
		fields string
	}{
		"good":              {func(*pos.Typed) {}, ""},
		"space":             {func(x *pos.Typed) { x.Title = " Retouche \t d’ourlet " }, ""},
		"no VAT":            {func(x *pos.Typed) { x.VATBps = 0 }, ""},
		"no title":          {func(x *pos.Typed) { x.Title = " \n " }, "title"},
		"long title":        {func(x *pos.Typed) { x.Title = strings.Repeat("é", 161) }, "title"},
		"nothing":           {func(x *pos.Typed) { x.Price.Minor = 0 }, "price"},
		"less than nothing": {func(x *pos.Typed) { x.Price.Minor = -100 }, "price"},
		"too much":          {func(x *pos.Typed) { x.Price.Minor = catalog.MaxPrice + 1 }, "price"},
		"other currency":    {func(x *pos.Typed) { x.Price.Currency = "GBP" }, "price"},
		"strange rate":      {func(x *pos.Typed) { x.VATBps = 1234 }, "vat"},
		"everything":        {func(x *pos.Typed) { *x = pos.Typed{VATBps: -1} }, "operation price title vat"},
	} {
		typed := good
		c.change(&typed)
		_, err := typed.Clean("EUR")
		var found []string
		if refused, ok := errors.AsType[*fault.Error](err); ok {
			for _, field := range []string{"operation", "price", "title", "vat"} {
				if refused.Fields[field] != "" {
					found = append(found, field)
				}
			}
		}
		if strings.Join(found, " ") != c.fields || (err == nil) != (c.fields == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		typed := pos.Typed{Operation: operation(), Title: rapid.String().Draw(t, "title"), Price: money.New(rapid.Int64().Draw(t, "price"), "EUR"), VATBps: rapid.Int64().Draw(t, "vat")}
		clean, err := typed.Clean("EUR")
		if err == nil && (clean.Title == "" || strings.ContainsAny(clean.Title, "\n\x00") || clean.Price.Minor <= 0 || clean.Price.Minor > catalog.MaxPrice) {
			t.Errorf("%+v passes", clean)
		}
		if again, twice := clean.Clean("EUR"); err == nil && (twice != nil || again != clean) {
			t.Errorf("%+v, cleaned again %+v, %v", clean, again, twice)
		}
	})
}

func hem() pos.Typed {
	return pos.Typed{Operation: operation(), Title: "Retouche d’ourlet", Price: money.New(1200, "EUR"), VATBps: 2000}
}

// A typed amount is sold, invoiced and refunded as any product; nobody earns by it.
func TestATypedAmountIsSold(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	zoe := s.Member("zoe")
	id := s.basket(s.shop.Brand, pos.Fair, 1)
	typed := hem()
	for range 2 { // sent twice it is one
		s.must(s.Counter.Type(ctx, s.shop.Owner, id, typed))
	}
	if v := s.see(id); len(v.Lines) != 2 || v.Goods.Minor != 13200 {
		t.Fatalf("%+v", v.Lines)
	}
	s.must(s.Counter.Show(ctx, s.shop.Owner, id))
	o, err := s.Counter.Agree(ctx, pos.Agreement{Token: *s.see(id).Token, Mark: "phone", MemberID: &zoe, Lang: i18n.FR})
	s.must(err)
	s.Pay(o, apptest.Good)
	s.Settle()
	p, err := s.Orders.ByID(ctx, o.ID)
	s.must(err)
	for _, l := range p.Shipments[0].Lines {
		if l.Title != typed.Title {
			continue
		}
		if l.TotalMinor != 1200 || l.NetMinor != 1000 || l.CommissionBps != 0 || l.Slug != "" || len(l.Relays) != 0 {
			t.Errorf("%+v", l)
		}
		rated, err := ratings.OfOrder(ctx, s.DB, o.ID)
		s.must(err)
		for _, r := range rated {
			if r.LineID == l.ID {
				t.Error("it can be rated")
			}
		}
	}
	es, err := earnings.OfOrder(ctx, s.DB, o.ID)
	s.must(err)
	commission := int64(0)
	for _, e := range es {
		if e.Role == earnings.Commission {
			commission += e.Amount.Minor
		}
	}
	if commission != 0 {
		t.Errorf("commissions of %d", commission)
	}
	var low int
	s.must(s.DB.Get(&low, `select count(*) from notices where kind = 'brand_stock' and args::text like '%Retouche%'`))
	if low != 0 {
		t.Error("its stock of one is told to be gone")
	}
	s.must(s.RefundAll(o.ID, s.shop.Brand))
	s.Settle()
	s.stage(id, "refunded")
	s.Audit()
}

// A typed amount is in its basket and nowhere else.
func TestATypedAmountIsNowhereElse(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id, typed := s.basket(s.shop.Brand, pos.Fair, 1), hem()
	s.must(s.Counter.Type(ctx, s.shop.Owner, id, typed))
	var p struct {
		ID, Variant int64
		Slug        string
	}
	s.must(s.DB.Get(&p, `select p.id, p.slug, v.id as variant from products p join variants v on v.product_id = p.id where p.state = 'typed'`))
	if _, err := catalog.BySlug(ctx, s.DB, p.Slug, i18n.FR, s.Clock.Now()); !errors.Is(err, fault.NotFound) {
		t.Errorf("its page: %v", err)
	}
	if _, err := catalog.ByID(ctx, s.DB, p.ID, i18n.FR, s.Clock.Now()); !errors.Is(err, fault.NotFound) {
		t.Errorf("its page at the brand: %v", err)
	}
	for _, text := range []string{"", "retouche", "Retouch ourlet"} {
		found, err := catalog.Search(ctx, s.DB, catalog.Query{Text: text, Page: 1, PerPage: 50, Lang: i18n.FR, At: s.Clock.Now()})
		s.must(err)
		for _, c := range found.Cards {
			if c.ID == p.ID {
				t.Errorf("a search for %q finds it", text)
			}
		}
	}
	if cards, err := catalog.Cards(ctx, s.DB, i18n.FR, s.Clock.Now(), p.ID); err != nil || len(cards) != 0 {
		t.Errorf("its card: %v, %v", cards, err)
	}
	all, err := catalog.BrandCards(ctx, s.DB, i18n.FR, s.Clock.Now(), s.shop.Brand)
	if err != nil || len(all) != 1 {
		t.Errorf("the brand's products: %d, %v", len(all), err)
	}
	more, err := catalog.More(ctx, s.DB, i18n.FR, s.Clock.Now(), catalog.Product{BrandID: s.shop.Brand}, 9)
	if err != nil || len(more) != 1 {
		t.Errorf("the foot of a page: %d, %v", len(more), err)
	}
	shelf, _, err := s.Counter.ShelfOf(ctx, s.see(id).Sale, "", i18n.FR)
	if err != nil || len(shelf) != 1 {
		t.Errorf("the shelf: %d, %v", len(shelf), err)
	}
	for what, err := range map[string]error{
		"published": s.Catalog.MoveProduct(ctx, s.shop.Owner, s.shop.Brand, p.ID, catalog.Published),
		"a basket":  added(s, p.Variant, ""),
		"another":   s.Counter.Put(ctx, s.shop.Owner, s.basket(s.shop.Brand, pos.Fair, 1), p.Variant, 1),
		"two of it": s.Counter.Put(ctx, s.shop.Owner, id, p.Variant, 2),
	} {
		if err != nil {
			continue
		}
		if v := s.see(id); what == "two of it" && s.Counter.Show(ctx, s.shop.Owner, id) != nil && len(v.Lines) == 2 {
			continue // more than there is cannot be shown
		}
		t.Errorf("%s: it is taken", what)
	}
	if _, err := s.Storefronts.AddListing(ctx, s.lea, p.ID); err == nil {
		t.Error("it is listed")
	}
	if _, err := s.Referrals.Create(ctx, s.lea, referrals.Share{Target: referrals.ToProduct, ProductID: p.ID}); err == nil {
		t.Error("it is shared")
	}
	for _, statement := range []string{`update products set state = 'published', typed_for = null, typed_operation = null where id = $1`, `update products set title = 'x' where id = $1`,
		`insert into listings (member_id, product_id, position, listed_at) select seller_id, $1, 1, now() from counter_sales limit 1`,
		`insert into product_photos (product_id, media_id, position) values ($1, 1, 1)`} {
		if _, err := s.DB.Exec(statement, p.ID); err == nil || !strings.Contains(err.Error(), "typed at a counter") && !strings.Contains(err.Error(), "column") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// No brand takes the addresses of typed amounts beforehand: a product is named by its brand, and what is typed has an address that nobody can guess.
func TestATypedAmountHasAnAddressOfItsOwn(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	var last int64
	s.must(s.DB.Get(&last, `select max(id) from products`))
	for n := range int64(40) {
		_, err := s.Catalog.CreateProduct(ctx, s.shop.Owner, s.shop.Brand, catalog.ProductDraft{Title: fmt.Sprint("Typed ", last+40+n), VATBps: 2000, Variants: []catalog.VariantDraft{{PriceMinor: 100}}})
		s.must(err)
	}
	id := s.basket(s.shop.Brand, pos.Fair, 1)
	for range 2 { // of one title, too
		s.must(s.Counter.Type(ctx, s.shop.Owner, id, hem()))
	}
	var slugs []string
	s.must(s.DB.Select(&slugs, `select slug from products where state = 'typed'`))
	for _, address := range slugs {
		if len(address) < 20 || address != slug.Of(address) || strings.Contains(address, "retouche") {
			t.Errorf("its address is %q", address)
		}
	}
}

func added(s *stand, variant int64, cart string) error {
	_, err := s.Carts.Add(s.T.Context(), carts.Addition{CartID: cart, VariantID: variant, Quantity: 1, Lang: i18n.FR})
	return err
}

func TestWhoTypesAmounts(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	mine, own := s.basket(0, pos.Fair, 1), s.basket(s.shop.Brand, pos.Fair, 1)
	if err := s.Counter.Type(ctx, s.lea, mine, hem()); !errors.Is(err, pos.ErrTypedByBrand) {
		t.Errorf("for goods of others: %v", err)
	}
	if err := s.Counter.Type(ctx, s.lea, own, hem()); !errors.Is(err, pos.ErrGone) {
		t.Errorf("in a basket of others: %v", err)
	}
	typed := hem()
	s.must(s.Counter.Type(ctx, s.shop.Owner, own, typed))
	if err := s.Counter.Type(ctx, s.shop.Owner, s.basket(s.shop.Brand, pos.Fair, 1), typed); !errors.Is(err, fault.Invalid) {
		t.Errorf("the same form in another basket: %v", err)
	}
	variant := s.see(own).Lines[1].VariantID
	s.must(s.Counter.Put(ctx, s.shop.Owner, own, variant, 0))
	if v := s.see(own); len(v.Lines) != 1 {
		t.Errorf("taken out: %+v", v.Lines)
	}
	for range pos.MaxTyped {
		s.must(s.Counter.Type(ctx, s.shop.Owner, own, hem()))
	}
	if err := s.Counter.Type(ctx, s.shop.Owner, own, hem()); !errors.Is(err, fault.Invalid) {
		t.Errorf("one too many: %v", err)
	}
	var made int
	if s.must(s.DB.Get(&made, `select count(*) from products where typed_for is not null`)); made != 1+pos.MaxTyped {
		t.Errorf("%d products were made; the one too many is none", made)
	}
	s.must(s.Counter.Show(ctx, s.shop.Owner, own))
	if err := s.Counter.Type(ctx, s.shop.Owner, own, hem()); !errors.Is(err, pos.ErrBegun) {
		t.Errorf("after it was shown: %v", err)
	}
}

// A typed amount goes a day after its basket was last touched: whether it lies in it still, was taken out, or the sale was cancelled. One that
// an order names stays, also where that order was never paid.
func TestTypedAmountsOfAbandonedBasketsGo(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	type found struct {
		Typed, Prices, Lines int
	}
	left := func() (f found) {
		t.Helper()
		s.must(s.DB.Get(&f, `select (select count(*) from products where state = 'typed') as typed,
			(select count(*) from variant_prices r join variants v on v.id = r.variant_id join products p on p.id = v.product_id where p.state = 'typed') as prices,
			(select count(*) from cart_lines) as lines`))
		return f
	}
	after := func(d time.Duration) {
		t.Helper()
		s.Clock.Set(s.Clock.Now().Add(d))
		s.must(s.Counter.SweepTyped(ctx))
	}
	typed := func() int64 {
		t.Helper()
		id := s.basket(s.shop.Brand, pos.Fair, 1)
		s.must(s.Counter.Type(ctx, s.shop.Owner, id, hem()))
		return id
	}
	agreed := func() orders.Order {
		t.Helper()
		id := typed()
		s.must(s.Counter.Show(ctx, s.shop.Owner, id))
		o, err := s.Counter.Agree(ctx, pos.Agreement{Token: *s.see(id).Token, Mark: "phone", Lang: i18n.FR})
		s.must(err)
		return o
	}
	s.Pay(agreed(), apptest.Good)
	s.Settle()
	unpaid := agreed()
	left0 := left()
	lying, out, cancelled, shown := typed(), typed(), typed(), typed()
	s.must(s.Counter.Put(ctx, s.shop.Owner, out, s.see(out).Lines[1].VariantID, 0))
	s.must(s.Counter.Cancel(ctx, s.shop.Owner, cancelled))
	after(23 * time.Hour)
	if got := left(); got.Typed != left0.Typed+4 {
		t.Errorf("before a day is over: %+v", got)
	}
	s.must(s.Counter.Show(ctx, s.shop.Owner, shown))
	s.must(s.Counter.Put(ctx, s.shop.Owner, lying, s.shop.Variant, 1))
	after(2 * time.Hour)
	for what, id := range map[string]int64{"shown": shown, "changed": lying} {
		if v := s.see(id); len(v.Lines) != 2 {
			t.Errorf("what was %s two hours ago has %+v", what, v.Lines)
		}
	}
	if got := left(); got.Typed != left0.Typed+2 {
		t.Errorf("after a day: %+v", got)
	}
	after(25 * time.Hour)
	if v := s.see(lying); len(v.Lines) != 1 || v.Goods.Minor != 12000 {
		t.Errorf("the basket keeps %+v", v.Lines)
	}
	s.must(s.Orders.SweepExpired(ctx))
	s.Settle()
	after(25 * time.Hour)
	if got := left(); got.Typed != left0.Typed || got.Prices != left0.Typed {
		t.Errorf("left %+v, want %+v", got, left0)
	}
	p, err := s.Orders.ByID(ctx, unpaid.ID)
	if err != nil || p.State != orders.Expired || len(p.Shipments[0].Lines) != 2 {
		t.Errorf("the order that was not paid: %s, %+v, %v", p.State, p.Shipments, err)
	}
	if _, err := s.DB.Exec(`delete from products where state = 'typed'`); err == nil {
		t.Error("what an order names can be deleted")
	}
	s.Audit()
}

// While an order of it is being made, a typed amount is not swept, and what was swept is in no order.
func TestASweepAndAnOrderOfATypedAmount(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id := s.basket(s.shop.Brand, pos.Fair, 1)
	s.must(s.Counter.Type(ctx, s.shop.Owner, id, hem()))
	s.Clock.Set(s.Clock.Now().Add(48 * time.Hour))
	tx, err := s.DB.BeginTxx(ctx, nil)
	s.must(err)
	defer func() { _ = tx.Rollback() }()
	var product int64 // an order that names it locks it so
	s.must(tx.Get(&product, `select id from products where state = 'typed' for key share`))
	s.must(s.Counter.SweepTyped(ctx))
	s.must(tx.Commit())
	if v := s.see(id); len(v.Lines) != 2 {
		t.Fatalf("it was swept: %+v", v.Lines)
	}
	s.must(s.Counter.SweepTyped(ctx))
	if v := s.see(id); len(v.Lines) != 1 {
		t.Errorf("it is never swept: %+v", v.Lines)
	}
}
