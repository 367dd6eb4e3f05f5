package notices

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/postgres"
)

// Setting is how a kind goes to a member.
type Setting struct {
	Kind   Kind   `db:"kind" json:"kind"`
	Mail   Choice `db:"mail" json:"mail"`
	Push   bool   `db:"push" json:"push"`
	Listed bool   `db:"listed" json:"listed"`
}

// held is the setting within what its kind allows.
func (s Setting) held(n Nature) Setting {
	if n.Due {
		s.Mail = AtOnce
	}
	s.Listed = s.Listed || n.Stays
	return s
}

const selectSettings = `select kind, mail, push, listed from notice_settings where member_id = $1`

// Settings is how each kind goes to a member, in the order of Kinds.
func Settings(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Setting, error) {
	var chosen []Setting
	if err := sqlx.SelectContext(ctx, q, &chosen, selectSettings, memberID); err != nil {
		return nil, fmt.Errorf("read notice settings: %w", postgres.Translate(err))
	}
	list := make([]Setting, 0, len(Kinds()))
	for _, n := range Kinds() {
		s := Setting{n.Kind, n.Mail, n.Push, true}
		if i := slices.IndexFunc(chosen, func(c Setting) bool { return c.Kind == n.Kind }); i >= 0 {
			s = chosen[i]
		}
		list = append(list, s.held(n))
	}
	return list, nil
}

// reader is whom letters and pushes are worded for.
type reader struct {
	Name      string    `db:"name"`
	Email     string    `db:"email"`
	Lang      i18n.Lang `db:"lang"`
	Zone      string    `db:"zone"`
	Reachable bool      `db:"reachable"` // by mail
}

const selectReader = `
select m.name, m.email, m.lang, coalesce(z.zone, $2) as zone, m.blocked_at is null and m.email_confirmed_at is not null as reachable
from members m left join notice_zones z on z.member_id = m.id where m.id = $1`

func readerOf(ctx context.Context, q sqlx.QueryerContext, memberID int64) (r reader, err error) {
	if err := sqlx.GetContext(ctx, q, &r, selectReader, memberID, home); err != nil {
		return r, fmt.Errorf("read member %d: %w", memberID, postgres.Translate(err))
	}
	return r, nil
}

// Zone is where a member's morning is.
func Zone(ctx context.Context, q sqlx.QueryerContext, memberID int64) (string, error) {
	r, err := readerOf(ctx, q, memberID)
	return r.Zone, err
}

// Apart says whether a member keeps their spheres apart: as they chose, or because both concern them.
func Apart(ctx context.Context, q sqlx.QueryerContext, memberID int64) (apart bool, err error) {
	if err := sqlx.GetContext(ctx, q, &apart, `select notices_apart($1)`, memberID); err != nil {
		return false, fmt.Errorf("read whether member %d keeps spheres apart: %w", memberID, postgres.Translate(err))
	}
	return apart, nil
}

const upsertApart = `insert into notice_spheres (member_id, apart) values ($1, $2) on conflict (member_id) do update set apart = excluded.apart`

// KeepApart keeps whether a member wants their spheres apart, whatever concerns them.
func (s *Service) KeepApart(ctx context.Context, memberID int64, apart bool) error {
	if _, err := s.db.ExecContext(ctx, upsertApart, memberID, apart); err != nil {
		return fmt.Errorf("save whether member %d keeps spheres apart: %w", memberID, postgres.Translate(err))
	}
	return nil
}

const upsertZone = `insert into notice_zones (member_id, zone) values ($1, $2) on conflict (member_id) do update set zone = excluded.zone`

const upsertSetting = `
insert into notice_settings (member_id, kind, mail, push, listed) values ($1, $2, $3, $4, $5)
on conflict (member_id, kind) do update set mail = excluded.mail, push = excluded.push, listed = excluded.listed`

// What waits for a digest goes as it is chosen now; what is wanted at once from now on still comes with the next digest.
const updateWaiting = `
update notices set mail = case $3 when 'never' then 'none' when 'now' then 'daily' else $3 end
where member_id = $1 and kind = $2 and mail in ('daily','weekly') and digest_id is null`

// Save keeps what a member chose; kinds that are not among the settings stay as they are. Faults: Invalid on field zone, or on the field of
// the kind's mail ("mail_sale").
func (s *Service) Save(ctx context.Context, memberID int64, settings []Setting, zone string) error {
	wrong := fault.New(fault.Invalid, "fault.notice_settings")
	if !slices.Contains(Zones(), zone) {
		wrong = wrong.With("zone", "fault.required")
	}
	for _, c := range settings {
		n, ok := NatureOf(c.Kind)
		if !ok || !n.Due && !slices.Contains(Choices(), c.Mail) {
			wrong = wrong.With("mail_"+string(c.Kind), "fault.required")
		}
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, upsertZone, memberID, zone); err != nil {
			return fmt.Errorf("save zone: %w", postgres.Translate(err))
		}
		return save(ctx, tx, memberID, settings)
	})
}

func save(ctx context.Context, tx *sqlx.Tx, memberID int64, settings []Setting) error {
	for _, c := range settings {
		n, _ := NatureOf(c.Kind)
		c = c.held(n)
		if _, err := tx.ExecContext(ctx, upsertSetting, memberID, c.Kind, c.Mail, c.Push, c.Listed); err != nil {
			return fmt.Errorf("save setting %s: %w", c.Kind, postgres.Translate(err))
		}
		if _, err := tx.ExecContext(ctx, updateWaiting, memberID, c.Kind, c.Mail); err != nil {
			return fmt.Errorf("save setting %s: %w", c.Kind, postgres.Translate(err))
		}
	}
	return nil
}
