package designs

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/designs/draw"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/postgres"
)

// Options is what the design costs beside the piece, VAT included.
func (d Design) Options() money.Amount {
	minor, _ := model.Price(d.Base, d.Doc)
	return money.New(minor, d.Currency)
}

const insertRevision = `
insert into design_revisions (design_id, revision, version_id, title, content, option_minor, kept_at)
select id, revision, version_id, title, content, $3, $4 from designs where id = $1 and revision = $2 and state <> 'dropped'
on conflict do nothing`

// Freeze keeps a revision for good, as it is ordered; again is as once. Fault Conflict where its author wrote another one since, or dropped it.
func Freeze(ctx context.Context, tx *sqlx.Tx, d Design, at time.Time) error {
	if _, err := tx.ExecContext(ctx, insertRevision, d.ID, d.Revision, d.Options().Minor, at); err != nil {
		return fmt.Errorf("keep design %d: %w", d.ID, postgres.Translate(err))
	}
	var kept bool
	if err := tx.GetContext(ctx, &kept, `select exists (select 1 from design_revisions where design_id = $1 and revision = $2)`, d.ID, d.Revision); err != nil {
		return postgres.Translate(err)
	}
	if !kept {
		return ErrElsewhere
	}
	return nil
}

const selectOrdered = `
select r.design_id as id, d.author_id, r.version_id, r.title, r.revision, r.content, r.kept_at as updated_at, v.content as base_content,
  p.id as product_id, p.slug, p.title as product_title, p.currency
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

// Picture is a view of a design as PNG; without its name, the first one that has something on it. Fault NotFound: no such view.
func (s *Service) Picture(d Design, name string) ([]byte, error) {
	v, ok := d.view(name)
	if !ok {
		return nil, fault.New(fault.NotFound, "fault.page_not_found")
	}
	pictures, err := s.ToPrint(d)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	dpi := min(76, 1600/max(v.Width.MM(), v.Height.MM())*25.4)
	if err := draw.PNG(&out, draw.View(d.Base, v, d.Doc, pictures), dpi, true, pictures); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (d Design) view(name string) (model.View, bool) {
	for _, v := range d.Base.Views {
		if v.ID == name {
			return v, true
		}
		for _, z := range v.Zones {
			if name == "" && len(d.Doc.Part(z.ID)) > 0 {
				return v, true
			}
		}
	}
	return model.View{}, false
}

// Sheets are the zones that have something on them, at print size with the bleed of the base.
func (d Design) Sheets(pictures draw.Pictures) []draw.Sheet {
	var list []draw.Sheet
	for _, v := range d.Base.Views {
		for _, z := range v.Zones {
			if sheet := draw.Print(z, d.Doc, d.Base.Bleed.MM(), pictures); len(sheet.Marks) > 0 {
				sheet.Title = v.Name + " · " + z.Name
				list = append(list, sheet)
			}
		}
	}
	return list
}
