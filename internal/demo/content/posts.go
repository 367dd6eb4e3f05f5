package content

import "slices"

// Post is what a member writes in circles, which are named as in groups.toml.
type Post struct {
	By       string      `toml:"by"` // handle
	Kind     string      `toml:"kind"`
	Days     *int        `toml:"days"` // before the end of the demo; negative: scheduled; absent: a draft
	Text     string      `toml:"text"`
	Edited   string      `toml:"edited"`  // what it says since the next day; empty: it was not edited
	Product  string      `toml:"product"` // slug, or empty
	Attach   string      `toml:"attach"`  // "storefront", or empty
	Photos   []PostPhoto `toml:"photos"`
	In       []string    `toml:"in"`
	On       []string    `toml:"on"` // networks
	Outside  bool        `toml:"outside"`
	Said     []Said      `toml:"said"`
	Reacted  []Reacted   `toml:"reacted"`
	Removed  *Taken      `toml:"removed"`  // from its first circle
	Reported *Complaint  `toml:"reported"` // in its first circle
}

// Follow is what somebody follows.
type Follow struct {
	Who    string `toml:"who"`    // handle
	Kind   string `toml:"kind"`   // member, brand or circle
	Of     string `toml:"of"`     // handle
	Sphere string `toml:"sphere"` // empty: the personal one, or the circle's
}

// PostPhoto is a photograph of a post, with what it shows in words.
type PostPhoto struct {
	File string `toml:"file"`
	Alt  string `toml:"alt"`
}

// Said is a comment in one of the circles, with what was answered.
type Said struct {
	Who     string `toml:"who"`
	In      string `toml:"in"` // empty for answers
	Text    string `toml:"text"`
	Answers []Said `toml:"answers"`
}

// Reacted is a member's reaction in one of the circles.
type Reacted struct {
	Who  string `toml:"who"`
	In   string `toml:"in"`
	With string `toml:"with"`
}

// Taken is what a moderator removed, and why.
type Taken struct {
	By  string `toml:"by"`
	Why string `toml:"why"`
}

// Complaint is what somebody reported.
type Complaint struct {
	By     string `toml:"by"`
	Reason string `toml:"reason"`
	Text   string `toml:"text"`
}

func (c *Content) validatePost(p *problems, post Post) {
	where := "post of " + post.By + ": " + post.Text
	m, ok := c.Member(post.By)
	p.check(ok, where, "its author does not exist")
	p.prose(post.Text, m.Lang, maxProse, where)
	if post.Edited != "" {
		p.prose(post.Edited, m.Lang, maxProse, where+", edited")
	}
	p.check(post.Product == "" || slices.ContainsFunc(c.Products, func(x Product) bool { return x.Slug == post.Product }), where, "product %q does not exist", post.Product)
	for _, f := range post.Photos {
		c.photo(p, f.File, where)
		p.prose(f.Alt, m.Lang, maxProse, where+", photograph")
	}
	for _, in := range post.In {
		p.check(slices.ContainsFunc(c.Groups, func(g Group) bool { return g.Name == in }), where, "circle %q does not exist", in)
	}
	for _, s := range post.Said {
		p.check(slices.Contains(post.In, s.In), where, "%s comments in %q", s.Who, s.In)
		p.prose(s.Text, "", maxProse, where+", comment")
	}
	for _, r := range post.Reacted {
		p.check(slices.Contains(post.In, r.In), where, "%s reacts in %q", r.Who, r.In)
	}
}
