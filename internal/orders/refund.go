package orders

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/jobs"
	"relais/internal/ledger"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// refund is one row of refunds: what we ask of the provider, committed before the call.
type refund struct {
	ID              int64        `db:"id"`
	OrderID         int64        `db:"order_id"`
	Amount          money.Amount `db:"amount"`
	Reason          string       `db:"reason"`
	PaymentIntentID string       `db:"payment_intent_id"`
	State           string       `db:"state"`
	Attempt         int          `db:"attempt"`
	StripeID        *string      `db:"stripe_id"`
	AskedBy         *int64       `db:"asked_by"`
	AskedAt         time.Time    `db:"asked_at"`
}

// stray says whether the refund is of a payment that the order never kept.
func (r refund) stray() bool {
	switch r.Reason {
	case "second_payment", "amount_differs", "order_cancelled", "no_stock":
		return true
	}
	return false
}

const insertRefund = `
insert into refunds (order_id, amount_minor, currency, reason, payment_intent_id, asked_by, asked_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict on constraint refunds_once do nothing returning id`

// ask commits the wish for a refund and the job that carries it out; false where it was asked before.
func ask(ctx context.Context, tx *sqlx.Tx, r refund) (bool, error) {
	var ids []int64
	err := tx.SelectContext(ctx, &ids, insertRefund, r.OrderID, r.Amount.Minor, r.Amount.Currency, r.Reason, r.PaymentIntentID, r.AskedBy, r.AskedAt)
	if err != nil || len(ids) == 0 {
		return false, postgres.Translate(err)
	}
	return true, jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobRefund, Args: refundArgs{ids[0]}, UniqueKey: fmt.Sprintf("refund:%d", ids[0]), MaxAttempts: 30})
}

var suspense = ledger.Account{Kind: ledger.Suspense}

// postStray books a payment that no order keeps: it stands in suspense until it is sent back.
func postStray(ctx context.Context, tx *sqlx.Tx, paymentIntentID string, a money.Amount, at time.Time, in bool) error {
	clearing := ledger.Account{Kind: ledger.Stripe}
	t := ledger.Transaction{Reference: "stray:" + paymentIntentID + ":in", Kind: "stray", Currency: a.Currency, At: at,
		Postings: []ledger.Posting{{Source: clearing, Destination: suspense, Amount: a.Minor}}}
	if !in {
		t.Reference = "stray:" + paymentIntentID + ":out"
		t.Postings[0].Source, t.Postings[0].Destination = suspense, clearing
	}
	_, err := ledger.Post(ctx, tx, t)
	return err
}

// Withdraw declares the buyer's withdrawal from the whole order. The earnings stop where they stand, the buyer gets a
// dated acknowledgement, the brands are told. If nothing has left yet, the refund starts at once; else it waits until
// the goods are back. Faults: those of Withdrawable; ErrReleased where the money has been freed.
func (s *Service) Withdraw(ctx context.Context, orderID int64, reason string) error {
	reason = strings.TrimSpace(reason)
	if r := []rune(reason); len(r) > 1000 {
		reason = string(r[:1000])
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		o, err := lockOrder(ctx, tx, orderID)
		if err != nil {
			return err
		}
		shipments, err := shipmentsOf(ctx, tx, orderID)
		if err != nil {
			return err
		}
		now := s.now()
		if err := Withdrawable(o, shipments, now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update orders set withdrawal_at = $2, withdrawal_reason = $3 where id = $1`, o.ID, now, reason); err != nil {
			return err
		}
		if err := earnings.Freeze(ctx, tx, o.ID, earnings.Withdrawal); err != nil {
			return err
		}
		if err := tell(ctx, tx, o.ID, now, "withdrawal", map[string]any{"reason": reason}); err != nil {
			return err
		}
		o.WithdrawalAt = &now
		if err := s.lettersWithdrawal(ctx, tx, o, shipments); err != nil {
			return err
		}
		if Sent(shipments) {
			return nil
		}
		return s.refundAll(ctx, tx, o, "withdrawal", nil)
	})
}

// RefundByBrand pays a whole order back at the wish of the brand that sold it. ErrSeveralBrands where others sold a part.
func (s *Service) RefundByBrand(ctx context.Context, brandID, orderID, memberID int64) error {
	return s.refundLocked(ctx, orderID, "brand", memberID, func(shipments []Shipment) error {
		mine := false
		for _, sh := range shipments {
			if sh.BrandID != brandID {
				continue
			}
			mine = true
		}
		switch {
		case !mine:
			return ErrOrderGone
		case len(shipments) > 1:
			return ErrSeveralBrands
		}
		return nil
	})
}

// RefundByAdmin pays a whole order back at the platform's decision, and writes it into the log of who did what.
func (s *Service) RefundByAdmin(ctx context.Context, orderID, memberID int64) error {
	return s.refundLocked(ctx, orderID, "admin", memberID, func([]Shipment) error { return nil })
}

func (s *Service) refundLocked(ctx context.Context, orderID int64, reason string, memberID int64, allowed func([]Shipment) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		o, err := lockOrder(ctx, tx, orderID)
		if err != nil {
			return err
		}
		shipments, err := shipmentsOf(ctx, tx, orderID)
		if err != nil {
			return err
		}
		if err := allowed(shipments); err != nil {
			return err
		}
		return s.refundAll(ctx, tx, o, reason, &memberID)
	})
}

const selectRefundOpen = `
select exists (select 1 from refunds where order_id = $1 and payment_intent_id = $2 and state not in ('failed','canceled'))`

// refundOpen says whether a refund of a paid order was asked for and not refused.
func refundOpen(ctx context.Context, tx *sqlx.Tx, o Order) (open bool, err error) {
	return open, tx.GetContext(ctx, &open, selectRefundOpen, o.ID, *o.PaymentIntentID)
}

// refundAll asks for the whole of a paid order back, and freezes its earnings until the provider has answered.
func (s *Service) refundAll(ctx context.Context, tx *sqlx.Tx, o Order, reason string, by *int64) error {
	if o.State != Paid {
		return ErrNotPaid
	}
	if open, err := refundOpen(ctx, tx, o); err != nil || open {
		return cmp.Or(err, error(ErrRefundAsked))
	}
	if err := earnings.Freeze(ctx, tx, o.ID, earnings.RefundUnderWay); err != nil {
		return err
	}
	// A second try after a refused refund is a new wish: its reason carries a number, as a wish is made once.
	var tries int
	if err := tx.GetContext(ctx, &tries, `select count(*) from refunds where order_id = $1 and payment_intent_id = $2`, o.ID, *o.PaymentIntentID); err != nil {
		return err
	}
	if tries > 0 {
		reason = fmt.Sprintf("%s %d", reason, tries+1)
	}
	now := s.now()
	if _, err := ask(ctx, tx, refund{OrderID: o.ID, Amount: o.Total(), Reason: reason, PaymentIntentID: *o.PaymentIntentID, AskedBy: by, AskedAt: now}); err != nil {
		return err
	}
	if by != nil {
		entry := members.AuditEntry{At: now, ActorID: *by, Action: "refund asked", Subject: "order " + o.Number, Detail: map[string]any{"reason": reason, "minor": o.TotalMinor, "currency": o.Currency}}
		if err := members.Audit(ctx, tx, entry); err != nil {
			return err
		}
	}
	return tell(ctx, tx, o.ID, now, "refund_asked", nil)
}

const selectRefund = `
select id, order_id, amount_minor as "amount.minor", currency as "amount.currency", reason, payment_intent_id, state, attempt, stripe_id, asked_by, asked_at
from refunds where id = $1`

// carryOut is the job of a refund: commit that the provider may have been asked, ask, record the answer.
func (s *Service) carryOut(ctx context.Context, w jobs.Work) error {
	var args refundArgs
	if err := w.Decode(&args); err != nil {
		return err
	}
	var r refund
	if err := s.db.GetContext(ctx, &r, selectRefund, args.RefundID); err != nil {
		return orFault(err, ErrOrderGone)
	}
	if r.State != "new" && r.State != "sending" && r.State != "pending" && r.State != "requires_action" {
		return nil
	}
	if _, err := s.db.ExecContext(ctx, `update refunds set state = 'sending' where id = $1 and state = 'new'`, r.ID); err != nil {
		return err
	}
	answer, err := s.refundAtProvider(ctx, r)
	var refused *payments.Error
	switch {
	case err == nil:
		return s.refundAnswered(ctx, r, answer)
	case errors.As(err, &refused) && refused.Outcome == payments.Final:
		return s.refundAnswered(ctx, r, payments.Refund{State: payments.RefundFailed, FailureReason: refused.Message})
	case errors.As(err, &refused) && refused.Outcome == payments.LookUp:
		// The key is spent: the next run looks for the refund first, and asks under a new key only if there is none.
		if _, err := s.db.ExecContext(ctx, `update refunds set attempt = attempt + 1 where id = $1 and attempt = $2`, r.ID, r.Attempt); err != nil {
			return err
		}
	}
	return fmt.Errorf("refund %d: %w", r.ID, err)
}

// refundAtProvider finds the refund if the provider has it, and else asks for it.
func (s *Service) refundAtProvider(ctx context.Context, r refund) (payments.Refund, error) {
	if r.StripeID != nil || r.Attempt > 1 {
		if f, err := s.findRefund(ctx, r, false); err != nil || f.ID != "" {
			return f, err
		}
	}
	why := payments.RefundRequested
	if r.Reason == "second_payment" {
		why = payments.RefundDuplicate
	}
	answer, err := s.pay.Refund(ctx, payments.RefundRequest{Reference: fmt.Sprintf("refund-%d-%d", r.ID, r.Attempt),
		PaymentIntentID: r.PaymentIntentID, Amount: r.Amount, OrderID: fmt.Sprint(r.OrderID), Reason: why})
	if code := payments.CodeOf(err); code == payments.CodeAlreadyRefunded || code == payments.CodeRefundTooLarge {
		// The buyer has the money: by a call of ours whose key has expired since, or by hand in the provider's own pages.
		if f, look := s.findRefund(ctx, r, true); look != nil || f.ID != "" {
			return f, look
		}
	}
	return answer, err
}

// findRefund looks for the refund at the provider: the one recorded, or one that carries our reference and did not fail;
// with any, also one of the whole amount that somebody else asked for. No ID where there is none.
func (s *Service) findRefund(ctx context.Context, r refund, any bool) (payments.Refund, error) {
	found, err := s.pay.FindRefunds(ctx, r.PaymentIntentID)
	if err != nil {
		return payments.Refund{}, err
	}
	for _, f := range found {
		over := f.State == payments.RefundFailed || f.State == payments.RefundCanceled
		recorded := r.StripeID != nil && *r.StripeID == f.ID
		ours := strings.HasPrefix(f.Reference, fmt.Sprintf("refund-%d-", r.ID))
		if recorded || !over && (ours || any && f.Amount == r.Amount) {
			return f, nil
		}
	}
	return payments.Refund{}, nil
}

// refundAnswered records what the provider said, with everything that follows, in one transaction; a second time it
// changes nothing.
func (s *Service) refundAnswered(ctx context.Context, r refund, answer payments.Refund) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		o, err := lockOrder(ctx, tx, r.OrderID)
		if err != nil {
			return err
		}
		var now refund
		if err := tx.GetContext(ctx, &now, selectRefund, r.ID); err != nil {
			return err
		}
		if now.State == "succeeded" || now.State == "failed" || now.State == "canceled" {
			return nil
		}
		ended := s.now()
		if _, err := tx.ExecContext(ctx, `update refunds set state = $2, stripe_id = coalesce(nullif($3, ''), stripe_id), failure = $4,
			ended_at = case when $2 in ('succeeded','failed','canceled') then $5::timestamptz end where id = $1`,
			r.ID, answer.State, answer.ID, answer.FailureReason, ended); err != nil {
			return postgres.Translate(err)
		}
		switch answer.State {
		case payments.RefundSucceeded:
			return s.refunded(ctx, tx, o, now, ended)
		case payments.RefundFailed, payments.RefundCanceled:
			return s.refundRefused(ctx, tx, o, now, answer, ended)
		}
		return nil // pending, requires_action: the webhook or the sweep looks at it again
	})
}

func (s *Service) refunded(ctx context.Context, tx *sqlx.Tx, o Order, r refund, now time.Time) error {
	detail := map[string]any{"minor": r.Amount.Minor, "currency": r.Amount.Currency}
	if r.stray() {
		if err := postStray(ctx, tx, r.PaymentIntentID, r.Amount, now, false); err != nil {
			return err
		}
		return tell(ctx, tx, o.ID, now, "sent_back_done", detail)
	}
	if _, err := tx.ExecContext(ctx, `update orders set state = 'refunded', ended_at = $2, refunded_minor = total_minor where id = $1`, o.ID, now); err != nil {
		return postgres.Translate(err)
	}
	if _, err := tx.ExecContext(ctx, `update shipments set state = 'cancelled' where order_id = $1 and state in ('waiting','preparing')`, o.ID); err != nil {
		return err
	}
	shipments, err := shipmentsOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	// Stock before balances, as in every use case: two orders never wait for each other crosswise.
	if err := giveBack(ctx, tx, o.ID); err != nil {
		return err
	}
	if err := earnings.Void(ctx, tx, o.ID, money.New(feeOf(shipments), o.Currency), now); err != nil {
		return err
	}
	if err := tell(ctx, tx, o.ID, now, "refunded", detail); err != nil {
		return err
	}
	return s.letterRefunded(ctx, tx, o, shipments)
}

// feeOf is what Relais kept of an order, in minor units.
func feeOf(shipments []Shipment) int64 {
	var fee int64
	for _, sh := range shipments {
		for _, l := range sh.Lines {
			fee += money.Share(l.NetMinor, l.FeeBps)
		}
	}
	return fee
}

func (s *Service) refundRefused(ctx context.Context, tx *sqlx.Tx, o Order, r refund, answer payments.Refund, now time.Time) error {
	if err := tell(ctx, tx, o.ID, now, "refund_failed", map[string]any{"failure": answer.FailureReason}); err != nil {
		return err
	}
	if r.stray() {
		return nil
	}
	// A withdrawn order stays frozen: the buyer is still owed, and the refund can be asked for again.
	if o.WithdrawalAt != nil {
		return earnings.Freeze(ctx, tx, o.ID, earnings.Withdrawal)
	}
	return earnings.Thaw(ctx, tx, o.ID)
}
