package ideas_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"relais/internal/doubts"
	"relais/internal/fault"
	"relais/internal/ideas"
	"relais/internal/prose"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func states() []ideas.State {
	return []ideas.State{ideas.Open, ideas.Reached, ideas.Answered, ideas.Made, ideas.Expired, ideas.Withdrawn, ideas.Merged}
}

func TestNext(t *testing.T) {
	events := []ideas.Event{ideas.Enough, ideas.TimeUp, ideas.TakeOff, ideas.Unite, ideas.Reply, ideas.Make, ideas.Begin}
	want := map[ideas.State][]ideas.State{
		ideas.Open:     {ideas.Reached, ideas.Expired, ideas.Withdrawn, ideas.Merged, "", ideas.Made, ideas.Answered},
		ideas.Reached:  {"", "", "", "", ideas.Answered, ideas.Made, ideas.Answered},
		ideas.Answered: {"", "", "", "", "", ideas.Made, ""},
		ideas.Made:     {"", "", "", "", "", ideas.Made, ""},
		ideas.Expired:  {"", "", "", "", "", ideas.Made, ""},
	}
	for _, from := range states() {
		for n, e := range events {
			to, err := ideas.Next(from, e)
			expected := ideas.State("")
			if list, ok := want[from]; ok {
				expected = list[n]
			}
			if expected == "" && (!errors.Is(err, ideas.ErrOver) || to != from) || expected != "" && (err != nil || to != expected) {
				t.Errorf("%s by %s: %s, %v; want %q", from, e, to, err, expected)
			}
		}
	}
}

// Whatever happens in whatever order: what was withdrawn, merged or made stays so, what expired can only be made, and nothing is answered twice.
func FuzzNext(f *testing.F) {
	f.Add([]byte{0, 4, 5})
	f.Add([]byte{1, 0, 2})
	events := []ideas.Event{ideas.Enough, ideas.TimeUp, ideas.TakeOff, ideas.Unite, ideas.Reply, ideas.Make, ideas.Begin}
	f.Fuzz(func(t *testing.T, moves []byte) {
		state, been := ideas.Open, map[ideas.State]bool{ideas.Open: true}
		for _, m := range moves {
			to, err := ideas.Next(state, events[int(m)%len(events)])
			if err != nil && to != state {
				t.Fatalf("refused, and goes from %s to %s", state, to)
			}
			if ended := slices.Contains([]ideas.State{ideas.Withdrawn, ideas.Merged, ideas.Made}, state); ended && to != state || state == ideas.Expired && to != state && to != ideas.Made ||
				to == ideas.Answered && been[to] && to != state {
				t.Fatalf("%s becomes %s", state, to)
			}
			state, been[to] = to, true
		}
	})
}

func TestMay(t *testing.T) {
	old := noon.Add(-48 * time.Hour)
	for name, tt := range map[string]struct {
		who  ideas.Supporter
		want error
	}{
		"somebody":              {ideas.Supporter{Confirmed: true, Since: old}, nil},
		"exactly a day old":     {ideas.Supporter{Confirmed: true, Since: noon.Add(-ideas.MinAge)}, nil},
		"a second less":         {ideas.Supporter{Confirmed: true, Since: noon.Add(time.Second - ideas.MinAge)}, ideas.ErrNew},
		"new, but bought":       {ideas.Supporter{Confirmed: true, Since: noon, Facts: doubts.Facts{Bought: true}}, nil},
		"bought, not confirmed": {ideas.Supporter{Since: old, Facts: doubts.Facts{Bought: true}}, ideas.ErrUnverified},
		"the author":            {ideas.Supporter{Confirmed: true, Since: old, Author: true}, ideas.ErrYours},
		"somebody of the team":  {ideas.Supporter{Confirmed: true, Since: old, Team: true}, ideas.ErrTeam},
		"a new one of the team": {ideas.Supporter{Confirmed: true, Since: noon, Team: true}, ideas.ErrTeam},
		"an unconfirmed author": {ideas.Supporter{Since: old, Author: true}, ideas.ErrUnverified},
	} {
		if got := tt.who.May(noon); !errors.Is(got, tt.want) {
			t.Errorf("%s: %v; want %v", name, got, tt.want)
		}
	}
}

func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		set    ideas.Settings
		fields []string
	}{
		{ideas.FirstSettings(), nil},
		{ideas.Settings{Threshold: 5, Days: 14, AnswerDays: 7}, nil},
		{ideas.Settings{Threshold: 10_000, Days: 180, AnswerDays: 60}, nil},
		{ideas.Settings{Threshold: 4, Days: 60, AnswerDays: 21}, []string{"threshold"}},
		{ideas.Settings{Threshold: 10_001, Days: 13, AnswerDays: 6}, []string{"answer_days", "days", "threshold"}},
		{ideas.Settings{Threshold: 100, Days: 181, AnswerDays: 61}, []string{"answer_days", "days"}},
	} {
		var got []string
		if f, ok := errors.AsType[*fault.Error](tt.set.Check()); ok {
			for field := range f.Fields {
				got = append(got, field)
			}
		}
		if slices.Sort(got); !slices.Equal(got, tt.fields) {
			t.Errorf("%+v: %v; want %v", tt.set, got, tt.fields)
		}
	}
}

func at(d time.Duration) *time.Time {
	when := noon.Add(d)
	return &when
}

func TestDue(t *testing.T) {
	open := ideas.Idea{State: ideas.Open, ClosesAt: noon}
	reached := func(by time.Duration) ideas.Idea {
		return ideas.Idea{State: ideas.Reached, ReachedAt: at(-240 * time.Hour), AnswerBy: at(by)}
	}
	with := func(i ideas.Idea, change func(*ideas.Idea)) ideas.Idea { change(&i); return i }
	for name, tt := range map[string]struct {
		idea ideas.Idea
		now  time.Time
		want ideas.Due
	}{
		"open a moment before its end": {open, noon.Add(-1), ideas.Nothing},
		"open at its end":              {open, noon, ideas.End},
		"hidden at its end":            {with(open, func(i *ideas.Idea) { i.HiddenWhy = "x" }), noon, ideas.End},
		"four days left":               {reached(96 * time.Hour), noon, ideas.Nothing},
		"three days left":              {reached(72 * time.Hour), noon, ideas.Remind},
		"reminded":                     {with(reached(time.Hour), func(i *ideas.Idea) { i.RemindedAt = at(-1) }), noon, ideas.Nothing},
		"no time left":                 {reached(0), noon, ideas.Warn},
		"never reminded, late":         {reached(-time.Hour), noon, ideas.Warn},
		"warned":                       {with(reached(-time.Hour), func(i *ideas.Idea) { i.OverdueAt = at(-1) }), noon, ideas.Nothing},
		"hidden and late":              {with(reached(-time.Hour), func(i *ideas.Idea) { i.HiddenWhy = "x" }), noon, ideas.Nothing},
		"answered":                     {with(reached(-time.Hour), func(i *ideas.Idea) { i.State = ideas.Answered }), noon, ideas.Nothing},
	} {
		if got := tt.idea.Due(tt.now); got != tt.want {
			t.Errorf("%s: %q; want %q", name, got, tt.want)
		}
	}
}

// At no time is something due that a state does not allow, nor an idea that is open late.
func FuzzDue(f *testing.F) {
	f.Add(uint8(1), int64(0), int64(0), false, false)
	f.Fuzz(func(t *testing.T, state uint8, closes, by int64, reminded, warned bool) {
		i := ideas.Idea{State: states()[int(state)%len(states())], ClosesAt: noon.Add(time.Duration(closes)), AnswerBy: at(time.Duration(by))}
		if reminded {
			i.RemindedAt = at(-1)
		}
		if warned {
			i.OverdueAt = at(-1)
		}
		due := i.Due(noon)
		if due == ideas.End && i.State != ideas.Open || (due == ideas.Remind || due == ideas.Warn) && i.State != ideas.Reached || due == ideas.Warn && !i.Late(noon) || due == ideas.Remind && i.Late(noon) {
			t.Errorf("%+v: %q", i, due)
		}
		if i.Supportable(noon) != (i.State == ideas.Reached || i.State == ideas.Open && due == ideas.Nothing) {
			t.Errorf("%+v: supportable %v", i, i.Supportable(noon))
		}
		if i.OpenAt(noon) == (due == ideas.End) && i.State == ideas.Open {
			t.Errorf("open %v, %q is due", i.OpenAt(noon), due)
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("Une lampe", "Elle éclaire\r\nmieux.", 2)
	f.Add("", "\u202e", 5)
	f.Fuzz(func(t *testing.T, title, text string, photos int) {
		d, err := ideas.Draft{Title: title, Text: text, Photos: make([]int64, min(max(photos, 0), 9))}.Clean()
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if d.Title == "" || d.Text == "" || utf8.RuneCountInString(d.Title) > ideas.MaxTitle || utf8.RuneCountInString(d.Text) > ideas.MaxText || len(d.Photos) > ideas.MaxPhotos ||
			strings.Contains(d.Title, "\n") || !prose.Readable(d.Title+d.Text) {
			t.Errorf("kept: %+v", d)
		}
		if again, err := d.Clean(); err != nil || again.Title != d.Title || again.Text != d.Text {
			t.Errorf("not the same twice: %+v, %v", again, err)
		}
	})
}

func TestProgress(t *testing.T) {
	for _, tt := range []struct{ threshold, supporters, missing, part int }{{100, 0, 100, 0}, {100, 99, 1, 99}, {7, 2, 5, 28}, {7, 7, 0, 100}, {5, 900, 0, 100}} {
		i := ideas.Idea{Threshold: tt.threshold, Supporters: tt.supporters}
		if i.Missing() != tt.missing || i.Part() != tt.part {
			t.Errorf("%+v: %d missing, %d %%", tt, i.Missing(), i.Part())
		}
	}
}

func TestThread(t *testing.T) {
	i := ideas.Idea{State: ideas.Made, ProposedAt: noon, ReachedAt: at(2 * time.Hour), AnswerBy: at(5 * time.Hour), Answer: ideas.Yes, AnsweredAt: at(6 * time.Hour), MadeAt: at(8 * time.Hour)}
	steps := []ideas.Step{{Kind: ideas.Poll, At: noon.Add(7 * time.Hour)}, {Kind: ideas.Product, At: noon.Add(8 * time.Hour)}}
	read := func(i ideas.Idea, now time.Time, steps []ideas.Step) string {
		var words []string
		for _, m := range ideas.Thread(i, []ideas.Ref{{ID: 3, At: noon.Add(time.Hour)}}, steps, now) {
			words = append(words, m.What)
		}
		return strings.Join(words, " ")
	}
	if got := read(i, noon.Add(9*time.Hour), steps); got != "proposed joined reached late answered_yes poll product" {
		t.Error(got)
	}
	i.State, i.Answer, i.AnsweredAt, i.MadeAt = ideas.Reached, "", nil, nil
	if got := read(i, noon.Add(4*time.Hour), nil); got != "proposed joined reached" {
		t.Error(got)
	}
	if got := read(i, noon.Add(5*time.Hour), nil); got != "proposed joined reached late" {
		t.Error(got)
	}
	i = ideas.Idea{State: ideas.Expired, ProposedAt: noon, EndedAt: at(9 * time.Hour)}
	if got := read(i, noon.Add(10*time.Hour), nil); got != "proposed joined expired" {
		t.Error(got)
	}
}

func TestPath(t *testing.T) {
	if got := (ideas.Idea{ID: 7, Title: "Une lampe à poser !"}).Path(); got != "/ideas/7-une-lampe-a-poser" {
		t.Error(got)
	}
	if got := (ideas.Idea{ID: 7}).Path(); got != "/ideas/7" {
		t.Error(got)
	}
}

// An idea is merged into one that asks for no more than was promised to who supports it, or that waits for its answer.
func TestTakes(t *testing.T) {
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	from := ideas.Idea{State: ideas.Open, Threshold: 50, ClosesAt: day.AddDate(0, 0, 10)}
	for what, c := range map[string]struct {
		into ideas.Idea
		want bool
	}{
		"the same":                       {from, true},
		"fewer, later":                   {ideas.Idea{State: ideas.Open, Threshold: 49, ClosesAt: day.AddDate(0, 0, 11)}, true},
		"more":                           {ideas.Idea{State: ideas.Open, Threshold: 51, ClosesAt: from.ClosesAt}, false},
		"earlier":                        {ideas.Idea{State: ideas.Open, Threshold: 50, ClosesAt: from.ClosesAt.Add(-time.Second)}, true},
		"reached, of more and earlier":   {ideas.Idea{State: ideas.Reached, Threshold: 99, ClosesAt: day}, true},
		"answered":                       {ideas.Idea{State: ideas.Answered, Threshold: 50, ClosesAt: from.ClosesAt}, false},
		"over, though no sweep ended it": {ideas.Idea{State: ideas.Open, Threshold: 50, ClosesAt: day}, false},
	} {
		if got := c.into.Takes(from, day); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
