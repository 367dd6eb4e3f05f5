package documents_test

import (
	"fmt"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/documents"
	"relais/internal/orders"
	"relais/internal/stripesandbox"
)

var wishes int

// refund pays back and lets the bank answer.
func refund(w *apptest.World, orderID int64, wish orders.RefundWish) {
	w.T.Helper()
	wishes++
	_, err := w.Orders.Refund(w.T.Context(), orders.RefundRequest{OrderID: orderID, Operation: fmt.Sprintf("wish-%d", wishes), Reason: "admin", Wish: wish})
	if err != nil {
		w.T.Fatal(err)
	}
	w.Settle()
}

func numbers(list []documents.Document) (text string) {
	for _, d := range list {
		text += fmt.Sprintf("%s %s %d/%d\n", d.Number, d.Kind, d.NetMinor, d.Total.Minor)
	}
	return text
}

func TestEveryRefundHasItsCreditNoteForEachBrand(t *testing.T) {
	w := apptest.New(t)
	terre, laine := w.Shop("terre", 3333, 99), w.Shop("laine", 1000, 99)
	taxable(w, terre, "FR", "FR40000000101")
	o := w.Paid(apptest.Purchase{Variant: terre.Variant, Quantity: 3}, apptest.Purchase{Variant: laine.Variant})
	var line orders.Line
	var own orders.Shipment
	for _, s := range o.Shipments {
		if s.BrandID == terre.Brand {
			own, line = s, s.Lines[0]
		}
	}
	sweep(w)
	refund(w, o.ID, orders.RefundWish{Lines: []orders.RefundLine{{LineID: line.ID, Quantity: 1}}})
	sweep(w)
	refund(w, o.ID, orders.RefundWish{Lines: []orders.RefundLine{{LineID: line.ID, Minor: 7}}})
	sweep(w)
	w.Audit()
	refund(w, o.ID, orders.RefundWish{Minor: o.TotalMinor - 3333 - 7}) // all that is left, of both brands
	sweep(w)
	sweep(w)
	var invoiced, credited, net, netBack int64
	list := ofOrder(w, o.ID)
	for _, d := range list {
		if d.Kind == documents.CreditNote {
			credited, netBack = credited+d.Total.Minor, netBack+d.NetMinor
		} else {
			invoiced, net = invoiced+d.Total.Minor, net+d.NetMinor
		}
	}
	if len(list) != 6 || invoiced != o.TotalMinor || credited != invoiced || net != netBack {
		t.Errorf("a sale of %d undone: invoiced %d (net %d), credited %d (net %d) by\n%s", o.TotalMinor, invoiced, net, credited, netBack, numbers(list))
	}
	c := content(w, "TERRE-2026-A-000001")
	if len(c.Lines) != 1 || c.Lines[0].Quantity != 1 || c.Lines[0].Total != 3333 || c.Lines[0].Net != 2777 || c.Facts[1].Text != "TERRE-2026-000001 du 2\u00a0mars 2026" {
		t.Errorf("first credit note: %+v %+v", c.Lines, c.Facts)
	}
	if own.ID == 0 {
		t.Error("no shipment of terre")
	}
	w.Audit()
}

func TestRefundThatCameBackTakesItsCreditNoteBack(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 9)
	placed := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.Pay(placed, stripesandbox.FailingRefundCard)
	w.Settle()
	refund(w, placed.ID, orders.RefundWish{Minor: 2500})
	sweep(w)
	w.Pass(1)
	sweep(w)
	list := ofOrder(w, placed.ID)
	if len(list) != 3 || list[1].Kind != documents.CreditNote || list[2].Kind != documents.Invoice || list[2].Total != list[1].Total || *list[2].CorrectsID != list[1].ID {
		t.Fatalf("documents:\n%s", numbers(list))
	}
	w.Audit()
	// Refunded again, and whole: nothing is left.
	refund(w, placed.ID, orders.RefundWish{Minor: 12500})
	sweep(w)
	if list := ofOrder(w, placed.ID); len(list) != 4 || list[3].Total.Minor != 12500 {
		t.Errorf("documents:\n%s", numbers(list))
	}
}

func TestFeesGivenBackLowerTheFeeInvoice(t *testing.T) {
	w := apptest.New(t)
	terre, laine := w.Shop("terre", 12000, 99), w.Shop("laine", 6000, 99)
	taxable(w, terre, "FR", "FR40000000101")
	o := w.Paid(apptest.Purchase{Variant: terre.Variant}, apptest.Purchase{Variant: laine.Variant})
	w.Paid(apptest.Purchase{Variant: terre.Variant})
	refund(w, o.ID, orders.RefundWish{Minor: o.TotalMinor})
	w.Pass(31)
	sweep(w)
	closeMonths(w)
	fees := all(w, documents.Query{Kinds: []documents.Kind{documents.FeeInvoice, documents.FeeCredit}})
	if len(fees) != 1 || fees[0].Total.Minor != 500 { // 5 % of 100.00; laine's fee came and went
		t.Fatalf("fee invoices:\n%s", numbers(fees))
	}
	if c := content(w, fees[0].Number); len(c.Lines) != 2 || c.Lines[0].Total != 1000 || c.Lines[1].Total != -500 {
		t.Errorf("lines: %+v", c.Lines)
	}
	w.Audit()
	// In the next month a sale of this one is undone.
	second := w.Paid(apptest.Purchase{Variant: terre.Variant})
	w.Pass(31)
	closeMonths(w)
	refund(w, second.ID, orders.RefundWish{Minor: second.TotalMinor})
	w.Pass(31)
	sweep(w)
	closeMonths(w)
	credits := all(w, documents.Query{Kinds: []documents.Kind{documents.FeeCredit}})
	if len(credits) != 1 || credits[0].Number != "RELAIS-FA-2026-000001" || credits[0].Total.Minor != 500 || credits[0].VATMinor != 84 {
		t.Errorf("fee credits:\n%s", numbers(credits))
	}
	w.Audit()
}

func TestLostDisputeIsNoCreditNote(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 99)
	taxable(w, shop, "FR", "FR40000000101")
	o := w.Paid(apptest.Purchase{Variant: shop.Variant})
	id, err := w.Sandbox.OpenDispute(*o.PaymentIntentID, o.TotalMinor, "fraudulent", false)
	if err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if err := w.Sandbox.DecideDispute(id, false); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Pass(31)
	sweep(w)
	closeMonths(w)
	if list := ofOrder(w, o.ID); len(list) != 1 || list[0].Kind != documents.Invoice {
		t.Errorf("documents of the order:\n%s", numbers(list))
	}
	if fees := all(w, documents.Query{Kinds: []documents.Kind{documents.FeeInvoice, documents.FeeCredit}}); len(fees) != 0 {
		t.Errorf("a fee that was given back is invoiced:\n%s", numbers(fees))
	}
	w.Audit()
}

func TestStatementsFollowWhatWentBack(t *testing.T) {
	w := apptest.New(t)
	_, relay := sold(w)
	var orderID int64
	if err := w.DB.Get(&orderID, `select max(id) from orders`); err != nil {
		t.Fatal(err)
	}
	w.Pass(20)
	closeMonths(w)
	refund(w, orderID, orders.RefundWish{Minor: 6000})
	w.Pass(31)
	sweep(w)
	closeMonths(w)
	list := all(w, documents.Query{MemberID: relay})
	if len(list) != 2 || list[0].Kind != documents.StatementCredit || list[0].Total.Minor != 500 {
		t.Errorf("statements:\n%s", numbers(list))
	}
	w.Audit()
}
