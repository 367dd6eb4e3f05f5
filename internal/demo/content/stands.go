package content

import (
	"fmt"
	"slices"
)

// Stand is where a brand or a member sells face to face, with a reader; exactly one of the two is set.
type Stand struct {
	Brand    string `toml:"brand"`
	Member   string `toml:"member"`
	Place    string `toml:"place"`
	Label    string `toml:"label"`
	Street   string `toml:"street"`
	Postcode string `toml:"postcode"`
	City     string `toml:"city"`
	Country  string `toml:"country"`
	Warning  Spoken `toml:"warning"` // of the brand, to buyers there
}

// Spoken is a text in the language of who says it.
type Spoken struct {
	FR string `toml:"fr"`
}

// Of is whose stand it is.
func (s Stand) Of() string { return s.Brand + s.Member }

// HandSale is a sale face to face.
type HandSale struct {
	Stand    string `toml:"stand"`
	Place    string `toml:"place"` // empty: that of the stand
	Product  string `toml:"product"`
	Quantity int64  `toml:"quantity"`
	Typed    string `toml:"typed"`       // what is typed in beside it, at that price with 20 % of VAT; empty: nothing
	Price    int64  `toml:"typed_minor"` // minor units
	Days     int    `toml:"days"`        // before the end of the demo
	Email    string `toml:"email"`
	Reader   bool   `toml:"reader"`
	Declined bool   `toml:"declined"`
}

// StandOf is the stand of a brand or a member.
func (c *Content) StandOf(who string) (Stand, bool) {
	i := slices.IndexFunc(c.Stands, func(s Stand) bool { return s.Of() == who })
	if i < 0 {
		return Stand{}, false
	}
	return c.Stands[i], true
}

// checkStands says what does not hold together.
func (c *Content) checkStands() (faults []error) {
	for _, s := range c.Stands {
		brand := slices.ContainsFunc(c.Brands, func(b Brand) bool { return b.Handle == s.Brand })
		member := slices.ContainsFunc(c.Members, func(m Member) bool { return m.Handle == s.Member })
		if brand == member {
			faults = append(faults, fmt.Errorf("stand of %q: no such brand, or member", s.Of()))
		}
	}
	for _, h := range c.HandSales {
		_, known := c.StandOf(h.Stand)
		if !known || h.Quantity < 1 || h.Days < 1 || !slices.ContainsFunc(c.Products, func(p Product) bool { return p.Slug == h.Product }) {
			faults = append(faults, fmt.Errorf("sale of %q at %q does not hold together", h.Product, h.Stand))
		}
	}
	return faults
}
