package content

import "slices"

// IdeaTerms is on which terms a brand takes ideas.
type IdeaTerms struct {
	Brand      string `toml:"brand"`
	Threshold  int    `toml:"threshold"`
	Days       int    `toml:"days"`
	AnswerDays int    `toml:"answer_days"`
}

// Idea is what a member proposes to a brand, and what became of it.
type Idea struct {
	Brand      string        `toml:"brand"`
	Author     string        `toml:"author"`
	Days       int           `toml:"days"` // before the end of the demo
	Lang       string        `toml:"lang"`
	Title      string        `toml:"title"`
	Text       string        `toml:"text"`
	Photo      string        `toml:"photo"`   // file of a photograph, or empty
	Unnamed    bool          `toml:"unnamed"` // its author's name is not shown
	Supporters []string      `toml:"supporters"`
	Comments   []IdeaComment `toml:"comments"`
	Into       string        `toml:"into"`   // title of the idea that it is merged into, or empty
	Answer     string        `toml:"answer"` // of the brand, some days after it was reached: yes, later, no; empty: none yet
	Reason     string        `toml:"reason"`
	Product    string        `toml:"product"` // slug of the one that was made of it, or empty
	Report     string        `toml:"report"`  // what somebody finds wrong with its first comment, or empty
}

// IdeaComment is what a member says about it.
type IdeaComment struct {
	By   string `toml:"by"`
	Text string `toml:"text"`
}

func (c *Content) validateIdea(p *problems, i Idea) {
	where := "idea " + i.Title
	b, ok := c.Brand(i.Brand)
	p.check(ok && slices.ContainsFunc(c.IdeaTerms, func(t IdeaTerms) bool { return t.Brand == i.Brand }), where, "%q takes no ideas", i.Brand)
	p.check(i.Days > 0 && (i.Lang == "fr" || i.Lang == "en"), where, "%d days ago, in %q", i.Days, i.Lang)
	p.prose(i.Title, i.Lang, 100, where)
	p.prose(i.Text, i.Lang, 3000, where)
	people := append([]string{i.Author}, i.Supporters...)
	for _, said := range i.Comments {
		p.prose(said.Text, i.Lang, 1000, where)
		people = append(people, said.By)
	}
	for _, handle := range people {
		_, ok := c.Member(handle)
		p.check(ok, where, "%q is nobody", handle)
	}
	p.check(!slices.Contains(i.Supporters, i.Author) && !slices.Contains(i.Supporters, b.Owner), where, "its author or its brand supports it")
	if i.Photo != "" {
		c.photo(p, i.Photo, where)
	}
	p.check((i.Answer == "") == (i.Reason == "") && (i.Product == "" || i.Answer != ""), where, "its answer does not hold together")
	if i.Reason != "" {
		p.prose(i.Reason, i.Lang, 2000, where)
	}
	if i.Product != "" {
		product, ok := c.Product(i.Product)
		p.check(ok && product.Brand == i.Brand, where, "%q is no product of the brand", i.Product)
	}
	p.check(i.Into == "" || slices.ContainsFunc(c.Ideas, func(o Idea) bool { return o.Title == i.Into && o.Brand == i.Brand }), where, "there is no %q", i.Into)
}
