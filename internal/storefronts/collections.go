package storefronts

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/postgres"
)

// Limits of collections, in characters and pieces.
const (
	MaxCollections     = 12
	MaxCollection      = 60
	MaxCollectionIntro = 300
)

// Faults of collections.
var (
	ErrCollection      = fault.New(fault.NotFound, "front.collection_gone")
	ErrCollectionsFull = fault.New(fault.Conflict, "front.collections_full")
)

// Collection is a part of a storefront with a name of its own. A listing is in one, or in none.
type Collection struct {
	ID       int64  `db:"id"`
	Name     string `db:"name"`
	Intro    string `db:"intro"`
	Position int    `db:"position"`
}

// Collections are those of a storefront, in their order.
func Collections(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Collection, error) {
	var list []Collection
	if err := sqlx.SelectContext(ctx, q, &list, `select id, name, intro, position from collections where member_id = $1 order by position, id`, memberID); err != nil {
		return nil, fmt.Errorf("read collections: %w", err)
	}
	return list, nil
}

// Shelves says in which collection each product of a storefront is; those in none are missing.
func Shelves(ctx context.Context, q sqlx.QueryerContext, memberID int64) (map[int64]int64, error) {
	var rows []struct {
		Product    int64 `db:"product_id"`
		Collection int64 `db:"collection_id"`
	}
	err := sqlx.SelectContext(ctx, q, &rows, `select product_id, collection_id from listings where member_id = $1 and collection_id is not null`, memberID)
	if err != nil {
		return nil, fmt.Errorf("read what is in collections: %w", err)
	}
	in := make(map[int64]int64, len(rows))
	for _, r := range rows {
		in[r.Product] = r.Collection
	}
	return in, nil
}

// cleanCollection checks name and introduction. Faults on the fields name and intro.
func cleanCollection(name, intro string) (string, string, error) {
	name, err := clean("name", name, MaxCollection, false)
	if err != nil {
		return "", "", err
	}
	if name == "" {
		return "", "", fault.Field("name", "fault.required")
	}
	intro, err = clean("intro", intro, MaxCollectionIntro, true)
	return name, intro, err
}

// AddCollection adds an empty one after the others, and returns its number. Faults: ErrCollectionsFull, the fields name and intro.
func (s *Service) AddCollection(ctx context.Context, memberID int64, name, intro string) (id int64, err error) {
	name, intro, err = cleanCollection(name, intro)
	if err != nil {
		return 0, err
	}
	return id, s.change(ctx, memberID, func(tx *sqlx.Tx, _ []int64) error {
		list, err := Collections(ctx, tx, memberID)
		if err != nil {
			return err
		}
		if len(list) >= MaxCollections {
			return ErrCollectionsFull
		}
		err = tx.GetContext(ctx, &id, `insert into collections (member_id, name, intro, position) values ($1, $2, $3, $4) returning id`, memberID, name, intro, len(list))
		return postgres.Translate(err)
	})
}

// EditCollection changes name and introduction. Faults: ErrCollection, the fields name and intro.
func (s *Service) EditCollection(ctx context.Context, memberID, id int64, name, intro string) error {
	name, intro, err := cleanCollection(name, intro)
	if err != nil {
		return err
	}
	res, err := s.db.ExecContext(ctx, `update collections set name = $3, intro = $4 where member_id = $1 and id = $2`, memberID, id, name, intro)
	if err != nil {
		return fmt.Errorf("edit collection: %w", postgres.Translate(err))
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrCollection
	}
	return nil
}

// RemoveCollection takes one away; what was in it is in none afterwards.
func (s *Service) RemoveCollection(ctx context.Context, memberID, id int64) error {
	return s.set(ctx, memberID, `delete from collections where member_id = $1 and id = $2`, id)
}

const updateCollectionOrder = `
update collections c set position = o.position - 1 from unnest($2::bigint[]) with ordinality o(id, position) where c.member_id = $1 and c.id = o.id`

// MoveCollection puts one at a position, counted from 0. ErrCollection.
func (s *Service) MoveCollection(ctx context.Context, memberID, id int64, to int) error {
	return s.change(ctx, memberID, func(tx *sqlx.Tx, _ []int64) error {
		list, err := Collections(ctx, tx, memberID)
		if err != nil {
			return err
		}
		ids := make([]int64, len(list))
		for i, c := range list {
			ids[i] = c.ID
		}
		return rearrange(ctx, tx, updateCollectionOrder, memberID, ids, id, to, ErrCollection)
	})
}

// Shelve puts a listing into a collection of the same storefront; 0: into none. Faults: ErrProduct, ErrCollection.
func (s *Service) Shelve(ctx context.Context, memberID, productID, collectionID int64) error {
	return s.change(ctx, memberID, func(tx *sqlx.Tx, _ []int64) error {
		var into *int64
		if collectionID != 0 {
			into = &collectionID
			var own bool
			err := tx.GetContext(ctx, &own, `select exists (select 1 from collections where member_id = $1 and id = $2)`, memberID, collectionID)
			if err != nil || !own {
				return orElse(err, ErrCollection)
			}
		}
		res, err := tx.ExecContext(ctx, `update listings set collection_id = $3 where member_id = $1 and product_id = $2`, memberID, productID, into)
		if err != nil {
			return fmt.Errorf("shelve listing: %w", postgres.Translate(err))
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return orElse(err, ErrProduct)
		}
		return nil
	})
}

func orElse(err, missing error) error {
	if err != nil {
		return postgres.Translate(err)
	}
	return missing
}

// rearrange moves one of a member's rows to a position and saves the order of all; missing is the fault where it is not among them.
func rearrange(ctx context.Context, tx *sqlx.Tx, query string, memberID int64, ids []int64, id int64, to int, missing error) error {
	ids, ok := reorder(ids, id, to)
	if !ok {
		return missing
	}
	_, err := tx.ExecContext(ctx, query, memberID, pq.Array(ids))
	return postgres.Translate(err)
}
