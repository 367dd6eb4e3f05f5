package till_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/clicks"
	"relais/internal/referrals"
)

const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"

// A member sees what came of their links by group, channel, product and link; nobody else does, and a brand nothing of the groups.
func TestInsight(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(0, "/me/insight", nil), http.StatusSeeOther)
	w.Shows(w.Ask(w.lea, "/me/insight", nil), http.StatusOK, "Rien encore sur cette période", "/me/links", "!<svg class=\"chart")
	l, err := w.Referrals.Create(t.Context(), w.lea, referrals.Share{Target: referrals.ToProduct, ProductID: w.shop.Product, Channel: "whatsapp", Circle: "=Famille & amis"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.Clicks.Record(t.Context(), clicks.Visit{LinkID: l.ID, Address: "192.0.2.1", UserAgent: phone})
	if err != nil {
		t.Fatal(err)
	}
	w.Paid(apptest.Purchase{Variant: w.shop.Variant, Click: c.Token})
	for _, period := range []string{"", "?period=7", "?period=30", "?period=90", "?period=year", "?period=forever"} {
		w.Shows(w.Ask(w.lea, "/me/insight"+period, nil), http.StatusOK, "Par groupe", "=Famille &amp; amis", "WhatsApp", "Bol terre", "/me/links/"+l.Code, "10,00", "100", "1 visite", "!Lebrun", "!acheteuse@")
	}
	w.Shows(w.Ask(w.lea, "/me/insight", nil, english...), http.StatusOK, "By group", "1 visit", "€10.00")
	w.Shows(w.Ask(w.bruno, "/me/insight", nil), http.StatusOK, "!Famille")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/relays", nil), http.StatusOK, "WhatsApp", "Lea", "!Famille")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/relays.csv", nil), http.StatusOK, "WhatsApp", "Lea", "120.00", "!Famille")
	w.Shows(w.Ask(w.lea, "/brand/terre/relays.csv", nil), http.StatusNotFound)

	file := w.Ask(w.lea, "/me/insight.csv?period=7", nil)
	w.Shows(file, http.StatusOK, "'=Famille")
	if got := file.Header().Get("Content-Type") + file.Header().Get("Content-Disposition"); !strings.Contains(got, "text/csv") || !strings.Contains(got, "attachment") {
		t.Errorf("headers %q", got)
	}
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.Body.String(), "\ufeff"))).ReadAll()
	if err != nil || len(lines) != 1+4+7 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if got := strings.Join(lines[1], "|"); got != "Par groupe|'=Famille & amis||1|1|1|EUR|120.00|10.00" {
		t.Errorf("line of the group: %s", got)
	}
}
