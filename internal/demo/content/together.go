package content

import (
	"fmt"
	"slices"
)

// GroupOrder is a group order that a member opened for a product whose brand offers steps of price.
type GroupOrder struct {
	Opener  string   `toml:"opener"`
	Product string   `toml:"product"`
	Opened  int      `toml:"opened"` // days before the end of the demo
	Days    int      `toml:"days"`   // that it runs
	Note    Spoken   `toml:"note"`
	Buyers  []string `toml:"buyers"`  // the e-mail addresses of guests who join, a few hours one after the other
	Members []string `toml:"members"` // handles of members who join after them
}

// checkGroupOrders says what does not hold together.
func (c *Content) checkGroupOrders() (faults []error) {
	for _, g := range c.GroupOrders {
		p, ok := c.Product(g.Product)
		known := ok && len(p.Steps) > 0 && g.Opened > 0 && g.Days > 0
		for _, handle := range append([]string{g.Opener}, g.Members...) {
			_, ok := c.Member(handle)
			known = known && ok
		}
		for _, email := range g.Buyers {
			known = known && slices.ContainsFunc(c.Buyers, func(b Buyer) bool { return b.Email == email })
		}
		if !known {
			faults = append(faults, fmt.Errorf("group order of %q for %q does not hold together", g.Opener, g.Product))
		}
	}
	return faults
}

// Launch is a piece that a brand does not sell yet and launches.
type Launch struct {
	Brand       string   `toml:"brand"`
	Photo       string   `toml:"photo"`
	Category    string   `toml:"category"`
	PriceCents  int64    `toml:"price_cents"`
	Goal        int      `toml:"goal"`
	Max         int      `toml:"max"` // 0: no end
	Steps       []Step   `toml:"steps"`
	Opened      int      `toml:"opened"`  // days before the end of the demo
	Days        int      `toml:"days"`    // that it runs
	Months      int      `toml:"months"`  // from its end to its delivery
	Started     bool     `toml:"started"` // it is in production
	Title       Text     `toml:"title"`
	Description Text     `toml:"description"`
	Plan        Spoken   `toml:"plan"`
	Buyers      []string `toml:"buyers"` // the e-mail addresses of guests who back it, a few hours one after the other
	Pieces      []int64  `toml:"pieces"` // of each of them
}

// checkLaunches says what does not hold together.
func (c *Content) checkLaunches() (faults []error) {
	for _, l := range c.Launches {
		_, photo := c.Photo(l.Photo)
		known := photo && l.Goal > 0 && l.Opened > 0 && l.Days > 0 && l.PriceCents > 0 && len(l.Pieces) == len(l.Buyers) &&
			slices.ContainsFunc(c.Brands, func(b Brand) bool { return b.Handle == l.Brand }) && slices.ContainsFunc(c.Categories, func(k Category) bool { return k.Key == l.Category })
		for _, email := range l.Buyers {
			known = known && slices.ContainsFunc(c.Buyers, func(b Buyer) bool { return b.Email == email })
		}
		if !known {
			faults = append(faults, fmt.Errorf("launch of %q does not hold together", l.Title.FR))
		}
	}
	return faults
}

// validatePromises checks the group orders and launches.
func (c *Content) validatePromises(p *problems) {
	for _, g := range c.GroupOrders {
		p.french(g.Note.FR, "group order of "+g.Opener)
	}
	for _, l := range c.Launches {
		p.french(l.Plan.FR, "launch of "+l.Title.FR)
	}
	for _, fault := range append(c.checkGroupOrders(), c.checkLaunches()...) {
		p.check(false, "promises", "%v", fault)
	}
}
