// Package reconcile holds our books against Stripe's, every hour and both ways.
//
//	events since …    ──▶ notices that never came are kept and acted on
//	movements since … ──▶ stripe_movements ──▶ fees, and what nobody else books, into the ledger
//	                              │
//	            per object, in each currency: what Stripe moved = what our account "stripe" has of it
//	            per currency: Stripe's balance = minus the sum of our account "stripe"
//	                              │
//	                              ▼
//	                         differences ──▶ payees frozen, a letter to the admins, a gauge, a page
//
// What ties the two together is the object: each transaction of the ledger that moves the account "stripe" names the charge,
// refund, transfer, reversal or movement that it books, and each movement at Stripe names the object that caused it. Lists
// are read again from 25 hours before the newest entry seen, because lists lag; whatever is read twice counts once.
//
// A difference lasts as long as both sides do not agree. It goes by itself; if it comes again it is another one. A
// person can say what explains it: then it freezes nothing and raises no alarm, unless its amount changes. Above a limit a
// second person must confirm that. Everybody's word is in the log of who did what.
package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/ledger"
	"relais/internal/mail"
	"relais/internal/payments"
	"relais/internal/webhooks"
)

// The faults of this package.
var (
	ErrNotFound     = fault.New(fault.NotFound, "fault.difference_not_found")
	ErrOver         = fault.New(fault.Conflict, "fault.difference_over")          // it is resolved
	ErrExplained    = fault.New(fault.Conflict, "fault.difference_explained")     // somebody explained it already
	ErrSecondPerson = fault.New(fault.Conflict, "fault.difference_second_person") // the same person cannot confirm their own word
	ErrReason       = fault.Field("reason", "fault.difference_reason")
)

// The kinds of job of this package.
const (
	JobRun  = "reconcile.run"  // everything, every hour
	jobFeed = webhooks.JobFeed // the movements alone, soon after Stripe said that there are new ones
)

// Service is the use cases of this package.
type Service struct {
	db        *sqlx.DB
	books     payments.Books
	transfers payments.Transfers
	webhooks  *webhooks.Service
	audit     func(context.Context, sqlx.QueryerContext) ([]ledger.Finding, error)
	mail      *mail.Outbox
	now       func() time.Time // business time
	clock     func() time.Time // real time
	log       *slog.Logger
}

// Config is what a Service needs.
type Config struct {
	DB        *sqlx.DB
	Books     payments.Books
	Transfers payments.Transfers
	Webhooks  *webhooks.Service                                                    // keeps the notices that never came
	Audit     func(context.Context, sqlx.QueryerContext) ([]ledger.Finding, error) // the invariants of all other packages
	Mail      *mail.Outbox
	Now       func() time.Time
	Clock     func() time.Time
	Log       *slog.Logger
}

// New makes the Service.
func New(c Config) *Service {
	return &Service{db: c.DB, books: c.Books, transfers: c.Transfers, webhooks: c.Webhooks, audit: c.Audit, mail: c.Mail, now: c.Now, clock: c.Clock, log: c.Log}
}

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobRun, 30*time.Minute, func(ctx context.Context, w jobs.Work) error {
		var args runArgs
		if err := w.Decode(&args); err != nil {
			return err
		}
		_, err := s.Run(ctx, args.Whole)
		return err
	})
	r.Handle(jobFeed, 10*time.Minute, func(ctx context.Context, _ jobs.Work) error {
		_, err := s.Feed(ctx)
		return err
	})
	r.Every(JobRun, time.Hour, JobRun)
}

// Difference is one thing about which Stripe's books and ours do not agree, or that is not as it should be in ours.
type Difference struct {
	ID        int64      `db:"id"`
	Kind      Kind       `db:"kind"`
	Object    string     `db:"object"`         // at Stripe; of overdue money, ours: "payout 7"; of a broken rule, its name
	Currency  string     `db:"currency"`       // empty: it is about no amount
	Expected  int64      `db:"expected_minor"` // by our books, minor units
	Found     int64      `db:"found_minor"`    // at Stripe; of a broken rule, how often it is broken
	PayeeID   *int64     `db:"payee_id"`
	OrderID   *int64     `db:"order_id"`
	FirstSeen time.Time  `db:"first_seen"` // business time, as all times here
	LastSeen  time.Time  `db:"last_seen"`
	Resolved  *time.Time `db:"resolved_at"`

	Note        string     `db:"note"`
	Explanation string     `db:"explanation"`
	NeedsTwo    bool       `db:"needs_two"` // of its explanation: a second person must confirm it
	ExplainedBy *int64     `db:"explained_by"`
	ExplainedAt *time.Time `db:"explained_at"`
	ConfirmedBy *int64     `db:"confirmed_by"`
	ConfirmedAt *time.Time `db:"confirmed_at"`
	Settled     bool       `db:"settled"` // explained, and confirmed where that is needed: it alarms nobody any more

	// For lists.
	PayeeName   string `db:"payee_name"`
	OrderNumber string `db:"order_number"`
	Explainer   string `db:"explainer"`
	Confirmer   string `db:"confirmer"`
}

// Apart is how much Stripe has more than the books, in minor units.
func (d Difference) Apart() int64 { return d.Found - d.Expected }

// Waiting reports whether the explanation waits for a second person.
func (d Difference) Waiting() bool { return d.ExplainedAt != nil && !d.Settled }

// String names the difference in one line of English, for the terminal and the log.
func (d Difference) String() string {
	return fmt.Sprintf("%s %s: the books have %d, found %d %s", d.Kind, d.Object, d.Expected, d.Found, d.Currency)
}
