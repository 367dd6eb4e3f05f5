// Package disputes is about payments that buyers' banks take back, or ask about.
//
//	needs_response ──▶ under_review ──▶ won ⇄ lost        the money is with the bank until it decides
//	warning_needs_response ──▶ warning_under_review ──▶ warning_closed        an inquiry: nothing has moved
//	        └──▶ needs_response
//
// The states are Stripe's words, read from Stripe whenever it says that something changed: what was told before does not
// matter. What follows, in one transaction:
//
//	open      everything that the order earned and that is not free yet stands still; what is free or paid is not touched
//	moved     each movement of the bank is booked once: disputed → stripe what it took, costs → stripe what Stripe kept
//	          for it, stripe → disputed what it gave back
//	lost      the beneficiaries give back their shares of what was taken, as in a refund, to the account disputed; what
//	          exceeds the order's parts (exchange rates, an earlier refund) is the platform's loss
//	won       the earnings go on; after lost, everybody gets their share back
//
// Nobody gives anything back before a dispute is lost. In the end the account disputed is at nothing.
package disputes

import (
	"fmt"
	"time"

	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/payments"
)

// Dispute is one row of disputes.
type Dispute struct {
	ID              int64                 `db:"id"`
	StripeID        string                `db:"stripe_id"`
	OrderID         *int64                `db:"order_id"` // nil: of a payment that no order kept
	PaymentIntentID string                `db:"payment_intent_id"`
	ChargeID        string                `db:"charge_id"`
	Amount          money.Amount          `db:"amount"`
	State           payments.DisputeState `db:"state"`
	Reason          string                `db:"reason"` // the bank's word
	DueBy           *time.Time            `db:"due_by"` // until then an answer counts
	OpenedAt        time.Time             `db:"opened_at"`
	DecidedAt       *time.Time            `db:"decided_at"`
	WithdrawnMinor  int64                 `db:"withdrawn_minor"` // at the bank now
	FeeMinor        int64                 `db:"fee_minor"`       // what Stripe kept for it
	Booked          Booked                `db:"booked"`
	BookedTimes     int                   `db:"booked_times"`
	LostMinor       int64                 `db:"lost_minor"`      // booked against the order's shares
	ExcessMinor     int64                 `db:"excess_minor"`    // the platform's loss
	StrayRefundID   *int64                `db:"stray_refund_id"` // of a payment that no order kept: its way back, which the bank went first
	Evidence        []byte                `db:"evidence"`        // JSON of Answer
	SubmittedAt     *time.Time            `db:"submitted_at"`
	Error           string                `db:"error"` // what Stripe said to the last answer, if it refused it

	OrderNumber string `db:"order_number"`
}

// Booked says whether the loss of a dispute stands in the books.
type Booked string

// The two ways a dispute can stand in the books.
const (
	NotBooked  Booked = ""
	BookedLost Booked = "lost"
)

// Hold is the reference of the hold on earnings while the dispute is open.
func (d Dispute) Hold() string { return fmt.Sprintf("dispute:%d", d.ID) }

// Answerable says whether evidence can still be given.
func (d Dispute) Answerable() bool {
	return d.State == payments.DisputeNeedsResponse || d.State == payments.DisputeWarningNeedsResponse
}

// Withdrawn is what the bank has now.
func (d Dispute) Withdrawn() money.Amount { return money.New(d.WithdrawnMinor, d.Amount.Currency) }

// Fee is what Stripe kept for the dispute.
func (d Dispute) Fee() money.Amount { return money.New(d.FeeMinor, d.Amount.Currency) }

// Answer is what a bank is told. Empty fields are left out.
type Answer struct {
	Text            string `json:"text"`
	Product         string `json:"product"`
	CustomerName    string `json:"customer_name"`
	CustomerEmail   string `json:"customer_email"`
	ShippingAddress string `json:"shipping_address"`
	ShippingCarrier string `json:"shipping_carrier"`
	ShippingDate    string `json:"shipping_date"`
	Tracking        string `json:"tracking"`
	RefundPolicy    string `json:"refund_policy"`
}

// File is a document for the bank.
type File struct {
	ID         int64                 `db:"id"`
	DisputeID  int64                 `db:"dispute_id"`
	Kind       payments.EvidenceKind `db:"kind"`
	Name       string                `db:"name"`
	Bytes      int                   `db:"bytes"`
	Content    []byte                `db:"content"`
	StripeID   *string               `db:"stripe_id"`
	UploadedAt time.Time             `db:"uploaded_at"`
}

// The faults of this package.
var (
	ErrGone       = fault.New(fault.NotFound, "fault.dispute_not_found")
	ErrDecided    = fault.New(fault.Conflict, "fault.dispute_closed")  // decided or answered: it takes no evidence any more
	ErrFile       = fault.Field("file", "fault.dispute_file")          // not a JPEG, PNG or PDF of at most 5 MB
	ErrFiles      = fault.Field("file", "fault.dispute_files")         // more than eight
	ErrEmptyWords = fault.Field("text", "fault.required")              // an answer says something
	ErrUnderWay   = fault.New(fault.Conflict, "fault.dispute_sending") // the answer is being sent
)
