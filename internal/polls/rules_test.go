package polls_test

import (
	"errors"
	"slices"
	"testing"

	"relais/internal/fault"
	"relais/internal/polls"
)

func question(effects ...int64) polls.Question {
	var q polls.Question
	for i, e := range effects {
		q.Options = append(q.Options, polls.Option{ID: int64(i + 1), EffectMinor: e})
	}
	return q
}

func TestPriced(t *testing.T) {
	for name, c := range map[string]struct {
		base, floor int64
		questions   []polls.Question
		want        error
	}{
		"at the floor":            {1000, 700, []polls.Question{question(0, -100), question(-200, 50)}, nil},
		"one below the floor":     {1000, 701, []polls.Question{question(0, -100), question(-200, 50)}, polls.ErrFloor},
		"a floor of nothing":      {1000, 0, []polls.Question{question(0, 100)}, polls.ErrFloor},
		"nothing is free":         {100, 1, []polls.Question{question(-100, 100)}, polls.ErrFloor},
		"all of them dearer":      {1000, 1100, []polls.Question{question(100, 200)}, nil},
		"one above what may cost": {polls.MaxPrice, 1, []polls.Question{question(0, 1)}, polls.ErrHighest},
	} {
		if err := polls.Priced(c.base, c.floor, c.questions); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	both := &fault.Error{}
	if err := polls.Priced(polls.MaxPrice, polls.MaxPrice, []polls.Question{question(-1, 1)}); !errors.As(err, &both) || both.Fields["floor"] == "" || both.Fields["base"] == "" {
		t.Errorf("both at once: %v", err)
	}
}

func TestPick(t *testing.T) {
	qs := []polls.Question{question(0, 210), {Options: []polls.Option{{ID: 7, EffectMinor: -50}, {ID: 8}}}}
	picked, err := polls.Pick(qs, []int64{2, 7})
	if err != nil || polls.PriceOf(1000, picked) != 1160 {
		t.Errorf("%v, %v", picked, err)
	}
	for _, choice := range [][]int64{nil, {2}, {2, 1}, {7, 2}, {0, 0}} { // of another question is none
		var f *fault.Error
		if _, err := polls.Pick(qs, choice); !errors.As(err, &f) || f.Fields["q.1"] == "" {
			t.Errorf("%v: %v", choice, err)
		}
	}
}

func TestShows(t *testing.T) {
	for state, want := range map[polls.State][2]bool{polls.Drafted: {false, false}, polls.Open: {false, true}, polls.Decided: {true, true}, polls.NoQuorum: {true, true}, polls.Cancelled: {true, true}} {
		if got := [2]bool{polls.Shows(state, false), polls.Shows(state, true)}; got != want {
			t.Errorf("%s: %v", state, got)
		}
	}
}

func TestDecide(t *testing.T) {
	for name, c := range map[string]struct {
		votes  []int64
		margin int64
		want   []int64
	}{
		"the most":                       {[]int64{3, 5, 1}, 0, []int64{2}},
		"level":                          {[]int64{5, 1, 5}, 0, []int64{1, 3}},
		"three level":                    {[]int64{2, 2, 2}, 0, []int64{1, 2}},
		"a lead just of the margin":      {[]int64{55, 45}, 10, []int64{1}},
		"a lead below the margin":        {[]int64{46, 54}, 10, []int64{2, 1}},
		"two behind, level":              {[]int64{4, 4, 5}, 20, []int64{3, 1}},
		"all for one":                    {[]int64{0, 1}, 50, []int64{2}},
		"nobody":                         {[]int64{0, 0}, 0, nil},
		"a margin, and one is far ahead": {[]int64{9, 1}, 50, []int64{1}},
	} {
		var options []polls.Tally
		for i, v := range c.votes {
			options = append(options, polls.Tally{OptionID: int64(i + 1), Votes: v})
		}
		if got := polls.Decide(options, c.margin); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v; want %v", name, got, c.want)
		}
	}
}

// What is decided has the most votes, and a second one stands exactly where the lead is none or below the margin.
func FuzzDecide(f *testing.F) {
	f.Add(int64(3), int64(5), int64(0), int64(0))
	f.Add(int64(5), int64(5), int64(5), int64(10))
	f.Add(int64(46), int64(54), int64(0), int64(10))
	f.Fuzz(func(t *testing.T, a, b, c, margin int64) {
		votes := []int64{a, b, c}
		var all int64
		for _, v := range votes {
			if v < 0 || v > 1_000_000_000 {
				return
			}
			all += v
		}
		if margin < 0 || margin > polls.MaxMargin {
			return
		}
		got := polls.Decide([]polls.Tally{{1, a}, {2, b}, {3, c}}, margin)
		if (len(got) == 0) != (all == 0) || len(got) > 2 {
			t.Fatalf("%v of %v", got, votes)
		}
		if all == 0 {
			return
		}
		sorted := slices.Sorted(slices.Values(votes))
		if votes[got[0]-1] != sorted[2] {
			t.Errorf("%v is not ahead of %v", got, votes)
		}
		close := sorted[1] > 0 && (sorted[2] == sorted[1] || (sorted[2]-sorted[1])*100 < margin*all)
		if close != (len(got) == 2) || close && (votes[got[1]-1] != sorted[1] || got[0] == got[1]) {
			t.Errorf("%v of %v with a margin of %d", got, votes, margin)
		}
	})
}

// A poll that was accepted asks for no price below its floor, whatever is chosen.
func FuzzPriced(f *testing.F) {
	f.Add(int64(1000), int64(700), int64(-100), int64(200), int64(-200), int64(50))
	f.Fuzz(func(t *testing.T, base, floor, a, b, c, d int64) {
		for _, v := range []int64{base, floor, a, b, c, d} {
			if v < -polls.MaxPrice || v > polls.MaxPrice {
				return
			}
		}
		qs := []polls.Question{question(a, b), question(c, d)}
		accepted := polls.Priced(base, floor, qs) == nil
		fine := floor > 0
		for i := range 4 {
			picked, err := polls.Pick(qs, []int64{int64(i%2 + 1), int64(i/2 + 1)})
			if err != nil {
				t.Fatal(err)
			}
			price := polls.PriceOf(base, picked)
			fine = fine && price >= floor && price <= polls.MaxPrice
		}
		if accepted != fine {
			t.Errorf("accepted %v, fine %v", accepted, fine)
		}
	})
}
