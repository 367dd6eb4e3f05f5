package shop_test

import (
	"net/http"
	"testing"

	"relais/internal/returns"
)

func (w *world) lineOf(product int64) (id int64) {
	w.t.Helper()
	w.ok(w.db.Get(&id, `select max(id) from order_lines where product_id = $1`, product))
	return id
}

func (w *world) send(product int64) {
	w.t.Helper()
	var shipment, brand int64
	w.ok(w.db.QueryRow(`select shipment_id, brand_id from order_lines where id = $1`, w.lineOf(product)).Scan(&shipment, &brand))
	w.ok(w.orders.Ship(w.t.Context(), brand, shipment, "Colissimo", "6A1"))
}

// TestWithdrawFromAPart: pieces are chosen, the total is shown before it is confirmed, each return has its own acknowledgement, and
// delivery goes back when nothing of the parcel stays.
func TestWithdrawFromAPart(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "2").is(http.StatusOK)
	_, token := w.buy()
	w.send(w.bowl.ID)
	base, line := "/o/"+token+"/withdraw", "line-"+id(w.lineOf(w.bowl.ID))
	w.get("/o/"+token).is(http.StatusOK, "Se rétracter du contrat ici")
	if got := w.get(base).is(http.StatusOK, "Bol en grès", "/ 2").field(line); got != "2" {
		t.Errorf("%s pieces are chosen first; want both", got)
	}
	for _, bad := range []string{"3", "-1", "beaucoup"} {
		w.post(base, "operation", once, line, bad, "reason", "gardé "+bad).is(http.StatusUnprocessableEntity, "gardé "+bad)
	}
	w.post(base, "operation", once, line, "0", "step", "confirm").is(http.StatusUnprocessableEntity, "Choisissez au moins un article")
	w.post(base, line, "1", "step", "confirm").is(http.StatusUnprocessableEntity, "Rechargez")
	w.post(base, "operation", once, line, "1").is(http.StatusOK, "24,00 €", "La livraison est remboursée quand rien du colis", "Confirmer la rétractation")
	w.post(base, "operation", once, line, "2").is(http.StatusOK, "51,90 €")
	w.post(base, "operation", once, line, "1", "step", "confirm").is(http.StatusOK, "Votre rétractation est enregistrée", "1 ×", "Déclarer ma rétractation", "/o/"+token+"/returns/")
	w.get("/o/"+token).is(http.StatusOK, "Rétractation déclarée", "En chemin vers Atelier du Sud", "Se rétracter du contrat ici", "Merci, Léa Durand")
	w.post(base, "operation", once+"2", line, "1", "step", "confirm").is(http.StatusOK, "Votre rétractation est enregistrée").lacks("Déclarer ma rétractation")
	w.get("/o/"+token).is(http.StatusOK, "Tout ce qui peut revenir")

	var first int64
	w.ok(w.db.Get(&first, `select min(id) from returns`))
	w.post("/o/"+token+"/returns/"+id(first)+"/sent", "tracking", "6A <b>77</b>").is(http.StatusOK, "C’est noté", "Vous avez renvoyé les articles", "6A &lt;b&gt;77")
	w.post("/o/"+token+"/returns/"+id(first)+"/keep").is(http.StatusOK, "Ce retour a déjà avancé") // a withdrawal is not taken back
	w.post("/o/" + token + "/returns/" + id(first+99) + "/sent").is(http.StatusNotFound)
	w.add(w.ax, "1").is(http.StatusOK)
	_, other := w.buy()
	w.post("/o/" + other + "/returns/" + id(first) + "/sent").is(http.StatusNotFound) // somebody else's

	var second int64
	w.ok(w.db.Get(&second, `select max(id) from returns`))
	for _, n := range []int64{first, second} {
		w.ok(w.returns.Receive(t.Context(), returns.Receipt{ReturnID: n, Restock: true}))
		w.ok(w.runner.Drain(t.Context()))
	}
	w.get("/o/"+token).is(http.StatusOK, "Commande remboursée", "24,00 €", "27,90 €", "− 51,90 €")
	w.client = w.buyer("en")
	w.get("/o/"+token).is(http.StatusOK, "Order refunded", "Refunded to the card that paid")
	w.get(base).is(http.StatusOK, "You are refunded for these items").lacks("Declare my withdrawal")
}

// TestCustomMade: what is made to the buyer's wishes says so before it is bought, is left out of a withdrawal with the reason, and can
// be asked about.
func TestCustomMade(t *testing.T) {
	w := newWorld(t)
	if _, err := w.db.Exec(`update products set custom_made = true where id = $1`, w.bowl.ID); err != nil {
		t.Fatal(err)
	}
	w.get("/p/"+w.bowl.Slug).is(http.StatusOK, "Fait sur mesure", "L221-28")
	w.add(w.bowl, "1").is(http.StatusOK, "pas de droit de rétractation")
	w.add(w.ax, "1").is(http.StatusOK)
	w.get("/checkout").is(http.StatusOK, "pas de droit de rétractation")
	_, token := w.buy()
	base, custom, other := "/o/"+token, "line-"+id(w.lineOf(w.bowl.ID)), "line-"+id(w.lineOf(w.ax.ID))
	w.get(base+"/withdraw").is(http.StatusOK, "pas de droit de rétractation", `name="`+other+`"`, base+"/return").lacks(`name="` + custom + `"`)
	w.post(base+"/withdraw", "operation", once, custom, "1").is(http.StatusUnprocessableEntity, "Choisissez au moins un article")
	w.post(base+"/withdraw", "operation", once, other, "1", custom, "1", "step", "confirm").is(http.StatusOK, "Votre rétractation est enregistrée", "Hachette de camp")
}

func TestAskTheBrandToTakeItBack(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1").is(http.StatusOK)
	_, token := w.buy()
	w.send(w.bowl.ID)
	w.ok(w.orders.Deliver(t.Context(), w.sud.ID, int64(w.count(`select max(id) from shipments`)), "buyer"))
	w.later(15 * 24 * hour)
	base, line := "/o/"+token, "line-"+id(w.lineOf(w.bowl.ID))
	w.get(base+"/withdraw").is(http.StatusOK, "Demander à la marque", base+"/return")
	w.get(base+"/return").is(http.StatusOK, "la marque décide", "Bol en grès")
	w.post(base+"/return", "operation", once, line, "1").is(http.StatusUnprocessableEntity, "À remplir")
	w.post(base+"/return", "operation", once, "reason", "Il fuit").is(http.StatusUnprocessableEntity, "Choisissez au moins un article", "Il fuit")
	for range 2 { // sent twice it is one
		w.post(base+"/return", "operation", once, line, "1", "reason", "Il fuit").is(http.StatusOK, "Votre demande part", "Il fuit", "Gardez les articles")
	}
	if n := w.count(`select count(*) from returns`); n != 1 {
		t.Errorf("%d requests", n)
	}
	keep := "/o/" + token + "/returns/" + id(int64(w.count(`select max(id) from returns`))) + "/keep"
	w.post(keep).is(http.StatusOK, "vous le gardez", "Vous gardez ces articles")
	w.post(keep).is(http.StatusOK, "déjà avancé")
	w.client = w.buyer("en")
	w.get(base+"/return").is(http.StatusOK, "Ask the brand to take it back")
	w.get(base+"/withdraw").is(http.StatusOK, "You keep these items")
}
