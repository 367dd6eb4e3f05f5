package shop_test

import (
	"net/http"
	"testing"

	"relais/internal/groups"
	"relais/internal/posts/poststest"
	"relais/internal/referrals"
)

// What a member shares in a private circle is not in their storefront, for whoever guesses the address.
func TestSharedInACircleIsNotInTheStorefront(t *testing.T) {
	w := newWorld(t)
	g := poststest.Circle(t, w.db, "famille", groups.Personal, groups.Private, w.camille)
	now := w.stripe.Clock.Now
	s := referrals.New(referrals.Config{DB: w.db, Now: now, Clock: now})
	_, err := s.Create(t.Context(), w.camille, referrals.Share{Target: referrals.ToProduct, ProductID: w.ax.ID, Channel: referrals.InCircle, Circle: "La famille", GroupID: g.ID})
	w.ok(err)
	if got := w.get("/@camille/p/" + w.ax.Slug).is(http.StatusOK); got.path != "/p/"+w.ax.Slug {
		t.Errorf("a stranger reads %s", got.path)
	}
	w.get("/@camille").is(http.StatusOK).lacks(w.ax.Title)
	w.get("/p/" + w.ax.Slug).is(http.StatusOK).lacks("Camille")
}
