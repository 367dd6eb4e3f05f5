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
