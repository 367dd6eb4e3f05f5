package groups_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/mail/mailtest"
	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/postgres/pgtest"
	"relais/internal/token"
)

// world is the use cases on a database of their own, with people by their first names.
type world struct {
	*groups.Service
	t       *testing.T
	db      *sqlx.DB
	members *members.Service
	mail    *mail.Outbox
	notices *notices.Service
	at      time.Time
	ids     map[string]int64
	hash    string
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: pgtest.DB(t), at: start, ids: map[string]int64{}}
	now := func() time.Time { return w.at }
	keys, err := token.NewKeys("a secret of the tests that is long enough")
	w.must(err)
	w.mail, err = mail.New(mail.Options{DB: w.db, BaseURL: mailtest.BaseURL, From: "Relais <bonjour@relais.test>", Now: now,
		Unsubscribe: func(memberID int64, kind string) (string, error) {
			return notices.UnsubscribePath(keys, memberID, kind, w.at)
		}})
	w.must(err)
	w.notices, err = notices.New(notices.Options{DB: w.db, Mail: w.mail, Keys: keys, Now: now, Clock: now})
	w.must(err)
	w.members = members.New(members.Options{DB: w.db, Mail: w.mail, Keys: keys, Now: now})
	w.Service = groups.New(groups.Options{DB: w.db, Now: now, Mail: w.mail, Keys: keys, Members: w.members})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// refused fails where err is not the fault.
func (w *world) refused(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("%v, want %v", err, want)
	}
}

// id is somebody, who is made the first time.
func (w *world) id(name string) int64 {
	w.t.Helper()
	if id, ok := w.ids[name]; ok {
		return id
	}
	if w.hash == "" {
		var err error
		w.hash, err = w.members.HashPassword(w.t.Context(), "trois vélos bleus")
		w.must(err)
	}
	m, err := w.members.Create(w.t.Context(), members.NewMember{Email: name + "@example.org", Name: name, Handle: "m-" + name, Lang: i18n.FR, Confirmed: true, PasswordHash: w.hash})
	w.must(err)
	w.ids[name] = m.ID
	return m.ID
}

func draft(v groups.Visibility, a groups.Admission) groups.Draft {
	return groups.Draft{Name: "Les voisins du 12", Rules: "Être aimable.", Sphere: groups.Personal, Visibility: v, Admission: a}
}

// circle is one of Olga's, with the people in it.
func (w *world) circle(v groups.Visibility, a groups.Admission, people ...string) groups.Group {
	w.t.Helper()
	g, err := w.Create(w.t.Context(), w.id("olga"), draft(v, a))
	w.must(err)
	for _, name := range people {
		w.join(g, name)
	}
	return g
}

func yes(g groups.Group) groups.Accepted {
	return groups.Accepted{Yes: true, Mark: groups.RulesMark(g)}
}

// join brings somebody in by a link of Olga's.
func (w *world) join(g groups.Group, name string) {
	w.t.Helper()
	j, err := w.Accept(w.t.Context(), w.link(g, "olga"), w.id(name), yes(g), "")
	w.must(err)
	if j.How != groups.Inside {
		w.t.Fatalf("%s is %s", name, j.How)
	}
	w.at = w.at.Add(time.Minute)
}

func (w *world) link(g groups.Group, by string) string {
	w.t.Helper()
	secret, err := w.Link(w.t.Context(), g.ID, w.id(by), 7, 1)
	w.must(err)
	return secret
}

func (w *world) role(g groups.Group, name string, want groups.Role) {
	w.t.Helper()
	if r, err := groups.RoleOf(w.t.Context(), w.db, g.ID, w.id(name)); r != want || err != nil {
		w.t.Errorf("%s is %q, want %q (%v)", name, r, want, err)
	}
}

func (w *world) count(want int, query string, args ...any) {
	w.t.Helper()
	var n int
	w.must(w.db.Get(&n, query, args...))
	if n != want {
		w.t.Errorf("%s: %d, want %d", query, n, want)
	}
}
