package mail

import (
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"relais/internal/i18n"
)

func TestPlain(t *testing.T) {
	const in = `<html><head><title> Two
 lines </title></head><body><table><tr><td class="head">Relais</td></tr><tr><td class="content">
<h1>Hello <b>Zoé</b></h1><p>One
 sentence,<br>two  lines.</p>
<table class="lines"><tr><th>What</th><th>Price</th></tr><tr><td>Soap</td><td class="amount">6,00` + "\u00a0" + `€</td></tr></table>
<ul><li>first</li><li>second</li></ul><p><a href="https://x.test/a">the page</a>, <a href="https://x.test/b">https://x.test/b</a></p>
<p><a class="button" href="https://x.test/go">Go</a></p></td></tr><tr><td class="foot"><p>Why.</p></td></tr></table></body></html>`
	const want = `Hello Zoé

One sentence,
two lines.

What  Price
Soap  6,00` + "\u00a0" + `€

- first
- second

the page (https://x.test/a), https://x.test/b

Go :
https://x.test/go

-- 
Why.
`
	doc, err := html.Parse(strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	if got := plain(doc); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := subject(doc); got != "Two lines" {
		t.Errorf("subject %q", got)
	}
}

func TestRendererRefusesIncompleteLetters(t *testing.T) {
	base := `<title>{{template "subject" .}}</title>{{template "content" .}}{{template "why" .}}`
	for name, letter := range map[string]string{
		"no why":  `{{define "subject"}}s{{end}}{{define "content"}}c{{end}}`,
		"broken":  `{{define "subject"}}`,
		"unknown": `{{define "subject"}}{{nothing}}{{end}}{{define "content"}}{{end}}{{define "why"}}{{end}}`,
	} {
		fsys := fstest.MapFS{"layout.html": {Data: []byte(base)}, "x.html": {Data: []byte(letter)}}
		if _, err := newRenderer(fsys, "https://x.test"); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestURLJoinsItsParts(t *testing.T) {
	url := funcs(i18n.EN, "https://x.test")["url"].(func(...any) (string, error))
	if got, err := url("/o/", "TOKEN", "/line/", int64(7)); err != nil || got != "https://x.test/o/TOKEN/line/7" {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", "x", "//evil.example", "https://evil.example"} {
		if got, err := url(bad); err == nil {
			t.Errorf("%q gave %q", bad, got)
		}
	}
}
