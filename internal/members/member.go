// Package members knows who somebody is: sign-up, log-in, sessions, passwords, profiles.
//
// A member is one person with one account. The account becomes usable when its e-mail address was confirmed by a
// letter; whoever asks about an address by signing up or resetting a password gets the same answer whether or not it
// has an account, and only the letter says more.
//
// # Sessions
//
// The cookie is a signed token of 15 minutes that says which session row it stands for; the row is the authority.
//
//	cookie ──verify──► refused without touching the database (forged, foreign, older than any session)
//	   └──► row, from a cache of 5 s for reading, always fresh for writing
//	           └──► revoked? idle for 14 d (12 h for admins)? older than 60 d? older session_version? blocked?
//	                   └──► past half of its life, or over it, the cookie is written anew
//
// Logging in makes a new row. A new password, a new address, another role or a block raise the member's
// session_version, which ends every session at once. Deeds that could take an account away ask for a session whose
// password was given in the last 10 minutes (Identity.Proved).
//
// # Guessing
//
// Passwords are hashed by argon2id, no more at once than there are cores. Tries are counted in Postgres per account
// and address; see limit in throttle.go: pauses grow and end, so that nobody can lock another person out.
// A browser that the member used before has its own count.
//
// All times come from the real clock: sessions and links do not travel when the demo's clock is moved.
package members

import (
	"log/slog"
	"strconv"
	"time"

	"relais/internal/i18n"
)

// Member is a person with an account.
type Member struct {
	ID               int64      `db:"id"`
	Email            string     `db:"email"`
	EmailNormal      string     `db:"email_normal"` // NormalEmail(Email): what self-referral compares
	Name             string     `db:"name"`
	Handle           string     `db:"handle"`
	Bio              string     `db:"bio"`
	City             string     `db:"city"`
	PictureID        *int64     `db:"picture_id"` // a row of media
	Picture          string     `db:"picture"`    // its content hash; empty: none
	Lang             i18n.Lang  `db:"lang"`
	Admin            bool       `db:"admin"`
	EmailConfirmedAt *time.Time `db:"email_confirmed_at"`
	BlockedAt        *time.Time `db:"blocked_at"`
	SessionVersion   int        `db:"session_version"`
	CreatedAt        time.Time  `db:"created_at"`
}

// LogValue keeps personal data out of the log.
func (m Member) LogValue() slog.Value {
	return slog.StringValue("member " + strconv.FormatInt(m.ID, 10))
}

// Lives of sessions and links.
const (
	cookieLife   = 15 * time.Minute
	IdleLife     = 14 * 24 * time.Hour // a session without a visit; also how long browsers keep the cookie
	adminIdle    = 12 * time.Hour
	absoluteLife = 60 * 24 * time.Hour
	DeviceLife   = 365 * 24 * time.Hour // how long a browser stays known
	proofLife    = 10 * time.Minute
	cacheLife    = 5 * time.Second
	confirmLife  = 24 * time.Hour
	resetLife    = 30 * time.Minute // ten would lose letters that a careful mail server makes wait
)

// Session is a log-in that was just made: what the browser must keep.
type Session struct {
	ID     string
	Member Member
	Cookie string // the session cookie's value, for IdleLife
	Device string // the device cookie's value, for DeviceLife
}

// Identity is who asks: a member and the session by which they do.
type Identity struct {
	Member    Member
	SessionID string
	AuthAt    time.Time // when the password was last given
	Cookie    string    // not empty: the new value of the session cookie
}

// Proved says whether the password was given recently enough for deeds that could take an account away.
func (i Identity) Proved(now time.Time) bool { return now.Before(i.AuthAt.Add(proofLife)) }

// sessionRow is a session with the member it belongs to.
type sessionRow struct {
	SessionID  string     `db:"session_id"`
	StartedAt  time.Time  `db:"started_at"`
	LastSeenAt time.Time  `db:"last_seen_at"`
	AuthAt     time.Time  `db:"auth_at"`
	RevokedAt  *time.Time `db:"revoked_at"`
	Member
	loadedAt time.Time
}

// SessionLives is alive as a condition in SQL, of a session s and its member m, at the time of a parameter like "$2"; for what a session
// allows beside requests.
func SessionLives(now string) string {
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d/time.Second)) + " * interval '1 second'" }
	return `s.revoked_at is null and m.blocked_at is null and m.email_confirmed_at is not null
  and s.last_seen_at + case when m.admin then ` + seconds(adminIdle) + ` else ` + seconds(IdleLife) + ` end > ` + now + `::timestamptz
  and s.created_at + ` + seconds(absoluteLife) + ` > ` + now + `::timestamptz`
}

// alive says whether a session row, as seen through a cookie of that member and version, still lets its bearer in.
func (r sessionRow) alive(memberID string, version int, now time.Time) bool {
	idle := IdleLife
	if r.Admin {
		idle = adminIdle
	}
	switch {
	case r.RevokedAt != nil, r.BlockedAt != nil, r.EmailConfirmedAt == nil:
		return false
	case memberID != strconv.FormatInt(r.Member.ID, 10), version != r.SessionVersion:
		return false
	}
	return now.Before(r.LastSeenAt.Add(idle)) && now.Before(r.StartedAt.Add(absoluteLife))
}
