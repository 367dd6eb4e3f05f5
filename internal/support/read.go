package support

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

const selectConversations = `
select c.id, c.order_id, o.number, o.name as buyer_name, c.brand_id, b.name as brand_name, b.handle as brand_handle, b.answer_hours, c.state, c.asked_at, c.due_at, c.remind_at, c.last_at,
  c.solved_by, c.pleased, c.pleased_words, c.pleased_at, c.pleased_asked_at, c.assignee_id, coalesce(a.name, '') as assignee, c.buyer_key, c.brand_key, c.buyer_mail_id, c.brand_mail_id,
  coalesce((select max(m.id) from order_messages m where m.conversation_id = c.id), 0) as last_id,
  coalesce(l.body, '') as last_body, coalesce(l.author, '') as last_author,
  coalesce((select array_agg(t.name order by lower(t.name)) from conversation_tags x join inbox_tags t on t.id = x.tag_id where x.conversation_id = c.id), '{}') as tags
from conversations c join orders o on o.id = c.order_id join brands b on b.id = c.brand_id left join members a on a.id = c.assignee_id
left join lateral (select case when exists (select 1 from message_reports r where r.message_id = m.id and r.decided = 'hidden') then '' else m.body end as body, m.author
  from order_messages m where m.conversation_id = c.id and not m.note order by m.id desc limit 1) l on true `

func some(ctx context.Context, q sqlx.QueryerContext, rest string, args ...any) (cs []Conversation, err error) {
	if err := sqlx.SelectContext(ctx, q, &cs, selectConversations+rest, args...); err != nil {
		return nil, fmt.Errorf("read conversations: %w", postgres.Translate(err))
	}
	return cs, nil
}

func one(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Conversation, error) {
	cs, err := some(ctx, q, "where "+where, args...)
	if err == nil && len(cs) == 0 {
		err = ErrGone
	}
	if err != nil {
		return Conversation{}, err
	}
	return cs[0], nil
}

// Of is the conversation about an order with a brand, notes alone included; ErrGone where there is none.
func Of(ctx context.Context, q sqlx.QueryerContext, orderID, brandID int64) (Conversation, error) {
	return one(ctx, q, `c.order_id = $1 and c.brand_id = $2`, orderID, brandID)
}

// OfOrder are the conversations about an order by brand; brandID 0: with every brand.
func OfOrder(ctx context.Context, q sqlx.QueryerContext, orderID, brandID int64) (map[int64]Conversation, error) {
	cs, err := some(ctx, q, `where c.order_id = $1 and ($2 = 0 or c.brand_id = $2)`, orderID, brandID)
	of := map[int64]Conversation{}
	for _, c := range cs {
		of[c.BrandID] = c
	}
	return of, err
}

const selectMessages = `
select m.id, m.at, m.author, case when m.author = 'brand' then coalesce(w.name, '') else '' end as name, m.note, m.by_mail, case when m.author = $2 then m.mail_from else '' end as mail_from, r.decided is not distinct from 'hidden' as hidden,
  case when r.decided = 'hidden' then '' else m.body end as body, case when r.decided = 'hidden' then '{}' else m.left_out end as left_out,
  case when r.decided = '' then 'waits' else coalesce(r.decided, '') end as reported, coalesce(r.why, '') as why,
  coalesce((select array_agg(p.hash order by f.position) from message_photos f join media p on p.id = f.media_id where f.message_id = m.id and r.decided is distinct from 'hidden'), '{}') as photos
from order_messages m left join members w on w.id = m.member_id left join message_reports r on r.message_id = m.id where m.conversation_id = $1 and ($2 = 'brand' or not m.note) order by m.id`

// Messages is what a side may read of a conversation, oldest first: the buyer no notes.
func Messages(ctx context.Context, q sqlx.QueryerContext, conversationID int64, side Side) (ms []Message, err error) {
	if err := sqlx.SelectContext(ctx, q, &ms, selectMessages, conversationID, side); err != nil {
		return nil, fmt.Errorf("read messages: %w", postgres.Translate(err))
	}
	return ms, nil
}

const selectPhoto = `
select exists (select 1 from order_messages m join message_photos f on f.message_id = m.id join media p on p.id = f.media_id
  where m.conversation_id = $1 and p.hash = $3 and ($2 = 'brand' or not m.note) and not exists (select 1 from message_reports r where r.message_id = m.id and r.decided = 'hidden'))`

// Shows says whether a photograph with that hash stands in a conversation where a side may look at it.
func Shows(ctx context.Context, q sqlx.QueryerContext, conversationID int64, side Side, hash string) (shown bool, err error) {
	if err := sqlx.GetContext(ctx, q, &shown, selectPhoto, conversationID, side, hash); err != nil {
		return false, fmt.Errorf("look for photograph: %w", postgres.Translate(err))
	}
	return shown, nil
}

// Opinion is how many buyers said what they think of their conversations with a brand, and how many were pleased.
type Opinion struct {
	Pleased int64 `db:"pleased"`
	Said    int64 `db:"said"`
}

// opinionLeast is how many must have spoken before the public is told.
const opinionLeast = 10

// Bps is the part of buyers who were pleased, in basis points, rounded down; 0 while too few have spoken.
func (o Opinion) Bps() int64 {
	if o.Said < opinionLeast {
		return 0
	}
	return o.Pleased * 10_000 / o.Said
}

// Known says whether enough have spoken to tell the public.
func (o Opinion) Known() bool { return o.Said >= opinionLeast }

const selectOpinion = `select count(*) filter (where pleased) as pleased, count(*) as said from conversations where brand_id = $1 and pleased is not null`

// OpinionOf is what buyers thought of their conversations with a brand.
func OpinionOf(ctx context.Context, q sqlx.QueryerContext, brandID int64) (o Opinion, err error) {
	if err := sqlx.GetContext(ctx, q, &o, selectOpinion, brandID); err != nil {
		return o, fmt.Errorf("read what buyers thought: %w", postgres.Translate(err))
	}
	return o, nil
}
