package paymentstest

import (
	"context"
	"testing"

	"relais/internal/money"
	"relais/internal/payments"
)

func (s Subject) unknownCardPayment(t *testing.T) {
	_, err := s.Cards.CardPayment(context.Background(), "pi_nothing")
	if payments.OutcomeOf(err) != payments.Final || payments.CodeOf(err) != payments.CodeNotFound {
		t.Errorf("%v", err)
	}
}

func (s Subject) readerCountry(t *testing.T) {
	_, err := s.Readers.CreateLocation(context.Background(), payments.LocationRequest{Reference: "nowhere" + s.Unique, Name: "Nowhere", Street: "1", Postcode: "1", City: "X", Country: "KP"})
	if payments.OutcomeOf(err) != payments.Final {
		t.Errorf("%v", err)
	}
}

// stand registers a reader at a place of its own.
func (s Subject) stand(t *testing.T, name string) payments.Reader {
	t.Helper()
	ctx := context.Background()
	place := payments.LocationRequest{Reference: "place:" + name + s.Unique, Name: "Stand " + name, Street: "1 place du Marché", Postcode: "25000", City: "Besançon", Country: "FR"}
	at, err := s.Readers.CreateLocation(ctx, place)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Readers.CreateLocation(ctx, place); err != nil || again != at {
		t.Errorf("again %q, %v; want %q", again, err, at)
	}
	r, err := s.Readers.RegisterReader(ctx, payments.ReaderRequest{Reference: "reader:" + name + s.Unique, Code: "simulated-wpe", Label: "Stand", LocationID: at})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s Subject) registers(t *testing.T) {
	ctx := context.Background()
	r := s.stand(t, "once")
	if again := s.stand(t, "once"); again.ID != r.ID || r.ID == "" || !r.Online || r.Label != "Stand" || r.Action != "" {
		t.Errorf("%+v, then %+v", r, again)
	}
	list, err := s.Readers.ListReaders(ctx, r.LocationID)
	if err != nil || len(list) != 1 || list[0] != r {
		t.Errorf("%+v, %v; want %+v", list, err, r)
	}
	if _, err := s.Readers.RegisterReader(ctx, payments.ReaderRequest{Reference: "reader:none" + s.Unique, Code: "no-such-code", Label: "X", LocationID: r.LocationID}); payments.OutcomeOf(err) != payments.Final {
		t.Errorf("a code that no reader shows: %v", err)
	}
	if token, err := s.Readers.ConnectionToken(ctx, r.LocationID); err != nil || token == "" {
		t.Errorf("%q, %v", token, err)
	}
	if err := s.Readers.RemoveReader(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Readers.Reader(ctx, r.ID); payments.CodeOf(err) != payments.CodeNotFound {
		t.Errorf("a removed reader: %v", err)
	}
}

func (s Subject) cardPayment(t *testing.T, name string) payments.CardPayment {
	t.Helper()
	r := payments.CardPaymentRequest{Reference: "card:" + name + s.Unique, OrderNumber: "R-7K2MQ4", OrderID: "42", Amount: money.New(2440, "EUR"), TransferGroup: "order_42"}
	p, err := s.Cards.OpenCardPayment(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Cards.OpenCardPayment(context.Background(), r)
	if err != nil || again != p {
		t.Errorf("again %+v, %v; want %+v", again, err, p)
	}
	if p.State != payments.CardPaymentOpen || p.Amount != r.Amount || p.OrderID != "42" || p.ClientSecret == "" || p.ChargeID != "" {
		t.Errorf("a new payment is %+v", p)
	}
	return p
}

func (s Subject) presents(t *testing.T) {
	ctx := context.Background()
	r, p := s.stand(t, "presents"), s.cardPayment(t, "presents")
	for turn, card := range []string{CardDeclined, CardOK} {
		asked, err := s.Cards.Present(ctx, r.ID, p.ID, "turn:"+s.Unique+card)
		if err != nil || asked.Action != payments.ActionInProgress || asked.PaymentID != p.ID {
			t.Fatalf("turn %d: %+v, %v", turn, asked, err)
		}
		if err := s.Present(r.ID, card); err != nil {
			t.Fatal(err)
		}
		read, err := s.Readers.Reader(ctx, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Cards.CardPayment(ctx, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		if card == CardDeclined && (read.Action != payments.ActionFailed || got.State != payments.CardPaymentOpen || got.Failure != "generic_decline") {
			t.Errorf("declined: %+v, %+v", read, got)
		}
		if card == CardOK && (read.Action != payments.ActionSucceeded || got.State != payments.CardPaymentPaid || got.ChargeID == "" || got.CardFingerprint == "" || got.Failure != "") {
			t.Errorf("paid: %+v, %+v", read, got)
		}
	}
	if _, err := s.Cards.CancelCardPayment(ctx, p.ID); payments.OutcomeOf(err) != payments.Final || payments.CodeOf(err) != payments.CodePaymentOver {
		t.Errorf("giving up what was paid: %v", err)
	}
	if _, err := s.Cards.Present(ctx, r.ID, p.ID, "turn:again"+s.Unique); payments.OutcomeOf(err) != payments.Final || payments.CodeOf(err) != payments.CodePaymentOver {
		t.Errorf("asking again for what was paid: %v", err)
	}
}

func (s Subject) givesUp(t *testing.T) {
	ctx := context.Background()
	r, p := s.stand(t, "gives-up"), s.cardPayment(t, "gives-up")
	if _, err := s.Cards.Present(ctx, r.ID, p.ID, "give:"+s.Unique); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Cards.Present(ctx, r.ID, s.cardPayment(t, "busy").ID, "busy:"+s.Unique); payments.OutcomeOf(err) != payments.Final || payments.CodeOf(err) != payments.CodeReaderBusy {
		t.Errorf("busy: %v", err)
	}
	if idle, err := s.Cards.CancelAction(ctx, r.ID); err != nil || idle.Action != "" {
		t.Errorf("%+v, %v", idle, err)
	}
	over, err := s.Cards.CancelCardPayment(ctx, p.ID)
	if err != nil || over.State != payments.CardPaymentCancelled {
		t.Errorf("%+v, %v", over, err)
	}
}

func (s Subject) readerFaults(t *testing.T) {
	ctx := context.Background()
	r, p := s.stand(t, "faults"), s.cardPayment(t, "faults")
	for _, tt := range []struct {
		turn, code string
		outcome    payments.Outcome
		after      string
	}{
		{"offline", payments.CodeReaderOffline, payments.Final, "online"},
		{"hardware", payments.CodeReaderFault, payments.Final, "repair"},
		{"timeout", payments.CodeReaderTimeout, payments.LookUp, ""},
	} {
		if err := s.Turn(r.ID, tt.turn); err != nil {
			t.Fatal(err)
		}
		_, err := s.Cards.Present(ctx, r.ID, p.ID, "fault:"+tt.turn+s.Unique)
		if payments.CodeOf(err) != tt.code || payments.OutcomeOf(err) != tt.outcome {
			t.Errorf("%s: %v", tt.turn, err)
		}
		if tt.after != "" {
			if err := s.Turn(r.ID, tt.after); err != nil {
				t.Fatal(err)
			}
		}
	}
	// It was late, and asks all the same.
	if read, err := s.Readers.Reader(ctx, r.ID); err != nil || read.Action != payments.ActionInProgress || read.PaymentID != p.ID {
		t.Errorf("after a late answer: %+v, %v", read, err)
	}
	if err := s.Turn(r.ID, "stop"); err != nil {
		t.Fatal(err)
	}
	if read, err := s.Readers.Reader(ctx, r.ID); err != nil || read.Action != payments.ActionFailed || read.Failure != "customer_canceled" {
		t.Errorf("stopped: %+v, %v", read, err)
	}
}
