package content

import "slices"

// Question is what a member asks about a product, with its answers.
type Question struct {
	Product string   `toml:"product"`
	Asker   string   `toml:"asker"` // handle
	Lang    string   `toml:"lang"`
	Days    int      `toml:"days"` // since it was asked
	Title   string   `toml:"title"`
	Details string   `toml:"details"`
	Answers []Answer `toml:"answers"`
	Report  string   `toml:"report"` // why the brand reports it; empty: it does not
}

// Answer is what somebody knows: a member, who bought the product before, or its brand.
type Answer struct {
	Who    string   `toml:"who"`   // handle of a member; empty: the brand
	Hours  int      `toml:"hours"` // after the question
	Body   string   `toml:"body"`
	Helped []string `toml:"helped"` // handles of members
	Pinned bool     `toml:"pinned"` // by the brand
}

func (c *Content) validateQuestion(p *problems, q Question) {
	where := "question of " + q.Asker + " about " + q.Product
	_, ok := c.Product(q.Product)
	p.check(ok, where, "the product does not exist")
	p.check(q.Days > 0 && (q.Lang == "fr" || q.Lang == "en"), where, "was asked in %d days, in %q", -q.Days, q.Lang)
	p.prose(q.Title, q.Lang, 200, where)
	people := []string{q.Asker}
	for _, a := range q.Answers {
		p.prose(a.Body, q.Lang, 2000, where+", an answer")
		p.check(a.Hours > 0 && a.Hours < 24*q.Days, where, "is answered after %d hours", a.Hours)
		p.check(!slices.Contains(a.Helped, a.Who), where, "%q helps themselves", a.Who)
		if people = append(people, a.Helped...); a.Who != "" {
			people = append(people, a.Who)
		}
	}
	for _, handle := range people {
		_, ok := c.Member(handle)
		p.check(ok, where, "%q does not exist", handle)
	}
}
