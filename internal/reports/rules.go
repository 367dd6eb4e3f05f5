package reports

import (
	"slices"
	"unicode/utf8"

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
	c.Text, err = words("text", c.Text, c.BrandID == 0 && c.Reason != "other")
	return c, fault.Merge(wrong, err)
}

// words trims a text and refuses what is empty (unless it may be), too long or cannot be shown: field is where the fault goes.
func words(field, text string, optional bool) (string, error) {
	text = prose.Lines(text)
	switch {
	case text == "" && !optional:
		return "", fault.Field(field, "fault.required")
	case utf8.RuneCountInString(text) > MaxText:
		return "", fault.Field(field, "relay.text_too_long")
	case !prose.Readable(text):
		return "", fault.Field(field, "relay.text_not_readable")
	}
	return text, nil
}
