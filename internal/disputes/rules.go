package disputes

import (
	"bytes"

	"relais/internal/ledger"
	"relais/internal/payments"
)

// Standing is how a dispute should stand in the books: lost where the bank has decided so and has money of ours. A bank may
// decide anew; an inquiry never is.
func Standing(s payments.DisputeState, withdrawnMinor int64) Booked {
	if (s == payments.DisputeLost || s == payments.DisputeChargeRefunded) && withdrawnMinor > 0 {
		return BookedLost
	}
	return NotBooked
}

// Anew says whether a loss in the books is to be booked anew: the platform bears some of it although the order has left that much
// minor units that nobody asked back, or the bank has another sum now.
func Anew(d Dispute, left int64) bool {
	return d.Booked == BookedLost && (d.ExcessMinor > 0 && left > 0 || d.WithdrawnMinor != d.LostMinor+d.ExcessMinor)
}

// Withdrawn is what the bank has of ours after these movements, and what Stripe kept for them, in minor units.
func Withdrawn(ms []payments.Movement) (withdrawn, fee int64) {
	for _, m := range ms {
		withdrawn -= m.Amount.Minor
		fee += m.FeeMinor
	}
	return withdrawn, fee
}

// Postings books one movement: what the bank took or gave back against the account disputed, what Stripe kept as costs.
func Postings(m payments.Movement) (ps []ledger.Posting) {
	add := func(from ledger.Kind, minor int64) {
		stripe, other := ledger.Account{Kind: ledger.Stripe}, ledger.Account{Kind: from}
		switch {
		case minor > 0:
			ps = append(ps, ledger.Posting{Source: other, Destination: stripe, Amount: minor})
		case minor < 0:
			ps = append(ps, ledger.Posting{Source: stripe, Destination: other, Amount: -minor})
		}
	}
	add(ledger.Disputed, -m.Amount.Minor)
	add(ledger.Costs, m.FeeMinor)
	return ps
}

// MaxFile and MaxFiles bound what can be sent to a bank (Stripe, "Dispute evidence": 4.5 MB together for most banks): bytes of a
// file, and how many.
const (
	MaxFile  = 4 << 20
	MaxFiles = 8
)

// fileFits says whether a document is of a kind and size that banks take, by its first bytes and not by its name.
func fileFits(content []byte) bool {
	if len(content) == 0 || len(content) > MaxFile {
		return false
	}
	for _, magic := range [][]byte{{0xFF, 0xD8, 0xFF}, []byte("\x89PNG\r\n\x1a\n"), []byte("%PDF-")} {
		if bytes.HasPrefix(content, magic) {
			return true
		}
	}
	return false
}

// event is the kind of the order's event when a dispute goes from one state to another; empty where nothing is to be told.
func event(from, to payments.DisputeState) string {
	switch {
	case from == to:
		return ""
	case from == "" && to.Inquiry():
		return "inquiry_opened"
	case from == "", from.Inquiry() && !to.Inquiry():
		return "dispute_opened"
	case to == payments.DisputeWon:
		return "dispute_won"
	case to == payments.DisputeLost, to == payments.DisputeChargeRefunded:
		return "dispute_lost"
	case to == payments.DisputeWarningClosed:
		return "inquiry_closed"
	case to == payments.DisputeUnderReview, to == payments.DisputeWarningUnderReview:
		return "dispute_answered"
	default:
		return "dispute_reopened"
	}
}
