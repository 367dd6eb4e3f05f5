package demo

import (
	"relais/internal/demo/groupbuy"
	"relais/internal/demo/tales"
	"relais/internal/media"
)

// tales is what stories are told with.
func (m *maker) tales() tales.Stage {
	return tales.Stage{Stories: m.Stories, Content: m.content, Now: m.now, At: m.at, Member: func(handle string) int64 { return m.people[handle].id }, Brand: func(handle string) int64 { return m.brands[handle].id },
		Product: func(slug string) int64 { return m.products[slug].id }, Photo: func(file string) media.Photo { return m.photos[file] }}
}

// planGroupOrders puts the group orders on the agenda.
func (m *maker) planGroupOrders() {
	stage := groupbuy.Stage{Pledges: m.Pledges, Orders: m.Orders, Jobs: m.Jobs, Visitor: m.Visitor, Now: m.Clock.Now, Agenda: &m.agenda, Content: m.content,
		Member: func(handle string) int64 { return m.people[handle].id }, Card: m.personal, Address: addressOf}
	for i, g := range m.content.GroupOrders {
		p := m.products[g.Product]
		stage.Plan(groupbuy.Play{GroupOrder: g, Nth: i, ProductID: p.id, VariantID: p.variants[0].ID, At: m.now.AddDate(0, 0, -g.Opened)})
	}
}
