package paymentstest

import (
	"context"
	"testing"

	"relais/internal/money"
	"relais/internal/payments"

	"github.com/google/go-cmp/cmp"
)

// What Stripe's test mode reads in an answer.
const (
	evidenceWins  = "winning_evidence"
	evidenceLoses = "losing_evidence"
)

// picture is the smallest PNG that is one.
var picture = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" +
	"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82")

// disputed buys with a card that makes a dispute, and returns it.
func (s Subject) disputed(t *testing.T, reference, card string) (payments.Checkout, payments.Dispute) {
	t.Helper()
	c := s.buy(t, reference, card)
	found, err := s.Disputes.FindDisputes(context.Background(), c.PaymentIntentID)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d disputes, %v, want one", len(found), err)
	}
	if found[0].ChargeID != c.ChargeID || found[0].PaymentIntentID != c.PaymentIntentID || found[0].Amount != money.New(2440, "EUR") {
		t.Errorf("dispute is %+v", found[0])
	}
	return c, found[0]
}

func (s Subject) unknownDispute(t *testing.T) {
	_, err := s.Disputes.Dispute(context.Background(), "du_unknown")
	Refused(t, err, payments.Final, payments.CodeNotFound)
}

func (s Subject) disputeWon(t *testing.T) {
	ctx := context.Background()
	c, d := s.disputed(t, "dispute to win", CardFraud)
	if d.State != payments.DisputeNeedsResponse || d.Reason != "fraudulent" || !d.DueBy.After(s.Now()) || d.Answered || d.Refundable {
		t.Errorf("a new dispute is %+v", d)
	}
	if len(d.Movements) != 1 || d.Movements[0].Amount != money.New(-2440, "EUR") || d.Movements[0].FeeMinor <= 0 || d.Movements[0].Category != "dispute" {
		t.Errorf("it moved %+v", d.Movements)
	}
	_, err := s.Checkouts.Refund(ctx, payments.RefundRequest{
		Reference: "refund:disputed" + s.Unique, PaymentIntentID: c.PaymentIntentID, Amount: money.New(100, "EUR"), OrderID: "42",
	})
	Refused(t, err, payments.Final, payments.CodeDisputed)
	upload := payments.EvidenceFile{Reference: "evidence:1" + s.Unique, Name: "reçu.png", Content: picture}
	id, err := s.Disputes.UploadEvidence(ctx, upload)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Disputes.UploadEvidence(ctx, upload); err != nil || again != id {
		t.Errorf("the same file is %q and %q, %v", id, again, err)
	}
	answer := payments.EvidenceRequest{
		DisputeID: d.ID, Text: "Sent by post.", Product: "Soap", CustomerName: "Camille Essai", CustomerEmail: "buyer@example.com",
		ShippingAddress: "1 rue de l’Essai, Lyon", ShippingCarrier: "La Poste", ShippingDate: "2026-11-20", Tracking: "6A1", RefundPolicy: "14 days",
		Files: map[payments.EvidenceKind]string{payments.EvidenceReceipt: id, payments.EvidenceOther: id},
	}
	if saved, err := s.Disputes.SaveEvidence(ctx, answer); err != nil || saved.State != payments.DisputeNeedsResponse || saved.Answered {
		t.Errorf("after saving: %+v, %v", saved, err)
	}
	answer.Text, answer.Submit = evidenceWins, true
	won, err := s.Disputes.SaveEvidence(ctx, answer)
	if err != nil || won.State != payments.DisputeWon || !won.Answered || !won.DueBy.IsZero() {
		t.Errorf("after winning: %+v, %v", won, err)
	}
	if len(won.Movements) != 2 || won.Movements[1].Net() != money.New(2440, "EUR") || won.Movements[1].Category != "dispute_reversal" {
		t.Errorf("it moved %+v", won.Movements)
	}
	if read, err := s.Disputes.Dispute(ctx, d.ID); err != nil || !cmp.Equal(read, won) {
		t.Errorf("read %+v, %v, want %+v", read, err, won)
	}
	_, err = s.Disputes.SaveEvidence(ctx, answer)
	Refused(t, err, payments.Final, payments.CodeDisputeClosed)
	_, err = s.Disputes.AcceptDispute(ctx, d.ID)
	Refused(t, err, payments.Final, payments.CodeDisputeClosed)
}

func (s Subject) disputeLost(t *testing.T) {
	ctx := context.Background()
	_, answered := s.disputed(t, "dispute to lose", CardNotReceived)
	lost, err := s.Disputes.SaveEvidence(ctx, payments.EvidenceRequest{DisputeID: answered.ID, Submit: true, Text: evidenceLoses})
	if err != nil || lost.State != payments.DisputeLost || len(lost.Movements) != 1 {
		t.Errorf("after losing: %+v, %v", lost, err)
	}
	_, given := s.disputed(t, "dispute to accept", CardFraud)
	if lost, err = s.Disputes.AcceptDispute(ctx, given.ID); err != nil || lost.State != payments.DisputeLost || lost.Answered {
		t.Errorf("after accepting: %+v, %v", lost, err)
	}
}

func (s Subject) inquiry(t *testing.T) {
	ctx := context.Background()
	c, d := s.disputed(t, "inquiry", CardInquiry)
	if d.State != payments.DisputeWarningNeedsResponse || !d.Refundable || len(d.Movements) != 0 {
		t.Errorf("an inquiry is %+v", d)
	}
	if _, err := s.Checkouts.Refund(ctx, payments.RefundRequest{
		Reference: "refund:inquiry" + s.Unique, PaymentIntentID: c.PaymentIntentID, Amount: money.New(2440, "EUR"), OrderID: "42",
	}); err != nil {
		t.Errorf("refund during an inquiry: %v", err)
	}
	if d, err := s.Disputes.Dispute(ctx, d.ID); err != nil || d.State != payments.DisputeWarningClosed || d.Refundable {
		t.Errorf("after the refund: %+v, %v", d, err)
	}
}
