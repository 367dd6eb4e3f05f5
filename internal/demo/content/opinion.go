package content

import "slices"

// Opinion is what a buyer says of a piece that they bought, and of who recommended it.
type Opinion struct {
	Product string `toml:"product"`
	Buyer   string `toml:"buyer"` // full name
	Lang    string `toml:"lang"`
	Days    int    `toml:"days"` // since the purchase
	Stars   int    `toml:"stars"`
	Relay   string `toml:"relay"` // handle of whose storefront it was bought in; empty: nobody's
	Title   string `toml:"title"`
	Body    string `toml:"body"`
	Photo   string `toml:"photo"`  // file of a photograph, or empty
	Reply   string `toml:"reply"`  // of the brand
	Report  string `toml:"report"` // why the brand doubts it
	Thanks  string `toml:"thanks"` // in the relay's guest book
	Answer  string `toml:"answer"` // of the relay
}

// Look is how a storefront is arranged.
type Look struct {
	Theme       string       `toml:"theme"`
	Pinned      string       `toml:"pinned"`    // slug of a listed product, or empty
	AwayDays    int          `toml:"away_days"` // that its days off last from today; 0: none
	AwayText    string       `toml:"away_text"`
	Collections []Collection `toml:"collections"`
	Links       []Link       `toml:"links"`
}

// Collection is a part of a storefront with the slugs of what is in it.
type Collection struct {
	Name     string   `toml:"name"`
	Intro    string   `toml:"intro"`
	Products []string `toml:"products"`
}

// Link leads from a storefront elsewhere.
type Link struct {
	Label string `toml:"label"`
	URL   string `toml:"url"`
}

func (c *Content) validateOpinion(p *problems, o Opinion) {
	where := "opinion of " + o.Buyer
	_, ok := c.Product(o.Product)
	p.check(ok, where, "product %q does not exist", o.Product)
	p.check(o.Stars >= 1 && o.Stars <= 5 && o.Days > 15, where, "%d stars, %d days ago", o.Stars, o.Days)
	for _, text := range []string{o.Title, o.Body, o.Reply, o.Report, o.Thanks, o.Answer} {
		p.check(len([]rune(text)) <= maxProse, where, "longer than %d characters", maxProse)
		if o.Lang == "fr" {
			p.french(text, where)
		}
	}
	p.check(o.Body != "" && (o.Lang == "fr" || o.Lang == "en"), where, "says nothing, or in no language")
	if o.Photo != "" {
		c.photo(p, o.Photo, where)
	}
	if o.Relay != "" {
		m, ok := c.Member(o.Relay)
		p.check(ok && m.Storefront != nil && slices.ContainsFunc(m.Storefront.Listings, func(l Listing) bool { return l.Product == o.Product }), where, "%q does not list it", o.Relay)
	}
	p.check(o.Thanks == "" || o.Relay != "", where, "thanks nobody")
}

func (c *Content) validateLook(p *problems, m Member, where string) {
	s := m.Storefront
	listed := func(slug string) bool {
		return slices.ContainsFunc(s.Listings, func(l Listing) bool { return l.Product == slug })
	}
	p.check(s.Look.Pinned == "" || listed(s.Look.Pinned), where, "pins %q", s.Look.Pinned)
	seen := map[string]bool{}
	for _, one := range s.Look.Collections {
		p.prose(one.Name, m.Lang, 60, where+" collection")
		for _, slug := range one.Products {
			p.unique(seen, slug, where+" collections")
			p.check(listed(slug), where, "collection %q has %q", one.Name, slug)
		}
	}
}
