package steps_test

import (
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"relais/internal/catalog/steps"
	"relais/internal/fault"
)

var three = steps.Steps{{People: 5, LessBps: 1000}, {People: 10, LessBps: 1500}, {People: 20, LessBps: 2000}}

func TestWhatIsReachedAndWhatIsNext(t *testing.T) {
	for _, c := range []struct {
		people        int
		reached, next int // People of the step; 0: none
	}{{0, 0, 5}, {1, 0, 5}, {4, 0, 5}, {5, 5, 10}, {9, 5, 10}, {10, 10, 20}, {19, 10, 20}, {20, 20, 0}, {5000, 20, 0}} {
		reached, ok := three.Reached(c.people)
		if reached.People != c.reached || ok != (c.reached > 0) {
			t.Errorf("%d people reach %+v, %v; want the step of %d", c.people, reached, ok, c.reached)
		}
		next, ok := three.Next(c.people)
		if next.People != c.next || ok != (c.next > 0) {
			t.Errorf("after %d people comes %+v, %v; want the step of %d", c.people, next, ok, c.next)
		}
	}
	if _, ok := (steps.Steps)(nil).Reached(50); ok {
		t.Error("a step of none is reached")
	}
	if _, ok := (steps.Steps)(nil).Next(1); ok {
		t.Error("a step of none is next")
	}
}

func TestPrice(t *testing.T) {
	for _, c := range []struct{ price, less, want int64 }{
		{12000, 1000, 10800}, {1, 7000, 1}, {2, 5000, 1}, {3, 5000, 2}, {999, 1, 999}, {2490, 1250, 2179}, {100, 0, 100}, {0, 7000, 0}, {10, 7000, 3},
	} {
		if got := steps.Price(c.price, c.less); got != c.want {
			t.Errorf("%d bps off %d: %d, want %d", c.less, c.price, got, c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	const people, rise, less, lessRise = "fault.catalog.steps_people", "fault.catalog.steps_people_rise", "fault.catalog.steps_less", "fault.catalog.steps_less_rise"
	for name, c := range map[string]struct {
		steps steps.Steps
		want  map[string]string
	}{
		"none":            {nil, nil},
		"three":           {three, nil},
		"the limits":      {steps.Steps{{2, 1}, {1000, 7000}}, nil},
		"five":            {steps.Steps{{2, 1}, {3, 2}, {4, 3}, {5, 4}, {6, 5}}, nil},
		"six":             {steps.Steps{{2, 1}, {3, 2}, {4, 3}, {5, 4}, {6, 5}, {7, 6}}, map[string]string{"steps": "fault.catalog.steps_many"}},
		"alone":           {steps.Steps{{1, 1000}}, map[string]string{"steps.0.people": people}},
		"too many people": {steps.Steps{{1001, 1000}}, map[string]string{"steps.0.people": people}},
		"nothing off":     {steps.Steps{{2, 0}}, map[string]string{"steps.0.less": less}},
		"too much off":    {steps.Steps{{2, 7001}}, map[string]string{"steps.0.less": less}},
		"not rising":      {steps.Steps{{5, 1000}, {5, 1000}}, map[string]string{"steps.1.people": rise, "steps.1.less": lessRise}},
		"falling":         {steps.Steps{{5, 1000}, {4, 900}}, map[string]string{"steps.1.people": rise, "steps.1.less": lessRise}},
		"a wrong one between is not what the next is held against": {steps.Steps{{5, 1000}, {2000, 9000}, {6, 1100}}, map[string]string{"steps.1.people": people, "steps.1.less": less}},
	} {
		err := c.steps.Validate()
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f, _ := errors.AsType[*fault.Error](err)
		if f != nil && (!errors.Is(err, fault.Invalid) || !maps.Equal(f.Fields, c.want)) {
			t.Errorf("%s: %v %v, want %v", name, f.Kind, f.Fields, c.want)
		}
	}
}

func TestStepsGoThroughTheirColumn(t *testing.T) {
	for _, want := range []steps.Steps{three, {}, nil} {
		v, err := want.Value()
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range []any{v, []byte(v.(string))} {
			var got steps.Steps
			if err := got.Scan(src); err != nil || !slices.Equal(got, want) {
				t.Errorf("%v came back as %v, %v", want, got, err)
			}
		}
	}
	if v, _ := (steps.Steps)(nil).Value(); v != "[]" {
		t.Errorf("none is written as %v", v)
	}
	if err := new(steps.Steps).Scan(nil); err == nil {
		t.Error("nothing is read as steps")
	}
	if err := new(steps.Steps).Scan(`[{"people": 2.5}]`); err == nil {
		t.Error("half a person is read")
	}
}

// A lower price is never above the price nor less than one minor unit where there was a price, and more off never costs more.
func FuzzPrice(f *testing.F) {
	f.Add(int64(1), int64(1), int64(7000))
	f.Add(int64(math.MaxInt64), int64(6999), int64(7000))
	f.Fuzz(func(t *testing.T, price, less, more int64) {
		if price < 0 || less < 0 || more < less || more > steps.MostLessBps {
			return
		}
		a, b := steps.Price(price, less), steps.Price(price, more)
		if a > price || b > a || b < 0 || price > 0 && b < 1 {
			t.Errorf("%d: %d bps off is %d, %d bps off is %d", price, less, a, more, b)
		}
		if exact := price - a; less > 0 && exact > price/10_000*less+price%10_000*less/10_000 {
			t.Errorf("%d bps off %d takes %d off", less, price, exact)
		}
	})
}
