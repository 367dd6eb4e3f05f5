package draw

import (
	"fmt"
	"math"

	"relais/internal/designs/model"
	"relais/internal/designs/path"
)

// silhouette draws a piece that has no photograph: its outline, with an edge in a darker shade so that white on white is seen, and details.
func silhouette(shape string, box path.Rect, ground model.Colour) []Mark {
	outline, details := shapeOf(shape)
	fit := path.Scale(box.Width(), box.Height()).Then(path.Shift(box.X0, box.Y0))
	outline = outline.Transform(fit)
	marks := []Mark{{Path: outline.Map(rounded), Colour: ground}}
	for _, d := range details {
		marks = append(marks, Mark{Path: d.Transform(fit).Map(rounded), Colour: shade(ground, 0.9)})
	}
	return append(marks, Mark{Path: edge(outline, max(box.Width(), box.Height())/250).Map(rounded), Colour: shade(ground, 0.72)})
}

// edge is a band along an outline: a thin box for each of its pieces, curves in short ones.
func edge(outline path.Path, width float64) path.Path {
	var out path.Path
	var first, now path.Point
	to := func(p path.Point) {
		if length := math.Hypot(p.X-now.X, p.Y-now.Y); length > 0 {
			x, y := (p.X-now.X)/length*width/2, (p.Y-now.Y)/length*width/2
			a, b := path.Point{X: now.X - x, Y: now.Y - y}, path.Point{X: p.X + x, Y: p.Y + y} // longer by half a width, so that corners close
			out = append(out, path.Polygon(path.Point{X: a.X - y, Y: a.Y + x}, path.Point{X: b.X - y, Y: b.Y + x}, path.Point{X: b.X + y, Y: b.Y - x}, path.Point{X: a.X + y, Y: a.Y - x})...)
		}
		now = p
	}
	for _, s := range outline {
		start := now
		switch s.Op {
		case path.Move:
			first, now = s.P[0], s.P[0]
		case path.Line:
			to(s.P[0])
		case path.Close:
			to(first)
		case path.Quad, path.Cubic:
			const pieces = 24
			for i := 1; i <= pieces; i++ {
				to(s.At(start, float64(i)/pieces))
			}
		}
	}
	return out
}

// shade is a colour made darker.
func shade(c model.Colour, by float64) model.Colour {
	r, g, b := c.RGB()
	dark := func(n uint8) int { return int(math.Round(float64(n) * by)) }
	return model.Colour(fmt.Sprintf("#%02x%02x%02x", dark(r), dark(g), dark(b)))
}

// shapeOf is an outline in a box of the size 1, with details upon it.
func shapeOf(name string) (path.Path, []path.Path) {
	at := func(x, y float64) path.Point { return path.Point{X: x, Y: y} }
	middle := at(0.5, 0.5)
	switch name {
	case "shirt":
		return path.Polygon(at(0.33, 0.04), at(0.42, 0.08), at(0.58, 0.08), at(0.67, 0.04), at(0.98, 0.22), at(0.88, 0.42), at(0.76, 0.36), at(0.76, 0.97), at(0.24, 0.97), at(0.24, 0.36), at(0.12, 0.42), at(0.02, 0.22)),
			[]path.Path{path.Polygon(at(0.36, 0.053), at(0.42, 0.08), at(0.58, 0.08), at(0.64, 0.053), at(0.58, 0.115), at(0.42, 0.115))}
	case "bag":
		body := path.Polygon(at(0.08, 0.3), at(0.92, 0.3), at(0.97, 0.98), at(0.03, 0.98))
		handle := path.Polygon(at(0.3, 0.3), at(0.34, 0.03), at(0.66, 0.03), at(0.7, 0.3), at(0.65, 0.3), at(0.62, 0.08), at(0.38, 0.08), at(0.35, 0.3))
		return append(body, handle...), nil
	case "mug":
		body := path.Box(0.03, 0.05, 0.74, 0.9).Path()
		handle := path.Polygon(at(0.77, 0.2), at(0.92, 0.22), at(0.98, 0.35), at(0.98, 0.6), at(0.92, 0.73), at(0.77, 0.78), at(0.77, 0.68), at(0.87, 0.65), at(0.9, 0.57), at(0.9, 0.4), at(0.87, 0.32), at(0.77, 0.3))
		return append(body, handle...), nil
	case "plate":
		return path.Circle(middle, 0.49), []path.Path{append(path.Circle(middle, 0.345), path.Circle(middle, 0.335).Transform(path.Shift(-1, 0).Then(path.Scale(-1, 1)))...)}
	case "cushion":
		return path.Path{
			{Op: path.Move, P: [3]path.Point{at(0.03, 0.03)}},
			{Op: path.Quad, P: [3]path.Point{at(0.5, 0.09), at(0.97, 0.03)}},
			{Op: path.Quad, P: [3]path.Point{at(0.91, 0.5), at(0.97, 0.97)}},
			{Op: path.Quad, P: [3]path.Point{at(0.5, 0.91), at(0.03, 0.97)}},
			{Op: path.Quad, P: [3]path.Point{at(0.09, 0.5), at(0.03, 0.03)}},
			{Op: path.Close},
		}, nil
	}
	return path.Box(0, 0, 1, 1).Path(), nil
}

// repeated is a pattern over a box, turned about a centre; one repetition is as large as the layer says, and nothing where that is less than the zone takes.
func repeated(l model.Layer, z model.Zone, box path.Rect, centre path.Point) path.Path {
	size := l.Size.MM()
	reach := math.Hypot(box.Width(), box.Height())/2 + size // whatever the turn
	if l.Size < z.LeastPattern() {
		return nil
	}
	turn := path.Turn(float64(l.Turn)).Then(path.Shift(centre.X, centre.Y))
	n := int(math.Ceil(reach / size))
	var out path.Path
	if l.Pattern == "stripes" || l.Pattern == "zigzag" {
		for row := -n; row <= n; row++ {
			out = append(out, band(l.Pattern, float64(row)*size, size, n).Transform(turn)...)
		}
		return out
	}
	for row := -n; row <= n; row++ {
		for column := -n; column <= n; column++ {
			motif := tile(l.Pattern, float64(column)*size, float64(row)*size, size).Transform(turn)
			if r, ok := motif.Bounds(); ok && r.Meets(box) {
				out = append(out, motif...)
			}
		}
	}
	return out
}

// band is one row of a pattern that runs through.
func band(name string, y, size float64, n int) path.Path {
	length := float64(n) * size
	if name == "stripes" {
		return path.Box(-length, y, 2*length, size/2).Path()
	}
	var upper, lower []path.Point
	for i := -2 * n; i <= 2*n; i++ {
		peak := y + float64(i&1)*size/2
		upper = append(upper, path.Point{X: float64(i) * size / 2, Y: peak})
		lower = append(lower, path.Point{X: float64(i) * size / 2, Y: peak + size/4})
	}
	for i := len(lower) - 1; i >= 0; i-- {
		upper = append(upper, lower[i])
	}
	return path.Polygon(upper...)
}

// tile is one motif of a pattern.
func tile(name string, x, y, size float64) path.Path {
	switch name {
	case "dots":
		return path.Circle(path.Point{X: x + size/2, Y: y + size/2}, size/4)
	case "checks":
		return append(path.Box(x, y, size/2, size/2).Path(), path.Box(x+size/2, y+size/2, size/2, size/2).Path()...)
	}
	return nil
}
