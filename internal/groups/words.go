package groups

import (
	"strings"
	"unicode/utf8"

	"relais/internal/fault"
)

// Faults of this package. ErrGone is what whoever may not know of something gets, whatever the reason.
var (
	ErrGone           = fault.New(fault.NotFound, "fault.group_gone")
	ErrReportYourself = fault.New(fault.Invalid, "fault.group_report_yourself")
)

const maxReport = 2000

// words cleans a text of several lines and checks its length.
func words(field, text string, most int, required bool) (string, error) {
	text = strings.TrimSpace(strings.ReplaceAll(printable(text), "\r\n", "\n"))
	switch {
	case text == "" && required:
		return "", fault.Field(field, "fault.required")
	case utf8.RuneCountInString(text) > most:
		return "", fault.Field(field, "fault.text_long").Arg("Max", most)
	}
	return text, nil
}

// printable drops control characters, invalid bytes and the marks that turn the direction of text around.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r < ' ', r == utf8.RuneError, r >= 0x7f && r < 0xa0:
			return -1
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff:
			return -1
		}
		return r
	}, s)
}
