package admin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"relais/internal/app/apptest"
)

func TestDocumentsAreFoundByNumber(t *testing.T) {
	w := open(t, false)
	shop := w.Shop("argile", 12000, 9)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant})
	w.Paid(apptest.Purchase{Variant: shop.Variant})
	if err := w.Documents.Sweep(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.alma, "/admin/documents", nil), http.StatusOK, "ARGILE-2026-000001", "ARGILE-2026-000002")
	w.Shows(w.Ask(w.alma, "/admin/documents?q=argile-2026-000002", nil), http.StatusOK, "ARGILE-2026-000002", "!ARGILE-2026-000001")
	w.Shows(w.Ask(w.alma, "/admin/documents?q="+o.Number, nil), http.StatusOK, "ARGILE-2026-000001", "!ARGILE-2026-000002")
	w.Shows(w.Ask(w.alma, "/admin/documents?q=nothing", nil), http.StatusOK, "!ARGILE-")
	rw := w.Ask(w.alma, "/admin/documents/ARGILE-2026-000001.pdf", nil)
	if rw.Code != http.StatusOK || rw.Header().Get("Content-Type") != "application/pdf" || !strings.Contains(rw.Header().Get("Content-Disposition"), "ARGILE-2026-000001.pdf") {
		t.Errorf("%d, %v", rw.Code, rw.Header())
	}
	for _, path := range []string{"/admin/documents", "/admin/documents/ARGILE-2026-000001.pdf"} {
		w.Shows(w.Ask(shop.Owner, path, nil), http.StatusNotFound)
	}
}
