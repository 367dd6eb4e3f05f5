package orders

import (
	"net/mail"
	"strings"
	"unicode"

	"relais/internal/fault"
)

// Countries to which orders can be addressed: where Stripe lets a platform in the EU pay out and cards are at home
// (ISO 3166 alpha-2). A brand's delivery methods choose among them.
var Countries = []string{"FR", "BE", "LU", "CH", "DE", "NL", "ES", "IT", "PT", "AT", "IE", "GB", "DK", "SE", "FI", "PL"}

// validate cleans the buyer's typing in place and says, field by field, what is missing.
func validate(p *Placement) error {
	e := fault.New(fault.Invalid, "fault.form")
	a := &p.Address
	clean(&p.Email, &a.Name, &a.Street, &a.Street2, &a.Postcode, &a.City, &a.Phone)
	p.Email = strings.ToLower(p.Email)
	if parsed, err := mail.ParseAddress(p.Email); err != nil || parsed.Address != p.Email || len(p.Email) > 254 || !strings.Contains(p.Email[strings.LastIndex(p.Email, "@"):], ".") {
		e = e.With("email", "fault.email")
	}
	for field, v := range map[string]string{"name": a.Name, "street": a.Street, "city": a.City, "postcode": a.Postcode} {
		if v == "" {
			e = e.With(field, "fault.required")
		} else if len([]rune(v)) > 120 {
			e = e.With(field, "fault.too_long")
		}
	}
	if a.Postcode != "" && !validPostcode(a.Country, a.Postcode) {
		e = e.With("postcode", "fault.postcode")
	}
	if len([]rune(a.Street2)) > 120 || len(a.Phone) > 30 {
		e = e.With("street2", "fault.too_long")
	}
	if !known(a.Country) {
		e = e.With("country", "fault.country")
	}
	if len(p.Operation) < 16 || len(p.Operation) > 64 {
		e = e.With("operation", "fault.form_stale")
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

func clean(fields ...*string) {
	for _, f := range fields {
		*f = strings.Join(strings.FieldsFunc(*f, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	}
}

func known(country string) bool {
	for _, c := range Countries {
		if c == country {
			return true
		}
	}
	return false
}

// postcodeDigits is how many digits a postcode has where it is digits only.
var postcodeDigits = map[string]int{"FR": 5, "BE": 4, "LU": 4, "CH": 4, "DE": 5, "ES": 5, "IT": 5, "AT": 4, "DK": 4, "FI": 5}

func validPostcode(country, postcode string) bool {
	n, ok := postcodeDigits[country]
	if !ok {
		return len(postcode) >= 3 && len(postcode) <= 12
	}
	digits := 0
	for _, r := range postcode {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r != ' ' && r != '-' && !unicode.IsLetter(r):
			return false
		}
	}
	return digits == n
}
