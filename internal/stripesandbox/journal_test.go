package stripesandbox_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/stripesandbox"
)

// A second sandbox on a copy of the journal is what the first would be after kill -9 at that moment.
func TestJournalBringsEverythingBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	h := paymentstest.Start(t, paymentstest.Options{Path: path, SettleDelay: time.Hour})
	acct := payee(t, h, "p")
	c := open(t, h, "sale")
	h.Pay(t, c.URL, paymentstest.CardOK)
	c = reread(t, h, c)
	h.Pay(t, open(t, h, "more").URL, paymentstest.CardInstant)
	sent, err := h.Client.Send(ctx, transfer("1", acct, 700))
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Client.Send(ctx, transfer("2", acct, 999_999))
	paymentstest.Refused(t, err, payments.Final, payments.CodeBalanceShort)

	after := paymentstest.Start(t, paymentstest.Options{Path: copyOf(t, path, ""), SettleDelay: time.Hour, Now: h.Clock.Now})
	if got, err := after.Client.Checkout(ctx, c.ID); err != nil || got != c {
		t.Errorf("checkout %+v, %v, want %+v", got, err, c)
	}
	if got, err := after.Client.Send(ctx, transfer("1", acct, 700)); err != nil || got.ID != sent.ID {
		t.Errorf("the key was forgotten: %+v, %v", got, err)
	}
	h.Pay(t, open(t, h, "funds in the first only").URL, paymentstest.CardInstant)
	_, err = after.Client.Send(ctx, transfer("2", acct, 999_999))
	paymentstest.Refused(t, err, payments.Final, payments.CodeBalanceShort)
	if got := available(t, after); got != 2440-700 {
		t.Errorf("available %d, want %d", got, 2440-700)
	}
	h.Clock.Advance(time.Hour)
	if got := available(t, after); got != 2*2440-700 {
		t.Errorf("available after settling %d, want %d", got, 2*2440-700)
	}
	want := strings.Repeat("payment_intent.created charge.succeeded payment_intent.succeeded checkout.session.completed ", 2)
	if got := types(after.Events(t)); got != "account.updated "+want+"transfer.created" {
		t.Errorf("undelivered events %s", got)
	}
}

func copyOf(t *testing.T, path, torn string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(out, append(text, torn...), 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestJournalCutsATornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	h := paymentstest.Start(t, paymentstest.Options{Path: path})
	first := open(t, h, "first")
	torn := copyOf(t, path, `[{"kind":"checkout.session","object":{"id":"cs_te`)
	h = paymentstest.Start(t, paymentstest.Options{Path: torn})
	reread(t, h, first)
	second := open(t, h, "second")
	h = paymentstest.Start(t, paymentstest.Options{Path: copyOf(t, torn, "")})
	reread(t, h, first)
	reread(t, h, second)
}

func TestJournalRefusesDamage(t *testing.T) {
	for name, text := range map[string]string{"no JSON": "x\n", "unknown kind": `[{"kind":"coin","object":{}}]` + "\n", "wrong type": `[{"kind":"refund","object":{"amount":"1"}}]` + "\n"} {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := stripesandbox.New(stripesandbox.Options{Now: time.Now, BaseURL: "http://127.0.0.1:1", Path: path})
		if err == nil || !strings.Contains(err.Error(), "byte 0") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJournalHasOneWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	paymentstest.Start(t, paymentstest.Options{Path: path})
	_, err := stripesandbox.New(stripesandbox.Options{Now: time.Now, BaseURL: "http://127.0.0.1:1", Path: path})
	if err == nil || !strings.Contains(err.Error(), "another sandbox") {
		t.Errorf("a second sandbox on the same journal: %v", err)
	}
}

func TestARefusedCallLeavesNothingBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	h := paymentstest.Start(t, paymentstest.Options{Path: path})
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	raw(t, h, "POST", "/v1/transfers", url.Values{"amount": {"1"}}, nil)
	raw(t, h, "POST", "/v1/accounts", url.Values{"type": {"express"}, "country": {"FR"}, "expand[]": {"nothing"}}, nil)
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if before.Size() != after.Size() {
		t.Error("a refused call wrote to the journal")
	}
}
