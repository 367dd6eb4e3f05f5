//go:build stripelive

package paymentstest_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/internal/payments/paymentstest"
	"relais/internal/stripe"
)

// The same promises, asked of Stripe's test mode: go test -tags stripelive, with RELAIS_STRIPE_SECRET_KEY=sk_test_….
func TestStripeTestMode(t *testing.T) {
	key := os.Getenv("RELAIS_STRIPE_SECRET_KEY")
	if !strings.HasPrefix(key, "sk_test_") && !strings.HasPrefix(key, "rk_test_") {
		t.Fatal("RELAIS_STRIPE_SECRET_KEY must hold a test key")
	}
	c, err := stripe.New(stripe.Options{Key: key, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	paymentstest.Run(t, paymentstest.Subject{
		Checkouts: c, Accounts: c, Transfers: c, Reversals: c, Disputes: c, Books: c, Readers: c, Cards: c,
		Saved: c, API: "https://api.stripe.com", Key: key, Now: time.Now, Unique: ":" + strconv.FormatInt(time.Now().UnixNano(), 36),
	})
}
