package referrals

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// A version of terms, and the rate that it takes the place of: of the same level, or for the first of a product the brand's.
const selectOffered = `
select t.id, t.brand_id, t.product_id, t.commission_bps, t.valid_from, b.name, b.handle, coalesce(
  (select o.commission_bps from terms o where o.brand_id = t.brand_id and o.id < t.id and o.product_id is not distinct from t.product_id order by o.id desc limit 1),
  (select o.commission_bps from terms o where o.brand_id = t.brand_id and o.id < t.id and o.product_id is null order by o.id desc limit 1)) as before_bps
from terms t join brands b on b.id = t.brand_id where t.id = $1`

// Whoever shares the brand, a piece of it, or has one in their storefront; its own team knows.
const selectSharers = `
select member_id from (
  select l.member_id from share_links l where l.disabled_at is null and (l.brand_id = $1 or l.product_id in (select id from products where brand_id = $1 and ($2::bigint is null or id = $2)))
  union select l.member_id from share_links l join story_products t on t.story_id = l.story_id and t.off_at is null join products p on p.id = t.product_id
    where l.disabled_at is null and p.brand_id = $1 and ($2::bigint is null or p.id = $2)
  union select l.member_id from share_links l join polls o on o.id = l.poll_id where l.disabled_at is null and o.brand_id = $1 and o.stopped_at is null and ($2::bigint is null or exists (select 1 from poll_covers v where v.poll_id = o.id and v.product_id = $2))
  union select g.member_id from listings g where g.product_id in (select id from products where brand_id = $1 and ($2::bigint is null or id = $2))
) x where member_id > $3 and not exists (select 1 from brand_members t where t.brand_id = $1 and t.member_id = x.member_id) order by member_id limit $4`

const sharersAtOnce = 500

// TermsChanged is the handler of catalog.JobTerms: it tells everybody who shares what the terms are about. Twice it tells once.
func (s *Service) TermsChanged(ctx context.Context, w jobs.Work) error {
	var args struct {
		Terms int64 `json:"terms"`
	}
	if err := w.Decode(&args); err != nil {
		return err
	}
	var t struct {
		ID        int64     `db:"id"`
		BrandID   int64     `db:"brand_id"`
		ProductID *int64    `db:"product_id"`
		Bps       int64     `db:"commission_bps"`
		From      time.Time `db:"valid_from"`
		Name      string    `db:"name"`
		Handle    string    `db:"handle"`
		Before    *int64    `db:"before_bps"`
	}
	if err := s.db.GetContext(ctx, &t, selectOffered, args.Terms); err != nil {
		return fmt.Errorf("read terms %d: %w", args.Terms, postgres.Translate(err))
	}
	if t.Before == nil {
		return nil // the first that the brand offers: nobody shared under others
	}
	n := notices.Notice{Kind: notices.Terms, Event: "changed", Subject: fmt.Sprintf("terms:%d", t.ID), Path: "/b/" + t.Handle, At: t.From,
		Args: notices.Args{"Brand": t.Name, "Old": notices.Percent(*t.Before), "New": notices.Percent(t.Bps)}}
	switch {
	case t.Bps > *t.Before:
		n.Event = "raised"
	case t.Bps < *t.Before:
		n.Event = "lowered"
	}
	for after := int64(0); ; {
		var sharers []int64
		err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
			if err := tx.SelectContext(ctx, &sharers, selectSharers, t.BrandID, t.ProductID, after, sharersAtOnce); err != nil {
				return postgres.Translate(err)
			}
			return notices.TellAll(ctx, tx, sharers, n)
		})
		if err != nil {
			return fmt.Errorf("tell of terms %d: %w", t.ID, err)
		}
		if len(sharers) < sharersAtOnce {
			return nil
		}
		after = sharers[len(sharers)-1]
	}
}
