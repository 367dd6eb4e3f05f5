package groups

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// The letters of this package never name a circle in their subject: a mailbox that opens before colleagues must not tell of the family, nor
// the other way round.
const letterInvitation = "group_invitation"

// answerLetter tells who asked whether they are in.
type answerLetter struct {
	Group
	Yes bool
}

// ownerLetter tells somebody that a circle is theirs now.
type ownerLetter struct {
	Group
	From string // who handed it over; empty: its owner is gone
}

// invitationLetter is for somebody who may not have an account.
type invitationLetter struct {
	Group
	Inviter string
	Text    string // of the inviter; may be empty
	Path    string // of the invitation, with its secret
	Days    int    // for which it is good
}

// decisionLetter tells who reported something what came of it. To who reads it outside it does not name the circle: who follows an author is
// not told where they are.
type decisionLetter struct {
	Group
	Kind     Kind
	Outside  bool
	Decision Decision
	Why      string
}

const selectAddress = `select email, lang from members where id = $1`

// write queues a letter to a member, which is due.
func (s *Service) write(ctx context.Context, tx *sqlx.Tx, memberID int64, template, reference string, data any) error {
	l, err := letterTo(ctx, tx, memberID)
	if err != nil {
		return err
	}
	l.Template, l.Reference, l.Data = template, reference, data
	return s.mail.Queue(ctx, tx, l)
}

// writePlace tells a member what became of their own place in a circle, by a letter of its own where they want such news at once.
func (s *Service) writePlace(ctx context.Context, tx *sqlx.Tx, g Group, memberID int64, event string, l mail.Letter) error {
	to, err := letterTo(ctx, tx, memberID)
	if err != nil {
		return err
	}
	l.To, l.Lang = to.To, to.Lang
	written, err := notices.Write(ctx, tx, s.mail, memberID, notices.Circle, l)
	if err != nil {
		return err
	}
	return s.tellPlace(ctx, tx, g, memberID, event, l.Reference, written)
}

// letterTo is an empty letter to a member.
func letterTo(ctx context.Context, tx *sqlx.Tx, memberID int64) (mail.Letter, error) {
	var to struct {
		Email string    `db:"email"`
		Lang  i18n.Lang `db:"lang"`
	}
	if err := tx.GetContext(ctx, &to, selectAddress, memberID); err != nil {
		return mail.Letter{}, fmt.Errorf("write to member %d: %w", memberID, postgres.Translate(err))
	}
	return mail.Letter{To: to.Email, Lang: to.Lang}, nil
}
