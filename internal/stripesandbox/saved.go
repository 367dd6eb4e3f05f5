package stripesandbox

import (
	"time"

	"relais/internal/stripesandbox/cards"
	"relais/internal/stripesandbox/params"
)

// customer is who owns kept cards.
type customer struct {
	ID               string   `json:"id"`
	Object           string   `json:"object"`
	Balance          int64    `json:"balance"`
	Created          int64    `json:"created"`
	Description      optional `json:"description"`
	Email            optional `json:"email"`
	Livemode         bool     `json:"livemode"`
	Metadata         metadata `json:"metadata"`
	Name             optional `json:"name"`
	PreferredLocales []string `json:"preferred_locales"`
	Deleted          bool     `json:"_deleted,omitempty"` // nothing else is known of them any more
}

// setupIntent is an attempt to keep a card, on the page of a session in setup mode.
type setupIntent struct {
	ID                 string         `json:"id"`
	Object             string         `json:"object"`
	CancellationReason optional       `json:"cancellation_reason"`
	ClientSecret       optional       `json:"client_secret"`
	Created            int64          `json:"created"`
	Customer           optional       `json:"customer"`
	Description        optional       `json:"description"`
	LastSetupError     *params.Body   `json:"last_setup_error"`
	Livemode           bool           `json:"livemode"`
	Metadata           metadata       `json:"metadata"`
	NextAction         map[string]any `json:"next_action"`
	PaymentMethod      optional       `json:"payment_method"`
	PaymentMethodTypes []string       `json:"payment_method_types"`
	Status             string         `json:"status"`
	Usage              string         `json:"usage"`
}

// paymentMethod is a card that is kept, as long as it has a customer.
type paymentMethod struct {
	ID             string         `json:"id"`
	Object         string         `json:"object"`
	BillingDetails billingDetails `json:"billing_details"`
	Card           map[string]any `json:"card"`
	Created        int64          `json:"created"`
	Customer       optional       `json:"customer"`
	Livemode       bool           `json:"livemode"`
	Metadata       metadata       `json:"metadata"`
	Type           string         `json:"type"`
	Number         string         `json:"_number"`
	Month          int            `json:"_month"`
	Year           int            `json:"_year"`
	SetUp          bool           `json:"_set_up"`           // its owner was there when it was kept
	Turned         *string        `json:"_turned,omitempty"` // its bank's word from now on: see TurnCard
}

func (o customer) id() string        { return o.ID }
func (o customer) kind() string      { return "customer" }
func (o setupIntent) id() string     { return o.ID }
func (o setupIntent) kind() string   { return "setup_intent" }
func (o paymentMethod) id() string   { return o.ID }
func (o paymentMethod) kind() string { return "payment_method" }

func newMethod(t *tx, p payer) paymentMethod {
	return paymentMethod{
		ID: newID("pm_", 24), Object: "payment_method", Created: t.now.Unix(), Metadata: metadata{}, Type: "card", Number: p.card.Number, Month: p.month, Year: p.year,
		BillingDetails: billingDetails{Address: map[string]any{"country": "FR"}, Email: optional(p.email), Name: optional(p.name)},
		Card:           p.card.OnMethod(p.month, p.year),
	}
}

func (o paymentMethod) card() cards.Card {
	c, _ := cards.ByNumber(o.Number)
	return c
}

// refusal is the bank's word against a charge without the card's owner; empty: it pays.
func (o paymentMethod) refusal(now time.Time) string {
	c := o.card()
	switch {
	case o.Turned != nil:
		return *o.Turned
	case cards.Expired(o.Month, o.Year, now):
		return "expired_card"
	case c.Always || (c.Secure && !o.SetUp):
		return "authentication_required"
	}
	return c.Decline
}

func (s *Sandbox) cardEndpoints() map[string]endpoint {
	return map[string]endpoint{
		"POST /v1/customers":                   createCustomer,
		"GET /v1/customers/{id}":               readCustomer,
		"DELETE /v1/customers/{id}":            deleteCustomer,
		"GET /v1/setup_intents/{id}":           readSetupIntent,
		"GET /v1/payment_methods/{id}":         readMethod,
		"POST /v1/payment_methods/{id}/attach": attachMethod,
	}
}

func createCustomer(c *call) (any, *params.Refusal) {
	f := c.form
	o := customer{ID: newID("cus_", 14), Object: "customer", Created: c.tx.now.Unix(), Description: optional(f.Text("description")), Email: optional(f.Text("email")),
		Metadata: f.Metadata("metadata"), Name: optional(f.Text("name")), PreferredLocales: append([]string{}, f.Texts("preferred_locales")...)}
	if err := f.Done(); err != nil {
		return nil, err
	}
	c.tx.put(o)
	c.tx.emit("customer.created", o, "")
	return o, nil
}

// owner finds a customer who was not deleted.
func (t *tx) owner(id string) (customer, bool) {
	o, ok := load[customer](t, id)
	return o, ok && !o.Deleted
}

// deleteCustomer forgets a customer and detaches their cards. What these paid keeps the customer's id.
func deleteCustomer(c *call) (any, *params.Refusal) {
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	o, ok := c.tx.owner(c.path("id"))
	if !ok {
		return nil, params.Missing("customer", c.path("id"), "id")
	}
	for _, id := range c.tx.state.order["payment_method"] {
		if pm, _ := load[paymentMethod](c.tx, id); string(pm.Customer) == o.ID {
			pm.Customer = ""
			c.tx.put(pm)
			c.tx.emit("payment_method.detached", pm, "")
		}
	}
	c.tx.emit("customer.deleted", o, "")
	o = customer{ID: o.ID, Object: o.Object, Deleted: true}
	c.tx.put(o)
	return o, nil
}

func readCustomer(c *call) (any, *params.Refusal)    { return read[customer](c, "customer") }
func readSetupIntent(c *call) (any, *params.Refusal) { return read[setupIntent](c, "setupintent") }
func readMethod(c *call) (any, *params.Refusal)      { return read[paymentMethod](c, "PaymentMethod") }

// attachMethod gives a customer the card that one of Stripe's test names stands for, or one that is theirs already. A card that was
// detached serves nobody again.
func attachMethod(c *call) (any, *params.Refusal) {
	of, token := c.form.Need("customer"), c.path("id")
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	if _, ok := c.tx.owner(of); !ok {
		return nil, params.Missing("customer", of, "customer")
	}
	if pm, ok := load[paymentMethod](c.tx, token); ok {
		if string(pm.Customer) != of {
			return nil, params.Refused("", "", "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and may not be used again.")
		}
		return pm, nil
	}
	card, ok := cards.ByToken(token)
	switch {
	case !ok:
		return nil, params.Missing("PaymentMethod", token, "id")
	case card.Decline != "" && !card.Keeps:
		return nil, &params.Refusal{Status: 402, Executed: true, Body: cards.Refusal(card.Decline)}
	}
	pm := newMethod(c.tx, payer{card: card, month: 12, year: c.tx.now.Year() + 3})
	pm.Customer = optional(of)
	c.tx.put(pm)
	c.tx.emit("payment_method.attached", pm, "")
	return pm, nil
}
