package prose_test

import (
	"errors"
	"testing"

	"relais/internal/fault"
	"relais/internal/prose"
)

func TestWhatIsKept(t *testing.T) {
	for _, tt := range []struct {
		in, lines, line string
		readable        bool
	}{
		{"  a\r\nb\rc\u2028d ", "a\nb\nc\nd", "a b c d", false},
		{"a\tb", "a\tb", "a b", true},
		{"a\x00b", "a\x00b", "ab", false},
		{"\u202egnp.exe", "\u202egnp.exe", "gnp.exe", false},
		{"\u2066x\u2069\u200f", "\u2066x\u2069\u200f", "x", false},
		{"\ufeffélan", "\ufeffélan", "élan", true},
		{"a\xffb", "a\xffb", "ab", false},
		{"سلام 👋🏽", "سلام 👋🏽", "سلام 👋🏽", true},
	} {
		if got := prose.Lines(tt.in); got != tt.lines {
			t.Errorf("Lines(%q) = %q", tt.in, got)
		}
		if got := prose.Line(tt.in); got != tt.line {
			t.Errorf("Line(%q) = %q", tt.in, got)
		}
		if got := prose.Readable(tt.in); got != tt.readable {
			t.Errorf("Readable(%q) = %v", tt.in, got)
		}
	}
}

// What a field says is kept as it is, or refused with the reason at the field.
func TestWords(t *testing.T) {
	for in, want := range map[string]struct {
		optional   bool
		kept, says string
	}{
		" a\r\nb ": {kept: "a\nb"},
		"élan":     {kept: "élan"},
		"élans":    {says: "relay.text_too_long"},
		"a\x00b":   {says: "relay.text_not_readable"},
		" \n":      {says: "fault.required"},
		"":         {optional: true},
	} {
		got, err := prose.Words("why", in, 4, want.optional)
		var wrong *fault.Error
		if errors.As(err, &wrong) != (want.says != "") || got != want.kept || wrong != nil && wrong.Fields["why"] != want.says {
			t.Errorf("Words(%q) = %q, %v", in, got, err)
		}
	}
}

func FuzzPrintableIsReadable(f *testing.F) {
	f.Add("a\x00\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if got := prose.Printable(s); !prose.Readable(got) {
			t.Errorf("%q of %q", got, s)
		}
	})
}
