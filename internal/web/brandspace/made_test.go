package brandspace_test

import (
	"testing"
	"time"
)

// Terms say what the authors of designs and ideas may have; each is refused at its field, with what was typed, and the example works the price through.
func TestTermsGiveRoyalties(t *testing.T) {
	s := newSpace(t)
	v := s.open()
	base := "/brand/atelier-sud/terms"
	v.see(base, 200, "Redevance permise au plus", "Part de l’auteur de l’idée", `name="royalty"`, `name="idea"`)
	s.now = s.now.Add(time.Hour)
	with := func(commission, royalty, idea string) []string {
		return []string{"commission", commission, "hold_days", "14", "window_days", "30", "credit", "last", "royalty", royalty, "idea", idea}
	}
	v.post(base, form(with("10", "25,01", "0")...), 422, "Une redevance entre 0 et 25", `id="f-royalty-error"`, `value="25,01"`)
	v.post(base, form(with("10", "beaucoup", "0")...), 422, "Une redevance entre 0 et 25", `value="beaucoup"`)
	v.post(base, form(with("10", "5", "10,5")...), 422, "Une part d’idée entre 0 et 10", `id="f-idea-error"`)
	v.post(base, form(with("70", "8", "2,01")...), 422, "dépassent ensemble 80", `id="f-royalty-error"`)
	v.post(base, form(with("75", "", "5,01")...), 422, "dépassent ensemble 80", `id="f-idea-error"`)
	v.post(base, form(with("70", "8", "2")...), 303)
	s.now = s.now.Add(time.Hour)
	v.post(base, form(with("10", "8", "2,5")...), 303)
	// 120.00 with 20 % VAT: 10.00 commission, 8.00 and 2.50 to the authors, 5.00 fee, and what is left without VAT.
	v.see(base+"?price=120&vat=2000", 200, `value="8"`, `value="2.5"`, "Auteurs du dessin (8\u00a0%)", "8,00\u00a0€", "Auteur de l’idée (2,5\u00a0%)", "2,50\u00a0€", "74,50\u00a0€")
	v.lang = "en"
	v.see(base, 200, "Highest royalty", "Authors of the design (8%)")
}
