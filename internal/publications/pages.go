package publications

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/money"
	"relais/internal/postgres"
)

// Mine is a publication in a list, with what was sold of it: pieces of orders that were paid, without what was refunded.
type Mine struct {
	Publication
	Sold        int64  `db:"sold"`
	EarnedMinor int64  `db:"earned_minor"` // what its author has of it, commissions left out, without what was refunded
	Cover       string `db:"cover"`        // of its product; empty: none yet
	Kept        bool   `db:"kept"`         // its author has the design still
}

// Earned is what its author has of it.
func (m Mine) Earned() money.Amount { return money.New(m.EarnedMinor, m.Currency) }

const selectMine = `
select ` + columns + `, coalesce(s.sold, 0)::bigint as sold, coalesce(e.minor, 0)::bigint as earned_minor,
  exists (select 1 from designs g where g.id = p.design_id and g.state <> 'dropped') as kept,
  coalesce((select m.hash from product_photos f join media m on m.id = f.media_id where f.product_id = p.product_id order by f.position limit 1), '') as cover,
  count(*) over () as total` + from + `
left join lateral (select sum(l.quantity - coalesce(r.pieces, 0)) as sold from order_lines l join orders q on q.id = l.order_id and q.paid_at is not null
  left join lateral (select sum(i.quantity) as pieces from refund_items i join refunds f on f.id = i.refund_id where i.order_line_id = l.id and f.state = 'succeeded') r on true
  where l.product_id = p.product_id) s on true
left join lateral (select sum(g.amount_minor - g.returned_minor - g.moved_minor) as minor from order_lines l join earnings g on g.order_line_id = l.id and g.role = 'royalty' join payees y on y.id = g.payee_id and y.member_id = p.author_id
  where l.product_id = p.product_id and g.currency = b.currency) e on true
where `

func list(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (out []Mine, total int, err error) {
	var rows []struct {
		Mine
		Total int `db:"total"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectMine+where, args...); err != nil {
		return nil, 0, fmt.Errorf("read publications: %w", postgres.Translate(err))
	}
	for _, r := range rows {
		out, total = append(out, r.Mine), r.Total
	}
	return out, total, nil
}

// MineOf are the publications of a member, the newest first.
func MineOf(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Mine, error) {
	out, _, err := list(ctx, q, `p.author_id = $1 order by p.id desc limit 200`, memberID)
	return out, err
}

// OfBrand are those of a brand, and how many there are: what waits for it, the oldest first, or all, the newest first.
func OfBrand(ctx context.Context, q sqlx.QueryerContext, brandID int64, waiting bool, limit, offset int) ([]Mine, int, error) {
	if waiting {
		return list(ctx, q, `b.brand_id = $1 and (p.state = 'asked' or p.next_revision is not null) order by coalesce(p.moved_at, p.asked_at), p.id limit $2 offset $3`, brandID, limit, offset)
	}
	return list(ctx, q, `b.brand_id = $1 order by p.id desc limit $2 offset $3`, brandID, limit, offset)
}

// Step is one move of a publication, as its brand reads it.
type Step struct {
	Kind     Event     `db:"kind"`
	Revision int       `db:"revision"`
	By       string    `db:"by_name"` // empty: by itself, or by the platform
	Why      string    `db:"why"`
	At       time.Time `db:"at"`
}

const selectSteps = `
select m.kind, m.revision, case when m.kind = 'taken_down' then '' else coalesce(b.name, '') end as by_name, m.why, m.at
from publication_moves m left join members b on b.id = m.by_member_id where m.publication_id = $1 order by m.id`

// StepsOf is the history of a publication, the oldest step first.
func StepsOf(ctx context.Context, q sqlx.QueryerContext, id int64) (steps []Step, err error) {
	if err := sqlx.SelectContext(ctx, q, &steps, selectSteps, id); err != nil {
		return nil, fmt.Errorf("read steps of publication %d: %w", id, postgres.Translate(err))
	}
	return steps, nil
}

// Credit is who drew a product, for everybody: the publication, and those that it varies, the nearest first.
type Credit struct {
	Publication
	Before []Publication
	Varied bool // any member may begin a variation now
	Days   int  // to make a piece
}

const selectDays = `select coalesce((select (v.content->>'days')::integer from design_revisions r join base_versions v on v.id = r.version_id where r.design_id = $1 and r.revision = $2), 0)`

// CreditOf is that of a product; nil where it is no published design.
func CreditOf(ctx context.Context, q sqlx.QueryerContext, productID int64) (*Credit, error) {
	var id int64
	err := sqlx.GetContext(ctx, q, &id, `select id from publications where product_id = $1`, productID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read who drew product %d: %w", productID, err)
	}
	chain, err := Chain(ctx, q, id)
	if err != nil {
		return nil, err
	}
	credit := &Credit{Publication: chain[0], Before: chain[1:]}
	if err := sqlx.GetContext(ctx, q, &credit.Days, selectDays, credit.DesignID, credit.Revision); err != nil {
		return nil, fmt.Errorf("read how long product %d takes: %w", productID, postgres.Translate(err))
	}
	if credit.MayVary {
		_, err = Variable(ctx, q, credit.Slug)
		credit.Varied = err == nil
		if errors.Is(err, ErrNoVarying) {
			err = nil
		}
	}
	return credit, err
}

// CoverOf is the first photograph of a product; empty: none.
func CoverOf(ctx context.Context, q sqlx.QueryerContext, productID int64) (hash string, err error) {
	err = sqlx.GetContext(ctx, q, &hash, `select coalesce((select m.hash from product_photos f join media m on m.id = f.media_id where f.product_id = $1 order by f.position limit 1), '')`, productID)
	return hash, postgres.Translate(err)
}

const selectSold = `select ` + columns + from + `where o.slug = $1 and p.state = 'listed' and d.blocked_at is null`

// Sold is the publication whose product has that address, as everybody may see it. ErrGone.
func Sold(ctx context.Context, q sqlx.QueryerContext, slug string) (p Publication, err error) {
	err = orGone(sqlx.GetContext(ctx, q, &p, selectSold, slug))
	return p, err
}
