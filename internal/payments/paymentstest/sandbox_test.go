package paymentstest_test

import (
	"testing"

	"relais/internal/payments/paymentstest"
)

func TestSandboxThroughTheAdapter(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	paymentstest.Run(t, paymentstest.Subject{
		Checkouts: h.Client, Accounts: h.Client, Transfers: h.Client, Now: h.Clock.Now, Pay: h.Pay, Onboard: h.Onboard,
	})
}
