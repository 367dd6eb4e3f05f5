package polls

import (
	"cmp"
	"slices"
	"strconv"

	"relais/internal/fault"
)

// Range is the lowest and the highest price that a combination of options leads to, in minor units.
func Range(base int64, questions []Question) (low, high int64) {
	low, high = base, base
	for _, q := range questions {
		by := func(a, b Option) int { return cmp.Compare(a.EffectMinor, b.EffectMinor) }
		if len(q.Options) > 0 {
			low += slices.MinFunc(q.Options, by).EffectMinor
			high += slices.MaxFunc(q.Options, by).EffectMinor
		}
	}
	return low, high
}

// Priced refuses prices below the floor, or above MaxPrice, for any combination. The floor is above zero. ErrFloor, ErrHighest.
func Priced(base, floor int64, questions []Question) error {
	low, high := Range(base, questions)
	var wrong []error
	if floor < 1 || low < floor {
		wrong = append(wrong, ErrFloor)
	}
	if high > MaxPrice {
		wrong = append(wrong, ErrHighest)
	}
	return fault.Merge(wrong...)
}

// PriceOf is what the piece costs with those options, in minor units.
func PriceOf(base int64, picked []Option) int64 {
	for _, o := range picked {
		base += o.EffectMinor
	}
	return base
}

// Against says how a price is to what was decided, which goes from low to high: "as" decided, "less" or "more". Minor units.
func Against(price, low, high int64) string {
	switch {
	case price < low:
		return "less"
	case price > high:
		return "more"
	}
	return "as"
}

// Pick finds the options that were chosen, one of each question in their order; 0 stands for none. A question without one is a fault of its field "q.N", counted from 0.
func Pick(questions []Question, choice []int64) ([]Option, error) {
	var wrong []error
	var picked []Option
	for i, q := range questions {
		at := -1
		if i < len(choice) {
			at = slices.IndexFunc(q.Options, func(o Option) bool { return o.ID == choice[i] })
		}
		if at < 0 {
			wrong = append(wrong, fault.Field("q."+strconv.Itoa(i), "fault.polls.choice"))
			continue
		}
		picked = append(picked, q.Options[at])
	}
	return picked, fault.Merge(wrong...)
}

// Shows says whether somebody may read how the votes stand: who has voted, and everybody once it is over.
func Shows(s State, voted bool) bool { return s != Drafted && (s != Open || voted) }

// Tally is how many voted for an option.
type Tally struct{ OptionID, Votes int64 }

// Decide says which options are made of those of one question, which are in the order in which they were asked: the one with the most votes; the
// first two where they are level, or where the lead is smaller than so many per cent of the ballots. Of more that are level, those that were asked
// first. An option without a vote is never made.
func Decide(options []Tally, marginPct int64) []int64 {
	sorted := slices.Clone(options)
	slices.SortStableFunc(sorted, func(a, b Tally) int { return cmp.Compare(b.Votes, a.Votes) })
	var all int64
	for _, o := range options {
		all += o.Votes
	}
	switch {
	case all == 0:
		return nil
	case len(sorted) > 1 && sorted[1].Votes > 0:
		lead := sorted[0].Votes - sorted[1].Votes
		if lead == 0 || lead*100 < marginPct*all {
			return []int64{sorted[0].OptionID, sorted[1].OptionID}
		}
	}
	return []int64{sorted[0].OptionID}
}
