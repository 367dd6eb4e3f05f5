package app

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/debts"
	"relais/internal/disputes"
	"relais/internal/documents"
	"relais/internal/earnings"
	"relais/internal/jobs"
	"relais/internal/ledger"
	"relais/internal/making"
	"relais/internal/orders/checks"
	"relais/internal/payouts"
	"relais/internal/pledges/sound"
	"relais/internal/pos"
	"relais/internal/returns"
	"relais/internal/reviews"
	"relais/internal/royalties"
	"relais/internal/webhooks"
)

// Finding is what one invariant's query counted; 0: it holds.
type Finding = ledger.Finding

// invariants are those of every package that touches money, from the ledger up.
var invariants = []func(context.Context, sqlx.QueryerContext) ([]Finding, error){ledger.Check, earnings.Check, royalties.Check, checks.Check, making.Check, pos.Check, sound.Check,
	returns.Check, disputes.Check, reviews.Check, payouts.Check, debts.Check, documents.Check, jobs.Check, webhooks.Check}
