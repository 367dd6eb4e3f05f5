// Package groups is about circles: who is in one, who may do what there, and who learns of it.
//
// A circle (in code: group) has one sphere for good, professional or personal, and is open (found in the directory; whoever accepts its
// rules may join, or ask to) or private (entered by invitation only; to everybody else it does not exist). It has one owner, who may name
// moderators and hand the circle over; a circle that is not closed always has an owner.
//
// # Spheres
//
// A member has one account for both spheres. What they do in one sphere is invisible from the other unless they choose. In words:
//
//   - That somebody is in a circle is known to themselves, to those who are in the same circle, and to nobody else: not to those who share
//     another circle with them, be it of the same sphere, not to those who look at an open circle from outside, not by a count, a search,
//     a letter or the way an error is worded.
//   - They can choose to show it: per circle (shown), and only in open ones, since a private circle does not exist for others; by
//     inviting somebody, who then reads the inviter's name; and by writing where others read, which is inside the circle only.
//   - What is written in a circle is read by those who are in it, also in open circles: whoever joins can read, nobody else. A post
//     in an open circle is read from outside where its author chose that for it, by those who follow (packages posts and follows).
//   - The platform's admins read what was reported, at their desk, and nothing more.
//
// The rules are pure functions in rules.go (CanRead, CanFind, Knows …), tried with a table; a matrix over every route tries the pages
// (package web/circle/circletest).
//
//	         Create                 Close
//	(none) ─────────▶ live circle ─────────▶ closed: read by those who are in it, for ever quiet
//
//	stranger ──Join/Accept──▶ member ◀──SetRole──▶ moderator ──HandOver──▶ owner
//	    └──Ask──▶ request ──Answer──▲  └──Leave, Remove──▶ stranger      └──Ban──▶ banned ──Unban──▶ stranger
package groups

import (
	"time"
)

// Sphere is the part of life that a circle belongs to.
type Sphere string

// The spheres.
const (
	Professional Sphere = "professional"
	Personal     Sphere = "personal"
)

// Spheres lists both.
func Spheres() []Sphere { return []Sphere{Personal, Professional} }

// Visibility says whether strangers may know of a circle.
type Visibility string

// The visibilities.
const (
	Open    Visibility = "open"
	Private Visibility = "private"
)

// Admission says how one comes into a circle.
type Admission string

// The admissions: whoever may join is in at once, or somebody who moderates lets them in.
const (
	Free  Admission = "free"
	Asked Admission = "asked"
)

// Role is what somebody is in a circle.
type Role string

// The roles. None is a stranger's: somebody who is not in the circle.
const (
	None      Role = ""
	Member    Role = "member"
	Moderator Role = "moderator"
	Owner     Role = "owner"
)

// Group is a circle.
type Group struct {
	ID          int64      `db:"id"`
	Handle      string     `db:"handle"`
	Name        string     `db:"name"`
	Description string     `db:"description"`
	Rules       string     `db:"rules"`
	Sphere      Sphere     `db:"sphere"`
	Visibility  Visibility `db:"visibility"`
	Admission   Admission  `db:"admission"`
	Picture     string     `db:"picture"` // content hash; empty: none
	CreatedBy   int64      `db:"created_by"`
	CreatedAt   time.Time  `db:"created_at"`
	ClosedAt    *time.Time `db:"closed_at"`
}

// Membership is a circle as one of its members has it.
type Membership struct {
	Group
	MemberID int64     `db:"member_id"`
	Role     Role      `db:"role"`
	JoinedAt time.Time `db:"joined_at"`
	Shown    bool      `db:"shown"` // the member chose to show it; see Shows
}

// Person is a member of a circle, as those who are in it see them.
type Person struct {
	MemberID  int64     `db:"member_id"`
	Name      string    `db:"name"`
	Handle    string    `db:"handle"`
	Picture   string    `db:"picture"` // content hash; empty: none
	Role      Role      `db:"role"`
	JoinedAt  time.Time `db:"joined_at"`
	Shown     bool      `db:"shown"`
	InvitedBy string    `db:"invited_by"` // name; empty: they came of themselves, or who invited them has left
}

// Found is a circle in the directory, as one viewer finds it.
type Found struct {
	Group
	Members int  `db:"members"`
	Role    Role `db:"role"` // of the viewer
}

// Standing is how somebody stands to a circle.
type Standing struct {
	Role      Role
	Banned    bool
	RequestID int64 // of their open request; 0: none
}

// Request is somebody who asks to come in.
type Request struct {
	ID       int64     `db:"id"`
	GroupID  int64     `db:"group_id"`
	MemberID int64     `db:"member_id"`
	Text     string    `db:"text"`
	AskedAt  time.Time `db:"asked_at"`
	State    string    `db:"state"`
	Name     string    `db:"name"`
	Handle   string    `db:"handle"`
	Picture  string    `db:"picture"`
}

// Ban is somebody who may not come back.
type Ban struct {
	MemberID int64     `db:"member_id"`
	Name     string    `db:"name"`
	Handle   string    `db:"handle"`
	At       time.Time `db:"at"`
	Why      string    `db:"why"`
}

// Ways of an invitation.
const (
	ByLink = "link"
	ByMail = "mail"
)

// Invitation lets its bearer in; see CanUse.
type Invitation struct {
	ID           int64      `db:"id"`
	GroupID      int64      `db:"group_id"`
	Way          string     `db:"way"`
	ByID         int64      `db:"by_id"`
	CreatedAt    time.Time  `db:"created_at"`
	ExpiresAt    time.Time  `db:"expires_at"`
	UsesLeft     int        `db:"uses_left"`
	Used         int        `db:"used"`
	RevokedAt    *time.Time `db:"revoked_at"`
	InviterName  string     `db:"inviter_name"`
	InviterRole  Role       `db:"inviter_role"` // now; None: they left
	InviterGone  bool       `db:"inviter_gone"` // blocked by the platform
	InviterAlias string     `db:"inviter_handle"`
}

// Entry is a line of a circle's log: who did what to whom, and why.
type Entry struct {
	At      time.Time `db:"at"`
	By      string    `db:"by_name"` // empty: the platform itself
	Action  string    `db:"action"`
	Whom    string    `db:"whom"` // empty: the circle
	Subject string    `db:"subject"`
	Why     string    `db:"why"`
}

// Kind is what a report is about.
type Kind string

// What may be reported.
const (
	AGroup   Kind = "group"
	AMember  Kind = "member"
	APost    Kind = "post"
	AComment Kind = "comment"
)

// Reason is why something is reported: "group.reason." + Reason.
type Reason string

// Reasons lists why something may be reported, the most frequent first.
func Reasons() []Reason {
	return []Reason{"spam", "insult", "hate", "danger", "privacy", "fraud", "rules", "other"}
}
