// Package form checks what a buyer types to order: where letters go, and where goods do.
package form

import (
	"relais/internal/address"
	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/prose"
)

// Address is where an order goes.
type Address struct {
	Name     string `db:"name"`
	Street   string `db:"street"`
	Street2  string `db:"street2"`
	Postcode string `db:"postcode"`
	City     string `db:"city"`
	Country  string `db:"country"` // ISO 3166 alpha-2
	Phone    string `db:"phone"`
}

// Check cleans the buyer's typing in place and says, field by field, what is missing. operation is the one-time value of the form.
func Check(email *string, a *Address, operation string) error {
	e := fault.New(fault.Invalid, "fault.form")
	for _, typed := range []*string{email, &a.Name, &a.Street, &a.Street2, &a.Postcode, &a.City, &a.Phone} {
		*typed = prose.Line(*typed)
	}
	e = Email(e, email)
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
	if len(operation) < 16 || len(operation) > 64 {
		e = e.With("operation", "fault.form_stale")
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// Email cleans the address for letters, or says in e that it is none.
func Email(e *fault.Error, email *string) *fault.Error {
	clean, err := members.CleanEmail(*email)
	if err != nil {
		return e.With("email", "fault.email")
	}
	*email = clean
	return e
}
