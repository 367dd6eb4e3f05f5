package model

import (
	"slices"
	"strconv"

	"relais/internal/designs/letters"
	"relais/internal/designs/path"
)

// Photo is the size of a photograph, in pixels.
type Photo struct{ Width, Height int }

// slack is by how much something may stand over an edge, in millimetres: less than anybody can cut.
const slack = 0.05

// Validate says why a normalised design cannot be made; none: it can. Photos are those that its author may use. One with nothing on it is no design: it would be
// the piece as it is, which is not made to anybody's wishes.
func Validate(b Base, d Document, photos map[int64]Photo) []Problem {
	var c checker
	for _, p := range d.Parts {
		if _, _, ok := b.Zone(p.Zone); !ok {
			c.fail(p.Zone, "zone_unknown")
		}
	}
	for _, v := range b.Views {
		for _, z := range v.Zones {
			layers := d.Part(z.ID)
			switch {
			case len(layers) == 0 && z.Required:
				c.fail(z.ID, "zone_empty", "Zone", z.Name)
			case len(layers) > z.Most:
				c.fail(z.ID, "zone_full", "Zone", z.Name, "Most", z.Most)
			}
			for i, l := range layers {
				at := z.ID + "." + strconv.Itoa(i) + "."
				if !z.Takes(l.Kind) {
					c.fail(at+"kind", "kind_refused", "Zone", z.Name)
					continue
				}
				c.layer(at, b, z, l, photos)
			}
		}
	}
	c.together(b, d)
	if len(c.problems) == 0 && d.Layers() == 0 {
		c.fail("", "design_empty")
	}
	return c.problems
}

// Fits says whether everything of a design has its place on another base: a zone that takes it, and as many. What else is wrong there (a size, a colour) its author
// can change.
func Fits(b Base, d Document) bool {
	for _, p := range d.Parts {
		_, z, ok := b.Zone(p.Zone)
		if !ok || len(p.Layers) > z.Most || slices.ContainsFunc(p.Layers, func(l Layer) bool { return !z.Takes(l.Kind) }) {
			return false
		}
	}
	return true
}

func (c *checker) layer(at string, b Base, z Zone, l Layer, photos map[int64]Photo) {
	if l.Kind != Image && !slices.Contains(z.Colours, l.Colour) {
		c.fail(at+"colour", "choose_colour")
	}
	switch l.Kind {
	case Text, Monogram:
		c.text(at, b, z, l)
	case Image:
		c.image(at, b, z, l, photos)
	case Pattern:
		if !slices.Contains(z.Patterns, l.Pattern) {
			c.fail(at+"pattern", "choose")
		}
		c.length(at+"size", l.Size, z.LeastPattern(), max(z.Width, z.Height))
	}
}

// leastMotif is the smallest repetition of a pattern, and the smallest photograph.
const leastMotif = Length(4_00)

// LeastPattern is the smallest repetition of a pattern in a zone: no more than forty along its longer side.
func (z Zone) LeastPattern() Length { return max(leastMotif, (max(z.Width, z.Height)+39)/40) }

func (c *checker) text(at string, b Base, z Zone, l Layer) {
	if l.Kind == Monogram && !slices.Contains(Frames(), l.Frame) {
		c.fail(at+"frame", "choose")
	}
	font, known := letters.ByID(l.Font)
	if !known || !slices.Contains(z.Fonts, l.Font) {
		c.fail(at+"font", "choose_font")
		return
	}
	most := z.Letters
	if l.Kind == Monogram {
		most = min(most, 3)
	}
	n := letters.Count(l.Text)
	letter, trouble := font.Check(l.Text)
	switch {
	case l.Text == "":
		c.fail(at+"text", "text_empty")
	case n > most:
		c.fail(at+"text", "text_long", "Most", most, "Count", n)
	case trouble != letters.None:
		c.unwritable(at+"text", z, font, l.Text, letter, trouble)
	case forbidden(b.Forbidden, l.Text):
		c.fail(at+"text", "text_forbidden")
	case l.Size < z.Least:
		c.fail(at+"size", "text_small", "Least", z.Least.String())
	default:
		c.fit(at, z, l)
	}
}

// unwritable says what of a text cannot be written, and which font of the zone could.
func (c *checker) unwritable(field string, z Zone, font letters.Font, text, letter string, trouble letters.Trouble) {
	switch other := letters.Having(text, z.Fonts); {
	case trouble == letters.Emoji:
		c.fail(field, "text_emoji", "Letter", letter)
	case trouble == letters.Script:
		c.fail(field, "text_script", "Letter", letter)
	case len(other) > 0:
		c.fail(field, "text_letter_other", "Letter", letter, "Font", font.Name, "Other", other[0].Name)
	default:
		c.fail(field, "text_letter", "Letter", letter, "Font", font.Name)
	}
}

// fit refuses text that would be cut at the edge of its zone.
func (c *checker) fit(at string, z Zone, l Layer) {
	ink, ok := l.Ink().Bounds()
	zone := path.Box(0, 0, z.Width.MM(), z.Height.MM())
	switch {
	case !ok:
		c.fail(at+"text", "text_empty")
	case ink.Within(zone, slack):
	case ink.Width() > zone.Width()+2*slack || ink.Height() > zone.Height()+2*slack:
		ratio := min(zone.Width()/ink.Width(), zone.Height()/ink.Height())
		if fits := Length(float64(l.Size) * ratio); fits >= z.Least {
			c.fail(at+"size", "text_large", "Most", strconv.FormatFloat(float64(fits/10)/10, 'f', -1, 64))
		} else {
			c.fail(at+"text", "text_never_fits")
		}
	default:
		c.fail(at+"x", "text_outside")
	}
}

func (c *checker) image(at string, b Base, z Zone, l Layer, photos map[int64]Photo) {
	p, ok := photos[l.Photo]
	if !ok || p.Width <= 0 || p.Height <= 0 {
		c.fail(at+"photo", "choose_photo")
		return
	}
	if l.Size < leastMotif {
		c.fail(at+"size", "between_mm", "Least", leastMotif.String(), "Most", MostSide.String())
		return
	}
	half := path.Point{X: l.Size.MM() / 2, Y: l.Size.MM() / 2 * float64(p.Height) / float64(p.Width)}
	ink, _ := path.Rect{X0: -half.X, Y0: -half.Y, X1: half.X, Y1: half.Y}.Path().Transform(l.Matrix(1)).Bounds()
	if !ink.Meets(path.Box(0, 0, z.Width.MM(), z.Height.MM())) {
		c.fail(at+"x", "photo_outside")
	}
	if dpi := float64(p.Width) / (l.Size.MM() / 25.4); int(dpi+0.5) < b.DPI {
		most := Length(float64(p.Width) / float64(b.DPI) * 25_40)
		c.fail(at+"size", "photo_coarse", "DPI", int(dpi+0.5), "Need", b.DPI, "Most", strconv.Itoa(int(most/100)))
	}
}

// Item is one line of what a design costs beside the piece.
type Item struct {
	Zone  string // its name
	Kind  Kind
	Count int
	Minor int64 // for all of them
}

// Price is what a design costs beside the piece, in minor units of the product's currency, VAT included, and for what; options that cost nothing are left out.
func Price(b Base, d Document) (int64, []Item) {
	var total int64
	var items []Item
	for _, v := range b.Views {
		for _, z := range v.Zones {
			for _, k := range Kinds() {
				n := 0
				for _, l := range d.Part(z.ID) {
					if l.Kind == k {
						n++
					}
				}
				if minor := z.Extra[k] * int64(n); minor > 0 {
					items = append(items, Item{z.Name, k, n, minor})
					total += minor
				}
			}
		}
	}
	return total, items
}
