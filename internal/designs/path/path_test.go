package path_test

import (
	"math"
	"testing"

	"relais/internal/designs/path"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestMatricesFollowEachOther(t *testing.T) {
	m := path.Scale(2, 3).Then(path.Turn(90)).Then(path.Shift(10, 20))
	got := m.Apply(path.Point{X: 1, Y: 1}) // scaled to 2, 3; turned clockwise to -3, 2; moved
	if !near(got.X, 7) || !near(got.Y, 22) {
		t.Errorf("got %v", got)
	}
}

func TestBounds(t *testing.T) {
	r, ok := path.Circle(path.Point{X: 5, Y: 6}, 2).Bounds()
	if !ok || !near(r.X0, 3) || !near(r.Y1, 8) {
		t.Errorf("circle: %v %v", r, ok)
	}
	if _, ok := (path.Path{{Op: path.Close}}).Bounds(); ok {
		t.Error("nothing has bounds")
	}
	turned, _ := path.Box(-1, -1, 2, 2).Path().Transform(path.Turn(45)).Bounds()
	if !near(turned.Width(), 2*math.Sqrt2) {
		t.Errorf("turned square: %v", turned)
	}
}

func TestBoxes(t *testing.T) {
	outer := path.Box(0, 0, 10, 10)
	for _, c := range []struct {
		r             path.Rect
		within, meets bool
	}{
		{path.Box(1, 1, 2, 2), true, true}, {path.Box(-0.05, 0, 3, 3), true, true}, {path.Box(-1, 0, 3, 3), false, true},
		{path.Box(10, 0, 3, 3), false, false}, {path.Box(0, -3, 3, 3), false, false},
	} {
		if c.r.Within(outer, 0.1) != c.within || c.r.Meets(outer) != c.meets {
			t.Errorf("%v: %v %v", c.r, c.r.Within(outer, 0.1), c.r.Meets(outer))
		}
	}
}

func TestAPlaceOnACurve(t *testing.T) {
	s := path.Segment{Op: path.Quad, P: [3]path.Point{{X: 2, Y: 4}, {X: 4, Y: 0}}}
	for at, want := range map[float64]path.Point{0: {}, 0.5: {X: 2, Y: 2}, 1: {X: 4}} {
		if got := s.At(path.Point{}, at); !near(got.X, want.X) || !near(got.Y, want.Y) {
			t.Errorf("after %v: %v, want %v", at, got, want)
		}
	}
}
