package stripesandbox_test

import (
	"net/url"
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"

	"github.com/google/go-cmp/cmp"
)

func holds(t *testing.T, h *paymentstest.Harness, acct string, minor int64) {
	t.Helper()
	got, err := h.Client.AccountBalance(ctx, acct)
	if diff := cmp.Diff([]money.Amount{money.New(minor, "EUR")}, got); diff != "" || err != nil {
		t.Errorf("the account holds (-want +got), %v:\n%s", err, diff)
	}
}

func funds(t *testing.T, h *paymentstest.Harness) payments.Funds {
	t.Helper()
	got, err := h.Client.Funds(ctx)
	if err != nil || len(got) != 1 {
		t.Fatalf("funds %+v, %v", got, err)
	}
	return got[0]
}

func TestAccountsBelowZero(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	bought(t, h, "funds", paymentstest.CardInstant)
	acct := payee(t, h, "p")
	ok(t, h.Sandbox.AdjustAccountBalance(acct, "EUR", -1000))
	holds(t, h, acct, -1000)
	if got, want := funds(t, h), (payments.Funds{Currency: "EUR", Available: 1440, Reserved: 1000}); got != want {
		t.Errorf("funds %+v, want %+v", got, want)
	}
	_, err := h.Client.Send(ctx, transfer("swallowed", acct, 700))
	ok(t, err)
	holds(t, h, acct, -300)
	if got, want := funds(t, h), (payments.Funds{Currency: "EUR", Available: 1440, Reserved: 300}); got != want {
		t.Errorf("funds %+v, want %+v", got, want)
	}
	ok(t, h.Sandbox.AdjustAccountBalance(acct, "eur", 500))
	holds(t, h, acct, 200)
	if got, want := funds(t, h), (payments.Funds{Currency: "EUR", Available: 1740}); got != want {
		t.Errorf("funds %+v, want %+v", got, want)
	}
	if h.Sandbox.AdjustAccountBalance(acct, "eur", 0) == nil || h.Sandbox.AdjustAccountBalance("acct_unknown", "eur", 1) == nil {
		t.Error("an adjustment of nothing, or of nobody")
	}
}

func TestBankPayoutsFail(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	bought(t, h, "funds", paymentstest.CardInstant)
	acct := payee(t, h, "p")
	_, err := h.Client.Send(ctx, transfer("1", acct, 1000))
	ok(t, err)
	id := h.PayOut(t, acct)
	h.Clock.Advance(80 * time.Hour)
	ok(t, h.Sandbox.Tick())
	if got, err := h.Client.BankPayout(ctx, acct, id); err != nil || got.State != "paid" {
		t.Errorf("payout %+v, %v", got, err)
	}
	holds(t, h, acct, 0)
	h.Events(t)
	ok(t, h.Sandbox.FailBankPayout(id, "account_closed"))
	got, err := h.Client.BankPayout(ctx, acct, id)
	if err != nil || got.State != "failed" || got.FailureCode != "account_closed" || got.Failure == "" {
		t.Errorf("payout %+v, %v", got, err)
	}
	holds(t, h, acct, 1000)
	events := h.Events(t)
	if types(events) != "payout.failed account.updated" || events[0].Account != acct {
		t.Errorf("events %+v", events)
	}
	if h.Sandbox.FailBankPayout(id, "account_closed") == nil {
		t.Error("a payout failed twice")
	}
	h.Clock.Advance(80 * time.Hour)
	ok(t, h.Sandbox.Tick())
	holds(t, h, acct, 1000) // until there are other bank details
	h.Onboard(t, acct, paymentstest.OnboardComplete)
	h.PayOut(t, acct)
	holds(t, h, acct, 0)
	_, text, _ := raw(t, h, "POST", "/v1/payouts", url.Values{"amount": {"440"}, "currency": {"eur"}}, nil)
	own := parse(t, text).ID
	ok(t, h.Sandbox.FailBankPayout(own, "no_account"))
	if got, err := h.Client.BankPayout(ctx, "", own); err != nil || got.State != "failed" || available(t, h) != 1440 {
		t.Errorf("the platform's payout %+v, %v", got, err)
	}
	checkEvents(t, h)
}

func TestAccountsFall(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	bought(t, h, "funds", paymentstest.CardInstant)
	acct := payee(t, h, "p")
	sends := func(reference, code string) {
		t.Helper()
		_, err := h.Client.Send(ctx, transfer(reference, acct, 100))
		if payments.CodeOf(err) != code {
			t.Errorf("%s: %v, want %q", reference, err, code)
		}
	}
	ok(t, h.Sandbox.RestrictAccount(acct))
	sends("restricted", payments.CodeNotReady)
	ok(t, h.Sandbox.RestoreAccount(acct))
	sends("restored", "")
	ok(t, h.Sandbox.RejectAccount(acct, "fraud"))
	sends("rejected", payments.CodeNotReady)
	if a, err := h.Client.Account(ctx, acct); err != nil || !a.Rejected() {
		t.Errorf("account %+v, %v", a, err)
	}
	checkEvents(t, h)
	ok(t, h.Sandbox.CloseAccount(acct))
	sends("closed", payments.CodeAccountGone)
	_, err := h.Client.AccountBalance(ctx, acct)
	paymentstest.Refused(t, err, payments.Final, payments.CodeAccountGone)
	if got := types(h.Events(t)); got != "account.application.deauthorized" {
		t.Errorf("events %s", got)
	}
	if h.Sandbox.RestrictAccount(acct) == nil {
		t.Error("a closed account was restricted")
	}
}

func TestTopups(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	status, text, _ := raw(t, h, "POST", "/v1/topups", url.Values{"amount": {"5000"}, "currency": {"eur"}, "description": {"float"}}, nil)
	if status != 200 || available(t, h) != 5000 {
		t.Errorf("top-up %s", text)
	}
	if moved, err := h.Client.MovementsOf(ctx, parse(t, text).ID); err != nil || len(moved) != 1 || moved[0].Category != "topup" {
		t.Errorf("movements %+v, %v", moved, err)
	}
	checkEvents(t, h)
}
