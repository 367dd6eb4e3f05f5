package till_test

import (
	"fmt"
	"net/http"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/earnings"
)

// The author of a design reads what it earned them: design, base, rate and when it comes free; the brand, what is left of the line.
func TestRoyaltyIsExplained(t *testing.T) {
	w := open(t)
	terms := catalog.FirstTerms()
	terms.RoyaltyBps, terms.IdeaBps = 1000, 300
	if _, err := w.Catalog.OfferTerms(t.Context(), w.shop.Owner, w.shop.Brand, terms); err != nil {
		t.Fatal(err)
	}
	ada := w.Member("ada")
	w.Published(w.shop.Product, ada, 800, 0)
	w.CameOf(w.shop, w.bruno)
	o := w.sale()
	royalty, idea := w.earningOf(earnings.Owner{MemberID: ada}), w.earningOf(earnings.Owner{MemberID: w.bruno})
	design := fmt.Sprintf("Dessin %d", ada)

	w.Shows(w.Ask(ada, "/me/earnings", nil), http.StatusOK, "Bol terre · redevance · Maison terre", "8,00")
	w.Shows(w.Ask(ada, fmt.Sprintf("/me/earnings/%d", royalty.ID), nil), http.StatusOK, "redevance", design, "120,00", "TVA 20", "100,00", "× 8", "Votre redevance", "8,00", "quelle que soit la personne", "14 jours",
		"!Pourquoi cette vente est à vous", "!Lebrun", "!acheteuse@", "!ramené")
	w.Shows(w.Ask(w.bruno, fmt.Sprintf("/me/earnings/%d", idea.ID), nil, english...), http.StatusOK, "idea share", "Un bol plus grand", "× 3", "Your share", "3.00")
	w.Shows(w.Ask(w.lea, fmt.Sprintf("/me/earnings/%d", royalty.ID), nil), http.StatusNotFound)
	w.Shows(w.Ask(ada, "/me/earnings.csv", nil), http.StatusOK, "redevance", ",800,", "100.00")

	// The brand: 120.00 less 10.00, 8.00 and 3.00 and a fee of 5.00.
	order := "/brand/terre/orders/" + o.Number
	w.Shows(w.Ask(w.shop.Owner, order, nil), http.StatusOK, "Redevances", "− 11,00", "− 10,00", "− 5,00", "94,00", "Dessin de Ada", design, "Idée de Bruno")
	var sale int64
	if err := w.DB.Get(&sale, `select id from earnings where role = 'sale' and order_id = $1`, o.ID); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.shop.Owner, fmt.Sprintf("/brand/terre/earnings/%d", sale), nil), http.StatusOK, "Redevances des auteurs", "− 11,00", "94,00")
	// The author of an idea may not want to be known.
	if _, err := w.DB.Exec(`update ideas set named = false`); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.shop.Owner, order, nil), http.StatusOK, "Idée d’un membre", "!Bruno")
	w.Shows(w.Ask(w.shop.Owner, order+"/refund?mode=all", nil), http.StatusOK, "!Bruno")
	plain := w.Paid(apptest.Purchase{Variant: w.other.Variant})
	w.Shows(w.Ask(w.other.Owner, "/brand/verre/orders/"+plain.Number, nil), http.StatusOK, "!Redevances")
}
