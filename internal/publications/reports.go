package publications

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/reports"
)

// APublication is what is reported.
const APublication reports.Part = "publication"

var reasons = [...]string{"copied", "trademark", "likeness", "illegal", "other"}

// Reasons are those that a report may give.
func Reasons() []string { return reasons[:] }

// Claim is a report of rights: of a member, or of a visitor who says where they can be reached.
type Claim struct {
	reports.Complaint
	Email string // of a visitor
	Lang  i18n.Lang
}

// Subject is what a report is about, with the variations of it, and of these, that are asked for or sold: what is sold stays when it is taken down, and can each be taken down too.
type Subject struct {
	Publication
	Variations []Publication
}

// Reported is where reports about published designs are kept.
func Reported() reports.Table {
	return reports.Table{Name: "publication_reports", Part: "'publication'", Target: "publication_id", Desk: "/admin/publications"}
}

// Reports is where the platform decides about published designs: what is not kept is taken down, for good.
func Reports() reports.Desk[Subject] {
	return reports.Desk[Subject]{
		Table:   Reported(),
		Subject: subjectOf,
		Party: func(ctx context.Context, q sqlx.QueryerContext, s Subject, memberID int64) (bool, error) {
			return reports.Concerns(ctx, q, memberID, s.BrandID, s.AuthorID)
		},
	}
}

const selectVariations = `
with recursive varied as (select id from publications where parent_id = $1 union select p.id from publications p join varied v on p.parent_id = v.id)
select ` + columns + from + `where p.id in (select id from varied) and p.state in ('asked','listed') order by p.id`

func subjectOf(ctx context.Context, q sqlx.QueryerContext, _ reports.Part, id int64) (s Subject, err error) {
	if s.Publication, err = ByID(ctx, q, id); err != nil {
		return s, err
	}
	err = sqlx.SelectContext(ctx, q, &s.Variations, selectVariations, id)
	return s, postgres.Translate(err)
}

const insertReport = `
insert into publication_reports (publication_id, member_id, email, lang, reason, text, at) values ($1, nullif($2, 0), $3, $4, $5, $6, $7) on conflict do nothing`

// maxVisitors is how many open reports of visitors there may be about a publication: the platform looks at it already.
const maxVisitors = 20

// ErrReportedOften says that maxVisitors wait, whoever asks.
var ErrReportedOften = fault.New(fault.Conflict, "fault.publications.reported_often")

const countVisitors = `select count(*) from publication_reports where publication_id = $1 and decided = '' and member_id is null`

// Report says that a published design breaks somebody's rights. Words are asked for, whatever the reason: what is copied, and how it is known. Nobody reports their own. A visitor is not told
// that there is a report of that address. Faults: ErrGone, ErrReportedOften, reports.ErrReported, reports.ErrYourOwn, the fields reason, text and, of a visitor, email.
func (s *Service) Report(ctx context.Context, c Claim) error {
	said, err := c.Check(Reasons())
	if said.Text == "" {
		err = fault.Merge(err, fault.Field("text", "fault.required"))
	}
	if c.MemberID != 0 {
		c.Email = ""
	} else if a, wrong := netmail.ParseAddress(c.Email); wrong != nil || a.Address != c.Email || len(c.Email) > 254 {
		err = fault.Merge(err, fault.Field("email", "fault.email"))
	}
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := lock(ctx, tx, c.ID) // two at once: the second counts the first
		switch {
		case err != nil:
			return err
		case p.ProductID == nil:
			return ErrGone
		case p.AuthorID == c.MemberID:
			return reports.ErrYourOwn
		}
		if c.MemberID == 0 {
			var open int
			if err := tx.GetContext(ctx, &open, countVisitors, p.ID); err != nil {
				return postgres.Translate(err)
			}
			if open >= maxVisitors {
				return ErrReportedOften
			}
		}
		err = Reported().Insert(ctx, tx, s.now(), insertReport, p.ID, c.MemberID, c.Email, c.Lang, said.Reason, said.Text, s.now())
		if c.MemberID == 0 && errors.Is(err, reports.ErrReported) {
			return nil
		}
		return err
	})
}

// Decide ends all open reports about a publication: it stays, or its design is taken down for good, whatever is asked for or listed of it, and the product archived. Its author, the team of its brand and whoever reported it are told why, a visitor by
// mail. What was ordered stays ordered: its brand refunds what it does not make. Nobody decides about their own, or about what their brand sells. Faults: ErrGone, ErrOver,
// reports.ErrYourOwn, the field why.
func (s *Service) Decide(ctx context.Context, d reports.Decision) error {
	return Reports().Decide(ctx, s.db, d, s.now(), func(tx *sqlx.Tx, c reports.Case[Subject], d reports.Decision) error {
		if err := lockShop(ctx, tx, c.Subject.BrandID); err != nil {
			return err
		}
		p, err := lock(ctx, tx, d.ID)
		if err != nil {
			return err
		}
		action := "publication report kept"
		if d.Hide {
			action = "publication taken down"
			if p, err = s.takeDown(ctx, tx, p, d); err != nil {
				return err
			}
		}
		n := s.about(p, "", p.Revision)
		n.Args["Why"] = d.Why
		if p.State == TakenDown {
			n.Path = "/products"
		}
		if err := c.Tell(ctx, tx, d, "publication_report", n); err != nil {
			return err
		}
		if err := s.tellVisitors(ctx, tx, p, d); err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: d.By, Action: action, Subject: fmt.Sprintf("publication %d", p.ID), Detail: map[string]any{"why": d.Why}})
	})
}

const (
	lockDesign     = `select 1 from designs where id = $1 for no key update`
	selectStanding = `select ` + columns + from + `where p.design_id = $1 and (p.id = $2 or p.state in ('asked','listed')) order by p.id for no key update of p`
)

// takeDown ends a publication that is locked, and each other one that is asked for or listed of the same design: its author may have left and asked again before the platform decided.
// Nobody asks for the design meanwhile, or ever again. What was taken down already stays so.
func (s *Service) takeDown(ctx context.Context, tx *sqlx.Tx, p Publication, d reports.Decision) (Publication, error) {
	if _, err := tx.ExecContext(ctx, lockDesign, p.DesignID); err != nil {
		return p, postgres.Translate(err)
	}
	var all []Publication
	if err := tx.SelectContext(ctx, &all, selectStanding, p.DesignID, p.ID); err != nil {
		return p, postgres.Translate(err)
	}
	for _, one := range all {
		if one.State == TakenDown {
			continue
		}
		if err := s.end(ctx, tx, &one, step{TakeDown, &d.By, one.Revision, d.Why}); err != nil {
			return p, err
		}
		if err := s.tellAuthor(ctx, tx, one, TakeDown, one.Revision); err != nil {
			return p, err
		}
		if err := s.tellTeam(ctx, tx, one, TakeDown, one.Revision); err != nil {
			return p, err
		}
		if one.ID == p.ID {
			p = one
		}
	}
	return p, nil
}

const selectVisitors = `select id, email, lang from publication_reports where publication_id = $1 and decided = '' and member_id is null order by id`

// tellVisitors writes to those who reported without an account.
func (s *Service) tellVisitors(ctx context.Context, tx *sqlx.Tx, p Publication, d reports.Decision) error {
	var list []struct {
		ID    int64     `db:"id"`
		Email string    `db:"email"`
		Lang  i18n.Lang `db:"lang"`
	}
	if err := tx.SelectContext(ctx, &list, selectVisitors, p.ID); err != nil {
		return postgres.Translate(err)
	}
	for _, v := range list {
		err := s.mail.Queue(ctx, tx, mail.Letter{To: v.Email, Lang: v.Lang, Template: "publication_decided", Reference: fmt.Sprintf("publication_report:%d", v.ID),
			Data: struct {
				Title, Why string
				Down       bool
			}{p.Title, d.Why, d.Hide}})
		if err != nil {
			return err
		}
	}
	return nil
}
