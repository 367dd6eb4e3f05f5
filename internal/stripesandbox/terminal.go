package stripesandbox

import (
	"slices"

	"relais/internal/stripesandbox/cards"
	"relais/internal/stripesandbox/params"
)

// location is a place at which readers stand.
type location struct {
	ID          string         `json:"id"`
	Object      string         `json:"object"`
	Address     map[string]any `json:"address"`
	DisplayName string         `json:"display_name"`
	Livemode    bool           `json:"livemode"`
	Metadata    metadata       `json:"metadata"`
}

// terminal is a card reader. What it does when it is asked next is chosen on its page.
type terminal struct {
	ID           string          `json:"id"`
	Object       string          `json:"object"`
	Action       *terminalAction `json:"action"`
	DeviceSW     string          `json:"device_sw_version"`
	DeviceType   string          `json:"device_type"`
	IPAddress    optional        `json:"ip_address"`
	Label        string          `json:"label"`
	Livemode     bool            `json:"livemode"`
	Location     optional        `json:"location"`
	Metadata     metadata        `json:"metadata"`
	SerialNumber string          `json:"serial_number"`
	Status       string          `json:"status"`
	Deleted      bool            `json:"_deleted,omitempty"`
	Fate         string          `json:"_fate,omitempty"` // of the next call that hands it a payment: timeout or hardware
}

type terminalAction struct {
	FailureCode    optional       `json:"failure_code"`
	FailureMessage optional       `json:"failure_message"`
	Process        processPayment `json:"process_payment_intent"`
	Status         string         `json:"status"`
	Type           string         `json:"type"`
}

type processPayment struct {
	PaymentIntent string         `json:"payment_intent"`
	Config        map[string]any `json:"process_config"`
}

func (o location) id() string   { return o.ID }
func (o location) kind() string { return "terminal.location" }
func (o terminal) id() string   { return o.ID }
func (o terminal) kind() string { return "terminal.reader" }

// asking reports whether the reader waits for a card.
func (o terminal) asking() bool { return o.Action != nil && o.Action.Status == "in_progress" }

// terminalCountries are those in which Stripe has readers.
var terminalCountries = []string{"AT", "AU", "BE", "CA", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "LU", "NL", "NO", "NZ", "PL", "PT", "SE", "SG", "US"}

func createLocation(c *call) (any, *params.Refusal) {
	f := c.form
	l := location{ID: newID("tml_", 14), Object: "terminal.location", DisplayName: f.Need("display_name"), Metadata: f.Metadata("metadata"), Address: map[string]any{
		"line1": f.Need("address[line1]"), "line2": nil, "city": f.Text("address[city]"), "postal_code": f.Text("address[postal_code]"),
		"state": optional(f.Text("address[state]")), "country": f.Need("address[country]")}}
	if err := f.Done(); err != nil {
		return nil, err
	}
	if country := l.Address["country"].(string); !slices.Contains(terminalCountries, country) {
		return nil, params.Refused("terminal_location_country_unsupported", "address[country]", "Terminal is not available in this country: %s", country)
	}
	c.tx.put(l)
	return l, nil
}

func readLocation(c *call) (any, *params.Refusal) { return read[location](c, "terminal.location") }

func listLocations(c *call) (any, *params.Refusal) {
	return page(c, "terminal.location", "/v1/terminal/locations", func(location) bool { return true })
}

// simulatedCodes are Stripe's for readers that are not there.
var simulatedCodes = []string{"simulated-wpe", "simulated-s700"}

func createTerminal(c *call) (any, *params.Refusal) {
	f := c.form
	code := f.Need("registration_code")
	r := terminal{ID: newID("tmr_", 14), Object: "terminal.reader", Label: f.Text("label"), Location: optional(f.Text("location")), Metadata: f.Metadata("metadata"),
		DeviceType: "simulated_wisepos_e", DeviceSW: "2.21.0.0", IPAddress: "127.0.0.1", Status: "online"}
	if err := f.Done(); err != nil {
		return nil, err
	}
	if !slices.Contains(simulatedCodes, code) {
		return nil, params.Refused("resource_missing", "registration_code", "No such reader with the registration code: %s. The sandbox knows simulated-wpe.", code)
	}
	if _, ok := load[location](c.tx, string(r.Location)); !ok {
		return nil, params.Missing("terminal.location", string(r.Location), "location")
	}
	r.SerialNumber = r.ID
	if r.Label == "" {
		r.Label = r.ID
	}
	c.tx.put(r)
	return r, nil
}

func readTerminal(c *call) (any, *params.Refusal) { return read[terminal](c, "terminal.reader") }

func listTerminals(c *call) (any, *params.Refusal) {
	at, status := c.form.Text("location"), c.form.Text("status")
	return page(c, "terminal.reader", "/v1/terminal/readers", func(r terminal) bool {
		return !r.Deleted && (at == "" || string(r.Location) == at) && (status == "" || r.Status == status)
	})
}

// standing reads the reader of the path, which must not have been removed.
func standing(c *call) (terminal, *params.Refusal) {
	r, ok := load[terminal](c.tx, c.path("id"))
	if !ok || r.Deleted {
		return r, params.Missing("terminal.reader", c.path("id"), "id")
	}
	return r, nil
}

func deleteTerminal(c *call) (any, *params.Refusal) {
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	r, err := standing(c)
	if err != nil {
		return nil, err
	}
	r.Deleted, r.Action = true, nil
	c.tx.put(r)
	return r, nil
}

func createConnectionToken(c *call) (any, *params.Refusal) {
	at := c.form.Text("location")
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	out := map[string]any{"object": "terminal.connection_token", "secret": newID("pst_test_", 40)}
	if at != "" {
		if _, ok := load[location](c.tx, at); !ok {
			return nil, params.Missing("terminal.location", at, "location")
		}
		out["location"] = at
	}
	return out, nil
}

// processIntent has a reader ask for a card.
func processIntent(c *call) (any, *params.Refusal) {
	intent := c.form.Need("payment_intent")
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	r, err := standing(c)
	if err != nil {
		return nil, err
	}
	pi, ok := load[paymentIntent](c.tx, intent)
	switch {
	case !ok:
		return nil, params.Missing("payment_intent", intent, "payment_intent")
	case r.Status == "offline":
		return nil, params.Refused("terminal_reader_offline", "", "Reader is currently offline, please ensure the reader is powered on and connected to the internet before retrying your request.")
	case r.Fate == "hardware":
		return nil, params.Refused("terminal_reader_hardware_fault", "", "Reader has a hardware fault.")
	case r.asking():
		return nil, params.Refused("terminal_reader_busy", "", "Reader is currently busy processing another request.")
	case pi.Status != "requires_payment_method":
		return nil, params.Refused("payment_intent_unexpected_state", "payment_intent", "This PaymentIntent has a status of %s and cannot be processed.", pi.Status)
	}
	slow := r.Fate == "timeout"
	r.Fate = ""
	r.Action = &terminalAction{Status: "in_progress", Type: "process_payment_intent", Process: processPayment{PaymentIntent: pi.ID, Config: map[string]any{}}}
	c.tx.put(r)
	if slow { // it begins, and its word that it does comes too late
		return nil, params.Late("terminal_reader_timeout", "Timed out communicating with the reader.")
	}
	return r, nil
}

// cancelAction has a reader stop.
func cancelAction(c *call) (any, *params.Refusal) {
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	r, err := standing(c)
	if err != nil {
		return nil, err
	}
	if r.Status == "offline" {
		return nil, params.Refused("terminal_reader_offline", "", "Reader is currently offline, please ensure the reader is powered on and connected to the internet before retrying your request.")
	}
	r.Action = nil
	c.tx.put(r)
	return r, nil
}

// presentCard is Stripe's test helper: a card is held to the simulated reader.
func presentCard(c *call) (any, *params.Refusal) {
	c.form.Choice("type", "card_present")
	number := c.form.Text("card_present[number]")
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	r, err := standing(c)
	if err != nil {
		return nil, err
	}
	if !r.asking() {
		return nil, params.Refused("", "", "The reader is not asking for a card.")
	}
	if number == "" {
		number = AcceptedCard
	}
	card, ok := cards.ByNumber(number)
	if !ok {
		return nil, params.Refused("", "card_present[number]", "Not one of the test cards.")
	}
	return c.sandbox.present(c.tx, r, card), nil
}

// present holds a card to a reader that asks for one.
func (s *Sandbox) present(t *tx, r terminal, card cards.Card) terminal {
	pi, _ := load[paymentIntent](t, r.Action.Process.PaymentIntent)
	if pi.Status != "requires_payment_method" {
		return t.acted(r, "payment_intent_unexpected_state", "This PaymentIntent cannot be paid any more.")
	}
	ch := newCharge(t, pi, card, newID("pm_", 24))
	ch.PaymentMethodDetails = map[string]any{"type": "card_present", "card_present": map[string]any{
		"brand": card.Brand, "country": "FR", "exp_month": 12, "exp_year": t.now.Year() + 3, "fingerprint": cards.Fingerprint(card.Number), "funding": "credit",
		"last4": card.Last4(), "network": card.Brand, "read_method": "contactless_emv", "incremental_authorization_supported": false,
		"overcapture_supported": false}}
	if card.Decline == "" {
		s.take(t, pi, ch, nil, card)
		return t.acted(r, "", "")
	}
	body := cards.Refusal(card.Decline)
	t.refuse(pi, ch, body)
	return t.acted(r, body.Code, body.Message)
}

// acted ends what a reader does, with a failure or without.
func (t *tx) acted(r terminal, code, message string) terminal {
	done := *r.Action
	done.Status, done.FailureCode, done.FailureMessage = "succeeded", optional(code), optional(message)
	kind := "terminal.reader.action_succeeded"
	if code != "" {
		done.Status, kind = "failed", "terminal.reader.action_failed"
	}
	r.Action = &done
	t.put(r)
	t.emit(kind, r, "")
	return r
}
