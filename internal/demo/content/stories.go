package content

import "slices"

// Story is what a brand or member tells at length.
type Story struct {
	By       string     `toml:"by"`    // handle
	Brand    string     `toml:"brand"` // on whose page it stands; empty: on the author's storefront
	Days     *int       `toml:"days"`  // before the end of the demo; negative: scheduled; absent: a draft
	Title    string     `toml:"title"`
	Edited   string     `toml:"edited"` // its title since the next day; empty: it was not edited
	Text     string     `toml:"text"`
	Series   string     `toml:"series"`
	Photos   []string   `toml:"photos"`   // files, with the words that photos.toml has for them
	Products []string   `toml:"products"` // slugs
	Reported *Complaint `toml:"reported"`
}

func (c *Content) validateStory(p *problems, s Story) {
	where := "story of " + s.By + ": " + s.Title
	m, ok := c.Member(s.By)
	p.check(ok, where, "its author does not exist")
	p.prose(s.Title, m.Lang, 120, where)
	p.prose(s.Text, m.Lang, 20_000, where)
	p.check(s.Brand == "" || slices.ContainsFunc(c.Brands, func(b Brand) bool { return b.Handle == s.Brand && b.Owner == s.By }), where, "%q is not their brand", s.Brand)
	p.check(len(s.Products) <= 6, where, "too many products")
	for _, slug := range s.Products {
		p.check(slices.ContainsFunc(c.Products, func(x Product) bool { return x.Slug == slug }), where, "product %q does not exist", slug)
	}
	for _, file := range s.Photos {
		c.photo(p, file, where)
	}
}
