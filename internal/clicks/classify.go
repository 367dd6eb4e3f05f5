package clicks

import "strings"

// Request is what is known of a request for a share link: facts only, as the browser told them.
type Request struct {
	Method     string
	Agent      Agent
	SecDest    string // Sec-Fetch-Dest; empty where the browser does not send it
	SecMode    string // Sec-Fetch-Mode
	SecPurpose string // Sec-Purpose, or its older names Purpose, X-Purpose, X-Moz
	MemberID   int64  // signed in; 0: nobody
	OwnerID    int64  // the member whose link it is
	Off        bool   // the link is switched off
}

// Verdict is what is done about a request for a share link.
type Verdict struct {
	Reason Reason // Counts, or why it does not; whether it is a repeat is known only when it is recorded
	Keep   bool   // it is recorded as a click, eligible or not
	Card   bool   // the answer is the page with the card, not a redirect
}

// Classify judges a request for a link. Of several reasons the first in this order is given: preview, disabled, HEAD, prefetch,
// bot, embedded, self. What a browser does not tell is not held against it: Safari before 16.4 sends no Sec-Fetch headers.
func Classify(r Request) Verdict {
	switch {
	case r.Agent == Messenger && !r.Off:
		return Verdict{Reason: Preview, Card: true}
	case r.Off:
		return Verdict{Reason: Disabled}
	case r.Method != "GET":
		return Verdict{Reason: Head}
	case ahead(r.SecPurpose):
		return Verdict{Reason: Prefetch}
	case r.Agent != Person:
		return Verdict{Reason: Bot}
	case r.SecDest != "" && r.SecDest != "document" || r.SecMode != "" && r.SecMode != "navigate":
		return Verdict{Reason: Embedded, Keep: true}
	case r.MemberID != 0 && r.MemberID == r.OwnerID:
		return Verdict{Reason: Self, Keep: true}
	}
	return Verdict{Reason: Counts, Keep: true}
}

// ahead says whether a browser loads a page before anybody asked for it.
func ahead(purpose string) bool {
	p := strings.ToLower(purpose)
	return strings.Contains(p, "prefetch") || strings.Contains(p, "prerender") || strings.Contains(p, "preview")
}
