package stripesandbox

import (
	"encoding/json"
	"fmt"

	"relais/internal/stripesandbox/journal"
)

// kinds are the objects that the journal may hold.
func kinds() map[string]func(json.RawMessage) (object, error) {
	return map[string]func(json.RawMessage) (object, error){
		"account":             decodeAs[account],
		"link":                decodeAs[link],
		"checkout.session":    decodeAs[session],
		"payment_intent":      decodeAs[paymentIntent],
		"charge":              decodeAs[charge],
		"refund":              decodeAs[refund],
		"transfer":            decodeAs[transfer],
		"transfer_reversal":   decodeAs[reversal],
		"dispute":             decodeAs[dispute],
		"customer":            decodeAs[customer],
		"setup_intent":        decodeAs[setupIntent],
		"payment_method":      decodeAs[paymentMethod],
		"terminal.location":   decodeAs[location],
		"terminal.reader":     decodeAs[terminal],
		"file":                decodeAs[file],
		"topup":               decodeAs[topup],
		"payout":              decodeAs[payout],
		"balance_transaction": decodeAs[balanceTransaction],
		"event":               decodeAs[event],
		"idempotency":         decodeAs[idempotency],
		"delivery":            decodeAs[delivery],
	}
}

// remember makes what the journal holds the state.
func (s *state) remember(path string) (*journal.Journal, error) {
	known := kinds()
	return journal.Open(path, func(e journal.Entry) error {
		decode, ok := known[e.Kind]
		if !ok {
			return fmt.Errorf("unknown kind %q", e.Kind)
		}
		o, err := decode(e.Object)
		if err == nil {
			s.apply(o)
		}
		return err
	})
}

// entries are objects as the journal holds them.
func entries(changes []object) []journal.Entry {
	out := make([]journal.Entry, len(changes))
	for i, o := range changes {
		raw, err := json.Marshal(o)
		if err != nil {
			panic("stripesandbox: " + err.Error()) // our own types always marshal
		}
		out[i] = journal.Entry{Kind: o.kind(), Object: raw}
	}
	return out
}

func decodeAs[T object](raw json.RawMessage) (object, error) {
	var o T
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, err
	}
	return o, nil
}
