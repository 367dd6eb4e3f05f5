package admin_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
)

func TestDebts(t *testing.T) {
	w := open(t, false)
	w.Shows(w.Ask(w.alma, "/admin/debts", nil), http.StatusOK, "Personne ne doit rien", "Aucun versement n’a été repris")
	w.Shows(w.Ask(w.lea, "/admin/debts", nil), http.StatusNotFound)
	payee := w.Onboard(earnings.Owner{MemberID: w.lea})
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea, Quantity: 20})
	w.Deliver(o.ID)
	w.Paid(apptest.Purchase{Variant: w.shop.Variant, Quantity: 25})
	w.Pass(20)
	if _, err := w.Payouts.Run(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if err := w.RefundAll(o.ID, 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	base := "/admin/debts/" + strconv.FormatInt(payee, 10)
	w.Shows(w.Ask(w.alma, "/admin/debts", nil), http.StatusOK, "Lea", "200,00", "Reprendre un versement", "Passer en perte")
	w.Shows(w.Ask(w.alma, "/admin/debts", nil, "Accept-Language", "en"), http.StatusOK, "Take a transfer back", "Write off")

	form := func(amount, reason string) url.Values {
		return url.Values{"currency": {"EUR"}, "amount": {amount}, "reason": {reason}}
	}
	for name, f := range map[string]url.Values{"more than is owed": form("200,01", "the account was closed"), "no amount": form("all of it", "the account was closed"), "no reason": form("10,00", "short"), "nothing": form("0", "the account was closed")} {
		rw := w.Ask(w.alma, base+"/write-off", f)
		if rw.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, rw.Code)
		}
		w.Shows(rw, http.StatusUnprocessableEntity, f.Get("reason"), f.Get("amount"), "open")
	}
	w.Shows(w.Ask(w.alma, base+"/write-off", url.Values{"currency": {"eur"}}), http.StatusNotFound)
	w.does(base+"/write-off", form("50,00", "a goodwill that Relais bears"), "noté dans les livres", "150,00", "a goodwill that Relais bears")
	w.does(base+"/write-off", form("150,00", "the account was closed for good"), "Une deuxième personne doit confirmer", "Une autre personne doit confirmer")
	w.Shows(w.Ask(w.alma, base+"/write-off", form("10,00", "one more while one waits")), http.StatusConflict, "attend déjà une deuxième personne", "one more while one waits")
	var waiting string
	if err := w.DB.Get(&waiting, `select id::text from write_offs where state = 'waiting'`); err != nil {
		t.Fatal(err)
	}
	w.does("/admin/debts/write-offs/"+waiting, url.Values{"do": {"approve"}}, "deuxième personne doit être une autre")
	w.does("/admin/debts/write-offs/"+waiting, url.Values{"do": {"refuse"}}, "écartée")
	w.does(base+"/recover", url.Values{"currency": {"EUR"}}, "La reprise est demandée à Stripe")
	w.Settle()
	w.Shows(w.Ask(w.alma, "/admin/debts", nil), http.StatusOK, "Personne ne doit rien", "repris")
	w.Shows(w.Ask(w.alma, base+"/recover", url.Values{"currency": {"EUR"}}), http.StatusSeeOther)
	w.Shows(w.Ask(w.lea, base+"/recover", url.Values{"currency": {"EUR"}}), http.StatusNotFound)
	w.logged("write-off asked", 2)
	w.Audit()
}
