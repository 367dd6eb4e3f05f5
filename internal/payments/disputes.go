package payments

import (
	"strings"
	"time"

	"relais/internal/money"
)

// DisputeState is where a dispute stands, in the provider's own words.
type DisputeState string

// The states of a dispute. Those that begin with warning are inquiries: no money has moved. Won, lost and warning_closed
// are decided; a bank may still decide anew, so that won follows lost and lost follows won.
const (
	DisputeNeedsResponse        DisputeState = "needs_response"
	DisputeUnderReview          DisputeState = "under_review"
	DisputeWon                  DisputeState = "won"
	DisputeLost                 DisputeState = "lost"
	DisputeChargeRefunded       DisputeState = "charge_refunded" // an old word of the provider's: over, as the charge was refunded
	DisputeWarningNeedsResponse DisputeState = "warning_needs_response"
	DisputeWarningUnderReview   DisputeState = "warning_under_review"
	DisputeWarningClosed        DisputeState = "warning_closed"
)

// Inquiry reports whether only a question was asked: no money moves.
func (s DisputeState) Inquiry() bool { return strings.HasPrefix(string(s), "warning_") }

// Open reports whether the dispute waits for a decision.
func (s DisputeState) Open() bool {
	switch s {
	case DisputeNeedsResponse, DisputeUnderReview, DisputeWarningNeedsResponse, DisputeWarningUnderReview:
		return true
	}
	return false
}

// Dispute is a payment that the buyer's bank takes back, or asks about.
type Dispute struct {
	ID              string
	ChargeID        string
	PaymentIntentID string
	State           DisputeState
	Amount          money.Amount // can exceed the payment, by exchange rates
	Reason          string       // the bank's word: fraudulent, product_not_received, …
	DueBy           time.Time    // until then an answer counts; zero: none is wanted
	Answered        bool         // evidence was submitted
	PastDue         bool
	Refundable      bool // the payment can still be refunded (inquiries)
	Created         time.Time
	Movements       []Movement // what was withdrawn (negative, with a fee) and given back, oldest first
}

// EvidenceRequest is the answer to a dispute. Empty fields are left out.
type EvidenceRequest struct {
	DisputeID       string
	Submit          bool
	Text            string // in our words, at most 20,000 characters
	Product         string // what was sold
	CustomerName    string
	CustomerEmail   string
	ShippingAddress string
	ShippingCarrier string
	ShippingDate    string
	Tracking        string
	RefundPolicy    string
	Files           map[EvidenceKind]string // ids of UploadEvidence
}

// EvidenceKind says what a file shows.
type EvidenceKind string

// The kinds of file that an answer can name.
const (
	EvidenceReceipt       EvidenceKind = "receipt"
	EvidenceShipping      EvidenceKind = "shipping_documentation"
	EvidenceCommunication EvidenceKind = "customer_communication"
	EvidenceOther         EvidenceKind = "uncategorized_file"
)

// EvidenceFile is a picture or PDF for a dispute.
type EvidenceFile struct {
	Reference string // idempotency key
	Name      string
	Content   []byte // JPEG, PNG or PDF, at most 5 MB
}
