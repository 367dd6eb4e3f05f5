package circletest

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"relais/internal/groups"
)

// Row says how one route answers. Open and Private have one letter for each of Viewers, for circles of either sphere, which must not differ:
//
//	.  200, the page            L  303, to the log-in        4  404, as for a circle that does not exist
//	>  303, it was done         U  422, the form again       F  403, there is no secret in it
//	C  409, not as things stand
type Row struct {
	Route         string // "GET /g/:handle"
	Open, Private string
	Form          url.Values
	Names         []string // people whose names stand in the answer for whoever may have it: who invites
	Circle        bool     // the answer names the circle to whoever gets a page: an invitation, the admins' desk
}

// statuses of the letters.
var statuses = map[byte]int{'.': 200, 'L': 303, '>': 303, '4': 404, 'F': 403, 'U': 422, 'C': 409}

// Matrix asks every route of the echo as every kind of viewer about every circle. A route without a row fails, and a row without a route.
func Matrix(t *testing.T, w *World, rows []Row) {
	t.Helper()
	known := map[string]Row{}
	for _, row := range rows {
		known[row.Route] = row
	}
	w.keep()
	for _, route := range w.Echo.Routes() {
		name := route.Method + " " + route.Path
		row, ok := known[name]
		if !ok {
			t.Errorf("%s has no row in the matrix", name)
			continue
		}
		delete(known, name)
		t.Run(name, func(t *testing.T) {
			for _, target := range w.Targets {
				w.row(t, row, route.Method, route.Path, target)
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		t.Errorf("%s has a row and no route", name)
	}
}

func (w *World) row(t *testing.T, row Row, method, path string, target Target) {
	t.Helper()
	letters := row.Open
	if target.Visibility == groups.Private {
		letters = row.Private
	}
	if len(letters) != len(Viewers) {
		t.Fatalf("%d letters for %d viewers", len(letters), len(Viewers))
	}
	for i, viewer := range Viewers {
		who := Who(viewer, target.Sphere)
		address := w.Path(path, target, who)
		a := w.Ask(who, method, address, row.Form)
		where := fmt.Sprintf("%s, %s circle, %s", viewer, target.Visibility, target.Sphere)
		login := strings.HasPrefix(a.Header().Get("Location"), "/login")
		if a.Code != statuses[letters[i]] || (letters[i] == 'L') != login {
			t.Errorf("%s: %d to %q, want %c\n%.300s", where, a.Code, a.Header().Get("Location"), letters[i], text(a))
		}
		w.quiet(t, where, who, row, target, a)
		if letters[i] == '4' && strings.Contains(path, ":handle") && strings.HasPrefix(path, "/g/") {
			none := target
			none.Handle = "personne-ne-connait-ce-cercle"
			same := w.Ask(who, method, w.Path(path, none, who), row.Form)
			if same.Code != a.Code || clean(same, none.Handle) != clean(a, target.Handle) {
				t.Errorf("%s: the answer differs from that for a circle that does not exist", where)
			}
		}
		if letters[i] == '>' {
			w.restore()
		}
	}
}

// quiet checks an answer for what its reader must not learn.
func (w *World) quiet(t *testing.T, where, who string, row Row, target Target, a *httptest.ResponseRecorder) {
	t.Helper()
	body := text(a) + a.Header().Get("Location") + a.Header().Get("Set-Cookie")
	inside := who == "member" || who == "moderator" || who == "owner"
	for _, g := range w.Targets {
		may := inside || g.Visibility == groups.Open || row.Circle && (a.Code == 200 || a.Code == 422 || a.Code == 303) || who == "requested" && strings.Contains(row.Route, "/me/groups")
		if !may && (strings.Contains(body, g.Name) || strings.Contains(body, g.Description)) {
			t.Errorf("%s learns of %q", where, g.Name)
		}
	}
	if inside {
		return
	}
	for _, person := range []string{"member", "moderator", "owner"} {
		if name := w.People[person].Name; strings.Contains(body, name) && !slices.Contains(row.Names, person) {
			t.Errorf("%s reads the name of the %s, %s", where, person, name)
		}
	}
	if name := w.People["shown"].Name; target.Visibility == groups.Private && strings.HasPrefix(row.Route[strings.Index(row.Route, "/"):], "/g/") && strings.Contains(body, name) {
		t.Errorf("%s reads in a private circle the name of %s", where, name)
	}
}

func text(a *httptest.ResponseRecorder) string { return a.Body.String() }

var request = regexp.MustCompile(`[A-Z2-7]{12}`) // the number of a request, on the page of an error

// clean is an answer without what differs from one request to the other.
func clean(a *httptest.ResponseRecorder, handle string) string {
	return request.ReplaceAllString(strings.ReplaceAll(text(a), handle, "HANDLE"), "")
}

// tables that a request may change, in the order in which they can be filled.
var tables = []string{"groups", "group_members", "group_bans", "group_invitations", "group_mails", "group_mail_stops", "group_requests", "group_reports", "group_log"}

// keep remembers what is in the tables.
func (w *World) keep() {
	w.T.Helper()
	for _, table := range tables {
		_, err := w.owner.Exec("create table kept_" + table + " as table " + table)
		w.must(err)
	}
}

// restore brings the tables back to what they were, past the triggers.
func (w *World) restore() {
	w.T.Helper()
	tx, err := w.owner.Beginx()
	w.must(err)
	defer tx.Rollback()
	_, err = tx.Exec("set local session_replication_role = replica")
	w.must(err)
	for _, table := range tables {
		_, err = tx.Exec("delete from " + table)
		w.must(err)
		_, err = tx.Exec("insert into " + table + " overriding system value table kept_" + table)
		w.must(err)
	}
	w.must(tx.Commit())
}
