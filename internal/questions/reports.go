package questions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/reports"
)

// What can be reported.
const (
	PartQuestion reports.Part = "question"
	PartAnswer   reports.Part = "answer"
)

// Reasons are the reasons that a report may give.
func Reasons() []string {
	return []string{"insult", "personal", "off_topic", "advert", "false", "illegal", "other"}
}

// Subject is what a report is about: of an answer, also the question that it answers.
type Subject struct {
	Question Question
	Answer   *Answer // nil: the question itself
}

// path is the page where it is read, or was.
func (s Subject) path() string {
	if s.Question.State != Shown {
		return "/p/" + s.Question.Slug + "/questions"
	}
	return s.Question.Path()
}

// said is what it says, as a report keeps it.
func (s Subject) said() (title, body string) {
	if s.Answer != nil {
		return s.Question.Title, s.Answer.Body
	}
	return s.Question.Title, s.Question.Details
}

// authors are whose words they are: of a brand's answer its team.
func (s Subject) authors(ctx context.Context, q sqlx.QueryerContext) ([]int64, error) {
	switch {
	case s.Answer != nil && s.Answer.ByBrand:
		return reports.Team(ctx, q, s.Question.BrandID)
	case s.author() == 0:
		return nil, nil
	}
	return []int64{s.author()}, nil
}

// State is that of what the report is about.
func (s Subject) State() State {
	if s.Answer != nil {
		return s.Answer.State
	}
	return s.Question.State
}

// author is who wrote it; 0: their account is gone.
func (s Subject) author() int64 {
	if s.Answer != nil {
		return s.Answer.MemberID
	}
	return s.Question.MemberID
}

// subjectOf reads it, whatever its state.
func subjectOf(ctx context.Context, q sqlx.QueryerContext, part reports.Part, id int64) (s Subject, err error) {
	switch part {
	case PartAnswer:
		a, err := keptAnswer(ctx, q, id)
		if err != nil {
			return s, err
		}
		s.Answer, id = &a, a.QuestionID
	case PartQuestion:
	default:
		return s, ErrGone
	}
	s.Question, err = kept(ctx, q, id)
	return s, err
}

// About reads what a viewer, 0 for a guest, may report, and whether they report for the brand. ErrGone, reports.ErrYourOwn.
func About(ctx context.Context, q sqlx.QueryerContext, viewer int64, part reports.Part, id int64, now time.Time) (s Subject, team bool, err error) {
	if s, err = subjectOf(ctx, q, part, id); err != nil {
		return s, false, err
	}
	on, err := StandingOf(ctx, q, viewer, s.Question.ProductID, now)
	if err != nil {
		return s, false, err
	}
	st := on.About(s.Question)
	if s.Answer != nil {
		if !st.Shown {
			return s, false, ErrGone
		}
		st = on.AboutAnswer(*s.Answer)
	}
	return s, st.Team, May(ReportAct, st)
}

const insertReport = `
insert into question_reports (part, question_id, answer_id, brand_id, member_id, reason, text, title, body, at)
values ($1, case when $1 = 'question' then $2::bigint end, case when $1 = 'answer' then $2 end, nullif($3, 0), nullif($4, 0), $5, $6, $7, $8, $9) on conflict do nothing`

// insert keeps a report with what its subject says now.
func (s *Service) insert(ctx context.Context, tx *sqlx.Tx, about Subject, c reports.Complaint) error {
	title, body := about.said()
	return Reported().Insert(ctx, tx, s.now(), insertReport, c.Part, c.ID, c.BrandID, c.MemberID, c.Reason, c.Text, title, body, s.now())
}

// lookAgain has the platform look again at a hidden answer that was written anew; once until it did.
func (s *Service) lookAgain(ctx context.Context, tx *sqlx.Tx, id int64) error {
	about, err := subjectOf(ctx, tx, PartAnswer, id)
	if err != nil {
		return err
	}
	if err := s.insert(ctx, tx, about, reports.Complaint{Part: PartAnswer, ID: id, Reason: reports.Edited}); !errors.Is(err, reports.ErrReported) {
		return err
	}
	return nil
}

// Report puts a question or an answer before the platform. Whoever is on the brand's team reports for the brand, in words of its own. Faults of
// About, reports.ErrReported, the fields reason and text.
func (s *Service) Report(ctx context.Context, c reports.Complaint) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		subject, team, err := About(ctx, tx, c.MemberID, c.Part, c.ID, s.now())
		if err != nil {
			return err
		}
		c.BrandID = 0
		if team {
			c.BrandID = subject.Question.BrandID
		}
		said, err := c.Check(Reasons())
		if err != nil {
			return err
		}
		return s.insert(ctx, tx, subject, said)
	})
}

// Reported is where reports about questions and answers are kept.
func Reported() reports.Table {
	return reports.Table{Name: "question_reports", Part: "part", Target: "coalesce(question_id, answer_id)", Brand: "brand_id", Title: "title", Body: "body", Desk: "/admin/questions"}
}

// Reports is where the platform decides about questions and answers; a report has what they said then.
func (s *Service) Reports() reports.Desk[Subject] {
	return reports.Desk[Subject]{
		Table:   Reported(),
		Subject: subjectOf,
		Party: func(ctx context.Context, q sqlx.QueryerContext, s Subject, memberID int64) (bool, error) {
			return reports.Concerns(ctx, q, memberID, s.Question.BrandID, s.author(), s.Question.DesignerID)
		},
		Again: &reports.Again[Subject]{
			Insert: s.insert,
			Hidden: func(about Subject) bool { return about.State() == Hidden },
			Authors: func(ctx context.Context, q sqlx.QueryerContext, about Subject) ([]int64, error) {
				return about.authors(ctx, q)
			},
			Name: func(about Subject) (name, path string) { return about.Question.ProductTitle, about.path() },
		},
	}
}

const (
	hideQuestion = `update questions set state = 'hidden', hidden_why = $2 where id = $1 and state <> 'deleted'`
	showQuestion = `update questions set state = 'shown', hidden_why = '' where id = $1 and state = 'hidden'`
	hideAnswer   = `update question_answers set state = 'hidden', hidden_why = $2, pinned_at = null where id = $1 and state <> 'deleted'`
	showAnswer   = `update question_answers set state = 'shown', hidden_why = '' where id = $1 and state = 'hidden'`
)

// Decide ends all open reports about one thing, and hides it or shows it: the author of what is hidden and who reported read why. Nobody decides
// about their own words or about products of their own brand. Faults: ErrGone, reports.ErrDecided, reports.ErrYourOwn, the field why.
func (s *Service) Decide(ctx context.Context, d reports.Decision) error {
	return s.Reports().Decide(ctx, s.db, d, s.now(), func(tx *sqlx.Tx, c reports.Case[Subject], d reports.Decision) error {
		query, args := map[reports.Part]string{PartQuestion: showQuestion, PartAnswer: showAnswer}, []any{d.ID}
		if d.Hide {
			query, args = map[reports.Part]string{PartQuestion: hideQuestion, PartAnswer: hideAnswer}, append(args, d.Why)
		}
		if _, err := tx.ExecContext(ctx, query[d.Part], args...); err != nil {
			return fmt.Errorf("decide about %s %d: %w", d.Part, d.ID, postgres.Translate(err))
		}
		err := members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: d.By, Action: "question decided", Subject: fmt.Sprintf("%s:%d", d.Part, d.ID),
			Detail: map[string]any{"decided": d.Outcome(), "why": d.Why}})
		if err != nil {
			return err
		}
		return s.tellDecided(ctx, tx, c, d)
	})
}

// tellDecided tells whose words were hidden, and who reported them.
func (s *Service) tellDecided(ctx context.Context, tx *sqlx.Tx, c reports.Case[Subject], d reports.Decision) error {
	n := notices.Notice{Kind: notices.Question, At: s.now(), Path: "/p/" + c.Subject.Question.Slug + "/questions",
		Args: notices.Args{"Title": c.Subject.Question.ProductTitle, "Why": d.Why}}
	if d.Hide && c.Subject.State() != Deleted {
		authors, err := c.Subject.authors(ctx, tx)
		if err != nil {
			return err
		}
		hidden := n
		hidden.Event, hidden.Subject, hidden.Path = "hidden", fmt.Sprintf("%s:%d:%d", c.Part, c.ID, s.now().UnixNano()), reports.HiddenPath(c.Part, c.ID)
		if err := notices.TellAll(ctx, tx, authors, hidden); err != nil {
			return err
		}
	}
	if !d.Hide {
		n.Path = c.Subject.path()
	}
	return c.Tell(ctx, tx, d, "question_report", n)
}
