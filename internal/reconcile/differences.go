package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/members"
	"relais/internal/postgres"
)

const selectDifferences = `
select d.id, d.kind, d.object, d.currency, d.expected_minor, d.found_minor, d.payee_id, d.order_id, d.first_seen, d.last_seen, d.resolved_at, d.note, d.explanation,
  d.needs_two, d.explained_by, d.explained_at, d.confirmed_by, d.confirmed_at, d.settled, coalesce(b.name, m.name, '') as payee_name,
  coalesce(o.number, '') as order_number, coalesce(x.name, '') as explainer, coalesce(y.name, '') as confirmer
from differences d left join payees p on p.id = d.payee_id left join members m on m.id = p.member_id left join brands b on b.id = p.brand_id
left join orders o on o.id = d.order_id left join members x on x.id = d.explained_by left join members y on y.id = d.confirmed_by`

// openLimit is how many open differences are listed; more of them are one fault, not many.
const openLimit = 1000

// Unexplained are the open differences that nobody has explained, the gravest first.
func (s *Service) Unexplained(ctx context.Context) ([]Difference, error) {
	return s.list(ctx, ` where d.resolved_at is null and not d.settled order by array_position($1::text[], d.kind), d.first_seen, d.id limit $2`, openLimit)
}

// Open are the differences that last: those that nobody has explained first, then by gravity and age.
func (s *Service) Open(ctx context.Context) ([]Difference, error) {
	return s.list(ctx, ` where d.resolved_at is null order by d.settled, array_position($1::text[], d.kind), d.first_seen, d.id limit $2`, openLimit)
}

// Resolved are the differences that went last.
func (s *Service) Resolved(ctx context.Context, limit int) ([]Difference, error) {
	return s.list(ctx, ` where d.resolved_at is not null order by d.resolved_at desc, array_position($1::text[], d.kind), d.id desc limit $2`, limit)
}

func (s *Service) list(ctx context.Context, tail string, limit int) ([]Difference, error) {
	var gravity []string
	for _, k := range Kinds() {
		gravity = append(gravity, string(k))
	}
	var ds []Difference
	if err := s.db.SelectContext(ctx, &ds, selectDifferences+tail, pq.Array(gravity), limit); err != nil {
		return nil, fmt.Errorf("list differences: %w", postgres.Translate(err))
	}
	return ds, nil
}

// Halted reports whether scheduled payout runs must wait: Stripe's balance is not ours and nobody knows whom that touches, or a rule of the books
// does not hold.
func Halted(ctx context.Context, q sqlx.QueryerContext) (bool, error) {
	var kinds []string
	for _, k := range Kinds() {
		if k.Halts() {
			kinds = append(kinds, string(k))
		}
	}
	var halted bool
	err := sqlx.GetContext(ctx, q, &halted, `select exists (select 1 from differences where resolved_at is null and not settled and kind = any($1::text[]))`, pq.Array(kinds))
	return halted, postgres.Translate(err)
}

// State is what the gauges show.
type State struct {
	ByKind map[Kind]int64 // open and unexplained, every kind
	Age    time.Duration  // since the last good run; less than 0: there was none
}

// Stats reads the State as of now, real time.
func Stats(ctx context.Context, q sqlx.QueryerContext, now time.Time) (State, error) {
	out := State{ByKind: map[Kind]int64{}, Age: -1}
	for _, k := range Kinds() {
		out.ByKind[k] = 0
	}
	var rows []struct {
		Kind  Kind  `db:"kind"`
		Count int64 `db:"count"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, `select kind, count(*) from differences where resolved_at is null and not settled group by kind`); err != nil {
		return out, fmt.Errorf("count differences: %w", err)
	}
	for _, r := range rows {
		out.ByKind[r.Kind] = r.Count
	}
	last, err := lastGood(ctx, q)
	if err == nil && last != nil {
		out.Age = max(0, now.Sub(last.StartedAt))
	}
	return out, err
}

const lockDifference = `select id, kind, resolved_at, settled, needs_two, explained_by, explained_at from differences where id = $1 for update`

func lock(ctx context.Context, tx *sqlx.Tx, id int64) (d Difference, err error) {
	err = tx.GetContext(ctx, &d, lockDifference, id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return d, ErrNotFound
	case err != nil:
		return d, postgres.Translate(err)
	case d.Resolved != nil:
		return d, ErrOver
	}
	return d, nil
}

// shortest is how long a reason is at least, in characters.
const shortest = 10

// Annotate writes an admin's note beside an open difference, in the place of the one before. ErrNotFound, ErrOver.
func (s *Service) Annotate(ctx context.Context, by, id int64, note string) error {
	note = strings.TrimSpace(note)
	if note == "" || utf8.RuneCountInString(note) > 1000 {
		return ErrReason
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := lock(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update differences set note = $2 where id = $1`, id, note); err != nil {
			return postgres.Translate(err)
		}
		return s.logged(ctx, tx, by, id, "difference noted", note)
	})
}

const explainDifference = `update differences set explanation = $2, explained_by = $3, explained_at = $4 where id = $1`

// Explain takes an admin's word, of at least ten characters, for why an open difference is as it is: it freezes nobody and alarms
// nobody any more, unless its amount changes. waits: somebody else must Confirm it first. ErrNotFound, ErrOver, ErrExplained, ErrReason.
func (s *Service) Explain(ctx context.Context, by, id int64, reason string) (waits bool, err error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < shortest || n > 1000 {
		return false, ErrReason
	}
	return waits, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		d, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if d.ExplainedAt != nil {
			return ErrExplained
		}
		waits = d.NeedsTwo
		now := s.now()
		if _, err := tx.ExecContext(ctx, explainDifference, id, reason, by, now); err != nil {
			return postgres.Translate(err)
		}
		if err := s.logged(ctx, tx, by, id, "difference explained", reason); err != nil {
			return err
		}
		return freeze(ctx, tx, now)
	})
}

const confirmDifference = `update differences set confirmed_by = $2, confirmed_at = $3 where id = $1`

// Confirm is the second person's yes to an explanation. ErrSecondPerson from whoever gave it; ErrNotFound, ErrOver; ErrExplained where nothing waits
// to be confirmed.
func (s *Service) Confirm(ctx context.Context, by, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		d, err := lock(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case !d.Waiting():
			return ErrExplained
		case *d.ExplainedBy == by:
			return ErrSecondPerson
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, confirmDifference, id, by, now); err != nil {
			return postgres.Translate(err)
		}
		if err := s.logged(ctx, tx, by, id, "explanation confirmed", ""); err != nil {
			return err
		}
		return freeze(ctx, tx, now)
	})
}

const refuseExplanation = `update differences set explanation = '', explained_by = null, explained_at = null, confirmed_by = null, confirmed_at = null where id = $1`

// Reopen takes an explanation back: the difference alarms and freezes again. ErrNotFound, ErrOver; ErrExplained where there is none.
func (s *Service) Reopen(ctx context.Context, by, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		d, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if d.ExplainedAt == nil {
			return ErrExplained
		}
		if _, err := tx.ExecContext(ctx, refuseExplanation, id); err != nil {
			return postgres.Translate(err)
		}
		if err := s.logged(ctx, tx, by, id, "explanation taken back", ""); err != nil {
			return err
		}
		return freeze(ctx, tx, s.now())
	})
}

func (s *Service) logged(ctx context.Context, tx *sqlx.Tx, by, id int64, action, text string) error {
	detail := map[string]any{}
	if text != "" {
		detail["text"] = text
	}
	return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: by, Action: action, Subject: fmt.Sprintf("difference %d", id), Detail: detail})
}
