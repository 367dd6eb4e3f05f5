package till_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/orders"
	"relais/internal/support"
)

func (w *world) order(id int64) orders.Page {
	w.T.Helper()
	p, err := w.Orders.ByID(w.T.Context(), id)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

func TestShipReceiveRefund(t *testing.T) {
	w := open(t)
	owner, list := w.shop.Owner, "/brand/terre/orders"
	w.Shows(w.Ask(owner, list, nil), http.StatusOK, "Pas encore de commande")
	unpaid := w.Order(apptest.Purchase{Variant: w.shop.Variant})
	w.Shows(w.Ask(owner, list+"/"+unpaid.Number, nil), http.StatusNotFound)
	w.Pass(1)
	o := w.sale()
	path := list + "/" + o.Number
	w.Shows(w.Ask(owner, list, nil), http.StatusOK, o.Number, "À expédier (1)", "Anne Lebrun", "125,00", "!"+unpaid.Number)
	w.Shows(w.Ask(owner, list, nil, english...), http.StatusOK, "To send (1)")
	w.Shows(w.Ask(owner, list+"?q="+strings.ToLower(o.Number), nil), http.StatusOK, o.Number)
	w.Shows(w.Ask(owner, list+"?q=nobody", nil), http.StatusOK, "Rien ne correspond")
	// 120.00, of which 10.00 to the member, 5.00 to Relais; 105.00 and the delivery to the brand.
	w.Shows(w.Ask(owner, path, nil), http.StatusOK, "3 rue des Lilas", "Recommandé par", "/@lea", "10,00", "5,00", "105,00", "110,00", "C’est parti", "Bol terre")
	w.Shows(w.Ask(owner, path, nil, english...), http.StatusOK, "Where the money goes", "It is on its way")
	w.Shows(w.Ask(owner, path+"/slip", nil), http.StatusOK, "Bon de livraison", "3 rue des Lilas", "terre-1", "!120,00", "!Lea")
	w.Shows(w.Ask(w.other.Owner, "/brand/verre/orders/"+o.Number, nil), http.StatusNotFound)
	w.Shows(w.Ask(owner, list+"/R-NOTHING", nil), http.StatusNotFound)

	w.Shows(w.Ask(owner, path+"/ship", url.Values{"carrier": {strings.Repeat("x", 61)}}), http.StatusUnprocessableEntity, "trop long", strings.Repeat("x", 61))
	flash := w.leads(w.Ask(owner, path+"/received", url.Values{}), path)
	w.Shows(w.Ask(owner, path, nil, "Cookie", flash), http.StatusOK, "n’est pas en route")
	w.leads(w.Ask(owner, path+"/ship", url.Values{"carrier": {"Colissimo"}, "tracking": {"https://suivi.example/6A1"}}), path)
	w.Shows(w.Ask(owner, path, nil), http.StatusOK, `href="https://suivi.example/6A1"`, "Le colis est arrivé", "Expédié par Maison terre")
	w.Shows(w.Ask(owner, list, nil), http.StatusOK, "Tout est parti", "En route (1)")
	flash = w.leads(w.Ask(owner, path+"/ship", url.Values{}), path)
	w.Shows(w.Ask(owner, path, nil, "Cookie", flash), http.StatusOK, "déjà parti")
	w.leads(w.Ask(owner, path+"/received", url.Values{}), path)
	if p := w.order(o.ID); p.Shipments[0].State != orders.Delivered || p.Shipments[0].DeliveredBy != "brand" {
		t.Errorf("%+v", p.Shipments[0])
	}

	if err := w.Withdraw(o.ID, "Trop <b>petit</b>"); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(owner, list, nil), http.StatusOK, "Retours (1)")
	w.Shows(w.Ask(owner, list+"?show=returns", nil), http.StatusOK, o.Number)
	w.Shows(w.Ask(owner, path, nil), http.StatusOK, "Rétractation", "Noter l’arrivée", path+"/refund")
	line := w.order(o.ID).Shipments[0].Lines[0].ID
	form := url.Values{"operation": {"OPERATION-OPERATION"}, fmt.Sprintf("line-%d", line): {"1"}, fmt.Sprintf("delivery-%d", w.order(o.ID).Shipments[0].ID): {"yes"}, "step": {"confirm"}}
	w.leads(w.Ask(owner, path+"/refund", form), path)
	w.leads(w.Ask(owner, path+"/refund", nil), path) // asked for: nothing is left to refund
	w.Settle()
	w.Shows(w.Ask(owner, path, nil), http.StatusOK, "remboursé", "125,00", "Annulé")
	w.Shows(w.Ask(w.lea, "/me/earnings", nil), http.StatusOK, "Remboursé à l’acheteur")
	var logged int
	if err := w.DB.Get(&logged, `select count(*) from audit_log where action = 'refund asked' and actor_id = $1`, owner); err != nil || logged != 1 {
		t.Errorf("%d lines in the log, %v", logged, err)
	}
	w.Audit()
}

func TestMessages(t *testing.T) {
	w := open(t)
	o := w.sale()
	path := "/brand/terre/orders/" + o.Number
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "/brand/terre/inbox/"+o.Number, "!Attend la marque")
	if err := w.Support.Write(t.Context(), o.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Part-il <b>demain</b> ?"}); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "Part-il &lt;b&gt;demain", "!<b>demain", "Attend la marque")
}

func TestBrandSeesItsPartOnly(t *testing.T) {
	w := open(t)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant}, apptest.Purchase{Variant: w.other.Variant})
	path := "/brand/terre/orders/" + o.Number
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "Bol terre", "!Bol verre", "Venu sans recommandation")
	w.Shows(w.Ask(w.shop.Owner, path+"/refund", nil), http.StatusOK, "Bol terre", "!Bol verre", "125,00")
	foreign := fmt.Sprintf("line-%d", o.Shipments[1].Lines[0].ID)
	w.Shows(w.Ask(w.shop.Owner, path+"/refund", url.Values{"operation": {"OPERATION-OPERATION"}, foreign: {"1"}, "step": {"confirm"}}), http.StatusUnprocessableEntity)
	w.leads(w.Ask(w.shop.Owner, path+"/refund", url.Values{"operation": {"OPERATION-OPERATION"}, "amount": {"20"}, "step": {"confirm"}}), path)
	w.Settle()
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "20,00", "remboursé")
	w.Shows(w.Ask(w.other.Owner, "/brand/verre/orders/"+o.Number, nil), http.StatusOK, "!20,00")
	w.Shows(w.Ask(w.shop.Owner, path+"/slip", nil), http.StatusOK, "!Bol verre")
}

func TestRelays(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/relays", nil), http.StatusOK, "Personne ne vous recommande encore")
	w.sale()
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/relays", nil), http.StatusOK, "Lea", "/@lea", "120,00", "10,00", "Par membre", "Par produit", "!Par groupe", "!Lebrun", "!acheteuse@")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/relays?period=year", nil, english...), http.StatusOK, "Sales", "Commissions", "By member", "12 months")
	w.Shows(w.Ask(w.other.Owner, "/brand/verre/relays", nil), http.StatusOK, "!Lea")
}
