package pledges_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/stripesandbox"
)

// circle is a shop whose terms offer steps, and a member who opens a group order for it.
type circle struct {
	*apptest.World
	shop apptest.Shop
	lea  int64
}

// open makes a bowl of 120.00 of which there are so many: from 2 people 10 % less, from 4 people 20 %.
func open(t *testing.T, stock int) *circle {
	w := apptest.New(t)
	c := &circle{World: w, shop: w.Shop("terre", 12000, stock), lea: w.Member("lea")}
	c.offer(steps.Steps{{People: 2, LessBps: 1000}, {People: 4, LessBps: 2000}})
	return c
}

func (c *circle) offer(s steps.Steps) {
	c.T.Helper()
	terms := catalog.FirstTerms()
	terms.Steps = s
	_, err := c.Catalog.OfferTerms(c.T.Context(), c.shop.Owner, c.shop.Brand, terms)
	c.must(err)
}

func (c *circle) must(err error) {
	c.T.Helper()
	if err != nil {
		c.T.Fatal(err)
	}
}

// opens opens a campaign of ten days.
func (c *circle) opens() pledges.Campaign {
	c.T.Helper()
	campaign, err := c.Pledges.Open(c.T.Context(), c.lea, pledges.Draft{ProductID: c.shop.Product, Days: 10, Note: "On s’y met ?"})
	c.must(err)
	return campaign
}

var forms int

// form is a good form of somebody who joins.
func (c *circle) form(code, who string) pledges.Joining {
	forms++
	return pledges.Joining{Code: code, Operation: fmt.Sprintf("join-%012d", forms), VariantID: c.shop.Variant, Quantity: 1, Email: who + "@poste.example", Consent: true, Lang: i18n.FR,
		Address: orders.Address{Name: who, Street: "3 rue des Lilas", Postcode: "35000", City: "Rennes", Country: "FR"}}
}

// asks joins without leaving a card.
func (c *circle) asks(j pledges.Joining) pledges.Pledge {
	c.T.Helper()
	p, err := c.Pledges.Join(c.T.Context(), j)
	c.must(err)
	return p
}

// keeps leaves a card on the page of a pledge.
func (c *circle) keeps(p pledges.Pledge, card string) {
	c.T.Helper()
	url, err := c.Pledges.OpenSetup(c.T.Context(), p.Token)
	c.must(err)
	_, err = stripesandbox.Visitor{}.Pay(c.T.Context(), url, stripesandbox.Payer{Email: p.Email, Name: p.Name, Card: card}, c.Clock.Now())
	c.must(err)
	if card == always {
		c.must(stripesandbox.Visitor{}.Confirm(c.T.Context(), url))
	}
	c.Settle()
}

// joins joins with a card.
func (c *circle) joins(code, who, card string) pledges.Pledge {
	c.T.Helper()
	p := c.asks(c.form(code, who))
	c.keeps(p, card)
	return c.is(p.Token, pledges.Joined).Pledge
}

// always is a card whose bank wants its owner each time.
const always = "4000002760003184"

// card is one for each person.
func card(n int) string { return stripesandbox.PersonalCards()[n] }

func (c *circle) see(token string) pledges.Page {
	c.T.Helper()
	p, err := c.Pledges.ByToken(c.T.Context(), token, i18n.FR)
	c.must(err)
	return p
}

// is expects a pledge to stand there.
func (c *circle) is(token string, want pledges.State) pledges.Page {
	c.T.Helper()
	p := c.see(token)
	if p.State != want {
		c.T.Errorf("pledge of %s is %s, want %s", p.Email, p.State, want)
	}
	return p
}

func (c *circle) view(code string) pledges.View {
	c.T.Helper()
	v, err := c.Pledges.ByCode(c.T.Context(), code, i18n.FR)
	c.must(err)
	return v
}

// ends lets the deadline come, and everything that follows.
func (c *circle) ends() {
	c.T.Helper()
	c.Pass(10)
	c.sweeps()
}

// sweeps does what is due until nothing is.
func (c *circle) sweeps() {
	c.T.Helper()
	for range 4 {
		c.must(c.Pledges.Sweep(c.T.Context()))
		c.Settle()
	}
}

func (c *circle) stock() (n int) {
	c.T.Helper()
	c.must(c.DB.GetContext(c.T.Context(), &n, `select stock from variants where id = $1`, c.shop.Variant))
	return n
}

// letters counts the letters of a template to somebody.
func (c *circle) letters(reference, to string) (n int) {
	c.T.Helper()
	c.must(c.DB.GetContext(c.T.Context(), &n, `select count(*) from letters where reference like 'pledge:%:' || $1 and recipient = $2 || '@poste.example'`, reference, to))
	return n
}

// held is what a member has waiting.
func (c *circle) held(memberID int64) int64 {
	c.T.Helper()
	id, err := c.Payouts.PayeeOf(c.T.Context(), earnings.Owner{MemberID: memberID})
	c.must(err)
	return c.Totals(id.ID).Held
}

// charges counts the charges that the provider made and kept for a customer.
func (c *circle) charges(customer string) (paid, refused int) {
	c.T.Helper()
	all, err := c.Stripe.FindCharges(c.T.Context(), customer)
	c.must(err)
	for _, charge := range all {
		if charge.Paid {
			paid++
		} else {
			refused++
		}
	}
	return paid, refused
}

// cardPage is a page for a card, as the provider has it.
type cardPage struct{ ID, Status, Mode, Customer string }

// asksProvider reads something of the local Stripe as its owner would.
func (c *circle) asksProvider(path string, out any) {
	c.T.Helper()
	r, err := http.NewRequestWithContext(c.T.Context(), http.MethodGet, c.URL+"/stripe"+path, nil)
	c.must(err)
	r.Header.Set("Authorization", "Bearer sk_test_sandbox")
	answer, err := http.DefaultTransport.RoundTrip(r)
	c.must(err)
	defer answer.Body.Close()
	c.must(json.NewDecoder(answer.Body).Decode(out))
}

func (c *circle) cardPages() []cardPage {
	c.T.Helper()
	var all struct{ Data []cardPage }
	c.asksProvider("/v1/checkout/sessions?limit=100", &all)
	return all.Data
}

// lostPages are the open ones that no pledge knows.
func (c *circle) lostPages() (ids []string) {
	c.T.Helper()
	for _, p := range c.cardPages() {
		var known bool
		c.must(c.DB.GetContext(c.T.Context(), &known, `select exists (select 1 from pledges where setup_id = $1)`, p.ID))
		if !known && p.Mode == "setup" && p.Status == "open" {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// customers counts those that the provider has not forgotten.
func (c *circle) customers() (n int) {
	c.T.Helper()
	seen := map[string]bool{}
	for _, p := range c.cardPages() {
		if p.Customer == "" || seen[p.Customer] {
			continue
		}
		seen[p.Customer] = true
		var customer struct{ Deleted bool }
		c.asksProvider("/v1/customers/"+p.Customer, &customer)
		if !customer.Deleted {
			n++
		}
	}
	return n
}
