package demo

import (
	"relais/internal/demo/groupbuy"
	"relais/internal/demo/ideabox"
	"relais/internal/demo/studio"
)

// planGroupOrders puts the group orders and launches on the agenda.
func (m *maker) planGroupOrders() {
	stage := groupbuy.Stage{DB: m.DB, Catalog: m.Catalog, Pledges: m.Pledges, Orders: m.Orders, Jobs: m.Jobs, Visitor: m.Visitor, Now: m.Clock.Now, Agenda: &m.agenda, Content: m.content,
		Member: func(handle string) int64 { return m.people[handle].id }, Card: m.personal, Address: addressOf}
	for i, g := range m.content.GroupOrders {
		p := m.products[g.Product]
		stage.Plan(groupbuy.Play{GroupOrder: g, Nth: i, ProductID: p.id, VariantID: p.variants[0].ID, At: m.now.AddDate(0, 0, -g.Opened)})
	}
	for i, l := range m.content.Launches {
		b := m.brands[l.Brand]
		shown, _ := m.content.Photo(l.Photo)
		stage.PlanLaunch(groupbuy.Launch{Launch: l, Nth: i, BrandID: b.id, OwnerID: b.owner, Lang: b.Lang,
			PhotoID: m.photos[l.Photo].ID, Alt: shown.Alt.In(b.Lang), At: m.now.AddDate(0, 0, -l.Opened)})
	}
}

// planIdeas puts what members propose to brands on the agenda.
func (m *maker) planIdeas() {
	ideabox.Stage{DB: m.DB, Ideas: m.Ideas, Now: m.now, Start: m.start, Agenda: &m.agenda, Content: m.content, Photo: m.photo,
		Member:  func(handle string) int64 { return m.people[handle].id },
		Brand:   func(handle string) (id, owner int64) { return m.brands[handle].id, m.brands[handle].owner },
		Product: func(slug string) int64 { return m.products[slug].id }}.Plan()
}

// planDesigns puts what members make their own on the agenda.
func (m *maker) planDesigns() {
	p := m.products[studio.Product]
	studio.Stage{Makers: m.Makers, DB: m.DB, Carts: m.Carts, Orders: m.Orders, Visitor: m.Visitor, Now: m.Clock.Now, Agenda: &m.agenda, Content: m.content,
		Member: func(handle string) int64 { return m.people[handle].id }, Card: m.personal, Address: addressOf,
		BrandID: p.brand.id, Owner: p.brand.owner, Product: p.id, Variant: p.variants[0].ID}.Plan(m.now)
}
