package members_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/postgres/pgtest"
	"relais/internal/token"
)

func wantIn(t *testing.T, s *members.Service, cookie string) members.Identity {
	t.Helper()
	id, err := s.Authenticate(t.Context(), cookie, true)
	if err != nil {
		t.Errorf("not let in: %v", err)
	}
	return id
}

func wantOut(t *testing.T, s *members.Service, cookie, why string) {
	t.Helper()
	_, err := s.Authenticate(t.Context(), cookie, true)
	if !errors.Is(err, fault.Unauthenticated) {
		t.Errorf("%s: %v, want out", why, err)
	}
}

// TestForgedCookiesDoNotReachTheDatabase closes the pool first: only a read would notice.
func TestForgedCookiesDoNotReachTheDatabase(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	good := w.logIn(zoeMail, zoePass).Cookie
	foreign, err := token.NewKeys(strings.Repeat("another secret ", 4))
	if err != nil {
		t.Fatal(err)
	}
	type claims struct {
		token.Registered
		SessionID string `json:"sid,omitempty"`
		Version   int    `json:"sv,omitempty"`
	}
	sign := func(k *token.Keys, p token.Purpose, at time.Time, sid string, version int) string {
		raw, err := k.Sign(claims{k.Issue(p, "1", at, time.Minute), sid, version})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	forged := map[string]string{
		"empty":              "",
		"junk":               "x.y.z",
		"newline":            good + "\n",
		"a megabyte of dots": strings.Repeat(".", 1<<20),
		"foreign secret":     sign(foreign, token.Web, w.now(), "id", 1),
		"device cookie":      sign(w.keys, token.Device, w.now(), "id", 1),
		"no session":         sign(w.keys, token.Web, w.now(), "", 1),
		"no version":         sign(w.keys, token.Web, w.now(), "id", 0),
		"from tomorrow":      sign(w.keys, token.Web, w.now().Add(24*time.Hour), "id", 1),
		"older than idle":    sign(w.keys, token.Web, w.now().Add(-members.IdleLife-time.Hour), "id", 1),
	}
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, cookie := range forged {
		wantOut(t, w.Service, cookie, name)
	}
	if _, err := w.Authenticate(t.Context(), good, true); err == nil || errors.Is(err, fault.Unauthenticated) {
		t.Errorf("a good cookie should have met the closed database: %v", err)
	}
}

func TestTheCookieIsRenewedAndTheSessionEnds(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	cookie := w.logIn(zoeMail, zoePass).Cookie
	if id := wantIn(t, w.Service, cookie); id.Cookie != "" {
		t.Error("renewed at once")
	}
	w.pass(8 * time.Minute)
	id := wantIn(t, w.Service, cookie)
	if id.Cookie == "" || id.Cookie == cookie {
		t.Error("not renewed past half of its life")
	}
	w.pass(13 * 24 * time.Hour)
	if id = wantIn(t, w.Service, id.Cookie); id.Cookie == "" {
		t.Error("an expired cookie of a living session is not renewed")
	}
	start := id.Cookie
	for range 5 { // visits keep it alive, up to sixty days
		w.pass(9 * 24 * time.Hour)
		id = wantIn(t, w.Service, id.Cookie)
	}
	w.pass(3 * 24 * time.Hour)
	wantOut(t, w.Service, id.Cookie, "sixty days old")
	wantOut(t, w.Service, start, "an earlier cookie of it")

	cookie = w.logIn(zoeMail, zoePass).Cookie
	w.pass(members.IdleLife)
	wantOut(t, w.Service, cookie, "idle for fourteen days")
}

func TestAdminsHaveShorterSessions(t *testing.T) {
	w := newWorld(t)
	m := w.create(zoeMail)
	old := w.logIn(zoeMail, zoePass).Cookie
	if err := w.Promote(t.Context(), 0, m.ID, true); err != nil {
		t.Fatal(err)
	}
	wantOut(t, w.Service, old, "a session from before the promotion")
	cookie := w.logIn(zoeMail, zoePass).Cookie
	w.pass(11 * time.Hour)
	id := wantIn(t, w.Service, cookie)
	if !id.Member.Admin {
		t.Error("not an admin")
	}
	w.pass(12 * time.Hour)
	wantOut(t, w.Service, id.Cookie, "idle for twelve hours")
}

func TestLoggingOut(t *testing.T) {
	w := newWorld(t)
	m := w.create(zoeMail)
	phone, laptop := w.logIn(zoeMail, zoePass), w.logIn(zoeMail, zoePass)
	if list, err := w.Sessions(t.Context(), m.ID); err != nil || len(list) != 2 || list[0].UserAgent != firefox {
		t.Errorf("sessions %+v, %v", list, err)
	}
	if err := w.LogOut(t.Context(), phone.Cookie); err != nil {
		t.Fatal(err)
	}
	wantOut(t, w.Service, phone.Cookie, "logged out")
	wantIn(t, w.Service, laptop.Cookie)
	if err := w.LogOut(t.Context(), "junk"); err != nil {
		t.Errorf("logging out of nothing: %v", err)
	}
	if err := w.LogOutEverywhere(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	wantOut(t, w.Service, laptop.Cookie, "logged out everywhere")
	if list, err := w.Sessions(t.Context(), m.ID); err != nil || len(list) != 0 {
		t.Errorf("sessions %+v, %v", list, err)
	}
	wantIn(t, w.Service, w.logIn(zoeMail, zoePass).Cookie)
}

func TestASessionIsItsMembersToEnd(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	enemy := w.create("enemy@example.org")
	s := w.logIn(zoeMail, zoePass)
	wantKey(t, "another's session", w.EndSession(t.Context(), enemy.ID, s.ID), fault.NotFound, "fault.not_found")
	wantIn(t, w.Service, s.Cookie)
}

func TestOtherInstancesNoticeInFiveSeconds(t *testing.T) {
	w := newWorld(t)
	m := w.create(zoeMail)
	cookie := w.logIn(zoeMail, zoePass).Cookie
	other := w.instance()
	if _, err := other.Authenticate(t.Context(), cookie, false); err != nil {
		t.Fatal(err)
	}
	if err := w.LogOutEverywhere(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(t.Context(), cookie, false); !errors.Is(err, fault.Unauthenticated) {
		t.Errorf("here: %v", err)
	}
	w.pass(4 * time.Second)
	if _, err := other.Authenticate(t.Context(), cookie, false); err != nil {
		t.Errorf("the cache is not used: %v", err)
	}
	wantOut(t, other, cookie, "a request that changes something")
	w.pass(time.Second)
	if _, err := other.Authenticate(t.Context(), cookie, false); !errors.Is(err, fault.Unauthenticated) {
		t.Errorf("there, five seconds later: %v", err)
	}
}

func TestBlockedMembersAreOutAtOnce(t *testing.T) {
	w := newWorld(t)
	m, admin := w.create(zoeMail), w.create("admin@example.org")
	s := w.logIn(zoeMail, zoePass)
	if err := w.Block(t.Context(), admin.ID, m.ID, true); err != nil {
		t.Fatal(err)
	}
	wantOut(t, w.Service, s.Cookie, "blocked")
	_, err := w.LogIn(t.Context(), members.Attempt{Email: zoeMail, Password: zoePass, IP: localIP})
	wantKey(t, "log in", err, fault.Forbidden, "fault.account_blocked")
	if err := w.AskReset(t.Context(), zoeMail, localIP); err != nil || len(w.letters(zoeMail)) != 0 {
		t.Errorf("a blocked member resets: %v, %v", err, w.letters(zoeMail))
	}
	for range 2 { // the second does nothing
		if err := w.Block(t.Context(), admin.ID, m.ID, false); err != nil {
			t.Fatal(err)
		}
	}
	w.logIn(zoeMail, zoePass)
	wantKey(t, "oneself", w.Block(t.Context(), admin.ID, admin.ID, true), fault.Forbidden, "fault.not_yourself")
	wantKey(t, "oneself", w.Promote(t.Context(), m.ID, m.ID, true), fault.Forbidden, "fault.not_yourself")
	var log []string
	err = pgtest.Owner(t, w.db).Select(&log, `select action from audit_log order by id`)
	if err != nil || len(log) != 2 {
		t.Errorf("log %v, %v", log, err)
	}
}

func TestChangingThePasswordAsksForItFirst(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	here, elsewhere := w.logIn(zoeMail, zoePass), w.logIn(zoeMail, zoePass)
	w.pass(11 * time.Minute)
	id := wantIn(t, w.Service, here.Cookie)
	_, err := w.ChangePassword(t.Context(), id, newPass, firefox)
	wantKey(t, "eleven minutes after log-in", err, fault.Forbidden, "fault.prove_first")
	wantKey(t, "wrong password", w.Prove(t.Context(), id, "wrong password", localIP), fault.Invalid, "fault.password_wrong")
	if err := w.Prove(t.Context(), id, zoePass, localIP); err != nil {
		t.Fatal(err)
	}
	id = wantIn(t, w.Service, here.Cookie)
	_, err = w.ChangePassword(t.Context(), id, "zoezoezoe", firefox)
	wantKey(t, "bad password", err, fault.Invalid, "fault.password_common")
	s, err := w.ChangePassword(t.Context(), id, newPass, firefox)
	if err != nil {
		t.Fatal(err)
	}
	wantOut(t, w.Service, here.Cookie, "the cookie from before")
	wantOut(t, w.Service, elsewhere.Cookie, "another browser")
	wantIn(t, w.Service, s.Cookie)
	w.logIn(zoeMail, newPass)
	if got := w.letters(zoeMail); len(got) != 1 || got[0] != "password_changed" {
		t.Errorf("letters %v", got)
	}
}

func TestProvingIsLimitedToo(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	id := wantIn(t, w.Service, w.logIn(zoeMail, zoePass).Cookie)
	for range 5 {
		wantKey(t, "guess", w.Prove(t.Context(), id, "wrong password", localIP), fault.Invalid, "fault.password_wrong")
	}
	wantKey(t, "sixth", w.Prove(t.Context(), id, zoePass, localIP), fault.TooMany, "fault.too_soon")
}

func TestResetPassword(t *testing.T) {
	w := newWorld(t)
	if err := w.SignUp(t.Context(), signUp(zoeMail)); err != nil { // never confirmed: the letter proves the address
		t.Fatal(err)
	}
	if err := w.AskReset(t.Context(), zoeMail, localIP); err != nil {
		t.Fatal(err)
	}
	secret := w.secret(zoeMail, "reset", "/reset/")
	_, err := w.Reset(t.Context(), secret, "password", firefox)
	wantKey(t, "bad password", err, fault.Invalid, "fault.password_common")
	s, err := w.Reset(t.Context(), secret, newPass, firefox)
	if err != nil {
		t.Fatal(err)
	}
	if id := wantIn(t, w.Service, s.Cookie); id.Member.EmailConfirmedAt == nil {
		t.Error("the address is not confirmed")
	}
	_, err = w.Reset(t.Context(), secret, newPass, firefox)
	wantKey(t, "again", err, fault.NotFound, "fault.link_over")
	w.logIn(zoeMail, newPass)

	if err := w.AskReset(t.Context(), zoeMail, localIP); err != nil {
		t.Fatal(err)
	}
	secret = w.secret(zoeMail, "reset", "/reset/")
	w.pass(31 * time.Minute)
	_, err = w.Reset(t.Context(), secret, newPass, firefox)
	wantKey(t, "late", err, fault.NotFound, "fault.link_over")
}

func TestChangeEmail(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	w.create("taken@example.org")
	cookie := w.logIn(zoeMail, zoePass).Cookie
	id := wantIn(t, w.Service, cookie)
	ctx := t.Context()
	wantKey(t, "same", w.ChangeEmail(ctx, id, zoeMail, localIP), fault.Invalid, "fault.email_same")
	if err := w.ChangeEmail(ctx, id, "taken@example.org", localIP); err != nil {
		t.Errorf("a taken address answers differently: %v", err)
	}
	if got := w.letters("taken@example.org"); len(got) != 1 || got[0] != "account_exists" {
		t.Errorf("letters to the taken address: %v", got)
	}
	if err := w.ChangeEmail(ctx, id, "Zoe@New.example", localIP); err != nil {
		t.Fatal(err)
	}
	wantIn(t, w.Service, cookie)
	w.logIn(zoeMail, zoePass) // nothing changes before the link
	s, err := w.ConfirmEmail(ctx, w.secret("zoe@new.example", "email_confirm", "/confirm-email/"), firefox)
	if err != nil || s.Member.Email != "zoe@new.example" || s.Member.EmailNormal != "zoe@new.example" {
		t.Fatalf("%+v, %v", s.Member, err)
	}
	wantOut(t, w.Service, cookie, "the session from before")
	w.logIn("zoe@new.example", zoePass)
	if got := strings.Join(w.letters(zoeMail), " "); got != "email_warning email_warning email_changed" {
		t.Errorf("letters to the old address: %s", got)
	}
	w.pass(11 * time.Minute)
	id = wantIn(t, w.Service, s.Cookie)
	wantKey(t, "later", w.ChangeEmail(ctx, id, "x@example.org", localIP), fault.Forbidden, "fault.prove_first")
}

func TestAnAddressTakenMeanwhileIsAConflict(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	id := wantIn(t, w.Service, w.logIn(zoeMail, zoePass).Cookie)
	if err := w.ChangeEmail(t.Context(), id, "new@example.org", localIP); err != nil {
		t.Fatal(err)
	}
	w.create("new@example.org")
	_, err := w.ConfirmEmail(t.Context(), w.secret("new@example.org", "email_confirm", "/confirm-email/"), firefox)
	wantKey(t, "confirm", err, fault.Conflict, "fault.email_taken")
}
