package orders

import (
	"relais/internal/address"
	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/prose"
)

// validate cleans the buyer's typing in place and says, field by field, what is missing.
func validate(p *Placement) error {
	e := fault.New(fault.Invalid, "fault.form")
	a := &p.Address
	if p.InPerson != nil {
		return p.inPerson(e)
	}
	for _, typed := range []*string{&p.Email, &a.Name, &a.Street, &a.Street2, &a.Postcode, &a.City, &a.Phone} {
		*typed = prose.Line(*typed)
	}
	e = withEmail(e, p)
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

// withEmail cleans the address for letters, or says that it is none.
func withEmail(e *fault.Error, p *Placement) *fault.Error {
	email, err := members.CleanEmail(p.Email)
	if err != nil {
		return e.With("email", "fault.email")
	}
	p.Email = email
	return e
}
