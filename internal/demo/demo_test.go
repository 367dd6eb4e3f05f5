package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"relais/internal/catalog"
	"relais/internal/demo/content"
	"relais/internal/members"
	"relais/internal/referrals"
)

var end = time.Date(2026, 11, 24, 10, 30, 0, 0, time.UTC)

// imagined is a maker with everything that drawing needs and no database.
func imagined(t *testing.T) *maker {
	t.Helper()
	c, err := content.Load()
	if err != nil {
		t.Fatal(err)
	}
	m := &maker{content: c, now: end, start: end.AddDate(0, 0, -Days), days: Days, random: rand.New(rand.NewPCG(2026, 11)),
		people: map[string]*person{}, brands: map[string]*brand{}, products: map[string]*product{}}
	for i, p := range c.Members {
		m.people[p.Handle] = &person{Member: p, id: int64(i + 1)}
	}
	for _, b := range c.Brands {
		m.brands[b.Handle] = &brand{Brand: b}
	}
	for _, p := range c.Products {
		m.products[p.Slug] = &product{Product: p, brand: m.brands[p.Brand], variants: make([]catalog.VariantView, len(p.Variants))}
	}
	for _, p := range c.Playing(content.Relay) {
		by := m.people[p.Handle]
		m.links = append(m.links, &link{Link: referrals.Link{Target: referrals.ToStorefront, CreatedAt: m.start}, by: by, weight: float64(by.Reach)})
	}
	for day := range m.days {
		for range 40 {
			m.drawVisit(m.start.AddDate(0, 0, day))
		}
	}
	return m
}

func TestTheSameMomentTellsTheSameStory(t *testing.T) {
	tell := func() string {
		story := ""
		for _, p := range imagined(t).drawPurchases() {
			story += fmt.Sprintln(p.at, p.buyer.Email, p.payment, len(p.items), p.items[0].product.Slug, p.parcels, p.withdraw)
		}
		return story
	}
	if first, second := tell(), tell(); first != second {
		t.Error("two draws of one moment differ")
	}
}

func TestPurchasesCanHappen(t *testing.T) {
	all := imagined(t).drawPurchases()
	if len(all) < 200 || len(all) > 450 {
		t.Errorf("%d purchases in %d days", len(all), Days)
	}
	if !slices.IsSortedFunc(all, func(a, b *purchase) int { return a.at.Compare(b.at) }) {
		t.Error("they are not in the order of time")
	}
	pieces := map[string]int64{}
	if !slices.ContainsFunc(all, func(p *purchase) bool {
		return p.at.After(end.Add(-11*dayLong)) && p.parcels[0].deliver == 5*dayLong && len(p.brands()) == 2
	}) {
		t.Error("none of the orders received within the period of withdrawal is of two brands")
	}
	for _, p := range all {
		if len(p.parcels) != len(p.brands()) {
			t.Errorf("purchase %d: %d parcels of %d brands", p.nth, len(p.parcels), len(p.brands()))
		}
		if p.visit != nil && p.visit.at.After(p.at) {
			t.Errorf("purchase %d comes before its click", p.nth)
		}
		for _, i := range p.items {
			pieces[i.product.Slug] += i.quantity
			if len(i.product.brand.DeliveriesTo(p.buyer.Address.Country)) == 0 {
				t.Errorf("purchase %d: %s does not deliver to %s", p.nth, i.product.brand.Handle, p.buyer.Address.Country)
			}
		}
	}
	for slug, n := range pieces {
		if n > reserve {
			t.Errorf("%d pieces of %s are sold, more than there are", n, slug)
		}
	}
}

func TestTheDemoCanBeEntered(t *testing.T) {
	c, err := content.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Members {
		if err := members.CheckPassword(Password, m.Name, m.Email); err != nil {
			t.Errorf("%s may not have the demo's password: %v", m.Handle, err)
		}
	}
	for email, role := range map[string]string{Relay: content.Relay, Owner: content.Owner, Admin: content.Admin} {
		if !slices.ContainsFunc(c.Members, func(m content.Member) bool { return m.Email == email && m.Role == role }) {
			t.Errorf("%s is no %s", email, role)
		}
	}
}
