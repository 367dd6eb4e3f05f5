// Package tally says how a campaign stands, group order or launch, as pages show it: its stage, its ladder of prices, how long it still runs, and
// the panel of a launch that the page of its product and the lists of launches have.
package tally

import (
	"time"

	"relais/internal/catalog/steps"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/pledges"
	"relais/internal/pledges/late"
)

// Stages of a campaign, as pages tell of it: how it stands, and one that nothing has to be done for.
const (
	Open    = string(pledges.Open)
	Closing = "closing" // its deadline has come, and nobody has counted yet
)

// Stage is that of a campaign.
func Stage(c pledges.Campaign, now time.Time) string {
	if c.State == pledges.Open && !c.Joinable(now) {
		return Closing
	}
	return string(c.Standing())
}

// Words are where the words about a campaign begin: those of group orders, or of launches.
func Words(c pledges.Campaign) string {
	if c.IsLaunch() {
		return "launches."
	}
	return "together."
}

// Rung is a step as the ladder of prices shows it. People are pieces, of a launch.
type Rung struct {
	steps.Step
	Price   money.Amount // with it
	Earn    money.Amount // the commission on that
	All     money.Amount // of as many pieces as people
	Reached bool
	Next    bool // the one to reach next
	Missing int  // people to it
}

// Ladder is the steps with a price at each, where so many people are in. One that is over leads to no next step.
func Ladder(c pledges.Campaign, people int, priceAt func(lessBps int64) money.Amount) []Rung {
	next, more := c.Steps.Next(people)
	more = more && c.State == pledges.Open
	var list []Rung
	for _, step := range c.Steps {
		list = append(list, Rung{Step: step, Price: priceAt(step.LessBps), Reached: step.People <= people, Next: more && step == next, Missing: max(0, step.People-people)})
	}
	return list
}

// Left says how long it is until a moment: in days, on the last day in hours, then in minutes.
func Left(l i18n.Lang, now, until time.Time) string {
	switch left := until.Sub(now); {
	case left >= 24*time.Hour:
		return l.Relative(now, until)
	case left >= 2*time.Hour:
		return l.T("together.left.hours", "Count", int(left/time.Hour))
	default:
		return l.T("together.left.minutes", "Count", max(1, int(left/time.Minute)))
	}
}

// Launch is a launch as a panel shows it.
type Launch struct {
	pledges.View
	Stage  string
	Left   string // until the deadline
	Ladder []Rung // its goal first
	Free   int    // pieces that are left to promise; below 0: no end
	Full   bool   // all that can be made is promised
	Late   int    // months, the one that runs included; 0: it is not late

	Moved *late.Move // how its month was moved; nil: it was not
}

// OfLaunch is the panel of a launch, and moved how its month was moved, nil for one that was not.
func OfLaunch(l i18n.Lang, v pledges.View, moved *late.Move, now time.Time) Launch {
	return Launch{Moved: moved, View: v, Stage: Stage(v.Campaign, now), Left: Left(l, now, v.Deadline), Ladder: Ladder(v.Campaign, v.Now, v.PriceAt), Free: v.Left(), Full: v.Left() == 0, Late: late.Months(v.Campaign, now)}
}
