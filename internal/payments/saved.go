package payments

import (
	"context"
	"slices"
	"time"

	"relais/internal/money"
)

// SavedCards keeps a buyer's card, with their consent, and charges it later without them.
//
//	OpenSetup ──► the buyer enters a card ──► Setup tells which was kept ──► ChargeSaved, on a later day ──► Forget
//
// A card that is refused leaves nothing behind that could be paid later: ChargeSaved says so only once the provider has closed the
// payment, and is Retry until then. Should our process end in between, the same Reference closes it; should the Reference be too
// old for that, FindCharges does.
type SavedCards interface {
	// OpenSetup opens a hosted page on which a buyer lets us keep a card. Twice with the same Reference and content: the same page.
	// After LookUp open another under a new Reference: on a page that nobody was shown, nobody leaves a card.
	OpenSetup(ctx context.Context, r SetupRequest) (Setup, error)
	// Setup reads the current state. An unknown id is Final with CodeNotFound.
	Setup(ctx context.Context, id string) (Setup, error)
	// ExpireSetup closes an open page. One that is complete or expired is Final with CodeCheckoutNotOpen.
	ExpireSetup(ctx context.Context, id string) error
	// ChargeSaved charges a kept card without its owner. Twice with the same Reference and content: the same charge. A card that is
	// refused is Final with CodeCardDeclined, one whose bank wants its owner to be there Final with CodeAuthentication; Error.Decline
	// has the bank's word, and MayRetry what it allows. A card that is not kept any more, or whose customer is gone, is Final with CodeCardGone. Of a Charge with
	// Paid false nobody knows yet: ask again under the same Reference or read it.
	ChargeSaved(ctx context.Context, r ChargeRequest) (Charge, error)
	// Charge reads one charge. An unknown id is Final with CodeNotFound.
	Charge(ctx context.Context, paymentIntentID string) (Charge, error)
	// FindCharges lists every charge of a customer, newest first, refused ones too: after LookUp, and once it is Quiet, compare
	// Reference. It closes what it finds open, so that what is listed as refused can never be paid.
	FindCharges(ctx context.Context, customerID string) ([]Charge, error)
	// Forget has the provider delete a customer, for good: their e-mail address, and with them every card they left, on a page that is
	// still open too. One that is gone already is no error; an unknown id is Final with CodeNotFound. What was paid stays, to be read by
	// Charge, given back and disputed as before. But look for charges before: providers do not say whether FindCharges still lists those
	// of a customer who is gone, or is Final with CodeNotFound. We assume the first, and nobody may conclude from it that nothing was paid.
	Forget(ctx context.Context, customerID string) error
}

// SetupRequest asks for a page on which a buyer lets us keep a card.
type SetupRequest struct {
	Reference  string // idempotency key, at most 245 characters
	Subject    string // ours, what the card is kept for ("pledge:12"); comes back in Setup.Subject
	Email      string
	Locale     string // "fr" or "en"
	SuccessURL string // "{CHECKOUT_SESSION_ID}" in it is replaced by the setup's id
	CancelURL  string
	Consent    string    // the sentence shown beside the button: what may be charged, when, at most how much; at most 1,200 characters
	ExpiresAt  time.Time // as of a checkout
}

// Setup is such a page and the card that was left there.
type Setup struct {
	ID         string
	CustomerID string // the provider's name for whoever the page was opened for, with or without a card: Forget them in the end
	URL        string // the hosted page; empty once it is no longer open
	State      CheckoutState
	Subject    string
	Saved      bool      // a card is kept, and not forgotten since
	Card       SavedCard // empty until then
}

// SavedCard is a card that the provider keeps for us. We know no more of it than its owner recognizes it by.
type SavedCard struct {
	ID          string
	CustomerID  string // whoever left it; one for each setup
	Brand       string // the provider's word: visa, mastercard, …
	Last4       string
	ExpMonth    int
	ExpYear     int
	Fingerprint string // the same for the same card number
}

// ChargeRequest asks to charge a kept card.
type ChargeRequest struct {
	Reference     string // idempotency key; comes back in Charge.Reference
	CardID        string
	CustomerID    string
	Amount        money.Amount
	OrderID       string
	OrderNumber   string
	TransferGroup string
	Description   string // for the provider's receipts and dashboard; empty: OrderNumber
}

// ChargeState says what can still become of a charge.
type ChargeState string

// The states of a charge. Paid and refused are final.
const (
	ChargePaid       ChargeState = "paid"
	ChargeProcessing ChargeState = "processing" // the bank has not answered yet
	ChargeOpen       ChargeState = "open"       // not paid, and not closed yet; only a call whose answer was lost leaves one so: see FindCharges
	ChargeRefused    ChargeState = "refused"    // not paid, and closed: it never can be. Without a Failure no bank was asked: charge under a new Reference
)

// Charge is a payment by a kept card.
type Charge struct {
	PaymentIntentID string
	ChargeID        string // empty until a bank was asked
	Paid            bool   // the money is ours
	State           ChargeState
	Amount          money.Amount
	Reference       string
	CardFingerprint string
	OrderID         string
	OrderNumber     string
	Failure         string // CodeCardDeclined, CodeAuthentication or the provider's own; empty: it was not refused
	Decline         string // the bank's word for it
}

// retryable are the refusals that pass by themselves. For the first four Stripe says to attempt the payment again; the others are
// limits that time or the next pay day lifts. See https://docs.stripe.com/declines/codes.
var retryable = []string{
	"approve_with_id", "issuer_not_available", "processing_error", "reenter_transaction",
	"try_again_later", "insufficient_funds", "withdrawal_count_limit_exceeded", "card_velocity_exceeded",
}

// MayRetry says whether a card that was refused with that code and bank's word may be charged again, on a later day, without its
// owner. Every other refusal needs them, even where a bank gives no reason (do_not_honor, generic_decline, call_issuer): Stripe's
// next step for those is that they speak to their bank. Card networks fine who goes on asking after lost_card, stolen_card,
// pickup_card, revocation_of_authorization and their like. A word that nobody knows is not tried again.
func MayRetry(code, decline string) bool {
	return code == CodeCardDeclined && slices.Contains(retryable, decline)
}
