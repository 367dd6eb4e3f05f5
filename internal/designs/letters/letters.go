// Package letters turns what people write on a design into outlines.
//
// The fonts are files of this program, never those of a browser or a machine: the same text is the same outline on a page, in a
// picture and on the maker's print file. Text is shaped with HarfBuzz's rules (kerning, ligatures, the joined forms of Arabic) and
// put into visual order (bidi), so that Arabic and Hebrew read right to left, also beside Latin.
//
// Supported scripts: Latin, Greek, Cyrillic, Arabic, Hebrew, each by the fonts that Font.Scripts names. A letter that the chosen
// font lacks is refused (Font.Check), never replaced by another font's or an empty box; emoji are refused, as no font here has them.
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
	Emoji   Trouble = "emoji"   // a picture among letters: no font here has any
	Script  Trouble = "script"  // a letter of a script that is not supported
	Missing Trouble = "missing" // a letter that this font lacks and another has, or none
)

// Check finds the first letter of a text that the font cannot write.
func (f Font) Check(text string) (letter string, trouble Trouble) {
	face := font.NewFace(f.font)
	for _, r := range norm.NFC.String(text) {
		switch {
		case picture(r):
			return string(r), Emoji
		case !slices.Contains([]language.Script{language.Latin, language.Greek, language.Cyrillic, language.Arabic, language.Hebrew, language.Common, language.Inherited}, language.LookupScript(r)):
			return string(r), Script
		case joiner(r):
		default:
			if _, ok := face.NominalGlyph(r); !ok {
				return string(r), Missing
			}
		}
	}
	return "", None
}

// joiner says whether a letter has no look of its own but says how its neighbours join, as Persian needs.
func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// picture says whether a letter is an emoji or part of one.
func picture(r rune) bool {
	return r >= 0x1f000 && r <= 0x1faff || r == '\ufe0f' || r == '\u20e3' || r >= 0xe0000 && r <= 0xe007f ||
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
