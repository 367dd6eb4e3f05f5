package stripe

import (
	"context"
	"maps"

	"relais/internal/money"
	"relais/internal/payments"

	stripego "github.com/stripe/stripe-go/v76"
)

// reference is under which name our reference travels on objects that are found again by it.
const reference = "reference"

// AccountBalance is what lies on a payee's account, available and pending together.
func (c *Client) AccountBalance(ctx context.Context, accountID string) ([]money.Amount, error) {
	p := &stripego.BalanceParams{}
	p.Context = ctx
	p.SetStripeAccount(accountID)
	b, err := c.api.Balance.Get(p)
	if err != nil {
		return nil, translate("read balance of account "+accountID, err)
	}
	held := funds(b)
	out := make([]money.Amount, len(held))
	for i, f := range held {
		out[i] = money.New(f.Available+f.Pending, f.Currency)
	}
	return out, nil
}

// Reverse takes money back that a transfer sent. Our reference travels with it, so that it is found again.
func (c *Client) Reverse(ctx context.Context, r payments.ReversalRequest) (payments.Reversal, error) {
	meta := map[string]string{}
	maps.Copy(meta, r.Metadata)
	meta[reference] = r.Reference
	p := &stripego.TransferReversalParams{
		ID: stripego.String(r.TransferID), Amount: minor(r.Amount.Minor, r.Amount.Currency), Metadata: meta,
	}
	p.Context = ctx
	p.SetIdempotencyKey(r.Reference)
	got, err := c.api.TransferReversals.New(p)
	if err != nil {
		return payments.Reversal{}, translate("reverse transfer "+r.TransferID, err)
	}
	return reversal(got), nil
}

// FindReversals lists a transfer's reversals, newest first.
func (c *Client) FindReversals(ctx context.Context, transferID string) ([]payments.Reversal, error) {
	p := &stripego.TransferReversalListParams{ID: stripego.String(transferID)}
	p.Context = ctx
	p.Limit = stripego.Int64(100)
	var out []payments.Reversal
	found := c.api.TransferReversals.List(p)
	for found.Next() {
		out = append(out, reversal(found.TransferReversal()))
	}
	return out, translate("list reversals of transfer "+transferID, found.Err())
}

func reversal(r *stripego.TransferReversal) payments.Reversal {
	meta := maps.Clone(r.Metadata)
	delete(meta, reference)
	out := payments.Reversal{ID: r.ID, Reference: r.Metadata[reference], Amount: amount(r.Amount, r.Currency), Metadata: meta}
	if r.Transfer != nil {
		out.TransferID = r.Transfer.ID
	}
	return out
}
