package payouts

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"relais/internal/members"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// LookAgain asks Stripe whether a parked payout was sent after all, and records it where it was. found says so; where it was
// not, nothing changes. ErrRunState where the payout is not parked.
func (s *Service) LookAgain(ctx context.Context, by, id int64) (found bool, err error) {
	p, transfers, err := s.evidence(ctx, id)
	if err != nil || len(transfers) == 0 {
		return false, err
	}
	return true, s.settle(ctx, by, p, transfers[0].ID, "Stripe lists it")
}

// RecordSent settles a parked payout as sent by that transfer, which Stripe must show for this payout and its amount and
// account: ErrEvidence. The reason is kept in the log: ErrReason under ten characters.
func (s *Service) RecordSent(ctx context.Context, by, id int64, transferID, reason string) error {
	if len(strings.TrimSpace(reason)) < 10 {
		return ErrReason
	}
	p, transfers, err := s.evidence(ctx, id)
	if err != nil {
		return err
	}
	for _, t := range transfers {
		if t.ID == strings.TrimSpace(transferID) && t.Amount == p.Amount && t.Destination == p.Destination {
			return s.settle(ctx, by, p, t.ID, reason)
		}
	}
	return ErrEvidence
}

// RecordNotSent settles a parked payout as never sent: its money is free again. Stripe must show nothing for it, and its key
// must be so old that nothing can come of it any more: ErrEvidence. ErrReason as RecordSent.
func (s *Service) RecordNotSent(ctx context.Context, by, id int64, reason string) error {
	if len(strings.TrimSpace(reason)) < 10 {
		return ErrReason
	}
	p, transfers, err := s.evidence(ctx, id)
	if err != nil {
		return err
	}
	if len(transfers) > 0 || !KeyForgotten(p.TriedAt, s.clock()) {
		return ErrEvidence
	}
	return s.settle(ctx, by, p, "", reason)
}

// evidence is a parked payout and what Stripe has of it.
func (s *Service) evidence(ctx context.Context, id int64) (Payout, []payments.Transfer, error) {
	p, err := payoutWhere(ctx, s.db, `p.id = $1`, id)
	if err != nil || p.State != Sending || p.ParkedAt == nil {
		return p, nil, cmp.Or(err, error(ErrRunState))
	}
	found, err := s.transfers.FindTransfers(ctx, group(p))
	if err != nil {
		return p, nil, fmt.Errorf("look for payout %d at Stripe: %w", id, err)
	}
	return p, found, nil
}

// settle records how a parked payout ended, and who said so, in one transaction, and lets its run come to its end.
func (s *Service) settle(ctx context.Context, by int64, p Payout, transferID, reason string) error {
	how := "recorded as " + transferID
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) (err error) {
		if transferID != "" {
			err = s.bookSent(ctx, tx, p, transferID)
		} else {
			how = "recorded as not sent"
			err = s.bookFailed(ctx, tx, p, string(FailNotSent), "")
		}
		if err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: by, Action: "payout settled", Subject: fmt.Sprintf("payout %d", p.ID),
			Detail: map[string]any{"how": how, "reason": reason}})
	})
	if err != nil {
		return err
	}
	return s.rest(ctx, p.RunID)
}
