package stripesandbox

import (
	"strings"

	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

func createTransfer(c *call) (any, *params.Refusal) {
	f := c.form
	tr := transfer{
		ID: newID("tr_", 24), Object: "transfer", Amount: f.NeedNumber("amount", 1), Created: c.tx.now.Unix(), Currency: f.Currency("currency"),
		Description: optional(f.Text("description")), Destination: f.Need("destination"), Metadata: f.Metadata("metadata"),
		SourceTransaction: optional(f.Text("source_transaction")), TransferGroup: optional(f.Text("transfer_group")),
		SourceType: f.Choice("source_type", "card", "bank_account", "fpx"),
	}
	f.MultipleOf("amount", tr.Amount, words.Step(tr.Currency, false))
	if err := f.Done(); err != nil {
		return nil, err
	}
	tr.Reversals = emptyList("/v1/transfers/" + tr.ID + "/reversals")
	dest, refusal := c.receiver(tr.Destination)
	if refusal != nil {
		return nil, refusal
	}
	when := c.tx.now
	if tr.SourceTransaction != "" {
		settles, refusal := c.drawOn(string(tr.SourceTransaction), tr)
		if refusal != nil {
			return nil, refusal
		}
		when = unix(max(settles, when.Unix()))
	} else if available, _ := c.tx.state.funds("", tr.Currency).at(when); available < tr.Amount {
		return nil, params.Refused("balance_insufficient", "", "You have insufficient available funds in your Stripe account. Try adding funds directly to your available balance by creating Charges using the 4000000000000077 test card. See: https://stripe.com/docs/testing#available-balance")
	}
	out := newMovement(c.tx, "transfer", "transfer", tr.ID, tr.Currency, -tr.Amount, when)
	in := newMovement(c.tx, "payment", "charge", "", tr.Currency, tr.Amount, when)
	payment := arrived(c.tx, tr, dest, in.ID)
	in.Source, in.Account = optional(payment.ID), dest.ID
	tr.BalanceTransaction, tr.DestinationPayment = optional(out.ID), payment.ID
	c.tx.put(out)
	c.tx.put(in)
	c.tx.put(payment)
	c.tx.put(tr)
	c.tx.emit("transfer.created", tr, "")
	return tr, nil
}

// receiver finds the account and refuses one that cannot receive transfers. Stripe's own test mode is laxer; the live
// rules are the ones worth meeting.
func (c *call) receiver(id string) (account, *params.Refusal) {
	a, ok := load[account](c.tx, id)
	switch {
	case !ok || a.Deleted:
		return a, params.Missing("destination", id, "destination")
	case countries[a.Country] == "":
		return a, params.Refused("", "destination", "Funds can't be sent to accounts located in %s when the account is under the `full` service agreement. To learn more, see https://stripe.com/docs/connect/service-agreement-types", a.Country)
	case a.Capabilities["transfers"] != "active":
		return a, params.Refused("insufficient_capabilities_for_transfer", "", "Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, legacy_payments")
	}
	return a, nil
}

// drawOn lets a transfer draw on a charge before it has settled: never on more than the charge, and in its currency.
func (c *call) drawOn(id string, tr transfer) (settles int64, _ *params.Refusal) {
	ch, ok := load[charge](c.tx, id)
	if !ok || ch.Account != "" || !ch.Paid {
		return 0, params.Missing("charge", id, "source_transaction")
	}
	if ch.Currency != tr.Currency {
		return 0, params.Refused("", "currency", "The currency of source_transaction's balance transaction (%s) must be the same as the transfer currency (%s)", ch.Currency, tr.Currency)
	}
	if ch.Transferred+tr.Amount > ch.Amount {
		already := ""
		if ch.Transferred > 0 {
			already = " (There is already a transfer using this source, amounting to " + words.Money(ch.Transferred, ch.Currency, words.English) + ".)"
		}
		return 0, params.Refused("", "amount", "Transfers using this transaction as a source must not exceed the source amount of %s.%s", words.Money(ch.Amount, ch.Currency, words.English), already)
	}
	ch.Transferred += tr.Amount
	c.tx.put(ch)
	bt, _ := load[balanceTransaction](c.tx, string(ch.BalanceTransaction))
	return bt.AvailableOn, nil
}

// arrived is the transfer as the connected account sees it: a payment.
func arrived(t *tx, tr transfer, dest account, movement string) charge {
	return charge{
		ID: newID("py_", 24), Object: "charge", Amount: tr.Amount, AmountCaptured: tr.Amount, Captured: true,
		BalanceTransaction: optional(movement), BillingDetails: billingDetails{Address: map[string]any{"country": nil}},
		Created: t.now.Unix(), Currency: tr.Currency, Metadata: metadata{}, Paid: true, Status: "succeeded",
		SourceTransfer: optional(tr.ID), Account: dest.ID,
		PaymentMethodDetails: map[string]any{"type": "stripe_account", "stripe_account": map[string]any{}},
	}
}

func readTransfer(c *call) (any, *params.Refusal) { return read[transfer](c, "transfer") }

func listTransfers(c *call) (any, *params.Refusal) {
	group, dest, within := c.form.Text("transfer_group"), c.form.Text("destination"), c.form.Created()
	return page(c, "transfer", "/v1/transfers", func(tr transfer) bool {
		return (group == "" || string(tr.TransferGroup) == group) && (dest == "" || tr.Destination == dest) && within(tr.Created)
	})
}

func createReversal(c *call) (any, *params.Refusal) {
	f := c.form
	amount := f.Number("amount", 1)
	r := reversal{
		ID: newID("trr_", 24), Object: "transfer_reversal", Created: c.tx.now.Unix(), Metadata: f.Metadata("metadata"), Transfer: c.path("id"),
	}
	f.Text("description")
	if err := f.Done(); err != nil {
		return nil, err
	}
	tr, ok := load[transfer](c.tx, r.Transfer)
	if !ok {
		return nil, params.Missing("transfer", r.Transfer, "id")
	}
	left := tr.Amount - tr.AmountReversed
	if r.Amount = amount; amount == 0 {
		r.Amount = left
	}
	available, _ := c.tx.state.funds(tr.Destination, tr.Currency).at(c.tx.now)
	switch {
	case left == 0:
		return nil, params.Refused("", "", "Transfer %s is already fully reversed.", tr.ID)
	case r.Amount > left:
		return nil, params.Refused("", "amount", "Transfer reversal amount (%s) is greater than unreversed amount on transfer (%s)", words.Money(r.Amount, tr.Currency, words.English), words.Money(left, tr.Currency, words.English))
	case available < r.Amount:
		return nil, params.Refused("balance_insufficient", "", "Insufficient funds in the connected account (%s) to reverse this transfer.", strings.TrimSpace(tr.Destination))
	}
	r.Currency = tr.Currency
	in := newMovement(c.tx, "transfer_refund", "transfer_reversal", r.ID, tr.Currency, r.Amount, c.tx.now)
	out := newMovement(c.tx, "payment_refund", "refund", tr.DestinationPayment, tr.Currency, -r.Amount, c.tx.now)
	out.Account = tr.Destination
	r.BalanceTransaction = optional(in.ID)
	tr.AmountReversed += r.Amount
	tr.Reversed = tr.AmountReversed == tr.Amount
	c.tx.put(in)
	c.tx.put(out)
	c.tx.put(r)
	c.tx.put(tr)
	c.tx.emit("transfer.reversed", tr, "")
	return r, nil
}

func listReversals(c *call) (any, *params.Refusal) {
	id := c.path("id")
	return page(c, "transfer_reversal", "/v1/transfers/"+id+"/reversals", func(r reversal) bool { return r.Transfer == id })
}

// reversals is the list that a transfer carries: its newest ten.
func (t *tx) reversals(id string) list {
	out := emptyList("/v1/transfers/" + id + "/reversals")
	if tr, ok := load[transfer](t, id); !ok || tr.AmountReversed == 0 {
		return out
	}
	for _, rid := range t.state.order["transfer_reversal"] {
		if r, ok := load[reversal](t, rid); ok && r.Transfer == id {
			out.Data = append([]any{t.present(r)}, out.Data...)
		}
	}
	if len(out.Data) > 10 {
		out.Data, out.HasMore = out.Data[:10], true
	}
	return out
}
