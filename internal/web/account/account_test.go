package account_test

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"relais/internal/i18n"
	"relais/internal/mail/mailtest"
	"relais/internal/members"
)

func TestJoiningInFrench(t *testing.T) {
	s := newSite(t)
	b := s.browser("fr")
	b.get("/signup").shows(t, 200, "Créer un compte", `name="password"`)
	b.post("/signup", "name", "Zoé Martin", "email", "zoe@", "password", "court", "lang", "fr").shows(t, 422,
		`value="Zoé Martin"`, `value="zoe@"`, `id="f-email-error"`, "8 caractères au moins.")
	b.post("/signup", "name", "Zoé Martin", "email", zoeMail, "password", zoePass, "lang", "fr").leads(t, "/signup/sent")
	b.get("/signup/sent").shows(t, 200, "Regardez vos e-mails", "/dev/mail")

	path := mailtest.Path(t, mailtest.Newest(t, s.db, zoeMail, "confirm"), "/confirm/")
	for range 2 { // looking does not spend the link
		a := b.get(path)
		a.shows(t, 200, `method="post" action="`+path+`"`)
		if a.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
			t.Errorf("headers %v", a.Header)
		}
	}
	b.get("/me").leads(t, "/login?next=%2Fme")
	b.post(path).leads(t, "/me")
	b.get("/me").shows(t, 200, "home of Zoé Martin")
	b.get("/login?next=/cart").leads(t, "/cart")
	b.post(path).shows(t, 404, "Ce lien a déjà servi")
}

func TestTheSameAnswerForKnownAndUnknownAddresses(t *testing.T) {
	s := newSite(t)
	s.create(zoeMail)
	for _, form := range [][]string{
		{"/signup", "name", "Zoé", "password", zoePass},
		{"/reset"},
		{"/login", "password", "wrong password"},
	} {
		known := s.browser("en").post(form[0], append(form[1:], "email", zoeMail)...)
		unknown := s.browser("en").post(form[0], append(form[1:], "email", "zoo@example.org")...)
		same := known.StatusCode == unknown.StatusCode && known.Header.Get("Location") == unknown.Header.Get("Location") &&
			strings.ReplaceAll(known.body, zoeMail, "") == strings.ReplaceAll(unknown.body, "zoo@example.org", "")
		if !same {
			t.Errorf("%s: %d %s and %d %s", form[0], known.StatusCode, known.body, unknown.StatusCode, unknown.body)
		}
	}
}

func TestLogInKeepsWhatWasTypedAndLeadsBack(t *testing.T) {
	s := newSite(t)
	s.create(zoeMail)
	b := s.browser("en")
	b.get("/login?next=/p/savon").shows(t, 200, `name="next" value="/p/savon"`)
	b.post("/login", "email", zoeMail, "password", "wrong password", "next", "/p/savon").shows(t, 422,
		"The e-mail address or the password is wrong.", `value="zoe@example.org"`, `name="next" value="/p/savon"`)
	b.post("/login", "email", zoeMail, "password", zoePass, "next", "/p/savon").leads(t, "/p/savon")
	for _, evil := range []string{"//evil.example", `/\evil.example`, "https://evil.example", "javascript:alert(1)", "/x\r\nSet-Cookie: a=b"} {
		s.browser("en").post("/login", "email", zoeMail, "password", zoePass, "next", evil).leads(t, "/me")
	}
}

func TestTooManyGuesses(t *testing.T) {
	s := newSite(t)
	s.create(zoeMail)
	b := s.browser("en")
	for range 5 {
		b.post("/login", "email", zoeMail, "password", "wrong password").shows(t, 422)
	}
	a := b.post("/login", "email", zoeMail, "password", zoePass)
	a.shows(t, 429, "Too many tries. Wait 15 seconds.")
	if a.Header.Get("Retry-After") != "15" {
		t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
	}
	s.pass(15 * time.Second)
	b.logIn()
}

func TestFloodsAreRefusedBeforeTheyCost(t *testing.T) {
	s := newSite(t)
	b := s.browser("en")
	for range 30 {
		b.post("/reset", "email", "x").shows(t, 422)
	}
	b.post("/reset", "email", "x").shows(t, 429)
	s.pass(time.Second)
	b.post("/reset", "email", "x").shows(t, 422)
}

func TestCookies(t *testing.T) {
	s := newSite(t)
	s.create(zoeMail)
	b := s.browser("fr")
	a := b.post("/login", "email", zoeMail, "password", zoePass)
	kept := map[string]*http.Cookie{}
	for _, c := range a.Cookies() {
		kept[c.Name] = c
	}
	for _, name := range []string{"sid", "device", "lang"} {
		c := kept[name]
		if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge <= 0 {
			t.Errorf("cookie %s: %+v", name, c)
		}
	}
	s.pass(8 * time.Minute)
	a = b.get("/me")
	if len(a.Cookies()) != 1 || a.Cookies()[0].Name != "sid" || a.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("cookies %v, headers %v", a.Cookies(), a.Header)
	}
	b.post("/logout").leads(t, "/")
	b.get("/me").leads(t, "/login?next=%2Fme")

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "sid", Value: kept["sid"].Value})
	a = s.browser("fr").do(r)
	a.shows(t, 200)
	if c := a.Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("a dead session's cookie is kept: %v", c)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	s := newSite(t)
	s.create(zoeMail)
	b := s.browser("fr")
	b.logIn()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/me/settings/logout-everywhere", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	b.do(r).shows(t, 403)
	b.get("/me").shows(t, 200)
}

func TestReset(t *testing.T) {
	s := newSite(t)
	s.create(zoeMail)
	b := s.browser("fr")
	b.get("/reset").shows(t, 200)
	b.post("/reset", "email", zoeMail).leads(t, "/reset/sent")
	b.get("/reset/sent").shows(t, 200, "Si cette adresse a un compte")
	path := mailtest.Path(t, mailtest.Newest(t, s.db, zoeMail, "reset"), "/reset/")
	b.get(path).shows(t, 200, `action="`+path+`"`)
	b.post(path, "password", "motdepasse").shows(t, 422, `id="f-password-error"`)
	b.post(path, "password", newPass).leads(t, "/me")
	b.get("/me").shows(t, 200, "home of")
	b.get(path).shows(t, 404)
	s.browser("fr").post("/login", "email", zoeMail, "password", zoePass).shows(t, 422)
}

func TestProfile(t *testing.T) {
	s := newSite(t)
	m := s.create(zoeMail)
	s.browser("fr").get("/me/settings").leads(t, "/login?next=%2Fme%2Fsettings")
	b := s.browser("fr")
	b.logIn()
	b.get("/me/settings").shows(t, 200, `value="zoe-martin"`, "Réglages")
	b.post("/me/settings", "name", "Zoé M.", "handle", "admin", "city", "Le Mans", "bio", "<b>", "lang", "en").shows(t, 422,
		`id="f-handle-error"`, `value="Zoé M."`, "&lt;b&gt;")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range map[string]string{"name": "Zoé M.", "handle": "zoe", "city": "Le Mans", "bio": "Savons.", "lang": "en"} {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("photo", "../../evil.png")
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(file, image.NewRGBA(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/me/settings", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	b.do(r).leads(t, "/me/settings")
	b.get("/me/settings").shows(t, 200, "Saved.", "/media/", `value="zoe"`)
	got, err := members.ByID(t.Context(), s.db, m.ID)
	if err != nil || got.Handle != "zoe" || got.City != "Le Mans" || got.Lang != i18n.EN || got.PictureID == nil || got.Picture == "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnUploadThatIsNoPicture(t *testing.T) {
	s := newSite(t)
	s.create(zoeMail)
	b := s.browser("fr")
	b.logIn()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("photo", "me.png")
	if err == nil {
		_, err = file.Write([]byte("<svg onload=alert(1)>"))
	}
	if err != nil || form.WriteField("name", "Zoé typed") != nil || form.Close() != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/me/settings", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	b.do(r).shows(t, 422, `id="f-photo-error"`, `value="Zoé typed"`)
}

func TestSecurity(t *testing.T) {
	s := newSite(t)
	s.create(zoeMail)
	b, other := s.browser("fr"), s.browser("fr")
	b.logIn()
	other.logIn()
	b.get("/me/settings/security").shows(t, 200, "Changer le mot de passe", "Celle-ci")
	s.pass(11 * time.Minute)
	a := b.get("/me/settings/security")
	a.shows(t, 200, "C’est bien vous")
	if strings.Contains(a.body, "Changer le mot de passe") {
		t.Error("the form is shown to a stale session")
	}
	b.post("/me/settings/password", "password", newPass).leads(t, "/me/settings/security")
	b.get("/me/settings/security").shows(t, 200, "Donnez encore une fois votre mot de passe")
	b.post("/me/settings/prove", "password", "wrong password").shows(t, 422, "Ce n’est pas votre mot de passe")
	b.post("/me/settings/prove", "password", zoePass).leads(t, "/me/settings/security")
	b.post("/me/settings/password", "password", "court").shows(t, 422, `id="f-password-error"`)
	b.post("/me/settings/password", "password", newPass).leads(t, "/me/settings/security")
	b.get("/me").shows(t, 200)
	other.get("/me").leads(t, "/login?next=%2Fme")
}

func TestChangeEmail(t *testing.T) {
	s := newSite(t)
	s.create(zoeMail)
	b := s.browser("fr")
	b.logIn()
	b.post("/me/settings/email", "email", "x").shows(t, 422, `id="f-email-error"`)
	b.post("/me/settings/email", "email", "neuve@example.org").leads(t, "/me/settings/security")
	path := mailtest.Path(t, mailtest.Newest(t, s.db, "neuve@example.org", "email_confirm"), "/confirm-email/")
	b.get(path).shows(t, 200, `action="`+path+`"`)
	b.post(path).leads(t, "/me/settings/security")
	b.get("/me/settings/security").shows(t, 200, "Votre adresse est maintenant neuve@example.org.")
}

func TestSessionsEnd(t *testing.T) {
	s := newSite(t)
	m := s.create(zoeMail)
	phone, laptop := s.browser("fr"), s.browser("fr")
	phone.logIn()
	laptop.logIn()
	list, err := s.members.Sessions(t.Context(), m.ID)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	laptop.post("/me/settings/sessions", "session", "another").shows(t, 404)
	for _, session := range list {
		laptop.post("/me/settings/sessions", "session", session.ID)
	}
	phone.get("/me").leads(t, "/login?next=%2Fme")
	laptop.get("/me").leads(t, "/login?next=%2Fme")
	phone.logIn()
	laptop.logIn()
	phone.post("/me/settings/logout-everywhere").leads(t, "/login")
	phone.get("/login").shows(t, 200, "Toutes les sessions sont fermées.")
	s.pass(5 * time.Second)
	laptop.get("/me").leads(t, "/login?next=%2Fme")
}

func TestLanguageIsKeptWithTheMember(t *testing.T) {
	s := newSite(t)
	m := s.create(zoeMail)
	b := s.browser("fr")
	b.logIn()
	b.post("/lang", "lang", "en", "next", "/me/settings").leads(t, "/me/settings")
	b.get("/me/settings").shows(t, 200, `<html lang="en">`)
	got, err := members.ByID(t.Context(), s.db, m.ID)
	if err != nil || got.Lang != i18n.EN {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMailbox(t *testing.T) {
	s := newSite(t)
	b := s.browser("fr")
	b.get("/dev/mail").shows(t, 200, "Aucune lettre")
	b.post("/signup", "name", "Zoé", "email", zoeMail, "password", zoePass, "lang", "fr").leads(t, "/signup/sent")
	b.get("/dev/mail").shows(t, 200, "Confirmez votre adresse", zoeMail)
	b.get("/dev/mail?to=nobody@example.org").shows(t, 200, "Aucune lettre")
	e := mailtest.Newest(t, s.db, zoeMail, "confirm")
	b.get("/dev/mail/1").shows(t, 200, `sandbox="allow-top-navigation-by-user-activation"`, `href="`+mailtest.Path(t, e, "/confirm/")+`"`)
	a := b.get("/dev/mail/1/html")
	a.shows(t, 200, "Confirmer mon adresse", `<base target="_top">`)
	if csp := a.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox ") || a.Header.Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Errorf("headers %v", a.Header)
	}
	b.get("/dev/mail/7").shows(t, 404)
	b.get("/dev/mail/x").shows(t, 404)
}

// Who signs up from a member's storefront is pinned to that member, is told so in their settings, and may end it.
func TestSignUpPins(t *testing.T) {
	s := newSite(t)
	lea := s.create("lea@example.org")
	b := s.browser("fr")
	from := "/@" + lea.Handle + "/p/bol?c=xyz"
	b.get("/login?from="+url.QueryEscape(from)).shows(t, 200, "/signup?from="+strings.ToLower(url.QueryEscape(from)))
	b.get("/signup?from="+url.QueryEscape(from)).shows(t, 200, `name="from" value="`+from+`"`)
	b.get("/signup?from=//evil.example").shows(t, 200)
	b.post("/signup", "name", "Zoé Martin", "email", "zoe@", "password", "court", "from", from).shows(t, 422, `name="from" value="`+from+`"`)
	b.post("/signup", "name", "Zoé Martin", "email", zoeMail, "password", zoePass, "lang", "fr", "from", from).leads(t, "/signup/sent")
	// Somebody else signs up with their address, who was brought by nobody; then they do so again: the last sign-up counts.
	b.post("/signup", "name", "Zoé Martin", "email", zoeMail, "password", zoePass, "lang", "fr").leads(t, "/signup/sent")
	var pinned int
	if err := s.db.Get(&pinned, `select count(*) from pins where removed_at is null`); err != nil || pinned != 0 {
		t.Errorf("%d accounts are pinned by a sign-up of before, %v", pinned, err)
	}
	b.post("/signup", "name", "Zoé Martin", "email", zoeMail, "password", zoePass, "lang", "fr", "from", from).leads(t, "/signup/sent")
	b.post(mailtest.Path(t, mailtest.Newest(t, s.db, zoeMail, "confirm"), "/confirm/")).leads(t, "/me")
	if _, err := s.db.Exec(`update pins set pinned_to = member_id`); err == nil {
		t.Error("a pin changes after its account was confirmed")
	}
	b.get("/me/settings").shows(t, 200, "Qui est remercié pour vos commandes", lea.Name+" touche la commission", "Ne plus remercier personne")
	b.post("/me/settings/unpin").leads(t, "/me/settings")
	b.post("/me/settings/unpin").leads(t, "/me/settings")
	if a := b.get("/me/settings"); strings.Contains(a.body, "Qui est remercié") {
		t.Error("the pin is still there")
	}
	other := s.browser("en")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/signup", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Referer", s.server.URL+"/@"+lea.Handle)
	other.do(r).shows(t, 200, `name="from" value="/@`+lea.Handle+`"`)
	r.Header.Set("Referer", "https://elsewhere.example/@"+lea.Handle)
	if a := other.do(r); strings.Contains(a.body, `name="from"`) {
		t.Error("another site says who brought them")
	}
}
