// Package follows is about who follows whom, and what is new of those who are followed.
//
// A member follows another member (which is to follow their storefront: a member's one public page), a brand, or an open circle that they
// are not in. A private circle does not exist for strangers, so it cannot be followed; who comes into a circle, or is banned from it, does not
// follow it any more (triggers of the schema see to that, whatever the way in).
//
// A follow is the follower's own business: nobody else is told of it, and no notice is made; what is followed says how many follow it and
// not who (follow_counts, kept by triggers; a guest may read a number that is a minute old). It belongs to one sphere, which the follower
// chooses; that of a circle is the circle's. What it brings is shown in that sphere and not in the other: of a member in one's personal
// sphere one reads what they show in personal circles.
//
// What is new is read as a merge over index ranges, one for each that is followed, so that it costs the same whatever lies behind:
//
//   - of a member: the posts that they chose to show outside of their open circles (package posts), and the pieces in their storefront;
//   - of a brand: the products that it published;
//   - of a circle: the posts in it whose authors chose to show them outside.
//
// Nothing is shown of members and brands whom the platform has blocked, of products that are not for sale, and of circles that are closed.
package follows

import (
	"strings"
	"time"

	"relais/internal/fault"
	"relais/internal/groups"
)

// Kind is what is followed.
type Kind string

// The kinds.
const (
	Member Kind = "member"
	Brand  Kind = "brand"
	Circle Kind = "circle"
)

// Kinds lists them as pages show them.
func Kinds() []Kind { return []Kind{Member, Brand, Circle} }

// Most is how many a member can follow: a feed reads each of them.
const Most = 500

// The faults of this package.
var (
	ErrGone   = fault.New(fault.NotFound, "follow.gone")
	ErrSelf   = fault.New(fault.Conflict, "follow.self")
	ErrInside = fault.New(fault.Conflict, "follow.inside")
	ErrFull   = fault.New(fault.Conflict, "follow.full").Arg("Most", Most)
)

// Follow is one follow, for whoever it is of.
type Follow struct {
	Kind    Kind          `db:"kind"`
	ID      int64         `db:"id"` // of the member, brand or circle
	Handle  string        `db:"handle"`
	Name    string        `db:"name"`
	Picture string        `db:"picture"` // empty: none
	Sphere  groups.Sphere `db:"sphere"`
	At      time.Time     `db:"at"`
}

// Path is the address of what is followed.
func (f Follow) Path() string { return PathOf(f.Kind, f.Handle) }

// PathOf is the address of a member's storefront, a brand or a circle.
func PathOf(k Kind, handle string) string {
	switch k {
	case Brand:
		return "/b/" + handle
	case Circle:
		return "/g/" + handle
	}
	return "/@" + handle
}

// Standing is something that can be followed as a viewer has it before them.
type Standing struct {
	Kind      Kind
	Handle    string
	Followers int           `db:"followers"` // how many, whoever they are
	Sphere    groups.Sphere `db:"sphere"`    // in which the viewer follows it; empty: they do not
	Can       bool          // the viewer may follow it, or could if they logged in
}

// Path is the address of what can be followed.
func (s Standing) Path() string { return PathOf(s.Kind, s.Handle) }

// Spheres are those that the viewer can choose from: none for a circle, which is of one for good.
func (s Standing) Spheres() []groups.Sphere {
	if s.Kind == Circle {
		return nil
	}
	return groups.Spheres()
}

// SphereOf is the sphere of a new follow: a circle's is its own; else what was asked for, and where nothing was, the personal one.
func SphereOf(k Kind, own, asked groups.Sphere) (groups.Sphere, error) {
	switch {
	case k == Circle:
		return own, nil
	case asked == "":
		return groups.Personal, nil
	case asked != groups.Personal && asked != groups.Professional:
		return "", fault.Field("sphere", "follow.sphere_unknown")
	}
	return asked, nil
}

// MayFollow says whether a member may follow a circle in which they have that standing: it is open and live, and they are neither in it nor
// banned. Who may not know of it gets the answer for one that is not there.
func MayFollow(g groups.Group, s groups.Standing) error {
	switch {
	case !groups.CanFind(g, s.Role):
		return groups.ErrGone
	case s.Role != groups.None:
		return ErrInside
	case s.Banned:
		return groups.ErrBanned
	}
	return nil
}

// ParseKind reads a kind as a form sends it.
func ParseKind(s string) (Kind, error) {
	for _, k := range Kinds() {
		if strings.EqualFold(s, string(k)) {
			return k, nil
		}
	}
	return "", ErrGone
}
