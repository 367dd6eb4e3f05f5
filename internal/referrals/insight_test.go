package referrals_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/internal/clicks"
	"relais/internal/money"
	"relais/internal/referrals"
	"relais/internal/storefronts/storefronttest"
)

// sell makes a paid order of the soap, attributed with what is known of its buyer, and a commission of 2.00 euros for whoever
// it is attributed to.
func (w *world) sell(t testing.TB, s referrals.Sale) (orderLineID int64) {
	t.Helper()
	order, line := storefronttest.OrderLine(t, w.db, w.soap, w.now)
	d := w.attribute(t, s)
	if err := w.save(d, line); err != nil {
		t.Fatal(err)
	}
	if len(d.Credits) > 0 {
		w.db.MustExec(`insert into payees (member_id) values ($1) on conflict do nothing`, d.Credits[0].MemberID)
		w.db.MustExec(`insert into earnings (payee_id, order_id, shipment_id, order_line_id, role, amount_minor, currency, base_minor, rate_bps, reason, free_at, earned_at)
			select p.id, $2, (select id from shipments where order_id = $2), $3, 'commission', 200, 'EUR', 2000, 1000, 'awaiting_shipment', $4, $4
			from payees p where p.member_id = $1`, d.Credits[0].MemberID, order, line, w.now)
	}
	return line
}

func TestSales(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	w.db.MustExec(`insert into product_translations (product_id, lang, title) values ($1, 'en', 'Soap')`, w.soap)
	l := w.link(t, w.alice, referrals.Share{Target: referrals.ToProduct, ProductID: w.soap, Circle: "Voisins"})
	w.link(t, w.alice, referrals.Share{Target: referrals.ToStorefront})
	w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.1", UserAgent: phone, Visitor: "V1"})
	w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.1", UserAgent: phone, Visitor: "V1"}) // a repeat
	w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.2", UserAgent: phone})
	w.now = w.now.Add(40 * time.Hour) // after midnight in Paris, before it elsewhere
	first := w.sell(t, referrals.Sale{Visitor: "V1", Lines: w.line(none)})
	second := w.sell(t, referrals.Sale{Visitor: "V1", Lines: w.line(none)})
	w.db.MustExec(`update earnings set state = 'voided', voided_at = now(), returned_minor = amount_minor where order_line_id = $1`, second)
	w.db.MustExec(`update orders set state = 'refunded', refunded_minor = total_minor where id = (select order_id from order_lines where id = $1)`, second)

	if n, err := referrals.LinkCount(ctx, w.db, w.alice); err != nil || n != 2 {
		t.Errorf("LinkCount = %d, %v", n, err)
	}
	if cs, err := referrals.Circles(ctx, w.db, w.alice); err != nil || !cmp.Equal(cs, []string{"Voisins"}) {
		t.Errorf("Circles = %v, %v", cs, err)
	}
	sales, err := referrals.Sales(ctx, w.db, w.alice, 0, 10)
	if err != nil || len(sales) != 2 || sales[1].OrderLineID != first || !sales[0].Refunded || sales[1].Circle != "Voisins" ||
		sales[1].Commission == nil || *sales[1].Commission != money.New(200, "EUR") || !sales[1].Yours {
		t.Errorf("Sales = %+v, %v", sales, err)
	}
}

func TestWhy(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	chloe := storefronttest.Member(t, w.db, "chloe")
	alice, bruno := w.link(t, w.alice, product(w.soap)), w.link(t, w.bruno, product(w.soap))
	w.click(t, clicks.Visit{LinkID: bruno.ID, Address: "192.0.2.1", UserAgent: phone, Visitor: "V1"})
	w.now = w.now.Add(time.Minute)
	w.click(t, clicks.Visit{LinkID: alice.ID, Address: "192.0.2.1", UserAgent: phone, Visitor: "V1"})
	line := w.sell(t, referrals.Sale{Visitor: "V1", BuyerEmailNormal: "secret@example.org", Lines: w.line(none)})

	won, err := referrals.WhyYours(ctx, w.db, w.alice, line)
	if err != nil || !won.Yours || won.Rule != referrals.ByClick || won.Rate != 1000 || won.Others != 1 || !won.Main().Won || won.LinkCode != alice.Code {
		t.Errorf("to the winner: %+v, %v", won, err)
	}
	lost, err := referrals.WhyYours(ctx, w.db, w.bruno, line)
	if err != nil || lost.Yours || lost.Rate != 0 || lost.Commission != nil || lost.EarningID != nil || lost.LinkCode != "" ||
		lost.Main().Reason != referrals.LaterClick || len(lost.Own) != 1 {
		t.Errorf("to who lost: %+v, %v", lost, err)
	}
	told, err := json.Marshal(lost)
	if err != nil || strings.Contains(string(told), "secret") || strings.Contains(string(told), "alice") || strings.Contains(string(told), alice.Code) {
		t.Errorf("who lost is told too much: %s, %v", told, err)
	}
	missed, err := referrals.Missed(ctx, w.db, w.bruno, 10)
	if err != nil || len(missed) != 1 || missed[0].OrderLineID != line || missed[0].Yours {
		t.Errorf("Missed = %+v, %v", missed, err)
	}
	if missed, err = referrals.Missed(ctx, w.db, w.alice, 10); err != nil || len(missed) != 0 {
		t.Errorf("Missed of the winner = %+v, %v", missed, err)
	}
	for name, err := range map[string]error{
		"a stranger":   errOf(referrals.WhyYours(ctx, w.db, chloe, line)),
		"no such sale": errOf(referrals.WhyYours(ctx, w.db, w.alice, 999_999)),
	} {
		if !errors.Is(err, referrals.ErrNotWeighed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMainReason(t *testing.T) {
	e := referrals.Explanation{Own: []referrals.Weighed{{Reason: referrals.Lapsed}, {Eligible: true, Reason: referrals.LaterClick}}}
	if got := e.Main().Reason; got != referrals.LaterClick {
		t.Errorf("Main = %q", got)
	}
	e.Own = e.Own[:1]
	if got := e.Main().Reason; got != referrals.Lapsed {
		t.Errorf("Main = %q", got)
	}
}

func errOf(_ referrals.Explanation, err error) error { return err }
