package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"

	"relais/internal/i18n"
	"relais/internal/pos"
	"relais/internal/stripesandbox"
)

// reader is a member's card reader.
type reader struct {
	id, member int64
	stripe     string // its number at the sandbox
}

// stands gives the members who sell in person a reader each.
func (w *world) stands(ctx context.Context) error {
	for i, m := range w.members {
		err := w.domains.Counter.RegisterReader(ctx, pos.Registration{Operation: fmt.Sprintf("torture-reader-%d", i), By: m, Owner: pos.Owner{MemberID: m}, Label: "Stand",
			Street: "1 place du Marché", Postcode: "25000", City: "Besançon", Country: "FR", Code: "simulated-wpe"})
		if err != nil {
			return fmt.Errorf("reader of member %d: %w", m, err)
		}
		r := reader{member: m}
		if err := w.owner.QueryRowxContext(ctx, `select id, stripe_id from readers where member_id = $1`, m).Scan(&r.id, &r.stripe); err != nil {
			return err
		}
		w.readers = append(w.readers, r)
	}
	return nil
}

// basket is a member's at a fair, shown, with the token of its code.
func (w *world) basket(ctx context.Context, random *rand.Rand, member int64) (sale int64, token string, err error) {
	sale, err = w.domains.Counter.Begin(ctx, pos.Beginning{Operation: fmt.Sprintf("torture-sale-%016x", random.Uint64()), SellerID: member, Place: pos.Fair, Country: "FR", Lang: i18n.FR})
	if err != nil {
		return 0, "", err
	}
	for range 1 + random.IntN(2) {
		if err := w.domains.Counter.Put(ctx, member, sale, w.goods[random.IntN(len(w.goods))].variant, 1+random.Int64N(2)); err != nil {
			return 0, "", err
		}
	}
	if err := w.domains.Counter.Show(ctx, member, sale); err != nil {
		return 0, "", err
	}
	return sale, token, w.owner.GetContext(ctx, &token, `select token from counter_sales where id = $1`, sale)
}

// meet buys from somebody who shows a code, and pays on the provider's page.
func (b *buyer) meet(ctx context.Context) error {
	b.w.gate.RLock()
	_, token, err := b.w.basket(ctx, b.random, b.w.members[b.random.IntN(len(b.w.members))])
	b.w.gate.RUnlock()
	if err != nil {
		return errors.Join(errGaveUp, err)
	}
	if a, err := b.press(ctx, http.MethodGet, "/s/"+token, nil); err != nil || a.status != http.StatusOK {
		return errors.Join(errGaveUp, err)
	}
	a, err := b.press(ctx, http.MethodPost, "/s/"+token, url.Values{"email": {fmt.Sprintf("buyer-%d@poste.example", b.random.IntN(1_000_000))}})
	if err != nil || a.status != http.StatusSeeOther {
		return errors.Join(errGaveUp, err)
	}
	return b.follow(ctx, a)
}

// agreeOnce is somebody who agrees to what a code shows, and does not press again where nothing comes back.
func (w *world) agreeOnce(ctx context.Context, random *rand.Rand) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	b := &buyer{w: w, random: random, from: "10.251.0.1", client: &http.Client{Jar: jar, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	_, token, err := w.basket(ctx, random, w.members[random.IntN(len(w.members))])
	if err != nil {
		return err
	}
	if _, err := b.ask(ctx, http.MethodGet, "/s/"+token, nil); err != nil {
		return err
	}
	_, err = b.ask(ctx, http.MethodPost, "/s/"+token, url.Values{})
	return err
}

// sellAtReader takes a card at a reader, or sees it declined; pressed a few times where Stripe does not answer.
func (w *world) sellAtReader(ctx context.Context, random *rand.Rand) error {
	r := w.readers[random.IntN(len(w.readers))]
	sale, _, err := w.basket(ctx, random, r.member)
	if err != nil {
		return err
	}
	for range 3 {
		if err = w.domains.Counter.Present(ctx, r.member, sale, r.id, ""); err == nil {
			break
		}
	}
	if err != nil {
		return err
	}
	card := stripesandbox.AcceptedCard
	if random.IntN(4) == 0 {
		card = stripesandbox.DeclinedCard
	}
	return w.sandbox.PresentCard(r.stripe, card)
}
