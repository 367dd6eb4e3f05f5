package returns

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/mail"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/postgres"
	"relais/internal/refunds"
)

// Service is the use cases of this package. It is also the refunds.Outcomes of all orders: what follows for the books is
// the orders' own, what follows for a return is added here.
type Service struct {
	db     *sqlx.DB
	orders *orders.Service
	now    func() time.Time // business time
	mail   *mail.Outbox
}

// New makes the Service.
func New(db *sqlx.DB, o *orders.Service, now func() time.Time, m *mail.Outbox) *Service {
	s := &Service{db: db, orders: o, now: now, mail: m}
	o.WhenPaid(s.ended)
	return s
}

func fieldOf(lineID int64) string { return "line-" + strconv.FormatInt(lineID, 10) }

// Declaration is what a buyer sends back.
type Declaration struct {
	OrderID   int64
	Chosen    map[int64]int64 // order line → pieces; nil: all that can be withdrawn
	Reason    string          // may be empty
	Operation string          // one-time value of the form: sent twice, it is one declaration; empty: a new one
}

// text is what a person wrote, at most so many characters.
func text(s string, most int) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// Withdraw declares the buyer's withdrawal from all of an order or from some pieces. The earnings on them stop where they
// stand, the buyer gets a dated acknowledgement, the brands are told. What has not left yet is refunded at once; the rest once
// it is back. Faults: those of Withdrawable and Gather.
func (s *Service) Withdraw(ctx context.Context, d Declaration) error {
	return s.declare(ctx, d, Withdrawal)
}

// Ask asks the brands to take pieces back, without a right to it. Faults: ErrNotPaid and those of Gather.
func (s *Service) Ask(ctx context.Context, d Declaration) error {
	return s.declare(ctx, d, Request)
}

func (s *Service) declare(ctx context.Context, d Declaration, kind Kind) error {
	if d.Operation == "" {
		d.Operation = rand.Text()
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		o, err := orders.Lock(ctx, tx, d.OrderID)
		if err != nil {
			return err
		}
		var known bool
		if err := tx.GetContext(ctx, &known, `select exists (select 1 from returns where starts_with(operation, $1))`, d.Operation+":"); err != nil || known {
			return err
		}
		shipments, err := orders.ShipmentsOf(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		coming, err := comingBack(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		now := s.now()
		if kind == Request && o.State != orders.Paid {
			return ErrNotPaid
		}
		if kind == Withdrawal {
			if err := Withdrawable(o, shipments, coming, now); err != nil {
				return err
			}
		}
		if d.Chosen == nil {
			d.Chosen = All(shipments, coming)
		}
		parcels, err := Gather(shipments, coming, d.Chosen, kind == Withdrawal)
		if err != nil {
			return err
		}
		return s.open(ctx, tx, o, d, kind, parcels, now)
	})
}

const insertReturn = `
insert into returns (order_id, shipment_id, brand_id, operation, kind, state, reason, asked_at, decided_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`

// open writes the returns of a declaration, one for each parcel, with all that follows.
func (s *Service) open(ctx context.Context, tx *sqlx.Tx, o orders.Order, d Declaration, kind Kind, parcels []Parcel, now time.Time) error {
	var opened []Return
	for _, p := range parcels {
		r := Return{OrderID: o.ID, ShipmentID: p.Shipment.ID, BrandID: p.Shipment.BrandID, Operation: fmt.Sprintf("%s:%d", d.Operation, p.Shipment.ID),
			Kind: kind, State: Asked, Reason: text(d.Reason, 1000), AskedAt: now, Lines: p.Lines}
		if kind == Withdrawal {
			r.State, r.DecidedAt = Approved, &now
		}
		if err := tx.GetContext(ctx, &r.ID, insertReturn, r.OrderID, r.ShipmentID, r.BrandID, r.Operation, r.Kind, r.State, r.Reason, r.AskedAt, r.DecidedAt); err != nil {
			return postgres.Translate(err)
		}
		for _, l := range r.Lines {
			if _, err := tx.ExecContext(ctx, `insert into return_lines (return_id, order_line_id, quantity) values ($1, $2, $3)`, r.ID, l.OrderLineID, l.Quantity); err != nil {
				return postgres.Translate(err)
			}
		}
		if err := s.stop(ctx, tx, r, p); err != nil {
			return err
		}
		detail := map[string]any{"return": r.ID, "brand": p.Shipment.BrandName, "pieces": pieces(r), "reason": r.Reason}
		if err := orders.Tell(ctx, tx, o.ID, now, string(kind), detail); err != nil {
			return err
		}
		if err := s.letterBrand(ctx, tx, o, p.Shipment, r); err != nil {
			return err
		}
		opened = append(opened, r)
	}
	if err := s.letterBuyer(ctx, tx, o, string(kind), d.Operation, opened); err != nil {
		return err
	}
	for i, p := range parcels {
		if kind == Withdrawal && p.Shipment.State != orders.Shipped && p.Shipment.State != orders.Delivered {
			// While the bank has the money nothing is paid back: the declaration stands all the same, and the brand refunds it later.
			if err := s.refund(ctx, tx, o, p.Shipment, opened[i], 0, true); err != nil && !errors.Is(err, orders.ErrDisputed) {
				return err
			}
		}
	}
	return nil
}

func pieces(r Return) (n int64) {
	for _, l := range r.Lines {
		n += l.Quantity
	}
	return n
}

// stop puts a hold on what is earned on the lines that come back, and on the delivery cost where all of it does.
func (s *Service) stop(ctx context.Context, tx *sqlx.Tx, r Return, p Parcel) error {
	var hs []earnings.Hold
	for _, l := range r.Lines {
		id := l.OrderLineID
		hs = append(hs, earnings.Hold{OrderID: r.OrderID, Part: earnings.OneLine, OrderLineID: &id, Reason: earnings.Withdrawal, Reference: r.Hold(), PlacedAt: r.AskedAt})
	}
	if p.Whole && r.Kind == Withdrawal {
		hs = append(hs, earnings.Hold{OrderID: r.OrderID, Part: earnings.OneDelivery, ShipmentID: &r.ShipmentID, Reason: earnings.Withdrawal, Reference: r.Hold(), PlacedAt: r.AskedAt})
	}
	return earnings.Place(ctx, tx, hs...)
}

// refund asks for the money of a return.
func (s *Service) refund(ctx context.Context, tx *sqlx.Tx, o orders.Order, sh orders.Shipment, r Return, by int64, restock bool) error {
	w, err := Wish(r, sh, restock)
	if err != nil {
		return err
	}
	_, err = s.orders.AskRefund(ctx, tx, o, orders.RefundRequest{OrderID: o.ID, BrandID: r.BrandID, By: by, Operation: r.Hold(), Reason: string(r.Kind), Note: r.Answer, ReturnID: &r.ID, Wish: w})
	return err
}

// with locks the order of a brand's return and hands over both; brandID 0: whichever brand's.
func (s *Service) with(ctx context.Context, brandID, returnID int64, do func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment, r Return) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		r, err := byID(ctx, tx, returnID)
		if err != nil {
			return err
		}
		if brandID != 0 && r.BrandID != brandID {
			return ErrGone
		}
		o, err := orders.Lock(ctx, tx, r.OrderID)
		if err != nil {
			return err
		}
		if r, err = byID(ctx, tx, returnID); err != nil { // as it is under the lock
			return err
		}
		shipments, err := orders.ShipmentsOf(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(shipments, func(sh orders.Shipment) bool { return sh.ID == r.ShipmentID })
		return do(tx, o, shipments[i], r)
	})
}

const updateDecided = `update returns set state = $2, decided_at = $3, decided_by = nullif($4::bigint, 0), answer = $5, ended_at = case when $2 = 'refused' then $3::timestamptz end where id = $1`

// Decide is the brand's answer to a request: approved, or refused with a reason. ErrMoved where it was decided before;
// the field "answer" where a refusal has no reason.
func (s *Service) Decide(ctx context.Context, brandID, returnID, by int64, approve bool, answer string) error {
	return s.with(ctx, brandID, returnID, func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment, r Return) error {
		if r.State != Asked {
			return ErrMoved
		}
		now := s.now()
		r.Answer, r.State = text(answer, 1000), Approved
		if !approve {
			if r.Answer == "" {
				return fault.Field("answer", "fault.required")
			}
			r.State = Refused
		}
		if _, err := tx.ExecContext(ctx, updateDecided, r.ID, r.State, now, by, r.Answer); err != nil {
			return postgres.Translate(err)
		}
		if !approve {
			if err := earnings.Lift(ctx, tx, o.ID, r.Hold(), now); err != nil {
				return err
			}
		}
		detail := map[string]any{"return": r.ID, "brand": sh.BrandName, "answer": r.Answer}
		if err := orders.Tell(ctx, tx, o.ID, now, "return_"+string(r.State), detail); err != nil {
			return err
		}
		return s.letterBuyer(ctx, tx, o, "return_"+string(r.State), r.Hold(), []Return{r})
	})
}

// Sent records that the buyer has sent the goods back; the brand's 14 days for the money count from then at the latest.
func (s *Service) Sent(ctx context.Context, returnID int64, tracking string) error {
	return s.with(ctx, 0, returnID, func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment, r Return) error {
		if r.State != Approved {
			return ErrMoved
		}
		now := s.now()
		_, err := tx.ExecContext(ctx, `update returns set sent_at = coalesce(sent_at, $2), tracking = $3 where id = $1`, r.ID, now, text(tracking, 300))
		if err != nil || r.SentAt != nil {
			return postgres.Translate(err)
		}
		return orders.Tell(ctx, tx, o.ID, now, "return_sent", map[string]any{"return": r.ID, "brand": sh.BrandName})
	})
}

// KeepsIt ends a return at its buyer's wish: the goods stay with them.
func (s *Service) KeepsIt(ctx context.Context, returnID int64) error {
	return s.with(ctx, 0, returnID, func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment, r Return) error {
		if r.State != Asked && (r.State != Approved || r.Kind == Withdrawal) { // a withdrawal has ended the contract: it is not taken back
			return ErrMoved
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, `update returns set state = 'withdrawn', ended_at = $2 where id = $1`, r.ID, now); err != nil {
			return postgres.Translate(err)
		}
		if err := earnings.Lift(ctx, tx, o.ID, r.Hold(), now); err != nil {
			return err
		}
		return orders.Tell(ctx, tx, o.ID, now, "return_kept", map[string]any{"return": r.ID, "brand": sh.BrandName})
	})
}

// Receipt is what a brand says of goods that came back.
type Receipt struct {
	BrandID       int64 // 0: the platform
	ReturnID      int64
	By            int64
	DeductedMinor int64  // kept for what was used beyond trying, or broken (Directive 2011/83/EU art. 14(2)), minor units
	Answer        string // why; required with a deduction
	Restock       bool   // the pieces can be sold again
}

const updateReceived = `update returns set state = 'received', received_at = coalesce(received_at, $2), deducted_minor = $3, answer = case when $4 = '' then answer else $4 end where id = $1`

// Receive records that the goods are back, and asks for the money to go to the buyer. ErrMoved, ErrDeduction, and those of
// orders.AskRefund.
func (s *Service) Receive(ctx context.Context, in Receipt) error {
	return s.with(ctx, in.BrandID, in.ReturnID, func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment, r Return) error {
		if r.State != Approved {
			return ErrMoved
		}
		now, answer := s.now(), text(in.Answer, 500)
		if in.DeductedMinor > 0 && answer == "" {
			return fault.Field("answer", "fault.required")
		}
		if _, err := tx.ExecContext(ctx, updateReceived, r.ID, now, in.DeductedMinor, answer); err != nil {
			return postgres.Translate(err)
		}
		r.State, r.ReceivedAt, r.DeductedMinor = Received, &now, in.DeductedMinor
		if answer != "" {
			r.Answer = answer
		}
		if err := orders.Tell(ctx, tx, o.ID, now, "return_received", map[string]any{"return": r.ID, "brand": sh.BrandName}); err != nil {
			return err
		}
		return s.refund(ctx, tx, o, sh, r, in.By, in.Restock)
	})
}

// A return ends with its own refund, or when all of its lines went back by another.
const updateRefunded = `
update returns r set state = 'refunded', ended_at = $3 where r.order_id = $1 and r.state in ('asked','approved','received') and (r.id = $2::bigint
  or not exists (select 1 from return_lines i join order_lines l on l.id = i.order_line_id where i.return_id = r.id and l.returned_minor < l.total_minor))
returning r.id`

// RefundMade is the orders', and ends the returns that it leaves nothing of.
func (s *Service) RefundMade(ctx context.Context, tx *sqlx.Tx, r refunds.Refund, at time.Time) error {
	if err := s.orders.RefundMade(ctx, tx, r, at); err != nil || r.Stray {
		return err
	}
	return s.ended(ctx, tx, r, at)
}

// ended ends the returns that a refund leaves nothing of.
func (s *Service) ended(ctx context.Context, tx *sqlx.Tx, r refunds.Refund, at time.Time) error {
	var ended []int64
	if err := tx.SelectContext(ctx, &ended, updateRefunded, r.OrderID, r.ReturnID, at); err != nil {
		return postgres.Translate(err)
	}
	for _, id := range ended {
		if err := earnings.Lift(ctx, tx, r.OrderID, Return{ID: id}.Hold(), at); err != nil {
			return err
		}
	}
	return nil
}

const updateReopened = `
update returns set state = case when received_at is null then 'approved' else 'received' end, ended_at = null
where id = $1 and state = 'refunded' returning id`

// RefundCameBack is the orders', and opens the return again that the refund is of.
func (s *Service) RefundCameBack(ctx context.Context, tx *sqlx.Tx, r refunds.Refund, at time.Time) error {
	if err := s.orders.RefundCameBack(ctx, tx, r, at); err != nil || r.ReturnID == nil {
		return err
	}
	var reopened []int64
	if err := tx.SelectContext(ctx, &reopened, updateReopened, *r.ReturnID); err != nil || len(reopened) == 0 {
		return postgres.Translate(err)
	}
	back, err := byID(ctx, tx, *r.ReturnID)
	if err != nil {
		return err
	}
	return s.stop(ctx, tx, back, Parcel{})
}

// RefundRefused is the orders'.
func (s *Service) RefundRefused(ctx context.Context, tx *sqlx.Tx, r refunds.Refund, at time.Time) error {
	return s.orders.RefundRefused(ctx, tx, r, at)
}

// RefundFound is the orders'.
func (s *Service) RefundFound(ctx context.Context, tx *sqlx.Tx, orderID int64, f payments.Refund, at time.Time) (refunds.Refund, error) {
	return s.orders.RefundFound(ctx, tx, orderID, f, at)
}
