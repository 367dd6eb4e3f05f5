package designs

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/postgres"
)

const insertVariation = `
insert into designs (author_id, version_id, title, content, created_at, updated_at, varied_from) values ($1, $2, $3, $4, $5, $5, $6) returning id`

// Vary begins a design that is a copy of a published one (see Ordered), on the version that is offered now, in the caller's transaction; the caller knows that its author
// allows it. Of its photographs the member gets rows of their own that show the same files. Faults: field title; ErrNoBase, ErrMany, ErrManyPhotos; ErrUnfit where
// something of it has no place on the version that is offered now.
func Vary(ctx context.Context, tx *sqlx.Tx, memberID int64, of Design, publicationID int64, title string, at time.Time) (id int64, err error) {
	v, err := Offered(ctx, tx, of.ProductID)
	if err != nil {
		return 0, err
	}
	title = titled(title)
	switch err := room(ctx, tx, memberID); {
	case err != nil:
		return 0, err
	case title == "":
		return 0, fault.Field("title", "fault.designs.title")
	case !model.Fits(v.Base, of.Doc):
		return 0, ErrUnfit
	}
	doc, err := copied(ctx, tx, memberID, of, at)
	if err != nil {
		return 0, err
	}
	content, err := encode(model.Normalise(v.Base, doc))
	if err != nil {
		return 0, err
	}
	return id, postgres.Translate(tx.GetContext(ctx, &id, insertVariation, memberID, v.ID, title, content, at, publicationID))
}

// room locks a member, and refuses a design beyond those that they may have: ErrMany.
func room(ctx context.Context, tx *sqlx.Tx, memberID int64) error {
	if err := lockMember(ctx, tx, memberID); err != nil {
		return err
	}
	var have int
	err := tx.GetContext(ctx, &have, `select count(*) from designs where author_id = $1 and state <> 'dropped'`, memberID)
	if err == nil && have >= MostDesigns {
		err = ErrMany
	}
	return err
}

// copied is the document of a design with the member's own rows of its photographs.
func copied(ctx context.Context, tx *sqlx.Tx, memberID int64, of Design, at time.Time) (model.Document, error) {
	theirs := map[int64]int64{}
	for _, shown := range of.Doc.Photos() {
		for _, p := range of.Photos {
			if p.ID != shown {
				continue
			}
			var own Photo
			if err := tx.GetContext(ctx, &own, insertPhoto, memberID, p.Hash, p.Width, p.Height, at); err != nil {
				return model.Document{}, fmt.Errorf("copy photograph %d: %w", p.ID, postgres.Translate(err))
			}
			theirs[shown] = own.ID
		}
	}
	have, err := Photos(ctx, tx, memberID)
	if err == nil && len(theirs) > 0 && len(have) > MostPhotos {
		err = ErrManyPhotos
	}
	doc := model.Document{Version: model.Version}
	for _, p := range of.Doc.Parts {
		part := model.Part{Zone: p.Zone}
		for _, l := range p.Layers {
			if l.Photo != 0 {
				l.Photo = theirs[l.Photo]
			}
			part.Layers = append(part.Layers, l)
		}
		doc.Parts = append(doc.Parts, part)
	}
	return doc, err
}

// VariedFrom is the publication that a design of that member varies; nil: none. Fault NotFound: no such design of theirs.
func VariedFrom(ctx context.Context, q sqlx.QueryerContext, memberID, id int64) (publicationID *int64, err error) {
	err = sqlx.GetContext(ctx, q, &publicationID, `select varied_from from designs where id = $1 and author_id = $2 and state <> 'dropped'`, id, memberID)
	if err != nil {
		return nil, postgres.Translate(err)
	}
	return publicationID, nil
}
