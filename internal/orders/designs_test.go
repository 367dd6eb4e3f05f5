package orders_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
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
	"relais/internal/pos"
	"relais/internal/postgres/pgtest"
)

// atelier is a shop whose product is a base (text 5.00), and a member who designs on it.
type atelier struct {
	*apptest.World
	shop apptest.Shop
	lea  int64
}

func openAtelier(t *testing.T) *atelier {
	w := apptest.New(t)
	a := &atelier{w, w.Shop("terre", 3000, 9), w.Member("lea")}
	a.publishes(designstest.Shirt())
	return a
}

func (a *atelier) ok(err error) {
	a.T.Helper()
	if err != nil {
		a.T.Fatal(err)
	}
}

func (a *atelier) refused(what string, err, want error) {
	a.T.Helper()
	if !errors.Is(err, want) {
		a.T.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func (a *atelier) publishes(b model.Base) {
	a.T.Helper()
	v, err := a.Designs.SaveBase(a.T.Context(), a.shop.Owner, a.shop.Brand, a.shop.Product, 0, b)
	a.ok(err)
	a.ok(a.Designs.Publish(a.T.Context(), a.shop.Owner, a.shop.Brand, a.shop.Product, v.Revision))
}

// designs a piece with these words, each of which costs 5.00.
func (a *atelier) designs(title string, texts ...string) (id int64) {
	a.T.Helper()
	id, err := a.Designs.Start(a.T.Context(), a.lea, a.shop.Product, title)
	a.ok(err)
	a.writes(id, 1, texts...)
	return id
}

func (a *atelier) writes(id int64, revision int, texts ...string) {
	a.T.Helper()
	var layers []model.Layer
	for i, text := range texts {
		l := designstest.Text(text)
		l.Y += model.Length(i) * 25_00
		layers = append(layers, l)
	}
	_, err := a.Designs.Save(a.T.Context(), a.lea, id, revision, "Pour Tom", designstest.Doc(layers...))
	a.ok(err)
}

func (a *atelier) adds(cart string, by *int64, design *int64, quantity int64) (string, error) {
	return a.Carts.Add(a.T.Context(), carts.Addition{CartID: cart, VariantID: a.shop.Variant, Quantity: quantity, Lang: i18n.FR, MemberID: by, DesignID: design})
}

func (a *atelier) lines(cart string, by *int64) []carts.Line {
	a.T.Helper()
	ls, err := carts.Lines(a.T.Context(), a.DB, carts.Look{CartID: cart, MemberID: by, Lang: i18n.FR, At: a.Clock.Now()})
	a.ok(err)
	return ls
}

// places orders a cart as Léa, as its page shows it now.
func (a *atelier) places(cart string) (orders.Order, error) {
	place := apptest.Placement(cart, "lea@relais.example")
	place.MemberID, place.Designs = &a.lea, carts.Seen(a.lines(cart, &a.lea))
	return a.Orders.Place(a.T.Context(), place)
}

// buys orders and pays a cart.
func (a *atelier) buys(cart string) orders.Page {
	a.T.Helper()
	o, err := a.places(cart)
	a.ok(err)
	a.Pay(o, apptest.Good)
	a.Settle()
	p, err := a.Orders.ByID(a.T.Context(), o.ID)
	a.ok(err)
	return p
}

// A design in a basket costs what its options do and is what its author last made of it; once ordered it stays as it was, and is not withdrawn from.
func TestADesignIsBoughtByItsAuthor(t *testing.T) {
	a := openAtelier(t)
	ctx, lea, tom := t.Context(), &a.lea, a.Member("tom")
	empty, err := a.Designs.Start(ctx, a.lea, a.shop.Product, "Vide")
	a.ok(err)
	_, err = a.adds("", lea, &empty, 1)
	a.refused("an empty design", err, carts.ErrDesign)
	id := a.designs("Pour Tom", "Léa")
	for name, by := range map[string]*int64{"somebody else": &tom, "a guest": nil} {
		_, err := a.adds("", by, &id, 1)
		a.refused(name+" puts it into a basket", err, fault.NotFound)
	}
	cart, err := a.adds("", lea, nil, 1)
	a.ok(err)
	for range 2 {
		_, err = a.adds(cart, lea, &id, 1)
		a.ok(err)
	}
	ls := a.lines(cart, lea)
	if plain, made := ls[0], ls[1]; len(ls) != 2 || plain.Price.Minor != 3000 || plain.CustomMade || made.Price.Minor != 3500 || made.Options.Minor != 500 || made.Quantity != 2 || !made.CustomMade || made.Changed() {
		t.Errorf("the basket has %+v", ls)
	}
	if l := a.lines(cart, nil)[1]; l.Sellable || l.DesignTrouble == "" || l.Design.ID != 0 {
		t.Errorf("a guest sees %+v", l)
	}
	a.ok(a.Carts.SetLine(ctx, cart, a.shop.Variant, &id, 1))
	// What cannot be made any more is refused; what was changed since the page was shown is shown first.
	place := apptest.Placement(cart, "lea@relais.example")
	place.MemberID, place.Designs, place.SeenMinor = lea, carts.Seen(a.lines(cart, lea)), 3000+3500+500
	a.writes(id, 2)
	_, err = a.Orders.Place(ctx, place)
	a.refused("emptied since", err, carts.ErrDesign)
	a.writes(id, 3, "Tom")
	_, err = a.Orders.Place(ctx, place)
	a.refused("another text at the same price", err, carts.ErrDesignMoved)
	place.Designs = ""
	_, err = a.Orders.Place(ctx, place)
	a.refused("not shown at all", err, carts.ErrDesignMoved)
	a.writes(id, 4, "Léa", "Tom")
	if l := a.lines(cart, lea)[1]; !l.Changed() || l.Price.Minor != 4000 {
		t.Errorf("changed since: %+v", l)
	}
	p := a.buys(cart)
	a.ok(a.Designs.Drop(ctx, a.lea, id))
	made := p.Shipments[0].Lines[1]
	if made.DesignID == nil || *made.DesignID != id || made.DesignRevision != 5 || made.OptionMinor != 1000 || made.PriceMinor != 4000 || !made.CustomMade {
		t.Errorf("ordered: %+v", made)
	}
	if strings.Contains(made.VariantTitle, "Tom") || made.VariantTitle != fmt.Sprintf("création n°\u00a0%d", id) {
		t.Errorf("others read %q", made.VariantTitle)
	}
	kept, err := designs.Ordered(ctx, a.DB, id, 5)
	a.ok(err)
	if layers := kept.Doc.Part("chest"); len(layers) != 2 || layers[1].Text != "Tom" {
		t.Errorf("kept: %+v", layers)
	}
	for _, attack := range []string{`update design_revisions set content = '{}'`, `delete from design_revisions`, `truncate design_revisions cascade`, `delete from designs`,
		`delete from base_versions`, `update order_lines set custom_made = false where design_id is not null`, `update order_lines set option_minor = 4000 where design_id is not null`,
		`update order_lines set design_id = null where design_id is not null`} {
		if _, err := pgtest.Owner(t, a.DB).Exec(attack); err == nil {
			t.Errorf("went through: %s", attack)
		}
	}
	a.Audit()
}

// Two designs on one variant are two lines, of one stock; what is refunded of one is not refunded of the other.
func TestTwoDesignsOnOneVariant(t *testing.T) {
	a := openAtelier(t)
	ctx, lea := t.Context(), &a.lea
	one, two := a.designs("Un", "Léa"), a.designs("Deux", "Léa", "Tom")
	cart, err := a.adds("", lea, &one, 5)
	a.ok(err)
	_, err = a.adds(cart, lea, &two, 5)
	a.ok(err)
	ls := a.lines(cart, lea)
	if len(ls) != 2 || ls[0].Short() || ls[1].Stock != 4 || !ls[1].Short() {
		t.Fatalf("of a stock of 9, ten are in the basket: %+v", ls)
	}
	_, err = a.places(cart)
	a.refused("more than there is", err, fault.Conflict)
	a.ok(a.Carts.SetLine(ctx, cart, a.shop.Variant, &two, 2))
	if ls := a.lines(cart, lea); ls[0].Quantity != 5 || ls[1].Quantity != 2 {
		t.Errorf("the quantity of the second changed: %d and %d", ls[0].Quantity, ls[1].Quantity)
	}
	a.ok(a.Carts.SetLine(ctx, cart, a.shop.Variant, &one, 3))
	p := a.buys(cart)
	if got := p.Shipments[0].Lines; len(got) != 2 || got[0].TotalMinor != 3*3500 || got[1].TotalMinor != 2*4000 || got[0].VariantTitle == got[1].VariantTitle {
		t.Fatalf("ordered: %+v", got)
	}
	var stock int64
	a.ok(a.DB.Get(&stock, `select stock from variants where id = $1`, a.shop.Variant))
	if stock != 4 {
		t.Errorf("%d left", stock)
	}
	a.refused("withdrawal", a.Withdraw(p.ID, ""), fault.Conflict)
	_, err = a.Refund(p.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: p.Shipments[0].Lines[1].ID, Quantity: 1}}})
	a.ok(err)
	a.Settle()
	p, err = a.Orders.ByID(ctx, p.ID)
	a.ok(err)
	if got := p.Shipments[0].Lines; got[0].PiecesLeft() != 3 || got[1].PiecesLeft() != 1 || p.RefundedMinor != 4000 {
		t.Errorf("refunded %d of %+v", p.RefundedMinor, got)
	}
	a.Audit()
}

// A storefront's margin stands on the brand's price, the options are the brand's: every rate is of both, and of the margin none.
func TestADesignInAStorefrontWithAMargin(t *testing.T) {
	a := openAtelier(t)
	ctx, zoe := t.Context(), a.Member("zoe")
	terms := catalog.FirstTerms()
	terms.MarginBps = 2000
	_, err := a.Catalog.OfferTerms(ctx, a.shop.Owner, a.shop.Brand, terms)
	a.ok(err)
	a.ok(a.Storefronts.SetMargin(ctx, zoe, a.shop.Product, money.New(600, "EUR"))) // 20 % of 30.00, and no more because of the options
	id := a.designs("Pour Tom", "Léa", "Tom")
	cart, err := a.Carts.Add(ctx, carts.Addition{VariantID: a.shop.Variant, Quantity: 2, Lang: i18n.FR, MemberID: &a.lea, DesignID: &id, StorefrontID: &zoe})
	a.ok(err)
	p := a.buys(cart)
	l := p.Shipments[0].Lines[0]
	if l.PriceMinor != 3000+600+1000 || l.MarginMinor != 600 || l.OptionMinor != 1000 || l.NetMinor != 2*4000*10000/12000 || l.MarginNetMinor != 1000 || len(l.Relays) != 1 {
		t.Errorf("split: %+v", l)
	}
	a.Audit()
}

// What the brand no longer makes is not ordered, also where it lies in a basket; and where nothing is sent, there are no designs.
func TestWhereADesignIsNotSold(t *testing.T) {
	a := openAtelier(t)
	ctx, lea := t.Context(), &a.lea
	id := a.designs("Pour Tom", "Léa")
	cart, err := a.adds("", lea, &id, 1)
	a.ok(err)
	a.publishes(designstest.Shirt())
	_, err = a.places(cart)
	a.refused("of an older version", err, carts.ErrDesign)
	_, err = a.adds("", lea, &id, 1)
	a.refused("of an older version, anew", err, carts.ErrDesign)
	a.ok(a.Designs.CarryOver(ctx, a.lea, id, 2))
	place := apptest.Placement(cart, "")
	place.MemberID, place.Designs, place.InPerson = lea, carts.Seen(a.lines(cart, lea)), &orders.InPerson{Place: string(pos.Fair)}
	_, err = a.Orders.Place(ctx, place)
	a.refused("face to face", err, carts.ErrDesignHere)
	tx := a.DB.MustBegin()
	place.InPerson = nil
	_, err = a.Orders.PlacePromised(ctx, tx, place, orders.Promise{At: a.Clock.Now(), OpenedBy: a.lea, PriceMinor: 100})
	a.refused("in a group order", err, carts.ErrDesignHere)
	a.ok(tx.Rollback())
	p := a.buys(cart)
	a.Audit()
	plain, err := a.adds("", nil, nil, 1)
	a.ok(err)
	stand := apptest.Placement(plain, "")
	stand.InPerson = &orders.InPerson{Place: string(pos.Fair)}
	o, err := a.Orders.Place(ctx, stand)
	a.ok(err)
	_, err = pgtest.Owner(t, a.DB).Exec(`insert into order_lines (order_id, shipment_id, variant_id, product_id, brand_id, title, quantity, price_minor, total_minor, vat_bps, net_minor, terms_id, commission_bps, fee_bps, custom_made, design_id, design_revision, option_minor)
		select s.order_id, s.shipment_id, l.variant_id, l.product_id, l.brand_id, l.title, l.quantity, l.price_minor, l.total_minor, l.vat_bps, l.net_minor, l.terms_id, l.commission_bps, l.fee_bps, l.custom_made, l.design_id, l.design_revision, l.option_minor
		from order_lines l, order_lines s where l.order_id = $1 and s.order_id = $2`, p.ID, o.ID)
	if err == nil || !strings.Contains(err.Error(), "made before it is handed over") {
		t.Errorf("the database has a design sold on a fair: %v", err)
	}
}

// What is to be printed is there for the maker, whatever the buyer does with their photographs.
func TestAnOrderedPhotographStays(t *testing.T) {
	a := openAtelier(t)
	ctx := t.Context()
	photo, err := a.Designs.AddPhoto(ctx, a.lea, bytes.NewReader(designstest.Photo(t, 1000, 500).JPEG))
	a.ok(err)
	id := a.designs("Pour Tom", "Tom")
	_, err = a.Designs.Save(ctx, a.lea, id, 2, "Pour Tom", designstest.Doc(model.Layer{Kind: model.Image, Photo: photo.ID, X: 90_00, Y: 45_00, Size: 60_00}))
	a.ok(err)
	cart, err := a.adds("", &a.lea, &id, 1)
	a.ok(err)
	a.buys(cart)
	a.ok(a.Designs.RemovePhoto(ctx, a.lea, photo.ID))
	d, err := designs.Ordered(ctx, a.DB, id, 3)
	a.ok(err)
	var sheet, gone bytes.Buffer
	a.ok(a.Designs.PrintPDF(ctx, &sheet, d, "R-1", a.Clock.Now()))
	d.Photos = nil
	a.ok(a.Designs.PrintPDF(ctx, &gone, d, "R-1", a.Clock.Now()))
	if sheet.Len() < gone.Len()+10_000 {
		t.Errorf("the sheet has %d bytes, and %d without the photograph", sheet.Len(), gone.Len())
	}
	if _, err := a.places(cart); !errors.Is(err, carts.ErrEmptyCart) {
		t.Errorf("ordered twice: %v", err)
	}
}
