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
	if p.InPerson != nil {
		return p.inPerson(e)
	}
	clean(&p.Email, &a.Name, &a.Street, &a.Street2, &a.Postcode, &a.City, &a.Phone)
	if p.Email = strings.ToLower(p.Email); !isEmail(p.Email) {
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

func isEmail(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text && len(text) <= 254 && strings.Contains(text[strings.LastIndex(text, "@"):], ".")
}

func clean(fields ...*string) {
	for _, f := range fields {
		*f = strings.Join(strings.FieldsFunc(*f, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	}
}
