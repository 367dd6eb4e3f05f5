package aftersale_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/orders"
	"relais/internal/refunds"
	"relais/internal/returns"
	"relais/internal/stripesandbox"
)

func TestGuardsOfEveryPage(t *testing.T) {
	w := open(t)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	order := "/orders/" + o.Number
	pages := []string{order + "/refund", order + "/refunds/1", order + "/returns/1", "/disputes", "/disputes/1", "/disputes/1/answer", "/disputes/1/accept"}
	forms := []string{order + "/refund", order + "/refunds/1", order + "/returns/1/decide", order + "/returns/1/receive", "/disputes/1", "/disputes/1/files",
		"/disputes/1/files/1/remove", "/disputes/1/answer", "/disputes/1/accept"}
	for _, path := range pages {
		for _, base := range []string{"/brand/terre", "/admin"} {
			w.leads(w.Ask(0, base+path, nil, "Accept", "text/html"), "/login?next=")
			w.Shows(w.Ask(w.lea, base+path, nil), http.StatusNotFound)
			w.Shows(w.Ask(w.other.Owner, base+path, nil), http.StatusNotFound)
		}
	}
	for _, path := range forms {
		w.Shows(w.Ask(w.other.Owner, "/brand/terre"+path, url.Values{}), http.StatusNotFound)
		w.Shows(w.Ask(w.shop.Owner, "/admin"+path, url.Values{}), http.StatusNotFound)
		if path != "/disputes" && path != order+"/refund" {
			w.Shows(w.Ask(w.other.Owner, "/brand/verre"+path, url.Values{}), http.StatusNotFound)
		}
	}
	w.Shows(w.Ask(w.other.Owner, "/brand/verre"+order+"/refund", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre"+order+"/refunds/x", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.alma, "/admin/orders/R-NONE/refund", nil), http.StatusNotFound)
}

// TestRefundInTwoSteps: chosen, checked, confirmed; what the check says is what is booked.
func TestRefundInTwoSteps(t *testing.T) {
	w := open(t)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Quantity: 3, Storefront: w.lea})
	path, line := "/brand/terre/orders/"+o.Number, fmt.Sprintf("line-%d", o.Shipments[0].Lines[0].ID)
	w.Shows(w.Ask(w.shop.Owner, path+"/refund", nil), http.StatusOK, "Bol terre", "365,00", "3 pièces", `name="operation"`, "Remettre en stock")
	w.Shows(w.Ask(w.shop.Owner, path+"/refund", nil, english...), http.StatusOK, "3 pieces", "See what it costs whom")
	form := url.Values{"operation": {once}, line: {"1"}, "note": {"Ébréché, <b>pardon</b>"}}
	// 120.00 of the line's 360.00: a third of 315.00, of 30.00 and of 15.00.
	w.Shows(w.Ask(w.shop.Owner, path+"/refund", form), http.StatusOK, "Qui le rend", "105,00", "10,00", "5,00", "120,00", "&lt;b&gt;pardon", `value="12000"`, "Rembourser 120,00")
	if got := w.order(o.ID).Refunds; len(got) != 0 {
		t.Errorf("%d refunds before the confirmation", len(got))
	}
	for name, bad := range map[string]url.Values{
		"nothing":         {"operation": {once}},
		"too many":        {"operation": {once}, line: {"4"}},
		"no number":       {"operation": {once}, line: {"beaucoup"}},
		"no sum":          {"operation": {once}, "amount": {"douze"}},
		"too much":        {"operation": {once}, "amount": {"365.01"}},
		"both":            {"operation": {once}, line: {"1"}, "amount": {"5"}},
		"no one-time sum": {line: {"1"}},
	} {
		bad.Set("note", "gardé "+name)
		bad.Set("step", "confirm")
		w.Shows(w.Ask(w.shop.Owner, path+"/refund", bad), http.StatusUnprocessableEntity, "gardé "+name, "Quelques points")
	}
	form.Set("step", "edit")
	w.Shows(w.Ask(w.shop.Owner, path+"/refund", form), http.StatusOK, "Voir qui paie quoi", `value="1"`)
	form.Set("step", "confirm")
	form.Set("seen", "999")
	w.Shows(w.Ask(w.shop.Owner, path+"/refund", form), http.StatusOK, "Entre-temps")
	form.Set("seen", "12000")
	w.leads(w.Ask(w.shop.Owner, path+"/refund", form), path)
	w.leads(w.Ask(w.shop.Owner, path+"/refund", form), path) // sent twice
	w.Settle()
	rs := w.order(o.ID).Refunds
	if len(rs) != 1 || rs[0].State != refunds.Succeeded || rs[0].Amount.Minor != 12000 {
		t.Fatalf("%+v", rs)
	}
	refund := fmt.Sprintf("%s/refunds/%d", path, rs[0].ID)
	w.Shows(w.Ask(w.shop.Owner, refund, nil), http.StatusOK, "Remboursement de 120,00", "décidé par la marque", "!Payer de nouveau")
	w.Shows(w.Ask(w.shop.Owner, refund, nil, english...), http.StatusOK, "Refund of", "decided by the brand")
	w.leads(w.Ask(w.shop.Owner, path+"/refund", url.Values{"operation": {once + "2"}, "amount": {"0,01"}, "step": {"confirm"}}), path)
	w.leads(w.Ask(w.alma, "/admin/orders/"+o.Number+"/refund", url.Values{"operation": {once + "3"}, fmt.Sprintf("delivery-%d", o.Shipments[0].ID): {"yes"}, "step": {"confirm"}}), "/admin/orders/")
	w.Settle()
	if got := w.order(o.ID).RefundedMinor; got != 12000+1+500 {
		t.Errorf("refunded %d", got)
	}
	w.Audit()
}

// TestFailedRefundIsPaidAgain: by the brand at Stripe, or by the platform from its bank, once.
func TestFailedRefundIsPaidAgain(t *testing.T) {
	w := open(t)
	unpaid := w.Order(apptest.Purchase{Variant: w.shop.Variant})
	w.Pay(unpaid, "4000000000005126") // its refunds fail after they were made
	w.Settle()
	path := "/orders/" + unpaid.Number
	w.leads(w.Ask(w.shop.Owner, "/brand/terre"+path+"/refund", url.Values{"operation": {once}, "amount": {"20"}, "step": {"confirm"}}), "/brand/terre"+path)
	w.Settle()
	w.Pass(1)
	rs := w.order(unpaid.ID).Refunds
	if len(rs) != 1 || !rs[0].State.Refused() {
		t.Fatalf("%+v", rs)
	}
	refund := fmt.Sprintf("%s/refunds/%d", path, rs[0].ID)
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre"+refund, nil), http.StatusOK, "échoué", "L’acheteur attend toujours", "Payer de nouveau", "!Payé par virement")
	w.Shows(w.Ask(w.alma, "/admin"+refund, nil), http.StatusOK, "Payé par virement")
	w.Shows(w.Ask(w.alma, "/admin"+refund, url.Values{"settle": {"yes"}, "note": {"gardé"}}), http.StatusUnprocessableEntity, "gardé", "Choisissez")
	w.Shows(w.Ask(w.alma, "/admin"+refund, url.Values{"by": {"transfer"}, "note": {" "}}), http.StatusUnprocessableEntity, "Payé par virement")
	w.leads(w.Ask(w.alma, "/admin"+refund, url.Values{"by": {"transfer"}, "note": {"Virement du 3 mars, réf. 77"}}), "/admin"+path)
	w.leads(w.Ask(w.alma, "/admin"+refund, url.Values{"by": {"transfer"}, "note": {"Virement du 3 mars, réf. 77"}}), "/admin"+path) // once
	w.leads(w.Ask(w.shop.Owner, "/brand/terre"+refund, url.Values{}), "/brand/terre"+path)                                          // not again
	w.Settle()
	if p := w.order(unpaid.ID); p.RefundedMinor != 2000 || len(p.Refunds) != 2 {
		t.Errorf("refunded %d in %d refunds", p.RefundedMinor, len(p.Refunds))
	}
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre"+refund, nil), http.StatusOK, "redemandé", "!Payer de nouveau")
	w.Audit()
}

// TestFailedRefundIsOwedNoMore: the platform says so, with a reason; what was earned goes on.
func TestFailedRefundIsOwedNoMore(t *testing.T) {
	w := open(t)
	o := w.Order(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea})
	w.Pay(o, "4000000000005126")
	w.Settle()
	if _, err := w.Refund(o.ID, 0, orders.RefundWish{Minor: 2000}); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Pass(1)
	w.Deliver(o.ID)
	path := "/orders/" + o.Number
	refund := fmt.Sprintf("%s/refunds/%d", path, w.order(o.ID).Refunds[0].ID)
	frozen := func() (n int) {
		if err := w.DB.Get(&n, `select count(*) from earnings where order_id = $1 and state = 'frozen'`, o.ID); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if frozen() == 0 {
		t.Fatal("nothing waits while the buyer is owed")
	}
	otherwise := url.Values{"by": {"otherwise"}, "settle": {"yes"}, "note": {"Sa banque l’a repris"}}
	w.Shows(w.Ask(w.alma, "/admin"+refund, url.Values{"by": {"otherwise"}, "settle": {"yes"}, "note": {"non"}}), http.StatusUnprocessableEntity, "non")
	w.leads(w.Ask(w.shop.Owner, "/brand/terre"+refund, otherwise), "/brand/terre"+path) // a brand can only pay again
	if rs := w.order(o.ID).Refunds; len(rs) != 2 {
		t.Fatalf("%d refunds", len(rs))
	}
	w.Settle()
	w.Pass(1)
	again := fmt.Sprintf("%s/refunds/%d", path, w.order(o.ID).Refunds[1].ID)
	w.leads(w.Ask(w.alma, "/admin"+again, otherwise), "/admin"+path)
	w.leads(w.Ask(w.alma, "/admin"+again, otherwise), "/admin"+path) // once
	w.Shows(w.Ask(w.alma, "/admin"+again, nil), http.StatusOK, "plus dû", "!Payer de nouveau", "!Noter")
	for _, stale := range []url.Values{{}, {"by": {"transfer"}, "note": {"Virement du 3 mars"}}} { // a page that was opened before
		w.Ask(w.alma, "/admin"+again, stale)
		w.Ask(w.shop.Owner, "/brand/terre"+again, stale)
	}
	w.Settle()
	if rs := w.order(o.ID).Refunds; len(rs) != 2 {
		t.Errorf("what nobody is owed was paid: %d refunds", len(rs))
	}
	if n := frozen(); n != 0 {
		t.Errorf("%d earnings wait for a refund that nobody is owed", n)
	}
	w.Audit()
}

// TestRefusedRefundIsSettled: one that Stripe refused at once can be paid again, or settled, like one that came back.
func TestRefusedRefundIsSettled(t *testing.T) {
	w := open(t)
	refused := func() (orders.Page, string) {
		o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea})
		w.Sandbox.Inject(stripesandbox.Fault{Method: "POST", Path: "/v1/refunds", Times: 1, Status: 400})
		if _, err := w.Refund(o.ID, 0, orders.RefundWish{Minor: 2000}); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		p := w.order(o.ID)
		if len(p.Refunds) != 1 || !p.Refunds[0].State.Refused() {
			t.Fatalf("%+v", p.Refunds)
		}
		return p, fmt.Sprintf("/orders/%s/refunds/%d", p.Number, p.Refunds[0].ID)
	}
	first, refund := refused()
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre"+refund, nil), http.StatusOK, "Payer de nouveau", "!plus dû")
	w.leads(w.Ask(w.shop.Owner, "/brand/terre"+refund, url.Values{}), "/brand/terre/orders/"+first.Number)
	w.Settle()
	if got := w.order(first.ID).RefundedMinor; got != 2000 {
		t.Errorf("refunded %d", got)
	}
	second, refund := refused()
	w.leads(w.Ask(w.alma, "/admin"+refund, url.Values{"by": {"otherwise"}, "settle": {"yes"}, "note": {"Elle y renonce"}}), "/admin/orders/"+second.Number)
	w.Shows(w.Ask(w.alma, "/admin"+refund, nil), http.StatusOK, "plus dû", "!Payer de nouveau")
	w.Shows(w.Ask(w.alma, "/admin"+refund, url.Values{"by": {"jamais"}, "note": {"Elle y renonce"}}), http.StatusUnprocessableEntity)
	w.Audit()
}

func (w *world) returnOf(o orders.Page) (returns.Return, string) {
	w.T.Helper()
	rs, err := w.Returns.OfOrder(w.T.Context(), o.ID, 0)
	if err != nil || len(rs) == 0 {
		w.T.Fatalf("%v, %v", rs, err)
	}
	return rs[0], fmt.Sprintf("/orders/%s/returns/%d", o.Number, rs[0].ID)
}

func TestRequestIsAnswered(t *testing.T) {
	w := open(t)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	w.Deliver(o.ID)
	w.Pass(30)
	line := o.Shipments[0].Lines[0].ID
	for _, approve := range []bool{false, true} {
		if err := w.Returns.Ask(t.Context(), returns.Declaration{OrderID: o.ID, Chosen: map[int64]int64{line: 1}, Reason: "Il <i>fuit</i>"}); err != nil {
			t.Fatal(err)
		}
		_, path := w.returnOf(o)
		w.Shows(w.Ask(w.shop.Owner, "/brand/terre"+path, nil), http.StatusOK, "Demande de retour", "Il &lt;i&gt;fuit", "Accepter le retour", "garantie légale")
		w.Shows(w.Ask(w.other.Owner, "/brand/verre"+path, nil), http.StatusNotFound)
		w.Shows(w.Ask(w.shop.Owner, "/brand/terre"+path+"/decide", url.Values{"answer": {"gardé"}}), http.StatusUnprocessableEntity, "gardé", "Choisissez")
		w.Shows(w.Ask(w.shop.Owner, "/brand/terre"+path+"/decide", url.Values{"decision": {"refuse"}}), http.StatusUnprocessableEntity, "À remplir")
		decision := map[bool]string{false: "refuse", true: "approve"}[approve]
		w.leads(w.Ask(w.shop.Owner, "/brand/terre"+path+"/decide", url.Values{"decision": {decision}, "answer": {"Voilà pourquoi."}}), "/brand/terre/orders/"+o.Number)
		w.Shows(w.Ask(w.shop.Owner, "/brand/terre"+path+"/decide", url.Values{"decision": {decision}, "answer": {"Encore."}}), http.StatusConflict)
		w.Shows(w.Ask(w.alma, "/admin"+path, nil), http.StatusOK, "Voilà pourquoi.", "Maison terre")
	}
	w.Audit()
}

func TestReturnArrives(t *testing.T) {
	w := open(t)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Quantity: 2, Storefront: w.lea})
	w.Deliver(o.ID)
	if err := w.Withdraw(o.ID, ""); err != nil {
		t.Fatal(err)
	}
	r, path := w.returnOf(o)
	if err := w.Returns.Sent(t.Context(), r.ID, "6A7"); err != nil {
		t.Fatal(err)
	}
	here := "/brand/terre" + path
	w.Shows(w.Ask(w.shop.Owner, here, nil), http.StatusOK, "Rétractation", "À rembourser avant le", "245,00", "6A7", "Retenir une partie")
	w.Shows(w.Ask(w.shop.Owner, here, nil, english...), http.StatusOK, "To be refunded by", "It has arrived")
	w.Shows(w.Ask(w.shop.Owner, here+"/receive", url.Values{"deducted": {"240"}, "answer": {"Cassé"}}), http.StatusUnprocessableEntity, "Cassé", `value="240"`)
	w.Shows(w.Ask(w.shop.Owner, here+"/receive", url.Values{"deducted": {"peu"}, "answer": {"Cassé"}}), http.StatusUnprocessableEntity, `value="peu"`)
	w.Shows(w.Ask(w.shop.Owner, here+"/receive", url.Values{"deducted": {"10"}}), http.StatusUnprocessableEntity, "À remplir")
	w.leads(w.Ask(w.shop.Owner, here+"/receive", url.Values{"deducted": {"10"}, "answer": {"Une rayure"}, "restock": {"yes"}}), "/brand/terre/orders/"+o.Number)
	w.Shows(w.Ask(w.shop.Owner, here+"/receive", url.Values{}), http.StatusConflict)
	w.Settle()
	if got := w.order(o.ID).RefundedMinor; got != 23500 {
		t.Errorf("refunded %d; want 235.00", got)
	}
	w.Shows(w.Ask(w.shop.Owner, here, nil), http.StatusOK, "remboursé", "Une rayure", "10,00")
	w.Audit()
}
