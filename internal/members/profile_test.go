package members_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/members"
)

func TestSetProfile(t *testing.T) {
	w := newWorld(t)
	m, other := w.create(zoeMail), w.create("other@example.org")
	good := members.Profile{Name: "Zoé", Handle: "@Chez-Zoe ", Bio: " Savons\r\net vélos. ", City: "  Le  Mans", Lang: i18n.EN}
	got, err := w.SetProfile(t.Context(), m.ID, good)
	if err != nil {
		t.Fatal(err)
	}
	if got.Handle != "chez-zoe" || got.Bio != "Savons\net vélos." || got.City != "Le Mans" || got.Lang != i18n.EN {
		t.Errorf("profile %+v", got)
	}
	found, err := members.ByHandle(t.Context(), w.db, "chez-zoe")
	if err != nil || found.ID != m.ID {
		t.Errorf("by handle: %+v, %v", found, err)
	}
	_, err = w.SetProfile(t.Context(), other.ID, good)
	wantKey(t, "taken handle", err, fault.Conflict, "fault.handle_taken")
	for name, tc := range map[string]struct {
		change func(*members.Profile)
		field  string
	}{
		"name":   {func(p *members.Profile) { p.Name = "" }, "name"},
		"handle": {func(p *members.Profile) { p.Handle = "admin" }, "handle"},
		"bio":    {func(p *members.Profile) { p.Bio = strings.Repeat("é", 601) }, "bio"},
		"city":   {func(p *members.Profile) { p.City = strings.Repeat("é", 81) }, "city"},
		"lang":   {func(p *members.Profile) { p.Lang = "de" }, "lang"},
	} {
		p := good
		tc.change(&p)
		_, err := w.SetProfile(t.Context(), m.ID, p)
		var f *fault.Error
		if !errors.As(err, &f) || f.Fields[tc.field] == "" || len(f.Fields) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.SetLang(t.Context(), m.ID, i18n.FR); err != nil {
		t.Fatal(err)
	}
	if byID, err := members.ByIDs(t.Context(), w.db, []int64{m.ID, other.ID, -1}); err != nil || len(byID) != 2 || byID[m.ID].Lang != i18n.FR {
		t.Errorf("by ids: %+v, %v", byID, err)
	}
}

func TestCreate(t *testing.T) {
	w := newWorld(t)
	hash, err := w.HashPassword(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	joined := w.now().Add(-90 * 24 * time.Hour)
	for _, email := range []string{"a@example.org", "b@example.org"} {
		m, err := w.Create(t.Context(), members.NewMember{Email: email, Name: "Demo", Lang: i18n.FR, Confirmed: true,
			PasswordHash: hash, CreatedAt: joined})
		if err != nil || !m.CreatedAt.Equal(joined) {
			t.Fatalf("%+v, %v", m, err)
		}
		w.logIn(email, "demo")
	}
	_, err = w.Create(t.Context(), members.NewMember{Email: "a@example.org", Name: "Demo", Lang: i18n.FR, PasswordHash: hash})
	wantKey(t, "address twice", err, fault.Conflict, "fault.email_or_handle_taken")
	_, err = w.Create(t.Context(), members.NewMember{Email: "c@example.org", Name: "Demo", Handle: "demo", Lang: i18n.FR, PasswordHash: hash})
	wantKey(t, "handle twice", err, fault.Conflict, "fault.email_or_handle_taken")
	_, err = w.Create(t.Context(), members.NewMember{Email: "c@example.org", Name: "Demo", Lang: i18n.FR, Password: "password"})
	wantKey(t, "bad password", err, fault.Invalid, "fault.password_common")
	found, err := members.Search(t.Context(), w.db, "b@example.org", 10, 0)
	if err != nil || len(found) != 1 || found[0].Handle != "demo-2" {
		t.Errorf("search: %+v, %v", found, err)
	}
}

func TestOperatorsSetPasswords(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	cookie := w.logIn(zoeMail, zoePass).Cookie
	if err := w.SetPassword(t.Context(), zoeMail, newPass); err != nil {
		t.Fatal(err)
	}
	wantOut(t, w.Service, cookie, "a session from before")
	w.logIn(zoeMail, newPass)
	path, err := w.ResetLink(t.Context(), zoeMail)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Reset(t.Context(), strings.TrimPrefix(path, "/reset/"), zoePass, firefox); err != nil {
		t.Error(err)
	}
	_, err = w.ResetLink(t.Context(), "nobody@example.org")
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("nobody: %v", err)
	}
}

func TestOldHashesAreRenewedAtLogIn(t *testing.T) {
	w := newWorld(t)
	weak, err := argon2id.CreateHash("un vieux mot", &argon2id.Params{Memory: 8 * 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.Create(t.Context(), members.NewMember{Email: zoeMail, Name: "Zoé", Lang: i18n.FR, Confirmed: true, PasswordHash: weak})
	if err != nil {
		t.Fatal(err)
	}
	w.logIn(zoeMail, "un vieux mot")
	var hash string
	if err := w.db.Get(&hash, `select password_hash from members where id = $1`, m.ID); err != nil || hash == weak {
		t.Errorf("hash %q, %v", hash, err)
	}
	w.logIn(zoeMail, "un vieux mot")
}
