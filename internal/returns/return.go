// Package returns is what buyers send back: by right, within 14 days of receipt (withdrawal), or because the brand agrees.
//
//	asked ──▶ approved ──▶ received ──▶ refunded        asked: only where the brand decides
//	  │          │  └─────────────────────▲             nothing had left: refunded at once
//	  ├──▶ refused                        │
//	  └──────────┴──▶ withdrawn           └── back to received (or approved) when the refund fails
//
// A withdrawal needs nobody's consent: it begins approved, with a dated acknowledgement to the buyer (Directive 2011/83/EU
// art. 11; Code de la consommation L221-21). It may be of some pieces only. The brand may keep the money until the goods are back
// (art. 13(3)), not longer than 14 days from the day on which it could: Sweep reminds it. Pieces made to the buyer's own wishes
// are left out, with the reason (art. 16 c).
//
// While a return is open, what is earned on its lines stands still.
package returns

import (
	"fmt"
	"time"

	"relais/internal/orders"
)

// Kind says by what right something comes back.
type Kind string

// The kinds of return.
const (
	Withdrawal Kind = "withdrawal" // the buyer's right
	Request    Kind = "request"    // the brand's kindness, or its duty for what is faulty
)

// State is where a return stands.
type State string

// The states of a return.
const (
	Asked     State = "asked"
	Approved  State = "approved"
	Refused   State = "refused"
	Received  State = "received"
	Refunded  State = "refunded"
	Withdrawn State = "withdrawn" // the buyer keeps it after all
)

// Open reports whether something is still to be done.
func (s State) Open() bool { return s == Asked || s == Approved || s == Received }

// Return is what comes back of one brand's parcel.
type Return struct {
	ID            int64      `db:"id"`
	OrderID       int64      `db:"order_id"`
	ShipmentID    int64      `db:"shipment_id"`
	BrandID       int64      `db:"brand_id"`
	Operation     string     `db:"operation"`
	Kind          Kind       `db:"kind"`
	State         State      `db:"state"`
	Reason        string     `db:"reason"`
	AskedAt       time.Time  `db:"asked_at"`
	DecidedAt     *time.Time `db:"decided_at"`
	DecidedBy     *int64     `db:"decided_by"` // nil: the law
	Answer        string     `db:"answer"`     // of the brand: why it refused, or kept a part
	SentAt        *time.Time `db:"sent_at"`
	Tracking      string     `db:"tracking"`
	ReceivedAt    *time.Time `db:"received_at"`
	DeductedMinor int64      `db:"deducted_minor"` // kept by the brand for what was used or broken
	EndedAt       *time.Time `db:"ended_at"`

	Lines []Line `db:"-"`
}

// Line is how many pieces of an order line come back.
type Line struct {
	ReturnID    int64  `db:"return_id"`
	OrderLineID int64  `db:"order_line_id"`
	Quantity    int64  `db:"quantity"`
	Title       string `db:"title"`
	Variant     string `db:"variant_title"`
	PriceMinor  int64  `db:"price_minor"` // per piece
}

// Hold is the reference of the hold on earnings while the return is open.
func (r Return) Hold() string { return fmt.Sprintf("return:%d", r.ID) }

// RefundDays is within how many days of the declaration a withdrawn buyer has to have their money (Directive 2011/83/EU
// art. 13(1)).
const RefundDays = 14

// Due is the day by which the buyer is to be paid back, where the law sets one.
func (r Return) Due() (time.Time, bool) {
	if r.Kind != Withdrawal || !r.State.Open() {
		return time.Time{}, false
	}
	from := r.AskedAt
	if r.ReceivedAt == nil && r.SentAt == nil { // the brand may wait for the goods, or for proof that they are on their way
		return time.Time{}, false
	}
	return from.AddDate(0, 0, RefundDays), true
}

// Option is a line of an order with what can still be sent back of it.
type Option struct {
	Line     orders.Line
	Left     int64  // pieces that are neither refunded nor coming back
	Excluded string // why it cannot be withdrawn: "custom_made"; empty: it can
}
