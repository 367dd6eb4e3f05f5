package members

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/token"
)

// AskReset writes a letter with a link that sets a new password, if the address has an account; the answer does not
// say. Faults: Invalid on field "email"; TooMany.
func (s *Service) AskReset(ctx context.Context, address, ip string) error {
	email, err := CleanEmail(address)
	if err != nil {
		return err
	}
	err = s.try(ctx, map[string]limit{
		throttleKey("letter-to", email): letterTo, throttleKey("letter-from", Network(ip)): letterFrom})
	if err != nil {
		return err
	}
	_, err = s.ResetLink(ctx, email)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// ResetLink makes the link that sets a new password, writes it to the member and returns its path, for an operator to
// hand over. Faults: NotFound when no member that may log in has the address.
func (s *Service) ResetLink(ctx context.Context, email string) (path string, err error) {
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		m, err := ByEmail(ctx, tx, email)
		if err != nil {
			return err
		}
		if m.BlockedAt != nil {
			return fault.New(fault.NotFound, "fault.not_found")
		}
		secret, err := addToken(ctx, tx, forReset, m, m.Email, s.now(), resetLife)
		if err != nil {
			return err
		}
		path = "/reset/" + secret
		return s.write(ctx, tx, m, "reset", linkReference(secret), letterData{Name: m.Name, Path: path})
	})
	return path, err
}

// Reset spends the link of a letter, sets a new password, ends all sessions and opens a new one. Since the letter
// arrived, the address counts as confirmed. Faults: NotFound when the link is over; Invalid on field "password";
// Forbidden when the account is blocked; Unavailable.
func (s *Service) Reset(ctx context.Context, secret, password, userAgent string) (Session, error) {
	l, err := peekToken(ctx, s.db, forReset, secret, s.now())
	if err != nil {
		return Session{}, err
	}
	hash, err := s.newPassword(ctx, l.MemberID, password)
	if err != nil {
		return Session{}, err
	}
	var session Session
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := useToken(ctx, tx, forReset, secret, s.now()); err != nil {
			return err
		}
		var m Member
		if err := tx.GetContext(ctx, &m, confirmSQL, l.MemberID, s.now()); err != nil {
			return fmt.Errorf("confirm member %d: %w", l.MemberID, err)
		}
		session, err = s.replacePassword(ctx, tx, l.MemberID, hash, userAgent)
		return err
	})
	s.cache.Purge()
	return session, err
}

// ChangePassword sets a new password, ends all sessions and opens a new one. Faults: Forbidden when the password was
// not given recently; Invalid on field "password"; Unavailable.
func (s *Service) ChangePassword(ctx context.Context, id Identity, password, userAgent string) (Session, error) {
	if err := s.proved(id); err != nil {
		return Session{}, err
	}
	hash, err := s.newPassword(ctx, id.Member.ID, password)
	if err != nil {
		return Session{}, err
	}
	var session Session
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		session, err = s.replacePassword(ctx, tx, id.Member.ID, hash, userAgent)
		return err
	})
	s.cache.Purge()
	return session, err
}

func (s *Service) proved(id Identity) error {
	if !id.Proved(s.now()) {
		return fault.New(fault.Forbidden, "fault.prove_first")
	}
	return nil
}

// newPassword checks a member's new password and hashes it.
func (s *Service) newPassword(ctx context.Context, memberID int64, password string) (hash string, err error) {
	m, err := ByID(ctx, s.db, memberID)
	if err != nil {
		return "", err
	}
	if err := CheckPassword(password, m.Name, m.Email, m.Handle); err != nil {
		return "", err
	}
	return s.hasher.Hash(ctx, password)
}

const setPasswordSQL = `update members set password_hash = $2 where id = $1`

// replacePassword stores a hash, ends what the old password opened, tells the member and opens a session.
func (s *Service) replacePassword(ctx context.Context, tx *sqlx.Tx, memberID int64, hash, userAgent string) (Session, error) {
	if _, err := tx.ExecContext(ctx, setPasswordSQL, memberID, hash); err != nil {
		return Session{}, fmt.Errorf("set password: %w", err)
	}
	m, err := endSessions(ctx, tx, memberID, s.now())
	if err != nil {
		return Session{}, err
	}
	for _, p := range []purpose{forReset, forEmail} {
		if _, err := tx.ExecContext(ctx, voidTokensSQL, m.ID, p, s.now()); err != nil {
			return Session{}, fmt.Errorf("end links: %w", err)
		}
	}
	reference := "password:" + token.Random(12)
	if err := s.write(ctx, tx, m, "password_changed", reference, letterData{Name: m.Name}); err != nil {
		return Session{}, err
	}
	return s.openSession(ctx, tx, m, userAgent)
}

// SetPassword gives a member a password from the command line and ends all sessions. Faults: NotFound; Invalid on
// field "password".
func (s *Service) SetPassword(ctx context.Context, email, password string) error {
	m, err := ByEmail(ctx, s.db, email)
	if err != nil {
		return err
	}
	hash, err := s.newPassword(ctx, m.ID, password)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, setPasswordSQL, m.ID, hash); err != nil {
			return fmt.Errorf("set password: %w", err)
		}
		if _, err := endSessions(ctx, tx, m.ID, s.now()); err != nil {
			return err
		}
		return Audit(ctx, tx, AuditEntry{At: s.now(), Action: "password set", Subject: subject(m.ID)})
	})
}

// ChangeEmail writes a link to a new address and a warning to the old one; the change waits for the link. When
// another account has the new address, the letter to it says that and the answer here is the same. Faults: Forbidden
// when the password was not given recently; Invalid on field "email"; TooMany.
func (s *Service) ChangeEmail(ctx context.Context, id Identity, address, ip string) error {
	if err := s.proved(id); err != nil {
		return err
	}
	email, err := CleanEmail(address)
	if err != nil {
		return err
	}
	m := id.Member
	if email == m.Email {
		return fault.Field("email", "fault.email_same")
	}
	err = s.try(ctx, map[string]limit{
		throttleKey("letter-to", email): letterTo, throttleKey("letter-from", Network(ip)): letterFrom})
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		secret, err := addToken(ctx, tx, forEmail, m, email, s.now(), resetLife)
		if err != nil {
			return err
		}
		data := letterData{Name: m.Name, Email: email}
		if err := s.write(ctx, tx, m, "email_warning", "warning:"+linkReference(secret), data); err != nil {
			return err
		}
		there, err := ByEmail(ctx, tx, email)
		switch {
		case err == nil:
			return s.write(ctx, tx, there, "account_exists", linkReference(secret), letterData{Name: there.Name, Path: "/login"})
		case !errors.Is(err, fault.NotFound):
			return err
		}
		data.Path = "/confirm-email/" + secret
		m.Email = email
		return s.write(ctx, tx, m, "email_confirm", linkReference(secret), data)
	})
}

const setEmailSQL = `update members set email = $2, email_normal = $3 where id = $1`

// ConfirmEmail spends the link of ChangeEmail: the address changes, all sessions end, a new one opens. Faults:
// NotFound when the link is over; Conflict when the address was taken meanwhile; Forbidden when blocked.
func (s *Service) ConfirmEmail(ctx context.Context, secret, userAgent string) (Session, error) {
	var session Session
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		l, err := useToken(ctx, tx, forEmail, secret, s.now())
		if err != nil {
			return err
		}
		before, err := one(ctx, tx, lockByIDSQL, l.MemberID)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, setEmailSQL, before.ID, l.Email, NormalEmail(l.Email)); err != nil {
			return fmt.Errorf("set email: %w", postgres.Translate(err))
		}
		m, err := endSessions(ctx, tx, before.ID, s.now())
		if err != nil {
			return err
		}
		data := letterData{Name: m.Name, Email: m.Email}
		if err := s.write(ctx, tx, before, "email_changed", "changed:"+linkReference(secret), data); err != nil {
			return err
		}
		session, err = s.openSession(ctx, tx, m, userAgent)
		return err
	})
	s.cache.Purge()
	return session, err
}
