package ratings

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/orders"
	"relais/internal/postgres"
)

// Service is the use cases of this package.
type Service struct {
	db   *sqlx.DB
	now  func() time.Time // business time
	mail *mail.Outbox
}

// New makes the Service.
func New(db *sqlx.DB, now func() time.Time, m *mail.Outbox) *Service {
	return &Service{db: db, now: now, mail: m}
}

// JobSweep asks the buyers of what was received some days ago.
const JobSweep = "ratings.sweep"

// Register hands the job of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSweep, 10*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, time.Hour, JobSweep)
}

const insertRating = `
insert into ratings (product_id, brand_id, order_line_id, member_id, buyer, lang, stars, title, body, name, relayed, received_at, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning id`

// Save writes a buyer's rating of what a line of their order bought, or writes it anew, and returns its number. What was withdrawn is shown
// again; what the platform hid stays hidden, and the platform looks again. Faults: ErrGone, ErrNotReceived, ErrPaidBack, ErrInterested, and
// the fields of the draft.
func (s *Service) Save(ctx context.Context, d Draft) (id int64, err error) {
	d, err = d.Clean()
	if err != nil {
		return 0, err
	}
	return id, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := orders.Lock(ctx, tx, d.OrderID); err != nil {
			return err
		}
		b, err := lineOf(ctx, tx, d.OrderID, d.LineID)
		if err != nil {
			return err
		}
		if err := b.May(); err != nil {
			return err
		}
		if b.RatingID != nil {
			id = *b.RatingID
			return s.rewrite(ctx, tx, id, d)
		}
		err = tx.GetContext(ctx, &id, insertRating, b.ProductID, b.BrandID, b.LineID, b.MemberID, b.Buyer, d.Lang, d.Stars, d.Title, d.Body, d.Name,
			b.Relayed, b.ReceivedAt, s.now())
		if err != nil {
			return fmt.Errorf("write rating of line %d: %w", d.LineID, postgres.Translate(err))
		}
		if err := s.tellRated(ctx, tx, id); err != nil {
			return err
		}
		return savePhotos(ctx, tx, id, d.Photos)
	})
}

const updateRating = `
update ratings set lang = $2, stars = $3, title = $4, body = $5, name = $6, edited_at = case when $7 then $8 else edited_at end,
  state = case state when 'withdrawn' then 'shown' else state end where id = $1`

// rewrite changes a rating that is there. Who looks at it sees that it was written anew, unless nothing changed.
func (s *Service) rewrite(ctx context.Context, tx *sqlx.Tx, id int64, d Draft) error {
	if _, err := tx.ExecContext(ctx, `select 1 from ratings where id = $1 for update`, id); err != nil {
		return postgres.Translate(err)
	}
	was, err := ByID(ctx, tx, id)
	if err != nil {
		return err
	}
	photos := make([]int64, 0, len(was.Photos))
	for _, p := range was.Photos {
		photos = append(photos, p.MediaID)
	}
	new := was.Stars != d.Stars || was.Title != d.Title || was.Body != d.Body || was.Name != d.Name || !slices.Equal(photos, d.Photos)
	if _, err := tx.ExecContext(ctx, updateRating, id, d.Lang, d.Stars, d.Title, d.Body, d.Name, new, s.now()); err != nil {
		return fmt.Errorf("rewrite rating %d: %w", id, postgres.Translate(err))
	}
	if was.State == Hidden && new {
		if err := s.lookAgain(ctx, tx, PartRating, id); err != nil {
			return err
		}
	}
	return savePhotos(ctx, tx, id, d.Photos)
}

// savePhotos makes these the photographs of a rating, in their order.
func savePhotos(ctx context.Context, tx *sqlx.Tx, id int64, media []int64) error {
	if _, err := tx.ExecContext(ctx, `delete from rating_photos where rating_id = $1`, id); err != nil {
		return postgres.Translate(err)
	}
	for i, m := range media {
		if _, err := tx.ExecContext(ctx, `insert into rating_photos (rating_id, position, media_id) values ($1, $2, $3)`, id, i, m); err != nil {
			return fmt.Errorf("keep photograph of rating %d: %w", id, postgres.Translate(err))
		}
	}
	return nil
}

// Withdraw takes a buyer's own rating away; it can be written anew. What the platform hid stays as it is.
func (s *Service) Withdraw(ctx context.Context, orderID, lineID int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := orders.Lock(ctx, tx, orderID); err != nil {
			return err
		}
		b, err := lineOf(ctx, tx, orderID, lineID)
		if err != nil {
			return err
		}
		if b.RatingID == nil {
			return ErrGone
		}
		_, err = tx.ExecContext(ctx, `update ratings set state = 'withdrawn' where id = $1 and state = 'shown'`, *b.RatingID)
		return postgres.Translate(err)
	})
}

const updateReply = `
update ratings set reply = $3, reply_by = $4, reply_at = coalesce(reply_at, $5),
  reply_edited_at = case when reply_at is not null and reply <> $3 then $5 else reply_edited_at end
where id = $1 and brand_id = $2 and state <> 'withdrawn'`

// Reply is the brand's answer to a rating of a product of theirs: one, which may be written anew. Faults: ErrGone, the field reply.
func (s *Service) Reply(ctx context.Context, brandID, id, by int64, text string) error {
	text, err := clean("reply", text, MaxReply, false, true)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, updateReply, id, brandID, text, by, s.now())
		if err != nil {
			return fmt.Errorf("reply to rating %d: %w", id, postgres.Translate(err))
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return ErrGone
		}
		r, err := ByID(ctx, tx, id)
		if err == nil && r.ReplyHidden { // it stays hidden, and the platform looks again
			return s.lookAgain(ctx, tx, PartReply, id)
		}
		if err != nil || r.ReplyEditedAt != nil || r.State != Shown {
			return err
		}
		return s.tellReplied(ctx, tx, r)
	})
}
