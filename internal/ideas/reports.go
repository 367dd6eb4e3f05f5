package ideas

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// Complaint is what somebody reports. CommentID is 0 where it is the idea itself, MemberID 0 where the reporter is not signed in.
type Complaint struct {
	IdeaID, CommentID, MemberID int64
	Reason, Text                string
}

// part is what is reported.
func (c Complaint) part() Part {
	if c.CommentID != 0 {
		return AComment
	}
	return AnIdea
}

const insertReport = `
insert into idea_reports (part, idea_id, comment_id, member_id, reason, text, at) values ($1, $2, nullif($3, 0), nullif($4, 0), $5, $6, $7) on conflict do nothing`

// Report puts an idea or a comment before the platform. Nobody reports their own words. Faults: ErrGone, ErrReported, ErrYourOwn, the fields reason and text.
func (s *Service) Report(ctx context.Context, c Complaint) error {
	if !slices.Contains(Reasons(), c.Reason) {
		return fault.Field("reason", "fault.required")
	}
	text, err := clean("text", c.Text, MaxWhy, c.Reason != "other")
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		author, err := reportable(ctx, tx, c.IdeaID, c.CommentID)
		switch {
		case err != nil:
			return err
		case author == c.MemberID:
			return ErrYourOwn
		}
		r, err := tx.ExecContext(ctx, insertReport, c.part(), c.IdeaID, c.CommentID, c.MemberID, c.Reason, text, s.now())
		if err != nil {
			return fmt.Errorf("keep report: %w", postgres.Translate(err))
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return ErrReported
		}
		return nil
	})
}

// reportable is the author of what everybody can read. ErrGone.
func reportable(ctx context.Context, q sqlx.QueryerContext, id, commentID int64) (int64, error) {
	v, err := ByID(ctx, q, id, 0)
	if err != nil || commentID == 0 {
		return v.AuthorID, err
	}
	c, err := CommentOf(ctx, q, id, commentID)
	return c.AuthorID, err
}

const selectReports = `
select r.id, r.part, r.idea_id, coalesce(r.comment_id, 0) as comment_id, coalesce(r.member_id, 0) as member_id, coalesce(m.name, '') as by_name, r.reason, r.text, r.at, r.decided, r.decided_at, r.why
from idea_reports r left join members m on m.id = r.member_id where `

func reports(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (list []Report, err error) {
	if err := sqlx.SelectContext(ctx, q, &list, selectReports+where, args...); err != nil {
		return nil, fmt.Errorf("read reports: %w", postgres.Translate(err))
	}
	return list, nil
}

// Case is something reported with all that is open about it.
type Case struct {
	Idea    View
	Comment *Comment // nil: the idea itself
	Reports []Report
}

// CommentID is the number of the comment; 0: the idea itself.
func (c Case) CommentID() int64 {
	if c.Comment == nil {
		return 0
	}
	return c.Comment.ID
}

const selectCases = `
select idea_id, coalesce(comment_id, 0) as comment_id, count(*) over () as total from idea_reports where decided = '' group by 1, 2 order by min(at), 1, 2 limit $1 offset $2`

// Cases is what waits for the platform, the oldest first, and how many there are in all.
func Cases(ctx context.Context, q sqlx.QueryerContext, limit, offset int) (list []Case, total int, err error) {
	var rows []struct {
		IdeaID    int64 `db:"idea_id"`
		CommentID int64 `db:"comment_id"`
		Total     int   `db:"total"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectCases, limit, offset); err != nil {
		return nil, 0, fmt.Errorf("read what was reported: %w", postgres.Translate(err))
	}
	for _, r := range rows {
		c, err := caseOf(ctx, q, r.IdeaID, r.CommentID)
		if err != nil {
			return nil, 0, err
		}
		list, total = append(list, c), r.Total
	}
	return list, total, nil
}

// caseOf is one of them, whatever its state; at most a hundred reports.
func caseOf(ctx context.Context, q sqlx.QueryerContext, id, commentID int64) (c Case, err error) {
	vs, err := viewsWhere(ctx, q, 0, `i.id = $2`, id)
	if err == nil && len(vs) == 0 {
		err = ErrGone
	}
	if err != nil {
		return c, err
	}
	c.Idea = vs[0]
	if commentID != 0 {
		c.Comment = &Comment{}
		if err := sqlx.GetContext(ctx, q, c.Comment, selectComments+`c.id = $1 and c.idea_id = $2`, commentID, id); err != nil {
			return c, orGone(err)
		}
	}
	c.Reports, err = reports(ctx, q, `r.decided = '' and r.idea_id = $1 and coalesce(r.comment_id, 0) = $2 order by r.id limit 100`, id, commentID)
	return c, err
}

// DecidedLately are the reports that the platform decided last.
func DecidedLately(ctx context.Context, q sqlx.QueryerContext, limit int) ([]Report, error) {
	return reports(ctx, q, `r.decided <> '' order by r.decided_at desc, r.id desc limit $1`, limit)
}

// Decision is what the platform decides of something that was reported.
type Decision struct {
	IdeaID, CommentID, By int64
	Hide                  bool
	Why                   string
}

const (
	decideIdea    = `update ideas set hidden_why = $2 where id = $1`
	decideComment = `update idea_comments set hidden_why = $2 where id = $1`
	endReports    = `update idea_reports set decided = $3, decided_by = $4, decided_at = $5, why = $6 where decided = '' and idea_id = $1 and coalesce(comment_id, 0) = $2`
)

// Decide ends all open reports about one thing, and shows or hides it: the author of what is hidden and who reported read why. Nobody decides about their own words
// or about ideas to their own brand. Faults: ErrGone, ErrYourOwn, the field why.
func (s *Service) Decide(ctx context.Context, d Decision) error {
	why, err := clean("why", d.Why, MaxWhy, false)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := caseOf(ctx, tx, d.IdeaID, d.CommentID)
		if err != nil {
			return err
		}
		author, query, id := c.Idea.AuthorID, decideIdea, d.IdeaID
		if c.Comment != nil {
			author, query, id = c.Comment.AuthorID, decideComment, d.CommentID
		}
		if onTeam(ctx, tx, d.By, c.Idea.BrandID) == nil || author == d.By {
			return ErrYourOwn
		}
		hidden := ""
		if d.Hide {
			hidden = why
		}
		if _, err := tx.ExecContext(ctx, query, id, hidden); err != nil {
			return fmt.Errorf("decide about idea %d: %w", d.IdeaID, postgres.Translate(err))
		}
		return s.end(ctx, tx, c, d, author, why)
	})
}

// end closes what is open about a case, and tells whom it concerns.
func (s *Service) end(ctx context.Context, tx *sqlx.Tx, c Case, d Decision, author int64, why string) error {
	now, decided := s.now(), "kept"
	action := "idea report kept"
	if d.Hide {
		decided = "hidden"
		action = "idea report hidden"
	}
	if _, err := tx.ExecContext(ctx, endReports, d.IdeaID, d.CommentID, decided, d.By, now, why); err != nil {
		return fmt.Errorf("end reports: %w", postgres.Translate(err))
	}
	n, _, err := s.about(ctx, tx, c.Idea.Idea, "")
	if err != nil {
		return err
	}
	n.Args["Why"] = why
	for _, r := range c.Reports {
		if r.MemberID == 0 {
			continue
		}
		if n.MemberID, n.Event, n.Subject = r.MemberID, "report_"+decided, fmt.Sprintf("idea_report:%d", r.ID); d.Hide {
			n.Path = "/ideas"
		}
		if err := notices.Tell(ctx, tx, n); err != nil {
			return err
		}
	}
	if d.Hide {
		n.MemberID, n.Event, n.Path = author, "hidden", c.Idea.Path()
		n.Subject = fmt.Sprintf("idea:%d:%d:hidden:%d", d.IdeaID, d.CommentID, now.UnixNano())
		if c.Comment != nil {
			n.Event = "comment_hidden"
		}
		if err := notices.Tell(ctx, tx, n); err != nil {
			return err
		}
	}
	subject := fmt.Sprintf("idea %d", d.IdeaID)
	if c.Comment != nil {
		subject = fmt.Sprintf("comment %d", d.CommentID)
	}
	return members.Audit(ctx, tx, members.AuditEntry{At: now, ActorID: d.By, Action: action, Subject: subject, Detail: map[string]any{"why": why}})
}
