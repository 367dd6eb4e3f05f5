package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/crash"
	"relais/internal/jobs"
	"relais/internal/members"
	"relais/internal/postgres"
)

// Report is what a run did and found.
type Report struct {
	Movements int64        // seen for the first time
	Recovered int64        // notices that had never come
	Open      []Difference // all that are open and not explained, the gravest first
}

// Run is the whole work: it fetches notices that never came, feeds the movements, compares, and records what differs. whole compares everything
// ever booked and looks at every invariant; otherwise what is new since the last good run and what differs already, and the
// invariants once a day. Several processes may run it at once. When it returns an error, what could be looked at was recorded all the same.
func (s *Service) Run(ctx context.Context, whole bool) (Report, error) {
	var r Report
	id, w, err := s.begin(ctx, whole)
	if err != nil {
		return r, fmt.Errorf("begin reconciliation: %w", err)
	}
	recovered, lost := s.webhooks.Recover(ctx, s.now())
	r.Recovered = recovered
	found, looked, failed := s.findings(ctx, w, whole, &r.Movements)
	err = errors.Join(lost, failed)
	if err := errors.Join(err, s.record(ctx, found, looked)); err != nil {
		return r, errors.Join(fmt.Errorf("reconcile: %w", err), s.end(ctx, id, r, err))
	}
	if r.Open, err = s.Unexplained(ctx); err != nil {
		return r, err
	}
	return r, s.end(ctx, id, r, nil)
}

// Ask has everything compared soon, once for all who ask within the same minute, and writes into the log who asked.
func (s *Service) Ask(ctx context.Context, by int64) error {
	now := s.clock()
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobRun, Args: runArgs{Whole: true}, UniqueKey: fmt.Sprintf("%s:%d", JobRun, now.Unix()/60)})
		if err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: by, Action: "comparison asked for", Subject: "Stripe"})
	})
}

// runArgs are the arguments of JobRun; the hourly run has none.
type runArgs struct {
	Whole bool `json:"whole"`
}

const selectWindow = `
select started_at - make_interval(secs => $2) as seen_since, through_transaction as after from reconcile_runs
where ended_at is not null and error = '' and started_at < $1::timestamptz - make_interval(secs => $2) order by started_at desc limit 1`

const insertRun = `
insert into reconcile_runs (whole, through_transaction, started_at) values ($1, coalesce((select max(id) from ledger_transactions), 0), $2) returning id`

// begin opens a run. Its window goes back to a good run more than the overlap ago: whatever came late since then is in it.
func (s *Service) begin(ctx context.Context, whole bool) (id int64, w window, err error) {
	now := s.clock()
	w.SeenSince = epoch
	if !whole {
		var last []window
		if err = s.db.SelectContext(ctx, &last, selectWindow, now, overlap.Seconds()); err != nil {
			return 0, w, err
		}
		if len(last) > 0 {
			w = last[0]
		}
	}
	return id, w, s.db.GetContext(ctx, &id, insertRun, whole, now)
}

const endRun = `
update reconcile_runs set ended_at = $2, movements = $3, recovered = $4, error = $5,
  differences = (select count(*) from differences where resolved_at is null and not settled) where id = $1`

func (s *Service) end(ctx context.Context, id int64, r Report, failed error) error {
	text := ""
	if failed != nil {
		text = failed.Error()
	}
	_, err := s.db.ExecContext(ctx, endRun, id, s.clock(), r.Movements, r.Recovered, text)
	return err
}

// findings looks at everything. looked are the kinds of difference that it could judge: of the others nothing is known now.
func (s *Service) findings(ctx context.Context, w window, whole bool, fed *int64) (found []Difference, looked []Kind, err error) {
	var failed []error
	both, steady, err := s.settle(ctx, w, fed)
	switch {
	case err != nil:
		failed = append(failed, err)
	default:
		if err := s.attribute(ctx, both.Found); err != nil {
			failed = append(failed, err) // whose they are is then not known; that they are there is
		}
		found, looked = append(found, both.Found...), append(looked, byObject()...)
	}
	if err == nil && steady {
		unexplained, err := s.keepFunds(ctx, both.Funds, whole)
		if err != nil {
			failed = append(failed, err)
		} else {
			found, looked = append(found, unexplained...), append(looked, BalanceDiffers)
		}
	}
	for kind, look := range map[Kind]func(context.Context, sqlx.QueryerContext) ([]Difference, error){ClearingOverdue: s.overdue, MovementChanged: s.changed} {
		more, err := look(ctx, s.db)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		found, looked = append(found, more...), append(looked, kind)
	}
	due, err := s.auditDue(ctx)
	if err != nil {
		failed = append(failed, err)
	}
	if due || whole {
		more, err := s.brokenRules(ctx)
		if err == nil {
			found, looked = append(found, more...), append(looked, BooksBroken)
			err = s.advance(ctx, "audit", s.clock())
		}
		failed = append(failed, err)
	}
	return found, looked, errors.Join(failed...)
}

// auditDue says whether the invariants are looked at in this run: once a day, and as long as one of them is broken. They read every row.
const auditDue = `
select not exists (select 1 from stripe_cursors where list = 'audit' and read_at > $1::timestamptz - interval '24 hours')
  or exists (select 1 from differences where kind = 'books_broken' and resolved_at is null)`

func (s *Service) auditDue(ctx context.Context) (due bool, err error) {
	err = s.db.GetContext(ctx, &due, auditDue, s.clock())
	return due, postgres.Translate(err)
}

const selectUnexplained = `
select coalesce(sum(apart_minor), 0)::bigint as apart_minor, max(apart_since) as apart_since, coalesce(max(same_since), $2::timestamptz) as same_since,
  coalesce(bool_or(alarming), false) as alarming from stripe_funds where currency = $1`

const upsertFunds = `
insert into stripe_funds (currency, available_minor, pending_minor, reserved_minor, booked_minor, apart_minor, apart_since, same_since, alarming, read_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (currency) do update set available_minor = excluded.available_minor, pending_minor = excluded.pending_minor, reserved_minor = excluded.reserved_minor,
  booked_minor = excluded.booked_minor, apart_minor = excluded.apart_minor, apart_since = excluded.apart_since, same_since = excluded.same_since,
  alarming = excluded.alarming, read_at = excluded.read_at`

// keepFunds keeps the balances that were read, and answers with those that have differed for too long.
func (s *Service) keepFunds(ctx context.Context, funds []fund, whole bool) (found []Difference, err error) {
	now := s.clock()
	for _, f := range funds {
		var u unexplained
		if err := s.db.GetContext(ctx, &u, selectUnexplained, string(f.Currency), now); err != nil {
			return nil, fmt.Errorf("read the balance that was kept: %w", postgres.Translate(err))
		}
		u = u.next(f.Apart, whole, now)
		_, err := s.db.ExecContext(ctx, upsertFunds, string(f.Currency), f.Available, f.Pending, f.Reserved, f.Booked, u.Apart, u.Since, u.Same, u.Alarming, s.now())
		if err != nil {
			return nil, fmt.Errorf("keep the balance at Stripe: %w", postgres.Translate(err))
		}
		if u.Alarming {
			found = append(found, Difference{Kind: BalanceDiffers, Object: "balance", Currency: string(f.Currency), Expected: f.total() - f.Apart, Found: f.total()})
		}
	}
	return found, nil
}

// oneRecorder lets one process at a time record differences.
const oneRecorder = `select pg_advisory_xact_lock(hashtext('differences'))`

// mergeDifferences writes what a run found: new ones, those that last, and the end of those that are gone. An explanation
// explains an amount: with another amount it is gone too.
const mergeDifferences = `
with found as (
  select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::boolean[])
    as f(kind, object, currency, expected, found, payee_id, order_id, needs_two)),
gone as (
  update differences d set resolved_at = greatest($9::timestamptz, d.first_seen), resolved_by = case when d.settled then d.explained_by end
  where d.resolved_at is null and d.kind = any($10::text[])
    and not exists (select 1 from found f where f.kind = d.kind and f.object = d.object and f.currency = d.currency))
insert into differences as d (kind, object, currency, expected_minor, found_minor, payee_id, order_id, needs_two, first_seen, last_seen)
select kind, object, currency, expected, found, nullif(payee_id, 0), nullif(order_id, 0), needs_two, $9, $9 from found
on conflict (kind, object, currency) where resolved_at is null do update set last_seen = greatest(d.last_seen, excluded.last_seen),
  payee_id = coalesce(excluded.payee_id, d.payee_id), order_id = coalesce(excluded.order_id, d.order_id),
  expected_minor = excluded.expected_minor, found_minor = excluded.found_minor, needs_two = excluded.needs_two,
  explanation = case when d.found_minor - d.expected_minor = excluded.found_minor - excluded.expected_minor then d.explanation else '' end,
  explained_by = case when d.found_minor - d.expected_minor = excluded.found_minor - excluded.expected_minor then d.explained_by end,
  explained_at = case when d.found_minor - d.expected_minor = excluded.found_minor - excluded.expected_minor then d.explained_at end,
  confirmed_by = case when d.found_minor - d.expected_minor = excluded.found_minor - excluded.expected_minor then d.confirmed_by end,
  confirmed_at = case when d.found_minor - d.expected_minor = excluded.found_minor - excluded.expected_minor then d.confirmed_at end`

// record writes what differs now, freezes whom it touches, frees whom it touches no more, and writes to the admins about what is new.
func (s *Service) record(ctx context.Context, found []Difference, looked []Kind) error {
	var kinds, objects, currencies []string
	var expected, seen, payees, orders []int64
	var two []bool
	for _, d := range found {
		kinds, objects, currencies = append(kinds, string(d.Kind)), append(objects, d.Object), append(currencies, d.Currency)
		expected, seen, two = append(expected, d.Expected), append(seen, d.Found), append(two, NeedsTwo(d))
		payees, orders = append(payees, value(d.PayeeID)), append(orders, value(d.OrderID))
	}
	judged := make([]string, 0, len(looked))
	for _, k := range looked {
		judged = append(judged, string(k))
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		now := s.now()
		if _, err := tx.ExecContext(ctx, oneRecorder); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, mergeDifferences, pq.Array(kinds), pq.Array(objects), pq.Array(currencies), pq.Array(expected), pq.Array(seen),
			pq.Array(payees), pq.Array(orders), pq.Array(two), now, pq.Array(judged))
		if err != nil {
			return fmt.Errorf("record differences: %w", postgres.Translate(err))
		}
		if err := freeze(ctx, tx, now); err != nil {
			return err
		}
		err = s.alarm(ctx, tx, now)
		crash.At(crash.DifferencesRecorded)
		return err
	})
}

func value(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

// touched are the payees whom an open difference touches that nobody has explained: who was paid by the object, or earns from its order. $1: the
// kinds that freeze.
const touched = `
select payee_id from differences where resolved_at is null and not settled and kind = any($1::text[]) and payee_id is not null
union
select e.payee_id from differences d join earnings e on e.order_id = d.order_id where d.resolved_at is null and not d.settled and d.kind = any($1::text[])`

// FrozenReason stands in payees.frozen_reason while a difference touches the payee.
const FrozenReason = "difference"

const freezePayees = `
update payees set frozen_at = $2, frozen_reason = $3 where frozen_at is null and id in (` + touched + `) returning id`

const thawPayees = `
update payees set frozen_at = null, frozen_reason = '' where frozen_at is not null and frozen_reason = $2 and id not in (` + touched + `) returning id`

// freeze brings the payees in line with the open differences, and writes into the log whom that freezes and frees.
func freeze(ctx context.Context, tx *sqlx.Tx, now time.Time) error {
	var kinds []string
	for _, k := range Kinds() {
		if k.Freezes() {
			kinds = append(kinds, string(k))
		}
	}
	var frozen, freed []int64
	if err := tx.SelectContext(ctx, &frozen, freezePayees, pq.Array(kinds), now, FrozenReason); err != nil {
		return fmt.Errorf("freeze payees: %w", postgres.Translate(err))
	}
	if err := tx.SelectContext(ctx, &freed, thawPayees, pq.Array(kinds), FrozenReason); err != nil {
		return fmt.Errorf("free payees: %w", postgres.Translate(err))
	}
	for action, ids := range map[string][]int64{"payee frozen": frozen, "payee freed": freed} {
		for _, id := range ids {
			err := members.Audit(ctx, tx, members.AuditEntry{At: now, Action: action, Subject: fmt.Sprintf("payee %d", id), Detail: map[string]any{"because": FrozenReason}})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
