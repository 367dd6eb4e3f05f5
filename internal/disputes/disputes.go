package disputes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/ledger"
	"relais/internal/mail"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/postgres"
	"relais/internal/refunds"
)

// Service is the use cases of this package.
type Service struct {
	db     *sqlx.DB
	pay    payments.Disputes
	orders *orders.Service
	now    func() time.Time // business time
	mail   *mail.Outbox
}

// New makes the Service.
func New(db *sqlx.DB, pay payments.Disputes, o *orders.Service, now func() time.Time, m *mail.Outbox) *Service {
	return &Service{db: db, pay: pay, orders: o, now: now, mail: m}
}

// The kinds of job of this package.
const (
	JobSubmit = "disputes.submit" // send an answer to the bank
	JobSweep  = "disputes.sweep"  // look at every open dispute again, and remind of those that are due
)

type args struct {
	DisputeID int64 `json:"dispute_id"`
}

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSubmit, 5*time.Minute, s.submit)
	r.Handle(JobSweep, 5*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, time.Hour, JobSweep)
}

// Changed reads a dispute at Stripe and does what follows from it. It is called by the webhook's job and by the sweep, at
// once or again and in any order: what it does follows from Stripe's present state, decided under the order's lock.
func (s *Service) Changed(ctx context.Context, stripeID string) error {
	found, err := s.pay.Dispute(ctx, stripeID)
	if err != nil {
		return fmt.Errorf("read dispute %s: %w", stripeID, err)
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return s.changed(ctx, tx, found) })
}

// PaymentDisputed does the same for every dispute of a payment: a notice may name the payment only.
func (s *Service) PaymentDisputed(ctx context.Context, paymentIntentID string) error {
	found, err := s.pay.FindDisputes(ctx, paymentIntentID)
	if err != nil {
		return fmt.Errorf("find disputes of %s: %w", paymentIntentID, err)
	}
	for _, d := range found {
		if err := s.Changed(ctx, d.ID); err != nil {
			return err
		}
	}
	return nil
}

// A payment belongs to the order that it paid, or to the one for which it came too much.
const selectOrderOf = `
select id from orders where payment_intent_id = $1
union all select order_id from refunds where payment_intent_id = $1 and stray limit 1`

func (s *Service) changed(ctx context.Context, tx *sqlx.Tx, found payments.Dispute) error {
	// Two notices of one dispute that has no row yet: the second waits here.
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, "dispute:"+found.ID); err != nil {
		return err
	}
	var o *orders.Order
	var orderID int64
	switch err := postgres.Translate(tx.GetContext(ctx, &orderID, selectOrderOf, found.PaymentIntentID)); {
	case errors.Is(err, fault.NotFound):
	case err != nil:
		return err
	default:
		locked, err := orders.Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		o = &locked
	}
	d, was, err := s.keep(ctx, tx, o, found)
	if err != nil {
		return err
	}
	if err := s.move(ctx, tx, d, found.Movements); err != nil {
		return err
	}
	// A payment that was sent back as too much is no order's earnings.
	if o != nil && (o.PaymentIntentID == nil || *o.PaymentIntentID != found.PaymentIntentID) {
		o = nil
	}
	if err := s.stand(ctx, tx, o, d); err != nil {
		return err
	}
	return s.tell(ctx, tx, d, was)
}

const upsertDispute = `
insert into disputes (stripe_id, order_id, payment_intent_id, charge_id, amount_minor, currency, state, reason, due_by, opened_at, decided_at,
  withdrawn_minor, fee_minor, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (stripe_id) do update set order_id = coalesce(disputes.order_id, excluded.order_id), amount_minor = excluded.amount_minor, state = excluded.state,
  reason = excluded.reason, due_by = excluded.due_by, decided_at = case when excluded.decided_at is null then null else coalesce(disputes.decided_at, excluded.decided_at) end,
  withdrawn_minor = excluded.withdrawn_minor, fee_minor = excluded.fee_minor, updated_at = excluded.updated_at
returning id`

// Of a dispute that came before its order was known as paid nobody was told.
const selectTold = `select case when order_id is null then '' else state end from disputes where stripe_id = $1`

// keep writes what Stripe says now, and returns the row with the state that people were told of before: empty for a new one, and
// where its order was not known yet.
func (s *Service) keep(ctx context.Context, tx *sqlx.Tx, o *orders.Order, f payments.Dispute) (Dispute, payments.DisputeState, error) {
	var was payments.DisputeState
	err := postgres.Translate(tx.GetContext(ctx, &was, selectTold, f.ID))
	if err != nil && !errors.Is(err, fault.NotFound) {
		return Dispute{}, "", err
	}
	now := s.now()
	var orderID *int64
	var due, decided *time.Time
	if o != nil {
		orderID = &o.ID
	}
	if !f.DueBy.IsZero() {
		due = &f.DueBy
	}
	if !f.State.Open() {
		decided = &now
	}
	withdrawn, fee := Withdrawn(f.Movements)
	var id int64
	err = tx.GetContext(ctx, &id, upsertDispute, f.ID, orderID, f.PaymentIntentID, f.ChargeID, f.Amount.Minor, f.Amount.Currency, f.State, f.Reason, due,
		f.Created, decided, withdrawn, fee, now)
	if err != nil {
		return Dispute{}, "", postgres.Translate(err)
	}
	d, err := byID(ctx, tx, id)
	return d, was, err
}

// move books the bank's movements, each once.
func (s *Service) move(ctx context.Context, tx *sqlx.Tx, d Dispute, ms []payments.Movement) error {
	for _, m := range ms {
		ps := Postings(m)
		if len(ps) == 0 {
			continue
		}
		t := ledger.Transaction{Reference: fmt.Sprintf("dispute:%d:%s", d.ID, m.ID), Kind: "dispute_movement", Currency: m.Amount.Currency, At: s.now(), Object: m.ID, Postings: ps}
		if _, err := ledger.Post(ctx, tx, t); err != nil {
			return err
		}
	}
	return nil
}

const updateStanding = `
update disputes set booked = $2, booked_times = booked_times + 1, lost_minor = $3, excess_minor = $4 where id = $1`

// stand brings holds and books in line with the state of a dispute.
func (s *Service) stand(ctx context.Context, tx *sqlx.Tx, o *orders.Order, d Dispute) error {
	if o != nil {
		if err := s.hold(ctx, tx, *o, d); err != nil {
			return err
		}
	}
	want := Standing(d.State, d.WithdrawnMinor)
	if want == d.Booked {
		return nil
	}
	back := orders.Back{Lost: true, Undo: want == NotBooked, Change: earnings.Change{DisputeID: &d.ID, Counter: ledger.Account{Kind: ledger.Disputed},
		Reference: fmt.Sprintf("dispute:%d:%s:%d", d.ID, d.State, d.BookedTimes+1), At: s.now()}}
	lost, excess := int64(0), int64(0)
	if want == BookedLost {
		back.Change.Cause = earnings.DisputeLost
		excess = d.WithdrawnMinor
		if o != nil {
			shipments, err := orders.ShipmentsOf(ctx, tx, o.ID)
			if err != nil {
				return err
			}
			back.Items, excess = orders.LossParts(shipments, d.WithdrawnMinor)
			lost = d.WithdrawnMinor - excess
		}
		back.Change.Excess = excess
	} else {
		back.Change.Cause, back.Change.Excess = earnings.DisputeWon, -d.ExcessMinor
	}
	if err := s.parts(ctx, tx, d, &back); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, updateStanding, d.ID, want, lost, excess); err != nil {
		return postgres.Translate(err)
	}
	if o == nil {
		return bear(ctx, tx, d, back.Change)
	}
	_, err := s.orders.GoesBack(ctx, tx, *o, back)
	return err
}

// hold stops what the order earned while the dispute is open, and lets it go on afterwards.
func (s *Service) hold(ctx context.Context, tx *sqlx.Tx, o orders.Order, d Dispute) error {
	if !d.State.Open() {
		return earnings.Lift(ctx, tx, o.ID, d.Hold(), s.now())
	}
	return earnings.Place(ctx, tx, earnings.Hold{OrderID: o.ID, Part: earnings.WholeOrder, Reason: earnings.Disputed, Reference: d.Hold(), PlacedAt: s.now()})
}

const insertItem = `insert into dispute_items (dispute_id, shipment_id, order_line_id, amount_minor) values ($1, $2, $3, $4)`

const selectItems = `select shipment_id, order_line_id, amount_minor from dispute_items where dispute_id = $1 order by shipment_id, order_line_id nulls last`

// parts keeps what was lost of each part, or takes it up again when the dispute is won after all.
func (s *Service) parts(ctx context.Context, tx *sqlx.Tx, d Dispute, b *orders.Back) error {
	if b.Undo {
		b.Items = []refunds.Item{}
		if err := tx.SelectContext(ctx, &b.Items, selectItems, d.ID); err != nil {
			return postgres.Translate(err)
		}
	}
	if _, err := tx.ExecContext(ctx, `delete from dispute_items where dispute_id = $1`, d.ID); err != nil {
		return postgres.Translate(err)
	}
	if b.Undo {
		return nil
	}
	for _, i := range b.Items {
		if _, err := tx.ExecContext(ctx, insertItem, d.ID, i.ShipmentID, i.OrderLineID, i.Minor); err != nil {
			return postgres.Translate(err)
		}
	}
	return nil
}

// bear books the loss of a payment that no order kept: it is the platform's alone.
func bear(ctx context.Context, tx *sqlx.Tx, d Dispute, c earnings.Change) error {
	p := ledger.Posting{Source: ledger.Account{Kind: ledger.Losses}, Destination: c.Counter, Amount: c.Excess}
	if c.Excess < 0 {
		p = ledger.Posting{Source: c.Counter, Destination: ledger.Account{Kind: ledger.Losses}, Amount: -c.Excess}
	}
	_, err := ledger.Post(ctx, tx, ledger.Transaction{Reference: c.Reference, Kind: string(c.Cause), Currency: d.Amount.Currency, At: c.At, Postings: []ledger.Posting{p}})
	return err
}

const selectOpen = `
select stripe_id from disputes where state in ('needs_response','under_review','warning_needs_response','warning_under_review')
  or booked = '' and state in ('lost','charge_refunded') or decided_at > $1 order by id limit 500`

// Sweep looks at every dispute that is open, or was decided in the last month, again, and reminds of those whose answer is
// due within three days.
func (s *Service) Sweep(ctx context.Context) error {
	var ids []string
	now := s.now()
	if err := s.db.SelectContext(ctx, &ids, selectOpen, now.AddDate(0, -1, 0)); err != nil {
		return postgres.Translate(err)
	}
	var failed []error
	for _, id := range ids {
		failed = append(failed, s.Changed(ctx, id))
	}
	return errors.Join(append(failed, s.remind(ctx, now))...)
}
