package payments

import (
	"errors"
	"fmt"
	"net/http"
)

// Sentinels of Events.ParseEvent.
var (
	// ErrSignature refuses a notice that does not carry the provider's signature of now. Answer 400.
	ErrSignature = errors.New("payments: the notice is not signed by the provider")
	// ErrNoSecret refuses every notice because the endpoint's secret is not set: anybody could sign with none.
	ErrNoSecret = errors.New("payments: the endpoint has no secret")
)

// Outcome says what an error of a call that changes something lets us do.
type Outcome int

const (
	// Retry: nobody knows whether it happened, or it certainly did not and may now. Ask again with the same key.
	// A key protects for 24 hours: after 23 hours treat it as LookUp, and never send again without having looked.
	Retry Outcome = iota
	// LookUp: it may have happened and the same key will only repeat the error. List what exists first: found,
	// record it; not found, ask again with a new key.
	LookUp
	// Final: it did not happen and will not. The key is spent; release what was held and show the reason.
	Final
)

// String returns the outcome's name.
func (o Outcome) String() string {
	switch o {
	case Retry:
		return "retry"
	case LookUp:
		return "look up"
	case Final:
		return "final"
	}
	return fmt.Sprintf("outcome %d", int(o))
}

// Codes that callers decide by. Every other code is the provider's own word, for people.
const (
	CodeBalanceShort     = "balance_insufficient"                   // our available balance is too low
	CodeNotReady         = "insufficient_capabilities_for_transfer" // the payee has to finish onboarding
	CodeAccountGone      = "account_gone"                           // closed or revoked: onboard anew
	CodeRegion           = "account_country"                        // money cannot be sent to that country
	CodeSetup            = "platform_setup"                         // the operator has to change a setting at the provider
	CodeNotFound         = "resource_missing"
	CodeCheckoutNotOpen  = "checkout_not_open"
	CodeAlreadyRefunded  = "charge_already_refunded"
	CodeRefundTooLarge   = "refund_too_large"
	CodeDisputed         = "charge_disputed"
	CodeDisputeClosed    = "dispute_closed"                 // decided or answered: it takes no evidence any more
	CodeReversalTooLarge = "reversal_too_large"             // less is left of the transfer, or nothing: read it
	CodeReaderBusy       = "terminal_reader_busy"           // it is asking for another card
	CodeReaderOffline    = "terminal_reader_offline"        // it cannot be reached
	CodeReaderTimeout    = "terminal_reader_timeout"        // it did not answer in time: it may have begun
	CodeReaderFault      = "terminal_reader_hardware_fault" // it is broken
	CodeReaderCountry    = "terminal_location_country_unsupported"
	CodePaymentOver      = "payment_intent_unexpected_state" // paid or given up already: read it
	CodeCardDeclined     = "card_declined"                   // a kept card was refused: see Error.Decline and MayRetry
	CodeAuthentication   = "authentication_required"         // its bank wants its owner to be there
	CodeCardGone         = "card_gone"                       // it is kept no more: ask for another
	CodeIdempotency      = "idempotency_error"               // same key, other content: our bug, alert
	CodeUnreadable       = "unreadable_answer"               // no answer, or one that could not be read
)

// Error is what every method of this package's interfaces returns when a call does not succeed.
type Error struct {
	Outcome Outcome
	Code    string // one of the Code constants, or the provider's own
	Decline string // of a card that was refused, the bank's word: insufficient_funds, lost_card, …
	Message string // the provider's sentence, in English, for the operator; not for buyers
	Request string // the provider's request id, for its support; may be empty
	Err     error
}

// Error returns the operation's refusal with outcome and code, for logs.
func (e *Error) Error() string {
	return fmt.Sprintf("payment provider: %s (%s, %s)", e.Message, e.Code, e.Outcome)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// OutcomeOf tells what an error lets us do. An error that is not an *Error is Retry: nobody knows what happened, and
// the same key cannot do harm.
func OutcomeOf(err error) Outcome {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Outcome
	}
	return Retry
}

// CodeOf returns the code of an *Error in err's chain, or "".
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// Classify is the one rule for what a provider's HTTP status lets us do. Code is the provider's, and may be empty;
// status 0 stands for no answer at all.
//
//   - No answer, 409, 429, 502, 503, 504, or a success that could not be read: the same key again.
//   - Other 5xx: the provider stores the failure under the key and repeats it, although it may have acted: look up.
//   - Same key with other content: what was asked first under this key may have happened: look up.
//   - Other 4xx: a definite refusal.
//   - A card reader that is busy, offline or broken has begun nothing, whatever the status; of one that did not answer in time
//     nobody knows, and the same key only repeats that.
func Classify(status int, code string) Outcome {
	switch {
	case code == CodeIdempotency:
		return LookUp
	case code == CodeReaderTimeout:
		return LookUp
	case code == CodeReaderBusy, code == CodeReaderOffline, code == CodeReaderFault, code == CodeReaderCountry:
		return Final
	case status < 400,
		status == http.StatusRequestTimeout,
		status == http.StatusConflict,
		status == http.StatusTooManyRequests,
		status == http.StatusBadGateway,
		status == http.StatusServiceUnavailable,
		status == http.StatusGatewayTimeout:
		return Retry
	case status >= 500:
		return LookUp
	default:
		return Final
	}
}
