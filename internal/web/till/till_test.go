package till_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/postgres/pgtest"
	"relais/internal/stripesandbox"
)

func TestGuardsOfEveryPage(t *testing.T) {
	w := open(t)
	w.sale()
	for _, path := range []string{"/me/earnings", "/me/earnings/1", "/me/earnings/debts", "/me/earnings.csv", "/me/payouts", "/me/payouts/1", "/me/payouts/1.csv", "/me/orders", "/me/payouts/account/return"} {
		w.leads(w.Ask(0, path, nil, "Accept", "text/html"), "/login?next=")
	}
	for _, path := range []string{"/earnings", "/earnings/1", "/earnings/debts", "/earnings.csv", "/payouts", "/payouts/1", "/orders", "/orders/R-1", "/orders/R-1/slip", "/orders/R-1/refund", "/relays", "/payouts/account/refresh"} {
		w.leads(w.Ask(0, "/brand/terre"+path, nil, "Accept", "text/html"), "/login?next=")
		w.Shows(w.Ask(w.lea, "/brand/terre"+path, nil), http.StatusNotFound)
		w.Shows(w.Ask(w.other.Owner, "/brand/terre"+path, nil), http.StatusNotFound)
	}
	for _, path := range []string{"/orders/R-1/ship", "/orders/R-1/received", "/orders/R-1/refund", "/payouts/account", "/payouts/account/dashboard"} {
		w.Shows(w.Ask(w.other.Owner, "/brand/terre"+path, url.Values{}), http.StatusNotFound)
	}
}

func TestMemberSeesWhatIsTheirs(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(w.lea, "/me/earnings", nil), http.StatusOK, "Pas encore de gain", "/products")
	w.Shows(w.Ask(w.lea, "/me/payouts", nil), http.StatusOK, "Ouvrez votre compte de versement", "Pas encore de versement", "!>n° ")
	w.Shows(w.Ask(w.lea, "/me/orders", nil), http.StatusOK, "Pas encore d’achat")
	o := w.sale()
	w.Shows(w.Ask(w.lea, "/me/earnings", nil), http.StatusOK, "10,00", "Bol terre", "Maison terre", "En attente d’expédition", "Dites où vous payer", "<svg", "!Lebrun", "!acheteuse@")
	w.Shows(w.Ask(w.lea, "/me/earnings", nil, english...), http.StatusOK, "10.00", "Estimate: about", "Tell us where to pay you", "Earned per month")
	w.Shows(w.Ask(w.lea, "/me/earnings?state=held", nil), http.StatusOK, "Bol terre")
	w.Shows(w.Ask(w.lea, "/me/earnings?state=paid", nil), http.StatusOK, "Rien dans cet état", "!Bol terre")
	w.Shows(w.Ask(w.lea, "/me/earnings?state=nonsense&before=x", nil), http.StatusOK, "Bol terre")

	mine := fmt.Sprintf("/me/earnings/%d", w.earningOf(earnings.Owner{MemberID: w.lea}).ID)
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "120,00", "TVA 20", "100,00", "× 10", "14 jours", "version n°", "Pourquoi cette vente est à vous", o.Number, "!Lebrun", "!Rennes", "!acheteuse@")
	w.Shows(w.Ask(w.lea, mine, nil, english...), http.StatusOK, "Where this amount comes from", "Your commission")
	w.Shows(w.Ask(w.bruno, mine, nil), http.StatusNotFound)
	w.sale() // Bruno has no payee; the brand has one, and the earning is not theirs either
	w.Shows(w.Ask(w.shop.Owner, strings.Replace(mine, "/me", "/brand/terre", 1), nil), http.StatusNotFound)
	w.Shows(w.Ask(w.lea, "/me/earnings/x", nil), http.StatusNotFound)

	w.Deliver(o.ID)
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "Le colis est arrivé", "Disponible le 16")
	w.Paid(apptest.Purchase{Variant: w.shop.Variant, Member: w.bruno})
	w.Shows(w.Ask(w.bruno, "/me/orders", nil), http.StatusOK, "Bol terre", "Maison terre", "/o/", "payée")
	w.Shows(w.Ask(w.bruno, "/me/orders", nil, english...), http.StatusOK, "Purchases", "1 item")
	w.Shows(w.Ask(w.lea, "/me/orders", nil), http.StatusOK, "!Bol terre")
}

func TestRoundingIsShown(t *testing.T) {
	w := open(t)
	shop := w.Shop("fine", 1999, 5) // 16.65 without VAT, 1.665 of commission
	w.Paid(apptest.Purchase{Variant: shop.Variant, Quantity: 1, Storefront: w.lea})
	mine := fmt.Sprintf("/me/earnings/%d", w.earningOf(earnings.Owner{MemberID: w.lea}).ID)
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "Avant arrondi", "1,665", "1,66")
	w.Shows(w.Ask(w.lea, mine, nil, english...), http.StatusOK, "Before rounding", "1.665")
}

func TestOnboarding(t *testing.T) {
	w := open(t)
	w.sale()
	w.Shows(w.Ask(w.lea, "/me/payouts/account", url.Values{"country": {"US"}}), http.StatusUnprocessableEntity, "pays", "Ouvrir mon compte")
	rw := w.Ask(w.lea, "/me/payouts/account", url.Values{"country": {"FR"}})
	w.leads(rw, w.URL+"/stripe/")
	link := rw.Header().Get("Location")
	w.leads(w.Ask(w.lea, "/me/payouts/account/return", nil), "/me/payouts")
	w.Shows(w.Ask(w.lea, "/me/payouts", nil), http.StatusOK, "Terminez votre inscription", "Continuer chez Stripe")
	w.leads(w.Ask(w.lea, "/me/payouts/account/refresh", nil), w.URL+"/stripe/")
	if err := (stripesandbox.Visitor{}).Onboard(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	flash := w.leads(w.Ask(w.lea, "/me/payouts/account/return", nil), "/me/payouts")
	w.Shows(w.Ask(w.lea, "/me/payouts", nil, "Cookie", flash), http.StatusOK, "Votre compte de versement est prêt", "Votre compte est prêt", "Mon compte chez Stripe")
	w.leads(w.Ask(w.lea, "/me/payouts/account/dashboard", url.Values{}), "http")
	w.leads(w.Ask(w.bruno, "/me/payouts/account/refresh", nil), "/me/payouts") // nothing to refresh
	w.Shows(w.Ask(w.bruno, "/me/payouts/account/dashboard", url.Values{}), http.StatusNotFound)

	// Of a brand's team only its owners say where the money goes.
	if err := w.Catalog.SetTeam(t.Context(), w.shop.Owner, w.shop.Brand, w.bruno, catalog.Staff); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.bruno, "/brand/terre/payouts/account", url.Values{"country": {"FR"}}), http.StatusForbidden)
	w.Shows(w.Ask(w.bruno, "/brand/terre/payouts", nil), http.StatusOK, "Maison terre", "propriétaire", "!Ouvrir mon compte")
	w.leads(w.Ask(w.shop.Owner, "/brand/terre/payouts/account", url.Values{"country": {"FR"}}), w.URL+"/stripe/")
}

func TestStatement(t *testing.T) {
	w := open(t)
	o := w.sale()
	two := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Quantity: 3, Storefront: w.lea})
	if _, err := pgtest.Owner(t, w.DB).Exec(`update order_lines set title = '=HYPERLINK("x")' where order_id = $1`, o.ID); err != nil {
		t.Fatal(err)
	}
	w.Deliver(o.ID)
	w.Deliver(two.ID)
	w.Pass(15)
	w.Shows(w.Ask(w.lea, "/me/earnings?state=free", nil), http.StatusOK, "40,00", "Disponible depuis le")
	w.Onboard(earnings.Owner{MemberID: w.lea})
	w.Onboard(earnings.Owner{BrandID: w.shop.Brand})
	w.Shows(w.Ask(w.lea, "/me/payouts", nil), http.StatusOK, "40,00", "partent au prochain versement")
	if _, err := w.Payouts.Run(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	list, err := w.Payouts.List(t.Context(), 0, 10)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	for _, p := range list {
		who, base, foreign := w.lea, "/me", w.bruno
		if p.PayeeName != "Lea" {
			who, base, foreign = w.shop.Owner, "/brand/terre", w.lea
		}
		path := fmt.Sprintf("%s/payouts/%d", base, p.ID)
		w.Shows(w.Ask(who, base+"/payouts", nil), http.StatusOK, path, "envoyé")
		w.Shows(w.Ask(who, path, nil), http.StatusOK, "Relevé de versement", *p.TransferID, p.Destination, "Total, égal au virement", "!Lebrun", "!acheteuse@")
		w.Shows(w.Ask(who, path, nil, english...), http.StatusOK, "Payout statement", "Total, equal to the transfer")
		w.Shows(w.Ask(foreign, path, nil), http.StatusNotFound)
		w.Shows(w.Ask(foreign, path+".csv", nil), http.StatusNotFound)
		w.Shows(w.Ask(w.shop.Owner, fmt.Sprintf("/me/payouts/%d", p.ID), nil), http.StatusNotFound)
		w.checkCSV(who, path+".csv", p.Amount)
	}
	w.Shows(w.Ask(w.lea, "/me/earnings?state=paid", nil), http.StatusOK, "Versé le", "40,00")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/earnings", nil), http.StatusOK, o.Number, "livraison", "Versé")
	w.Audit()
}

// checkCSV fails where the lines of a statement's file do not sum to its amount, or a cell could run as a formula.
func (w *world) checkCSV(who int64, path string, want money.Amount) {
	w.T.Helper()
	rw := w.Ask(who, path, nil)
	if rw.Code != http.StatusOK || !strings.HasPrefix(rw.Header().Get("Content-Type"), "text/csv") || !strings.Contains(rw.Header().Get("Content-Disposition"), "attachment") {
		w.T.Fatalf("%s: %d, %v", path, rw.Code, rw.Header())
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(rw.Body.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) < 3 {
		w.T.Fatalf("%v, %v", rows, err)
	}
	var sum int64
	for _, row := range rows[1:] {
		a, err := money.Parse(row[10], money.Currency(row[11]))
		if err != nil {
			w.T.Error(err)
		}
		sum += a.Minor
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				w.T.Errorf("%q would run as a formula", cell)
			}
		}
	}
	if sum != want.Minor {
		w.T.Errorf("%s: lines of %d together, payout of %d", path, sum, want.Minor)
	}
}

func TestRefusedPayoutIsExplained(t *testing.T) {
	w := open(t)
	o := w.sale()
	w.Deliver(o.ID)
	w.Pass(15)
	w.Onboard(earnings.Owner{MemberID: w.lea})
	w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Status: 400, Code: "insufficient_capabilities_for_transfer",
		Message: "Your destination account needs a capability."})
	if _, err := w.Payouts.Run(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	list, err := w.Payouts.List(t.Context(), 0, 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	w.Shows(w.Ask(w.lea, fmt.Sprintf("/me/payouts/%d", list[0].ID), nil), http.StatusOK, "n’est pas parti", "ne permet pas d’envoyer", "Complétez vos informations")
	w.Shows(w.Ask(w.lea, "/me/payouts", nil), http.StatusOK, "refusé", "de nouveau disponible")
}

// TestEarningAfterRefunds: the page of an earning explains what was given back, the lists show what is left, and the page of what is
// owed how it came and went.
func TestEarningAfterRefunds(t *testing.T) {
	w := open(t)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Quantity: 3, Storefront: w.lea})
	line := o.Shipments[0].Lines[0].ID
	w.refund(o.ID, orders.RefundWish{Lines: []orders.RefundLine{{LineID: line, Quantity: 1}}})
	mine := fmt.Sprintf("/me/earnings/%d", w.earningOf(earnings.Owner{MemberID: w.lea}).ID)
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "Ce qui a été rendu", "30,00", "20,00", "÷ 360,00", "pris sur ce qui attendait", "Quand cela a attendu", "remboursement en cours")
	w.Shows(w.Ask(w.lea, "/me/earnings", nil), http.StatusOK, "20,00", "30,00")
	w.Shows(w.Ask(w.lea, "/me/earnings.csv", nil), http.StatusOK, "30.00,10.00,20.00,EUR")
	w.Shows(w.Ask(w.lea, "/me/earnings/debts", nil), http.StatusOK, "Rien n’est dû")

	w.Deliver(o.ID)
	w.Pass(15)
	w.Onboard(earnings.Owner{MemberID: w.lea})
	if _, err := w.Payouts.Run(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.refund(o.ID, orders.RefundWish{Lines: []orders.RefundLine{{LineID: line, Quantity: 1}}})
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "dus, pris sur les prochains gains", "sont devenus disponibles")
	w.Shows(w.Ask(w.lea, "/me/earnings", nil), http.StatusOK, "Dû", "/me/earnings/debts")
	w.Shows(w.Ask(w.lea, "/me/earnings/debts", nil), http.StatusOK, "10,00", "Part d’un remboursement", o.Number)
	w.Shows(w.Ask(w.lea, "/me/earnings/debts", nil, english...), http.StatusOK, "What is owed", "Share of a refund")
	w.Shows(w.Ask(w.bruno, "/me/earnings/debts", nil), http.StatusOK, "Rien n’est dû", "!"+o.Number)

	next := w.sale()
	w.Deliver(next.ID)
	w.Pass(15)
	w.Shows(w.Ask(w.lea, "/me/earnings/debts", nil), http.StatusOK, "Rien n’est dû", "Payé par un gain devenu disponible", next.Number)
	w.Audit()
}

// refund pays a part of an order back, in the platform's name.
func (w *world) refund(orderID int64, wish orders.RefundWish) {
	w.T.Helper()
	if _, err := w.Refund(orderID, 0, wish); err != nil {
		w.T.Fatal(err)
	}
	w.Settle()
}
