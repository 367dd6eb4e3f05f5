package demo

import (
	"relais/internal/demo/groupbuy"
	"relais/internal/demo/studio"
)

// planGroupOrders puts the group orders on the agenda.
func (m *maker) planGroupOrders() {
	stage := groupbuy.Stage{Pledges: m.Pledges, Orders: m.Orders, Jobs: m.Jobs, Visitor: m.Visitor, Now: m.Clock.Now, Agenda: &m.agenda, Content: m.content,
		Member: func(handle string) int64 { return m.people[handle].id }, Card: m.personal, Address: addressOf}
	for i, g := range m.content.GroupOrders {
		p := m.products[g.Product]
		stage.Plan(groupbuy.Play{GroupOrder: g, Nth: i, ProductID: p.id, VariantID: p.variants[0].ID, At: m.now.AddDate(0, 0, -g.Opened)})
	}
}

// planDesigns puts what members make their own on the agenda.
func (m *maker) planDesigns() {
	p := m.products[studio.Product]
	studio.Stage{Makers: m.Makers, DB: m.DB, Carts: m.Carts, Orders: m.Orders, Jobs: m.Jobs, Visitor: m.Visitor, Now: m.Clock.Now, Agenda: &m.agenda, Content: m.content,
		Member: func(handle string) int64 { return m.people[handle].id }, Card: m.personal, Address: addressOf,
		BrandID: p.brand.id, Owner: p.brand.owner, Product: p.id, Variant: p.variants[0].ID}.Plan(m.now)
}
