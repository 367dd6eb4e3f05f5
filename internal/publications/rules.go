package publications

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lib/pq"

	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/prose"
	"relais/internal/royalties"
)

// Event is what happens to a publication.
type Event string

// The events; each is a kind of publication_moves.
const (
	Ask            Event = "asked"
	List           Event = "listed"
	Refuse         Event = "refused"
	AskRevision    Event = "revision_asked"
	ListRevision   Event = "revision_listed"
	RefuseRevision Event = "revision_refused"
	LeaveRevision  Event = "revision_left"
	Leave          Event = "left"
	TakeDown       Event = "taken_down"
)

// Next is where an event leads. ErrOver where it cannot happen.
func Next(from State, e Event) (State, error) {
	switch {
	case e == TakeDown && from != TakenDown:
		return TakenDown, nil
	case e == List && from == Asked:
		return Listed, nil
	case e == Refuse && from == Asked:
		return Refused, nil
	case e == Leave && (from == Asked || from == Listed):
		return Left, nil
	case (e == AskRevision || e == ListRevision || e == RefuseRevision || e == LeaveRevision) && from == Listed:
		return Listed, nil
	}
	return from, ErrOver
}

// Room is what an author may ask at most, in basis points: what the terms allow all authors together, less the royalties of those whose designs it varies.
func Room(termsBps int64, before ...int64) int64 {
	left := min(termsBps, MaxRoyalty)
	for _, bps := range before {
		left -= bps
	}
	return max(0, left)
}

// allowed is ErrShares where publications ask more together than terms allow, in basis points.
func allowed(termsBps int64, list []Publication) error {
	var rs []royalties.Royalty
	for _, p := range list {
		rs = append(rs, royalties.Of(earnings.Royalty, p.RoyaltyBps))
	}
	if err := royalties.Allowed(catalog.Terms{RoyaltyBps: termsBps}, rs); err != nil {
		return ErrShares.Because(err)
	}
	return nil
}

// checked tidies a draft, and says what is wrong with it, by field; most is what its royalty may be, in basis points.
func (d Draft) checked(most int64) (Draft, error) {
	var title, note, royalty, rights error
	d.Title, title = prose.Words("title", prose.Line(d.Title), MaxTitle, false)
	d.Note, note = prose.Words("note", d.Note, MaxNote, true)
	if d.RoyaltyBps < 0 || d.RoyaltyBps > most {
		royalty = fault.Field("royalty", "fault.publications.royalty").Arg("Most", Percent(most))
	}
	if !d.Rights {
		rights = fault.Field("rights", "fault.publications.rights")
	}
	return d, fault.Merge(royalty, title, note, rights)
}

// Percent writes basis points as people type them, "2.5".
func Percent(bps int64) string {
	whole := strconv.FormatInt(bps/100, 10)
	if bps%100 == 0 {
		return whole
	}
	return strings.TrimRight(whole+"."+fmt.Sprintf("%02d", bps%100), "0")
}

// check says what is wrong with settings, by field.
func (s Settings) check() error {
	if s.Stock < 1 || s.Stock > MaxStock {
		return fault.Field("stock", "fault.publications.stock").Arg("Most", MaxStock)
	}
	return nil
}

// redrawn are the photographs of a product whose design has another revision: those that were drawn of it make place for the new ones, and what the brand added
// stays behind them.
func redrawn(have, drawn, fresh []int64) []int64 {
	out := slices.Clone(fresh)
	for _, id := range have {
		if !slices.Contains(drawn, id) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// int64s is a list for a column that is never null.
func int64s(list []int64) pq.Int64Array {
	if list == nil {
		return pq.Int64Array{}
	}
	return list
}
