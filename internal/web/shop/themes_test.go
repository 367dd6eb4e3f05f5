package shop_test

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"relais/internal/storefronts"
	"relais/static"
)

// palettes are the colours of each theme, in light and in dark, as the style sheets give them.
func palettes(t *testing.T) map[string]map[string]string {
	t.Helper()
	read := func(name string) string {
		b, err := static.FS.ReadFile("css/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	colour := regexp.MustCompile(`--([a-z0-9-]+):\s*(#[0-9a-fA-F]{6})`)
	into := func(of map[string]string, text string) map[string]string {
		all := map[string]string{}
		for k, v := range of {
			all[k] = v
		}
		for _, m := range colour.FindAllStringSubmatch(text, -1) {
			all[m[1]] = m[2]
		}
		return all
	}
	light, dark, found := strings.Cut(read("10-base.css"), "@media (prefers-color-scheme: dark)")
	lights, darks, both := strings.Cut(read("66-themes.css"), "@media screen and (prefers-color-scheme: dark)")
	if !found || !both {
		t.Fatal("the style sheets have no dark colours")
	}
	dark = dark[:strings.Index(dark, "*, *::before")]
	rule := func(text, theme string) string {
		m := regexp.MustCompile(`:root:has\(\.theme-` + theme + `\) \{([^}]*)\}`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("the style sheet does not know the theme %s", theme)
		}
		return m[1]
	}
	all := map[string]map[string]string{storefronts.Paper + " light": into(nil, light)}
	all[storefronts.Paper+" dark"] = into(all[storefronts.Paper+" light"], dark)
	for _, theme := range storefronts.Themes()[1:] {
		all[theme+" light"] = into(all[storefronts.Paper+" light"], rule(lights, theme))
		all[theme+" dark"] = into(all[storefronts.Paper+" dark"], rule(darks, theme))
	}
	return all
}

// luminance is that of WCAG 2, of "#rrggbb".
func luminance(colour string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			panic(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// Whatever theme its owner chooses, a storefront can be read, in light and in dark: WCAG 2.2 AA for text, and for what marks a field.
func TestThemesCanBeRead(t *testing.T) {
	if got := contrast("#000000", "#ffffff"); got != 21 {
		t.Fatalf("black on white is %v", got)
	}
	grounds := []string{"paper", "surface", "sunken"}
	pairs := map[string][]string{"ink": append(grounds, "accent-soft"), "ink-2": append(grounds, "accent-soft"), "accent": grounds, "accent-strong": append(grounds, "accent-soft"),
		"good": append(grounds, "good-soft"), "wait": append(grounds, "wait-soft"), "bad": append(grounds, "bad-soft"), "on-accent": {"accent", "accent-strong"}}
	all := palettes(t)
	if len(all) != 2*len(storefronts.Themes()) {
		t.Fatalf("%d palettes", len(all))
	}
	for name, p := range all {
		for text, on := range pairs {
			for _, ground := range on {
				if got := contrast(p[text], p[ground]); got < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %s", name, text, ground, fmt.Sprintf("%.2f", got))
				}
			}
		}
		for _, ground := range []string{"paper", "surface"} {
			if got := contrast(p["line-strong"], p[ground]); got < 3 {
				t.Errorf("%s: the line of a field on %s has a contrast of %.2f", name, ground, got)
			}
		}
	}
}
