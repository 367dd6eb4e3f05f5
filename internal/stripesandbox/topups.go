package stripesandbox

import (
	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

// topup is money that the platform puts onto its own balance from its bank. Here it is there at once.
type topup struct {
	ID                  string   `json:"id"`
	Object              string   `json:"object"`
	Amount              int64    `json:"amount"`
	BalanceTransaction  optional `json:"balance_transaction"`
	Created             int64    `json:"created"`
	Currency            string   `json:"currency"`
	Description         optional `json:"description"`
	Livemode            bool     `json:"livemode"`
	Metadata            metadata `json:"metadata"`
	StatementDescriptor optional `json:"statement_descriptor"`
	Status              string   `json:"status"`
	TransferGroup       optional `json:"transfer_group"`
}

func (o topup) id() string   { return o.ID }
func (o topup) kind() string { return "topup" }

func createTopup(c *call) (any, *params.Refusal) {
	f := c.form
	up := topup{
		ID: newID("tu_", 24), Object: "topup", Amount: f.NeedNumber("amount", 1), Created: c.tx.now.Unix(), Currency: f.Currency("currency"),
		Description: optional(f.Text("description")), Metadata: f.Metadata("metadata"), Status: "succeeded",
		StatementDescriptor: optional(f.Text("statement_descriptor")), TransferGroup: optional(f.Text("transfer_group")),
	}
	f.MultipleOf("amount", up.Amount, words.Step(up.Currency, false))
	if err := f.Done(); err != nil {
		return nil, err
	}
	bt := newMovement(c.tx, "topup", "topup", up.ID, up.Currency, up.Amount, c.tx.now)
	up.BalanceTransaction = optional(bt.ID)
	c.tx.put(bt)
	c.tx.put(up)
	c.tx.emit("topup.created", up, "")
	c.tx.emit("topup.succeeded", up, "")
	return up, nil
}
