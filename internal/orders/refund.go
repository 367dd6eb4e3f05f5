package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/ledger"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/postgres"
	"relais/internal/refunds"
)

// owedBy is the reference of the hold while a buyer is owed a refund that came back.
func owedBy(r refunds.Refund) string { return "owed:" + r.Hold() }

// RefundRequest is somebody's decision to pay a buyer back.
type RefundRequest struct {
	OrderID   int64
	BrandID   int64 // whose parts may be refunded; 0: all, by the platform
	By        int64 // the member who decided; 0: the buyer, by right
	Operation string
	Reason    string // brand, admin, withdrawal, return
	Note      string // to the buyer; may be empty
	ReturnID  *int64
	Wish      RefundWish
}

// Refund asks for parts of a paid order back: by pieces, with or without delivery, or a sum; several times on one order, as
// long as something is left. What they earned stands still until the provider has answered. Faults: ErrNotPaid,
// ErrOrderGone (a brand that has no part), ErrDisputed, those of Parts, refunds.ErrAsked (the same form again).
func (s *Service) Refund(ctx context.Context, q RefundRequest) (r refunds.Refund, err error) {
	return r, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		o, err := Lock(ctx, tx, q.OrderID)
		if err != nil {
			return err
		}
		r, err = s.AskRefund(ctx, tx, o, q)
		return err
	})
}

// AskRefund is Refund within the transaction of a use case that has locked the order.
func (s *Service) AskRefund(ctx context.Context, tx *sqlx.Tx, o Order, q RefundRequest) (refunds.Refund, error) {
	none := refunds.Refund{}
	if o.State != Paid {
		return none, ErrNotPaid
	}
	shipments, err := ShipmentsOf(ctx, tx, o.ID)
	if err != nil {
		return none, err
	}
	if q.BrandID != 0 {
		if shipments = ofBrand(shipments, q.BrandID); len(shipments) == 0 {
			return none, ErrOrderGone
		}
	}
	if len([]rune(q.Note)) > 500 {
		return none, fault.Field("note", "fault.too_long")
	}
	// At the bank already: paid back by us as well, the buyer would have it twice (the provider refuses it too).
	if disputed, err := underDispute(ctx, tx, o.ID); err != nil || disputed {
		return none, errors.Join(err, boolFault(disputed, ErrDisputed))
	}
	items, err := Parts(shipments, q.Wish)
	if err != nil {
		return none, err
	}
	return s.ask(ctx, tx, o, q, items)
}

func boolFault(is bool, f error) error {
	if is {
		return f
	}
	return nil
}

const selectUnderDispute = `select exists (select 1 from disputes where order_id = $1 and state in ('needs_response','under_review'))`

// underDispute says whether the bank holds the money of an order.
func underDispute(ctx context.Context, tx *sqlx.Tx, orderID int64) (is bool, err error) {
	return is, tx.GetContext(ctx, &is, selectUnderDispute, orderID)
}

func ofBrand(shipments []Shipment, brandID int64) (theirs []Shipment) {
	for _, sh := range shipments {
		if sh.BrandID == brandID {
			theirs = append(theirs, sh)
		}
	}
	return theirs
}

func (s *Service) ask(ctx context.Context, tx *sqlx.Tx, o Order, q RefundRequest, items []refunds.Item) (refunds.Refund, error) {
	now := s.now()
	r := refunds.Refund{OrderID: o.ID, Amount: money.New(sum(items), o.Currency), Reason: q.Reason, Operation: q.Operation, ReturnID: q.ReturnID, Note: q.Note,
		PaymentIntentID: *o.PaymentIntentID, AskedAt: now, Items: items}
	if q.By != 0 {
		r.AskedBy = &q.By
	}
	r, err := refunds.Ask(ctx, tx, r)
	if err != nil {
		return r, err
	}
	if err := earnings.Place(ctx, tx, holds(r, earnings.RefundUnderWay)...); err != nil {
		return r, err
	}
	if q.By != 0 {
		entry := members.AuditEntry{At: now, ActorID: q.By, Action: "refund asked", Subject: "order " + o.Number,
			Detail: map[string]any{"refund": r.ID, "reason": q.Reason, "minor": r.Amount.Minor, "currency": o.Currency}}
		if err := members.Audit(ctx, tx, entry); err != nil {
			return r, err
		}
	}
	return r, Tell(ctx, tx, o.ID, now, "refund_asked", detailOf(r))
}

func sum(items []refunds.Item) (minor int64) {
	for _, i := range items {
		minor += i.Minor
	}
	return minor
}

func detailOf(r refunds.Refund) map[string]any {
	return map[string]any{"refund": r.ID, "minor": r.Amount.Minor, "currency": r.Amount.Currency, "note": r.Note}
}

// holds stop what is earned on the parts of a refund.
func holds(r refunds.Refund, why earnings.Reason) []earnings.Hold {
	hs := make([]earnings.Hold, len(r.Items))
	for i, item := range r.Items {
		hs[i] = earnings.Hold{OrderID: r.OrderID, Part: earnings.OneLine, OrderLineID: item.OrderLineID, Reason: why, Reference: r.Hold(), PlacedAt: r.AskedAt}
		if item.OrderLineID == nil {
			hs[i].Part, hs[i].ShipmentID = earnings.OneDelivery, &item.ShipmentID
		}
	}
	return hs
}

// RefundMade books a refund that its buyer has: part of refunds.Outcomes.
func (s *Service) RefundMade(ctx context.Context, tx *sqlx.Tx, r refunds.Refund, at time.Time) error {
	if r.Stray {
		if err := postStray(ctx, tx, r.Booking(), r.Amount, at, *r.StripeID, suspense, clearing); err != nil {
			return err
		}
		return Tell(ctx, tx, r.OrderID, at, "sent_back_done", detailOf(r))
	}
	o, err := Lock(ctx, tx, r.OrderID)
	if err != nil {
		return err
	}
	if err := restock(ctx, tx, r); err != nil {
		return err
	}
	change := earnings.Change{Cause: earnings.RefundMade, Reference: r.Booking(), RefundID: &r.ID, Counter: clearing, Object: *r.StripeID, At: at}
	if o, err = s.GoesBack(ctx, tx, o, Back{Items: r.Items, Change: change}); err != nil {
		return err
	}
	if err := earnings.Lift(ctx, tx, o.ID, r.Hold(), at); err != nil {
		return err
	}
	if err := Tell(ctx, tx, o.ID, at, "refunded", detailOf(r)); err != nil {
		return err
	}
	return s.letterRefunded(ctx, tx, o, r)
}

// RefundCameBack takes a refund out of the books that the buyer's bank sent back: the shares stand again, and wait, as the
// buyer is owed the money. Part of refunds.Outcomes.
func (s *Service) RefundCameBack(ctx context.Context, tx *sqlx.Tx, r refunds.Refund, at time.Time) error {
	if r.Stray {
		if err := postStray(ctx, tx, r.Booking(), r.Amount, at, *r.StripeID, clearing, suspense); err != nil {
			return err
		}
		return Tell(ctx, tx, r.OrderID, at, "refund_failed", map[string]any{"failure": r.Failure})
	}
	o, err := Lock(ctx, tx, r.OrderID)
	if err != nil {
		return err
	}
	change := earnings.Change{Cause: earnings.RefundFailed, Reference: r.Booking(), RefundID: &r.ID, Counter: clearing, Object: *r.StripeID, At: at}
	if _, err = s.GoesBack(ctx, tx, o, Back{Items: r.Items, Undo: true, Change: change}); err != nil {
		return err
	}
	if err := earnings.Place(ctx, tx, owedHolds(r, at)...); err != nil {
		return err
	}
	return s.refused(ctx, tx, o, r, at, "refund_came_back")
}

// RefundRefused lets what is earned on the parts go on as before. Part of refunds.Outcomes.
func (s *Service) RefundRefused(ctx context.Context, tx *sqlx.Tx, r refunds.Refund, at time.Time) error {
	if r.Stray {
		return Tell(ctx, tx, r.OrderID, at, "refund_failed", map[string]any{"failure": r.Failure})
	}
	o, err := Lock(ctx, tx, r.OrderID)
	if err != nil {
		return err
	}
	// One that was to pay what an earlier one had brought back leaves its buyer owed the money still. Held anew before it is let go, so
	// that nothing comes free between the two.
	var owed bool
	if err := tx.GetContext(ctx, &owed, selectOwed, o.ID, r.Operation); err != nil {
		return postgres.Translate(err)
	}
	if owed {
		if err := earnings.Place(ctx, tx, owedHolds(r, at)...); err != nil {
			return err
		}
	}
	if err := earnings.Lift(ctx, tx, o.ID, r.Hold(), at); err != nil {
		return err
	}
	return s.refused(ctx, tx, o, r, at, "refund_failed")
}

const selectOwed = `select exists (select 1 from holds where order_id = $1 and reference = 'owed:refund:' || substr($2, length('again:') + 1) and $2 like 'again:%')`

// owedHolds stop what is earned on the parts of a refund while its buyer is owed the money.
func owedHolds(r refunds.Refund, at time.Time) []earnings.Hold {
	r.AskedAt = at
	hs := holds(r, earnings.RefundOwed)
	for i := range hs {
		hs[i].Reference = owedBy(r)
	}
	return hs
}

// refused tells whoever asked for a refund that the buyer does not have the money.
func (s *Service) refused(ctx context.Context, tx *sqlx.Tx, o Order, r refunds.Refund, at time.Time, event string) error {
	detail := detailOf(r)
	detail["failure"] = r.Failure
	if err := Tell(ctx, tx, o.ID, at, event, detail); err != nil {
		return err
	}
	return s.lettersRefundFailed(ctx, tx, o, r)
}

// RefundFound makes a refund of ours of one that somebody made in the provider's own pages: its parts are what is left of the
// order, in proportion. Part of refunds.Outcomes.
func (s *Service) RefundFound(ctx context.Context, tx *sqlx.Tx, orderID int64, f payments.Refund, at time.Time) (refunds.Refund, error) {
	shipments, err := ShipmentsOf(ctx, tx, orderID)
	if err != nil {
		return refunds.Refund{}, err
	}
	items, err := Parts(shipments, RefundWish{Minor: f.Amount.Minor})
	if err != nil {
		return refunds.Refund{}, fmt.Errorf("refund %s of %v of order %d: %w", f.ID, f.Amount, orderID, err)
	}
	r := refunds.Refund{OrderID: orderID, Amount: f.Amount, Reason: "outside", PaymentIntentID: f.PaymentIntentID, AskedAt: at, Items: items}
	return r, Tell(ctx, tx, orderID, at, "refund_found", map[string]any{"minor": f.Amount.Minor, "currency": f.Amount.Currency})
}

var (
	suspense = ledger.Account{Kind: ledger.Suspense}
	clearing = ledger.Account{Kind: ledger.Stripe}
)

// postStray books a payment that no order keeps: it goes into suspense, and out again when it is sent back. object is the
// provider's: the charge that came in, the refund that went out.
func postStray(ctx context.Context, tx *sqlx.Tx, reference string, a money.Amount, at time.Time, object string, from, to ledger.Account) error {
	_, err := ledger.Post(ctx, tx, ledger.Transaction{Reference: reference, Kind: "stray", Currency: a.Currency, At: at, Object: object,
		Postings: []ledger.Posting{{Source: from, Destination: to, Amount: a.Minor}}})
	return err
}
