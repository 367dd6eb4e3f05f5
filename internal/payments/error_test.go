package payments_test

import (
	"errors"
	"fmt"
	"testing"

	"relais/internal/payments"
)

func TestClassify(t *testing.T) {
	tests := []struct {
		status int
		code   string
		want   payments.Outcome
	}{
		{0, "", payments.Retry},
		{200, "", payments.Retry},
		{409, "idempotency_key_in_use", payments.Retry},
		{429, "rate_limit", payments.Retry},
		{502, "", payments.Retry},
		{503, "", payments.Retry},
		{504, "", payments.Retry},
		{500, "", payments.LookUp},
		{501, "", payments.LookUp},
		{400, payments.CodeIdempotency, payments.LookUp},
		{400, payments.CodeBalanceShort, payments.Final},
		{401, "", payments.Final},
		{402, "card_declined", payments.Final},
		{403, "", payments.Final},
		{404, payments.CodeNotFound, payments.Final},
	}
	for _, tt := range tests {
		if got := payments.Classify(tt.status, tt.code); got != tt.want {
			t.Errorf("Classify(%d, %q) = %s, want %s", tt.status, tt.code, got, tt.want)
		}
	}
}

func TestOutcomeOfReadsTheChain(t *testing.T) {
	cause := errors.New("cause")
	err := fmt.Errorf("pay payout 9: %w", &payments.Error{Outcome: payments.Final, Code: payments.CodeNotReady, Err: cause})
	if got := payments.OutcomeOf(err); got != payments.Final {
		t.Errorf("OutcomeOf = %s, want final", got)
	}
	if got := payments.CodeOf(err); got != payments.CodeNotReady {
		t.Errorf("CodeOf = %q", got)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if got := payments.OutcomeOf(cause); got != payments.Retry {
		t.Errorf("OutcomeOf(any other error) = %s, want retry", got)
	}
	if got := payments.CodeOf(cause); got != "" {
		t.Errorf("CodeOf(any other error) = %q", got)
	}
}

func TestPayable(t *testing.T) {
	tests := []struct {
		name    string
		account payments.Account
		want    bool
	}{
		{"new", payments.Account{}, false},
		{"active, bank details missing", payments.Account{TransfersActive: true, DisabledReason: "requirements.past_due"}, true},
		{"rejected", payments.Account{TransfersActive: true, DisabledReason: "rejected.fraud"}, false},
	}
	for _, tt := range tests {
		if got := tt.account.Payable(); got != tt.want {
			t.Errorf("%s: Payable = %v, want %v", tt.name, got, tt.want)
		}
	}
}
