package reports

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Table describes where a domain keeps its reports. Its fields become part of queries: they are constants of the program. Every such table has the
// columns id, member_id, reason, text, at, decided, decided_by, decided_at and why.
type Table struct {
	Name   string // of the table
	Part   string // expression: what it is about; a quoted constant where that is always the same
	Target string // expression: its number
	Brand  string // column of the brand whose team reports; empty: there is none
	Title  string // column of the title that it had then; empty: it is not kept
	Body   string // column of what it said then; empty: it is not kept
	Desk   string // path of the page where the platform decides
}

func or(column, without string) string {
	if column == "" {
		return without
	}
	return column
}

// reports are all of them, as a Report has them.
func (t Table) reports(where string) string {
	return fmt.Sprintf(`
select r.id, r.part, r.target, coalesce(r.brand_id, 0) as brand_id, coalesce(r.member_id, 0) as member_id, coalesce(b.name, m.name, '') as by_name,
  r.reason, r.text, r.title, r.body, r.at, r.decided, r.decided_at, r.why
from (select id, %s as part, %s as target, %s as brand_id, member_id, reason, text, %s as title, %s as body, at, decided, decided_at, why from %s) r
left join brands b on b.id = r.brand_id left join members m on m.id = r.member_id where `,
		t.Part, t.Target, or(t.Brand, "null::bigint"), or(t.Title, "''"), or(t.Body, "''"), t.Name) + where
}

// cases are the things about which a report is open, the oldest report first; of the same moment a question before its answers.
func (t Table) cases() string {
	return fmt.Sprintf(`
select r.part, r.target, count(*) over () as total from (select %s as part, %s as target, at from %s where decided = '') r
group by r.part, r.target order by min(r.at), r.part desc, r.target limit $1 offset $2`, t.Part, t.Target, t.Name)
}

// lock keeps what is open about one thing for this transaction: another decision about it waits, and finds nothing open.
func (t Table) lock() string {
	return fmt.Sprintf(`select id from %s where decided = '' and %s = $1 and %s = $2 order by id for update`, t.Name, t.Part, t.Target)
}

// end decides the open reports of these numbers.
func (t Table) end() string {
	return fmt.Sprintf(`update %s set decided = $2, decided_by = $3, decided_at = $4, why = $5 where decided = '' and id = any($1)`, t.Name)
}

// Insert keeps a report by the domain's own statement, which does nothing on a conflict: ErrReported where the same reporter's is open already. The
// administrators are told of the first one that waits at a desk, and not again until all there are decided.
func (t Table) Insert(ctx context.Context, tx *sqlx.Tx, at time.Time, statement string, args ...any) error {
	r, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("keep report: %w", postgres.Translate(err))
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return ErrReported.Because(err)
	}
	return t.alert(ctx, tx, at)
}

// Desk is where the platform decides what was reported of one domain. T is what a report is about, as that domain reads it.
type Desk[T any] struct {
	Table Table
	// Subject reads what a report is about, whatever its state. The domain's own fault where there is no such thing.
	Subject func(ctx context.Context, q sqlx.QueryerContext, part Part, id int64) (T, error)
	// Party says whether it is the member's own, or concerns their brand: they do not decide about it. See Concerns.
	Party func(ctx context.Context, q sqlx.QueryerContext, subject T, memberID int64) (bool, error)
	// Again is what reopening and contesting need; nil: what is decided is final.
	Again *Again[T]
}

const selectTeam = `select exists (select 1 from brand_members where brand_id = $1 and member_id = $2)`

// Concerns says whether a member is one of these people, or on the team of a brand; 0: of none.
func Concerns(ctx context.Context, q sqlx.QueryerContext, memberID, brandID int64, people ...int64) (bool, error) {
	if slices.Contains(people, memberID) {
		return true, nil
	}
	var team bool
	if err := sqlx.GetContext(ctx, q, &team, selectTeam, brandID, memberID); err != nil {
		return false, fmt.Errorf("read who is on the team of brand %d: %w", brandID, postgres.Translate(err))
	}
	return team, nil
}

// Cases is what waits for the platform, the oldest first, and how many there are in all.
func (k Desk[T]) Cases(ctx context.Context, q sqlx.QueryerContext, limit, offset int) (list []Case[T], total int, err error) {
	var rows []struct {
		Part   Part  `db:"part"`
		Target int64 `db:"target"`
		Total  int   `db:"total"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, k.Table.cases(), limit, offset); err != nil {
		return nil, 0, fmt.Errorf("read what was reported: %w", postgres.Translate(err))
	}
	for _, r := range rows {
		c, err := k.Case(ctx, q, r.Part, r.Target)
		if err != nil {
			return nil, 0, err
		}
		list, total = append(list, c), r.Total
	}
	return list, total, nil
}

// membersFirst is the order of the reports of a case: visitors without an account come last.
const membersFirst = ` order by r.member_id is null, r.id`

// Case is one thing with what is open about it, which may be nothing: the first hundred reports. Faults: those of Subject.
func (k Desk[T]) Case(ctx context.Context, q sqlx.QueryerContext, part Part, id int64) (c Case[T], err error) {
	c.Part, c.ID = part, id
	if c.Subject, err = k.Subject(ctx, q, part, id); err != nil {
		return c, err
	}
	c.Reports, err = k.Reports(ctx, q, `r.decided = '' and r.part = $1 and r.target = $2`+membersFirst+` limit 100`, part, id)
	return c, err
}

// hold is a case with all that is open about it, and the numbers of these reports, which are locked. Faults: those of Subject, ErrDecided.
func (k Desk[T]) hold(ctx context.Context, tx *sqlx.Tx, part Part, id int64) (c Case[T], open pq.Int64Array, err error) {
	c.Part, c.ID = part, id
	if c.Subject, err = k.Subject(ctx, tx, part, id); err != nil {
		return c, nil, err
	}
	if err := tx.SelectContext(ctx, &open, k.Table.lock(), part, id); err != nil {
		return c, nil, fmt.Errorf("lock reports about %s %d: %w", part, id, postgres.Translate(err))
	}
	if len(open) == 0 {
		return c, nil, ErrDecided
	}
	c.Reports, err = k.Reports(ctx, tx, `r.id = any($1)`+membersFirst, open)
	return c, open, err
}

// Decided are the reports that the platform decided last.
func (k Desk[T]) Decided(ctx context.Context, q sqlx.QueryerContext, limit int) ([]Report, error) {
	return k.Reports(ctx, q, `r.decided <> '' order by r.decided_at desc, r.id desc limit $1`, limit)
}

// Reports are those for which a condition of the program holds, over r with the columns of Report.
func (k Desk[T]) Reports(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Report, error) {
	var list []Report
	if err := sqlx.SelectContext(ctx, q, &list, k.Table.reports(where), args...); err != nil {
		return nil, fmt.Errorf("read reports: %w", postgres.Translate(err))
	}
	return list, nil
}

// Decide ends all that is open about one thing, in one transaction with what the domain does about it: do gets the case, and the decision with its
// reason as it is kept. Nobody decides about their own, or about what they reported themselves. For administrators, which the caller checks.
// Faults: those of Subject and do, ErrDecided, ErrYourOwn, the field why.
func (k Desk[T]) Decide(ctx context.Context, db *sqlx.DB, d Decision, at time.Time, do func(tx *sqlx.Tx, c Case[T], d Decision) error) error {
	why, err := prose.Words("why", d.Why, MaxText, false)
	if err != nil {
		return err
	}
	d.Why = why
	return postgres.InTx(ctx, db, func(tx *sqlx.Tx) error {
		c, open, err := k.hold(ctx, tx, d.Part, d.ID)
		if err != nil {
			return err
		}
		party, err := k.Party(ctx, tx, c.Subject, d.By)
		if err != nil {
			return err
		}
		reported, err := k.reported(ctx, tx, d.Part, d.ID, d.By)
		if err != nil {
			return err
		}
		if party || reported {
			return ErrYourOwn
		}
		if err := do(tx, c, d); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, k.Table.end(), open, d.Outcome(), d.By, at, d.Why); err != nil {
			return fmt.Errorf("end reports about %s %d: %w", d.Part, d.ID, postgres.Translate(err))
		}
		if d.Hide {
			return nil
		}
		return k.tellShown(ctx, tx, c, at)
	})
}

// Tell tells the members who reported a case what was decided: the event report_kept or report_hidden of the notice's kind. Subject is what the
// notice calls a report, like "idea_report".
func (c Case[T]) Tell(ctx context.Context, tx *sqlx.Tx, d Decision, subject string, n notices.Notice) error {
	for _, r := range c.Reports {
		if r.MemberID == 0 || !r.Reported() {
			continue
		}
		n.MemberID, n.Event, n.Subject = r.MemberID, "report_"+string(d.Outcome()), fmt.Sprintf("%s:%d", subject, r.ID)
		if err := notices.Tell(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}
