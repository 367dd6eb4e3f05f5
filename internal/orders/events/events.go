// Package events is what happened to an order, told to people.
package events

import (
	"encoding/json"
	"fmt"
	"time"

	"relais/internal/i18n"
)

// Event is something that happened to an order, in the order in which it did.
type Event struct {
	At     time.Time `db:"at"`
	Kind   string    `db:"kind"` // placed, paid, shipped, delivered, withdrawal, refund_asked, refunded ...: key "order.event." + Kind
	Detail []byte    `db:"detail"`
}

// Words is what happened, in a sentence; empty for what is not told to people.
func (e Event) Words(l i18n.Lang) string {
	detail := map[string]any{"brand": "", "failure": "", "name": ""} // what sentences may name
	_ = json.Unmarshal(e.Detail, &detail)                            // our own writing; what is missing stays empty
	var args []any
	for name, value := range detail {
		args = append(args, name, fmt.Sprint(value))
	}
	text, err := l.Lookup("order.event."+e.Kind, args...)
	if err != nil {
		return ""
	}
	return text
}

// Dispute is the dispute that an event is about; false: it is about something else.
func (e Event) Dispute() (id int64, about bool) {
	var detail struct {
		Dispute int64 `json:"dispute"`
	}
	if json.Unmarshal(e.Detail, &detail) != nil {
		return 0, false // our own writing
	}
	return detail.Dispute, detail.Dispute != 0
}
