package aftersale_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/disputes"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/pledges/consent"
	"relais/internal/postgres"
)

// disputed is an order whose buyer's bank takes the payment back, with its dispute.
func (w *world) disputed(ps ...apptest.Purchase) (orders.Order, disputes.Dispute) {
	w.T.Helper()
	o := w.Order(ps...)
	w.Pay(o, "4000000000002685")
	w.Settle()
	w.Pass(1)
	ds, err := w.Disputes.OfOrder(w.T.Context(), o.ID)
	if err != nil || len(ds) != 1 {
		w.T.Fatalf("%+v, %v", ds, err)
	}
	return o, ds[0]
}

func TestDisputeIsAnswered(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/disputes", nil), http.StatusOK, "Aucune contestation")
	o, d := w.disputed(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea})
	path := fmt.Sprintf("/brand/terre/disputes/%d", d.ID)
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/disputes", nil), http.StatusOK, o.Number, "réponse attendue", "ne sont pas arrivés", "Répondre avant le")
	w.Shows(w.Ask(w.alma, "/admin/disputes", nil, english...), http.StatusOK, o.Number, "answer needed", "did not arrive")
	w.Shows(w.Ask(w.other.Owner, "/brand/verre/disputes", nil), http.StatusOK, "!"+o.Number)
	w.Shows(w.Ask(w.other.Owner, fmt.Sprintf("/brand/verre/disputes/%d", d.ID), nil), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "125,00", "À la banque maintenant", "Bol terre", "Anne Lebrun", "Paiement contesté", "Personne ne rend rien")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/orders/"+o.Number+"/refund", url.Values{"operation": {once}, "amount": {"5"}, "step": {"confirm"}}), http.StatusConflict, "contesté", `value="5"`)

	w.Shows(w.Ask(w.shop.Owner, path, url.Values{"do": {"check"}, "text": {" "}, "tracking": {"6A77"}}), http.StatusUnprocessableEntity, "À remplir", "6A77")
	w.leads(w.Ask(w.shop.Owner, path+"/answer", nil), path) // nothing to check yet
	w.leads(w.Ask(w.shop.Owner, path, url.Values{"do": {"save"}, "text": {"Envoyé <b>hier</b>."}, "product": {"1 × Bol"}}), path)
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "Envoyé &lt;b&gt;hier")
	w.Shows(w.upload(w.shop.Owner, path+"/files", "receipt", []byte("not a picture")), http.StatusUnprocessableEntity, "JPEG")
	w.Shows(w.Ask(w.shop.Owner, path+"/files", url.Values{}), http.StatusUnprocessableEntity, "JPEG")
	w.Shows(w.upload(w.shop.Owner, path+"/files", "receipt", bytes.Repeat([]byte("\x89PNG\r\n\x1a\n"), 1<<20)), http.StatusRequestEntityTooLarge)
	w.leads(w.upload(w.shop.Owner, path+"/files", "shipping_documentation", []byte("\x89PNG\r\n\x1a\n and more")), path)
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "preuve.png", "Preuve de livraison")
	files, err := w.Disputes.Files(t.Context(), d.ID)
	if err != nil || len(files) != 1 {
		t.Fatalf("%+v, %v", files, err)
	}
	w.leads(w.Ask(w.shop.Owner, fmt.Sprintf("%s/files/%d/remove", path, files[0].ID), url.Values{}), path)
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "!preuve.png")

	w.leads(w.Ask(w.shop.Owner, path, url.Values{"do": {"check"}, "text": {"Envoyé hier."}, "product": {"1 × Bol"}}), path+"/answer")
	w.Shows(w.Ask(w.shop.Owner, path+"/answer", nil), http.StatusOK, "Envoyé hier.", "1 × Bol", "Aucun fichier", "qu’une réponse")
	w.leads(w.Ask(w.shop.Owner, path+"/answer", url.Values{}), path)
	w.leads(w.Ask(w.shop.Owner, path+"/answer", url.Values{}), path) // twice is once
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "part", "!Garder le brouillon")
	w.Shows(w.Ask(w.shop.Owner, path, url.Values{"do": {"save"}, "text": {"Trop tard"}}), http.StatusConflict)
	w.Settle()
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "chez la banque", "Envoyé hier.", "Réponse envoyée")
	var logged int
	if err := w.DB.Get(&logged, `select count(*) from audit_log where action = 'dispute answered' and actor_id = $1`, w.shop.Owner); err != nil || logged != 1 {
		t.Errorf("%d lines in the log, %v", logged, err)
	}
	w.Audit()
}

// What the buyer of an order that was charged later agreed to is shown to whoever answers their bank, and begins the answer; it is no answer that was given.
func TestWhatABuyerAgreedToIsEvidence(t *testing.T) {
	w := open(t)
	o, d := w.disputed(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea})
	path := fmt.Sprintf("/admin/disputes/%d", d.ID)
	w.Shows(w.Ask(w.alma, path, nil), http.StatusOK, "!Ce que l’acheteur a accepté")
	now := w.Clock.Now()
	err := postgres.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error {
		return consent.Keep(t.Context(), tx, consent.Consent{OrderID: o.ID, Words: "Vous nous autorisez <à débiter>.", Lang: i18n.FR, MostMinor: 12500, Currency: "EUR", GivenAt: now, CardAt: now})
	})
	if err != nil {
		t.Fatal(err)
	}
	for who, at := range map[int64]string{w.alma: path, w.shop.Owner: fmt.Sprintf("/brand/terre/disputes/%d", d.ID)} {
		w.Shows(w.Ask(who, at, nil), http.StatusOK, "Ce que l’acheteur a accepté", "<blockquote lang=\"fr\">Vous nous autorisez &lt;à débiter&gt;.", "a coché une case", "autorisez &lt;à débiter&gt;.", i18n.FR.DateTime(now))
	}
	w.Shows(w.Ask(w.alma, path, nil, english...), http.StatusOK, "What the buyer agreed to", "On both they read")
	if err := w.Sandbox.DecideDispute(d.StripeID, false); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Shows(w.Ask(w.alma, path, nil), http.StatusOK, "Ce que l’acheteur a accepté", "!Réponse envoyée", "!a coché une case")
}

func TestDisputeIsAccepted(t *testing.T) {
	w := open(t)
	o, d := w.disputed(apptest.Purchase{Variant: w.shop.Variant}, apptest.Purchase{Variant: w.other.Variant})
	// The order is also another brand's: only the platform gives in.
	path := fmt.Sprintf("/brand/terre/disputes/%d", d.ID)
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "!Renoncer", "!Bol verre")
	w.leads(w.Ask(w.shop.Owner, path+"/accept", nil), path)
	w.leads(w.Ask(w.shop.Owner, path+"/accept", url.Values{}), path)
	if got, err := w.Disputes.ByID(t.Context(), d.ID, 0); err != nil || !got.Answerable() {
		t.Fatalf("%+v, %v", got, err)
	}
	path = fmt.Sprintf("/admin/disputes/%d", d.ID)
	w.Shows(w.Ask(w.alma, path+"/accept", nil), http.StatusOK, "définitif", o.Number)
	w.leads(w.Ask(w.alma, path+"/accept", url.Values{}), path)
	w.Settle()
	w.Shows(w.Ask(w.alma, path, nil), http.StatusOK, "perdue", "chacun a rendu sa part", "Contestation perdue", "180,00")
	w.leads(w.Ask(w.alma, path+"/accept", url.Values{}), path)
	if p := w.order(o.ID); p.State != orders.ChargedBack {
		t.Errorf("the order is %s", p.State)
	}
	w.Audit()
}

// A bank can be quicker than the notice of the payment: the order's people are told once the order is known.
func TestDisputeBeforeItsOrderIsKnown(t *testing.T) {
	w := open(t)
	o := w.Order(apptest.Purchase{Variant: w.shop.Variant})
	w.Pay(o, "4000000000002685")
	placed := w.order(o.ID)
	paid, err := w.Stripe.Checkout(t.Context(), *placed.CheckoutID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Sandbox.Tick(); err != nil {
		t.Fatal(err)
	}
	if err := w.Disputes.PaymentDisputed(t.Context(), paid.PaymentIntentID); err != nil {
		t.Fatal(err)
	}
	if ds, err := w.Disputes.List(t.Context(), 0, true, 10); err != nil || len(ds) != 1 || ds[0].OrderID != nil {
		t.Fatalf("before the payment is known: %+v, %v", ds, err)
	}
	w.Settle()
	var told int
	if err := w.DB.Get(&told, `select count(*) from order_events where order_id = $1 and kind = 'dispute_opened'`, o.ID); err != nil || told != 1 {
		t.Errorf("told %d times, %v", told, err)
	}
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/disputes", nil), http.StatusOK, o.Number)
	w.Audit()
}
