// Package groupbuy plays the group orders and launches of the demo: who opens them, who joins with which card, and what becomes of them at their deadlines. All of
// it by the use cases that visitors set off, at the demo's past dates.
package groupbuy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"relais/internal/catalog"
	"relais/internal/demo/agenda"
	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/postgres"
	"relais/internal/stripesandbox"
)

// Stage is what the group orders are played with.
type Stage struct {
	DB      *postgres.DB
	Catalog *catalog.Service
	Pledges *pledges.Service
	Orders  *orders.Service
	Jobs    *jobs.Runner
	Visitor stripesandbox.Visitor
	Now     func() time.Time // the demo's clock
	Agenda  *agenda.Agenda
	Content *content.Content
	Member  func(handle string) int64  // their id
	Card    func(handle string) string // their own
	Address func(content.Buyer) orders.Address
}

// Play is a group order of the content with what the demo made of it.
type Play struct {
	content.GroupOrder
	Nth       int // among those of the demo
	ProductID int64
	VariantID int64
	At        time.Time // it is opened
}

// person is somebody who joins, with a card of their own.
type person struct {
	email, name string
	address     orders.Address
	memberID    *int64 // nil: a guest
	lang        i18n.Lang
	card        string
}

// cast is who joins, each with another card, and none with that of who opened it.
func (s Stage) cast(g content.GroupOrder) []person {
	var list []person
	cards := slices.DeleteFunc(append(stripesandbox.PersonalCards(), stripesandbox.AcceptedCard), func(card string) bool { return card == s.Card(g.Opener) })
	slices.Reverse(cards)
	for i, email := range g.Buyers {
		b := s.Content.Buyers[slices.IndexFunc(s.Content.Buyers, func(b content.Buyer) bool { return b.Email == email })]
		list = append(list, person{email: b.Email, name: b.Name, address: s.Address(b), lang: i18n.Lang(b.Lang), card: cards[i]})
	}
	for _, handle := range g.Members {
		who, _ := s.Content.Member(handle)
		id, at := s.Member(handle), s.Address(s.Content.Buyers[0])
		at.Name = who.Name
		list = append(list, person{email: who.Email, name: who.Name, address: at, memberID: &id, lang: i18n.Lang(who.Lang), card: s.Card(handle)})
	}
	return list
}

// between is the time from one who joins to the next.
const between = 9 * time.Hour

// Plan puts a play on the agenda.
func (s Stage) Plan(p Play) {
	var campaign pledges.Campaign
	var promises []string // their tokens
	s.Agenda.Add(p.At, func(ctx context.Context) (err error) {
		campaign, err = s.Pledges.Open(ctx, s.Member(p.Opener), pledges.Draft{ProductID: p.ProductID, Days: p.Days, Note: p.Note.FR})
		if err != nil {
			return fmt.Errorf("open group order %d: %w", p.Nth, err)
		}
		s.Agenda.Add(campaign.Deadline.Add(time.Minute), func(ctx context.Context) error { return s.ends(ctx, promises) })
		return s.Jobs.Drain(ctx)
	})
	for i, who := range s.cast(p.GroupOrder) {
		s.Agenda.Add(p.At.Add(time.Duration(i+1)*between), func(ctx context.Context) error {
			token, err := s.joins(ctx, campaign, p, i, who)
			if err != nil {
				return fmt.Errorf("join group order %d as %s: %w", p.Nth, who.email, err)
			}
			promises = append(promises, token)
			return s.Jobs.Drain(ctx)
		})
	}
}

// joins has somebody join a group order.
func (s Stage) joins(ctx context.Context, c pledges.Campaign, p Play, i int, who person) (token string, err error) {
	return s.promises(ctx, pledges.Joining{Code: c.Code, Operation: fmt.Sprintf("demo-together-%04d-%04d", p.Nth, i), VariantID: p.VariantID, Quantity: 1}, who)
}

// promises fills in the form of somebody, whoever they are, and the page for their card.
func (s Stage) promises(ctx context.Context, j pledges.Joining, who person) (token string, err error) {
	j.Email, j.Address, j.MemberID, j.Consent, j.Lang = who.email, who.address, who.memberID, true, who.lang
	pledge, err := s.Pledges.Join(ctx, j)
	if err != nil {
		return "", err
	}
	page, err := s.Pledges.OpenSetup(ctx, pledge.Token)
	if err != nil {
		return "", err
	}
	if _, err := s.Visitor.Pay(ctx, page, stripesandbox.Payer{Email: who.email, Name: who.name, Card: who.card}, s.Now()); err != nil {
		return "", err
	}
	return pledge.Token, s.Pledges.Look(ctx, pledge.Token)
}

// ends has the deadline's work done, and what was ordered sent some days later.
func (s Stage) ends(ctx context.Context, promises []string) error {
	if err := s.sweeps(ctx); err != nil {
		return err
	}
	for i, token := range promises {
		p, err := s.Pledges.ByToken(ctx, token, i18n.FR)
		if err != nil {
			return err
		}
		if p.Order == nil {
			continue
		}
		o, err := s.Orders.ByID(ctx, p.Order.ID)
		if err != nil {
			return err
		}
		for _, sh := range o.Shipments {
			s.Agenda.Add(s.Now().Add(30*time.Hour), func(ctx context.Context) error {
				return s.Orders.Ship(ctx, sh.BrandID, sh.ID, "Colissimo", fmt.Sprintf("6A%011d", o.ID))
			})
			s.Agenda.Add(s.Now().Add(time.Duration(60+7*i)*time.Hour), func(ctx context.Context) error { return s.Orders.Deliver(ctx, 0, sh.ID, "buyer") })
		}
	}
	return nil
}

// sweeps has what a deadline sets off counted, charged and settled.
func (s Stage) sweeps(ctx context.Context) error {
	for range 3 {
		if err := s.Pledges.Sweep(ctx); err != nil {
			return err
		}
		if err := s.Jobs.Drain(ctx); err != nil {
			return err
		}
	}
	return nil
}
