package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"relais/internal/stripesandbox"
)

// buyer is somebody with a browser, who presses a button again when nothing comes back.
type buyer struct {
	w      *world
	client *http.Client
	random *rand.Rand
	from   string // an address of their own
	lives  int    // of buyers with this browser
}

// answer is what came back.
type answer struct {
	status int
	to     string // where it leads
	body   string
}

// buy goes on buying until ctx ends.
func (w *world) buy(ctx context.Context, random *rand.Rand) {
	b := &buyer{w: w, random: random}
	for ctx.Err() == nil {
		w.breathe(ctx)
		b.lives++
		b.from = fmt.Sprintf("10.%d.%d.%d", random.IntN(250), random.IntN(250), 1+random.IntN(250))
		jar, err := cookiejar.New(nil)
		if err != nil {
			return
		}
		b.client = &http.Client{Jar: jar, Timeout: 25 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		do := b.order
		switch random.IntN(8) {
		case 0, 1:
			do = b.join
		case 2:
			do = b.meet
		}
		if err := do(ctx); err == nil {
			w.counts.bought.Add(1)
		}
		w.pause(ctx, time.Duration(random.IntN(30))*time.Millisecond)
	}
}

// breathe waits until work is no longer behind.
func (w *world) breathe(ctx context.Context) {
	_ = poll(ctx, 50*time.Millisecond, func() (bool, error) { return !w.behind.Load(), nil })
}

// pause waits for a while.
func (w *world) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(max(d, time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

var errGaveUp = errors.New("the buyer gave up")

// order fills a basket, orders, and pays, or not.
func (b *buyer) order(ctx context.Context) error {
	for range 1 + b.random.IntN(2) {
		g := b.w.goods[b.random.IntN(len(b.w.goods))]
		form := url.Values{"product": {g.slug}, "variant": {fmt.Sprint(g.variant)}, "quantity": {fmt.Sprint(1 + b.random.IntN(3))}}
		if b.random.IntN(3) > 0 {
			form.Set("storefront", fmt.Sprintf("relais-%d", b.random.IntN(memberCount)))
		}
		if a, err := b.press(ctx, http.MethodPost, "/cart", form); err != nil || a.status != http.StatusSeeOther {
			return errors.Join(errGaveUp, err)
		}
	}
	a, err := b.press(ctx, http.MethodGet, "/checkout", nil)
	if err != nil || a.status != http.StatusOK {
		return errors.Join(errGaveUp, err)
	}
	form := url.Values{"operation": {hidden(a.body, "operation")}, "seen": {hidden(a.body, "seen")}, "email": {fmt.Sprintf("buyer-%d@poste.example", b.random.IntN(1_000_000))},
		"name": {"Anne Lebrun"}, "street": {"3 rue des Lilas"}, "postcode": {"35000"}, "city": {"Rennes"}, "country": {"FR"}}
	if a, err = b.press(ctx, http.MethodPost, "/checkout", form); err != nil || a.status != http.StatusSeeOther {
		return errors.Join(errGaveUp, err)
	}
	return b.follow(ctx, a)
}

// follow goes where an order leads: to the provider's page.
func (b *buyer) follow(ctx context.Context, a answer) (err error) {
	for range 8 { // while the provider is away it leads to the order's page, where payment can be asked for again
		page, onSite := strings.CutPrefix(a.to, "/o/")
		if !onSite {
			break
		}
		token, _, _ := strings.Cut(page, "?")
		if a, err = b.press(ctx, http.MethodPost, "/o/"+token+"/pay", nil); err != nil || a.status != http.StatusSeeOther {
			return errors.Join(errGaveUp, err)
		}
	}
	if !strings.HasPrefix(a.to, b.w.at) {
		return errGaveUp
	}
	return b.pay(ctx, a.to)
}

// hidden is the value of a hidden field.
func hidden(body, name string) string {
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(body)
	if found == nil {
		return ""
	}
	return found[1]
}

// cards are what buyers pay with. Of some something comes later: a question, a dispute, a refund that takes its time or comes back.
var cards = []string{stripesandbox.AcceptedCard, stripesandbox.AcceptedCard, stripesandbox.AcceptedCard, stripesandbox.AcceptedCard, stripesandbox.SecondCard,
	stripesandbox.SecondCard, stripesandbox.SlowRefundCard, stripesandbox.FailingRefundCard, stripesandbox.InquiryCard, stripesandbox.FraudCard,
	stripesandbox.NotReceivedCard, stripesandbox.DeclinedCard}

const selectToken = `select token from orders where checkout_url = $1`

// pay pays on the provider's page, and mostly comes back to ours.
func (b *buyer) pay(ctx context.Context, address string) error {
	if b.random.IntN(12) == 0 {
		return errGaveUp // leaves the order waiting
	}
	accepted, err := stripesandbox.Visitor{}.Pay(ctx, address, stripesandbox.Payer{Email: "anne@poste.example", Name: "Anne Lebrun",
		Card: cards[b.random.IntN(len(cards))]}, b.w.domains.Clock.Now())
	if err != nil || !accepted {
		return errors.Join(errGaveUp, err)
	}
	b.w.counts.paid.Add(1)
	var token string
	if b.random.IntN(3) == 0 || b.w.owner.GetContext(ctx, &token, selectToken, address) != nil {
		return nil // closes the window
	}
	if _, err := b.press(ctx, http.MethodGet, "/o/"+token+"?paid=1", nil); err != nil {
		return err
	}
	if b.random.IntN(6) == 0 {
		_, err = b.press(ctx, http.MethodPost, "/o/"+token+"/withdraw", url.Values{"reason": {"trop grand"}})
	}
	return err
}

// press asks the site, and again while it does not answer: it is dead, or has no database.
func (b *buyer) press(ctx context.Context, method, path string, form url.Values) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var a answer
	err := poll(ctx, 20*time.Millisecond, func() (bool, error) {
		var err error
		if a, err = b.ask(ctx, method, path, form); err != nil {
			return false, nil
		}
		b.w.counts.requests.Add(1)
		return a.status < http.StatusInternalServerError, nil
	})
	return a, err
}

func (b *buyer) ask(ctx context.Context, method, path string, form url.Values) (answer, error) {
	b.w.gate.RLock()
	defer b.w.gate.RUnlock()
	r, err := http.NewRequestWithContext(ctx, method, b.w.site(path), strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("X-Forwarded-For", b.from)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return answer{res.StatusCode, res.Header.Get("Location"), string(body)}, err
}

// stripePage and payer are for payments that no buyer of ours makes.
var (
	stripePage = stripesandbox.Visitor{}
	payer      = stripesandbox.Payer{Email: "anne@poste.example", Name: "Anne Lebrun", Card: stripesandbox.AcceptedCard}
)
