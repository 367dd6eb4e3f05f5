package stripe

import (
	"errors"
	"fmt"
	"strings"

	"relais/internal/payments"

	stripego "github.com/stripe/stripe-go/v76"
)

// Words in Stripe's messages that name a cause for which it has no code of its own, or one that says too little.
var causes = []struct{ phrase, code string }{
	{"No such destination", payments.CodeAccountGone},
	{"Application access may have been revoked", payments.CodeAccountGone},
	{"Funds can't be sent to accounts located in", payments.CodeRegion},
	{"needs approval for accounts to have requested", payments.CodeSetup},
	{"capability without the `card_payments` capability", payments.CodeSetup},
	{"accounts-v2", payments.CodeSetup},
	{"Accounts v1", payments.CodeSetup},
	{"signed up for Connect", payments.CodeSetup},
	{"Only Checkout Sessions with a status in", payments.CodeCheckoutNotOpen},
	{"greater than unrefunded amount", payments.CodeRefundTooLarge},
	{"already fully reversed", payments.CodeReversalTooLarge},
	{"greater than unreversed amount", payments.CodeReversalTooLarge},
	{"dispute is already closed", payments.CodeDisputeClosed},
	{"dispute has already been submitted", payments.CodeDisputeClosed},
	{"has not completed onboarding", payments.CodeNotReady},
	{"does not have a payment method with the ID", payments.CodeCardGone},
	{"was detached from a Customer", payments.CodeCardGone},
}

// advice is added to refusals that only the operator can remedy.
const advice = " — remedy: in Stripe's dashboard, turn on Connect with Accounts v1 support, and ask for transfers together with card_payments or have transfers alone approved"

// translate turns any error of the client library into a *payments.Error. What is not an answer of Stripe's (a network
// error, a deadline, a body that cannot be read) leaves open what happened.
func translate(action string, err error) error {
	if err == nil {
		return nil
	}
	answer, ok := errors.AsType[*stripego.Error](err)
	if !ok {
		return &payments.Error{
			Outcome: payments.Classify(0, ""), Code: payments.CodeUnreadable, Message: action + ": no readable answer", Err: err,
		}
	}
	code := codeOf(answer)
	message := fmt.Sprintf("%s: %s", action, answer.Msg)
	if code == payments.CodeSetup {
		message += advice
	}
	out := &payments.Error{
		Outcome: payments.Classify(answer.HTTPStatusCode, code), Code: code, Message: message, Request: answer.RequestID, Err: err,
	}
	if answer.Type == stripego.ErrorTypeCard {
		_, decline := refusal(answer)
		out.Decline = decline
	}
	return out
}

// refusal is why a card was refused: one of our two codes, and the bank's word. Stripe has codes of its own for some of its bank's
// words (expired_card, processing_error), and sends no word with them.
func refusal(e *stripego.Error) (code, decline string) {
	if decline = string(e.DeclineCode); decline == "" && e.Code != stripego.ErrorCodeCardDeclined {
		decline = string(e.Code)
	}
	switch decline {
	case "authentication_required", "authentication_not_handled", string(stripego.ErrorCodePaymentIntentAuthenticationFailure):
		return payments.CodeAuthentication, decline
	}
	if e.Code == stripego.ErrorCodeAuthenticationRequired {
		return payments.CodeAuthentication, decline
	}
	return payments.CodeCardDeclined, decline
}

func codeOf(answer *stripego.Error) string {
	if answer.Type == stripego.ErrorTypeIdempotency {
		if answer.HTTPStatusCode == 409 { // in use by another call at this moment
			return string(answer.Code)
		}
		return payments.CodeIdempotency
	}
	if answer.Type == stripego.ErrorTypeCard {
		code, _ := refusal(answer)
		return code
	}
	for _, c := range causes {
		if strings.Contains(answer.Msg, c.phrase) {
			return c.code
		}
	}
	switch answer.Code {
	case stripego.ErrorCodeAccountInvalid:
		return payments.CodeAccountGone
	case stripego.ErrorCodeInsufficientFunds: // says the same of an account that has less than a reversal takes
		return payments.CodeBalanceShort
	case "refund_disputed_payment":
		return payments.CodeDisputed
	case "":
		return string(answer.Type)
	}
	return string(answer.Code)
}
