package payouts_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/jobs"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payouts"
	"relais/internal/postgres/pgtest"
)

// till counts transfers instead of sending them: for volume, where a Stripe over HTTP would only take time.
type till struct {
	payments.Transfers
	payments.Reversals
	available money.Amount

	mu    sync.Mutex
	sent  map[string]int // by reference
	total int64
}

func (b *till) AvailableBalance(context.Context) ([]money.Amount, error) {
	return []money.Amount{b.available}, nil
}

func (b *till) AccountBalance(context.Context, string) ([]money.Amount, error) { return nil, nil }

func (b *till) Send(_ context.Context, r payments.TransferRequest) (payments.Transfer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sent == nil {
		b.sent = map[string]int{}
	}
	if b.sent[r.Reference]++; b.sent[r.Reference] == 1 {
		b.total += r.Amount.Minor
	}
	return payments.Transfer{ID: "tr_" + r.Reference, Amount: r.Amount, Destination: r.Destination, Group: r.Group}, nil
}

// serviceWith is the payouts of a World over another provider.
func serviceWith(w *apptest.World, b *till) *payouts.Service {
	return payouts.New(payouts.Config{DB: w.DB, Transfers: b, Reversals: b, Now: w.Clock.Now, Clock: time.Now, BaseURL: w.URL, Mail: w.Mail, Log: slog.New(slog.DiscardHandler)})
}

// deliver runs the jobs of that service until nothing is ready.
func deliver(w *apptest.World, s *payouts.Service) {
	w.T.Helper()
	r := jobs.New(w.DB, slog.New(slog.DiscardHandler), jobs.Options{})
	s.Register(r)
	if err := r.Drain(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
}

// hold fails the test where an invariant of payouts or of the ledger is broken.
func hold(w *apptest.World) {
	w.T.Helper()
	found, err := payouts.Check(w.T.Context(), w.DB)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, f := range found {
		if f.Count != 0 {
			w.T.Errorf("%s is broken %d times", f.Name, f.Count)
		}
	}
}

const crowd = 10_000

// Two runs over ten thousand payees, one of them interrupted: each is paid once, in a few transactions of the ledger.
func TestTenThousandPayees(t *testing.T) {
	w := apptest.New(t)
	exec(w, `insert into members (email, email_normal, password_hash, name, handle) select 'p' || n || '@relais.example', 'p' || n || '@relais.example', '', 'Payee ' || n, 'payee-' || n
		from generate_series(1, $1::bigint) n`, crowd)
	exec(w, `insert into payees (member_id, stripe_account_id, details_submitted, transfers_active) select id, 'acct_' || id, true, true from members`)
	owner := pgtest.Owner(t, w.DB)
	tx := owner.MustBegin()
	tx.MustExec(`insert into ledger_accounts (kind, currency) values ('stripe', 'EUR')`)
	tx.MustExec(`insert into ledger_accounts (kind, owner_id, currency) select 'free', id, 'EUR' from payees order by id`)
	tx.MustExec(`insert into ledger_transactions (reference, kind, currency, content, at) values ('crowd', 'release', 'EUR', sha256('crowd'), now())`)
	tx.MustExec(`insert into ledger_postings (transaction_id, source_account_id, destination_account_id, currency, amount)
		select t.id, s.id, f.id, 'EUR', 1000 + f.id % 500 from ledger_transactions t, ledger_accounts s, ledger_accounts f where s.kind = 'stripe' and f.kind = 'free' order by f.id`)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	b := &till{available: money.New(1_000_000_000, "EUR")}
	s := serviceWith(w, b)
	var group sync.WaitGroup
	made := make([]int, 2)
	for i := range made {
		group.Go(func() {
			ctx, cut := context.WithCancel(t.Context())
			defer cut()
			if i == 0 { // ends somewhere on its way
				go func() {
					for ctx.Err() == nil {
						var n int
						if w.DB.GetContext(ctx, &n, `select count(*) from payouts`) == nil && n >= crowd/4 {
							cut()
						}
					}
				}()
			}
			_, err := s.Run(ctx, 0)
			if err != nil && i == 1 {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for range 3 {
		if err := s.Schedule(t.Context()); err != nil {
			t.Fatal(err)
		}
		deliver(w, s)
	}
	if n := count(w, `select count(*) from payouts where state = 'sent'`); n != crowd {
		t.Errorf("%d payouts were sent to %d payees", n, crowd)
	}
	if n := count(w, `select count(*) from ledger_transactions where kind = 'payout'`); n > 4*crowd/1000 {
		t.Errorf("%d transactions of the ledger for %d payouts", n, crowd)
	}
	if want := int64(count(w, `select sum(amount) from ledger_postings p join ledger_transactions t on t.id = p.transaction_id where t.reference = 'crowd'`)); b.total != want || len(b.sent) != crowd {
		t.Errorf("%d transfers of %d, want %d of %d", len(b.sent), b.total, crowd, want)
	}
	if n := count(w, `select count(*) from payout_runs where state <> 'done'`); n != 0 {
		t.Errorf("%d runs are not done", n)
	}
	hold(w)
}

// Somebody with all rights changes payouts behind the program's back. The audit names what they did.
func TestAuditNamesEachCorruptionOfPayouts(t *testing.T) {
	w := apptest.New(t)
	payee, shop := sold(w)
	run(w)
	w.Settle()
	relay := int64(count(w, `select member_id from payees where id = $1`, payee))
	sellOne(w, shop, relay)
	w.Sandbox.Inject(faultOnce())
	run(w)
	w.Settle()
	sellOne(w, shop, relay)
	run(w) // prepared
	w.Audit()
	owner := pgtest.Owner(t, w.DB)
	const sent, failed, prepared = `(select min(id) from payouts where state = 'sent')`, `(select id from payouts where state = 'failed')`, `(select id from payouts where state = 'new')`
	for _, c := range []struct{ name, sql, want string }{
		{"an amount raised", `update payouts set amount_minor = amount_minor + 1 where id = ` + sent, "payout_items"},
		{"something carried", `update payouts set carried_minor = 5 where id = ` + sent, "payout_items"},
		{"an entry of the books changed", `update ledger_postings set amount = amount + 1 where id = (select min(free_posting_id) from earnings where payee_id = (select payee_id from payouts where id = ` + sent + `))`, "payout_items"},
		{"a range begun earlier", `update payouts set from_posting = from_posting - 1 where id = ` + prepared, "payout_ranges"},
		{"a range over another", `update payouts set from_posting = 0 where id = ` + prepared, "payout_earnings"},
		{"two on their way", `update payouts set state = 'new', transfer_id = null where id = ` + sent, "payout_one_live"},
		{"no destination", `update payouts set destination = '' where id = ` + prepared, "payout_one_live"},
		{"the guard switched off", `alter table payouts disable trigger payouts_move`, "payout_one_live"},
		{"a transfer of another", `update payouts set transfer_id = 'tr_another' where id = ` + sent, "payout_transfers"},
		{"a transfer taken away", `update payouts set transfer_id = null where id = ` + sent, "payout_transfers"},
		{"a failed one sent", `update payouts set state = 'sent', transfer_id = 'tr_again' where id = ` + failed, "payout_final"},
		{"a sent one failed", `update payouts set state = 'failed', transfer_id = null where id = ` + sent, "payout_final"},
		{"a posting of another", `update payouts set to_posting = to_posting + 1 where id = ` + prepared, "payout_posted"},
		{"a payout deleted", `delete from payouts where id = ` + prepared, "payout_posted"},
		{"an amount on its way raised", `update payouts set amount_minor = amount_minor + 1 where id = ` + prepared, "paying_equals_payouts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := owner.MustBegin()
			defer func() { _ = tx.Rollback() }()
			tx.MustExec(`set local session_replication_role = replica`)
			tx.MustExec(`drop index payouts_range, payouts_one_live`)
			tx.MustExec(`alter table payouts drop constraint payouts_sent_check`)
			tx.MustExec(c.sql)
			found, err := payouts.Check(t.Context(), tx)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range found {
				if f.Count != 0 {
					names = append(names, f.Name)
				}
			}
			if !strings.Contains(fmt.Sprint(names), c.want) {
				t.Errorf("the audit names %v, not %s", names, c.want)
			}
		})
	}
	w.Audit()
}
