package stripe

import (
	"bytes"
	"context"
	"slices"
	"time"

	"relais/internal/payments"

	stripego "github.com/stripe/stripe-go/v76"
)

// Dispute reads a dispute's state.
func (c *Client) Dispute(ctx context.Context, id string) (payments.Dispute, error) {
	p := &stripego.DisputeParams{}
	p.Context = ctx
	d, err := c.api.Disputes.Get(id, p)
	if err != nil {
		return payments.Dispute{}, translate("read dispute "+id, err)
	}
	return dispute(d), nil
}

// FindDisputes lists a payment's disputes, newest first.
func (c *Client) FindDisputes(ctx context.Context, paymentIntentID string) ([]payments.Dispute, error) {
	p := &stripego.DisputeListParams{PaymentIntent: stripego.String(paymentIntentID)}
	p.Context = ctx
	p.Limit = stripego.Int64(100)
	var out []payments.Dispute
	found := c.api.Disputes.List(p)
	for found.Next() {
		out = append(out, dispute(found.Dispute()))
	}
	return out, translate("list disputes of payment "+paymentIntentID, found.Err())
}

// SaveEvidence replaces the answer to a dispute: a field that is empty now is emptied at Stripe too. Stripe sends an
// answer to the bank unless told not to, so that Submit is always said.
func (c *Client) SaveEvidence(ctx context.Context, r payments.EvidenceRequest) (payments.Dispute, error) {
	file := func(kind payments.EvidenceKind) *string { return stripego.String(r.Files[kind]) }
	p := &stripego.DisputeParams{
		Submit: stripego.Bool(r.Submit),
		Evidence: &stripego.DisputeEvidenceParams{
			UncategorizedText:      stripego.String(r.Text),
			ProductDescription:     stripego.String(r.Product),
			CustomerName:           stripego.String(r.CustomerName),
			CustomerEmailAddress:   stripego.String(r.CustomerEmail),
			ShippingAddress:        stripego.String(r.ShippingAddress),
			ShippingCarrier:        stripego.String(r.ShippingCarrier),
			ShippingDate:           stripego.String(r.ShippingDate),
			ShippingTrackingNumber: stripego.String(r.Tracking),
			RefundPolicyDisclosure: stripego.String(r.RefundPolicy),
			Receipt:                file(payments.EvidenceReceipt),
			ShippingDocumentation:  file(payments.EvidenceShipping),
			CustomerCommunication:  file(payments.EvidenceCommunication),
			UncategorizedFile:      file(payments.EvidenceOther),
		},
	}
	p.Context = ctx
	d, err := c.api.Disputes.Update(r.DisputeID, p)
	if err != nil {
		return payments.Dispute{}, translate("answer dispute "+r.DisputeID, err)
	}
	return dispute(d), nil
}

// UploadEvidence gives Stripe a file that an answer may name.
func (c *Client) UploadEvidence(ctx context.Context, f payments.EvidenceFile) (string, error) {
	p := &stripego.FileParams{
		FileReader: bytes.NewReader(f.Content), Filename: stripego.String(f.Name),
		Purpose: stripego.String(string(stripego.FilePurposeDisputeEvidence)),
	}
	p.Context = ctx
	p.SetIdempotencyKey(f.Reference)
	got, err := c.api.Files.New(p)
	if err != nil {
		return "", translate("upload evidence "+f.Reference, err)
	}
	return got.ID, nil
}

// AcceptDispute closes a dispute: it is lost.
func (c *Client) AcceptDispute(ctx context.Context, id string) (payments.Dispute, error) {
	p := &stripego.DisputeParams{}
	p.Context = ctx
	d, err := c.api.Disputes.Close(id, p)
	if err != nil {
		return payments.Dispute{}, translate("accept dispute "+id, err)
	}
	return dispute(d), nil
}

func dispute(d *stripego.Dispute) payments.Dispute {
	out := payments.Dispute{
		ID: d.ID, State: payments.DisputeState(d.Status), Amount: amount(d.Amount, d.Currency), Reason: string(d.Reason),
		Refundable: d.IsChargeRefundable, Created: time.Unix(d.Created, 0).UTC(),
	}
	if d.Charge != nil {
		out.ChargeID = d.Charge.ID
	}
	if d.PaymentIntent != nil {
		out.PaymentIntentID = d.PaymentIntent.ID
	}
	if e := d.EvidenceDetails; e != nil {
		out.Answered, out.PastDue = e.SubmissionCount > 0, e.PastDue
		if e.DueBy != 0 {
			out.DueBy = time.Unix(e.DueBy, 0).UTC()
		}
	}
	for _, bt := range d.BalanceTransactions {
		out.Movements = append(out.Movements, movement(bt))
	}
	slices.SortStableFunc(out.Movements, func(a, b payments.Movement) int { return a.Created.Compare(b.Created) })
	return out
}
