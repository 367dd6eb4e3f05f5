package posts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"relais/internal/fault"
	"relais/internal/posts"
)

// Who may do what, in words: each row is somebody before a post (of author 1, in a circle that 9 owns), or a comment on it (of 2).
func TestMay(t *testing.T) {
	member := posts.Standing{Viewer: 5, Reads: true, Posts: true, Author: 1, Owner: 9, Live: true, Published: true}
	with := func(s posts.Standing, change func(*posts.Standing)) posts.Standing { change(&s); return s }
	comment := func(s posts.Standing) posts.Standing {
		return with(s, func(s *posts.Standing) { s.Commenter = 2 })
	}
	moderator := with(member, func(s *posts.Standing) { s.Moderates = true })
	removed := func(s posts.Standing) posts.Standing {
		return with(s, func(s *posts.Standing) { s.Live = false })
	}
	blocked := func(s posts.Standing) posts.Standing {
		return with(s, func(s *posts.Standing) { s.AuthorBlocked = true })
	}
	for name, c := range map[string]struct {
		s    posts.Standing
		acts []posts.Act
	}{
		"guest":                              {posts.Standing{Author: 1, Owner: 9, Live: true, Published: true}, nil},
		"stranger":                           {posts.Standing{Viewer: 5, Author: 1, Owner: 9, Live: true, Published: true}, nil},
		"banned, who comments":               {comment(posts.Standing{Viewer: 2, Author: 1, Owner: 9, Live: true, Published: true}), nil},
		"author who left the circle":         {posts.Standing{Viewer: 1, Author: 1, Owner: 9, Live: true, Published: true}, nil},
		"member":                             {member, []posts.Act{posts.See, posts.Speak, posts.ReportPost}},
		"member before a comment":            {comment(member), []posts.Act{posts.See, posts.Speak, posts.ReportPost, posts.ReportComment}},
		"member in a closed circle":          {with(member, func(s *posts.Standing) { s.Posts = false }), []posts.Act{posts.See, posts.ReportPost}},
		"author":                             {with(member, func(s *posts.Standing) { s.Viewer = 1 }), []posts.Act{posts.See, posts.Speak}},
		"commenter":                          {comment(with(member, func(s *posts.Standing) { s.Viewer = 2 })), []posts.Act{posts.See, posts.Speak, posts.ReportPost, posts.DeleteComment}},
		"commenter, gone":                    {comment(with(member, func(s *posts.Standing) { s.Viewer, s.CommentGone = 2, true })), []posts.Act{posts.See, posts.Speak, posts.ReportPost}},
		"member before what is removed":      {removed(member), nil},
		"author of what is removed":          {removed(with(member, func(s *posts.Standing) { s.Viewer = 1 })), nil},
		"member before a blocked author":     {blocked(comment(member)), nil},
		"moderator":                          {moderator, []posts.Act{posts.See, posts.Speak, posts.ReportPost, posts.RemovePost, posts.ReadHistory}},
		"moderator before a comment":         {comment(moderator), []posts.Act{posts.See, posts.Speak, posts.ReportPost, posts.RemovePost, posts.ReadHistory, posts.ReportComment, posts.RemoveComment}},
		"moderator before the owner's words": {with(comment(moderator), func(s *posts.Standing) { s.Author, s.Commenter = 9, 9 }), []posts.Act{posts.See, posts.Speak, posts.ReportPost, posts.ReadHistory, posts.ReportComment}},
		"moderator before their own":         {with(moderator, func(s *posts.Standing) { s.Author = 5 }), []posts.Act{posts.See, posts.Speak, posts.ReadHistory}},
		"moderator before what is removed":   {removed(moderator), []posts.Act{posts.See, posts.ReadHistory}},
		"moderator before a blocked author":  {blocked(moderator), []posts.Act{posts.See, posts.RemovePost, posts.ReadHistory}},
		"moderator, never published":         {with(removed(moderator), func(s *posts.Standing) { s.Published = false }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, a := range posts.Acts() {
				if got, want := posts.May(a, c.s), slices.Contains(c.acts, a); got != want {
					t.Errorf("May(%s) = %t", a, got)
				}
			}
		})
	}
}

// Nothing is ever allowed to somebody who does not read the circle.
func TestStrangersMayNothing(t *testing.T) {
	check := func(s posts.Standing) bool {
		s.Reads, s.Posts, s.Moderates = false, false, false
		for _, a := range posts.Acts() {
			if posts.May(a, s) {
				return false
			}
		}
		return true
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string]string{
		"  bon \r\n jour\r":   "bon \n jour",
		"a\n\n\n\n b\n \n\nc": "a\n\n b\n\nc",
		"\u2028x":             "x",
	} {
		if got, err := posts.Words("text", in, 100); err != nil || got != want {
			t.Errorf("%q becomes %q, %v; want %q", in, got, err, want)
		}
	}
	for in, field := range map[string]string{"a\x00b": "text", "ab\u202egpj.exe": "text", "\xff": "text", strings.Repeat("é", 101): "text"} {
		if _, err := posts.Words(field, in, 100); !errors.Is(err, fault.Invalid) {
			t.Errorf("%q is taken: %v", in, err)
		}
	}
}

func TestReadyAndTidy(t *testing.T) {
	field := func(err error) string {
		f, _ := errors.AsType[*fault.Error](err)
		if f == nil {
			return ""
		}
		for name := range f.Fields {
			return name
		}
		return "?"
	}
	for name, c := range map[string]struct {
		c        posts.Content
		circles  int
		networks []string
		field    string
	}{
		"whole":                {posts.Content{Text: "x"}, 1, nil, ""},
		"only outside":         {posts.Content{Text: "x"}, 0, []string{"sms"}, ""},
		"no words":             {posts.Content{Photos: []posts.Photo{{Hash: "a"}}}, 1, nil, "text"},
		"nowhere":              {posts.Content{Text: "x"}, 0, nil, "groups"},
		"nothing to link":      {posts.Content{Text: "x"}, 1, []string{"facebook"}, "networks"},
		"storefront to link":   {posts.Content{Text: "x", Attach: posts.Storefront}, 0, []string{"linkedin"}, ""},
		"product to recommend": {posts.Content{Text: "x", Attach: posts.Product, ProductID: 3}, 0, []string{"facebook"}, ""},
	} {
		if got := field(posts.Ready(c.c, c.circles, c.networks)); got != c.field {
			t.Errorf("%s: field %q, want %q", name, got, c.field)
		}
	}
	five := make([]posts.Photo, 5)
	for name, c := range map[string]struct {
		c     posts.Content
		field string
	}{
		"draft of nothing":        {posts.Content{Kind: posts.Story}, ""},
		"no kind":                 {posts.Content{Text: "x"}, "kind"},
		"product without number":  {posts.Content{Kind: posts.Story, Attach: posts.Product}, "attach"},
		"number without product":  {posts.Content{Kind: posts.Story, ProductID: 4}, "attach"},
		"something else attached": {posts.Content{Kind: posts.Story, Attach: "brand"}, "attach"},
		"many photographs":        {posts.Content{Kind: posts.Story, Photos: five}, "photo"},
		"long alternative":        {posts.Content{Kind: posts.Story, Photos: []posts.Photo{{Alt: strings.Repeat("a", 301)}}}, "alt"},
	} {
		if _, err := posts.Tidy(c.c); field(err) != c.field {
			t.Errorf("%s: field %q, want %q", name, field(err), c.field)
		}
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ typed, zone, want, field string }{
		"Paris in winter":       {"2026-03-28T18:30", "Europe/Paris", "2026-03-28T17:30:00Z", ""},
		"Paris in summer":       {"2026-03-29T18:30", "Europe/Paris", "2026-03-29T16:30:00Z", ""},
		"an hour that is not":   {"2026-03-29T02:30", "Europe/Paris", "2026-03-29T01:30:00Z", ""},
		"Réunion":               {"2026-03-28T18:30", "Indian/Reunion", "2026-03-28T14:30:00Z", ""},
		"New York":              {"2026-03-28T18:30", "America/New_York", "2026-03-28T22:30:00Z", ""},
		"past there, not here":  {"2026-03-28T12:30", "Europe/Paris", "", "at"},
		"now":                   {"2026-03-28T12:00", "UTC", "", "at"},
		"far":                   {"2027-04-28T12:00", "UTC", "", "at"},
		"no time":               {"", "UTC", "", "at"},
		"nonsense":              {"demain", "UTC", "", "at"},
		"no zone":               {"2026-03-28T18:30", "", "", "zone"},
		"zone of nowhere":       {"2026-03-28T18:30", "Mars/Olympus", "", "zone"},
		"the server's own":      {"2026-03-28T18:30", "Local", "", "zone"},
		"a path for a zone":     {"2026-03-28T18:30", "../../etc/passwd", "", "zone"},
		"a second in the day":   {"2026-03-28T18:30:30", "UTC", "", "at"},
		"a day that is not one": {"2026-02-30T18:30", "UTC", "", "at"},
	} {
		at, err := posts.Moment(c.typed, c.zone, now)
		if c.field != "" {
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Fields[c.field] == "" {
				t.Errorf("%s: %v, %v; want the field %s", name, at, err, c.field)
			}
			continue
		}
		if got := at.UTC().Format(time.RFC3339); err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, c.want)
		}
		if back := posts.Typed(at, c.zone); back != c.typed && name != "an hour that is not" {
			t.Errorf("%s: shown again as %s", name, back)
		}
	}
	for _, z := range posts.Zones() {
		if _, err := time.LoadLocation(z); err != nil {
			t.Errorf("zone %s: %v", z, err)
		}
	}
}

func TestWait(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	ago := func(minutes ...int) (list []time.Time) {
		for _, m := range minutes {
			list = append(list, now.Add(-time.Duration(m)*time.Minute))
		}
		return list
	}
	paces := []posts.Pace{{Most: 2, Span: 10 * time.Minute}, {Most: 4, Span: time.Hour}}
	for name, c := range map[string]struct {
		last []time.Time
		wait time.Duration
	}{
		"nothing yet":      {nil, 0},
		"one":              {ago(1), 0},
		"two in a row":     {ago(1, 3), 7 * time.Minute},
		"two, long enough": {ago(1, 10), 0},
		"four in the hour": {ago(11, 12, 13, 20), 40 * time.Minute},
		"both":             {ago(1, 2, 30, 31), 29 * time.Minute},
	} {
		if got := max(0, posts.Wait(paces, c.last, now)); got != c.wait {
			t.Errorf("%s: wait %v, want %v", name, got, c.wait)
		}
	}
}

func TestPieces(t *testing.T) {
	for in, want := range map[string][]posts.Piece{
		"rien":                          {{Text: "rien"}},
		"vu ici : https://a.example/b.": {{Text: "vu ici : "}, {Text: "https://a.example/b", URL: "https://a.example/b"}, {Text: "."}},
		"(http://a.example)":            {{Text: "("}, {Text: "http://a.example", URL: "http://a.example"}, {Text: ")"}},
		"https://a.example/x_(y)":       {{Text: "https://a.example/x_(y)", URL: "https://a.example/x_(y)"}},
		"javascript:alert(1)":           {{Text: "javascript:alert(1)"}},
		"https://user:pw@a.example":     {{Text: "https://user:pw@a.example"}},
		"https://":                      {{Text: "https://"}},
		"« https://a.example/é »":       {{Text: "« "}, {Text: "https://a.example/é", URL: "https://a.example/é"}, {Text: " »"}},
		"https://a.example\"onclick=1":  {{Text: "https://a.example", URL: "https://a.example"}, {Text: "\"onclick=1"}},
		"":                              nil,
	} {
		if diff := cmp.Diff(want, posts.Pieces(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

// Whatever is in a text, its pieces are all of it, and lead only to the web.
func FuzzPieces(f *testing.F) {
	f.Add("x https://a.example/b. http://c) (https://d")
	f.Fuzz(func(t *testing.T, text string) {
		whole := ""
		for _, p := range posts.Pieces(text) {
			whole += p.Text
			if p.URL != "" && !strings.HasPrefix(p.URL, "http://") && !strings.HasPrefix(p.URL, "https://") {
				t.Errorf("%q leads to %q", text, p.URL)
			}
		}
		if whole != text {
			t.Errorf("%q became %q", text, whole)
		}
	})
}

func TestAdvertises(t *testing.T) {
	const base = "https://relais.example"
	for text, want := range map[string]bool{
		"":                                  false,
		"https://relais.example/p/bol":      false,
		"https://relais.example/r/Abcd1234": true,
		"voir https://RELAIS.example/@lea.": true,
		"https://other.example/r/Abcd1234":  false,
		"relais.example/r/Abcd1234":         false, // no link: nobody gets there by a tap
	} {
		if got := posts.Advertises(posts.Nothing, text, base); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
	if !posts.Advertises(posts.Product, "", base) || !posts.Advertises(posts.Storefront, "", base) {
		t.Error("what is attached is no advertisement")
	}
}

func TestOutside(t *testing.T) {
	label, link := "Publicité : Léa touche une commission.", "https://relais.example/r/Abcd1234"
	if got := posts.Outside("whatsapp", label, "Un bol.\nBleu.", link); got != label+" Un bol.\nBleu." {
		t.Errorf("%q", got)
	}
	if got := posts.Outside("sms", "", "Bonjour", ""); got != "Bonjour" {
		t.Errorf("%q", got)
	}
	long := strings.Repeat("bonheur ", 200)
	for _, channel := range posts.Networks() {
		got := posts.Outside(channel, label, long, link)
		if !strings.HasPrefix(got, label+" bonheur") {
			t.Errorf("%s: begins with %.60q", channel, got)
		}
		if most, fixed := posts.Room(channel); most > 0 {
			cost := utf8.RuneCountInString(got) + 1 + utf8.RuneCountInString(link)
			if fixed > 0 {
				cost = utf8.RuneCountInString(got) + 1 + fixed
			}
			if cost > most || !strings.HasSuffix(got, "bonheur…") {
				t.Errorf("%s: %d characters, %.20q", channel, cost, got[len(got)-20:])
			}
		}
	}
}

// No text, label or link makes a network's text too long, as long as label and link have room.
func FuzzOutside(f *testing.F) {
	f.Add("x", "un deux", "https://r/r/a")
	f.Add("bluesky", strings.Repeat("é ", 400), "")
	f.Fuzz(func(t *testing.T, channel, text, link string) {
		label := "Publicité : Léa touche une commission."
		if len(link) > 100 || !utf8.ValidString(text) {
			return
		}
		got := posts.Outside(channel, label, text, link)
		if !strings.HasPrefix(got, label) {
			t.Errorf("the label is lost: %q", got)
		}
		most, fixed := posts.Room(channel)
		room := utf8.RuneCountInString(link)
		if fixed > 0 && link != "" {
			room = fixed
		}
		if most > 0 && utf8.RuneCountInString(got)+room > most {
			t.Errorf("%d and %d characters", utf8.RuneCountInString(got), room)
		}
	})
}

func TestCursor(t *testing.T) {
	c := posts.Cursor{At: time.Date(2026, 3, 2, 9, 0, 0, 123_456_000, time.UTC), ID: 42}
	if got := posts.ParseCursor(c.String()); got != c {
		t.Errorf("%v became %v", c, got)
	}
	for _, s := range []string{"", "-", "x", "zzzzzzzzzzzzzzzz-1", "-5-1", "1a-0", "1a--4"} {
		if got := posts.ParseCursor(s); got != (posts.Cursor{}) {
			t.Errorf("%q is %v", s, got)
		}
	}
}

func TestChanged(t *testing.T) {
	a := posts.Content{Kind: posts.Story, Text: "x", Photos: []posts.Photo{{PostID: 1, Hash: "h", Alt: "a"}}}
	b := a
	b.Photos = []posts.Photo{{Hash: "h", Alt: "a"}}
	if posts.Changed(a, b) {
		t.Error("the same is a change")
	}
	b.Photos = []posts.Photo{{Hash: "h", Alt: "b"}}
	if !posts.Changed(a, b) {
		t.Error("another alternative text is none")
	}
}
