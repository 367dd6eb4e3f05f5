package draw

import (
	"sync"

	"relais/internal/designs/letters"
)

// Specimen is the name of a font written in it, as an outline for an SVG of a page. A page defines each once, under an id, and shows it wherever the font can be
// chosen.
type Specimen struct {
	ID   string // of the font
	Box  string // viewBox
	Path string // d
}

var specimens = sync.OnceValue(func() map[string]Specimen {
	out := map[string]Specimen{}
	for _, f := range letters.All() {
		outline := f.Outline(f.Name, 0).Map(rounded)
		if r, ok := outline.Bounds(); ok {
			r = r.Grow(0.05)
			out[f.ID] = Specimen{f.ID, number(r.X0) + " " + number(r.Y0) + " " + number(r.Width()) + " " + number(r.Height()), data(outline)}
		}
	}
	return out
})

// SpecimenOf is that of a font.
func SpecimenOf(f letters.Font) Specimen { return specimens()[f.ID] }
