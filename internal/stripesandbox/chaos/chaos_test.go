package chaos_test

import (
	"slices"
	"testing"
	"time"

	"relais/internal/stripesandbox/chaos"
)

// throws are the first n throws of the dice.
func throws(o chaos.Options, n int) []chaos.Kind {
	dice := chaos.NewDice(o)
	out := make([]chaos.Kind, n)
	for i := range out {
		out[i], _ = dice.Throw()
	}
	return out
}

func TestTheSeedDecides(t *testing.T) {
	o := chaos.Options{Seed: 1, Rate: 300}
	first := throws(o, 2000)
	if !slices.Equal(first, throws(o, 2000)) {
		t.Error("the same seed gave other faults")
	}
	if o.Seed = 2; slices.Equal(first, throws(o, 2000)) {
		t.Error("another seed gave the same faults")
	}
	seen := map[chaos.Kind]int{}
	for _, kind := range first {
		seen[kind]++
	}
	if wrong := 2000 - seen[""]; wrong < 500 || wrong > 700 {
		t.Errorf("%d of 2000 went wrong, want about 600", wrong)
	}
	for _, kind := range chaos.Calls() {
		if seen[kind] == 0 {
			t.Errorf("never %q", kind)
		}
	}
}

func TestRatesAndKinds(t *testing.T) {
	for rate, want := range map[int]bool{0: false, 1000: true} {
		for _, kind := range throws(chaos.Options{Rate: rate, Kinds: []chaos.Kind{chaos.Cut}}, 100) {
			if (kind == chaos.Cut) != want {
				t.Errorf("at %d per mille: %q", rate, kind)
			}
		}
	}
	dice := chaos.NewDice(chaos.Options{Rate: 1000, Kinds: []chaos.Kind{chaos.Slow}, MostDelay: time.Millisecond})
	for range 100 {
		if _, delay := dice.Throw(); delay <= 0 || delay > time.Millisecond {
			t.Errorf("slow by %v", delay)
		}
	}
}

func TestPostman(t *testing.T) {
	var good *chaos.Postman
	if good.Pick(9) != 0 || good.Hold() != 0 || good.Copies() != 1 {
		t.Error("no postman carries notices badly")
	}
	always := chaos.NewPostman(chaos.WebhookOptions{Delay: 1000, Reorder: 1000, Duplicate: 1000})
	picked := map[int]bool{}
	for range 500 {
		picked[always.Pick(20)] = true
		if hold := always.Hold(); hold <= 0 || hold > 2*time.Second {
			t.Errorf("held for %v", hold)
		}
		if got := always.Copies(); got != 5 {
			t.Errorf("%d copies", got)
		}
	}
	if len(picked) != 8 || always.Pick(1) != 0 {
		t.Errorf("picked %v, want each of the first eight", picked)
	}
	if lost := chaos.NewPostman(chaos.WebhookOptions{Lose: 1000}); lost.Copies() != 0 {
		t.Error("a lost notice arrives")
	}
}
