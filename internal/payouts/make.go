package payouts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/crash"
	"relais/internal/jobs"
	"relais/internal/ledger"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/postgres"
)

// Report is what making a run's payouts came to.
type Report struct {
	RunID   int64
	Made    int
	Waiting int // payees with money who are not paid by it: their page and the preview say why
	Skipped int // payees who could not be booked; the error says why
}

// starting is what a new run is.
type starting struct {
	by     int64 // 0: the schedule or the command line
	kind   Kind
	period string
	payee  int64
}

const insertRun = `
insert into payout_runs (started_by, started_at, kind, period, payee_id) values (nullif($1::bigint, 0), $2, $3, nullif($4, ''), nullif($5::bigint, 0))
on conflict (period) do nothing returning id`

// begin opens a run, writes who did it into the log, and enqueues the job that makes its payouts, in the caller's
// transaction. 0: the period has its run already.
func (s *Service) begin(ctx context.Context, tx *sqlx.Tx, r starting) (id int64, err error) {
	now := s.now()
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, insertRun, r.by, now, r.kind, r.period, r.payee); err != nil || len(ids) == 0 {
		return 0, postgres.Translate(err)
	}
	err = members.Audit(ctx, tx, members.AuditEntry{At: now, ActorID: r.by, Action: "payouts run", Subject: fmt.Sprintf("run %d", ids[0]),
		Detail: map[string]any{"kind": r.kind, "period": r.period}})
	if err != nil {
		return 0, err
	}
	return ids[0], jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobMake, Args: runArgs{ids[0]}, UniqueKey: fmt.Sprintf("%s:%d", JobMake, ids[0]), MaxAttempts: 30})
}

// Start begins a run for everybody who is ready and has enough, and returns its number at once: its jobs make the payouts and
// send them. by is the admin who said so.
func (s *Service) Start(ctx context.Context, by int64) (id int64, err error) {
	return id, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		id, err = s.begin(ctx, tx, starting{by: by, kind: ByHand})
		return err
	})
}

// Run is Start, and makes the payouts before it returns; the jobs only send them. An error about one payee keeps no other from
// being paid; all are returned, joined.
func (s *Service) Run(ctx context.Context, by int64) (Report, error) {
	id, err := s.Start(ctx, by)
	if err != nil {
		return Report{}, fmt.Errorf("run payouts: %w", err)
	}
	return s.make(ctx, id)
}

// makeJob makes the payouts of a run, from where it stands.
func (s *Service) makeJob(ctx context.Context, w jobs.Work) error {
	var args runArgs
	if err := w.Decode(&args); err != nil {
		return err
	}
	r, err := s.make(ctx, args.RunID)
	if r.Skipped > 0 { // they stay free, for the next run
		s.log.ErrorContext(ctx, "payees were left out of a run", "run", args.RunID, "payees", r.Skipped, "error", err)
		return nil
	}
	return err
}

// batchSize is how many payees one transaction pays.
const batchSize = 1000

// make goes on with a run until all its payouts are made. Several may do so at once: each batch is made by one of them. A
// batch that cannot be booked is halved until it is known which payee is the reason; they are left out, and the others paid.
func (s *Service) make(ctx context.Context, runID int64) (Report, error) {
	if err := s.plan(ctx, runID); err != nil {
		return Report{RunID: runID}, fmt.Errorf("plan run %d: %w", runID, err)
	}
	crash.At(crash.PayoutsPlanned)
	var left []error
	for size := batchSize; ; {
		more, err := s.batch(ctx, runID, size)
		crash.At(crash.PayoutsMade)
		switch {
		case err == nil && !more:
			report, err := s.report(ctx, runID)
			return report, errors.Join(append(left, err)...)
		case err == nil:
			size = min(2*size, batchSize)
		case ctx.Err() != nil:
			return Report{RunID: runID}, err
		case size > 1:
			size /= 2
		default:
			left = append(left, err)
			if err := s.skip(ctx, runID); err != nil {
				return Report{RunID: runID}, errors.Join(append(left, err)...)
			}
		}
	}
}

const insertPlan = `
insert into payout_run_currencies (run_id, currency, funds_minor, due, due_minor, waiting, cutoff_posting) values ($1,$2,$3,$4,$5,$6,$7)`

// plan decides, once, how far the funds of each currency go.
func (s *Service) plan(ctx context.Context, runID int64) error {
	r, err := runWhere(ctx, s.db, runID, "")
	if err != nil || r.PlannedAt != nil || r.State != Making {
		return err
	}
	rules, err := s.Settings(ctx)
	if err != nil {
		return err
	}
	all, err := s.outlook(ctx, r.Kind, r.payee(), rules, s.funds)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		r, err := runWhere(ctx, tx, runID, "for update")
		if err != nil || r.PlannedAt != nil || r.State != Making {
			return err
		}
		for _, o := range all {
			if _, err := tx.ExecContext(ctx, insertPlan, runID, o.Currency, o.Funds.Minor, o.Fits, o.FitsDue.Minor, o.Waits(), o.cutoff); err != nil {
				return postgres.Translate(err)
			}
		}
		_, err = tx.ExecContext(ctx, `update payout_runs set planned_at = $2 where id = $1`, runID, s.now())
		return postgres.Translate(err)
	})
}

// progress is where a run stands in one currency.
type progress struct {
	Currency money.Currency `db:"currency"`
	Cutoff   *int64         `db:"cutoff_posting"`
	Cursor   int64          `db:"cursor_account"`
	Batches  int            `db:"batches"`
}

const selectProgress = `
select currency, cutoff_posting, cursor_account, batches from payout_run_currencies where run_id = $1 and not finished order by currency limit 1`

const updateProgress = `
update payout_run_currencies set cursor_account = $3, batches = batches + 1, made = made + $4, skipped = skipped + $5, finished = $6
where run_id = $1 and currency = $2`

// step locks a run and does one thing with the currency that it stands at. Where nothing is left, the run goes on to sending.
func (s *Service) step(ctx context.Context, runID int64, do func(*sqlx.Tx, Run, progress) error) (more bool, err error) {
	return more, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		more = false
		r, err := runWhere(ctx, tx, runID, "for update")
		if err != nil || r.State != Making {
			return err
		}
		var at []progress
		if err := tx.SelectContext(ctx, &at, selectProgress, runID); err != nil {
			return postgres.Translate(err)
		}
		if len(at) == 0 {
			return s.startSending(ctx, tx, runID)
		}
		more = true
		return do(tx, r, at[0])
	})
}

// batch makes the payouts of the next payees, at most size, in one transaction of the database and one of the ledger.
func (s *Service) batch(ctx context.Context, runID int64, size int) (more bool, err error) {
	rules, err := s.Settings(ctx)
	if err != nil {
		return false, err
	}
	return s.step(ctx, runID, func(tx *sqlx.Tx, r Run, at progress) error {
		page, err := due(ctx, tx, scope{after: at.Cursor, limit: size, oldest: at.Cutoff != nil, currency: at.Currency, payee: r.payee()})
		if err != nil {
			return err
		}
		var paid []Due
		for _, d := range page {
			if rules.Wait(d, r.Kind) == NoWait && !beyond(at.Cutoff, d.Oldest) {
				paid = append(paid, d)
			}
		}
		made := 0
		if len(paid) > 0 {
			if made, err = s.book(ctx, tx, r, at, rules.Minimum(at.Currency), paid); err != nil {
				return err
			}
			crash.At(crash.PayoutsBooked)
		}
		cursor := at.Cursor
		if len(page) > 0 {
			cursor = page[len(page)-1].Account
		}
		_, err = tx.ExecContext(ctx, updateProgress, runID, at.Currency, cursor, made, 0, len(page) < size)
		return postgres.Translate(err)
	})
}

// skip passes over the payee at whom a run stands and cannot go on.
func (s *Service) skip(ctx context.Context, runID int64) error {
	_, err := s.step(ctx, runID, func(tx *sqlx.Tx, r Run, at progress) error {
		page, err := due(ctx, tx, scope{after: at.Cursor, limit: 1, currency: at.Currency, payee: r.payee()})
		if err != nil || len(page) == 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, updateProgress, runID, at.Currency, page[0].Account, 0, 1, false)
		return postgres.Translate(err)
	})
	return err
}

// What came before, read under the lock of the balances: where the range of the next payout begins, and whether one is on its
// way after all.
const selectBefore = `
select u.payee_id, coalesce((select o.to_posting from payouts o where o.payee_id = u.payee_id and o.currency = $2::char(3) and o.state <> 'failed'
    order by o.from_posting desc limit 1), 0) as watermark,
  exists (select 1 from payouts o where o.payee_id = u.payee_id and o.currency = $2::char(3) and o.state in ('new','sending')) as live
from unnest($1::bigint[]) as u(payee_id)`

const insertPayouts = `
insert into payouts (run_id, payee_id, currency, amount_minor, carried_minor, from_posting, to_posting, destination, created_at)
select $1, u.payee_id, $2, u.amount, u.carried, u.watermark, u.posting, u.destination, $3
from unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[]) as u(payee_id, amount, carried, watermark, posting, destination)`

// book moves the money of a batch and writes its payouts. What each gets is decided under the locks of all of them: two
// runs at once make one payout.
func (s *Service) book(ctx context.Context, tx *sqlx.Tx, r Run, at progress, least int64, paid []Due) (int, error) {
	accounts := make([]ledger.Account, 0, 2*len(paid))
	ids := make([]int64, len(paid))
	for i, d := range paid {
		ids[i] = d.ID
		accounts = append(accounts, ledger.Account{Kind: ledger.Free, Owner: d.ID}, ledger.Account{Kind: ledger.Paying, Owner: d.ID})
	}
	var rows struct { // as the statement takes them
		payees, amounts, carried, watermarks []int64
		destinations                         []string
	}
	now := s.now()
	posted, err := ledger.PostDecided(ctx, tx, accounts, at.Currency, func(balances map[ledger.Account]int64) (ledger.Transaction, error) {
		t := ledger.Transaction{Reference: fmt.Sprintf("run:%d:%s:%d", r.ID, at.Currency, at.Batches+1), Kind: "payout", Currency: at.Currency, At: now}
		before, err := befores(ctx, tx, ids, at.Currency)
		if err != nil {
			return t, err
		}
		for _, d := range paid {
			free := ledger.Account{Kind: ledger.Free, Owner: d.ID}
			amount, carried := Payable(balances[free], at.Currency)
			if before[d.ID].Live || amount == 0 || balances[free] < least {
				continue
			}
			t.Postings = append(t.Postings, ledger.Posting{Source: free, Destination: ledger.Account{Kind: ledger.Paying, Owner: d.ID}, Amount: amount})
			rows.payees, rows.amounts, rows.carried = append(rows.payees, d.ID), append(rows.amounts, amount), append(rows.carried, carried)
			rows.watermarks, rows.destinations = append(rows.watermarks, before[d.ID].Watermark), append(rows.destinations, *d.StripeAccountID)
		}
		return t, nil
	})
	if err != nil || len(rows.payees) == 0 {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, insertPayouts, r.ID, at.Currency, now, pq.Array(rows.payees), pq.Array(rows.amounts), pq.Array(rows.carried),
		pq.Array(rows.watermarks), pq.Array(posted.PostingIDs), pq.Array(rows.destinations))
	return len(rows.payees), postgres.Translate(err)
}

type before struct {
	PayeeID   int64 `db:"payee_id"`
	Watermark int64 `db:"watermark"`
	Live      bool  `db:"live"`
}

func befores(ctx context.Context, tx *sqlx.Tx, payees []int64, c money.Currency) (map[int64]before, error) {
	var list []before
	if err := tx.SelectContext(ctx, &list, selectBefore, pq.Array(payees), string(c)); err != nil {
		return nil, postgres.Translate(err)
	}
	by := make(map[int64]before, len(list))
	for _, b := range list {
		by[b.PayeeID] = b
	}
	return by, nil
}

// startSending ends the making of a run; its payouts are sent by a job.
func (s *Service) startSending(ctx context.Context, tx *sqlx.Tx, runID int64) error {
	if _, err := tx.ExecContext(ctx, `update payout_runs set state = 'sending', resumes = 'sending' where id = $1`, runID); err != nil {
		return postgres.Translate(err)
	}
	return s.enqueueSend(ctx, tx, runID, time.Time{})
}

const selectReport = `
select coalesce(sum(made), 0) as made, coalesce(sum(waiting) + sum(due) - sum(made) - sum(skipped), 0) as waiting, coalesce(sum(skipped), 0) as skipped
from payout_run_currencies where run_id = $1`

func (s *Service) report(ctx context.Context, runID int64) (Report, error) {
	var n struct{ Made, Waiting, Skipped int }
	if err := s.db.GetContext(ctx, &n, selectReport, runID); err != nil {
		return Report{RunID: runID}, postgres.Translate(err)
	}
	return Report{RunID: runID, Made: n.Made, Waiting: max(0, n.Waiting), Skipped: n.Skipped}, nil
}
