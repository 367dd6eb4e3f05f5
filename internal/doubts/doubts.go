// Package doubts is why a vote or a support is counted apart: one person is to be one, whoever holds many accounts. It is one rule for ballots of polls and supports of ideas. What is in
// doubt is kept with its reason, which its member reads, and how many there are stands beside what counts.
package doubts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Doubt is why something is counted apart; empty: it counts.
type Doubt string

// The doubts.
const (
	NewAccount  Doubt = "new"     // the account is no older than what it is about, and bought nothing
	SameAddress Doubt = "address" // the same mailbox did so under another account
	SameNetwork Doubt = "network" // MaxNetwork others of one network did so within NetworkTime, or MostOfNetwork at any time
	IsBlocked   Doubt = "blocked" // the account is blocked
)

// Limits for those of one network who bought nothing.
const (
	MaxNetwork    = 8 // within NetworkTime
	NetworkTime   = time.Hour
	MostOfNetwork = 24 // of one poll or idea
)

// Facts is what is known of whoever votes or supports.
type Facts struct {
	New     bool // the account is no older than what it is about
	Bought  bool `db:"bought"`      // there is a paid order of theirs, of whatever brand, that was not paid back
	Twin    bool `db:"twin"`        // their mailbox did so under another account
	Network int  `db:"network"`     // others of the same network before them, within NetworkTime
	All     int  `db:"network_all"` // … at any time
}

// Of says why it is counted apart. Who has paid for something is a person, whatever their network and the age of their account.
func Of(f Facts) Doubt {
	switch {
	case f.Twin:
		return SameAddress
	case f.Bought:
		return ""
	case f.New:
		return NewAccount
	case f.Network >= MaxNetwork || f.All >= MostOfNetwork:
		return SameNetwork
	}
	return ""
}

// Bought is the condition that a member m has an order that is paid, and was not paid back.
const Bought = `exists (select 1 from orders o where (o.member_id = m.id or o.email_normal = m.email_normal) and o.state = 'paid')`

// Digest hides a network, differently for each poll or idea, which of names. Of no network it is empty.
func Digest(secret []byte, of, network string) string {
	if network == "" {
		return ""
	}
	h := hmac.New(sha256.New, secret)
	fmt.Fprintf(h, "%s:%s", of, network)
	return hex.EncodeToString(h.Sum(nil))[:32]
}
