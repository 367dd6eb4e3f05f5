package slug_test

import (
	"strings"
	"testing"

	"relais/internal/catalog/slug"
)

func TestOf(t *testing.T) {
	for title, want := range map[string]string{
		"Bougie parfumée n° 5": "bougie-parfumee-n-5", "L’œuf à la coque": "l-oeuf-a-la-coque", "  --  ": "article", "日本": "article",
		"Straße & Łódź": "strasse-et-lodz", "A--b__C": "a-b-c", "½ litre": "1-2-litre",
	} {
		if got := slug.Of(title); got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
	}
	if got := slug.Of(strings.Repeat("ab ", 100)); len(got) > 110 || strings.HasSuffix(got, "-") {
		t.Errorf("long title: %q", got)
	}
}
