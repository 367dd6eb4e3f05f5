package ratings

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/reports"
)

// What can be reported.
const (
	PartRating reports.Part = "rating"
	PartReply  reports.Part = "reply"
	PartThanks reports.Part = "thanks"
)

var reasons = [...]string{"fake", "insult", "personal", "off_topic", "advert", "illegal", "other"}

// Reasons are the reasons that a report may give.
func Reasons() []string { return reasons[:] }

// Subject is what a report is about: of a rating or its reply the rating, else the entry of a guest book.
type Subject struct {
	Part   reports.Part
	Rating *Rating
	Thanks *Thanks
}

// Reported is where reports about ratings, replies and guest books are kept.
func Reported() reports.Table {
	return reports.Table{Name: "rating_reports", Part: "part", Target: "coalesce(rating_id, thanks_id)", Brand: "brand_id", Desk: "/admin/ratings"}
}

// Reports is where the platform decides about ratings, replies and guest books.
func (s *Service) Reports() reports.Desk[Subject] {
	return reports.Desk[Subject]{
		Table:   Reported(),
		Subject: subjectOf,
		Party:   isParty,
		Again: &reports.Again[Subject]{
			Insert: func(ctx context.Context, tx *sqlx.Tx, _ Subject, c reports.Complaint) error {
				return s.insert(ctx, tx, c)
			},
			Hidden:  Subject.hidden,
			Authors: authors,
			Name:    nameOf,
		},
	}
}

// nameOf is what a notice calls it, and the page where it is read.
func nameOf(about Subject) (name, path string) {
	if about.Thanks != nil {
		return "@" + about.Thanks.Handle, "/@" + about.Thanks.Handle + "/thanks"
	}
	return about.Rating.ProductTitle, "/p/" + about.Rating.Slug + "/ratings"
}

// hidden says whether the platform hides it.
func (s Subject) hidden() bool {
	switch {
	case s.Thanks != nil:
		return s.Thanks.State == Removed
	case s.Part == PartReply:
		return s.Rating.ReplyHidden
	}
	return s.Rating.State == Hidden
}

const selectAuthors = `
select m.id from ratings r join members m on m.id = r.member_id or m.email_normal = r.buyer and m.email_confirmed_at is not null where $1 = 'rating' and r.id = $2
union select t.member_id from ratings r join brand_members t on t.brand_id = r.brand_id where $1 = 'reply' and r.id = $2
union select m.id from thanks t join members m on m.id = t.member_id or m.email_normal = t.buyer and m.email_confirmed_at is not null where $1 = 'thanks' and t.id = $2`

// authors are the members whose words they are: who bought without an account is known by their e-mail, once it is confirmed.
func authors(ctx context.Context, q sqlx.QueryerContext, about Subject) (list []int64, err error) {
	err = sqlx.SelectContext(ctx, q, &list, selectAuthors, about.Part, about.id())
	return list, postgres.Translate(err)
}

// ownPath is the page where its author contests that it is hidden; empty where they have no account.
func ownPath(ctx context.Context, q sqlx.QueryerContext, about Subject) (string, error) {
	list, err := authors(ctx, q, about)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return reports.HiddenPath(about.Part, about.id()), nil
}

func (s Subject) id() int64 {
	if s.Thanks != nil {
		return s.Thanks.ID
	}
	return s.Rating.ID
}

// About reads what can be reported: ErrGone where it is not there to be seen, or where a rating has no reply.
func About(ctx context.Context, q sqlx.QueryerContext, part reports.Part, id int64) (Subject, error) {
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
func subjectOf(ctx context.Context, q sqlx.QueryerContext, part reports.Part, id int64) (Subject, error) {
	switch part {
	case PartThanks:
		t, err := ThanksByID(ctx, q, id)
		return Subject{Part: part, Thanks: &t}, err
	case PartRating, PartReply:
		r, err := ByID(ctx, q, id)
		return Subject{Part: part, Rating: &r}, err
	}
	return Subject{}, ErrGone
}

// Report puts something before the platform. A brand reports what is said of its own products, with a reason and words of its own; nobody
// reports their own words. Faults: ErrGone, reports.ErrReported, reports.ErrYourOwn, the fields reason and text.
func (s *Service) Report(ctx context.Context, c reports.Complaint) error {
	c, err := c.Check(Reasons())
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		subject, err := About(ctx, tx, c.Part, c.ID)
		if err != nil {
			return err
		}
		if c.BrandID != 0 && (subject.Rating == nil || subject.Rating.BrandID != c.BrandID) {
			return ErrGone
		}
		author, err := isAuthor(ctx, tx, c.Part, subject, c.MemberID)
		switch {
		case err != nil:
			return err
		case author, c.BrandID != 0 && c.Part == PartReply:
			return reports.ErrYourOwn
		}
		return s.insert(ctx, tx, c)
	})
}

const insertReport = `
insert into rating_reports (part, rating_id, thanks_id, brand_id, member_id, reason, text, at)
values ($1, case when $1 <> 'thanks' then $2::bigint end, case when $1 = 'thanks' then $2 end, nullif($3, 0), nullif($4, 0), $5, $6, $7) on conflict do nothing`

func (s *Service) insert(ctx context.Context, tx *sqlx.Tx, c reports.Complaint) error {
	return Reported().Insert(ctx, tx, s.now(), insertReport, c.Part, c.ID, c.BrandID, c.MemberID, c.Reason, c.Text, s.now())
}

// lookAgain has the platform look again at something hidden that was written anew; once until it did.
func (s *Service) lookAgain(ctx context.Context, tx *sqlx.Tx, part reports.Part, id int64) error {
	if err := s.insert(ctx, tx, reports.Complaint{Part: part, ID: id, Reason: reports.Edited}); !errors.Is(err, reports.ErrReported) {
		return err
	}
	return nil
}

// ReportsOfBrand are the reports of a brand's team about one rating, the newest first.
func ReportsOfBrand(ctx context.Context, q sqlx.QueryerContext, brandID int64, ratingIDs ...int64) (map[int64]reports.Report, error) {
	list, err := reports.Desk[Subject]{Table: Reported()}.Reports(ctx, q, `r.brand_id = $1 and r.part <> 'thanks' and r.target = any($2) order by r.id`, brandID, int64s(ratingIDs))
	byRating := map[int64]reports.Report{}
	for _, r := range list {
		byRating[r.Target] = r
	}
	return byRating, err
}

// Who bought without an account is known by their e-mail; of a brand's reply the whole team is the author.
const selectAuthor = `
select exists (select 1 from ratings r where $1 = 'rating' and r.id = $2 and (r.member_id = m.id or r.buyer = m.email_normal))
  or exists (select 1 from ratings r join brand_members t on t.brand_id = r.brand_id where $1 = 'reply' and r.id = $2 and t.member_id = m.id)
  or exists (select 1 from thanks t where $1 = 'thanks' and t.id = $2 and (t.member_id = m.id or t.buyer = m.email_normal))
from members m where m.id = $3`

// isAuthor says whether a member wrote what a report is about; 0, a visitor without an account, did not.
func isAuthor(ctx context.Context, q sqlx.QueryerContext, part reports.Part, subject Subject, memberID int64) (author bool, err error) {
	if memberID == 0 {
		return false, nil
	}
	err = sqlx.GetContext(ctx, q, &author, selectAuthor, part, subject.id(), memberID)
	return author, postgres.Translate(err)
}

const selectParty = `
select exists (select 1 from ratings r where r.id = $1 and (r.member_id = $3
    or exists (select 1 from brand_members t where t.brand_id = r.brand_id and t.member_id = $3)))
  or exists (select 1 from thanks t where t.id = $2 and $3 in (t.member_id, t.storefront_id))`

func isParty(ctx context.Context, q sqlx.QueryerContext, subject Subject, memberID int64) (party bool, err error) {
	var rating, thanks int64
	if subject.Rating != nil {
		rating = subject.Rating.ID
	} else {
		thanks = subject.Thanks.ID
	}
	err = sqlx.GetContext(ctx, q, &party, selectParty, rating, thanks, memberID)
	return party, postgres.Translate(err)
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

// Decide ends all open reports about one thing, and shows or hides it: the author of what is hidden and who reported read why. Nobody decides
// about their own words or those about their own brand or storefront. Faults: ErrGone, reports.ErrDecided, reports.ErrYourOwn, the field why.
func (s *Service) Decide(ctx context.Context, d reports.Decision) error {
	return s.Reports().Decide(ctx, s.db, d, s.now(), func(tx *sqlx.Tx, c reports.Case[Subject], d reports.Decision) error {
		if err := s.apply(ctx, tx, c.Subject, d); err != nil {
			return err
		}
		if name, _ := nameOf(c.Subject); d.Hide {
			if err := c.TellRefused(ctx, tx, name, s.now()); err != nil {
				return err
			}
		}
		for _, r := range c.Reports {
			if !r.Reported() {
				continue
			}
			l := letter{Report: r, Why: d.Why}
			l.Report.Decided = d.Outcome()
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
	})
}

func (s *Service) apply(ctx context.Context, tx *sqlx.Tx, was Subject, d reports.Decision) error {
	query := map[reports.Part][2]string{PartRating: {showRating, hideRating}, PartReply: {showReply, hideReply}, PartThanks: {showThanks, hideThanks}}[d.Part]
	args, text := []any{d.ID}, query[0]
	if d.Hide {
		args, text = append(args, d.Why), query[1]
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
	if !d.Hide || was.hidden() {
		return nil
	}
	own, err := ownPath(ctx, tx, was)
	if err != nil {
		return err
	}
	switch {
	case d.Part == PartReply:
		return s.tellReplyHidden(ctx, tx, *was.Rating, reference)
	case d.Part == PartRating && was.Rating.State == Shown:
		return s.toBuyer(ctx, tx, was.Rating.OrderLineID, "rating_hidden", reference, letter{Rating: *was.Rating, Why: d.Why, Own: own})
	case d.Part == PartThanks && was.Thanks.State == Shown:
		var line int64
		if err := tx.GetContext(ctx, &line, `select order_line_id from thanks where id = $1`, d.ID); err != nil {
			return postgres.Translate(err)
		}
		return s.toBuyer(ctx, tx, line, "thanks_removed", reference, letter{Thanks: *was.Thanks, Why: d.Why, Own: own})
	}
	return nil
}
