package paper

import (
	"strings"

	"golang.org/x/image/font/sfnt"
)

// write puts one line of text into a box of that width, aligned L or R.
func (s *sheet) write(f face, x, y, w float64, align, text string) {
	s.use(f)
	s.pdf.SetXY(x, y)
	s.pdf.SetCellMargin(0)
	s.pdf.CellFormat(w, f.height, s.known(f, text), "", 0, align+"M", false, 0, "")
}

func (s *sheet) use(f face) {
	s.pdf.SetFont(f.family, f.style, f.size)
	s.pdf.SetTextColor(f.colour[0], f.colour[1], f.colour[2])
}

// known replaces what the font cannot write by a sign that can be seen, so that nothing is missing without a trace.
func (s *sheet) known(f face, text string) string {
	font := s.fonts[f.family+f.style]
	var buffer sfnt.Buffer
	return strings.Map(func(r rune) rune {
		if r > 0xffff {
			return '¤'
		}
		if index, err := font.GlyphIndex(&buffer, r); err != nil || index == 0 {
			if r == '\u202f' {
				return '\u00a0'
			}
			if r < ' ' {
				return ' '
			}
			return '¤'
		}
		return r
	}, text)
}

// lines breaks a text at its spaces so that each line fits a width; a word that is longer than that is broken where it must.
func (s *sheet) lines(f face, text string, w float64) []string {
	s.use(f)
	text = s.known(f, text)
	var out []string
	current := ""
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' }) {
		next := word
		if current != "" {
			next = current + " " + word
		}
		if s.pdf.GetStringWidth(next) <= w {
			current = next
			continue
		}
		if current != "" {
			out = append(out, current)
		}
		for s.pdf.GetStringWidth(word) > w {
			runes := []rune(word)
			n := len(runes) - 1
			for n > 1 && s.pdf.GetStringWidth(string(runes[:n])) > w {
				n--
			}
			out = append(out, string(runes[:n]))
			word = string(runes[n:])
		}
		current = word
	}
	if current != "" || len(out) == 0 {
		out = append(out, current)
	}
	return out
}

func (s *sheet) fill(c shade, x, y, w, h float64) {
	s.pdf.SetFillColor(c[0], c[1], c[2])
	s.pdf.Rect(x, y, w, h, "F")
}

// rule is a hairline over the width of the page; rule2 a stronger one over a column.
func (s *sheet) rule(y float64, c shade) { s.fill(c, margin, y, width, 0.25) }

func (s *sheet) rule2(x, y, w float64, c shade) { s.fill(c, x, y, w, 0.5) }
