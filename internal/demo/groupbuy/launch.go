package groupbuy

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/pledges"
	"relais/internal/postgres"
)

// Launch is a launch of the content with what the demo made of its brand.
type Launch struct {
	content.Launch
	Nth     int // among those of the demo
	BrandID int64
	OwnerID int64
	Lang    string // the brand's
	PhotoID int64  // of its photograph
	Alt     string
	At      time.Time // it is opened
}

// PlanLaunch puts a launch on the agenda: its piece is created, launched and backed; what was reached is charged and, where the content says so, in production.
func (s Stage) PlanLaunch(p Launch) {
	var campaign pledges.Campaign
	var variantID int64
	s.Agenda.Add(p.At, func(ctx context.Context) (err error) {
		if campaign, variantID, err = s.launches(ctx, p); err != nil {
			return fmt.Errorf("launch %q: %w", p.Title.FR, err)
		}
		s.Agenda.Add(campaign.Deadline.Add(time.Minute), func(ctx context.Context) error { return s.decided(ctx, p, campaign) })
		return s.Jobs.Drain(ctx)
	})
	cast := s.cast(content.GroupOrder{Buyers: p.Buyers})
	for i, who := range cast {
		s.Agenda.Add(p.At.Add(time.Duration(i+1)*between), func(ctx context.Context) error {
			_, err := s.promises(ctx, pledges.Joining{Code: campaign.Code, Operation: fmt.Sprintf("demo-launch-%04d-%04d", p.Nth, i), VariantID: variantID, Quantity: p.Pieces[i]}, who)
			if err != nil {
				return fmt.Errorf("back launch %d as %s: %w", p.Nth, who.email, err)
			}
			return s.Jobs.Drain(ctx)
		})
	}
}

// launches creates the piece as a draft, with its photograph and its other language, and launches it.
func (s Stage) launches(ctx context.Context, p Launch) (c pledges.Campaign, variantID int64, err error) {
	made, err := s.Catalog.CreateProduct(ctx, p.OwnerID, p.BrandID, catalog.ProductDraft{Lang: i18n.Lang(p.Lang), Title: p.Title.In(p.Lang), Description: p.Description.In(p.Lang),
		Category: p.Category, VATBps: catalog.VATRates()[0], Variants: []catalog.VariantDraft{{PriceMinor: p.PriceCents}}})
	if err != nil {
		return c, 0, err
	}
	err = postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		return catalog.AttachPhoto(ctx, tx, made.ID, catalog.Picture{MediaID: p.PhotoID, Alt: p.Alt})
	})
	if err != nil {
		return c, 0, err
	}
	other := string(i18n.EN)
	if p.Lang == other {
		other = string(i18n.FR)
	}
	err = s.Catalog.TranslateProduct(ctx, p.OwnerID, p.BrandID, made.ID, catalog.ProductTranslation{Lang: i18n.Lang(other), Title: p.Title.In(other), Description: p.Description.In(other)}, nil)
	if err != nil {
		return c, 0, err
	}
	draft := pledges.LaunchDraft{ProductID: made.ID, Goal: p.Goal, Max: p.Max, Days: p.Days, Expected: p.At.AddDate(0, p.Months, p.Days), Plan: p.Plan.FR}
	for _, step := range p.Steps {
		draft.Steps = append(draft.Steps, steps.Step{People: step.People, LessBps: step.LessBPS})
	}
	if c, err = s.Pledges.Launch(ctx, p.OwnerID, p.BrandID, draft); err != nil {
		return c, 0, err
	}
	page, err := catalog.ByID(ctx, s.DB, made.ID, i18n.FR, s.Now())
	if err == nil {
		variantID = page.Variants[0].ID
	}
	return c, variantID, err
}

// decided has the deadline's work done.
func (s Stage) decided(ctx context.Context, p Launch, c pledges.Campaign) error {
	if err := s.sweeps(ctx); err != nil || !p.Started {
		return err
	}
	s.Agenda.Add(s.Now().Add(50*time.Hour), func(ctx context.Context) error { return s.Pledges.Start(ctx, p.OwnerID, p.BrandID, c.ID) })
	return nil
}
