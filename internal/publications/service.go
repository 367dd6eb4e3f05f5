package publications

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/media"
	"relais/internal/postgres"
)

// Service is the use cases of this package. Create it with New.
type Service struct {
	db      *sqlx.DB
	designs *designs.Service
	media   *media.Store
	mail    *mail.Outbox
	now     func() time.Time // business time
}

// New makes the Service.
func New(db *sqlx.DB, d *designs.Service, photographs *media.Store, outbox *mail.Outbox, now func() time.Time) *Service {
	return &Service{db: db, designs: d, media: photographs, mail: outbox, now: now}
}

// JobList is the kind of job that accepts by itself what is asked of a brand that does not look at it first. What cannot be accepted, as things stand then, waits for the brand.
const JobList = "publications.list"

type listArgs struct {
	ID       int64 `json:"id"`
	Revision int   `json:"revision"`
}

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobList, 2*time.Minute, func(ctx context.Context, w jobs.Work) error {
		var a listArgs
		if err := w.Decode(&a); err != nil {
			return err
		}
		err := s.accept(ctx, a.ID, nil, a.Revision)
		switch {
		case errors.Is(err, ErrOver), errors.Is(err, ErrMoved): // decided meanwhile, or a second run
			return nil
		case errors.Is(err, ErrPromised): // it is listed once nobody waits for what is sold now
			return s.later(ctx, a)
		case errors.Is(err, fault.Conflict), errors.Is(err, fault.Invalid), errors.Is(err, fault.NotFound):
			return s.waits(ctx, a)
		}
		return err
	})
}

// waits leaves to the team of the brand what cannot be listed by itself as things stand, and tells them, and its author, who read that it would be sold at once.
func (s *Service) waits(ctx context.Context, a listArgs) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := lock(ctx, tx, a.ID)
		if err != nil || p.Pending() != a.Revision {
			return err
		}
		e := Ask
		if p.State == Listed {
			e = AskRevision
		}
		if err := s.tellTeam(ctx, tx, p, e, a.Revision); err != nil {
			return err
		}
		return s.tellAuthor(ctx, tx, p, "waits", a.Revision)
	})
}

const columns = `p.id, p.design_id, p.revision, p.author_id, p.base_product_id, p.product_id, p.parent_id, p.lang, p.title, p.note, p.royalty_bps, p.may_vary, p.may_resell, p.state, p.why,
  p.next_revision, p.photos, p.asked_at, p.moved_at, b.brand_id, d.name as brand_name, d.handle as brand_handle, b.title as base_title, a.name as author_name, a.handle as author_handle,
  coalesce(o.slug, '') as slug, coalesce(o.state, '') as product_state, b.currency,
  coalesce((select max(m.id) from publication_moves m where m.publication_id = p.id), 0) as last_step`

const from = ` from publications p join products b on b.id = p.base_product_id join brands d on d.id = b.brand_id join members a on a.id = p.author_id left join products o on o.id = p.product_id `

// lock reads a publication and keeps it as it is. ErrGone.
func lock(ctx context.Context, tx *sqlx.Tx, id int64) (p Publication, err error) {
	err = tx.GetContext(ctx, &p, `select `+columns+from+`where p.id = $1 for no key update of p`, id)
	return p, orGone(err)
}

// orGone is ErrGone where a row is missing, and any other error as it is.
func orGone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrGone
	}
	return postgres.Translate(err)
}

// onTeam is ErrGone for whoever is not on the team of a brand that may trade.
func onTeam(ctx context.Context, q sqlx.QueryerContext, memberID, brandID int64) error {
	var is bool
	err := sqlx.GetContext(ctx, q, &is, `select exists (select 1 from brand_members t join brands b on b.id = t.brand_id where t.brand_id = $1 and t.member_id = $2 and b.blocked_at is null)`, brandID, memberID)
	if err == nil && !is {
		err = ErrGone
	}
	return err
}

// person locks a member and says whether they may publish: ErrUnverified.
func person(ctx context.Context, tx *sqlx.Tx, memberID int64) error {
	var may bool
	err := tx.GetContext(ctx, &may, `select blocked_at is null and email_confirmed_at is not null from members where id = $1 for no key update`, memberID)
	if err = orGone(err); err == nil && !may {
		err = ErrUnverified
	}
	return err
}

const insertMove = `insert into publication_moves (publication_id, kind, revision, by_member_id, why, at) values ($1, $2, $3, $4, $5, $6) returning id`

// step is one move: who made it (nil: by itself), which revision it is about, and why.
type step struct {
	event    Event
	by       *int64
	revision int
	why      string
}

// move has a publication that is locked go where an event leads, with what else it sets: values from $5 on. ErrOver.
func (s *Service) move(ctx context.Context, tx *sqlx.Tx, p *Publication, m step, set string, values ...any) error {
	to, err := Next(p.State, m.event)
	if err != nil {
		return err
	}
	now := s.now()
	query := `update publications set state = $2, why = $3, moved_at = $4` + set + ` where id = $1`
	if _, err := tx.ExecContext(ctx, query, append([]any{p.ID, to, m.why, now}, values...)...); err != nil {
		return fmt.Errorf("move publication %d by %s: %w", p.ID, m.event, postgres.Translate(err))
	}
	if err := tx.GetContext(ctx, &p.LastStep, insertMove, p.ID, m.event, m.revision, m.by, m.why, now); err != nil {
		return fmt.Errorf("keep step of publication %d: %w", p.ID, postgres.Translate(err))
	}
	p.State, p.Why, p.MovedAt = to, m.why, &now
	return nil
}

const selectSettings = `select offered, review, stock from publication_settings where product_id = $1`

// SettingsOf are those of a base.
func SettingsOf(ctx context.Context, q sqlx.QueryerContext, productID int64) (Settings, error) {
	set := FirstSettings()
	err := sqlx.GetContext(ctx, q, &set, selectSettings, productID)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return set, err
}

const upsertSettings = `
insert into publication_settings (product_id, offered, review, stock, updated_at) select id, $3, $4, $5, $6 from products where id = $1 and brand_id = $2
on conflict (product_id) do update set offered = excluded.offered, review = excluded.review, stock = excluded.stock, updated_at = excluded.updated_at`

// Set keeps what a brand sets for a base of its: what is listed already stays. For its team. ErrGone, field stock.
func (s *Service) Set(ctx context.Context, memberID, brandID, productID int64, set Settings) error {
	if err := set.check(); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := onTeam(ctx, tx, memberID, brandID); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, upsertSettings, productID, brandID, set.Offered, set.Review, set.Stock, s.now())
		if err != nil {
			return postgres.Translate(err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrGone)
		}
		return nil
	})
}

// Most is what the terms of a base let all authors of a design ask together today, in basis points; 0: nothing is published on it.
func Most(ctx context.Context, q sqlx.QueryerContext, brandID, productID int64, at time.Time) (int64, error) {
	t, err := catalog.TermsAt(ctx, q, brandID, productID, at)
	return t.RoyaltyBps, err
}

const selectChain = `
with recursive chain as (
  select id, parent_id, 1 as n from publications where id = $1
  union all select p.id, p.parent_id, n + 1 from publications p join chain c on p.id = c.parent_id where n <= $2)
select ` + columns + ` , c.n` + from + `join chain c on c.id = p.id order by c.n`

// Chain is a publication and those that it varies, the nearest first. None where it does not exist.
func Chain(ctx context.Context, q sqlx.QueryerContext, id int64) ([]Publication, error) {
	var rows []struct {
		Publication
		N int `db:"n"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectChain, id, MaxChain+1); err != nil {
		return nil, fmt.Errorf("read publication %d: %w", id, postgres.Translate(err))
	}
	var list []Publication
	for _, r := range rows {
		list = append(list, r.Publication)
	}
	return list, nil
}
