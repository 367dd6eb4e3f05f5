package polls

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/notices"
	"relais/internal/postgres"
)

// Close ends a poll whose time has come and decides it. One that is over, or has time left, stays as it is.
func (s *Service) Close(ctx context.Context, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := pollWhere(ctx, tx, `p.id = $1 for update`, id)
		if errors.Is(err, ErrGone) || err == nil && (p.State != Open || p.Votable(s.now())) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.end(ctx, tx, p, "")
	})
}

// What is not needed any more is forgotten, and who was blocked meanwhile does not count.
const settleBallots = `
update poll_ballots b set network = '', doubt = case when m.blocked_at is not null then 'blocked' else b.doubt end
from members m where m.id = b.member_id and b.poll_id = $1 and (b.network <> '' or m.blocked_at is not null)`

// selectVotes counts the ballots b that a condition lets count.
func selectVotes(counts string) string {
	return `
select o.id as option_id, q.id as question_id, count(b.id) as votes
from poll_questions q join poll_options o on o.question_id = q.id
left join poll_choices c on c.option_id = o.id
left join (poll_ballots b join members m on m.id = b.member_id) on b.id = c.ballot_id and ` + counts + `
where q.poll_id = $1 group by o.id, q.id, q.position, o.position order by q.position, o.position`
}

// Of an open poll who is blocked now does not count; of one whose ballots were settled, their doubts say all.
const (
	countsNow = `b.doubt = '' and m.blocked_at is null`
	settled   = `b.doubt = ''`
)

type voteRow struct {
	OptionID   int64 `db:"option_id"`
	QuestionID int64 `db:"question_id"`
	Votes      int64 `db:"votes"`
	Chosen     bool  `db:"chosen"`
}

const (
	insertOutcome = `insert into poll_outcomes (option_id, question_id, poll_id, votes, chosen) values (:option_id, :question_id, :poll_id, :votes, :chosen)`
	updateEnd     = `update polls set state = $2, closed_at = $3, counted = $4, ended_why = $5 where id = $1`
)

// end counts and decides a poll that is locked, and tells everybody; cancelled: the reason, for which nothing is decided.
func (s *Service) end(ctx context.Context, tx *sqlx.Tx, p Poll, cancelled string) error {
	if _, err := tx.ExecContext(ctx, settleBallots, p.ID); err != nil {
		return fmt.Errorf("settle ballots: %w", postgres.Translate(err))
	}
	var counted int
	if err := tx.GetContext(ctx, &counted, `select count(*) from poll_ballots where poll_id = $1 and doubt = ''`, p.ID); err != nil {
		return postgres.Translate(err)
	}
	state := Decided
	switch {
	case cancelled != "":
		state = Cancelled
	case counted < p.Quorum:
		state = NoQuorum
	}
	var rows []voteRow
	if err := tx.SelectContext(ctx, &rows, selectVotes(settled), p.ID); err != nil {
		return fmt.Errorf("count votes: %w", postgres.Translate(err))
	}
	if state == Decided {
		choose(rows, int64(p.MarginPct))
	}
	for _, r := range rows {
		if _, err := tx.NamedExecContext(ctx, insertOutcome, map[string]any{"option_id": r.OptionID, "question_id": r.QuestionID, "poll_id": p.ID, "votes": r.Votes, "chosen": r.Chosen}); err != nil {
			return fmt.Errorf("keep outcome: %w", postgres.Translate(err))
		}
	}
	if _, err := tx.ExecContext(ctx, updateEnd, p.ID, state, s.now(), counted, cancelled); err != nil {
		return fmt.Errorf("end poll: %w", postgres.Translate(err))
	}
	if state != Cancelled { // who cancels it knows
		if err := s.tellTeam(ctx, tx, p, string(state), notices.Args{}); err != nil {
			return err
		}
	}
	return enqueueTelling(ctx, tx, tellArgs{Poll: p.ID, Event: string(state)})
}

// choose marks what is decided, question by question; rows are in the order in which they were asked.
func choose(rows []voteRow, marginPct int64) {
	tallies := map[int64][]Tally{}
	for _, r := range rows {
		tallies[r.QuestionID] = append(tallies[r.QuestionID], Tally{r.OptionID, r.Votes})
	}
	for i, r := range rows {
		rows[i].Chosen = slices.Contains(Decide(tallies[r.QuestionID], marginPct), r.OptionID)
	}
}
