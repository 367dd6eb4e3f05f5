package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"relais/internal/carts"
	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/reviews"
	"relais/internal/stripesandbox"
)

// Who takes part in what people decide: the relay, and the brand whose sales they are.
const (
	judgedRelay = "lea"
	judgedBrand = "maison-brevane"
)

// planJudged puts on the agenda what people decide: a sale paid with the relay's own card, whose commission the brand refuses and the relay
// appeals; one that waits for somebody's look; a missing sale that the brand granted, and one that waits for its answer.
func (m *maker) planJudged() {
	const nth = 90_000 // beyond the drawn purchases
	if m.days < 20 {
		return
	}
	lea := m.people[judgedRelay]
	guest := func(n int) content.Buyer {
		all := slices.DeleteFunc(slices.Clone(m.content.Buyers), func(b content.Buyer) bool { return b.Address.Country != lea.Country })
		return all[n%len(all)]
	}
	own := guest(0)
	own.Name, own.Email = lea.Name, lea.Email
	fleeting := guest(2)
	fleeting.Email = "zoe.p@yopmail.com"
	var missed, open orders.Page
	at := func(days float64, do func(context.Context) error) {
		m.agenda.Add(m.now.Add(-time.Duration(days*float64(dayLong))), do)
	}
	sale := func(days float64, p *purchase, through bool, card string, keep *orders.Page) {
		at(days, func(ctx context.Context) (err error) { *keep, err = m.sale(ctx, p, through, card); return err })
	}
	var ignored, doubted orders.Page
	sale(12, &purchase{nth: nth, buyer: own, member: lea}, false, m.personal(judgedRelay), &ignored)
	sale(11, &purchase{nth: nth + 1, buyer: guest(1)}, false, stripesandbox.AcceptedCard, &missed)
	sale(10, &purchase{nth: nth + 2, buyer: guest(3)}, true, m.personal(judgedRelay), &doubted)
	at(9, func(ctx context.Context) error { return m.missing(ctx, missed, "talk", askedFirst, true) })
	at(8, func(ctx context.Context) error { return m.refusedAndAppealed(ctx, doubted) })
	sale(4, &purchase{nth: nth + 3, buyer: guest(4)}, false, stripesandbox.AcceptedCard, &open)
	at(3, func(ctx context.Context) error { return m.missing(ctx, open, "link", askedSecond, false) })
	sale(2, &purchase{nth: nth + 4, buyer: fleeting}, true, stripesandbox.AcceptedCard, &ignored)
}

const (
	askedFirst  = "Ma voisine m’a montré sa commande : je lui avais conseillé cette pièce en prenant le café chez elle, et elle l’a commandée directement sur le site."
	grantedWhy  = "Votre voisine nous l’a confirmé en écrivant sur sa commande. Merci de l’avoir conseillée, la commission est à vous."
	askedSecond = "Une amie a cliqué sur mon lien, je crois, mais rien n’apparaît dans mes gains."
	refusedWhy  = "La carte qui a payé est celle de vos propres commandes : pour nous, c’est un achat pour vous-même."
	appealedWhy = "Ma sœur vit chez moi et j’ai payé pour elle, elle m’a remboursée. La pièce est chez elle et c’est bien elle qui l’a choisie dans ma vitrine."
)

// sale is one purchase of a piece of the judged brand, in the relay's storefront or not, paid at once; the parcel is on its way some days.
func (m *maker) sale(ctx context.Context, p *purchase, through bool, card string) (orders.Page, error) {
	var piece *product
	for _, c := range m.content.Products {
		if known := m.products[c.Slug]; piece == nil && known.brand.Handle == judgedBrand {
			piece = known
		}
	}
	p.items, p.parcels = []item{{product: piece, quantity: 1}}, []parcel{{ship: dayLong, deliver: 2 * dayLong, carrier: "Colissimo", by: "buyer"}}
	a := carts.Addition{VariantID: piece.variants[0].ID, Quantity: 1, Lang: i18n.Lang(p.buyer.Lang)}
	if through {
		a.StorefrontID = &m.people[judgedRelay].id
	}
	return m.purchase(ctx, p, a, card)
}

// purchase is one piece bought of whoever's own accord or in a storefront, paid at once; the parcel is on its way as p says.
func (m *maker) purchase(ctx context.Context, p *purchase, a carts.Addition, card string) (orders.Page, error) {
	cart, err := m.Carts.Add(ctx, a)
	if err != nil {
		return orders.Page{}, err
	}
	o, err := m.Orders.Place(ctx, p.placement(cart))
	if err != nil {
		return orders.Page{}, fmt.Errorf("purchase %d: %w", p.nth, err)
	}
	address, err := m.Orders.OpenCheckout(ctx, o.ID)
	if err != nil {
		return orders.Page{}, err
	}
	if _, err := m.Visitor.Pay(ctx, address, stripesandbox.Payer{Email: p.buyer.Email, Name: p.buyer.Name, Card: card}, m.Clock.Now()); err != nil {
		return orders.Page{}, err
	}
	known, err := m.Orders.ByID(ctx, o.ID)
	if err != nil {
		return known, err
	}
	if err := m.Orders.Confirm(ctx, *known.CheckoutID); err != nil {
		return known, err
	}
	for _, s := range known.Shipments {
		m.send(p, s, m.Clock.Now())
	}
	return known, nil
}

// missing has the relay ask after a sale, and the brand grant it.
func (m *maker) missing(ctx context.Context, o orders.Page, shared, text string, granted bool) error {
	id, err := m.Reviews.Ask(ctx, reviews.Asked{MemberID: m.people[judgedRelay].id, Brand: judgedBrand, OrderNumber: o.Number, Shared: shared, Text: text})
	if err != nil || !granted {
		return err
	}
	b := m.brands[judgedBrand]
	return m.Reviews.Answer(ctx, id, 0, reviews.Verdict{BrandID: b.id, By: b.owner, Yes: true, Why: grantedWhy})
}

// refusedAndAppealed has the brand refuse the commission of a sale, and the relay appeal two days later.
func (m *maker) refusedAndAppealed(ctx context.Context, o orders.Page) error {
	relay, b := m.people[judgedRelay].id, m.brands[judgedBrand]
	r, err := reviews.OfSale(ctx, m.DB, relay, o.Shipments[0].Lines[0].ID)
	if err != nil {
		return err
	}
	if r == nil {
		return fmt.Errorf("nobody looks at %s", o.Number)
	}
	m.agenda.Add(m.Clock.Now().Add(2*dayLong), func(ctx context.Context) error { return m.Reviews.Appeal(ctx, relay, r.ID, appealedWhy) })
	return m.Reviews.Decide(ctx, r.ID, reviews.Verdict{BrandID: b.id, By: b.owner, Why: refusedWhy})
}
