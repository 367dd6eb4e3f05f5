package insight_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"relais/internal/clicks"
	"relais/internal/insight"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
	"relais/internal/referrals"
	"relais/internal/storefronts/storefronttest"
)

// world is a database with two members, a brand at 10 % and two products.
type world struct {
	db           *sqlx.DB
	links        *referrals.Service
	clicks       *clicks.Service
	now          time.Time
	alice, bruno int64
	brand        int64
	soap, candle int64
	visitors     int
}

func open(t testing.TB) *world {
	t.Helper()
	db := pgtest.DB(t)
	w := &world{db: db, now: storefronttest.Start}
	now := func() time.Time { return w.now }
	var err error
	w.links = referrals.New(referrals.Config{DB: db, Now: now, Clock: now})
	if w.clicks, err = clicks.New(clicks.Config{DB: db, Now: now, Clock: now, Secret: []byte(strings.Repeat("s", 32))}); err != nil {
		t.Fatal(err)
	}
	w.alice, w.bruno = storefronttest.Member(t, db, "alice"), storefronttest.Member(t, db, "bruno")
	w.brand = storefronttest.Brand(t, db, "savonnerie")
	w.soap, w.candle = storefronttest.Product(t, db, w.brand, "savon"), storefronttest.Product(t, db, w.brand, "bougie")
	storefronttest.Terms(t, db, w.brand, 0, 1000, 30, w.now.AddDate(0, -6, 0))
	return w
}

func (w *world) link(t testing.TB, member int64, sh referrals.Share) referrals.Link {
	t.Helper()
	l, err := w.links.Create(t.Context(), member, sh)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// visit has somebody new come by a link, n times within the hour.
func (w *world) visit(t testing.TB, l referrals.Link, n int) (visitor string) {
	t.Helper()
	w.visitors++
	visitor = fmt.Sprint("V", w.visitors)
	for range n {
		if _, err := w.clicks.Record(t.Context(), clicks.Visit{LinkID: l.ID, Address: "192.0.2.1", UserAgent: visitor, Visitor: visitor}); err != nil {
			t.Fatal(err)
		}
	}
	return visitor
}

// buy makes a paid order of a product for 24.00 euros by a visitor, and a commission of 2.00 euros for whoever brought them.
func (w *world) buy(t testing.TB, product int64, visitor string) (orderID int64) {
	t.Helper()
	order, line := storefronttest.OrderLine(t, w.db, product, w.now)
	err := postgres.InTx(t.Context(), w.db, func(tx *sqlx.Tx) error {
		ds, err := referrals.Attribute(t.Context(), tx, referrals.Sale{At: w.now, Visitor: visitor, Lines: []referrals.SaleLine{{ProductID: product, BrandID: w.brand, AddedAt: w.now}}})
		if err != nil {
			return err
		}
		if len(ds[0].Credits) == 0 {
			return errors.New("nobody brought the buyer")
		}
		if _, err := tx.Exec(`insert into payees (member_id) values ($1) on conflict do nothing`, ds[0].Credits[0].MemberID); err != nil {
			return err
		}
		_, err = tx.Exec(`insert into earnings (payee_id, order_id, shipment_id, order_line_id, role, amount_minor, currency, base_minor, rate_bps, reason, free_at, earned_at)
			select p.id, $2, (select id from shipments where order_id = $2), $3, 'commission', 200, 'EUR', 2000, 1000, 'awaiting_shipment', $4, $4
			from payees p where p.member_id = $1`, ds[0].Credits[0].MemberID, order, line, w.now)
		if err != nil {
			return err
		}
		return referrals.Save(t.Context(), tx, line, ds[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	return order
}

func (w *world) roll(t testing.TB) {
	t.Helper()
	if err := w.clicks.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func eur(minor int64) []money.Amount { return []money.Amount{money.New(minor, "EUR")} }

func figures(people, visits, orders, goods, earned int64) insight.Figures {
	f := insight.Figures{People: people, Visits: visits, Orders: orders}
	if orders > 0 {
		f.Goods, f.Earned = eur(goods), eur(earned)
	}
	return f
}

// story is a member with three links who brought buyers over two days, one of whom was refunded, and another member with a few.
func story(t testing.TB) (w *world, soap, front, other referrals.Link) {
	w = open(t)
	w.db.MustExec(`insert into product_translations (product_id, lang, title) values ($1, 'en', 'Soap')`, w.soap)
	soap = w.link(t, w.alice, referrals.Share{Target: referrals.ToProduct, ProductID: w.soap, Circle: "Voisins", Channel: "whatsapp"})
	w.link(t, w.alice, referrals.Share{Target: referrals.ToProduct, ProductID: w.candle, Circle: "Voisins", Channel: "qr"})
	front = w.link(t, w.alice, referrals.Share{Target: referrals.ToStorefront})
	other = w.link(t, w.bruno, referrals.Share{Target: referrals.ToProduct, ProductID: w.soap, Channel: "whatsapp", Circle: "Bureau secret"})
	first, second := w.visit(t, soap, 3), w.visit(t, soap, 1)
	w.roll(t)
	third := w.visit(t, front, 2)
	w.buy(t, w.soap, first)
	w.now = w.now.Add(40 * time.Hour) // after midnight in Paris, before it elsewhere
	refunded := w.buy(t, w.soap, second)
	w.db.MustExec(`update earnings set state = 'voided', voided_at = now(), returned_minor = amount_minor where order_id = $1`, refunded)
	w.db.MustExec(`update orders set state = 'refunded', refunded_minor = total_minor where id = $1`, refunded)
	w.buy(t, w.candle, third)
	w.visit(t, other, 1)
	return w, soap, front, other
}

func TestForMember(t *testing.T) {
	w, soap, front, _ := story(t)
	r, err := insight.ForMember(t.Context(), w.db, w.alice, insight.PeriodOf("7", w.now), "en")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(figures(3, 6, 3, 4800, 400), r.Total); diff != "" {
		t.Errorf("total (-want +got):\n%s", diff)
	}
	if len(r.Links) != 2 || r.Links[0].Code != soap.Code || r.Links[1].Code != front.Code || r.Links[0].ProductTitle != "Soap" {
		t.Fatalf("links = %+v", r.Links)
	}
	if diff := cmp.Diff([]insight.Figures{figures(2, 4, 2, 2400, 200), figures(1, 2, 1, 2400, 200)}, []insight.Figures{r.Links[0].Figures, r.Links[1].Figures}); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]insight.Named{{figures(2, 4, 2, 2400, 200), "Voisins"}, {figures(1, 2, 1, 2400, 200), ""}}, r.Circles); diff != "" {
		t.Errorf("circles (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]insight.Named{{figures(2, 4, 2, 2400, 200), "whatsapp"}, {figures(1, 2, 1, 2400, 200), ""}}, r.Channels); diff != "" {
		t.Errorf("channels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]insight.ProductRow{{figures(2, 4, 2, 2400, 200), w.soap, "savon", "Soap"}, {figures(0, 0, 1, 2400, 200), w.candle, "bougie", "Produit bougie"}}, r.Products); diff != "" {
		t.Errorf("products (-want +got):\n%s", diff)
	}
	last := r.Steps[len(r.Steps)-3:]
	if diff := cmp.Diff([]insight.Figures{figures(3, 6, 1, 2400, 200), {}, figures(0, 0, 2, 2400, 200)}, []insight.Figures{last[0].Figures, last[1].Figures, last[2].Figures}); diff != "" || len(r.Steps) != 7 {
		t.Errorf("%d days (-want +got):\n%s", len(r.Steps), diff)
	}
	if midnight := time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC); !last[0].Start.Equal(midnight) {
		t.Errorf("the day starts at %v; want %v", last[0].Start, midnight)
	}
	year, err := insight.ForMember(t.Context(), w.db, w.alice, insight.PeriodOf("year", w.now), "fr")
	if err != nil || len(year.Steps) != 12 || !cmp.Equal(year.Steps[11].Figures, r.Total) {
		t.Errorf("the year = %+v, %v", year.Steps, err)
	}
	if later, err := insight.ForMember(t.Context(), w.db, w.alice, insight.PeriodOf("7", w.now.AddDate(0, 0, 9)), "fr"); err != nil || later.Total.Any() || len(later.Links) != 0 {
		t.Errorf("nine days later: %+v, %v", later.Total, err)
	}
	for linkID, want := range map[int64]int64{0: 3, soap.ID: 2, front.ID: 1} {
		days, err := insight.Days(t.Context(), w.db, w.alice, linkID, insight.PeriodOf("7", w.now))
		if err != nil || days[4].People != want {
			t.Errorf("Days(%d) = %+v, %v", linkID, days, err)
		}
	}
}

// A brand sees who brings what, by channel and product, and no member's name for a group.
func TestForBrand(t *testing.T) {
	w, _, _, _ := story(t)
	r, err := insight.ForBrand(t.Context(), w.db, w.brand, insight.PeriodOf("30", w.now), "fr")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Relays) != 2 || r.Relays[0].Handle != "alice" || r.Relays[1].Handle != "bruno" || r.Relays[0].Listed != 2 {
		t.Fatalf("relays = %+v", r.Relays)
	}
	// The visit to her storefront is hers, and the candle that was bought there is of the brand.
	if diff := cmp.Diff([]insight.Figures{figures(2, 4, 3, 4800, 400), figures(1, 1, 0, 0, 0)}, []insight.Figures{r.Relays[0].Figures, r.Relays[1].Figures}); diff != "" {
		t.Errorf("relays (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(figures(3, 5, 3, 4800, 400), r.Total); diff != "" {
		t.Errorf("total (-want +got):\n%s", diff)
	}
	if len(r.Channels) != 2 || r.Channels[0].Name != "whatsapp" && r.Channels[1].Name != "whatsapp" || len(r.Products) != 2 {
		t.Errorf("channels = %+v, products = %+v", r.Channels, r.Products)
	}
	told, err := json.Marshal(r)
	if err != nil || strings.Contains(string(told), "Voisins") || strings.Contains(string(told), "secret") || len(r.Circles)+len(r.Links) > 0 {
		t.Errorf("a brand is told the name of a group: %s, %v", told, err)
	}
	another := storefronttest.Brand(t, w.db, "verrerie")
	if r, err := insight.ForBrand(t.Context(), w.db, another, insight.PeriodOf("30", w.now), "fr"); err != nil || r.Total.Any() || len(r.Relays) != 0 {
		t.Errorf("another brand = %+v, %v", r, err)
	}
}

func TestLinks(t *testing.T) {
	w, soap, _, _ := story(t)
	ls, err := insight.Links(t.Context(), w.db, w.alice, "en", 10, 0)
	if err != nil || len(ls) != 3 || ls[1].People != 0 || ls[1].Earned != nil {
		t.Fatalf("Links = %+v, %v", ls, err)
	}
	if got := ls[2]; got.Code != soap.Code || got.People != 2 || got.Orders != 2 || !cmp.Equal(got.Earned, eur(200)) || got.ProductTitle != "Soap" {
		t.Errorf("figures = %+v", got)
	}
	one, err := insight.LinkByCode(t.Context(), w.db, w.alice, soap.Code, "fr")
	if err != nil || one.People != 2 || len(one.Earned) != 1 || one.ProductTitle != "Produit savon" {
		t.Errorf("LinkByCode = %+v, %v", one, err)
	}
	if _, err := insight.LinkByCode(t.Context(), w.db, w.bruno, soap.Code, "fr"); !errors.Is(err, referrals.ErrNoLink) {
		t.Errorf("LinkByCode of somebody else's = %v", err)
	}
}

// A reader has a click from its commit on, rolled up or not, and after the clicks themselves are gone.
func TestFiguresStay(t *testing.T) {
	w, _, _, _ := story(t)
	period := insight.PeriodOf("30", w.now)
	read := func() insight.Report {
		r, err := insight.ForMember(t.Context(), w.db, w.alice, period, "fr")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	fresh := read()
	w.roll(t)
	rolled := read()
	pgtest.Owner(t, w.db).MustExec(`delete from clicks`)
	if diff := cmp.Diff(fresh, rolled) + cmp.Diff(rolled, read()); diff != "" {
		t.Error(diff)
	}
}
