package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"relais/internal/demo/content"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/posts"
	"relais/internal/posts/photos"
)

// makePosts has the members write in their circles as the weeks go by, and answer each other. Whatever is attached has links of its own,
// which are followed like the others.
func (m *maker) makePosts(ctx context.Context) error {
	for i, p := range m.content.Posts {
		if err := m.makePost(ctx, i, p); err != nil {
			return fmt.Errorf("post of %s, %.30q: %w", p.By, p.Text, err)
		}
	}
	return nil
}

func (m *maker) makePost(ctx context.Context, i int, p content.Post) error {
	by, when := m.people[p.By], posts.When{}
	at := m.now.Add(-time.Hour)
	switch {
	case p.Days == nil:
	case *p.Days < 0:
		when = posts.When{At: m.now.AddDate(0, 0, -*p.Days).Truncate(time.Minute), Zone: "Europe/Paris"}
	default:
		at = m.now.AddDate(0, 0, -*p.Days).Add(-time.Duration(1+i%5) * time.Hour)
		when.Now = true
	}
	m.at(at)
	c := posts.Content{Kind: posts.Kind(p.Kind), Text: p.Text, Attach: posts.Attach(p.Attach)}
	if p.Product != "" {
		c.Attach, c.ProductID = posts.Product, m.products[p.Product].id
	}
	for _, f := range p.Photos {
		if err := photos.Take(ctx, m.DB, by.id, m.photos[f.File].ID); err != nil {
			return err
		}
		c.Photos = append(c.Photos, posts.Photo{Hash: m.photos[f.File].Hash, Alt: f.Alt})
	}
	circles, err := m.circlesOf(ctx, by.id, p.In)
	if err != nil {
		return err
	}
	where := posts.Where{Networks: p.On, Outside: p.Outside}
	for _, g := range circles {
		where.Groups = append(where.Groups, g.ID)
	}
	id, err := m.Posts.Save(ctx, by.id, 0, fmt.Sprintf("demo-post-%d", i), c, where, when)
	if err != nil || !when.Now {
		return err
	}
	if err := m.followed(ctx, by, id, c); err != nil {
		return err
	}
	if err := m.answered(ctx, i, id, p, circles); err != nil {
		return err
	}
	if p.Edited == "" {
		return nil
	}
	m.at(at.Add(23 * time.Hour))
	c.Text = p.Edited
	_, err = m.Posts.Save(ctx, by.id, id, "", c, where, posts.When{})
	return err
}

// makeFollows has members follow what is not theirs, one after the other.
func (m *maker) makeFollows(ctx context.Context) error {
	for i, f := range m.content.Follows {
		m.at(m.now.AddDate(0, 0, -12).Add(time.Duration(i) * 5 * time.Hour))
		if err := m.Follows.Follow(ctx, m.people[f.Who].id, follows.Kind(f.Kind), f.Of, groups.Sphere(f.Sphere)); err != nil {
			return fmt.Errorf("%s follows %s: %w", f.Who, f.Of, err)
		}
	}
	return nil
}

// circlesOf are the circles of those names that a member is in.
func (m *maker) circlesOf(ctx context.Context, memberID int64, names []string) ([]groups.Group, error) {
	mine, err := groups.Of(ctx, m.DB, memberID)
	if err != nil {
		return nil, err
	}
	list := make([]groups.Group, len(names))
	for i, name := range names {
		at := slices.IndexFunc(mine, func(g groups.Membership) bool { return g.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("they are not in %q", name)
		}
		list[i] = mine[at].Group
	}
	return list, nil
}

// followed has the links of a post be clicked, those of circles a little and those of networks as their author's reach is; and the first of
// its networks is done.
func (m *maker) followed(ctx context.Context, by *person, id int64, c posts.Content) error {
	there, err := posts.Places(ctx, m.DB, id)
	if err != nil {
		return err
	}
	networks, err := posts.NetworksOf(ctx, m.DB, id)
	if err != nil {
		return err
	}
	add := func(code string, weight float64) error {
		if code == "" || by.Storefront == nil || slices.ContainsFunc(m.links, func(l *link) bool { return l.Code == code }) {
			return nil
		}
		made, err := m.Referrals.Own(ctx, by.id, code)
		if err != nil {
			return err
		}
		l := &link{Link: made, by: by, weight: weight}
		for _, p := range m.products {
			if c.Attach == posts.Product && p.id == c.ProductID {
				l.product = p
			}
		}
		m.links = append(m.links, l)
		return nil
	}
	for _, at := range there {
		if err := add(at.Code, 2); err != nil {
			return err
		}
	}
	for i, n := range networks {
		if err := add(n.Code, float64(by.Reach)/4); err != nil {
			return err
		}
		if i == 0 {
			m.at(m.Clock.Now().Add(9 * time.Minute))
			if err := m.Posts.Tick(ctx, by.id, id, n.Channel, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// answered has the others say and feel something, report, and take down.
func (m *maker) answered(ctx context.Context, i int, id int64, p content.Post, circles []groups.Group) error {
	handle := func(name string) string { return circles[slices.Index(p.In, name)].Handle }
	for n, s := range p.Said {
		m.at(m.Clock.Now().Add(time.Duration(4+n%3) * time.Minute))
		said := posts.Said{Author: m.people[s.Who].id, Handle: handle(s.In), PostID: id, Operation: fmt.Sprintf("demo-said-%d-%d", i, n), Text: s.Text}
		comment, err := m.Posts.Comment(ctx, said)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Who, err)
		}
		for k, a := range s.Answers {
			m.at(m.Clock.Now().Add(time.Duration(3+k) * time.Minute))
			said := posts.Said{Author: m.people[a.Who].id, Handle: handle(s.In), PostID: id, ParentID: comment, Operation: fmt.Sprintf("demo-answer-%d-%d-%d", i, n, k), Text: a.Text}
			if _, err := m.Posts.Comment(ctx, said); err != nil {
				return fmt.Errorf("%s: %w", a.Who, err)
			}
		}
	}
	for _, r := range p.Reacted {
		if err := m.Posts.React(ctx, m.people[r.Who].id, handle(r.In), id, r.With); err != nil {
			return fmt.Errorf("%s: %w", r.Who, err)
		}
	}
	if c := p.Reported; c != nil {
		if err := m.Posts.Report(ctx, m.people[c.By].id, circles[0].Handle, id, 0, groups.Reason(c.Reason), c.Text); err != nil {
			return err
		}
	}
	if t := p.Removed; t != nil {
		m.at(m.Clock.Now().Add(20 * time.Minute))
		return m.Posts.RemovePost(ctx, m.people[t.By].id, circles[0].Handle, id, t.Why)
	}
	return nil
}
