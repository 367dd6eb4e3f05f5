package model

import (
	"math"

	"relais/internal/prose"
)

// Names are what a brand calls a colour, by language ("fr", "en"); a language that it did not write is missing.
type Names map[string]string

// Called is what the brand calls a colour of the zone in a language, or else in another one; empty where it named it in none.
func (z Zone) Called(c Colour, lang string) string {
	if name := z.Names[c][lang]; name != "" {
		return name
	}
	for _, other := range []string{"fr", "en"} {
		if name := z.Names[c][other]; name != "" {
			return name
		}
	}
	return ""
}

// tidied are the names of the zone's own colours, in one line; nil where there are none.
func (z Zone) tidied() map[Colour]Names {
	var out map[Colour]Names
	for _, c := range z.Colours {
		names := Names{}
		for lang, name := range z.Names[c] {
			if name = prose.Line(name); name != "" {
				names[lang] = name
			}
		}
		if len(names) == 0 {
			continue
		}
		if out == nil {
			out = map[Colour]Names{}
		}
		out[c] = names
	}
	return out
}

// Hues are the plain names that Plain gives, as the last word of a message's key.
func Hues() []string {
	var all []string
	for _, h := range hues() {
		all = append(all, h.name)
	}
	return all
}

type hue struct {
	name string
	of   Colour
}

func hues() []hue {
	return []hue{{"white", "#ffffff"}, {"cream", "#f5eedc"}, {"light_grey", "#c9c9c9"}, {"grey", "#808080"}, {"dark_grey", "#454545"}, {"black", "#000000"}, {"black", "#1a1a1a"},
		{"red", "#d0201a"}, {"dark_red", "#7a1418"}, {"orange", "#f08019"}, {"brown", "#6b4226"}, {"beige", "#d8bf98"}, {"yellow", "#f6d21f"}, {"ochre", "#c8921e"},
		{"light_green", "#9ad29a"}, {"green", "#2e9a3a"}, {"dark_green", "#12492c"}, {"teal", "#0b6e69"}, {"light_blue", "#9cc9ee"}, {"blue", "#2459c8"}, {"navy", "#16244f"}, {"navy", "#223344"},
		{"purple", "#6a2c91"}, {"lilac", "#c5a6dd"}, {"pink", "#f29bb6"}, {"fuchsia", "#d9207f"}}
}

// Plain is the plain name of a colour, one of Hues: the one that looks nearest.
func (c Colour) Plain() string {
	best, least := "", math.Inf(1)
	l, a, b := c.lab()
	for _, h := range hues() {
		hl, ha, hb := h.of.lab()
		if d := math.Sqrt((l-hl)*(l-hl) + (a-ha)*(a-ha) + (b-hb)*(b-hb)); d < least {
			best, least = h.name, d
		}
	}
	return best
}

// lab is the colour as eyes compare it: lightness, green to red, blue to yellow (CIELAB under daylight).
func (c Colour) lab() (l, a, b float64) {
	red, green, blue := c.RGB()
	linear := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	r, g, u := linear(red), linear(green), linear(blue)
	curve := func(t float64) float64 {
		if t > 0.008856 {
			return math.Cbrt(t)
		}
		return 7.787*t + 16.0/116
	}
	x, y, z := curve((0.4124*r+0.3576*g+0.1805*u)/0.9505), curve(0.2126*r+0.7152*g+0.0722*u), curve((0.0193*r+0.1192*g+0.9505*u)/1.089)
	return 116*y - 16, 500 * (x - y), 200 * (y - z)
}
