// Package webhooks takes in what the payment provider tells us.
//
//	notice ──▶ signature checked ──▶ stored once, with a job, in one transaction ──▶ 200
//	                                             job ──▶ the object is read at the provider ──▶ its effect, idempotent
//
// A notice says that something changed, never what is true now: it may come twice, late, or after a newer one. So its job
// reads the object's current state, and the use case that it calls decides under its own lock.
package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/crash"
	"relais/internal/disputes"
	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/payouts"
	"relais/internal/pledges"
	"relais/internal/pos"
	"relais/internal/postgres"
	"relais/internal/refunds"
)

// JobEvent is the kind of the job that acts on one notice.
const JobEvent = "webhooks.event"

type eventArgs struct {
	EventID string `json:"event_id"`
}

// Service is the use cases of this package.
type Service struct {
	db       *sqlx.DB
	events   payments.Events
	books    payments.Books
	orders   *orders.Service
	counter  *pos.Service
	pledges  *pledges.Service
	refunds  *refunds.Service
	disputes *disputes.Service
	payouts  *payouts.Service
	now      func() time.Time // real time
	log      *slog.Logger
}

// Config is what a Service needs.
type Config struct {
	DB       *sqlx.DB
	Provider Provider
	Orders   *orders.Service
	Counter  *pos.Service
	Pledges  *pledges.Service
	Refunds  *refunds.Service
	Disputes *disputes.Service
	Payouts  *payouts.Service
	Now      func() time.Time // real time
	Log      *slog.Logger
}

// New makes the Service.
func New(c Config) *Service {
	return &Service{db: c.DB, events: c.Provider, books: c.Provider, orders: c.Orders, counter: c.Counter, pledges: c.Pledges, refunds: c.Refunds, disputes: c.Disputes, payouts: c.Payouts, now: c.Now, log: c.Log}
}

// Provider is what the Service asks of the payment provider.
type Provider interface {
	payments.Events
	payments.Books
}

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) { r.Handle(JobEvent, 2*time.Minute, s.handle) }

const insertEvent = `
insert into webhook_events (id, endpoint, type, account, object_id, livemode, created, payload, recovered)
values ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9) on conflict do nothing`

// Receive checks the signature of a notice and keeps it, once. A notice of the wrong mode is kept and not acted on.
// payments.ErrSignature, payments.ErrNoSecret: it is not the provider's, or nobody can tell.
func (s *Service) Receive(ctx context.Context, payload []byte, signature string, endpoint payments.Endpoint) error {
	e, err := s.events.ParseEvent(payload, signature, endpoint)
	if err != nil {
		return err
	}
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		_, err := s.keep(ctx, tx, e, endpoint, false)
		return err
	})
	crash.At(crash.NoticeKept)
	return err
}

// keep stores a notice with its job, once. fresh: nobody had it. recovered: it did not come, we fetched it.
func (s *Service) keep(ctx context.Context, tx *sqlx.Tx, e payments.Event, endpoint payments.Endpoint, recovered bool) (fresh bool, err error) {
	r, err := tx.ExecContext(ctx, insertEvent, e.ID, endpoint, e.Type, e.Account, e.ObjectID, e.LiveMode, e.Created, string(e.Payload), recovered)
	if err != nil {
		return false, fmt.Errorf("keep event %s: %w", e.ID, err)
	}
	n, err := r.RowsAffected()
	if err != nil || n == 0 {
		return false, err
	}
	if e.WrongMode {
		s.log.Warn("webhook of the wrong mode", "event", e.ID, "type", e.Type)
		return true, nil
	}
	return true, jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobEvent, Args: eventArgs{e.ID}, UniqueKey: "event:" + e.ID, MaxAttempts: 15})
}

type row struct {
	Type     string          `db:"type"`
	Account  string          `db:"account"`
	ObjectID string          `db:"object_id"`
	Payload  json.RawMessage `db:"payload"`
}

func (s *Service) handle(ctx context.Context, w jobs.Work) error {
	var args eventArgs
	if err := w.Decode(&args); err != nil {
		return err
	}
	var e row
	if err := s.db.GetContext(ctx, &e, `select type, account, object_id, payload from webhook_events where id = $1`, args.EventID); err != nil {
		return fmt.Errorf("read event %s: %w", args.EventID, err)
	}
	if err := s.act(ctx, args.EventID, e); err != nil {
		return fmt.Errorf("%s %s: %w", e.Type, args.EventID, err)
	}
	crash.At(crash.NoticeActed)
	_, err := s.db.ExecContext(ctx, `update webhook_events set handled_at = $2 where id = $1`, args.EventID, s.now())
	return err
}

func (s *Service) act(ctx context.Context, eventID string, e row) error {
	switch e.Type {
	case "checkout.session.completed", "checkout.session.expired":
		if objectOf(e.Payload).Mode == "setup" {
			return s.pledges.SetupChanged(ctx, e.ObjectID)
		}
	}
	switch e.Type {
	case "checkout.session.completed", "checkout.session.async_payment_succeeded":
		if err := s.orders.Confirm(ctx, e.ObjectID); err != nil {
			return err
		}
		return s.disputes.Recognise(ctx, objectOf(e.Payload).PaymentIntent) // its bank may have been quicker than this notice
	case "terminal.reader.action_succeeded", "terminal.reader.action_failed":
		return s.counter.ReaderChanged(ctx, e.ObjectID)
	case "payment_intent.succeeded", "payment_intent.canceled": // of those on payment pages the session tells
		return s.counter.PaymentChanged(ctx, e.ObjectID)
	case "checkout.session.expired":
		return s.orders.CheckoutExpired(ctx, e.ObjectID)
	case "charge.refunded":
		charge := objectOf(e.Payload)
		if err := s.orders.Recognise(ctx, charge.Metadata.OrderID, charge.PaymentIntent); err != nil {
			return err
		}
		return s.refunds.Changed(ctx, charge.PaymentIntent, eventID)
	case "charge.refund.updated", "refund.created", "refund.updated", "refund.failed":
		return s.refunds.Changed(ctx, objectOf(e.Payload).PaymentIntent, eventID)
	case "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated":
		return s.disputes.Changed(ctx, e.ObjectID)
	case "account.updated", "capability.updated", "account.application.deauthorized", "account.external_account.created",
		"account.external_account.updated", "account.external_account.deleted":
		account := e.Account
		if account == "" {
			account = e.ObjectID
		}
		if err := s.payouts.AccountChanged(ctx, account); !errors.Is(err, fault.NotFound) {
			return err
		}
	case "payout.created", "payout.updated", "payout.paid", "payout.failed", "payout.canceled":
		if e.Account == "" { // to the platform's own bank
			return nil
		}
		if err := s.payouts.BankChanged(ctx, e.Account, e.ObjectID); !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	if e.Account == "" && moved(e.Type) {
		return s.feed(ctx)
	}
	return nil // kept, and nothing follows from it
}

// moved reports whether a notice says that the platform's balance moved in a way that no use case books.
func moved(eventType string) bool {
	switch eventType {
	case "charge.updated", "balance.available", "payout.created", "payout.paid", "payout.failed", "topup.succeeded", "topup.reversed":
		return true
	}
	return false
}

// feedDelay is how long movements may gather before they are read: one reading serves all notices of a minute.
const feedDelay = time.Minute

// feed has the movements read soon, once for all notices of the same minute.
func (s *Service) feed(ctx context.Context) error {
	now := s.now()
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobFeed, UniqueKey: fmt.Sprintf("%s:%d", JobFeed, now.Unix()/int64(feedDelay.Seconds())), RunAt: now.Add(feedDelay)})
	})
}

// object is what a notice says about the object that it is of: the payment that it belongs to, as a session, a charge, a refund and a
// dispute all name it, and the order that it was for, as a charge does.
type object struct {
	PaymentIntent string `json:"payment_intent"`
	Mode          string `json:"mode"` // of a session: payment, or setup
	Metadata      struct {
		OrderID string `json:"order_id"`
	} `json:"metadata"`
}

// objectOf reads it; empty where the payload is of something else.
func objectOf(payload []byte) object {
	var e struct {
		Data struct {
			Object object `json:"object"`
		} `json:"data"`
	}
	if json.Unmarshal(payload, &e) != nil {
		return object{}
	}
	return e.Data.Object
}
