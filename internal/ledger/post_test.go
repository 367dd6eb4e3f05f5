package ledger_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
)

func TestReplayChangesNothing(t *testing.T) {
	db := pgtest.DB(t)
	first := mustPost(t, db, sale("order:1:paid"))
	mustPost(t, db, move("release", 8500, held(1), free(1))) // the money moves on

	again := sale("order:1:paid")
	again.At = noon.AddDate(0, 0, 1) // the second time is later
	slices.Reverse(again.Postings)   // and comes from a map
	second := mustPost(t, db, again)
	slices.Reverse(second.PostingIDs)
	if diff := cmp.Diff(ledger.Posted{ID: first.ID, PostingIDs: first.PostingIDs, Replayed: true}, second); diff != "" {
		t.Errorf("the replay (-want +got):\n%s", diff)
	}
	release := mustPost(t, db, move("release", 8500, held(1), free(1))) // held has nothing by now
	if !release.Replayed || balance(t, db, free(1)) != 8500 || balance(t, db, held(1)) != 0 {
		t.Errorf("the replayed release = %+v; free %d, held %d", release, balance(t, db, free(1)), balance(t, db, held(1)))
	}
	mustHold(t, db)
}

func TestSameReferenceOtherContent(t *testing.T) {
	db := pgtest.DB(t)
	mustPost(t, db, sale("order:1:paid"))
	other := []func(*ledger.Transaction){
		func(tr *ledger.Transaction) { tr.Postings[0].Amount++ },
		func(tr *ledger.Transaction) { tr.Kind = "gift" },
		func(tr *ledger.Transaction) { tr.Currency = "USD" },
		func(tr *ledger.Transaction) { tr.Postings = tr.Postings[:2] },
		func(tr *ledger.Transaction) { tr.Postings[0].Destination = held(3) },
		func(tr *ledger.Transaction) {
			tr.Postings = []ledger.Posting{{Source: free(9), Destination: fees, Amount: 1}}
		},
	}
	for i, change := range other {
		tr := sale("order:1:paid")
		change(&tr)
		if _, err := post(t, db, tr); !errors.Is(err, ledger.ErrConflict) {
			t.Errorf("change %d: Post = %v, want ErrConflict", i, err)
		}
	}
	mustHold(t, db)
}

func TestPostRefuses(t *testing.T) {
	db := pgtest.DB(t)
	mustPost(t, db, sale("order:1:paid"))
	if _, err := post(t, db, move("too much", 1001, held(2), free(2))); !errors.Is(err, ledger.ErrOverdraft) {
		t.Errorf("Post = %v, want ErrOverdraft", err)
	}
	if _, err := post(t, db, ledger.Transaction{Reference: "nothing"}); !errors.Is(err, ledger.ErrMalformed) {
		t.Errorf("Post = %v, want ErrMalformed", err)
	}
	mustPost(t, db, move("all there can be", math.MaxInt64-1000, clearing, held(2)))
	if _, err := post(t, db, move("and more", 1, clearing, held(2))); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("Post = %v, want ErrOverflow", err)
	}
	if got := balance(t, db, held(2)); got != math.MaxInt64 {
		t.Errorf("balance = %d", got)
	}
}

func TestLockAndRead(t *testing.T) {
	db := pgtest.DB(t)
	tx := db.MustBegin()
	defer tx.Rollback()
	if got, err := ledger.Lock(t.Context(), tx, free(1), "EUR"); err != nil || got != 0 {
		t.Errorf("Lock of a new account = %d, %v; want 0", got, err)
	}
	for _, a := range []ledger.Account{clearing, {Kind: ledger.Free}, {Kind: "till"}} {
		if _, err := ledger.Lock(t.Context(), tx, a, "EUR"); !errors.Is(err, ledger.ErrMalformed) {
			t.Errorf("Lock of %v = %v, want ErrMalformed", a, err)
		}
	}
	if _, err := ledger.Post(t.Context(), tx, sale("order:1:paid")); err != nil {
		t.Fatal(err)
	}
	released, err := ledger.Post(t.Context(), tx, move("release", 600, held(2), free(2)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ledger.Lock(t.Context(), tx, held(2), "EUR"); err != nil || got != 400 {
		t.Errorf("Lock = %d, %v; want 400", got, err)
	}
	for kind, want := range map[ledger.Kind]int64{ledger.Stripe: -10000, ledger.Fees: 500, ledger.Suspense: 0, ledger.Held: 8900, ledger.Free: 600, ledger.Paying: 0} {
		if got, err := ledger.Sum(t.Context(), tx, kind, "EUR"); err != nil || got != want {
			t.Errorf("Sum(%s) = %d, %v; want %d", kind, got, err, want)
		}
		if got, err := ledger.Sum(t.Context(), tx, kind, "USD"); err != nil || got != 0 {
			t.Errorf("Sum(%s) in USD = %d, %v; want 0", kind, got, err)
		}
	}
	entries, err := ledger.Postings(t.Context(), tx, held(2), "EUR", 0, released.PostingIDs[0])
	if err != nil || len(entries) != 2 {
		t.Fatalf("Postings = %v, %v; want two", entries, err)
	}
	in, out := entries[0], entries[1]
	if in.Amount != 1000 || in.Reference != "order:1:paid" || in.Kind != "sale" || in.Other() != clearing || !in.At.Equal(noon) {
		t.Errorf("the first entry = %+v", in)
	}
	if out.Amount != -600 || out.PostingID != released.PostingIDs[0] || out.Other() != free(2) {
		t.Errorf("the second entry = %+v", out)
	}
	if rest, err := ledger.Postings(t.Context(), tx, held(2), "EUR", in.PostingID, out.PostingID-1); err != nil || len(rest) != 0 {
		t.Errorf("Postings between the two = %v, %v; want none", rest, err)
	}
}

// Whatever is posted, the tables agree with the pure rule.
func TestBooksAgreeWithTheRule(t *testing.T) {
	db := pgtest.DB(t)
	type balances = map[ledger.Account]int64
	model := map[money.Currency]balances{"EUR": {}, "JPY": {}}
	number := 0
	rapid.Check(t, func(rt *rapid.T) {
		number++
		tr := transactions(fmt.Sprint(number)).Draw(rt, "transaction")
		want, refused := ledger.Apply(model[tr.Currency], tr)
		posted, err := post(t, db, tr)
		if errors.Is(err, ledger.ErrOverdraft) != errors.Is(refused, ledger.ErrOverdraft) || (refused == nil) != (err == nil) {
			rt.Fatalf("Post = %v, want %v", err, refused)
		}
		if err != nil {
			return
		}
		model[tr.Currency] = want
		for i, id := range posted.PostingIDs {
			var amount int64
			if err := db.Get(&amount, `select amount from ledger_postings where id = $1`, id); err != nil || amount != tr.Postings[i].Amount {
				rt.Fatalf("posting %d = %d, %v; want %d", id, amount, err, tr.Postings[i].Amount)
			}
		}
		for a, want := range want {
			if got, err := ledger.Balance(t.Context(), db, a, tr.Currency); err != nil || got != want {
				rt.Fatalf("balance of %v = %d, %v; want %d", a, got, err, want)
			}
		}
	})
	mustHold(t, db)
}

func TestSameReferenceAtOnce(t *testing.T) {
	for name, tr := range map[string]ledger.Transaction{
		"payees": sale("order:1:paid"), "platform only": move("sweep", 5, ledger.Account{Kind: ledger.Suspense}, clearing)} {
		t.Run(name, func(t *testing.T) {
			db := pgtest.DB(t)
			var fresh atomic.Int64
			var callers sync.WaitGroup
			start := make(chan struct{})
			for range 20 {
				callers.Go(func() {
					<-start
					posted, err := post(t, db, tr)
					if err != nil || len(posted.PostingIDs) != len(tr.Postings) {
						t.Errorf("Post = %+v, %v", posted, err)
					}
					if !posted.Replayed {
						fresh.Add(1)
					}
				})
			}
			close(start)
			callers.Wait()
			if fresh.Load() != 1 {
				t.Errorf("%d callers of 20 posted it, want one", fresh.Load())
			}
			mustHold(t, db)
		})
	}
}

// 16 writers move money of the same five payees in all directions; a reader keeps taking "everything up to the newest
// posting" of one account, and nothing may turn up later below what it took.
func TestManyWriters(t *testing.T) {
	db := pgtest.DB(t)
	const writers, rounds = 16, 40
	done, watched := make(chan struct{}), make(chan error, 1)
	go func() { watched <- watch(t, db, done) }()
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range rounds {
				payee, other := int64(1+(w+i)%5), int64(1+(w*3+i)%5)
				tr := ledger.Transaction{Reference: fmt.Sprintf("w%d:%d", w, i), Kind: "test", Currency: "EUR", At: noon, Postings: []ledger.Posting{
					{Source: clearing, Destination: free(payee), Amount: 10}, {Source: clearing, Destination: held(other), Amount: 7}}}
				if i%3 == 2 {
					tr.Postings = []ledger.Posting{{Source: free(payee), Destination: paying(payee), Amount: 11}, {Source: held(other), Destination: free(other), Amount: 5}}
				}
				if _, err := post(t, db, tr); err != nil && !errors.Is(err, ledger.ErrOverdraft) {
					t.Errorf("Post = %v", err)
				}
			}
		})
	}
	all.Wait()
	close(done)
	if err := <-watched; err != nil {
		t.Error(err)
	}
	mustHold(t, db)
}

// watch notes how many postings of an account stand up to the newest one, until done, and then counts again.
func watch(t *testing.T, db *sqlx.DB, done chan struct{}) error {
	const upTo = `select count(*) from ledger_postings p join ledger_accounts a on a.id in (p.source_account_id, p.destination_account_id)
		where a.kind = 'free' and a.owner_id = 1 and p.id <= $1`
	const newest = `select coalesce(max(p.id), 0) from ledger_postings p join ledger_accounts a on a.id in (p.source_account_id, p.destination_account_id)
		where a.kind = 'free' and a.owner_id = 1`
	seen := map[int64]int{}
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		var mark int64
		var n int
		if err := db.GetContext(t.Context(), &mark, newest); err != nil {
			return err
		}
		if err := db.GetContext(t.Context(), &n, upTo, mark); err != nil {
			return err
		}
		seen[mark] = n
	}
	for mark, before := range seen {
		var now int
		if err := db.GetContext(t.Context(), &now, upTo, mark); err != nil {
			return err
		}
		if now != before {
			return fmt.Errorf("up to posting %d there were %d, and later %d", mark, before, now)
		}
	}
	if len(seen) < 3 {
		return fmt.Errorf("only %d looks: too few to prove anything", len(seen))
	}
	return nil
}

// Payout and refund want the same money at once: one of them gets it.
func TestTwoWantTheSameMoney(t *testing.T) {
	db := pgtest.DB(t)
	for round := range 30 {
		mustPost(t, db, move(fmt.Sprintf("in:%d", round), 100, clearing, free(1)))
		var won atomic.Int64
		var both sync.WaitGroup
		for name, to := range map[string]ledger.Account{"payout": paying(1), "refund": clearing} {
			both.Go(func() {
				err := postgres.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
					_, err := ledger.Post(t.Context(), tx, move(fmt.Sprintf("%s:%d", name, round), 100, free(1), to))
					return err
				})
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, ledger.ErrOverdraft) {
					t.Errorf("Post = %v, want ErrOverdraft", err)
				}
			})
		}
		both.Wait()
		if won.Load() != 1 || balance(t, db, free(1)) != 0 {
			t.Fatalf("round %d: %d got it, %d left", round, won.Load(), balance(t, db, free(1)))
		}
	}
	mustHold(t, db)
}
