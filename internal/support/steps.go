package support

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/postgres"
	"relais/internal/prose"
)

const (
	solveConversation = `
update conversations set state = 'solved', solved_by = $2, asked_at = null, due_at = null, remind_at = null, pleased_asked_at = $3 where id = $1`
	selectWrote = `select exists (select 1 from order_messages where conversation_id = $1 and author = 'brand' and not note)`
)

// Solve says for a side that nothing is left to do. The buyer is asked whether they are pleased, by letter too where the brand said it. A message
// of the buyer that had no answer has waited until then: see Speed. Faults: ErrGone where nobody has written; ErrSolved.
func (s *Service) Solve(ctx context.Context, orderID, brandID int64, side Side) error {
	return s.in(ctx, orderID, brandID, func(tx *sqlx.Tx, o orders.Order, c Conversation) error {
		switch {
		case !c.Begun():
			return ErrGone
		case c.State == Solved:
			return ErrSolved
		}
		if err := s.unanswered(ctx, tx, c, side); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, solveConversation, c.ID, side, s.Now()); err != nil {
			return fmt.Errorf("solve conversation: %w", postgres.Translate(err))
		}
		if side == FromBrand {
			return s.ask(ctx, tx, o, c)
		}
		return nil
	})
}

// unanswered keeps how long a message waited that is left without an answer.
func (s *Service) unanswered(ctx context.Context, tx *sqlx.Tx, c Conversation, by Side) error {
	if c.AskedAt == nil {
		return nil
	}
	ended := string(by)
	if by == FromBrand {
		var wrote bool
		if err := tx.GetContext(ctx, &wrote, selectWrote, c.ID); err != nil {
			return fmt.Errorf("look whether the brand has written: %w", postgres.Translate(err))
		}
		if !wrote {
			ended = "unanswered"
		}
	}
	return c.waited(ctx, tx, c.LastID, ended, s.Now())
}

const rateConversation = `update conversations set pleased = $2, pleased_words = $3, pleased_at = $4 where id = $1`

// Rate keeps what the buyer thinks of a conversation, once for each time that it was solved: what they say last counts. Faults: the field words; ErrGone; ErrRated.
func (s *Service) Rate(ctx context.Context, orderID, brandID int64, pleased bool, words string) error {
	words = prose.Lines(words)
	switch {
	case !prose.Readable(words):
		return fault.Field("words", "fault.message_unreadable")
	case utf8.RuneCountInString(words) > MaxWords:
		return fault.Field("words", "fault.too_long")
	}
	return s.in(ctx, orderID, brandID, func(tx *sqlx.Tx, _ orders.Order, c Conversation) error {
		if !c.Asks() {
			return ErrRated
		}
		if _, err := tx.ExecContext(ctx, rateConversation, c.ID, pleased, words, s.Now()); err != nil {
			return fmt.Errorf("rate conversation: %w", postgres.Translate(err))
		}
		return nil
	})
}

// in runs a step on a conversation that is there, locked as Write does.
func (s *Service) in(ctx context.Context, orderID, brandID int64, step func(*sqlx.Tx, orders.Order, Conversation) error) error {
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		o, err := orders.Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		c, err := lock(ctx, tx, orderID, brandID)
		if err != nil {
			return err
		}
		return step(tx, o, c)
	})
}

// The team is locked where somebody is found on it: who leaves at the same moment is given nothing, or leaves it behind.
const (
	lockOfBrand        = `select id from conversations where id = $1 and brand_id = $2 for update`
	lockColleague      = `select member_id from brand_members where brand_id = $1 and member_id = $2 for share`
	assignConversation = `update conversations set assignee_id = nullif($2, 0::bigint) where id = $1`
)

// Assign has a member give a conversation of their brand to somebody on its team, who is told; to 0: to nobody. Fault: ErrNotOnTeam.
func (s *Service) Assign(ctx context.Context, brandID, conversationID, to, by int64) error {
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		var found []int64
		if to != 0 {
			if err := tx.SelectContext(ctx, &found, lockColleague, brandID, to); err != nil {
				return fmt.Errorf("find colleague: %w", postgres.Translate(err))
			}
			if len(found) == 0 {
				return ErrNotOnTeam
			}
		}
		found = nil
		if err := tx.SelectContext(ctx, &found, lockOfBrand, conversationID, brandID); err != nil {
			return fmt.Errorf("lock conversation: %w", postgres.Translate(err))
		}
		if len(found) == 0 {
			return ErrNotOnTeam
		}
		c, err := one(ctx, tx, `c.id = $1`, conversationID)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, assignConversation, conversationID, to); err != nil {
			return fmt.Errorf("assign conversation: %w", postgres.Translate(err))
		}
		if to == 0 || to == by || c.AssigneeID != nil && *c.AssigneeID == to {
			return nil
		}
		n := s.forTeam(c, "assigned", fmt.Sprintf("conversation:%d:assigned:%d", c.ID, s.Now().UnixMicro()))
		n.MemberID, n.Args["Name"] = to, c.BuyerName
		return notices.Tell(ctx, tx, n)
	})
}

const (
	dropTags = `delete from conversation_tags x using conversations c where x.conversation_id = c.id and c.id = $1 and c.brand_id = $2`
	putTag   = `insert into conversation_tags (conversation_id, tag_id) select c.id, t.id from conversations c join inbox_tags t on t.brand_id = c.brand_id
where c.id = $1 and c.brand_id = $2 and t.id = $3 on conflict do nothing`
)

// Tag gives a conversation of a brand these tags of the brand, and no others.
func (s *Service) Tag(ctx context.Context, brandID, conversationID int64, tags []int64) error {
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, dropTags, conversationID, brandID); err != nil {
			return fmt.Errorf("drop tags: %w", postgres.Translate(err))
		}
		for _, t := range tags[:min(len(tags), MaxTags)] {
			if _, err := tx.ExecContext(ctx, putTag, conversationID, brandID, t); err != nil {
				return fmt.Errorf("put tag: %w", postgres.Translate(err))
			}
		}
		return nil
	})
}

// line is a name of so many characters at most, in one line.
func line(field, text string, most int) (string, error) {
	text = prose.Line(text)
	switch {
	case text == "":
		return "", fault.Field(field, "fault.required")
	case utf8.RuneCountInString(text) > most:
		return "", fault.Field(field, "fault.too_long")
	}
	return strings.TrimSpace(text), nil
}
