// Package prose says what of that which people type is kept: it can be read, it cannot turn the direction of what stands beside it, and it has
// one kind of line break. How long it may be is of whoever keeps the text.
package prose

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"relais/internal/fault"
)

// Lines is a text without blanks around it, with one kind of line break.
func Lines(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s))
}

// Readable says whether all of a text can be shown: valid, without control characters but line breaks and tabs, and without the marks that
// turn the direction of reading, which disguise addresses.
func Readable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return hidden(r) && r != '\n' && r != '\t' })
}

// Printable is what of a text can be shown, its line breaks and tabs kept.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r == '\ufeff' || hidden(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// Line is what of a text can be shown, in one line with single blanks.
func Line(s string) string { return strings.Join(strings.Fields(Printable(Lines(s))), " ") }

// Words is a text as it is kept of a field of a form: Lines of it, of so many characters at most. Faults of the field: it is empty and not optional, too
// long, or not Readable.
func Words(field, text string, most int, optional bool) (string, error) {
	text = Lines(text)
	switch {
	case text == "" && !optional:
		return "", fault.Field(field, "fault.required")
	case utf8.RuneCountInString(text) > most:
		return "", fault.Field(field, "relay.text_too_long")
	case !Readable(text):
		return "", fault.Field(field, "relay.text_not_readable")
	}
	return text, nil
}

func hidden(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
