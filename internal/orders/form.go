package orders

import (
	"net/mail"
	"strings"
	"unicode"

	"relais/internal/address"
	"relais/internal/fault"
)

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
	if a.Postcode != "" && !address.ValidPostcode(a.Country, a.Postcode) {
		e = e.With("postcode", "fault.postcode")
	}
	if len([]rune(a.Street2)) > 120 || len(a.Phone) > 30 {
		e = e.With("street2", "fault.too_long")
	}
	if !address.Known(a.Country) {
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
