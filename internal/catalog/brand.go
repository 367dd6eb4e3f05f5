package catalog

import (
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
)

// Brand is a seller. Tagline and Story are in Lang, which readers that take a language set to the one shown.
type Brand struct {
	ID           int64          `db:"id"`
	Handle       string         `db:"handle"`
	Name         string         `db:"name"`
	Lang         i18n.Lang      `db:"lang"`
	Tagline      string         `db:"tagline"`
	Story        string         `db:"story"` // Markdown
	LogoID       *int64         `db:"logo_id"`
	CoverID      *int64         `db:"cover_id"`
	LogoHash     string         `db:"logo_hash"`
	CoverHash    string         `db:"cover_hash"`
	MakerName    string         `db:"maker_name"`
	MakerAddress string         `db:"maker_address"`
	ContactEmail string         `db:"contact_email"`
	Country      string         `db:"country"` // ISO 3166-1 alpha-2
	VATNumber    string         `db:"vat_number"`
	Currency     money.Currency `db:"currency"`
	Trader       bool           `db:"trader"` // false: a private person sells
	BlockedAt    *time.Time     `db:"blocked_at"`
	CreatedAt    time.Time      `db:"created_at"`
}

// BrandDraft is what a person fills in about a brand.
type BrandDraft struct {
	Handle, Name                          string
	Lang                                  i18n.Lang
	Tagline, Story                        string
	MakerName, MakerAddress, ContactEmail string
	Country, VATNumber                    string
	Currency                              money.Currency // empty: EUR
	Trader                                bool
}

var handleForm = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){2,29}$`)
var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

// validated tidies a draft and returns what is wrong with it, by field.
func (d BrandDraft) validated() (BrandDraft, error) {
	d.Handle = strings.ToLower(strings.TrimSpace(d.Handle))
	d.Name, d.Tagline = strings.TrimSpace(d.Name), strings.TrimSpace(d.Tagline)
	d.MakerName, d.MakerAddress = strings.TrimSpace(d.MakerName), strings.TrimSpace(d.MakerAddress)
	d.ContactEmail, d.Country = strings.TrimSpace(d.ContactEmail), strings.ToUpper(strings.TrimSpace(d.Country))
	if d.Currency == "" {
		d.Currency = "EUR"
	}
	var p problems
	p.check(handleForm.MatchString(d.Handle) && d.Handle != "new", "handle", "fault.catalog.handle_form")
	p.text("name", d.Name, 1, 80)
	p.text("tagline", d.Tagline, 0, 160)
	p.text("story", d.Story, 0, 20000)
	p.text("maker_name", d.MakerName, 1, 200)
	p.text("maker_address", d.MakerAddress, 10, 500)
	p.text("vat_number", d.VATNumber, 0, 20)
	p.check(d.Lang == i18n.FR || d.Lang == i18n.EN, "lang", "fault.catalog.choose")
	p.check(countryForm.MatchString(d.Country), "country", "fault.catalog.choose")
	a, err := mail.ParseAddress(d.ContactEmail)
	p.check(err == nil && a.Address == d.ContactEmail, "contact_email", "fault.catalog.email_form")
	return d, p.fault()
}

// DeliveryMethod is one way in which a brand sends its goods. Amounts are in minor units of the brand's currency.
type DeliveryMethod struct {
	ID            int64          `db:"id"`
	BrandID       int64          `db:"brand_id"`
	Name          string         `db:"name"`
	NameOther     string         `db:"name_other"` // in the brand's other language; empty: the same
	PriceMinor    int64          `db:"price_minor"`
	FreeFromMinor *int64         `db:"free_from_minor"` // goods total from which it costs nothing
	DaysMin       int            `db:"days_min"`
	DaysMax       int            `db:"days_max"`
	Countries     pq.StringArray `db:"countries"`
	Active        bool           `db:"active"`
	Position      int            `db:"position"`
}

func (m DeliveryMethod) validate() error {
	var p problems
	p.text("name", m.Name, 1, 80)
	p.text("name_other", m.NameOther, 0, 80)
	p.check(m.PriceMinor >= 0 && m.PriceMinor <= MaxPrice, "price", "fault.catalog.price")
	p.check(m.FreeFromMinor == nil || *m.FreeFromMinor > 0, "free_from", "fault.catalog.price")
	p.check(m.DaysMin >= 0 && m.DaysMin <= 90, "days_min", "fault.catalog.days")
	p.check(m.DaysMax >= m.DaysMin && m.DaysMax <= 90, "days_max", "fault.catalog.days")
	p.check(len(m.Countries) > 0, "countries", "fault.catalog.choose")
	for _, c := range m.Countries {
		p.check(countryForm.MatchString(c), "countries", "fault.catalog.choose")
	}
	return p.fault()
}

// problems gathers what is wrong with a form, the first problem of each field.
type problems struct{ found *fault.Error }

func (p *problems) check(ok bool, field, key string) {
	switch {
	case ok:
	case p.found == nil:
		p.found = fault.Field(field, key)
	case p.found.Fields[field] == "":
		p.found = p.found.With(field, key)
	}
}

// text checks the length of a text in characters.
func (p *problems) text(field, value string, least, most int) {
	n := utf8.RuneCountInString(value)
	p.check(utf8.ValidString(value) && !strings.ContainsRune(value, 0), field, "fault.catalog.text_form")
	p.check(n >= least || n > 0, field, "fault.catalog.required")
	p.check(n >= least, field, "fault.catalog.too_short")
	p.check(n <= most, field, "fault.catalog.too_long")
}

func (p *problems) fault() error {
	if p.found == nil {
		return nil
	}
	return p.found
}
