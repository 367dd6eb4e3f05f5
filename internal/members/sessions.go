package members

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/prose"
	"relais/internal/token"
)

// sessionClaims is what the session cookie says. It carries no rights.
type sessionClaims struct {
	token.Registered
	SessionID string `json:"sid"`
	Version   int    `json:"sv"`
}

// Validate refuses a token without a session; the parser calls it.
func (c sessionClaims) Validate() error {
	if c.SessionID == "" || c.Version < 1 {
		return errors.New("no session")
	}
	return nil
}

// deviceClaims is what the device cookie says: this browser was used by that member.
type deviceClaims struct{ token.Registered }

// Attempt is what somebody gives to log in.
type Attempt struct {
	Email     string
	Password  string
	IP        string
	UserAgent string
	Device    string // the device cookie, if there is one
	Next      string // the page of ours that they wanted to see; may be empty
}

// LogIn opens a session for whoever knows the password. An unknown address and a wrong password give the same
// Unauthenticated fault after the same time. Other faults: Forbidden, only with the right password, when the address
// is not confirmed (the link is sent again) or the account blocked; TooMany; Unavailable.
func (s *Service) LogIn(ctx context.Context, in Attempt) (Session, error) {
	email, err := CleanEmail(in.Email)
	if err != nil {
		email = "?" // no member has it: goes the way of unknown addresses
	}
	here, rest := s.loginLimits(ctx, email, in)
	limits := map[string]limit{here: loginHere}
	for key, l := range rest {
		limits[key] = l
	}
	if err := s.try(ctx, limits); err != nil {
		return Session{}, err
	}
	m, err := s.checkPassword(ctx, email, in.Password)
	if err != nil {
		return Session{}, err
	}
	if err := s.forgive(ctx, here, rest); err != nil {
		return Session{}, err
	}
	switch {
	case m.BlockedAt != nil:
		return Session{}, fault.New(fault.Forbidden, "fault.account_blocked")
	case m.EmailConfirmedAt == nil:
		return Session{}, s.remindToConfirm(ctx, m, in.Next)
	}
	var session Session
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		session, err = s.openSession(ctx, tx, m, in.UserAgent)
		return err
	})
	return session, err
}

// loginLimits names the counters of a log-in: the one of this place, forgotten on success, and wider ones. A browser
// that this member used before is a place of its own, which strangers cannot use up.
func (s *Service) loginLimits(ctx context.Context, email string, in Attempt) (here string, rest map[string]limit) {
	rest = map[string]limit{throttleKey("login-address", Network(in.IP)): loginAddress}
	d, err := token.Open[deviceClaims](s.keys, token.Device, in.Device, s.now())
	if err == nil {
		m, err := ByEmail(ctx, s.db, email)
		if err == nil && d.Subject == strconv.FormatInt(m.ID, 10) {
			return throttleKey("login-device", d.ID), rest
		}
	}
	rest[throttleKey("login-account", email)] = loginAccount
	return throttleKey("login", email, Network(in.IP)), rest
}

// checkPassword returns the member of that address if the password is theirs.
func (s *Service) checkPassword(ctx context.Context, email, password string) (Member, error) {
	m, err := ByEmail(ctx, s.db, email)
	hash := ""
	if err == nil {
		hash, err = passwordHash(ctx, s.db, m.ID)
	}
	if err != nil && !errors.Is(err, fault.NotFound) {
		return Member{}, err
	}
	if len(password) > 4*MaxPassword { // nobody's; do not hash megabytes
		password, hash = "", ""
	}
	ok, stale, err := s.hasher.Matches(ctx, password, hash)
	if err != nil {
		return Member{}, err
	}
	if !ok {
		return Member{}, fault.New(fault.Unauthenticated, "fault.login_wrong")
	}
	if stale {
		if err := s.rehash(ctx, m.ID, password, hash); err != nil {
			return Member{}, err
		}
	}
	return m, nil
}

// rehash stores the same password with today's parameters, unless it was changed meanwhile.
func (s *Service) rehash(ctx context.Context, memberID int64, password, old string) error {
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	const query = `update members set password_hash = $2 where id = $1 and password_hash = $3`
	if _, err := s.db.ExecContext(ctx, query, memberID, hash, old); err != nil {
		return fmt.Errorf("renew password hash: %w", err)
	}
	return nil
}

// remindToConfirm sends the link of the sign-up again and returns the fault that says so.
func (s *Service) remindToConfirm(ctx context.Context, m Member, next string) error {
	err := s.try(ctx, map[string]limit{throttleKey("letter-to", m.Email): letterTo})
	if err != nil && !errors.Is(err, fault.TooMany) {
		return err
	}
	if err == nil {
		err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return s.askToConfirm(ctx, tx, m, next) })
		if err != nil {
			return err
		}
	}
	return fault.New(fault.Forbidden, "fault.account_unconfirmed")
}

// openSession starts a session in the caller's transaction and makes its cookies.
func (s *Service) openSession(ctx context.Context, tx *sqlx.Tx, m Member, userAgent string) (Session, error) {
	if m.BlockedAt != nil {
		return Session{}, fault.New(fault.Forbidden, "fault.account_blocked")
	}
	id, now := token.Random(16), s.now()
	userAgent = cutAt(prose.Printable(strings.ToValidUTF8(userAgent, "")), 200)
	if _, err := tx.ExecContext(ctx, addSessionSQL, id, m.ID, now, userAgent); err != nil {
		return Session{}, fmt.Errorf("open session: %w", err)
	}
	cookie, err := s.cookie(id, m)
	if err != nil {
		return Session{}, err
	}
	mark := deviceClaims{s.keys.Issue(token.Device, strconv.FormatInt(m.ID, 10), now, DeviceLife)}
	device, err := s.keys.Sign(mark)
	if err != nil {
		return Session{}, err
	}
	return Session{ID: id, Member: m, Cookie: cookie, Device: device}, nil
}

func (s *Service) cookie(sessionID string, m Member) (string, error) {
	std := s.keys.Issue(token.Web, strconv.FormatInt(m.ID, 10), s.now(), cookieLife)
	return s.keys.Sign(sessionClaims{Registered: std, SessionID: sessionID, Version: m.SessionVersion})
}

// Authenticate says whose session a cookie stands for. With fresh, as every request that changes something asks, the
// row is read from the database; else it may be up to five seconds old. Identity.Cookie is set when the browser must
// keep a new value. A cookie that lets nobody in is an Unauthenticated fault.
func (s *Service) Authenticate(ctx context.Context, cookie string, fresh bool) (Identity, error) {
	now := s.now()
	claims, err := token.OpenLate[sessionClaims](s.keys, token.Web, cookie, now, IdleLife)
	if err != nil {
		return Identity{}, refused(err)
	}
	due := !now.Before(claims.IssuedAt.Add(cookieLife / 2))
	row, err := s.session(ctx, claims.SessionID, fresh || due)
	if errors.Is(err, fault.NotFound) {
		return Identity{}, refused(err)
	}
	if err != nil {
		return Identity{}, err
	}
	if !row.alive(claims.Subject, claims.Version, now) {
		return Identity{}, refused(nil)
	}
	id := Identity{Member: row.Member, SessionID: row.SessionID, AuthAt: row.AuthAt}
	if !due {
		return id, nil
	}
	if _, err := s.db.ExecContext(ctx, touchSessionSQL, row.SessionID, now); err != nil {
		return Identity{}, fmt.Errorf("renew session: %w", err)
	}
	id.Cookie, err = s.cookie(row.SessionID, row.Member)
	return id, err
}

func refused(cause error) error {
	return fault.New(fault.Unauthenticated, "fault.session_over").Because(cause)
}

// session returns a session's row, from the cache if that will do.
func (s *Service) session(ctx context.Context, id string, fresh bool) (sessionRow, error) {
	now := s.now()
	if row, ok := s.cache.Get(id); ok && !fresh && now.Sub(row.loadedAt) < cacheLife && !now.Before(row.loadedAt) {
		return row, nil
	}
	row, err := readSession(ctx, s.db, id)
	if err != nil {
		s.cache.Remove(id)
		return sessionRow{}, err
	}
	row.loadedAt = now
	s.cache.Add(id, row)
	return row, nil
}

// LogOut ends the session of a cookie. A cookie that stands for none does nothing.
func (s *Service) LogOut(ctx context.Context, cookie string) error {
	claims, err := token.OpenLate[sessionClaims](s.keys, token.Web, cookie, s.now(), IdleLife)
	if err != nil {
		return nil
	}
	memberID, err := strconv.ParseInt(claims.Subject, 10, 64)
	if err != nil {
		return nil
	}
	err = s.EndSession(ctx, memberID, claims.SessionID)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

const endSessionSQL = `
	update sessions set revoked_at = coalesce(revoked_at, $3) where id = $1 and member_id = $2`

// EndSession ends one session of a member; a session that is not theirs is a NotFound fault.
func (s *Service) EndSession(ctx context.Context, memberID int64, sessionID string) error {
	result, err := s.db.ExecContext(ctx, endSessionSQL, sessionID, memberID, s.now())
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	s.cache.Remove(sessionID)
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "fault.not_found").Because(err)
	}
	return nil
}

// LogOutEverywhere ends every session of a member, this one included.
func (s *Service) LogOutEverywhere(ctx context.Context, memberID int64) error {
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		_, err := endSessions(ctx, tx, memberID, s.now())
		return err
	})
	s.cache.Purge() // rare, and cheaper than an index by member
	return err
}

// OpenSession is a session as its owner sees it in a list.
type OpenSession struct {
	ID         string    `db:"id"`
	CreatedAt  time.Time `db:"created_at"`
	LastSeenAt time.Time `db:"last_seen_at"`
	UserAgent  string    `db:"user_agent"`
}

// Browser names the program and the system of a session, like "Firefox, Android"; empty when it is not a known one.
func (s OpenSession) Browser() string {
	named := func(known [][2]string) string {
		for _, k := range known {
			if strings.Contains(s.UserAgent, k[0]) {
				return k[1]
			}
		}
		return ""
	}
	// In this order: browsers name those they want to pass for.
	program := named([][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"},
		{"FxiOS", "Firefox"}, {"CriOS", "Chrome"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}})
	system := named([][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"Macintosh", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}})
	if program != "" && system != "" {
		return program + ", " + system
	}
	return program + system
}

const openSessionsSQL = `
	select id, created_at, last_seen_at, user_agent from sessions
	where member_id = $1 and revoked_at is null and last_seen_at > $2 and created_at > $3
	order by last_seen_at desc limit 50`

// Sessions lists the sessions of a member that still let in, the last used first.
func (s *Service) Sessions(ctx context.Context, memberID int64) ([]OpenSession, error) {
	list := []OpenSession{}
	now := s.now()
	err := s.db.SelectContext(ctx, &list, openSessionsSQL, memberID, now.Add(-IdleLife), now.Add(-absoluteLife))
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

const proveSQL = `update sessions set auth_at = $2 where id = $1 and revoked_at is null`

// Prove takes the password once more, so that Identity.Proved holds for the next minutes. Faults: Invalid on field
// "password" when it is wrong; TooMany; Unavailable.
func (s *Service) Prove(ctx context.Context, id Identity, password, ip string) error {
	key := throttleKey("prove", id.Member.Email, Network(ip))
	if err := s.try(ctx, map[string]limit{key: loginHere}); err != nil {
		return err
	}
	_, err := s.checkPassword(ctx, id.Member.Email, password)
	if errors.Is(err, fault.Unauthenticated) {
		return fault.Field("password", "fault.password_wrong")
	}
	if err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, proveSQL, id.SessionID, s.now()); err != nil {
		return fmt.Errorf("prove session: %w", err)
	}
	s.cache.Remove(id.SessionID)
	return s.forgive(ctx, key, nil)
}

// cutAt returns at most n bytes of s, whole characters.
func cutAt(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
