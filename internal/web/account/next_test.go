package account_test

import (
	"strings"
	"testing"

	"relais/internal/mail/mailtest"
)

// Who signs up on the way to a page of ours, such as an invitation, comes back to it by the letter, whatever browser opens that.
func TestSignUpLeadsOn(t *testing.T) {
	s := newSite(t)
	const next = "/g/i/c2VjcmV0"
	b := s.browser("fr")
	b.get("/login?next="+next).shows(t, 200, `href="/signup?next=`)
	b.get("/signup?next="+next).shows(t, 200, `name="next" value="`+next+`"`, `href="/login?next=`)
	b.post("/signup", "name", "Zoé Martin", "email", "zoe@", "password", "court", "next", next).shows(t, 422, `name="next" value="`+next+`"`)
	sign := func() {
		b.post("/signup", "name", "Zoé Martin", "email", zoeMail, "password", zoePass, "lang", "fr", "next", next).leads(t, "/signup/sent")
	}
	sign()
	b.post("/login", "email", zoeMail, "password", zoePass, "next", next).shows(t, 422) // not confirmed yet: the letter comes again
	path := mailtest.Path(t, mailtest.Newest(t, s.db, zoeMail, "confirm"), "/confirm/")
	if !strings.HasSuffix(path, "?next=%2Fg%2Fi%2Fc2VjcmV0") {
		t.Fatalf("the letter leads to %s", path)
	}
	phone := s.browser("fr")
	phone.get(path).shows(t, 200, `name="next" value="`+next+`"`)
	phone.post(path, "next", next).leads(t, next)
	sign() // now that there is an account
	if e := mailtest.Newest(t, s.db, zoeMail, "account_exists"); !strings.Contains(e.Text, "/login?next=%2Fg%2Fi%2Fc2VjcmV0") {
		t.Errorf("the letter forgets the way:\n%s", e.Text)
	}
	for _, elsewhere := range []string{"//evil.example", "https://evil.example/", "/" + strings.Repeat("a", 400)} {
		if a := s.browser("fr").get("/signup?next=" + elsewhere); strings.Contains(a.body, `name="next"`+` value="`+elsewhere) {
			t.Errorf("signing up leads to %s", elsewhere)
		}
	}
}
