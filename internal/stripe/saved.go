package stripe

import (
	"context"
	"errors"
	"strings"

	"relais/internal/payments"

	stripego "github.com/stripe/stripe-go/v76"
)

// OpenSetup makes a customer, who will own the card, and a hosted page in setup mode. It stays open up to 15 minutes longer than
// asked for.
func (c *Client) OpenSetup(ctx context.Context, r payments.SetupRequest) (payments.Setup, error) {
	meta := map[string]string{"subject": r.Subject, reference: r.Reference}
	who := &stripego.CustomerParams{}
	if r.Email != "" {
		who.Email = stripego.String(r.Email)
	}
	who.Metadata = meta
	who.Context = ctx
	who.SetIdempotencyKey(r.Reference + "-customer")
	customer, err := c.api.Customers.New(who)
	if err != nil {
		return payments.Setup{}, translate("make customer for "+r.Subject, err)
	}
	p := &stripego.CheckoutSessionParams{
		Mode:               stripego.String(string(stripego.CheckoutSessionModeSetup)),
		Customer:           stripego.String(customer.ID),
		PaymentMethodTypes: stripego.StringSlice([]string{"card"}),
		ClientReferenceID:  stripego.String(r.Subject),
		SetupIntentData:    &stripego.CheckoutSessionSetupIntentDataParams{Metadata: meta}, // off session, as in this mode always
	}
	if r.Consent != "" {
		p.CustomText = &stripego.CheckoutSessionCustomTextParams{Submit: &stripego.CheckoutSessionCustomTextSubmitParams{Message: stripego.String(r.Consent)}}
	}
	p.Metadata = meta
	s, err := c.openPage(ctx, p, hosted{r.Reference, r.Locale, r.SuccessURL, r.CancelURL, r.ExpiresAt})
	if err != nil {
		return payments.Setup{}, translate("open setup for "+r.Subject, err)
	}
	return setup(s), nil
}

// Setup reads a page's state, with the setup intent and the card.
func (c *Client) Setup(ctx context.Context, id string) (payments.Setup, error) {
	p := &stripego.CheckoutSessionParams{}
	p.Context = ctx
	p.AddExpand("setup_intent.payment_method")
	p.AddExpand("customer")
	s, err := c.api.CheckoutSessions.Get(id, p)
	if err != nil {
		return payments.Setup{}, translate("read setup "+id, err)
	}
	return setup(s), nil
}

// ExpireSetup closes an open page.
func (c *Client) ExpireSetup(ctx context.Context, id string) error { return c.ExpireCheckout(ctx, id) }

func setup(s *stripego.CheckoutSession) payments.Setup {
	out := payments.Setup{ID: s.ID, URL: s.URL, State: payments.CheckoutState(s.Status), Subject: s.Metadata["subject"]}
	if s.Customer != nil {
		out.CustomerID = s.Customer.ID
	}
	if s.SetupIntent == nil || s.SetupIntent.Status != stripego.SetupIntentStatusSucceeded || s.Customer == nil || s.Customer.Deleted {
		return out
	}
	if m := s.SetupIntent.PaymentMethod; m != nil && m.Customer != nil && m.Card != nil { // without a customer it is forgotten
		out.Saved = true
		out.Card = payments.SavedCard{ID: m.ID, CustomerID: m.Customer.ID, Brand: string(m.Card.Brand), Last4: m.Card.Last4,
			ExpMonth: int(m.Card.ExpMonth), ExpYear: int(m.Card.ExpYear), Fingerprint: m.Card.Fingerprint}
	}
	return out
}

// ChargeSaved makes a payment intent and confirms it off session, in one call. An intent that was refused would wait for another
// card: it is canceled before the refusal is returned. Stripe repeats a refusal under its key, with the intent, so that asking
// again cancels what could not be canceled at once.
func (c *Client) ChargeSaved(ctx context.Context, r payments.ChargeRequest) (payments.Charge, error) {
	did := "charge kept card for order " + r.OrderNumber
	pi, err := c.api.PaymentIntents.New(offSession(ctx, r))
	refused := translate(did, err)
	if e, ok := errors.AsType[*payments.Error](refused); ok && e.Code == payments.CodeNotFound { // its customer was deleted
		e.Code = payments.CodeCardGone
	}
	switch answer, ok := errors.AsType[*stripego.Error](err); {
	case ok && answer.PaymentIntent != nil:
		pi = answer.PaymentIntent
	case err != nil:
		return payments.Charge{}, refused
	case charge(pi).State == payments.ChargeOpen: // it asks for its owner
		refused = &payments.Error{Outcome: payments.Final, Code: payments.CodeAuthentication, Decline: string(pi.Status), Message: did + ": the bank asks for the card's owner"}
	default:
		return charge(pi), nil
	}
	ch, err := c.closed(ctx, pi)
	switch {
	case err != nil:
		return payments.Charge{}, &payments.Error{Outcome: payments.Retry, Code: payments.CodeOf(err), Message: did + ": it was refused, and is not closed yet", Err: err}
	case ch.State == payments.ChargeRefused:
		return payments.Charge{}, refused
	}
	return ch, nil
}

func offSession(ctx context.Context, r payments.ChargeRequest) *stripego.PaymentIntentParams {
	p := &stripego.PaymentIntentParams{
		Amount: minor(r.Amount.Minor, r.Amount.Currency), Currency: stripego.String(strings.ToLower(string(r.Amount.Currency))),
		Customer: stripego.String(r.CustomerID), PaymentMethod: stripego.String(r.CardID), PaymentMethodTypes: stripego.StringSlice([]string{"card"}),
		OffSession: stripego.Bool(true), Confirm: stripego.Bool(true), Description: stripego.String(r.Description),
		Metadata: map[string]string{"order_id": r.OrderID, "order_number": r.OrderNumber, reference: r.Reference},
	}
	if r.Description == "" {
		p.Description = stripego.String(r.OrderNumber)
	}
	if r.TransferGroup != "" {
		p.TransferGroup = stripego.String(r.TransferGroup)
	}
	p.Context = ctx
	p.AddExpand("latest_charge")
	p.SetIdempotencyKey(r.Reference)
	return p
}

// closed gives an intent up that is neither paid nor on its way, and returns how it ended. Stripe decides a race with a payment:
// an intent that was paid cannot be canceled.
func (c *Client) closed(ctx context.Context, pi *stripego.PaymentIntent) (payments.Charge, error) {
	before := charge(pi)
	if before.State != payments.ChargeOpen {
		return before, nil
	}
	p := &stripego.PaymentIntentCancelParams{}
	p.Context = ctx
	p.AddExpand("latest_charge")
	pi, err := c.api.PaymentIntents.Cancel(before.PaymentIntentID, p)
	if err = translate("cancel refused payment "+before.PaymentIntentID, err); payments.CodeOf(err) == payments.CodePaymentOver {
		return c.Charge(ctx, before.PaymentIntentID)
	}
	if err != nil {
		return payments.Charge{}, err
	}
	out := charge(pi)
	if out.Failure == "" {
		out.Failure, out.Decline = before.Failure, before.Decline
	}
	return out, nil
}

// Charge reads a payment intent with its charge and card.
func (c *Client) Charge(ctx context.Context, paymentIntentID string) (payments.Charge, error) {
	p := &stripego.PaymentIntentParams{}
	p.Context = ctx
	p.AddExpand("latest_charge")
	pi, err := c.api.PaymentIntents.Get(paymentIntentID, p)
	if err != nil {
		return payments.Charge{}, translate("read charge "+paymentIntentID, err)
	}
	return charge(pi), nil
}

// FindCharges lists a customer's payment intents, newest first, and cancels those that wait for a card.
func (c *Client) FindCharges(ctx context.Context, customerID string) ([]payments.Charge, error) {
	p := &stripego.PaymentIntentListParams{Customer: stripego.String(customerID)}
	p.Context = ctx
	p.Limit = stripego.Int64(100)
	p.AddExpand("data.latest_charge")
	var out []payments.Charge
	found := c.api.PaymentIntents.List(p)
	for found.Next() {
		ch, err := c.closed(ctx, found.PaymentIntent())
		if err != nil {
			return nil, err
		}
		out = append(out, ch)
	}
	return out, translate("list charges of customer "+customerID, found.Err())
}

func charge(pi *stripego.PaymentIntent) payments.Charge {
	out := payments.Charge{PaymentIntentID: pi.ID, State: payments.ChargeOpen, Amount: amount(pi.Amount, pi.Currency),
		Reference: pi.Metadata[reference], OrderID: pi.Metadata["order_id"], OrderNumber: pi.Metadata["order_number"]}
	switch pi.Status {
	case stripego.PaymentIntentStatusSucceeded:
		out.State, out.Paid = payments.ChargePaid, true
	case stripego.PaymentIntentStatusProcessing:
		out.State = payments.ChargeProcessing
	case stripego.PaymentIntentStatusCanceled:
		out.State = payments.ChargeRefused
	}
	ch := pi.LatestCharge
	if ch != nil {
		out.ChargeID = ch.ID
		if d := ch.PaymentMethodDetails; d != nil && d.Card != nil {
			out.CardFingerprint = d.Card.Fingerprint
		}
	}
	switch {
	case out.Paid:
	case pi.LastPaymentError != nil:
		out.Failure, out.Decline = refusal(pi.LastPaymentError)
	case ch != nil && ch.FailureCode != "": // cancelling may have taken the error away
		e := &stripego.Error{Code: stripego.ErrorCode(ch.FailureCode)}
		if ch.Outcome != nil {
			e.DeclineCode = stripego.DeclineCode(ch.Outcome.Reason)
		}
		out.Failure, out.Decline = refusal(e)
	}
	return out
}

// Forget deletes a customer. Stripe refuses to delete one who is deleted, as it does one of whom it never heard: it still knows the first.
func (c *Client) Forget(ctx context.Context, customerID string) error {
	p := &stripego.CustomerParams{}
	p.Context = ctx
	_, err := c.api.Customers.Del(customerID, p)
	refused := translate("forget customer "+customerID, err)
	if payments.CodeOf(refused) != payments.CodeNotFound {
		return refused
	}
	look := &stripego.CustomerParams{}
	look.Context = ctx
	known, err := c.api.Customers.Get(customerID, look)
	switch {
	case err != nil:
		return translate("read customer "+customerID, err)
	case known.Deleted:
		return nil
	}
	return refused
}
