// Package designs keeps what brands prepare for members to make their own, and what they made.
//
// A product's base has versions. The brand writes a draft, publishes it, and writes the next one while members design on what is
// published; a version that was published never changes, so that a design is always judged, priced and drawn by what its author saw.
//
//	base:    draft ── Publish ──► published ── next Publish, Withdraw ──► retired
//	design:  draft ── Drop ──► dropped        on another version: CarryOver
//
// Its author can order a design that can be made, while its version is the one that is offered (Design.Trouble). The revision that is ordered is kept for good
// (Freeze), and so are the photographs that it shows, whatever becomes of the design; only the order's buyer and the brand's team see it.
//
// A design is its author's: nobody else opens it, and it does not say that it exists. It is kept as it is written, also unfinished; what still
// has to be done is said by Design.Problems. Each writing names the revision that it was made from: a second window that is behind is
// refused (ErrElsewhere) and not lost silently. Photographs are private as the designs are. What is in a base and in a design is in package
// model, how they look in package draw.
package designs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/catalog"
	"relais/internal/designs/draw"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/money"
	"relais/internal/postgres"
)

// Bounds for one member.
const (
	MostDesigns = 40
	MostPhotos  = 50
	MaxTitle    = 80
)

// Faults of this package, beside the fields of a form.
var (
	ErrElsewhere  = fault.New(fault.Conflict, "fault.designs.elsewhere")   // written in another window since
	ErrNoBase     = fault.New(fault.NotFound, "fault.designs.no_base")     // the product is not to be designed, or not for sale
	ErrMany       = fault.New(fault.Conflict, "fault.designs.many")        // MostDesigns
	ErrManyPhotos = fault.New(fault.Conflict, "fault.designs.many_photos") // MostPhotos
	ErrUnfit      = fault.New(fault.Conflict, "fault.designs.unfit")       // a design that has no place on another version
	ErrUnready    = fault.New(fault.Conflict, "fault.designs.unready")     // a base with problems is not published
)

// State of a version of a base.
type State string

// The states of a version.
const (
	Draft     State = "draft"
	Published State = "published"
	Retired   State = "retired"
)

// Version is one version of a product's base.
type Version struct {
	ID          int64      `db:"id"`
	ProductID   int64      `db:"product_id"`
	Number      int        `db:"number"`
	State       State      `db:"state"`
	Revision    int        `db:"revision"`
	Content     []byte     `db:"content"`
	UpdatedAt   time.Time  `db:"updated_at"`
	PublishedAt *time.Time `db:"published_at"`
	Base        model.Base `db:"-"` // of Content
}

func (v *Version) read() (err error) {
	if v.Base, err = model.ParseBase(v.Content); err != nil {
		return fmt.Errorf("read base version %d: %w", v.ID, err)
	}
	return nil
}

// Photo is a photograph of a member's.
type Photo struct {
	ID     int64  `db:"id"`
	Hash   string `db:"hash"`
	Width  int    `db:"width"` // pixels, for printing
	Height int    `db:"height"`
}

// Address is where its owner's browser gets it.
func (p Photo) Address() string { return fmt.Sprintf("/designs/photos/%d", p.ID) }

// Design is what a member made, or is making, with the version of the base that it stands on.
type Design struct {
	ID           int64          `db:"id"`
	AuthorID     int64          `db:"author_id"`
	VersionID    int64          `db:"version_id"`
	Title        string         `db:"title"`
	Revision     int            `db:"revision"`
	Content      []byte         `db:"content"`
	UpdatedAt    time.Time      `db:"updated_at"`
	BaseContent  []byte         `db:"base_content"`
	Newer        bool           `db:"newer"`   // the brand has published another version since, or none is published now
	Offered      bool           `db:"offered"` // members design on the product now: it can be ordered
	ProductID    int64          `db:"product_id"`
	Slug         string         `db:"slug"`
	ProductTitle string         `db:"product_title"`
	Currency     money.Currency `db:"currency"` // of what its options cost
	Base         model.Base     `db:"-"`
	Doc          model.Document `db:"-"`
	Photos       []Photo        `db:"-"` // of its author
	Grounds      []Ground       `db:"-"` // photographs of the piece itself, as ByID reads them
}

func (d *Design) read() (err error) {
	if d.Base, err = model.ParseBase(d.BaseContent); err == nil {
		d.Doc, err = model.Parse(d.Content)
	}
	return err
}

// Path is the page of the design.
func (d Design) Path() string { return fmt.Sprintf("/designs/%d", d.ID) }

// Problems are what has to be done before the design can be made.
func (d Design) Problems() []model.Problem {
	photos := map[int64]model.Photo{}
	for _, p := range d.Photos {
		photos[p.ID] = model.Photo{Width: p.Width, Height: p.Height}
	}
	return model.Validate(d.Base, d.Doc, photos)
}

// OnPage are the photographs as pages show them.
func (d Design) OnPage() draw.Pictures {
	out := draw.Pictures{}
	for _, p := range d.Photos {
		out[draw.PhotoName(p.ID)] = draw.Picture{Width: p.Width, Height: p.Height, Address: p.Address()}
	}
	for _, g := range d.Grounds {
		out[g.Hash] = g.OnPage()
	}
	return out
}

// Ground is a photograph of the piece that a view of a base shows: one of its product's, which everybody may look at.
type Ground struct {
	Hash   string `db:"hash"`
	Width  int    `db:"width"` // pixels
	Height int    `db:"height"`
	Credit string `db:"credit"`
}

// OnPage is the photograph as pages show it.
func (g Ground) OnPage() draw.Picture {
	return draw.Picture{Width: g.Width, Height: g.Height, Address: media.URL(g.Hash, media.Large)}
}

// grounds reads the photographs of a base; what there is no longer is missing, and the shape is drawn in its place.
func grounds(ctx context.Context, q sqlx.QueryerContext, b model.Base) ([]Ground, error) {
	hashes := b.Photos()
	if len(hashes) == 0 {
		return nil, nil
	}
	var list []Ground
	if err := sqlx.SelectContext(ctx, q, &list, `select hash, width, height, credit from media where hash = any($1) and public`, pq.Array(hashes)); err != nil {
		return nil, fmt.Errorf("read photographs of a base: %w", err)
	}
	return list, nil
}

const selectDesign = `
select d.id, d.author_id, d.version_id, d.title, d.revision, d.content, d.updated_at, v.content as base_content, v.state <> 'published' as newer,
  exists (select 1 from base_versions o where o.product_id = v.product_id and o.state = 'published' and o.currency = p.currency) as offered, p.id as product_id, p.slug, p.title as product_title, v.currency
from designs d join base_versions v on v.id = d.version_id join products p on p.id = v.product_id
where d.id = $1 and d.author_id = $2 and d.state <> 'dropped'`

// ByID reads a design of that member. Fault NotFound: none, or somebody else's.
func ByID(ctx context.Context, q sqlx.QueryerContext, memberID, id int64) (Design, error) {
	var d Design
	if err := sqlx.GetContext(ctx, q, &d, selectDesign, id, memberID); err != nil {
		return Design{}, postgres.Translate(err)
	}
	err := d.read()
	if err == nil {
		d.Photos, err = Photos(ctx, q, memberID)
	}
	if err == nil {
		d.Grounds, err = grounds(ctx, q, d.Base)
	}
	if err != nil {
		return Design{}, fmt.Errorf("read design %d: %w", id, err)
	}
	return d, nil
}

const selectMine = `
select d.id, d.author_id, d.version_id, d.title, d.revision, d.content, d.updated_at, v.content as base_content, v.state <> 'published' as newer,
  exists (select 1 from base_versions o where o.product_id = v.product_id and o.state = 'published' and o.currency = p.currency) as offered, p.id as product_id, p.slug, p.title as product_title, v.currency
from designs d join base_versions v on v.id = d.version_id join products p on p.id = v.product_id
where d.author_id = $1 and d.state <> 'dropped' order by d.id desc`

// Mine are the designs of a member, the newest first.
func Mine(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Design, error) {
	var list []Design
	if err := sqlx.SelectContext(ctx, q, &list, selectMine, memberID); err != nil {
		return nil, fmt.Errorf("read designs: %w", err)
	}
	photos, err := Photos(ctx, q, memberID)
	if err != nil {
		return nil, err
	}
	for i := range list {
		d := &list[i]
		d.Photos = photos
		if err := d.read(); err != nil {
			return nil, fmt.Errorf("read design %d: %w", d.ID, err)
		}
	}
	return list, nil
}

const selectPhotos = `select id, hash, width, height from design_photos where member_id = $1 and removed_at is null order by id desc`

// Photos are those of a member, the newest first.
func Photos(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Photo, error) {
	var list []Photo
	if err := sqlx.SelectContext(ctx, q, &list, selectPhotos, memberID); err != nil {
		return nil, fmt.Errorf("read photographs for designs: %w", err)
	}
	return list, nil
}

const selectVersion = `select id, product_id, number, state, revision, content, updated_at, published_at from base_versions where `

func oneVersion(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Version, error) {
	var v Version
	if err := sqlx.GetContext(ctx, q, &v, selectVersion+where, args...); err != nil {
		return Version{}, postgres.Translate(err)
	}
	return v, v.read()
}

// Offered is the version on which members design now. ErrNoBase.
func Offered(ctx context.Context, q sqlx.QueryerContext, productID int64) (Version, error) {
	v, err := oneVersion(ctx, q, `product_id = $1 and state = 'published' and exists
		(select 1 from products p join brands b on b.id = p.brand_id where p.id = product_id and p.currency = base_versions.currency and p.state = 'published' and b.blocked_at is null)`, productID)
	return v, orNoBase(err)
}

// OfferedAs is Offered for the product at an address, with the product as a reader of that language sees it. ErrNoBase.
func OfferedAs(ctx context.Context, q sqlx.QueryerContext, slug string, lang i18n.Lang, now time.Time) (catalog.ProductPage, Version, error) {
	p, err := catalog.BySlug(ctx, q, slug, lang, now)
	if err != nil {
		return p, Version{}, err
	}
	v, err := Offered(ctx, q, p.ID)
	return p, v, err
}

// DraftOf is the brand's draft of a product's base: what was kept, or else what the next version begins with. ErrNoBase where nothing was ever written.
func DraftOf(ctx context.Context, q sqlx.QueryerContext, productID int64) (Version, error) {
	v, err := oneVersion(ctx, q, `product_id = $1 order by number desc limit 1`, productID)
	return v, orNoBase(err)
}

func encode(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err == nil && len(raw) > model.MostBytes {
		return "", fault.New(fault.Invalid, "fault.designs.too_large")
	}
	return string(raw), err
}
