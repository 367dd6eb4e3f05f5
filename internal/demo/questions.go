package demo

import (
	"context"
	"fmt"

	"relais/internal/carts"
	"relais/internal/demo/asking"
	"relais/internal/i18n"
)

// planQuestions puts the public questions on the agenda.
func (m *maker) planQuestions() {
	stage := asking.Stage{Questions: m.Questions, Agenda: &m.agenda, Member: func(handle string) int64 { return m.people[handle].id }, Buy: m.owns}
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
	for _, b := range m.content.Buyers {
		if b.Address.Country == who.Country && len(piece.brand.DeliveriesTo(who.Country)) > 0 {
			p.buyer = b
			break
		}
	}
	m.signIn(p, who.Member)
	if p.member == nil {
		return fmt.Errorf("%s cannot buy %s", handle, slug)
	}
	_, err := m.purchase(ctx, p, carts.Addition{VariantID: piece.variants[0].ID, Quantity: 1, Lang: i18n.Lang(who.Lang)}, m.cardOf(p))
	return err
}
