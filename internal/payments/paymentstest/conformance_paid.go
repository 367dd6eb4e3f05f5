package paymentstest

import (
	"context"
	"strings"
	"testing"

	"relais/internal/money"
	"relais/internal/payments"

	"github.com/google/go-cmp/cmp"
)

// buy opens a checkout and pays it.
func (s Subject) buy(t *testing.T, reference, card string) payments.Checkout {
	t.Helper()
	c := s.open(t, reference)
	if location := s.Pay(t, c.URL, card); !strings.HasSuffix(location, "session="+c.ID) {
		t.Fatalf("after paying the buyer is sent to %q", location)
	}
	c, err := s.Checkouts.Checkout(context.Background(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s Subject) paid(t *testing.T) {
	c := s.buy(t, "paid", CardOK)
	if c.State != payments.CheckoutComplete || !c.Paid || c.PaymentIntentID == "" || c.ChargeID == "" || c.CardFingerprint == "" {
		t.Errorf("a paid checkout is %+v", c)
	}
	other := s.buy(t, "paid again", CardOK)
	if other.CardFingerprint != c.CardFingerprint {
		t.Error("one card has two fingerprints")
	}
	if third := s.buy(t, "paid by another card", CardInstant); third.CardFingerprint == c.CardFingerprint {
		t.Error("two cards have one fingerprint")
	}
	Refused(t, s.Checkouts.ExpireCheckout(context.Background(), c.ID), payments.Final, payments.CodeCheckoutNotOpen)
}

func (s Subject) refunds(t *testing.T) {
	ctx := context.Background()
	c := s.buy(t, "refunds", CardInstant)
	ask := func(reference string, minor int64) (payments.Refund, error) {
		return s.Checkouts.Refund(ctx, payments.RefundRequest{
			Reference: "refund:" + reference + s.Unique, PaymentIntentID: c.PaymentIntentID, Amount: money.New(minor, "EUR"), OrderID: "42",
		})
	}
	first, err := ask("1", 1000)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ask("1", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if first.ID != again.ID {
		t.Errorf("refunds %q and %q, want one", first.ID, again.ID)
	}
	if first.State != payments.RefundSucceeded || first.Amount != money.New(1000, "EUR") || first.PaymentIntentID != c.PaymentIntentID || first.OrderID != "42" {
		t.Errorf("refund is %+v", first)
	}
	_, err = ask("too large", 1441)
	Refused(t, err, payments.Final, payments.CodeRefundTooLarge)
	rest, err := ask("2", 1440)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ask("3", 1)
	Refused(t, err, payments.Final, payments.CodeAlreadyRefunded)
	found, err := s.Checkouts.FindRefunds(ctx, c.PaymentIntentID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]payments.Refund{rest, first}, found); diff != "" {
		t.Errorf("refunds found (-want +got):\n%s", diff)
	}
}

func (s Subject) pays(t *testing.T) {
	ctx := context.Background()
	s.buy(t, "funds", CardInstant)
	a := s.account(t, 2)
	s.Onboard(t, a.ID, OnboardComplete)
	a, err := s.Accounts.Account(ctx, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Payable() || !a.DetailsSubmitted || !a.PayoutsEnabled || a.DisabledReason != "" || len(a.CurrentlyDue) != 0 {
		t.Errorf("an onboarded account is %+v", a)
	}
	if link, err := s.Accounts.DashboardLink(ctx, a.ID); err != nil || link == "" {
		t.Errorf("dashboard link %q, %v", link, err)
	}
	r := s.transfer("9", a.ID, 1234)
	first, err := s.Transfers.Send(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Transfers.Send(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same reference made another transfer (-first +again):\n%s", diff)
	}
	if first.Destination != a.ID || first.Amount != r.Amount || first.Metadata["payout_id"] != "9" || first.Reversed != 0 {
		t.Errorf("transfer is %+v", first)
	}
	found, err := s.Transfers.FindTransfers(ctx, r.Group)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]payments.Transfer{first}, found); diff != "" {
		t.Errorf("transfers found (-want +got):\n%s", diff)
	}
	r.Amount.Minor++
	_, err = s.Transfers.Send(ctx, r)
	Refused(t, err, payments.LookUp, payments.CodeIdempotency)
}

func (s Subject) balanceShort(t *testing.T) {
	a := s.account(t, 3)
	s.Onboard(t, a.ID, OnboardComplete)
	_, err := s.Transfers.Send(context.Background(), s.transfer("short", a.ID, 99_999_999))
	Refused(t, err, payments.Final, payments.CodeBalanceShort)
}
