package stripesandbox_test

import (
	"strings"
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/stripesandbox"
)

// bought is a paid checkout.
func bought(t *testing.T, h *paymentstest.Harness, reference, card string) payments.Checkout {
	t.Helper()
	c := open(t, h, reference)
	h.Pay(t, c.URL, card)
	c = reread(t, h, c)
	if !c.Paid {
		t.Fatalf("card %s did not pay", card)
	}
	return c
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// disputing is one dispute while banks and platform act on it.
type disputing struct {
	t  *testing.T
	h  *paymentstest.Harness
	id string
}

func (d disputing) is(state payments.DisputeState, balance int64) payments.Dispute {
	d.t.Helper()
	got, err := d.h.Client.Dispute(ctx, d.id)
	if err != nil || got.State != state {
		d.t.Errorf("the dispute is %s, %v, want %s", got.State, err, state)
	}
	if held := available(d.t, d.h); held != balance {
		d.t.Errorf("%s: available %d, want %d", state, held, balance)
	}
	return got
}

func dispute(t *testing.T, h *paymentstest.Harness, of string, amount int64, inquiry bool) disputing {
	t.Helper()
	id, err := h.Sandbox.OpenDispute(of, amount, "product_not_received", inquiry)
	ok(t, err)
	return disputing{t, h, id}
}

func TestABankMayDecideAnew(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := bought(t, h, "sale", paymentstest.CardInstant)
	h.Events(t)
	d := dispute(t, h, c.PaymentIntentID, 3000, false) // by the exchange rate, more than was paid
	d.is(payments.DisputeNeedsResponse, 2440-3000-1500)
	if _, err := h.Sandbox.OpenDispute(c.ChargeID, 0, "fraudulent", false); err == nil {
		t.Error("a charge is under two disputes at once")
	}
	_, err := h.Client.SaveEvidence(ctx, payments.EvidenceRequest{DisputeID: d.id, Submit: true, Text: "We sent it."})
	ok(t, err)
	d.is(payments.DisputeUnderReview, 2440-3000-1500)
	_, err = h.Client.AcceptDispute(ctx, d.id)
	paymentstest.Refused(t, err, payments.Final, payments.CodeDisputeClosed)
	_, err = h.Client.SaveEvidence(ctx, payments.EvidenceRequest{DisputeID: d.id, Text: "Really."})
	paymentstest.Refused(t, err, payments.Final, payments.CodeDisputeClosed)
	for _, step := range []struct {
		won     bool
		state   payments.DisputeState
		balance int64
	}{
		{false, payments.DisputeLost, 2440 - 3000 - 1500}, {true, payments.DisputeWon, 2440 - 1500},
		{false, payments.DisputeLost, 2440 - 3000 - 1500}, {true, payments.DisputeWon, 2440 - 1500},
	} {
		ok(t, h.Sandbox.DecideDispute(d.id, step.won))
		d.is(step.state, step.balance)
		if err := h.Sandbox.DecideDispute(d.id, step.won); err == nil {
			t.Error("a decision was made twice")
		}
	}
	if got := d.is(payments.DisputeWon, 2440-1500); len(got.Movements) != 4 || !got.Refundable {
		t.Errorf("in the end %+v", got)
	}
	_, err = h.Client.Refund(ctx, payments.RefundRequest{Reference: "after", PaymentIntentID: c.PaymentIntentID, Amount: money.New(40, "EUR")})
	ok(t, err)
	const withdrawn, reinstated, closed = "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "charge.dispute.closed"
	want := strings.Join([]string{"charge.dispute.created", withdrawn, "charge.dispute.updated", closed, closed, reinstated, closed, withdrawn, closed, reinstated,
		"refund.created", "charge.refunded"}, " ")
	if got := types(h.Events(t)); got != want {
		t.Errorf("events %s\nwant   %s", got, want)
	}
}

func TestInquiries(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := bought(t, h, "sale", paymentstest.CardInstant)
	d := dispute(t, h, c.ChargeID, 0, true)
	d.is(payments.DisputeWarningNeedsResponse, 2440)
	if err := h.Sandbox.DecideDispute(d.id, false); err == nil {
		t.Error("an inquiry was lost")
	}
	if _, err := h.Client.AcceptDispute(ctx, d.id); payments.OutcomeOf(err) != payments.Final {
		t.Errorf("an inquiry was accepted: %v", err)
	}
	_, err := h.Client.Refund(ctx, payments.RefundRequest{Reference: "part", PaymentIntentID: c.PaymentIntentID, Amount: money.New(440, "EUR")})
	ok(t, err)
	d.is(payments.DisputeWarningNeedsResponse, 2000)
	ok(t, h.Sandbox.EscalateInquiry(d.id))
	if got := d.is(payments.DisputeNeedsResponse, 2000-2440-1500); got.Refundable || len(got.Movements) != 1 {
		t.Errorf("escalated: %+v", got)
	}
	if err := h.Sandbox.EscalateInquiry(d.id); err == nil {
		t.Error("a dispute was escalated")
	}
	closed := dispute(t, h, bought(t, h, "other", paymentstest.CardInstant).ChargeID, 0, true)
	ok(t, h.Sandbox.DecideDispute(closed.id, true))
	closed.is(payments.DisputeWarningClosed, 2000-1500)
	again := dispute(t, h, bought(t, h, "third", paymentstest.CardInstant).ChargeID, 0, true)
	_, err = h.Client.SaveEvidence(ctx, payments.EvidenceRequest{DisputeID: again.id, Submit: true, Text: stripesandbox.EscalateEvidence})
	ok(t, err)
	again.is(payments.DisputeNeedsResponse, 2000-1500-1500)
	checkEvents(t, h)
}

func TestUnansweredDisputesEnd(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	lost := dispute(t, h, bought(t, h, "1", paymentstest.CardInstant).ChargeID, 0, false)
	closed := dispute(t, h, bought(t, h, "2", paymentstest.CardInstant).ChargeID, 0, true)
	h.Events(t)
	h.Clock.Advance(9*24*time.Hour - time.Second)
	lost.is(payments.DisputeNeedsResponse, 2440-1500)
	h.Clock.Advance(time.Second)
	if got := lost.is(payments.DisputeLost, 2440-1500); !got.PastDue || got.Answered {
		t.Errorf("unanswered: %+v", got)
	}
	closed.is(payments.DisputeWarningClosed, 2440-1500)
	if got := types(h.Events(t)); got != "charge.dispute.closed charge.dispute.closed" {
		t.Errorf("events %s", got)
	}
}

func TestDisputesThatNoBankMakes(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := bought(t, h, "sale", paymentstest.CardInstant)
	for name, err := range map[string]error{
		"of nothing":      second(h.Sandbox.OpenDispute("ch_unknown", 0, "fraudulent", false)),
		"for no reason":   second(h.Sandbox.OpenDispute(c.ChargeID, 0, "bored", false)),
		"of less":         second(h.Sandbox.OpenDispute(c.ChargeID, -1, "fraudulent", false)),
		"unknown decided": h.Sandbox.DecideDispute("du_unknown", true),
	} {
		if err == nil {
			t.Errorf("a dispute %s", name)
		}
	}
	if got := available(t, h); got != 2440 {
		t.Errorf("available %d", got)
	}
}

func second(_ string, err error) error { return err }

func TestEvidenceIsReplacedAndChecked(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := bought(t, h, "sale", paymentstest.CardFraud)
	found, err := h.Client.FindDisputes(ctx, c.PaymentIntentID)
	ok(t, err)
	id := found[0].ID
	save := func(r payments.EvidenceRequest) error {
		r.DisputeID = id
		_, err := h.Client.SaveEvidence(ctx, r)
		return err
	}
	evidence := func() string {
		_, text, _ := raw(t, h, "GET", "/v1/disputes/"+id, nil, nil)
		return text
	}
	long := strings.Repeat("é", 20_000)
	ok(t, save(payments.EvidenceRequest{Text: long, Tracking: "6A1"}))
	if text := evidence(); !strings.Contains(text, `"shipping_tracking_number":"6A1"`) || !strings.Contains(text, `"has_evidence":true`) {
		t.Error("evidence was not saved")
	}
	ok(t, save(payments.EvidenceRequest{Product: "Soap"}))
	if text := evidence(); strings.Contains(text, "6A1") || !strings.Contains(text, `"product_description":"Soap"`) {
		t.Error("evidence was added to what should be replaced")
	}
	if err := save(payments.EvidenceRequest{Text: long + "!"}); payments.OutcomeOf(err) != payments.Final {
		t.Errorf("too long a text: %v", err)
	}
	err = save(payments.EvidenceRequest{Files: map[payments.EvidenceKind]string{payments.EvidenceReceipt: "file_unknown"}})
	paymentstest.Refused(t, err, payments.Final, payments.CodeNotFound)
	for name, content := range map[string][]byte{"empty": {}, "text": []byte("hello"), "large": append([]byte("%PDF-1.4\n"), make([]byte, 5<<20)...)} {
		if _, err := h.Client.UploadEvidence(ctx, payments.EvidenceFile{Reference: name, Name: "a.pdf", Content: content}); payments.OutcomeOf(err) != payments.Final {
			t.Errorf("%s file: %v", name, err)
		}
	}
	good := payments.EvidenceFile{Reference: "good", Name: "/tmp/../a.pdf", Content: append([]byte("%PDF-1.4\n"), make([]byte, 5<<20-9)...)}
	uploaded, err := h.Client.UploadEvidence(ctx, good)
	ok(t, err)
	_, text, _ := raw(t, h, "GET", "/v1/files/"+uploaded, nil, nil)
	if !strings.Contains(text, `"filename":"a.pdf"`) || !strings.Contains(text, `"type":"pdf"`) || !strings.Contains(text, `"size":5242880`) {
		t.Errorf("file %s", text)
	}
	good.Content[100] = 'x'
	_, err = h.Client.UploadEvidence(ctx, good)
	paymentstest.Refused(t, err, payments.LookUp, payments.CodeIdempotency)
}
