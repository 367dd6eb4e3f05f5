// Package model says what a base and a design are, as data, and what is wrong with them.
//
// A Base is what a brand prepares: views of a piece (front, back), each measured in hundredths of a millimetre, with zones in which
// something may be put. A Document is what a member puts there: for each zone, layers of text, image, pattern, colour or monogram. Both
// are JSON with a version and strict: what is not known is refused. There are three judges:
//
//	Parse      can it be kept at all: well-formed, within the bounds that nothing ever passes; a draft needs no more
//	Validate   can it be made: every rule of the base, each refusal with its place, its reason and what would do
//	Price      what it costs beside the piece, by what was used
//
// Normalise gives equal designs equal documents. Nothing here reads a clock, a database or a file.
package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"relais/internal/designs/letters"
	"relais/internal/designs/path"
	"relais/internal/fault"
	"relais/internal/prose"
)

// Version is that of both kinds of JSON.
const Version = 1

// Bounds of every base.
const (
	MostBytes   = 64 << 10 // of a document or base as JSON
	MostViews   = 6
	MostZones   = 12 // of a view
	MostLayers  = 12 // of a zone
	MostLetters = 60 // of a text
	MostWords   = 200
	MostColours = 24
	MostName    = 60
	MostDays    = 120
	MostExtra   = 1_000_00 // minor units for one use of an option
	LeastSide   = Length(10_00)
	MostSide    = Length(2_000_00)
	LeastZone   = Length(5_00)
	LeastSize   = Length(2_00)
	MostBleed   = Length(20_00)
	LeastDPI    = 72
	MostDPI     = 600
)

// Length is in hundredths of a millimetre.
type Length int

// MM is the length in millimetres.
func (l Length) MM() float64 { return float64(l) / 100 }

// Colour is "#rrggbb", in small letters.
type Colour string

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// Valid says whether it is a colour.
func (c Colour) Valid() bool { return colour.MatchString(string(c)) }

// RGB are the parts of a colour; black where it is none.
func (c Colour) RGB() (r, g, b uint8) {
	if !c.Valid() {
		return 0, 0, 0
	}
	n, err := strconv.ParseUint(string(c[1:]), 16, 32)
	if err != nil {
		return 0, 0, 0
	}
	return uint8(n >> 16), uint8(n >> 8), uint8(n)
}

// Kind is what a layer is.
type Kind string

// The kinds.
const (
	Text     Kind = "text"
	Image    Kind = "image"    // a photograph of the designer's
	Pattern  Kind = "pattern"  // repeated over the zone
	Fill     Kind = "colour"   // of the zone, or of the piece itself
	Monogram Kind = "monogram" // one to three letters, framed
)

// Kinds are all of them, in the order in which they are offered.
func Kinds() []Kind { return []Kind{Text, Monogram, Image, Pattern, Fill} }

// Shapes are the drawn silhouettes of a view.
func Shapes() []string { return []string{"sheet", "shirt", "bag", "mug", "plate", "cushion"} }

// Patterns are those that can be repeated.
func Patterns() []string { return []string{"stripes", "dots", "checks", "zigzag"} }

// Frames are those of a monogram.
func Frames() []string { return []string{"none", "ring", "square"} }

// Base is a piece that members can make their own.
type Base struct {
	Version   int      `json:"version"`
	Views     []View   `json:"views"`
	Forbidden []string `json:"forbidden"` // words that are not made
	Days      int      `json:"days"`      // to make a piece, before it is sent
	DPI       int      `json:"dpi"`       // that a photograph needs at its printed size
	Bleed     Length   `json:"bleed"`     // printed beyond each zone's edge, to be cut off
}

// View is one side of the piece.
type View struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Width  Length `json:"width"`
	Height Length `json:"height"`
	Shape  string `json:"shape"`  // one of Shapes, drawn where there is no photograph
	Ground Colour `json:"ground"` // of the shape
	Photo  string `json:"photo"`  // hash of one of the product's photographs, behind everything in place of the shape; empty for none
	Zones  []Zone `json:"zones"`
}

// Zone is a rectangle of a view, measured from its upper left corner, and what may be put there.
type Zone struct {
	ID       string           `json:"id"` // unique in the base
	Name     string           `json:"name"`
	X        Length           `json:"x"`
	Y        Length           `json:"y"`
	Width    Length           `json:"width"`
	Height   Length           `json:"height"`
	Kinds    []Kind           `json:"kinds"`
	Most     int              `json:"most"`     // layers
	Required bool             `json:"required"` // at least one layer
	Fonts    []string         `json:"fonts"`
	Letters  int              `json:"letters"`         // of one text
	Least    Length           `json:"least"`           // the smallest letters that can be made
	Colours  []Colour         `json:"colours"`         // of text, monogram, pattern and fill
	Names    map[Colour]Names `json:"names,omitempty"` // of its colours, where the brand gave any
	Patterns []string         `json:"patterns"`
	Whole    bool             `json:"whole"` // its colour is that of the piece itself and is not printed
	Extra    map[Kind]int64   `json:"extra"` // minor units for each layer of a kind
}

// Box is the zone in its view, in millimetres.
func (z Zone) Box() path.Rect { return path.Box(z.X.MM(), z.Y.MM(), z.Width.MM(), z.Height.MM()) }

// Takes says whether a kind may be put there.
func (z Zone) Takes(k Kind) bool { return slices.Contains(z.Kinds, k) }

// Zone finds a zone and its view; false where there is none.
func (b Base) Zone(id string) (View, Zone, bool) {
	for _, v := range b.Views {
		for _, z := range v.Zones {
			if z.ID == id {
				return v, z, true
			}
		}
	}
	return View{}, Zone{}, false
}

// Problem is what is wrong, and where.
type Problem struct {
	Field string         // "views.0.zones.1.width" of a base, "ZONE.0.text" of a document, "ZONE" of a zone as a whole
	Key   string         // of the message
	Args  map[string]any // of the message
}

// unmarshal reads strict JSON: one value, no field that is not known.
func unmarshal(raw []byte, into any) error {
	if len(raw) > MostBytes {
		return fault.New(fault.Invalid, "fault.designs.too_large")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = fmt.Errorf("more than one value")
		}
	}
	if err != nil {
		return fault.New(fault.Invalid, "fault.designs.unreadable").Because(err)
	}
	return nil
}

// ParseBase reads a base that was kept; Problems says what is wrong with it. Fault Invalid where it is no base at all.
func ParseBase(raw []byte) (Base, error) {
	var b Base
	if err := unmarshal(raw, &b); err != nil {
		return Base{}, err
	}
	if b.Version != Version || len(b.Views) > MostViews || slices.ContainsFunc(b.Views, func(v View) bool { return len(v.Zones) > MostZones }) {
		return Base{}, fault.New(fault.Invalid, "fault.designs.unreadable")
	}
	return b, nil
}

// Photos are the photographs of the views, by their hashes, each once.
func (b Base) Photos() []string {
	var out []string
	for _, v := range b.Views {
		if v.Photo != "" && !slices.Contains(out, v.Photo) {
			out = append(out, v.Photo)
		}
	}
	return out
}

var id = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,23}$`)

// checker collects what is wrong.
type checker struct{ problems []Problem }

func (c *checker) fail(field, key string, args ...any) {
	p := Problem{Field: field, Key: "fault.designs." + key}
	for i := 0; i+1 < len(args); i += 2 {
		if p.Args == nil {
			p.Args = map[string]any{}
		}
		p.Args[args[i].(string)] = args[i+1]
	}
	c.problems = append(c.problems, p)
}

// within refuses a number that is not between two.
func (c *checker) within(field string, n, least, most int) {
	if n < least || n > most {
		c.fail(field, "between", "Least", least, "Most", most)
	}
}

// length is within for lengths, said in millimetres.
func (c *checker) length(field string, n, least, most Length) {
	if n < least || n > most {
		c.fail(field, "between_mm", "Least", least.String(), "Most", most.String())
	}
}

// String is the length in millimetres, with as many digits as it needs.
func (l Length) String() string { return strconv.FormatFloat(l.MM(), 'f', -1, 64) }

// Problems says why a base cannot be published; none: it can.
func (b Base) Problems() []Problem {
	var c checker
	if len(b.Views) == 0 {
		c.fail("views", "base_views")
	}
	c.within("days", b.Days, 0, MostDays)
	c.within("dpi", b.DPI, LeastDPI, MostDPI)
	c.length("bleed", b.Bleed, 0, MostBleed)
	if len(b.Forbidden) > MostWords {
		c.fail("forbidden", "base_words", "Most", MostWords)
	}
	seen := map[string]bool{}
	zones := 0
	for i, v := range b.Views {
		at := "views." + strconv.Itoa(i)
		c.view(at, v)
		for n, z := range v.Zones {
			zones++
			at := at + ".zones." + strconv.Itoa(n)
			c.zone(at, v, z)
			if !id.MatchString(z.ID) || seen[z.ID] {
				c.fail(at+".id", "base_id")
			}
			seen[z.ID] = true
		}
		if !id.MatchString(v.ID) || seen["view "+v.ID] {
			c.fail(at+".id", "base_id")
		}
		seen["view "+v.ID] = true
	}
	if zones == 0 && len(b.Views) > 0 {
		c.fail("views", "base_zones")
	}
	return c.problems
}

func (c *checker) name(field, name string) {
	switch n := prose.Line(name); {
	case n == "":
		c.fail(field, "base_name")
	case letters.Count(n) > MostName:
		c.fail(field, "base_name_long", "Most", MostName)
	}
}

func (c *checker) view(at string, v View) {
	c.name(at+".name", v.Name)
	c.length(at+".width", v.Width, LeastSide, MostSide)
	c.length(at+".height", v.Height, LeastSide, MostSide)
	if !slices.Contains(Shapes(), v.Shape) {
		c.fail(at+".shape", "choose")
	}
	if !v.Ground.Valid() {
		c.fail(at+".ground", "colour")
	}
}

func (c *checker) zone(at string, v View, z Zone) {
	c.name(at+".name", z.Name)
	c.length(at+".width", z.Width, LeastZone, MostSide)
	c.length(at+".height", z.Height, LeastZone, MostSide)
	if z.X < 0 || z.Y < 0 || z.X > MostSide || z.Y > MostSide || z.X+z.Width > v.Width || z.Y+z.Height > v.Height {
		c.fail(at+".x", "base_outside")
	}
	c.within(at+".most", z.Most, 1, MostLayers)
	if len(z.Kinds) == 0 || slices.ContainsFunc(z.Kinds, func(k Kind) bool { return !slices.Contains(Kinds(), k) }) {
		c.fail(at+".kinds", "base_kinds")
	}
	switch {
	case z.Whole && !z.Takes(Fill):
		c.fail(at+".whole", "base_whole")
	case z.Whole && v.Photo != "":
		c.fail(at+".whole", "base_whole_photo")
	}
	if z.Takes(Text) || z.Takes(Monogram) {
		c.within(at+".letters", z.Letters, 1, MostLetters)
		c.length(at+".least", z.Least, LeastSize, MostSide)
		if len(z.Fonts) == 0 || slices.ContainsFunc(z.Fonts, func(f string) bool { _, ok := letters.ByID(f); return !ok }) {
			c.fail(at+".fonts", "base_fonts")
		}
	}
	if z.Takes(Pattern) && (len(z.Patterns) == 0 || slices.ContainsFunc(z.Patterns, func(p string) bool { return !slices.Contains(Patterns(), p) })) {
		c.fail(at+".patterns", "base_patterns")
	}
	coloured := slices.ContainsFunc(z.Kinds, func(k Kind) bool { return k != Image })
	if coloured && len(z.Colours) == 0 || len(z.Colours) > MostColours || slices.ContainsFunc(z.Colours, func(c Colour) bool { return !c.Valid() }) {
		c.fail(at+".colours", "base_colours", "Most", MostColours)
	}
	for i, colour := range z.Colours {
		if slices.Contains(z.Colours[:i], colour) {
			c.fail(at+".colours."+strconv.Itoa(i)+".code", "base_colour_twice")
		}
		for lang, name := range z.Names[colour] {
			if letters.Count(name) > MostName {
				c.fail(at+".colours."+strconv.Itoa(i)+"."+lang, "base_name_long", "Most", MostName)
			}
		}
	}
	for _, k := range Kinds() {
		if e := z.Extra[k]; e < 0 || e > MostExtra {
			c.fail(at+".extra."+string(k), "base_extra")
		}
	}
}

// Tidy is a base with clean names, words and colours.
func (b Base) Tidy() Base {
	b.Version = Version
	b.Forbidden = slices.Clone(b.Forbidden)
	for i, w := range b.Forbidden {
		b.Forbidden[i] = strings.Join(words(w), " ")
	}
	slices.Sort(b.Forbidden)
	b.Forbidden = slices.DeleteFunc(slices.Compact(b.Forbidden), func(w string) bool { return w == "" })
	b.Views = slices.Clone(b.Views)
	for i := range b.Views {
		v := &b.Views[i]
		v.Name, v.Ground = prose.Line(v.Name), Colour(strings.ToLower(string(v.Ground)))
		v.Zones = slices.Clone(v.Zones)
		for n := range v.Zones {
			z := &v.Zones[n]
			z.Name, z.Names = prose.Line(z.Name), z.tidied()
		}
	}
	return b
}
