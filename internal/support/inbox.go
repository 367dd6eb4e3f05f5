package support

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
	"relais/internal/prose"
)

// View is what of a brand's inbox is looked at.
type View string

// The views.
const (
	All        View = "all"
	ToAnswer   View = "open"
	Late       View = "overdue" // open, and the brand meant to have answered by now
	ForBuyer   View = "waiting"
	Done       View = "solved"
	Mine       View = "mine"       // given to who looks, and not solved
	Unassigned View = "unassigned" // given to nobody, written in, and not solved
)

// Views are all of them, in the order in which they are offered.
func Views() []View { return []View{ToAnswer, Late, Mine, Unassigned, ForBuyer, Done, All} }

// Query is what is looked for in a brand's inbox.
type Query struct {
	BrandID  int64
	MemberID int64 // who looks
	View     View
	TagID    int64  // 0: whatever its tags
	Text     string // words of messages, a part of the order's number, the beginning of the buyer's name; empty: all
	Limit    int
	Offset   int
}

// inView is the condition of a view: of $2, now, and $3, who looks.
func inView(v View) string {
	switch v {
	case ToAnswer:
		return `c.state = 'open'`
	case Late:
		return `c.due_at < $2`
	case ForBuyer:
		return `c.state = 'waiting'`
	case Done:
		return `c.state = 'solved'`
	case Mine:
		return `c.assignee_id = $3 and c.state <> 'solved'`
	case Unassigned:
		return `c.assignee_id is null and c.state in ('open', 'waiting')`
	}
	return `true`
}

// matching is the condition of a search: of words, of a part of the order's number, or of how the buyer's name, or a word of it, begins. The brand is
// a word of the index, so that the messages of others are not looked at. $6 is the text without what like reads otherwise.
const matching = `
where c.brand_id = $1 and ($2::timestamptz is not null and $3::bigint is not null)
  and ($4::bigint = 0 or exists (select 1 from conversation_tags x where x.conversation_id = c.id and x.tag_id = $4))
  and ($5 = '' or c.id in (select m.conversation_id from order_messages m
    where m.search @@ quote_literal('brand:' || $1::text)::tsquery and m.search @@ (websearch_to_tsquery('public.fr', $5) || websearch_to_tsquery('public.en', $5)))
    or length($6) >= 2 and exists (select 1 from orders o where o.id = c.order_id and (o.number ilike '%' || $6 || '%' or ' ' || o.name ilike '% ' || $6 || '%')))
  and `

// List is what a query finds, first what is to be answered first, then the newest; and how many there are.
func List(ctx context.Context, q sqlx.QueryerContext, query Query, now time.Time) (cs []Conversation, total int, err error) {
	args := []any{query.BrandID, now, query.MemberID, query.TagID, prose.Line(query.Text), plain(query.Text)}
	where := matching + inView(query.View)
	if err := sqlx.GetContext(ctx, q, &total, `select count(*) from conversations c`+where, args...); err != nil {
		return nil, 0, fmt.Errorf("count conversations: %w", postgres.Translate(err))
	}
	cs, err = some(ctx, q, where+` order by c.due_at nulls last, c.last_at desc, c.id desc limit $7 offset $8`, append(args, query.Limit, query.Offset)...)
	return cs, total, err
}

// plain is a text to be found as it stands.
func plain(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(prose.Line(text))
}

// Next is the number of the order that the brand's team is to answer first, that of a conversation left out; empty: all are answered. Those that
// were given to somebody else come last.
func Next(ctx context.Context, q sqlx.QueryerContext, brandID, memberID, but int64) (number string, err error) {
	var found []string
	if err := sqlx.SelectContext(ctx, q, &found, selectNext, brandID, memberID, but); err != nil {
		return "", fmt.Errorf("find next conversation: %w", postgres.Translate(err))
	}
	if len(found) == 0 {
		return "", nil
	}
	return found[0], nil
}

const selectNext = `
select o.number from conversations c join orders o on o.id = c.order_id where c.brand_id = $1 and c.id <> $3 and c.state = 'open'
order by coalesce(c.assignee_id, $2) <> $2, c.due_at nulls last, c.last_at desc, c.id desc limit 1`

// Counts is how many conversations a brand has in each view.
func Counts(ctx context.Context, q sqlx.QueryerContext, brandID, memberID int64, now time.Time) (map[View]int64, error) {
	columns := make([]string, 0, len(Views()))
	for _, v := range Views() {
		columns = append(columns, `count(*) filter (where `+inView(v)+`)`)
	}
	counts, row := map[View]int64{}, make([]int64, len(columns))
	into := make([]any, len(columns))
	for i := range row {
		into[i] = &row[i]
	}
	err := q.QueryRowxContext(ctx, `select `+strings.Join(columns, ", ")+` from conversations c where c.brand_id = $1 and ($2::timestamptz is not null and $3::bigint is not null)`,
		brandID, now, memberID).Scan(into...)
	if err != nil {
		return nil, fmt.Errorf("count inbox: %w", postgres.Translate(err))
	}
	for i, v := range Views() {
		counts[v] = row[i]
	}
	return counts, nil
}
