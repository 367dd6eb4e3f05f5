package admin_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/postgres/pgtest"
)

func TestReconciliation(t *testing.T) {
	w := open(t, false)
	path := "/admin/reconciliation"
	w.Shows(w.Ask(w.alma, path, nil), http.StatusOK, "Aucune comparaison", "pas encore été lu", "!Aucun écart")
	order := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea})
	w.does(path, url.Values{}, "La comparaison commence")
	w.logged("comparison asked for", 1)
	w.Settle()
	w.Shows(w.Ask(w.alma, path, nil), http.StatusOK, "Aucun écart", "1 nouveau mouvement", "retenu pour les bénéficiaires", "125,00", "Revenus de la plateforme", "mars 2026")
	w.Shows(w.Ask(w.alma, path, nil, "Accept-Language", "en"), http.StatusOK, "No difference", "1 new movement", "can be sent to our bank", "Revenue of the platform")

	difference := w.difference(`insert into differences (kind, object, currency, expected_minor, found_minor, order_id, first_seen, last_seen, needs_two)
		select 'amount_differs', charge_id, 'EUR', total_minor, total_minor - 20001, id, now(), now(), true from orders returning id`)
	broken := w.difference(`insert into differences (kind, object, found_minor, first_seen, last_seen, needs_two) values ('books_broken', 'ledger_zero', 3, now(), now(), true) returning id`)
	w.Shows(w.Ask(w.alma, path, nil), http.StatusOK, "Montants différents", order.Number, "Comparez les deux montants", "versements gelés", "à expliquer", "Règle des comptes rompue",
		"Les versements programmés attendent", "!Aucun écart", "Une seconde personne doit confirmer")
	w.Shows(w.Ask(w.alma, path, nil, "Accept-Language", "en"), http.StatusOK, "Amounts differ", "Compare both amounts", "payouts frozen", "Scheduled payouts wait", "Above 100 EUR")

	act := fmt.Sprintf("%s/%d", path, difference)
	w.does(act, url.Values{"do": {"note"}, "reason": {"asked <b>Stripe</b>"}}, "La note est enregistrée", "asked &lt;b&gt;Stripe")
	w.does(act, url.Values{"do": {"explain"}, "reason": {"short"}}, "au moins dix caractères")
	w.does(act, url.Values{"do": {"confirm"}}, "explication a changé")
	w.does(act, url.Values{"do": {"explain"}, "reason": {"a test changed it by hand"}}, "attend la confirmation", "a test changed it by hand", "attend une seconde personne")
	w.does(act, url.Values{"do": {"confirm"}}, "Une autre personne")
	first := w.alma
	w.alma = w.Member("bea")
	if err := w.Members.Promote(t.Context(), 0, w.alma, true); err != nil {
		t.Fatal(err)
	}
	w.does(act, url.Values{"do": {"confirm"}}, "L’explication est confirmée", "confirmé par Bea")
	w.does(act, url.Values{"do": {"reopen"}}, "alerte de nouveau")
	for _, c := range []struct {
		target string
		form   url.Values
	}{{act, url.Values{"do": {"forget"}}}, {path + "/99999", url.Values{"do": {"note"}, "reason": {"of nothing"}}}, {path + "/x", url.Values{"do": {"note"}}}} {
		w.Shows(w.Ask(w.alma, c.target, c.form), http.StatusNotFound)
	}
	w.alma = first
	w.logged("difference explained", 1)

	pgtest.Owner(t, w.DB).MustExec(`update differences set resolved_at = now() where id = $1`, broken)
	w.Shows(w.Ask(w.alma, path, nil), http.StatusOK, "Écarts réglés", "de lui-même", "!Les versements programmés attendent")
	w.file("/admin/reconciliation.csv", 3, "amount_differs")
	w.file("/admin/revenue.csv", 2, "2026-03")
}

func (w *world) difference(insert string) (id int64) {
	w.T.Helper()
	if err := pgtest.Owner(w.T, w.DB).Get(&id, insert); err != nil {
		w.T.Fatal(err)
	}
	return id
}

// file fails where a CSV file has not so many rows, or lacks the word.
func (w *world) file(path string, rows int, word string) {
	w.T.Helper()
	rw := w.Ask(w.alma, path, nil)
	if rw.Code != http.StatusOK || !strings.HasPrefix(rw.Header().Get("Content-Type"), "text/csv") || !strings.Contains(rw.Body.String(), word) {
		w.T.Errorf("%s: %d %v\n%.400s", path, rw.Code, rw.Header(), rw.Body)
	}
	got, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(rw.Body.String(), "\ufeff"))).ReadAll()
	if err != nil || len(got) != rows {
		w.T.Errorf("%s: %d rows, %v", path, len(got), err)
	}
}
