package making_test

import (
	"errors"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/designs"
	"relais/internal/designs/designstest"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/making"
	"relais/internal/orders"
)

func TestNext(t *testing.T) {
	stand := func(begun, made int64) designs.Piece { return designs.Piece{Begun: begun, Made: made} }
	for name, c := range map[string]struct {
		now    designs.Piece
		wanted int64
		step   making.Step
		want   designs.Piece
		wrong  bool
	}{
		"some are begun":               {stand(0, 0), 5, making.Step{Kind: making.Begun, Pieces: 2}, stand(2, 0), false},
		"more are begun than asked":    {stand(2, 0), 5, making.Step{Kind: making.Begun, Pieces: 4}, stand(2, 0), true},
		"some are made":                {stand(2, 0), 5, making.Step{Kind: making.Made, Pieces: 1}, stand(2, 1), false},
		"more are made than begun":     {stand(2, 1), 5, making.Step{Kind: making.Made, Pieces: 3}, stand(4, 4), false},
		"more are made than asked":     {stand(2, 1), 5, making.Step{Kind: making.Made, Pieces: 5}, stand(2, 1), true},
		"one that is made has a fault": {stand(4, 4), 5, making.Step{Kind: making.Again, Of: making.Made, Pieces: 1}, stand(3, 3), false},
		"one under way has a fault":    {stand(4, 2), 5, making.Step{Kind: making.Again, Of: making.Begun, Pieces: 2}, stand(2, 2), false},
		"more have a fault than there": {stand(4, 2), 5, making.Step{Kind: making.Again, Of: making.Begun, Pieces: 3}, stand(4, 2), true},
		"none":                         {stand(0, 0), 5, making.Step{Kind: making.Begun}, stand(0, 0), true},
		"less than none":               {stand(2, 2), 5, making.Step{Kind: making.Again, Of: making.Made, Pieces: -1}, stand(2, 2), true},
		"in a way that is none":        {stand(0, 0), 5, making.Step{Kind: "lost", Pieces: 1}, stand(0, 0), true},
		"the refunded are not wanted":  {stand(1, 0), 2, making.Step{Kind: making.Made, Pieces: 3}, stand(1, 0), true},
		"what is left after a refund":  {stand(3, 1), 2, making.Step{Kind: making.Made, Pieces: 1}, stand(3, 2), false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := making.Next(c.now, c.wanted, c.step)
			if got != c.want || (err != nil) != c.wrong {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// world is an order of three pieces to a design and one as it is, which is paid unless said otherwise.
type world struct {
	*apptest.World
	shop  apptest.Shop
	order orders.Page
	line  int64
}

func (w *world) ok(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

func open(t *testing.T, paid bool) *world {
	a := apptest.New(t)
	w := &world{World: a, shop: a.Shop("terre", 3000, 9)}
	ctx, lea := t.Context(), a.Member("lea")
	v, err := w.Designs.SaveBase(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product, 0, designstest.Shirt())
	w.ok(err)
	w.ok(w.Designs.Publish(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product, v.Revision))
	id, err := w.Designs.Start(ctx, lea, w.shop.Product, "Pour Tom")
	w.ok(err)
	_, err = w.Designs.Save(ctx, lea, id, 1, "Pour Tom", designstest.Doc(designstest.Text("Tom")))
	w.ok(err)
	cart, err := w.Carts.Add(ctx, carts.Addition{VariantID: w.shop.Variant, Quantity: 3, Lang: i18n.FR, MemberID: &lea, DesignID: &id})
	w.ok(err)
	_, err = w.Carts.Add(ctx, carts.Addition{CartID: cart, VariantID: w.shop.Variant, Quantity: 1, Lang: i18n.FR, MemberID: &lea})
	w.ok(err)
	lines, err := carts.Lines(ctx, w.DB, carts.Look{CartID: cart, MemberID: &lea, Lang: i18n.FR, At: w.Clock.Now()})
	w.ok(err)
	place := apptest.Placement(cart, "lea@relais.example")
	place.MemberID, place.Designs = &lea, carts.Seen(lines)
	o, err := w.Orders.Place(ctx, place)
	w.ok(err)
	if paid {
		w.Pay(o, apptest.Good)
		w.Settle()
	}
	w.order.ID = o.ID
	w.reads()
	w.line = w.order.Shipments[0].Lines[0].ID
	if w.order.Shipments[0].Lines[0].DesignID == nil {
		w.line = w.order.Shipments[0].Lines[1].ID
	}
	return w
}

func (w *world) reads() {
	w.T.Helper()
	p, err := w.Orders.ByID(w.T.Context(), w.order.ID)
	w.ok(err)
	w.order = p
}

// stands is where the pieces of the design are, by the order's own reading.
func (w *world) stands() designs.Standing {
	w.T.Helper()
	w.reads()
	for _, l := range w.order.Shipments[0].Lines {
		if l.ID == w.line {
			return l.Standing(l.PiecesLeft())
		}
	}
	w.T.Fatal("the line is gone")
	return designs.Standing{}
}

func (w *world) takes(s making.Step) error {
	w.T.Helper()
	s.BrandID, s.OrderID, s.By = w.shop.Brand, w.order.ID, w.shop.Owner
	if s.LineID == 0 {
		s.LineID = w.line
	}
	if s.Seen == (designs.Standing{}) {
		s.Seen = w.stands()
	}
	return w.Making.Take(w.T.Context(), s)
}

func (w *world) refused(what string, err, want error) {
	w.T.Helper()
	if !errors.Is(err, want) {
		w.T.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func TestPiecesAreMade(t *testing.T) {
	w := open(t, true)
	ctx := t.Context()
	ship := func() error { return w.Orders.Ship(ctx, w.shop.Brand, w.order.Shipments[0].ID, "", "") }
	list, total, err := making.ToMake(ctx, w.DB, w.shop.Brand, 10, 0)
	w.ok(err)
	if len(list) != 1 || total != 1 || list[0].Wanted != 3 || list[0].LineID != w.line || list[0].MakingDays != 10 || list[0].OrderNumber != w.order.Number || !list[0].Due().Equal(w.order.PaidAt.AddDate(0, 0, 10)) {
		t.Fatalf("to make: %+v", list)
	}
	if next, _, err := making.ToMake(ctx, w.DB, w.shop.Brand, 10, 1); err != nil || len(next) != 0 {
		t.Errorf("after the last: %+v, %v", next, err)
	}
	for _, c := range []struct {
		brand int64
		lines []int64
		want  int
	}{{w.shop.Brand, []int64{w.line, 999}, 1}, {w.shop.Brand, nil, 0}, {w.shop.Brand + 1, []int64{w.line}, 0}} {
		if chosen, err := making.Chosen(ctx, w.DB, c.brand, c.lines, 10); err != nil || len(chosen) != c.want {
			t.Errorf("%+v: %d, %v", c, len(chosen), err)
		}
	}
	w.refused("sent before it is made", ship(), orders.ErrUnmade)
	w.ok(w.takes(making.Step{Kind: making.Begun, Pieces: 2}))
	seen := designs.Standing{ToMake: 1, Under: 2}
	if got := w.stands(); got != seen {
		t.Errorf("begun: %+v", got)
	}
	w.ok(w.takes(making.Step{Kind: making.Made, Pieces: 2, Seen: seen}))
	w.refused("the same once more", w.takes(making.Step{Kind: making.Made, Pieces: 2, Seen: seen}), making.ErrMoved)
	w.refused("a defect without a reason", w.takes(making.Step{Kind: making.Again, Of: making.Made, Pieces: 1, Reason: " \u200e"}), fault.Invalid)
	w.refused("a reason too long", w.takes(making.Step{Kind: making.Again, Of: making.Made, Pieces: 1, Reason: strings.Repeat("é", 201)}), fault.Invalid)
	w.ok(w.takes(making.Step{Kind: making.Again, Of: making.Made, Pieces: 1, Reason: "couture à refaire"}))
	if got := w.stands(); got != (designs.Standing{ToMake: 2, Made: 1}) {
		t.Errorf("with a defect: %+v", got)
	}
	told := ""
	for _, e := range w.order.Events {
		told += e.Words(i18n.FR) + "\n"
	}
	if !strings.Contains(told, "Maison terre recommence 1 × Bol terre\u00a0: couture à refaire") {
		t.Errorf("the buyer reads:\n%s", told)
	}
	w.ok(w.takes(making.Step{Kind: making.Made, Pieces: 1}))
	_, err = w.Refund(w.order.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: w.line, Quantity: 1}}})
	w.ok(err)
	w.Settle()
	if got := w.stands(); got != (designs.Standing{Made: 2}) {
		t.Errorf("what was refunded is not made: %+v", got)
	}
	if list, _, err = making.ToMake(ctx, w.DB, w.shop.Brand, 10, 0); err != nil || len(list) != 0 {
		t.Errorf("still to make: %+v, %v", list, err)
	}
	w.ok(ship())
	w.refused("after it was sent", w.takes(making.Step{Kind: making.Again, Of: making.Made, Pieces: 1, Reason: "trop tard"}), making.ErrOver)
	w.Audit()
	for name, sql := range map[string]string{
		"a step rewritten":         `update making_steps set reason = 'rien' where kind = 'again'`,
		"a step deleted":           `delete from making_steps`,
		"a count deleted":          `delete from makings`,
		"more made than begun":     `update makings set made = 3, begun = 2`,
		"more begun than ordered":  `update makings set begun = 4`,
		"of what is not designed":  `insert into makings (order_line_id, pieces, updated_at) select id, quantity, now() from order_lines where design_id is null`,
		"again without any reason": `insert into making_steps (order_line_id, kind, pieces, begun, made, by_member_id, at) select order_line_id, 'again', 1, 1, 1, 1, now() from makings`,
	} {
		if _, err := w.DB.Exec(sql); err == nil {
			t.Errorf("the database let it happen: %s", name)
		}
	}
}

func TestWhoMayNotMake(t *testing.T) {
	w := open(t, false)
	first := making.Step{Kind: making.Begun, Pieces: 1, Seen: designs.Standing{ToMake: 3}}
	w.refused("unpaid", w.takes(first), making.ErrOver)
	if list, _, err := making.ToMake(t.Context(), w.DB, w.shop.Brand, 10, 0); err != nil || len(list) != 0 {
		t.Errorf("unpaid, and to make: %+v, %v", list, err)
	}
	w.Pay(w.order.Order, apptest.Good)
	w.Settle()
	other := w.Shop("bois", 1000, 1)
	stranger := first
	stranger.BrandID, stranger.OrderID, stranger.LineID, stranger.By = other.Brand, w.order.ID, w.line, other.Owner
	w.refused("another brand", w.Making.Take(t.Context(), stranger), fault.NotFound)
	plain := first
	for _, l := range w.order.Shipments[0].Lines {
		if l.DesignID == nil {
			plain.LineID = l.ID
		}
	}
	w.refused("a line without a design", w.takes(plain), fault.NotFound)
	w.ok(w.takes(first))
}
