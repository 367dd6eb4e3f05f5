package ideas

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/postgres"
)

const insertStepRow = `insert into idea_steps (idea_id, kind, ref_id, title, path, at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`

func insertStep(ctx context.Context, tx *sqlx.Tx, id int64, step Step) (added bool, err error) {
	r, err := tx.ExecContext(ctx, insertStepRow, id, step.Kind, step.RefID, step.Title, step.Path, step.At)
	if err != nil {
		return false, fmt.Errorf("add a step to idea %d: %w", id, postgres.Translate(err))
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

// Attach adds a poll to the thread of an idea of that brand, in the caller's transaction: with the title and the address on this site (at most 200 characters each) that the thread
// shows. A second time it changes nothing. ErrThread where Threads would not have it. (A launch is attached by Launched, a product by Make and Became.)
func Attach(ctx context.Context, tx *sqlx.Tx, brandID, id int64, step Step) error {
	i, err := threaded(ctx, tx, brandID, id)
	if err != nil {
		return err
	}
	_, err = insertStep(ctx, tx, i.ID, step)
	return err
}

// threaded locks the idea of a brand from which something is to stem, or that which it was merged into. ErrThread.
func threaded(ctx context.Context, tx *sqlx.Tx, brandID, id int64) (Idea, error) {
	i, err := lockRoot(ctx, tx, id)
	if errors.Is(err, ErrGone) || err == nil && (i.BrandID != brandID || !i.Shown() || i.EndedAt != nil) {
		err = ErrThread
	}
	return i, err
}

const selectThreadable = ` from ideas i where i.brand_id = $1 and i.hidden_why = '' and i.ended_at is null and i.title <> ''`

// Threads is nil where something can stem from an idea of a brand, or from that which it was merged into, or there is none: 0. ErrThread.
func Threads(ctx context.Context, q sqlx.QueryerContext, brandID, id int64) error {
	if id == 0 {
		return nil
	}
	var can bool
	if err := sqlx.GetContext(ctx, q, &can, `select exists (select 1`+selectThreadable+` and i.id = idea_root($2))`, brandID, id); err != nil {
		return fmt.Errorf("read idea %d: %w", id, postgres.Translate(err))
	}
	if !can {
		return ErrThread
	}
	return nil
}

// Threadable are the ideas of a brand from which something can stem, the newest first.
func Threadable(ctx context.Context, q sqlx.QueryerContext, brandID int64) (list []Ref, err error) {
	err = sqlx.SelectContext(ctx, q, &list, `select i.id, i.title, i.proposed_at as at`+selectThreadable+` order by i.id desc limit 200`, brandID)
	if err != nil {
		return nil, fmt.Errorf("read ideas of brand %d: %w", brandID, postgres.Translate(err))
	}
	return list, nil
}

const selectSteps = `
select s.kind, s.ref_id, coalesce(t.title, p.title, s.title) as title, case when p.id is null then s.path else '/p/' || p.slug end as path, s.at
from idea_steps s left join products p on s.kind = 'product' and p.id = s.ref_id left join product_translations t on t.product_id = p.id and t.lang = $2
where s.idea_id in (select idea_tree($1)) order by s.at, s.kind, s.ref_id`

// Steps are what stems from an idea and those that were merged into it, in the order of time.
func Steps(ctx context.Context, q sqlx.QueryerContext, id int64, lang i18n.Lang) (list []Step, err error) {
	if err := sqlx.SelectContext(ctx, q, &list, selectSteps, id, lang); err != nil {
		return nil, fmt.Errorf("read the steps of idea %d: %w", id, postgres.Translate(err))
	}
	return list, nil
}

// Origin is the idea that something stems from.
type Origin struct {
	ID         int64  `db:"id"`
	Title      string `db:"title"`
	AuthorID   int64  `db:"author_id"` // 0: the author's name is not shown
	Author     string `db:"author"`    // empty: as well
	Handle     string `db:"handle"`
	Supporters int    `db:"supporters"`
}

// Path is the address of the idea's page.
func (o Origin) Path() string { return pathOf(o.ID, o.Title) }

const selectOrigin = `
select i.id, i.title, i.supporters, coalesce(m.id, 0) as author_id, coalesce(m.name, '') as author, coalesce(m.handle, '') as handle
from idea_steps s join ideas i on i.id = case s.kind when 'product' then s.idea_id else idea_root(s.idea_id) end left join members m on m.id = i.author_id and i.named and m.blocked_at is null
where s.kind = $1 and s.ref_id = $2 and i.hidden_why = '' order by s.at limit 1`

// From is the idea that a poll or launch stems from, or that which it was merged into, and that of whose author a product is; nil: none.
func From(ctx context.Context, q sqlx.QueryerContext, kind StepKind, refID int64) (*Origin, error) {
	var found []Origin
	if err := sqlx.SelectContext(ctx, q, &found, selectOrigin, kind, refID); err != nil {
		return nil, fmt.Errorf("read whose idea %s %d was: %w", kind, refID, postgres.Translate(err))
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}
