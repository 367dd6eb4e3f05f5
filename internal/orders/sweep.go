package orders

import (
	"context"
	"fmt"
	"strconv"
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

const selectUnconfirmed = `select coalesce((select checkout_id from orders where id = $1 and payment_intent_id is null), '')`

// Recognise confirms the order of a payment of which a notice says that something happened to it, before the notice came that it was
// paid. What it does is Confirm's; an order that is not ours, or that knows its payment, is left alone.
func (s *Service) Recognise(ctx context.Context, orderID, paymentIntentID string) error {
	id, err := strconv.ParseInt(orderID, 10, 64)
	if err != nil || paymentIntentID == "" {
		return nil
	}
	var checkout string
	if err := s.db.GetContext(ctx, &checkout, selectUnconfirmed, id); err != nil || checkout == "" {
		return postgres.Translate(err)
	}
	return s.Confirm(ctx, checkout)
}
