package questions

import (
	"context"
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
insert into question_reports (part, question_id, answer_id, brand_id, member_id, reason, text, at)
values ($1, case when $1 = 'question' then $2::bigint end, case when $1 = 'answer' then $2 end, nullif($3, 0), nullif($4, 0), $5, $6, $7) on conflict do nothing`

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
		return reports.Insert(ctx, tx, insertReport, said.Part, said.ID, said.BrandID, said.MemberID, said.Reason, said.Text, s.now())
	})
}

// Reports is where the platform decides about questions and answers.
func Reports() reports.Desk[Subject] {
	return reports.Desk[Subject]{
		Table:   reports.Table{Name: "question_reports", Part: "part", Target: "coalesce(question_id, answer_id)", Brand: "brand_id"},
		Subject: subjectOf,
		Party: func(ctx context.Context, q sqlx.QueryerContext, s Subject, memberID int64) (bool, error) {
			return reports.Concerns(ctx, q, memberID, s.Question.BrandID, s.author())
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
	return Reports().Decide(ctx, s.db, d, s.now(), func(tx *sqlx.Tx, c reports.Case[Subject], d reports.Decision) error {
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

// tellDecided tells the author of what was hidden, and who reported it.
func (s *Service) tellDecided(ctx context.Context, tx *sqlx.Tx, c reports.Case[Subject], d reports.Decision) error {
	n := notices.Notice{Kind: notices.Question, At: s.now(), Path: "/p/" + c.Subject.Question.Slug + "/questions",
		Args: notices.Args{"Title": c.Subject.Question.ProductTitle, "Why": d.Why}}
	if author := c.Subject.author(); d.Hide && author != 0 {
		n.MemberID, n.Event, n.Subject = author, "hidden", fmt.Sprintf("%s:%d:%d", c.Part, c.ID, s.now().UnixNano())
		if err := notices.Tell(ctx, tx, n); err != nil {
			return err
		}
	}
	if !d.Hide {
		n.Path = c.Subject.path()
	}
	return c.Tell(ctx, tx, d, "question_report", n)
}
