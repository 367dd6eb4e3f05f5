package stripesandbox

import (
	"maps"

	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

func readBalance(c *call) (any, *params.Refusal) {
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	return c.tx.balance(c.account), nil
}

// balance is what an account, or the platform, has; a currency that was never used is not shown, and an account
// without any shows zero euros.
func (t *tx) balance(acct string) map[string]any {
	available, pending, reserved := []any{}, []any{}, []any{}
	shown := func(minor int64, currency string) map[string]any {
		return map[string]any{"amount": minor, "currency": currency, "source_types": map[string]any{"card": minor}}
	}
	for _, currency := range words.Currencies() {
		funds, held := t.state.balances[acct][currency]
		if !held && (currency != "eur" || len(t.state.balances[acct]) > 0) {
			continue
		}
		var a, p int64
		if held {
			a, p = funds.at(t.now)
		}
		available, pending = append(available, shown(a, currency)), append(pending, shown(p, currency))
		reserved = append(reserved, map[string]any{"amount": t.reserved(currency), "currency": currency})
	}
	out := map[string]any{"object": "balance", "livemode": false, "available": available, "pending": pending}
	if acct == "" {
		out["connect_reserved"] = reserved
	}
	return out
}

// reserved is what Stripe keeps of the platform's money for connected accounts below zero.
func (t *tx) reserved(currency string) int64 {
	var sum int64
	for acct, byCurrency := range t.state.balances {
		if f := byCurrency[currency]; f != nil && acct != "" {
			available, pending := f.at(t.now)
			sum += max(0, -available-pending)
		}
	}
	return sum
}

// reserve moves the platform's money into that reserve, or back, when what a transaction does takes an account below
// zero, or out of there.
func (t *tx) reserve() {
	changed := map[[2]string]int64{} // account and currency → by how much
	for _, o := range t.changed() {
		if bt, ok := o.(balanceTransaction); ok && bt.Account != "" && t.state.objects[bt.ID] == nil {
			changed[[2]string{bt.Account, bt.Currency}] += bt.Net
		}
	}
	needed := map[string]int64{}
	for of, by := range changed {
		available, pending := t.state.funds(of[0], of[1]).at(t.now)
		before := available + pending
		needed[of[1]] += max(0, -before-by) - max(0, -before)
	}
	maps.DeleteFunc(needed, func(_ string, more int64) bool { return more == 0 })
	for currency, more := range needed {
		bt := newMovement(t, "reserve_transaction", "connect_reserved_funds", newID("rsv_", 24), currency, -more, t.now)
		bt.Description = "Connect reserve for accounts below zero"
		t.put(bt)
	}
}

func listBalanceTransactions(c *call) (any, *params.Refusal) {
	source, kind, currency := c.form.Text("source"), c.form.Text("type"), c.form.Text("currency")
	within := c.form.Created()
	return page(c, "balance_transaction", "/v1/balance_transactions", func(bt balanceTransaction) bool {
		return bt.Account == c.account && (source == "" || string(bt.Source) == source) && (kind == "" || bt.Type == kind) &&
			(currency == "" || bt.Currency == currency) && within(bt.Created)
	})
}

func readBalanceTransaction(c *call) (any, *params.Refusal) {
	out, err := read[balanceTransaction](c, "balance_transaction")
	if bt, ok := out.(balanceTransaction); ok && bt.Account != c.account {
		return nil, params.Missing("balance transaction", c.path("id"), "id")
	}
	return out, err
}
