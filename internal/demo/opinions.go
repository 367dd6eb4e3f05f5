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
	"relais/internal/ratings"
	"relais/internal/reports"
)

// arrange gives each storefront the look that its owner likes, but for days off: the last purchases of the demo come before them.
func (m *maker) arrange(ctx context.Context) error {
	for i, p := range m.content.Playing(content.Relay) {
		m.at(m.start.AddDate(0, 0, -3).Add(time.Duration(7*i) * time.Hour))
		id, look := m.people[p.Handle].id, p.Storefront.Look
		if look.Theme != "" {
			if err := m.Storefronts.Choose(ctx, id, look.Theme); err != nil {
				return err
			}
		}
		if look.Pinned != "" {
			if err := m.Storefronts.Pin(ctx, id, m.products[look.Pinned].id); err != nil {
				return err
			}
		}
		for _, one := range look.Collections {
			collection, err := m.Storefronts.AddCollection(ctx, id, one.Name, one.Intro)
			if err != nil {
				return err
			}
			for _, slug := range one.Products {
				if err := m.Storefronts.Shelve(ctx, id, m.products[slug].id, collection); err != nil {
					return err
				}
			}
		}
		for _, l := range look.Links {
			if err := m.Storefronts.AddLink(ctx, id, l.Label, l.URL); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave has those who have days off begin them.
func (m *maker) leave(ctx context.Context) error {
	m.at(m.now)
	for _, p := range m.content.Playing(content.Relay) {
		look := p.Storefront.Look
		if look.AwayDays == 0 {
			continue
		}
		until := i18n.Day(m.now.AddDate(0, 0, look.AwayDays))
		if err := m.Storefronts.Leave(ctx, m.people[p.Handle].id, i18n.Day(m.now), until, look.AwayText); err != nil {
			return err
		}
	}
	return nil
}

// planOpinions puts on the agenda what buyers say: each buys one piece, receives it three days later, and writes in the days after.
func (m *maker) planOpinions() {
	const nth = 95_000 // beyond the drawn purchases, and those that people decide about
	for i, o := range m.content.Opinions {
		if o.Days+1 >= m.days {
			continue
		}
		piece := m.products[o.Product]
		var all []content.Buyer
		for _, b := range m.content.Buyers {
			if b.Lang == o.Lang && len(piece.brand.DeliveriesTo(b.Address.Country)) > 0 {
				all = append(all, b)
			}
		}
		buyer := all[i%len(all)]
		buyer.Name, buyer.Email = o.Buyer, fmt.Sprintf("acheteur-%d@example.org", i+1)
		p := &purchase{nth: nth + i, buyer: buyer, items: []item{{product: piece, variant: i % len(piece.variants), quantity: 1}},
			parcels: []parcel{{ship: dayLong, deliver: 2 * dayLong, carrier: "Colissimo", by: "buyer"}}}
		m.agenda.Add(m.now.AddDate(0, 0, -o.Days), func(ctx context.Context) error { return m.opine(ctx, p, o) })
	}
}

// opine is one purchase, and what its buyer and those concerned write about it.
func (m *maker) opine(ctx context.Context, p *purchase, o content.Opinion) error {
	a := carts.Addition{VariantID: p.items[0].product.variants[p.items[0].variant].ID, Quantity: 1, Lang: i18n.Lang(o.Lang)}
	if o.Relay != "" {
		a.StorefrontID = &m.people[o.Relay].id
	}
	order, err := m.purchase(ctx, p, a, m.cardOf(p))
	if err != nil {
		return err
	}
	bought := m.Clock.Now()
	at := func(days int, do func(context.Context) error) {
		m.agenda.Add(bought.AddDate(0, 0, days).Add(time.Duration(p.nth%7)*time.Hour), do)
	}
	at(5+p.nth%5, func(ctx context.Context) error { return m.rate(ctx, order, o) })
	if o.Thanks != "" {
		at(6, func(ctx context.Context) error {
			return m.Ratings.Thank(ctx, ratings.Note{OrderID: order.ID, Handle: o.Relay, Lang: i18n.Lang(o.Lang), Name: ratings.ShownName(o.Buyer), Body: o.Thanks})
		})
	}
	if o.Answer != "" {
		at(8, func(ctx context.Context) error {
			owner := m.people[o.Relay].id
			book, err := ratings.OwnBook(ctx, m.DB, owner, 50, 0)
			i := slices.IndexFunc(book, func(t ratings.Thanks) bool { return t.Body == o.Thanks })
			if err != nil || i < 0 {
				return fmt.Errorf("answer in the guest book of %s: %w", o.Relay, err)
			}
			return m.Ratings.Answer(ctx, owner, book[i].ID, o.Answer)
		})
	}
	return nil
}

// rate writes the rating, and plans what the brand does about it.
func (m *maker) rate(ctx context.Context, order orders.Page, o content.Opinion) error {
	d := ratings.Draft{OrderID: order.ID, LineID: order.Shipments[0].Lines[0].ID, Lang: i18n.Lang(o.Lang), Stars: o.Stars, Title: o.Title, Body: o.Body, Name: ratings.ShownName(o.Buyer)}
	if photo := m.photo(o.Photo); photo != nil {
		d.Photos = []int64{*photo}
	}
	id, err := m.Ratings.Save(ctx, d)
	if err != nil {
		return fmt.Errorf("rating of %s: %w", o.Buyer, err)
	}
	b := m.products[o.Product].brand
	if o.Reply != "" {
		m.agenda.Add(m.Clock.Now().Add(26*time.Hour), func(ctx context.Context) error { return m.Ratings.Reply(ctx, b.id, id, b.owner, o.Reply) })
	}
	if o.Report != "" {
		m.agenda.Add(m.Clock.Now().Add(31*time.Hour), func(ctx context.Context) error {
			return m.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartRating, ID: id, BrandID: b.id, MemberID: b.owner, Reason: "fake", Text: o.Report})
		})
	}
	return nil
}
