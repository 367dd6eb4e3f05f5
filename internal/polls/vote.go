package polls

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/doubts"
	"relais/internal/postgres"
)

// Cast is a ballot as a member casts it.
type Cast struct {
	Code     string
	MemberID int64
	Choice   []int64 // an option of each question, in their order
	Network  string  // members.Network of where it comes from; empty: unknown
}

// Ballot is what a member voted.
type Ballot struct {
	ID      int64         `db:"id"`
	At      time.Time     `db:"at"`
	Doubt   doubts.Doubt  `db:"doubt"` // why it is counted apart
	Network string        `db:"network"`
	Choice  pq.Int64Array `db:"choice"` // in the order of the questions
}

const selectBallot = `
select b.id, b.at, b.doubt, b.network, array(select c.option_id from poll_choices c join poll_questions q on q.id = c.question_id where c.ballot_id = b.id order by q.position) as choice
from poll_ballots b where b.poll_id = $1 and b.member_id = $2`

// ballotOf is the ballot of a member; nil without one.
func ballotOf(ctx context.Context, q sqlx.QueryerContext, pollID, memberID int64) (*Ballot, error) {
	var b Ballot
	err := sqlx.GetContext(ctx, q, &b, selectBallot, pollID, memberID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &b, postgres.Translate(err)
}

// voter is what decides about a ballot.
type voter struct {
	doubts.Facts
	Created  time.Time `db:"created_at"` // real time
	Verified bool      `db:"verified"`
	Team     bool      `db:"team"`
	Invited  bool      `db:"invited"` // of the audience
}

// A ballot that is changed keeps its place in the row of those of its network. Who follows, or is in the circle, did so no later than the poll was opened: nobody joins to vote.
const selectVoter = `
select m.created_at, m.email_confirmed_at is not null and m.blocked_at is null as verified,
  exists (select 1 from brand_members t where t.brand_id = p.brand_id and t.member_id = m.id) as team,
  case p.audience when 'members' then true
    when 'buyers' then exists (select 1 from orders o join order_lines l on l.order_id = o.id where (o.member_id = m.id or o.email_normal = m.email_normal) and o.state = 'paid' and l.brand_id = p.brand_id)
    when 'followers' then exists (select 1 from follows f where f.follower_id = m.id and f.brand_id = p.brand_id and f.at <= p.opened_at)
    else exists (select 1 from group_members g where g.group_id = p.group_id and g.member_id = m.id and g.joined_at <= p.opened_at) end as invited,
  ` + doubts.Bought + ` as bought,
  exists (select 1 from poll_ballots b join members t on t.id = b.member_id where b.poll_id = p.id and t.id <> m.id and t.email_normal = m.email_normal and b.doubt = '') as twin,
  n.hour as network, n.every as network_all
from polls p, members m, lateral (select count(*) filter (where b.at > $4::timestamptz) as hour, count(*) as every from poll_ballots b
  where b.poll_id = p.id and b.network = $3 and $3 <> '' and b.member_id <> m.id and ($5::bigint = 0 or b.id < $5)) n
where p.id = $1 and m.id = $2`

func voterOf(ctx context.Context, q sqlx.QueryerContext, p Poll, memberID int64, network string, since time.Time, ballotID int64) (v voter, err error) {
	err = sqlx.GetContext(ctx, q, &v, selectVoter, p.ID, memberID, network, since, ballotID)
	return v, orGone(err)
}

// may says why somebody cannot vote.
func (v voter) may() error {
	switch {
	case !v.Verified:
		return ErrUnverified
	case v.Team:
		return ErrTeam
	case !v.Invited:
		return ErrAudience
	}
	return nil
}

// MayVote says why a member cannot vote in a poll, whether it is open or not: nil where they can. ErrUnverified, ErrTeam, ErrAudience.
func (s *Service) MayVote(ctx context.Context, p Poll, memberID int64) error {
	v, err := voterOf(ctx, s.db, p, memberID, "", s.now(), 0)
	if err != nil {
		return err
	}
	if own, err := ballotOf(ctx, s.db, p.ID, memberID); err != nil {
		return err
	} else if own != nil { // they were invited
		v.Invited = true
	}
	return v.may()
}

// Vote keeps a member's ballot, or changes it where the poll lets them. The same once more changes nothing. ErrGone, ErrNotOpen, ErrVoted, ErrUnverified, ErrTeam, ErrAudience, and the
// field "q.N" of a question without an answer.
func (s *Service) Vote(ctx context.Context, c Cast) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := pollWhere(ctx, tx, `p.code = $1 and p.state <> 'draft' and exists (select 1 from brands b where b.id = p.brand_id and b.blocked_at is null) for share of p`, c.Code)
		if err != nil {
			return err
		}
		if !p.Votable(s.now()) {
			return ErrNotOpen
		}
		questions, err := questionsOf(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		picked, err := Pick(questions, c.Choice)
		if err != nil {
			return err
		}
		if err := wait(ctx, tx, p, "member", c.MemberID); err != nil { // twice at once: one after the other
			return err
		}
		own, err := ballotOf(ctx, tx, p.ID, c.MemberID)
		if err != nil {
			return err
		}
		if own != nil && !p.Changeable {
			if slices.Equal([]int64(own.Choice), c.Choice) {
				return nil
			}
			return ErrVoted
		}
		doubt, network, err := s.judge(ctx, tx, p, c, own)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, p, c.MemberID, own, picked, doubt, network)
	})
}

// wait lets one transaction after the other go on, of those that name the same of a poll.
func wait(ctx context.Context, tx *sqlx.Tx, p Poll, what string, of any) error {
	_, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, fmt.Sprintf("poll:%d:%s:%v", p.ID, what, of))
	return postgres.Translate(err)
}

// judge says whether somebody may vote and whether their ballot is in doubt. Those of one network, and those of one mailbox, are judged one after the other.
func (s *Service) judge(ctx context.Context, tx *sqlx.Tx, p Poll, c Cast, own *Ballot) (doubt doubts.Doubt, network string, err error) {
	network, at, id := doubts.Digest(s.secret, fmt.Sprint("poll:", p.ID), c.Network), s.now(), int64(0)
	if own != nil {
		network, at, id = own.Network, own.At, own.ID
	}
	var mailbox string
	if err := tx.GetContext(ctx, &mailbox, `select email_normal from members where id = $1`, c.MemberID); err != nil {
		return "", "", orGone(err)
	}
	if network != "" {
		if err := wait(ctx, tx, p, "network", network); err != nil {
			return "", "", err
		}
	}
	if err := wait(ctx, tx, p, "mailbox", mailbox); err != nil {
		return "", "", err
	}
	v, err := voterOf(ctx, tx, p, c.MemberID, network, at.Add(-doubts.NetworkTime), id)
	if err != nil {
		return "", "", err
	}
	v.New = !v.Created.Before(*p.OpenedRealAt)
	if own != nil { // it was judged when it was cast: they were invited, and so many of their network were before it
		v.Invited = true
		if own.Doubt != doubts.SameNetwork {
			v.Network, v.All = 0, 0
		}
	}
	return doubts.Of(v.Facts), network, v.may()
}

const (
	insertBallot = `insert into poll_ballots (poll_id, member_id, at, doubt, network) values ($1, $2, $3, $4, $5) returning id`
	updateBallot = `update poll_ballots set changed_at = $2, doubt = $3 where id = $1`
	insertChoice = `insert into poll_choices (ballot_id, poll_id, question_id, option_id) select $1, $2, * from unnest($3::bigint[], $4::bigint[])`
)

func (s *Service) record(ctx context.Context, tx *sqlx.Tx, p Poll, memberID int64, own *Ballot, picked []Option, doubt doubts.Doubt, network string) error {
	var id int64
	if own == nil {
		if err := tx.GetContext(ctx, &id, insertBallot, p.ID, memberID, s.now(), doubt, network); err != nil {
			return fmt.Errorf("keep ballot: %w", postgres.Translate(err))
		}
	} else {
		id = own.ID
		if _, err := tx.ExecContext(ctx, updateBallot, id, s.now(), doubt); err != nil {
			return fmt.Errorf("change ballot: %w", postgres.Translate(err))
		}
		if _, err := tx.ExecContext(ctx, `delete from poll_choices where ballot_id = $1`, id); err != nil {
			return fmt.Errorf("change ballot: %w", postgres.Translate(err))
		}
	}
	var questions, options pq.Int64Array
	for _, o := range picked {
		questions, options = append(questions, o.QuestionID), append(options, o.ID)
	}
	_, err := tx.ExecContext(ctx, insertChoice, id, p.ID, questions, options)
	return postgres.Translate(err)
}
