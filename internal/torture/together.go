package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"

	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/stripesandbox"
)

// offerSteps has a brand offer lower prices to two people, and to four.
func (w *world) offerSteps(ctx context.Context, owner, brand int64) error {
	terms := catalog.FirstTerms()
	terms.Steps = steps.Steps{{People: 2, LessBps: 700}, {People: 4, LessBps: 1500}}
	_, err := w.domains.Catalog.OfferTerms(ctx, owner, brand, terms)
	return err
}

// mostOpen is how many group orders are open at once: few enough that people meet in them.
const mostOpen = 4

const (
	selectOpen    = `select c.code, v.id as variant from campaigns c join variants v on v.product_id = c.product_id where c.kind = 'group_order' and c.state = 'open' order by random() limit 1`
	selectProduct = `select product_id from variants where id = $1`
)

// gather opens a group order of a day or two.
func (w *world) gather(ctx context.Context, random *rand.Rand) error {
	var open int
	var product int64
	if err := w.owner.GetContext(ctx, &open, `select count(*) from campaigns where kind = 'group_order' and state = 'open'`); err != nil || open >= mostOpen {
		return err
	}
	if err := w.owner.GetContext(ctx, &product, selectProduct, w.goods[random.IntN(len(w.goods))].variant); err != nil {
		return err
	}
	_, err := w.domains.Pledges.Open(ctx, w.members[random.IntN(len(w.members))], pledges.Draft{ProductID: product, Days: 1 + random.IntN(2)})
	return err
}

// ripen has a group order reach its step, so that cards are charged once its day has come: there need not be one in which people met by chance.
// One of them leaves a card that is refused on the day.
func (w *world) ripen(ctx context.Context, random *rand.Rand) error {
	var g struct {
		Code    string `db:"code"`
		Variant int64  `db:"variant"`
	}
	err := w.owner.GetContext(ctx, &g, selectOpen)
	if err != nil { // there is none
		if err := w.gather(ctx, random); err != nil {
			return err
		}
		err = w.owner.GetContext(ctx, &g, selectOpen)
	}
	if err != nil {
		return err
	}
	var wrong error
	for i, card := range []string{"4000000000000341", stripesandbox.AcceptedCard, stripesandbox.AcceptedCard} {
		wrong = errors.Join(wrong, w.promise(ctx, pledges.Joining{Code: g.Code, VariantID: g.Variant, Operation: fmt.Sprintf("torture-pledge-%016x", random.Uint64()),
			Email: fmt.Sprintf("ripe-%d-%d@poste.example", i, random.IntN(1_000_000))}, card))
	}
	return wrong
}

// promise makes a pledge and leaves a card for it, without Relais's pages.
func (w *world) promise(ctx context.Context, j pledges.Joining, card string) error {
	p, err := w.domains.Pledges.Join(ctx, joining(j))
	if err != nil {
		return err
	}
	return w.leaves(ctx, p, card)
}

// joining fills in what is the same for everybody.
func joining(j pledges.Joining) pledges.Joining {
	j.Quantity, j.Consent, j.Lang = 1, true, i18n.FR
	j.Address = orders.Address{Name: "Anne Lebrun", Street: "3 rue des Lilas", Postcode: "35000", City: "Rennes", Country: "FR"}
	return j
}

// leaves leaves a card for a pledge.
func (w *world) leaves(ctx context.Context, p pledges.Pledge, card string) error {
	page, err := w.domains.Pledges.OpenSetup(ctx, p.Token)
	if err != nil {
		return err
	}
	if _, err := stripePage.Pay(ctx, page, stripesandbox.Payer{Email: p.Email, Name: p.Name, Card: card}, w.domains.Clock.Now()); err != nil {
		return err
	}
	return w.domains.Pledges.Look(ctx, p.Token)
}

// leave takes somebody's pledge back.
func (w *world) leave(ctx context.Context, random *rand.Rand) error {
	var token string
	if err := w.owner.GetContext(ctx, &token, `select token from pledges where state in ('pending','joined') order by id desc offset $1 limit 1`, random.IntN(20)); err != nil {
		return err
	}
	return w.domains.Pledges.Leave(ctx, token)
}

// callOff ends a group order now and then.
func (w *world) callOff(ctx context.Context, random *rand.Rand) error {
	var g struct {
		Code     string `db:"code"`
		OpenedBy int64  `db:"opened_by"`
	}
	if err := w.owner.GetContext(ctx, &g, `select code, opened_by from campaigns where kind = 'group_order' and state = 'open' order by random() limit 1`); err != nil || random.IntN(8) > 0 {
		return err
	}
	return w.domains.Pledges.Cancel(ctx, g.OpenedBy, g.Code)
}

// payRefused pays by hand an order whose card was refused.
func (w *world) payRefused(ctx context.Context, _ *rand.Rand) error {
	var id int64
	if err := w.owner.GetContext(ctx, &id, `select o.id from pledges p join orders o on o.id = p.order_id where p.refusals > 0 and o.state = 'awaiting_payment' order by random() limit 1`); err != nil {
		return err
	}
	page, err := w.domains.Orders.OpenCheckout(ctx, id)
	if err != nil {
		return err
	}
	_, err = stripePage.Pay(ctx, page, payer, w.domains.Clock.Now())
	return err
}

// kept are the cards that people leave for a group order. Of some something comes on the day: a refusal for good, one that passes, a dispute.
var kept = append([]string{stripesandbox.AcceptedCard, "4000000000000341", "4000000000009995", stripesandbox.FraudCard, stripesandbox.SlowRefundCard}, stripesandbox.PersonalCards()...)

// join joins a group order and leaves a card, or does not.
func (b *buyer) join(ctx context.Context) error {
	var g struct {
		Code    string `db:"code"`
		Variant int64  `db:"variant"`
	}
	err := b.w.owner.GetContext(ctx, &g, selectOpen)
	if err != nil {
		return errors.Join(errGaveUp, err)
	}
	page := "/together/" + g.Code + "/join"
	a, err := b.press(ctx, http.MethodGet, page, nil)
	if err != nil || a.status != http.StatusOK {
		return errors.Join(errGaveUp, err)
	}
	form := url.Values{"operation": {hidden(a.body, "operation")}, "seen": {hidden(a.body, "seen")}, "variant": {fmt.Sprint(g.Variant)}, "quantity": {"1"}, "consent": {"yes"},
		"email": {fmt.Sprintf("friend-%d@poste.example", b.random.IntN(1_000_000))}, "name": {"Anne Lebrun"}, "street": {"3 rue des Lilas"}, "postcode": {"35000"}, "city": {"Rennes"}, "country": {"FR"}}
	if a, err = b.press(ctx, http.MethodPost, page, form); err != nil || a.status != http.StatusSeeOther {
		return errors.Join(errGaveUp, err)
	}
	for range 8 { // while the provider is away it leads to the pledge's page, where the card can be asked for again
		path, onSite := strings.CutPrefix(a.to, "/pledge/")
		if !onSite {
			break
		}
		token, _, _ := strings.Cut(path, "?")
		if a, err = b.press(ctx, http.MethodPost, "/pledge/"+token+"/card", nil); err != nil || a.status != http.StatusSeeOther {
			return errors.Join(errGaveUp, err)
		}
	}
	if !strings.HasPrefix(a.to, b.w.at) || b.random.IntN(12) == 0 {
		return errGaveUp
	}
	accepted, err := stripesandbox.Visitor{}.Pay(ctx, a.to, stripesandbox.Payer{Email: "anne@poste.example", Name: "Anne Lebrun", Card: kept[b.random.IntN(len(kept))]}, b.w.domains.Clock.Now())
	if err != nil || !accepted {
		return errors.Join(errGaveUp, err)
	}
	var token string
	if b.random.IntN(3) == 0 || b.w.owner.GetContext(ctx, &token, `select token from pledges where setup_url = $1`, a.to) != nil {
		return nil // closes the window
	}
	_, err = b.press(ctx, http.MethodGet, "/pledge/"+token+"?kept=1", nil)
	return err
}
