package members_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/mail/mailtest"
	"relais/internal/members"
	"relais/internal/postgres/pgtest"
	"relais/internal/token"
)

const (
	zoeMail  = "zoe@example.org"
	zoePass  = "trois vélos bleus"
	newPass  = "quatre vélos rouges"
	localIP  = "192.0.2.1"
	firefox  = "Firefox"
	otherIP  = "198.51.100.7"
	testKey  = "a secret of the tests that is long enough"
	waitless = 2 * time.Hour // longer than every window of the limits
)

// world is a service on its own database, with a clock that moves by hand.
type world struct {
	*members.Service
	t    *testing.T
	db   *sqlx.DB
	keys *token.Keys
	mu   sync.Mutex
	at   time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	keys, err := token.NewKeys(testKey)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: pgtest.DB(t), keys: keys, at: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	w.Service = w.instance()
	return w
}

// instance is one more instance of the service on the same database.
func (w *world) instance() *members.Service {
	return members.New(members.Options{DB: w.db, Mail: mailtest.Outbox(w.t, w.db, w.now), Keys: w.keys, Now: w.now})
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) create(email string) members.Member {
	w.t.Helper()
	m, err := w.Create(w.t.Context(), members.NewMember{
		Email: email, Name: "Zoé", Lang: i18n.FR, Password: zoePass, Confirmed: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) logIn(email, password string) members.Session {
	w.t.Helper()
	s, err := w.LogIn(w.t.Context(), members.Attempt{Email: email, Password: password, IP: localIP, UserAgent: firefox})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) letters(to string) []string {
	w.t.Helper()
	list, err := mail.List(w.t.Context(), w.db, to, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	names := []string{}
	for _, e := range slices.Backward(list) {
		names = append(names, e.Template)
	}
	return names
}

// secret returns what follows prefix in the newest letter of that template.
func (w *world) secret(to, template, prefix string) string {
	w.t.Helper()
	return strings.TrimPrefix(mailtest.Path(w.t, mailtest.Newest(w.t, w.db, to, template), prefix), prefix)
}

func wantKey(t *testing.T, what string, err error, kind fault.Kind, key string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || f.Message != key {
		t.Errorf("%s: %v, want %s %s", what, err, kind, key)
	}
}

func signUp(email string) members.SignUp {
	return members.SignUp{Name: " Zoé  Martin ", Email: email, Password: zoePass, Lang: i18n.EN, IP: localIP}
}
