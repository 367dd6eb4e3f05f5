// Package refunds gives buyers their money back: the wish, committed before anybody is called; the call; what came of it.
//
//	new ──▶ sending ──▶ succeeded ──▶ failed      the buyer's bank may send it back days later
//	            │  └──▶ pending, requires_action ──▶ succeeded, failed, canceled
//	            └─────▶ failed, canceled
//
// A refund is of one payment and names the parts of the order that it is of. A buyer is paid first; only when the provider
// says that it succeeded do the books follow, by the Outcomes of whoever owns the order, in the transaction that records it.
// A refund whose answer was lost is asked for again under the same key, or looked for first, until there is certainty: it
// is made once.
//
// A stray refund is of a payment that its order never kept (a second payment, one that came too late): it has no parts, and
// is tried again for as long as it takes.
package refunds

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// State is where a refund stands: Prepared and Sending are ours, the others are the provider's words.
type State string

// The states of a refund.
const (
	Prepared       State = "new"
	Sending        State = "sending"
	Pending        State = "pending"         // the bank works on it, or our balance was short: not done
	RequiresAction State = "requires_action" // the buyer has to tell the provider where to send it
	Succeeded      State = "succeeded"
	Failed         State = "failed"
	Canceled       State = "canceled"
)

// Open reports whether the outcome is still to come.
func (s State) Open() bool {
	return s == Prepared || s == Sending || s == Pending || s == RequiresAction
}

// Refused reports whether the money stays with us: it was never sent, or it came back.
func (s State) Refused() bool { return s == Failed || s == Canceled }

// ErrAsked says that the same wish was made before.
var ErrAsked = fault.New(fault.Conflict, "fault.refund_under_way")

// Item is one part of an order that is refunded.
type Item struct {
	RefundID    int64  `db:"refund_id"`
	ShipmentID  int64  `db:"shipment_id"`
	OrderLineID *int64 `db:"order_line_id"` // nil: delivery cost
	Quantity    int64  `db:"quantity"`      // pieces that come back or never left; 0: only money
	Restock     bool   `db:"restock"`       // and can be sold again
	Minor       int64  `db:"amount_minor"`
}

// Refund is money on its way back to a buyer.
type Refund struct {
	ID              int64        `db:"id"`
	OrderID         int64        `db:"order_id"`
	Amount          money.Amount `db:"amount"`
	Reason          string       `db:"reason"` // withdrawal, return, brand, admin, goodwill, outside; of strays: second_payment …
	Operation       string       `db:"operation"`
	Stray           bool         `db:"stray"`
	ReturnID        *int64       `db:"return_id"`
	Note            string       `db:"note"`
	PaymentIntentID string       `db:"payment_intent_id"`
	State           State        `db:"state"`
	Key             string       `db:"key"` // random: an id alone may be that of another database at the same provider
	Attempt         int          `db:"attempt"`
	FirstSentAt     *time.Time   `db:"first_sent_at"` // real time of the first call with this attempt's key
	TriedAt         *time.Time   `db:"tried_at"`      // real time of the last call
	StripeID        *string      `db:"stripe_id"`
	Failure         string       `db:"failure"`
	Booked          bool         `db:"booked"`
	BookedTimes     int          `db:"booked_times"`
	AskedBy         *int64       `db:"asked_by"` // nil: the buyer, or the system
	AskedAt         time.Time    `db:"asked_at"`
	EndedAt         *time.Time   `db:"ended_at"`
	Settled         Settled      `db:"settled"` // how, where it failed

	Items []Item `db:"-"`
}

// Settled is how a refund that failed was settled.
type Settled string

// The ways. NotSettled also for refunds that did not fail.
const (
	NotSettled Settled = ""
	PaidAgain  Settled = "again"     // the same parts were asked for again
	Otherwise  Settled = "otherwise" // its buyer is not owed it any more: the log says why
)

// Hold is the reference of the hold on earnings while the refund is under way.
func (r Refund) Hold() string { return fmt.Sprintf("refund:%d", r.ID) }

// Again is the operation of paying a refund that failed once more: it can be asked for once.
func Again(id int64) string { return fmt.Sprintf("again:%d", id) }

// Booking is the reference of the next booking of the refund: it is booked when made, taken back if it fails later.
func (r Refund) Booking() string { return fmt.Sprintf("refund:%d:%d", r.ID, r.BookedTimes+1) }

const insertRefund = `
insert into refunds (order_id, amount_minor, currency, reason, operation, stray, return_id, note, payment_intent_id, asked_by, asked_at, state, stripe_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing returning id`

const insertItem = `
insert into refund_items (refund_id, shipment_id, order_line_id, quantity, restock, amount_minor) values ($1, $2, $3, $4, $5, $6)`

// Ask commits the wish for a refund and the job that carries it out, and returns it with its id. ErrAsked where its
// operation, or a stray's payment, was asked for before: nothing is changed then. The order must be locked.
func Ask(ctx context.Context, tx *sqlx.Tx, r Refund) (Refund, error) {
	r.State = Prepared
	r, err := put(ctx, tx, r)
	if err != nil {
		return r, err
	}
	return r, jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobCarryOut, Args: args{r.ID}, UniqueKey: fmt.Sprintf("refund:%d", r.ID), MaxAttempts: 30})
}

func put(ctx context.Context, tx *sqlx.Tx, r Refund) (Refund, error) {
	var ids []int64
	err := tx.SelectContext(ctx, &ids, insertRefund, r.OrderID, r.Amount.Minor, r.Amount.Currency, r.Reason, r.Operation, r.Stray, r.ReturnID,
		r.Note, r.PaymentIntentID, r.AskedBy, r.AskedAt, r.State, r.StripeID)
	switch {
	case err != nil:
		return r, postgres.Translate(err)
	case len(ids) == 0:
		return r, ErrAsked
	}
	r.ID, r.Attempt = ids[0], 1
	for _, i := range r.Items {
		if _, err := tx.ExecContext(ctx, insertItem, r.ID, i.ShipmentID, i.OrderLineID, i.Quantity, i.Restock, i.Minor); err != nil {
			return r, fmt.Errorf("part of refund %d: %w", r.ID, postgres.Translate(err))
		}
	}
	return r, nil
}

const updateRecorded = `update refunds set booked = true, booked_times = 1, ended_at = asked_at where id = $1`

// Record keeps a refund that its buyer has already, by another way than the provider; the caller books it in the same
// transaction. ErrAsked as Ask.
func Record(ctx context.Context, tx *sqlx.Tx, r Refund) (Refund, error) {
	r.State = Succeeded
	r, err := put(ctx, tx, r)
	if err != nil {
		return r, err
	}
	_, err = tx.ExecContext(ctx, updateRecorded, r.ID)
	return r, postgres.Translate(err)
}

const selectRefund = `
select id, order_id, amount_minor as "amount.minor", currency as "amount.currency", reason, operation, stray, return_id, note, payment_intent_id,
  state, key, attempt, first_sent_at, tried_at, stripe_id, failure, booked, booked_times, asked_by, asked_at, ended_at,
  case when exists (select 1 from refunds a where a.order_id = refunds.order_id and a.operation = 'again:' || refunds.id) then 'again'
    when exists (select 1 from holds h where h.order_id = refunds.order_id and h.reference = 'owed:refund:' || refunds.id)
      and not exists (select 1 from holds h where h.order_id = refunds.order_id and h.reference = 'owed:refund:' || refunds.id and h.lifted_at is null) then 'otherwise'
    else '' end as settled from refunds`

const selectItems = `
select refund_id, shipment_id, order_line_id, quantity, restock, amount_minor from refund_items i
where i.refund_id in (select id from refunds where order_id = $1) order by refund_id, shipment_id, order_line_id nulls last`

// OfOrder is every refund of an order, oldest first, strays included.
func OfOrder(ctx context.Context, q sqlx.QueryerContext, orderID int64) ([]Refund, error) {
	var rs []Refund
	if err := sqlx.SelectContext(ctx, q, &rs, selectRefund+` where order_id = $1 order by id`, orderID); err != nil {
		return nil, fmt.Errorf("read refunds of order %d: %w", orderID, err)
	}
	var items []Item
	if err := sqlx.SelectContext(ctx, q, &items, selectItems, orderID); err != nil {
		return nil, fmt.Errorf("read refunds of order %d: %w", orderID, err)
	}
	for _, i := range items {
		for k := range rs {
			if rs[k].ID == i.RefundID {
				rs[k].Items = append(rs[k].Items, i)
			}
		}
	}
	return rs, nil
}

// ByID is one refund with its parts; fault.NotFound.
func ByID(ctx context.Context, q sqlx.QueryerContext, id int64) (Refund, error) {
	var r Refund
	if err := sqlx.GetContext(ctx, q, &r, selectRefund+` where id = $1`, id); err != nil {
		return r, postgres.Translate(err)
	}
	err := sqlx.SelectContext(ctx, q, &r.Items, `select refund_id, shipment_id, order_line_id, quantity, restock, amount_minor from refund_items
		where refund_id = $1 order by shipment_id, order_line_id nulls last`, id)
	return r, postgres.Translate(err)
}

// reference is our idempotency key for the attempts of this refund, without the number of the attempt.
func (r Refund) reference() string {
	if r.Key == "" {
		return fmt.Sprintf("refund-%d-", r.ID)
	}
	return fmt.Sprintf("refund-%d-%s-", r.ID, r.Key)
}

// ours says whether a refund at the provider carries our reference for this one.
func (r Refund) ours(f payments.Refund) bool { return strings.HasPrefix(f.Reference, r.reference()) }

// foreign says whether a refund at the provider is nobody's here: made in the provider's own pages.
func foreign(f payments.Refund) bool { return !strings.HasPrefix(f.Reference, "refund-") }
