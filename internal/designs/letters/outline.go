package letters

import (
	"math"
	"slices"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"

	"relais/internal/designs/path"
)

// Outline is a text written in one line, as an outline in em (the size of the font is 1), with the middle of its ink at the origin.
// With an arc, the line is bent over that many degrees of a circle: upward like a rainbow when positive, downward when negative.
// It is empty where nothing would be seen.
func (f Font) Outline(text string, arc int) path.Path {
	glyphs, width := f.shape(f.plain(text))
	var out path.Path
	for _, g := range glyphs {
		out = append(out, g.placed(width, arc)...)
	}
	r, ok := out.Bounds()
	if !ok {
		return nil
	}
	c := r.Centre()
	return out.Transform(path.Shift(-c.X, -c.Y))
}

// glyph is one outline with its place on the line, in em.
type glyph struct {
	outline path.Path // at the origin of the line, not of the glyph
	middle  float64   // of its advance
	joined  bool      // to its neighbours: it bends with the line and does not merely turn
}

// shape returns the glyphs of a line from left to right, and its width.
func (f Font) shape(text string) ([]glyph, float64) {
	runes := []rune(text)
	face := font.NewFace(f.font)
	direction := directionOf(runes)
	input := shaping.Input{Text: runes, RunEnd: len(runes), Direction: direction, Face: face, Size: fixed.I(int(f.font.Upem())), Language: "fr"}
	var segments shaping.Segmenter
	var shaper shaping.HarfbuzzShaper
	var runs []shaping.Output
	scripts := map[int]language.Script{} // by the first rune of a run
	for _, in := range segments.Split(input, one{face}) {
		scripts[in.RunStart] = in.Script
		runs = append(runs, shaper.Shape(in))
	}
	if len(runs) == 0 {
		return nil, 0
	}
	var wrapper shaping.LineWrapper
	lines, _ := wrapper.WrapParagraph(shaping.WrapConfig{Direction: direction}, math.MaxInt32>>7, runes, shaping.NewSliceIterator(runs))
	if len(lines) == 0 {
		return nil, 0
	}
	line := slices.Clone(lines[0])
	slices.SortStableFunc(line, func(a, b shaping.Output) int { return int(a.VisualIndex - b.VisualIndex) })
	upem := float64(f.font.Upem())
	em := func(v fixed.Int26_6) float64 { return float64(v) / 64 / upem }
	var out []glyph
	x := 0.0
	for _, run := range line {
		for _, g := range run.Glyphs {
			at := path.Scale(1/upem, -1/upem).Then(path.Shift(x+em(g.XOffset), -em(g.YOffset)))
			out = append(out, glyph{outlineOf(face, g.GlyphID).Transform(at), x + em(g.Advance)/2, scripts[run.Runes.Offset] == language.Arabic})
			x += em(g.Advance)
		}
	}
	return out, x
}

// one is the only font: what it lacks has been refused before.
type one struct{ face *font.Face }

func (o one) ResolveFace(rune) *font.Face { return o.face }

// directionOf is that of the first letter which has one.
func directionOf(runes []rune) di.Direction {
	for _, r := range runes {
		switch language.LookupScript(r) {
		case language.Arabic, language.Hebrew:
			return di.DirectionRTL
		}
		if unicode.IsLetter(r) {
			return di.DirectionLTR
		}
	}
	return di.DirectionLTR
}

// outlineOf is a glyph in units of its font, y upward, its contours closed.
func outlineOf(face *font.Face, id font.GID) path.Path {
	data, ok := face.GlyphDataOutline(id)
	if !ok {
		return nil
	}
	var out path.Path
	ops := map[opentype.SegmentOp]path.Op{opentype.SegmentOpMoveTo: path.Move, opentype.SegmentOpLineTo: path.Line, opentype.SegmentOpQuadTo: path.Quad, opentype.SegmentOpCubeTo: path.Cubic}
	for _, s := range data.Segments {
		segment := path.Segment{Op: ops[s.Op]}
		for n := range segment.Op.Points() {
			segment.P[n] = path.Point{X: float64(s.Args[n].X), Y: float64(s.Args[n].Y)}
		}
		if segment.Op == path.Move && len(out) > 0 {
			out = append(out, path.Segment{Op: path.Close})
		}
		out = append(out, segment)
	}
	if len(out) > 0 {
		out = append(out, path.Segment{Op: path.Close})
	}
	return out
}

// placed is the glyph on a line of that width, bent where an arc is asked for.
func (g glyph) placed(width float64, arc int) path.Path {
	if arc == 0 || width <= 0 {
		return g.outline
	}
	radius := width / (float64(arc) * math.Pi / 180)
	degrees := func(x float64) float64 { return (x - width/2) / radius * 180 / math.Pi }
	if !g.joined {
		return g.outline.Transform(path.Shift(-g.middle, -radius).Then(path.Turn(degrees(g.middle))))
	}
	return g.outline.Map(func(p path.Point) path.Point {
		return path.Turn(degrees(p.X)).Apply(path.Point{Y: p.Y - radius})
	})
}
