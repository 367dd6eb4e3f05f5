package groups_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"relais/internal/groups"
)

var (
	roles = []groups.Role{groups.None, groups.Member, groups.Moderator, groups.Owner}
	start = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
)

// circles are the four kinds, of each sphere.
func circles() map[string]groups.Group {
	all := map[string]groups.Group{}
	for _, sphere := range groups.Spheres() {
		for _, v := range []groups.Visibility{groups.Open, groups.Private} {
			g := groups.Group{Sphere: sphere, Visibility: v, Admission: groups.Free}
			all[fmt.Sprintf("%s live %s", v, sphere)] = g
			g.ClosedAt = &start
			all[fmt.Sprintf("%s closed %s", v, sphere)] = g
		}
	}
	return all
}

// What each role may, in the order of roles. The sphere is no column: it never changes an answer.
func TestWhoMayWhat(t *testing.T) {
	rules := map[string]func(groups.Group, groups.Role) bool{"read": groups.CanRead, "find": groups.CanFind, "post": groups.CanPost,
		"moderate": groups.CanModerate, "invite": groups.CanInvite, "admit": groups.CanAdmit, "edit": groups.CanEdit}
	want := map[string]map[string]string{
		"open live":      {"read": "-xxx", "find": "xxxx", "post": "-xxx", "moderate": "--xx", "invite": "-xxx", "admit": "--xx", "edit": "---x"},
		"private live":   {"read": "-xxx", "find": "-xxx", "post": "-xxx", "moderate": "--xx", "invite": "-xxx", "admit": "--xx", "edit": "---x"},
		"open closed":    {"read": "-xxx", "find": "-xxx", "post": "----", "moderate": "--xx", "invite": "----", "admit": "----", "edit": "----"},
		"private closed": {"read": "-xxx", "find": "-xxx", "post": "----", "moderate": "--xx", "invite": "----", "admit": "----", "edit": "----"},
	}
	for kind, g := range circles() {
		for name, rule := range rules {
			got := ""
			for _, r := range roles {
				got += map[bool]string{true: "x", false: "-"}[rule(g, r)]
			}
			if w := want[kind[:len(kind)-len(g.Sphere)-1]][name]; got != w {
				t.Errorf("%s in a %s circle: %s, want %s", name, kind, got, w)
			}
		}
	}
}

// Who learns that somebody is in a circle: themselves, those who are in it, and in open circles everybody if they chose so.
func TestKnows(t *testing.T) {
	for kind, g := range circles() {
		for _, viewer := range roles {
			for _, self := range []bool{false, true} {
				for _, shown := range []bool{false, true} {
					open := g.Visibility == groups.Open && g.ClosedAt == nil
					want := self || viewer != groups.None || open && shown
					if got := groups.Knows(g, viewer, self, shown); got != want {
						t.Errorf("%s circle, viewer %q, self %t, shown %t: %t", kind, viewer, self, shown, got)
					}
				}
			}
		}
	}
}

func TestOutranks(t *testing.T) {
	for actor, below := range map[groups.Role][]groups.Role{groups.None: nil, groups.Member: nil, groups.Moderator: {groups.None, groups.Member},
		groups.Owner: {groups.None, groups.Member, groups.Moderator}} {
		for _, other := range roles {
			if got := groups.Outranks(actor, other); got != slices.Contains(below, other) {
				t.Errorf("%q over %q: %t", actor, other, got)
			}
		}
	}
}

func TestEntrance(t *testing.T) {
	member, moderator := &groups.Invitation{InviterRole: groups.Member}, &groups.Invitation{InviterRole: groups.Moderator}
	for _, c := range []struct {
		name string
		v    groups.Visibility
		a    groups.Admission
		s    groups.Standing
		i    *groups.Invitation
		want groups.Entrance
	}{
		{"open and free", groups.Open, groups.Free, groups.Standing{}, nil, groups.Direct},
		{"open, one asks", groups.Open, groups.Asked, groups.Standing{}, nil, groups.ByAsking},
		{"has asked", groups.Open, groups.Asked, groups.Standing{RequestID: 1}, nil, groups.Waiting},
		{"has asked, then admission became free", groups.Open, groups.Free, groups.Standing{RequestID: 1}, nil, groups.Direct},
		{"private without an invitation", groups.Private, groups.Free, groups.Standing{}, nil, groups.Shut},
		{"private with one", groups.Private, groups.Free, groups.Standing{}, member, groups.Direct},
		{"private, one asks, by a member", groups.Private, groups.Asked, groups.Standing{}, member, groups.ByAsking},
		{"private, one asks, by a moderator", groups.Private, groups.Asked, groups.Standing{}, moderator, groups.Direct},
		{"has asked, then a moderator invited", groups.Private, groups.Asked, groups.Standing{RequestID: 1}, moderator, groups.Direct},
		{"banned", groups.Open, groups.Free, groups.Standing{Banned: true}, nil, groups.Shut},
		{"banned and invited", groups.Open, groups.Free, groups.Standing{Banned: true}, moderator, groups.Shut},
		{"inside", groups.Private, groups.Asked, groups.Standing{Role: groups.Member}, nil, groups.Inside},
	} {
		if got := groups.EntranceOf(groups.Group{Visibility: c.v, Admission: c.a}, c.s, c.i); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := groups.EntranceOf(groups.Group{Visibility: groups.Open, ClosedAt: &start}, groups.Standing{}, moderator); got != groups.Shut {
		t.Errorf("a closed circle is %s", got)
	}
}

func TestCanUse(t *testing.T) {
	good := groups.Invitation{UsesLeft: 1, ExpiresAt: start.Add(time.Hour), InviterRole: groups.Member}
	if !groups.CanUse(groups.Group{}, good, start) {
		t.Error("a good invitation is refused")
	}
	for name, spoil := range map[string]func(*groups.Group, *groups.Invitation){
		"closed":          func(g *groups.Group, _ *groups.Invitation) { g.ClosedAt = &start },
		"revoked":         func(_ *groups.Group, i *groups.Invitation) { i.RevokedAt = &start },
		"used up":         func(_ *groups.Group, i *groups.Invitation) { i.UsesLeft = 0 },
		"late":            func(_ *groups.Group, i *groups.Invitation) { i.ExpiresAt = start },
		"inviter left":    func(_ *groups.Group, i *groups.Invitation) { i.InviterRole = groups.None },
		"inviter blocked": func(_ *groups.Group, i *groups.Invitation) { i.InviterGone = true },
	} {
		g, i := groups.Group{}, good
		spoil(&g, &i)
		if groups.CanUse(g, i, start) {
			t.Errorf("an invitation is good although %s", name)
		}
	}
}

func TestDesksAndDecisions(t *testing.T) {
	for _, kind := range []groups.Kind{groups.AGroup, groups.AMember, groups.APost, groups.AComment} {
		for _, about := range roles {
			want := groups.ByCircle
			if kind == groups.AGroup || about == groups.Owner {
				want = groups.ByPlatform
			}
			if got := groups.DeskOf(kind, about); got != want {
				t.Errorf("a report about a %s of %q goes to %s", kind, about, got)
			}
		}
		if slices.Contains(groups.Decisions(groups.ByCircle, kind), groups.Closed) || !slices.Contains(groups.Decisions(groups.ByPlatform, kind), groups.Closed) {
			t.Errorf("who closes a circle after a report about a %s?", kind)
		}
	}
	for _, c := range []struct {
		name         string
		d            groups.Desk
		by, about    int64
		actor, other groups.Role
		want         bool
	}{
		{"owner about a moderator", groups.ByCircle, 1, 2, groups.Owner, groups.Moderator, true},
		{"moderator about a member", groups.ByCircle, 1, 2, groups.Moderator, groups.Member, true},
		{"moderator about who left", groups.ByCircle, 1, 2, groups.Moderator, groups.None, true},
		{"moderator about a moderator", groups.ByCircle, 1, 2, groups.Moderator, groups.Moderator, false},
		{"member about a member", groups.ByCircle, 1, 2, groups.Member, groups.Member, false},
		{"about oneself", groups.ByCircle, 1, 1, groups.Owner, groups.Member, false},
		{"admin about an owner", groups.ByPlatform, 1, 2, groups.None, groups.Owner, true},
		{"admin about themselves", groups.ByPlatform, 1, 1, groups.None, groups.Owner, false},
	} {
		if got := groups.CanDecide(c.d, c.by, c.about, c.actor, c.other); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestSuccessor(t *testing.T) {
	person := func(id int64, r groups.Role) groups.Person { return groups.Person{MemberID: id, Role: r} }
	for _, c := range []struct {
		people []groups.Person
		want   int64
	}{
		{nil, 0},
		{[]groups.Person{person(1, groups.Member), person(2, groups.Member)}, 1},
		{[]groups.Person{person(1, groups.Member), person(2, groups.Moderator), person(3, groups.Moderator)}, 2},
	} {
		if got, ok := groups.Successor(c.people); got.MemberID != c.want || ok != (c.want != 0) {
			t.Errorf("%v: %d, %t", c.people, got.MemberID, ok)
		}
	}
}
