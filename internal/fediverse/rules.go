package fediverse

import (
	"slices"
	"strings"
	"time"

	"relais/internal/fediverse/wire"
)

// Delivery to a server that fails is tried again after a minute, then after twice as long each time, and given up after days.
const (
	firstPause = time.Minute
	mostPause  = 6 * time.Hour
	GiveUp     = 5 * 24 * time.Hour
)

// Pause is how long nothing is sent to a server that failed so often in a row.
func Pause(failures int) time.Duration {
	pause := firstPause
	for range failures - 1 {
		if pause *= 2; pause >= mostPause {
			return mostPause
		}
	}
	return pause
}

// Dead says whether a server that has failed since then is given up.
func Dead(failingSince, now time.Time) bool { return !now.Before(failingSince.Add(GiveUp)) }

// Result is how a delivery ended.
type Result string

// The results of one try.
const (
	Sent    Result = "sent"
	Refused Result = "refused" // for good: trying again would not help
	Again   Result = "waiting" // the server is in trouble
	Denied  Result = "denied"  // it does not know our key, or does not want us: tried again a few times
)

// mostDenials is how often a delivery is denied before it counts as refused.
const mostDenials = 4

// ResultOf judges the answer to a delivery; status 0: there was none.
func ResultOf(status int) Result {
	switch {
	case status >= 200 && status < 300:
		return Sent
	case status == 401 || status == 403:
		return Denied
	case status == 0 || status == 408 || status == 429 || status >= 500 && status != 501:
		return Again
	}
	return Refused // redirects too: an inbox does not move
}

// Changes are what differs between what is published and what should be.
type Changes struct {
	Publish  []Thing  // the oldest first
	Change   []Object // with the new words
	Withdraw []Object
}

// Plan compares what is published with what is wanted. Paths are of the first publication: a link once given away stays.
func Plan(published []Object, wanted []Thing) Changes {
	var c Changes
	known := make(map[string]Object, len(published))
	for _, o := range published {
		known[o.Ref] = o
	}
	for _, t := range wanted {
		o, ok := known[t.Ref]
		delete(known, t.Ref)
		t.Path, t.FeedPath = pick(o.Path, t.Path), pick(o.FeedPath, t.FeedPath)
		switch {
		case !ok:
			c.Publish = append(c.Publish, t)
		case !same(o.Thing, t):
			t.At = o.At
			o.Thing = t
			c.Change = append(c.Change, o)
		}
	}
	for _, o := range published {
		if _, ok := known[o.Ref]; ok {
			c.Withdraw = append(c.Withdraw, o)
		}
	}
	slices.SortStableFunc(c.Publish, func(a, b Thing) int { return a.At.Compare(b.At) })
	return c
}

func pick(known, otherwise string) string {
	if known != "" {
		return known
	}
	return otherwise
}

func same(a, b Thing) bool {
	return a.Lang == b.Lang && a.Title == b.Title && a.Body == b.Body && a.MediaHash == b.MediaHash && a.MediaAlt == b.MediaAlt &&
		a.Earner == b.Earner && slices.Equal(a.Tags, b.Tags)
}

// Deed is what an activity does here.
type Deed string

// The deeds. Everything else that may come is ignored.
const (
	Ignore   Deed = ""
	Follow   Deed = "follow"
	Unfollow Deed = "unfollow"
	Like     Deed = "like"
	Boost    Deed = "announce"
	Undo     Deed = "undo"    // of something known by its address only
	Unlike   Deed = "unlike"  // of a like or a boost
	Block    Deed = "block"   // they want nothing of one of ours
	Accept   Deed = "accept"  // of our request to follow
	Reject   Deed = "reject"  // of it, at once or later
	Keep     Deed = "keep"    // a post
	Change   Deed = "change"  // a post that is kept
	Forget   Deed = "forget"  // a post
	Refresh  Deed = "refresh" // the actor changed
	Vanish   Deed = "vanish"  // the actor is gone
)

// Effect is what an activity does, to whom.
type Effect struct {
	Deed  Deed
	Actor int64  // of ours
	Note  int64  // of ours
	URI   string // of what is undone, answered or forgotten
	Post  *wire.Note
}

// Judge says what an activity does here, whose signature is its actor's. Nobody speaks for another: what an activity says of somebody
// else's follows, posts or profile is ignored.
func Judge(a wire.Activity, site wire.Site, rules wire.Rules) Effect {
	o := a.Object
	switch a.Type {
	case "Follow":
		return ofActor(Follow, o.ID, site)
	case "Block":
		return ofActor(Block, o.ID, site)
	case "Like", "Announce":
		if note := site.NoteID(o.ID); note != 0 {
			return Effect{Deed: map[string]Deed{"Like": Like, "Announce": Boost}[a.Type], Note: note}
		}
	case "Undo":
		return judgeUndo(a, site)
	case "Accept", "Reject":
		return judgeAnswer(a, site)
	case "Create":
		if o.Note != nil && keeps(a, *o.Note, rules) {
			return Effect{Deed: Keep, Post: o.Note, URI: o.ID}
		}
	case "Update":
		switch {
		case o.ID == a.Actor:
			return Effect{Deed: Refresh}
		case o.Note != nil && keeps(a, *o.Note, rules):
			return Effect{Deed: Change, Post: o.Note, URI: o.ID}
		}
	case "Delete":
		switch {
		case o.ID == a.Actor:
			return Effect{Deed: Vanish}
		case rules.HostOf(o.ID) != "" && rules.HostOf(o.ID) == rules.HostOf(a.Actor):
			return Effect{Deed: Forget, URI: o.ID}
		}
	}
	return Effect{}
}

func ofActor(d Deed, uri string, site wire.Site) Effect {
	if id := site.ActorID(uri); id != 0 {
		return Effect{Deed: d, Actor: id}
	}
	return Effect{}
}

// judgeUndo: what is undone was done by the same actor.
func judgeUndo(a wire.Activity, site wire.Site) Effect {
	o := a.Object
	if o.Actor != "" && o.Actor != a.Actor {
		return Effect{}
	}
	switch o.Type {
	case "":
		return Effect{Deed: Undo, URI: o.ID}
	case "Follow":
		return ofActor(Unfollow, o.Object, site)
	case "Like", "Announce":
		if note := site.NoteID(o.Object); note != 0 {
			return Effect{Deed: Unlike, Note: note, URI: map[string]string{"Like": string(Like), "Announce": string(Boost)}[o.Type]}
		}
	}
	return Effect{}
}

// judgeAnswer: only whom we asked can answer; the request is found by its address or by who asked.
func judgeAnswer(a wire.Activity, site wire.Site) Effect {
	deed, o := map[string]Deed{"Accept": Accept, "Reject": Reject}[a.Type], a.Object
	if id := site.ActorID(o.Actor); o.Type == "Follow" && id != 0 && o.Object == a.Actor {
		return Effect{Deed: deed, Actor: id}
	}
	if actor, _, found := strings.Cut(o.ID, "#follows/"); o.Type == "" && found {
		return ofActor(deed, actor, site)
	}
	return Effect{}
}

// keeps says whether a post is taken in: public, no reply, and of the one who says so.
func keeps(a wire.Activity, n wire.Note, rules wire.Rules) bool {
	public := slices.ContainsFunc(n.Audience, func(to string) bool { return to == wire.Public || to == "as:Public" || to == "Public" })
	return public && n.InReplyTo == "" && n.AttributedTo == a.Actor && rules.HostOf(n.ID) != "" && rules.HostOf(n.ID) == rules.HostOf(a.Actor)
}

// FollowState is how it stands with somebody whom a member asked to follow.
type FollowState string

// The states. Who refused stays refused until they are asked again.
const (
	Asked    FollowState = "asked"
	Accepted FollowState = "accepted"
	Declined FollowState = "refused"
)

// NextFollow is the state after an answer; ok is false where the answer changes nothing.
func NextFollow(state FollowState, d Deed) (next FollowState, ok bool) {
	switch {
	case d == Accept && state == Asked:
		return Accepted, true
	case (d == Reject || d == Block) && state != Declined:
		return Declined, true
	}
	return state, false
}
