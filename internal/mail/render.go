package mail

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"relais/internal/i18n"
	"relais/internal/money"
)

const layout = "layout.html"

// renderer holds every letter's template once per language.
type renderer struct {
	letters map[i18n.Lang]map[string]*template.Template
	baseURL string
}

// page is a rendered letter.
type page struct{ Subject, Text, HTML string }

// newRenderer parses layout.html and, over it, each other file of fsys.
func newRenderer(fsys fs.FS, baseURL string) (*renderer, error) {
	names, err := fs.Glob(fsys, "*.html")
	if err != nil {
		return nil, fmt.Errorf("list letters: %w", err)
	}
	r := &renderer{letters: map[i18n.Lang]map[string]*template.Template{}, baseURL: baseURL}
	for _, lang := range i18n.Langs() {
		r.letters[lang] = map[string]*template.Template{}
		for _, name := range names {
			if name == layout {
				continue
			}
			t, err := template.New(layout).Funcs(funcs(lang, baseURL)).Option("missingkey=error").ParseFS(fsys, layout, name)
			if err != nil {
				return nil, fmt.Errorf("parse letter %s: %w", name, err)
			}
			for _, block := range []string{"subject", "content", "why"} {
				if t.Lookup(block) == nil {
					return nil, fmt.Errorf("parse letter %s: no block %q", name, block)
				}
			}
			r.letters[lang][strings.TrimSuffix(name, ".html")] = t
		}
	}
	return r, nil
}

func funcs(lang i18n.Lang, baseURL string) template.FuncMap {
	return template.FuncMap{
		"t":        lang.T,
		"lang":     func() string { return string(lang) },
		"money":    func(a money.Amount) string { return lang.Money(a) },
		"date":     func(t time.Time) string { return lang.Date(t) },
		"datetime": func(t time.Time) string { return lang.DateTime(t) },
		"url": func(parts ...any) (string, error) {
			path := join(parts)
			if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
				return "", fmt.Errorf("%q is not a path on this site", path)
			}
			return baseURL + path, nil
		},
	}
}

// join writes values one after the other; fmt.Sprint would put blanks between numbers.
func join(parts []any) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprint(&b, p)
	}
	return b.String()
}

// letter renders subject, text and HTML of a letter; unsubscribe is the path of the link by which its kind can be ended, if it can.
func (r *renderer) letter(l Letter, unsubscribe string) (page, error) {
	t, ok := r.letters[l.Lang][l.Template]
	if !ok {
		return page{}, fmt.Errorf("no letter %q in language %q", l.Template, l.Lang)
	}
	var raw bytes.Buffer
	if err := t.Execute(&raw, l.Data); err != nil {
		return page{}, fmt.Errorf("render letter %s: %w", l.Template, err)
	}
	doc, err := html.Parse(&raw)
	if err != nil {
		return page{}, fmt.Errorf("read letter %s: %w", l.Template, err)
	}
	if unsubscribe != "" {
		addLink(doc, l.Lang.T("mail.layout.unsubscribe"), r.baseURL+unsubscribe)
	}
	p := page{Subject: subject(doc), Text: plain(doc)}
	if p.Subject == "" || p.Text == "" {
		return page{}, fmt.Errorf("letter %s is empty", l.Template)
	}
	style(doc)
	var out strings.Builder
	if err := html.Render(&out, doc); err != nil {
		return page{}, fmt.Errorf("write letter %s: %w", l.Template, err)
	}
	p.HTML = out.String()
	return p, nil
}

// styles are the looks of a letter: paper, ink, one accent, one column that fits 360 px. Mail programs drop style
// sheets, so each element gets its own. The keys are "tag" or "tag.class"; the more exact one wins.
var styles = map[string]string{
	"body":        "margin:0;padding:0;background:#f6f1e7;color:#1f1b16;-webkit-text-size-adjust:100%",
	"table.page":  "width:100%;border-collapse:collapse;background:#f6f1e7",
	"td.margin":   "padding:24px 12px",
	"table.sheet": "width:100%;max-width:560px;margin:0 auto;border-collapse:collapse;background:#fffdf8;border:1px solid #e4dac7",
	"td.head":     "padding:24px 24px 0;font-family:Georgia,'Times New Roman',serif",
	"a.brand":     "color:#c2321a;font-size:22px;font-weight:bold;text-decoration:none",
	"td.content":  "padding:8px 24px 24px;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;overflow-wrap:anywhere",
	"td.foot":     "padding:16px 24px 24px;border-top:1px solid #e4dac7;font-family:Helvetica,Arial,sans-serif;font-size:13px;line-height:1.5;color:#6b6256",
	"h1":          "margin:16px 0;font-family:Georgia,'Times New Roman',serif;font-size:26px;line-height:1.25;font-weight:normal;color:#1f1b16",
	"h2":          "margin:24px 0 8px;font-family:Georgia,'Times New Roman',serif;font-size:19px;line-height:1.3;font-weight:normal;color:#1f1b16",
	"p":           "margin:0 0 16px",
	"p.code":      "margin:0 0 16px;font-family:Menlo,Consolas,monospace;font-size:18px;letter-spacing:1px",
	"ul":          "margin:0 0 16px;padding:0 0 0 20px",
	"li":          "margin:0 0 6px",
	"blockquote":  "margin:0 0 16px;padding:0 0 0 16px;border-left:3px solid #e4dac7;color:#4a4238",
	"small":       "font-size:13px;color:#6b6256",
	"a":           "color:#c2321a;text-decoration:underline",
	"a.button":    "display:inline-block;padding:13px 26px;background:#c2321a;color:#ffffff;font-weight:bold;text-decoration:none;border-radius:999px",
	"table.lines": "width:100%;margin:0 0 16px;border-collapse:collapse;font-size:15px",
	"th":          "padding:8px 8px 8px 0;border-bottom:1px solid #e4dac7;text-align:left;vertical-align:top;font-weight:bold",
	"td":          "padding:8px 8px 8px 0;border-bottom:1px solid #e4dac7;text-align:left;vertical-align:top",
	"td.amount":   "padding:8px 0;border-bottom:1px solid #e4dac7;text-align:right;vertical-align:top;white-space:nowrap",
	"th.amount":   "padding:8px 0;border-bottom:1px solid #e4dac7;text-align:right;vertical-align:top;font-weight:bold",
}

// style writes the inline styles into a letter.
func style(doc *html.Node) {
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		look, ok := styles[n.Data+"."+attr(n, "class")]
		if !ok {
			look, ok = styles[n.Data]
		}
		if ok {
			n.Attr = append(n.Attr, html.Attribute{Key: "style", Val: look})
		}
	}
}

// addLink puts a link at the end of a letter's footer.
func addLink(doc *html.Node, words, address string) {
	for n := range doc.Descendants() {
		if n.DataAtom != atom.Td || attr(n, "class") != "foot" {
			continue
		}
		link := &html.Node{Type: html.ElementNode, Data: "a", DataAtom: atom.A, Attr: []html.Attribute{{Key: "href", Val: address}}}
		link.AppendChild(&html.Node{Type: html.TextNode, Data: words})
		p := &html.Node{Type: html.ElementNode, Data: "p", DataAtom: atom.P}
		p.AppendChild(link)
		n.AppendChild(p)
		return
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
