package notice_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"relais/internal/notices"
	"relais/internal/postgres"
)

// circles tells Léa of a circle of each sphere, so that both concern her.
func (w *world) circles() {
	w.T.Helper()
	err := postgres.InTx(w.T.Context(), w.DB, func(tx *sqlx.Tx) error {
		for sphere, name := range map[notices.Topic]string{notices.Personal: "Famille Zéphyr", notices.Professional: "Bureau Zéphyr"} {
			err := notices.Tell(w.T.Context(), tx, notices.Notice{MemberID: w.lea, Kind: notices.Circle, Sphere: sphere, Event: "accepted", Subject: fmt.Sprint("group:", name), Path: "/me/groups",
				At: w.Clock.Now(), Args: notices.Args{"Circle": name}})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.T.Fatal(err)
	}
}

const count = `<span class="count" aria-hidden="true">%d</span>`

// The list and the bell of each side: what is of neither sphere is on both, what is of one on its side alone.
func TestSidesOfTheList(t *testing.T) {
	w := open(t)
	w.tells(2)
	w.shows(w.ask(w.lea, "/me/notices", nil), 200, "!Côté personnel")
	w.circles()
	for _, side := range []struct {
		cookie       string
		shown, other []string
		count        int
	}{
		{"", nil, []string{"Famille", "Bureau", "topic=personal", "topic=professional"}, 2},
		{"side=nothing", nil, []string{"Famille", "Bureau"}, 2},
		{"side=personal", []string{"Famille", "topic=personal"}, []string{"Bureau", "topic=professional"}, 3},
		{"side=professional", []string{"Bureau", "topic=professional"}, []string{"Famille", "topic=personal"}, 3},
	} {
		words := append([]string{"Un proche a acheté", "Côté personnel", fmt.Sprintf(count, side.count)}, side.shown...)
		for _, o := range side.other {
			words = append(words, "!"+o)
		}
		w.shows(w.ask(w.lea, "/me/notices", nil, "Cookie", side.cookie), 200, words...)
		w.shows(w.ask(w.lea, "/me/notices/settings", nil, "Cookie", side.cookie), 200, fmt.Sprintf(count, side.count), "!Zéphyr")
	}
	w.shows(w.ask(w.lea, "/me/notices?topic=personal", nil, "Cookie", "side=professional"), 200, "Famille", "!Bureau")
	w.shows(w.ask(w.mo, "/me/notices", nil, "Cookie", "side=personal"), 200, "!Côté personnel")
}

func TestTurningAndJoiningSides(t *testing.T) {
	w := open(t)
	w.circles()
	w.shows(w.ask(0, "/me/notices/side", form("side", "personal")), 303)
	for asked, want := range map[string]string{"personal": "side=personal;", "professional": "side=professional;", "": "side=;", "money": "side=;"} {
		rw := w.ask(w.lea, "/me/notices/side", form("side", asked))
		if got := rw.Header().Get("Set-Cookie"); rw.Code != 303 || !strings.HasPrefix(got, want) || !strings.Contains(got, "HttpOnly") {
			t.Errorf("turned to %q: %d, %q", asked, rw.Code, got)
		}
	}
	w.shows(w.ask(w.lea, "/me/notices/settings", nil), 200, "Elles sont séparées", "Ne pas les séparer", "!Elles sont ensemble")
	w.shows(w.ask(w.lea, "/me/notices/apart", form("apart", "no")), 303)
	w.shows(w.ask(w.lea, "/me/notices/settings", nil), 200, "Elles sont ensemble", fmt.Sprintf(count, 2))
	w.shows(w.ask(w.lea, "/me/notices", nil, "Cookie", "side=personal"), 200, "Famille", "Bureau", "topic=personal", "topic=professional", "!Côté personnel")
	w.shows(w.ask(w.lea, "/me/notices/apart", form("apart", "yes")), 303)
	w.shows(w.ask(w.lea, "/me/notices", nil), 200, "!Famille", "!Bureau")
	w.shows(w.ask(w.lea, "/me/notices/export", nil), 200, `"spheres_apart": true`, "Famille")
}

// What is told of circles is set like everything else.
func TestKindsOfCirclesAreSet(t *testing.T) {
	w := open(t)
	w.shows(w.ask(w.lea, "/me/notices/settings", nil), 200, `name="mail_circle"`, `name="mail_talk"`, `name="mail_circle_desk"`, ">Cercles</h2>")
	w.shows(w.ask(w.lea, "/me/notices/settings", form("zone", "Europe/Paris", "kinds", "circle", "mail_circle", "never")), 303)
	all, err := notices.Settings(t.Context(), w.DB, w.lea)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Kind == notices.Circle && (s.Mail != notices.Never || s.Push || s.Listed) {
			t.Errorf("%+v", s)
		}
	}
}
