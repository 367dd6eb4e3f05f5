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
