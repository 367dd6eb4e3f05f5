// Package payments holds the words we use with a payment provider: what we ask of it, what it answers, and what an
// error lets us do next. It knows no provider; package stripe speaks to one in these words.
//
// The words follow the charge model of the product. A buyer pays the platform through a hosted Checkout; the money
// lies on the platform's balance; when a share is free, a Transfer sends it to the payee's connected Account.
// A Refund gives a buyer's money back from the platform's balance.
//
//	buyer ── Checkout ──► platform ── Transfer ──► account ──► bank
//	buyer ◄── Refund ──── platform
//
// Three rules hold for every call that changes something:
//
//   - Our Reference is the idempotency key. It is written to the database before the call, so that the same intent
//     is asked for again with the same key, by any process, after any crash.
//   - No call is made inside a database transaction.
//   - An error says what to do next by its Outcome: same key again, look before asking anew, or give up.
//
// All amounts are whole minor units of their currency (cents for EUR).
package payments

import (
	"context"
	"strings"
	"time"

	"relais/internal/money"
)

// Checkouts takes buyers' payments and gives them back.
type Checkouts interface {
	// OpenCheckout creates a hosted payment page. Twice with the same Reference and content: the same checkout.
	OpenCheckout(ctx context.Context, r CheckoutRequest) (Checkout, error)
	// Checkout reads the current state of a checkout. An unknown id is Final with CodeNotFound.
	Checkout(ctx context.Context, id string) (Checkout, error)
	// ExpireCheckout closes an open checkout, so that it can no longer be paid. One that is complete or expired
	// already is Final with CodeCheckoutNotOpen: read it to learn which.
	ExpireCheckout(ctx context.Context, id string) error
	// Refund sends money back to the buyer. Twice with the same Reference: the same refund. A refund of more than
	// is left is Final with CodeRefundTooLarge; a charge under dispute is Final with CodeDisputed.
	Refund(ctx context.Context, r RefundRequest) (Refund, error)
	// FindRefunds lists every refund of one payment, newest first, also those made in the provider's dashboard.
	// After an Outcome of LookUp it tells whether the refund happened: compare Reference.
	FindRefunds(ctx context.Context, paymentIntentID string) ([]Refund, error)
}

// Accounts opens the payees' accounts at the provider, through which they are paid.
type Accounts interface {
	// CreateAccount opens an account for a payee who has not yet said who they are. The platform not being set up
	// for it is Final with CodeSetup and a Message that tells the operator what to change.
	CreateAccount(ctx context.Context, r AccountRequest) (Account, error)
	// Account reads the current state. One that is closed or whose access was revoked is Final with CodeAccountGone.
	Account(ctx context.Context, id string) (Account, error)
	// OnboardingLink returns the URL of the provider's pages on which the payee says who they are and where their
	// bank is. It serves once and for minutes: redirect to it at once, never store or log it. Coming back to
	// returnURL does not mean finished: read the Account. A spent link leads to refreshURL, which makes a new one.
	OnboardingLink(ctx context.Context, id, returnURL, refreshURL string) (url string, err error)
	// DashboardLink returns a one-time URL of the payee's own page at the provider. Before details are submitted it
	// is Final with CodeNotReady.
	DashboardLink(ctx context.Context, id string) (url string, err error)
}

// Transfers sends free money to the payees' accounts.
type Transfers interface {
	// Send moves money from the platform's available balance to an account. Twice with the same Reference and
	// content: the same transfer. Refusals are Final: CodeBalanceShort, CodeNotReady, CodeAccountGone, CodeRegion.
	Send(ctx context.Context, r TransferRequest) (Transfer, error)
	// FindTransfers lists every transfer of a group, newest first. After an Outcome of LookUp it tells whether the
	// transfer happened.
	FindTransfers(ctx context.Context, group string) ([]Transfer, error)
	// AvailableBalance is what the platform can send now, one amount per currency; it can be negative.
	AvailableBalance(ctx context.Context) ([]money.Amount, error)
}

// Reversals takes money back that was sent.
type Reversals interface {
	// AccountBalance is what lies on a payee's account, available and pending together, one amount per currency. A
	// negative one swallows what is sent to it. One that is closed is Final with CodeAccountGone.
	AccountBalance(ctx context.Context, accountID string) ([]money.Amount, error)
	// Reverse takes money back from an account that a transfer sent there. Twice with the same Reference: the same
	// reversal. An account that has less is Final with CodeBalanceShort; a transfer of which less is left, or nothing,
	// is Final with CodeReversalTooLarge.
	Reverse(ctx context.Context, r ReversalRequest) (Reversal, error)
	// FindReversals lists every reversal of one transfer, newest first. After an Outcome of LookUp it tells whether the
	// reversal happened: compare Reference.
	FindReversals(ctx context.Context, transferID string) ([]Reversal, error)
}

// Disputes answers buyers' banks that take a payment back.
type Disputes interface {
	// Dispute reads the current state of a dispute. An unknown id is Final with CodeNotFound.
	Dispute(ctx context.Context, id string) (Dispute, error)
	// FindDisputes lists every dispute of one payment, newest first.
	FindDisputes(ctx context.Context, paymentIntentID string) ([]Dispute, error)
	// SaveEvidence replaces the answer to a dispute; with Submit it goes to the bank, once, and cannot be changed any
	// more. A dispute that is decided or answered is Final with CodeDisputeClosed.
	SaveEvidence(ctx context.Context, r EvidenceRequest) (Dispute, error)
	// UploadEvidence gives the provider a file that an answer may name, and returns its id there. Twice with the same
	// reference: the same file.
	UploadEvidence(ctx context.Context, f EvidenceFile) (fileID string, err error)
	// AcceptDispute gives in: the dispute is lost at once.
	AcceptDispute(ctx context.Context, id string) (Dispute, error)
}

// Books reads what the provider booked, to hold it against our own books.
type Books interface {
	// Movements calls each for every movement of the platform's balance created at since or later, newest first. An
	// error of each ends it and is returned.
	Movements(ctx context.Context, since time.Time, each func(Movement) error) error
	// MovementsOf lists the movements that an object of the provider caused (a charge, refund, transfer, dispute …).
	MovementsOf(ctx context.Context, sourceID string) ([]Movement, error)
	// Funds is what the platform has, one entry per currency.
	Funds(ctx context.Context) ([]Funds, error)
	// BankPayout reads a payout to a bank, of a payee's account or, with an empty accountID, of the platform.
	BankPayout(ctx context.Context, accountID, id string) (BankPayout, error)
	// RecentEvents calls each for every event created at since or later, newest first, on the platform or, with an
	// accountID, on that account: what a lost notice would have told. Their Payload is as a notice's.
	RecentEvents(ctx context.Context, accountID string, since time.Time, each func(Event) error) error
}

// Events reads the provider's notices.
type Events interface {
	// ParseEvent checks the signature over the raw body and reads the event. A notice that is not the provider's,
	// too old, or dated ahead is ErrSignature; a missing secret is ErrNoSecret: never accept either.
	ParseEvent(payload []byte, signature string, endpoint Endpoint) (Event, error)
}

// CheckoutRequest asks for a payment page for one order.
type CheckoutRequest struct {
	Reference     string // idempotency key, at most 255 characters
	OrderNumber   string // what the buyer knows the order by
	OrderID       string // ours; comes back in Checkout.OrderID and on the payment
	Lines         []CheckoutLine
	Currency      money.Currency
	Email         string
	Locale        string // "fr" or "en"
	SuccessURL    string // "{CHECKOUT_SESSION_ID}" in it is replaced by the checkout's id
	CancelURL     string
	ExpiresAt     time.Time // at most 23 hours ahead; the page may stay open some minutes longer: expire it with the order
	TransferGroup string    // the business action the payment belongs to
}

// CheckoutLine is one line on the payment page.
type CheckoutLine struct {
	Name      string
	UnitMinor int64 // price of one, in minor units of the request's currency, VAT included; not negative
	Quantity  int64
	ImageURL  string // absolute; may be empty
}

// CheckoutState says whether a checkout can still be paid.
type CheckoutState string

// The states of a checkout: open can be paid; complete and expired are final.
const (
	CheckoutOpen     CheckoutState = "open"
	CheckoutComplete CheckoutState = "complete"
	CheckoutExpired  CheckoutState = "expired"
)

// Checkout is a payment page and what came of it. The fields of the payment are empty until it was paid.
type Checkout struct {
	ID              string
	URL             string // the hosted page; empty once the checkout is no longer open
	State           CheckoutState
	Paid            bool // the money is ours; complete alone does not say so
	Amount          money.Amount
	PaymentIntentID string
	ChargeID        string
	CardFingerprint string // the same for the same card number, whoever pays with it; empty when not a card
	OrderID         string
	OrderNumber     string // with OrderID it names one order; an id alone may be that of another database
	ExpiresAt       time.Time
}

// RefundReason is what the provider tells the buyer's bank.
type RefundReason string

// The reasons a provider knows; ours are finer and stay with us.
const (
	RefundRequested RefundReason = "requested_by_customer"
	RefundDuplicate RefundReason = "duplicate"
	RefundFraud     RefundReason = "fraudulent"
)

// RefundRequest asks to give back all or part of one payment.
type RefundRequest struct {
	Reference       string // idempotency key
	PaymentIntentID string
	Amount          money.Amount // positive, at most what is left of the payment
	OrderID         string
	Reason          RefundReason // empty: RefundRequested
}

// RefundState is where a refund stands.
type RefundState string

// The states of a refund. Pending is not done: it may still fail, and then the buyer is owed again. Succeeded may
// also turn to failed, days later, when the buyer's bank sends the money back.
const (
	RefundPending        RefundState = "pending"
	RefundSucceeded      RefundState = "succeeded"
	RefundFailed         RefundState = "failed"
	RefundCanceled       RefundState = "canceled"
	RefundRequiresAction RefundState = "requires_action"
)

// Refund is money on its way back to a buyer.
type Refund struct {
	ID              string
	Reference       string // ours; empty when it was made in the provider's dashboard
	PaymentIntentID string
	OrderID         string // ours, as above
	State           RefundState
	Amount          money.Amount
	FailureReason   string // the provider's word, empty unless failed
}

// AccountRequest asks for an account for one payee.
type AccountRequest struct {
	Reference    string // idempotency key
	PayeeID      int64  // ours; kept on the account
	Email        string
	Country      string       // ISO 3166-1 alpha-2, upper case; can never be changed
	BusinessType BusinessType // a hint for onboarding; may be empty
}

// BusinessType says what kind of payee opens an account.
type BusinessType string

// The kinds of payee.
const (
	Individual BusinessType = "individual"
	Company    BusinessType = "company"
)

// Account is a payee's account at the provider. Two lights are separate: TransfersActive says that we may send money
// to it, PayoutsEnabled that the money goes on to the payee's bank.
type Account struct {
	ID               string
	Country          string
	PayeeID          int64 // ours; 0 when the account does not carry it
	DetailsSubmitted bool
	TransfersActive  bool
	PayoutsEnabled   bool
	DisabledReason   string   // the provider's word; empty when nothing is wrong
	CurrentlyDue     []string // what the provider still wants to know, in its words
}

// Payable reports whether a transfer to the account can succeed. It does not wait for PayoutsEnabled: money may lie
// on the account until the bank details are right.
func (a Account) Payable() bool {
	return a.TransfersActive && !a.Rejected()
}

// Rejected reports whether the provider has refused the payee for good.
func (a Account) Rejected() bool {
	return strings.HasPrefix(a.DisabledReason, "rejected.")
}

// TransferRequest asks to send money to an account.
type TransferRequest struct {
	Reference   string // idempotency key
	Destination string // the account's id
	Amount      money.Amount
	Group       string            // found again by FindTransfers
	Metadata    map[string]string // ours; comes back in Transfer.Metadata
}

// Transfer is money sent to an account. It has no state: it exists or it does not.
type Transfer struct {
	ID          string
	Destination string
	Amount      money.Amount
	Group       string
	Reversed    int64 // minor units taken back so far
	Metadata    map[string]string
	Created     time.Time
}

// ReversalRequest asks to take back a part of a transfer.
type ReversalRequest struct {
	Reference  string // idempotency key
	TransferID string
	Amount     money.Amount // in the transfer's currency; positive, at most what is left of it
	Metadata   map[string]string
}

// Reversal is money taken back from an account. It has no state: it exists or it does not.
type Reversal struct {
	ID         string
	Reference  string // ours; empty when it was made in the provider's dashboard
	TransferID string
	Amount     money.Amount
	Metadata   map[string]string
}

// Movement is one line of the platform's account at the provider (a balance transaction).
type Movement struct {
	ID          string
	Type        string       // the provider's: charge, refund, transfer, adjustment, …
	Category    string       // the provider's reporting category: charge, refund, refund_failure, dispute, dispute_reversal, transfer, fee, payout, …
	Source      string       // id of the object that caused it; may be empty
	Amount      money.Amount // before fee; negative left us
	FeeMinor    int64        // what the provider kept of it
	Created     time.Time
	AvailableOn time.Time
}

// Net is what the movement changed the balance by.
func (m Movement) Net() money.Amount { return money.New(m.Amount.Minor-m.FeeMinor, m.Amount.Currency) }

// Funds is what the platform has at the provider in one currency, in minor units.
type Funds struct {
	Currency  money.Currency
	Available int64
	Pending   int64
	Reserved  int64 // for negative balances of connected accounts
}

// BankPayout is money on its way from an account at the provider to a bank. It may fail days after it was paid.
type BankPayout struct {
	ID          string
	Amount      money.Amount
	State       string // the provider's: pending, in_transit, paid, failed, canceled
	FailureCode string
	Failure     string
	ArrivesOn   time.Time
	Automatic   bool
}

// Endpoint is where a notice came in. Each has its own secret.
type Endpoint string

// The two endpoints: Platform for what happens to us, Connect for what happens on payees' accounts.
const (
	Platform Endpoint = "platform"
	Connect  Endpoint = "connect"
)

// Event is a verified notice. It says that something happened, not how things are now: notices come late, twice and
// out of order, so that whoever acts on one reads the object first.
type Event struct {
	ID         string
	Type       string // "checkout.session.completed", "account.updated", …
	Account    string // the payee's account it happened on; empty on the platform
	ObjectType string // "checkout.session", "refund", …
	ObjectID   string
	Created    time.Time
	LiveMode   bool
	WrongMode  bool // LiveMode is not that of our key: store it, log it, and do not act on it
	Payload    []byte
}
