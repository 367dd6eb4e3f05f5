package members_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/members"
)

func TestSignUpConfirmLogIn(t *testing.T) {
	w := newWorld(t)
	if err := w.SignUp(t.Context(), signUp(" Zoe@Example.org ")); err != nil {
		t.Fatal(err)
	}
	m, err := members.ByEmail(t.Context(), w.db, zoeMail)
	if err != nil {
		t.Fatal(err)
	}
	want := members.Member{ID: m.ID, Email: zoeMail, EmailNormal: zoeMail, Name: "Zoé Martin", Handle: "zoe-martin",
		Lang: i18n.EN, SessionVersion: 1, CreatedAt: w.now()}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("member (-want +got):\n%s", diff)
	}
	_, err = w.LogIn(t.Context(), members.Attempt{Email: zoeMail, Password: zoePass, IP: localIP})
	wantKey(t, "log in before confirming", err, fault.Forbidden, "fault.account_unconfirmed")
	if diff := cmp.Diff([]string{"confirm", "confirm"}, w.letters(zoeMail)); diff != "" {
		t.Errorf("the link is sent again:\n%s", diff)
	}

	secret := w.secret(zoeMail, "confirm", "/confirm/")
	if err := w.LinkGood(t.Context(), "confirm", secret); err != nil {
		t.Errorf("looking at a link: %v", err)
	}
	s, err := w.Confirm(t.Context(), secret, firefox)
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.Authenticate(t.Context(), s.Cookie, true)
	if err != nil || id.Member.Email != zoeMail || id.Cookie != "" {
		t.Errorf("identity %+v, %v", id, err)
	}
	_, err = w.Confirm(t.Context(), secret, firefox)
	wantKey(t, "confirm again", err, fault.NotFound, "fault.link_over")
	wantKey(t, "look again", w.LinkGood(t.Context(), "confirm", secret), fault.NotFound, "fault.link_over")
	w.logIn("ZOE@example.org", zoePass)
}

func TestSignUpTellsEveryFieldAtOnce(t *testing.T) {
	w := newWorld(t)
	err := w.SignUp(t.Context(), members.SignUp{Name: " ", Email: "x", Password: "short", Lang: i18n.FR, IP: localIP})
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	want := map[string]string{
		"name": "fault.name_missing", "email": "fault.email_invalid", "password": "fault.password_short"}
	if diff := cmp.Diff(want, f.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// TestNobodyLearnsWhoHasAnAccount compares every answer about an address that has an account with one that has none.
func TestNobodyLearnsWhoHasAnAccount(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	ctx := t.Context()
	if known, unknown := w.SignUp(ctx, signUp(zoeMail)), w.SignUp(ctx, signUp("new@example.org")); known != nil || unknown != nil {
		t.Errorf("sign-up: %v for a known, %v for an unknown address", known, unknown)
	}
	if diff := cmp.Diff([]string{"account_exists"}, w.letters(zoeMail)); diff != "" {
		t.Errorf("the letter says it:\n%s", diff)
	}
	if known, unknown := w.AskReset(ctx, zoeMail, localIP), w.AskReset(ctx, "nobody@example.org", localIP); known != nil || unknown != nil {
		t.Errorf("reset: %v for a known, %v for an unknown address", known, unknown)
	}
	if letters := w.letters("nobody@example.org"); len(letters) != 0 {
		t.Errorf("strangers get letters: %v", letters)
	}
	for _, email := range []string{zoeMail, "nobody@example.org", "not an address", ""} {
		_, err := w.LogIn(ctx, members.Attempt{Email: email, Password: "wrong password", IP: localIP})
		wantKey(t, "log in as "+email, err, fault.Unauthenticated, "fault.login_wrong")
	}
	_, err := w.LogIn(ctx, members.Attempt{Email: zoeMail, Password: strings.Repeat("x", 10<<20), IP: localIP})
	wantKey(t, "10 MB password", err, fault.Unauthenticated, "fault.login_wrong")
}

func TestTheNewestSignUpWins(t *testing.T) {
	w := newWorld(t)
	if err := w.SignUp(t.Context(), signUp(zoeMail)); err != nil {
		t.Fatal(err)
	}
	first := w.secret(zoeMail, "confirm", "/confirm/")
	again := signUp(zoeMail)
	again.Name, again.Password = "Zoé the Second", newPass
	if err := w.SignUp(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	_, err := w.Confirm(t.Context(), first, firefox)
	wantKey(t, "first link", err, fault.NotFound, "fault.link_over")
	s, err := w.Confirm(t.Context(), w.secret(zoeMail, "confirm", "/confirm/"), firefox)
	if err != nil || s.Member.Name != "Zoé the Second" {
		t.Fatalf("%+v, %v", s.Member, err)
	}
	w.logIn(zoeMail, newPass)
}

func TestSameNamesGetOtherHandles(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for i := range 7 {
		m := w.create(string(rune('a'+i)) + "@example.org")
		if seen[m.Handle] {
			t.Errorf("handle %q twice", m.Handle)
		}
		seen[m.Handle] = true
	}
	if !seen["zoe"] || !seen["zoe-2"] {
		t.Errorf("handles %v", seen)
	}
}

func TestConfirmIsUsedOnceByMany(t *testing.T) {
	w := newWorld(t)
	if err := w.SignUp(t.Context(), signUp(zoeMail)); err != nil {
		t.Fatal(err)
	}
	secret := w.secret(zoeMail, "confirm", "/confirm/")
	errs := make([]error, 10)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.Confirm(t.Context(), secret, firefox) })
	}
	wg.Wait()
	good := 0
	for _, err := range errs {
		if err == nil {
			good++
		} else {
			wantKey(t, "late", err, fault.NotFound, "fault.link_over")
		}
	}
	if good != 1 {
		t.Errorf("the link worked %d times", good)
	}
}

func TestManySignUpsAtOnceMakeOneAccount(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	errs := make([]error, 3) // as many as the limit lets through
	for i := range errs {
		wg.Go(func() { errs[i] = w.SignUp(t.Context(), signUp(zoeMail)) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	var n int
	if err := w.db.Get(&n, `select count(*) from members`); err != nil || n != 1 {
		t.Errorf("%d accounts, %v", n, err)
	}
}

func TestLinksEnd(t *testing.T) {
	w := newWorld(t)
	if err := w.SignUp(t.Context(), signUp(zoeMail)); err != nil {
		t.Fatal(err)
	}
	secret := w.secret(zoeMail, "confirm", "/confirm/")
	wantKey(t, "other purpose", w.LinkGood(t.Context(), "reset", secret), fault.NotFound, "fault.link_over")
	wantKey(t, "no secret", w.LinkGood(t.Context(), "confirm", ""), fault.NotFound, "fault.link_over")
	w.pass(24*time.Hour + time.Second)
	_, err := w.Confirm(t.Context(), secret, firefox)
	wantKey(t, "after a day", err, fault.NotFound, "fault.link_over")
	var kept int
	if err := w.db.Get(&kept, `select count(*) from email_tokens where hash = $1`, secret); err != nil || kept != 0 {
		t.Errorf("the secret itself is stored %d times, %v", kept, err)
	}
}

func TestGuessingIsSlowedDownAndNeverLocked(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	known := w.logIn(zoeMail, zoePass)
	guess := members.Attempt{Email: zoeMail, Password: "wrong password", IP: localIP}
	right := members.Attempt{Email: zoeMail, Password: zoePass, IP: localIP}
	for range 5 {
		_, err := w.LogIn(t.Context(), guess)
		wantKey(t, "guess", err, fault.Unauthenticated, "fault.login_wrong")
	}
	_, err := w.LogIn(t.Context(), right)
	wantKey(t, "sixth try, even the right one", err, fault.TooMany, "fault.too_soon")
	var soon *members.TooSoon
	if !errors.As(err, &soon) || soon.Seconds() != 15 {
		t.Errorf("wait %+v, want 15 s", soon)
	}
	right.Device = known.Device
	if _, err := w.LogIn(t.Context(), right); err != nil {
		t.Errorf("a known browser waits for a stranger's guesses: %v", err)
	}
	right.Device, right.IP = "", otherIP
	if _, err := w.LogIn(t.Context(), right); err != nil {
		t.Errorf("another place waits too: %v", err)
	}
	w.pass(15 * time.Second)
	_, err = w.LogIn(t.Context(), guess)
	wantKey(t, "after the pause", err, fault.Unauthenticated, "fault.login_wrong")
	w.pass(15 * time.Second)
	_, err = w.LogIn(t.Context(), guess)
	if !errors.As(err, &soon) || soon.Seconds() != 15 {
		t.Errorf("the pause does not grow: %v", err)
	}
	w.pass(15 * time.Second)
	right.IP = localIP
	if _, err := w.LogIn(t.Context(), right); err != nil {
		t.Errorf("the right password after the pause: %v", err)
	}
	for range 5 { // success forgets
		_, err := w.LogIn(t.Context(), guess)
		wantKey(t, "guess", err, fault.Unauthenticated, "fault.login_wrong")
	}
}

func TestGuessesAtOnceAreAllCounted(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = w.LogIn(t.Context(), members.Attempt{Email: zoeMail, Password: "wrong password", IP: localIP})
		})
	}
	wg.Wait()
	tried := 0
	for _, err := range errs {
		if errors.Is(err, fault.Unauthenticated) {
			tried++
		} else if !errors.Is(err, fault.TooMany) {
			t.Error(err)
		}
	}
	if tried != 5 {
		t.Errorf("%d guesses went through, want 5", tried)
	}
}

func TestADeviceIsKnownToItsMemberOnly(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	w.create("enemy@example.org")
	device := w.logIn("enemy@example.org", zoePass).Device
	guess := members.Attempt{Email: zoeMail, Password: "wrong password", IP: localIP, Device: device}
	for range 5 {
		_, err := w.LogIn(t.Context(), guess)
		wantKey(t, "guess", err, fault.Unauthenticated, "fault.login_wrong")
	}
	guess.Device = ""
	_, err := w.LogIn(t.Context(), guess)
	wantKey(t, "sixth guess", err, fault.TooMany, "fault.too_soon")
}

func TestLettersAreLimited(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	for _, email := range []string{zoeMail, "nobody@example.org"} { // the same limit for both
		for range 3 {
			if err := w.AskReset(t.Context(), email, localIP); err != nil {
				t.Fatal(err)
			}
		}
		wantKey(t, email, w.AskReset(t.Context(), email, otherIP), fault.TooMany, "fault.too_soon")
	}
	w.pass(waitless)
	if err := w.AskReset(t.Context(), zoeMail, localIP); err != nil {
		t.Errorf("later: %v", err)
	}
	if n := len(w.letters(zoeMail)); n != 4 {
		t.Errorf("%d letters, want 4", n)
	}
}

func TestSweepForgetsWhatIsOver(t *testing.T) {
	w := newWorld(t)
	w.create(zoeMail)
	w.logIn(zoeMail, zoePass)
	if err := w.AskReset(t.Context(), zoeMail, localIP); err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		t.Helper()
		err := w.db.Get(&n, `select (select count(*) from throttles) + (select count(*) from email_tokens) + (select count(*) from sessions)`)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	if err := w.Sweep(t.Context(), jobs.Work{}); err != nil || count() != before {
		t.Errorf("%d rows of %d left at once, %v", count(), before, err)
	}
	w.pass(100 * 24 * time.Hour)
	if err := w.Sweep(t.Context(), jobs.Work{}); err != nil || count() != 0 {
		t.Errorf("%d rows left, %v", count(), err)
	}
}
