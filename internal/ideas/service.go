package ideas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/postgres"
)

// Service is the use cases of this package. Create it with New.
type Service struct {
	db     *sqlx.DB
	secret []byte           // of digests of networks
	now    func() time.Time // business time
	clock  func() time.Time // real time: how old accounts are
}

// New makes the Service. Secret keys the digests of networks; clock is real time.
func New(db *sqlx.DB, secret []byte, now, clock func() time.Time) *Service {
	return &Service{db: db, secret: secret, now: now, clock: clock}
}

// The kinds of job of this package.
const (
	JobTurn  = "ideas.turn"  // time made something due for an idea
	JobTell  = "ideas.tell"  // those who support an idea are told something
	JobSweep = "ideas.sweep" // find what is due
)

type args struct {
	ID int64 `json:"id"`
}

const lease = 2 * time.Minute

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobTurn, lease, func(ctx context.Context, w jobs.Work) error {
		var a args
		if err := w.Decode(&a); err != nil {
			return err
		}
		return s.Turn(ctx, a.ID)
	})
	r.Handle(JobTell, lease, func(ctx context.Context, w jobs.Work) error {
		var a tellArgs
		if err := w.Decode(&a); err != nil {
			return err
		}
		return s.tellSupporters(ctx, a)
	})
	r.Handle(JobSweep, lease, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, time.Minute, JobSweep)
}

// A job that was given up has a successor after so long.
const again = 6 * time.Hour

// perSweep is how many jobs one sweep enqueues.
const perSweep = 300

// selectDue finds what Due is for; what has a job already is not found again.
const selectDue = `
select q.id, k.key from (
  select id, 'end' as what from ideas where state = 'open' and closes_at <= $1
  union all select distinct i.id, 'count' from members m join idea_supports s on s.member_id = m.id and s.doubt = '' join ideas i on i.id = s.idea_id and i.state = 'open' where m.blocked_at is not null
  union all select distinct i.id, 'count' from idea_supports s join ideas i on i.id = s.idea_id and i.state = 'open' join members m on m.id = s.member_id and m.blocked_at is null where s.doubt = 'blocked'
  union all select id, 'warn' from ideas where state = 'reached' and hidden_why = '' and overdue_at is null and answer_by <= $1
  union all select id, 'remind' from ideas where state = 'reached' and hidden_why = '' and reminded_at is null and answer_by > $1 and answer_by <= $2) q,
  lateral (select concat_ws(':', $3::text, q.id, q.what, $4::bigint) as key) k
where not exists (select 1 from jobs j where j.unique_key = k.key) order by q.id limit $5`

// Sweep enqueues everything that time makes due.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	var found []struct {
		ID  int64  `db:"id"`
		Key string `db:"key"`
	}
	if err := s.db.SelectContext(ctx, &found, selectDue, now, now.Add(RemindBefore), JobTurn, now.Unix()/int64(again.Seconds()), perSweep); err != nil {
		return fmt.Errorf("find ideas that are due: %w", postgres.Translate(err))
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		for _, f := range found {
			if err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobTurn, Args: args{f.ID}, UniqueKey: f.Key}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Turn does what time makes due for an idea. A second time it changes nothing.
func (s *Service) Turn(ctx context.Context, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		i, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		now := s.now()
		switch i.Due(now) {
		case End:
			if err := move(ctx, tx, &i, TimeUp, `ended_at = $3`, now); err != nil {
				return err
			}
			if err := s.tellSupporting(ctx, tx, i, "ended_short"); err != nil {
				return err
			}
			return s.tellAuthor(ctx, tx, i, "expired")
		case Remind:
			if _, err := tx.ExecContext(ctx, `update ideas set reminded_at = $2 where id = $1`, id, now); err != nil {
				return postgres.Translate(err)
			}
			return s.tellTeam(ctx, tx, i, "due")
		case Warn:
			if _, err := tx.ExecContext(ctx, `update ideas set overdue_at = $2 where id = $1`, id, now); err != nil {
				return postgres.Translate(err)
			}
			return s.tellTeam(ctx, tx, i, "late")
		}
		if i.State == Open { // somebody who supports it was blocked, or is not any more
			return s.count(ctx, tx, &i)
		}
		return nil
	})
}

const ideaColumns = `i.id, i.brand_id, i.author_id, i.lang, i.title, i.text, i.named, i.threshold, i.answer_days, i.supporters, i.state, i.proposed_at, i.closes_at, i.reached_at, i.answer_by,
  i.reminded_at, i.overdue_at, i.answer, i.answer_text, i.answered_at, i.made_at, i.ended_at, coalesce(i.merged_into, 0) as merged_into, i.erased_at, i.hidden_why`

// lock reads an idea of a brand that is not blocked, and keeps it as it is. ErrGone.
func lock(ctx context.Context, tx *sqlx.Tx, id int64) (i Idea, err error) {
	err = tx.GetContext(ctx, &i, `select `+ideaColumns+` from ideas i join brands b on b.id = i.brand_id where i.id = $1 and b.blocked_at is null for no key update of i`, id)
	return i, orGone(err)
}

// What is not needed any more, once nobody can support it, is forgotten.
const forgetNetworks = `update idea_supports set network = '' where idea_id = $1 and network <> ''`

// move has an idea that is locked go where an event leads, with what else it sets: values from $3 on. ErrOver.
func move(ctx context.Context, tx *sqlx.Tx, i *Idea, e Event, set string, values ...any) error {
	to, err := Next(i.State, e)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `update ideas set state = $2, `+set+` where id = $1`, append([]any{i.ID, to}, values...)...); err != nil {
		return fmt.Errorf("move idea %d by %s: %w", i.ID, e, postgres.Translate(err))
	}
	if to != Reached {
		if _, err := tx.ExecContext(ctx, forgetNetworks, i.ID); err != nil {
			return fmt.Errorf("forget networks of idea %d: %w", i.ID, postgres.Translate(err))
		}
	}
	i.State = to
	return nil
}

// orGone is ErrGone where a row is missing, and any other error as it is.
func orGone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrGone
	}
	return postgres.Translate(err)
}

// person locks a member, so that two things of theirs at once are counted one after the other, and says whether they may write: ErrUnverified.
func person(ctx context.Context, tx *sqlx.Tx, memberID int64) error {
	var may bool
	err := tx.GetContext(ctx, &may, `select blocked_at is null and email_confirmed_at is not null from members where id = $1 for no key update`, memberID)
	if err = orGone(err); err == nil && !may {
		err = ErrUnverified
	}
	return err
}

// inPace refuses more than so many in 24 hours; count counts those of a member ($1) since a time ($2).
func (s *Service) inPace(ctx context.Context, tx *sqlx.Tx, memberID int64, count string, most int) error {
	var n int
	if err := tx.GetContext(ctx, &n, count, memberID, s.now().Add(-24*time.Hour)); err != nil {
		return fmt.Errorf("count what was done: %w", postgres.Translate(err))
	}
	if n >= most {
		return ErrPace
	}
	return nil
}

// onTeam is ErrGone for whoever is not on the team of a brand that may trade.
func onTeam(ctx context.Context, tx *sqlx.Tx, memberID, brandID int64) error {
	var is bool
	err := tx.GetContext(ctx, &is, `select exists (select 1 from brand_members t join brands b on b.id = t.brand_id where t.brand_id = $1 and t.member_id = $2 and b.blocked_at is null)`, brandID, memberID)
	if err == nil && !is {
		err = ErrGone
	}
	return postgres.Translate(err)
}

// ofBrand locks an idea for somebody on the team of its brand. What the platform hid is not theirs to decide. ErrGone.
func ofBrand(ctx context.Context, tx *sqlx.Tx, memberID, brandID, id int64) (Idea, error) {
	if err := onTeam(ctx, tx, memberID, brandID); err != nil {
		return Idea{}, err
	}
	i, err := lock(ctx, tx, id)
	if err == nil && (i.BrandID != brandID || !i.Shown()) {
		err = ErrGone
	}
	return i, err
}
