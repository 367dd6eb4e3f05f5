package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// words are the values of fields that Stripe describes as free strings, from its reference: object and field → values.
var words = map[string][]string{
	"refund.status":              {"pending", "requires_action", "succeeded", "failed", "canceled"},
	"payout.status":              {"paid", "pending", "in_transit", "canceled", "failed"},
	"payout.method":              {"standard", "instant"},
	"payout.source_type":         {"card", "fpx", "bank_account"},
	"transfer.source_type":       {"card", "fpx", "bank_account"},
	"balance_transaction.status": {"available", "pending"},
	"balance_transaction.reporting_category": {
		"charge", "refund", "refund_failure", "dispute", "dispute_reversal", "transfer", "transfer_reversal", "fee", "payout", "payout_reversal",
		"topup", "topup_reversal", "connect_reserved_funds", "risk_reserved_funds", "platform_earning", "platform_earning_refund",
		"connect_collection_transfer", "other_adjustment", "partial_capture_reversal",
	},
	"dispute.reason": {
		"bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated", "debit_not_authorized", "duplicate", "fraudulent",
		"general", "incorrect_account_details", "insufficient_funds", "product_not_received", "product_unacceptable", "subscription_canceled",
		"unrecognized",
	},
	"requirements.disabled_reason": {
		"action_required.requested_capabilities", "requirements.past_due", "requirements.pending_verification", "listed", "platform_paused",
		"rejected.fraud", "rejected.incomplete_verification", "rejected.listed", "rejected.other", "rejected.terms_of_service", "under_review", "other",
	},
	"event.type": {
		"account.updated", "account.application.deauthorized", "balance.available", "capability.updated", "charge.failed", "charge.refund.updated",
		"charge.refunded", "charge.succeeded", "charge.updated",
		"charge.dispute.closed", "charge.dispute.created", "charge.dispute.funds_reinstated", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "checkout.session.async_payment_failed", "checkout.session.async_payment_succeeded",
		"checkout.session.completed", "checkout.session.expired", "customer.created", "customer.deleted", "payment_intent.amount_capturable_updated", "payment_intent.canceled",
		"payment_intent.created", "payment_intent.payment_failed", "payment_intent.processing", "payment_intent.requires_action",
		"payment_intent.succeeded", "payment_method.attached", "payment_method.detached", "payout.canceled", "payout.created", "payout.failed", "payout.paid", "payout.updated", "refund.created",
		"refund.failed", "refund.updated",
		"setup_intent.canceled", "setup_intent.created", "setup_intent.requires_action", "setup_intent.setup_failed", "setup_intent.succeeded", "terminal.reader.action_failed", "terminal.reader.action_succeeded", "topup.created", "topup.succeeded", "transfer.created", "transfer.reversed", "transfer.updated",
	},
}

// positive are the objects whose amount is never zero or less.
var positive = []string{"transfer", "transfer_reversal", "refund", "payout", "charge", "payment_intent", "dispute", "topup"}

// checkWords looks at every object inside a value for what the description leaves open.
func checkWords(v any) error {
	switch v := v.(type) {
	case []any:
		var faults []error
		for _, item := range v {
			faults = append(faults, checkWords(item))
		}
		return errors.Join(faults...)
	case map[string]any:
		kind, _ := v["object"].(string)
		faults := []error{checkObject(kind, v)}
		for name, inner := range v {
			if hash, ok := inner.(map[string]any); ok && name == "requirements" {
				faults = append(faults, checkObject(name, hash))
			}
			faults = append(faults, checkWords(inner))
		}
		return errors.Join(faults...)
	}
	return nil
}

func checkObject(kind string, o map[string]any) error {
	for field, value := range o {
		allowed, limited := words[kind+"."+field]
		if text, ok := value.(string); ok && limited && !slices.Contains(allowed, text) {
			return fmt.Errorf("%s.%s is %q, which Stripe does not say", kind, field, text)
		}
	}
	if amount, ok := o["amount"].(json.Number); ok && slices.Contains(positive, kind) {
		if n, err := amount.Int64(); err != nil || n <= 0 {
			return fmt.Errorf("%s.amount is %s", kind, amount)
		}
	}
	return nil
}
