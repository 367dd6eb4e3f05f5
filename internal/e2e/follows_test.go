package e2e_test

import (
	"strings"
	"testing"
)

// On a phone a member follows a storefront from its page; its new piece appears in their feed with the reason and the label; then they stop.
func TestStoryOfAFollow(t *testing.T) {
	relay := phone(t, "suivi-relais", "fr")
	joins(relay, "Rose Cadiou", "rose.cadiou@poste.example")
	relay.goes("/me/storefront")
	front := evaluate[string](relay, `[...document.querySelectorAll("a")].map(a => a.getAttribute("href")).find(h => /^\/@rose[a-z0-9-]*$/.test(h || ""))`)

	reader := phone(t, "suivi-lectrice", "fr")
	joins(reader, "Jeanne Pommier", "jeanne.pommier@poste.example")
	reader.goes(front)
	reader.presses("Suivre")
	reader.reads("Suivi, vie personnelle")
	reader.reads("1 personne suit")
	reader.fits("a storefront that is followed")
	reader.shot("storefront")

	relay.goes("/products?q=pelle")
	relay.presses("Pelle à rempoter")
	relay.presses("Recommander et gagner")
	relay.reads("Ma marge")

	reader.goes("/feed")
	reader.reads("Pelle à rempoter")
	reader.reads("Vous suivez Rose Cadiou")
	reader.reads("Publicité")
	reader.reads("Vous avez tout vu.")
	reader.fits("a feed with a piece")
	reader.shot("feed")
	reader.goes("/feed?sphere=professional")
	if strings.Contains(reader.text(), "Rose Cadiou") {
		t.Error("what is followed in one life is in the feed of the other")
	}

	reader.goes("/me/follows")
	reader.shot("follows")
	reader.presses("Ne plus suivre")
	reader.reads("Vous ne suivez plus")
	reader.goes("/feed")
	if strings.Contains(reader.text(), "Pelle à rempoter") {
		t.Error("the feed has what is not followed any more")
	}
	holds(t)
}
