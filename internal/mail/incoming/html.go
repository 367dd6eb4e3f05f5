package incoming

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxNesting is how deep HTML is read.
const maxNesting = 200

// fromHTML is the text of a mail that has no other: a line for each block, and "> " before what is quoted.
func fromHTML(source string) string {
	doc, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return ""
	}
	var w htmlText
	w.node(doc, 0)
	lines := strings.Split(w.b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}

type htmlText struct {
	b      strings.Builder
	quoted bool // inside a quote
}

func (w *htmlText) node(n *html.Node, depth int) {
	if depth > maxNesting {
		return
	}
	if n.Type == html.TextNode {
		w.b.WriteString(words(n.Data))
		return
	}
	switch n.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title:
		return
	case atom.Br:
		w.b.WriteByte('\n')
		return
	case atom.Hr:
		w.line()
		w.b.WriteString("__________\n") // programs draw one above a head of From: and Sent:
		return
	case atom.Blockquote:
		if w.quoted { // once is enough
			w.line()
			w.children(n, depth)
			w.line()
			return
		}
		inside := htmlText{quoted: true}
		inside.children(n, depth)
		w.line()
		for line := range strings.SplitSeq(strings.TrimSpace(inside.b.String()), "\n") {
			w.b.WriteString("> " + strings.TrimSpace(line) + "\n")
		}
		return
	}
	block := false
	switch n.DataAtom {
	case atom.P, atom.Div, atom.Ul, atom.Ol, atom.Li, atom.Table, atom.Tr, atom.H1, atom.H2, atom.H3:
		block = true
		w.line()
	}
	w.children(n, depth)
	if block {
		w.line()
	}
	if n.DataAtom == atom.P {
		w.b.WriteByte('\n')
	}
}

func (w *htmlText) children(n *html.Node, depth int) {
	for c := range n.ChildNodes() {
		w.node(c, depth+1)
	}
}

// line begins a new line unless at the start of one.
func (w *htmlText) line() {
	if s := w.b.String(); s != "" && !strings.HasSuffix(s, "\n") {
		w.b.WriteByte('\n')
	}
}

// words writes the blanks of HTML as single ones.
func words(s string) string {
	text := strings.Join(strings.Fields(s), " ")
	switch {
	case s == "":
		return ""
	case text == "":
		return " "
	}
	if strings.ContainsRune(" \n\r\t", rune(s[0])) {
		text = " " + text
	}
	if strings.ContainsRune(" \n\r\t", rune(s[len(s)-1])) {
		text += " "
	}
	return text
}
