package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/crash"
	"relais/internal/ledger"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// overlap is how far behind the newest entry seen a list is read again: lists lag, and entries are dated before they show.
const overlap = 25 * time.Hour

// batch is how many movements are kept in one transaction, and at most in memory.
const batch = 200

// Feed reads the movements of our account at Stripe since the last time, keeps those that are new, and books their fees and
// what nobody else books. Twice, or by two processes at once, it changes nothing. It returns how many were new. The cursor moves on
// only when the list was read to its end, for it comes newest first.
func (s *Service) Feed(ctx context.Context) (fresh int64, err error) {
	since, err := s.cursor(ctx, "movements")
	if err != nil {
		return 0, err
	}
	newest := since
	var waiting []payments.Movement
	flush := func() error {
		n, err := s.keep(ctx, waiting)
		fresh, waiting = fresh+n, waiting[:0]
		return err
	}
	err = s.books.Movements(ctx, since.Add(-overlap), func(m payments.Movement) error {
		if m.Created.After(newest) {
			newest = m.Created
		}
		if waiting = append(waiting, m); len(waiting) == batch {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	crash.At(crash.MovementsKept)
	if err == nil {
		err = s.advance(ctx, "movements", newest)
	}
	if err != nil {
		return fresh, fmt.Errorf("read the movements at Stripe: %w", err)
	}
	return fresh, nil
}

// epoch is before everything at Stripe: a cursor that was never set is a day and more after it.
var epoch = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

func (s *Service) cursor(ctx context.Context, list string) (through time.Time, err error) {
	err = s.db.GetContext(ctx, &through, `select through from stripe_cursors where list = $1`, list)
	if errors.Is(err, sql.ErrNoRows) {
		return epoch, nil
	}
	return through, postgres.Translate(err)
}

const advanceCursor = `
insert into stripe_cursors (list, through, read_at) values ($1, $2, $3)
on conflict (list) do update set through = greatest(stripe_cursors.through, excluded.through), read_at = excluded.read_at`

func (s *Service) advance(ctx context.Context, list string, through time.Time) error {
	_, err := s.db.ExecContext(ctx, advanceCursor, list, through, s.clock())
	return postgres.Translate(err)
}

const insertMovements = `
insert into stripe_movements (id, type, category, source, treatment, amount_minor, fee_minor, currency, created, available_on, seen_at)
select *, $11::timestamptz from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::timestamptz[],
  $10::timestamptz[]) on conflict (id) do nothing returning id`

const insertChanges = `
insert into stripe_movement_changes (movement_id, source, amount_minor, fee_minor, currency, seen_at)
select l.id, l.source, l.amount, l.fee, l.currency, $6
from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) as l(id, source, amount, fee, currency) join stripe_movements m on m.id = l.id
where row(m.source, m.amount_minor, m.fee_minor, m.currency) is distinct from row(l.source, l.amount, l.fee, l.currency::char(3)) on conflict do nothing`

// keep stores movements and books what is to be booked of the new ones, in one transaction.
func (s *Service) keep(ctx context.Context, ms []payments.Movement) (fresh int64, err error) {
	if len(ms) == 0 {
		return 0, nil
	}
	var ids, types, categories, sources, treatments, currencies []string
	var amounts, fees []int64
	var created, available []time.Time
	byID := make(map[string]payments.Movement, len(ms))
	for _, m := range ms {
		if _, twice := byID[m.ID]; twice {
			continue
		}
		byID[m.ID] = m
		ids, types, categories, sources = append(ids, m.ID), append(types, m.Type), append(categories, m.Category), append(sources, m.Source)
		treatments, currencies = append(treatments, string(Classify(m))), append(currencies, string(m.Amount.Currency))
		amounts, fees = append(amounts, m.Amount.Minor), append(fees, m.FeeMinor)
		created, available = append(created, m.Created), append(available, m.AvailableOn)
	}
	return fresh, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var added []string
		seen := s.clock()
		err := tx.SelectContext(ctx, &added, insertMovements, pq.Array(ids), pq.Array(types), pq.Array(categories), pq.Array(sources), pq.Array(treatments),
			pq.Array(amounts), pq.Array(fees), pq.Array(currencies), pq.Array(created), pq.Array(available), seen)
		if err != nil {
			return postgres.Translate(err)
		}
		fresh = int64(len(added))
		for _, id := range added {
			if err := book(ctx, tx, byID[id]); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, insertChanges, pq.Array(ids), pq.Array(sources), pq.Array(amounts), pq.Array(fees), pq.Array(currencies), seen)
		return postgres.Translate(err)
	})
}

// book posts a movement's fee and what nobody else books of it, once.
func book(ctx context.Context, tx *sqlx.Tx, m payments.Movement) error {
	treatment := Classify(m)
	postings := bookings(m, treatment)
	if len(postings) == 0 {
		return nil
	}
	t := ledger.Transaction{Reference: "fee:" + m.ID, Kind: "provider_fee", Currency: m.Amount.Currency, At: m.Created, Object: m.ID, Postings: postings}
	if treatment == Ours {
		t.Reference, t.Kind = "movement:"+m.ID, "provider_"+m.Category
	}
	_, err := ledger.Post(ctx, tx, t)
	return err
}
