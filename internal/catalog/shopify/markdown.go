package shopify

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// markdown turns the HTML of a product's body into Markdown: paragraphs, headings, lists, emphasis and safe
// links remain; everything else leaves its text, and scripts and styles leave nothing.
func markdown(source string) (string, error) {
	nodes, err := html.ParseFragment(strings.NewReader(source), &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"})
	if err != nil {
		return "", err
	}
	var w writer
	for _, n := range nodes {
		w.node(n)
	}
	w.flush()
	return strings.Join(w.blocks, "\n\n"), nil
}

// writer gathers blocks; line is the paragraph being written.
type writer struct {
	blocks []string
	line   strings.Builder
}

func (w *writer) flush() {
	if text := tidyLines(w.line.String()); text != "" {
		w.blocks = append(w.blocks, text)
	}
	w.line.Reset()
}

func (w *writer) node(n *html.Node) {
	if n.Type != html.ElementNode {
		w.line.WriteString(inline(n))
		return
	}
	switch n.DataAtom {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Table, atom.Tbody, atom.Thead, atom.Tr, atom.Blockquote, atom.Header,
		atom.Footer, atom.Main, atom.Figure, atom.Figcaption, atom.Dl, atom.Dt, atom.Dd, atom.Pre, atom.Center:
		w.flush()
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			w.node(c)
		}
		w.flush()
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.flush()
		if text := strings.Join(strings.Fields(inlineOf(n)), " "); text != "" {
			w.blocks = append(w.blocks, "## "+text)
		}
	case atom.Ul, atom.Ol:
		w.flush()
		w.list(n)
	case atom.Hr:
		w.flush()
	default:
		w.line.WriteString(inline(n))
	}
}

func (w *writer) list(n *html.Node) {
	var items []string
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Li {
			continue
		}
		var item writer
		for g := c.FirstChild; g != nil; g = g.NextSibling {
			item.node(g)
		}
		item.flush()
		if len(item.blocks) > 0 {
			text := strings.Join(item.blocks, "\n\n")
			items = append(items, "- "+strings.ReplaceAll(text, "\n", "\n  "))
		}
	}
	if len(items) > 0 {
		w.blocks = append(w.blocks, strings.Join(items, "\n"))
	}
}

// inline is the text of a node, with emphasis and links.
func inline(n *html.Node) string {
	switch {
	case n.Type == html.TextNode:
		return escape(n.Data)
	case n.Type != html.ElementNode:
		return ""
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Iframe, atom.Noscript, atom.Template, atom.Object, atom.Embed, atom.Svg, atom.Math, atom.Title,
		atom.Textarea, atom.Select, atom.Head:
		return ""
	case atom.Br:
		return "\n"
	case atom.Strong, atom.B:
		return emphasis("**", inlineOf(n))
	case atom.Em, atom.I:
		return emphasis("*", inlineOf(n))
	case atom.A:
		return link(n)
	case atom.Td, atom.Th, atom.Li:
		return inlineOf(n) + " "
	}
	return inlineOf(n)
}

func inlineOf(n *html.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(inline(c))
	}
	return b.String()
}

// emphasis sets marks around the text itself: Markdown wants no space inside them.
func emphasis(mark, text string) string {
	core := strings.TrimSpace(text)
	if core == "" || strings.ContainsAny(core, "\n") || strings.HasPrefix(core, "*") || strings.HasSuffix(core, "*") {
		return text
	}
	lead := text[:strings.Index(text, core)]
	return lead + mark + core + mark + text[len(lead)+len(core):]
}

var linkTarget = regexp.MustCompile(`^(https://[^\s<>()"\\]+|mailto:[^\s<>()"\\]+)$`)

func link(n *html.Node) string {
	text := inlineOf(n)
	for _, a := range n.Attr {
		if a.Key == "href" && linkTarget.MatchString(a.Val) && strings.TrimSpace(text) != "" {
			return "[" + strings.TrimSpace(text) + "](" + a.Val + ")"
		}
	}
	return text
}

var special = regexp.MustCompile("[\\\\`*_\\[\\]<]")

func escape(text string) string {
	text = strings.NewReplacer("\r", " ", "\n", " ", "\t", " ", "\u00a0", " ").Replace(text)
	return special.ReplaceAllString(text, `\$0`)
}

var lineStart = regexp.MustCompile(`^([-+=#>]|\d{1,9}[.)])`)

// tidyLines collapses spaces and takes from the start of each line what Markdown would read as a list or a
// heading. A line break is written as Markdown wants it.
func tidyLines(text string) string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" {
			continue
		}
		if mark := lineStart.FindString(line); mark != "" {
			cut := len(mark) - 1
			line = line[:cut] + `\` + line[cut:]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\\\n")
}
