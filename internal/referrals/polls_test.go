package referrals_test

import (
	"testing"

	"relais/internal/referrals"
)

// A link to a poll covers what the poll showed or shows, and nothing else.
func TestCoversOfAPoll(t *testing.T) {
	l := referrals.Line{ProductID: 3, BrandID: 2}
	for _, shown := range []bool{true, false} {
		c := referrals.Candidate{Rule: referrals.ByClick, Target: referrals.ToPoll, TargetPollID: 9, TargetBrandID: 2, TargetProductID: 3, Listed: true, Shown: shown}
		if got := referrals.Covers(c, l); got != shown {
			t.Errorf("shown %t: covered %t", shown, got)
		}
	}
}
