package publications

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/catalog/markdown"
	"relais/internal/designs"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Accept lists the revision that waits, for the team of its brand, who saw that one: for the first the product is made, for a newer one it is changed. ErrGone, ErrOver, ErrMoved,
// ErrTakenDown, ErrAuthor, ErrBase, ErrProduct, ErrPrice, ErrPromised, catalog.ErrPricedElsewhere where the brand has another currency by now.
func (s *Service) Accept(ctx context.Context, memberID, brandID, id int64, revision int) error {
	if err := s.mayDecide(ctx, memberID, brandID, id); err != nil {
		return err
	}
	return s.accept(ctx, id, &memberID, revision)
}

// mayDecide is ErrGone for whoever is not on the team of the brand that the publication is of.
func (s *Service) mayDecide(ctx context.Context, memberID, brandID, id int64) error {
	p, err := ByID(ctx, s.db, id)
	if err == nil && p.BrandID != brandID {
		err = ErrGone
	}
	if err == nil {
		err = onTeam(ctx, s.db, memberID, brandID)
	}
	return err
}

// accept draws the pictures first: that takes its time, and nobody else waits for it.
func (s *Service) accept(ctx context.Context, id int64, by *int64, revision int) error {
	p, err := ByID(ctx, s.db, id)
	if err == nil {
		err = p.awaits(revision)
	}
	if err != nil {
		return err
	}
	d, err := designs.Ordered(ctx, s.db, p.DesignID, revision)
	if err != nil {
		return err
	}
	drawn, err := s.draw(ctx, p, d)
	if err != nil {
		return err
	}
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := lockBrand(ctx, tx, p.BrandID); err != nil { // before the publication, as whoever changes its product does
			return err
		}
		p, err := lock(ctx, tx, id)
		if err == nil {
			err = p.awaits(revision)
		}
		if err != nil {
			return err
		}
		if err := s.stands(ctx, tx, p, by); err != nil {
			return err
		}
		if p.State == Asked {
			return s.list(ctx, tx, p, by, d, drawn)
		}
		if err := unpromised(ctx, tx, *p.ProductID); err != nil {
			return err
		}
		return s.relist(ctx, tx, p, by, d, drawn)
	})
	if errors.Is(err, fault.Invalid) { // there is no form of the product's to say it in
		err = ErrProduct.Because(err)
	}
	return err
}

const selectStands = `select m.blocked_at is null as author, b.state = 'published' as base from members m, products b where m.id = $1 and b.id = $2`

// stands looks once more at what was so when it was asked for: ErrTakenDown, ErrAuthor, ErrBase. By nobody's hand it goes by what the brand offers today too: ErrNotOffered, ErrShares.
func (s *Service) stands(ctx context.Context, tx *sqlx.Tx, p Publication, by *int64) error {
	chain, err := Chain(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	for _, b := range chain {
		if b.State == TakenDown {
			return ErrTakenDown
		}
	}
	var now struct {
		Author bool `db:"author"`
		Base   bool `db:"base"`
	}
	switch err := tx.GetContext(ctx, &now, selectStands, p.AuthorID, p.BaseID); {
	case err != nil:
		return postgres.Translate(err)
	case !now.Author:
		return ErrAuthor
	case !now.Base:
		return ErrBase
	case by != nil:
		return nil
	}
	set, err := SettingsOf(ctx, tx, p.BaseID)
	if err != nil {
		return err
	}
	if !set.Offered || set.Review {
		return ErrNotOffered
	}
	most, err := Most(ctx, tx, p.BrandID, p.BaseID, s.now())
	if err != nil {
		return err
	}
	return allowed(most, chain)
}

// lockBrand keeps a brand that may trade as it is. ErrGone.
func lockBrand(ctx context.Context, tx *sqlx.Tx, id int64) error {
	var one int
	return orGone(tx.GetContext(ctx, &one, `select 1 from brands where id = $1 and blocked_at is null for no key update`, id))
}

// draw keeps a photograph of each view that has something on it; what is drawn twice is one.
func (s *Service) draw(ctx context.Context, p Publication, d designs.Design) ([]catalog.Picture, error) {
	var list []catalog.Picture
	for _, v := range d.Base.Views {
		if !slices.ContainsFunc(v.Zones, func(z model.Zone) bool { return len(d.Doc.Part(z.ID)) > 0 }) {
			continue
		}
		raw, err := s.designs.Picture(ctx, d, v.ID)
		if err != nil {
			return nil, err
		}
		photo, err := s.media.Save(ctx, s.db, bytes.NewReader(raw), "")
		if err != nil {
			return nil, fmt.Errorf("draw publication %d: %w", p.ID, err)
		}
		list = append(list, catalog.Picture{MediaID: photo.ID, Alt: p.Title + " – " + v.Name})
	}
	return list, nil
}

func idsOf(list []catalog.Picture) (ids []int64) {
	for _, p := range list {
		ids = append(ids, p.MediaID)
	}
	return ids
}

// describeOther gives a product its description in the other language than its own.
const describeOther = `
insert into product_translations (product_id, lang, title, description) select id, $2, title, $3 from products where id = $1
on conflict (product_id, lang) do update set description = excluded.description`

// list makes the product of a publication that is locked, and has it sold.
func (s *Service) list(ctx context.Context, tx *sqlx.Tx, p Publication, by *int64, d designs.Design, drawn []catalog.Picture) error {
	now := s.now()
	set, err := SettingsOf(ctx, tx, p.BaseID)
	if err != nil {
		return err
	}
	base, err := catalog.ByID(ctx, tx, p.BaseID, "", now)
	if err != nil {
		return err
	}
	product, err := catalog.InsertProduct(ctx, tx, p.BrandID, draft(p, base, d.Options().Minor, set.Stock), now)
	if err != nil {
		return err
	}
	if err := catalog.Derive(ctx, tx, p.BaseID, product.ID, now); err != nil {
		return err
	}
	if p.Lang != base.Lang && p.Note != "" {
		other, err := catalog.ByID(ctx, tx, p.BaseID, p.Lang, now)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, describeOther, product.ID, p.Lang, described(p.Note, other.Description)); err != nil {
			return fmt.Errorf("describe product of publication %d: %w", p.ID, postgres.Translate(err))
		}
	}
	if err := catalog.SetPhotos(ctx, tx, product.ID, drawn); err != nil {
		return err
	}
	if err := s.move(ctx, tx, &p, step{List, by, p.Revision, ""}, `, product_id = $5, photos = $6`, product.ID, int64s(idsOf(drawn))); err != nil {
		return err
	}
	if err := catalog.SetState(ctx, tx, p.BrandID, product.ID, catalog.Published, now); err != nil {
		return err
	}
	if p, err = lock(ctx, tx, p.ID); err != nil {
		return err
	}
	return s.tellListed(ctx, tx, p, List, by)
}

// described is the description of a product, as Markdown: the words of the author, which are none, then those of the base.
func described(note, base string) string {
	return strings.TrimSpace(markdown.Escape(note) + "\n\n" + base)
}

// draft is the product of a publication: the base with the author's title, and their words where they are in its language, at the price of the base and what the options of the design
// cost.
func draft(p Publication, base catalog.ProductPage, optionMinor int64, stock int) catalog.ProductDraft {
	d, asIs := catalog.DraftOf(base), false
	d.Lang, d.Title, d.CustomMade = base.Lang, p.Title, &asIs
	if p.Lang == base.Lang {
		d.Description = described(p.Note, base.Description)
	}
	for i := range d.Variants {
		v := &d.Variants[i]
		v.ID, v.Stock, v.StockSeen, v.CompareAtMinor, v.Barcode = 0, stock, 0, 0, ""
		v.PriceMinor += optionMinor
		if v.SKU != "" {
			v.SKU = v.SKU + fmt.Sprintf("-P%d", p.ID)
		}
		if len(v.SKU) > 80 {
			v.SKU = ""
		}
	}
	return d
}

// relist has a newer revision sold in the place of the one before: other pictures, and where its options cost something else, prices that differ by as much.
func (s *Service) relist(ctx context.Context, tx *sqlx.Tx, p Publication, by *int64, d designs.Design, drawn []catalog.Picture) error {
	now := s.now()
	before, err := designs.Ordered(ctx, tx, p.DesignID, p.Revision)
	if err != nil {
		return err
	}
	product, err := catalog.ByID(ctx, tx, *p.ProductID, "", now)
	if err != nil {
		return err
	}
	if more := d.Options().Minor - before.Options().Minor; more != 0 {
		to := catalog.DraftOf(product)
		for i := range to.Variants {
			if to.Variants[i].PriceMinor += more; to.Variants[i].PriceMinor < 1 {
				return ErrPrice
			}
		}
		if err := catalog.UpdateProduct(ctx, tx, p.BrandID, product.ID, to, now); err != nil {
			return err
		}
	}
	var list []catalog.Picture
	for _, id := range redrawn(idsOf(product.Photos), p.Photos, idsOf(drawn)) {
		all := append(slices.Clone(drawn), product.Photos...)
		list = append(list, all[slices.IndexFunc(all, func(c catalog.Picture) bool { return c.MediaID == id })])
	}
	if err := catalog.SetPhotos(ctx, tx, product.ID, list[:min(len(list), catalog.MaxPhotos)]); err != nil {
		return err
	}
	revision := *p.Next
	if err := s.move(ctx, tx, &p, step{ListRevision, by, revision, ""}, `, revision = $5, next_revision = null, photos = $6`, revision, int64s(idsOf(drawn))); err != nil {
		return err
	}
	return s.tellListed(ctx, tx, p, ListRevision, by)
}

// Decline refuses the revision that waits, with a reason that its author reads; what is sold already goes on. For the team of its brand, who saw that one. ErrGone, ErrOver, ErrMoved,
// field why.
func (s *Service) Decline(ctx context.Context, memberID, brandID, id int64, revision int, why string) error {
	why, err := prose.Words("why", why, MaxWhy, false)
	if err != nil {
		return err
	}
	if err := s.mayDecide(ctx, memberID, brandID, id); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := lock(ctx, tx, id)
		if err == nil {
			err = p.awaits(revision)
		}
		if err != nil {
			return err
		}
		event := Refuse
		if p.State == Listed {
			event = RefuseRevision
		}
		if err := s.move(ctx, tx, &p, step{event, &memberID, revision, why}, `, next_revision = null`); err != nil {
			return err
		}
		return s.tellAuthor(ctx, tx, p, event, revision)
	})
}

// Withdraw ends a publication for its author: what is asked for is asked no more, what is listed is archived, and its product sold no more. What was ordered is made. ErrGone, ErrOver.
func (s *Service) Withdraw(ctx context.Context, memberID, id int64) error {
	seen, err := ByID(ctx, s.db, id)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := lockShop(ctx, tx, seen.BrandID); err != nil {
			return err
		}
		p, err := lock(ctx, tx, id)
		if err == nil && p.AuthorID != memberID {
			err = ErrGone
		}
		if err != nil {
			return err
		}
		waited := p.State == Asked
		if err := s.end(ctx, tx, &p, step{Leave, &memberID, p.Revision, ""}); err != nil || waited {
			return err
		}
		return s.tellTeam(ctx, tx, p, Leave, p.Revision)
	})
}

// TakeBack has the author of a listed design ask no more that a newer revision be sold; what is sold stays. ErrGone, ErrOver where none waits.
func (s *Service) TakeBack(ctx context.Context, memberID, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := lock(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case p.AuthorID != memberID:
			return ErrGone
		case p.Next == nil:
			return ErrOver
		}
		return s.move(ctx, tx, &p, step{LeaveRevision, &memberID, *p.Next, ""}, `, next_revision = null`)
	})
}

// lockShop keeps a brand as it is, blocked or not: before its publications, as whoever changes their products does.
func lockShop(ctx context.Context, tx *sqlx.Tx, brandID int64) error {
	_, err := tx.ExecContext(ctx, `select 1 from brands where id = $1 for no key update`, brandID)
	return err
}

// end moves a publication that is locked to where it is not sold any more, and archives its product.
func (s *Service) end(ctx context.Context, tx *sqlx.Tx, p *Publication, m step) error {
	if err := s.move(ctx, tx, p, m, `, next_revision = null`); err != nil {
		return err
	}
	if p.ProductID == nil {
		return nil
	}
	err := catalog.SetState(ctx, tx, p.BrandID, *p.ProductID, catalog.Archived, s.now())
	if err != nil {
		return fmt.Errorf("archive product of publication %d: %w", p.ID, err)
	}
	return nil
}

// ByID reads a publication, whoever asks: the caller knows who may. ErrGone.
func ByID(ctx context.Context, q sqlx.QueryerContext, id int64) (p Publication, err error) {
	err = orGone(sqlx.GetContext(ctx, q, &p, `select `+columns+from+`where p.id = $1`, id))
	return p, err
}

// What was ever asked for; and of it, what waits ($3) or was listed: what was refused, or asked for no more, is its author's again.
const (
	selectKnown = `select exists (select 1 from publication_moves where publication_id = $1 and revision = $2 and $3::integer = 0)`
	selectShown = `select exists (select 1 from publication_moves where publication_id = $1 and revision = $2 and (kind in ('listed','revision_listed') or revision = $3))`
)

// Seen is a publication with the design as it was kept in a revision, for those who may look at it before it is sold: its author, the platform (admin), and the team of its brand, for what waits or was listed. ErrGone.
func Seen(ctx context.Context, q sqlx.QueryerContext, memberID int64, admin bool, id int64, revision int) (p Publication, d designs.Design, err error) {
	if p, err = ByID(ctx, q, id); err != nil {
		return p, d, err
	}
	of, pending := selectKnown, 0
	if p.AuthorID != memberID && !admin {
		if err = onTeam(ctx, q, memberID, p.BrandID); err != nil {
			return p, d, err
		}
		of, pending = selectShown, p.Pending()
	}
	var known bool
	if err = sqlx.GetContext(ctx, q, &known, of, id, revision, pending); err != nil {
		return p, d, postgres.Translate(err)
	}
	if !known {
		return p, d, fault.New(fault.NotFound, "fault.page_not_found")
	}
	d, err = designs.Ordered(ctx, q, p.DesignID, revision)
	return p, d, err
}
