package publications_test

import (
	"fmt"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/designs/designstest"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/publications"
	"relais/internal/stripesandbox"
)

// A revision that is accepted while an order is being placed is a change that its buyer is told of.
func TestARevisionIsAcceptedWhileAnOrderIsPlaced(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	p := w.listed(w.lea, "Vagues", 1000)
	w.writes(w.lea, p.DesignID, 2, designstest.Text("Tempête"))
	w.ok(w.Publications.AskRevision(ctx, w.lea, p.ID, 3, true))
	variant := w.product(p).Variants[0].ID
	cart, err := w.Carts.Add(ctx, carts.Addition{VariantID: variant, Quantity: 1, Lang: i18n.FR})
	w.ok(err)
	ls, err := carts.Lines(ctx, w.DB, carts.Look{CartID: cart, Lang: i18n.FR, At: w.Clock.Now()})
	w.ok(err)
	place := apptest.Placement(cart, "")
	place.Designs = carts.Seen(ls)
	tx, err := w.DB.Beginx()
	w.ok(err)
	_, err = tx.Exec(`select 1 from variants where id = $1 for update`, variant) // the order waits for its stock, with what it read
	w.ok(err)
	done := make(chan error, 1)
	go func() {
		_, err := w.Orders.Place(ctx, place)
		done <- err
	}()
	for waits := false; !waits && len(done) == 0; {
		w.ok(w.DB.Get(&waits, `select exists (select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`))
	}
	_, err = tx.Exec(`update publications set revision = 3, next_revision = null where id = $1`, p.ID)
	w.ok(err)
	w.ok(tx.Commit())
	w.refused("another revision than was read", <-done, carts.ErrDesignMoved)
}

// Whoever joined a group order was shown the revision that is sold: no other takes its place until nobody waits for it, neither by hand nor by itself.
func TestAGroupOrderKeepsTheRevision(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	p := w.listed(w.lea, "Vagues", 1000)
	terms := catalog.FirstTerms()
	terms.RoyaltyBps, terms.Steps = 1500, steps.Steps{{People: 2, LessBps: 1000}}
	_, err := w.Catalog.OfferTerms(ctx, w.shop.Owner, w.shop.Brand, terms)
	w.ok(err)
	campaign, err := w.Pledges.Open(ctx, w.tom, pledges.Draft{ProductID: *p.ProductID, Days: 10})
	w.ok(err)
	var joined []pledges.Pledge
	for i, who := range []string{"ana", "bob"} {
		j, err := w.Pledges.Join(ctx, pledges.Joining{Code: campaign.Code, Operation: fmt.Sprintf("join-%012d", i), VariantID: w.product(p).Variants[0].ID, Quantity: 1, Email: who + "@poste.example", Consent: true, Lang: i18n.FR,
			Address: orders.Address{Name: who, Street: "3 rue des Lilas", Postcode: "35000", City: "Rennes", Country: "FR"}})
		w.ok(err)
		url, err := w.Pledges.OpenSetup(ctx, j.Token)
		w.ok(err)
		_, err = stripesandbox.Visitor{}.Pay(ctx, url, stripesandbox.Payer{Email: j.Email, Name: j.Name, Card: stripesandbox.PersonalCards()[i]}, w.Clock.Now())
		w.ok(err)
		w.Settle()
		joined = append(joined, j)
	}
	w.writes(w.lea, p.DesignID, 2, designstest.Text("Tempête"))
	w.sets(publications.Settings{Offered: true, Stock: 3}) // by itself
	w.ok(w.Publications.AskRevision(ctx, w.lea, p.ID, 3, true))
	w.Settle()
	var waits int
	w.ok(w.DB.Get(&waits, `select count(*) from jobs where kind = 'publications.list' and done_at is null and run_at > clock_timestamp()`))
	if now := w.reads(p.ID); now.Revision != 2 || now.Pending() != 3 || waits != 1 {
		t.Errorf("revision %d, %d waits, %d jobs", now.Revision, now.Pending(), waits)
	}
	accept := func() error { return w.Publications.Accept(ctx, w.shop.Owner, w.shop.Brand, p.ID, 3) }
	w.refused("while it is open", accept(), publications.ErrPromised)
	w.ok(w.Clock.Advance(ctx, 10))
	w.ok(w.Pledges.Sweep(ctx))
	w.refused("while its pledges are due", accept(), publications.ErrPromised)
	w.Settle()
	for range 3 {
		w.ok(w.Pledges.Sweep(ctx))
		w.Settle()
	}
	for _, j := range joined {
		var revision int
		w.ok(w.DB.Get(&revision, `select l.design_revision from pledges p join orders o on o.id = p.order_id and o.paid_at is not null join order_lines l on l.order_id = o.id where p.id = $1`, j.ID))
		if revision != 2 {
			t.Errorf("%s was charged for revision %d", j.Email, revision)
		}
	}
	w.ok(accept())
	if now := w.reads(p.ID); now.Revision != 3 {
		t.Errorf("revision %d", now.Revision)
	}
	w.Audit()
}

// What is asked for, taken back and asked for again is told again, and accepted by itself where the brand does not look at it first.
func TestARevisionIsAskedForAgain(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	p := w.listed(w.lea, "Vagues", 0)
	w.writes(w.lea, p.DesignID, 2, designstest.Text("Tempête"))
	for n := range 2 {
		w.ok(w.Publications.AskRevision(ctx, w.lea, p.ID, 3, true))
		if got := w.told(w.shop.Owner, "revision_asked"); got != n+1 {
			t.Errorf("its team was told %d times, asked %d times", got, n+1)
		}
		w.ok(w.Publications.TakeBack(ctx, w.lea, p.ID))
	}
	w.sets(publications.Settings{Offered: true, Stock: 5})
	for range 2 {
		w.ok(w.Publications.AskRevision(ctx, w.lea, p.ID, 3, true))
		w.ok(w.Publications.TakeBack(ctx, w.lea, p.ID))
		w.Settle() // nothing waits for it any more
	}
	w.ok(w.Publications.AskRevision(ctx, w.lea, p.ID, 3, true))
	w.Settle()
	if got := w.reads(p.ID); got.Revision != 3 || got.Next != nil {
		t.Errorf("%+v", got)
	}
}
