package publications_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/designs"
	"relais/internal/designs/designstest"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/postgres/pgtest"
	"relais/internal/publications"
	"relais/internal/referrals"
	"relais/internal/storefronts"
)

// world is a shop whose product is a base (text 5.00, photograph 9.00) on which designs are published for up to 15 %, and a member who designs on it.
type world struct {
	*apptest.World
	shop     apptest.Shop
	lea, tom int64
}

func open(t *testing.T) *world {
	w := apptest.New(t)
	x := &world{World: w, shop: w.Shop("terre", 3000, 9), lea: w.Member("lea"), tom: w.Member("tom")}
	v, err := w.Designs.SaveBase(t.Context(), x.shop.Owner, x.shop.Brand, x.shop.Product, 0, designstest.Shirt())
	x.ok(err)
	x.ok(w.Designs.Publish(t.Context(), x.shop.Owner, x.shop.Brand, x.shop.Product, v.Revision))
	terms := catalog.FirstTerms()
	terms.RoyaltyBps, terms.MarginBps = 1500, 2000
	_, err = w.Catalog.OfferTerms(t.Context(), x.shop.Owner, x.shop.Brand, terms)
	x.ok(err)
	x.sets(publications.Settings{Offered: true, Review: true, Stock: 7})
	return x
}

func (w *world) ok(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) refused(what string, err, want error) {
	w.T.Helper()
	if !errors.Is(err, want) {
		w.T.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func (w *world) sets(s publications.Settings) {
	w.T.Helper()
	w.ok(w.Publications.Set(w.T.Context(), w.shop.Owner, w.shop.Brand, w.shop.Product, s))
}

// designs a piece with these words and a photograph of the member's.
func (w *world) designs(member int64, words string) (id int64) {
	w.T.Helper()
	id, err := w.Designs.Start(w.T.Context(), member, w.shop.Product, "Essai")
	w.ok(err)
	photo, err := w.Designs.AddPhoto(w.T.Context(), member, bytes.NewReader(designstest.Photo(w.T, 900, 600).JPEG))
	w.ok(err)
	w.writes(member, id, 1, designstest.Text(words), model.Layer{Kind: model.Image, Photo: photo.ID, X: 90_00, Y: 45_00, Size: 60_00})
	return id
}

func (w *world) writes(member, id int64, revision int, layers ...model.Layer) {
	w.T.Helper()
	_, err := w.Designs.Save(w.T.Context(), member, id, revision, "Essai", designstest.Doc(layers...))
	w.ok(err)
}

func draft(design int64, royalty int64) publications.Draft {
	return publications.Draft{DesignID: design, Revision: 2, Lang: i18n.FR, Title: "Vagues", Note: "Dessiné à la plage.", RoyaltyBps: royalty, MayVary: true, MayResell: true, Rights: true}
}

// listed is a publication of that member's that its brand accepted.
func (w *world) listed(member int64, words string, royalty int64) publications.Publication {
	w.T.Helper()
	id, err := w.Publications.Ask(w.T.Context(), member, draft(w.designs(member, words), royalty))
	w.ok(err)
	w.ok(w.Publications.Accept(w.T.Context(), w.shop.Owner, w.shop.Brand, id, 2))
	return w.reads(id)
}

func (w *world) reads(id int64) publications.Publication {
	w.T.Helper()
	p, err := publications.ByID(w.T.Context(), w.DB, id)
	w.ok(err)
	return p
}

func (w *world) product(p publications.Publication) catalog.ProductPage {
	w.T.Helper()
	page, err := catalog.ByID(w.T.Context(), w.DB, *p.ProductID, "", w.Clock.Now())
	w.ok(err)
	return page
}

func (w *world) told(member int64, event string) int {
	w.T.Helper()
	var n int
	w.ok(w.DB.Get(&n, `select count(*) from notices where member_id = $1 and event = $2 and kind in ('publication','brand_design')`, member, event))
	return n
}

// A design is asked for, looked at and sold: at the base's price and what its options cost, with its pictures, the base's VAT and warnings.
func TestADesignIsPublished(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	id := w.designs(w.lea, "Vagues")
	for name, change := range map[string]func(d *publications.Draft){
		"royalty": func(d *publications.Draft) { d.RoyaltyBps = 1501 }, "title": func(d *publications.Draft) { d.Title = " " }, "rights": func(d *publications.Draft) { d.Rights = false },
	} {
		d := draft(id, 1000)
		change(&d)
		_, err := w.Publications.Ask(ctx, w.lea, d)
		var f *fault.Error
		if !errors.As(err, &f) || f.Fields[name] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.Publications.Ask(ctx, w.tom, draft(id, 1000))
	w.refused("somebody else's", err, fault.NotFound)
	stale := draft(id, 1000)
	stale.Revision = 1
	_, err = w.Publications.Ask(ctx, w.lea, stale)
	w.refused("not as it was shown", err, designs.ErrElsewhere)
	pub, err := w.Publications.Ask(ctx, w.lea, draft(id, 1000))
	w.ok(err)
	_, err = w.Publications.Ask(ctx, w.lea, draft(id, 1000))
	w.refused("twice", err, publications.ErrAsked)
	if w.told(w.shop.Owner, "asked") != 1 {
		t.Error("the team was not told")
	}
	w.writes(w.lea, id, 2, designstest.Text("Tempête")) // afterwards: what was asked for is kept
	w.refused("a stranger accepts", w.Publications.Accept(ctx, w.tom, w.shop.Brand, pub, 2), publications.ErrGone)
	w.refused("another revision", w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, pub, 3), publications.ErrMoved)
	w.ok(w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, pub, 2))
	w.refused("again", w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, pub, 2), publications.ErrOver)
	p := w.reads(pub)
	page := w.product(p)
	if p.State != publications.Listed || !p.Selling() || !page.Visible || page.Title != "Vagues" || page.Description != "Dessiné à la plage." || page.CustomMade || page.VATBps != 2000 || page.Terms.RoyaltyBps != 1500 {
		t.Errorf("%+v %+v", p, page.Product)
	}
	if v := page.Variants; len(v) != 1 || v[0].PriceMinor != 3000+500+900 || v[0].Stock != 7 || v[0].SKU != fmt.Sprintf("terre-1-P%d", pub) {
		t.Errorf("variants %+v", v)
	}
	if len(page.Photos) != 1 || page.Photos[0].Alt != "Vagues – Devant" || page.Photos[0].Width < 900 {
		t.Errorf("photographs %+v", page.Photos)
	}
	if w.told(w.lea, "listed") != 1 {
		t.Error("the author was not told")
	}
	w.ok(w.Designs.Withdraw(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product)) // it goes on being made on the version that it was drawn on
	if page := w.product(p); !page.Visible {
		t.Error("withdrawn with its base")
	}
	w.Audit()
}

// It is bought as any product is: made to the revision that was sold, not sent before, and its buyer may withdraw from it.
func TestAPublishedDesignIsBought(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	p := w.listed(w.lea, "Vagues", 1000)
	variant := w.product(p).Variants[0].ID
	_, err := w.Storefronts.AddListing(ctx, w.tom, *p.ProductID)
	w.ok(err)
	w.ok(w.Storefronts.SetMargin(ctx, w.tom, *p.ProductID, money.New(600, "EUR")))
	o := w.Paid(apptest.Purchase{Variant: variant, Storefront: w.tom})
	l := o.Shipments[0].Lines[0]
	if l.DesignID == nil || *l.DesignID != p.DesignID || l.DesignRevision != 2 || l.CustomMade || l.OptionMinor != 0 || l.PriceMinor != 5000 || l.MarginMinor != 600 {
		t.Errorf("line %+v", l)
	}
	w.refused("sent unmade", w.Orders.Ship(ctx, w.shop.Brand, o.Shipments[0].ID, "Colissimo", "6A1"), fault.Conflict)

	// Its author changes it: the old one is sold until the new one is accepted, and an order keeps what it was placed with.
	w.writes(w.lea, p.DesignID, 2, designstest.Text("Tempête"))
	w.refused("without the rights", w.Publications.AskRevision(ctx, w.lea, p.ID, 3, false), fault.Invalid)
	w.ok(w.Publications.AskRevision(ctx, w.lea, p.ID, 3, true))
	w.refused("the same again", w.Publications.AskRevision(ctx, w.lea, p.ID, 3, true), publications.ErrSame)
	if now := w.reads(p.ID); now.Revision != 2 || now.Pending() != 3 {
		t.Errorf("%+v", now)
	}
	cart, err := w.Carts.Add(ctx, carts.Addition{VariantID: variant, Quantity: 1, Lang: i18n.FR})
	w.ok(err)
	seen := func() string {
		ls, err := carts.Lines(ctx, w.DB, carts.Look{CartID: cart, Lang: i18n.FR, At: w.Clock.Now()})
		w.ok(err)
		return carts.Seen(ls)
	}
	place := apptest.Placement(cart, "")
	place.Designs = seen()
	changed := func() bool {
		ls, err := carts.Lines(ctx, w.DB, carts.Look{CartID: cart, Lang: i18n.FR, At: w.Clock.Now()})
		w.ok(err)
		return ls[0].Changed()
	}
	if changed() {
		t.Error("changed before anything was accepted")
	}
	w.ok(w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, p.ID, 3))
	if !changed() {
		t.Error("changed unseen")
	}
	_, err = w.Orders.Place(ctx, place)
	w.refused("another picture than was shown", err, carts.ErrDesignMoved)
	place.Designs = seen()
	second, err := w.Orders.Place(ctx, place)
	w.ok(err)
	w.Pay(second, apptest.Good)
	w.Settle()
	read, err := w.Orders.ByID(ctx, second.ID)
	w.ok(err)
	if l := read.Shipments[0].Lines[0]; l.DesignRevision != 3 || l.PriceMinor != 3500 { // the photograph was 9.00
		t.Errorf("line %+v", l)
	}
	if page := w.product(p); page.Variants[0].PriceMinor != 3500 || len(page.Photos) != 1 {
		t.Errorf("%+v", page)
	}
	w.Deliver(o.ID)
	w.Settle()
	w.ok(w.Withdraw(o.ID, "changed_mind"))
	w.Settle()

	// Its author takes it off sale: nobody buys it any more, nor does its brand sell it again; what was ordered stays.
	w.ok(w.Publications.Withdraw(ctx, w.lea, p.ID))
	w.refused("twice", w.Publications.Withdraw(ctx, w.lea, p.ID), publications.ErrOver)
	if page := w.product(p); page.State != catalog.Archived {
		t.Errorf("the product is %s", page.State)
	}
	w.refused("sold again", w.Catalog.MoveProduct(ctx, w.shop.Owner, w.shop.Brand, *p.ProductID, catalog.Published), fault.Conflict)
	if w.told(w.shop.Owner, "left") != 1 {
		t.Error("the team was not told")
	}
	w.Audit()
}

// What the brand refuses is not sold, and its author reads why; another brand's team decides nothing; where nothing is looked at first it is listed by itself.
func TestTheBrandDecides(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	other := w.Shop("mer", 2000, 1)
	id, err := w.Publications.Ask(ctx, w.lea, draft(w.designs(w.lea, "Vagues"), 0))
	w.ok(err)
	w.refused("another brand", w.Publications.Decline(ctx, other.Owner, other.Brand, id, 2, "Non."), publications.ErrGone)
	w.refused("its own number", w.Publications.Decline(ctx, other.Owner, w.shop.Brand, id, 2, "Non."), publications.ErrGone)
	w.refused("without a word", w.Publications.Decline(ctx, w.shop.Owner, w.shop.Brand, id, 2, " "), fault.Invalid)
	w.ok(w.Publications.Decline(ctx, w.shop.Owner, w.shop.Brand, id, 2, "Trop proche de notre logo."))
	w.refused("a form that names no revision, when none waits", w.Publications.Decline(ctx, w.shop.Owner, w.shop.Brand, id, 0, "Non."), publications.ErrOver)
	if p := w.reads(id); p.State != publications.Refused || p.Why != "Trop proche de notre logo." || p.ProductID != nil {
		t.Errorf("%+v", p)
	}
	if w.told(w.lea, "refused") != 1 {
		t.Error("the author was not told")
	}
	w.sets(publications.Settings{Offered: true, Stock: 3})
	id, err = w.Publications.Ask(ctx, w.lea, draft(w.reads(id).DesignID, 500))
	w.ok(err)
	w.Settle()
	if p := w.reads(id); !p.Selling() || w.product(p).Variants[0].Stock != 3 || w.told(w.shop.Owner, "listed") != 1 {
		t.Errorf("%+v", p)
	}
	id, err = w.Publications.Ask(ctx, w.tom, draft(w.designs(w.tom, "Falaises"), 500))
	w.ok(err)
	w.sets(publications.Settings{Offered: true, Review: true, Stock: 3}) // before it is listed by itself
	w.Settle()
	if p := w.reads(id); p.State != publications.Asked || w.told(w.shop.Owner, "asked") == 0 || w.told(w.tom, "waits") != 1 {
		t.Errorf("it waits for the brand, and its author was told so %d times: %+v", w.told(w.tom, "waits"), p)
	}
	w.sets(publications.Settings{Stock: 3})
	_, err = w.Publications.Ask(ctx, w.tom, draft(w.designs(w.tom, "Dunes"), 0))
	w.refused("not offered", err, publications.ErrNotOffered)
	w.refused("of another brand", w.Publications.Set(ctx, other.Owner, other.Brand, w.shop.Product, publications.FirstSettings()), publications.ErrGone)
	w.refused("no stock", w.Publications.Set(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product, publications.Settings{}), fault.Invalid)
	w.Audit()
}

// A variation copies the design and its photographs, keeps the royalties of those before, and stays when the original goes.
func TestAVariation(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	original := w.listed(w.lea, "Vagues", 1000)
	id, err := w.Publications.Vary(ctx, w.tom, original.Slug, "Vagues de nuit")
	w.ok(err)
	d, err := designs.ByID(ctx, w.DB, w.tom, id)
	w.ok(err)
	if len(d.Photos) != 1 || len(d.Doc.Photos()) != 1 || d.Doc.Photos()[0] != d.Photos[0].ID || d.Trouble() != "" {
		t.Errorf("%+v", d)
	}
	ask := draft(id, 501)
	ask.Revision, ask.Title, ask.MayVary, ask.MayResell = 1, "Vagues de nuit", false, false
	_, err = w.Publications.Ask(ctx, w.tom, ask)
	w.refused("more than is left", err, fault.Invalid)
	ask.RoyaltyBps = 500
	pub, err := w.Publications.Ask(ctx, w.tom, ask)
	w.ok(err)
	w.ok(w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, pub, 1))
	varied := w.reads(pub)
	if varied.ParentID == nil || *varied.ParentID != original.ID || w.told(w.lea, "varied") != 1 {
		t.Errorf("%+v", varied)
	}
	_, err = w.Publications.Vary(ctx, w.lea, varied.Slug, "Encore")
	w.refused("a variation that its author does not allow", err, publications.ErrNoVarying)
	_, err = w.Storefronts.AddListing(ctx, w.lea, *varied.ProductID)
	w.refused("another storefront", err, fault.Conflict)
	link, err := w.Referrals.Create(ctx, w.lea, referrals.Share{Target: referrals.ToProduct, ProductID: *varied.ProductID})
	w.ok(err)
	if link.Landing("") != "/p/"+varied.Slug {
		t.Errorf("a link of another leads to %s", link.Landing(""))
	}
	if listed, err := storefronts.Listed(ctx, w.DB, w.lea, *varied.ProductID); err != nil || listed {
		t.Errorf("listed by a link: %v, %v", listed, err)
	}
	own, err := w.Referrals.Create(ctx, w.tom, referrals.Share{Target: referrals.ToProduct, ProductID: *varied.ProductID})
	w.ok(err)
	if own.Landing("") != "/@tom/p/"+varied.Slug {
		t.Errorf("a link of the author leads to %s", own.Landing(""))
	}
	_, err = w.Storefronts.AddListing(ctx, w.tom, *varied.ProductID)
	w.ok(err)
	o := w.Paid(apptest.Purchase{Variant: w.product(varied).Variants[0].ID})
	var shares string
	w.ok(w.DB.Get(&shares, `select string_agg(m.handle || ' ' || e.amount_minor, ', ' order by m.handle) from earnings e join payees y on y.id = e.payee_id join members m on m.id = y.member_id
		where e.order_line_id = $1 and e.role = 'royalty'`, o.Shipments[0].Lines[0].ID))
	if shares != "lea 366, tom 183" { // of 44.00 / 1.2 = 36.66
		t.Errorf("royalties %s", shares)
	}
	w.ok(w.Publications.Withdraw(ctx, w.lea, original.ID))
	if !w.reads(pub).Selling() {
		t.Error("the variation went with the original")
	}
	w.Audit()
}

// A piece that is sold face to face lies there: nothing is to be made for it. It is neither launched, nor called made to wishes, nor a base.
func TestWhatTheProductIsNot(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	p := w.listed(w.lea, "Vagues", 1000)
	page := w.product(p)
	yes := true
	d := catalog.DraftOf(page)
	d.CustomMade = &yes
	w.refused("made to wishes", w.Catalog.EditProduct(ctx, w.shop.Owner, w.shop.Brand, page.ID, d), fault.Conflict)
	_, err := w.Designs.SaveBase(ctx, w.shop.Owner, w.shop.Brand, page.ID, 0, designstest.Shirt())
	w.refused("a base", err, fault.Conflict)
	cart, err := w.Carts.Add(ctx, carts.Addition{VariantID: page.Variants[0].ID, Quantity: 1, Lang: i18n.FR})
	w.ok(err)
	place := apptest.Placement(cart, "")
	place.InPerson = &orders.InPerson{Place: "market"}
	o, err := w.Orders.Place(ctx, place)
	w.ok(err)
	var design *int64
	w.ok(w.DB.Get(&design, `select design_id from order_lines where order_id = $1`, o.ID))
	if design != nil {
		t.Errorf("design %d", *design)
	}
}

// The application cannot change what was asked and decided, and each corruption is named by the audit.
func TestGuards(t *testing.T) {
	w := open(t)
	p := w.listed(w.lea, "Vagues", 1000)
	w.Paid(apptest.Purchase{Variant: w.product(p).Variants[0].ID})
	for _, q := range []string{`delete from publications`, `update publications set title = 'x'`, `update publications set royalty_bps = 1`, `update publications set state = 'asked'`, `update publications set revision = 1`,
		`update publications set product_id = null, state = 'left'`, `update publication_moves set kind = 'asked'`, `delete from publication_moves`, `update products set state = 'launch'`,
		`update designs set varied_from = 1`, `insert into order_lines select (o).* from (select l as o from order_lines l) x`} {
		if _, err := w.DB.Exec(q); err == nil {
			t.Errorf("%s is allowed", q)
		}
	}
	owner := pgtest.Owner(t, w.DB)
	for query, want := range map[string]string{
		`update products set custom_made = true where id = (select product_id from publications)`: "publications_sold",
		`update publications set state = 'left'`:                                                  "publications_sold",
		`update publication_moves set revision = 1`:                                               "publications_sold",
		`update publications set author_id = (select min(id) from members)`:                       "publications_asked",
		`delete from publication_moves where kind = 'asked'`:                                      "publications_asked",
		`update publication_moves set kind = 'refused' where kind = 'listed'`:                     "publications_asked",
		`update publications set parent_id = id`:                                                  "publications_chain",
		`insert into publications (design_id, revision, author_id, base_product_id, title, royalty_bps, asked_at, parent_id, state) select design_id, revision, author_id, base_product_id, title, 2000, asked_at, id, 'left' from publications`: "publications_chain",
		`alter table publications disable trigger publications_move`: "publication_guards",
		`grant update on publication_moves to relais_app`:            "publication_guards",
	} {
		tx := owner.MustBegin()
		tx.MustExec(`set local session_replication_role = replica`)
		tx.MustExec(query)
		found, err := publications.Check(t.Context(), tx)
		w.ok(err)
		named := false
		for _, f := range found {
			named = named || f.Count > 0 && f.Name == want
		}
		if !named {
			t.Errorf("%s: the audit does not name %s", query, want)
		}
		w.ok(tx.Rollback())
	}
}
