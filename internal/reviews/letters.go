package reviews

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// letter is what letters about a review read.
type letter struct {
	Review
	Days int // to appeal
}

// claimLetter is what letters about a claim read.
type claimLetter struct {
	Claim
	Days int // to answer
}

const selectAddress = `select email, lang from members where id = $1`

type address struct {
	ID    int64     `db:"id"`
	Email string    `db:"email"`
	Lang  i18n.Lang `db:"lang"`
}

// toMember writes to the member whose commission a review is of: held, decided, appeal decided.
func (s *Service) toMember(ctx context.Context, tx *sqlx.Tx, r Review, template string) error {
	if err := s.write(ctx, tx, r.MemberID, template, r.Hold()+":"+template, letter{Review: r, Days: AppealDays}); err != nil {
		return err
	}
	return notices.Tell(ctx, tx, notices.Notice{MemberID: r.MemberID, Kind: notices.Review, Event: strings.TrimPrefix(template, "review_"), Subject: r.Hold(), Written: true, At: s.now(),
		Path: fmt.Sprintf("/me/reviews/%d", r.ID), Args: notices.Args{"Amount": r.Amount, "Title": r.Title, "Date": r.DueAt}})
}

// toClaimant writes to the member who missed a sale what was answered.
func (s *Service) toClaimant(ctx context.Context, tx *sqlx.Tx, c Claim) error {
	if err := s.write(ctx, tx, c.MemberID, "claim_"+c.State, c.Reference()+":answer", claimLetter{Claim: c, Days: ClaimDays}); err != nil {
		return err
	}
	return notices.Tell(ctx, tx, notices.Notice{MemberID: c.MemberID, Kind: notices.Claim, Event: c.State, Subject: c.Reference(), Written: true, At: s.now(),
		Path: fmt.Sprintf("/me/claims/%d", c.ID), Args: notices.Args{"Brand": c.BrandName}})
}

func (s *Service) write(ctx context.Context, tx *sqlx.Tx, memberID int64, template, reference string, data any) error {
	var to address
	if err := tx.GetContext(ctx, &to, selectAddress, memberID); err != nil {
		return fmt.Errorf("write to member %d: %w", memberID, postgres.Translate(err))
	}
	return s.mail.Queue(ctx, tx, mail.Letter{To: to.Email, Lang: to.Lang, Template: template, Reference: reference, Data: data})
}

// toBrand tells a brand that a member misses a sale of theirs.
func (s *Service) toBrand(ctx context.Context, tx *sqlx.Tx, c Claim) error {
	var to address
	if err := tx.GetContext(ctx, &to, `select id, contact_email as email, lang from brands where id = $1`, c.BrandID); err != nil {
		return fmt.Errorf("write to brand %d: %w", c.BrandID, postgres.Translate(err))
	}
	err := s.mail.Queue(ctx, tx, mail.Letter{To: to.Email, Lang: to.Lang, Template: "claim_brand", Reference: c.Reference() + ":brand", Data: claimLetter{Claim: c, Days: ClaimDays}})
	if err != nil {
		return err
	}
	return notices.TellTeam(ctx, tx, c.BrandID, notices.Notice{Kind: notices.BrandClaim, Event: "asked", Subject: c.Reference(), At: s.now(),
		Path: fmt.Sprintf("/brand/%s/claims/%d", c.BrandHandle, c.ID), Args: notices.Args{"Brand": c.BrandName, "Date": c.DueAt}})
}

// toPlatform tells every admin what is late.
func (s *Service) toPlatform(ctx context.Context, tx *sqlx.Tx, l late) error {
	var admins []address
	if err := tx.SelectContext(ctx, &admins, `select id, email, lang from members where admin and blocked_at is null and email_confirmed_at is not null order by id`); err != nil {
		return fmt.Errorf("find the admins: %w", postgres.Translate(err))
	}
	for _, a := range admins {
		reference := fmt.Sprintf("reviews:late:%d:%d:%d", l.Claim, l.Appeal, a.ID)
		if err := s.mail.Queue(ctx, tx, mail.Letter{To: a.Email, Lang: a.Lang, Template: "reviews_late", Reference: reference, Data: l}); err != nil {
			return err
		}
	}
	return nil
}
