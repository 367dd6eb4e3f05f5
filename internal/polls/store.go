package polls

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

// orGone is ErrGone where a row is missing, and any other error as it is.
func orGone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrGone
	}
	return postgres.Translate(err)
}

const pollColumns = `p.id, p.code, p.brand_id, p.product_id, p.idea_id, p.title, p.text, p.media_id, p.currency, p.base_minor, p.floor_minor, p.days, p.answer_days, p.quorum, p.margin_pct, p.changeable,
  p.audience, p.group_id, p.state, p.created_by, p.created_at, p.opened_at, p.opened_real_at, p.closes_at, p.answer_by, p.closed_at, p.ended_why, p.stopped_at, p.stopped_why, p.counted, p.answer,
  p.answered_at`

func pollWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Poll, error) {
	var p Poll
	err := sqlx.GetContext(ctx, q, &p, `select `+pollColumns+` from polls p where `+where, args...)
	return p, orGone(err)
}

// ofTeam locks a poll of a brand for somebody of its team; to others it does not exist.
func ofTeam(ctx context.Context, tx *sqlx.Tx, by, brandID int64, code string) (Poll, error) {
	return pollWhere(ctx, tx, `p.code = $1 and p.brand_id = $2 and exists (select 1 from brand_members m where m.brand_id = p.brand_id and m.member_id = $3) for update of p`, code, brandID, by)
}

const (
	selectQuestions = `select id, text from poll_questions where poll_id = $1 order by position`
	selectOptions   = `
select o.id, o.question_id, o.text, o.effect_minor, o.media_id, coalesce(x.hash, '') as media_hash
from poll_options o join poll_questions q on q.id = o.question_id left join media x on x.id = o.media_id where q.poll_id = $1 order by q.position, o.position`
)

// questionsOf reads what a poll asks, in its order.
func questionsOf(ctx context.Context, q sqlx.QueryerContext, pollID int64) ([]Question, error) {
	var list []Question
	if err := sqlx.SelectContext(ctx, q, &list, selectQuestions, pollID); err != nil {
		return nil, fmt.Errorf("read questions: %w", postgres.Translate(err))
	}
	var options []Option
	if err := sqlx.SelectContext(ctx, q, &options, selectOptions, pollID); err != nil {
		return nil, fmt.Errorf("read options: %w", postgres.Translate(err))
	}
	for i := range list {
		for _, o := range options {
			if o.QuestionID == list[i].ID {
				list[i].Options = append(list[i].Options, o)
			}
		}
	}
	return list, nil
}
