package stories

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
	"relais/internal/reports"
)

// AStory is what can be reported.
const AStory reports.Part = "story"

var reasons = [...]string{"fake", "insult", "personal", "off_topic", "advert", "illegal", "other"}

// Reasons are the reasons that a report may give.
func Reasons() []string { return reasons[:] }

// Reported is where reports about stories are kept.
func Reported() reports.Table {
	return reports.Table{Name: "story_reports", Part: "'story'", Target: "story_id", Title: "title", Body: "body", Desk: "/admin/stories"}
}

// Reports is where the platform decides about stories; a report has what its story said then.
func (s *Service) Reports() reports.Desk[Story] { return s.desk("") }

// desk is Reports, with what is appended to the query that reads a story.
func (s *Service) desk(lock string) reports.Desk[Story] {
	return reports.Desk[Story]{
		Table: Reported(),
		Subject: func(ctx context.Context, q sqlx.QueryerContext, part reports.Part, id int64) (Story, error) {
			if part != AStory {
				return Story{}, ErrGone
			}
			return one(ctx, q, `where s.id = $1`+lock, id)
		},
		Party: isParty,
		Again: &reports.Again[Story]{
			Insert:  s.insert,
			Hidden:  func(told Story) bool { return told.HiddenAt != nil && told.State != Deleted },
			Authors: tellers,
			Name: func(told Story) (name, path string) {
				if path = fmt.Sprintf("%s/%d", told.Desk(), told.ID); told.Live() {
					path = told.Path()
				}
				return told.Title, path
			},
		},
	}
}

// tellers are who tell a story: its author, or the team of its brand.
func tellers(ctx context.Context, q sqlx.QueryerContext, told Story) ([]int64, error) {
	if told.BrandID != 0 {
		return reports.Team(ctx, q, told.BrandID)
	}
	return []int64{told.AuthorID}, nil
}

// isParty says whether somebody tells a story, alone or in the team of its brand.
func isParty(ctx context.Context, q sqlx.QueryerContext, told Story, memberID int64) (bool, error) {
	return reports.Concerns(ctx, q, memberID, told.BrandID, told.AuthorID)
}

// Report puts a story that is read before the platform. Faults: ErrGone, reports.ErrReported, reports.ErrYourOwn, the fields reason and text.
func (s *Service) Report(ctx context.Context, c reports.Complaint) error {
	c, err := c.Check(Reasons())
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		told, err := ByID(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		party, err := isParty(ctx, tx, told, c.MemberID)
		if err != nil {
			return err
		}
		if party {
			return reports.ErrYourOwn
		}
		return s.insert(ctx, tx, told, c)
	})
}

const insertReport = `
insert into story_reports (story_id, member_id, reason, text, title, body, at) values ($1, nullif($2, 0), $3, $4, $5, $6, $7) on conflict do nothing`

func (s *Service) insert(ctx context.Context, tx *sqlx.Tx, told Story, c reports.Complaint) error {
	return Reported().Insert(ctx, tx, s.now(), insertReport, told.ID, c.MemberID, c.Reason, c.Text, told.Title, told.Body, s.now())
}

// lookAgain has the platform look again at a hidden story that was written anew; once until it did.
func (s *Service) lookAgain(ctx context.Context, tx *sqlx.Tx, told Story) error {
	if err := s.insert(ctx, tx, told, reports.Complaint{Reason: reports.Edited}); !errors.Is(err, reports.ErrReported) {
		return err
	}
	return nil
}

const (
	hideStory = `update stories set hidden_at = coalesce(hidden_at, $2), hidden_why = $3 where id = $1`
	showStory = `update stories set hidden_at = null, hidden_why = '' where id = $1`
)

// Decide ends all open reports about a story, and hides it or has it read again. Its author or, of a brand, its team, and who reported it are told why. Nobody decides about
// their own words or those of their own brand. Faults: ErrGone, reports.ErrDecided, reports.ErrYourOwn, the field why.
func (s *Service) Decide(ctx context.Context, d reports.Decision) error {
	return s.desk(` for no key update of s`).Decide(ctx, s.db, d, s.now(), func(tx *sqlx.Tx, c reports.Case[Story], d reports.Decision) error {
		return s.carryOut(ctx, tx, c, d)
	})
}

// carryOut does what was decided, and tells and logs it.
func (s *Service) carryOut(ctx context.Context, tx *sqlx.Tx, c reports.Case[Story], d reports.Decision) error {
	now, was := s.now(), c.Subject
	query, args, action := showStory, []any{was.ID}, "story kept"
	if d.Hide {
		query, args, action = hideStory, append(args, now, d.Why), "story hidden"
	}
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("decide about story %d: %w", was.ID, postgres.Translate(err))
	}
	is, err := one(ctx, tx, `where s.id = $1`, was.ID)
	if err != nil {
		return err
	}
	if d.Hide {
		err = s.silence(ctx, tx, is)
	} else if was.HiddenAt != nil {
		err = s.announce(ctx, tx, is)
	}
	if err != nil {
		return err
	}
	if is.State != Deleted && d.Hide {
		if err := s.tell(ctx, tx, is, "hidden", fmt.Sprintf("story:%d:hidden:%d", is.ID, now.UnixNano()), reports.HiddenPath(AStory, is.ID)); err != nil {
			return err
		}
	}
	n := s.notice(is)
	if n.Path = is.Home(); is.Live() {
		n.Path = is.Path()
	}
	if err := c.Tell(ctx, tx, d, "story_report", n); err != nil {
		return err
	}
	return audit(ctx, tx, now, d.By, action, fmt.Sprintf("story:%d", is.ID), map[string]any{"why": d.Why})
}
