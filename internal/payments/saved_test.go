package payments_test

import (
	"testing"

	"relais/internal/payments"
)

func TestMayRetry(t *testing.T) {
	for _, decline := range []string{"insufficient_funds", "try_again_later", "processing_error", "issuer_not_available", "reenter_transaction",
		"approve_with_id", "withdrawal_count_limit_exceeded", "card_velocity_exceeded"} {
		if !payments.MayRetry(payments.CodeCardDeclined, decline) {
			t.Errorf("%s passes, and must be tried again", decline)
		}
		if payments.MayRetry(payments.CodeAuthentication, decline) || payments.MayRetry(payments.CodeCardGone, decline) || payments.MayRetry("", decline) {
			t.Errorf("%s is tried again although the card was not declined", decline)
		}
	}
	for _, decline := range []string{"lost_card", "stolen_card", "pickup_card", "restricted_card", "fraudulent", "merchant_blacklist", "highest_risk_level",
		"revocation_of_authorization", "revocation_of_all_authorizations", "stop_payment_order", "do_not_try_again", "do_not_honor", "generic_decline",
		"call_issuer", "no_action_taken", "authentication_required", "authentication_not_handled", "expired_card", "incorrect_number", "invalid_account",
		"card_not_supported", "currency_not_supported", "transaction_not_allowed", "security_violation", "test_mode_decline", "", "a word of tomorrow"} {
		if payments.MayRetry(payments.CodeCardDeclined, decline) {
			t.Errorf("%q must not be tried again without the card's owner", decline)
		}
	}
	if payments.MayRetry(payments.CodeAuthentication, "authentication_required") {
		t.Error("a bank that wants to see its customer is asked again without them")
	}
}
