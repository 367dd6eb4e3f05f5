// Package studio plays what members make their own in the demo: a football with their words on it. The brand prepares the base, three members order theirs, one piece
// has a defect and is made again, and one design is still being tried out. All of it by the use cases that visitors set off, at the demo's past dates.
package studio

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/demo/agenda"
	"relais/internal/demo/content"
	"relais/internal/designs"
	"relais/internal/designs/model"
	"relais/internal/i18n"
	"relais/internal/making"
	"relais/internal/orders"
	"relais/internal/publications"
	"relais/internal/storefronts"
	"relais/internal/stripesandbox"
)

// Makers are the use cases that only this package plays.
type Makers struct {
	Designs      *designs.Service
	Making       *making.Service
	Catalog      *catalog.Service
	Storefronts  *storefronts.Service
	Publications *publications.Service
}

// Stage is what it is played with.
type Stage struct {
	Makers
	DB      *sqlx.DB
	Carts   *carts.Service
	Orders  *orders.Service
	Visitor stripesandbox.Visitor
	Now     func() time.Time // the demo's clock
	Agenda  *agenda.Agenda
	BrandID int64
	Owner   int64 // of the brand
	Product int64
	Variant int64
	Content *content.Content
	Member  func(handle string) int64  // their id
	Card    func(handle string) string // their own
	Address func(content.Buyer) orders.Address
}

// buyer is a member who orders.
type buyer struct {
	id      int64
	who     content.Member
	card    string
	address orders.Address
}

func (s Stage) buyer(handle string) buyer {
	b := buyer{id: s.Member(handle), card: s.Card(handle), address: s.Address(s.Content.Buyers[0])}
	b.who, _ = s.Content.Member(handle)
	b.address.Name = b.who.Name
	return b
}

// Product is the slug of the content's product that can be made one's own.
const Product = "ballon-de-football-recousu"

// Base is the football: on that photograph of it from one side, and as it is drawn from the other.
func Base(photo string) model.Base {
	fonts := []string{"archivo-black", "caveat", "fraunces"}
	colours := []model.Colour{"#1a1a1a", "#c2321a", "#0b5d57"}
	names := map[model.Colour]model.Names{"#1a1a1a": {"fr": "Encre noire", "en": "Black ink"}, "#c2321a": {"fr": "Rouge capucine", "en": "Nasturtium red"}}
	return model.Base{Version: model.Version, Days: 6, DPI: 150, Bleed: 2_00, Views: []model.View{
		{ID: "v1", Name: "Ballon", Width: 242_00, Height: 242_00, Shape: "plate", Ground: "#f7f3ea", Photo: photo, Zones: []model.Zone{
			{ID: "z1", Name: "Panneau", X: 77_00, Y: 66_00, Width: 110_00, Height: 80_00, Kinds: []model.Kind{model.Text, model.Monogram, model.Pattern}, Most: 3, Fonts: fonts, Letters: 16, Least: 8_00,
				Colours: colours, Names: names, Patterns: model.Patterns(), Extra: map[model.Kind]int64{model.Text: 600, model.Monogram: 800}},
		}},
		{ID: "v2", Name: "Côté valve", Width: 242_00, Height: 242_00, Shape: "plate", Ground: "#f7f3ea", Zones: []model.Zone{
			{ID: "z2", Name: "Sous la valve", X: 76_00, Y: 140_00, Width: 90_00, Height: 45_00, Kinds: []model.Kind{model.Text, model.Monogram}, Most: 2, Fonts: fonts, Letters: 12, Least: 8_00,
				Colours: colours, Names: names, Extra: map[model.Kind]int64{model.Text: 400, model.Monogram: 400}},
		}},
	}}
}

// Plan puts it on the agenda.
func (s Stage) Plan(end time.Time) {
	s.Agenda.Add(end.AddDate(0, 0, -13), s.prepares)
	words := func(text, font string) model.Layer {
		return model.Layer{Kind: model.Text, X: 55_00, Y: 40_00, Size: 22_00, Colour: "#c2321a", Font: font, Text: text}
	}
	s.plays(end.AddDate(0, 0, -12), "tom", "Tom’s ball", 1, words("TOM", "archivo-black"), making.Step{Kind: making.Made, Pieces: 1})
	s.plays(end.AddDate(0, 0, -3), "lea", "Pour les Cyclos", 2, words("Cyclos", "caveat"), making.Step{Kind: making.Begun, Pieces: 2}, making.Step{Kind: making.Made, Pieces: 1},
		making.Step{Kind: making.Again, Of: making.Made, Pieces: 1, Reason: "Encre pâlie au séchage : nous refaisons ce ballon."})
	s.plays(end.AddDate(0, 0, -1), "bakary", "Ballon du quartier", 1, words("Le Mas", "fraunces"))
	s.publishes(end, words("VÉLO", "archivo-black"), words("Allez !", "fraunces"))
	s.Agenda.Add(end.AddDate(0, 0, -1), func(ctx context.Context) error {
		_, err := s.designs(ctx, s.buyer("lea"), "Essai", words("Bon anniversaire", "archivo-black")) // wider than the panel
		return err
	})
}

// prepares has the brand publish its base.
func (s Stage) prepares(ctx context.Context) error {
	photos, err := catalog.Pictures(ctx, s.DB, s.Product)
	if err != nil {
		return err
	}
	list := photos[s.Product] // the last one is nearest to it
	if len(list) == 0 {
		return fmt.Errorf("product %d has no photograph", s.Product)
	}
	v, err := s.Designs.SaveBase(ctx, s.Owner, s.BrandID, s.Product, 0, Base(list[len(list)-1].Hash))
	if err == nil {
		err = s.Designs.Publish(ctx, s.Owner, s.BrandID, s.Product, v.Revision)
	}
	if err != nil {
		return fmt.Errorf("prepare the base: %w", err)
	}
	return nil
}

func (s Stage) designs(ctx context.Context, b buyer, title string, layer model.Layer) (id int64, err error) {
	if id, err = s.Designs.Start(ctx, b.id, s.Product, title); err != nil {
		return 0, err
	}
	_, err = s.Designs.Save(ctx, b.id, id, 1, title, model.Document{Version: model.Version, Parts: []model.Part{{Zone: "z1", Layers: []model.Layer{layer}}}})
	return id, err
}

// plays has somebody design, order and pay, and the brand make it, step by step the days after; what is all made is sent.
func (s Stage) plays(at time.Time, handle, title string, quantity int64, layer model.Layer, steps ...making.Step) {
	s.Agenda.Add(at, func(ctx context.Context) error {
		o, err := s.buys(ctx, s.buyer(handle), title, quantity, layer)
		if err != nil {
			return fmt.Errorf("buy %q: %w", title, err)
		}
		for i, step := range steps {
			s.Agenda.Add(at.Add(time.Duration(14*(i+1))*time.Hour), func(ctx context.Context) error { return s.makes(ctx, o.ID, step, i == len(steps)-1) })
		}
		return nil
	})
}

func (s Stage) buys(ctx context.Context, b buyer, title string, quantity int64, layer model.Layer) (orders.Order, error) {
	id, err := s.designs(ctx, b, title, layer)
	if err != nil {
		return orders.Order{}, err
	}
	cart, err := s.Carts.Add(ctx, carts.Addition{VariantID: s.Variant, Quantity: quantity, MemberID: &b.id, DesignID: &id, Lang: i18n.Lang(b.who.Lang)})
	if err != nil {
		return orders.Order{}, err
	}
	return s.pays(ctx, cart, orders.Placement{CartID: cart, Operation: fmt.Sprintf("demo-design-%08d", id), Email: b.who.Email, Address: b.address, MemberID: &b.id, Lang: i18n.Lang(b.who.Lang)}, b.who.Name, b.card)
}

// pays orders a cart as it is shown, and pays it.
func (s Stage) pays(ctx context.Context, cart string, p orders.Placement, name, card string) (orders.Order, error) {
	lines, err := carts.Lines(ctx, s.DB, carts.Look{CartID: cart, MemberID: p.MemberID, Lang: p.Lang, At: s.Now()})
	if err != nil {
		return orders.Order{}, err
	}
	p.Designs = carts.Seen(lines)
	o, err := s.Orders.Place(ctx, p)
	if err != nil {
		return o, err
	}
	page, err := s.Orders.OpenCheckout(ctx, o.ID)
	if err != nil {
		return o, err
	}
	if _, err := s.Visitor.Pay(ctx, page, stripesandbox.Payer{Email: p.Email, Name: name, Card: card}, s.Now()); err != nil {
		return o, err
	}
	known, err := s.Orders.ByID(ctx, o.ID)
	if err != nil {
		return o, err
	}
	return o, s.Orders.Confirm(ctx, *known.CheckoutID)
}

func (s Stage) makes(ctx context.Context, orderID int64, step making.Step, last bool) error {
	o, err := s.Orders.ByID(ctx, orderID)
	if err != nil {
		return err
	}
	sh := o.Shipments[0]
	l := sh.Lines[0]
	step.BrandID, step.OrderID, step.LineID, step.By, step.Seen = s.BrandID, orderID, l.ID, s.Owner, l.Standing(l.PiecesLeft())
	if err := s.Making.Take(ctx, step); err != nil {
		return fmt.Errorf("make a piece of order %s: %w", o.Number, err)
	}
	if last && step.Kind == making.Made {
		return s.Orders.Ship(ctx, s.BrandID, sh.ID, "Colissimo", fmt.Sprintf("6A%011d", orderID))
	}
	return nil
}
