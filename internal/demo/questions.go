package demo

import (
	"context"
	"slices"

	"relais/internal/carts"
	"relais/internal/demo/asking"
	"relais/internal/demo/content"
	"relais/internal/i18n"
)

// planQuestions puts the public questions on the agenda.
func (m *maker) planQuestions() {
	stage := asking.Stage{Questions: m.Questions, Agenda: &m.agenda, Member: m.id, Buy: m.owns}
	for i, q := range m.content.Questions {
		if q.Days+asking.Before+1 >= m.days {
			continue
		}
		p := m.products[q.Product]
		stage.Plan(asking.Play{Question: q, Nth: i, ProductID: p.id, Owner: p.brand.owner, At: m.now.AddDate(0, 0, -q.Days)})
	}
}

// owns has a member buy a piece of a product, which they receive three days later.
func (m *maker) owns(ctx context.Context, nth int, handle, slug string) error {
	const first = 97_000 // beyond the purchases of those who rate
	piece, who := m.products[slug], m.people[handle]
	p := &purchase{nth: first + nth, items: []item{{product: piece, quantity: 1}}, parcels: []parcel{{ship: dayLong, deliver: 2 * dayLong, carrier: "Colissimo", by: "buyer"}}}
	p.buyer = m.content.Buyers[slices.IndexFunc(m.content.Buyers, func(b content.Buyer) bool { return b.Address.Country == who.Country })]
	m.signIn(p, who.Member)
	_, err := m.purchase(ctx, p, carts.Addition{VariantID: piece.variants[0].ID, Quantity: 1, Lang: i18n.Lang(who.Lang)}, m.cardOf(p))
	return err
}
