package page

import (
	"bytes"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	designs "relais/internal/designs/draw"
	"relais/internal/fediverse/wire"
)

// This file alone makes template.HTML: from our own icons and drawings, from Markdown after sanitising, and from posts of other servers after the same.

// policy allows what Markdown makes, without images (they would be other people's servers) and with links that
// neither pass on our rank nor hand over our window.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowStandardURLs()
	p.AllowElements("p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "del", "blockquote", "code", "pre",
		"table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnFullyQualifiedLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
})

var (
	writer  = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify))
	heading = regexp.MustCompile(`(</?h)([1-6])`)
)

// markdown turns text written by members and brands into HTML that is safe in our pages. Headings sink by one level,
// since the page has its own first.
func markdown(text string) (template.HTML, error) {
	var out bytes.Buffer
	if err := writer.Convert([]byte(text), &out); err != nil {
		return "", fmt.Errorf("convert markdown: %w", err)
	}
	lower := heading.ReplaceAllStringFunc(out.String(), func(tag string) string {
		level := min(tag[len(tag)-1]+1, '4')
		return tag[:len(tag)-1] + string(rune(level))
	})
	return template.HTML(policy().Sanitize(lower)), nil
}

// drawing is a design, as package draw writes it: outlines and photographs, every word of it escaped there.
func drawing(s designs.Sheet, pictures designs.Pictures) template.HTML {
	return template.HTML(designs.SVG(s, pictures))
}

// remote is a post of another server: cleaned when it came, and once more here.
func remote(html string) template.HTML { return template.HTML(wire.Clean(html)) }

var (
	openTag = regexp.MustCompile(`(?s)^.*?<svg([^>]*)>`)
	viewBox = regexp.MustCompile(`viewBox="[^"]*"`)
	title   = regexp.MustCompile(`<title>[^<]*</title>`)
	space   = regexp.MustCompile(`\s+`)
)

// iconHTML makes an inline icon, hidden from screen readers, from one of our files. Text beside it says what it means.
func iconHTML(name, svg string) (template.HTML, error) {
	tag := openTag.FindString(svg)
	if tag == "" {
		return "", fmt.Errorf("icon %s: not an SVG", name)
	}
	paint := `fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"`
	if strings.HasPrefix(name, "brand-") {
		paint = `fill="currentColor"`
	}
	open := fmt.Sprintf(`<svg class="icon" %s %s aria-hidden="true" focusable="false">`, viewBox.FindString(tag), paint)
	body := title.ReplaceAllString(svg[len(tag):], "")
	return template.HTML(open + strings.TrimSpace(space.ReplaceAllString(body, " "))), nil
}
