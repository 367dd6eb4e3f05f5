package support

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Tag is a word by which a brand sorts its conversations.
type Tag struct {
	ID   int64  `db:"id"`
	Name string `db:"name"`
	Used int64  `db:"used"` // conversations that have it
}

const selectTags = `
select t.id, t.name, (select count(*) from conversation_tags x where x.tag_id = t.id) as used from inbox_tags t where t.brand_id = $1 order by lower(t.name)`

// Tags are those of a brand, by name.
func Tags(ctx context.Context, q sqlx.QueryerContext, brandID int64) (ts []Tag, err error) {
	if err := sqlx.SelectContext(ctx, q, &ts, selectTags, brandID); err != nil {
		return nil, fmt.Errorf("read tags: %w", postgres.Translate(err))
	}
	return ts, nil
}

// The statements of tags and canned answers lock their brand first, so that two at once do not pass the limit together.
const (
	lockBrand  = `select id from brands where id = $1 for no key update`
	insertTag  = `insert into inbox_tags (brand_id, name) select $1, $2 where (select count(*) from inbox_tags where brand_id = $1) < $3 on conflict do nothing`
	deleteTag  = `delete from inbox_tags where brand_id = $1 and id = $2`
	insertSaid = `
insert into inbox_replies (brand_id, title, body) select $1, $2, $3 where (select count(*) from inbox_replies where brand_id = $1) < $4 on conflict do nothing`
	updateSaid = `update inbox_replies set title = $3, body = $4 where brand_id = $1 and id = $2`
	deleteSaid = `delete from inbox_replies where brand_id = $1 and id = $2`
)

// AddTag makes a tag of a brand. Faults: the field tag, also where the brand has it or has MaxTags.
func (s *Service) AddTag(ctx context.Context, brandID int64, name string) error {
	name, err := line("tag", name, 30)
	if err != nil {
		return err
	}
	return s.add(ctx, brandID, fault.Field("tag", "fault.talk_tag").Arg("Most", MaxTags), insertTag, brandID, name, MaxTags)
}

// add runs an insert into what a brand keeps; refused where nothing was inserted.
func (s *Service) add(ctx context.Context, brandID int64, refused error, insert string, args ...any) error {
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockBrand, brandID); err != nil {
			return fmt.Errorf("lock brand: %w", postgres.Translate(err))
		}
		r, err := tx.ExecContext(ctx, insert, args...)
		if err != nil {
			return fmt.Errorf("add to inbox: %w", postgres.Translate(err))
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return refused
		}
		return nil
	})
}

// RemoveTag takes a tag from a brand, and from all its conversations.
func (s *Service) RemoveTag(ctx context.Context, brandID, id int64) error {
	if _, err := s.DB.ExecContext(ctx, deleteTag, brandID, id); err != nil {
		return fmt.Errorf("remove tag: %w", postgres.Translate(err))
	}
	return nil
}

// Reply is a canned answer of a brand; see Fill.
type Reply struct {
	ID    int64  `db:"id"`
	Title string `db:"title"`
	Body  string `db:"body"`
}

// Replies are the canned answers of a brand, by title.
func Replies(ctx context.Context, q sqlx.QueryerContext, brandID int64) (rs []Reply, err error) {
	if err := sqlx.SelectContext(ctx, q, &rs, `select id, title, body from inbox_replies where brand_id = $1 order by lower(title)`, brandID); err != nil {
		return nil, fmt.Errorf("read canned answers: %w", postgres.Translate(err))
	}
	return rs, nil
}

// PutReply writes a canned answer of a brand, a new one where its ID is 0. Faults: the fields title, also where the brand has it or has
// MaxReplies, and text; ErrGone.
func (s *Service) PutReply(ctx context.Context, brandID int64, r Reply) error {
	title, err := line("title", r.Title, 60)
	if err != nil {
		return err
	}
	body := prose.Lines(r.Body)
	switch {
	case body == "":
		return fault.Field("text", "fault.required")
	case !prose.Readable(body):
		return fault.Field("text", "fault.message_unreadable")
	case utf8.RuneCountInString(body) > MaxMessage:
		return fault.Field("text", "fault.too_long")
	}
	if r.ID == 0 {
		return s.add(ctx, brandID, fault.Field("title", "fault.talk_reply").Arg("Most", MaxReplies), insertSaid, brandID, title, body, MaxReplies)
	}
	done, err := s.DB.ExecContext(ctx, updateSaid, brandID, r.ID, title, body)
	if err != nil {
		return fmt.Errorf("write canned answer: %w", postgres.Translate(err)) // a title that the brand has: the field
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return ErrGone
	}
	return nil
}

// RemoveReply takes a canned answer from a brand.
func (s *Service) RemoveReply(ctx context.Context, brandID, id int64) error {
	if _, err := s.DB.ExecContext(ctx, deleteSaid, brandID, id); err != nil {
		return fmt.Errorf("remove canned answer: %w", postgres.Translate(err))
	}
	return nil
}

// SetHours states within how many hours of working days a brand means to answer. What buyers asked before keeps its day. Fault: the field hours.
func (s *Service) SetHours(ctx context.Context, brandID int64, hours int) error {
	if hours < 1 || hours > MaxHours {
		return fault.Field("hours", "fault.talk_hours").Arg("Most", MaxHours)
	}
	if _, err := s.DB.ExecContext(ctx, `update brands set answer_hours = $2 where id = $1`, brandID, hours); err != nil {
		return fmt.Errorf("set hours to answer: %w", postgres.Translate(err))
	}
	return nil
}

// Hours is within how many hours of working days a brand means to answer.
func Hours(ctx context.Context, q sqlx.QueryerContext, brandID int64) (hours int, err error) {
	if err := sqlx.GetContext(ctx, q, &hours, `select answer_hours from brands where id = $1`, brandID); err != nil {
		return 0, fmt.Errorf("read hours to answer: %w", postgres.Translate(err))
	}
	return hours, nil
}

// Colleague is somebody on a brand's team.
type Colleague struct {
	ID   int64  `db:"id"`
	Name string `db:"name"`
}

// Team is who is on a brand's team, by name.
func Team(ctx context.Context, q sqlx.QueryerContext, brandID int64) (cs []Colleague, err error) {
	err = sqlx.SelectContext(ctx, q, &cs, `select m.id, m.name from brand_members t join members m on m.id = t.member_id where t.brand_id = $1 order by lower(m.name), m.id`, brandID)
	if err != nil {
		return nil, fmt.Errorf("read team: %w", postgres.Translate(err))
	}
	return cs, nil
}
