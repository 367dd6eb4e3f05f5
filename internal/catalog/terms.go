package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog/steps"
	"relais/internal/fault"
	"relais/internal/jobs"
)

// Terms is one version of what a brand offers to whoever brings a sale, for all its products or for one.
type Terms struct {
	ID            int64     `db:"id"`
	BrandID       int64     `db:"brand_id"`
	ProductID     *int64    `db:"product_id"`     // nil: all products of the brand
	CommissionBps int64     `db:"commission_bps"` // of the price without VAT and delivery
	HoldDays      int       `db:"hold_days"`      // after delivery, until the commission is free
	WindowDays    int       `db:"window_days"`    // from click to order
	ValidFrom     time.Time `db:"valid_from"`
	CreatedBy     *int64    `db:"created_by"`
	Credit        Credit    `db:"credit"`         // whose click is paid where several count
	SplitLastBps  int64     `db:"split_last_bps"` // the part of the last click; 10000 for LastClick, 0 for FirstClick
	MarginBps     int64     `db:"margin_bps"`     // of the brand's price: what a storefront may put on top of it at most; 0: nothing
	RoyaltyBps    int64     `db:"royalty_bps"`    // of the price without VAT and delivery: the most that the authors of a published design may ask together; 0: none is published
	IdeaBps       int64     `db:"idea_bps"`       // of the same: of the author of the idea that a product came of; 0: nothing

	Steps steps.Steps `db:"steps"` // off the brand's price for people who order together; none: they pay what everybody pays
}

// Credit says whose click is paid where several count, of one member or of several.
type Credit string

// The ways in which clicks are credited.
const (
	LastClick  Credit = "last"  // the last one takes all; what a brand starts with
	FirstClick Credit = "first" // the first one takes all
	SplitClick Credit = "split" // the last and the first one share
)

// TermsDraft is a new version of terms.
type TermsDraft struct {
	ProductID     *int64 // nil: all products of the brand
	CommissionBps int64
	HoldDays      int
	WindowDays    int
	Credit        Credit // empty: LastClick
	SplitLastBps  int64  // of SplitClick only: the part of the last click, 1 to 9999
	MarginBps     int64  // 0: no margin is allowed
	RoyaltyBps    int64  // 0: no design is published
	IdeaBps       int64  // 0: authors of ideas have nothing
	Steps         steps.Steps
}

// MostMarginBps is the most that terms may allow on top of the brand's price: as much again.
const MostMarginBps = 10_000

// The most that terms may give, in basis points of the price without VAT and delivery: to the authors of a design, to that of an idea, and to
// them and whoever brought the buyer together, so that the fee of the platform fits beside it.
const (
	MostRoyaltyBps = 2500
	MostIdeaBps    = 1000
	MostSharesBps  = 8000
)

// normal fills in what a draft leaves to the rule: the parts of the clicks where one takes all.
func (d TermsDraft) normal() TermsDraft {
	switch d.Credit {
	case "", LastClick:
		d.Credit, d.SplitLastBps = LastClick, 10000
	case FirstClick:
		d.SplitLastBps = 0
	}
	return d
}

// FirstTerms is what a brand starts with: 10 % of the price without VAT, 14 days of hold, 30 days of window.
func FirstTerms() TermsDraft { return TermsDraft{CommissionBps: 1000, HoldDays: 14, WindowDays: 30} }

func (d TermsDraft) validate() error {
	var p problems
	p.check(d.CommissionBps >= 0 && d.CommissionBps <= 8000, "commission", "fault.catalog.commission")
	p.check(d.MarginBps >= 0 && d.MarginBps <= MostMarginBps, "margin", "fault.catalog.margin")
	p.check(d.RoyaltyBps >= 0 && d.RoyaltyBps <= MostRoyaltyBps, "royalty", "fault.catalog.royalty")
	p.check(d.IdeaBps >= 0 && d.IdeaBps <= MostIdeaBps, "idea", "fault.catalog.idea")
	if p.found == nil { // each is one: do they fit together? What was added is where it can be helped
		field := "royalty"
		if d.RoyaltyBps == 0 {
			field = "idea"
		}
		p.check(d.CommissionBps+d.RoyaltyBps+d.IdeaBps <= MostSharesBps, field, "fault.catalog.shares")
	}
	p.check(d.HoldDays >= 14 && d.HoldDays <= 60, "hold_days", "fault.catalog.hold_days")
	p.check(d.WindowDays >= 1 && d.WindowDays <= 90, "window_days", "fault.catalog.window_days")
	p.check(d.Credit == LastClick || d.Credit == FirstClick || d.Credit == SplitClick, "credit", "fault.catalog.credit")
	p.check(d.Credit != SplitClick || d.SplitLastBps >= 1 && d.SplitLastBps <= 9999, "split_last", "fault.catalog.split_last")
	return fault.Merge(p.fault(), d.Steps.Validate())
}

// offers says whether a version is already what the draft, in its normal form, would make.
func (t Terms) offers(d TermsDraft) bool {
	return t.CommissionBps == d.CommissionBps && t.HoldDays == d.HoldDays && t.WindowDays == d.WindowDays && t.Credit == d.Credit &&
		t.SplitLastBps == d.SplitLastBps && t.MarginBps == d.MarginBps && t.RoyaltyBps == d.RoyaltyBps && t.IdeaBps == d.IdeaBps && slices.Equal(t.Steps, d.Steps)
}

// OfferTerms adds a version of terms, in force from now on; older versions stay for what was clicked and sold
// under them. The same values as those in force add nothing. Owners only.
func (s *Service) OfferTerms(ctx context.Context, by, brandID int64, d TermsDraft) (Terms, error) {
	d = d.normal()
	if err := d.validate(); err != nil {
		return Terms{}, err
	}
	var t Terms
	err := s.inBrand(ctx, by, brandID, Owner, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `select 1 from brands where id = $1 for no key update`, brandID); err != nil {
			return err // two owners at once: one after the other
		}
		if d.ProductID != nil {
			if _, err := productForUpdate(ctx, tx, brandID, *d.ProductID); err != nil {
				return err
			}
		}
		now := s.now()
		history, err := TermsHistory(ctx, tx, brandID)
		if err != nil {
			return err
		}
		if last, ok := lastOffer(history, d.ProductID, now); ok && last.offers(d) {
			t = last
			return nil
		}
		if t, err = insertTerms(ctx, tx, brandID, by, d, now); err != nil {
			return err
		}
		if err := tellRepriced(ctx, tx, Repriced{BrandID: brandID, Why: "terms"}); err != nil {
			return err
		}
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobTerms, Args: map[string]int64{"terms": t.ID}, UniqueKey: fmt.Sprintf("%s:%d", JobTerms, t.ID)})
	})
	return t, err
}

// JobTerms is the kind of the job that tells whoever shares a brand that its terms have changed. Package referrals, which knows them, does it.
const JobTerms = "catalog.terms"

// lastOffer is the newest version at exactly one level: the brand's, or one product's.
func lastOffer(history []Terms, productID *int64, now time.Time) (Terms, bool) {
	for _, t := range history { // newest first
		if t.ValidFrom.After(now) || (t.ProductID == nil) != (productID == nil) || t.ProductID != nil && *t.ProductID != *productID {
			continue
		}
		return t, true
	}
	return Terms{}, false
}

const insertTermsRow = `
insert into terms (brand_id, product_id, commission_bps, hold_days, window_days, valid_from, created_by, created_at, credit, split_last_bps, margin_bps, steps, royalty_bps, idea_bps)
values ($1, $2, $3, $4, $5, $6, nullif($7, 0::bigint), $6, $8, $9, $10, $11, $12, $13)
returning id, brand_id, product_id, commission_bps, hold_days, window_days, valid_from, created_by, credit, split_last_bps, margin_bps, steps, royalty_bps, idea_bps`

func insertTerms(ctx context.Context, tx *sqlx.Tx, brandID, by int64, d TermsDraft, now time.Time) (Terms, error) {
	var t Terms
	d = d.normal()
	err := tx.GetContext(ctx, &t, insertTermsRow, brandID, d.ProductID, d.CommissionBps, d.HoldDays, d.WindowDays, now, by, d.Credit, d.SplitLastBps, d.MarginBps, d.Steps, d.RoyaltyBps, d.IdeaBps)
	if err != nil {
		return Terms{}, fmt.Errorf("offer terms: %w", err)
	}
	return t, nil
}

const selectTerms = `
select id, brand_id, product_id, commission_bps, hold_days, window_days, valid_from, created_by, credit, split_last_bps, margin_bps, steps, royalty_bps, idea_bps
from terms where brand_id = $1`

// TermsAt returns the terms in force for a product at a moment. Fault Conflict when the brand offered none yet.
func TermsAt(ctx context.Context, q sqlx.QueryerContext, brandID, productID int64, at time.Time) (Terms, error) {
	var list []Terms
	err := sqlx.SelectContext(ctx, q, &list, selectTerms+` and (product_id is null or product_id = $2) and valid_from <= $3`, brandID, productID, at)
	if err != nil {
		return Terms{}, fmt.Errorf("read terms: %w", err)
	}
	t, ok := Choose(list, productID, at)
	if !ok {
		return Terms{}, fault.New(fault.Conflict, "fault.catalog.no_terms")
	}
	return t, nil
}

// TermsHistory returns every version a brand has offered, the newest first.
func TermsHistory(ctx context.Context, q sqlx.QueryerContext, brandID int64) ([]Terms, error) {
	var list []Terms
	if err := sqlx.SelectContext(ctx, q, &list, selectTerms+` order by valid_from desc, id desc`, brandID); err != nil {
		return nil, fmt.Errorf("read terms: %w", err)
	}
	return list, nil
}
