package demo

import (
	"context"
	"time"

	"relais/internal/demo/content"
	"relais/internal/groups"
)

// makeCircles brings the people together, each circle by its owner and by invitations, in the weeks before the demo's days. What waits for
// somebody's answer was asked in the last days.
func (m *maker) makeCircles(ctx context.Context) error {
	for i, c := range m.content.Groups {
		m.at(m.start.AddDate(0, 0, -20).Add(time.Duration(31*i) * time.Hour))
		g, err := m.Groups.Create(ctx, m.people[c.Owner].id, groups.Draft{Name: c.Name, Description: c.Description, Rules: c.Rules, Sphere: groups.Sphere(c.Sphere),
			Visibility: groups.Visibility(c.Visibility), Admission: groups.Free, Picture: m.photos[c.Picture].Hash})
		if err != nil {
			return err
		}
		if err := m.gather(ctx, g, c); err != nil {
			return err
		}
		d := groups.Draft{Name: c.Name, Description: c.Description, Rules: c.Rules, Visibility: groups.Visibility(c.Visibility), Admission: groups.Admission(c.Admission)}
		if d.Admission != groups.Free { // once those who began it are in
			if err := m.Groups.Edit(ctx, g.ID, m.people[c.Owner].id, d); err != nil {
				return err
			}
		}
		if err := m.stir(ctx, g, c); err != nil {
			return err
		}
	}
	return nil
}

// gather brings those into a circle who are in it.
func (m *maker) gather(ctx context.Context, g groups.Group, c content.Group) error {
	owner := m.people[c.Owner].id
	for _, j := range c.People {
		m.at(m.Clock.Now().Add(7 * time.Hour))
		by, id := owner, m.people[j.Who].id
		if j.By != "" {
			by = m.people[j.By].id
		}
		secret, err := m.Groups.Link(ctx, g.ID, by, 7, 1)
		if err != nil {
			return err
		}
		if _, err := m.Groups.Accept(ctx, secret, id, groups.Accepted{Yes: true, Mark: groups.RulesMark(g)}, ""); err != nil {
			return err
		}
		if j.Role != "" {
			if err := m.Groups.SetRole(ctx, g.ID, owner, id, groups.Role(j.Role)); err != nil {
				return err
			}
		}
		if j.Shown {
			if err := m.Groups.Show(ctx, g.ID, id, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// stir has a circle something to do: an invitation that is good, people who ask to come in, reports.
func (m *maker) stir(ctx context.Context, g groups.Group, c content.Group) error {
	m.at(m.now.AddDate(0, 0, -3))
	if _, err := m.Groups.Link(ctx, g.ID, m.people[c.Owner].id, 30, 10); err != nil {
		return err
	}
	for _, j := range c.Asks {
		if _, err := m.Groups.Join(ctx, g.ID, m.people[j.Who].id, groups.Accepted{Yes: true, Mark: groups.RulesMark(g)}, j.Text); err != nil {
			return err
		}
	}
	for _, r := range c.Reports {
		m.at(m.Clock.Now().Add(5 * time.Hour))
		var about int64
		if r.About != "" {
			about = m.people[r.About].id
		}
		if err := m.Groups.ReportGroup(ctx, g.ID, m.people[r.By].id, about, groups.Reason(r.Reason), r.Text); err != nil {
			return err
		}
		if r.Decision == "" {
			continue
		}
		open, err := m.Groups.Reports(ctx, groups.ByCircle, g.ID, groups.StateOpen, 1)
		if err != nil {
			return err
		}
		v := groups.Verdict{Desk: groups.ByCircle, GroupID: g.ID, By: m.people[c.Owner].id, Decision: groups.Decision(r.Decision), Why: r.Why}
		if err := m.Groups.Decide(ctx, open[0].ID, v); err != nil {
			return err
		}
	}
	return nil
}
