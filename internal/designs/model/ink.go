package model

import (
	"relais/internal/designs/letters"
	"relais/internal/designs/path"
)

// Ink is the outline of a text or monogram, in millimetres from the upper left corner of its zone; empty for other kinds, and where nothing
// would be seen.
func (l Layer) Ink() path.Path {
	font, ok := letters.ByID(l.Font)
	if !ok || l.Text == "" || l.Kind != Text && l.Kind != Monogram {
		return nil
	}
	ink := font.Outline(l.Text, l.Arc)
	if len(ink) == 0 {
		return nil
	}
	if l.Kind == Monogram {
		ink = append(ink, frame(l.Frame, ink)...)
	}
	return ink.Transform(l.Matrix(l.Size.MM()))
}

// Matrix puts what is drawn around the origin, enlarged so many times, to the layer's place.
func (l Layer) Matrix(scale float64) path.Matrix {
	return path.Scale(scale, scale).Then(path.Turn(float64(l.Turn))).Then(path.Shift(l.X.MM(), l.Y.MM()))
}

// frame is drawn around a monogram of the size 1, as a band.
func frame(name string, ink path.Path) path.Path {
	r, ok := ink.Bounds()
	if !ok {
		return nil
	}
	const gap, band = 0.22, 0.05
	half := max(r.Width(), r.Height())/2 + gap
	switch name {
	case "ring":
		half += 0.08 // corners of wide letters
		return append(path.Circle(path.Point{}, half+band), backward(path.Circle(path.Point{}, half))...)
	case "square":
		inner := path.Rect{X0: -half, Y0: -half, X1: half, Y1: half}
		return append(inner.Grow(band).Path(), backward(inner.Path())...)
	}
	return nil
}

// backward turns an outline that is the same in a mirror, so that by the nonzero rule it is a hole.
func backward(p path.Path) path.Path { return p.Transform(path.Scale(-1, 1)) }
