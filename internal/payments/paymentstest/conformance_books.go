package paymentstest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"relais/internal/money"
	"relais/internal/payments"
)

// movements goes through the platform's book since the test's clock began.
func (s Subject) movements(t *testing.T) []payments.Movement {
	t.Helper()
	var out []payments.Movement
	err := s.Books.Movements(context.Background(), s.Now().AddDate(0, -1, 0), func(m payments.Movement) error {
		out = append(out, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s Subject) books(t *testing.T) {
	ctx := context.Background()
	tr := s.paidOut(t, 13, "for the books", 900)
	if _, err := s.reverse(tr.ID, "books", 400); err != nil {
		t.Fatal(err)
	}
	c := s.buy(t, "refunded for the books", CardInstant)
	refund, err := s.Checkouts.Refund(ctx, payments.RefundRequest{
		Reference: "refund:books" + s.Unique, PaymentIntentID: c.PaymentIntentID, Amount: money.New(300, "EUR"), OrderID: "42",
	})
	if err != nil {
		t.Fatal(err)
	}
	all := s.movements(t)
	sums, kinds := map[money.Currency]int64{}, map[string]bool{}
	for _, m := range all {
		sums[m.Amount.Currency] += m.Net().Minor
		kinds[m.Category] = true
	}
	for _, kind := range []string{"charge", "refund", "transfer", "transfer_reversal", "dispute", "dispute_reversal"} {
		if !kinds[kind] {
			t.Errorf("no movement of the category %s", kind)
		}
	}
	held, err := s.Books.Funds(ctx)
	if err != nil || len(held) != len(sums) {
		t.Errorf("funds %+v, %v", held, err)
	}
	for _, f := range held {
		if f.Available+f.Pending != sums[f.Currency] {
			t.Errorf("%s: %d available and %d pending, moved %d", f.Currency, f.Available, f.Pending, sums[f.Currency])
		}
	}
	for id, want := range map[string]money.Amount{c.ChargeID: money.New(2440, "EUR"), refund.ID: money.New(-300, "EUR"), tr.ID: money.New(-900, "EUR")} {
		got, err := s.Books.MovementsOf(ctx, id)
		if err != nil || len(got) != 1 || got[0].Amount != want || got[0].Source != id || !slices.Contains(all, got[0]) {
			t.Errorf("movements of %s: %+v, %v, want %v", id, got, err, want)
		}
	}
	stop := errors.New("enough")
	if err := s.Books.Movements(ctx, s.Now().AddDate(0, -1, 0), func(payments.Movement) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the reader's error came back as %v", err)
	}
}

func (s Subject) disputeMovements(t *testing.T) {
	_, d := s.disputed(t, "dispute for the books", CardFraud)
	got, err := s.Books.MovementsOf(context.Background(), d.ID)
	if err != nil || len(got) != 1 || got[0] != d.Movements[0] || got[0].Source != d.ID {
		t.Errorf("movements of a dispute: %+v, %v, want %+v", got, err, d.Movements)
	}
}

func (s Subject) events(t *testing.T) {
	ctx := context.Background()
	c := s.buy(t, "for the events", CardOK)
	a := s.account(t, 14)
	s.Onboard(t, a.ID, OnboardComplete)
	find := func(accountID, kind, object string) (found payments.Event) {
		err := s.Books.RecentEvents(ctx, accountID, s.Now().AddDate(0, 0, -1), func(e payments.Event) error {
			if e.Type == kind && e.ObjectID == object {
				found = e
			}
			return nil
		})
		if err != nil {
			t.Errorf("events of %q: %v", accountID, err)
		}
		return found
	}
	for _, e := range []payments.Event{find("", "checkout.session.completed", c.ID), find(a.ID, "account.updated", a.ID)} {
		var payload struct{ ID, Type string }
		if err := json.Unmarshal(e.Payload, &payload); err != nil || e.ID == "" || payload.ID != e.ID || payload.Type != e.Type {
			t.Errorf("event %q says %q: %v", e.ID, e.Payload, err)
		}
		if (e.Type == "account.updated") != (e.Account == a.ID) || e.Created.After(s.Now()) || e.WrongMode {
			t.Errorf("event %+v", e)
		}
	}
	if got := find("", "account.updated", a.ID); got.ID != "" {
		t.Error("an account's event is among the platform's")
	}
}

func (s Subject) nothingMoved(t *testing.T) {
	ctx := context.Background()
	later := s.Now().AddDate(0, 1, 0)
	err := errors.Join(
		s.Books.Movements(ctx, later, func(m payments.Movement) error { return errors.New(m.ID) }),
		s.Books.RecentEvents(ctx, "", later, func(e payments.Event) error { return errors.New(e.ID) }))
	if err != nil {
		t.Errorf("what has not happened yet: %v", err)
	}
	held, err := s.Books.Funds(ctx)
	if err != nil || len(held) == 0 {
		t.Errorf("funds %v, %v", held, err)
	}
}
