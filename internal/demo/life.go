package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"relais/internal/carts"
	"relais/internal/demo/asked"
	"relais/internal/demo/content"
	"relais/internal/demo/talks"
	"relais/internal/earnings"
	"relais/internal/orders"
	"relais/internal/returns"
	"relais/internal/stripesandbox"
)

// tally is what the demo remembers of its payouts.
type tally struct {
	runs int // that paid somebody
}

// live lets the days pass: everything that will happen is on the agenda, and what happens puts more on it. What would
// happen after the end is left for whoever comes to look.
func (m *maker) live(ctx context.Context) error {
	m.plan()
	for {
		e, ok := m.agenda.Next(m.now)
		if !ok {
			break
		}
		m.at(e.At)
		if err := e.Do(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.At.Format(time.RFC3339), err)
		}
		m.progress(50 + int(48*e.At.Sub(m.start)/m.now.Sub(m.start)))
	}
	m.at(m.now)
	if err := m.trouble(ctx); err != nil {
		return err
	}
	return m.night(ctx)
}

// plan puts on the agenda what is known beforehand.
func (m *maker) plan() {
	for i, b := range m.content.Brands {
		known := m.brands[b.Handle]
		m.agenda.Add(m.start.Add(time.Duration(3+9*i)*time.Hour), func(ctx context.Context) error {
			return m.onboard(ctx, earnings.Owner{BrandID: known.id}, b.Country, true)
		})
		if rate, days := firstRate(b.Handle); rate != 0 {
			change := m.start.Add(time.Duration(days * float64(m.days) * float64(dayLong)))
			m.agenda.Add(change, func(ctx context.Context) error { return m.offer(ctx, known, b.Terms.CommissionBPS, b.Terms.MarginBPS) })
		}
	}
	for i, p := range m.content.Playing(content.Relay) {
		if p.Handle == withoutAccount {
			continue
		}
		at := m.start.Add(time.Duration(20+37*i) * time.Hour)
		m.agenda.Add(at, func(ctx context.Context) error {
			return m.onboard(ctx, earnings.Owner{MemberID: m.people[p.Handle].id}, p.Country, p.Handle != unfinished)
		})
	}
	for _, c := range m.content.Products {
		if reduced(c) {
			m.agenda.Add(m.now.AddDate(0, 0, -reducedBefore), func(ctx context.Context) error { return m.reduce(ctx, m.products[c.Slug]) })
		}
		if len(c.Steps) > 0 {
			since := m.start.Add(time.Duration(steppedAfter * float64(m.days) * float64(dayLong)))
			m.agenda.Add(since, func(ctx context.Context) error { return m.offerSteps(ctx, m.products[c.Slug]) })
		}
	}
	for day := range m.days + 1 {
		night := m.start.AddDate(0, 0, day).Truncate(dayLong).Add(dayLong + 2*time.Hour)
		m.agenda.Add(night, m.night)
		if night.Weekday() == time.Monday {
			m.agenda.Add(night.Add(3*time.Hour), m.payOut)
		}
	}
	for _, p := range m.drawPurchases() {
		m.agenda.Add(p.at, func(ctx context.Context) error { return m.buy(ctx, p) })
	}
	m.planJudged()
	m.planStands()
	m.planGroupOrders()
	asked.Stage{Polls: m.Polls, Jobs: m.Jobs, Agenda: &m.agenda, Now: m.now, Days: m.days, Member: func(handle string) int64 { return m.people[handle].id }, Brand: func(handle string) (brand, owner int64) { return m.brands[handle].id, m.brands[handle].owner },
		Product: func(slug string) int64 { return cmp.Or(m.products[slug], &product{}).id }}.Plan(m.content.Polls)
	m.planDesigns()
	m.planOpinions()
	m.planQuestions()
	m.planIdeas()
}

// Two of the relays have not set up their payouts: what they earned waits for them.
const (
	withoutAccount = "paul-henri"
	unfinished     = "priya"
)

// firstRate is the commission that a brand offered before it came to today's, in basis points, and for which part of the
// days, before steppedAfter. 0: it never offered another.
func firstRate(brand string) (bps int64, part float64) {
	switch brand {
	case "serres-morvelle":
		return 1800, 0.45 // lowered: those who shared before keep it for a while
	case "maison-brevane":
		return 600, 0.3 // raised: for everybody at once
	}
	return 0, 0
}

// night is what the periodic jobs do.
func (m *maker) night(ctx context.Context) error {
	for _, task := range []func(context.Context) error{m.Orders.SweepExpired, m.Orders.SweepDelivered, m.Pledges.Sweep, m.Ideas.Sweep, m.Jobs.Drain, m.Reviews.Sweep, m.Ratings.Sweep, m.Orders.Release, m.issue} {
		if err := task(ctx); err != nil {
			return err
		}
	}
	return nil
}

// issue issues the day's documents, and those of a month that is over.
func (m *maker) issue(ctx context.Context) error {
	if err := m.Documents.Sweep(ctx, m.Clock.Now().Add(-2*dayLong)); err != nil {
		return err
	}
	return m.Documents.CloseMonths(ctx)
}

// onboard takes a payee through Stripe's registration, or leaves it unfinished.
func (m *maker) onboard(ctx context.Context, o earnings.Owner, country string, whole bool) error {
	payee, err := m.Payouts.PayeeOf(ctx, o)
	if err != nil {
		return err
	}
	back := m.BaseURL + "/me/payouts"
	address, err := m.Payouts.Onboard(ctx, payee.ID, country, back, back)
	if err != nil || !whole {
		return err
	}
	if err := m.Visitor.Onboard(ctx, address); err != nil {
		return err
	}
	_, err = m.Payouts.Refresh(ctx, payee.ID)
	return err
}

// payOut is the weekly run. In the second one that pays, Stripe refuses a transfer; the next run pays it.
func (m *maker) payOut(ctx context.Context) error {
	due, _, err := m.Payouts.Ready(ctx)
	if err != nil {
		return err
	}
	if len(due) > 0 {
		m.tally.runs++
	}
	if m.tally.runs == 2 && len(due) > 0 {
		m.Sandbox.Inject(stripesandbox.Fault{Method: http.MethodPost, Path: "/v1/transfers", Status: http.StatusBadRequest, Code: "transfers_not_allowed",
			Message: "Transfers to this account are paused while its bank details are being verified."})
	}
	if _, err := m.Payouts.Run(ctx, 0); err != nil {
		return err
	}
	return m.Jobs.Drain(ctx)
}

// buy fills the cart and orders.
func (m *maker) buy(ctx context.Context, p *purchase) error {
	cart := ""
	for _, i := range p.items {
		a := carts.Addition{CartID: cart, VariantID: i.product.variants[i.variant].ID, Quantity: i.quantity, Lang: p.placement("").Lang}
		if p.visit != nil {
			a.ClickToken = p.visit.token
			if p.path {
				a.StorefrontID = &p.visit.link.by.id
			}
		}
		if p.front != nil {
			a.StorefrontID = &p.front.id
		}
		if p.member != nil {
			a.MemberID = &p.member.id
		}
		var err error
		if cart, err = m.Carts.Add(ctx, a); err != nil {
			return err
		}
	}
	if p.payment == abandoned {
		return nil
	}
	o, err := m.Orders.Place(ctx, p.placement(cart))
	if err != nil {
		return fmt.Errorf("purchase %d: %w", p.nth, err)
	}
	address, err := m.Orders.OpenCheckout(ctx, o.ID)
	if err != nil {
		return err
	}
	switch p.payment {
	case forgotten:
		m.agenda.Add(o.ExpiresAt.Add(time.Minute), func(ctx context.Context) error {
			return errors.Join(m.Orders.SweepExpired(ctx), m.Jobs.Drain(ctx))
		})
	case cancelled:
		m.agenda.Add(p.at.Add(6*time.Minute), func(ctx context.Context) error { return m.Orders.Cancel(ctx, o.ID) })
	default:
		m.agenda.Add(p.at.Add(2*time.Minute), func(ctx context.Context) error { return m.pay(ctx, p, o.ID, address) })
	}
	return nil
}

// pay pays on the sandbox's page, and has the order confirmed as the page that the buyer comes back to does.
func (m *maker) pay(ctx context.Context, p *purchase, orderID int64, address string) error {
	cards := []string{m.cardOf(p)}
	if p.payment == declined {
		cards = []string{stripesandbox.DeclinedCard, m.cardOf(p)}
	}
	for _, card := range cards {
		if _, err := m.Visitor.Pay(ctx, address, stripesandbox.Payer{Email: p.buyer.Email, Name: p.buyer.Name, Card: card}, m.Clock.Now()); err != nil {
			return err
		}
	}
	o, err := m.Orders.ByID(ctx, orderID)
	if err != nil {
		return err
	}
	if err := m.Orders.Confirm(ctx, *o.CheckoutID); err != nil {
		return err
	}
	talk := talks.About{Order: o, Nth: p.nth, BrandID: p.brands()[0].id, Team: p.brands()[0].owner, At: m.Clock.Now()}
	if p.member != nil {
		talk.Buyer = p.member.id
	}
	m.talks().Converse(talk)
	at := m.Clock.Now()
	received := at
	for _, s := range o.Shipments {
		sent := m.send(p, s, at)
		if sent.After(received) {
			received = sent
		}
	}
	if p.withdraw != 0 {
		from := received
		if p.early {
			from = at
		}
		m.agenda.Add(from.Add(p.withdraw), func(ctx context.Context) error { return m.withdrawn(ctx, p, o) })
	}
	return nil
}

// send plans what a brand does with its shipment, and says when it is received.
func (m *maker) send(p *purchase, s orders.Shipment, paidAt time.Time) time.Time {
	var part parcel
	for i, b := range p.brands() {
		if b.id == s.BrandID {
			part = p.parcels[i]
		}
	}
	sent := paidAt.Add(part.ship)
	m.agenda.Add(sent, func(ctx context.Context) error {
		err := m.Orders.Ship(ctx, s.BrandID, s.ID, part.carrier, part.tracking)
		if errors.Is(err, orders.ErrNotShippable) { // the buyer withdrew before
			return nil
		}
		return err
	})
	received := sent.Add(part.deliver)
	if part.by != "time" {
		m.agenda.Add(received, func(ctx context.Context) error {
			err := m.Orders.Deliver(ctx, s.BrandID, s.ID, part.by)
			if errors.Is(err, orders.ErrNotUnderWay) {
				return nil
			}
			return err
		})
	}
	return received
}

// reasons are what buyers say when they withdraw; most say nothing.
var reasons = []string{"", "", "La couleur ne va pas avec le reste.", "Commandé deux fois par erreur.", "Smaller than I had imagined."}

// withdrawn declares the withdrawal; if anything was sent, the goods come back some days later and the money goes.
func (m *maker) withdrawn(ctx context.Context, p *purchase, o orders.Page) error {
	if err := m.Returns.Withdraw(ctx, returns.Declaration{OrderID: o.ID, Reason: reasons[p.nth%len(reasons)]}); err != nil {
		return fmt.Errorf("withdraw from %s: %w", o.Number, err)
	}
	if p.back != 0 {
		m.agenda.Add(m.Clock.Now().Add(p.back), func(ctx context.Context) error { return m.refund(ctx, p, o) })
	}
	return m.Jobs.Drain(ctx)
}

func (m *maker) refund(ctx context.Context, p *purchase, o orders.Page) error {
	rs, err := m.Returns.OfOrder(ctx, o.ID, 0)
	if err != nil {
		return err
	}
	for _, r := range rs {
		if r.State != returns.Approved {
			continue // nothing had left: it was paid back at once
		}
		if err := m.Returns.Receive(ctx, returns.Receipt{ReturnID: r.ID, By: m.people["helene"].id, Restock: true}); err != nil {
			return fmt.Errorf("refund %s: %w", o.Number, err)
		}
	}
	return m.Jobs.Drain(ctx)
}
