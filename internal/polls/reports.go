package polls

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/reports"
)

// APoll is what can be reported.
const APoll reports.Part = "poll"

var reasons = [...]string{"misleading", "insult", "personal", "off_topic", "advert", "illegal", "other"}

// Reasons are the reasons that a report may give.
func Reasons() []string { return reasons[:] }

// Reported is where reports about polls are kept.
func Reported() reports.Table {
	return reports.Table{Name: "poll_reports", Part: "'poll'", Target: "poll_id", Desk: "/admin/polls"}
}

// Reports is where the platform decides about polls.
func (s *Service) Reports() reports.Desk[View] {
	return reports.Desk[View]{
		Table: Reported(),
		Subject: func(ctx context.Context, q sqlx.QueryerContext, part reports.Part, id int64) (View, error) {
			if part != APoll {
				return View{}, ErrGone
			}
			return oneView(ctx, q, "fr", `p.id = $2 and p.state <> 'draft'`, id)
		},
		Party: isParty,
		Again: &reports.Again[View]{
			Insert: s.insert,
			Hidden: func(v View) bool { return v.StoppedAt != nil },
			Authors: func(ctx context.Context, q sqlx.QueryerContext, v View) ([]int64, error) {
				return reports.Team(ctx, q, v.BrandID)
			},
			Name: func(v View) (name, path string) { return v.Title, v.Path() },
		},
	}
}

// isParty says whether somebody is on the team of the brand that asks.
func isParty(ctx context.Context, q sqlx.QueryerContext, v View, memberID int64) (bool, error) {
	return reports.Concerns(ctx, q, memberID, v.BrandID)
}

// Report puts a poll that is read before the platform. Faults: ErrGone, reports.ErrReported, reports.ErrYourOwn, the fields reason and text.
func (s *Service) Report(ctx context.Context, code string, c reports.Complaint) error {
	c, err := c.Check(Reasons())
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		v, err := oneView(ctx, tx, "fr", `p.code = $2 and `+listed, code)
		if err != nil {
			return err
		}
		party, err := isParty(ctx, tx, v, c.MemberID)
		if err != nil {
			return err
		}
		if party {
			return reports.ErrYourOwn
		}
		return s.insert(ctx, tx, v, c)
	})
}

const insertReport = `insert into poll_reports (poll_id, member_id, reason, text, at) values ($1, nullif($2, 0), $3, $4, $5) on conflict do nothing`

func (s *Service) insert(ctx context.Context, tx *sqlx.Tx, v View, c reports.Complaint) error {
	return Reported().Insert(ctx, tx, s.now(), insertReport, v.ID, c.MemberID, c.Reason, c.Text, s.now())
}

// ForPlatform is a poll with everything that it asks, whatever its state but a draft. ErrGone.
func (s *Service) ForPlatform(ctx context.Context, code string) (View, error) {
	return oneView(ctx, s.db, "fr", `p.code = $2 and p.state <> 'draft'`, code)
}

// Decide ends all open reports about a poll, and takes it off or has it read again, with a reason. An open one that is taken off is cancelled, for good; of what is off
// nobody but its brand and the platform reads what it asked, and everybody why. Its team and who reported it are told. Nobody decides about polls of their own
// brand. Faults: ErrGone, reports.ErrDecided, reports.ErrYourOwn, the field why.
func (s *Service) Decide(ctx context.Context, d reports.Decision) error {
	return s.Reports().Decide(ctx, s.db, d, s.now(), func(tx *sqlx.Tx, c reports.Case[View], d reports.Decision) error {
		p, err := pollWhere(ctx, tx, `p.id = $1 for update`, d.ID)
		if err != nil {
			return err
		}
		action := "poll kept"
		if d.Hide {
			action = "poll stopped"
			err = s.stop(ctx, tx, p, d.Why)
		} else if p.StoppedAt != nil {
			_, err = tx.ExecContext(ctx, `update polls set stopped_at = null, stopped_why = '' where id = $1`, p.ID)
			err = postgres.Translate(err)
		}
		if err != nil {
			return err
		}
		n := notices.Notice{Kind: notices.Poll, At: s.now(), Path: p.Path(), Args: notices.Args{"Title": p.Title, "Why": d.Why}}
		if err := c.Tell(ctx, tx, d, "poll_report", n); err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: d.By, Action: action, Subject: fmt.Sprintf("poll %d", p.ID), Detail: map[string]any{"reason": d.Why}})
	})
}

const updateStopped = `update polls set stopped_at = coalesce(stopped_at, $2), stopped_why = $3 where id = $1`

// stop takes off a poll that is locked; one that is off keeps the time and has the newer reason.
func (s *Service) stop(ctx context.Context, tx *sqlx.Tx, p Poll, why string) error {
	if p.State == Open {
		if err := s.end(ctx, tx, p, why); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, updateStopped, p.ID, s.now(), why); err != nil {
		return fmt.Errorf("take off poll %d: %w", p.ID, postgres.Translate(err))
	}
	n, err := namesOf(ctx, tx, p)
	if err != nil {
		return err
	}
	return notices.TellTeam(ctx, tx, p.BrandID, notices.Notice{Kind: notices.BrandPoll, Event: "stopped", Subject: fmt.Sprintf("poll:%d:%d", p.ID, s.now().UnixNano()), Path: reports.HiddenPath(APoll, p.ID), At: s.now(),
		Args: notices.Args{"Title": p.Title, "Brand": n.Brand, "Why": why}})
}
