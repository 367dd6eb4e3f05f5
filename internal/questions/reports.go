package questions

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/postgres"
)

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
func subjectOf(ctx context.Context, q sqlx.QueryerContext, part Part, id int64) (s Subject, err error) {
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

// About reads what a viewer, 0 for a guest, may report, and whether they report for the brand. ErrGone, ErrYourOwn.
func About(ctx context.Context, q sqlx.QueryerContext, viewer int64, part Part, id int64, now time.Time) (s Subject, team bool, err error) {
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

// Complaint is what somebody reports.
type Complaint struct {
	Part     Part
	ID       int64
	MemberID int64 // 0: a guest
	Reason   string
	Text     string
}

const insertReport = `
insert into question_reports (part, question_id, answer_id, brand_id, member_id, reason, text, at) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`

// Report puts a question or an answer before the platform. Whoever is on the brand's team reports for the brand, in words of its own. Faults of
// About, ErrReported where the same reporter's is open already, the fields reason and text.
func (s *Service) Report(ctx context.Context, c Complaint) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		subject, team, err := About(ctx, tx, c.MemberID, c.Part, c.ID, s.now())
		if err != nil {
			return err
		}
		var wrong error
		if !slices.Contains(Reasons(), c.Reason) {
			wrong = fault.Field("reason", "fault.required")
		}
		text, err := words("text", c.Text, MaxReport, !team && c.Reason != "other")
		if err := fault.Merge(wrong, err); err != nil {
			return err
		}
		var question, answer, brand, member *int64
		if question = &c.ID; subject.Answer != nil {
			question, answer = nil, &c.ID
		}
		if team {
			brand = &subject.Question.BrandID
		}
		if c.MemberID != 0 {
			member = &c.MemberID
		}
		res, err := tx.ExecContext(ctx, insertReport, c.Part, question, answer, brand, member, c.Reason, text, s.now())
		if err != nil {
			return fmt.Errorf("keep report: %w", postgres.Translate(err))
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return ErrReported
		}
		return nil
	})
}

// Report is what somebody found wrong, and what the platform decided.
type Report struct {
	ID        int64      `db:"id"`
	Part      Part       `db:"part"`
	MemberID  *int64     `db:"member_id"`
	By        string     `db:"by_name"` // the brand's or the member's name; empty: a visitor
	Reason    string     `db:"reason"`
	Text      string     `db:"text"`
	At        time.Time  `db:"at"`
	Decided   string     `db:"decided"` // "", "kept" or "hidden"
	DecidedAt *time.Time `db:"decided_at"`
	Why       string     `db:"why"`
}

const selectReports = `
select r.id, r.part, r.member_id, coalesce(b.name, m.name, '') as by_name, r.reason, r.text, r.at, r.decided, r.decided_at, r.why
from question_reports r left join brands b on b.id = r.brand_id left join members m on m.id = r.member_id `

func reports(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Report, error) {
	var list []Report
	if err := sqlx.SelectContext(ctx, q, &list, selectReports+where, args...); err != nil {
		return nil, fmt.Errorf("read reports: %w", postgres.Translate(err))
	}
	return list, nil
}

// Case is something reported with what is open about it; at most a hundred reports.
type Case struct {
	Part    Part
	ID      int64
	Subject Subject
	Reports []Report
}

const selectCases = `
select part, coalesce(question_id, answer_id) as id, count(*) over () as total from question_reports where decided = '' group by 1, 2 order by min(question_reports.id) limit $1 offset $2`

// Cases is what waits for the platform, the oldest first, and how many there are in all.
func Cases(ctx context.Context, q sqlx.QueryerContext, limit, offset int) (list []Case, total int, err error) {
	var rows []struct {
		Part  Part  `db:"part"`
		ID    int64 `db:"id"`
		Total int   `db:"total"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectCases, limit, offset); err != nil {
		return nil, 0, fmt.Errorf("read what was reported: %w", postgres.Translate(err))
	}
	for _, r := range rows {
		c, err := caseOf(ctx, q, r.Part, r.ID)
		if err != nil {
			return nil, 0, err
		}
		list, total = append(list, c), r.Total
	}
	return list, total, nil
}

func caseOf(ctx context.Context, q sqlx.QueryerContext, part Part, id int64) (c Case, err error) {
	c.Part, c.ID = part, id
	if c.Subject, err = subjectOf(ctx, q, part, id); err != nil {
		return c, err
	}
	c.Reports, err = reports(ctx, q, `where r.decided = '' and r.part = $1 and coalesce(r.question_id, r.answer_id) = $2 order by r.id limit 100`, part, id)
	return c, err
}

// Decided are the reports that the platform decided last.
func Decided(ctx context.Context, q sqlx.QueryerContext, limit int) ([]Report, error) {
	return reports(ctx, q, `where r.decided <> '' order by r.decided_at desc, r.id desc limit $1`, limit)
}

// Decision is what the platform decides of something that was reported.
type Decision struct {
	Part Part
	ID   int64
	By   int64
	Hide bool
	Why  string
}

const (
	hideQuestion = `update questions set state = 'hidden', hidden_why = $2 where id = $1 and state <> 'deleted'`
	showQuestion = `update questions set state = 'shown', hidden_why = '' where id = $1 and state = 'hidden'`
	hideAnswer   = `update question_answers set state = 'hidden', hidden_why = $2, pinned_at = null where id = $1 and state <> 'deleted'`
	showAnswer   = `update question_answers set state = 'shown', hidden_why = '' where id = $1 and state = 'hidden'`
	endReports   = `
update question_reports set decided = $3, decided_by = $4, decided_at = $5, why = $6 where decided = '' and part = $1 and coalesce(question_id, answer_id) = $2`
)

// Decide ends all open reports about one thing, and hides it or shows it: the author of what is hidden and who reported read why. Nobody decides
// about their own words or about products of their own brand. Faults: ErrGone, ErrYourOwn, the field why.
func (s *Service) Decide(ctx context.Context, d Decision) error {
	why, err := words("why", d.Why, MaxReport, false)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := caseOf(ctx, tx, d.Part, d.ID)
		if err != nil {
			return err
		}
		on, err := StandingOf(ctx, tx, d.By, c.Subject.Question.ProductID, s.now())
		if err != nil {
			return err
		}
		if on.Team || c.Subject.author() == d.By {
			return ErrYourOwn
		}
		decided, query, args := "kept", map[Part]string{PartQuestion: showQuestion, PartAnswer: showAnswer}, []any{d.ID}
		if d.Hide {
			decided, query, args = "hidden", map[Part]string{PartQuestion: hideQuestion, PartAnswer: hideAnswer}, append(args, why)
		}
		if _, err := tx.ExecContext(ctx, query[d.Part], args...); err != nil {
			return fmt.Errorf("decide about %s %d: %w", d.Part, d.ID, postgres.Translate(err))
		}
		if _, err := tx.ExecContext(ctx, endReports, d.Part, d.ID, decided, d.By, s.now(), why); err != nil {
			return fmt.Errorf("end reports: %w", postgres.Translate(err))
		}
		err = members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: d.By, Action: "question decided", Subject: fmt.Sprintf("%s:%d", d.Part, d.ID),
			Detail: map[string]any{"decided": decided, "why": why}})
		if err != nil {
			return err
		}
		return s.tellDecided(ctx, tx, c, decided, why)
	})
}

// tellDecided tells the author of what was hidden, and who reported it.
func (s *Service) tellDecided(ctx context.Context, tx *sqlx.Tx, c Case, decided, why string) error {
	n := notices.Notice{Kind: notices.Question, At: s.now(), Path: "/p/" + c.Subject.Question.Slug + "/questions",
		Args: notices.Args{"Title": c.Subject.Question.ProductTitle, "Why": why}}
	if author := c.Subject.author(); decided == "hidden" && author != 0 {
		n.MemberID, n.Event, n.Subject = author, "hidden", fmt.Sprintf("%s:%d:%d", c.Part, c.ID, s.now().UnixNano())
		if err := notices.Tell(ctx, tx, n); err != nil {
			return err
		}
	}
	for _, r := range c.Reports {
		if r.MemberID == nil {
			continue
		}
		n.MemberID, n.Event, n.Subject = *r.MemberID, "report_"+decided, fmt.Sprintf("question_report:%d", r.ID)
		if decided == "kept" {
			n.Path = c.Subject.path()
		}
		if err := notices.Tell(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}
