package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/postgres"
)

const selectOverdue = `select id from orders where state = 'awaiting_payment' and expires_at <= $1 order by expires_at limit 500`

// SweepExpired enqueues the end of every reservation that is over.
func (s *Service) SweepExpired(ctx context.Context) error {
	var ids []int64
	if err := s.db.SelectContext(ctx, &ids, selectOverdue, s.now()); err != nil {
		return fmt.Errorf("find overdue orders: %w", err)
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		for _, id := range ids {
			// A job that was given up after a long absence of the provider has a successor the next day: stock is not kept for ever.
			key := fmt.Sprintf("expire:%d:%s", id, s.now().UTC().Format(time.DateOnly))
			if err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobExpire, Args: orderArgs{id}, UniqueKey: key}); err != nil {
				return err
			}
		}
		return nil
	})
}

const selectPending = `select id from refunds where state in ('pending','requires_action') order by id limit 500`

// A payment that no order keeps is owed to its buyer whatever the provider answered: it is tried again, under a new key, once
// a day, ten times. Then it stays in suspense and on the order's page.
const retryStray = `
update refunds set state = 'new', attempt = attempt + 1, stripe_id = null, ended_at = null
where state in ('failed','canceled') and attempt <= 10 and ended_at <= $1
  and reason in ('second_payment','amount_differs','order_cancelled','no_stock') returning id`

// SweepRefunds enqueues another look at every refund that the bank has not finished, once an hour each, and another try of
// every payment that was to go back by itself and was refused.
func (s *Service) SweepRefunds(ctx context.Context) error {
	var ids []int64
	if err := s.db.SelectContext(ctx, &ids, selectPending); err != nil {
		return fmt.Errorf("find pending refunds: %w", err)
	}
	now := s.now()
	hour := now.UTC().Format("2006010215")
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var again []int64
		if err := tx.SelectContext(ctx, &again, retryStray, now.Add(-24*time.Hour)); err != nil {
			return fmt.Errorf("find payments that did not go back: %w", err)
		}
		ids := append(ids, again...)
		for _, id := range ids {
			if err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobRefund, Args: refundArgs{id}, UniqueKey: fmt.Sprintf("refund:%d:%s", id, hour)}); err != nil {
				return err
			}
		}
		return nil
	})
}

const selectRefundOrder = `select id from refunds where payment_intent_id = $1 and state in ('new','sending','pending','requires_action')`

// RefundChanged looks again at the refunds of a payment; the provider said that one changed.
func (s *Service) RefundChanged(ctx context.Context, paymentIntentID, eventID string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var ids []int64
		if err := tx.SelectContext(ctx, &ids, selectRefundOrder, paymentIntentID); err != nil {
			return err
		}
		for _, id := range ids {
			if err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobRefund, Args: refundArgs{id}, UniqueKey: fmt.Sprintf("refund:%d:%s", id, eventID)}); err != nil {
				return err
			}
		}
		return nil
	})
}
