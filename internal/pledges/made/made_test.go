package made_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/pledges/made"
	"relais/internal/stripesandbox"
)

// world has a launch of a bowl that runs for ten days, and is reached with one piece.
type world struct {
	*apptest.World
	shop     apptest.Shop
	campaign pledges.Campaign
	backers  int
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	ctx := t.Context()
	w.shop = w.Shop("terre", 12000, 0)
	_, err := w.Catalog.OfferTerms(ctx, w.shop.Owner, w.shop.Brand, catalog.FirstTerms())
	w.must(err)
	w.must(w.Catalog.MoveProduct(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Draft))
	w.campaign, err = w.Pledges.Launch(ctx, w.shop.Owner, w.shop.Brand, pledges.LaunchDraft{ProductID: w.shop.Product, Goal: 1, Days: 10, Expected: w.Clock.Now().AddDate(0, 2, 0), Plan: "La terre et l’émail."})
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// refusedLater is a card that is kept, and refused when it is charged.
const refusedLater = "4000000000000341"

// backs promises a piece with a card, or with one of their own where none is named; memberID 0: as a guest.
func (w *world) backs(who string, memberID int64, card string) (token string) {
	w.T.Helper()
	ctx := w.T.Context()
	j := pledges.Joining{Code: w.campaign.Code, Operation: "join-of-a-bowl-" + who, VariantID: w.shop.Variant, Quantity: 1, Email: who + "@poste.example", Consent: true, Lang: i18n.FR,
		Address: orders.Address{Name: who, Street: "3 rue des Lilas", Postcode: "35000", City: "Rennes", Country: "FR"}}
	if memberID != 0 {
		j.MemberID = &memberID
	}
	if card == "" {
		card = stripesandbox.PersonalCards()[w.backers]
		w.backers++
	}
	p, err := w.Pledges.Join(ctx, j)
	w.must(err)
	url, err := w.Pledges.OpenSetup(ctx, p.Token)
	w.must(err)
	_, err = stripesandbox.Visitor{}.Pay(ctx, url, stripesandbox.Payer{Email: p.Email, Name: p.Name, Card: card}, w.Clock.Now())
	w.must(err)
	w.Settle()
	return p.Token
}

// ends lets the deadline come, and the cards be charged.
func (w *world) ends() {
	w.T.Helper()
	w.Pass(10)
	for range 3 {
		w.must(w.Pledges.Sweep(w.T.Context()))
		w.Settle()
	}
}

// told expects how many letters of each stage somebody got.
func (w *world) told(when, who string, begun, sold int) {
	w.T.Helper()
	for template, want := range map[string]int{"pledge_started": begun, "pledge_made": sold} {
		var n int
		w.must(w.DB.Get(&n, `select count(*) from letters where template = $1 and recipient = $2 || '@poste.example'`, template, who))
		if n != want {
			w.T.Errorf("%s: %s got %d letters of %s, want %d", when, who, n, template, want)
		}
	}
}

// Each backer who paid is told once that production has begun and once that it is made, in the app too; whoever pays when it is made already is told then.
func TestEachIsToldOnceHoweverLateTheyPay(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	lea := w.Member("lea")
	w.backs("anne", lea, "")
	bruno := w.backs("bruno", 0, refusedLater)
	w.backs("claire", 0, refusedLater)
	w.ends()
	w.must(w.Pledges.Start(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID))
	w.Settle()
	w.must(w.Backers.Sweep(ctx))
	w.told("in production", "anne", 1, 0)
	w.told("in production", "bruno", 0, 0)
	var body string
	w.must(w.DB.Get(&body, `select body_text from letters where template = 'pledge_started'`))
	if month := i18n.FR.Month(*w.campaign.Expected); !strings.Contains(body, month) || !strings.Contains(body, "/o/") {
		t.Errorf("the letter does not say when, or where:\n%s", body)
	}
	w.must(w.Pledges.Made(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID))
	w.Settle()
	w.told("made", "anne", 1, 1)
	w.told("made", "bruno", 0, 0)
	if told := fmt.Sprint(w.Told(lea, notices.Order)); told != "[pledge_joined paid launch_started launch_made]" {
		t.Errorf("the member was told %s", told)
	}

	p, err := w.Pledges.ByToken(ctx, bruno, i18n.FR)
	w.must(err)
	url, err := w.Orders.OpenCheckout(ctx, p.Order.ID)
	w.must(err)
	_, err = stripesandbox.Visitor{}.Pay(ctx, url, stripesandbox.Payer{Email: p.Email, Name: p.Name, Card: stripesandbox.PersonalCards()[5]}, w.Clock.Now())
	w.must(err)
	w.Settle()
	w.must(w.Backers.Sweep(ctx))
	w.Pass(4)
	w.must(w.Pledges.Sweep(ctx))
	w.Settle()
	w.must(w.Backers.Sweep(ctx))
	w.Settle()
	w.told("paid late", "bruno", 0, 1)
	w.told("never paid", "claire", 0, 0)
	w.told("paid late", "anne", 1, 1)
	w.Audit()
}

// Of a launch that is given up nobody hears that it is made.
func TestGivenUp(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.backs("anne", 0, "")
	w.ends()
	w.must(w.Pledges.Start(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID))
	w.must(w.Pledges.Unmake(ctx, w.shop.Owner, w.shop.Brand, w.campaign.ID, "L’atelier a brûlé."))
	w.Settle()
	w.told("given up", "anne", 0, 0)
}

// Several sweeps at once tell each backer once, some at a time.
func TestInParts(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for i := range 5 {
		w.backs(fmt.Sprint("backer", i), 0, "")
	}
	w.ends()
	w.DB.MustExec(`update campaigns set started_at = $1, made_at = $1`, w.Clock.Now())
	w.DB.MustExec(`update products set state = 'published' where id = $1`, w.shop.Product)
	s := made.New(w.DB, w.Clock.Now, w.Mail, 2)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := s.Sweep(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.Settle() // what is left is a job
	for i := range 5 {
		w.told("made", fmt.Sprint("backer", i), 0, 1)
	}
	w.Audit()
}
