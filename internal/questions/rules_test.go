package questions_test

import (
	"errors"
	"testing"
	"time"

	"relais/internal/questions"
	"relais/internal/reports"
	"relais/internal/waits"
)

// Who may do what: every kind of person, with what they wrote themselves and what others did.
func TestWhoMay(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	person := func(change func(*questions.Standing)) questions.Standing {
		s := questions.Standing{Viewer: 7, Confirmed: true, Shown: true, Written: now.Add(-10 * time.Minute), Now: now}
		change(&s)
		return s
	}
	own, gone, sign, unconfirmed := reports.ErrYourOwn, questions.ErrGone, questions.ErrSignIn, questions.ErrUnconfirmed
	buyer, yours, late, mark := questions.ErrNotBuyer, questions.ErrNotYours, questions.ErrTooLate, questions.ErrOwnMark
	for _, c := range []struct {
		name string
		s    questions.Standing
		want [7]error // of Acts: ask, answer, edit, delete, mark, pin, report
	}{
		{"a guest", person(func(s *questions.Standing) { s.Viewer, s.Confirmed = 0, false }), [7]error{sign, sign, sign, sign, sign, sign, nil}},
		{"whose address is not verified", person(func(s *questions.Standing) { s.Confirmed, s.Bought = false, true }),
			[7]error{unconfirmed, unconfirmed, unconfirmed, unconfirmed, unconfirmed, unconfirmed, nil}},
		{"a member", person(func(*questions.Standing) {}), [7]error{nil, buyer, yours, yours, nil, yours, nil}},
		{"the author", person(func(s *questions.Standing) { s.Own = true }), [7]error{nil, buyer, nil, nil, mark, yours, own}},
		{"the author, half an hour later", person(func(s *questions.Standing) { s.Own, s.Written = true, now.Add(-30*time.Minute-time.Second) }),
			[7]error{nil, buyer, late, nil, mark, yours, own}},
		{"the author, at the last moment", person(func(s *questions.Standing) { s.Own, s.Written = true, now.Add(-30*time.Minute) }),
			[7]error{nil, buyer, nil, nil, mark, yours, own}},
		{"an earlier buyer", person(func(s *questions.Standing) { s.Bought = true }), [7]error{nil, nil, yours, yours, nil, yours, nil}},
		{"who designed it", person(func(s *questions.Standing) { s.Designer = true }), [7]error{nil, nil, yours, yours, nil, yours, nil}},
		{"whose answer is hidden", person(func(s *questions.Standing) {
			s.Own, s.Bought, s.Shown, s.Hidden, s.Written = true, true, false, true, now.AddDate(-1, 0, 0)
		}),
			[7]error{gone, gone, nil, gone, gone, gone, gone}},
		{"another's answer is hidden", person(func(s *questions.Standing) { s.Team, s.Shown, s.Hidden = true, false, true }), [7]error{gone, gone, gone, gone, gone, gone, gone}},
		{"the brand's team", person(func(s *questions.Standing) { s.Team = true }), [7]error{nil, nil, yours, yours, nil, nil, nil}},
		{"the brand's team, of its own answer", person(func(s *questions.Standing) { s.Team, s.Own = true, true }), [7]error{nil, nil, nil, nil, mark, nil, own}},
		{"anybody, of what is not seen", person(func(s *questions.Standing) { s.Team, s.Own, s.Bought, s.Shown = true, true, true, false }),
			[7]error{gone, gone, gone, gone, gone, gone, gone}},
	} {
		for i, act := range questions.Acts() {
			if got := questions.May(act, c.s); !errors.Is(got, c.want[i]) {
				t.Errorf("%s, %s: %v, want %v", c.name, act, got, c.want[i])
			}
		}
	}
}

func TestHowSoonABrandUsuallyAnswers(t *testing.T) {
	hours := func(list ...int) (all []waits.Wait) {
		for _, h := range list {
			all = append(all, waits.Wait{For: time.Duration(max(h, -h)) * time.Hour, Answered: h > 0})
		}
		return all
	}
	for _, c := range []struct {
		name string
		all  []waits.Wait
		days int
		ok   bool
	}{
		{"nothing asked", nil, 0, false},
		{"too few", hours(1, 2), 0, false},
		{"within the hour is within a day", hours(1, 1, 1), 1, true},
		{"a day and an hour is two days", hours(1, 25, 25), 2, true},
		{"exactly a day", hours(24, 24, 24), 1, true},
		{"three of four", hours(5, 30, 30, 900), 2, true},
		{"not two of four", hours(5, 30, 100, 900), 5, true},
		{"one that waits for less than a week counts neither way", hours(5, 5, 5, -167), 1, true},
		{"one that was left counts", hours(5, 5, 50, -168), 3, true},
		{"too many were left", hours(5, 5, 5, -168, -168), 0, false},
		{"nothing was ever answered", hours(-200, -200, -200), 0, false},
	} {
		if days, ok := questions.Usually(c.all); days != c.days || ok != c.ok {
			t.Errorf("%s: %d %v, want %d %v", c.name, days, ok, c.days, c.ok)
		}
	}
}
