// Package draw shows designs: as SVG on pages, as PNG, and as PDF for whoever makes the piece.
//
// There is one layout (View, Print): it turns a document into marks, each a filled outline or a photograph with its place, measured in millimetres,
// rounded once. The writers (SVG, PNG, PDF) only write marks down; text is outlines of our own fonts before any of them sees it. So what
// the member sees on a phone is what the maker prints; a test in internal/e2e holds Chromium's picture of the SVG against our PNG.
//
//	document ── View ──► Sheet: the piece with everything on it     ──► SVG, PNG
//	         └─ Print ─► Sheet: one zone at its size, with its bleed ──► SVG, PNG, PDF with cut marks
//
// A draft is drawn as far as it goes: what Validate refuses may still be seen, cut at the edge of its zone.
package draw

import (
	"math"
	"slices"
	"strconv"

	"relais/internal/designs/model"
	"relais/internal/designs/path"
)

// Picture is a photograph as the writers need it.
type Picture struct {
	Width, Height int    // pixels
	JPEG          []byte // as package media encoded it; PNG and PDF need it, SVG where there is no Address
	Address       string // on this site, for SVG on pages
}

// Pictures are the photographs of a sheet, by their names: PhotoName for a designer's, the hash for a brand's.
type Pictures map[string]Picture

// PhotoName is the name of a designer's photograph.
func PhotoName(id int64) string { return "photo-" + strconv.FormatInt(id, 10) }

// Mark is one thing on a sheet: a filled outline, or a photograph.
type Mark struct {
	Zone    string // whose layer it is; empty for the piece itself
	Layer   int    // counted from 0
	Path    path.Path
	Colour  model.Colour
	Picture string      // name of a photograph; empty for an outline
	At      path.Matrix // from the photograph's pixels to millimetres
	Clip    *path.Rect  // what lies outside is not seen; nil: all is
}

// Sheet is what is drawn, from the lowest mark to the uppermost, in millimetres.
type Sheet struct {
	Width, Height float64
	Title         string // what a screen reader says
	Text          string // and what is on it
	Marks         []Mark
	Grips         []Grip // where fingers take layers, where they can: nothing else of it takes fingers then; nil: it is only looked at
}

// Grip is where a layer can be taken: around its ink, and as large as a fingertip.
type Grip struct {
	Zone  string
	Layer int
	Box   path.Rect
}

// grain is what coordinates are rounded to, in millimetres: a twentieth of what a printer can place.
const grain = 0.001

func rounded(p path.Point) path.Point {
	return path.Point{X: math.Round(p.X/grain) * grain, Y: math.Round(p.Y/grain) * grain}
}

// View is one side of the piece, with everything that is on it: on the brand's photograph, where there is one among the pictures, or else on the drawn shape.
func View(b model.Base, v model.View, d model.Document, pictures Pictures) Sheet {
	s := Sheet{Width: v.Width.MM(), Height: v.Height.MM(), Title: v.Name}
	whole := path.Box(0, 0, s.Width, s.Height)
	if p, ok := pictures[v.Photo]; ok && v.Photo != "" {
		s.background(v.Photo, p, whole)
	} else {
		ground := v.Ground
		for _, z := range v.Zones {
			for _, l := range d.Part(z.ID) {
				if z.Whole && l.Kind == model.Fill && l.Colour.Valid() {
					ground = l.Colour
				}
			}
		}
		s.Marks = append(s.Marks, silhouette(v.Shape, whole, ground)...)
	}
	for _, z := range v.Zones {
		box := z.Box()
		s.zone(z, d, path.Point{X: box.X0, Y: box.Y0}, box, pictures)
	}
	return s
}

// Print is one zone at its size, with so much around it (millimetres) as is cut off. What colours the piece itself is not printed.
func Print(z model.Zone, d model.Document, bleed float64, pictures Pictures) Sheet {
	s := Sheet{Width: z.Width.MM() + 2*bleed, Height: z.Height.MM() + 2*bleed, Title: z.Name}
	s.zone(z, d, path.Point{X: bleed, Y: bleed}, path.Box(0, 0, s.Width, s.Height), pictures)
	return s
}

// background fits the brand's photograph into the view.
func (s *Sheet) background(name string, p Picture, whole path.Rect) {
	scale := min(whole.Width()/float64(p.Width), whole.Height()/float64(p.Height))
	at := path.Scale(scale, scale).Then(path.Shift((whole.Width()-scale*float64(p.Width))/2, (whole.Height()-scale*float64(p.Height))/2))
	s.Marks = append(s.Marks, Mark{Picture: name, At: at})
}

// zone draws the layers of a zone whose upper left corner is there; the box is what may be seen of them.
func (s *Sheet) zone(z model.Zone, d model.Document, corner path.Point, box path.Rect, pictures Pictures) {
	for i, l := range d.Part(z.ID) {
		if z.Whole && l.Kind == model.Fill {
			continue
		}
		m := Mark{Zone: z.ID, Layer: i, Colour: l.Colour, Clip: &box}
		move := path.Shift(corner.X, corner.Y)
		switch l.Kind {
		case model.Text, model.Monogram:
			m.Path = l.Ink().Transform(move)
			if len(m.Path) > 0 {
				s.Text = joined(s.Text, l.Text)
			}
		case model.Fill:
			m.Path = box.Path()
		case model.Pattern:
			m.Path = repeated(l, z, box, path.Point{X: corner.X + z.Width.MM()/2, Y: corner.Y + z.Height.MM()/2})
		case model.Image:
			p, ok := pictures[PhotoName(l.Photo)]
			if !ok || l.Size <= 0 {
				continue
			}
			m.Picture = PhotoName(l.Photo)
			m.At = path.Shift(-float64(p.Width)/2, -float64(p.Height)/2).Then(l.Matrix(l.Size.MM() / float64(p.Width))).Then(move)
		}
		s.add(m, pictures)
	}
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

// add rounds a mark and leaves out what cannot be seen.
func (s *Sheet) add(m Mark, pictures Pictures) {
	m.Path = m.Path.Map(rounded)
	seen, ok := m.Path.Bounds()
	if m.Picture != "" {
		p := pictures[m.Picture]
		seen, ok = path.Box(0, 0, float64(p.Width), float64(p.Height)).Path().Transform(m.At).Bounds()
	} else if !m.Colour.Valid() {
		return
	}
	if !ok || m.Clip != nil && !seen.Meets(*m.Clip) {
		return
	}
	if m.Clip != nil && seen.Within(*m.Clip, 0) {
		m.Clip = nil
	}
	s.Marks = append(s.Marks, m)
}

// Outlined is the sheet of a view with a frame around each zone, for whoever puts something there, and with a grip for each layer that has a place.
func Outlined(s Sheet, v model.View, d model.Document, pictures Pictures) Sheet {
	s.Grips = s.grips(v, d, pictures)
	s.Marks = slices.Clone(s.Marks)
	for _, z := range v.Zones {
		if !z.Whole {
			s.Marks = append(s.Marks, Mark{Path: edge(z.Box().Path(), max(s.Width, s.Height)/400).Map(rounded), Colour: "#c2321a"})
		}
	}
	return s
}

// fingertip is the side of the smallest grip, as a part of the longer side of the view: a view is at least as wide as half a phone.
const fingertip = 0.14

// grips are those of a view's layers, from the lowest to the uppermost.
func (s *Sheet) grips(v model.View, d model.Document, pictures Pictures) []Grip {
	list := []Grip{}
	for _, z := range v.Zones {
		corner := path.Shift(z.X.MM(), z.Y.MM())
		for i, l := range d.Part(z.ID) {
			if !l.Placed() {
				continue
			}
			ink := l.Ink()
			if p, ok := pictures[PhotoName(l.Photo)]; ok && l.Kind == model.Image && l.Size > 0 {
				ink = path.Box(-float64(p.Width)/2, -float64(p.Height)/2, float64(p.Width), float64(p.Height)).Path().Transform(l.Matrix(l.Size.MM() / float64(p.Width)))
			}
			box, ok := ink.Transform(corner).Bounds()
			if !ok {
				continue
			}
			least := fingertip * max(s.Width, s.Height)
			wide, high := max(0, least-box.Width())/2, max(0, least-box.Height())/2
			list = append(list, Grip{z.ID, i, path.Rect{X0: box.X0 - wide, Y0: box.Y0 - high, X1: box.X1 + wide, Y1: box.Y1 + high}})
		}
	}
	return list
}
