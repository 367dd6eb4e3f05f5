package members

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/token"
)

const columns = `id, email, email_normal, name, handle, bio, city, picture_id, ` + picture + `, lang, admin,
	email_confirmed_at, blocked_at, session_version, created_at`

const picture = `coalesce((select hash from media where media.id = picture_id), '') as picture`

const (
	byIDSQL     = `select ` + columns + ` from members where id = $1`
	byHandleSQL = `select ` + columns + ` from members where handle = $1`
	byEmailSQL  = `select ` + columns + ` from members where email = $1`
	byIDsSQL    = `select ` + columns + ` from members where id = any($1)`
	lockByIDSQL = byIDSQL + ` for update`
)

// ByID returns a member, or a NotFound fault.
func ByID(ctx context.Context, q sqlx.QueryerContext, id int64) (Member, error) {
	return one(ctx, q, byIDSQL, id)
}

// ByHandle returns the member of that handle, or a NotFound fault.
func ByHandle(ctx context.Context, q sqlx.QueryerContext, handle string) (Member, error) {
	return one(ctx, q, byHandleSQL, handle)
}

// ByEmail returns the member of that clean address, or a NotFound fault.
func ByEmail(ctx context.Context, q sqlx.QueryerContext, email string) (Member, error) {
	return one(ctx, q, byEmailSQL, email)
}

// ByIDs returns the members of those ids, by id; ids that nobody has are left out.
func ByIDs(ctx context.Context, q sqlx.QueryerContext, ids []int64) (map[int64]Member, error) {
	var list []Member
	if err := sqlx.SelectContext(ctx, q, &list, byIDsSQL, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	set := make(map[int64]Member, len(list))
	for _, m := range list {
		set[m.ID] = m
	}
	return set, nil
}

func one(ctx context.Context, q sqlx.QueryerContext, query string, arg any) (Member, error) {
	var m Member
	if err := sqlx.GetContext(ctx, q, &m, query, arg); err != nil {
		return Member{}, fmt.Errorf("read member: %w", postgres.Translate(err))
	}
	return m, nil
}

const searchSQL = `
	select ` + columns + ` from members
	where $1 = '' or handle = lower($1) or email = lower($1) or position(lower($1) in lower(name)) > 0
	order by id desc limit $2 offset $3`

// Search returns members, newest first, whose handle or address is the query or whose name contains it; all of them
// for an empty query.
func Search(ctx context.Context, q sqlx.QueryerContext, query string, limit, offset int) ([]Member, error) {
	list := []Member{}
	if err := sqlx.SelectContext(ctx, q, &list, searchSQL, query, limit, offset); err != nil {
		return nil, fmt.Errorf("search members: %w", err)
	}
	return list, nil
}

// AuditEntry is a line of the log of who did what to money, roles and accounts.
type AuditEntry struct {
	At      time.Time
	ActorID int64          // 0: the platform itself
	Action  string         // a verb with its noun, like "member blocked"
	Subject string         // like "member 42"
	Detail  map[string]any // may be nil
}

const auditSQL = `
	insert into audit_log (at, actor_id, action, subject, detail) values ($1, nullif($2::bigint, 0), $3, $4, $5)`

// Audit writes a line of the log in the caller's transaction.
func Audit(ctx context.Context, tx *sqlx.Tx, e AuditEntry) error {
	detail, err := json.Marshal(e.Detail)
	if err != nil || e.Detail == nil {
		detail = []byte("{}")
	}
	if _, err := tx.ExecContext(ctx, auditSQL, e.At, e.ActorID, e.Action, e.Subject, string(detail)); err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

const passwordSQL = `select password_hash from members where id = $1`

func passwordHash(ctx context.Context, q sqlx.QueryerContext, memberID int64) (string, error) {
	var hash string
	if err := sqlx.GetContext(ctx, q, &hash, passwordSQL, memberID); err != nil {
		return "", fmt.Errorf("read password of member %d: %w", memberID, postgres.Translate(err))
	}
	return hash, nil
}

const insertSQL = `
	insert into members (email, email_normal, password_hash, name, handle, bio, city, picture_id, lang, admin,
	                     email_confirmed_at, created_at)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
	on conflict do nothing returning ` + columns

// insert adds a member; ok is false when the address or the handle is taken.
func insert(ctx context.Context, tx *sqlx.Tx, m Member, hash string) (added Member, ok bool, err error) {
	err = tx.GetContext(ctx, &added, insertSQL, m.Email, NormalEmail(m.Email), hash, m.Name, m.Handle, m.Bio, m.City,
		m.PictureID, m.Lang, m.Admin, m.EmailConfirmedAt, m.CreatedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return Member{}, false, nil
	}
	if err != nil {
		return Member{}, false, fmt.Errorf("add member: %w", postgres.Translate(err))
	}
	return added, true, nil
}

// purpose says what a one-time link is for.
type purpose string

const (
	forConfirm purpose = "confirm"
	forReset   purpose = "reset"
	forEmail   purpose = "email"
)

const (
	voidTokensSQL = `
		update email_tokens set used_at = $3 where member_id = $1 and purpose = $2 and used_at is null`
	addTokenSQL = `
		insert into email_tokens (hash, purpose, member_id, email, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6)`
)

// addToken makes the secret of a one-time link; earlier links of that purpose end.
func addToken(ctx context.Context, tx *sqlx.Tx, p purpose, m Member, email string, now time.Time, life time.Duration) (string, error) {
	if _, err := tx.ExecContext(ctx, voidTokensSQL, m.ID, p, now); err != nil {
		return "", fmt.Errorf("end links: %w", err)
	}
	secret := token.Random(32)
	_, err := tx.ExecContext(ctx, addTokenSQL, token.Hash(secret), p, m.ID, email, now, now.Add(life))
	if err != nil {
		return "", fmt.Errorf("add link: %w", err)
	}
	return secret, nil
}

// link is a one-time link as its row tells it.
type link struct {
	MemberID int64  `db:"member_id"`
	Email    string `db:"email"`
}

const (
	peekTokenSQL = `
		select member_id, email from email_tokens
		where hash = $1 and purpose = $2 and used_at is null and expires_at > $3`
	useTokenSQL = `
		update email_tokens set used_at = $3
		where hash = $1 and purpose = $2 and used_at is null and expires_at > $3 returning member_id, email`
)

// useToken spends a link's secret; of two at once only one succeeds. Spent, late and unknown secrets all give the
// same NotFound fault.
func useToken(ctx context.Context, tx *sqlx.Tx, p purpose, secret string, now time.Time) (link, error) {
	return readToken(ctx, tx, useTokenSQL, p, secret, now)
}

func peekToken(ctx context.Context, q sqlx.QueryerContext, p purpose, secret string, now time.Time) (link, error) {
	return readToken(ctx, q, peekTokenSQL, p, secret, now)
}

func readToken(ctx context.Context, q sqlx.QueryerContext, query string, p purpose, secret string, now time.Time) (link, error) {
	var l link
	err := sqlx.GetContext(ctx, q, &l, query, token.Hash(secret), p, now)
	if errors.Is(err, sql.ErrNoRows) {
		return link{}, fault.New(fault.NotFound, "fault.link_over")
	}
	if err != nil {
		return link{}, fmt.Errorf("read link: %w", err)
	}
	return l, nil
}

const (
	endSessionsSQL  = `update sessions set revoked_at = $2 where member_id = $1 and revoked_at is null`
	raiseVersionSQL = `
		update members set session_version = session_version + 1 where id = $1 returning ` + columns
)

// endSessions ends every session of a member, in this instance and all others.
func endSessions(ctx context.Context, tx *sqlx.Tx, memberID int64, now time.Time) (Member, error) {
	if _, err := tx.ExecContext(ctx, endSessionsSQL, memberID, now); err != nil {
		return Member{}, fmt.Errorf("end sessions of member %d: %w", memberID, err)
	}
	return one(ctx, tx, raiseVersionSQL, memberID)
}

const (
	addSessionSQL = `
		insert into sessions (id, member_id, created_at, last_seen_at, auth_at, user_agent)
		values ($1, $2, $3, $3, $3, $4)`
	sessionSQL = `
		select s.id as session_id, s.created_at as started_at, s.last_seen_at, s.auth_at, s.revoked_at,
		       m.id, m.email, m.email_normal, m.name, m.handle, m.bio, m.city, m.picture_id, ` + picture + `, m.lang, m.admin,
		       m.email_confirmed_at, m.blocked_at, m.session_version, m.created_at
		from sessions s join members m on m.id = s.member_id where s.id = $1`
	touchSessionSQL = `
		update sessions set last_seen_at = greatest(last_seen_at, $2) where id = $1 and revoked_at is null`
)

func readSession(ctx context.Context, q sqlx.QueryerContext, id string) (sessionRow, error) {
	var row sessionRow
	if err := sqlx.GetContext(ctx, q, &row, sessionSQL, id); err != nil {
		return sessionRow{}, fmt.Errorf("read session: %w", postgres.Translate(err))
	}
	return row, nil
}

// AuditRow is a line of the log with the name of who acted.
type AuditRow struct {
	At      time.Time `db:"at"`
	Actor   string    `db:"actor"` // empty: the platform itself
	Action  string    `db:"action"`
	Subject string    `db:"subject"`
}

const auditRowsSQL = `
	select a.at, coalesce(m.name, '') as actor, a.action, a.subject from audit_log a left join members m on m.id = a.actor_id order by a.id desc limit $1`

// AuditRows returns the newest lines of the log of who did what to money, roles and accounts.
func AuditRows(ctx context.Context, q sqlx.QueryerContext, limit int) ([]AuditRow, error) {
	var rows []AuditRow
	if err := sqlx.SelectContext(ctx, q, &rows, auditRowsSQL, limit); err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return rows, nil
}
