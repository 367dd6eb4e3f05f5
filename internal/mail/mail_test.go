package mail_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/mail/mailtest"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
)

func now() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

type person struct{ Name, Path, Email string }

var zoe = person{Name: "Zoé <b>", Path: "/confirm/SECRET", Email: "zoe@example.org"}

func queue(t *testing.T, o *mail.Outbox, db *sqlx.DB, l mail.Letter) error {
	t.Helper()
	return postgres.InTx(t.Context(), db, func(tx *sqlx.Tx) error { return o.Queue(t.Context(), tx, l) })
}

func TestQueueKeepsTheLetterInBothForms(t *testing.T) {
	db := pgtest.DB(t)
	o := mailtest.Outbox(t, db, now)
	l := mail.Letter{To: "zoe@example.org", Lang: i18n.FR, Template: "confirm", Reference: "link:1", Data: zoe}
	if err := queue(t, o, db, l); err != nil {
		t.Fatal(err)
	}
	e := mailtest.Newest(t, db, "zoe@example.org", "confirm")
	if e.Subject != "Confirmez votre adresse" || e.Lang != i18n.FR || e.SentAt != nil || !e.CreatedAt.Equal(now()) {
		t.Errorf("letter %+v", e)
	}
	for _, want := range []string{
		"Bienvenue, Zoé <b>\n\n",
		"Confirmer mon adresse :\nhttps://relais.test/confirm/SECRET\n",
		"\n-- \nVous recevez cette lettre parce qu’un compte",
	} {
		if !strings.Contains(e.Text, want) {
			t.Errorf("text lacks %q:\n%s", want, e.Text)
		}
	}
	for _, want := range []string{
		`<html lang="fr">`, `Zoé &lt;b&gt;`, `href="https://relais.test/confirm/SECRET"`, `class="button" `, `style="display:inline-block`,
	} {
		if !strings.Contains(e.HTML, want) {
			t.Errorf("HTML lacks %q:\n%s", want, e.HTML)
		}
	}
	if path := mailtest.Path(t, e, "/confirm/"); path != "/confirm/SECRET" {
		t.Errorf("path %q", path)
	}
}

func TestReferenceIsQueuedOnce(t *testing.T) {
	db := pgtest.DB(t)
	o := mailtest.Outbox(t, db, now)
	l := mail.Letter{To: "zoe@example.org", Lang: i18n.EN, Template: "reset", Reference: "link:1", Data: zoe}
	for range 3 {
		if err := queue(t, o, db, l); err != nil {
			t.Fatal(err)
		}
	}
	list, err := mail.List(t.Context(), db, "", 10)
	if err != nil || len(list) != 1 {
		t.Errorf("%d letters, %v", len(list), err)
	}
}

func TestLetterGoesWithItsTransaction(t *testing.T) {
	db := pgtest.DB(t)
	o := mailtest.Outbox(t, db, now)
	stop := errors.New("stop")
	err := postgres.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		l := mail.Letter{To: "zoe@example.org", Lang: i18n.EN, Template: "reset", Reference: "link:1", Data: zoe}
		return errors.Join(o.Queue(t.Context(), tx, l), stop)
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if list, err := mail.List(t.Context(), db, "", 10); err != nil || len(list) != 0 {
		t.Errorf("%d letters, %v", len(list), err)
	}
}

func TestQueueRefusesDefects(t *testing.T) {
	o := mailtest.Outbox(t, nil, now)
	tx := pgtest.Tx(t)
	good := mail.Letter{To: "zoe@example.org", Lang: i18n.EN, Template: "confirm", Reference: "link:1", Data: zoe}
	for name, change := range map[string]func(*mail.Letter){
		"no reference":      func(l *mail.Letter) { l.Reference = "" },
		"no recipient":      func(l *mail.Letter) { l.To = "" },
		"unknown template":  func(l *mail.Letter) { l.Template = "nothing" },
		"unknown language":  func(l *mail.Letter) { l.Lang = "de" },
		"field missing":     func(l *mail.Letter) { l.Data = struct{ Name string }{"Zoé"} },
		"link to elsewhere": func(l *mail.Letter) { l.Data = person{Name: "Zoé", Path: "//evil.example"} },
	} {
		l := good
		change(&l)
		if err := o.Queue(t.Context(), tx, l); err == nil {
			t.Errorf("%s: queued", name)
		}
	}
}

// TestEveryLetterOfAMember renders the letters of internal/members; each other owner tests their own the same way.
func TestEveryLetterOfAMember(t *testing.T) {
	db := pgtest.DB(t)
	o := mailtest.Outbox(t, db, now)
	href := regexp.MustCompile(`href="([^"]*)"`)
	for _, name := range []string{"confirm", "account_exists", "reset", "password_changed", "email_warning", "email_confirm", "email_changed"} {
		for _, lang := range i18n.Langs() {
			l := mail.Letter{To: "zoe@example.org", Lang: lang, Template: name, Reference: name + string(lang), Data: zoe}
			if err := queue(t, o, db, l); err != nil {
				t.Errorf("%s in %s: %v", name, lang, err)
				continue
			}
			e := mailtest.Newest(t, db, "zoe@example.org", name)
			for _, m := range href.FindAllStringSubmatch(e.HTML, -1) {
				if !strings.HasPrefix(m[1], mailtest.BaseURL+"/") {
					t.Errorf("%s in %s links to %q", name, lang, m[1])
				}
			}
			if strings.Contains(e.HTML, "<p>") {
				t.Errorf("%s in %s has a paragraph without style", name, lang)
			}
		}
	}
}

func TestByIDOfNoLetter(t *testing.T) {
	if _, err := mail.ByID(t.Context(), pgtest.Tx(t), 1); !errors.Is(err, fault.NotFound) {
		t.Errorf("error %v", err)
	}
}

func TestNewRefusesWrongOptions(t *testing.T) {
	for name, o := range map[string]mail.Options{
		"no base URL":   {From: "a@example.org"},
		"relative":      {BaseURL: "/shop", From: "a@example.org"},
		"with a path":   {BaseURL: "https://example.org/shop", From: "a@example.org"},
		"no sender":     {BaseURL: "https://example.org"},
		"broken sender": {BaseURL: "https://example.org", From: "Relais"},
	} {
		if _, err := mail.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
