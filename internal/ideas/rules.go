package ideas

import (
	"slices"
	"time"

	"relais/internal/doubts"
	"relais/internal/fault"
	"relais/internal/prose"
)

// Event is what moves an idea.
type Event string

// The events.
const (
	Enough  Event = "enough"  // as many support it as its brand asked for
	TimeUp  Event = "time_up" // the last of its days is over
	TakeOff Event = "take_off"
	Unite   Event = "unite"
	Reply   Event = "reply"
	Begin   Event = "begin" // the piece is launched
	Make    Event = "make"
)

// Next is the state that an event leads to. ErrOver where it leads nowhere from there.
func Next(from State, e Event) (State, error) {
	type move struct {
		State
		Event
	}
	to, ok := map[move]State{
		{Open, Enough}: Reached, {Open, TimeUp}: Expired, {Open, TakeOff}: Withdrawn, {Open, Unite}: Merged,
		{Reached, Reply}: Answered, {Open, Begin}: Answered, {Reached, Begin}: Answered,
		{Open, Make}: Made, {Reached, Make}: Made, {Expired, Make}: Made, {Answered, Make}: Made, {Made, Make}: Made,
	}[move{from, e}]
	if !ok {
		return from, ErrOver
	}
	return to, nil
}

// Shown says whether everybody may read it, as far as the platform is concerned.
func (i Idea) Shown() bool { return i.HiddenWhy == "" }

// OpenAt says whether it can be withdrawn or merged, or support for it taken back, at that time: nothing waits for the sweep that ends it.
func (i Idea) OpenAt(now time.Time) bool {
	return i.State == Open && i.Shown() && now.Before(i.ClosesAt)
}

// Supportable says whether it can be supported at that time: while it is open, and until its brand has answered.
func (i Idea) Supportable(now time.Time) bool {
	return i.OpenAt(now) || i.State == Reached && i.Shown()
}

// Takes says whether another idea of its brand can be merged into it at that time: one that waits for its answer always; one that is open only where it
// needs no more people than was promised to who supports the other. It is open as long as the longer of both from then on.
func (i Idea) Takes(from Idea, now time.Time) bool {
	return i.Supportable(now) && (i.State == Reached || i.Threshold <= from.Threshold)
}

// Late says whether its brand should have answered before that time, and has not.
func (i Idea) Late(now time.Time) bool {
	return i.State == Reached && i.Shown() && !now.Before(*i.AnswerBy)
}

// Missing is how many more it needs.
func (i Idea) Missing() int { return max(0, i.Threshold-i.Supporters) }

// Part is how far it is on its way, in whole per cent up to 100, rounded down.
func (i Idea) Part() int { return min(100, 100*i.Supporters/i.Threshold) }

// Due is what time makes due.
type Due string

// What can be due.
const (
	Nothing Due = ""
	End     Due = "end"    // it expires
	Remind  Due = "remind" // the brand has three days left
	Warn    Due = "warn"   // it has none left
)

// Due says what is to be done about an idea at that time. What the platform hid is not asked for any more.
func (i Idea) Due(now time.Time) Due {
	switch {
	case i.State == Open && !now.Before(i.ClosesAt):
		return End
	case i.Late(now) && i.OverdueAt == nil:
		return Warn
	case i.State == Reached && i.Shown() && now.Before(*i.AnswerBy) && i.RemindedAt == nil && !now.Before(i.AnswerBy.Add(-RemindBefore)):
		return Remind
	}
	return Nothing
}

// Supporter is what decides whether a member may support an idea.
type Supporter struct {
	Author    bool      `db:"author"`
	Team      bool      `db:"team"`      // on that of the brand
	Confirmed bool      `db:"confirmed"` // the address is, and the account is not blocked
	Since     time.Time `db:"since"`     // of the account, real time
	doubts.Facts
}

// May is nil for who may support; else why not. The clock is real time.
func (s Supporter) May(clock time.Time) error {
	switch {
	case !s.Confirmed:
		return ErrUnverified
	case s.Author:
		return ErrYours
	case s.Team:
		return ErrTeam
	case !s.Bought && clock.Sub(s.Since) < MinAge:
		return ErrNew
	}
	return nil
}

// Check refuses what a brand cannot set: faults on the fields threshold, days and answer_days.
func (s Settings) Check() error {
	within := func(field string, n, least, most int) error {
		if n < least || n > most {
			return fault.Field(field, "fault.ideas."+field).Arg("Least", least).Arg("Most", most)
		}
		return nil
	}
	return fault.Merge(within("threshold", s.Threshold, MinThreshold, MaxThreshold), within("days", s.Days, MinDays, MaxDays),
		within("answer_days", s.AnswerDays, MinAnswerDays, MaxAnswerDays))
}

// Clean is the draft as it is kept. Faults on the fields title, text and photos.
func (d Draft) Clean() (Draft, error) {
	var wrong [3]error
	d.Title, wrong[0] = prose.Words("title", prose.Line(d.Title), MaxTitle, false)
	d.Text, wrong[1] = prose.Words("text", d.Text, MaxText, false)
	if len(d.Photos) > MaxPhotos {
		wrong[2] = fault.Field("photos", "fault.rating_photos").Arg("Most", MaxPhotos)
	}
	return d, fault.Merge(wrong[:]...)
}

// Moment is an entry of the thread of an idea. What is one of the kinds below, or that of a step.
type Moment struct {
	What string
	At   time.Time
	Step Step // of a step
	From Ref  // of one that was merged into it
}

// Ref names another idea.
type Ref struct {
	ID    int64     `db:"id"`
	Title string    `db:"title"`
	At    time.Time `db:"at"`
}

// Path is the address of its page.
func (r Ref) Path() string { return pathOf(r.ID, r.Title) }

// Thread is what happened to an idea until now, in the order of time: its states, its brand's being late, the ideas merged into it, and what stems from it.
func Thread(i Idea, merged []Ref, steps []Step, now time.Time) []Moment {
	list := []Moment{{What: "proposed", At: i.ProposedAt}}
	add := func(what string, at *time.Time) {
		if at != nil {
			list = append(list, Moment{What: what, At: *at})
		}
	}
	for _, m := range merged {
		list = append(list, Moment{What: "joined", At: m.At, From: m})
	}
	add("reached", i.ReachedAt)
	if i.AnswerBy != nil && (i.Late(now) || i.AnsweredAt != nil && !i.AnsweredAt.Before(*i.AnswerBy) || i.AnsweredAt == nil && i.MadeAt != nil && !i.MadeAt.Before(*i.AnswerBy)) {
		add("late", i.AnswerBy)
	}
	add("answered_"+string(i.Answer), i.AnsweredAt)
	for _, s := range steps {
		list = append(list, Moment{What: string(s.Kind), At: s.At, Step: s})
	}
	if i.State == Made { // though it had found too few
		add(string(Expired), i.EndedAt)
	} else {
		add(string(i.State), i.EndedAt)
	}
	slices.SortStableFunc(list, func(a, b Moment) int { return a.At.Compare(b.At) })
	return list
}

// Changed says whether its brand made or launched it though it had said no, or not now.
func (i Idea) Changed(steps []Step) bool {
	return i.AnsweredAt != nil && i.Answer != Yes && slices.ContainsFunc(steps, func(s Step) bool { return s.Kind != Poll && s.At.After(*i.AnsweredAt) })
}

// Erasable says whether its author may have its words erased: when it is over and nothing came of it.
func (i Idea) Erasable() bool {
	return (i.State == Withdrawn || i.State == Expired) && i.ErasedAt == nil
}
