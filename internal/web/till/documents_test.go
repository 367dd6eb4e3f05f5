package till_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"relais/internal/documents"
)

func (w *world) issue() {
	w.T.Helper()
	ctx := w.T.Context()
	if err := w.Documents.Sweep(ctx, time.Time{}); err != nil {
		w.T.Fatal(err)
	}
	if err := w.Documents.CloseMonths(ctx); err != nil {
		w.T.Fatal(err)
	}
}

func TestDocumentsOfABrandAndAMember(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(w.lea, "/me/documents", nil), http.StatusOK, "Pas encore de document", "/me/earnings")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/documents", nil), http.StatusOK, "Pas encore de document", "/brand/terre/products")
	o := w.sale()
	w.Deliver(o.ID)
	w.Pass(15)
	w.Pass(16)
	w.issue()
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/documents", nil), http.StatusOK, "TERRE-2026-000001", "RELAIS-F-2026-000001", "Anne Lebrun", "125,00", "mars 2026", "/brand/terre/orders/"+o.Number, "!RELAIS-M")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/documents?show=fees", nil), http.StatusOK, "RELAIS-F-2026-000001", "!TERRE-2026-000001<")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/documents?show=buyers", nil, english...), http.StatusOK, "TERRE-2026-000001", "Invoice", "!RELAIS-F")
	w.Shows(w.Ask(w.lea, "/me/documents", nil), http.StatusOK, "RELAIS-M", "10,00", "!TERRE-", "!Lebrun")

	statement, err := documents.List(t.Context(), w.DB, documents.Query{MemberID: w.lea})
	if err != nil || len(statement) != 1 {
		t.Fatalf("%v, %v", statement, err)
	}
	for target, owner := range map[string]int64{"/brand/terre/documents/TERRE-2026-000001.pdf": w.shop.Owner, "/brand/terre/documents/RELAIS-F-2026-000001.pdf": w.shop.Owner,
		"/me/documents/" + statement[0].File(): w.lea} {
		rw := w.Ask(owner, target, nil)
		h := rw.Header()
		if rw.Code != http.StatusOK || h.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(rw.Body.String(), "%PDF-") ||
			!strings.HasPrefix(h.Get("Content-Disposition"), "inline; filename=") || !strings.HasPrefix(h.Get("Cache-Control"), "private") {
			t.Errorf("%s: %d, %v", target, rw.Code, h)
		}
		w.leads(w.Ask(0, target, nil, "Accept", "text/html"), "/login?next=")
		for _, other := range []int64{w.bruno, w.other.Owner} {
			w.Shows(w.Ask(other, target, nil), http.StatusNotFound)
		}
	}
	// Somebody else's document under one's own address.
	for target, member := range map[string]int64{"/brand/verre/documents/TERRE-2026-000001.pdf": w.other.Owner, "/brand/terre/documents/" + statement[0].File(): w.shop.Owner,
		"/me/documents/TERRE-2026-000001.pdf": w.lea, "/me/documents/" + statement[0].Number: w.lea, "/me/documents/none.pdf": w.lea} {
		w.Shows(w.Ask(member, target, nil), http.StatusNotFound)
	}
	w.Shows(w.Ask(w.lea, "/brand/terre/documents", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.other.Owner, "/brand/terre/documents.csv", nil), http.StatusNotFound)
	w.leads(w.Ask(0, "/me/documents", nil, "Accept", "text/html"), "/login?next=")

	rw := w.Ask(w.shop.Owner, "/brand/terre/documents.csv", nil)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(rw.Body.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[2][0] != "TERRE-2026-000001" || rows[2][8] != "125.00" || rows[1][3] != "2026-03" || !strings.Contains(rw.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestEarningsInTwoCurrencies(t *testing.T) {
	w := open(t)
	pounds := w.ShopIn("thames", "GBP", "GB", 6000, 9)
	w.sale()
	w.Paid(w.Recommended(pounds, w.lea))
	rw := w.Ask(w.lea, "/me/earnings", nil)
	w.Shows(rw, http.StatusOK, "10,00\u00a0€", "5,00\u00a0£", "Gagné par mois, euro", "Gagné par mois, livre sterling", "!15,00")
	w.Shows(w.Ask(w.lea, "/me/earnings", nil, english...), http.StatusOK, "€10.00", "£5.00", "!15.00")
	w.Audit()
}
