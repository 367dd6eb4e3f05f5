package feed_test

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"relais/internal/app/apptest"
	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/posts"
	"relais/internal/posts/poststest"
	"relais/internal/web/feed"
	"relais/internal/web/page"
	"relais/static"
	"relais/templates"
)

// world is the pages over all of Relais.
type world struct {
	*apptest.World
	echo  *echo.Echo
	admin int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: w.URL, Now: w.Clock.Now, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})), Uploads: feed.Uploads()})
	if err != nil {
		t.Fatal(err)
	}
	w.echo = echo.New()
	if err := site.Use(w.echo); err != nil {
		t.Fatal(err)
	}
	w.echo.Use(w.identify)
	feed.New(feed.Options{Site: site, DB: w.DB, Posts: w.Posts, Follows: w.Follows, Media: w.Media, Now: w.Clock.Now, Clock: w.Clock.Now, BaseURL: w.URL}).Routes(w.echo)
	w.admin = w.Member("admin")
	return w
}

// identify takes the word of the request for who is signed in: the number of a member. Who is blocked has no session, as in life.
func (w *world) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := strconv.ParseInt(c.Request().Header.Get("X-Test-Member"), 10, 64)
		if err != nil || id == 0 {
			return next(c)
		}
		var m struct {
			Handle, Name string
			Blocked      bool
		}
		if err := w.DB.Get(&m, `select handle, name, blocked_at is not null as blocked from members where id = $1`, id); err != nil {
			return err
		}
		if !m.Blocked {
			page.SetViewer(c, &page.Viewer{ID: id, Handle: m.Handle, Name: m.Name, Lang: i18n.FR, Confirmed: true, Admin: id == w.admin})
		}
		return next(c)
	}
}

// ask is a request of a member, 0 for a guest; form nil: GET.
func (w *world) ask(member int64, target string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	w.T.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r := httptest.NewRequestWithContext(w.T.Context(), method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Language", "fr")
	r.Header.Set("X-Test-Member", strconv.FormatInt(member, 10))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rw := httptest.NewRecorder()
	w.echo.ServeHTTP(rw, r)
	return rw
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// stage is one circle of the matrix, with everybody who may stand before it, and a circle of the other sphere that has the same post.
type stage struct {
	circle, other groups.Group
	people        map[string]int64
	readers       []string
	post, comment int64 // of author, and of member
}

// The people of the matrix. "elsewhere" is in the other circle, where the same post is; "banned" and "left" were in the circle.
var everybody = []string{"guest", "blocked", "stranger", "elsewhere", "banned", "left", "admin", "member", "author", "moderator", "owner"}

func (w *world) stage(n int, s groups.Sphere, v groups.Visibility) *stage {
	w.T.Helper()
	st := &stage{people: map[string]int64{"admin": w.admin, "guest": 0}, readers: []string{"member", "author", "moderator", "owner"}}
	for _, name := range everybody[1:] {
		if name != "admin" {
			st.people[name] = w.Member(fmt.Sprintf("%s%d", name, n))
		}
	}
	p := st.people
	opposite := groups.Personal
	if s == groups.Personal {
		opposite = groups.Professional
	}
	st.circle = poststest.Circle(w.T, w.DB, fmt.Sprintf("ici-%d", n), s, v, p["owner"], p["member"], p["author"], p["moderator"], p["blocked"])
	poststest.Role(w.T, w.DB, st.circle.ID, p["moderator"], groups.Moderator)
	st.other = poststest.Circle(w.T, w.DB, fmt.Sprintf("ailleurs-%d", n), opposite, v, p["elsewhere"], p["author"])
	if _, err := w.DB.Exec(`insert into group_bans (group_id, member_id, by_id, at, why) values ($1, $2, $3, now(), 'x')`, st.circle.ID, p["banned"], p["owner"]); err != nil {
		w.T.Fatal(err)
	}
	w.must(w.Members.Block(w.T.Context(), 0, p["blocked"], true))
	return st
}

// fresh puts a new post of the author into both circles, with a comment of the member in the first, past the limits of pace.
func (w *world) fresh(st *stage) {
	w.T.Helper()
	w.must(w.DB.Get(&st.post, `insert into posts (author_id, operation, kind, text, attach, state, published_at, edited_at, created_at, updated_at)
		values ($1, $2, 'story', 'Les mots du jour', 'storefront', 'published', now(), now(), now(), now()) returning id`, st.people["author"], rand.Text()))
	for _, g := range []groups.Group{st.circle, st.other} {
		if _, err := w.DB.Exec(`insert into post_groups (post_id, group_id, published_at) values ($1, $2, now())`, st.post, g.ID); err != nil {
			w.T.Fatal(err)
		}
	}
	if _, err := w.DB.Exec(`insert into post_networks (post_id, channel) values ($1, 'sms')`, st.post); err != nil {
		w.T.Fatal(err)
	}
	w.must(w.DB.Get(&st.comment, `insert into comments (post_id, group_id, author_id, operation, text, created_at) values ($1, $2, $3, $4, 'Une réponse', '2020-01-01') returning id`,
		st.post, st.circle.ID, st.people["member"], rand.Text()))
	if _, err := w.DB.Exec(`insert into comments (post_id, group_id, author_id, operation, text, created_at) values ($1, $2, $3, $4, 'Un secret', '2020-01-01')`, st.post, st.other.ID, st.people["elsewhere"], rand.Text()); err != nil {
		w.T.Fatal(err)
	}
}

// row says who may use a route. Of a circle's routes the other readers are refused, and to everybody else nothing is there; of the
// author's, nothing is there for others.
type row struct {
	may  []string // "all": whoever is signed in
	form url.Values
}

var (
	all     = []string{"all"}
	readers = []string{"member", "author", "moderator", "owner"}
	desk    = []string{"moderator", "owner"}
	writer  = []string{"author"}
)

// The matrix: every route of this package, with who may use it.
var matrix = map[string]row{
	"GET /feed":                                      {may: all},
	"GET /feed/posts/:id/report":                     {}, // nobody of these follows: TestReportOutside
	"POST /feed/posts/:id/report":                    {form: url.Values{"reason": {"spam"}}},
	"GET /photos/:file":                              {}, // the post has none: TestPhotographIsShownToItsReaders
	"GET /me/follows":                                {may: all},
	"GET /me/follows/export":                         {may: all},
	"POST /me/follows/erase":                         {may: all, form: url.Values{}},
	"POST /follow":                                   {form: url.Values{"kind": {"circle"}}},
	"POST /unfollow":                                 {may: all, form: url.Values{"kind": {"circle"}}},
	"GET /me/posts":                                  {may: all},
	"GET /me/posts/new":                              {may: all},
	"GET /me/posts/products":                         {may: all},
	"POST /me/posts":                                 {may: all, form: url.Values{"kind": {"story"}, "do": {"draft"}}},
	"GET /me/posts/:id":                              {may: writer},
	"GET /me/posts/:id/edit":                         {may: writer},
	"POST /me/posts/:id":                             {may: writer, form: url.Values{"kind": {"story"}, "text": {"Autre"}, "network": {"sms"}, "do": {"publish"}}},
	"POST /me/posts/:id/withdraw":                    {form: url.Values{}}, // it is published: refused to its author too, in words
	"POST /me/posts/:id/delete":                      {may: writer, form: url.Values{}},
	"GET /me/posts/:id/share":                        {may: writer},
	"POST /me/posts/:id/share/:channel":              {may: writer, form: url.Values{"done": {"yes"}}},
	"GET /g/:handle/p/:id":                           {may: readers},
	"GET /g/:handle/p/:id/history":                   {may: desk},
	"POST /g/:handle/p/:id/reaction":                 {may: readers, form: url.Values{"kind": {"like"}}},
	"POST /g/:handle/p/:id/comments":                 {may: readers, form: url.Values{"text": {"Oui."}}},
	"POST /g/:handle/p/:id/comments/:comment/delete": {may: []string{"member"}, form: url.Values{}},
	"GET /g/:handle/p/:id/report":                    {may: []string{"member", "moderator", "owner"}},
	"POST /g/:handle/p/:id/report":                   {may: []string{"member", "moderator", "owner"}, form: url.Values{"reason": {"spam"}}},
	"GET /g/:handle/p/:id/remove":                    {may: desk},
	"POST /g/:handle/p/:id/remove":                   {may: desk, form: url.Values{"why": {"Hors sujet"}}},
	"GET /g/:handle/p/:id/comments/:comment/report":  {may: []string{"author", "moderator", "owner"}},
	"POST /g/:handle/p/:id/comments/:comment/report": {may: []string{"author", "moderator", "owner"}, form: url.Values{"reason": {"spam"}}},
	"GET /g/:handle/p/:id/comments/:comment/remove":  {may: desk},
	"POST /g/:handle/p/:id/comments/:comment/remove": {may: desk, form: url.Values{"why": {"Hors sujet"}}},
}

// want is what somebody gets at a route.
func (r row) want(route, who string, v groups.Visibility) string {
	signedIn := who != "guest" && who != "blocked"
	switch {
	case strings.HasPrefix(route, "GET /photos/"): // a picture in a page leads nobody to the log-in
		return "not there"
	case !signedIn:
		return "log in"
	case slices.Contains(r.may, who) || slices.Contains(r.may, "all"):
		return "served"
	case route == "POST /follow" && slices.Contains(readers, who): // they read it already
		return "conflict"
	case route == "POST /follow" && v == groups.Open && who == "banned":
		return "refused"
	case route == "POST /follow" && v == groups.Open:
		return "served"
	case strings.Contains(route, "/withdraw") && who == "author":
		return "conflict"
	case strings.Contains(route, "/g/:handle") && (slices.Contains(readers, who) || v == groups.Open):
		return "refused" // an open circle is known to everybody; whether the post is there is not said
	}
	return "not there"
}

// got says an answer in the same words.
func got(rw *httptest.ResponseRecorder) string {
	to := rw.Header().Get("Location")
	switch {
	case rw.Code == http.StatusUnauthorized || rw.Code == http.StatusSeeOther && strings.HasPrefix(to, "/login"):
		return "log in"
	case rw.Code == http.StatusOK || rw.Code == http.StatusSeeOther:
		return "served"
	case rw.Code == http.StatusForbidden:
		return "refused"
	case rw.Code == http.StatusNotFound:
		return "not there"
	case rw.Code == http.StatusConflict:
		return "conflict"
	}
	return fmt.Sprint(rw.Code)
}

// Every route, asked by everybody, of circles of both spheres and visibilities: who may not read a circle learns nothing of it, and who
// reads a post in one circle learns nothing of the other one that has it.
func TestMatrix(t *testing.T) {
	w := open(t)
	for _, r := range w.echo.Routes() {
		if _, known := matrix[r.Method+" "+r.Path]; !known {
			t.Errorf("%s %s has no row in the matrix", r.Method, r.Path)
		}
	}
	n := 0
	for _, sphere := range groups.Spheres() {
		for _, visibility := range []groups.Visibility{groups.Open, groups.Private} {
			n++
			st := w.stage(n, sphere, visibility)
			for route, r := range matrix {
				for _, who := range everybody {
					w.cell(st, route, r, who)
				}
			}
		}
	}
}

// cell is one request of the matrix.
func (w *world) cell(st *stage, route string, r row, who string) {
	w.T.Helper()
	w.fresh(st)
	_, path, _ := strings.Cut(route, " ")
	path = strings.NewReplacer(":handle", st.circle.Handle, ":id", fmt.Sprint(st.post), ":comment", fmt.Sprint(st.comment), ":channel", "sms").Replace(path)
	form := r.form
	if form != nil && strings.HasPrefix(route, "POST /me/posts/:id") && form.Get("do") != "" {
		form = url.Values{"group": {fmt.Sprint(st.circle.ID), fmt.Sprint(st.other.ID)}}
		for k, v := range r.form {
			form[k] = v
		}
	}
	if strings.Contains(route, "follow") && form != nil {
		form = url.Values{"kind": {"circle"}, "handle": {st.circle.Handle}, "next": {"/me/follows"}}
	}
	rw := w.ask(st.people[who], path, form)
	name := fmt.Sprintf("%s of a %s %s circle, by %s", route, st.circle.Visibility, st.circle.Sphere, who)
	if got, want := got(rw), r.want(route, who, st.circle.Visibility); got != want {
		w.T.Errorf("%s: %s, want %s", name, got, want)
	}
	answer := rw.Body.String() + rw.Header().Get("Location") + strings.Join(rw.Header().Values("Set-Cookie"), " ")
	if who != "author" && who != "elsewhere" && (strings.Contains(answer, st.other.Name) || strings.Contains(answer, st.other.Handle) || strings.Contains(answer, "Un secret")) {
		w.T.Errorf("%s: tells of the other circle", name)
	}
	if !slices.Contains(st.readers, who) && (strings.Contains(strings.ReplaceAll(answer, st.circle.Handle, ""), st.circle.Name) || strings.Contains(answer, "Une réponse")) {
		w.T.Errorf("%s: tells of the circle", name)
	}
	if who != "elsewhere" && !slices.Contains(st.readers, who) && strings.Contains(answer, "Les mots du jour") {
		w.T.Errorf("%s: tells what was written", name)
	}
}

// A stranger's answer to a private circle that is there is the answer to one that is not, and to a post in an open one the same.
func TestNotThereIsNotThere(t *testing.T) {
	w := open(t)
	private, known := w.stage(1, groups.Personal, groups.Private), w.stage(2, groups.Personal, groups.Open)
	w.fresh(private)
	w.fresh(known)
	w.same(fmt.Sprintf("/g/%s/p/%d", private.circle.Handle, private.post), "/g/personne-ici/p/1", private.people["stranger"])
	w.same(fmt.Sprintf("/g/%s/p/%d", known.circle.Handle, known.post), fmt.Sprintf("/g/%s/p/999", known.circle.Handle), known.people["stranger"])
}

// same fails where somebody gets different answers to two addresses.
func (w *world) same(one, other string, member int64) {
	w.T.Helper()
	there, nowhere := w.ask(member, one, nil), w.ask(member, other, nil)
	words := func(rw *httptest.ResponseRecorder) string {
		_, main, _ := strings.Cut(rw.Body.String(), "<main")
		main, _, _ = strings.Cut(main, "</main>")
		return main
	}
	if there.Code != nowhere.Code || words(there) != words(nowhere) {
		w.T.Errorf("%d %s\n%d %s", there.Code, words(there), nowhere.Code, words(nowhere))
	}
}

// What is written in a closed circle is read on, and nothing is added.
func TestClosedCircle(t *testing.T) {
	w := open(t)
	st := w.stage(1, groups.Personal, groups.Private)
	w.fresh(st)
	poststest.Close(t, w.DB, st.circle.ID)
	path := fmt.Sprintf("/g/%s/p/%d", st.circle.Handle, st.post)
	if rw := w.ask(st.people["member"], path, nil); rw.Code != http.StatusOK || strings.Contains(rw.Body.String(), "Votre commentaire") {
		t.Errorf("%d", rw.Code)
	}
	for route, form := range map[string]url.Values{"/comments": {"text": {"x"}}, "/reaction": {"kind": {"like"}}} {
		if rw := w.ask(st.people["member"], path+route, form); rw.Code != http.StatusForbidden {
			t.Errorf("%s: %d", route, rw.Code)
		}
	}
	if rw := w.ask(st.people["owner"], path+"/remove", url.Values{"why": {"x"}}); rw.Code != http.StatusSeeOther {
		t.Errorf("the owner cannot remove: %d", rw.Code)
	}
	if _, err := posts.Look(t.Context(), w.DB, st.people["member"], st.circle.Handle, st.post, posts.See); err == nil {
		t.Error("what was removed is there")
	}
}
