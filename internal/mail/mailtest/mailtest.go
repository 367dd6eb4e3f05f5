// Package mailtest helps tests to write letters and to read them as their recipients do.
package mailtest

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/mail"
)

// BaseURL is the site that the letters of Outbox link to.
const BaseURL = "https://relais.test"

// Outbox returns an outbox without a mail server.
func Outbox(t testing.TB, db *sqlx.DB, now func() time.Time) *mail.Outbox {
	t.Helper()
	o, err := mail.New(mail.Options{DB: db, BaseURL: BaseURL, From: "Relais <bonjour@relais.test>", Now: now})
	if err != nil {
		t.Fatalf("mailtest: %v", err)
	}
	return o
}

// Newest returns the last letter of that template to that address, and fails the test when there is none.
func Newest(t testing.TB, db *sqlx.DB, to, template string) mail.Entry {
	t.Helper()
	list, err := mail.List(t.Context(), db, to, 50)
	if err != nil {
		t.Fatalf("mailtest: %v", err)
	}
	for _, e := range list {
		if e.Template != template {
			continue
		}
		e, err := mail.ByID(t.Context(), db, e.ID)
		if err != nil {
			t.Fatalf("mailtest: %v", err)
		}
		return e
	}
	t.Fatalf("mailtest: no letter %q to %s among %d", template, to, len(list))
	return mail.Entry{}
}

var address = regexp.MustCompile(`https?://[^\s)<>"]+`)

// Path returns the path of the first link of a letter that begins with prefix, and fails the test when there is none.
func Path(t testing.TB, e mail.Entry, prefix string) string {
	t.Helper()
	for _, link := range address.FindAllString(e.Text, -1) {
		u, err := url.Parse(link)
		if err == nil && strings.HasPrefix(u.Path, prefix) && u.Path != "/" {
			return u.RequestURI()
		}
	}
	t.Fatalf("mailtest: no link %s… in:\n%s", prefix, e.Text)
	return ""
}
