package groups

import (
	"strings"
	"unicode/utf8"

	"relais/internal/fault"
	"relais/internal/prose"
	"relais/internal/token"
)

// Faults of this package. ErrGone is what whoever may not know of something gets, whatever the reason.
var (
	ErrGone           = fault.New(fault.NotFound, "fault.group_gone")
	ErrInvitation     = fault.New(fault.NotFound, "fault.group_invitation")
	ErrMembersOnly    = fault.New(fault.Forbidden, "fault.group_members_only")
	ErrModerators     = fault.New(fault.Forbidden, "fault.group_moderators_only")
	ErrOwnerOnly      = fault.New(fault.Forbidden, "fault.group_owner_only")
	ErrClosed         = fault.New(fault.Conflict, "fault.group_closed")
	ErrRank           = fault.New(fault.Conflict, "fault.group_rank")
	ErrBanned         = fault.New(fault.Forbidden, "fault.group_banned")
	ErrOwnerStays     = fault.New(fault.Conflict, "fault.group_owner_stays")
	ErrDecided        = fault.New(fault.Conflict, "fault.group_decided")
	ErrMany           = fault.New(fault.Conflict, "fault.group_many")
	ErrManyIn         = fault.New(fault.Conflict, "fault.group_many_in")
	ErrAskedOften     = fault.New(fault.TooMany, "fault.group_asked_often")
	ErrReportYourself = fault.New(fault.Invalid, "fault.group_report_yourself")
)

// Lengths, in characters, and other limits.
const (
	MaxName        = 80
	MaxDescription = 2000
	MaxRules       = 4000
	MaxAsk         = 500
	MaxWhy         = 2000
	maxReport      = 2000
	maxOwned       = 50  // circles that one member owns at a time
	maxIn          = 500 // circles that one member is in or waits for, by their own doing
	maxLive        = 20  // invitations by link of one member that are good at a time, in one circle
	MaxAddresses   = 20  // at a time
	maxAsksADay    = 3   // of one member, to join one circle
	maxMailsADay   = 60  // of one member, for all circles
)

// words cleans a text of several lines and checks its length.
func words(field, text string, most int, required bool) (string, error) {
	text = prose.Lines(prose.Printable(text))
	switch {
	case text == "" && required:
		return "", fault.Field(field, "fault.required")
	case utf8.RuneCountInString(text) > most:
		return "", fault.Field(field, "fault.group_long")
	}
	return text, nil
}

// line cleans a text of one line.
func line(field, text string, most int) (string, error) {
	return words(field, strings.Join(strings.Fields(text), " "), most, true)
}

// RulesMark names the rules as they are now: who joins agrees to the ones that they were shown.
func RulesMark(g Group) string { return token.Hash(g.Rules)[:16] }

// Accepted is somebody's word on the rules.
type Accepted struct {
	Yes  bool
	Mark string // RulesMark of what they were shown
}

// agrees says whether somebody agrees to the rules as they are; a circle without rules asks for nothing.
func (a Accepted) agrees(g Group) error {
	switch {
	case g.Rules == "":
		return nil
	case !a.Yes:
		return fault.Field("accept", "fault.group_accept")
	case a.Mark != RulesMark(g):
		return fault.Field("accept", "fault.group_rules_changed")
	}
	return nil
}
