package model

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"relais/internal/fault"
	"relais/internal/prose"
)

// Document is a design.
type Document struct {
	Version int    `json:"version"`
	Parts   []Part `json:"parts"`
}

// Part is what was put into one zone, from the lowest layer to the uppermost.
type Part struct {
	Zone   string  `json:"zone"`
	Layers []Layer `json:"layers"`
}

// Layer is one thing. Fields that its kind does not use are empty.
type Layer struct {
	Kind    Kind   `json:"kind"`
	X       Length `json:"x,omitempty"`    // its middle, from the left edge of the zone; text, monogram, image
	Y       Length `json:"y,omitempty"`    // and from the upper one
	Size    Length `json:"size,omitempty"` // text and monogram: of the font; image: width; pattern: one repetition
	Turn    int    `json:"turn,omitempty"` // degrees, clockwise, -179 to 180; text, monogram, image, pattern
	Arc     int    `json:"arc,omitempty"`  // degrees of a circle that the text takes, -360 to 360; 0: straight
	Colour  Colour `json:"colour,omitempty"`
	Font    string `json:"font,omitempty"`
	Text    string `json:"text,omitempty"`
	Photo   int64  `json:"photo,omitempty"`
	Pattern string `json:"pattern,omitempty"`
	Frame   string `json:"frame,omitempty"` // of a monogram
}

// Bounds of every document.
const (
	mostParts = MostViews * MostZones
	mostText  = 600     // bytes
	mostInAll = 40      // layers of a document
	mostWords = 8 << 10 // bytes of all its texts: so much is drawn at each keystroke
	mostTiled = 4       // patterns of a document, of which each may be more than a thousand motifs
	mostPlace = Length(5_000_00)
)

// Part is what a zone has; empty where nothing.
func (d Document) Part(zone string) []Layer {
	for _, p := range d.Parts {
		if p.Zone == zone {
			return p.Layers
		}
	}
	return nil
}

// With is the document with other layers in a zone.
func (d Document) With(zone string, layers []Layer) Document {
	d.Parts = slices.DeleteFunc(slices.Clone(d.Parts), func(p Part) bool { return p.Zone == zone })
	d.Parts = append(d.Parts, Part{zone, layers})
	return d
}

// Photos are the photographs that a document shows, each once.
func (d Document) Photos() []int64 {
	var out []int64
	for _, p := range d.Parts {
		for _, l := range p.Layers {
			if l.Kind == Image && l.Photo != 0 && !slices.Contains(out, l.Photo) {
				out = append(out, l.Photo)
			}
		}
	}
	return out
}

// Parse reads a document that can be kept and drawn. Fault Invalid where it cannot: not ours, or beyond what any base allows.
func Parse(raw []byte) (Document, error) {
	var d Document
	if err := unmarshal(raw, &d); err != nil {
		return Document{}, err
	}
	refuse := func(why string) (Document, error) {
		return Document{}, fault.New(fault.Invalid, "fault.designs.unreadable").Because(fmt.Errorf("document: %s", why))
	}
	if d.Version != Version {
		return refuse("version")
	}
	if len(d.Parts) > mostParts {
		return refuse("parts")
	}
	seen := map[string]bool{}
	layers, text, tiled := 0, 0, 0
	for _, p := range d.Parts {
		if seen[p.Zone] || !id.MatchString(p.Zone) {
			return refuse("zone")
		}
		seen[p.Zone] = true
		if len(p.Layers) > MostLayers {
			return refuse("layers")
		}
		for _, l := range p.Layers {
			if why := l.nonsense(); why != "" {
				return refuse(why)
			}
			layers, text = layers+1, text+len(l.Text)
			if l.Kind == Pattern {
				tiled++
			}
		}
	}
	if layers > mostInAll || text > mostWords || tiled > mostTiled {
		return Document{}, fault.New(fault.Invalid, "fault.designs.too_much").Arg("Layers", mostInAll).Arg("Patterns", mostTiled)
	}
	return d, nil
}

// Layers is how many there are.
func (d Document) Layers() (n int) {
	for _, p := range d.Parts {
		n += len(p.Layers)
	}
	return n
}

// nonsense says why a layer cannot be kept; empty: it can.
func (l Layer) nonsense() string {
	far := func(n Length) bool { return n < -mostPlace || n > mostPlace }
	switch {
	case !slices.Contains(Kinds(), l.Kind):
		return "kind"
	case far(l.X) || far(l.Y):
		return "place"
	case l.Size < 0 || l.Size > MostSide:
		return "size"
	case l.Turn < -360 || l.Turn > 360 || l.Arc < -360 || l.Arc > 360:
		return "turn"
	case len(l.Text) > mostText || !prose.Readable(prose.Printable(l.Text)):
		return "text"
	case l.Colour != "" && !l.Colour.Valid():
		return "colour"
	case l.Photo < 0 || len(l.Font) > 24 || len(l.Pattern) > 24 || len(l.Frame) > 24:
		return "choice"
	}
	return ""
}

// Normalise is the document as it is kept: zones in the order of the base, none that it lacks, none empty; text in one line and without the marks that turn
// its direction; nothing in fields that a kind does not use. Normalising twice changes nothing.
func Normalise(b Base, d Document) Document {
	out := Document{Version: Version, Parts: []Part{}}
	for _, v := range b.Views {
		for _, z := range v.Zones {
			layers := d.Part(z.ID)
			if len(layers) == 0 {
				continue
			}
			part := Part{Zone: z.ID}
			for _, l := range layers {
				part.Layers = append(part.Layers, l.normal())
			}
			out.Parts = append(out.Parts, part)
		}
	}
	return out
}

func (l Layer) normal() Layer {
	n := Layer{Kind: l.Kind}
	if l.Kind == Text || l.Kind == Monogram {
		n.Font, n.Text = l.Font, norm.NFC.String(prose.Line(l.Text))
	}
	switch l.Kind {
	case Text:
		n.Arc = l.Arc
	case Monogram:
		n.Text = norm.NFC.String(strings.ToUpper(n.Text))
		n.Frame = l.Frame
	case Image:
		n.Photo = l.Photo
	case Pattern:
		n.Pattern, n.Size, n.Turn = l.Pattern, l.Size, turn(l.Turn)
	}
	if l.Kind != Image {
		n.Colour = l.Colour
	}
	if l.Placed() {
		n.X, n.Y, n.Size, n.Turn = l.X, l.Y, l.Size, turn(l.Turn)
	}
	return n
}

// Placed says whether the layer has a place in its zone, and does not fill it.
func (l Layer) Placed() bool { return l.Kind == Text || l.Kind == Monogram || l.Kind == Image }

// turn is the same direction within half a turn of straight: -179 to 180.
func turn(degrees int) int {
	degrees %= 360
	switch {
	case degrees > 180:
		return degrees - 360
	case degrees <= -180:
		return degrees + 360
	}
	return degrees
}
