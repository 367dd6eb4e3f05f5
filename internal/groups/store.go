package groups

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/prose"
)

const columns = `g.id, g.handle, g.name, g.description, g.rules, g.sphere, g.visibility, g.admission, g.picture, g.created_by, g.created_at, g.closed_at`

const selectByHandle = `select ` + columns + ` from groups g where g.handle = $1`

// ByHandle returns the circle of that handle, or ErrGone. It says nothing about who may know of it: CanFind does.
func ByHandle(ctx context.Context, q sqlx.QueryerContext, handle string) (Group, error) {
	return one(ctx, q, selectByHandle, handle)
}

const selectByID = `select ` + columns + ` from groups g where g.id = $1`

// ByID returns a circle, or ErrGone.
func ByID(ctx context.Context, q sqlx.QueryerContext, id int64) (Group, error) {
	return one(ctx, q, selectByID, id)
}

func one(ctx context.Context, q sqlx.QueryerContext, query string, arg any) (Group, error) {
	var g Group
	err := postgres.Translate(sqlx.GetContext(ctx, q, &g, query, arg))
	if errors.Is(err, fault.NotFound) {
		return Group{}, ErrGone
	}
	if err != nil {
		return Group{}, fmt.Errorf("read circle: %w", err)
	}
	return g, nil
}

const selectRole = `select role from group_members where group_id = $1 and member_id = $2`

// RoleOf returns what a member is in a circle; None for a stranger and for nobody (memberID 0).
func RoleOf(ctx context.Context, q sqlx.QueryerContext, groupID, memberID int64) (Role, error) {
	var r Role
	err := postgres.Translate(sqlx.GetContext(ctx, q, &r, selectRole, groupID, memberID))
	if errors.Is(err, fault.NotFound) {
		return None, nil
	}
	if err != nil {
		return None, fmt.Errorf("read role in circle %d: %w", groupID, err)
	}
	return r, nil
}

const selectOf = `
select ` + columns + `, m.member_id, m.role, m.joined_at, m.shown from group_members m join groups g on g.id = m.group_id
where m.member_id = $1 order by g.closed_at is not null, lower(g.name), g.id`

// Of returns the circles that a member is in, closed ones last. It is for the member's own eyes: it tells of both spheres.
func Of(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Membership, error) {
	var list []Membership
	if err := sqlx.SelectContext(ctx, q, &list, selectOf, memberID); err != nil {
		return nil, fmt.Errorf("read circles of member %d: %w", memberID, postgres.Translate(err))
	}
	return list, nil
}

const lockGroup = `select ` + columns + ` from groups g where g.id = $1 for no key update`

// lock reads a circle and keeps it as it is until the transaction ends. Every use case that changes who is in a circle, and as what,
// begins with it.
func lock(ctx context.Context, tx *sqlx.Tx, id int64) (Group, error) {
	return one(ctx, tx, lockGroup, id)
}

const selectStanding = `
select coalesce((select role from group_members where group_id = $1 and member_id = $2), '') as role,
  exists (select 1 from group_bans where group_id = $1 and member_id = $2) as banned,
  coalesce((select id from group_requests where group_id = $1 and member_id = $2 and state = 'open'), 0) as request`

// StandingOf says how somebody stands to a circle; a guest is 0.
func StandingOf(ctx context.Context, q sqlx.QueryerContext, groupID, memberID int64) (Standing, error) {
	var row struct {
		Role    Role  `db:"role"`
		Banned  bool  `db:"banned"`
		Request int64 `db:"request"`
	}
	if err := sqlx.GetContext(ctx, q, &row, selectStanding, groupID, memberID); err != nil {
		return Standing{}, fmt.Errorf("read standing in circle %d: %w", groupID, postgres.Translate(err))
	}
	return Standing{Role: row.Role, Banned: row.Banned, RequestID: row.Request}, nil
}

const selectMembership = `
select ` + columns + `, m.member_id, m.role, m.joined_at, m.shown from group_members m join groups g on g.id = m.group_id
where m.group_id = $1 and m.member_id = $2`

// MembershipOf returns somebody's own membership, or ErrGone.
func MembershipOf(ctx context.Context, q sqlx.QueryerContext, groupID, memberID int64) (Membership, error) {
	var m Membership
	err := postgres.Translate(sqlx.GetContext(ctx, q, &m, selectMembership, groupID, memberID))
	if errors.Is(err, fault.NotFound) {
		return Membership{}, ErrGone
	}
	if err != nil {
		return Membership{}, fmt.Errorf("read membership: %w", err)
	}
	return m, nil
}

// present are those in a circle who can be seen there: the platform has not shut them out.
const present = `group_members m join members p on p.id = m.member_id and p.blocked_at is null`

const selectCount = `select count(*) from ` + present + ` where m.group_id = $1`

// Count is how many are in a circle.
func Count(ctx context.Context, q sqlx.QueryerContext, groupID int64) (int, error) {
	var n int
	if err := sqlx.GetContext(ctx, q, &n, selectCount, groupID); err != nil {
		return 0, fmt.Errorf("count circle %d: %w", groupID, postgres.Translate(err))
	}
	return n, nil
}

const (
	selectPeople = `
select m.member_id, p.name, p.handle, coalesce((select hash from media where media.id = p.picture_id), '') as picture, m.role, m.joined_at, m.shown,
  coalesce((select i.name from members i join group_members im on im.member_id = i.id and im.group_id = m.group_id where i.id = m.invited_by), '') as invited_by
from ` + present + ` where m.group_id = $1`
	selectStaff  = selectPeople + ` and m.role <> 'member' order by m.role = 'owner' desc, m.joined_at, m.member_id`
	selectOthers = selectPeople + ` and m.role = 'member' order by m.joined_at, m.member_id limit $2 offset $3`
	selectShown  = selectPeople + ` and m.shown order by m.joined_at, m.member_id limit $2`
	selectPerson = selectPeople + ` and p.handle = $2`
)

// Staff returns the owner and the moderators of a circle. For those who are in it.
func Staff(ctx context.Context, q sqlx.QueryerContext, groupID int64) ([]Person, error) {
	return people(ctx, q, selectStaff, groupID)
}

// Others returns the plain members of a circle, in the order in which they joined. For those who are in it.
func Others(ctx context.Context, q sqlx.QueryerContext, groupID int64, limit, offset int) ([]Person, error) {
	return people(ctx, q, selectOthers, groupID, limit, offset)
}

// ShownIn returns who chose to be seen in an open circle; nobody in others.
func ShownIn(ctx context.Context, q sqlx.QueryerContext, g Group, limit int) ([]Person, error) {
	if !CanShow(g) {
		return nil, nil
	}
	list, err := people(ctx, q, selectShown, g.ID, limit)
	return slices.DeleteFunc(list, func(p Person) bool { return !Knows(g, None, false, p.Shown) }), err
}

func people(ctx context.Context, q sqlx.QueryerContext, query string, args ...any) ([]Person, error) {
	var list []Person
	if err := sqlx.SelectContext(ctx, q, &list, query, args...); err != nil {
		return nil, fmt.Errorf("read people of circle: %w", postgres.Translate(err))
	}
	return list, nil
}

// PersonIn returns somebody in a circle by their own handle, or ErrGone.
func PersonIn(ctx context.Context, q sqlx.QueryerContext, groupID int64, handle string) (Person, error) {
	list, err := people(ctx, q, selectPerson, groupID, handle)
	if err == nil && len(list) == 0 {
		err = ErrGone
	}
	if err != nil {
		return Person{}, err
	}
	return list[0], nil
}

const selectShownBy = `
select ` + columns + `, m.member_id, m.role, m.joined_at, m.shown from ` + present + ` join groups g on g.id = m.group_id
where m.member_id = $1 and m.shown and g.visibility = 'open' and g.closed_at is null order by lower(g.name), g.id limit $2`

// ShownBy returns the circles in which a member chose to be seen by everybody.
func ShownBy(ctx context.Context, q sqlx.QueryerContext, memberID int64, limit int) ([]Membership, error) {
	var list []Membership
	if err := sqlx.SelectContext(ctx, q, &list, selectShownBy, memberID, limit); err != nil {
		return nil, fmt.Errorf("read shown circles: %w", postgres.Translate(err))
	}
	return slices.DeleteFunc(list, func(m Membership) bool { return !Knows(m.Group, None, false, m.Shown) }), nil
}

// Query is what somebody looks for in the directory.
type Query struct {
	Words  string
	Sphere Sphere // "": both
	Viewer int64  // 0: a guest
}

const (
	fromOpen = `
from groups g where g.visibility = 'open' and g.closed_at is null and ($1 = '' or g.sphere = $1) and ($2 = '' or lower(g.name) like $2)`
	countOpen  = `select count(*)` + fromOpen
	selectOpen = `
select ` + columns + `, (select count(*) from ` + present + ` where m.group_id = g.id) as members,
  coalesce((select role from group_members v where v.group_id = g.id and v.member_id = $3), '') as role` + fromOpen + ` order by g.id desc limit $4 offset $5`
)

// like makes the pattern that finds words within a name.
func like(text string) string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	if text == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// Directory finds open circles, the newest first, and says how many there are. It never looks into private ones.
func Directory(ctx context.Context, q sqlx.QueryerContext, query Query, limit, offset int) ([]Found, int, error) {
	var total int
	pattern := like(prose.Printable(query.Words))
	if err := sqlx.GetContext(ctx, q, &total, countOpen, query.Sphere, pattern); err != nil {
		return nil, 0, fmt.Errorf("count circles: %w", postgres.Translate(err))
	}
	var list []Found
	if err := sqlx.SelectContext(ctx, q, &list, selectOpen, query.Sphere, pattern, query.Viewer, limit, offset); err != nil {
		return nil, 0, fmt.Errorf("find circles: %w", postgres.Translate(err))
	}
	return list, total, nil
}

const selectBans = `
select b.member_id, p.name, p.handle, b.at, b.why from group_bans b join members p on p.id = b.member_id
where b.group_id = $1 order by b.at desc, b.member_id limit $2`

// Bans returns who may not come back, the latest first. For those who moderate.
func Bans(ctx context.Context, q sqlx.QueryerContext, groupID int64, limit int) ([]Ban, error) {
	var list []Ban
	if err := sqlx.SelectContext(ctx, q, &list, selectBans, groupID, limit); err != nil {
		return nil, fmt.Errorf("read bans: %w", postgres.Translate(err))
	}
	return list, nil
}

const insertLog = `
insert into group_log (group_id, at, by_id, action, member_id, subject, why) values ($1, $2, nullif($3::bigint, 0), $4, nullif($5::bigint, 0), $6, $7)`

// deed is a line of the log to write.
type deed struct {
	group, by, whom int64 // by 0: the platform itself; whom 0: the circle
	action          string
	subject, why    string
}

func (s *Service) log(ctx context.Context, tx *sqlx.Tx, d deed) error {
	if _, err := tx.ExecContext(ctx, insertLog, d.group, s.now(), d.by, d.action, d.whom, d.subject, d.why); err != nil {
		return fmt.Errorf("log %s in circle %d: %w", d.action, d.group, postgres.Translate(err))
	}
	return nil
}

// Deed is a line of the log that another package writes: about what it owns, and those who moderate took down.
type Deed struct {
	GroupID, By, Whom int64
	Action            string // its words are "group.log_whom." + Action
	Subject, Why      string
}

// Note writes it, in the transaction of the deed.
func Note(ctx context.Context, tx *sqlx.Tx, d Deed, at time.Time) error {
	if _, err := tx.ExecContext(ctx, insertLog, d.GroupID, at, d.By, d.Action, d.Whom, d.Subject, d.Why); err != nil {
		return fmt.Errorf("log %s in circle %d: %w", d.Action, d.GroupID, postgres.Translate(err))
	}
	return nil
}

const selectLog = `
select l.at, coalesce(b.name, '') as by_name, l.action, coalesce(w.name, '') as whom, l.subject, l.why
from group_log l left join members b on b.id = l.by_id left join members w on w.id = l.member_id
where l.group_id = $1 order by l.id desc limit $2 offset $3`

// Log returns what was done in a circle, the latest first. For those who moderate.
func Log(ctx context.Context, q sqlx.QueryerContext, groupID int64, limit, offset int) ([]Entry, error) {
	var list []Entry
	if err := sqlx.SelectContext(ctx, q, &list, selectLog, groupID, limit, offset); err != nil {
		return nil, fmt.Errorf("read log of circle: %w", postgres.Translate(err))
	}
	return list, nil
}
