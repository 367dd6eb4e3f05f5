// Package path is the geometry of designs: points, outlines made of lines and curves, and what moves, turns and scales them.
//
// Lengths are whatever the caller measures in; x grows to the right and y downward. An outline is filled by the nonzero rule, which
// SVG, PDF and raster images have in common, so that a path looks the same wherever it is drawn.
package path

import "math"

// Point is a place.
type Point struct{ X, Y float64 }

// Op is what a segment does.
type Op byte

// The operations, by their letters in SVG.
const (
	Move  Op = 'M' // one point
	Line  Op = 'L' // one point
	Quad  Op = 'Q' // control, end
	Cubic Op = 'C' // control, control, end
	Close Op = 'Z' // no point
)

// Points says how many points an operation takes.
func (o Op) Points() int {
	switch o {
	case Move, Line:
		return 1
	case Quad:
		return 2
	case Cubic:
		return 3
	}
	return 0
}

// Segment is one step of an outline; only the first Op.Points() of its points count.
type Segment struct {
	Op Op
	P  [3]Point
}

// At is the place on a curve that begins at a point, after a share of its way from 0 to 1.
func (s Segment) At(from Point, t float64) Point {
	points := append([]Point{from}, s.P[:s.Op.Points()]...)
	for n := len(points) - 1; n > 0; n-- {
		for i := range n {
			points[i] = Point{points[i].X + (points[i+1].X-points[i].X)*t, points[i].Y + (points[i+1].Y-points[i].Y)*t}
		}
	}
	return points[0]
}

// Path is an outline, of closed contours.
type Path []Segment

// Rect is a box, from its left upper to its right lower corner.
type Rect struct{ X0, Y0, X1, Y1 float64 }

// Box is the box of that size at a place.
func Box(x, y, width, height float64) Rect { return Rect{x, y, x + width, y + height} }

// Width of the box.
func (r Rect) Width() float64 { return r.X1 - r.X0 }

// Height of the box.
func (r Rect) Height() float64 { return r.Y1 - r.Y0 }

// Grow returns the box with a margin around it.
func (r Rect) Grow(by float64) Rect { return Rect{r.X0 - by, r.Y0 - by, r.X1 + by, r.Y1 + by} }

// Centre of the box.
func (r Rect) Centre() Point { return Point{(r.X0 + r.X1) / 2, (r.Y0 + r.Y1) / 2} }

// Within says whether the box lies in another, give or take.
func (r Rect) Within(o Rect, slack float64) bool {
	return r.X0 >= o.X0-slack && r.Y0 >= o.Y0-slack && r.X1 <= o.X1+slack && r.Y1 <= o.Y1+slack
}

// Meets says whether two boxes have anything in common.
func (r Rect) Meets(o Rect) bool { return r.X0 < o.X1 && o.X0 < r.X1 && r.Y0 < o.Y1 && o.Y0 < r.Y1 }

// Path is the outline of the box.
func (r Rect) Path() Path {
	return Polygon(Point{r.X0, r.Y0}, Point{r.X1, r.Y0}, Point{r.X1, r.Y1}, Point{r.X0, r.Y1})
}

// Polygon is the outline through corners.
func Polygon(corners ...Point) Path {
	p := make(Path, 0, len(corners)+1)
	for i, c := range corners {
		op := Line
		if i == 0 {
			op = Move
		}
		p = append(p, Segment{op, [3]Point{c}})
	}
	return append(p, Segment{Op: Close})
}

// Circle is the outline of a disc, by four curves.
func Circle(c Point, r float64) Path {
	const k = 0.5522847498 // the distance of control points that comes closest to a circle
	at := func(x, y float64) Point { return Point{c.X + x*r, c.Y + y*r} }
	return Path{
		{Move, [3]Point{at(1, 0)}},
		{Cubic, [3]Point{at(1, k), at(k, 1), at(0, 1)}},
		{Cubic, [3]Point{at(-k, 1), at(-1, k), at(-1, 0)}},
		{Cubic, [3]Point{at(-1, -k), at(-k, -1), at(0, -1)}},
		{Cubic, [3]Point{at(k, -1), at(1, -k), at(1, 0)}},
		{Op: Close},
	}
}

// Map returns the outline with each of its points moved by f.
func (p Path) Map(f func(Point) Point) Path {
	out := make(Path, len(p))
	for i, s := range p {
		out[i].Op = s.Op
		for n := range s.Op.Points() {
			out[i].P[n] = f(s.P[n])
		}
	}
	return out
}

// Transform returns the outline as seen through a matrix.
func (p Path) Transform(m Matrix) Path { return p.Map(m.Apply) }

// Bounds is the box around the outline and its control points; false where there is no point.
func (p Path) Bounds() (Rect, bool) {
	r := Rect{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, s := range p {
		for n := range s.Op.Points() {
			r.X0, r.Y0 = min(r.X0, s.P[n].X), min(r.Y0, s.P[n].Y)
			r.X1, r.Y1 = max(r.X1, s.P[n].X), max(r.Y1, s.P[n].Y)
		}
	}
	return r, r.X0 <= r.X1
}

// Matrix is an affine map: x' = A·x + C·y + E, y' = B·x + D·y + F.
type Matrix struct{ A, B, C, D, E, F float64 }

// Shift moves.
func Shift(x, y float64) Matrix { return Matrix{1, 0, 0, 1, x, y} }

// Scale enlarges from the origin.
func Scale(x, y float64) Matrix { return Matrix{A: x, D: y} }

// Turn turns about the origin, clockwise, by degrees.
func Turn(degrees float64) Matrix {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return Matrix{cos, sin, -sin, cos, 0, 0}
}

// Then is the map that does m first and n afterwards.
func (m Matrix) Then(n Matrix) Matrix {
	return Matrix{
		m.A*n.A + m.B*n.C, m.A*n.B + m.B*n.D,
		m.C*n.A + m.D*n.C, m.C*n.B + m.D*n.D,
		m.E*n.A + m.F*n.C + n.E, m.E*n.B + m.F*n.D + n.F,
	}
}

// Apply is where a point comes to lie.
func (m Matrix) Apply(p Point) Point {
	return Point{m.A*p.X + m.C*p.Y + m.E, m.B*p.X + m.D*p.Y + m.F}
}
