package wire

import (
	"html"
	"strings"
	"unicode"

	"github.com/microcosm-cc/bluemonday"
)

// policy is what may remain of other servers' posts: text with structure and links. No picture (it would tell a third party who
// reads), no class or style of theirs.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "strong", "em", "b", "i", "u", "del", "ul", "ol", "li", "blockquote", "code", "pre")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https", "http", "mailto")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
}()

// MaxHTML is how long a post is kept, in bytes.
const MaxHTML = 20_000

// Clean is another server's HTML as it may stand in our pages. What is too long is shown as text, cut.
func Clean(source string) string {
	if len(source) > MaxHTML {
		return "<p>" + html.EscapeString(Line(source, 2000)) + "…</p>"
	}
	return strings.TrimSpace(policy.Sanitize(source))
}

// Line is the text of somebody's HTML in one line of at most limit characters, without what turns the direction of reading.
func Line(source string, limit int) string {
	plain := html.UnescapeString(bluemonday.StrictPolicy().Sanitize(strings.NewReplacer("<br>", " ", "</p>", " ").Replace(source)))
	plain = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, plain)
	runes := []rune(strings.Join(strings.Fields(plain), " "))
	if len(runes) > limit {
		runes = runes[:limit]
	}
	return strings.TrimSpace(string(runes))
}

// Post is what is published, in words.
type Post struct {
	Lang  string
	Label string // says that somebody earns; empty: nobody does
	Title string
	Body  string // text with lines
	Link  string // absolute
	Tags  []string
	Find  string // where a tag leads, before its word
}

// HTML is a post as other servers and feed readers show it: the label first, then the words, then the link, then the tags.
func (p Post) HTML() string {
	var out strings.Builder
	paragraph := func(inner string) { out.WriteString("<p>" + inner + "</p>") }
	if p.Label != "" {
		paragraph(html.EscapeString(p.Label))
	}
	paragraph("<strong>" + html.EscapeString(p.Title) + "</strong>")
	for part := range strings.SplitSeq(strings.ReplaceAll(p.Body, "\r\n", "\n"), "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			paragraph(strings.ReplaceAll(html.EscapeString(part), "\n", "<br>"))
		}
	}
	paragraph(`<a href="` + html.EscapeString(p.Link) + `">` + html.EscapeString(p.Link) + "</a>")
	if len(p.Tags) > 0 {
		links := make([]string, len(p.Tags))
		for i, tag := range p.Tags {
			links[i] = `<a href="` + html.EscapeString(p.Find+tag) + `" rel="tag">#` + html.EscapeString(tag) + "</a>"
		}
		paragraph(strings.Join(links, " "))
	}
	return out.String()
}

// Tag is a word as a hashtag: letters and digits only; empty where nothing is left.
func Tag(word string) string {
	var out strings.Builder
	start := true
	for _, r := range word {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			start = true
		case start:
			out.WriteRune(unicode.ToUpper(r))
			start = false
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
