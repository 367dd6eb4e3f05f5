package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/demo/content"
	"relais/internal/postgres"
	"relais/internal/referrals"
)

// One brand shares a commission between the last link that a buyer opened and the first one; one relay has a code, which some buyers
// type; and the shopper joined by way of the first relay's storefront.
const (
	sharingBrand = "la-ravaudiere"
	sharingLast  = 7000 // basis points
	sharedSales  = 8
	codeEvery    = 6 // of the purchases that no link led to
	ownSales     = 2 // of the shopper, whom no link led to and who types no code
)

// creditOf is whose link a brand pays.
func creditOf(b *brand) (catalog.Credit, int64) {
	if b.Handle == sharingBrand {
		return catalog.SplitClick, sharingLast
	}
	return catalog.LastClick, 0
}

// codeHolder is the relay who has a code, and the code.
func (m *maker) codeHolder() (*person, string) {
	return m.people[m.content.Playing(content.Relay)[0].Handle], "MARCHE-DU-SAMEDI"
}

// introduce gives the code out, and has the shopper join.
func (m *maker) introduce(ctx context.Context) error {
	m.at(m.start.AddDate(0, 0, -1))
	holder, code := m.codeHolder()
	if _, err := m.Referrals.MakeCode(ctx, holder.id, code); err != nil {
		return err
	}
	shopper := m.people[m.content.Playing(content.Shopper)[0].Handle]
	return postgres.InTx(ctx, m.DB, func(tx *sqlx.Tx) error {
		return m.Referrals.PinTo(ctx, tx, shopper.id, referrals.Arrival{From: "/@" + holder.Handle})
	})
}

// story is a buyer who heard of a product from two members, one after the other.
type story struct {
	visitor     string
	product     *product
	first, last *visit
}

// drawStories adds the visits of buyers who agreed to be remembered, and came by the storefronts of two relays who list the same product
// of the brand that has them share.
func (m *maker) drawStories() {
	var pairs []story
	for _, c := range m.content.Products {
		if c.Brand != sharingBrand {
			continue
		}
		var fronts []*link
		for _, l := range m.links {
			lists := slices.ContainsFunc(l.by.Storefront.Listings, func(x content.Listing) bool { return x.Product == c.Slug })
			known := slices.ContainsFunc(fronts, func(other *link) bool { return other.by == l.by })
			if l.Target == referrals.ToStorefront && lists && !known {
				fronts = append(fronts, l)
			}
		}
		for i := 1; i < len(fronts); i++ {
			pairs = append(pairs, story{product: m.products[c.Slug], first: &visit{link: fronts[i-1]}, last: &visit{link: fronts[i]}})
		}
	}
	for i := range sharedSales {
		if len(pairs) == 0 {
			return
		}
		from := pairs[i%len(pairs)]
		s := story{visitor: fmt.Sprintf("demo-visitor-%d", i+1), product: from.product}
		at := m.now.AddDate(0, 0, -4-5*i).Add(time.Duration(-3*i) * time.Hour)
		come := func(l *link, at time.Time) *visit {
			v := &visit{at: at, link: l, visitor: s.visitor, address: fmt.Sprintf("198.51.99.%d", i+1), userAgent: browsers[i%len(browsers)]}
			m.visits = append(m.visits, v)
			return v
		}
		s.first, s.last = come(from.first.link, at), come(from.last.link, at.Add(50*time.Hour))
		m.stories = append(m.stories, s)
	}
}

// drawShared are the purchases that the stories end in.
func (m *maker) drawShared() []*purchase {
	var all []*purchase
	for _, s := range m.stories {
		p := &purchase{at: s.last.at.Add(7 * time.Hour), visit: s.last, visitor: s.visitor, payment: paid,
			items: []item{{product: s.product, quantity: 1}}, parcels: []parcel{m.drawParcel()}}
		all = append(all, p)
	}
	return all
}

// drawOwn are purchases that the shopper makes of their own accord: they thank whoever brought the shopper to Relais.
func (m *maker) drawOwn() []*purchase {
	var all []*purchase
	for i := range ownSales {
		at := m.now.AddDate(0, 0, -6-14*i).Add(-5 * time.Hour)
		ofShared := func(p *product) bool { return p.brand.Handle == sharingBrand }
		all = append(all, &purchase{at: at, own: true, payment: paid, parcels: []parcel{m.drawParcel()},
			items: []item{{product: m.anyProduct(ofShared), quantity: 1}}})
	}
	return all
}

// drawResold are two purchases at each storefront that asks more than the brand, of a piece with a margin: one that was paid out since, one
// that waits; and of one more the buyer withdraws.
func (m *maker) drawResold() []*purchase {
	var all []*purchase
	for i, p := range m.content.Playing(content.Relay) {
		for _, l := range p.Storefront.Listings {
			if l.MarginCents == 0 {
				continue
			}
			long, back := m.days/2-i, m.days/3-i
			for _, days := range []int{long, 6 + i, back} {
				at := m.now.AddDate(0, 0, -days).Add(time.Duration(-2*i) * time.Hour)
				one := &purchase{at: at, front: m.people[p.Handle], payment: paid, parcels: []parcel{{ship: 30 * time.Hour, deliver: 3 * dayLong, carrier: "Colissimo", by: "buyer"}},
					items: []item{{product: m.products[l.Product], quantity: 1}}}
				if days == back {
					one.withdraw, one.back = 2*dayLong, 3*dayLong
				}
				all = append(all, one)
			}
			break
		}
	}
	return all
}

// typed is the code that the buyer types; empty: none.
func (m *maker) typed(p *purchase) string {
	holder, code := m.codeHolder()
	if p.visit != nil || p.own || p.front != nil || p.nth%codeEvery != 0 || p.member == holder {
		return ""
	}
	return code
}
