package studio

import (
	"context"
	"fmt"
	"time"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/designs/model"
	"relais/internal/i18n"
	"relais/internal/making"
	"relais/internal/orders"
	"relais/internal/publications"
)

// publishes has Léa publish a ball, which Tom lists and a friend of his buys, and Bakary ask for one of his that still waits for the brand.
func (s Stage) publishes(end time.Time, lea, bakary model.Layer) {
	s.Agenda.Add(end.AddDate(0, 0, -12), func(ctx context.Context) error {
		if err := s.opens(ctx); err != nil {
			return fmt.Errorf("open publishing: %w", err)
		}
		return nil
	})
	s.Agenda.Add(end.AddDate(0, 0, -10), func(ctx context.Context) error {
		id, err := s.asks(ctx, "lea", "Ballon À vélo", "Pour celles et ceux qui vont au match à vélo.", 1000, lea)
		if err == nil {
			err = s.Publications.Accept(ctx, s.Owner, s.BrandID, id, 2)
		}
		if err != nil {
			return fmt.Errorf("publish a ball: %w", err)
		}
		s.Agenda.Add(end.AddDate(0, 0, -9), func(ctx context.Context) error { return s.resells(ctx, id, end.AddDate(0, 0, -8)) })
		return nil
	})
	s.Agenda.Add(end.AddDate(0, 0, -1), func(ctx context.Context) error {
		_, err := s.asks(ctx, "bakary", "Allez !", "", 800, bakary)
		return err
	})
}

// opens has the brand give authors up to 15 % of what is drawn on its ball, and look at each design first.
func (s Stage) opens(ctx context.Context) error {
	now, err := catalog.TermsAt(ctx, s.DB, s.BrandID, s.Product, s.Now())
	if err != nil {
		return err
	}
	d := catalog.TermsDraft{ProductID: &s.Product, CommissionBps: now.CommissionBps, HoldDays: now.HoldDays, WindowDays: now.WindowDays, Credit: now.Credit, SplitLastBps: now.SplitLastBps,
		MarginBps: max(now.MarginBps, 1500), Steps: now.Steps, RoyaltyBps: 1500, IdeaBps: now.IdeaBps}
	if _, err := s.Catalog.OfferTerms(ctx, s.Owner, s.BrandID, d); err != nil {
		return err
	}
	return s.Publications.Set(ctx, s.Owner, s.BrandID, s.Product, publications.Settings{Offered: true, Review: true, Stock: 40})
}

func (s Stage) asks(ctx context.Context, handle, title, note string, royaltyBps int64, layer model.Layer) (int64, error) {
	b := s.buyer(handle)
	id, err := s.designs(ctx, b, title, layer)
	if err != nil {
		return 0, err
	}
	return s.Publications.Ask(ctx, b.id, publications.Draft{DesignID: id, Revision: 2, Lang: i18n.Lang(b.who.Lang), Title: title, Note: note, RoyaltyBps: royaltyBps, MayVary: true, MayResell: true, Rights: true})
}

// resells has Tom list the ball, and somebody buy it there at a date; the brand makes and sends it the next day.
func (s Stage) resells(ctx context.Context, id int64, at time.Time) error {
	p, err := publications.ByID(ctx, s.DB, id)
	if err != nil {
		return err
	}
	tom := s.Member("tom")
	if _, err := s.Storefronts.AddListing(ctx, tom, *p.ProductID); err != nil {
		return err
	}
	product, err := catalog.ByID(ctx, s.DB, *p.ProductID, "", s.Now())
	if err != nil {
		return err
	}
	s.Agenda.Add(at, func(ctx context.Context) error {
		b := s.Content.Buyers[1]
		cart, err := s.Carts.Add(ctx, carts.Addition{VariantID: product.Variants[0].ID, Quantity: 1, StorefrontID: &tom, Lang: i18n.FR})
		if err != nil {
			return err
		}
		o, err := s.pays(ctx, cart, orders.Placement{CartID: cart, Operation: fmt.Sprintf("demo-published-%08d", id), Email: b.Email, Address: s.Address(b), Lang: i18n.FR}, b.Name, s.Card("tom"))
		if err != nil {
			return fmt.Errorf("buy a published ball: %w", err)
		}
		s.Agenda.Add(at.AddDate(0, 0, 1), func(ctx context.Context) error {
			return s.makes(ctx, o.ID, making.Step{Kind: making.Made, Pieces: 1}, true)
		})
		return nil
	})
	return nil
}
