package ratings

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// Complaint is what somebody reports. BrandID is set at a brand's desk, MemberID where the reporter is signed in.
type Complaint struct {
	Part     Part
	ID       int64 // of the rating or the entry
	BrandID  *int64
	MemberID *int64
	Reason   string
	Text     string
}

// Subject is what a report is about, whatever its part: of the two, one is set.
type Subject struct {
	Rating *Rating
	Thanks *Thanks
}

// About reads what can be reported: ErrGone where it is not there to be seen, or where a rating has no reply.
func About(ctx context.Context, q sqlx.QueryerContext, part Part, id int64) (Subject, error) {
	subject, err := subjectOf(ctx, q, part, id)
	switch {
	case err != nil:
		return subject, err
	case subject.Thanks != nil && subject.Thanks.State != Shown,
		subject.Rating != nil && subject.Rating.State != Shown,
		part == PartReply && !subject.Rating.ReplyShown():
		return Subject{}, ErrGone
	}
	return subject, nil
}

// subjectOf is About for the platform: whatever its state.
func subjectOf(ctx context.Context, q sqlx.QueryerContext, part Part, id int64) (Subject, error) {
	switch part {
	case PartThanks:
		t, err := ThanksByID(ctx, q, id)
		return Subject{Thanks: &t}, err
	case PartRating, PartReply:
		r, err := ByID(ctx, q, id)
		return Subject{Rating: &r}, err
	}
	return Subject{}, ErrGone
}

// Report puts something before the platform. A brand reports what is said of its own products, with a reason and words of its own; nobody
// reports their own words. Faults: ErrGone, ErrReported, ErrYourOwn, the fields reason and text.
func (s *Service) Report(ctx context.Context, c Complaint) error {
	if !slices.Contains(Reasons(), c.Reason) {
		return fault.Field("reason", "fault.required")
	}
	text, err := clean("text", c.Text, MaxReport, c.BrandID == nil && c.Reason != "other", true)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		subject, err := About(ctx, tx, c.Part, c.ID)
		if err != nil {
			return err
		}
		if c.BrandID != nil && (subject.Rating == nil || subject.Rating.BrandID != *c.BrandID) {
			return ErrGone
		}
		if c.BrandID != nil && c.Part == PartReply {
			return ErrYourOwn
		}
		r := Report{Part: c.Part, BrandID: c.BrandID, MemberID: c.MemberID, Reason: c.Reason, Text: text}
		if r.RatingID = &c.ID; c.Part == PartThanks {
			r.RatingID, r.ThanksID = nil, &c.ID
		}
		return s.report(ctx, tx, r)
	})
}

const insertReport = `
insert into rating_reports (part, rating_id, thanks_id, brand_id, member_id, reason, text, at) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`

// report keeps a report; ErrReported where the same reporter's is open already, which for the platform's own note is none.
func (s *Service) report(ctx context.Context, tx *sqlx.Tx, r Report) error {
	res, err := tx.ExecContext(ctx, insertReport, r.Part, r.RatingID, r.ThanksID, r.BrandID, r.MemberID, r.Reason, r.Text, s.now())
	if err != nil {
		return fmt.Errorf("keep report: %w", postgres.Translate(err))
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 && r.Reason != "edited" {
		return ErrReported
	}
	return nil
}

const selectReports = `
select r.id, r.part, r.rating_id, r.thanks_id, r.brand_id, r.member_id, coalesce(b.name, m.name, '') as by_name, r.reason, r.text, r.at, r.decided, r.decided_at, r.why
from rating_reports r left join brands b on b.id = r.brand_id left join members m on m.id = r.member_id `

func reports(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Report, error) {
	var list []Report
	if err := sqlx.SelectContext(ctx, q, &list, selectReports+where, args...); err != nil {
		return nil, fmt.Errorf("read reports: %w", postgres.Translate(err))
	}
	return list, nil
}

// Case is something reported with all that is open about it.
type Case struct {
	Part    Part
	ID      int64
	Subject Subject
	Reports []Report
}

const selectCases = `
select part, coalesce(rating_id, thanks_id) as id, count(*) over () as total from rating_reports where decided = '' group by 1, 2 order by min(at), 1, 2 limit $1 offset $2`

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
		c, err := CaseOf(ctx, q, r.Part, r.ID)
		if err != nil {
			return nil, 0, err
		}
		list, total = append(list, c), r.Total
	}
	return list, total, nil
}

// CaseOf is one thing with what is open about it; at most a hundred reports.
func CaseOf(ctx context.Context, q sqlx.QueryerContext, part Part, id int64) (c Case, err error) {
	c.Part, c.ID = part, id
	if c.Subject, err = subjectOf(ctx, q, part, id); err != nil {
		return c, err
	}
	c.Reports, err = reports(ctx, q, `where r.decided = '' and r.part = $1 and coalesce(r.rating_id, r.thanks_id) = $2 order by r.id limit 100`, part, id)
	return c, err
}

// Decided are the reports that the platform decided last.
func Decided(ctx context.Context, q sqlx.QueryerContext, limit int) ([]Report, error) {
	return reports(ctx, q, `where r.decided <> '' order by r.decided_at desc, r.id desc limit $1`, limit)
}

// ReportsOfBrand are the reports of a brand's team about one rating, the newest first.
func ReportsOfBrand(ctx context.Context, q sqlx.QueryerContext, brandID int64, ratingIDs ...int64) (map[int64]Report, error) {
	list, err := reports(ctx, q, `where r.brand_id = $1 and r.rating_id = any($2) order by r.id`, brandID, int64s(ratingIDs))
	byRating := map[int64]Report{}
	for _, r := range list {
		byRating[*r.RatingID] = r
	}
	return byRating, err
}

// Decision is what the platform decides of something that was reported.
type Decision struct {
	Part Part
	ID   int64
	By   int64
	Hide bool
	Why  string
}

const selectParty = `
select exists (select 1 from ratings r where $1 <> 'thanks' and r.id = $2 and (r.member_id = $3
    or exists (select 1 from brand_members t where t.brand_id = r.brand_id and t.member_id = $3)))
  or exists (select 1 from thanks t where $1 = 'thanks' and t.id = $2 and $3 in (t.member_id, t.storefront_id))`

// Decide ends all open reports about one thing, and shows or hides it: the author of what is hidden and who reported read why. Nobody decides
// about their own words or those about their own brand or storefront. Faults: ErrGone, ErrYourOwn, the field why.
func (s *Service) Decide(ctx context.Context, d Decision) error {
	why, err := clean("why", d.Why, MaxReport, false, true)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var party bool
		if err := tx.GetContext(ctx, &party, selectParty, d.Part, d.ID, d.By); err != nil {
			return postgres.Translate(err)
		}
		if party {
			return ErrYourOwn
		}
		was, err := subjectOf(ctx, tx, d.Part, d.ID)
		if err != nil {
			return err
		}
		if err := s.apply(ctx, tx, was, d, why); err != nil {
			return err
		}
		c, err := CaseOf(ctx, tx, d.Part, d.ID)
		if err != nil {
			return err
		}
		return s.end(ctx, tx, c, d, why)
	})
}

// What each part becomes: hidden, or as it would be without the report. Withdrawn stays so, and what its owner hid.
const (
	hideRating = `update ratings set state = 'hidden', hidden_why = $2 where id = $1`
	showRating = `update ratings set state = case state when 'hidden' then 'shown' else state end, hidden_why = '' where id = $1`
	hideReply  = `update ratings set reply_hidden = true where id = $1 and reply <> '' and $2 <> ''`
	showReply  = `update ratings set reply_hidden = false where id = $1`
	hideThanks = `update thanks set state = 'removed', removed_why = $2 where id = $1`
	showThanks = `update thanks set state = case state when 'removed' then 'shown' else state end, removed_why = '' where id = $1`
)

func (s *Service) apply(ctx context.Context, tx *sqlx.Tx, was Subject, d Decision, why string) error {
	query := map[Part][2]string{PartRating: {showRating, hideRating}, PartReply: {showReply, hideReply}, PartThanks: {showThanks, hideThanks}}[d.Part]
	args, text := []any{d.ID}, query[0]
	if d.Hide {
		args, text = append(args, why), query[1]
	}
	if _, err := tx.ExecContext(ctx, text, args...); err != nil {
		return fmt.Errorf("decide about %s %d: %w", d.Part, d.ID, postgres.Translate(err))
	}
	if d.Hide && d.Part == PartThanks {
		if err := notices.Untell(ctx, tx, was.Thanks.StorefrontID, notices.Thanks, told(d.ID)); err != nil {
			return err
		}
	}
	reference := fmt.Sprintf("%s:%d:hidden:%d", d.Part, d.ID, s.now().UnixNano())
	switch {
	case !d.Hide:
	case d.Part == PartRating && was.Rating.State == Shown:
		return s.toBuyer(ctx, tx, was.Rating.OrderLineID, "rating_hidden", reference, letter{Rating: *was.Rating, Why: why})
	case d.Part == PartThanks && was.Thanks.State == Shown:
		var line int64
		if err := tx.GetContext(ctx, &line, `select order_line_id from thanks where id = $1`, d.ID); err != nil {
			return postgres.Translate(err)
		}
		return s.toBuyer(ctx, tx, line, "thanks_removed", reference, letter{Thanks: *was.Thanks, Why: why})
	}
	return nil
}

const endReports = `
update rating_reports set decided = $3, decided_by = $4, decided_at = $5, why = $6 where decided = '' and part = $1 and coalesce(rating_id, thanks_id) = $2`

// end closes what is open about a case and tells who reported.
func (s *Service) end(ctx context.Context, tx *sqlx.Tx, c Case, d Decision, why string) error {
	decided := "kept"
	if d.Hide {
		decided = "hidden"
	}
	at := s.now()
	if _, err := tx.ExecContext(ctx, endReports, d.Part, d.ID, decided, d.By, at, why); err != nil {
		return fmt.Errorf("end reports: %w", postgres.Translate(err))
	}
	for _, r := range c.Reports {
		l := letter{Report: r, Why: why}
		l.Report.Decided = decided
		if c.Subject.Rating != nil {
			l.Rating = *c.Subject.Rating
		} else {
			l.Thanks = *c.Subject.Thanks
		}
		if err := s.toReporter(ctx, tx, l); err != nil {
			return err
		}
	}
	return nil
}
