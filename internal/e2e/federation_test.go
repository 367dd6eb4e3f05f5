package e2e_test

import (
	"testing"

	"relais/internal/demo"
)

// A member opens their storefront to followers elsewhere on the phone: they read what becomes public, open it, see that their
// recommendations are published and where the feed is, mistype somebody's address, and close it again.
func TestOpenToFollowersElsewhere(t *testing.T) {
	p := phone(t, "camille-fediverse", "fr")
	p.goes("/@camille/feed.atom")
	if p.has(`entry`) {
		t.Error("the feed is there before she opens it")
	}
	p.logsIn("camille@relais.example", demo.Password)
	p.goes("/me/following/remote")
	p.reads("Ouvrez d’abord votre vitrine")
	p.fits("closed remote")
	p.goes("/me/storefront")
	p.presses("Être suivi d’ailleurs")
	p.reads("on ne peut pas vous suivre d’ailleurs")
	p.reads("Chacune dit que vous touchez une commission")
	p.fits("closed panel")
	p.shot("closed")
	agrees(p)
	p.presses("Ouvrir à l’extérieur")
	p.reads("@camille@")
	p.reads("Publicité")
	p.fits("open panel")
	p.shot("open")
	p.goes("/@camille")
	if !p.has(`link[rel=alternate][type="application/atom+xml"][href$="/@camille/feed.atom"]`) || !p.has(`link[rel=alternate][type="application/activity+json"]`) {
		t.Error("the storefront does not say where its feed is")
	}
	p.goes("/me/following/remote")
	p.types("address", "lea")
	p.pressesElement(`form[action="/me/following/remote"] button`)
	p.reads("Écrivez une adresse comme @lea@mastodon.example.")
	if got := evaluate[string](p, `document.querySelector("input[name=address]").value`); got != "lea" {
		t.Errorf("what was typed is %q", got)
	}
	p.shot("mistyped")
	p.goes("/me/storefront/followers")
	agrees(p)
	p.pressesElement(`button[name=open][value=no]`)
	p.reads("on ne peut plus vous suivre d’ailleurs")
	p.shot("closed-again")
}

// agrees has the browser say yes to what the page asks.
func agrees(p *person) {
	p.t.Helper()
	evaluate[bool](p, `(window.confirm = () => true, true)`)
}
