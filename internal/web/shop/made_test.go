package shop_test

import (
	"net/http"
	"testing"

	"relais/internal/postgres/pgtest"
)

// The buyer reads on their order whose design and whose idea they bought, and what each has of it. Who does not want to be named is not.
func TestOrderSaysWhoMadeIt(t *testing.T) {
	w := newWorld(t)
	tx := pgtest.Owner(t, w.db).MustBegin()
	tx.MustExec(`set local session_replication_role = replica`)
	tx.MustExec(`insert into design_revisions (design_id, revision, version_id, title, content, option_minor, kept_at) values (1, 1, 1, 'Deux mains', '{}', 0, now())`)
	tx.MustExec(`insert into publications (design_id, revision, author_id, base_product_id, product_id, title, royalty_bps, state, asked_at)
		values (1, 1, $1, $2, $2, 'Deux mains', 800, 'listed', now())`, w.member("ada"), w.bowl.ID)
	tx.MustExec(`insert into ideas (id, brand_id, author_id, operation, lang, title, text, named, threshold, answer_days, supporters, proposed_at, closes_at) overriding system value
		values (7, $1, $2, 'an idea of a bowl', 'fr', 'Un bol', 'Plus grand.', true, 5, 7, 0, now(), now() + interval '20 days')`, w.bowl.BrandID, w.member("dan"))
	tx.MustExec(`insert into idea_steps (idea_id, kind, ref_id, at) values (7, 'product', $1, now())`, w.bowl.ID)
	tx.MustExec(`insert into terms (brand_id, commission_bps, royalty_bps, idea_bps, hold_days, window_days, valid_from) values ($1, 1000, 1000, 300, 14, 30, $2)`, w.bowl.BrandID, w.stripe.Clock.Now())
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	w.add(w.bowl, "1").is(http.StatusOK)
	order, token := w.buy()
	// 20.00 without VAT.
	order.is(http.StatusOK, "Qui gagne sur votre achat", "Ada a dessiné", "1,60", "né d’une idée de Dan", "0,60", `href="/@ada"`)
	tx = pgtest.Owner(t, w.db).MustBegin()
	tx.MustExec(`set local session_replication_role = replica`)
	tx.MustExec(`update ideas set named = false`)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	w.get("/o/"+token).is(http.StatusOK, "Ada a dessiné", "né de l’idée d’un membre", "0,60").lacks("idée de Dan")
}
