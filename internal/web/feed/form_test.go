package feed_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"image"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"relais/internal/groups"
	"relais/internal/posts"
	"relais/internal/posts/poststest"
)

// shows fails where the answer is not a page with all of the words; a word with a ! before it must not appear.
func (w *world) shows(rw *httptest.ResponseRecorder, status int, words ...string) {
	w.T.Helper()
	if rw.Code != status {
		w.T.Errorf("status %d to %q; want %d\n%.900s", rw.Code, rw.Header().Get("Location"), status, rw.Body)
	}
	for _, word := range words {
		if word, absent := strings.CutPrefix(word, "!"); absent == strings.Contains(rw.Body.String(), word) {
			w.T.Errorf("%q: appears %v; want %v", word, absent, !absent)
		}
	}
}

// send posts a form with a photograph.
func (w *world) send(member int64, path string, form url.Values, photo []byte) *httptest.ResponseRecorder {
	w.T.Helper()
	var body bytes.Buffer
	out := multipart.NewWriter(&body)
	for name, values := range form {
		for _, v := range values {
			w.must(out.WriteField(name, v))
		}
	}
	part, err := out.CreateFormFile("file", "photo.jpg")
	w.must(err)
	_, err = part.Write(photo)
	w.must(err)
	w.must(out.Close())
	r := httptest.NewRequestWithContext(w.T.Context(), http.MethodPost, path, &body)
	r.Header.Set("Content-Type", out.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Language", "fr")
	r.Header.Set("X-Test-Member", strconv.FormatInt(member, 10))
	rw := httptest.NewRecorder()
	w.echo.ServeHTTP(rw, r)
	return rw
}

func photograph(t *testing.T) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := jpeg.Encode(&raw, image.NewRGBA(image.Rect(0, 0, 60, 40)), nil); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// The photograph of a post is answered to who reads it, kept by nobody between them and us, and asked for anew each time.
func TestPhotographIsShownToItsReaders(t *testing.T) {
	w := open(t)
	lea, zoe, max := w.Member("lea"), w.Member("zoe"), w.Member("max")
	g := poststest.Circle(t, w.DB, "famille", groups.Personal, groups.Private, lea, zoe)
	rw := w.send(lea, "/me/posts", url.Values{"kind": {"story"}, "text": {"Voyez."}, "group": {strconv.FormatInt(g.ID, 10)}, "do": {"publish"}, "operation": {rand.Text()}}, photograph(t))
	body := w.ask(zoe, "/feed", nil).Body.String()
	path := regexp.MustCompile(`src="(/photos/[0-9a-f]+-720\.jpg)"`).FindStringSubmatch(body)
	if path == nil || strings.Contains(body, "/media/") {
		t.Fatalf("%d; the feed shows no photograph, or a public one:\n%s", rw.Code, body)
	}
	for name, page := range map[string]string{"its own page": "/g/famille/p/1", "the author's": "/me/posts/1", "the form": "/me/posts/1/edit"} {
		if body := w.ask(lea, page, nil).Body.String(); !strings.Contains(body, path[1]) || strings.Contains(body, "/media/") {
			t.Errorf("%s shows no photograph, or a public one", name)
		}
	}
	mark := ""
	for member, want := range map[int64]int{lea: 200, zoe: 200, max: 404, w.admin: 404, 0: 404} {
		rw := w.ask(member, path[1], nil)
		if h := rw.Header(); rw.Code != want || strings.Contains(h.Get("Cache-Control"), "public") || !strings.Contains(h.Get("Cache-Control"), "private") {
			t.Errorf("%d: %d, want %d, %q", member, rw.Code, want, h.Get("Cache-Control"))
		} else if want == 200 {
			if mark = h.Get("ETag"); h.Get("Content-Type") != "image/jpeg" || h.Get("Vary") == "" || rw.Body.Len() == 0 {
				t.Errorf("%v", h)
			}
		}
	}
	if rw := w.ask(zoe, path[1], nil, "If-None-Match", mark); rw.Code != http.StatusNotModified {
		t.Errorf("what is there is sent again: %d", rw.Code)
	}
	poststest.Role(t, w.DB, g.ID, zoe, groups.None)
	if rw := w.ask(zoe, path[1], nil, "If-None-Match", mark); rw.Code != http.StatusNotFound {
		t.Errorf("who left looks on: %d", rw.Code)
	}
	for _, name := range []string{"/photos/x", "/photos/" + strings.Repeat("ab", 20) + "-720.jpg", strings.Replace(path[1], "-720", "-1", 1)} {
		if rw := w.ask(lea, name, nil); rw.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, rw.Code)
		}
	}
}

// What is wrong is said at its field, and nothing that was typed or chosen is lost: not the photograph either.
func TestRefusedFormKeepsEverything(t *testing.T) {
	w := open(t)
	lea := w.Member("lea")
	shop := w.Shop("terre", 12000, 5)
	g := poststest.Circle(t, w.DB, "famille", groups.Personal, groups.Private, lea)
	form := url.Values{"operation": {"operation-1"}, "kind": {"question"}, "text": {""}, "attach": {fmt.Sprint("product:", shop.Product)}, "group": {fmt.Sprint(g.ID)},
		"network": {"sms"}, "alt": {"Un bol bleu"}, "do": {"publish"}}
	rw := w.send(lea, "/me/posts", form, photograph(t))
	w.shows(rw, http.StatusUnprocessableEntity, "Écrivez quelques mots avant de publier", `value="Un bol bleu"`, "Bol terre")
	checked := func(name, value string) {
		t.Helper()
		if !regexp.MustCompile(`name="` + name + `" value="` + regexp.QuoteMeta(value) + `" checked`).MatchString(rw.Body.String()) {
			t.Errorf("%s is not %s any more", name, value)
		}
	}
	checked("kind", "question")
	checked("attach", fmt.Sprint("product:", shop.Product))
	checked("group", fmt.Sprint(g.ID))
	checked("network", "sms")
	hash := regexp.MustCompile(`name="photo" value="([0-9a-f]+)"`).FindStringSubmatch(rw.Body.String())
	if hash == nil {
		t.Fatal("the photograph is lost")
	}
	form.Set("text", "Il est bien ?")
	form.Set("photo", hash[1])
	form.Set("alt."+hash[1], "Un bol bleu")
	rw = w.ask(lea, "/me/posts", form)
	if to := rw.Header().Get("Location"); rw.Code != http.StatusSeeOther || !strings.HasSuffix(to, "/share") {
		t.Fatalf("%d to %q\n%.600s", rw.Code, to, rw.Body)
	}
	w.shows(w.ask(lea, rw.Header().Get("Location"), nil), http.StatusOK, "0 sur 1", "Publicité", "sms:?&amp;body=Publicit%C3%A9", "/r/", hash[1])
	w.shows(w.ask(lea, "/feed", nil), http.StatusOK, "Il est bien ?", "touche une commission", "Un bol bleu", "Bol terre")
	w.shows(w.send(lea, "/me/posts", url.Values{"kind": {"story"}, "text": {"x"}, "do": {"draft"}}, []byte("no photograph")), http.StatusUnprocessableEntity, "f-file-error", ">x</textarea>")
}

// The picker works without script: the button looks for products, and nothing is saved.
func TestSearchInTheForm(t *testing.T) {
	w := open(t)
	lea := w.Member("lea")
	w.Shop("terre", 12000, 5)
	form := url.Values{"kind": {"story"}, "text": {"Des mots"}, "q": {"bol"}, "do": {"search"}}
	w.shows(w.ask(lea, "/me/posts", form), http.StatusOK, "Bol terre", "Des mots", "10,00", "pour vous par pièce")
	form.Set("q", "introuvable")
	w.shows(w.ask(lea, "/me/posts", form), http.StatusOK, "Aucun produit en vente")
	var n int
	if err := w.DB.Get(&n, `select count(*) from posts`); err != nil || n != 0 {
		t.Errorf("%d posts, %v", n, err)
	}
	w.shows(w.ask(lea, "/me/posts/products?q=bol", nil, "HX-Request", "true"), http.StatusOK, "Bol terre", "!<html")
}

func TestScheduleInTheForm(t *testing.T) {
	w := open(t)
	lea := w.Member("lea")
	g := poststest.Circle(t, w.DB, "famille", groups.Personal, groups.Private, lea)
	form := url.Values{"kind": {"story"}, "text": {"Bientôt"}, "group": {fmt.Sprint(g.ID)}, "at": {"2020-01-01T10:00"}, "zone": {"Europe/Paris"}, "do": {"schedule"}}
	w.shows(w.ask(lea, "/me/posts", form), http.StatusUnprocessableEntity, "déjà passé", `value="2020-01-01T10:00"`, "Bientôt")
	form.Set("at", w.Clock.Now().AddDate(0, 0, 2).Format("2006-01-02")+"T18:30")
	form.Set("zone", "Indian/Reunion")
	rw := w.ask(lea, "/me/posts", form)
	path := rw.Header().Get("Location")
	w.shows(w.ask(lea, path, nil), http.StatusOK, "Programmée", "18:30", "heure de Reunion (Indian)", "Ne plus programmer")
	w.shows(w.ask(lea, path+"/edit", nil), http.StatusOK, "T18:30", `value="Indian/Reunion" selected`)
	w.shows(w.ask(lea, path+"/withdraw", url.Values{}), http.StatusSeeOther)
	w.shows(w.ask(lea, path, nil), http.StatusOK, "Brouillon", "!Ne plus programmer")
}

// A reaction by htmx is answered with the buttons; without script with the page that one was on.
func TestReact(t *testing.T) {
	w := open(t)
	st := w.stage(1, groups.Personal, groups.Private)
	w.fresh(st)
	path := fmt.Sprintf("/g/%s/p/%d", st.circle.Handle, st.post)
	w.shows(w.ask(st.people["member"], path+"/reaction", url.Values{"kind": {"like"}, "next": {"/feed"}}, "HX-Request", "true"), http.StatusOK, `aria-pressed="true"`, "!<html", `value="/feed"`)
	rw := w.ask(st.people["member"], path+"/reaction", url.Values{"kind": {""}, "next": {"/feed"}})
	if to := rw.Header().Get("Location"); to != fmt.Sprintf("/feed#p-%d", st.post) {
		t.Errorf("to %q", to)
	}
	rw = w.ask(st.people["member"], path+"/reaction", url.Values{"kind": {"like"}, "next": {"https://other.example/"}})
	if to := rw.Header().Get("Location"); !strings.HasPrefix(to, path) {
		t.Errorf("to %q", to)
	}
}

// What a moderator removed, its author reads with the reason on their own page; the others do not read the comment, nor why.
func TestWhoReadsWhy(t *testing.T) {
	w := open(t)
	st := w.stage(1, groups.Personal, groups.Private)
	w.fresh(st)
	path := fmt.Sprintf("/g/%s/p/%d", st.circle.Handle, st.post)
	w.shows(w.ask(st.people["moderator"], fmt.Sprintf("%s/comments/%d/remove", path, st.comment), url.Values{"why": {"Hors sujet."}}), http.StatusSeeOther)
	w.shows(w.ask(st.people["member"], path, nil), http.StatusOK, "retiré par la modération", "Hors sujet.", "Une réponse")
	w.shows(w.ask(st.people["author"], path, nil), http.StatusOK, "retiré par la modération", "!Hors sujet.", "!Une réponse")
	w.shows(w.ask(st.people["moderator"], path+"/remove", url.Values{"why": {""}}), http.StatusUnprocessableEntity, "Dites pourquoi")
	w.shows(w.ask(st.people["moderator"], path+"/remove", url.Values{"why": {"Assez."}}), http.StatusSeeOther)
	w.shows(w.ask(st.people["author"], fmt.Sprintf("/me/posts/%d", st.post), nil), http.StatusOK, "Assez.", st.circle.Name)
	w.shows(w.ask(st.people["member"], path, nil), http.StatusNotFound)
}

// A flood is refused in words, with what was written kept.
func TestFloodInWords(t *testing.T) {
	w := open(t)
	st := w.stage(1, groups.Personal, groups.Private)
	w.fresh(st)
	path := fmt.Sprintf("/g/%s/p/%d/comments", st.circle.Handle, st.post)
	for range posts.CommentPaces[0].Most {
		w.shows(w.ask(st.people["owner"], path, url.Values{"text": {"Encore."}}), http.StatusSeeOther)
	}
	w.shows(w.ask(st.people["owner"], path, url.Values{"text": {"Une de trop."}}), http.StatusTooManyRequests, "beaucoup en peu de temps", "Une de trop.")
}
