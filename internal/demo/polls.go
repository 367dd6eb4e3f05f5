package demo

import "relais/internal/demo/asked"

// planPolls puts the polls on the agenda.
func (m *maker) planPolls() {
	stage := asked.Stage{Polls: m.Polls, Jobs: m.Jobs, Agenda: &m.agenda, Now: m.now, Member: func(handle string) int64 { return m.people[handle].id },
		Brand: func(handle string) (brand, owner int64) { b := m.brands[handle]; return b.id, b.owner },
		Product: func(slug string) int64 {
			if p := m.products[slug]; p != nil {
				return p.id
			}
			return 0
		}}
	for _, p := range m.content.Polls {
		if p.Opened < m.days { // a demo of fewer days has fewer
			stage.Plan(p)
		}
	}
}
