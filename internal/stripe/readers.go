package stripe

import (
	"context"
	"strings"

	"relais/internal/payments"

	stripego "github.com/stripe/stripe-go/v76"
)

// CreateLocation creates a Terminal location.
func (c *Client) CreateLocation(ctx context.Context, r payments.LocationRequest) (string, error) {
	p := &stripego.TerminalLocationParams{DisplayName: stripego.String(r.Name), Address: &stripego.AddressParams{
		Line1: stripego.String(r.Street), PostalCode: stripego.String(r.Postcode), City: stripego.String(r.City), Country: stripego.String(r.Country)}}
	p.Context = ctx
	p.SetIdempotencyKey(r.Reference)
	l, err := c.api.TerminalLocations.New(p)
	if err != nil {
		return "", translate("create location "+r.Name, err)
	}
	return l.ID, nil
}

// RegisterReader registers a reader by its code.
func (c *Client) RegisterReader(ctx context.Context, r payments.ReaderRequest) (payments.Reader, error) {
	p := &stripego.TerminalReaderParams{RegistrationCode: stripego.String(r.Code), Label: stripego.String(r.Label), Location: stripego.String(r.LocationID)}
	p.Context = ctx
	p.SetIdempotencyKey(r.Reference)
	got, err := c.api.TerminalReaders.New(p)
	if err != nil {
		return payments.Reader{}, translate("register reader "+r.Label, err)
	}
	return reader(got), nil
}

// Reader reads a reader's state.
func (c *Client) Reader(ctx context.Context, id string) (payments.Reader, error) {
	p := &stripego.TerminalReaderParams{}
	p.Context = ctx
	got, err := c.api.TerminalReaders.Get(id, p)
	if err != nil {
		return payments.Reader{}, translate("read reader "+id, err)
	}
	if got.Deleted {
		return payments.Reader{}, &payments.Error{Outcome: payments.Final, Code: payments.CodeNotFound, Message: "read reader " + id + ": it was removed"}
	}
	return reader(got), nil
}

// ListReaders lists the readers of a location.
func (c *Client) ListReaders(ctx context.Context, locationID string) ([]payments.Reader, error) {
	p := &stripego.TerminalReaderListParams{Location: stripego.String(locationID)}
	p.Context = ctx
	p.Limit = stripego.Int64(100)
	var out []payments.Reader
	found := c.api.TerminalReaders.List(p)
	for found.Next() {
		out = append(out, reader(found.TerminalReader()))
	}
	return out, translate("list readers of "+locationID, found.Err())
}

// RemoveReader deletes a reader.
func (c *Client) RemoveReader(ctx context.Context, id string) error {
	p := &stripego.TerminalReaderParams{}
	p.Context = ctx
	_, err := c.api.TerminalReaders.Del(id, p)
	return translate("remove reader "+id, err)
}

// ConnectionToken makes a token for the Terminal SDK.
func (c *Client) ConnectionToken(ctx context.Context, locationID string) (string, error) {
	p := &stripego.TerminalConnectionTokenParams{}
	if locationID != "" {
		p.Location = stripego.String(locationID)
	}
	p.Context = ctx
	t, err := c.api.TerminalConnectionTokens.New(p)
	if err != nil {
		return "", translate("make connection token", err)
	}
	return t.Secret, nil
}

func reader(r *stripego.TerminalReader) payments.Reader {
	out := payments.Reader{ID: r.ID, Label: r.Label, Device: string(r.DeviceType), Online: r.Status == "online"}
	if r.Location != nil {
		out.LocationID = r.Location.ID
	}
	if a := r.Action; a != nil {
		out.Action, out.Failure = payments.ActionState(a.Status), a.FailureCode
		if a.ProcessPaymentIntent != nil && a.ProcessPaymentIntent.PaymentIntent != nil {
			out.PaymentID = a.ProcessPaymentIntent.PaymentIntent.ID
		}
	}
	return out
}

// OpenCardPayment creates a payment intent for a card that is there, captured at once.
func (c *Client) OpenCardPayment(ctx context.Context, r payments.CardPaymentRequest) (payments.CardPayment, error) {
	p := &stripego.PaymentIntentParams{
		Amount: minor(r.Amount.Minor, r.Amount.Currency), Currency: stripego.String(strings.ToLower(string(r.Amount.Currency))),
		PaymentMethodTypes: stripego.StringSlice([]string{"card_present"}), CaptureMethod: stripego.String(string(stripego.PaymentIntentCaptureMethodAutomatic)),
		Description: stripego.String(r.OrderNumber), TransferGroup: stripego.String(r.TransferGroup),
		Metadata: map[string]string{"order_id": r.OrderID, "order_number": r.OrderNumber, reference: r.Reference},
	}
	p.Context = ctx
	p.SetIdempotencyKey(r.Reference)
	pi, err := c.api.PaymentIntents.New(p)
	if err != nil {
		return payments.CardPayment{}, translate("open card payment for order "+r.OrderNumber, err)
	}
	return cardPayment(pi), nil
}

// CardPayment reads a payment intent with its charge and card.
func (c *Client) CardPayment(ctx context.Context, id string) (payments.CardPayment, error) {
	p := &stripego.PaymentIntentParams{}
	p.Context = ctx
	p.AddExpand("latest_charge")
	pi, err := c.api.PaymentIntents.Get(id, p)
	if err != nil {
		return payments.CardPayment{}, translate("read card payment "+id, err)
	}
	return cardPayment(pi), nil
}

// Present hands a payment intent to a reader.
func (c *Client) Present(ctx context.Context, readerID, paymentID, reference string) (payments.Reader, error) {
	p := &stripego.TerminalReaderProcessPaymentIntentParams{PaymentIntent: stripego.String(paymentID)}
	p.Context = ctx
	p.SetIdempotencyKey(reference)
	r, err := c.api.TerminalReaders.ProcessPaymentIntent(readerID, p)
	if err != nil {
		return payments.Reader{}, translate("hand payment "+paymentID+" to reader "+readerID, err)
	}
	return reader(r), nil
}

// CancelAction stops what a reader is doing.
func (c *Client) CancelAction(ctx context.Context, readerID string) (payments.Reader, error) {
	p := &stripego.TerminalReaderCancelActionParams{}
	p.Context = ctx
	r, err := c.api.TerminalReaders.CancelAction(readerID, p)
	if err != nil {
		return payments.Reader{}, translate("stop reader "+readerID, err)
	}
	return reader(r), nil
}

// CancelCardPayment cancels a payment intent.
func (c *Client) CancelCardPayment(ctx context.Context, id string) (payments.CardPayment, error) {
	p := &stripego.PaymentIntentCancelParams{}
	p.Context = ctx
	pi, err := c.api.PaymentIntents.Cancel(id, p)
	if err != nil {
		return payments.CardPayment{}, translate("cancel card payment "+id, err)
	}
	return cardPayment(pi), nil
}

func cardPayment(pi *stripego.PaymentIntent) payments.CardPayment {
	out := payments.CardPayment{ID: pi.ID, ClientSecret: pi.ClientSecret, State: payments.CardPaymentOpen, Amount: amount(pi.Amount, pi.Currency),
		OrderID: pi.Metadata["order_id"], OrderNumber: pi.Metadata["order_number"]}
	switch pi.Status {
	case stripego.PaymentIntentStatusSucceeded:
		out.State = payments.CardPaymentPaid
	case stripego.PaymentIntentStatusCanceled:
		out.State = payments.CardPaymentCancelled
	case stripego.PaymentIntentStatusProcessing:
		out.State = payments.CardPaymentProcessing
	}
	if e := pi.LastPaymentError; e != nil {
		out.Failure = string(e.Code)
		if e.DeclineCode != "" {
			out.Failure = string(e.DeclineCode)
		}
	}
	if ch := pi.LatestCharge; ch != nil && out.State == payments.CardPaymentPaid {
		out.ChargeID = ch.ID
		if d := ch.PaymentMethodDetails; d != nil && d.CardPresent != nil {
			out.CardFingerprint = d.CardPresent.Fingerprint
		}
	}
	return out
}
