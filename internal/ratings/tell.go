package ratings

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/reports"
)

// tellRated tells the team of a brand that a product of theirs was rated.
func (s *Service) tellRated(ctx context.Context, tx *sqlx.Tx, id int64) error {
	r, err := ByID(ctx, tx, id)
	if err != nil {
		return err
	}
	return notices.TellTeam(ctx, tx, r.BrandID, notices.Notice{Kind: notices.BrandRating, Event: "written", Subject: fmt.Sprintf("rating:%d", id), At: s.now(),
		Path: "/brand/" + r.BrandHandle + "/ratings", Args: notices.Args{"Title": r.ProductTitle, "Brand": r.BrandName, "Stars": int64(r.Stars)}})
}

const selectRater = `select coalesce(member_id, 0) from ratings where id = $1`

// tellReplied tells who rated a product that its brand answered: by letter, as far as a member has not switched it off, and in their list.
func (s *Service) tellReplied(ctx context.Context, tx *sqlx.Tx, r Rating) error {
	var member int64
	if err := tx.GetContext(ctx, &member, selectRater, r.ID); err != nil {
		return postgres.Translate(err)
	}
	reference, data := fmt.Sprintf("rating:%d:reply", r.ID), letter{Rating: r}
	if member == 0 {
		return s.toBuyer(ctx, tx, r.OrderLineID, "rating_reply", reference, data)
	}
	to, err := buyerOfLine(ctx, tx, r.OrderLineID)
	if err != nil {
		return err
	}
	written := false
	if to.Email != "" {
		data.Number, data.Token = to.Number, to.Token
		written, err = notices.Write(ctx, tx, s.mail, member, notices.Rating, mail.Letter{To: to.Email, Lang: to.Lang, Template: "rating_reply", Reference: reference, Data: data})
		if err != nil {
			return err
		}
	}
	return notices.Tell(ctx, tx, notices.Notice{MemberID: member, Kind: notices.Rating, Event: "replied", Subject: reference, Written: written, At: s.now(),
		Path: "/p/" + r.Slug + "/ratings", Args: notices.Args{"Brand": r.BrandName, "Title": r.ProductTitle}})
}

const selectThanker = `
select coalesce(t.member_id, 0) as member_id, m.name, m.handle from thanks t join members m on m.id = t.storefront_id where t.id = $1 and t.state = 'shown'`

// tellAnswered tells a member who wrote into a guest book that its owner answered, once.
func (s *Service) tellAnswered(ctx context.Context, tx *sqlx.Tx, id int64) error {
	var to []struct {
		MemberID int64  `db:"member_id"`
		Name     string `db:"name"`
		Handle   string `db:"handle"`
	}
	if err := tx.SelectContext(ctx, &to, selectThanker, id); err != nil {
		return postgres.Translate(err)
	}
	for _, t := range to {
		if t.MemberID == 0 {
			continue
		}
		err := notices.Tell(ctx, tx, notices.Notice{MemberID: t.MemberID, Kind: notices.Rating, Event: "answered", Subject: fmt.Sprintf("thanks:%d", id), At: s.now(),
			Path: "/@" + t.Handle + "/thanks", Args: notices.Args{"Name": t.Name}})
		if err != nil {
			return err
		}
	}
	return nil
}

// tellReplyHidden tells the team of a brand that its reply is hidden, and leads to where they read why and contest it.
func (s *Service) tellReplyHidden(ctx context.Context, tx *sqlx.Tx, r Rating, reference string) error {
	return notices.TellTeam(ctx, tx, r.BrandID, notices.Notice{Kind: notices.BrandRating, Event: "reply_hidden", Subject: reference, At: s.now(),
		Path: reports.HiddenPath(PartReply, r.ID), Args: notices.Args{"Title": r.ProductTitle, "Brand": r.BrandName}})
}
