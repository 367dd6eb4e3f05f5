package questions

import (
	"time"

	"relais/internal/fault"
	"relais/internal/posts"
	"relais/internal/prose"
	"relais/internal/ratings"
	"relais/internal/reports"
	"relais/internal/waits"
)

// Act is what somebody wants to do.
type Act string

// The acts. Edit and Delete are of a question or an answer, Mark and Pin of an answer.
const (
	Ask       Act = "ask"
	AnswerIt  Act = "answer"
	Edit      Act = "edit"
	Delete    Act = "delete"
	Mark      Act = "mark"
	Pin       Act = "pin"
	ReportAct Act = "report"
)

// Acts lists them.
func Acts() []Act { return []Act{Ask, AnswerIt, Edit, Delete, Mark, Pin, ReportAct} }

// Standing is all that decides what somebody may do about a product, a question or an answer.
type Standing struct {
	Viewer    int64 // 0: a guest
	Confirmed bool  // their address, and they are not blocked
	Team      bool  // of the product's brand
	Designer  bool  // the product is a design of theirs that they publish
	Bought    bool  // received the product and kept it
	Own       bool  // wrote what it is about; of a brand's answer: is on the team
	Shown     bool  // what it is about is seen; of asking: the product is
	Hidden    bool  // it is an answer that the platform hides, under a question that is seen
	Written   time.Time
	Now       time.Time
}

// May says why somebody may not do that; nil: they may.
func May(a Act, s Standing) error {
	switch {
	case s.Hidden && a == Edit && s.Own && s.Confirmed:
		return nil // at any time: it stays hidden, and the platform looks again
	case !s.Shown:
		return ErrGone
	case a == ReportAct && s.Own:
		return reports.ErrYourOwn
	case a == ReportAct:
		return nil // guests too
	case s.Viewer == 0:
		return ErrSignIn
	case !s.Confirmed:
		return ErrUnconfirmed
	}
	switch a {
	case AnswerIt:
		if !s.Team && !s.Designer && !s.Bought {
			return ErrNotBuyer
		}
	case Edit, Delete:
		if !s.Own {
			return ErrNotYours
		}
		if a == Edit && s.Now.Sub(s.Written) > EditMinutes*time.Minute {
			return ErrTooLate
		}
	case Mark:
		if s.Own {
			return ErrOwnMark
		}
	case Pin:
		if !s.Team {
			return ErrNotYours
		}
	}
	return nil
}

// The clock of a brand: of how many questions it needs, and after how many days one without an answer counts as left.
const (
	fewest   = 3
	leftDays = 7
)

const day = 24 * time.Hour

// Usually is within how many days a brand answers three questions of four; ok is false where too little is known, or where it leaves too many
// without an answer. One that waits for less than a week counts neither way.
func Usually(all []waits.Wait) (days int, ok bool) {
	within, ok := waits.Usually(all, fewest, leftDays*day)
	if !ok {
		return 0, false
	}
	return max(1, int((within+day-1)/day)), true
}

// words checks a text of a field: readable, at most so many characters, and not empty unless it may be.
func words(field, text string, most int, optional bool) (string, error) {
	return prose.Words(field, posts.Clean(text), most, optional)
}

// Tidy checks what a question says; faults of both fields, title and details, together.
func Tidy(title, details string) (string, string, error) {
	title, wrong := words("title", prose.Line(title), MaxTitle, false)
	details, err := words("details", details, MaxDetails, true)
	return title, details, fault.Merge(wrong, err)
}

// shownName is the first name with the initial of the last one: nobody has to stand with their whole name for what they bought.
func shownName(name string) string { return ratings.ShownName(name) }
