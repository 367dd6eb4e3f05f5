package brandspace_test

import (
	"testing"

	"relais/internal/catalog"
	"relais/internal/i18n"
)

func TestPricesAreTypedInTheBrandsCurrency(t *testing.T) {
	s := newSpace(t)
	v := s.open()
	v.see("/brand/new", 200, "Monnaie des prix", "GBP", "JPY")
	bad := brandForm()
	bad.Set("handle", "autre")
	bad.Set("currency", "CHF")
	v.post("/brand/new", bad, 422, "Choisissez une des monnaies")
	base := "/brand/atelier-sud"
	v.see(base+"/settings", 200, "Monnaie", "Aucun prix n’est converti")
	v.post(base+"/settings/currency", form("currency", "KWD"), 422, "Choisissez une des monnaies")
	v.post(base+"/settings/currency", form("currency", "JPY"), 303)

	wrong := productForm()
	wrong.Set("variants.0.price", "12.00")
	v.post(base+"/products/new", wrong, 422, "cette monnaie n’a pas de décimales", "¥")
	v.post(base+"/settings/delivery", form("name", "Poste", "price", "5,50", "days_min", "2", "days_max", "4", "countries", "FR", "active", "yes"), 422, "cette monnaie n’a pas de décimales")
	v.post(base+"/settings/delivery", form("name", "Poste", "price", "550", "days_min", "2", "days_max", "4", "countries", "FR", "active", "yes"), 303)
	v.see(base+"/settings/delivery", 200, "550\u00a0¥")
	right := productForm()
	right.Set("variants.0.price", "1200")
	right.Set("variants.2.price", "1 500")
	v.post(base+"/products/new", right, 303)
	p, err := catalog.ByID(t.Context(), s.db, 1, i18n.FR, s.now)
	if err != nil || p.Currency != "JPY" || p.Variants[0].PriceMinor != 1200 || p.Variants[1].PriceMinor != 1500 {
		t.Fatalf("%+v, %v", p, err)
	}
	v.see(base+"/products/1", 200, `value="1200"`, "1\u202f200\u00a0¥")
	v.see(base+"/terms?price=1200", 200, "1\u202f200\u00a0¥")

	// Back to euro: the prices are to be typed again before it can be published.
	v.post(base+"/settings/currency", form("currency", "EUR"), 303)
	v.see(base+"/products/1", 200, "Les prix de ce produit étaient en ¥")
	v.post(base+"/products/1/state", form("state", "published"), 303)
	p, err = catalog.ByID(t.Context(), s.db, 1, i18n.FR, s.now)
	if err != nil || p.State != catalog.Draft {
		t.Errorf("published with prices of another currency: %s, %v", p.State, err)
	}
	right.Set("variants.0.price", "12.00")
	v.post(base+"/products/1", right, 303)
	v.post(base+"/products/1/state", form("state", "published"), 303)
	v.see(base+"/settings", 200, "elle ne change plus")
	v.post(base+"/settings/currency", form("currency", "GBP"), 422, "elle ne change plus")
}
