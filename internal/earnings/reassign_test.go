package earnings_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/internal/earnings"
	"relais/internal/ledger"
	"relais/internal/money"
)

func TestPass(t *testing.T) {
	posting := int64(9)
	waits := earnings.Earning{ID: 1, Amount: money.New(1000, "EUR")}
	given := earnings.Earning{ID: 1, Amount: money.New(1000, "EUR"), ReturnedMinor: 333}
	paid := earnings.Earning{ID: 1, Amount: money.New(1000, "EUR"), FreePostingID: &posting, ReleasedMinor: 1000}
	part := earnings.Earning{ID: 1, Amount: money.New(1000, "EUR"), MovedMinor: 400}
	back := earnings.Earning{ID: 1, Amount: money.New(1000, "EUR"), ReturnedMinor: 1000, State: earnings.Voided}
	for _, c := range []struct {
		name        string
		from        earnings.Earning
		minor, free int64
		want        earnings.Passed
		err         error
	}{
		{"all of it, held", waits, 1000, 0, earnings.Passed{Minor: 1000, Taken: earnings.Taken{Held: 1000}}, nil},
		{"with what had gone back", given, 1000, 0, earnings.Passed{Minor: 1000, Returned: 333, Taken: earnings.Taken{Held: 667}}, nil},
		{"a part", waits, 400, 0, earnings.Passed{Minor: 400, Taken: earnings.Taken{Held: 400}}, nil},
		{"a part, and something went back", given, 400, 0, earnings.Passed{}, earnings.ErrWentBack},
		{"more than there is", waits, 1001, 0, earnings.Passed{}, earnings.ErrBeyondShare},
		{"more than is left of it", part, 601, 0, earnings.Passed{}, earnings.ErrBeyondShare},
		{"nothing", waits, 0, 0, earnings.Passed{}, earnings.ErrBeyondShare},
		{"free", paid, 400, 900, earnings.Passed{Minor: 400, Taken: earnings.Taken{Free: 400}}, nil},
		{"paid out: a debt", paid, 400, 100, earnings.Passed{Minor: 400, Taken: earnings.Taken{Free: 100, Debt: 300}}, nil},
		{"all had gone back: nothing moves", back, 1000, 0, earnings.Passed{Minor: 1000, Returned: 1000}, nil},
	} {
		got, err := earnings.Pass(c.from, c.minor, c.free)
		if diff := cmp.Diff(c.want, got); diff != "" || !errors.Is(err, c.err) {
			t.Errorf("%s: %v\n%s", c.name, err, diff)
		}
	}
}

func TestDraftPassed(t *testing.T) {
	p := earnings.Passed{Minor: 900, Taken: earnings.Taken{Free: 500, Debt: 400}}
	got, at := earnings.DraftPassed(ledger.Transaction{Reference: "claim:1"}, p, 1, 2)
	want := []ledger.Posting{{Source: account(ledger.Free, 1), Destination: account(ledger.Held, 2), Amount: 500},
		{Source: account(ledger.Debt, 1), Destination: account(ledger.Held, 2), Amount: 400}}
	if diff := cmp.Diff(want, got.Postings); diff != "" || at != 0 {
		t.Errorf("posting %d\n%s", at, diff)
	}
	if got, at := earnings.DraftPassed(ledger.Transaction{}, earnings.Passed{Minor: 5, Returned: 5}, 1, 2); len(got.Postings) != 0 || at >= 0 {
		t.Errorf("%+v", got)
	}
}

// A share that passes and comes back leaves both earnings as they were, whatever went back in between; and together they always gave back
// what the one alone would have given.
func TestPassThereAndBack(t *testing.T) {
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(1, 1<<40).Draw(t, "total")
		amount := rapid.Int64Range(1, total).Draw(t, "amount")
		alone := func(returned int64) int64 { return floor(amount, returned, total) }
		before := rapid.Int64Range(0, total).Draw(t, "before")
		from := earnings.Earning{ID: 1, PayeeID: 7, Amount: money.New(amount, "EUR"), ReturnedMinor: alone(before), FreeAt: day, FreeAtKnown: true, State: earnings.Held}
		p, err := earnings.Pass(from, amount, 0)
		if err != nil {
			t.Fatal(err)
		}
		to := p.Onto(earnings.Opened(from, amount, 8, earnings.Kept, 0), from)
		from = p.After(from)
		if from.Share() != 0 || from.ReturnedMinor != 0 || from.State != earnings.Voided || to.Share() != amount || to.ReturnedMinor != alone(before) || !to.FreeAt.Equal(day) {
			t.Fatalf("%+v\n%+v", from, to)
		}
		after := rapid.Int64Range(0, total).Draw(t, "after")
		es := []earnings.Earning{from, to}
		for _, m := range earnings.Plan(es, []earnings.Part{{Total: total, Before: before, After: after}}) {
			if m.Earning.PayeeID != 8 {
				t.Fatalf("an earning without a share gives %d", m.Give)
			}
			to.ReturnedMinor += m.Give
		}
		if to.ReturnedMinor != alone(after) {
			t.Fatalf("gave %d, alone %d", to.ReturnedMinor, alone(after))
		}
		if p, err = earnings.Pass(to, amount, 0); err != nil {
			t.Fatal(err)
		}
		from, to = p.Onto(from, to), p.After(to)
		if from.Share() != amount || from.ReturnedMinor != alone(after) || to.Share() != 0 || to.ReturnedMinor != 0 {
			t.Fatalf("%+v\n%+v", from, to)
		}
	})
}
