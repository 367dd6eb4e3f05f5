package till_test

import (
	"fmt"
	"net/http"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/reviews"
	"relais/internal/stripesandbox"
)

// An earning that was looked at says why, and where its share went; so do the brand's own, and a missing sale that was granted.
func TestDecisionsOnEarnings(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for _, p := range []apptest.Purchase{{Variant: w.shop.Variant, Member: w.lea, Email: "lea@relais.example"}, {Variant: w.shop.Variant, Storefront: w.lea}} {
		w.Pay(w.Order(p), stripesandbox.SecondCard)
		w.Settle()
	}
	open, err := reviews.Opened(ctx, w.DB, 0)
	if err != nil || len(open) != 1 {
		t.Fatalf("%+v, %v", open, err)
	}
	mine := fmt.Sprintf("/me/earnings/%d", open[0].EarningID)
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "Un regard sur votre vente", "La carte qui a payé", "en examen", fmt.Sprintf("/me/reviews/%d", open[0].ID))
	w.Shows(w.Ask(w.lea, "/me/earnings", nil), http.StatusOK, "Il manque une vente", `href="/me/claims"`)
	if err := w.Reviews.Decide(ctx, open[0].ID, reviews.Verdict{BrandID: w.shop.Brand, By: w.shop.Owner, Why: "C’est sa carte."}); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "C’est sa carte.", "Décidé par Maison terre", "faire un recours", "Passé à quelqu’un d’autre", "Partie d’ici", "− 10,00", "!Annulé : la commande")
	r, err := reviews.ByID(ctx, w.DB, 0, open[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.shop.Owner, fmt.Sprintf("/brand/terre/earnings/%d", *r.KeptEarningID), nil), http.StatusOK, "part refusée", "Part qui vous reste", "Arrivée ici", "10,00", fmt.Sprintf("/brand/terre/reviews/%d", r.ID))
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/orders/"+r.OrderNumber, nil), http.StatusOK, "part refusée")

	missed := w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	claim, err := w.Reviews.Ask(ctx, reviews.Asked{MemberID: w.lea, Brand: "terre", OrderNumber: missed.Number, Shared: "talk", Text: "À moi."})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Reviews.Answer(ctx, claim, 0, reviews.Verdict{BrandID: w.shop.Brand, By: w.shop.Owner, Yes: true, Why: "Oui."}); err != nil {
		t.Fatal(err)
	}
	c, err := reviews.ClaimByID(ctx, w.DB, 0, claim)
	if err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.lea, fmt.Sprintf("/me/earnings/%d", *c.EarningID), nil, "Accept-Language", "en"), http.StatusOK, "Came here", "To the member", "10.00", "!/me/sales/")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/orders/"+missed.Number, nil), http.StatusOK, "105,00")
	w.Audit()
}
