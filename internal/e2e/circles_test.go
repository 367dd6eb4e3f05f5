package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/demo"
)

// The story of a circle, on phones, in French: Léa creates one of her personal life and makes a link; somebody without an account opens it,
// signs up by way of their letter, comes back to the invitation, agrees to the rules and is in. A colleague of Léa's learns nothing of it.
func TestCircleOnAPhone(t *testing.T) {
	lea := phone(t, "cercle-lea", "fr")
	lea.logsIn(demo.Relay, demo.Password)
	lea.speaks("fr")
	lea.goes("/me/groups/new")
	lea.types("name", "La tablée du dimanche")
	lea.types("rules", "Qui cuisine choisit la musique.")
	lea.checks(`input[name=sphere][value=personal]`)
	lea.pressesElement(`main form button.button-main`)
	lea.reads("Invitez les premières personnes")
	circle := strings.TrimSuffix(lea.path(), "/invite")
	lea.shot("invite")
	lea.presses("Faire le lien")
	lea.reads("Votre lien d’invitation")
	lea.fits("the page of a link")
	lea.shot("link")
	invitation := strings.TrimSuffix(lea.path(), "/link")

	guest := phone(t, "cercle-invite", "fr")
	guest.goes(invitation)
	guest.reads("Léa Marchetti vous invite")
	guest.reads("Qui cuisine choisit la musique")
	guest.reads("Vie personnelle")
	guest.fits("an invitation for a guest")
	guest.shot("invitation")
	guest.presses("Créer un compte")
	guest.types("name", "Noé Garance")
	guest.types("email", "noe.garance@poste.example")
	guest.types("password", "un mot de passe bien long")
	guest.pressesElement(`main form button`)
	guest.goes("/dev/mail?to=noe.garance@poste.example")
	guest.goes(evaluate[string](guest, `[...document.querySelectorAll("a[href^='/dev/mail/']")][0].getAttribute("href")`))
	guest.until("the letter", `document.querySelector("iframe")`)
	guest.goes(evaluate[string](guest, `fetch(document.querySelector("iframe").src).then(r => r.text()).then(h => h.match(/\/confirm\/[^"]+/)[0].replaceAll("&amp;", "&"))`))
	guest.pressesElement(`main form button`)
	guest.until("be back at the invitation", `location.pathname === `+quote(invitation))
	guest.reads("Qui saura que vous y êtes")
	guest.fits("an invitation for a member")
	guest.shot("rules")
	guest.checks(`input[name=accept]`)
	guest.presses("Rejoindre")
	guest.until("be in", `location.pathname === `+quote(circle))
	guest.reads("La tablée du dimanche")
	guest.shot("inside")

	lea.goes(circle + "/members")
	lea.reads("Noé Garance")
	lea.reads("sur l’invitation de Léa Marchetti")
	lea.shot("members")

	// Paul-Henri works with Léa. Of her table he learns nothing, wherever he looks.
	colleague := phone(t, "cercle-collegue", "fr")
	colleague.logsIn("paul-henri@relais.example", demo.Password)
	colleague.speaks("fr")
	for _, path := range []string{circle, circle + "/members", "/groups?q=tabl%C3%A9e", "/@lea/circles", "/@lea", "/g/l-equipe-produit/members", "/me/groups"} {
		colleague.goes(path)
		if strings.Contains(colleague.text(), "La tablée") {
			t.Errorf("a colleague reads of the circle at %s", path)
		}
	}
}

// checks chooses a radio button or a box, which leads nowhere.
func (p *person) checks(selector string) {
	p.t.Helper()
	if !evaluate[bool](p, `(() => { const e = document.querySelector(`+quote(selector)+`); if (!e) return false; e.click(); return e.checked })()`) {
		p.t.Fatalf("%s: %s is not chosen", p.name, selector)
	}
}
