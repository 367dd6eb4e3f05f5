package pledges_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"relais/internal/catalog/steps"
	"relais/internal/fault"
	"relais/internal/pledges"
)

var opening = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func draft() pledges.LaunchDraft {
	return pledges.LaunchDraft{ProductID: 7, Goal: 100, Max: 300, Steps: steps.Steps{{People: 200, LessBps: 800}}, Days: 30,
		Expected: time.Date(2027, 3, 17, 0, 0, 0, 0, time.UTC), Plan: "Elle paie la terre et la cuisson."}
}

// What is wrong is said at its field, all of it at once.
func TestLaunchDraft(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(d *pledges.LaunchDraft)
		fields []string
	}{
		"a good one":                       {func(*pledges.LaunchDraft) {}, nil},
		"without end":                      {func(d *pledges.LaunchDraft) { d.Max = 0 }, nil},
		"without steps":                    {func(d *pledges.LaunchDraft) { d.Steps = nil }, nil},
		"nothing typed":                    {func(d *pledges.LaunchDraft) { *d = pledges.LaunchDraft{} }, []string{"product", "goal", "days", "expected", "plan"}},
		"a maximum below its goal":         {func(d *pledges.LaunchDraft) { d.Max, d.Steps = 99, nil }, []string{"max"}},
		"more than anybody makes":          {func(d *pledges.LaunchDraft) { d.Goal, d.Max, d.Steps = pledges.MaxUnits+1, 0, nil }, []string{"goal"}},
		"a step at the goal":               {func(d *pledges.LaunchDraft) { d.Steps[0].People = 100 }, []string{"steps.0.people"}},
		"a step that cannot be reached":    {func(d *pledges.LaunchDraft) { d.Steps[0].People = 301 }, []string{"steps.0.people"}},
		"a step that takes nothing off":    {func(d *pledges.LaunchDraft) { d.Steps[0].LessBps = 0 }, []string{"steps.0.less"}},
		"a step that takes too much off":   {func(d *pledges.LaunchDraft) { d.Steps[0].LessBps = 7001 }, []string{"steps.0.less"}},
		"steps that fall":                  {func(d *pledges.LaunchDraft) { d.Steps = append(d.Steps, steps.Step{People: 250, LessBps: 700}) }, []string{"steps.1.less"}},
		"too long":                         {func(d *pledges.LaunchDraft) { d.Days = 61 }, []string{"days"}},
		"delivered before it ends":         {func(d *pledges.LaunchDraft) { d.Expected = opening }, []string{"expected"}},
		"delivered in the month it ends":   {func(d *pledges.LaunchDraft) { d.Expected = time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC) }, nil},
		"delivered a year after its end":   {func(d *pledges.LaunchDraft) { d.Expected = time.Date(2027, 12, 1, 0, 0, 0, 0, time.UTC) }, nil},
		"delivered later than anybody can": {func(d *pledges.LaunchDraft) { d.Expected = time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC) }, []string{"expected"}},
	} {
		d := draft()
		tt.change(&d)
		err := d.Check(opening)
		var got map[string]string
		if problem, ok := errors.AsType[*fault.Error](err); ok {
			got = problem.Fields
		}
		if len(got) != len(tt.fields) || (err == nil) != (tt.fields == nil) {
			t.Errorf("%s: %v", name, got)
		}
		for _, f := range tt.fields {
			if got[f] == "" {
				t.Errorf("%s: nothing is said at %s: %v", name, f, got)
			}
		}
	}
}

// Whatever is let through can be reached, falls in price, and promises a month after its end and not too late; below its goal nothing is reached.
func FuzzLaunchDraft(f *testing.F) {
	f.Add(uint64(1))
	f.Add(uint64(77))
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 3))
		d := pledges.LaunchDraft{ProductID: 1, Goal: r.IntN(400) - 2, Days: r.IntN(64) - 1, Expected: opening.AddDate(0, r.IntN(18)-2, r.IntN(28)), Plan: "Oui."}
		if r.IntN(2) == 0 {
			d.Max = r.IntN(800)
		}
		for range r.IntN(4) {
			d.Steps = append(d.Steps, steps.Step{People: r.IntN(700), LessBps: int64(r.IntN(7100))})
		}
		if d.Check(opening) != nil {
			return
		}
		all := d.All()
		if all[0].People != d.Goal || all[0].LessBps != 0 || d.Goal < 1 {
			t.Fatalf("the goal is not the first step: %+v", all)
		}
		if _, reached := all.Reached(d.Goal - 1); reached {
			t.Fatalf("reached below the goal: %+v", all)
		}
		for i := 1; i < len(all); i++ {
			if all[i].People <= all[i-1].People || all[i].LessBps <= all[i-1].LessBps || d.Max > 0 && all[i].People > d.Max {
				t.Fatalf("%+v of at most %d", all, d.Max)
			}
		}
		end, month := opening.AddDate(0, 0, d.Days), d.Expected.AddDate(0, 1, 0)
		if month.Before(end) || d.Expected.After(end.AddDate(0, pledges.LaterMonths+1, 0)) {
			t.Fatalf("ends %v, expected %v", end, d.Expected)
		}
	})
}
