package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"relais/internal/catalog"
	"relais/internal/crash"
	"relais/internal/i18n"
	"relais/internal/pledges"
	"relais/internal/stripesandbox"
	"relais/internal/torture/backing"
	"relais/internal/torture/rules"
)

// backers has so many people back a launch that reaches its goal, kills Relais at each step of its charges, and then looks whether each of them was charged at
// most once and is accounted for. It prints how long the charges took, deaths included.
func backers(ctx context.Context, s settings, out io.Writer) (err error) {
	fmt.Fprintf(out, "seed %d\n", s.seed)
	w, err := open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	w.counts.steps, w.counts.parked = map[string]int{}, map[string]int{}
	random := rand.New(rand.NewPCG(s.seed, 0))
	begun := time.Now()
	g, err := w.launch(ctx, s.backers)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d pledges in %v\n", s.backers, time.Since(begun).Round(time.Second))
	notices, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer func() { stop(); all.Wait() }()
	all.Go(func() { _ = w.sandbox.Run(notices) })
	w.sandbox.LagLists(5 * time.Second)
	w.sandbox.ChaosWebhooks(stripesandbox.ChaosWebhookOptions{Seed: random.Uint64(), Lose: 250, Duplicate: 450, Delay: 400, MostDelay: time.Second, Reorder: 450})
	w.sandbox.Chaos(stripesandbox.ChaosOptions{Seed: random.Uint64(), Rate: s.rate / 10, MostDelay: 50 * time.Millisecond})
	charging := time.Now()
	if err := w.pass(ctx, 2, 12); err != nil {
		return err
	}
	for round := range 3 {
		for _, step := range []string{crash.PledgeOrdered, crash.PledgeCharging, crash.PledgeCharged, crash.PledgeRefused, crash.CardForgotten} {
			if err := w.dieAt(ctx, step, 1+round*(1+random.IntN(9))); err != nil {
				return err
			}
		}
	}
	// On the same day: whoever cannot be charged for three days is let go.
	w.sandbox.Chaos(stripesandbox.ChaosOptions{})
	if err := w.pass(ctx, 0, longestLease); err != nil {
		return err
	}
	if err := w.charge(ctx, g); err != nil {
		return err
	}
	if err := w.byHand(ctx, g); err != nil {
		return err
	}
	if err := w.pass(ctx, 1, longestLease); err != nil { // cards that may be are tried again
		return err
	}
	if err := w.charge(ctx, g); err != nil {
		return err
	}
	left, err := w.settle(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "charged and quiet after %v, %d deaths at %v\n", time.Since(charging).Round(time.Second), w.counts.kills, w.counts.steps)
	if len(left) > 0 {
		return fmt.Errorf("not at an end: %s", describe(left))
	}
	return w.account(ctx, g, s.backers, out)
}

// launch opens a launch of as many pieces as there are backers, a day long, and has each of them promise one.
func (w *world) launch(ctx context.Context, people int) (g pledges.Campaign, err error) {
	var owner int64
	if err := w.owner.GetContext(ctx, &owner, `select member_id from brand_members where brand_id = $1`, w.goods[0].brand); err != nil {
		return g, err
	}
	p, err := w.domains.Catalog.CreateProduct(ctx, owner, w.goods[0].brand, catalog.ProductDraft{Lang: i18n.FR, Title: "Bol à faire", VATBps: 2000, Variants: []catalog.VariantDraft{{PriceMinor: 4900}}})
	if err != nil {
		return g, err
	}
	g, err = w.domains.Pledges.Launch(ctx, owner, w.goods[0].brand, pledges.LaunchDraft{ProductID: p.ID, Goal: people, Max: people, Days: 1, Expected: w.domains.Clock.Now().AddDate(0, 2, 0), Plan: "La terre."})
	if err != nil {
		return g, err
	}
	var variant int64
	if err := w.owner.GetContext(ctx, &variant, `select id from variants where product_id = $1`, p.ID); err != nil {
		return g, err
	}
	var all sync.WaitGroup
	failed := make([]error, 8)
	for i := range failed {
		all.Go(func() {
			for n := i + 1; n <= people && failed[i] == nil; n += len(failed) {
				failed[i] = w.back(ctx, g, variant, int64(n))
			}
		})
	}
	all.Wait()
	return g, errors.Join(failed...)
}

// back has one person promise a piece, with a card that is taken for their own: the sandbox has not so many.
func (w *world) back(ctx context.Context, g pledges.Campaign, variant, n int64) error {
	card, email := backing.Kinds[backing.KindOf(n)].Card, fmt.Sprintf("backer-%s-%d@poste.example", backing.KindOf(n), n)
	var p pledges.Pledge
	err := backing.Patiently(func() (err error) {
		p, err = w.domains.Pledges.Join(ctx, joining(pledges.Joining{Code: g.Code, VariantID: variant, Operation: fmt.Sprintf("torture-backer-%012d", n), Email: email}))
		return err
	})
	if err != nil {
		return err
	}
	page, err := w.domains.Pledges.OpenSetup(ctx, p.Token)
	if err == nil {
		err = w.typesCard(ctx, page, p.Email, card)
	}
	if err != nil {
		return err
	}
	if err := backing.Patiently(func() error { return w.domains.Pledges.Look(ctx, p.Token) }); err != nil {
		return err
	}
	_, err = w.owner.ExecContext(ctx, `update pledges set fingerprint = 'of ' || id where id = $1`, p.ID)
	return err
}

// typesCard pays, or leaves a card, on a page of the provider's, and confirms where the bank asks.
func (w *world) typesCard(ctx context.Context, page, email, card string) error {
	_, err := stripePage.Pay(ctx, page, stripesandbox.Payer{Email: email, Name: "Anne Lebrun", Card: card}, w.domains.Clock.Now())
	if err == nil && card == backing.Always {
		err = stripePage.Confirm(ctx, page)
	}
	return err
}

// byHand has those whose card was refused do what they do about it.
func (w *world) byHand(ctx context.Context, g pledges.Campaign) error {
	var all []struct {
		OrderID int64  `db:"order_id"`
		Kind    string `db:"kind"`
		CardID  string `db:"card_id"`
	}
	err := w.owner.SelectContext(ctx, &all, rules.Refused, g.ID)
	for _, b := range all {
		card := backing.Kinds[b.Kind].ByHand
		if b.Kind == "poor" { // their money comes in
			err = errors.Join(err, w.sandbox.TurnCard(b.CardID, ""))
		}
		if card == "" {
			continue
		}
		page, failed := w.domains.Orders.OpenCheckout(ctx, b.OrderID)
		if failed == nil {
			failed = w.typesCard(ctx, page, "anne@poste.example", card)
		}
		err = errors.Join(err, failed)
	}
	return err
}

// charge lets Relais live until every backer was charged or refused: a sweep takes up some hundreds of them.
func (w *world) charge(ctx context.Context, g pledges.Campaign) error {
	for left, before := 1, 0; left > 0; before = left {
		if err := w.live(ctx); err != nil {
			return err
		}
		if err := w.owner.GetContext(ctx, &left, rules.Uncharged, g.ID); err != nil {
			return err
		}
		if left > 0 && left == before {
			return fmt.Errorf("%d backers are not charged, whatever is done", left)
		}
	}
	return nil
}

// dieAt lets Relais live until it comes to a step for the nth time and kills itself there, or for a while.
func (w *world) dieAt(ctx context.Context, step string, nth int) error {
	if err := w.pass(ctx, 0, 12); err != nil {
		return err
	}
	c, err := w.start(fmt.Sprintf("%s:%d", step, nth))
	if err != nil {
		return err
	}
	defer c.kill()
	if err := w.ready(ctx, c); err != nil && !errors.Is(err, errDied) {
		return err
	}
	if err := w.stir(ctx, true, false); err != nil {
		return err
	}
	w.hasten(ctx, c, step, 10*time.Second)
	if c.dead() {
		w.counts.steps[step]++
		w.counts.kills++
	}
	return nil
}

// account holds the backers against the payments that Stripe has, one by one, and asks the oracle about everything.
func (w *world) account(ctx context.Context, g pledges.Campaign, people int, out io.Writer) error {
	var is struct{ All, Paid, Unpaid, Payments, Forgotten int }
	if err := w.owner.GetContext(ctx, &is, rules.Backed, g.ID); err != nil {
		return err
	}
	charges, err := w.list(ctx, "/v1/payment_intents")
	if err != nil {
		return err
	}
	paid, twice := map[string]int{}, 0
	for _, c := range charges {
		if c.Status == "succeeded" {
			if paid[c.TransferGroup]++; paid[c.TransferGroup] == 2 {
				twice++
			}
		}
	}
	v, err := w.judge(ctx)
	if err != nil {
		return err
	}
	var rows []backing.Row
	if err := w.owner.SelectContext(ctx, &rows, rules.Backers, g.ID); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d backers: %d charged, %d never paid, %d charged twice, %d forgotten; %d doubled, %d lost, %d stuck\n", is.All, is.Paid, is.Unpaid, twice, is.Forgotten, v.doubles, v.losses, v.stuck)
	switch {
	case v.bad():
		return errors.New(v.text())
	case is.All != people || is.Payments != is.Paid || len(paid) != is.Paid || twice > 0 || is.Forgotten != people:
		return fmt.Errorf("of %d backers: %+v, %d orders paid at Stripe, %d twice", people, is, len(paid), twice)
	}
	return backing.Wrong(rows, people)
}
