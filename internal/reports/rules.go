package reports

import (
	"slices"

	"relais/internal/fault"
	"relais/internal/prose"
)

// Check is a complaint as it is kept, of which reasons are those that may be given. Whoever reports for a brand says more than the reason, and so does
// whoever has another one. Faults of the fields reason and text, together.
func (c Complaint) Check(reasons []string) (Complaint, error) {
	var wrong, err error
	if !slices.Contains(reasons, c.Reason) {
		wrong = fault.Field("reason", "fault.required")
	}
	c.Text, err = prose.Words("text", c.Text, MaxText, c.BrandID == 0 && c.Reason != "other")
	return c, fault.Merge(wrong, err)
}
