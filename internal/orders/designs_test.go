package orders_test

import (
	"errors"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/designs"
	"relais/internal/designs/designstest"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/postgres/pgtest"
)

// A design in a basket costs what its options do and is what its author last made of it; once ordered it stays as it was, and is not withdrawn from.
func TestADesignIsBoughtByItsAuthor(t *testing.T) {
	w := apptest.New(t)
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	shop, lea, tom := w.Shop("terre", 3000, 9), w.Member("lea"), w.Member("tom")
	v, err := w.Designs.SaveBase(ctx, shop.Owner, shop.Brand, shop.Product, 0, designstest.Shirt())
	ok(err)
	ok(w.Designs.Publish(ctx, shop.Owner, shop.Brand, shop.Product, v.Revision))
	id, err := w.Designs.Start(ctx, lea, shop.Product, "Pour Tom")
	ok(err)
	add := func(cart string, by *int64, design *int64) (string, error) {
		return w.Carts.Add(ctx, carts.Addition{CartID: cart, VariantID: shop.Variant, Quantity: 1, Lang: i18n.FR, MemberID: by, DesignID: design})
	}
	if _, err := add("", &lea, &id); !errors.Is(err, carts.ErrDesign) {
		t.Errorf("an empty design: %v", err)
	}
	rev, err := w.Designs.Save(ctx, lea, id, 1, "Pour Tom", designstest.Doc(designstest.Text("Léa")))
	ok(err)
	for name, by := range map[string]*int64{"somebody else": &tom, "a guest": nil} {
		if _, err := add("", by, &id); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s puts it into a basket: %v", name, err)
		}
	}
	cart, err := add("", &lea, nil)
	ok(err)
	_, err = add(cart, &lea, &id)
	ok(err)
	_, err = add(cart, &lea, &id)
	ok(err)
	lines := func(by *int64) []carts.Line {
		t.Helper()
		ls, err := carts.Lines(ctx, w.DB, carts.Look{CartID: cart, MemberID: by, Lang: i18n.FR, At: w.Clock.Now()})
		ok(err)
		if len(ls) != 2 {
			t.Fatalf("%d lines", len(ls))
		}
		return ls
	}
	ls := lines(&lea)
	if plain, made := ls[0], ls[1]; plain.Price.Minor != 3000 || plain.CustomMade || made.Price.Minor != 3500 || made.Options.Minor != 500 || made.Quantity != 2 || !made.CustomMade || made.Changed() {
		t.Errorf("the basket has %+v and %+v", plain, made)
	}
	if l := lines(nil)[1]; l.Sellable || l.DesignTrouble == "" || l.Design.ID != 0 {
		t.Errorf("a guest sees %+v", l)
	}
	ok(w.Carts.SetLine(ctx, cart, shop.Variant, &id, 1))
	// What cannot be made any more is refused; what was changed is ordered as it is now, never at another price than was shown.
	place := apptest.Placement(cart, "lea@relais.example")
	place.MemberID, place.SeenMinor = &lea, 3000+3500+590
	rev, err = w.Designs.Save(ctx, lea, id, rev, "Pour Tom", model.Document{Version: model.Version})
	ok(err)
	if _, err := w.Orders.Place(ctx, place); !errors.Is(err, carts.ErrDesign) {
		t.Errorf("emptied since: %v", err)
	}
	two := designstest.Text("Tom")
	two.Y = 70_00
	rev, err = w.Designs.Save(ctx, lea, id, rev, "Pour Tom", designstest.Doc(designstest.Text("Léa"), two))
	ok(err)
	if l := lines(&lea)[1]; !l.Changed() || l.Price.Minor != 4000 {
		t.Errorf("changed since: %+v", l)
	}
	place.SeenMinor = 0
	o, err := w.Orders.Place(ctx, place)
	ok(err)
	ok(w.Designs.Drop(ctx, lea, id))
	w.Pay(o, apptest.Good)
	w.Settle()
	p, err := w.Orders.ByID(ctx, o.ID)
	ok(err)
	made := p.Shipments[0].Lines[1]
	if made.DesignID == nil || *made.DesignID != id || made.DesignRevision != rev || made.OptionMinor != 1000 || made.PriceMinor != 4000 || !made.CustomMade {
		t.Errorf("ordered: %+v", made)
	}
	kept, err := designs.Ordered(ctx, w.DB, id, rev)
	ok(err)
	if layers := kept.Doc.Part("chest"); len(layers) != 2 || layers[1].Text != "Tom" {
		t.Errorf("kept: %+v", layers)
	}
	for _, attack := range []string{`update design_revisions set content = '{}'`, `delete from design_revisions`, `truncate design_revisions cascade`,
		`update order_lines set custom_made = false where design_id is not null`} {
		if _, err := pgtest.Owner(t, w.DB).Exec(attack); err == nil {
			t.Errorf("went through: %s", attack)
		}
	}
	w.Audit()
}
