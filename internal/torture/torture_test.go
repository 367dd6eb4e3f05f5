package main

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/internal/crash"
)

// seed is of the day, or what TORTURE_SEED says: the same all day, so that a failure can be repeated, and another one tomorrow.
func seed(t *testing.T) uint64 {
	t.Helper()
	if text := os.Getenv("TORTURE_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("TORTURE_SEED is %q: %v", text, err)
		}
		return n
	}
	h := fnv.New64()
	_, _ = h.Write([]byte(time.Now().UTC().Format(time.DateOnly)))
	return h.Sum64()
}

func TestFaults(t *testing.T) {
	s := settings{seed: seed(t), kills: 100, faults: 1000, round: 76, rate: 350, buyers: 12, staff: 4, most: 20 * time.Minute}
	if err := torture(t.Context(), s, t.Output()); err != nil {
		t.Fatal(err)
	}
}

func TestBackers(t *testing.T) {
	if err := backers(t.Context(), settings{seed: seed(t), backers: 60, rate: 350}, t.Output()); err != nil {
		t.Fatal(err)
	}
}

func TestClicks(t *testing.T) {
	if err := clicks(t.Context(), settings{seed: seed(t), clicks: 4000}, t.Output()); err != nil {
		t.Fatal(err)
	}
}

func TestTheSeedMakesThePlan(t *testing.T) {
	options := cmp.AllowUnexported(blow{})
	make := func(seed uint64) []blow { return plan(rand.New(rand.NewPCG(seed, 0)), 50, crash.Points()) }
	if diff := cmp.Diff(make(1), make(1), options); diff != "" {
		t.Errorf("the same seed made another plan:\n%s", diff)
	}
	if cmp.Equal(make(1), make(2), options) {
		t.Error("two seeds made the same plan")
	}
	steps := 0
	for _, b := range make(3) {
		if b.crashAt != "" {
			steps++
		}
	}
	if want := len(crash.Points()); steps != want || len(make(3)) != 50+want {
		t.Errorf("%d of %d deaths are at steps, want %d", steps, len(make(3)), want)
	}
}
