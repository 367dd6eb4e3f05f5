package stripe

import (
	"context"
	"strings"
	"time"

	"relais/internal/money"
	"relais/internal/payments"

	stripego "github.com/stripe/stripe-go/v76"
)

// Send transfers available money to an account.
func (c *Client) Send(ctx context.Context, r payments.TransferRequest) (payments.Transfer, error) {
	p := &stripego.TransferParams{
		Amount: minor(r.Amount.Minor, r.Amount.Currency), Currency: stripego.String(strings.ToLower(string(r.Amount.Currency))),
		Destination: stripego.String(r.Destination), Metadata: r.Metadata,
	}
	if r.Group != "" {
		p.TransferGroup = stripego.String(r.Group)
	}
	p.Context = ctx
	p.SetIdempotencyKey(r.Reference)
	t, err := c.api.Transfers.New(p)
	if err != nil {
		return payments.Transfer{}, translate("transfer "+r.Reference, err)
	}
	return transfer(t), nil
}

// FindTransfers lists a group's transfers, newest first.
func (c *Client) FindTransfers(ctx context.Context, group string) ([]payments.Transfer, error) {
	p := &stripego.TransferListParams{TransferGroup: stripego.String(group)}
	p.Context = ctx
	p.Limit = stripego.Int64(100)
	var out []payments.Transfer
	found := c.api.Transfers.List(p)
	for found.Next() {
		out = append(out, transfer(found.Transfer()))
	}
	return out, translate("list transfers of group "+group, found.Err())
}

func transfer(t *stripego.Transfer) payments.Transfer {
	out := payments.Transfer{
		ID: t.ID, Amount: amount(t.Amount, t.Currency), Group: t.TransferGroup, Reversed: units(t.AmountReversed, t.Currency),
		Metadata: t.Metadata, Created: time.Unix(t.Created, 0).UTC(),
	}
	if t.Destination != nil {
		out.Destination = t.Destination.ID
	}
	return out
}

// AvailableBalance is what the platform can send now.
func (c *Client) AvailableBalance(ctx context.Context) ([]money.Amount, error) {
	p := &stripego.BalanceParams{}
	p.Context = ctx
	b, err := c.api.Balance.Get(p)
	if err != nil {
		return nil, translate("read balance", err)
	}
	out := make([]money.Amount, len(b.Available))
	for i, a := range b.Available {
		out[i] = amount(a.Amount, a.Currency)
	}
	return out, nil
}
