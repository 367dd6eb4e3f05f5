package disputes_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relais/internal/disputes"
	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/payments"
)

var states = []payments.DisputeState{payments.DisputeNeedsResponse, payments.DisputeUnderReview, payments.DisputeWon, payments.DisputeLost, payments.DisputeChargeRefunded,
	payments.DisputeWarningNeedsResponse, payments.DisputeWarningUnderReview, payments.DisputeWarningClosed}

// A loss stands in the books only while the bank says so and has the money.
func TestStanding(t *testing.T) {
	for _, s := range states {
		lost := s == payments.DisputeLost || s == payments.DisputeChargeRefunded
		if got := disputes.Standing(s, 100) == disputes.BookedLost; got != lost {
			t.Errorf("%s with money: lost %v", s, got)
		}
		if disputes.Standing(s, 0) != disputes.NotBooked {
			t.Errorf("%s without money is booked", s)
		}
	}
}

func TestAnew(t *testing.T) {
	for _, c := range []struct {
		name                    string
		booked                  disputes.Booked
		withdrawn, lost, excess int64
		left                    int64
		want                    bool
	}{
		{"not booked", disputes.NotBooked, 100, 0, 0, 50, false},
		{"all of it is the order's", disputes.BookedLost, 100, 100, 0, 50, false},
		{"we bear some, and nothing is left", disputes.BookedLost, 100, 60, 40, 0, false},
		{"we bear some, and the order has some", disputes.BookedLost, 100, 60, 40, 1, true},
		{"the bank has another sum", disputes.BookedLost, 120, 60, 40, 0, true},
	} {
		d := disputes.Dispute{Booked: c.booked, WithdrawnMinor: c.withdrawn, LostMinor: c.lost, ExcessMinor: c.excess}
		if got := disputes.Anew(d, c.left); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestMovements(t *testing.T) {
	stripe, disputed, costs := ledger.Account{Kind: ledger.Stripe}, ledger.Account{Kind: ledger.Disputed}, ledger.Account{Kind: ledger.Costs}
	took := payments.Movement{Amount: money.New(-10000, "EUR"), FeeMinor: 1500}
	back := payments.Movement{Amount: money.New(10000, "EUR")}
	returned := payments.Movement{Amount: money.New(0, "EUR"), FeeMinor: -1500}
	for _, c := range []struct {
		movement payments.Movement
		want     []ledger.Posting
	}{
		{took, []ledger.Posting{{Source: disputed, Destination: stripe, Amount: 10000}, {Source: costs, Destination: stripe, Amount: 1500}}},
		{back, []ledger.Posting{{Source: stripe, Destination: disputed, Amount: 10000}}},
		{returned, []ledger.Posting{{Source: stripe, Destination: costs, Amount: 1500}}},
		{payments.Movement{}, nil},
	} {
		if diff := cmp.Diff(c.want, disputes.Postings(c.movement)); diff != "" {
			t.Errorf("%+v: %s", c.movement, diff)
		}
	}
	for n, want := range [][2]int64{{0, 0}, {10000, 1500}, {0, 1500}, {0, 0}} {
		withdrawn, fee := disputes.Withdrawn([]payments.Movement{took, back, returned}[:n])
		if withdrawn != want[0] || fee != want[1] {
			t.Errorf("after %d movements: %d, %d", n, withdrawn, fee)
		}
	}
}

func TestEvent(t *testing.T) {
	for _, c := range []struct {
		from, to payments.DisputeState
		want     string
	}{
		{"", payments.DisputeNeedsResponse, "dispute_opened"},
		{"", payments.DisputeLost, "dispute_opened"},
		{"", payments.DisputeWarningNeedsResponse, "inquiry_opened"},
		{payments.DisputeWarningNeedsResponse, payments.DisputeNeedsResponse, "dispute_opened"},
		{payments.DisputeWarningNeedsResponse, payments.DisputeWarningUnderReview, "dispute_answered"},
		{payments.DisputeWarningUnderReview, payments.DisputeWarningClosed, "inquiry_closed"},
		{payments.DisputeNeedsResponse, payments.DisputeUnderReview, "dispute_answered"},
		{payments.DisputeUnderReview, payments.DisputeWon, "dispute_won"},
		{payments.DisputeWon, payments.DisputeLost, "dispute_lost"},
		{payments.DisputeUnderReview, payments.DisputeChargeRefunded, "dispute_lost"},
		{payments.DisputeLost, payments.DisputeNeedsResponse, "dispute_reopened"},
	} {
		if got := disputes.Event(c.from, c.to); got != c.want {
			t.Errorf("%q to %q: %q, want %q", c.from, c.to, got, c.want)
		}
	}
	for _, s := range states {
		if disputes.Event(s, s) != "" {
			t.Errorf("%s to itself is told", s)
		}
	}
}

func TestFileFits(t *testing.T) {
	for name, c := range map[string]struct {
		content []byte
		want    bool
	}{
		"nothing": {nil, false}, "words": {[]byte("hello"), false}, "a JPEG": {[]byte{0xFF, 0xD8, 0xFF, 0xE0}, true}, "a PNG": {[]byte("\x89PNG\r\n\x1a\n..."), true},
		"a PDF": {[]byte("%PDF-1.7"), true}, "HTML": {[]byte("<html>"), false}, "too large": {append([]byte("%PDF-"), bytes.Repeat([]byte("x"), 4<<20)...), false},
	} {
		if got := disputes.FileFits(c.content); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	d := disputes.Dispute{Amount: money.New(1, "JPY"), WithdrawnMinor: 7, FeeMinor: 3}
	if d.Withdrawn() != money.New(7, "JPY") || d.Fee() != money.New(3, "JPY") {
		t.Errorf("%v, %v", d.Withdrawn(), d.Fee())
	}
}
