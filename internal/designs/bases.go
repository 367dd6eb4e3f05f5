package designs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/postgres"
)

func orNoBase(err error) error {
	if errors.Is(err, fault.NotFound) {
		return ErrNoBase
	}
	return err
}

// SaveBase writes the draft of a product's base, from that revision (0: there is no draft yet); a draft may be unfinished. For the brand's team. NotFound for
// others; ErrElsewhere; Invalid for what can never be a base, and at the field of a view's photograph that is none of the product's.
func (s *Service) SaveBase(ctx context.Context, by, brandID, productID int64, revision int, b model.Base) (Version, error) {
	content, err := encode(b.Tidy())
	if err != nil {
		return Version{}, err
	}
	if _, err := model.ParseBase([]byte(content)); err != nil {
		return Version{}, err
	}
	var v Version
	return v, s.inProduct(ctx, by, brandID, productID, func(tx *sqlx.Tx) error {
		if err := ofProduct(ctx, tx, productID, b); err != nil {
			return err
		}
		now := s.now()
		last, err := oneVersion(ctx, tx, `product_id = $1 order by number desc limit 1 for update`, productID)
		switch {
		case errors.Is(err, fault.NotFound), err == nil && last.State != Draft:
			if revision != 0 {
				return ErrElsewhere
			}
			v, err = oneVersionOf(ctx, tx, insertVersion, productID, last.Number+1, content, by, now)
		case err != nil:
			return err
		case last.Revision != revision:
			return ErrElsewhere
		default:
			v, err = oneVersionOf(ctx, tx, updateVersion, last.ID, content, now)
		}
		return err
	})
}

// ofProduct refuses views that show another photograph than one of the product's: what the product shows, everybody may look at.
func ofProduct(ctx context.Context, tx *sqlx.Tx, productID int64, b model.Base) error {
	if len(b.Photos()) == 0 {
		return nil
	}
	have, err := catalog.Pictures(ctx, tx, productID)
	if err != nil {
		return err
	}
	for i, v := range b.Views {
		if v.Photo != "" && !slices.ContainsFunc(have[productID], func(p catalog.Picture) bool { return p.Hash == v.Photo }) {
			return fault.Field(fmt.Sprintf("views.%d.photo", i), "fault.designs.base_photo")
		}
	}
	return nil
}

const insertVersion = `
insert into base_versions (product_id, number, content, created_by, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
returning id, product_id, number, state, revision, content, updated_at, published_at`

const updateVersion = `
update base_versions set content = $2, revision = revision + 1, updated_at = $3 where id = $1
returning id, product_id, number, state, revision, content, updated_at, published_at`

func oneVersionOf(ctx context.Context, tx *sqlx.Tx, query string, args ...any) (Version, error) {
	var v Version
	if err := tx.GetContext(ctx, &v, query, args...); err != nil {
		return Version{}, fmt.Errorf("write base: %w", postgres.Translate(err))
	}
	return v, v.read()
}

// Publish lets members design on the draft from now on; the version before it is retired, and designs that stand on it stay as they are. What its options cost is of the
// currency that the product has now: priced in another one, it is no longer offered. For the
// brand's team. NotFound for others; ErrNoBase, ErrElsewhere, ErrUnready.
func (s *Service) Publish(ctx context.Context, by, brandID, productID int64, revision int) error {
	return s.inProduct(ctx, by, brandID, productID, func(tx *sqlx.Tx) error {
		v, err := oneVersion(ctx, tx, `product_id = $1 and state = 'draft' for update`, productID)
		switch {
		case err != nil:
			return orNoBase(err)
		case v.Revision != revision:
			return ErrElsewhere
		case len(v.Base.Problems()) > 0:
			return ErrUnready
		}
		if err := retire(ctx, tx, productID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `update base_versions set state = 'published', published_at = $2, currency = (select currency from products where id = product_id) where id = $1`, v.ID, s.now())
		return postgres.Translate(err)
	})
}

// Withdraw ends designing on a product; designs stay their authors'. For the brand's team; NotFound for others. Twice is as once.
func (s *Service) Withdraw(ctx context.Context, by, brandID, productID int64) error {
	return s.inProduct(ctx, by, brandID, productID, func(tx *sqlx.Tx) error { return retire(ctx, tx, productID) })
}

func retire(ctx context.Context, tx *sqlx.Tx, productID int64) error {
	_, err := tx.ExecContext(ctx, `update base_versions set state = 'retired' where product_id = $1 and state = 'published'`, productID)
	return postgres.Translate(err)
}

// inProduct runs a use case of a brand's team for one of its products, which it locks: versions of a base come one after the other.
func (s *Service) inProduct(ctx context.Context, by, brandID, productID int64, fn func(tx *sqlx.Tx) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		role, err := catalog.Role(ctx, tx, brandID, by)
		if err != nil {
			return err
		}
		if role == catalog.NoRole {
			return fault.New(fault.NotFound, "fault.not_found")
		}
		var one int
		if err := tx.GetContext(ctx, &one, `select 1 from products where id = $1 and brand_id = $2 for no key update`, productID, brandID); err != nil {
			return postgres.Translate(err)
		}
		return fn(tx)
	})
}
