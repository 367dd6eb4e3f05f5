package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/pos"
	"relais/internal/stripesandbox"
)

// stall is a stand of the demo with its reader.
type stall struct {
	content.Stand
	seller, brand int64 // brand 0: the seller's own storefront
	reader        pos.Reader
}

// planStands puts the stands and what was sold at them on the agenda: days before the end, so that they do not depend on the hour.
func (m *maker) planStands() {
	stalls := map[string]*stall{}
	for i, s := range m.content.Stands {
		st := &stall{Stand: s}
		stalls[s.Of()] = st
		m.agenda.Add(m.now.AddDate(0, 0, -10), func(ctx context.Context) error { return m.openStall(ctx, st, i) })
	}
	for i, h := range m.content.HandSales {
		at := m.now.AddDate(0, 0, -h.Days).Add(time.Duration(i) * time.Minute)
		m.agenda.Add(at, func(ctx context.Context) error { return m.handSale(ctx, stalls[h.Stand], h, i) })
	}
}

func (m *maker) openStall(ctx context.Context, s *stall, nth int) error {
	owner := pos.Owner{}
	if s.Brand != "" {
		b := m.brands[s.Brand]
		s.seller, s.brand, owner.BrandID = b.owner, b.id, b.id
		rules := pos.FirstRules(s.Country)
		rules.Warning = s.Warning.FR
		if err := m.Counter.SaveRules(ctx, s.seller, s.brand, s.Country, rules); err != nil {
			return err
		}
	} else {
		s.seller = m.people[s.Member].id
		owner.MemberID = s.seller
	}
	err := m.Counter.RegisterReader(ctx, pos.Registration{Operation: fmt.Sprintf("demo-reader-%08d", nth), By: s.seller, Owner: owner, Label: s.Label, Street: s.Street, Postcode: s.Postcode,
		City: s.City, Country: s.Country, Code: "simulated-wpe"})
	if err != nil {
		return err
	}
	list, err := m.Counter.Readers(ctx, owner)
	if err == nil && len(list) == 1 {
		s.reader = list[0]
		return nil
	}
	return errors.Join(err, fmt.Errorf("%d readers at %s", len(list), s.Label))
}

// handSale is a sale at a stand, paid at the reader or by the code.
func (m *maker) handSale(ctx context.Context, s *stall, h content.HandSale, nth int) error {
	place := s.Place
	if h.Place != "" {
		place = h.Place
	}
	id, err := m.Counter.Begin(ctx, pos.Beginning{Operation: fmt.Sprintf("demo-hand-sale-%08d", nth), SellerID: s.seller, BrandID: s.brand, Place: pos.Place(place), Country: s.Country, Lang: i18n.FR})
	if err != nil {
		return err
	}
	if err := m.Counter.Put(ctx, s.seller, id, m.products[h.Product].variants[0].ID, h.Quantity); err != nil {
		return fmt.Errorf("sell %s: %w", h.Product, err)
	}
	if h.Typed != "" {
		typed := pos.Typed{Operation: fmt.Sprintf("demo-typed-amount-%08d", nth), Title: h.Typed, Price: money.New(h.Price, "EUR"), VATBps: 2000}
		if err := m.Counter.Type(ctx, s.seller, id, typed); err != nil {
			return fmt.Errorf("type %s: %w", h.Typed, err)
		}
	}
	if err := m.Counter.Show(ctx, s.seller, id); err != nil {
		return err
	}
	if h.Reader {
		return m.handCard(ctx, s, h, id)
	}
	v, err := m.Counter.ByID(ctx, s.seller, id, i18n.FR)
	if err != nil {
		return err
	}
	o, err := m.Counter.Agree(ctx, pos.Agreement{Token: *v.Token, Mark: fmt.Sprintf("a phone of the demo %d", nth), Email: h.Email, Lang: i18n.FR})
	if err != nil {
		return err
	}
	address, err := m.Orders.OpenCheckout(ctx, o.ID)
	if err != nil {
		return err
	}
	if _, err := m.Visitor.Pay(ctx, address, stripesandbox.Payer{Email: "passant@poste.example", Name: "Un passant", Card: stripesandbox.AcceptedCard}, m.Clock.Now()); err != nil {
		return err
	}
	return m.Counter.Settle(ctx, id)
}

// handCard pays at the reader, where a card may be refused first.
func (m *maker) handCard(ctx context.Context, s *stall, h content.HandSale, id int64) error {
	cards := []string{stripesandbox.AcceptedCard}
	if h.Declined {
		cards = []string{stripesandbox.DeclinedCard, stripesandbox.AcceptedCard}
	}
	for _, card := range cards {
		if err := m.Counter.Present(ctx, s.seller, id, s.reader.ID, h.Email); err != nil {
			return err
		}
		if err := m.Sandbox.PresentCard(*s.reader.StripeID, card); err != nil {
			return err
		}
		if err := m.Counter.Settle(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
