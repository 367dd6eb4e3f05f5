package publications

import (
	"errors"
	"slices"
	"testing"
)

func TestNext(t *testing.T) {
	allowed := map[State]map[Event]State{
		Asked:     {List: Listed, Refuse: Refused, Leave: Left, TakeDown: TakenDown},
		Refused:   {TakeDown: TakenDown},
		Listed:    {AskRevision: Listed, ListRevision: Listed, RefuseRevision: Listed, LeaveRevision: Listed, Leave: Left, TakeDown: TakenDown},
		Left:      {TakeDown: TakenDown},
		TakenDown: {},
	}
	for from, events := range allowed {
		for _, e := range []Event{Ask, List, Refuse, AskRevision, ListRevision, RefuseRevision, LeaveRevision, Leave, TakeDown} {
			to, err := Next(from, e)
			want, ok := events[e]
			if ok != (err == nil) || ok && to != want || !ok && (!errors.Is(err, ErrOver) || to != from) {
				t.Errorf("%s by %s: %s, %v", from, e, to, err)
			}
		}
	}
}

func FuzzRoom(f *testing.F) {
	f.Add(int64(1500), int64(1000), int64(200))
	f.Fuzz(func(t *testing.T, terms, a, b int64) {
		terms, a, b = abs(terms)%10_000, abs(a)%MaxRoyalty, abs(b)%MaxRoyalty
		room := Room(terms, a, b)
		if room < 0 || room > MaxRoyalty || room > 0 && room+a+b > min(terms, MaxRoyalty) || room == 0 && a+b < min(terms, MaxRoyalty) {
			t.Errorf("%d of %d beside %d and %d", room, terms, a, b)
		}
	})
}

func abs(n int64) int64 { return max(n, -(n + 1)) }

func TestPercent(t *testing.T) {
	for bps, want := range map[int64]string{0: "0", 1000: "10", 1250: "12.5", 1205: "12.05", 5: "0.05"} {
		if got := Percent(bps); got != want {
			t.Errorf("%d: %s, want %s", bps, got, want)
		}
	}
}

func TestRedrawn(t *testing.T) {
	if got := redrawn([]int64{1, 2, 7}, []int64{1, 2}, []int64{3, 2}); !slices.Equal(got, []int64{3, 2, 7}) {
		t.Errorf("%v", got)
	}
}
