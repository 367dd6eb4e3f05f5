package support

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
	"relais/internal/waits"
)

// What "usually answers within" is made of: the newest waits of so long, and at least so many.
const (
	speedSpan  = 90 * 24 * time.Hour
	speedLeast = 5
)

// ended is a buyer's wait for an answer, and what ended it: a word of answer_times.ended, or "" where it lasts.
type ended struct {
	Ended string     `db:"ended"`
	Took  int64      `db:"took"` // seconds of working days
	Asked *time.Time `db:"asked_at"`
}

// selectWaits are the waits that ended, the newest first, and those that last.
const selectWaits = `
(select ended, took, null::timestamptz as asked_at from answer_times where brand_id = $1 and at > $2 order by at desc limit 200)
union all (select '', 0, asked_at from conversations where brand_id = $1 and due_at is not null and asked_at > $2 order by asked_at limit 200)`

// Speed is within how many hours of working days a brand usually answers: it was as quick for three of four of the buyers who wrote lately. 0: it
// cannot be said, as too few wrote, or as the brand leaves too many without an answer. Left are
//
//	a message that waits for longer than the brand means to take
//	one that either side called solved, without an answer, after so long
//	one that the brand called solved without ever having written in the conversation, however soon
//
// A message that waits, or was called solved, for less counts neither way: a word of thanks asks for no answer.
func Speed(ctx context.Context, q sqlx.QueryerContext, brandID int64, now time.Time) (hours int, err error) {
	target, err := Hours(ctx, q, brandID)
	if err != nil {
		return 0, err
	}
	var rows []ended
	if err := sqlx.SelectContext(ctx, q, &rows, selectWaits, brandID, now.Add(-speedSpan)); err != nil {
		return 0, fmt.Errorf("measure answers: %w", postgres.Translate(err))
	}
	within, ok := waits.Usually(waited(rows, now, target), speedLeast, time.Duration(target)*time.Hour)
	if !ok {
		return 0, nil
	}
	return max(1, int((within+time.Hour-1)/time.Hour)), nil
}

// waited is how long each buyer waited; target is within how many hours the brand means to answer.
func waited(rows []ended, now time.Time, target int) (all []waits.Wait) {
	for _, r := range rows {
		w := waits.Wait{For: time.Duration(r.Took) * time.Second, Answered: r.Ended == "answer"}
		switch {
		case r.Asked != nil:
			w.For = Worked(*r.Asked, now)
		case r.Ended == "unanswered":
			w.For = max(w.For, time.Duration(target)*time.Hour)
		}
		all = append(all, w)
	}
	return all
}
