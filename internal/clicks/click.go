// Package clicks is about visits through share links: who is a person, what is kept of a visit, and that nothing that was answered is
// ever lost.
//
// Only people count. Bots, previews, prefetches and HEAD requests get their answer and leave nothing behind; what is loaded inside
// another page (a hidden image or frame) is kept as not eligible. A visitor counts once an hour for a link: further clicks are kept as
// repeats. What a visitor is known by is a keyed hash of address, browser and day, which cannot be joined over two days, and, once they
// agreed, the value of their cookie.
//
// A click is durable before the visitor is answered: committed together with those who come at the same moment (recorder) or, while
// Postgres does not take it, in a file on disk that follows once and in order (spool).
//
// The table has a part for each month, made ahead by a daily job and dropped when it is older than the retention (months); what has no
// part of its own lies in a common one. Figures are not counted from it: each statement that inserts clicks leaves its sums by link and
// day in the same commit, and a worker adds them up where they stay (rollup).
package clicks

import "time"

// Reason says why a click does not count. "referral.reason." + Reason is the key of its sentence.
type Reason string

// Reasons of a request: the first four leave no click behind.
const (
	Counts   Reason = ""         // it counts
	Bot      Reason = "bot"      // a crawler or a program
	Preview  Reason = "preview"  // a messenger drawing the card of the link
	Prefetch Reason = "prefetch" // a browser loading ahead
	Head     Reason = "head"     // a request for the headers only
	Disabled Reason = "disabled" // the link was switched off
	Embedded Reason = "embedded" // loaded inside another page, not opened by a person
	Self     Reason = "self"     // the member's own click, or own order
	Repeat   Reason = "repeat"   // the same visitor within the hour
)

// RepeatAfter is how long a visitor's further clicks on the same link are repeats.
const RepeatAfter = time.Hour
