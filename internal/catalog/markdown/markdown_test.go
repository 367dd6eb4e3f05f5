package markdown_test

import (
	"strings"
	"testing"

	"relais/internal/catalog/markdown"
)

func TestMarkdownIsSafe(t *testing.T) {
	for source, want := range map[string]string{
		"**gras**":                                    "<p><strong>gras</strong></p>",
		"# Titre":                                     "<h3>Titre</h3>",
		"<script>alert(1)</script>":                   "",
		"[x](javascript:alert(1))":                    "<p>x</p>",
		"![x](https://spy.example/p.gif)":             "<p></p>",
		"a <img src=x onerror=alert(1)> b":            "<p>a  b</p>",
		"[x](https://a.example)":                      `<p><a href="https://a.example" rel="nofollow noreferrer noopener" target="_blank">x</a></p>`,
		"<a href=\"data:text/html,x\">x</a>":          "<p>x</p>",
		"[x](//evil.example)":                         "<p>x</p>",
		"<iframe src=\"https://a.example\"></iframe>": "",
	} {
		if got := strings.TrimSpace(string(markdown.HTML(source))); got != want {
			t.Errorf("%s:\n got %s\nwant %s", source, got, want)
		}
	}
	if got := markdown.Plain("# Vase\n\nFait *main* & cuit, à **Aubagne**.", 20); got != "Vase Fait main &…" {
		t.Errorf("plain: %q", got)
	}
}

// What is escaped is shown as it was typed.
func TestEscapedIsPlain(t *testing.T) {
	for _, words := range []string{"Dessiné à la plage.", "[x](https://x.example)", "<https://x.example> &amp; <b>", "**fort** _doux_ `code`", "# Titre", "- un", "12. douze", "=====", "~~~", `a\*b`, "![i](https://x.example/i.png)"} {
		if got := markdown.Plain(markdown.Escape(words), 1000); got != words {
			t.Errorf("%q is shown as %q", words, got)
		}
	}
	if got := markdown.HTML(markdown.Escape("un\n    deux\n\n\ntrois")); got != "<p>un<br>\ndeux</p>\n<p>trois</p>\n" && got != "<p>un<br/>\ndeux</p>\n<p>trois</p>\n" {
		t.Errorf("%q", got)
	}
}
