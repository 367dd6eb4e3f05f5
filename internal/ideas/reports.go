package ideas

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/reports"
)

// What can be reported.
const (
	AnIdea   reports.Part = "idea"
	AComment reports.Part = "comment"
)

var reasons = [...]string{"insult", "personal", "copied", "off_topic", "advert", "illegal", "other"}

// Reasons are those that a report may give.
func Reasons() []string { return reasons[:] }

// Subject is what a report is about.
type Subject struct {
	Idea    View
	Comment *Comment // nil: the idea itself
}

// CommentID is the number of the comment; 0: the idea itself.
func (s Subject) CommentID() int64 {
	if s.Comment == nil {
		return 0
	}
	return s.Comment.ID
}

func (s Subject) author() int64 {
	if s.Comment == nil {
		return s.Idea.AuthorID
	}
	return s.Comment.AuthorID
}

func (s Subject) hidden() bool {
	if s.Comment == nil {
		return !s.Idea.Shown()
	}
	return s.Comment.HiddenWhy != ""
}

// Reported is where reports about ideas and comments are kept.
func Reported() reports.Table {
	return reports.Table{Name: "idea_reports", Part: "part", Target: "coalesce(comment_id, idea_id)", Desk: "/admin/ideas"}
}

// Reports is where the platform decides about ideas and comments.
func (s *Service) Reports() reports.Desk[Subject] {
	return reports.Desk[Subject]{
		Table:   Reported(),
		Subject: subjectOf,
		Party: func(ctx context.Context, q sqlx.QueryerContext, s Subject, memberID int64) (bool, error) {
			return reports.Concerns(ctx, q, memberID, s.Idea.BrandID, s.author())
		},
		Again: &reports.Again[Subject]{
			Insert: s.insert,
			Hidden: Subject.hidden,
			Authors: func(_ context.Context, _ sqlx.QueryerContext, about Subject) ([]int64, error) {
				return []int64{about.author()}, nil
			},
			Name: func(about Subject) (name, path string) { return about.Idea.Title, about.Idea.Path() },
		},
	}
}

// subjectOf reads an idea, or a comment with its idea, whatever its state.
func subjectOf(ctx context.Context, q sqlx.QueryerContext, part reports.Part, id int64) (s Subject, err error) {
	switch part {
	case AComment:
		s.Comment = &Comment{}
		if err := sqlx.GetContext(ctx, q, s.Comment, selectComments+`c.id = $1`, id); err != nil {
			return s, orGone(err)
		}
		id = s.Comment.IdeaID
	case AnIdea:
	default:
		return s, ErrGone
	}
	vs, err := viewsWhere(ctx, q, 0, `i.id = $2`, id)
	if err == nil && len(vs) == 0 {
		err = ErrGone
	}
	if err != nil {
		return s, err
	}
	s.Idea = vs[0]
	return s, nil
}

const insertReport = `
insert into idea_reports (part, idea_id, comment_id, member_id, reason, text, at) values ($1, $2, nullif($3, 0), nullif($4, 0), $5, $6, $7) on conflict do nothing`

// Report puts an idea or a comment before the platform. Nobody reports their own words. Faults: ErrGone, reports.ErrReported, reports.ErrYourOwn, the fields reason and
// text.
func (s *Service) Report(ctx context.Context, c reports.Complaint) error {
	c, err := c.Check(Reasons())
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		about, err := reportable(ctx, tx, c.Part, c.ID)
		switch {
		case err != nil:
			return err
		case about.author() == c.MemberID:
			return reports.ErrYourOwn
		}
		return s.insert(ctx, tx, about, c)
	})
}

func (s *Service) insert(ctx context.Context, tx *sqlx.Tx, about Subject, c reports.Complaint) error {
	return Reported().Insert(ctx, tx, s.now(), insertReport, c.Part, about.Idea.ID, about.CommentID(), c.MemberID, c.Reason, c.Text, s.now())
}

// reportable is what everybody can read. ErrGone.
func reportable(ctx context.Context, q sqlx.QueryerContext, part reports.Part, id int64) (Subject, error) {
	s, err := subjectOf(ctx, q, part, id)
	if err != nil {
		return s, err
	}
	if _, err := ByID(ctx, q, s.Idea.ID, 0); err != nil || s.Comment == nil {
		return s, err
	}
	_, err = CommentOf(ctx, q, s.Idea.ID, s.Comment.ID)
	return s, err
}

const (
	decideIdea    = `update ideas set hidden_why = $2 where id = $1`
	decideComment = `update idea_comments set hidden_why = $2 where id = $1`
)

// Decide ends all open reports about one thing, and shows or hides it: the author of what is hidden and who reported read why. Nobody decides about their own words
// or about ideas to their own brand. Faults: ErrGone, reports.ErrDecided, reports.ErrYourOwn, the field why.
func (s *Service) Decide(ctx context.Context, d reports.Decision) error {
	return s.Reports().Decide(ctx, s.db, d, s.now(), func(tx *sqlx.Tx, c reports.Case[Subject], d reports.Decision) error {
		query, hidden := decideIdea, ""
		if d.Part == AComment {
			query = decideComment
		}
		if d.Hide {
			hidden = d.Why
		}
		if _, err := tx.ExecContext(ctx, query, d.ID, hidden); err != nil {
			return fmt.Errorf("decide about %s %d: %w", d.Part, d.ID, postgres.Translate(err))
		}
		if err := s.tellDecided(ctx, tx, c, d); err != nil {
			return err
		}
		action := "idea report kept"
		if d.Hide {
			action = "idea report hidden"
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: d.By, Action: action, Subject: fmt.Sprintf("%s %d", d.Part, d.ID), Detail: map[string]any{"why": d.Why}})
	})
}

// tellDecided tells who reported it, and the author of what was hidden.
func (s *Service) tellDecided(ctx context.Context, tx *sqlx.Tx, c reports.Case[Subject], d reports.Decision) error {
	n, _, err := s.about(ctx, tx, c.Subject.Idea.Idea, "")
	if err != nil {
		return err
	}
	n.Args["Why"] = d.Why
	if d.Hide {
		n.Path = "/ideas"
	}
	if err := c.Tell(ctx, tx, d, "idea_report", n); err != nil || !d.Hide {
		return err
	}
	n.MemberID, n.Event, n.Path = c.Subject.author(), "hidden", reports.HiddenPath(c.Part, c.ID)
	n.Subject = fmt.Sprintf("idea:%d:%d:hidden:%d", c.Subject.Idea.ID, c.Subject.CommentID(), s.now().UnixNano())
	if c.Subject.Comment != nil {
		n.Event = "comment_hidden"
	}
	return notices.Tell(ctx, tx, n)
}
