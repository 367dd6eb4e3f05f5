package circle_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"relais/internal/groups"
	"relais/internal/mail/mailtest"
	"relais/internal/web/circle"
	"relais/internal/web/circle/circletest"
)

// TestPages looks at the pages one after the other, in one world: first what changes nothing.
func TestPages(t *testing.T) {
	w := circletest.Open(t)
	w.Server.Routes(w.Echo)
	for _, part := range []struct {
		name string
		test func(*testing.T, *circletest.World)
	}{
		{"AboutFromOutsideAndInside", aboutFromOutsideAndInside},
		{"ShownCircles", shownCircles},
		{"DirectoryPage", directoryPage},
		{"FeedIsForThoseInside", feedIsForThoseInside},
		{"FromNothingToTwo", fromNothingToTwo},
		{"Picture", picture},
		{"InvitingByMail", invitingByMail},
		{"People", people},
		{"Moderating", moderating},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, w) })
	}
}

// shows fails where the answer is not a page with all of the words; a word with a ! before it must not appear.
func shows(t *testing.T, a *httptest.ResponseRecorder, status int, words ...string) {
	t.Helper()
	if a.Code != status {
		t.Errorf("status %d, want %d\n%.600s", a.Code, status, a.Body)
	}
	for _, word := range words {
		word, absent := strings.CutPrefix(word, "!")
		if strings.Contains(a.Body.String(), word) == absent {
			t.Errorf("%q: absent is %t\n%s", word, !absent, a.Body)
		}
	}
}

func leads(t *testing.T, a *httptest.ResponseRecorder, to string) string {
	t.Helper()
	got := a.Header().Get("Location")
	if a.Code != http.StatusSeeOther || !strings.HasPrefix(got, to) {
		t.Fatalf("%d to %q, want %q\n%.600s", a.Code, got, to, a.Body)
	}
	return got
}

// From nothing to a circle with somebody in it: create, make a link, open it as a guest, accept as somebody new, agree to the rules.
func fromNothingToTwo(t *testing.T, w *circletest.World) {
	shows(t, w.Ask("stranger", "POST", "/me/groups", form("name", " ", "rules", "Doucement.")), 422, `aria-invalid="true"`, "Doucement.")
	path := leads(t, w.Ask("stranger", "POST", "/me/groups", form("name", "La tablée", "rules", "On se dit tout.\nOn rit.", "sphere", "personal", "visibility", "private", "admission", "free")), "/g/la-tablee-")
	shows(t, w.Ask("stranger", "GET", path, nil), 200, "Par un lien ou un code QR")
	shows(t, w.Ask("stranger", "POST", path+"/link", form("days", "400", "uses", "10")), 422)
	link := leads(t, w.Ask("stranger", "POST", path+"/link", form("days", "7", "uses", "10")), "/g/i/")
	shows(t, w.Ask("stranger", "GET", link, nil), 200, `class="qr"`, "https://relais.example/g/i/", "encore 10 places")
	shows(t, w.Ask("member", "GET", link, nil), 404)
	invitation := strings.TrimSuffix(link, "/link")
	a := w.Ask("guest", "GET", invitation, nil)
	shows(t, a, 200, "La tablée", "Vie personnelle", "Sylvestre Inconnu vous invite", "On se dit tout.", "/signup?next="+strings.ToLower(url.QueryEscape("/g/i/")), "!1 membre")
	if a.Header().Get("Referrer-Policy") != "same-origin" || !strings.Contains(a.Header().Get("Cache-Control"), "no-store") {
		t.Errorf("the secret may leave the browser: %v", a.Header())
	}
	shows(t, w.Ask("colleague", "GET", invitation, nil), 200, "J’ai lu les règles", `name="mark"`)
	shows(t, w.Ask("colleague", "POST", invitation, form("mark", "x", "accept", "yes")), 422, "Les règles viennent de changer")
	g, err := groups.ByHandle(t.Context(), w.DB, strings.Split(path, "/")[2])
	if err != nil {
		t.Fatal(err)
	}
	leads(t, w.Ask("colleague", "POST", invitation, form("mark", groups.RulesMark(g), "accept", "yes")), "/g/la-tablee-")
	leads(t, w.Ask("colleague", "GET", invitation, nil), "/g/la-tablee-") // already in
	shows(t, w.Ask("colleague", "GET", "/g/"+g.Handle+"/members", nil), 200, "Sylvestre Inconnu", "Colette Bureau", "sur l’invitation de Sylvestre Inconnu", "2 membres")
	shows(t, w.Ask("colleague", "GET", "/me/groups", nil), 200, "La tablée")
}

// What a circle says to those who are not in it, and where the rule of the spheres is told.
func aboutFromOutsideAndInside(t *testing.T, w *circletest.World) {
	for _, g := range w.Targets {
		if g.Visibility != groups.Open {
			continue
		}
		at := "/g/" + g.Handle
		shows(t, w.Ask("stranger", "GET", at, nil), 200, g.Description, "Être aimable.", "4 membres", "Violette Montrée", "!Mélusine Dedans", "!Octavie Maison", "seuls les membres le voient", "Demander à entrer")
		shows(t, w.Ask("guest", "GET", at, nil), 200, "Créer un compte", "next=", "Violette Montrée")
		shows(t, w.Ask("requested", "GET", at, nil), 200, "Votre demande attend")
		shows(t, w.Ask("banned", "GET", at, nil), 200, "Vous ne pouvez pas rejoindre ce cercle")
		shows(t, w.Ask("member", "GET", at, nil), 200, "Montrer que j’en suis", "!Modération", "!Réglages")
		shows(t, w.Ask("owner", "GET", at, nil), 200, "Modération", "Réglages")
		shows(t, w.Ask("stranger", "GET", at+"/join", nil), 200, "Qui saura que vous y êtes", "qui le rejoint voit qui en est")
	}
}

// The circles that somebody chose to show are seen by everybody alike, private ones never.
func shownCircles(t *testing.T, w *circletest.World) {
	for _, who := range []string{"guest", "stranger", "colleague", "cousin", "member", "owner", "admin", "shown"} {
		a := w.Ask(who, "GET", "/@p-shown/circles", nil)
		for _, g := range w.Targets {
			want := g.Name
			if g.Visibility == groups.Private {
				want = "!" + want
			}
			shows(t, a, 200, want, "!Entre collègues", "!Entre cousins")
		}
		shows(t, w.Ask(who, "GET", "/@p-member/circles", nil), 200, "Rien n’est montré ici", "!Zéphyr")
	}
	shows(t, w.Ask("guest", "GET", "/@nobody-at-all/circles", nil), 404)
	g := w.Targets[0]
	leads(t, w.Ask("member", "POST", "/g/"+g.Handle+"/show", form("shown", "yes")), "/g/"+g.Handle+"/about")
	shows(t, w.Ask("guest", "GET", "/@p-member/circles", nil), 200, g.Name)
	leads(t, w.Ask("member", "POST", "/g/"+g.Handle+"/show", form("shown", "no")), "/g/"+g.Handle+"/about")
	shows(t, w.Ask("guest", "GET", "/@p-member/circles", nil), 200, "!"+g.Name)
}

func directoryPage(t *testing.T, w *circletest.World) {
	shows(t, w.Ask("guest", "GET", "/groups?q=z%C3%A9phyr&sphere=personal", nil), 200, "Zéphyr personal open", "!Zéphyr professional open", "!private")
	shows(t, w.Ask("member", "GET", "/groups", nil), 200, "Vous en êtes", "!private", "!Entre collègues")
	shows(t, w.Ask("guest", "GET", "/groups?q=nulle+part&sphere=nope&page=x", nil), 200, "Aucun cercle ne porte ce nom", "Créer un cercle")
}

func invitingByMail(t *testing.T, w *circletest.World) {
	at := "/g/" + w.Targets[0].Handle + "/invite"
	shows(t, w.Ask("member", "POST", at+"/mail", form("addresses", "rose@example.com\npas une adresse")), 422, "« pas »", "rose@example.com")
	a := w.Ask("member", "POST", at+"/mail", form("addresses", "rose@example.com colleague@example.org owner@example.org", "text", "Viens."))
	leads(t, a, at)
	stop := mailtest.Path(t, mailtest.Newest(t, w.DB, "rose@example.com", "group_invitation"), "/g/i/") + "/stop"
	mailtest.Newest(t, w.DB, "colleague@example.org", "group_invitation")
	again := w.Ask("member", "POST", at+"/mail", form("addresses", "owner@example.org")) // who is in it: nothing is sent, and nothing says so
	leads(t, again, at)
	if a.Header().Get("Set-Cookie") != again.Header().Get("Set-Cookie") {
		t.Error("the answer tells whose address it is")
	}
	shows(t, w.Ask("guest", "GET", stop, nil), 200, "Plus aucun cercle")
	leads(t, w.Ask("guest", "POST", stop, nil), "/")
	shows(t, w.Ask("guest", "GET", strings.TrimSuffix(stop, "/stop"), nil), 404)
}

func moderating(t *testing.T, w *circletest.World) {
	g := w.Targets[3]
	at := "/g/" + g.Handle
	shows(t, w.Ask("moderator", "GET", at+"/moderation", nil), 200, "Quentin Patient", "Bonjour.", "Mélusine Dedans", "Insultes ou harcèlement", "Barnabé Dehors", "Octavie Maison a créé le cercle", "!Modeste Veilleur a signalé")
	report := w.Path("/g/:handle/reports/:id", g, "owner")
	shows(t, w.Ask("owner", "GET", report, nil), 200, "Un mot de trop.", "Qui a signalé n’est pas nommé", "!Modeste Veilleur")
	shows(t, w.Ask("owner", "POST", report, form("decision", "expelled")), 422, `aria-invalid="true"`)
	leads(t, w.Ask("owner", "POST", report, form("decision", "expelled", "why", "Deux avertissements.")), at+"/moderation")
	shows(t, w.Ask("owner", "POST", report, form("decision", "kept", "why", "Non.")), 409, "déjà décidé")
	shows(t, w.Ask("owner", "GET", at+"/moderation", nil), 200, "a exclu Mélusine Dedans", "Deux avertissements.")
	shows(t, w.Ask("member", "GET", at, nil), 404)
	leads(t, w.Ask("moderator", "POST", w.Path("/g/:handle/requests/:id", g, "owner"), form("do", "yes")), at+"/moderation")
	shows(t, w.Ask("requested", "GET", at+"/members", nil), 200, "Quentin Patient")
	other := w.Path("/g/:handle/reports/:id", w.Targets[0], "owner")
	shows(t, w.Ask("owner", "GET", strings.Replace(other, w.Targets[0].Handle, g.Handle, 1), nil), 404) // of another circle
	for _, bad := range []string{"0", "-1", "x", "99999999999999999999"} {
		shows(t, w.Ask("owner", "GET", at+"/reports/"+bad, nil), 404)
		shows(t, w.Ask("owner", "POST", at+"/bans/"+bad, nil), 404)
		shows(t, w.Ask("owner", "POST", at+"/requests/"+bad, nil), 404)
	}
	shows(t, w.Ask("admin", "GET", "/admin/groups", nil), 200, g.Name)
	leads(t, w.Ask("admin", "POST", w.Path("/admin/groups/reports/:id", g, "admin"), form("decision", "closed", "why", "Danger.")), "/admin/groups")
	shows(t, w.Ask("owner", "GET", at, nil), 200, "Ce cercle est fermé")
	shows(t, w.Ask("owner", "GET", at+"/invite", nil), 409)
	shows(t, w.Ask("owner", "GET", at+"/settings", nil), 200, "!Enregistrer")
}

func people(t *testing.T, w *circletest.World) {
	at := "/g/" + w.Targets[2].Handle
	shows(t, w.Ask("moderator", "GET", at+"/members/p-owner", nil), 200, "ne vous revient pas", "!Exclure du cercle")
	shows(t, w.Ask("moderator", "GET", at+"/members/p-member", nil), 200, "Exclure du cercle", "!Transmettre")
	shows(t, w.Ask("moderator", "GET", at+"/members/p-stranger", nil), 404)
	shows(t, w.Ask("moderator", "POST", at+"/members/p-member/out", form("why", "")), 422, `aria-invalid="true"`)
	shows(t, w.Ask("moderator", "POST", at+"/members/p-owner/out", form("why", "Non.")), 409)
	leads(t, w.Ask("owner", "POST", at+"/members/p-member/role", form("role", "moderator")), at+"/members")
	leads(t, w.Ask("owner", "POST", at+"/members/p-member/role", form("role", "owner")), at+"/members")
	shows(t, w.Ask("owner", "GET", at+"/settings", nil), 403)
	shows(t, w.Ask("member", "POST", at+"/leave", nil), 409, "Ce cercle vous appartient")
	leads(t, w.Ask("owner", "POST", at+"/leave", nil), "/me/groups")
}

// A photograph is kept with the circle; what is none is refused at its field with what was typed.
func picture(t *testing.T, w *circletest.World) {
	send := func(content []byte) *httptest.ResponseRecorder {
		var body bytes.Buffer
		parts := multipart.NewWriter(&body)
		for name, value := range map[string]string{"name": "Le club", "sphere": "personal", "visibility": "open", "admission": "free"} {
			if err := parts.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		file, err := parts.CreateFormFile("picture", "a.jpg")
		if err == nil {
			_, err = file.Write(content)
		}
		if err != nil || parts.Close() != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/me/groups", &body)
		r.Header.Set("Content-Type", parts.FormDataContentType())
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("X-Test-Member", "stranger")
		a := httptest.NewRecorder()
		w.Echo.ServeHTTP(a, r)
		return a
	}
	shows(t, send([]byte("no picture")), 422, `value="Le club"`)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewRGBA(image.Rect(0, 0, 800, 600)), nil); err != nil {
		t.Fatal(err)
	}
	leads(t, send(photo.Bytes()), "/g/le-club/invite")
	shows(t, w.Ask("guest", "GET", "/g/le-club", nil), 200, `<img src="/media/`)
}

// The first page of a circle is what is written in it, for those who are in it and for nobody else.
func feedIsForThoseInside(t *testing.T, w *circletest.World) {
	defer func() { w.Server.Feed = nil }()
	w.Server.Feed = func(c echo.Context, circle circle.Circle) error {
		return c.String(http.StatusOK, "feed of "+circle.Name)
	}
	for _, g := range w.Targets {
		shows(t, w.Ask("member", "GET", "/g/"+g.Handle, nil), 200, "feed of "+g.Name)
		shows(t, w.Ask("member", "GET", "/g/"+g.Handle+"/about", nil), 200, "!feed of")
		for _, who := range []string{"guest", "stranger", "colleague", "cousin", "invited", "requested", "banned", "admin"} {
			if a := w.Ask(who, "GET", "/g/"+g.Handle, nil); strings.Contains(a.Body.String(), "feed of") {
				t.Errorf("%s reads what is written in %s", who, g.Name)
			}
		}
	}
}
