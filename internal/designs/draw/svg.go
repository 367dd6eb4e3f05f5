package draw

import (
	"encoding/base64"
	"encoding/xml"
	"math"
	"slices"
	"strconv"
	"strings"

	"relais/internal/designs/path"
)

// SVG writes a sheet as an element for a page, or as a file: outlines and photographs only, no style, script, font or address of another site. A
// photograph is named by its address on this site, or embedded where it has none. Layers can be found by data-zone and data-layer, their grips, which lie below all
// ink and are not seen, by data-grip-zone and data-grip-layer.
func SVG(s Sheet, pictures Pictures) string {
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ` + number(s.Width) + ` ` + number(s.Height) + `"`)
	b.WriteString(` width="` + number(s.Width) + `mm" height="` + number(s.Height) + `mm">`)
	b.WriteString(`<title>` + escaped(joined(s.Title, s.Text)) + `</title>`)
	written := false
	for _, m := range s.Marks {
		if m.Zone != "" && !written {
			writeGrips(&b, s.Grips)
			written = true
		}
		if m.Zone != "" {
			b.WriteString(`<g data-zone="` + escaped(m.Zone) + `" data-layer="` + strconv.Itoa(m.Layer) + `"`)
			if s.Grips != nil && !slices.ContainsFunc(s.Grips, func(g Grip) bool { return g.Zone == m.Zone && g.Layer == m.Layer }) {
				b.WriteString(` pointer-events="none"`)
			}
			b.WriteString(`>`)
		}
		if m.Clip != nil { // a nested svg cuts at its edge and needs no name
			x, y, w, h := number(m.Clip.X0), number(m.Clip.Y0), number(m.Clip.Width()), number(m.Clip.Height())
			b.WriteString(`<svg x="` + x + `" y="` + y + `" width="` + w + `" height="` + h + `" viewBox="` + x + ` ` + y + ` ` + w + ` ` + h + `">`)
		}
		if m.Picture == "" {
			b.WriteString(`<path fill="` + escaped(string(m.Colour)) + `" d="` + data(m.Path) + `"/>`)
		} else if p, ok := pictures[m.Picture]; ok {
			writePicture(&b, m, p)
		}
		if m.Clip != nil {
			b.WriteString(`</svg>`)
		}
		if m.Zone != "" {
			b.WriteString(`</g>`)
		}
	}
	b.WriteString(`</svg>`)
	return b.String()
}

func writeGrips(b *strings.Builder, grips []Grip) {
	for _, g := range grips {
		b.WriteString(`<rect fill="none" pointer-events="all" data-grip-zone="` + escaped(g.Zone) + `" data-grip-layer="` + strconv.Itoa(g.Layer) + `" x="` + number(g.Box.X0) + `" y="` + number(g.Box.Y0) +
			`" width="` + number(g.Box.Width()) + `" height="` + number(g.Box.Height()) + `"/>`)
	}
}

func writePicture(b *strings.Builder, m Mark, p Picture) {
	address := p.Address
	if address == "" {
		address = "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(p.JPEG)
	}
	b.WriteString(`<image width="` + strconv.Itoa(p.Width) + `" height="` + strconv.Itoa(p.Height) + `" preserveAspectRatio="none" transform="matrix(`)
	for i, n := range []float64{m.At.A, m.At.B, m.At.C, m.At.D, m.At.E, m.At.F} {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.FormatFloat(math.Round(n*1e7)/1e7, 'f', -1, 64))
	}
	b.WriteString(`)" href="` + escaped(address) + `"/>`)
}

// data is an outline in the words of SVG.
func data(p path.Path) string {
	var b strings.Builder
	for _, s := range p {
		b.WriteByte(byte(s.Op))
		for n := range s.Op.Points() {
			if n > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(number(s.P[n].X))
			b.WriteByte(' ')
			b.WriteString(number(s.P[n].Y))
		}
	}
	return b.String()
}

// number is a coordinate with three decimals at most.
func number(f float64) string {
	return strconv.FormatFloat(math.Round(f/grain)*grain+0, 'f', decimals(f), 64)
}

// decimals are as many as a rounded coordinate needs.
func decimals(f float64) int {
	n := int64(math.Round(math.Abs(f) / grain))
	switch {
	case n%1000 == 0:
		return 0
	case n%100 == 0:
		return 1
	case n%10 == 0:
		return 2
	}
	return 3
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
