package stripesandbox

import (
	"fmt"
	"slices"
	"strings"

	"relais/internal/stripesandbox/words"
)

// What follows lets tests and the demo do what buyers' banks, card networks, payees' banks and Stripe itself do. None
// of it can be reached over HTTP.

// control runs fn alone in the sandbox and commits what it did, or nothing when it returns an error.
func (s *Sandbox) control(fn func(t *tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.sweep(); err != nil {
		return err
	}
	t := s.begin(eventRequest{})
	if err := fn(t); err != nil {
		return fmt.Errorf("stripesandbox: %w", err)
	}
	return s.commit(t)
}

// with loads an object for fn.
func with[T object](s *Sandbox, id string, fn func(*tx, T) error) error {
	return s.control(func(t *tx) error {
		o, ok := load[T](t, id)
		if !ok {
			return fmt.Errorf("no such object: %q", id)
		}
		return fn(t, o)
	})
}

// OpenDispute lets a buyer's bank take a payment back, named by its charge or payment intent, and returns the dispute's
// id. Amount is in the charge's minor units, and may exceed it; 0 means all of it. An inquiry only asks, and moves no
// money. Reason is one of Stripe's words: fraudulent, product_not_received, …
func (s *Sandbox) OpenDispute(chargeOrIntent string, amount int64, reason string, inquiry bool) (id string, err error) {
	err = s.control(func(t *tx) error {
		if pi, ok := load[paymentIntent](t, chargeOrIntent); ok {
			chargeOrIntent = string(pi.LatestCharge)
		}
		ch, ok := load[charge](t, chargeOrIntent)
		if !ok {
			return fmt.Errorf("no such charge: %q", chargeOrIntent)
		}
		if amount == 0 {
			amount = ch.Amount
		}
		d, err := t.openDispute(ch, amount, reason, inquiry)
		id = d.ID
		return err
	})
	return id, err
}

// DecideDispute is the bank's decision, with or without an answer, also against an earlier one: lost may still be won,
// and won lost. An inquiry that is won closes; it cannot be lost.
func (s *Sandbox) DecideDispute(id string, won bool) error {
	return with(s, id, func(t *tx, d dispute) error {
		_, err := t.decide(d, won)
		return err
	})
}

// EscalateInquiry turns an inquiry into a dispute: amount and fee leave, and a new answer is due.
func (s *Sandbox) EscalateInquiry(id string) error {
	return with(s, id, func(t *tx, d dispute) error {
		_, err := t.escalate(d)
		return err
	})
}

// SetRefundState moves a refund to succeeded, failed, canceled, pending or requires_action, as far as Stripe has that
// move. Reason says why it failed: expired_or_canceled_card, lost_or_stolen_card, declined, unknown, …
func (s *Sandbox) SetRefundState(id, state, reason string) error {
	return with(s, id, func(t *tx, r refund) error {
		_, err := t.turn(r, state, reason)
		return err
	})
}

// AdjustAccountBalance changes what lies on a connected account by an amount of minor units, also below zero, as a
// dispute or a debit of Stripe's would.
func (s *Sandbox) AdjustAccountBalance(accountID, currency string, by int64) error {
	return with(s, accountID, func(t *tx, a account) error {
		currency = strings.ToLower(currency)
		if by == 0 || !slices.Contains(words.Currencies(), currency) {
			return fmt.Errorf("an adjustment of %d %s", by, currency)
		}
		bt := newMovement(t, "adjustment", "other_adjustment", "", currency, by, t.now)
		bt.Account = a.ID
		t.put(bt)
		return nil
	})
}

// FailBankPayout lets a bank send a payout back, even one that was paid: the money lies on the account again, and its
// payouts stop until the payee gives other bank details. Code is Stripe's: account_closed, no_account, …
func (s *Sandbox) FailBankPayout(id, code string) error {
	return with(s, id, func(t *tx, p payout) error {
		if p.Status == "failed" || p.Status == "canceled" {
			return fmt.Errorf("payout %s is %s", id, p.Status)
		}
		bt := newMovement(t, "payout_failure", "payout_reversal", p.ID, p.Currency, p.Amount, t.now)
		bt.Account = p.Account
		p.Status, p.FailureCode, p.FailureMovement = "failed", optional(code), optional(bt.ID)
		p.FailureMessage = optional("The bank could not take this payout (" + strings.ReplaceAll(code, "_", " ") + ").")
		t.put(bt)
		t.put(p)
		t.emit("payout.failed", p, p.Account)
		if a, ok := load[account](t, p.Account); ok && !a.Deleted {
			a.PayoutsEnabled = false
			a.Requirements = due([]string{"external_account"}, "requirements.past_due")
			t.put(a)
			t.emit("account.updated", a, a.ID)
		}
		return nil
	})
}

// RestrictAccount stops transfers to an account and its payouts, until Stripe knows more about its holder.
func (s *Sandbox) RestrictAccount(id string) error {
	return s.setAccount(id, func(a account) account {
		a.Capabilities, a.PayoutsEnabled, a.ChargesEnabled = withStatus(a.Capabilities, "inactive"), false, false
		a.Requirements = due([]string{"individual.verification.document"}, "requirements.past_due")
		return a
	})
}

// RestoreAccount gives a restricted account its rights back.
func (s *Sandbox) RestoreAccount(id string) error {
	return s.setAccount(id, func(a account) account { return a.onboarded(true) })
}

// RejectAccount refuses an account for good: fraud, terms_of_service or other.
func (s *Sandbox) RejectAccount(id, reason string) error {
	return s.setAccount(id, func(a account) account { return a.rejected(reason) })
}

func (s *Sandbox) setAccount(id string, change func(account) account) error {
	return with(s, id, func(t *tx, a account) error {
		if a.Deleted {
			return fmt.Errorf("account %s is closed", id)
		}
		a = change(a)
		t.put(a)
		t.emit("account.updated", a, a.ID)
		return nil
	})
}

// application is what an account's holder cuts off: the platform, as Stripe names it.
type application struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	Name   string `json:"name"`
}

func (o application) id() string   { return o.ID }
func (o application) kind() string { return o.Object }

// CloseAccount lets a payee cut the platform off: their account is gone for it.
func (s *Sandbox) CloseAccount(id string) error {
	return with(s, id, func(t *tx, a account) error {
		a.Deleted = true
		t.put(a)
		t.emit("account.application.deauthorized", application{ID: "ca_sandbox", Object: "application", Name: s.options.Merchant}, a.ID)
		return nil
	})
}

// BankPayouts lists the ids of an account's payouts to its bank, or of the platform's with an empty id, oldest first.
func (s *Sandbox) BankPayouts(accountID string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.state.order["payout"]), func(id string) bool {
		p, ok := s.state.objects[id].(payout)
		return !ok || p.Account != accountID
	})
}
