package stripesandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

// answerTime is how long a dispute waits for an answer; after that it is lost, and an inquiry closes.
const answerTime = 9 * 24 * time.Hour

// disputeFee is what a dispute costs, in whole units of its currency. Winning does not give it back.
const disputeFee = 15

// What Stripe's test mode reads in evidence[uncategorized_text] when an answer is submitted. Any other text is under
// review until DecideDispute.
const (
	WinningEvidence  = "winning_evidence"
	LosingEvidence   = "losing_evidence"
	EscalateEvidence = "escalate_inquiry_evidence"
)

type dispute struct {
	ID                   string               `json:"id"`
	Object               string               `json:"object"`
	Amount               int64                `json:"amount"`
	BalanceTransactions  []any                `json:"balance_transactions"` // as of when it was shown
	Charge               string               `json:"charge"`
	Created              int64                `json:"created"`
	Currency             string               `json:"currency"`
	Evidence             map[string]optional  `json:"evidence"`
	EvidenceDetails      evidenceDetails      `json:"evidence_details"`
	IsChargeRefundable   bool                 `json:"is_charge_refundable"`
	Livemode             bool                 `json:"livemode"`
	Metadata             metadata             `json:"metadata"`
	PaymentIntent        optional             `json:"payment_intent"`
	PaymentMethodDetails disputeMethodDetails `json:"payment_method_details"`
	Reason               string               `json:"reason"`
	Status               string               `json:"status"`
	Movements            []string             `json:"_movements"` // ids of its balance transactions, oldest first
}

type evidenceDetails struct {
	DueBy           *int64 `json:"due_by"`
	HasEvidence     bool   `json:"has_evidence"`
	PastDue         bool   `json:"past_due"`
	SubmissionCount int64  `json:"submission_count"`
}

type disputeMethodDetails struct {
	Card disputeCard `json:"card"`
	Type string      `json:"type"`
}

type disputeCard struct {
	Brand             string   `json:"brand"`
	NetworkReasonCode optional `json:"network_reason_code"`
}

func (d dispute) id() string   { return d.ID }
func (d dispute) kind() string { return "dispute" }
func (d dispute) made() int64  { return d.Created }

func (d dispute) inquiry() bool { return strings.HasPrefix(d.Status, "warning_") }

// waiting reports whether an answer is wanted.
func (d dispute) waiting() bool { return strings.HasSuffix(d.Status, "needs_response") }

// open reports whether the bank has still to decide.
func (d dispute) open() bool { return d.waiting() || strings.HasSuffix(d.Status, "under_review") }

// disputeReasons are the words that banks use, with the number that the card network has for each.
var disputeReasons = map[string]string{
	"bank_cannot_process": "11.3", "credit_not_processed": "13.7", "duplicate": "12.6", "fraudulent": "10.4", "general": "",
	"product_not_received": "13.1", "product_unacceptable": "13.3", "subscription_canceled": "13.2", "unrecognized": "10.4",
}

// evidenceFields are what an answer can hold; those of evidenceFiles name a file.
var (
	evidenceFields = []string{
		"access_activity_log", "billing_address", "cancellation_policy_disclosure", "cancellation_rebuttal", "customer_email_address",
		"customer_name", "customer_purchase_ip", "duplicate_charge_explanation", "duplicate_charge_id", "product_description",
		"refund_policy_disclosure", "refund_refusal_explanation", "service_date", "shipping_address", "shipping_carrier", "shipping_date",
		"shipping_tracking_number", "uncategorized_text",
	}
	evidenceFiles = []string{
		"cancellation_policy", "customer_communication", "customer_signature", "duplicate_charge_documentation", "receipt",
		"refund_policy", "service_documentation", "shipping_documentation", "uncategorized_file",
	}
)

// openDispute begins a dispute of a charge: the money and a fee leave at once. An inquiry moves nothing yet.
func (t *tx) openDispute(ch charge, amount int64, reason string, inquiry bool) (dispute, error) {
	code, known := disputeReasons[reason]
	switch {
	case ch.Account != "" || !ch.Paid:
		return dispute{}, fmt.Errorf("charge %s was not paid to the platform", ch.ID)
	case amount <= 0:
		return dispute{}, fmt.Errorf("a dispute of %d minor units", amount)
	case !known:
		return dispute{}, fmt.Errorf("no bank disputes for the reason %q", reason)
	}
	for _, d := range t.disputesOf(ch.ID) {
		if d.open() {
			return dispute{}, fmt.Errorf("charge %s is under dispute already: %s", ch.ID, d.ID)
		}
	}
	due := t.now.Add(answerTime).Unix()
	d := dispute{
		ID: newID("du_", 24), Object: "dispute", Amount: amount, Charge: ch.ID, Created: t.now.Unix(), Currency: ch.Currency,
		Evidence: map[string]optional{}, EvidenceDetails: evidenceDetails{DueBy: &due}, Metadata: metadata{}, PaymentIntent: ch.PaymentIntent,
		Reason: reason, Status: "needs_response",
		PaymentMethodDetails: disputeMethodDetails{Type: "card", Card: disputeCard{Brand: brandOf(ch), NetworkReasonCode: optional(code)}},
	}
	for _, field := range slices.Concat(evidenceFields, evidenceFiles) {
		d.Evidence[field] = ""
	}
	ch.Disputed = true
	t.put(ch)
	if inquiry {
		d.Status = "warning_needs_response"
		t.putDispute(d, "charge.dispute.created")
		return d, nil
	}
	t.put(d)
	t.emit("charge.dispute.created", d, "")
	return t.withdraw(d, disputeFee*words.Unit(d.Currency)), nil
}

func brandOf(ch charge) string {
	card, _ := ch.PaymentMethodDetails["card"].(map[string]any)
	brand, _ := card["brand"].(string)
	return brand
}

// putDispute keeps a dispute with what follows from its state, and tells of it.
func (t *tx) putDispute(d dispute, events ...string) dispute {
	ch, _ := load[charge](t, d.Charge)
	d.IsChargeRefundable = (d.inquiry() || d.Status == "won") && !ch.Refunded
	if !d.waiting() {
		d.EvidenceDetails.DueBy = nil
	}
	t.put(d)
	for _, e := range events {
		t.emit(e, d, "")
	}
	return d
}

// withdraw takes a dispute's amount, and a fee, from the balance.
func (t *tx) withdraw(d dispute, fee int64) dispute {
	bt := newMovement(t, "adjustment", "dispute", d.ID, d.Currency, -d.Amount, t.now)
	bt.Description = optional("Chargeback withdrawal for " + d.Charge)
	if fee > 0 {
		bt.Fee, bt.Net = fee, -d.Amount-fee
		bt.FeeDetails = []feeDetail{{Amount: fee, Currency: d.Currency, Description: "Dispute fee", Type: "stripe_fee"}}
	}
	t.put(bt)
	d.Movements = append(slices.Clone(d.Movements), bt.ID)
	return t.putDispute(d, "charge.dispute.funds_withdrawn")
}

// reinstate gives a dispute's amount back; not its fee.
func (t *tx) reinstate(d dispute) dispute {
	bt := newMovement(t, "adjustment", "dispute_reversal", d.ID, d.Currency, d.Amount, t.now)
	bt.Description = optional("Chargeback reversal for " + d.Charge)
	t.put(bt)
	d.Movements = append(slices.Clone(d.Movements), bt.ID)
	return t.putDispute(d, "charge.dispute.funds_reinstated")
}

// decide is the bank's word. It may come before an answer, after one, and again against an earlier one.
func (t *tx) decide(d dispute, won bool) (dispute, error) {
	old := d
	switch {
	case d.inquiry() && !won:
		return d, fmt.Errorf("dispute %s is an inquiry (%s): it is escalated, not lost", d.ID, d.Status)
	case d.Status == "warning_closed":
		return d, fmt.Errorf("inquiry %s is closed", d.ID)
	case d.inquiry():
		d.Status = "warning_closed"
	case won:
		d.Status = "won"
	default:
		d.Status = "lost"
	}
	if d.Status == old.Status {
		return d, fmt.Errorf("dispute %s is %s already", d.ID, d.Status)
	}
	d = t.putDispute(d, "charge.dispute.closed")
	switch {
	case d.Status == "won":
		d = t.reinstate(d)
	case d.Status == "lost" && old.Status == "won":
		d = t.withdraw(d, 0)
	}
	return d, nil
}

// escalate turns an inquiry into a dispute.
func (t *tx) escalate(d dispute) (dispute, error) {
	if !d.inquiry() {
		return d, fmt.Errorf("dispute %s is no inquiry (%s)", d.ID, d.Status)
	}
	if ch, _ := load[charge](t, d.Charge); ch.Refunded {
		return d, fmt.Errorf("the charge of inquiry %s has been refunded", d.ID)
	}
	due := t.now.Add(answerTime).Unix()
	d.Status, d.EvidenceDetails = "needs_response", evidenceDetails{DueBy: &due, HasEvidence: d.EvidenceDetails.HasEvidence}
	d = t.putDispute(d, "charge.dispute.updated")
	return t.withdraw(d, disputeFee*words.Unit(d.Currency)), nil
}

// disputesOf lists a charge's disputes, oldest first.
func (t *tx) disputesOf(chargeID string) []dispute {
	var out []dispute
	for _, id := range t.state.order["dispute"] {
		if d, ok := load[dispute](t, id); ok && d.Charge == chargeID {
			out = append(out, d)
		}
	}
	return out
}

// chargedBack reports whether a bank has taken a charge's money, or is about to decide that it does.
func (t *tx) chargedBack(chargeID string) bool {
	return slices.ContainsFunc(t.disputesOf(chargeID), func(d dispute) bool { return !d.inquiry() && d.Status != "won" })
}

// closeInquiry ends the inquiry into a charge that was refunded whole: the buyer has what they wanted.
func (t *tx) closeInquiry(ch charge) {
	for _, d := range t.disputesOf(ch.ID) {
		if d.inquiry() && d.open() && ch.Refunded {
			d.Status = "warning_closed"
			t.putDispute(d, "charge.dispute.closed")
		}
	}
}

// overdue ends a dispute that nobody answered in time.
func (t *tx) overdue(d dispute) {
	if !d.waiting() || *d.EvidenceDetails.DueBy > t.now.Unix() {
		return
	}
	d.EvidenceDetails.PastDue = true
	if _, err := t.decide(d, d.inquiry()); err != nil {
		panic("stripesandbox: " + err.Error()) // one that waits can be decided
	}
}

// movementsShown are a dispute's balance transactions in full.
func (t *tx) movementsShown(d dispute) []any {
	out := []any{}
	for _, id := range d.Movements {
		if bt, ok := load[balanceTransaction](t, id); ok {
			out = append(out, t.present(bt))
		}
	}
	return out
}

func (d dispute) answered(f *params.Form) dispute {
	if d.Evidence = maps.Clone(d.Evidence); d.Evidence == nil {
		d.Evidence = map[string]optional{}
	}
	for _, field := range slices.Concat(evidenceFields, evidenceFiles) {
		if key := "evidence[" + field + "]"; f.Has(key) {
			d.Evidence[field] = optional(f.LongText(key, 20_000))
		}
	}
	d.EvidenceDetails.HasEvidence = false
	for _, v := range d.Evidence {
		d.EvidenceDetails.HasEvidence = d.EvidenceDetails.HasEvidence || v != ""
	}
	return d
}
