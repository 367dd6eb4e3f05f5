package ideas

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/doubts"
	"relais/internal/postgres"
)

// View is an idea as pages show it.
type View struct {
	Idea
	BrandName    string       `db:"brand_name"`
	BrandHandle  string       `db:"brand_handle"`
	AuthorName   string       `db:"author_name"` // empty: it is not shown
	AuthorHandle string       `db:"author_handle"`
	Cover        string       `db:"cover"` // hash of its first photograph; empty without one
	Comments     int          `db:"comments"`
	Supported    bool         `db:"supported"`  // by the viewer
	Doubt        doubts.Doubt `db:"doubt"`      // why that is counted apart
	Aside        int          `db:"aside"`      // supports that are counted apart
	MergedTitle  string       `db:"into_title"` // of the idea that it was merged into
}

// Into is the address of the idea that it was merged into.
func (v View) Into() string { return pathOf(v.MergedInto, v.MergedTitle) }

const selectViews = `
select ` + ideaColumns + `, b.name as brand_name, b.handle as brand_handle, coalesce(a.name, '') as author_name, coalesce(a.handle, '') as author_handle,
  coalesce((select x.hash from idea_photos f join media x on x.id = f.media_id where f.idea_id = i.id order by f.position limit 1), '') as cover,
  (select count(*) from idea_comments c join ideas x on x.id = c.idea_id join members m on m.id = c.author_id where c.idea_id in (select idea_tree(i.id)) and (c.idea_id = i.id or x.hidden_why = '') and ` + readable + `) as comments,
  exists (select 1 from idea_supports u where u.idea_id = i.id and u.member_id = $1) as supported,
  coalesce((select u.doubt from idea_supports u where u.idea_id = i.id and u.member_id = $1), '') as doubt, (select count(*) from idea_supports u where u.idea_id = i.id and u.doubt <> '') as aside, coalesce(o.title, '') as into_title
from ideas i join brands b on b.id = i.brand_id left join members a on a.id = i.author_id and i.named and a.blocked_at is null left join ideas o on o.id = i.merged_into
where `

// viewsWhere reads ideas as a viewer sees them, 0 for a guest; arguments of the condition are from $2 on.
func viewsWhere(ctx context.Context, q sqlx.QueryerContext, viewer int64, where string, args ...any) (list []View, err error) {
	if err := sqlx.SelectContext(ctx, q, &list, selectViews+where, append([]any{viewer}, args...)...); err != nil {
		return nil, fmt.Errorf("read ideas: %w", postgres.Translate(err))
	}
	return list, nil
}

// ByID is an idea for a viewer, 0 for a guest. What the platform hid is for its author alone. ErrGone.
func ByID(ctx context.Context, q sqlx.QueryerContext, id, viewer int64) (View, error) {
	vs, err := viewsWhere(ctx, q, viewer, `i.id = $2 and b.blocked_at is null and (i.hidden_why = '' or i.author_id = $1)`, id)
	if err != nil {
		return View{}, err
	}
	if len(vs) == 0 {
		return View{}, ErrGone
	}
	return vs[0], nil
}

const selectPhotos = `select m.hash from idea_photos f join media m on m.id = f.media_id where f.idea_id = $1 order by f.position`

// Photos are those of an idea, by their content hashes.
func Photos(ctx context.Context, q sqlx.QueryerContext, id int64) (list []string, err error) {
	if err := sqlx.SelectContext(ctx, q, &list, selectPhotos, id); err != nil {
		return nil, fmt.Errorf("read photographs of idea %d: %w", id, postgres.Translate(err))
	}
	return list, nil
}

const selectShows = `
select exists (select 1 from media x join idea_photos f on f.media_id = x.id join ideas i on i.id = f.idea_id join brands b on b.id = i.brand_id where x.hash = $1 and ` + shown + `)`

// Shows says whether a photograph stands in an idea that everybody reads: it is for everybody as long.
func Shows(ctx context.Context, q sqlx.QueryerContext, hash string) (shows bool, err error) {
	if err := sqlx.GetContext(ctx, q, &shows, selectShows, hash); err != nil {
		return false, fmt.Errorf("look for idea with photograph %s: %w", hash, postgres.Translate(err))
	}
	return shows, nil
}

const selectLook = `
select exists (select 1 from media x join idea_photos f on f.media_id = x.id join ideas i on i.id = f.idea_id join members m on m.id = $1 where x.hash = $2 and (i.author_id = m.id or m.admin))`

// Look is nil for who may look at a photograph of an idea that not everybody reads: its author, and the platform. ErrGone else. Viewer 0 is a guest.
func Look(ctx context.Context, q sqlx.QueryerContext, viewer int64, hash string) error {
	var may bool
	if err := sqlx.GetContext(ctx, q, &may, selectLook, viewer, hash); err != nil {
		return fmt.Errorf("look at photograph %s: %w", hash, postgres.Translate(err))
	}
	if !may {
		return ErrGone
	}
	return nil
}

const selectMergedInto = `select id, title, ended_at as at from ideas where merged_into = $1 and hidden_why = '' order by ended_at, id`

// MergedInto are the ideas that were merged into one.
func MergedInto(ctx context.Context, q sqlx.QueryerContext, id int64) (list []Ref, err error) {
	if err := sqlx.SelectContext(ctx, q, &list, selectMergedInto, id); err != nil {
		return nil, fmt.Errorf("read what was merged into idea %d: %w", id, postgres.Translate(err))
	}
	return list, nil
}

// Order is that of a list.
type Order string

// The orders.
const (
	Newest  Order = "i.id desc"
	Most    Order = "i.supporters desc, i.id desc"
	Soonest Order = "i.answer_by, i.id" // what has to be answered first
)

// Query narrows a list; a zero value does not.
type Query struct {
	BrandID int64
	States  []State
	Order   Order // zero: Newest
	Viewer  int64 // 0: a guest
}

const shown = `b.blocked_at is null and i.hidden_why = '' and i.erased_at is null`

// List is the ideas that everybody sees, and how many there are in all.
func List(ctx context.Context, q sqlx.QueryerContext, f Query, limit, offset int) (list []View, total int, err error) {
	if f.Order == "" {
		f.Order = Newest
	}
	const where = shown + ` and ($2 = 0 or i.brand_id = $2) and i.state = any($3)`
	states := pq.Array(f.States)
	if list, err = viewsWhere(ctx, q, f.Viewer, where+` order by `+string(f.Order)+` limit $4 offset $5`, f.BrandID, states, limit, offset); err != nil {
		return nil, 0, err
	}
	err = sqlx.GetContext(ctx, q, &total, `select count(*) from ideas i join brands b on b.id = i.brand_id where `+shown+` and ($1 = 0 or i.brand_id = $1) and i.state = any($2)`, f.BrandID, states)
	return list, total, postgres.Translate(err)
}

// ProposedBy are the ideas of a member, the newest first, those that the platform hid included.
func ProposedBy(ctx context.Context, q sqlx.QueryerContext, memberID int64, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, q, memberID, `i.author_id = $1 order by i.id desc limit $2 offset $3`, limit, offset)
}

// SupportedBy are those that a member supports, the last ones first.
func SupportedBy(ctx context.Context, q sqlx.QueryerContext, memberID int64, limit, offset int) ([]View, error) {
	return viewsWhere(ctx, q, memberID, `b.blocked_at is null and i.hidden_why = '' and i.id in (select idea_id from idea_supports where member_id = $1)
order by (select at from idea_supports where idea_id = i.id and member_id = $1) desc, i.id desc limit $2 offset $3`, limit, offset)
}

// Counts are how many ideas of a brand stand where.
type Counts struct {
	Open     int `db:"open"`
	Waiting  int `db:"waiting"` // for the brand's answer
	Late     int `db:"late"`    // of these, longer than they should
	Answered int `db:"answered"`
	Ended    int `db:"ended"` // expired, withdrawn, merged
}

const selectCounts = `
select count(*) filter (where i.state = 'open') as open, count(*) filter (where i.state = 'reached') as waiting, count(*) filter (where i.state = 'reached' and i.answer_by <= $2) as late,
  count(*) filter (where i.state in ('answered','made')) as answered, count(*) filter (where i.ended_at is not null) as ended
from ideas i join brands b on b.id = i.brand_id where i.brand_id = $1 and ` + shown

// CountsOf counts the ideas of a brand that everybody sees.
func CountsOf(ctx context.Context, q sqlx.QueryerContext, brandID int64, now time.Time) (c Counts, err error) {
	if err := sqlx.GetContext(ctx, q, &c, selectCounts, brandID, now); err != nil {
		return c, fmt.Errorf("count ideas of brand %d: %w", brandID, postgres.Translate(err))
	}
	return c, nil
}

// Taker is a brand that takes ideas.
type Taker struct {
	ID     int64  `db:"id"`
	Handle string `db:"handle"`
	Name   string `db:"name"`
	Settings
}

const selectTakers = `
select b.id, b.handle, b.name, s.taken, s.threshold, s.days, s.answer_days from brand_ideas s join brands b on b.id = s.brand_id where s.taken and b.blocked_at is null order by b.name, b.id`

// Takers are the brands that take ideas, by name.
func Takers(ctx context.Context, q sqlx.QueryerContext) (list []Taker, err error) {
	if err := sqlx.SelectContext(ctx, q, &list, selectTakers); err != nil {
		return nil, fmt.Errorf("read which brands take ideas: %w", postgres.Translate(err))
	}
	return list, nil
}

// Product is a product of a brand that may be attached.
type ProductRef struct {
	ID    int64  `db:"id"`
	Title string `db:"title"`
}

const selectFree = `
select p.id, p.title from products p where p.brand_id = $1 and p.state = 'published' and not exists (select 1 from idea_steps s where s.kind = 'product' and s.ref_id = p.id) order by p.id desc limit 500`

// FreeProducts are the products of a brand that are for sale and stem from no idea yet, the newest first.
func FreeProducts(ctx context.Context, q sqlx.QueryerContext, brandID int64) (list []ProductRef, err error) {
	if err := sqlx.SelectContext(ctx, q, &list, selectFree, brandID); err != nil {
		return nil, fmt.Errorf("read products of brand %d: %w", brandID, postgres.Translate(err))
	}
	return list, nil
}
