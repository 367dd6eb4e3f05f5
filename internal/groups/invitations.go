package groups

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/token"
)

// mailLife is how long an invitation by mail is good, and how long its letter is kept where no mail server takes it.
const mailLife = 14 * 24 * time.Hour

// Lives lists for how many days a link may be good; Uses for how many people.
func Lives() []int { return []int{1, 7, 30} }

// Uses lists for how many people a link may be good.
func Uses() []int { return []int{1, 10, 100} }

// Path is where an invitation with that secret is looked at.
func Path(secret string) string { return "/g/i/" + secret }

const (
	fromInvitations = `
select i.id, i.group_id, i.way, i.by_id, i.created_at, i.expires_at, i.uses_left, i.used, i.revoked_at, p.name as inviter_name, p.handle as inviter_handle,
  coalesce(m.role, '') as inviter_role, p.blocked_at is not null as inviter_gone
from group_invitations i join members p on p.id = i.by_id left join group_members m on m.group_id = i.group_id and m.member_id = i.by_id`
	selectInvitation     = fromInvitations + ` where i.hash = $1`
	selectInvitationByID = fromInvitations + ` where i.group_id = $1 and i.id = $2`
	selectLive           = fromInvitations + `
where i.group_id = $1 and i.way = 'link' and i.revoked_at is null and i.uses_left > 0 and i.expires_at > $2 and ($3 = 0 or i.by_id = $3)
order by i.id desc limit $4`
	countLive = `
select count(*) from group_invitations where group_id = $1 and by_id = $3 and way = 'link' and revoked_at is null and uses_left > 0 and expires_at > $2`
	insertInvitation = `
insert into group_invitations (group_id, hash, way, by_id, created_at, expires_at, uses_left) values ($1, $2, $3, $4, $5, $6, $7) returning id`
)

// LiveLinks returns the links of a circle by which somebody can still come in, the latest first; those of one member, or of all (byID 0),
// which is for those who moderate.
func LiveLinks(ctx context.Context, q sqlx.QueryerContext, groupID, byID int64, now time.Time, limit int) ([]Invitation, error) {
	var list []Invitation
	if err := sqlx.SelectContext(ctx, q, &list, selectLive, groupID, now, byID, limit); err != nil {
		return nil, fmt.Errorf("read invitations: %w", postgres.Translate(err))
	}
	return list, nil
}

// Link makes an invitation by link and returns its secret, of which only the hash is kept. Whoever is in a live circle may. Faults: ErrGone,
// ErrClosed, the fields days and uses, ErrManyLinks.
func (s *Service) Link(ctx context.Context, groupID, by int64, days, uses int) (secret string, err error) {
	var daysErr, usesErr error
	if !slices.Contains(Lives(), days) {
		daysErr = fault.Field("days", "fault.required")
	}
	if !slices.Contains(Uses(), uses) {
		usesErr = fault.Field("uses", "fault.required")
	}
	if err := fault.Merge(daysErr, usesErr); err != nil {
		return "", err
	}
	err = s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		if err := inviterOf(g, r); err != nil {
			return err
		}
		var live int
		if err := tx.GetContext(ctx, &live, countLive, g.ID, s.now(), by); err != nil {
			return postgres.Translate(err)
		}
		if live >= maxLive {
			return ErrManyLinks
		}
		if secret, _, err = s.invite(ctx, tx, g, ByLink, by, time.Duration(days)*24*time.Hour, uses); err != nil {
			return err
		}
		return s.log(ctx, tx, deed{group: g.ID, by: by, action: "invited"})
	})
	return secret, err
}

// ErrManyLinks is for whoever has as many live links already as one may.
var ErrManyLinks = fault.New(fault.Conflict, "fault.group_many_links").Arg("Count", maxLive)

func inviterOf(g Group, r Role) error {
	switch {
	case r == None:
		return ErrMembersOnly
	case g.ClosedAt != nil:
		return ErrClosed
	}
	return nil
}

func (s *Service) invite(ctx context.Context, tx *sqlx.Tx, g Group, way string, by int64, life time.Duration, uses int) (secret string, id int64, err error) {
	secret = token.Random(18)
	err = tx.GetContext(ctx, &id, insertInvitation, g.ID, token.Hash(secret), way, by, s.now(), s.now().Add(life), uses)
	if err != nil {
		return "", 0, fmt.Errorf("invite into circle %d: %w", g.ID, postgres.Translate(err))
	}
	return secret, id, nil
}

const revokeInvitation = `update group_invitations set revoked_at = coalesce(revoked_at, $3) where group_id = $1 and id = $2`

// Revoke ends an invitation: one's own, or for those who moderate any of the circle. Faults: ErrGone, ErrModerators.
func (s *Service) Revoke(ctx context.Context, groupID, by, invitationID int64) error {
	return s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		if r == None {
			return ErrMembersOnly
		}
		i, err := oneInvitation(ctx, tx, selectInvitationByID, g.ID, invitationID)
		switch {
		case err != nil:
			return err
		case i.ByID != by && !CanModerate(g, r):
			return ErrModerators
		}
		return change(ctx, tx, revokeInvitation, g.ID, i.ID, s.now())
	})
}

func oneInvitation(ctx context.Context, q sqlx.QueryerContext, query string, args ...any) (Invitation, error) {
	var i Invitation
	err := postgres.Translate(sqlx.GetContext(ctx, q, &i, query, args...))
	if errors.Is(err, fault.NotFound) {
		return Invitation{}, ErrInvitation
	}
	if err != nil {
		return Invitation{}, fmt.Errorf("read invitation: %w", err)
	}
	return i, nil
}

// Invited returns the invitation of a secret with its circle and how a viewer (0: a guest) would come in by it. Unknown, used up, late,
// revoked, of somebody who left, into a circle that was closed, and for somebody who was banned: all are ErrInvitation.
func (s *Service) Invited(ctx context.Context, secret string, viewer int64) (Invitation, Group, Entrance, error) {
	i, g, err := s.read(ctx, s.db, secret)
	if err != nil {
		return i, g, Shut, err
	}
	st, err := StandingOf(ctx, s.db, g.ID, viewer)
	if err != nil {
		return i, g, Shut, err
	}
	how := EntranceOf(g, st, &i)
	if how == Inside {
		return i, g, how, nil
	}
	if how == Shut || !CanUse(g, i, s.now()) {
		return Invitation{}, Group{}, Shut, ErrInvitation
	}
	return i, g, how, nil
}

func (s *Service) read(ctx context.Context, q sqlx.QueryerContext, secret string) (Invitation, Group, error) {
	i, err := oneInvitation(ctx, q, selectInvitation, token.Hash(secret))
	if err != nil {
		return Invitation{}, Group{}, err
	}
	g, err := ByID(ctx, q, i.GroupID)
	return i, g, err
}

const (
	useInvitation = `update group_invitations set uses_left = uses_left - 1, used = used + 1 where id = $1`
)

// Accept brings a member in by an invitation, at once or by asking, after they agreed to the rules. Who is in already, or waits, uses up
// nothing. Faults: ErrInvitation, the fields accept and text.
func (s *Service) Accept(ctx context.Context, secret string, memberID int64, a Accepted, text string) (Joined, error) {
	text, err := words("text", text, MaxAsk, false)
	if err != nil {
		return Joined{}, err
	}
	var j Joined
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		i, _, err := s.read(ctx, tx, secret)
		if err != nil {
			return err
		}
		g, err := lock(ctx, tx, i.GroupID)
		if err != nil {
			return err
		}
		if i, _, err = s.read(ctx, tx, secret); err != nil { // as it is under the lock
			return err
		}
		st, err := StandingOf(ctx, tx, g.ID, memberID)
		if err != nil {
			return err
		}
		if st.Role == None && !CanUse(g, i, s.now()) {
			return ErrInvitation
		}
		before := EntranceOf(g, st, &i)
		j, err = s.enter(ctx, tx, g.ID, memberID, &i, entry{a, text})
		if errors.Is(err, ErrGone) {
			return ErrInvitation
		}
		if err != nil || before == Inside || before == Waiting {
			return err
		}
		return change(ctx, tx, useInvitation, i.ID)
	})
	return j, err
}

// Mails is what a member wants written to people they know.
type Mails struct {
	Addresses string // separated by commas, semicolons or white space
	Text      string // a line of their own; may be empty
	Lang      i18n.Lang
}

const (
	countMails  = `select coalesce(sum(subject::integer), 0) from group_log where by_id = $1 and action = 'mailed' and at > $2`
	selectKnown = `
select exists (select 1 from group_mail_stops where address_hash = any($2)) or exists (select 1 from group_mails where group_id = $1 and address_hash = any($2))
  or exists (select 1 from members p where p.email_normal = $3 and (exists (select 1 from group_members m where m.group_id = $1 and m.member_id = p.id)
    or exists (select 1 from group_bans b where b.group_id = $1 and b.member_id = p.id)))`
	insertMail = `insert into group_mails (group_id, address_hash, invitation_id, by_id, at) values ($1, $2, $3, $4, $5)`
)

// InviteByMail writes to each address to which this circle has not written before, and which has not asked for peace. It does not say which
// those were: neither who has an account nor who is in a circle is told by it. The addresses are in the letters only, and go with them; a
// keyed digest of each stays, so that nobody is written to twice. Faults: the fields addresses and text; ErrGone, ErrMembersOnly, ErrClosed.
func (s *Service) InviteByMail(ctx context.Context, groupID, by int64, m Mails) error {
	addresses, err := parse(m.Addresses)
	text, textErr := words("text", m.Text, MaxAsk, false)
	if err := fault.Merge(err, textErr); err != nil {
		return err
	}
	m.Text = text
	return s.as(ctx, groupID, by, func(tx *sqlx.Tx, g Group, r Role) error {
		if err := inviterOf(g, r); err != nil {
			return err
		}
		var today int
		if err := tx.GetContext(ctx, &today, countMails, by, s.now().AddDate(0, 0, -1)); err != nil {
			return postgres.Translate(err)
		}
		if today+len(addresses) > maxMailsADay {
			return fault.Field("addresses", "fault.group_mails_a_day").Arg("Count", maxMailsADay)
		}
		var name string
		if err := tx.GetContext(ctx, &name, selectName, by); err != nil {
			return postgres.Translate(err)
		}
		for _, address := range addresses {
			if err := s.mailOne(ctx, tx, g, by, name, address, m); err != nil {
				return err
			}
		}
		return s.log(ctx, tx, deed{group: g.ID, by: by, action: "mailed", subject: strconv.Itoa(len(addresses))})
	})
}

// parse reads addresses out of what was typed.
func parse(typed string) ([]string, error) {
	var list []string
	for _, one := range strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' || r == '\r' || r == '\t' }) {
		address, err := members.CleanEmail(one)
		if err != nil {
			return nil, fault.Field("addresses", "fault.group_address").Arg("Address", excerpt(one))
		}
		if !slices.Contains(list, address) {
			list = append(list, address)
		}
	}
	switch {
	case len(list) == 0:
		return nil, fault.Field("addresses", "fault.required")
	case len(list) > MaxAddresses:
		return nil, fault.Field("addresses", "fault.group_addresses").Arg("Count", MaxAddresses)
	}
	return list, nil
}

func excerpt(text string) string {
	if r := []rune(text); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return text
}

func (s *Service) mailOne(ctx context.Context, tx *sqlx.Tx, g Group, by int64, name, address string, m Mails) error {
	digests, err := s.keys.Digests(token.Address, members.NormalEmail(address))
	if err != nil {
		return err
	}
	var known bool
	if err := tx.GetContext(ctx, &known, selectKnown, g.ID, pq.Array(digests), members.NormalEmail(address)); err != nil {
		return fmt.Errorf("look for an address: %w", postgres.Translate(err))
	}
	if known {
		return nil
	}
	secret, id, err := s.invite(ctx, tx, g, ByMail, by, mailLife, 1)
	if err != nil {
		return err
	}
	if err := change(ctx, tx, insertMail, g.ID, digests[0], id, by, s.now()); err != nil {
		return err
	}
	data := invitationLetter{Group: g, Inviter: name, Text: m.Text, Path: Path(secret), Days: int(mailLife.Hours() / 24)}
	reference := fmt.Sprintf("group:invitation:%d", id)
	if err := s.mail.Queue(ctx, tx, mail.Letter{To: address, Lang: m.Lang, Template: letterInvitation, Reference: reference, Data: data}); err != nil {
		return err
	}
	return s.tellInvited(ctx, tx, g, members.NormalEmail(address), reference)
}

const (
	insertStop = `
insert into group_mail_stops (address_hash, at) select address_hash, $2 from group_mails where invitation_id = $1 on conflict do nothing`
	countStoppable = `select count(*) from group_mails m join group_invitations i on i.id = m.invitation_id where i.hash = $1`
)

// CanStop says whether the secret is of a letter after which somebody can ask for peace, used up or not; otherwise ErrInvitation.
func (s *Service) CanStop(ctx context.Context, secret string) error {
	var n int
	if err := s.db.GetContext(ctx, &n, countStoppable, token.Hash(secret)); err != nil {
		return fmt.Errorf("read invitation: %w", postgres.Translate(err))
	}
	if n == 0 {
		return ErrInvitation
	}
	return nil
}

// Stop has nobody written to any more at the address to which this invitation went, by no circle, and ends the invitation. The bearer of
// the letter may. Faults: ErrInvitation.
func (s *Service) Stop(ctx context.Context, secret string) error {
	if err := s.CanStop(ctx, secret); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		i, _, err := s.read(ctx, tx, secret)
		if err != nil {
			return err
		}
		if err := change(ctx, tx, insertStop, i.ID, s.now()); err != nil {
			return err
		}
		return change(ctx, tx, revokeInvitation, i.GroupID, i.ID, s.now())
	})
}
