package circle_test

import (
	"net/url"
	"testing"

	"relais/internal/web/circle/circletest"
)

func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

// The columns: guest stranger same other invited requested banned member moderator owner admin.
var rows = []circletest.Row{
	{Route: "GET /groups", Open: "...........", Private: "..........."},
	{Route: "GET /@:handle/circles", Open: "...........", Private: "..........."},
	{Route: "GET /me/groups", Open: "L..........", Private: "L.........."},
	{Route: "GET /me/groups/new", Open: "L..........", Private: "L.........."},
	{Route: "POST /me/groups", Open: "LUUUUUUUUUU", Private: "LUUUUUUUUUU"}, // without a name

	// An invitation is worth the same to whoever holds it, except to who was banned. It shows who invites.
	{Route: "GET /g/i/:secret", Open: "......4>>>.", Private: "......4>>>.", Names: []string{"moderator"}, Circle: true},
	{Route: "POST /g/i/:secret", Open: "LUUUUU4>>>U", Private: "LUUUUU4>>>U", Names: []string{"moderator"}, Circle: true}, // without accepting
	{Route: "GET /g/i/:secret/link", Open: "L4444444.44", Private: "L4444444.44"},
	{Route: "GET /g/i/:secret/stop", Open: "44444444444", Private: "44444444444"}, // it is a link: nobody was written to
	{Route: "POST /g/i/:secret/stop", Open: "44444444444", Private: "44444444444"},

	{Route: "GET /g/:handle", Open: "...........", Private: "4444444...4"},
	{Route: "GET /g/:handle/about", Open: "...........", Private: "4444444...4"},
	{Route: "GET /g/:handle/join", Open: "L.....F>>>.", Private: "L444444>>>4"},
	{Route: "POST /g/:handle/join", Open: "LUUUU>F>>>U", Private: "L444444>>>4"}, // without accepting
	{Route: "POST /g/:handle/withdraw", Open: "L>>>>>>>>>>", Private: "L4444>4>>>4"},
	{Route: "GET /g/:handle/report", Open: "L..........", Private: "L444444...4"},
	{Route: "POST /g/:handle/report", Open: "LUUUUUUUUUU", Private: "L444444UUU4"}, // without a reason

	{Route: "GET /g/:handle/members", Open: "FFFFFFF...F", Private: "4444444...4"},
	{Route: "GET /g/:handle/leave", Open: "FFFFFFF...F", Private: "4444444...4"},
	{Route: "POST /g/:handle/leave", Open: "LFFFFFF>>CF", Private: "L444444>>C4"},
	{Route: "POST /g/:handle/show", Open: "LFFFFFF>>>F", Private: "L444444CCC4", Form: form("shown", "yes")},
	{Route: "GET /g/:handle/invite", Open: "FFFFFFF...F", Private: "4444444...4"},
	{Route: "POST /g/:handle/invite/link", Open: "LFFFFFF>>>F", Private: "L444444>>>4", Form: form("days", "7", "uses", "10")},
	{Route: "POST /g/:handle/invite/mail", Open: "LFFFFFF>>>F", Private: "L444444>>>4", Form: form("addresses", "ami@example.org")},
	{Route: "POST /g/:handle/invite/:id/revoke", Open: "LFFFFFFF>>F", Private: "L444444F>>4"}, // the moderator's own

	{Route: "GET /g/:handle/moderation", Open: "FFFFFFFF..F", Private: "4444444F..4"},
	{Route: "POST /g/:handle/requests/:id", Open: "LFFFFFFF>>F", Private: "L444444F>>4", Form: form("do", "yes")},
	{Route: "GET /g/:handle/reports/:id", Open: "FFFFFFFF..F", Private: "4444444F..4"},
	{Route: "POST /g/:handle/reports/:id", Open: "LFFFFFFF>>F", Private: "L444444F>>4", Form: form("decision", "banned", "why", "Insultes.")},
	{Route: "GET /g/:handle/members/:who", Open: "FFFFFFFF..F", Private: "4444444F..4"},
	{Route: "POST /g/:handle/members/:who/out", Open: "LFFFFFFF>>F", Private: "L444444F>>4", Form: form("why", "Insultes.", "ban", "yes")},
	{Route: "POST /g/:handle/bans/:id", Open: "LFFFFFFF>>F", Private: "L444444F>>4"},

	{Route: "POST /g/:handle/members/:who/role", Open: "LFFFFFFFF>F", Private: "L444444FF>4", Form: form("role", "owner")},
	{Route: "GET /g/:handle/settings", Open: "FFFFFFFFF.F", Private: "4444444FF.4"},
	{Route: "POST /g/:handle/settings", Open: "LFFFFFFFFUF", Private: "L444444FFU4"}, // without a name
	{Route: "POST /g/:handle/close", Open: "LFFFFFFFF>F", Private: "L444444FF>4"},

	// The admins' desk names the circle, and whose it is where the report is about them; here it is about the circle.
	{Route: "GET /admin/groups", Open: "L444444444.", Private: "L444444444.", Circle: true},
	{Route: "GET /admin/groups/reports/:id", Open: "L444444444.", Private: "L444444444.", Circle: true},
	{Route: "POST /admin/groups/reports/:id", Open: "L444444444>", Private: "L444444444>", Form: form("decision", "closed", "why", "Danger."), Circle: true},
}

// TestMatrix asks every route of this package as every kind of viewer, in open and private circles of both spheres.
func TestMatrix(t *testing.T) {
	w := circletest.Open(t)
	w.Server.Routes(w.Echo)
	circletest.Matrix(t, w, rows)
}
