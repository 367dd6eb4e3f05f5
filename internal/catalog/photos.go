package catalog

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
)

// MaxPhotos is how many photographs a product may have.
const MaxPhotos = 12

// Picture is a photograph of a product.
type Picture struct {
	ProductID int64  `db:"product_id"`
	MediaID   int64  `db:"media_id"`
	Hash      string `db:"hash"`
	Alt       string `db:"alt"`
	Credit    string `db:"credit"`
	Width     int    `db:"width"`
	Height    int    `db:"height"`
	SourceURL string `db:"source_url"` // where an import found it; empty for an upload
}

// AddPhoto stores an uploaded photograph behind those that a product has; one that it has already is not
// added again. The whole team may. Faults of media.Save; Conflict beyond MaxPhotos.
func (s *Service) AddPhoto(ctx context.Context, by, brandID, productID int64, r io.Reader, alt, credit string) error {
	photo, err := s.photos.Save(ctx, s.db, r, credit)
	if err != nil {
		return err
	}
	return s.inBrand(ctx, by, brandID, Staff, func(tx *sqlx.Tx) error {
		if _, err := productForUpdate(ctx, tx, brandID, productID); err != nil {
			return err
		}
		return AttachPhoto(ctx, tx, productID, Picture{MediaID: photo.ID, Alt: alt})
	})
}

// AttachPhoto puts a stored photograph (MediaID, Alt, SourceURL) behind those of a product, inside the
// caller's transaction, which holds the product.
func AttachPhoto(ctx context.Context, tx *sqlx.Tx, productID int64, p Picture) error {
	have, err := Pictures(ctx, tx, productID)
	if err != nil {
		return err
	}
	list := have[productID]
	for _, h := range list {
		if h.MediaID == p.MediaID {
			return nil
		}
	}
	return SetPhotos(ctx, tx, productID, append(list, p))
}

// PhotoEdit is one photograph in the order that a person gave it.
type PhotoEdit struct {
	MediaID int64
	Alt     string
}

// ArrangePhotos puts a product's photographs in this order with these texts; those left out are taken away,
// those that it does not have are ignored. The whole team may.
func (s *Service) ArrangePhotos(ctx context.Context, by, brandID, productID int64, order []PhotoEdit) error {
	return s.inBrand(ctx, by, brandID, Staff, func(tx *sqlx.Tx) error {
		if _, err := productForUpdate(ctx, tx, brandID, productID); err != nil {
			return err
		}
		have, err := Pictures(ctx, tx, productID)
		if err != nil {
			return err
		}
		var list []Picture
		for _, e := range order {
			i := slices.IndexFunc(have[productID], func(p Picture) bool { return p.MediaID == e.MediaID })
			if i < 0 || slices.ContainsFunc(list, func(p Picture) bool { return p.MediaID == e.MediaID }) {
				continue
			}
			p := have[productID][i]
			p.Alt = e.Alt
			list = append(list, p)
		}
		return SetPhotos(ctx, tx, productID, list)
	})
}

const insertPicture = `insert into product_photos (product_id, media_id, position, alt, source_url) values ($1, $2, $3, $4, $5)`

// SetPhotos makes these the photographs of a product (MediaID, Alt, SourceURL), in their order, in the caller's transaction. Conflict beyond MaxPhotos; field alt.
func SetPhotos(ctx context.Context, tx *sqlx.Tx, productID int64, list []Picture) error {
	if len(list) > MaxPhotos {
		return fault.New(fault.Conflict, "fault.catalog.too_many_photos")
	}
	var p problems
	for _, l := range list {
		p.text("alt", l.Alt, 0, 300)
	}
	if err := p.fault(); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `delete from product_photos where product_id = $1`, productID); err != nil {
		return fmt.Errorf("arrange photographs: %w", err)
	}
	for i, l := range list {
		if _, err := tx.ExecContext(ctx, insertPicture, productID, l.MediaID, i, l.Alt, l.SourceURL); err != nil {
			return fmt.Errorf("arrange photographs: %w", err)
		}
	}
	return nil
}

const selectPictures = `
select pp.product_id, pp.media_id, m.hash, pp.alt, m.credit, m.width, m.height, pp.source_url
from product_photos pp join media m on m.id = pp.media_id
where pp.product_id = any($1) order by pp.product_id, pp.position`

// Pictures returns the photographs of these products in their order, by product.
func Pictures(ctx context.Context, q sqlx.QueryerContext, productIDs ...int64) (map[int64][]Picture, error) {
	var rows []Picture
	if err := sqlx.SelectContext(ctx, q, &rows, selectPictures, int64s(productIDs)); err != nil {
		return nil, fmt.Errorf("read photographs: %w", err)
	}
	byProduct := map[int64][]Picture{}
	for _, r := range rows {
		byProduct[r.ProductID] = append(byProduct[r.ProductID], r)
	}
	return byProduct, nil
}
