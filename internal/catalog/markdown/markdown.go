// Package markdown shows what brands write about their products: Markdown, as safe HTML or as plain text.
package markdown

import (
	"bytes"
	"html"
	"html/template"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// clean is what may remain of a brand's Markdown: text with structure, and links that open https or mail
// addresses. No picture (it would tell a third party who reads), no HTML of their own.
var clean = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "h3", "h4", "h5", "h6", "hr", "code", "pre")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https", "mailto")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
}()

// HTML is what a brand wrote, as safe HTML. Its headings begin at the third level, under the page's own.
func HTML(source string) template.HTML {
	md := goldmark.New()
	raw := []byte(source)
	doc := md.Parser().Parse(text.NewReader(raw))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok && entering {
			h.Level = min(h.Level+2, 6)
		}
		return ast.WalkContinue, nil
	})
	var out bytes.Buffer
	if err := md.Renderer().Render(&out, raw, doc); err != nil {
		return template.HTML(template.HTMLEscapeString(source)) // a buffer does not fail; text is the safe answer
	}
	return template.HTML(clean.SanitizeBytes(out.Bytes())) //nolint:gosec // sanitised one call earlier
}

var (
	special   = regexp.MustCompile("[\\\\`*_\\[\\]<>&]")
	lineStart = regexp.MustCompile(`^(\d{0,9})([-+=#~.)])`)
)

// Escape is plain text as the Markdown that shows it as it is: no link, no list, no heading comes of it, and its lines stay.
func Escape(plain string) string {
	var paragraphs []string
	for _, p := range strings.Split(plain, "\n\n") {
		var lines []string
		for _, l := range strings.Split(p, "\n") {
			l = lineStart.ReplaceAllString(special.ReplaceAllString(strings.TrimSpace(l), `\$0`), `$1\$2`)
			if l != "" {
				lines = append(lines, l)
			}
		}
		if len(lines) > 0 {
			paragraphs = append(paragraphs, strings.Join(lines, "\\\n"))
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// Plain is the text of a Markdown source in one line of at most limit characters, for cards and previews.
func Plain(source string, limit int) string {
	stripped := html.UnescapeString(bluemonday.StrictPolicy().Sanitize(string(HTML(source))))
	stripped = strings.Join(strings.Fields(stripped), " ")
	runes := []rune(stripped)
	if len(runes) <= limit {
		return stripped
	}
	cut := string(runes[:limit])
	if i := strings.LastIndexByte(cut, ' '); i > limit/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,.;:") + "…"
}
