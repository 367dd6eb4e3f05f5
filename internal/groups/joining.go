package groups

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// Joined says what came of somebody's wish to be in.
type Joined struct {
	Group Group
	How   Entrance // Inside: they are in now, or were; Waiting: somebody has to let them in
}

// Join brings a member into an open circle that they found, at once or by asking, after they agreed to its rules. Again does nothing more.
// Faults: ErrGone, ErrBanned, ErrAskedOften, the fields accept and text.
func (s *Service) Join(ctx context.Context, groupID, memberID int64, a Accepted, text string) (Joined, error) {
	text, err := words("text", text, MaxAsk, false)
	if err != nil {
		return Joined{}, err
	}
	var j Joined
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		j, err = s.enter(ctx, tx, groupID, memberID, nil, entry{a, text})
		return err
	})
	return j, err
}

// entry is what somebody says who comes in.
type entry struct {
	Accepted
	text string // to those who moderate, where one has to ask
}

const (
	countIn = `
select (select count(*) from group_members where member_id = $1) + (select count(*) from group_requests where member_id = $1 and state = 'open')`
	countAsked    = `select count(*) from group_requests where group_id = $1 and member_id = $2 and asked_at > $3`
	insertRequest = `
insert into group_requests (group_id, member_id, invitation_id, text, asked_at) values ($1, $2, nullif($3::bigint, 0), $4, $5) on conflict do nothing`
	closeRequest = `update group_requests set state = $3, decided_by = nullif($4::bigint, 0), decided_at = $5 where group_id = $1 and member_id = $2 and state = 'open'`
)

// enter brings somebody in as far as the rules let them, with a usable invitation or without (nil).
func (s *Service) enter(ctx context.Context, tx *sqlx.Tx, groupID, memberID int64, i *Invitation, e entry) (Joined, error) {
	g, err := lock(ctx, tx, groupID)
	if err != nil {
		return Joined{}, err
	}
	st, err := StandingOf(ctx, tx, groupID, memberID)
	if err != nil {
		return Joined{}, err
	}
	how := EntranceOf(g, st, i)
	switch how {
	case Inside, Waiting:
		return Joined{g, how}, nil
	case Shut:
		if CanFind(g, st.Role) && i == nil {
			return Joined{}, ErrBanned
		}
		return Joined{}, ErrGone
	}
	if err := e.agrees(g); err != nil {
		return Joined{}, err
	}
	var in int
	if err := tx.GetContext(ctx, &in, countIn, memberID); err != nil {
		return Joined{}, fmt.Errorf("count circles of member %d: %w", memberID, postgres.Translate(err))
	}
	if in >= maxIn {
		return Joined{}, ErrManyIn
	}
	if how == ByAsking {
		var by int64
		if i != nil {
			by = i.ID
		}
		var today int
		if err := tx.GetContext(ctx, &today, countAsked, g.ID, memberID, s.now().AddDate(0, 0, -1)); err != nil {
			return Joined{}, fmt.Errorf("count requests of member %d: %w", memberID, postgres.Translate(err))
		}
		if today >= maxAsksADay {
			return Joined{}, ErrAskedOften
		}
		if _, err := tx.ExecContext(ctx, insertRequest, g.ID, memberID, by, e.text, s.now()); err != nil {
			return Joined{}, fmt.Errorf("ask to join circle %d: %w", g.ID, postgres.Translate(err))
		}
		n := s.about(g, notices.CircleDesk, "asked", fmt.Sprintf("group:%d:asked:%d:%s", g.ID, memberID, i18n.Day(s.now())), "/g/"+g.Handle+"/moderation")
		return Joined{g, Waiting}, tellDesk(ctx, tx, g.ID, n, memberID, 0)
	}
	var inviter int64
	if i != nil {
		inviter = i.ByID
	}
	return Joined{g, Inside}, s.admit(ctx, tx, g, memberID, inviter, "joined", memberID)
}

// admit puts somebody into a circle, and ends what they asked before.
func (s *Service) admit(ctx context.Context, tx *sqlx.Tx, g Group, memberID, inviter int64, action string, by int64) error {
	if _, err := tx.ExecContext(ctx, insertMember, g.ID, memberID, Member, s.now(), inviter); err != nil {
		return fmt.Errorf("join circle %d: %w", g.ID, postgres.Translate(err))
	}
	if _, err := tx.ExecContext(ctx, closeRequest, g.ID, memberID, "accepted", by, s.now()); err != nil {
		return fmt.Errorf("join circle %d: %w", g.ID, postgres.Translate(err))
	}
	whom := memberID
	if by == memberID {
		whom = 0
	}
	return s.log(ctx, tx, deed{group: g.ID, by: by, whom: whom, action: action})
}

// Withdraw takes back somebody's own request. Without one it does nothing.
func (s *Service) Withdraw(ctx context.Context, groupID, memberID int64) error {
	if _, err := s.db.ExecContext(ctx, closeRequest, groupID, memberID, "withdrawn", 0, s.now()); err != nil {
		return fmt.Errorf("withdraw request: %w", postgres.Translate(err))
	}
	return nil
}

const (
	fromRequests = `
select r.id, r.group_id, r.member_id, r.text, r.asked_at, r.state, p.name, p.handle, coalesce((select hash from media where media.id = p.picture_id), '') as picture
from group_requests r join members p on p.id = r.member_id and p.blocked_at is null`
	selectRequests = fromRequests + ` where r.group_id = $1 and r.state = 'open' order by r.id limit $2`
	selectRequest  = fromRequests + ` where r.group_id = $1 and r.id = $2`
)

// Requests returns who asks to come in, the oldest first. For those who moderate.
func Requests(ctx context.Context, q sqlx.QueryerContext, groupID int64, limit int) ([]Request, error) {
	var list []Request
	if err := sqlx.SelectContext(ctx, q, &list, selectRequests, groupID, limit); err != nil {
		return nil, fmt.Errorf("read requests: %w", postgres.Translate(err))
	}
	return list, nil
}

// Asking is a circle that somebody waits to be let into.
type Asking struct {
	Group
	RequestText string `db:"text"`
}

// They came by an invitation, or the circle is open: they know of it.
const selectAsked = `
select ` + columns + `, r.text from group_requests r join groups g on g.id = r.group_id and g.closed_at is null
where r.member_id = $1 and r.state = 'open' order by r.id desc limit $2`

// AskedBy returns the circles that a member waits to be let into.
func AskedBy(ctx context.Context, q sqlx.QueryerContext, memberID int64, limit int) ([]Asking, error) {
	var list []Asking
	if err := sqlx.SelectContext(ctx, q, &list, selectAsked, memberID, limit); err != nil {
		return nil, fmt.Errorf("read own requests: %w", postgres.Translate(err))
	}
	return list, nil
}

// Answer lets somebody in who asked, or does not; those who moderate may. They are told. Faults: ErrGone, ErrModerators, ErrClosed,
// ErrDecided where it is no longer open.
func (s *Service) Answer(ctx context.Context, groupID, by, requestID int64, yes bool) error {
	return s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		switch {
		case !CanModerate(g, r):
			return ErrModerators
		case g.ClosedAt != nil:
			return ErrClosed
		}
		var list []Request
		if err := tx.SelectContext(ctx, &list, selectRequest, g.ID, requestID); err != nil {
			return postgres.Translate(err)
		}
		if len(list) == 0 {
			return ErrGone
		}
		asked := list[0]
		if asked.State != "open" {
			return ErrDecided
		}
		if yes {
			if err := s.admit(ctx, tx, g, asked.MemberID, 0, "request_accepted", by); err != nil {
				return err
			}
		} else {
			if _, err := tx.ExecContext(ctx, closeRequest, g.ID, asked.MemberID, "declined", by, s.now()); err != nil {
				return fmt.Errorf("decline request %d: %w", asked.ID, postgres.Translate(err))
			}
			if err := s.log(ctx, tx, deed{group: g.ID, by: by, whom: asked.MemberID, action: "request_declined"}); err != nil {
				return err
			}
		}
		event := "declined"
		if yes {
			event = "accepted"
		}
		return s.writePlace(ctx, tx, g, asked.MemberID, event, mail.Letter{Template: "group_answer", Reference: fmt.Sprintf("group:request:%d", asked.ID),
			Data: answerLetter{Group: g, Yes: yes}})
	})
}
