package letters

import (
	"strings"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// For is the font for words that are nobody's choice, such as the name of a zone on a job sheet: the first that has every letter of them, or, where none has, the first of those that lack the
// fewest.
func For(text string) Font {
	fonts := all()
	best, fewest := fonts[0], -1
	for _, f := range fonts {
		missing := 0
		for _, r := range norm.NFC.String(text) {
			if _, trouble := f.Check(string(r)); trouble != None {
				missing++
			}
		}
		if fewest < 0 || missing < fewest {
			best, fewest = f, missing
		}
	}
	return best
}

// File is the TrueType file of the font.
func (f Font) File() []byte {
	switch f.ID {
	case "fraunces":
		return fraunces
	case "caveat":
		return caveat
	case "archivo-black":
		return archivoBlack
	case "amiri":
		return amiri
	case "frank-ruhl":
		return frankRuhl
	}
	return sourceSans
}

// Visual is a text in the order in which its letters stand on a line, from left to right: what is written from right to left is turned round.
func Visual(text string) string {
	var p bidi.Paragraph
	if _, err := p.SetString(text); err != nil {
		return text
	}
	order, err := p.Order()
	if err != nil {
		return text
	}
	var out strings.Builder
	for i := range order.NumRuns() {
		run := order.Run(i)
		if s := run.String(); run.Direction() == bidi.RightToLeft {
			out.WriteString(bidi.ReverseString(s))
		} else {
			out.WriteString(s)
		}
	}
	return out.String()
}
