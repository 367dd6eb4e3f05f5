package content

import (
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the photographs
	"regexp"
	"slices"
	"strings"
)

// What the shop accepts, repeated here so that a bad text fails in a test and not halfway through seeding.
const (
	maxTagline     = 160
	maxProse       = 600 // biography, storefront introduction, note on a listing
	maxName        = 80
	minCommission  = 500
	maxCommission  = 2000
	minHoldDays    = 14 // the withdrawal period
	maxHoldDays    = 60
	maxWindowDays  = 90
	maxPhotoPixels = 1280
)

var (
	handleForm = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){2,29}$`)
	slugForm   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	emailForm  = regexp.MustCompile(`^[a-z0-9.-]+@([a-z-]+\.example|example\.org)$`)
	// plainSpace finds French punctuation with a space that a line could break at, or none at all.
	plainSpace = regexp.MustCompile(`[ \n][;:!?»]|« |[\pL]'[\pL]|\.\.\.`)
	countries  = []string{"FR", "BE", "GB"}
	vatRates   = []int64{550, 1000, 2000}
	channels   = []string{"whatsapp", "telegram", "facebook", "linkedin", "x", "bluesky", "mail", "sms", "copy", "qr"}
)

// problems collects what is wrong, each with where it was found.
type problems struct{ errs []error }

func (p *problems) check(ok bool, where, format string, args ...any) {
	if !ok {
		p.errs = append(p.errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
	}
}

// text checks that both languages are there, short enough (limit 0: any length) and, in French, well set.
func (p *problems) text(t Text, limit int, where string) {
	p.check(strings.TrimSpace(t.FR) != "", where, "French is missing")
	p.check(strings.TrimSpace(t.EN) != "", where, "English is missing")
	p.french(t.FR, where)
	if limit > 0 {
		p.check(len([]rune(t.FR)) <= limit && len([]rune(t.EN)) <= limit, where, "longer than %d characters", limit)
	}
}

func (p *problems) french(s, where string) {
	if bad := plainSpace.FindString(s); bad != "" {
		p.check(false, where, "French punctuation %q needs a no-break space or a curly apostrophe", bad)
	}
}

// prose checks a text written in one language only, a member's own.
func (p *problems) prose(s, lang string, limit int, where string) {
	p.check(s != "", where, "is empty")
	p.check(len([]rune(s)) <= limit, where, "longer than %d characters", limit)
	if lang == "fr" {
		p.french(s, where)
	}
}

// unique checks that a key was not seen before.
func (p *problems) unique(seen map[string]bool, key, where string) {
	p.check(!seen[key], where, "%q is there twice", key)
	seen[key] = true
}

// Validate checks that everything holds together and returns all that does not, or nil.
func (c *Content) Validate() error {
	p := &problems{}
	c.validatePhotos(p)
	seen := map[string]bool{}
	for _, k := range c.Categories {
		p.unique(seen, k.Key, "category")
		p.text(k.Label, maxName, "category "+k.Key)
	}
	handles := map[string]bool{}
	for _, b := range c.Brands {
		p.unique(handles, b.Handle, "brand")
		c.validateBrand(p, b)
	}
	slugs, skus := map[string]bool{}, map[string]bool{}
	for _, one := range c.Products {
		p.unique(slugs, one.Slug, "product")
		c.validateProduct(p, one)
		for _, v := range one.Variants {
			p.unique(skus, v.SKU, "SKU of product "+one.Slug)
		}
	}
	emails := map[string]bool{}
	for _, m := range c.Members {
		p.unique(handles, m.Handle, "member")
		p.unique(emails, m.Email, "member "+m.Handle)
		c.validateMember(p, m)
	}
	for _, g := range c.Groups {
		p.unique(handles, g.Name, "group")
		c.validateGroup(p, g)
	}
	for _, post := range c.Posts {
		c.validatePost(p, post)
	}
	for _, s := range c.Stories {
		c.validateStory(p, s)
	}
	for _, f := range c.Follows {
		p.check(handles[f.Who] && f.Of != "", "follow of "+f.Who, "does not say who or what")
	}
	for _, b := range c.Buyers {
		p.unique(emails, b.Email, "buyer "+b.Name)
		validateBuyer(p, b)
	}
	for _, fault := range c.checkStands() {
		p.check(false, "stands", "%v", fault)
	}
	c.validatePromises(p)
	c.validatePolls(p)
	for _, o := range c.Opinions {
		c.validateOpinion(p, o)
	}
	for _, q := range c.Questions {
		c.validateQuestion(p, q)
	}
	for _, i := range c.Ideas {
		c.validateIdea(p, i)
	}
	return errors.Join(p.errs...)
}

func (c *Content) validatePhotos(p *problems) {
	seen := map[string]bool{}
	for _, photo := range c.Photos {
		where := "photo " + photo.File
		p.unique(seen, photo.File, "photo")
		p.check(photo.Photographer != "", where, "has no photographer")
		p.text(photo.Alt, 300, where)
		f, err := Open(photo.File)
		if err != nil {
			p.check(false, where, "%v", err)
			continue
		}
		config, _, err := image.DecodeConfig(f)
		p.check(err == nil, where, "does not decode: %v", err)
		p.check(max(config.Width, config.Height) <= maxPhotoPixels, where, "is larger than %d pixels", maxPhotoPixels)
		p.check(f.Close() == nil, where, "does not close")
	}
	entries, err := files.ReadDir("photos")
	p.check(err == nil, "photos", "%v", err)
	for _, e := range entries {
		p.check(seen[e.Name()], "photo "+e.Name(), "is in the folder and has no credit")
	}
}

// photo checks a reference to a photograph.
func (c *Content) photo(p *problems, file, where string) {
	_, ok := c.Photo(file)
	p.check(ok, where, "photo %q does not exist", file)
}

func (c *Content) validateBrand(p *problems, b Brand) {
	where := "brand " + b.Handle
	p.check(handleForm.MatchString(b.Handle), where, "bad handle")
	p.check(b.Name != "" && b.LegalName != "" && b.VATNumber != "" && b.Initials != "", where, "lacks name, legal name, VAT number or initials")
	p.check(b.Currency == "EUR" || b.Currency == "GBP", where, "currency %q", b.Currency)
	p.check(b.Lang == "fr" || b.Lang == "en", where, "language %q", b.Lang)
	p.check(emailForm.MatchString(b.Email), where, "email %q", b.Email)
	p.check(b.Country == b.Address.Country, where, "country %q, address in %q", b.Country, b.Address.Country)
	validateAddress(p, b.Address, where)
	owner, ok := c.Member(b.Owner)
	p.check(ok && owner.Role == Owner, where, "owner %q is not a member who owns", b.Owner)
	c.photo(p, b.Cover, where)
	if b.Logo != "" {
		c.photo(p, b.Logo, where)
	}
	p.text(b.Tagline, maxTagline, where+" tagline")
	p.text(b.Story, 0, where+" story")
	t := b.Terms
	p.check(t.CommissionBPS >= minCommission && t.CommissionBPS <= maxCommission, where, "commission %d", t.CommissionBPS)
	p.check(t.HoldDays >= minHoldDays && t.HoldDays <= maxHoldDays, where, "hold of %d days", t.HoldDays)
	p.check(t.WindowDays >= 1 && t.WindowDays <= maxWindowDays, where, "window of %d days", t.WindowDays)
	p.check(len(b.DeliveriesTo(b.Country)) > 0 && len(b.DeliveriesTo("FR")) > 0, where, "does not deliver at home or in France")
	for _, d := range b.Delivery {
		p.text(d.Name, maxName, where+" delivery")
		p.check(d.PriceCents >= 0 && d.FreeFromCents >= 0, where, "negative delivery price")
		p.check(d.DaysMin >= 0 && d.DaysMax >= d.DaysMin && d.DaysMax <= 90, where, "delivery in %d to %d days", d.DaysMin, d.DaysMax)
		for _, k := range d.Countries {
			p.check(slices.Contains(countries, k), where, "delivers to %q", k)
		}
	}
}

func (c *Content) validateProduct(p *problems, one Product) {
	where := "product " + one.Slug
	p.check(slugForm.MatchString(one.Slug) && len(one.Slug) <= 120, where, "bad slug")
	_, ok := c.Brand(one.Brand)
	p.check(ok, where, "brand %q does not exist", one.Brand)
	_, ok = c.Category(one.Category)
	p.check(ok, where, "category %q does not exist", one.Category)
	p.check(one.Condition == New || one.Condition == SecondHand, where, "condition %q", one.Condition)
	p.check(slices.Contains(vatRates, one.VATBPS), where, "VAT rate %d", one.VATBPS)
	p.check(len(one.Tags) > 0, where, "has no tags")
	p.check(len(one.Photos) > 0, where, "has no photo")
	for _, file := range one.Photos {
		c.photo(p, file, where)
	}
	p.text(one.Title, 160, where+" title")
	p.text(one.Description, 0, where+" description")
	if !one.Warnings.Empty() {
		p.text(one.Warnings, 4000, where+" warnings")
	}
	p.check(len(one.Options) <= 3, where, "has more than three options")
	for _, o := range one.Options {
		p.text(o, maxName, where+" option")
	}
	p.check(len(one.Variants) > 0, where, "has no variant")
	for i, step := range one.Steps {
		p.check(i == 0 || step.People > one.Steps[i-1].People && step.LessBPS > one.Steps[i-1].LessBPS, where, "step %d does not rise", i)
	}
	combinations := map[string]bool{}
	for _, v := range one.Variants {
		validateVariant(p, one, v)
		p.unique(combinations, fmt.Sprint(v.Values), where+" variants")
	}
}

func validateVariant(p *problems, one Product, v Variant) {
	where := "variant " + v.SKU + " of " + one.Slug
	p.check(v.SKU != "" && len(v.SKU) <= 80, where, "bad SKU")
	p.check(v.PriceCents > 0, where, "price %d", v.PriceCents)
	p.check(v.CompareAtCents == 0 || v.CompareAtCents > v.PriceCents, where, "reduced from %d to %d", v.CompareAtCents, v.PriceCents)
	p.check(v.Stock > 0, where, "stock %d", v.Stock)
	p.check(v.WeightGrams > 0, where, "weight %d", v.WeightGrams)
	p.check(len(v.Values) == len(one.Options), where, "%d values for %d options", len(v.Values), len(one.Options))
	for _, value := range v.Values {
		p.text(value, maxName, where)
	}
}

func (c *Content) validateMember(p *problems, m Member) {
	where := "member " + m.Handle
	p.check(handleForm.MatchString(m.Handle), where, "bad handle")
	p.check(emailForm.MatchString(m.Email), where, "email %q", m.Email)
	p.check(m.Name != "" && m.City != "", where, "lacks name or city")
	p.check(m.Lang == "fr" || m.Lang == "en", where, "language %q", m.Lang)
	p.check(slices.Contains(countries, m.Country), where, "country %q", m.Country)
	p.check(slices.Contains([]string{Relay, Owner, Shopper, Admin}, m.Role), where, "role %q", m.Role)
	p.text(m.Bio, maxProse, where+" bio")
	if m.Picture != "" {
		c.photo(p, m.Picture, where)
	}
	for _, k := range m.Circles {
		p.prose(k.Name, m.Lang, maxName, where+" circle")
		p.prose(k.Description, m.Lang, maxProse, where+" circle "+k.Name)
		p.check(slices.Contains(channels, k.Channel), where, "channel %q", k.Channel)
		p.check(k.Sphere == "personal" || k.Sphere == "professional", where, "sphere %q", k.Sphere)
	}
	p.check((m.Role == Relay) == (m.Storefront != nil), where, "a relay has a storefront and nobody else has")
	if m.Storefront != nil {
		p.check(m.Reach >= 1 && m.Reach <= 10, where, "reach %d", m.Reach)
		p.check(len(m.Circles) > 0, where, "shares with nobody")
		c.validateStorefront(p, m, where+" storefront")
	}
}

func (c *Content) validateGroup(p *problems, g Group) {
	where := "group " + g.Name
	p.prose(g.Name, g.Lang, maxName, where)
	p.prose(g.Description, g.Lang, maxProse, where+" description")
	p.prose(g.Rules, g.Lang, maxProse, where+" rules")
	p.check(g.Sphere == "personal" || g.Sphere == "professional", where, "sphere %q", g.Sphere)
	p.check(g.Visibility == "open" || g.Visibility == "private", where, "visibility %q", g.Visibility)
	p.check(g.Admission == "free" || g.Admission == "asked", where, "admission %q", g.Admission)
	c.photo(p, g.Picture, where)
	inside := map[string]bool{g.Owner: true}
	for _, j := range append(g.People, g.Asks...) {
		p.unique(inside, j.Who, where)
		p.check(j.By == "" || inside[j.By], where, "%s is invited by %q", j.Who, j.By)
		p.check(!j.Shown || g.Visibility == "open", where, "%s is shown in it", j.Who)
	}
	for handle := range inside {
		_, ok := c.Member(handle)
		p.check(ok, where, "member %q does not exist", handle)
	}
	for _, r := range g.Reports {
		p.check(inside[r.By] && (r.About == "" || inside[r.About]), where, "report by %q about %q", r.By, r.About)
		p.prose(r.Text, g.Lang, maxProse, where+" report")
		p.check((r.Decision == "") == (r.Why == ""), where, "a report is decided with a reason")
	}
}

func (c *Content) validateStorefront(p *problems, m Member, where string) {
	s := m.Storefront
	p.prose(s.Title, m.Lang, maxName, where+" title")
	p.prose(s.Intro, m.Lang, maxProse, where+" introduction")
	c.photo(p, s.Cover, where)
	p.check(len(s.Listings) >= 4 && len(s.Listings) <= 9, where, "has %d listings", len(s.Listings))
	c.validateLook(p, m, where)
	seen := map[string]bool{}
	for _, l := range s.Listings {
		p.unique(seen, l.Product, where)
		product, ok := c.Product(l.Product)
		p.check(ok, where, "product %q does not exist", l.Product)
		c.validateMargin(p, l, product, where)
		p.prose(l.Note, m.Lang, maxProse, where+" note on "+l.Product)
	}
}

// validateMargin checks that a margin is allowed on the cheapest variant when it is typed.
func (c *Content) validateMargin(p *problems, l Listing, product Product, where string) {
	brand, _ := c.Brand(product.Brand)
	most, low := max(brand.Terms.MarginBPS, brand.Terms.FirstMarginBPS), product.PriceCents
	for _, v := range product.Variants {
		if v.PriceCents > 0 {
			low = min(low, v.PriceCents)
		}
	}
	p.check(l.MarginCents >= 0 && l.MarginCents <= low*most/10000, where, "margin of %d on %s", l.MarginCents, l.Product)
}

func validateBuyer(p *problems, b Buyer) {
	where := "buyer " + b.Name
	p.check(b.Name != "" && b.Phone != "", where, "lacks name or telephone")
	p.check(emailForm.MatchString(b.Email), where, "email %q", b.Email)
	p.check(b.Lang == "fr" || b.Lang == "en", where, "language %q", b.Lang)
	validateAddress(p, b.Address, where)
}

func validateAddress(p *problems, a Address, where string) {
	p.check(a.Line1 != "" && a.PostalCode != "" && a.City != "", where, "address is incomplete")
	p.check(slices.Contains(countries, a.Country), where, "country %q", a.Country)
}
