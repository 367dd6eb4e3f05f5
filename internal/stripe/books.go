package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"relais/internal/payments"

	stripego "github.com/stripe/stripe-go/v76"
)

// Movements reads the platform's balance transactions since a moment, newest first, a page at a time.
func (c *Client) Movements(ctx context.Context, since time.Time, each func(payments.Movement) error) error {
	p := &stripego.BalanceTransactionListParams{CreatedRange: &stripego.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
	p.Context = ctx
	p.Limit = stripego.Int64(100)
	found := c.api.BalanceTransactions.List(p)
	for found.Next() {
		if err := each(movement(found.BalanceTransaction())); err != nil {
			return err
		}
	}
	return translate("list balance transactions", found.Err())
}

// MovementsOf lists the balance transactions of one object, newest first. A dispute carries its own.
func (c *Client) MovementsOf(ctx context.Context, sourceID string) ([]payments.Movement, error) {
	if strings.HasPrefix(sourceID, "dp_") || strings.HasPrefix(sourceID, "du_") {
		d, err := c.Dispute(ctx, sourceID)
		slices.Reverse(d.Movements)
		return d.Movements, err
	}
	p := &stripego.BalanceTransactionListParams{Source: stripego.String(sourceID)}
	p.Context = ctx
	p.Limit = stripego.Int64(100)
	var out []payments.Movement
	found := c.api.BalanceTransactions.List(p)
	for found.Next() {
		out = append(out, movement(found.BalanceTransaction()))
	}
	return out, translate("list balance transactions of "+sourceID, found.Err())
}

func movement(bt *stripego.BalanceTransaction) payments.Movement {
	out := payments.Movement{
		ID: bt.ID, Type: string(bt.Type), Category: string(bt.ReportingCategory), Amount: amount(bt.Amount, bt.Currency), FeeMinor: units(bt.Fee, bt.Currency),
		Created: time.Unix(bt.Created, 0).UTC(), AvailableOn: time.Unix(bt.AvailableOn, 0).UTC(),
	}
	if bt.Source != nil {
		out.Source = bt.Source.ID
	}
	return out
}

// Funds reads the platform's balance.
func (c *Client) Funds(ctx context.Context) ([]payments.Funds, error) {
	p := &stripego.BalanceParams{}
	p.Context = ctx
	b, err := c.api.Balance.Get(p)
	if err != nil {
		return nil, translate("read balance", err)
	}
	return funds(b), nil
}

// funds puts a balance's lists together, one entry per currency, in Stripe's order.
func funds(b *stripego.Balance) []payments.Funds {
	var out []payments.Funds
	add := func(amounts []*stripego.Amount, field func(*payments.Funds) *int64) {
		for _, a := range amounts {
			held := amount(a.Amount, a.Currency)
			i := slices.IndexFunc(out, func(f payments.Funds) bool { return f.Currency == held.Currency })
			if i < 0 {
				i, out = len(out), append(out, payments.Funds{Currency: held.Currency})
			}
			*field(&out[i]) += held.Minor
		}
	}
	add(b.Available, func(f *payments.Funds) *int64 { return &f.Available })
	add(b.Pending, func(f *payments.Funds) *int64 { return &f.Pending })
	add(b.ConnectReserved, func(f *payments.Funds) *int64 { return &f.Reserved })
	return out
}

// BankPayout reads a payout to a bank.
func (c *Client) BankPayout(ctx context.Context, accountID, id string) (payments.BankPayout, error) {
	p := &stripego.PayoutParams{}
	p.Context = ctx
	if accountID != "" {
		p.SetStripeAccount(accountID)
	}
	po, err := c.api.Payouts.Get(id, p)
	if err != nil {
		return payments.BankPayout{}, translate("read payout "+id, err)
	}
	return payments.BankPayout{
		ID: po.ID, Amount: amount(po.Amount, po.Currency), State: string(po.Status), FailureCode: string(po.FailureCode),
		Failure: po.FailureMessage, ArrivesOn: time.Unix(po.ArrivalDate, 0).UTC(), Automatic: po.Automatic,
	}, nil
}

// RecentEvents reads events since a moment, newest first, a page at a time. Each event's Payload is Stripe's own text of
// it, which the library does not keep: it is taken from the page.
func (c *Client) RecentEvents(ctx context.Context, accountID string, since time.Time, each func(payments.Event) error) error {
	p := &stripego.EventListParams{CreatedRange: &stripego.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
	p.Context = ctx
	p.Limit = stripego.Int64(100)
	if accountID != "" {
		p.SetStripeAccount(accountID)
	}
	var page *stripego.EventList
	var texts []json.RawMessage
	found := c.api.Events.List(p)
	for found.Next() {
		if page != found.EventList() {
			var err error
			if page = found.EventList(); page.LastResponse != nil {
				texts, err = textsOf(page.LastResponse.RawJSON)
			}
			if err != nil {
				return translate("list events", err)
			}
		}
		if len(texts) == 0 {
			return translate("list events", fmt.Errorf("event %s has no text", found.Event().ID))
		}
		e, err := c.readEvent(texts[0])
		if err != nil {
			return translate("list events", err)
		}
		if texts = texts[1:]; e.Account == "" {
			e.Account = accountID
		}
		if err := each(e); err != nil {
			return err
		}
	}
	return translate("list events", found.Err())
}

// textsOf returns the text of each item of a list.
func textsOf(list []byte) ([]json.RawMessage, error) {
	var page struct {
		Data []json.RawMessage `json:"data"`
	}
	err := json.Unmarshal(list, &page)
	return page.Data, err
}
