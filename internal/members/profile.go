package members

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Profile is what a member shows of themselves.
type Profile struct {
	Name      string
	Handle    string
	Bio       string
	City      string
	Lang      i18n.Lang
	PictureID *int64 // nil keeps the picture
}

const profileSQL = `
	update members set name = $2, handle = $3, bio = $4, city = $5, lang = $6, picture_id = coalesce($7, picture_id)
	where id = $1 returning ` + columns

// SetProfile changes what a member shows. Faults: Invalid with fields name, handle, bio, city, lang; Conflict with
// field handle when another member has it.
func (s *Service) SetProfile(ctx context.Context, memberID int64, p Profile) (Member, error) {
	name, nameErr := cleanName(p.Name)
	p.Handle = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(p.Handle)), "@")
	p.Bio = prose.Lines(prose.Printable(p.Bio))
	p.City = prose.Line(p.City)
	handleErr := error(nil)
	current, err := ByID(ctx, s.db, memberID)
	if err != nil {
		return Member{}, err
	}
	if p.Handle != current.Handle { // the platform's own members keep the words that others may not take
		handleErr = CheckHandle(p.Handle)
	}
	errs := []error{nameErr, handleErr}
	if utf8.RuneCountInString(p.Bio) > maxBio {
		errs = append(errs, fault.Field("bio", "fault.bio_long"))
	}
	if utf8.RuneCountInString(p.City) > maxCity {
		errs = append(errs, fault.Field("city", "fault.city_long"))
	}
	if _, ok := i18n.Parse(string(p.Lang)); !ok {
		errs = append(errs, fault.Field("lang", "fault.lang_unknown"))
	}
	if err := fault.Merge(errs...); err != nil {
		return Member{}, err
	}
	var m Member
	err = s.db.GetContext(ctx, &m, profileSQL, memberID, name, p.Handle, p.Bio, p.City, p.Lang, p.PictureID)
	if err != nil {
		return Member{}, fmt.Errorf("set profile: %w", postgres.Translate(err))
	}
	s.cache.Purge()
	return m, nil
}

const setLangSQL = `update members set lang = $2 where id = $1`

// SetLang keeps the language that a member chose with the switch.
func (s *Service) SetLang(ctx context.Context, memberID int64, lang i18n.Lang) error {
	if _, err := s.db.ExecContext(ctx, setLangSQL, memberID, lang); err != nil {
		return fmt.Errorf("set language: %w", err)
	}
	s.cache.Purge()
	return nil
}

// NewMember is an account made by an operator or the demo.
type NewMember struct {
	Email        string
	Name         string
	Handle       string // empty: proposed from the name
	Bio          string
	City         string
	PictureID    *int64
	Lang         i18n.Lang
	Admin        bool
	Confirmed    bool
	Password     string
	PasswordHash string    // of HashPassword, instead of Password: many members may share one
	CreatedAt    time.Time // zero: now
}

// Create adds an account without writing any letter. Faults: Invalid as in SignUp and SetProfile; Conflict when the
// address or the handle is taken.
func (s *Service) Create(ctx context.Context, in NewMember) (Member, error) {
	name, nameErr := cleanName(in.Name)
	email, emailErr := CleanEmail(in.Email)
	err := fault.Merge(nameErr, emailErr)
	if err == nil && in.PasswordHash == "" {
		err = CheckPassword(in.Password, name, email)
	}
	if err == nil && in.PasswordHash == "" {
		in.PasswordHash, err = s.hasher.Hash(ctx, in.Password)
	}
	if err != nil {
		return Member{}, err
	}
	now := s.now()
	if in.CreatedAt.IsZero() {
		in.CreatedAt = now
	}
	m := Member{Email: email, Name: name, Handle: in.Handle, Bio: in.Bio, City: in.City, PictureID: in.PictureID,
		Lang: in.Lang, Admin: in.Admin, CreatedAt: in.CreatedAt}
	if in.Confirmed {
		m.EmailConfirmedAt = &in.CreatedAt
	}
	var ok bool
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if in.Handle == "" {
			m, ok, err = insertWithHandle(ctx, tx, m, in.PasswordHash)
		} else {
			m, ok, err = insert(ctx, tx, m, in.PasswordHash)
		}
		if err != nil || !in.Admin || !ok {
			return err
		}
		return Audit(ctx, tx, AuditEntry{At: now, Action: "admin created", Subject: subject(m.ID)})
	})
	if err == nil && !ok {
		return Member{}, fault.New(fault.Conflict, "fault.email_or_handle_taken")
	}
	return m, err
}

// HashPassword returns the hash of a password for NewMember.PasswordHash, without checking the password.
func (s *Service) HashPassword(ctx context.Context, password string) (string, error) {
	return s.hasher.Hash(ctx, password)
}

const (
	blockSQL   = `update members set blocked_at = $2 where id = $1`
	promoteSQL = `update members set admin = $2 where id = $1`
)

// Block shuts a member out at once, or lets them in again. The actor is an admin, or 0 for the platform itself.
// Doing it twice does nothing more. Faults: Forbidden for oneself; NotFound.
func (s *Service) Block(ctx context.Context, actorID, memberID int64, blocked bool) error {
	if actorID == memberID {
		return fault.New(fault.Forbidden, "fault.not_yourself")
	}
	action, at := "member unblocked", (*time.Time)(nil)
	if blocked {
		now := s.now()
		action, at = "member blocked", &now
	}
	after := s.whenBlocked
	if !blocked {
		after = nil
	}
	return s.change(ctx, actorID, memberID, action, func(m Member) (string, any, bool) {
		return blockSQL, at, blocked != (m.BlockedAt != nil)
	}, after...)
}

// WhenBlocked has a function called in the transaction that shuts a member out, for what they leave behind. It is called while the program
// is put together.
func (s *Service) WhenBlocked(do func(ctx context.Context, tx *sqlx.Tx, memberID int64) error) {
	s.whenBlocked = append(s.whenBlocked, do)
}

// Promote makes a member an admin of the platform, or ends that. The actor is an admin, or 0 for the command line.
// Sessions end, so that the next one has an admin's shorter life. Faults: Forbidden for oneself; NotFound.
func (s *Service) Promote(ctx context.Context, actorID, memberID int64, admin bool) error {
	if actorID == memberID {
		return fault.New(fault.Forbidden, "fault.not_yourself")
	}
	action := "admin dismissed"
	if admin {
		action = "admin promoted"
	}
	return s.change(ctx, actorID, memberID, action, func(m Member) (string, any, bool) {
		return promoteSQL, admin, m.Admin != admin
	})
}

// change locks a member, runs the statement that decide names, ends the sessions, writes the log and does what comes after.
func (s *Service) change(ctx context.Context, actorID, memberID int64, action string, decide func(Member) (query string, value any, needed bool),
	after ...func(context.Context, *sqlx.Tx, int64) error) error {
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		m, err := one(ctx, tx, lockByIDSQL, memberID)
		if err != nil {
			return err
		}
		query, value, needed := decide(m)
		if !needed {
			return nil
		}
		if _, err := tx.ExecContext(ctx, query, memberID, value); err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		if _, err := endSessions(ctx, tx, memberID, s.now()); err != nil {
			return err
		}
		for _, do := range after {
			if err := do(ctx, tx, memberID); err != nil {
				return err
			}
		}
		return Audit(ctx, tx, AuditEntry{At: s.now(), ActorID: actorID, Action: action, Subject: subject(memberID)})
	})
	s.cache.Purge()
	return err
}

func subject(memberID int64) string { return "member " + strconv.FormatInt(memberID, 10) }

const (
	sweepThrottlesSQL = `delete from throttles where window_end < $1`
	sweepTokensSQL    = `delete from email_tokens where expires_at < $1`
	sweepSessionsSQL  = `delete from sessions where last_seen_at < $1 or revoked_at < $1`
)

// JobSweep is the kind of the job that Sweep does, to be enqueued once a day.
const JobSweep = "members.sweep"

// Sweep deletes counters, links and sessions that have been over for long. It is the handler of JobSweep.
func (s *Service) Sweep(ctx context.Context, _ jobs.Work) error {
	now := s.now()
	for _, task := range []struct {
		query  string
		before time.Time
	}{
		{sweepThrottlesSQL, now.Add(-24 * time.Hour)},
		{sweepTokensSQL, now.Add(-30 * 24 * time.Hour)},
		{sweepSessionsSQL, now.Add(-90 * 24 * time.Hour)},
	} {
		if _, err := s.db.ExecContext(ctx, task.query, task.before); err != nil {
			return fmt.Errorf("sweep members: %w", err)
		}
	}
	return nil
}
