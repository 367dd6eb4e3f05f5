package stripesandbox

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"relais/internal/stripesandbox/params"
)

// present returns what the API shows of an object: its JSON as maps, without the sandbox's own fields, as of now.
func (t *tx) present(o any) any {
	switch v := o.(type) {
	case balanceTransaction:
		if v.AvailableOn <= t.now.Unix() {
			v.Status = "available"
		}
		o = v
	case account:
		if v.Deleted {
			return map[string]any{"id": v.ID, "object": "account", "deleted": true}
		}
	case customer:
		if v.Deleted {
			return map[string]any{"id": v.ID, "object": "customer", "deleted": true}
		}
	case terminal:
		if v.Deleted {
			return map[string]any{"id": v.ID, "object": "terminal.reader", "deleted": true}
		}
	case session:
		shown := strip(plain(v)).(map[string]any)
		if v.Mode == "setup" {
			shown["amount_subtotal"], shown["amount_total"], shown["currency"] = nil, nil, nil
		}
		return shown
	case event:
		v.PendingWebhooks = t.undelivered(v.ID)
		o = v
	case dispute:
		v.BalanceTransactions = t.movementsShown(v)
		o = v
	case transfer:
		v.Reversals = t.reversals(v.ID)
		o = v
	}
	return strip(plain(o))
}

// plain turns any value into maps, slices and json.Number.
func plain(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("stripesandbox: " + err.Error()) // our own types always marshal
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		panic("stripesandbox: " + err.Error())
	}
	return out
}

func strip(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			if strings.HasPrefix(key, "_") {
				delete(v, key)
				continue
			}
			v[key] = strip(v[key])
		}
	case []any:
		for i := range v {
			v[i] = strip(v[i])
		}
	}
	return v
}

// expandable are the fields that may be answered as a whole object instead of its id.
var expandable = []string{
	"payment_intent", "latest_charge", "charge", "balance_transaction", "destination_payment", "destination",
	"source_transaction", "source", "transfer", "source_transfer", "transfer_reversal",
	"failure_balance_transaction", "location", "customer", "setup_intent", "payment_method",
}

// expand replaces ids by objects along the paths, "payment_intent.latest_charge" or, in a list, "data.source".
func (t *tx) expand(v any, paths []string) *params.Refusal {
	for _, path := range paths {
		if strings.Count(path, ".") > 3 {
			return params.Malformed("property_expansion_max_depth", "expand", "You cannot expand more than 4 levels of a property. Property: %s", path)
		}
		if err := t.expandPath(v, path, strings.Split(path, ".")); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) expandPath(v any, whole string, path []string) *params.Refusal {
	if len(path) == 0 {
		return nil
	}
	if items, ok := v.([]any); ok {
		for _, item := range items {
			if err := t.expandPath(item, whole, path); err != nil {
				return err
			}
		}
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	field := path[0]
	inner, ok := m[field]
	if !ok || (field != "data" && !slices.Contains(expandable, field)) {
		return params.Malformed("", "expand", "This property cannot be expanded (%s).", whole)
	}
	if id, ok := inner.(string); ok {
		if o := t.find(id); o != nil {
			inner = t.present(o)
			m[field] = inner
		}
	}
	return t.expandPath(inner, whole, path[1:])
}
