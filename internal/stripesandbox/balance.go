package stripesandbox

func readBalance(c *call) (any, *apiError) {
	if err := c.form.done(); err != nil {
		return nil, err
	}
	return c.tx.balance(c.account), nil
}

// balance is what an account, or the platform, has; a currency that was never used is not shown, and an account
// without any shows zero euros.
func (t *tx) balance(acct string) map[string]any {
	available, pending := []any{}, []any{}
	for _, currency := range currencies {
		funds, held := t.state.balances[acct][currency]
		if !held && (currency != "eur" || len(t.state.balances[acct]) > 0) {
			continue
		}
		var a, p int64
		if held {
			a, p = funds.at(t.now)
		}
		available = append(available, map[string]any{"amount": a, "currency": currency, "source_types": map[string]any{"card": a}})
		pending = append(pending, map[string]any{"amount": p, "currency": currency, "source_types": map[string]any{"card": p}})
	}
	return map[string]any{"object": "balance", "livemode": false, "available": available, "pending": pending}
}

func listBalanceTransactions(c *call) (any, *apiError) {
	source, kind, currency := c.form.text("source"), c.form.text("type"), c.form.text("currency")
	within := c.form.created()
	return page(c, "balance_transaction", "/v1/balance_transactions", func(bt balanceTransaction) bool {
		return bt.Account == c.account && (source == "" || string(bt.Source) == source) && (kind == "" || bt.Type == kind) &&
			(currency == "" || bt.Currency == currency) && within(bt.Created)
	})
}

func readBalanceTransaction(c *call) (any, *apiError) {
	out, err := read[balanceTransaction](c, "balance_transaction")
	if bt, ok := out.(balanceTransaction); ok && bt.Account != c.account {
		return nil, missing("balance transaction", c.path("id"), "id")
	}
	return out, err
}
