// Package circletest tries who sees what of circles: every route, with every kind of viewer, in open and private circles of both spheres.
//
// Open makes a World: four circles with the same people in them, and one viewer of each kind. Matrix takes the routes of a package and one
// Row for each; a route without a row fails. Beyond the status it checks every answer for words that its reader must not learn: the name
// of a private circle, and the name of anybody in a circle that they are not in themselves.
//
// Another package with pages of circles registers its routes in the World's echo, adds its parameters (World.Params) and its rows:
//
//	w := circletest.Open(t)
//	posts.Routes(w.Echo)
//	w.Params["post"] = func(g circletest.Target) string { … }
//	circletest.Matrix(t, w, rows)
package circletest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/mail/mailtest"
	"relais/internal/media"
	"relais/internal/members"
	"relais/internal/postgres/pgtest"
	"relais/internal/token"
	"relais/internal/web/circle"
	"relais/internal/web/page"
	"relais/static"
	"relais/templates"
)

// Viewers are the kinds of viewers, in the order of the columns of a Row:
//
//	guest      nobody is signed in                    requested  waits to be let in
//	stranger   is in no circle                        banned     may not come back
//	same       shares a circle of the same sphere     member, moderator, owner
//	           with everybody in it                              of the circle
//	other      shares one of the other sphere         admin      of the platform, in no circle
//	invited    holds an invitation
var Viewers = []string{"guest", "stranger", "same", "other", "invited", "requested", "banned", "member", "moderator", "owner", "admin"}

// Target is one of the four circles.
type Target struct {
	groups.Group
	Secret     string // of an invitation by link that the moderator made
	Invitation int64  // its number
	Request    int64  // of the viewer "requested"
	Report     int64  // about the member, at the circle's desk
	Platform   int64  // about the circle, at the platform's
}

// World is the pages on a database of their own.
type World struct {
	T       testing.TB
	DB      *sqlx.DB
	Echo    *echo.Echo
	Site    *page.Site
	Server  *circle.Server
	Groups  *groups.Service
	Members *members.Service
	Targets []Target
	At      time.Time
	People  map[string]members.Member                    // by who they are: the kinds of viewers, and colleague, cousin, shown
	Params  map[string]func(g Target, who string) string // what stands for ":name" in a path
	owner   *sqlx.DB
}

// Open makes a World.
func Open(t testing.TB) *World {
	t.Helper()
	db := pgtest.DB(t)
	w := &World{T: t, DB: db, owner: pgtest.Owner(t, db), At: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), People: map[string]members.Member{}}
	now := func() time.Time { return w.At }
	keys, err := token.NewKeys("a secret of the tests that is long enough")
	w.must(err)
	outbox := mailtest.Outbox(t, db, now)
	w.Members = members.New(members.Options{DB: db, Mail: outbox, Keys: keys, Now: now})
	w.Groups = groups.New(groups.Options{DB: db, Now: now, Mail: outbox, Keys: keys, Members: w.Members})
	w.Site, err = page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: "https://relais.example", Now: now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Uploads: circle.Uploads()})
	w.must(err)
	photos, err := media.Open(t.TempDir())
	w.must(err)
	w.Server = circle.New(circle.Options{Site: w.Site, DB: db, Groups: w.Groups, Media: photos, Now: now, BaseURL: "https://relais.example"})
	w.Echo = echo.New()
	w.must(w.Site.Use(w.Echo))
	w.Echo.Use(w.identify)
	w.Params = map[string]func(Target, string) string{
		"handle": func(g Target, _ string) string { return g.Handle },
		"secret": func(g Target, _ string) string { return g.Secret },
		"who":    func(Target, string) string { return w.People["member"].Handle },
	}
	w.populate()
	return w
}

func (w *World) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// names are such as stand nowhere else on a page.
var names = map[string]string{"stranger": "Sylvestre Inconnu", "colleague": "Colette Bureau", "cousin": "Cosme Parent", "invited": "Isaure Conviée",
	"requested": "Quentin Patient", "banned": "Barnabé Dehors", "member": "Mélusine Dedans", "moderator": "Modeste Veilleur", "owner": "Octavie Maison",
	"admin": "Adèle Siège", "shown": "Violette Montrée"}

func (w *World) populate() {
	w.T.Helper()
	hash, err := w.Members.HashPassword(context.Background(), "trois vélos bleus")
	w.must(err)
	for who, name := range names {
		m, err := w.Members.Create(context.Background(), members.NewMember{Email: who + "@example.org", Name: name, Handle: "p-" + who, Lang: i18n.FR,
			Admin: who == "admin", Confirmed: true, PasswordHash: hash, CreatedAt: w.At})
		w.must(err)
		w.People[who] = m
	}
	for _, sphere := range groups.Spheres() {
		for _, visibility := range []groups.Visibility{groups.Open, groups.Private} {
			w.Targets = append(w.Targets, w.target(sphere, visibility))
		}
	}
	w.shared("Entre collègues", groups.Professional, "colleague")
	w.shared("Entre cousins", groups.Personal, "cousin")
}

func (w *World) id(who string) int64 { return w.People[who].ID }

// join puts somebody into a circle.
func (w *World) join(g groups.Group, who string, role groups.Role) {
	w.T.Helper()
	_, err := w.DB.Exec(`insert into group_members (group_id, member_id, role, joined_at) values ($1, $2, $3, $4)`, g.ID, w.id(who), role, w.At)
	w.must(err)
}

// shared makes a private circle in which somebody is together with everybody of the targets.
func (w *World) shared(name string, sphere groups.Sphere, with string) {
	w.T.Helper()
	g, err := w.Groups.Create(context.Background(), w.id("owner"), groups.Draft{Name: name, Sphere: sphere, Visibility: groups.Private, Admission: groups.Free})
	w.must(err)
	for _, who := range []string{"moderator", "member", "shown", with} {
		w.join(g, who, groups.Member)
	}
}

func (w *World) target(sphere groups.Sphere, visibility groups.Visibility) Target {
	w.T.Helper()
	ctx := context.Background()
	g, err := w.Groups.Create(ctx, w.id("owner"), groups.Draft{Name: fmt.Sprintf("Zéphyr %s %s", sphere, visibility), Description: "Description " + string(visibility) + " " + string(sphere),
		Rules: "Être aimable.", Sphere: sphere, Visibility: visibility, Admission: groups.Asked})
	w.must(err)
	t := Target{Group: g}
	w.join(g, "moderator", groups.Moderator)
	w.join(g, "member", groups.Member)
	w.join(g, "shown", groups.Member)
	_, err = w.DB.Exec(`update group_members set shown = true where group_id = $1 and member_id = $2`, g.ID, w.id("shown")) // a private circle is not shown for that
	w.must(err)
	w.join(g, "banned", groups.Member)
	w.must(w.Groups.Remove(ctx, g.ID, w.id("owner"), w.id("banned"), "Insultes.", true))
	agreed := groups.Accepted{Yes: true, Mark: groups.RulesMark(g)}
	byMember, err := w.Groups.Link(ctx, g.ID, w.id("member"), 30, 100)
	w.must(err)
	_, err = w.Groups.Accept(ctx, byMember, w.id("requested"), agreed, "Bonjour.")
	w.must(err)
	t.Secret, err = w.Groups.Link(ctx, g.ID, w.id("moderator"), 30, 100)
	w.must(err)
	w.must(w.Groups.ReportGroup(ctx, g.ID, w.id("moderator"), w.id("member"), "insult", "Un mot de trop."))
	w.must(w.Groups.ReportGroup(ctx, g.ID, w.id("member"), 0, "danger", "Tout le cercle."))
	w.must(w.DB.Get(&t.Invitation, `select max(id) from group_invitations where group_id = $1`, g.ID))
	w.must(w.DB.Get(&t.Request, `select id from group_requests where group_id = $1`, g.ID))
	w.must(w.DB.Get(&t.Report, `select id from group_reports where group_id = $1 and desk = 'group'`, g.ID))
	w.must(w.DB.Get(&t.Platform, `select id from group_reports where group_id = $1 and desk = 'platform'`, g.ID))
	return t
}

// Who is the person who looks as a kind of viewer at a circle: of those who share another circle, it depends on its sphere.
func Who(viewer string, sphere groups.Sphere) string {
	switch {
	case viewer == "same" && sphere == groups.Professional, viewer == "other" && sphere == groups.Personal:
		return "colleague"
	case viewer == "same", viewer == "other":
		return "cousin"
	}
	return viewer
}

// identify takes the word of the request for who is signed in.
func (w *World) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if m, ok := w.People[c.Request().Header.Get("X-Test-Member")]; ok {
			page.SetViewer(c, &page.Viewer{ID: m.ID, Handle: m.Handle, Name: m.Name, Lang: m.Lang, Admin: m.Admin, Confirmed: true})
		}
		return next(c)
	}
}

// Ask sends a request as somebody ("guest": nobody).
func (w *World) Ask(who, method, path string, form url.Values) *httptest.ResponseRecorder {
	w.T.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Accept-Language", "fr")
	r.Header.Set("X-Test-Member", who)
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	a := httptest.NewRecorder()
	w.Echo.ServeHTTP(a, r)
	return a
}

// Path fills in a route for a circle. ":id" depends on what stands before it.
func (w *World) Path(route string, g Target, who string) string {
	w.T.Helper()
	parts := strings.Split(route, "/")
	for i, part := range parts {
		at, name, found := strings.Cut(part, ":")
		if !found {
			continue
		}
		if at == "@" {
			parts[i] = "@" + w.People["shown"].Handle
			continue
		}
		fill, ok := w.Params[name]
		switch {
		case name == "id" && strings.HasPrefix(route, "/admin/groups/reports/"):
			parts[i] = strconv.FormatInt(g.Platform, 10)
		case name == "id" && i > 0 && w.number(parts[i-1], g) != 0:
			parts[i] = strconv.FormatInt(w.number(parts[i-1], g), 10)
		case ok:
			parts[i] = fill(g, who)
		default:
			w.T.Fatalf("%s: nothing stands for :%s; add it to World.Params", route, name)
		}
	}
	return strings.Join(parts, "/")
}

func (w *World) number(before string, g Target) int64 {
	switch before {
	case "requests":
		return g.Request
	case "reports":
		return g.Report
	case "invite":
		return g.Invitation
	case "bans":
		return w.id("banned")
	}
	return 0
}
