package designs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/postgres"
)

// Piece is what an order line says of the design that it was ordered with. Lines without one have a zero Piece.
type Piece struct {
	DesignID       *int64 `db:"design_id"` // made by its buyer; nil: the piece as it is
	DesignRevision int    `db:"design_revision"`
	OptionMinor    int64  `db:"option_minor"` // of the price, per piece, VAT included: what the design cost
	Begun          int64  `db:"begun"`        // pieces that the brand has begun to make, those that are made included
	Made           int64  `db:"made"`
	MakingDays     int    `db:"making_days"` // to make it, as its base said when it was ordered
}

// DueBy is the day by which a piece that was paid then is to be made.
func (p Piece) DueBy(paid time.Time) time.Time { return paid.AddDate(0, 0, p.MakingDays) }

// Standing is where the making of a line stands, in pieces.
type Standing struct{ ToMake, Under, Made int64 }

// Standing divides the pieces of a line that its buyer still wants; what was refunded is not made any more.
func (p Piece) Standing(wanted int64) Standing {
	made := min(p.Made, wanted)
	begun := min(p.Begun, wanted)
	return Standing{ToMake: wanted - begun, Under: begun - made, Made: made}
}

// Unmade says whether pieces that somebody still wants are to be made yet.
func (p Piece) Unmade(wanted int64) bool { return p.DesignID != nil && p.Made < wanted }

// Options is what the design costs beside the piece, VAT included.
func (d Design) Options() money.Amount {
	minor, _ := model.Price(d.Base, d.Doc)
	return money.New(minor, d.Currency)
}

// Trouble is why a design cannot be ordered, as the last word of a message's key.
type Trouble string

// The troubles.
const (
	NoTrouble Trouble = ""
	Withdrawn Trouble = "withdrawn" // its product is not to be designed any more, or not in this currency
	Outdated  Trouble = "newer"     // the brand has published another version of the base
	Blank     Trouble = "empty"     // nothing is on it
	Unready   Trouble = "unready"   // something of it cannot be made
)

// Trouble is why a design cannot be ordered; NoTrouble: it can. It is refused at once when the brand has published another version of its base, or none is
// offered any more, also where it lies in a basket already: what is no longer made is no longer sold; so it is where its product is priced in another currency by now. Its author can carry it over (CarryOver).
func (d Design) Trouble() Trouble {
	switch {
	case !d.Offered:
		return Withdrawn
	case d.Newer:
		return Outdated
	case d.Doc.Layers() == 0:
		return Blank
	case len(d.Problems()) > 0:
		return Unready
	}
	return NoTrouble
}

const lockOrderable = `
select 1 from designs d join base_versions v on v.id = d.version_id join products p on p.id = v.product_id
where d.id = $1 and d.revision = $2 and d.state <> 'dropped' and v.state = 'published' and v.currency = p.currency for share of d, v`

const insertRevision = `
insert into design_revisions (design_id, revision, version_id, title, content, option_minor, kept_at)
select id, revision, version_id, title, content, $3, $4 from designs where id = $1 and revision = $2 on conflict do nothing`

// Freeze keeps a revision for good, as it is ordered; again is as once. ErrElsewhere where its author wrote another one since, or dropped it, or the brand published
// another version at this moment.
func Freeze(ctx context.Context, tx *sqlx.Tx, d Design, at time.Time) error {
	var one int
	err := postgres.Translate(tx.GetContext(ctx, &one, lockOrderable, d.ID, d.Revision))
	if errors.Is(err, fault.NotFound) {
		return ErrElsewhere
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, insertRevision, d.ID, d.Revision, d.Options().Minor, at)
	}
	if err != nil {
		return fmt.Errorf("keep design %d: %w", d.ID, postgres.Translate(err))
	}
	return nil
}

const selectOrdered = `
select r.design_id as id, d.author_id, r.version_id, r.title, r.revision, r.content, r.kept_at as updated_at, v.content as base_content,
  p.id as product_id, p.slug, p.title as product_title, v.currency
from design_revisions r join designs d on d.id = r.design_id join base_versions v on v.id = r.version_id join products p on p.id = v.product_id
where r.design_id = $1 and r.revision = $2`

// Ordered reads a revision that was ordered, for whoever may see the order: the caller knows that they may. Its photographs are there also where their author
// removed them since. Fault NotFound.
func Ordered(ctx context.Context, q sqlx.QueryerContext, id int64, revision int) (Design, error) {
	var d Design
	if err := sqlx.GetContext(ctx, q, &d, selectOrdered, id, revision); err != nil {
		return Design{}, postgres.Translate(err)
	}
	err := d.read()
	if err == nil {
		err = sqlx.SelectContext(ctx, q, &d.Photos, `select id, hash, width, height from design_photos where member_id = $1 order by id desc`, d.AuthorID)
	}
	if err != nil {
		return Design{}, fmt.Errorf("read ordered design %d: %w", id, err)
	}
	return d, nil
}
