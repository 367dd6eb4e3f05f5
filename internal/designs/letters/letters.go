// Package letters turns what people write on a design into outlines.
//
// The fonts are files of this program, never those of a browser or a machine: the same text is the same outline on a page, in a
// picture and on the maker's print file. Text is shaped with HarfBuzz's rules (kerning, ligatures, the joined forms of Arabic) and
// put into visual order (bidi), so that Arabic and Hebrew read right to left, also beside Latin.
//
// Supported scripts: Latin, Greek, Cyrillic, Arabic, Hebrew, each by the fonts that Font.Scripts names. A letter that the chosen
// font lacks is refused (Font.Check), never replaced by another font's or an empty box. So are emoji; a sign such as ♥ is a letter where the
// font draws it. The invisible marks that turn the direction of reading are not part of a text: package model takes them out when a design is kept, and each word
// reads as its letters do.
package letters

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"sync"
	"unicode"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
	"golang.org/x/text/unicode/norm"
)

// Font is a typeface that brands may allow in a zone.
type Font struct {
	ID      string   // "fraunces"; stands in documents
	Name    string   // "Fraunces"
	Scripts []string // ISO 15924 codes: Latn, Grek, Cyrl, Arab, Hebr
	font    *font.Font
}

//go:embed fonts/Fraunces_600SemiBold.ttf
var fraunces []byte

//go:embed fonts/SourceSans3_600SemiBold.ttf
var sourceSans []byte

//go:embed fonts/Caveat_600SemiBold.ttf
var caveat []byte

//go:embed fonts/ArchivoBlack_400Regular.ttf
var archivoBlack []byte

//go:embed fonts/Amiri_400Regular.ttf
var amiri []byte

//go:embed fonts/FrankRuhlLibre_500Medium.ttf
var frankRuhl []byte

var all = sync.OnceValue(func() []Font {
	var out []Font
	for _, f := range []struct {
		id, name string
		scripts  []string
		file     []byte
	}{
		{"source-sans", "Source Sans", []string{"Latn", "Grek", "Cyrl"}, sourceSans},
		{"fraunces", "Fraunces", []string{"Latn"}, fraunces},
		{"caveat", "Caveat", []string{"Latn", "Cyrl"}, caveat},
		{"archivo-black", "Archivo Black", []string{"Latn"}, archivoBlack},
		{"amiri", "Amiri", []string{"Arab", "Latn"}, amiri},
		{"frank-ruhl", "Frank Ruhl Libre", []string{"Hebr", "Latn"}, frankRuhl},
	} {
		face, err := font.ParseTTF(bytes.NewReader(f.file))
		if err != nil { // the files are compiled in, and a test reads each
			panic(fmt.Errorf("parse font %s: %w", f.name, err))
		}
		out = append(out, Font{f.id, f.name, f.scripts, face.Font})
	}
	return out
})

// All are the fonts, in the order in which they are offered.
func All() []Font { return slices.Clone(all()) }

// ByID is the font of that id; false where there is none.
func ByID(id string) (Font, bool) {
	i := slices.IndexFunc(all(), func(f Font) bool { return f.ID == id })
	if i < 0 {
		return Font{}, false
	}
	return all()[i], true
}

// Trouble is why a text cannot be written.
type Trouble string

// The troubles.
const (
	None    Trouble = ""
	Emoji   Trouble = "emoji"   // a picture among letters that no font here has
	Script  Trouble = "script"  // a letter of a script that is not supported
	Missing Trouble = "missing" // a letter that this font lacks and another has, or none
)

// Check finds the first letter of a text, as a person sees letters, that the font cannot write. A sign that the font draws is a letter like any other; a picture (♥, 🎉)
// that no font here has is an emoji.
func (f Font) Check(text string) (letter string, trouble Trouble) {
	var s segmenter.Segmenter
	s.Init([]rune(norm.NFC.String(text)))
	for i := s.GraphemeIterator(); i.Next(); {
		for _, r := range f.plain(string(i.Grapheme().Text)) {
			if trouble := f.check(r); trouble != None {
				return string(i.Grapheme().Text), trouble
			}
		}
	}
	return "", None
}

func (f Font) check(r rune) Trouble {
	switch {
	case joiner(r) || f.has(r):
		return None
	case picture(r) && !slices.ContainsFunc(all(), func(o Font) bool { return o.has(r) }):
		return Emoji
	case !slices.Contains([]language.Script{language.Latin, language.Greek, language.Cyrillic, language.Arabic, language.Hebrew, language.Common, language.Inherited}, language.LookupScript(r)):
		return Script
	}
	return Missing
}

// has says whether the font draws a letter.
func (f Font) has(r rune) bool {
	_, ok := f.font.NominalGlyph(r)
	return ok
}

// plain is a text as the font writes it: composed, and without the mark by which a keyboard asks for a sign in colours, where the font draws that sign.
func (f Font) plain(text string) string {
	var out []rune
	for _, r := range norm.NFC.String(text) {
		if variation(r) && len(out) > 0 && f.has(out[len(out)-1]) {
			continue
		}
		out = append(out, r)
	}
	return string(out)
}

// variation says whether a rune asks for the sign before it in colours or in ink, and has no look of its own.
func variation(r rune) bool { return r == '\ufe0e' || r == '\ufe0f' }

// joiner says whether a letter has no look of its own but says how its neighbours join, as Persian needs.
func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// picture says whether a letter is an emoji or part of one.
func picture(r rune) bool {
	return r >= 0x1f000 && r <= 0x1faff || variation(r) || r == '\u20e3' || r >= 0xe0000 && r <= 0xe007f ||
		r >= 0x2600 && r <= 0x27bf && unicode.Is(unicode.So, r)
}

// Having are those fonts of a list that can write a text.
func Having(text string, ids []string) []Font {
	var out []Font
	for _, id := range ids {
		if f, ok := ByID(id); ok {
			if _, trouble := f.Check(text); trouble == None {
				out = append(out, f)
			}
		}
	}
	return out
}

// Count is how many letters a person sees: an accent or a vowel sign belongs to its letter.
func Count(text string) int {
	var s segmenter.Segmenter
	s.Init([]rune(text))
	n := 0
	for i := s.GraphemeIterator(); i.Next(); {
		n++
	}
	return n
}
