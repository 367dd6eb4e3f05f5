package mail

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// subject returns the title of a letter on one line.
func subject(doc *html.Node) string {
	for n := range doc.Descendants() {
		if n.DataAtom == atom.Title && n.FirstChild != nil {
			return strings.Join(strings.Fields(n.FirstChild.Data), " ")
		}
	}
	return ""
}

// plain writes the content and the footer of a letter as text: a blank line between paragraphs, one line per
// row of a table, and the address after each link's words.
func plain(doc *html.Node) string {
	var w plainWriter
	for n := range doc.Descendants() {
		switch {
		case n.DataAtom != atom.Td:
		case attr(n, "class") == "content":
			w.children(n)
		case attr(n, "class") == "foot":
			w.paragraph()
			w.b.WriteString(signature)
			w.fresh = true
			w.children(n)
		}
	}
	return strings.TrimSpace(w.b.String()) + "\n"
}

// signature is the line by which mail programs know that the footer follows.
const signature = "-- \n"

type plainWriter struct {
	b     strings.Builder
	fresh bool // at the start of a line
	space bool // a blank is due before the next word
}

func (w *plainWriter) children(n *html.Node) {
	for c := range n.ChildNodes() {
		w.node(c)
	}
}

func (w *plainWriter) node(n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		w.text(n.Data)
	case n.Type != html.ElementNode:
	case n.DataAtom == atom.Br || n.DataAtom == atom.Tr:
		w.line()
		w.children(n)
	case n.DataAtom == atom.Li:
		w.line()
		w.text("- ")
		w.children(n)
	case n.DataAtom == atom.Td || n.DataAtom == atom.Th:
		if !w.fresh {
			w.b.WriteString("  ")
			w.space = false
		}
		w.children(n)
	case n.DataAtom == atom.A:
		w.link(n)
	case block(n):
		w.paragraph()
		w.children(n)
		w.paragraph()
	default:
		w.children(n)
	}
}

func block(n *html.Node) bool {
	switch n.DataAtom {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.Ul, atom.Ol, atom.Table, atom.Div, atom.Blockquote:
		return true
	}
	return false
}

// link writes a link's words and its address.
func (w *plainWriter) link(n *html.Node) {
	before := w.b.Len()
	w.children(n)
	href := attr(n, "href")
	if href == "" || strings.TrimSpace(w.b.String()[before:]) == href {
		return
	}
	if attr(n, "class") == "button" {
		w.b.WriteString(" :")
		w.line()
		w.text(href)
		return
	}
	w.text(" (" + href + ")")
}

// text writes words with single ASCII blanks between them; other blanks, like those inside amounts, stay.
func (w *plainWriter) text(s string) {
	isBlank := func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' }
	words := strings.FieldsFunc(s, isBlank)
	if len(words) == 0 {
		w.space = w.space || s != ""
		return
	}
	if (w.space || isBlank(rune(s[0]))) && !w.fresh && w.b.Len() > 0 {
		w.b.WriteByte(' ')
	}
	w.b.WriteString(strings.Join(words, " "))
	w.fresh, w.space = false, isBlank(rune(s[len(s)-1]))
}

// line starts a new line unless at the start of one.
func (w *plainWriter) line() {
	if !w.fresh && w.b.Len() > 0 {
		w.b.WriteByte('\n')
	}
	w.fresh, w.space = true, false
}

// paragraph starts a new line after a blank one.
func (w *plainWriter) paragraph() {
	w.line()
	if s := w.b.String(); s != "" && !strings.HasSuffix(s, "\n\n") && !strings.HasSuffix(s, signature) {
		w.b.WriteByte('\n')
	}
}
