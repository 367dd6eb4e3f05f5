package questions

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

// What others rely on stays, as of a former member: a question that somebody else answered, an answer that helped somebody, that the brand
// pinned, or that is the brand's. Of anything else the words go too.
var forget = []string{
	`delete from question_marks where member_id = $1`,
	`delete from question_calls where member_id = $1`,
	`update question_answers a set state = 'deleted', body = '', hidden_why = '', pinned_at = null
     where a.member_id = $1 and not a.by_brand and (a.state <> 'shown' or a.pinned_at is null and not exists (select 1 from question_marks k where k.answer_id = a.id))`,
	`update questions q set state = 'deleted', title = '', details = '', hidden_why = ''
     where q.member_id = $1 and (q.state <> 'shown' or not exists (select 1 from question_answers a where a.question_id = q.id and a.state = 'shown' and a.member_id is distinct from $1))`,
	`update question_answers set member_id = null where member_id = $1`,
	`update questions set member_id = null where member_id = $1`,
}

// Forget takes a member's name off everything that they asked and answered, and away what nobody relies on.
func Forget(ctx context.Context, tx *sqlx.Tx, memberID int64) error {
	for _, query := range forget {
		if _, err := tx.ExecContext(ctx, query, memberID); err != nil {
			return fmt.Errorf("forget questions of member %d: %w", memberID, postgres.Translate(err))
		}
	}
	return nil
}
