package stories

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/catalog/slug"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/referrals"
)

// Service is the use cases of this package. Create it with New. Each takes who acts; that they act for the owner is looked at again.
type Service struct {
	db        *sqlx.DB
	photos    *media.Store
	referrals *referrals.Service
	now       func() time.Time // business time
}

// New makes the Service.
func New(db *sqlx.DB, photos *media.Store, r *referrals.Service, now func() time.Time) *Service {
	return &Service{db: db, photos: photos, referrals: r, now: now}
}

const lockWriter = `select blocked_at is null and email_confirmed_at is not null from members where id = $1 for no key update`

// may is nil for who writes for an owner: the member themselves, or the team of the brand. ErrGone for strangers; ErrMay for who is blocked or
// has not confirmed their address. It has one at a time of a writer's.
func may(ctx context.Context, tx *sqlx.Tx, by int64, o Owner) error {
	var open bool
	if err := tx.GetContext(ctx, &open, lockWriter, by); err != nil {
		return postgres.Translate(err)
	}
	if o.BrandID == 0 && o.MemberID != by {
		return ErrGone
	}
	if o.BrandID != 0 {
		role, err := catalog.Role(ctx, tx, o.BrandID, by)
		if err != nil {
			return err
		}
		if role == catalog.NoRole {
			return ErrGone
		}
	}
	if !open {
		return ErrMay
	}
	return nil
}

const insertStory = `
insert into stories (code, author_id, brand_id, lang, created_at, updated_at) values ($1, $2, $3, $4, $5, $5) on conflict (code) do nothing returning id`

// Start gives an owner a draft to write: the empty one that the writer has already, or a new one. Faults of may, ErrDrafts.
func (s *Service) Start(ctx context.Context, by int64, o Owner, lang i18n.Lang) (id int64, err error) {
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := may(ctx, tx, by, o); err != nil {
			return err
		}
		var empty []int64
		if err := tx.SelectContext(ctx, &empty, `select s.id from stories s where`+owned+`and s.author_id = $3 and s.state = 'draft' and s.version = 1`, o.MemberID, o.BrandID, by); err != nil {
			return postgres.Translate(err)
		}
		if len(empty) > 0 {
			id = empty[0]
			return nil
		}
		_, drafts, err := OwnCount(ctx, tx, o)
		if err != nil {
			return err
		}
		if drafts >= MaxDrafts {
			return ErrDrafts
		}
		err = postgres.Translate(tx.GetContext(ctx, &id, insertStory, newCode(), by, orNull(o.BrandID), lang, s.now()))
		if errors.Is(err, fault.NotFound) {
			return fault.New(fault.Unavailable, "relay.try_again") // the code was taken
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("start story: %w", err)
	}
	return id, nil
}

// newCode is 8 random characters that are hard to take for others: 40 bits.
func newCode() string { return strings.ToLower(rand.Text()[:8]) }

func slugOf(title string) string {
	if title == "" {
		return ""
	}
	return slug.Of(title)
}

// When says what becomes of a story that is saved.
type When struct {
	Now  bool      // published, or published again
	At   time.Time // or by itself at that time
	Zone string    // in which At was given
}

func (w When) act() Act {
	switch {
	case w.Now:
		return Publish
	case !w.At.IsZero():
		return Schedule
	}
	return Keep
}

// Seen is what the writer had before them: a version of the story, in a form. A draft that keeps itself (Auto) is written over that version only;
// whoever presses a button may overtake what their own form has kept meanwhile.
type Seen struct {
	Version int
	Form    string // made by the page; at most 64 characters
	Auto    bool
}

// stale says whether somebody has written since.
func (s Seen) stale(was Story) bool {
	return was.Version != s.Version && (s.Auto || s.Form == "" || was.Form != s.Form)
}

// Save writes a story of an owner, and publishes or schedules it where w says so. Where somebody else has written since the writer read it, nothing
// is changed. What is read, or will be, has to be Ready. It returns the story as it is now. Faults: of
// may, ErrGone, ErrState, ErrMeanwhile, ErrMany, ErrEdits, and the fields of Tidy, Ready and Ahead, file, video_file and products.
func (s *Service) Save(ctx context.Context, by int64, o Owner, id int64, seen Seen, c Content, w When) (told Story, err error) {
	if c, err = Tidy(c); err != nil {
		return Story{}, err
	}
	if len(seen.Form) > 64 {
		seen.Form = "" // no form of ours
	}
	if !w.At.IsZero() {
		if err := Ahead(w.At, s.now()); err != nil {
			return Story{}, err
		}
	}
	err = s.change(ctx, by, o, id, w.act(), func(tx *sqlx.Tx, was Story, to State) error {
		if seen.stale(was) {
			return ErrMeanwhile
		}
		if to != Draft {
			if err := Ready(c); err != nil {
				return err
			}
		}
		now := s.now()
		if err := rewrite(ctx, tx, by, was, c, seen.Form, now); err != nil {
			return err
		}
		if was.HiddenAt != nil && Changed(was.Content(), c) { // it stays hidden, and the platform looks again
			is, err := one(ctx, tx, `where s.id = $1`, id)
			if err != nil {
				return err
			}
			if err := s.lookAgain(ctx, tx, is); err != nil {
				return err
			}
		}
		if to == Published {
			return s.publish(ctx, tx, by, was.ID)
		}
		if to == Scheduled && w.act() == Schedule {
			_, err := tx.ExecContext(ctx, `update stories set publish_at = $2, zone = $3, state = 'scheduled', problem = '' where id = $1`, id, w.At, w.Zone)
			return postgres.Translate(err)
		}
		return nil
	})
	if err != nil {
		return Story{}, fmt.Errorf("save story %d: %w", id, err)
	}
	return Own(ctx, s.db, o, id)
}

// change locks a story of an owner's for an act, and has do what follows from it.
func (s *Service) change(ctx context.Context, by int64, o Owner, id int64, a Act, do func(tx *sqlx.Tx, was Story, to State) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := may(ctx, tx, by, o); err != nil {
			return err
		}
		was, err := one(ctx, tx, `where s.id = $3 and`+owned+`for no key update of s`, o.MemberID, o.BrandID, id)
		if err != nil {
			return err
		}
		to, err := Next(was.State, a)
		if err != nil {
			return err
		}
		return do(tx, was, to)
	})
}

const countToday = `select count(*) from stories where author_id = $1 and published_at > $2 and id <> $3`

const publishStory = `
update stories set state = 'published', published_at = coalesce(published_at, $2), publish_at = null, problem = '' where id = $1`

const (
	dropEdits  = `delete from story_edits where member_id = $1 and at <= $2`
	countEdits = `select count(*) from story_edits where member_id = $1`
	insertEdit = `insert into story_edits (member_id, story_id, at) values ($1, $2, $3)`
)

// edited counts that a member changes what was published, or publishes it again: whoever follows from elsewhere is told each time. ErrEdits.
func (s *Service) edited(ctx context.Context, tx *sqlx.Tx, by, id int64) error {
	var n int
	if _, err := tx.ExecContext(ctx, dropEdits, by, s.now().Add(-24*time.Hour)); err != nil {
		return fmt.Errorf("drop edits of yesterday: %w", postgres.Translate(err))
	}
	if err := tx.GetContext(ctx, &n, countEdits, by); err != nil {
		return fmt.Errorf("count edits: %w", postgres.Translate(err))
	}
	if n >= MaxEdits {
		return ErrEdits
	}
	if _, err := tx.ExecContext(ctx, insertEdit, by, id, s.now()); err != nil {
		return fmt.Errorf("count edit: %w", postgres.Translate(err))
	}
	return nil
}

// publish has everybody read a story that is locked, or tells those who follow that it changed. ErrMany, ErrEdits.
func (s *Service) publish(ctx context.Context, tx *sqlx.Tx, by, id int64) error {
	was, err := one(ctx, tx, `where s.id = $1`, id)
	if err != nil {
		return err
	}
	now := s.now()
	if was.PublishedAt == nil {
		var n int
		if err := tx.GetContext(ctx, &n, countToday, was.AuthorID, now.Add(-24*time.Hour), id); err != nil {
			return postgres.Translate(err)
		}
		if n >= MaxADay {
			return ErrMany
		}
	} else if err := s.edited(ctx, tx, by, id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, publishStory, id, now); err != nil {
		return fmt.Errorf("publish story %d: %w", id, postgres.Translate(err))
	}
	is, err := one(ctx, tx, `where s.id = $1`, id)
	if err != nil {
		return err
	}
	return s.announce(ctx, tx, is)
}

// Do moves a story of an owner's without writing it: Unschedule, Publish (again, after it was taken down), TakeDown or Delete. Twice is once, but
// for what was deleted. Faults: of may, ErrGone, ErrState, and of Ready, ErrMany and ErrEdits for Publish.
func (s *Service) Do(ctx context.Context, by int64, o Owner, id int64, a Act) error {
	if !slices.Contains([]Act{Unschedule, Publish, TakeDown, Delete}, a) {
		return ErrState
	}
	err := s.change(ctx, by, o, id, a, func(tx *sqlx.Tx, was Story, to State) error {
		switch a {
		case Publish:
			if err := Ready(was.Content()); err != nil {
				return err
			}
			return s.publish(ctx, tx, by, id)
		case Delete:
			if _, err := tx.ExecContext(ctx, `update stories set state = 'deleted', deleted_at = $2, updated_at = $2, series_id = null where id = $1`, id, s.now()); err != nil {
				return postgres.Translate(err)
			}
		default:
			if _, err := tx.ExecContext(ctx, `update stories set state = $2, publish_at = null where id = $1`, id, to); err != nil {
				return postgres.Translate(err)
			}
		}
		return s.silence(ctx, tx, was)
	})
	if err != nil {
		return fmt.Errorf("%s story %d: %w", a, id, err)
	}
	return nil
}

// KeepPhoto stores a photograph that a member sends in for a story. Nobody else looks at it before it is published. Faults of media.Save.
func (s *Service) KeepPhoto(ctx context.Context, by int64, r io.Reader) (media.Photo, error) {
	p, err := s.photos.SavePrivate(ctx, s.db, r)
	if err != nil {
		return p, err
	}
	return p, s.TakePhoto(ctx, by, p.ID)
}

// TakePhoto lets a member put a photograph that is stored into stories. Again it changes nothing.
func (s *Service) TakePhoto(ctx context.Context, by, mediaID int64) error {
	if _, err := s.db.ExecContext(ctx, `insert into story_uploads (member_id, media_id) values ($1, $2) on conflict do nothing`, by, mediaID); err != nil {
		return fmt.Errorf("take photograph %d: %w", mediaID, postgres.Translate(err))
	}
	return nil
}

// audit logs what the platform decides.
func audit(ctx context.Context, tx *sqlx.Tx, at time.Time, by int64, action, subject string, detail map[string]any) error {
	return members.Audit(ctx, tx, members.AuditEntry{At: at, ActorID: by, Action: action, Subject: subject, Detail: detail})
}
