package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"relais/internal/fediverse/wire"
)

var strict, local = wire.Rules{}, wire.Rules{Local: true}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		address       string
		strict, local bool
	}{
		{"https://elsewhere.example/users/a", true, true}, {"https://elsewhere.example:8443/a#main-key", true, true},
		{"http://elsewhere.example/a", false, false}, {"http://127.0.0.1:8080/a", false, true}, {"http://[::1]/a", false, true}, {"http://localhost/a", false, false},
		{"https://user@elsewhere.example/", false, false}, {"https://user:word@elsewhere.example/", false, false}, {"//elsewhere.example", false, false},
		{"https:elsewhere.example", false, false}, {"https://", false, false}, {"file:///etc/passwd", false, false}, {"javascript:alert(1)", false, false},
		{"", false, false}, {"https://elsewhere.example/" + strings.Repeat("a", wire.MaxURI), false, false}, {"https://%zz/", false, false},
	} {
		_, errStrict := strict.Address(c.address)
		_, errLocal := local.Address(c.address)
		if (errStrict == nil) != c.strict || (errLocal == nil) != c.local {
			t.Errorf("%.60q: %v, %v", c.address, errStrict, errLocal)
		}
	}
}

func TestAccount(t *testing.T) {
	for text, want := range map[string]string{
		"@lea@relais.example": "lea relais.example", "lea@relais.example": "lea relais.example", " acct:b.maison-brevane@Relais.Example ": "b.maison-brevane relais.example",
		"@lea@relais.example:8443": "lea relais.example:8443", "@lea": "", "": "", "@@relais.example": "", "@lea@": "", "@lea@localhost": "", "@lea@127.0.0.1:80": "lea 127.0.0.1:80",
		"@lea@relais.example/path": "", "@lea@user@relais.example": "", "@l/ea@relais.example": "", "@lea@relais.example?x": "", "https://relais.example/@lea": "",
	} {
		user, host, err := strict.Account(text)
		got := user + " " + host
		if err != nil {
			got = ""
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		domain, host string
		want         bool
	}{{"bad.example", "bad.example", true}, {"bad.example", "social.bad.example", true}, {"bad.example", "bad.example:8443", true}, {"bad.example", "notbad.example", false}, {"social.bad.example", "bad.example", false}} {
		if got := wire.Covers(c.domain, c.host); got != c.want {
			t.Errorf("%s covers %s: %v", c.domain, c.host, got)
		}
	}
}

func TestParseActivity(t *testing.T) {
	const head = `"@context":"https://www.w3.org/ns/activitystreams","id":"https://e.example/1","actor":"https://e.example/a"`
	for name, c := range map[string]struct {
		raw  string
		want string // as one line; empty: refused
	}{
		"follow":             {`{` + head + `,"type":"Follow","object":"https://relais.example/fediverse/actors/7"}`, "Follow  https://relais.example/fediverse/actors/7  "},
		"undo":               {`{` + head + `,"type":"Undo","object":{"type":"Follow","id":"https://e.example/0","actor":"https://e.example/a","object":{"id":"https://relais.example/x"}}}`, "Undo Follow https://e.example/0 https://e.example/a https://relais.example/x"},
		"an actor in full":   {`{"id":"https://e.example/1","actor":{"id":"https://e.example/a","type":"Person"},"type":"Like","object":["https://relais.example/n"]}`, "Like  https://relais.example/n  "},
		"unknown":            {`{` + head + `,"type":"Dance"}`, "Dance    "},
		"no type":            {`{` + head + `}`, ""},
		"no id":              {`{"actor":"https://e.example/a","type":"Follow"}`, ""},
		"no actor":           {`{"id":"https://e.example/1","type":"Follow"}`, ""},
		"an id that is none": {`{"id":"7","actor":"https://e.example/a","type":"Follow"}`, ""},
		"http":               {`{"id":"http://e.example/1","actor":"http://e.example/a","type":"Follow"}`, ""},
		"a list":             {`[]`, ""},
		"null":               {`null`, ""},
		"two":                {`{} {}`, ""},
		"not JSON":           {`{"id":`, ""},
		"a zero byte":        {`{` + head + `,"type":"Fol\u0000low"}`, ""},
		"not UTF-8":          {"{" + head + ",\"type\":\"\xff\"}", ""},
		"deep":               {`{` + head + `,"type":"Follow","x":` + strings.Repeat("[", wire.MaxDepth) + strings.Repeat("]", wire.MaxDepth) + `}`, ""},
		"large":              {`{` + head + `,"type":"Follow","x":"` + strings.Repeat("a", wire.MaxBody) + `"}`, ""},
		"a long object":      {`{` + head + `,"type":"Follow","object":"` + strings.Repeat("a", wire.MaxURI+1) + `"}`, ""},
	} {
		a, err := strict.ParseActivity([]byte(c.raw))
		got := fmt.Sprint(a.Type, " ", a.Object.Type, " ", a.Object.ID, " ", a.Object.Actor, " ", a.Object.Object)
		if c.want == "" {
			if !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%s: %v, %v", name, got, err)
			}
			continue
		}
		if err != nil || strings.TrimSpace(got) != strings.TrimSpace(c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestParseNote(t *testing.T) {
	a, err := strict.ParseActivity([]byte(`{"id":"https://e.example/1","actor":"https://e.example/a","type":"Create","object":{"type":"Note","id":"https://e.example/n",
		"attributedTo":"https://e.example/a","contentMap":{"fr":"<p>Bonjour</p>"},"url":[{"type":"Link","href":"https://e.example/@a/n"}],"summary":"CW","attachment":[{},{}],
		"to":"as:Public","cc":["https://e.example/a/followers"],"published":"2026-03-01T10:00:00Z","inReplyTo":null}}`))
	if err != nil || a.Object.Note == nil {
		t.Fatalf("%+v, %v", a, err)
	}
	n := a.Object.Note
	if n.HTML != "<p>Bonjour</p>" || n.Lang != "fr" || n.URL != "https://e.example/@a/n" || n.Pictures != 2 || n.Warning != "CW" || len(n.Audience) != 2 || n.Published.Day() != 1 || n.InReplyTo != "" {
		t.Errorf("%+v", n)
	}
}

func actorDocument(t testing.TB, change func(m map[string]any)) []byte {
	t.Helper()
	key, err := wire.PublicPEM(&aKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{"id": "https://e.example/a", "type": "Person", "preferredUsername": "a", "name": "<b>Ann</b>\u202e", "url": "https://e.example/@a", "inbox": "https://e.example/a/inbox",
		"endpoints": map[string]any{"sharedInbox": "https://e.example/inbox"}, "publicKey": map[string]any{"id": "https://e.example/a#main-key", "owner": "https://e.example/a", "publicKeyPem": key}}
	change(m)
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestParseActor(t *testing.T) {
	a, err := strict.ParseActor("https://e.example/a", actorDocument(t, func(map[string]any) {}))
	if err != nil || a.Name != "Ann" || a.SharedInbox != "https://e.example/inbox" || a.Username != "a" {
		t.Fatalf("%+v, %v", a, err)
	}
	for name, change := range map[string]func(m map[string]any){
		"another actor":          func(m map[string]any) { m["id"] = "https://e.example/b" },
		"no actor":               func(m map[string]any) { m["type"] = "Note" },
		"no name":                func(m map[string]any) { delete(m, "preferredUsername") },
		"a strange name":         func(m map[string]any) { m["preferredUsername"] = "a@b" },
		"inbox elsewhere":        func(m map[string]any) { m["inbox"] = "https://victim.example/inbox" },
		"no inbox":               func(m map[string]any) { delete(m, "inbox") },
		"shared inbox elsewhere": func(m map[string]any) { m["endpoints"] = map[string]any{"sharedInbox": "https://victim.example/inbox"} },
		"somebody else's key":    func(m map[string]any) { m["publicKey"].(map[string]any)["owner"] = "https://e.example/b" },
		"a key elsewhere":        func(m map[string]any) { m["publicKey"].(map[string]any)["id"] = "https://other.example/k" },
		"no key":                 func(m map[string]any) { delete(m, "publicKey") },
	} {
		if a, err := strict.ParseActor("https://e.example/a", actorDocument(t, change)); err == nil {
			t.Errorf("%s was taken: %+v", name, a)
		}
	}
	if a, err := strict.ParseActor("https://e.example/a", actorDocument(t, func(m map[string]any) { m["url"] = "https://phish.example/" })); err != nil || a.URL != a.ID {
		t.Errorf("a page elsewhere: %+v, %v", a, err)
	}
}

func TestParseFinger(t *testing.T) {
	finger := func(href, kind string) string {
		return `{"subject":"acct:a@e.example","links":[{"rel":"http://webfinger.net/rel/profile-page","href":"https://e.example/@a"},{"rel":"self","type":"` + kind + `","href":"` + href + `"}]}`
	}
	if got, err := strict.ParseFinger([]byte(finger("https://e.example/a", wire.ActivityJSON))); err != nil || got != "https://e.example/a" {
		t.Errorf("%q, %v", got, err)
	}
	for _, raw := range []string{`{}`, `{"links":7}`, `{"links":["x"]}`, finger("http://e.example/a", wire.ActivityJSON), finger("https://e.example/a", "text/html")} {
		if got, err := strict.ParseFinger([]byte(raw)); err == nil {
			t.Errorf("%s: %q", raw, got)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		`<p>Hi <a href="https://e.example/" class="x" onclick="x()">there</a></p>`: `<p>Hi <a href="https://e.example/" rel="nofollow noreferrer noopener" target="_blank">there</a></p>`,
		`<script>alert(1)</script><p>a</p>`:                                        `<p>a</p>`,
		`<img src="https://track.example/x.png">b`:                                 `b`,
		`<a href="javascript:alert(1)">c</a>`:                                      `c`,
		`<p style="position:fixed">d</p><iframe src="https://e.example"></iframe>`: `<p>d</p>`,
	} {
		if got := wire.Clean(in); got != want {
			t.Errorf("%s\n\tgives %s\n\twant  %s", in, got, want)
		}
	}
	if got := wire.Clean(strings.Repeat("<p>long</p>", 5000)); len(got) > 3000 || strings.Contains(got, "</p><p>") {
		t.Errorf("what is too long gives %d bytes", len(got))
	}
}

func TestTag(t *testing.T) {
	for in, want := range map[string]string{"publicité": "Publicité", "fait main": "FaitMain", "arts de la table": "ArtsDeLaTable", "x<y>": "XY", "": "", "--": ""} {
		if got := wire.Tag(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestPostHTML(t *testing.T) {
	p := wire.Post{Lang: "fr", Label: "Publicité <&>", Title: "A & B", Body: "un\ndeux\r\n\r\n\r\ntrois <script>", Link: "https://relais.example/r/x?a=1&b=2", Tags: []string{"Publicité"}, Find: "https://relais.example/products?q="}
	want := `<p>Publicité &lt;&amp;&gt;</p><p><strong>A &amp; B</strong></p><p>un<br>deux</p><p>trois &lt;script&gt;</p>` +
		`<p><a href="https://relais.example/r/x?a=1&amp;b=2">https://relais.example/r/x?a=1&amp;b=2</a></p><p><a href="https://relais.example/products?q=Publicité" rel="tag">#Publicité</a></p>`
	if got := p.HTML(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestAddressesOfOurs(t *testing.T) {
	site := wire.Site("https://relais.example")
	for uri, want := range map[string]int64{site.Note(7): 7, site.Note(7) + "/": 0, site.Note(7) + "#create": 0, "https://relais.example/fediverse/notes/07": 0, "https://relais.example/fediverse/notes/-7": 0,
		"https://relais.example.evil/fediverse/notes/7": 0, site.Actor(7): 0, "": 0} {
		if got := site.NoteID(uri); got != want {
			t.Errorf("%q: %d, want %d", uri, got, want)
		}
	}
}

// Whatever comes: no panic, and what is taken has what it needs.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{}`, `{"id":"https://e.example/1","actor":"https://e.example/a","type":"Create","object":{"type":"Note","content":"x","to":[["https://x"]],"attachment":7,"contentMap":{"a":1}}}`,
		`{"object":{"object":{"object":{}}}}`, `{"id":["https://a"],"actor":[{"id":"https://a"}],"type":"Undo","object":[[{"id":1}]]}`, string(actorDocument(f, func(map[string]any) {}))} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if a, err := local.ParseActivity(raw); err == nil {
			if local.HostOf(a.Actor) == "" || local.HostOf(a.ID) == "" || a.Type == "" {
				t.Errorf("taken: %+v", a)
			}
			if n := a.Object.Note; n != nil {
				if html := wire.Clean(n.HTML); !utf8.ValidString(html) || strings.Contains(html, "<script") {
					t.Errorf("cleaned to %q", html)
				}
			}
		}
		if a, err := local.ParseActor("https://e.example/a", raw); err == nil && (local.HostOf(a.Inbox) != "e.example" || local.HostOf(a.KeyID) != "e.example") {
			t.Errorf("taken: %+v", a)
		}
		_, _ = local.ParseFinger(raw)
	})
}
