package stripesandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/stripesandbox"
	"relais/internal/stripesandbox/chaos"
)

// Whoever keeps to the rule of outcomes (same key, or look and then a new one) pays everybody once, whatever goes wrong.
func TestNobodyIsPaidTwiceInChaos(t *testing.T) {
	t.Parallel()
	h := paymentstest.Start(t, paymentstest.Options{})
	for i := range 10 {
		bought(t, h, fmt.Sprint("funds ", i), paymentstest.CardInstant)
	}
	acct := payee(t, h, "p")
	h.Sandbox.Chaos(stripesandbox.ChaosOptions{Seed: 7, Rate: 400, MostDelay: time.Millisecond})
	const payees, amount = 60, 100
	var all sync.WaitGroup
	for worker := range 6 {
		all.Go(func() {
			for i := worker; i < payees; i += 6 {
				payOnce(t, h, transfer(fmt.Sprint(i), acct, amount))
			}
		})
	}
	all.Wait()
	counts := h.Sandbox.FaultCounts()
	for _, kind := range chaos.Calls() {
		if counts[string(kind)] == 0 {
			t.Errorf("nothing went wrong as %q: %v", kind, counts)
		}
	}
	h.Sandbox.Chaos(stripesandbox.ChaosOptions{})
	if got, want := available(t, h), int64(10*2440-payees*amount); got != want {
		t.Errorf("available %d, want %d", got, want)
	}
	for i := range payees {
		if found, err := h.Client.FindTransfers(ctx, fmt.Sprint("payout_", i)); err != nil || len(found) != 1 {
			t.Errorf("payout %d: %d transfers, %v", i, len(found), err)
		}
	}
}

// payOnce sends money as a payout job does: the same key as long as nobody knows, and a new one when it was looked and
// nothing was found.
func payOnce(t *testing.T, h *paymentstest.Harness, r payments.TransferRequest) {
	for range 100 {
		_, err := h.Client.Send(ctx, r)
		if err == nil {
			return
		}
		if payments.OutcomeOf(err) == payments.Retry {
			continue
		}
		found, err := h.Client.FindTransfers(ctx, r.Group)
		for err != nil {
			found, err = h.Client.FindTransfers(ctx, r.Group)
		}
		if len(found) > 0 {
			return
		}
		r.Reference += "'"
	}
	t.Errorf("payout %s does not get through", r.Reference)
}

// Each kind by itself is what the adapter is ready for.
func TestKindsOfChaos(t *testing.T) {
	type shown struct {
		outcome payments.Outcome
		done    int
	}
	for kind, want := range map[chaos.Kind]shown{
		chaos.Error: {payments.LookUp, 0}, chaos.ErrorDone: {payments.LookUp, 1}, chaos.Cut: {payments.Retry, 0}, chaos.CutDone: {payments.Retry, 1},
		chaos.HalfDone: {payments.Retry, 1}, chaos.Gateway: {payments.Retry, 0}, chaos.GatewayDone: {payments.Retry, 1},
		chaos.KeyInUse: {payments.Retry, 0}, chaos.RateLimit: {payments.Retry, 0}, chaos.LockTimeout: {payments.Retry, 0}, chaos.Unavailable: {payments.Retry, 0},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			h := paymentstest.Start(t, paymentstest.Options{})
			bought(t, h, "funds", paymentstest.CardInstant)
			acct := payee(t, h, "p")
			h.Sandbox.Chaos(stripesandbox.ChaosOptions{Rate: 1000, Kinds: []chaos.Kind{kind}})
			_, err := h.Client.Send(ctx, transfer("1", acct, 1000))
			if got := payments.OutcomeOf(err); err == nil || got != want.outcome {
				t.Errorf("outcome %s (%v), want %s", got, err, want.outcome)
			}
			if h.Sandbox.FaultCounts()[string(kind)] == 0 {
				t.Error("it was not counted")
			}
			h.Sandbox.Chaos(stripesandbox.ChaosOptions{})
			if found, err := h.Client.FindTransfers(ctx, "payout_1"); err != nil || len(found) != want.done {
				t.Errorf("%d transfers, %v, want %d", len(found), err, want.done)
			}
			if _, err := h.Client.Send(ctx, transfer("1", acct, 1000)); (err == nil) != (want.outcome == payments.Retry) {
				t.Errorf("the same key again: %v", err)
			}
		})
	}
}

func TestASlowAnswerWaitsForNobodyWhoHasGone(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Gone") != "" {
				ended, cancel := context.WithCancel(r.Context())
				cancel()
				r = r.WithContext(ended)
			}
			next.ServeHTTP(w, r)
		})
	}})
	h.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/balance", Delay: time.Hour})
	gone, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL+"/v1/balance", nil)
	ok(t, err)
	gone.Header = http.Header{"Gone": {"yes"}, "Authorization": {"Bearer sk_test_x"}}
	if res, err := http.DefaultTransport.RoundTrip(gone); err == nil {
		t.Errorf("answered %s, %v", res.Status, res.Body.Close())
	}
	h.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/balance", Delay: time.Microsecond})
	if status, text, _ := raw(t, h, "GET", "/v1/balance", nil, nil); status != 200 || !strings.Contains(text, "available") {
		t.Errorf("a slow answer is %d %s", status, text)
	}
	if got := h.Sandbox.FaultCounts()[string(chaos.Injected)]; got != 2 {
		t.Errorf("%d faults counted", got)
	}
}

func TestListsLagBehind(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := bought(t, h, "sale", paymentstest.CardFraud)
	bought(t, h, "funds", paymentstest.CardInstant)
	h.Sandbox.LagLists(5 * time.Second)
	acct := payee(t, h, "p")
	sent, err := h.Client.Send(ctx, transfer("1", acct, 100))
	ok(t, err)
	lists := func() (n int) {
		transfers, err1 := h.Client.FindTransfers(ctx, "payout_1")
		disputes, err2 := h.Client.FindDisputes(ctx, c.PaymentIntentID)
		ok(t, err1)
		ok(t, err2)
		return len(transfers) + len(disputes)
	}
	if got := lists(); got != 0 {
		t.Errorf("%d are listed at once", got)
	}
	if status, _, _ := raw(t, h, "GET", "/v1/transfers/"+sent.ID, nil, nil); status != 200 {
		t.Error("a new transfer cannot be read")
	}
	h.Clock.Advance(5 * time.Second)
	if got := lists(); got != 2 {
		t.Errorf("%d are listed later, want 2", got)
	}
}

func TestNoticesGoWrongBySeed(t *testing.T) {
	deliver := func(seed uint64) ([]string, map[string]int) {
		b := &inbox{}
		h := startInbox(t, b)
		h.Sandbox.ChaosWebhooks(stripesandbox.ChaosWebhookOptions{Seed: seed, Lose: 200, Duplicate: 200, Copies: 3, Delay: 200, MostDelay: time.Hour, Reorder: 300})
		for i := range 40 {
			expire(t, h, fmt.Sprint(i))
		}
		ok(t, h.Sandbox.Drain(ctx))
		told := 0
		ok(t, h.Client.RecentEvents(ctx, "", time.Now().Add(-time.Hour), func(payments.Event) error { told++; return nil }))
		if told != 40 {
			t.Errorf("%d events can be read, want 40", told)
		}
		return b.ids, h.Sandbox.FaultCounts()
	}
	got, counts := deliver(3)
	lost, doubled := counts[string(chaos.Lost)], counts[string(chaos.Doubled)]
	if len(got) != 40-lost+2*doubled || lost == 0 || doubled == 0 || counts[string(chaos.Late)] == 0 || counts[string(chaos.Reordered)] == 0 {
		t.Errorf("%d arrived: %v", len(got), counts)
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(got)))
	if len(distinct) != 40-lost {
		t.Errorf("%d different ones arrived, want %d", len(distinct), 40-lost)
	}
	if _, again := deliver(3); fmt.Sprint(again) != fmt.Sprint(counts) {
		t.Errorf("the same seed gave %v and %v", counts, again)
	}
}
