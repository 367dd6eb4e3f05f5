package notices_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/clock"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/mail/mailtest"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
	"relais/internal/token"
)

// pushKey is a private key of the tests.
const pushKey = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="

// start is a Wednesday noon in Paris.
var start = time.Date(2026, 11, 25, 11, 0, 0, 0, time.UTC)

// world is the service over a real database, with a clock that the test moves.
type world struct {
	*notices.Service
	t     *testing.T
	db    *sqlx.DB
	clock *clock.Clock
	jobs  *jobs.Runner
	keys  *token.Keys
	lea   int64
	n     int
}

func newWorld(t *testing.T, client *http.Client) *world {
	t.Helper()
	w := &world{t: t, db: pgtest.DB(t), clock: clock.At(start)}
	began := time.Now() // jobs are stamped by the database, by the real time
	real := func() time.Time { return began.Add(w.clock.Now().Sub(start)) }
	var err error
	if w.keys, err = token.NewKeys("a secret of the tests that is long enough"); err != nil {
		t.Fatal(err)
	}
	out, err := mail.New(mail.Options{DB: w.db, BaseURL: mailtest.BaseURL, From: "Relais <bonjour@relais.test>", Now: w.clock.Now,
		Unsubscribe: func(memberID int64, kind string) (string, error) {
			return notices.UnsubscribePath(w.keys, memberID, kind, real())
		}})
	if err != nil {
		t.Fatal(err)
	}
	w.Service, err = notices.New(notices.Options{DB: w.db, Mail: out, Keys: w.keys, Now: w.clock.Now, Clock: real, PushKey: pushKey,
		Contact: "bonjour@relais.test", Client: client, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w.jobs = jobs.New(w.db, slog.New(slog.DiscardHandler), jobs.Options{Now: func() time.Time { return real().Add(30 * time.Second) }})
	w.Register(w.jobs)
	w.lea = w.member("lea", i18n.FR)
	return w
}

func (w *world) member(handle string, l i18n.Lang) int64 {
	w.t.Helper()
	all := members.New(members.Options{DB: w.db, Mail: mailtest.Outbox(w.t, w.db, w.clock.Now), Keys: w.keys, Now: w.clock.Now})
	m, err := all.Create(w.t.Context(), members.NewMember{Handle: handle, Name: handle, Email: handle + "@example.org", Lang: l, Password: "a good long password", Confirmed: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return m.ID
}

// tells tells Léa of a sale, or of what the changes make of it.
func (w *world) tells(change func(*notices.Notice)) {
	w.t.Helper()
	w.n++
	n := notices.Notice{MemberID: w.lea, Kind: notices.Sale, Event: "made", Subject: "order:" + string(rune('a'+w.n)), Path: "/me/earnings/7", At: w.clock.Now(),
		Args: notices.Args{"Amount": money.New(1000, "EUR"), "Title": "Bol bleu", "Date": start.AddDate(0, 0, 20)}}
	if change != nil {
		change(&n)
	}
	w.told(n)
}

func (w *world) told(ns ...notices.Notice) {
	w.t.Helper()
	for _, n := range ns {
		if err := postgres.InTx(w.t.Context(), w.db, func(tx *sqlx.Tx) error { return notices.Tell(w.t.Context(), tx, n) }); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) drain() {
	w.t.Helper()
	if err := w.jobs.Drain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) list(f notices.Filter) []notices.Shown {
	w.t.Helper()
	list, _, err := notices.List(w.t.Context(), w.db, w.lea, f)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *world) unread() int {
	w.t.Helper()
	n, err := notices.Unread(w.t.Context(), w.db, w.lea, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// letters is how many letters of a template there are.
func (w *world) letters(template string) int {
	w.t.Helper()
	return w.count(`select count(*) from letters where template = $1`, template)
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.GetContext(w.t.Context(), &n, query, args...); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// sets changes one setting of Léa's.
func (w *world) sets(s notices.Setting) {
	w.t.Helper()
	zone, err := notices.Zone(w.t.Context(), w.db, w.lea)
	if err == nil {
		err = w.Save(w.t.Context(), w.lea, []notices.Setting{s}, zone)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
