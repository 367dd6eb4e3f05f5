package groups

import "time"

// CanRead says whether somebody with that role reads what is written in the circle and who is in it: those who are in it do, also once it
// is closed. Nobody else does, be the circle open.
func CanRead(_ Group, r Role) bool { return r != None }

// CanFind says whether somebody with that role may know that the circle exists: its name, description, rules and how many are in it.
func CanFind(g Group, r Role) bool { return r != None || g.Visibility == Open && g.ClosedAt == nil }

// CanPost says whether somebody with that role may write in the circle.
func CanPost(g Group, r Role) bool { return r != None && g.ClosedAt == nil }

// CanModerate says whether somebody with that role decides about reports and takes down what others wrote. It goes on in a closed circle,
// which its members still read.
func CanModerate(_ Group, r Role) bool { return r == Owner || r == Moderator }

// CanInvite says whether somebody with that role may invite others: whoever is in a live circle may.
func CanInvite(g Group, r Role) bool { return CanPost(g, r) }

// CanAdmit says whether somebody with that role lets in who asks, and ends invitations of others.
func CanAdmit(g Group, r Role) bool { return CanModerate(g, r) && g.ClosedAt == nil }

// CanEdit says whether somebody with that role changes what the circle is, names moderators, hands it over and closes it.
func CanEdit(g Group, r Role) bool { return r == Owner && g.ClosedAt == nil }

// CanShow says whether a membership of the circle may be shown to everybody: of a circle that everybody may know of.
func CanShow(g Group) bool { return CanFind(g, None) }

// Knows says whether a viewer may learn that somebody is in a circle. It is the rule of the spheres: the viewer is that somebody, or is in
// the same circle, or that somebody chose to show it. Which other circles the two share, and of which sphere, is no question here, so no
// answer can depend on it.
func Knows(g Group, viewer Role, self, shown bool) bool {
	return self || viewer != None || shown && CanShow(g)
}

// rank orders the roles.
func (r Role) rank() int {
	switch r {
	case Owner:
		return 3
	case Moderator:
		return 2
	case Member:
		return 1
	}
	return 0
}

// Outranks says whether somebody with that role may remove and ban somebody of the other: those who moderate may, below their own rank.
func Outranks(actor, other Role) bool { return actor.rank() >= 2 && actor.rank() > other.rank() }

// CanUse says whether an invitation still lets somebody in. It is worth something as long as who gave it is in the circle themselves.
func CanUse(g Group, i Invitation, now time.Time) bool {
	return g.ClosedAt == nil && i.RevokedAt == nil && i.UsesLeft > 0 && now.Before(i.ExpiresAt) && i.InviterRole != None && !i.InviterGone
}

// Entrance is how somebody comes into a circle.
type Entrance string

// The entrances.
const (
	Shut     Entrance = "shut"    // they do not
	Direct   Entrance = "direct"  // at once
	ByAsking Entrance = "request" // somebody who moderates lets them in
	Inside   Entrance = "inside"  // they are in
	Waiting  Entrance = "waiting" // they have asked
)

// EntranceOf says how somebody comes in, with a usable invitation or without (nil). Who was banned does not, whoever invites them. An
// invitation of somebody who moderates lets in at once also where one has to ask.
func EntranceOf(g Group, s Standing, i *Invitation) Entrance {
	switch {
	case s.Role != None:
		return Inside
	case s.Banned, g.ClosedAt != nil, i == nil && g.Visibility == Private:
		return Shut
	case g.Admission == Free, i != nil && CanModerate(g, i.InviterRole):
		return Direct
	case s.RequestID != 0:
		return Waiting
	}
	return ByAsking
}

// Desk is who decides about a report.
type Desk string

// The desks.
const (
	ByCircle   Desk = "group"
	ByPlatform Desk = "platform"
)

// DeskOf says who decides about a report: the platform about circles and their owners, since nobody else could; otherwise those who
// moderate the circle. The role is that of whose deed it is.
func DeskOf(k Kind, about Role) Desk {
	if k == AGroup || about == Owner {
		return ByPlatform
	}
	return ByCircle
}

// Decision is how a report ends.
type Decision string

// The decisions.
const (
	Kept     Decision = "kept"     // nothing is changed
	Removed  Decision = "removed"  // what was written is taken down
	Expelled Decision = "expelled" // who did it is out, and may come back
	Banned   Decision = "banned"   // who did it is out for good, and what was reported is taken down
	Closed   Decision = "closed"   // the circle is closed
)

// Decisions lists how a report may end at a desk. Only the platform closes a circle.
func Decisions(d Desk, k Kind) []Decision {
	list := []Decision{Kept}
	switch k {
	case APost, AComment:
		list = append(list, Removed, Banned)
	case AMember:
		list = append(list, Expelled, Banned)
	}
	if d == ByPlatform {
		list = append(list, Closed)
	}
	return list
}

// CanDecide says whether somebody decides about a report: nobody about themselves; at the circle's desk those who moderate, about people
// below their own rank. The platform's people decide at theirs.
func CanDecide(d Desk, by, about int64, actor, other Role) bool {
	switch {
	case by == about:
		return false
	case d == ByPlatform:
		return true
	}
	return Outranks(actor, other)
}

// Successor says who owns a circle after its owner is gone for good: whoever has moderated, or else been in it, the longest. The people
// are in the order in which they joined, without the owner; ok is false for an empty circle.
func Successor(people []Person) (next Person, ok bool) {
	for _, p := range people {
		if !ok || p.Role.rank() > next.Role.rank() {
			next, ok = p, true
		}
	}
	return next, ok
}
