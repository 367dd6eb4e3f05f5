package payments

import (
	"context"

	"relais/internal/money"
)

// Readers knows the card readers that are driven from our server, and where they stand.
type Readers interface {
	// CreateLocation says where readers stand. Twice with the same Reference: the same place. A country in which readers are not
	// supported is Final with CodeReaderCountry.
	CreateLocation(ctx context.Context, r LocationRequest) (id string, err error)
	// RegisterReader makes a reader ours by the code that it shows. Twice with the same Reference: the same reader. A code that no
	// reader shows is Final.
	RegisterReader(ctx context.Context, r ReaderRequest) (Reader, error)
	// Reader reads the current state. One that was removed is Final with CodeNotFound.
	Reader(ctx context.Context, id string) (Reader, error)
	// ListReaders is those that stand at a place.
	ListReaders(ctx context.Context, locationID string) ([]Reader, error)
	// RemoveReader gives a reader up. One that is gone already is Final with CodeNotFound.
	RemoveReader(ctx context.Context, id string) error
	// ConnectionToken lets an application on a seller's phone speak to the provider as one of our readers, for minutes. It serves once:
	// hand it over and never keep it. locationID may be empty.
	ConnectionToken(ctx context.Context, locationID string) (secret string, err error)
}

// CardPresent takes payments of cards that are there, at a reader.
//
//	OpenCardPayment ── Present ──► the buyer presents a card ── CardPayment tells what came of it
//	                      ▲                 │ declined: the same payment again
//	                      └─────────────────┘
type CardPresent interface {
	// OpenCardPayment prepares a payment; nobody is asked for a card. Twice with the same Reference and content: the same payment.
	OpenCardPayment(ctx context.Context, r CardPaymentRequest) (CardPayment, error)
	// CardPayment reads the current state.
	CardPayment(ctx context.Context, id string) (CardPayment, error)
	// Present has a reader ask for a card, and returns without waiting for it. Final with CodeReaderBusy, CodeReaderOffline,
	// CodeReaderFault: nothing has begun, ask again under a new reference. LookUp with CodeReaderTimeout: the reader did not answer in
	// time and may ask all the same; read it first.
	Present(ctx context.Context, readerID, paymentID, reference string) (Reader, error)
	// CancelAction has a reader stop asking. A card that was presented before may have paid: read the payment.
	CancelAction(ctx context.Context, readerID string) (Reader, error)
	// CancelCardPayment gives a payment up, so that nobody can pay it any more. One that was paid is Final: read it.
	CancelCardPayment(ctx context.Context, id string) (CardPayment, error)
}

// LocationRequest asks for a place.
type LocationRequest struct {
	Reference string // idempotency key
	Name      string
	Street    string
	Postcode  string
	City      string
	Country   string
}

// ReaderRequest asks to make a reader ours.
type ReaderRequest struct {
	Reference  string // idempotency key
	Code       string // that the reader shows
	Label      string
	LocationID string
}

// ActionState says what became of what a reader was asked to do last.
type ActionState string

// The states of an action; empty: none.
const (
	ActionInProgress ActionState = "in_progress"
	ActionSucceeded  ActionState = "succeeded"
	ActionFailed     ActionState = "failed"
)

// Reader is a card reader and what it was asked to do last.
type Reader struct {
	ID         string
	Label      string
	LocationID string
	Device     string // the provider's word for its model
	Online     bool
	Action     ActionState
	PaymentID  string // that the action is about; empty: none, or something else
	Failure    string // the provider's code, where the action failed
}

// CardPaymentRequest asks for a payment by a card that is there.
type CardPaymentRequest struct {
	Reference     string // idempotency key
	OrderNumber   string
	OrderID       string
	Amount        money.Amount
	TransferGroup string
}

// CardPaymentState says what can still become of a payment.
type CardPaymentState string

// The states of a payment: open waits for a card, also after one was declined; paid and cancelled are final.
const (
	CardPaymentOpen       CardPaymentState = "open"
	CardPaymentProcessing CardPaymentState = "processing"
	CardPaymentPaid       CardPaymentState = "paid"
	CardPaymentCancelled  CardPaymentState = "cancelled"
)

// CardPayment is a payment by a card that is there. Charge and card are empty until it was paid.
type CardPayment struct {
	ID              string
	ClientSecret    string // for an application on the seller's phone; hand it over and never keep it
	State           CardPaymentState
	Amount          money.Amount
	ChargeID        string
	CardFingerprint string
	OrderID         string
	OrderNumber     string
	Failure         string // why the last card was declined, in the provider's code; empty: none was
}
