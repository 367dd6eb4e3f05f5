package stripe

import (
	"context"
	"strings"
	"time"

	"relais/internal/payments"

	stripego "github.com/stripe/stripe-go/v76"
)

// grace is how much longer than asked for a page stays open. Stripe wants at least 30 minutes from when it makes the
// page, and an order that is held for 30 minutes has less left when its page is made, or made again after a failure.
// It is a constant, so that the same request always carries the same time.
const grace = 15 * time.Minute

// OpenCheckout creates a hosted page. It stays open up to 15 minutes longer than asked for: expire it with the order.
func (c *Client) OpenCheckout(ctx context.Context, r payments.CheckoutRequest) (payments.Checkout, error) {
	meta := map[string]string{"order_id": r.OrderID, "order_number": r.OrderNumber}
	p := &stripego.CheckoutSessionParams{
		Mode:               stripego.String(string(stripego.CheckoutSessionModePayment)),
		PaymentMethodTypes: stripego.StringSlice([]string{"card"}),
		ClientReferenceID:  stripego.String(r.OrderID),
		LineItems:          lineItems(r),
		PaymentIntentData: &stripego.CheckoutSessionPaymentIntentDataParams{
			Description: stripego.String(r.OrderNumber), Metadata: meta,
		},
	}
	if r.TransferGroup != "" {
		p.PaymentIntentData.TransferGroup = stripego.String(r.TransferGroup)
	}
	if r.Email != "" {
		p.CustomerEmail = stripego.String(r.Email)
	}
	p.Metadata = meta
	s, err := c.openPage(ctx, p, hosted{r.Reference, r.Locale, r.SuccessURL, r.CancelURL, r.ExpiresAt})
	if err != nil {
		return payments.Checkout{}, translate("open checkout for order "+r.OrderNumber, err)
	}
	return checkout(s), nil
}

// hosted is what every hosted page is asked for with.
type hosted struct {
	Reference, Locale, SuccessURL, CancelURL string
	ExpiresAt                                time.Time // zero: Stripe's own time
}

// openPage makes a hosted page, once for each reference.
func (c *Client) openPage(ctx context.Context, p *stripego.CheckoutSessionParams, h hosted) (*stripego.CheckoutSession, error) {
	p.SuccessURL, p.CancelURL, p.Locale = stripego.String(h.SuccessURL), stripego.String(h.CancelURL), stripego.String(locale(h.Locale))
	if !h.ExpiresAt.IsZero() {
		p.ExpiresAt = stripego.Int64(h.ExpiresAt.Add(grace).Unix())
	}
	p.Context = ctx
	p.SetIdempotencyKey(h.Reference)
	return c.api.CheckoutSessions.New(p)
}

func locale(l string) string {
	if l == "fr" || l == "en" {
		return l
	}
	return "auto"
}

func lineItems(r payments.CheckoutRequest) []*stripego.CheckoutSessionLineItemParams {
	items := make([]*stripego.CheckoutSessionLineItemParams, len(r.Lines))
	for i, l := range r.Lines {
		product := &stripego.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripego.String(l.Name)}
		if l.ImageURL != "" {
			product.Images = stripego.StringSlice([]string{l.ImageURL})
		}
		items[i] = &stripego.CheckoutSessionLineItemParams{
			Quantity: stripego.Int64(l.Quantity),
			PriceData: &stripego.CheckoutSessionLineItemPriceDataParams{
				Currency: stripego.String(strings.ToLower(string(r.Currency))), UnitAmount: minor(l.UnitMinor, r.Currency), ProductData: product,
			},
		}
	}
	return items
}

// Checkout reads a page's state, with the payment, the charge and the card.
func (c *Client) Checkout(ctx context.Context, id string) (payments.Checkout, error) {
	p := &stripego.CheckoutSessionParams{}
	p.Context = ctx
	p.AddExpand("payment_intent.latest_charge")
	s, err := c.api.CheckoutSessions.Get(id, p)
	if err != nil {
		return payments.Checkout{}, translate("read checkout "+id, err)
	}
	return checkout(s), nil
}

// ExpireCheckout closes an open page.
func (c *Client) ExpireCheckout(ctx context.Context, id string) error {
	p := &stripego.CheckoutSessionExpireParams{}
	p.Context = ctx
	_, err := c.api.CheckoutSessions.Expire(id, p)
	return translate("expire checkout "+id, err)
}

func checkout(s *stripego.CheckoutSession) payments.Checkout {
	out := payments.Checkout{
		ID: s.ID, URL: s.URL, State: payments.CheckoutState(s.Status), Amount: amount(s.AmountTotal, s.Currency),
		Paid:    s.PaymentStatus == stripego.CheckoutSessionPaymentStatusPaid,
		OrderID: s.Metadata["order_id"], OrderNumber: s.Metadata["order_number"], ExpiresAt: time.Unix(s.ExpiresAt, 0).UTC(),
	}
	if !out.Paid || s.PaymentIntent == nil {
		return out
	}
	out.PaymentIntentID = s.PaymentIntent.ID
	if ch := s.PaymentIntent.LatestCharge; ch != nil {
		out.ChargeID = ch.ID
		if d := ch.PaymentMethodDetails; d != nil && d.Card != nil {
			out.CardFingerprint = d.Card.Fingerprint
		}
	}
	return out
}

// Refund sends money back. Our reference and order travel with it, so that it is found again.
func (c *Client) Refund(ctx context.Context, r payments.RefundRequest) (payments.Refund, error) {
	reason := r.Reason
	if reason == "" {
		reason = payments.RefundRequested
	}
	p := &stripego.RefundParams{
		PaymentIntent: stripego.String(r.PaymentIntentID), Amount: minor(r.Amount.Minor, r.Amount.Currency), Reason: stripego.String(string(reason)),
		Metadata: map[string]string{reference: r.Reference, "order_id": r.OrderID},
	}
	p.Context = ctx
	p.SetIdempotencyKey(r.Reference)
	got, err := c.api.Refunds.New(p)
	if err != nil {
		return payments.Refund{}, translate("refund payment "+r.PaymentIntentID, err)
	}
	return refund(got), nil
}

// FindRefunds lists a payment's refunds, newest first.
func (c *Client) FindRefunds(ctx context.Context, paymentIntentID string) ([]payments.Refund, error) {
	p := &stripego.RefundListParams{PaymentIntent: stripego.String(paymentIntentID)}
	p.Context = ctx
	p.Limit = stripego.Int64(100)
	var out []payments.Refund
	found := c.api.Refunds.List(p)
	for found.Next() {
		out = append(out, refund(found.Refund()))
	}
	return out, translate("list refunds of payment "+paymentIntentID, found.Err())
}

func refund(r *stripego.Refund) payments.Refund {
	out := payments.Refund{
		ID: r.ID, Reference: r.Metadata[reference], OrderID: r.Metadata["order_id"], State: payments.RefundState(r.Status),
		Amount: amount(r.Amount, r.Currency), FailureReason: string(r.FailureReason),
	}
	if r.PaymentIntent != nil {
		out.PaymentIntentID = r.PaymentIntent.ID
	}
	return out
}
