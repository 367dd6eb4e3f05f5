// Package earnings is about what people are owed: an earning is a payee's share of one order line, or of the
// delivery cost of one shipment.
//
// A sale is split once, when it is paid (SplitLine), and booked in the ledger in the same transaction (Book):
//
//	stripe ──▶ held:brand    what is left of the line, and the delivery cost
//	       ──▶ held:member   commission of whoever brought the buyer: net price × rate × part, for each of them
//	       ──▶ held:member   margin of the storefront that it was bought in, without its VAT
//	       ──▶ held:member   royalty of whoever drew the piece, or whose idea it was: net price × rate
//	       ──▶ fees          what Relais keeps
//
// The states of an earning, each with a date and a reason that a person can read:
//
//	        Settle fixes the date
//	held ───────────────────────▶ free ──▶ paying ──▶ paid
//	 │ ▲        Release                └── payout ──┘
//	 │ └── Lift ── frozen ◀── Place      (read from the payout whose range of postings covers the earning)
//	 └── Apply ──▶ voided
//
// paying and paid are not stored: an earning is paid by the payout whose range of ledger postings holds its release,
// so a payout of a million earnings writes one row.
//
// Afterwards money may go back to the buyer, in parts, and come back again: Apply. While an earning waits, what is given
// back lowers it; once it is free or paid, it is taken from what its payee has free, and what is missing is their debt, which
// the next money that comes free pays (Net). An earning never changes its amount: what was given back stands beside it.
//
// A share may pass to another payee (Reassign): a commission that was refused to its brand, one that was missing from the brand to the
// member who claimed it. It takes over what had been given back of it, so that the next refund finds everybody where they should be.
package earnings

import (
	"time"

	"relais/internal/money"
)

// Role says what an earning is for.
type Role string

// The roles of an earning.
const (
	Sale       Role = "sale"       // what is left for the brand
	Delivery   Role = "delivery"   // the delivery cost, the brand's
	Commission Role = "commission" // the member's who brought the buyer
	Margin     Role = "margin"     // of what a storefront put on the brand's price, without VAT: its member's
	Kept       Role = "kept"       // a commission or margin that was refused: the brand's
	Royalty    Role = "royalty"    // the member's who drew the design that was sold, or one that it varies
	Idea       Role = "idea"       // the member's whose idea the product came of
)

// Brings says whether it is of a member for having brought the buyer: what is reviewed, refused and claimed.
func (r Role) Brings() bool { return r == Commission || r == Margin }

// Makes says whether it is of a member for what the piece is: nobody's visit decides it, and it stays its author's.
func (r Role) Makes() bool { return r == Royalty || r == Idea }

// State is where an earning stands.
type State string

// The states of an earning. Paying and Paid are read from payouts and never stored.
const (
	Held   State = "held"
	Free   State = "free"
	Frozen State = "frozen"
	Voided State = "voided"
	Paying State = "paying"
	Paid   State = "paid"
)

// Reason is the key of the sentence that says why an earning waits, or why it was voided: "earning.reason." + Reason.
type Reason string

// The reasons an earning carries.
const (
	AwaitingShipment Reason = "awaiting_shipment" // paid, not sent yet
	AwaitingDelivery Reason = "awaiting_delivery" // on its way
	WithdrawalPeriod Reason = "withdrawal_period" // delivered; the buyer may still withdraw
	BrandHold        Reason = "brand_hold"        // handed over face to face, without a right of withdrawal; the brand's terms hold it longer
	Withdrawal       Reason = "withdrawal"        // the buyer withdrew; the refund waits for the goods
	RefundUnderWay   Reason = "refund_under_way"  // asked of the bank, not answered yet
	RefundOwed       Reason = "refund_owed"       // the bank sent a refund back: its buyer is still owed the money
	Disputed         Reason = "dispute"           // the buyer's bank took the payment back, or asks about it
	Blocked          Reason = "blocked"           // the payee is blocked by Relais; read and never stored
	Reviewed         Reason = "review"            // a person looks at how the sale came about
	Refunded         Reason = "refunded"          // voided
	Reassigned       Reason = "reassigned"        // voided: the share is another payee's now
	Released         Reason = "released"          // free: nothing stands in the way of a payout
)

// Earning is one row of earnings with, for reading, what it was earned on and the payout that it went into.
type Earning struct {
	ID            int64        `db:"id"`
	PayeeID       int64        `db:"payee_id"`
	OrderID       int64        `db:"order_id"`
	ShipmentID    int64        `db:"shipment_id"`
	OrderLineID   *int64       `db:"order_line_id"` // nil: delivery cost
	Role          Role         `db:"role"`
	Amount        money.Amount `db:"amount"`
	BaseMinor     int64        `db:"base_minor"` // what the rate is taken of, minor units
	RateBps       int64        `db:"rate_bps"`   // basis points; 0: what is left
	PartBps       int64        `db:"part_bps"`   // of a commission: the payee's part of the line, basis points; 10000: all of it
	State         State        `db:"state"`
	Reason        Reason       `db:"reason"`
	FreeAt        time.Time    `db:"free_at"`       // the day it comes free
	FreeAtKnown   bool         `db:"free_at_known"` // false: an estimate, as nothing is delivered yet
	EarnedAt      time.Time    `db:"earned_at"`
	ReleasedAt    *time.Time   `db:"released_at"`
	VoidedAt      *time.Time   `db:"voided_at"`
	FreePostingID *int64       `db:"free_posting_id"` // the ledger posting that moved it to the free account
	ReturnedMinor int64        `db:"returned_minor"`  // given back of it so far, minor units
	ReleasedMinor int64        `db:"released_minor"`  // what that posting moved, minor units
	MovedMinor    int64        `db:"moved_minor"`     // of the amount, passed to another payee: Reassign
	FromEarningID *int64       `db:"from_earning_id"` // the earning that its share was passed from; nil: booked with the sale

	PayoutID     *int64     `db:"payout_id"` // the payout that it is in
	PaidAt       *time.Time `db:"paid_at"`   // when that payout was sent
	OrderNumber  string     `db:"order_number"`
	ProductTitle string     `db:"product_title"` // empty for delivery
	ProductSlug  string     `db:"product_slug"`  // empty: no page shows it
	Quantity     int        `db:"quantity"`
	BrandName    string     `db:"brand_name"`
	MemberID     int64      `db:"member_id"` // the payee, where it is a member; 0: the brand
	PayeeName    string     `db:"payee_name"`
}

// Share is what of the amount was not passed to another payee, minor units: what refunds are taken of in proportion.
func (e Earning) Share() int64 { return e.Amount.Minor - e.MovedMinor }

// Left is what of the earning is still the payee's.
func (e Earning) Left() money.Amount {
	return money.New(e.Share()-e.ReturnedMinor, e.Amount.Currency)
}

// Owner is who stands behind a payee: exactly one of the two is set.
type Owner struct {
	MemberID int64
	BrandID  int64
}
