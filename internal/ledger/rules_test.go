package ledger_test

import (
	"errors"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/internal/fault"
	"relais/internal/ledger"
	"relais/internal/money"
)

func TestValidate(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*ledger.Transaction)
	}{
		{"no reference", func(tr *ledger.Transaction) { tr.Reference = "" }},
		{"long reference", func(tr *ledger.Transaction) { tr.Reference = strings.Repeat("x", 201) }},
		{"no kind", func(tr *ledger.Transaction) { tr.Kind = "" }},
		{"kind of two words", func(tr *ledger.Transaction) { tr.Kind = "Two words" }},
		{"no currency", func(tr *ledger.Transaction) { tr.Currency = "" }},
		{"no posting", func(tr *ledger.Transaction) { tr.Postings = nil }},
		{"no time", func(tr *ledger.Transaction) { tr.At = time.Time{} }},
		{"nothing moved", func(tr *ledger.Transaction) { tr.Postings[0].Amount = 0 }},
		{"moved backwards", func(tr *ledger.Transaction) { tr.Postings[0].Amount = -1 }},
		{"to itself", func(tr *ledger.Transaction) { tr.Postings[0].Destination = tr.Postings[0].Source }},
		{"unknown kind of account", func(tr *ledger.Transaction) { tr.Postings[0].Source.Kind = "till" }},
		{"payee without owner", func(tr *ledger.Transaction) { tr.Postings[0].Destination.Owner = 0 }},
		{"platform with owner", func(tr *ledger.Transaction) { tr.Postings[0].Source.Owner = 1 }},
	}
	if err := sale("ok").Validate(); err != nil {
		t.Errorf("Validate = %v for a good one", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := sale("order:1:paid")
			tt.spoil(&tr)
			if err := tr.Validate(); !errors.Is(err, ledger.ErrMalformed) {
				t.Errorf("Validate = %v, want ErrMalformed", err)
			}
		})
	}
}

func TestApply(t *testing.T) {
	tests := []struct {
		name     string
		balances map[ledger.Account]int64
		tr       ledger.Transaction
		want     map[ledger.Account]int64
		err      error
	}{
		{"a sale from nothing", nil, sale("a"),
			map[ledger.Account]int64{clearing: -10000, held(1): 8500, held(2): 1000, fees: 500}, nil},
		{"all of it", map[ledger.Account]int64{held(1): 5}, move("a", 5, held(1), free(1)),
			map[ledger.Account]int64{held(1): 0, free(1): 5}, nil},
		{"more than there is", map[ledger.Account]int64{held(1): 5}, move("a", 6, held(1), free(1)), nil, ledger.ErrOverdraft},
		{"out of nothing", nil, move("a", 1, free(1), paying(1)), nil, ledger.ErrOverdraft},
		{"in and out at once", nil, ledger.Transaction{Reference: "a", Currency: "EUR", Postings: []ledger.Posting{
			{Source: held(1), Destination: free(1), Amount: 3}, {Source: clearing, Destination: held(1), Amount: 3}}},
			map[ledger.Account]int64{clearing: -3, held(1): 0, free(1): 3}, nil},
		{"more than 64 bits in", map[ledger.Account]int64{held(1): math.MaxInt64}, move("a", 1, clearing, held(1)), nil, money.ErrOverflow},
		{"more than 64 bits out", map[ledger.Account]int64{clearing: math.MinInt64}, move("a", 1, clearing, held(1)), nil, money.ErrOverflow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := maps.Clone(tt.balances)
			got, err := ledger.Apply(tt.balances, tt.tr)
			if !errors.Is(err, tt.err) {
				t.Errorf("Apply = %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("balances (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, tt.balances); diff != "" {
				t.Errorf("Apply changed what it was given:\n%s", diff)
			}
		})
	}
	for _, refusal := range []error{ledger.ErrOverdraft, ledger.ErrConflict} {
		if !errors.Is(refusal, fault.Conflict) {
			t.Errorf("%v is no conflict", refusal)
		}
	}
}

// transactions draws small transactions between few accounts, so that they collide.
func transactions(reference string) *rapid.Generator[ledger.Transaction] {
	all := []ledger.Account{clearing, fees, {Kind: ledger.Suspense}, held(1), free(1), paying(1), held(2), free(2)}
	return rapid.Custom(func(t *rapid.T) ledger.Transaction {
		tr := ledger.Transaction{Reference: reference, Kind: "test", Currency: rapid.SampledFrom([]money.Currency{"EUR", "JPY"}).Draw(t, "currency"), At: noon}
		for range rapid.IntRange(1, 5).Draw(t, "postings") {
			from := rapid.IntRange(0, len(all)-1).Draw(t, "from")
			to := (from + rapid.IntRange(1, len(all)-1).Draw(t, "to")) % len(all)
			tr.Postings = append(tr.Postings, ledger.Posting{Source: all[from], Destination: all[to], Amount: rapid.Int64Range(1, 100).Draw(t, "amount")})
		}
		return tr
	})
}

func TestNothingIsMadeOrLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		balances := map[ledger.Account]int64{}
		for range rapid.IntRange(1, 30).Draw(t, "transactions") {
			after, err := ledger.Apply(balances, transactions("a").Draw(t, "transaction"))
			if errors.Is(err, ledger.ErrOverdraft) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			var sum int64
			for a, b := range after {
				if a.Kind.Payee() && b < 0 {
					t.Fatalf("%v has %d", a, b)
				}
				sum += b
			}
			if sum != 0 {
				t.Fatalf("all accounts have %d together", sum)
			}
			balances = after
		}
	})
}
