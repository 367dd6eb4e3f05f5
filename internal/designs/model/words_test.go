package model_test

import (
	"slices"
	"strings"
	"testing"

	"relais/internal/designs/designstest"
	"relais/internal/designs/model"
)

// refused says at which texts a design is refused for its words: one on the chest for each text.
func refused(forbidden []string, texts ...string) (fields []string) {
	b := designstest.Shirt()
	b.Forbidden = forbidden
	var layers []model.Layer
	for _, words := range texts {
		layers = append(layers, designstest.Text(words))
	}
	for _, p := range model.Validate(b, designstest.Doc(layers...), nil) {
		if p.Key == "fault.designs.text_forbidden" {
			fields = append(fields, p.Field)
		}
	}
	return fields
}

// What a brand does not make is found however it is dressed up, and nothing else is: a word within another one, or two words beside each other, are not that word.
func TestForbiddenWords(t *testing.T) {
	list := []string{"merde", "casse toi", "con", "as", "1312", "œil"}
	for _, text := range []string{"merde", "MÉRDE !", "merdes", "m e r d e", "M.E.R.D.E", "m-e-r-d-e", "oh m e r d e !", "me.rde", "m3rde", "mеrdе", "m€rde", "cons", "Casse-toi", "casse  toi", "mer\u200dde", "as", "1312", "1 3 1 2", "Oeil", "œils", "mer de", "13 12"} {
		if len(refused(list, text)) != 1 {
			t.Errorf("%q is made", text)
		}
	}
	for _, text := range []string{"La mer de Bretagne", "emmerder", "Concert", "Scunthorpe", "conte", "ass", "C’est à moi", "casser toi", "2026", "L & T", "a b c"} {
		if at := refused(list, text); len(at) != 0 {
			t.Errorf("%q is not made: %v", text, at)
		}
	}
}

func TestForbiddenWordsOverSeveralTexts(t *testing.T) {
	list := []string{"merde", "casse toi"}
	for _, c := range []struct {
		texts []string
		at    string
	}{
		{[]string{"MER", "DE"}, "chest.1.text"}, {[]string{"Léa", "mer", "d", "e"}, "chest.3.text"}, {[]string{"casse", "toi"}, "chest.1.text"}, {[]string{"Oh casse", "toi là"}, "chest.1.text"},
		{[]string{"La mer", "de Bretagne"}, ""}, {[]string{"mer", "Léa", "de"}, ""}, {[]string{"Léa", "Tom"}, ""}, {[]string{"merde", "Léa"}, "chest.0.text"},
	} {
		if got := strings.Join(refused(list, c.texts...), " "); got != c.at {
			t.Errorf("%q: refused at %q, want %q", c.texts, got, c.at)
		}
	}
	if got := refused(nil, "merde"); !slices.Equal(got, nil) {
		t.Errorf("nothing is forbidden: %v", got)
	}
}
