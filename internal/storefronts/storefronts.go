package storefronts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/postgres"
)

// Service is the use cases of this package. The acting member changes their own storefront, and no other.
type Service struct {
	db   *sqlx.DB
	now  func() time.Time // business time
	mail *mail.Outbox
}

// New makes the Service.
func New(db *sqlx.DB, now func() time.Time, outbox *mail.Outbox) *Service {
	return &Service{db: db, now: now, mail: outbox}
}

// Register hands the jobs of this package to the runner.
func (s *Service) Register(r *jobs.Runner) { r.Handle(catalog.JobRepriced, 5*time.Minute, s.Cap) }

const insertListing = `
insert into listings (member_id, product_id, position, created_at)
select $1, p.id, -1, coalesce(f.listed_at, $3) from products p join brands b on b.id = p.brand_id
left join listings_left f on f.member_id = $1 and f.product_id = p.id
where p.id = $2 and p.state in ('published','launch') and b.blocked_at is null
on conflict (member_id, product_id) do nothing`

// Add lists a product first in a member's storefront, with the date at which the member first listed it, in the caller's transaction, and says whether it was not there yet.
// ErrProduct where it is neither for sale nor being launched, ErrFull at MaxListings.
func Add(ctx context.Context, tx *sqlx.Tx, memberID, productID int64, now time.Time) (bool, error) {
	if listed, err := Listed(ctx, tx, memberID, productID); err != nil || listed {
		return false, err
	}
	if err := lock(ctx, tx, memberID, now); err != nil {
		return false, err
	}
	ids, err := order(ctx, tx, memberID)
	if err != nil {
		return false, err
	}
	if slices.Contains(ids, productID) { // added by another request while this one waited for the lock
		return false, nil
	}
	if len(ids) >= MaxListings {
		return false, ErrFull
	}
	res, err := tx.ExecContext(ctx, insertListing, memberID, productID, now)
	if err != nil {
		return false, fmt.Errorf("add listing: %w", postgres.Translate(err))
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, ErrProduct
	}
	return true, saveOrder(ctx, tx, memberID, append([]int64{productID}, ids...))
}

// AddListing is Add in a transaction of its own. Twice is once.
func (s *Service) AddListing(ctx context.Context, memberID, productID int64) (added bool, err error) {
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		added, err = Add(ctx, tx, memberID, productID, s.now())
		return err
	})
	return added, err
}

const deleteListing = `
with gone as (delete from listings where member_id = $1 and product_id = $2 returning member_id, product_id, created_at)
insert into listings_left (member_id, product_id, listed_at) select * from gone on conflict do nothing`

// RemoveListing takes a product out, with its note and its margin. A product that is not there is no fault.
func (s *Service) RemoveListing(ctx context.Context, memberID, productID int64) error {
	return s.change(ctx, memberID, func(tx *sqlx.Tx, ids []int64) error {
		if err := forget(ctx, tx, memberID, productID, s.now()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, deleteListing, memberID, productID)
		if err != nil {
			return fmt.Errorf("remove listing: %w", err)
		}
		return saveOrder(ctx, tx, memberID, slices.DeleteFunc(ids, func(id int64) bool { return id == productID }))
	})
}

// Move puts a listing at a position, counted from 0; beyond either end means that end. ErrProduct where it is not listed.
func (s *Service) Move(ctx context.Context, memberID, productID int64, to int) error {
	return s.change(ctx, memberID, func(tx *sqlx.Tx, ids []int64) error {
		ids, ok := reorder(ids, productID, to)
		if !ok {
			return ErrProduct
		}
		return saveOrder(ctx, tx, memberID, ids)
	})
}

// Note writes the member's own words on a listing, at most MaxNote characters. ErrProduct where it is not listed.
func (s *Service) Note(ctx context.Context, memberID, productID int64, note string) error {
	note, err := clean("note", note, MaxNote, true)
	if err != nil {
		return err
	}
	res, err := s.db.ExecContext(ctx, `update listings set note = $3 where member_id = $1 and product_id = $2`, memberID, productID, note)
	if err != nil {
		return fmt.Errorf("save note: %w", postgres.Translate(err))
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrProduct
	}
	return nil
}

// Edit changes title and intro. Faults on the fields title and intro.
func (s *Service) Edit(ctx context.Context, memberID int64, title, intro string) error {
	title, err := clean("title", title, MaxTitle, false)
	if err != nil {
		return err
	}
	intro, err = clean("intro", intro, MaxIntro, true)
	if err != nil {
		return err
	}
	return s.change(ctx, memberID, func(tx *sqlx.Tx, _ []int64) error {
		_, err := tx.ExecContext(ctx, `update storefronts set title = $2, intro = $3 where member_id = $1`, memberID, title, intro)
		return postgres.Translate(err)
	})
}

// Cover sets the photograph at the head of the storefront, by its number in media; nil takes it away.
func (s *Service) Cover(ctx context.Context, memberID int64, mediaID *int64) error {
	return s.change(ctx, memberID, func(tx *sqlx.Tx, _ []int64) error {
		_, err := tx.ExecContext(ctx, `update storefronts set cover_id = $2 where member_id = $1`, memberID, mediaID)
		return postgres.Translate(err)
	})
}

// change locks the storefront, making it if need be, and gives fn the order of its listings.
func (s *Service) change(ctx context.Context, memberID int64, fn func(tx *sqlx.Tx, order []int64) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := lock(ctx, tx, memberID, s.now()); err != nil {
			return err
		}
		ids, err := order(ctx, tx, memberID)
		if err != nil {
			return err
		}
		return fn(tx, ids)
	})
}
