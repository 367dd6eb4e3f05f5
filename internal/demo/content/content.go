// Package content is what the demo shows: four invented brands, what they sell, the people who recommend it, the
// guests who buy it, and the photographs. It holds data only; making orders and clicks of it is the seeder's work.
//
// The texts live in TOML files beside this one, in French and English, the photographs in photos/. Load reads them all
// and refuses what does not hold together: a photograph that is missing, a reference that leads nowhere, a text in one
// language only, a price that is not positive, a French sentence with a plain space before its question mark.
//
//	c, err := content.Load()
//	sofa, _ := c.Product("canape-augustin-gris-perle")
//	maker, _ := c.Brand(sofa.Brand)
//	f, err := content.Open(sofa.Photos[0])   // the JPEG
//
// Every brand, person, address and number is invented. Addresses end in .example or example.org, VAT numbers and
// British postcodes are shaped like real ones that cannot exist.
package content

import (
	"embed"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
)

//go:embed *.toml photos/*.jpg
var files embed.FS

// Text is a text in both languages of the shop. Descriptions and stories are Markdown.
type Text struct {
	FR string `toml:"fr"`
	EN string `toml:"en"`
}

// In returns the text in the language: "en" or, for any other, French.
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.FR
}

// Empty tells whether the text is missing in both languages.
func (t Text) Empty() bool { return t.FR == "" && t.EN == "" }

// Content is all of the demo's data. Slices keep the order of the files, which is a good order to show.
type Content struct {
	Categories  []Category   `toml:"categories"`
	Photos      []Photo      `toml:"photos"`
	Brands      []Brand      `toml:"brands"`
	Products    []Product    `toml:"products"`
	Members     []Member     `toml:"members"`
	Groups      []Group      `toml:"groups"`
	Posts       []Post       `toml:"posts"`
	Follows     []Follow     `toml:"follows"`
	Stories     []Story      `toml:"stories"`
	Buyers      []Buyer      `toml:"buyers"`
	Stands      []Stand      `toml:"stands"`
	HandSales   []HandSale   `toml:"hand_sales"`
	GroupOrders []GroupOrder `toml:"group_orders"`
	Launches    []Launch     `toml:"launches"`
	Opinions    []Opinion    `toml:"opinions"`
	Questions   []Question   `toml:"questions"`
	IdeaTerms   []IdeaTerms  `toml:"idea_terms"`
	Ideas       []Idea       `toml:"ideas"`
	Polls       []Poll       `toml:"polls"`
}

// Category is a shelf of the catalogue.
type Category struct {
	Key   string `toml:"key"`
	Label Text   `toml:"label"`
}

// Address is a postal address; Country is an ISO 3166 code of two letters.
type Address struct {
	Line1      string `toml:"line1"`
	Line2      string `toml:"line2"`
	PostalCode string `toml:"postal_code"`
	City       string `toml:"city"`
	Country    string `toml:"country"`
}

// Brand is a maker with what the law asks of it. Owner is the handle of the member who owns it.
type Brand struct {
	Handle    string     `toml:"handle"`
	Name      string     `toml:"name"`
	Lang      string     `toml:"lang"`
	Owner     string     `toml:"owner"`
	LegalName string     `toml:"legal_name"`
	Address   Address    `toml:"address"`
	Email     string     `toml:"email"`
	Country   string     `toml:"country"`
	VATNumber string     `toml:"vat_number"`
	Currency  string     `toml:"currency"` // of all its prices; ISO 4217
	Initials  string     `toml:"initials"`
	Logo      string     `toml:"logo"`  // file of a photograph, or empty: the initials serve
	Cover     string     `toml:"cover"` // file of a photograph
	Tagline   Text       `toml:"tagline"`
	Story     Text       `toml:"story"`
	Terms     Terms      `toml:"terms"`
	Delivery  []Delivery `toml:"delivery"`
}

// Terms is what the brand offers whoever brings a sale. CommissionBPS is in hundredths of a per cent.
type Terms struct {
	CommissionBPS int64 `toml:"commission_bps"`
	HoldDays      int   `toml:"hold_days"`
	WindowDays    int   `toml:"window_days"`
	// What a storefront may put on the price, of the price; FirstMarginBPS is what the brand allowed before, 0 where it never allowed another.
	MarginBPS      int64 `toml:"margin_bps"`
	FirstMarginBPS int64 `toml:"first_margin_bps"`
}

// Delivery is a way the brand sends its goods. FreeFromCents of 0 means that it is never free of its price.
type Delivery struct {
	Name          Text     `toml:"name"`
	PriceCents    int64    `toml:"price_cents"`
	FreeFromCents int64    `toml:"free_from_cents"`
	DaysMin       int      `toml:"days_min"`
	DaysMax       int      `toml:"days_max"`
	Countries     []string `toml:"countries"`
}

// Product is something sold. Prices are in euro cents and include VAT; PriceCents, CompareAtCents and WeightGrams
// stand for every variant that does not say otherwise, and Load has filled them in there.
type Product struct {
	Slug           string    `toml:"slug"`
	Brand          string    `toml:"brand"`
	Category       string    `toml:"category"`
	Tags           []string  `toml:"tags"`
	Photos         []string  `toml:"photos"`
	Condition      string    `toml:"condition"` // New or SecondHand
	VATBPS         int64     `toml:"vat_bps"`
	PriceCents     int64     `toml:"price_cents"`
	CompareAtCents int64     `toml:"compare_at_cents"` // 0: not reduced
	WeightGrams    int       `toml:"weight_grams"`
	Title          Text      `toml:"title"`
	Description    Text      `toml:"description"`
	Warnings       Text      `toml:"warnings"` // empty when the law asks for none
	Options        []Text    `toml:"options"`  // names, as "Couleur"; none for a product of one variant
	Variants       []Variant `toml:"variants"`
	Steps          []Step    `toml:"steps"` // of its price for people who order together; none for most
}

// Step is what a piece costs less from a number of people on, in hundredths of a per cent of its price.
type Step struct {
	People  int   `toml:"people"`
	LessBPS int64 `toml:"less_bps"`
}

// The conditions of a product.
const (
	New        = "new"
	SecondHand = "second_hand"
)

// Variant is what is put in a cart. Values stand in the order of the product's options.
type Variant struct {
	SKU            string `toml:"sku"`
	Values         []Text `toml:"values"`
	PriceCents     int64  `toml:"price_cents"`
	CompareAtCents int64  `toml:"compare_at_cents"`
	Stock          int    `toml:"stock"`
	WeightGrams    int    `toml:"weight_grams"`
}

// Member is a person with an account.
type Member struct {
	Handle     string      `toml:"handle"`
	Name       string      `toml:"name"`
	Email      string      `toml:"email"`
	Role       string      `toml:"role"` // Relay, Owner, Shopper or Admin
	Lang       string      `toml:"lang"` // the language they write their notes in
	Country    string      `toml:"country"`
	City       string      `toml:"city"`
	Trader     bool        `toml:"trader"`  // recommends as a professional, not as a private person
	Reach      int         `toml:"reach"`   // 1 to 10: how much traffic their links bring; 0 without a storefront
	Picture    string      `toml:"picture"` // file of a photograph, or empty
	Bio        Text        `toml:"bio"`
	Circles    []Circle    `toml:"circles"`
	Storefront *Storefront `toml:"storefront"` // nil for all but relays
}

// The parts that members play in the demo.
const (
	Relay   = "member" // recommends from a storefront
	Owner   = "owner"  // owns a brand
	Shopper = "buyer"  // has an account, and only buys
	Admin   = "admin"  // runs the platform
)

// Group is a circle on Relais, with the members who are in it besides its owner.
type Group struct {
	Name        string   `toml:"name"`
	Owner       string   `toml:"owner"` // handle
	Lang        string   `toml:"lang"`  // of its texts
	Sphere      string   `toml:"sphere"`
	Visibility  string   `toml:"visibility"` // open or private
	Admission   string   `toml:"admission"`  // free or asked
	Picture     string   `toml:"picture"`    // file of a photograph
	Description string   `toml:"description"`
	Rules       string   `toml:"rules"`
	People      []Joiner `toml:"people"`
	Asks        []Joiner `toml:"asks"` // they wait to be let in
	Reports     []Report `toml:"reports"`
}

// Joiner is somebody in a group, or who wants to be.
type Joiner struct {
	Who   string `toml:"who"`  // handle
	By    string `toml:"by"`   // who invited them; empty: the owner
	Role  string `toml:"role"` // moderator, or empty
	Shown bool   `toml:"shown"`
	Text  string `toml:"text"` // of a request
}

// Report is what somebody in a group reported.
type Report struct {
	By       string `toml:"by"`
	About    string `toml:"about"` // handle; empty: the group
	Reason   string `toml:"reason"`
	Text     string `toml:"text"`
	Decision string `toml:"decision"` // empty: it is open
	Why      string `toml:"why"`
}

// Circle is a group that a member shares with, and the channel by which they reach it: whatsapp, telegram, facebook,
// linkedin, x, bluesky, mail, sms, copy or qr. Sphere is "personal" or "professional".
type Circle struct {
	Name        string `toml:"name"`
	Channel     string `toml:"channel"`
	Sphere      string `toml:"sphere"`
	Description string `toml:"description"`
}

// Storefront is a member's shop, in the member's own language. Cover is the file of a photograph.
type Storefront struct {
	Title    string    `toml:"title"`
	Intro    string    `toml:"intro"`
	Cover    string    `toml:"cover"`
	Listings []Listing `toml:"listings"`
	Look     Look      `toml:"look"`
}

// Listing is a product that a member picked, by its slug, with a note of their own.
type Listing struct {
	Product     string `toml:"product"`
	Note        string `toml:"note"`
	MarginCents int64  `toml:"margin_cents"` // that the storefront puts on the brand's price; 0: nothing
}

// Buyer is a guest who orders without an account.
type Buyer struct {
	Name    string  `toml:"name"`
	Email   string  `toml:"email"`
	Phone   string  `toml:"phone"`
	Lang    string  `toml:"lang"`
	Address Address `toml:"address"`
}

// Load reads every file, fills in what variants inherit from their product, and checks the whole. The error lists all
// that is wrong.
func Load() (*Content, error) {
	names, err := fs.Glob(files, "*.toml")
	if err != nil {
		return nil, fmt.Errorf("list demo content: %w", err)
	}
	sort.Strings(names)
	c := &Content{}
	for _, name := range names {
		if err := c.read(name); err != nil {
			return nil, err
		}
	}
	for i := range c.Products {
		c.Products[i].fill()
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("demo content:\n%w", err)
	}
	return c, nil
}

// read adds one file to the content. A key that no field takes is an error, so that a slip of the pen is not ignored.
func (c *Content) read(name string) error {
	text, err := files.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read demo content: %w", err)
	}
	var part Content
	meta, err := toml.Decode(string(text), &part)
	if err != nil {
		return fmt.Errorf("parse demo content %s: %w", name, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return fmt.Errorf("parse demo content %s: unknown key %s", name, unknown[0])
	}
	c.Categories = append(c.Categories, part.Categories...)
	c.Photos = append(c.Photos, part.Photos...)
	c.Brands = append(c.Brands, part.Brands...)
	c.Products = append(c.Products, part.Products...)
	c.Members = append(c.Members, part.Members...)
	c.Groups = append(c.Groups, part.Groups...)
	c.Posts, c.Stories = append(c.Posts, part.Posts...), append(c.Stories, part.Stories...)
	c.Follows = append(c.Follows, part.Follows...)
	c.Buyers = append(c.Buyers, part.Buyers...)
	c.Stands = append(c.Stands, part.Stands...)
	c.HandSales = append(c.HandSales, part.HandSales...)
	c.GroupOrders, c.Launches = append(c.GroupOrders, part.GroupOrders...), append(c.Launches, part.Launches...)
	c.Polls = append(c.Polls, part.Polls...)
	c.Opinions, c.Questions = append(c.Opinions, part.Opinions...), append(c.Questions, part.Questions...)
	c.IdeaTerms = append(c.IdeaTerms, part.IdeaTerms...)
	c.Ideas = append(c.Ideas, part.Ideas...)
	return nil
}

// fill gives each variant what it inherits, and trims the line ends that TOML's long strings carry.
func (p *Product) fill() {
	if p.Condition == "" {
		p.Condition = New
	}
	p.Description = Text{FR: strings.TrimSpace(p.Description.FR), EN: strings.TrimSpace(p.Description.EN)}
	for i := range p.Variants {
		v := &p.Variants[i]
		if v.CompareAtCents == 0 && v.PriceCents == 0 {
			v.CompareAtCents = p.CompareAtCents
		}
		if v.PriceCents == 0 {
			v.PriceCents = p.PriceCents
		}
		if v.WeightGrams == 0 {
			v.WeightGrams = p.WeightGrams
		}
	}
}

// Open opens a photograph by its file name.
func Open(file string) (fs.File, error) { return files.Open("photos/" + file) }

// Photo returns the photograph of that file name.
func (c *Content) Photo(file string) (Photo, bool) {
	return find(c.Photos, func(p Photo) bool { return p.File == file })
}

// Category returns the category with that key.
func (c *Content) Category(key string) (Category, bool) {
	return find(c.Categories, func(k Category) bool { return k.Key == key })
}
