package reports_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"relais/internal/fault"
	"relais/internal/prose"
	"relais/internal/reports"
)

var reasons = []string{"insult", "other"}

// Each field that is wrong is said; what is not is kept without blanks around it.
func TestCheck(t *testing.T) {
	long := strings.Repeat("é", reports.MaxText)
	for name, tt := range map[string]struct {
		in           reports.Complaint
		reason, text string // keys of what is wrong
		kept         string
	}{
		"a reason":                   {in: reports.Complaint{Reason: "insult"}},
		"a reason, with words":       {in: reports.Complaint{Reason: "insult", Text: " Ligne 3\r\n"}, kept: "Ligne 3"},
		"as much as there may be":    {in: reports.Complaint{Reason: "insult", Text: long}, kept: long},
		"too much":                   {in: reports.Complaint{Reason: "insult", Text: long + "é"}, text: "relay.text_too_long"},
		"what cannot be shown":       {in: reports.Complaint{Reason: "insult", Text: "a\x00b"}, text: "relay.text_not_readable"},
		"another reason":             {in: reports.Complaint{Reason: "other", Text: "Copié."}, kept: "Copié."},
		"another reason, no words":   {in: reports.Complaint{Reason: "other", Text: " \n"}, text: "fault.required"},
		"no reason":                  {in: reports.Complaint{Text: "Regardez."}, reason: "fault.required"},
		"one that is not offered":    {in: reports.Complaint{Reason: reports.Edited}, reason: "fault.required"},
		"a brand, without words":     {in: reports.Complaint{BrandID: 1, Reason: "insult"}, text: "fault.required"},
		"a brand says why":           {in: reports.Complaint{BrandID: 1, Reason: "insult", Text: "Faux."}, kept: "Faux."},
		"a brand, with nothing said": {in: reports.Complaint{BrandID: 1}, reason: "fault.required", text: "fault.required"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tt.in.Check(reasons)
			if tt.reason == "" && tt.text == "" {
				if err != nil || got.Text != tt.kept {
					t.Errorf("%q, %v", got.Text, err)
				}
				return
			}
			var wrong *fault.Error
			if !errors.As(err, &wrong) || wrong.Fields["reason"] != tt.reason || wrong.Fields["text"] != tt.text {
				t.Errorf("%v", err)
			}
		})
	}
}

// What is kept can be shown, is short enough, and is kept the same a second time.
func FuzzCheck(f *testing.F) {
	f.Add(" a\r\nb ", "other", int64(0))
	f.Add("\u202egnp", "insult", int64(3))
	f.Fuzz(func(t *testing.T, text, reason string, brand int64) {
		got, err := reports.Complaint{BrandID: brand, Reason: reason, Text: text}.Check(reasons)
		if err != nil {
			return
		}
		if !prose.Readable(got.Text) || utf8.RuneCountInString(got.Text) > reports.MaxText || (brand != 0 || reason == "other") && got.Text == "" {
			t.Errorf("kept %q", got.Text)
		}
		if again, err := got.Check(reasons); err != nil || again != got {
			t.Errorf("%+v, %v; then %+v", got, err, again)
		}
	})
}
