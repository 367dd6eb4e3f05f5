package disputes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/crash"
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
	for {
		before, err := version(ctx, s.db, stripeID)
		if err != nil {
			return err
		}
		found, err := s.pay.Dispute(ctx, stripeID)
		if err != nil {
			return fmt.Errorf("read dispute %s: %w", stripeID, err)
		}
		crash.At(crash.DisputeRead)
		err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
			err := s.changed(ctx, tx, found, before)
			crash.At(crash.DisputeKept)
			return err
		})
		if !errors.Is(err, errStale) {
			return err
		}
	}
}

// errStale says that somebody else recorded the dispute after we began to read it: what we read may be older.
var errStale = errors.New("the dispute was recorded meanwhile")

// version tells apart what the row of a dispute was at two moments; empty: there is none.
func version(ctx context.Context, q sqlx.QueryerContext, stripeID string) (v string, err error) {
	err = sqlx.GetContext(ctx, q, &v, `select coalesce((select xmin::text from disputes where stripe_id = $1), '')`, stripeID)
	return v, postgres.Translate(err)
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

const selectUnknown = `select stripe_id from disputes where payment_intent_id = $1 and order_id is null order by id`

// Recognise looks again at the disputes of a payment that came before it was known which order it paid.
func (s *Service) Recognise(ctx context.Context, paymentIntentID string) error {
	var ids []string
	if err := s.db.SelectContext(ctx, &ids, selectUnknown, paymentIntentID); err != nil {
		return postgres.Translate(err)
	}
	for _, id := range ids {
		if err := s.Changed(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// A payment belongs to the order that it paid, or to the one for which it came too much.
const selectOrderOf = `
select id from orders where payment_intent_id = $1
union all select order_id from refunds where payment_intent_id = $1 and stray limit 1`

func (s *Service) changed(ctx context.Context, tx *sqlx.Tx, found payments.Dispute, before string) error {
	// Two notices of one dispute that has no row yet: the second waits here.
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, "dispute:"+found.ID); err != nil {
		return err
	}
	switch now, err := version(ctx, tx, found.ID); {
	case err != nil:
		return err
	case now != before:
		return errStale
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

// stand brings holds and books in line with the state of a dispute. A loss that stands in the books is booked anew where more of it
// belongs to the order than when it was booked: a refund that was on its way has failed, or the payment has found its order.
func (s *Service) stand(ctx context.Context, tx *sqlx.Tx, o *orders.Order, d Dispute) error {
	if o != nil {
		if err := s.hold(ctx, tx, *o, d); err != nil {
			return err
		}
	}
	want := Standing(d.State, d.WithdrawnMinor)
	var shipments []orders.Shipment
	if o != nil && want == BookedLost {
		var err error
		if shipments, err = orders.ShipmentsOf(ctx, tx, o.ID); err != nil {
			return err
		}
	}
	if d.Booked == want && !Anew(d, orders.Left(shipments)) {
		if stray, err := stray(ctx, tx, d); err != nil || stray.ID == 0 {
			return err
		}
	}
	if d.Booked == BookedLost {
		var err error
		if o, err = s.unbook(ctx, tx, o, &d); err != nil || want == NotBooked {
			return err
		}
		if o != nil {
			if shipments, err = orders.ShipmentsOf(ctx, tx, o.ID); err != nil {
				return err
			}
		}
	}
	return s.book(ctx, tx, o, d, shipments)
}

// book has a lost dispute paid by the beneficiaries of what is left of the order, and by the platform beyond that.
func (s *Service) book(ctx context.Context, tx *sqlx.Tx, o *orders.Order, d Dispute, shipments []orders.Shipment) error {
	items, excess := orders.LossParts(shipments, d.WithdrawnMinor)
	for _, i := range items {
		if _, err := tx.ExecContext(ctx, insertItem, d.ID, i.ShipmentID, i.OrderLineID, i.Minor); err != nil {
			return postgres.Translate(err)
		}
	}
	d.LostMinor, d.ExcessMinor = d.WithdrawnMinor-excess, excess
	b := orders.Back{Items: items, Lost: true, Change: s.change(d, earnings.DisputeLost)}
	b.Change.Excess = excess
	_, err := s.goesBack(ctx, tx, o, &d, BookedLost, b)
	return err
}

// unbook takes a loss out of the books: everybody has their part of it back.
func (s *Service) unbook(ctx context.Context, tx *sqlx.Tx, o *orders.Order, d *Dispute) (*orders.Order, error) {
	b := orders.Back{Items: []refunds.Item{}, Lost: true, Undo: true, Change: s.change(*d, earnings.DisputeWon)}
	b.Change.Excess = -d.ExcessMinor
	if err := tx.SelectContext(ctx, &b.Items, selectItems, d.ID); err != nil {
		return o, postgres.Translate(err)
	}
	if _, err := tx.ExecContext(ctx, `delete from dispute_items where dispute_id = $1`, d.ID); err != nil {
		return o, postgres.Translate(err)
	}
	d.LostMinor, d.ExcessMinor = 0, 0
	return s.goesBack(ctx, tx, o, d, NotBooked, b)
}

// change is what is booked of a dispute now.
func (s *Service) change(d Dispute, why earnings.Cause) earnings.Change {
	return earnings.Change{Cause: why, DisputeID: &d.ID, Counter: ledger.Account{Kind: ledger.Disputed}, At: s.now(),
		Reference: fmt.Sprintf("dispute:%d:%s:%d", d.ID, d.State, d.BookedTimes+1)}
}

// goesBack records how a dispute stands now, and books it.
func (s *Service) goesBack(ctx context.Context, tx *sqlx.Tx, o *orders.Order, d *Dispute, to Booked, b orders.Back) (*orders.Order, error) {
	if _, err := tx.ExecContext(ctx, updateStanding, d.ID, to, d.LostMinor, d.ExcessMinor); err != nil {
		return o, postgres.Translate(err)
	}
	d.Booked, d.BookedTimes = to, d.BookedTimes+1
	if o == nil {
		err := bear(ctx, tx, *d, b.Change)
		d.StrayRefundID = nil // an unbooked one has none
		return nil, err
	}
	after, err := s.orders.GoesBack(ctx, tx, *o, b)
	return &after, err
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

// kept is a payment that no order keeps, and that could not be sent back.
type kept struct {
	ID    int64 `db:"id"`
	Minor int64 `db:"amount_minor"`
}

const lockStray = `
select id, amount_minor from refunds where payment_intent_id = $1 and stray and state in ('failed','canceled') and amount_minor <= $2 and currency = $3 for update`

// stray is the payment that a lost dispute took whole while it waited in suspense, if the books do not say so yet; ID 0: there is none.
func stray(ctx context.Context, tx *sqlx.Tx, d Dispute) (k kept, err error) {
	if d.Booked != BookedLost || d.StrayRefundID != nil {
		return k, nil
	}
	err = postgres.Translate(tx.GetContext(ctx, &k, lockStray, d.PaymentIntentID, d.WithdrawnMinor, d.Amount.Currency))
	if errors.Is(err, fault.NotFound) {
		err = nil
	}
	return k, err
}

// bear books the loss of a payment that no order kept: what waits in suspense to be sent back is what the bank took, and is not owed any more; the rest is the
// platform's alone.
func bear(ctx context.Context, tx *sqlx.Tx, d Dispute, c earnings.Change) error {
	k, err := stray(ctx, tx, d)
	if c.Excess < 0 && d.StrayRefundID != nil { // it is owed again
		k.ID = *d.StrayRefundID
		err = postgres.Translate(tx.GetContext(ctx, &k.Minor, `select amount_minor from refunds where id = $1 for update`, k.ID))
	}
	if err != nil {
		return err
	}
	t := ledger.Transaction{Reference: c.Reference, Kind: string(c.Cause), Currency: d.Amount.Currency, At: c.At}
	add := func(kind ledger.Kind, minor int64) {
		p := ledger.Posting{Source: ledger.Account{Kind: kind}, Destination: c.Counter, Amount: minor}
		if c.Excess < 0 {
			p.Source, p.Destination = p.Destination, p.Source
		}
		if minor > 0 {
			t.Postings = append(t.Postings, p)
		}
	}
	add(ledger.Suspense, k.Minor)
	add(ledger.Losses, max(c.Excess, -c.Excess)-k.Minor)
	if k.ID != 0 {
		if _, err := tx.ExecContext(ctx, `update disputes set stray_refund_id = case when $3 then $2::bigint end where id = $1`, d.ID, k.ID, c.Excess > 0); err != nil {
			return postgres.Translate(err)
		}
	}
	_, err = ledger.Post(ctx, tx, t)
	return err
}

const selectOpen = `
select stripe_id from disputes d where state in ('needs_response','under_review','warning_needs_response','warning_under_review')
  or booked = '' and state in ('lost','charge_refunded') or decided_at > $1
  or excess_minor > 0 and exists (select 1 from orders o where o.payment_intent_id = d.payment_intent_id and o.state = 'paid')
  or booked = 'lost' and stray_refund_id is null and exists (select 1 from refunds r where r.payment_intent_id = d.payment_intent_id and r.stray and r.state in ('failed','canceled')
    and r.amount_minor <= d.withdrawn_minor and r.currency = d.currency) order by id limit 500`

// Sweep looks at every dispute that is open, was decided in the last month, or cost us what its order could bear, again, and reminds of those whose answer is
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
