package stripesandbox

import (
	"slices"
	"time"

	"relais/internal/stripesandbox/cards"
	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

// bankDelay is how long a payout travels to the bank.
const bankDelay = 48 * time.Hour

func unix(sec int64) time.Time { return time.Unix(sec, 0).UTC() }

func createPayout(c *call) (any, *params.Refusal) {
	f := c.form
	amount, currency, meta := f.NeedNumber("amount", 1), f.Currency("currency"), f.Metadata("metadata")
	description, descriptor := f.Text("description"), f.Text("statement_descriptor")
	f.Choice("method", "standard")
	f.MultipleOf("amount", amount, words.Step(currency, true))
	if err := f.Done(); err != nil {
		return nil, err
	}
	if a, ok := load[account](c.tx, c.account); ok && !a.PayoutsEnabled {
		return nil, params.Refused("payouts_not_allowed", "", "Payouts are not enabled on this account: %s", a.ID)
	}
	if available, _ := c.tx.state.funds(c.account, currency).at(c.tx.now); available < amount {
		return nil, params.Refused("balance_insufficient", "", "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. You can use the the /v1/balance endpoint to view your Stripe balance (for more details, see stripe.com/docs/api#balance).")
	}
	p := c.tx.payOut(c.account, currency, amount, false)
	p.Description, p.StatementDescriptor, p.Metadata = optional(description), optional(descriptor), meta
	c.tx.put(p)
	return p, nil
}

// payOut sends available money of an account, or of the platform, to its bank.
func (t *tx) payOut(acct, currency string, amount int64, automatic bool) payout {
	p := payout{
		ID: newID("po_", 24), Object: "payout", Amount: amount, ArrivalDate: t.now.Add(bankDelay).Unix(), Automatic: automatic,
		Created: t.now.Unix(), Currency: currency, Destination: optional("ba_" + cards.Fingerprint(acct)), Metadata: metadata{},
		Method: "standard", ReconciliationStatus: "not_applicable", SourceType: "card", Status: "pending", Type: "bank_account", Account: acct,
	}
	if automatic {
		p.ReconciliationStatus = "completed"
	}
	bt := newMovement(t, "payout", "payout", p.ID, currency, -amount, t.now)
	bt.Account = acct
	p.BalanceTransaction = optional(bt.ID)
	t.put(bt)
	t.put(p)
	t.emit("payout.created", p, acct)
	return p
}

func readPayout(c *call) (any, *params.Refusal) {
	out, err := read[payout](c, "payout")
	if p, ok := out.(payout); ok && p.Account != c.account {
		return nil, params.Missing("payout", c.path("id"), "id")
	}
	return out, err
}

func listPayouts(c *call) (any, *params.Refusal) {
	status, within := c.form.Text("status"), c.form.Created()
	return page(c, "payout", "/v1/payouts", func(p payout) bool {
		return p.Account == c.account && (status == "" || p.Status == status) && within(p.Created)
	})
}

// sweep does what time has made due, each thing in a commit of its own. The caller holds the lock.
func (s *Sandbox) sweep() error {
	now := s.options.Now()
	if s.state.expiresAt != 0 && s.state.expiresAt <= now.Unix() {
		if err := s.expireDue(now); err != nil {
			return err
		}
	}
	for _, id := range sorted(s.state.pending) {
		t := s.begin(eventRequest{})
		t.finish(id)
		if err := s.commit(t); err != nil {
			return err
		}
	}
	day := now.UTC().Format(time.DateOnly)
	if day == s.swept {
		return nil
	}
	for _, id := range s.state.order["account"] {
		t := s.begin(eventRequest{})
		t.automaticPayout(id, day)
		if err := s.commit(t); err != nil {
			return err
		}
	}
	s.swept = day
	return nil
}

func sorted(set map[string]struct{}) []string {
	ids := make([]string, 0, len(set))
	for id := range set {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (s *Sandbox) expireDue(now time.Time) error {
	s.state.expiresAt = 0
	for _, id := range sorted(s.state.open) {
		t := s.begin(eventRequest{})
		cs, ok := load[session](t, id)
		switch {
		case !ok:
		case cs.ExpiresAt <= now.Unix():
			t.expire(cs)
		case s.state.expiresAt == 0 || cs.ExpiresAt < s.state.expiresAt:
			s.state.expiresAt = cs.ExpiresAt
		}
		if err := s.commit(t); err != nil {
			return err
		}
	}
	return nil
}

// finish moves a waiting refund, dispute or payout on when its time has come.
func (t *tx) finish(id string) {
	switch o := t.find(id).(type) {
	case refund:
		t.ripen(o)
	case dispute:
		t.overdue(o)
	case payout:
		if o.ArrivalDate <= t.now.Unix() {
			o.Status = "paid"
			t.put(o)
			t.emit("payout.paid", o, o.Account)
		}
	}
}

// automaticPayout sends an account's available money to its bank, at most once a day, and not on the day on which
// the account was opened.
func (t *tx) automaticPayout(id, day string) {
	a, ok := load[account](t, id)
	if !ok || a.Deleted || !a.PayoutsEnabled || a.PaidOut == day || unix(a.Created).Format(time.DateOnly) == day {
		return
	}
	for _, currency := range words.Currencies() {
		funds, held := t.state.balances[id][currency]
		if !held {
			continue
		}
		available, _ := funds.at(t.now)
		if available -= available % words.Step(currency, true); available > 0 {
			t.payOut(id, currency, available, true)
		}
	}
	a.PaidOut = day // also when there was nothing: a sandbox that was started again must not look a second time
	t.put(a)
}
