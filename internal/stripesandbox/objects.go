package stripesandbox

import (
	"encoding/json"

	"relais/internal/stripesandbox/params"
)

// An object is anything the sandbox remembers: what the API shows, and a few things of its own. Objects are values:
// to change one, load it, change the copy and put it back. Their maps and slices are never changed in place.
//
// Their JSON is Stripe's, and also what the journal holds. Fields whose JSON name begins with "_" are the sandbox's
// own: the journal keeps them, and no answer shows them.
type object interface {
	id() string
	kind() string
}

// optional is a string that Stripe shows as null when it is empty.
type optional string

// MarshalJSON writes null for an empty string.
func (o optional) MarshalJSON() ([]byte, error) {
	if o == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(o))
}

type metadata map[string]string

type requirements struct {
	CurrentDeadline     *int64   `json:"current_deadline"`
	CurrentlyDue        []string `json:"currently_due"`
	DisabledReason      optional `json:"disabled_reason"`
	Errors              []string `json:"errors"`
	EventuallyDue       []string `json:"eventually_due"`
	PastDue             []string `json:"past_due"`
	PendingVerification []string `json:"pending_verification"`
}

type account struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	BusinessType     optional          `json:"business_type"`
	Capabilities     map[string]string `json:"capabilities"`
	ChargesEnabled   bool              `json:"charges_enabled"`
	Country          string            `json:"country"`
	Created          int64             `json:"created"`
	DefaultCurrency  string            `json:"default_currency"`
	DetailsSubmitted bool              `json:"details_submitted"`
	Email            optional          `json:"email"`
	ExternalAccounts list              `json:"external_accounts"`
	Metadata         metadata          `json:"metadata"`
	PayoutsEnabled   bool              `json:"payouts_enabled"`
	Requirements     requirements      `json:"requirements"`
	Type             string            `json:"type"`
	Deleted          bool              `json:"_deleted,omitempty"`
	PaidOut          string            `json:"_paid_out,omitempty"` // day on which an automatic payout was last made, or looked for
}

// link is a one-time address into a hosted page for an account. Its token opens the page once; the page then lives
// under its flow.
type link struct {
	Token      string `json:"_token"`
	Flow       string `json:"_flow"`
	Account    string `json:"_account"`
	Dashboard  bool   `json:"_dashboard"`
	ReturnURL  string `json:"_return_url"`
	RefreshURL string `json:"_refresh_url"`
	Expires    int64  `json:"_expires"`
	Used       bool   `json:"_used"`
}

type line struct {
	Name     string `json:"name"`
	Unit     int64  `json:"unit"`
	Quantity int64  `json:"quantity"`
	Image    string `json:"image"`
}

type session struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	AmountSubtotal     int64             `json:"amount_subtotal"`
	AmountTotal        int64             `json:"amount_total"`
	AutomaticTax       map[string]any    `json:"automatic_tax"`
	CancelURL          optional          `json:"cancel_url"`
	ClientReferenceID  optional          `json:"client_reference_id"`
	Created            int64             `json:"created"`
	Currency           string            `json:"currency"`
	CustomFields       []string          `json:"custom_fields"`
	CustomText         map[string]any    `json:"custom_text"`
	Customer           optional          `json:"customer"`
	CustomerDetails    *customerDetails  `json:"customer_details"`
	CustomerEmail      optional          `json:"customer_email"`
	ExpiresAt          int64             `json:"expires_at"`
	Livemode           bool              `json:"livemode"`
	Locale             optional          `json:"locale"`
	Metadata           metadata          `json:"metadata"`
	Mode               string            `json:"mode"`
	PaymentIntent      optional          `json:"payment_intent"`
	PaymentMethodTypes []string          `json:"payment_method_types"`
	PaymentStatus      string            `json:"payment_status"`
	SetupIntent        optional          `json:"setup_intent"`
	ShippingOptions    []string          `json:"shipping_options"`
	Status             string            `json:"status"`
	SubmitType         optional          `json:"submit_type"`
	SuccessURL         optional          `json:"success_url"`
	UIMode             string            `json:"ui_mode"`
	URL                optional          `json:"url"`
	Lines              []line            `json:"_lines"`
	Intent             map[string]string `json:"_intent"` // description and transfer_group of the payment
	IntentMetadata     metadata          `json:"_intent_metadata"`
}

type customerDetails struct {
	Email optional `json:"email"`
	Name  optional `json:"name"`
	Phone optional `json:"phone"`
}

type paymentIntent struct {
	ID                 string         `json:"id"`
	Object             string         `json:"object"`
	Amount             int64          `json:"amount"`
	AmountCapturable   int64          `json:"amount_capturable"`
	AmountReceived     int64          `json:"amount_received"`
	CaptureMethod      string         `json:"capture_method"`
	ClientSecret       optional       `json:"client_secret"`
	ConfirmationMethod string         `json:"confirmation_method"`
	Created            int64          `json:"created"`
	CanceledAt         *int64         `json:"canceled_at"`
	CancellationReason optional       `json:"cancellation_reason"`
	Currency           string         `json:"currency"`
	Customer           optional       `json:"customer"`
	Description        optional       `json:"description"`
	LastPaymentError   *params.Body   `json:"last_payment_error"`
	LatestCharge       optional       `json:"latest_charge"`
	Livemode           bool           `json:"livemode"`
	Metadata           metadata       `json:"metadata"`
	NextAction         map[string]any `json:"next_action"`
	PaymentMethod      optional       `json:"payment_method"`
	PaymentMethodTypes []string       `json:"payment_method_types"`
	ReceiptEmail       optional       `json:"receipt_email"`
	Status             string         `json:"status"`
	TransferGroup      optional       `json:"transfer_group"`
	Session            string         `json:"_session"`
	Card               string         `json:"_card"` // the test number waiting for its 3-D Secure step
}

type charge struct {
	ID                   string         `json:"id"`
	Object               string         `json:"object"`
	Amount               int64          `json:"amount"`
	AmountCaptured       int64          `json:"amount_captured"`
	AmountRefunded       int64          `json:"amount_refunded"`
	BalanceTransaction   optional       `json:"balance_transaction"`
	BillingDetails       billingDetails `json:"billing_details"`
	Captured             bool           `json:"captured"`
	Created              int64          `json:"created"`
	Currency             string         `json:"currency"`
	Customer             optional       `json:"customer"`
	Description          optional       `json:"description"`
	Disputed             bool           `json:"disputed"`
	FailureCode          optional       `json:"failure_code"`
	FailureMessage       optional       `json:"failure_message"`
	Livemode             bool           `json:"livemode"`
	Metadata             metadata       `json:"metadata"`
	Outcome              *outcome       `json:"outcome"`
	Paid                 bool           `json:"paid"`
	PaymentIntent        optional       `json:"payment_intent"`
	PaymentMethod        optional       `json:"payment_method"`
	PaymentMethodDetails map[string]any `json:"payment_method_details"`
	Refunded             bool           `json:"refunded"`
	SourceTransfer       optional       `json:"source_transfer"`
	Status               string         `json:"status"`
	TransferGroup        optional       `json:"transfer_group"`
	Account              string         `json:"_account"`
	Transferred          int64          `json:"_transferred"`       // sent with this charge as source_transaction
	RefundFate           string         `json:"_refunds,omitempty"` // what becomes of its refunds in time
}

type billingDetails struct {
	Address map[string]any `json:"address"`
	Email   optional       `json:"email"`
	Name    optional       `json:"name"`
	Phone   optional       `json:"phone"`
}

type outcome struct {
	NetworkStatus string   `json:"network_status"`
	Reason        optional `json:"reason"`
	RiskLevel     string   `json:"risk_level"`
	SellerMessage string   `json:"seller_message"`
	Type          string   `json:"type"`
}

type refund struct {
	ID                 string         `json:"id"`
	Object             string         `json:"object"`
	Amount             int64          `json:"amount"`
	BalanceTransaction optional       `json:"balance_transaction"`
	Charge             optional       `json:"charge"`
	Created            int64          `json:"created"`
	Currency           string         `json:"currency"`
	DestinationDetails map[string]any `json:"destination_details,omitempty"`
	FailureMovement    string         `json:"failure_balance_transaction,omitempty"`
	FailureReason      string         `json:"failure_reason,omitempty"`
	Metadata           metadata       `json:"metadata"`
	PaymentIntent      optional       `json:"payment_intent"`
	Reason             optional       `json:"reason"`
	Status             string         `json:"status"`
	TransferReversal   optional       `json:"transfer_reversal"`
	Ripens             int64          `json:"_ripens,omitempty"` // when it becomes what its card's fate says; 0: never
	Fate               string         `json:"_fate,omitempty"`
}

type transfer struct {
	ID                 string   `json:"id"`
	Object             string   `json:"object"`
	Amount             int64    `json:"amount"`
	AmountReversed     int64    `json:"amount_reversed"`
	BalanceTransaction optional `json:"balance_transaction"`
	Created            int64    `json:"created"`
	Currency           string   `json:"currency"`
	Description        optional `json:"description"`
	Destination        string   `json:"destination"`
	DestinationPayment string   `json:"destination_payment"`
	Livemode           bool     `json:"livemode"`
	Metadata           metadata `json:"metadata"`
	Reversals          list     `json:"reversals"`
	Reversed           bool     `json:"reversed"`
	SourceTransaction  optional `json:"source_transaction"`
	SourceType         string   `json:"source_type"`
	TransferGroup      optional `json:"transfer_group"`
}

type reversal struct {
	ID                 string   `json:"id"`
	Object             string   `json:"object"`
	Amount             int64    `json:"amount"`
	BalanceTransaction optional `json:"balance_transaction"`
	Created            int64    `json:"created"`
	Currency           string   `json:"currency"`
	Metadata           metadata `json:"metadata"`
	SourceRefund       optional `json:"source_refund"`
	Transfer           string   `json:"transfer"`
}

type payout struct {
	ID                   string   `json:"id"`
	Object               string   `json:"object"`
	Amount               int64    `json:"amount"`
	ArrivalDate          int64    `json:"arrival_date"`
	Automatic            bool     `json:"automatic"`
	BalanceTransaction   optional `json:"balance_transaction"`
	Created              int64    `json:"created"`
	Currency             string   `json:"currency"`
	Description          optional `json:"description"`
	Destination          optional `json:"destination"`
	FailureMovement      optional `json:"failure_balance_transaction"`
	FailureCode          optional `json:"failure_code"`
	FailureMessage       optional `json:"failure_message"`
	Livemode             bool     `json:"livemode"`
	Metadata             metadata `json:"metadata"`
	Method               string   `json:"method"`
	ReconciliationStatus string   `json:"reconciliation_status"`
	SourceType           string   `json:"source_type"`
	StatementDescriptor  optional `json:"statement_descriptor"`
	Status               string   `json:"status"`
	Type                 string   `json:"type"`
	Account              string   `json:"_account"`
}

type feeDetail struct {
	Amount      int64    `json:"amount"`
	Application optional `json:"application"`
	Currency    string   `json:"currency"`
	Description optional `json:"description"`
	Type        string   `json:"type"`
}

type balanceTransaction struct {
	ID                string      `json:"id"`
	Object            string      `json:"object"`
	Amount            int64       `json:"amount"`
	AvailableOn       int64       `json:"available_on"`
	Created           int64       `json:"created"`
	Currency          string      `json:"currency"`
	Description       optional    `json:"description"`
	Fee               int64       `json:"fee"`
	FeeDetails        []feeDetail `json:"fee_details"`
	Net               int64       `json:"net"`
	ReportingCategory string      `json:"reporting_category"`
	Source            optional    `json:"source"`
	Status            string      `json:"status"` // as of when it was shown
	Type              string      `json:"type"`
	Account           string      `json:"_account"` // whose balance; empty: the platform's
}

type event struct {
	ID              string       `json:"id"`
	Object          string       `json:"object"`
	Account         string       `json:"account,omitempty"`
	APIVersion      string       `json:"api_version"`
	Created         int64        `json:"created"`
	Data            eventData    `json:"data"`
	Livemode        bool         `json:"livemode"`
	PendingWebhooks int          `json:"pending_webhooks"`
	Request         eventRequest `json:"request"`
	Type            string       `json:"type"`
}

type eventData struct {
	Object json.RawMessage `json:"object"`
}

type eventRequest struct {
	ID             optional `json:"id"`
	IdempotencyKey optional `json:"idempotency_key"`
}

// idempotency is what was answered the first time a key was used.
type idempotency struct {
	Key     string `json:"_key"` // of account and key
	Path    string `json:"_path"`
	Params  string `json:"_params"` // digest of the parameters
	Request string `json:"_request"`
	Status  int    `json:"_status"`
	Body    string `json:"_body"`
}

// delivery is one event on its way to one endpoint.
type delivery struct {
	ID       string `json:"_id"`
	Event    string `json:"_event"`
	Connect  bool   `json:"_connect"`
	Attempts int    `json:"_attempts"`
	NextAt   int64  `json:"_next_at"` // real time, Unix seconds
	Done     bool   `json:"_done"`
	GaveUp   bool   `json:"_gave_up,omitempty"`
}

// list is Stripe's list object.
type list struct {
	Object  string `json:"object"`
	Data    []any  `json:"data"`
	HasMore bool   `json:"has_more"`
	URL     string `json:"url"`
}

func emptyList(url string) list { return list{Object: "list", Data: []any{}, URL: url} }

func (o account) id() string            { return o.ID }
func (o account) kind() string          { return "account" }
func (o link) id() string               { return o.Token }
func (o link) kind() string             { return "link" }
func (o session) id() string            { return o.ID }
func (o session) kind() string          { return "checkout.session" }
func (o paymentIntent) id() string      { return o.ID }
func (o paymentIntent) kind() string    { return "payment_intent" }
func (o charge) id() string             { return o.ID }
func (o charge) kind() string           { return "charge" }
func (o refund) id() string             { return o.ID }
func (o refund) kind() string           { return "refund" }
func (o transfer) id() string           { return o.ID }
func (o transfer) kind() string         { return "transfer" }
func (o reversal) id() string           { return o.ID }
func (o reversal) kind() string         { return "transfer_reversal" }
func (o payout) id() string             { return o.ID }
func (o payout) kind() string           { return "payout" }
func (o balanceTransaction) id() string { return o.ID }
func (o balanceTransaction) kind() string {
	return "balance_transaction"
}
func (o event) id() string         { return o.ID }
func (o event) kind() string       { return "event" }
func (o idempotency) id() string   { return o.Key }
func (o idempotency) kind() string { return "idempotency" }
func (o delivery) id() string      { return o.ID }
func (o delivery) kind() string    { return "delivery" }

// What lists may show late says when it was made.

func (o session) made() int64            { return o.Created }
func (o paymentIntent) made() int64      { return o.Created }
func (o refund) made() int64             { return o.Created }
func (o transfer) made() int64           { return o.Created }
func (o reversal) made() int64           { return o.Created }
func (o payout) made() int64             { return o.Created }
func (o balanceTransaction) made() int64 { return o.Created }
