package designs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/media"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Service is the use cases of this package.
type Service struct {
	db     *sqlx.DB
	media  *media.Store
	now    func() time.Time // business time
	screen slot             // pictures for screens
	print  slot             // and what is printed: a large sheet takes seconds, and hundreds of megabytes
}

// New makes the Service.
func New(db *sqlx.DB, photographs *media.Store, now func() time.Time) *Service {
	return &Service{db: db, media: photographs, now: now, screen: make(slot, 1), print: make(slot, 1)}
}

// lockMember makes what one member does at once come one after the other.
func lockMember(ctx context.Context, tx *sqlx.Tx, memberID int64) error {
	_, err := tx.ExecContext(ctx, `select 1 from members where id = $1 for no key update`, memberID)
	return err
}

const insertDesign = `
insert into designs (author_id, version_id, title, content, created_at, updated_at) values ($1, $2, $3, $4, $5, $5) returning id`

// Start begins a design on a product. Faults: field title; ErrNoBase, ErrMany.
func (s *Service) Start(ctx context.Context, memberID, productID int64, title string) (id int64, err error) {
	title = titled(title)
	content, err := encode(model.Document{Version: model.Version, Parts: []model.Part{}})
	if err != nil {
		return 0, err
	}
	return id, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		v, err := Offered(ctx, tx, productID)
		if err != nil {
			return err
		}
		if err := room(ctx, tx, memberID); err != nil {
			return err
		}
		if title == "" {
			return fault.Field("title", "fault.designs.title")
		}
		return postgres.Translate(tx.GetContext(ctx, &id, insertDesign, memberID, v.ID, title, content, s.now()))
	})
}

// titled is a title as it is kept: in one line, as much as there is room for.
func titled(title string) string {
	title = prose.Line(title)
	for utf8.RuneCountInString(title) > MaxTitle {
		_, size := utf8.DecodeLastRuneInString(title)
		title = title[:len(title)-size]
	}
	return title
}

const updateDesign = `update designs set content = $2, title = $3, revision = revision + 1, updated_at = $4 where id = $1 returning revision`

// Save keeps a design as it was written from that revision, and returns the new one; what changes nothing keeps the revision. For its author; NotFound for
// others; ErrElsewhere; field title; Invalid for photographs that are not theirs.
func (s *Service) Save(ctx context.Context, memberID, id int64, revision int, title string, doc model.Document) (int, error) {
	if title = titled(title); title == "" {
		return 0, fault.Field("title", "fault.designs.title")
	}
	return revision, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var now int
		if err := tx.GetContext(ctx, &now, `select revision from designs where id = $1 and author_id = $2 and state <> 'dropped' for update`, id, memberID); err != nil {
			return postgres.Translate(err)
		}
		d, err := ByID(ctx, tx, memberID, id)
		if err != nil {
			return err
		}
		content, err := encode(model.Normalise(d.Base, doc))
		if err == nil {
			_, err = model.Parse([]byte(content)) // what could not be read again is not kept
		}
		if err != nil {
			return err
		}
		kept, err := encode(d.Doc)
		if err != nil {
			return err
		}
		if kept == content && d.Title == title { // also what is sent twice, as after a lost answer
			revision = now
			return nil
		}
		if now != revision {
			return ErrElsewhere
		}
		if err := theirs(d, doc); err != nil {
			return err
		}
		return postgres.Translate(tx.GetContext(ctx, &revision, updateDesign, id, content, title, s.now()))
	})
}

// theirs refuses photographs that the author does not have.
func theirs(d Design, doc model.Document) error {
	have := map[int64]bool{}
	for _, p := range d.Photos {
		have[p.ID] = true
	}
	for _, p := range doc.Photos() {
		if !have[p] && !slices.Contains(d.Doc.Photos(), p) { // one that was removed since may stay until it is replaced
			return fault.New(fault.Invalid, "fault.designs.choose_photo")
		}
	}
	return nil
}

const updateVersionOf = `update designs set version_id = $2, content = $3, revision = revision + 1, updated_at = $4 where id = $1 and revision = $5`

// CarryOver puts a design on the version that the brand offers now, from that revision; what is of another size or colour there is shown as to do. For its author;
// NotFound for others; ErrNoBase, ErrElsewhere; ErrUnfit where something of it has no place there, and nothing is changed. Twice is as once.
func (s *Service) CarryOver(ctx context.Context, memberID, id int64, revision int) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		d, err := ByID(ctx, tx, memberID, id)
		if err != nil {
			return err
		}
		v, err := Offered(ctx, tx, d.ProductID)
		switch {
		case err != nil || v.ID == d.VersionID:
			return err
		case !model.Fits(v.Base, d.Doc):
			return ErrUnfit
		}
		content, err := encode(model.Normalise(v.Base, d.Doc))
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, updateVersionOf, id, v.ID, content, s.now(), revision)
		if err != nil {
			return postgres.Translate(err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrElsewhere)
		}
		return nil
	})
}

// Drop ends a design. For its author; NotFound for others, and the second time.
func (s *Service) Drop(ctx context.Context, memberID, id int64) error {
	r, err := s.db.ExecContext(ctx, `update designs set state = 'dropped' where id = $1 and author_id = $2 and state <> 'dropped'`, id, memberID)
	if err != nil {
		return postgres.Translate(err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fault.New(fault.NotFound, "fault.not_found"))
	}
	return nil
}

const insertPhoto = `
insert into design_photos (member_id, hash, width, height, created_at) values ($1, $2, $3, $4, $5)
on conflict on constraint design_photos_once do update set removed_at = null returning id, hash, width, height`

// AddPhoto keeps a photograph of a member's; the same one twice is one. Faults: field photo (see media.Store.Keep); ErrManyPhotos.
func (s *Service) AddPhoto(ctx context.Context, memberID int64, r io.Reader) (Photo, error) {
	kept, err := s.media.Keep(ctx, r)
	if err != nil {
		return Photo{}, err
	}
	var p Photo
	return p, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := lockMember(ctx, tx, memberID); err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &p, insertPhoto, memberID, kept.Hash, kept.Width, kept.Height, s.now()); err != nil {
			return fmt.Errorf("keep photograph: %w", postgres.Translate(err))
		}
		have, err := Photos(ctx, tx, memberID)
		if err == nil && len(have) > MostPhotos {
			err = ErrManyPhotos
		}
		return err
	})
}

// RemovePhoto takes a photograph from a member's; designs that show it say that it is missing. NotFound where it is not theirs.
func (s *Service) RemovePhoto(ctx context.Context, memberID, id int64) error {
	r, err := s.db.ExecContext(ctx, `update design_photos set removed_at = $3 where id = $1 and member_id = $2 and removed_at is null`, id, memberID, s.now())
	if err != nil {
		return postgres.Translate(err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fault.New(fault.NotFound, "fault.not_found"))
	}
	return nil
}

// PhotoFile is a photograph as its owner's screen shows it: JPEG. NotFound for everybody else.
func (s *Service) PhotoFile(ctx context.Context, memberID, id int64) ([]byte, error) {
	var hash string
	if err := s.db.GetContext(ctx, &hash, `select hash from design_photos where id = $1 and member_id = $2 and removed_at is null`, id, memberID); err != nil {
		return nil, postgres.Translate(err)
	}
	return s.media.Kept(hash, media.ForScreen)
}
