package groups

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/mail"
	"relais/internal/postgres"
)

const (
	deleteMember = `delete from group_members where group_id = $1 and member_id = $2`
	updateRole   = `update group_members set role = $3 where group_id = $1 and member_id = $2`
	updateShown  = `update group_members set shown = $3 where group_id = $1 and member_id = $2`
)

func change(ctx context.Context, tx *sqlx.Tx, query string, args ...any) error {
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("change who is in a circle: %w", postgres.Translate(err))
	}
	return nil
}

// Leave takes somebody out of a circle. An owner hands a live circle over first, or closes it: ErrOwnerStays. Who is not in it has nothing
// to leave: ErrGone.
func (s *Service) Leave(ctx context.Context, groupID, memberID int64) error {
	return s.as(ctx, groupID, memberID, func(tx *sqlx.Tx, g Group, r Role) error {
		switch {
		case r == None:
			return ErrGone
		case r == Owner && g.ClosedAt == nil:
			return ErrOwnerStays
		}
		if err := change(ctx, tx, deleteMember, g.ID, memberID); err != nil {
			return err
		}
		return s.log(ctx, tx, deed{group: g.ID, by: memberID, action: "left"})
	})
}

// Show has a membership of an open circle shown to everybody, or not any more. Hiding always goes. Faults: ErrGone; ErrNotShown where the
// circle is not one that everybody may know of.
func (s *Service) Show(ctx context.Context, groupID, memberID int64, shown bool) error {
	return s.as(ctx, groupID, memberID, func(tx *sqlx.Tx, g Group, r Role) error {
		switch {
		case r == None:
			return ErrGone
		case shown && !CanShow(g):
			return ErrNotShown
		}
		return change(ctx, tx, updateShown, g.ID, memberID, shown)
	})
}

// ErrNotShown is for memberships that cannot be shown: of private and of closed circles.
var ErrNotShown = fault.New(fault.Conflict, "fault.group_not_shown")

// SetRole names a moderator, or ends that; the owner may. The same role again does nothing. Faults: ErrGone, ErrOwnerOnly, ErrClosed,
// ErrRank for the owner's own role, which is handed over.
func (s *Service) SetRole(ctx context.Context, groupID, by, memberID int64, role Role) error {
	return s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		if err := ownerOf(g, r); err != nil {
			return err
		}
		now, err := RoleOf(ctx, tx, g.ID, memberID)
		switch {
		case err != nil:
			return err
		case now == None:
			return ErrGone
		case now == Owner, role != Member && role != Moderator:
			return ErrRank
		case now == role:
			return nil
		}
		if err := change(ctx, tx, updateRole, g.ID, memberID, role); err != nil {
			return err
		}
		did := "promoted"
		if role == Member {
			did = "demoted"
		}
		if err := s.log(ctx, tx, deed{group: g.ID, by: by, whom: memberID, action: did}); err != nil {
			return err
		}
		return s.tellPlace(ctx, tx, g, memberID, string(role), fmt.Sprintf("group:%d:role:%d", g.ID, s.now().UnixNano()), false)
	})
}

const selectFit = `select blocked_at is null and email_confirmed_at is not null from members where id = $1`

// HandOver makes another member the owner, and the owner a moderator; the new one is told. Faults: ErrGone, ErrOwnerOnly, ErrClosed.
func (s *Service) HandOver(ctx context.Context, groupID, by, memberID int64) error {
	return s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		if err := ownerOf(g, r); err != nil {
			return err
		}
		next, err := RoleOf(ctx, tx, g.ID, memberID)
		if err != nil || next == Owner {
			return err
		}
		var fit bool
		if err := tx.GetContext(ctx, &fit, selectFit, memberID); err != nil {
			return postgres.Translate(err)
		}
		if next == None || !fit {
			return ErrGone
		}
		return s.pass(ctx, tx, g, by, memberID, Moderator, "handed_over")
	})
}

const selectName = `select name from members where id = $1`

// pass makes somebody the owner of a locked circle, and leaves the one before a role.
func (s *Service) pass(ctx context.Context, tx *sqlx.Tx, g Group, from, to int64, left Role, action string) error {
	if err := change(ctx, tx, updateRole, g.ID, from, left); err != nil {
		return err
	}
	if err := change(ctx, tx, updateRole, g.ID, to, Owner); err != nil {
		return err
	}
	letter, by := ownerLetter{Group: g}, int64(0)
	if action == "handed_over" {
		by = from
		if err := tx.GetContext(ctx, &letter.From, selectName, from); err != nil {
			return postgres.Translate(err)
		}
	}
	if err := s.log(ctx, tx, deed{group: g.ID, by: by, whom: to, action: action}); err != nil {
		return err
	}
	return s.writePlace(ctx, tx, g, to, "owner", mail.Letter{Template: "group_owner", Reference: fmt.Sprintf("group:%d:owner:%d:%d", g.ID, to, s.now().UnixNano()), Data: letter})
}

// Remove takes somebody out of a circle, who may come back; with ban they may not. Those who moderate may, below their own rank, and say
// why. Faults: ErrGone, ErrModerators, ErrRank, the field why.
func (s *Service) Remove(ctx context.Context, groupID, by, memberID int64, why string, ban bool) error {
	why, err := words("why", why, MaxWhy, true)
	if err != nil {
		return err
	}
	return s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		if !CanModerate(g, r) {
			return ErrModerators
		}
		other, err := RoleOf(ctx, tx, g.ID, memberID)
		switch {
		case err != nil:
			return err
		case other == None:
			return ErrGone
		case !Outranks(r, other):
			return ErrRank
		}
		return s.out(ctx, tx, g, by, memberID, why, ban)
	})
}

const insertBan = `
insert into group_bans (group_id, member_id, by_id, at, why) values ($1, $2, $3, $4, $5) on conflict do nothing`

// out takes somebody out of a locked circle. Their invitations end with their membership; see CanUse.
func (s *Service) out(ctx context.Context, tx *sqlx.Tx, g Group, by, memberID int64, why string, ban bool) error {
	if err := change(ctx, tx, deleteMember, g.ID, memberID); err != nil {
		return err
	}
	did := "removed"
	if ban {
		did = "banned"
		if err := change(ctx, tx, insertBan, g.ID, memberID, by, s.now(), why); err != nil {
			return err
		}
		if err := change(ctx, tx, closeRequest, g.ID, memberID, "withdrawn", 0, s.now()); err != nil {
			return err
		}
	}
	if err := s.log(ctx, tx, deed{group: g.ID, by: by, whom: memberID, action: did, why: why}); err != nil {
		return err
	}
	return s.tellPlace(ctx, tx, g, memberID, did, fmt.Sprintf("group:%d:out:%d", g.ID, s.now().UnixNano()), false)
}

const deleteBan = `delete from group_bans where group_id = $1 and member_id = $2 returning member_id`

// Unban lets somebody come back who was banned; those who moderate may. Without a ban it does nothing.
func (s *Service) Unban(ctx context.Context, groupID, by, memberID int64) error {
	return s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		if !CanModerate(g, r) {
			return ErrModerators
		}
		var id int64
		err := postgres.Translate(tx.GetContext(ctx, &id, deleteBan, g.ID, memberID))
		if errors.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unban: %w", err)
		}
		return s.log(ctx, tx, deed{group: g.ID, by: by, whom: memberID, action: "unbanned"})
	})
}

const (
	selectOwned = `
select g.id from group_members m join groups g on g.id = m.group_id and g.closed_at is null
where m.member_id = $1 and m.role = 'owner' order by g.id`
	selectHeirs      = selectPeople + ` and m.member_id <> $2 order by m.joined_at, m.member_id limit 1`
	selectModerators = selectPeople + ` and m.member_id <> $2 and m.role = 'moderator' order by m.joined_at, m.member_id limit 1`
	withdrawAll      = `update group_requests set state = 'withdrawn', decided_at = $2 where member_id = $1 and state = 'open'`
)

// blocked sees to the circles of a member whom the platform shuts out, in its transaction: each that they own passes to its Successor, or is
// closed where nobody else is in it; what they asked is withdrawn. They stay in their circles, unseen, in case they are let in again.
func (s *Service) blocked(ctx context.Context, tx *sqlx.Tx, memberID int64) error {
	var owned []int64
	if err := tx.SelectContext(ctx, &owned, selectOwned, memberID); err != nil {
		return fmt.Errorf("read circles of member %d: %w", memberID, postgres.Translate(err))
	}
	for _, id := range owned {
		g, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.succeed(ctx, tx, g, memberID, Member); err != nil {
			return err
		}
	}
	return change(ctx, tx, withdrawAll, memberID, s.now())
}

// succeed passes a locked circle of an owner who is gone to the next, or closes it.
func (s *Service) succeed(ctx context.Context, tx *sqlx.Tx, g Group, ownerID int64, left Role) error {
	var heirs []Person
	for _, query := range []string{selectHeirs, selectModerators} {
		list, err := people(ctx, tx, query, g.ID, ownerID)
		if err != nil {
			return err
		}
		heirs = append(heirs, list...)
	}
	next, ok := Successor(heirs)
	if !ok {
		return s.close(ctx, tx, g, 0, "")
	}
	return s.pass(ctx, tx, g, ownerID, next.MemberID, left, "succeeded")
}
