package referrals_test

import (
	"errors"
	"testing"

	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/posts/poststest"
	"relais/internal/referrals"
)

// A circle on Relais has one link of a member for a product, whatever it is called meanwhile; two circles of one name have two.
func TestLinksInCircles(t *testing.T) {
	w := open(t)
	one := poststest.Circle(t, w.db, "famille", groups.Personal, groups.Private, w.alice)
	two := poststest.Circle(t, w.db, "bureau", groups.Professional, groups.Private, w.alice)
	in := func(g groups.Group, name string) referrals.Share {
		return referrals.Share{Target: referrals.ToProduct, ProductID: w.soap, Channel: referrals.InCircle, Circle: name, GroupID: g.ID}
	}
	first := w.link(t, w.alice, in(one, "La famille"))
	if first.GroupID != one.ID || first.Circle != "La famille" {
		t.Errorf("%+v", first)
	}
	if again := w.link(t, w.alice, in(one, "Les miens")); again.Code != first.Code {
		t.Errorf("a renamed circle has another link: %+v", again)
	}
	if other := w.link(t, w.alice, in(two, "La famille")); other.Code == first.Code {
		t.Error("two circles share a link")
	}
	if plain := w.link(t, w.alice, referrals.Share{Target: referrals.ToProduct, ProductID: w.soap, Circle: "La famille"}); plain.Code == first.Code || plain.GroupID != 0 {
		t.Errorf("a name of one's own is a circle: %+v", plain)
	}
	named, err := referrals.Circles(t.Context(), w.db, w.alice)
	if err != nil || len(named) != 1 {
		t.Errorf("names of one's own: %v, %v", named, err)
	}
	for name, sh := range map[string]referrals.Share{
		"a circle without its channel": {Target: referrals.ToProduct, ProductID: w.soap, GroupID: one.ID},
		"the channel without a circle": {Target: referrals.ToProduct, ProductID: w.soap, Channel: referrals.InCircle},
	} {
		if _, err := w.s.Create(t.Context(), w.alice, sh); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is shared in a circle is in no page that everybody reads; the link of the circle leads to the product with the click, and to the
// storefront once the member has it there.
func TestCircleLinksStayPrivate(t *testing.T) {
	w := open(t)
	g := poststest.Circle(t, w.db, "famille", groups.Personal, groups.Private, w.alice)
	l := w.link(t, w.alice, referrals.Share{Target: referrals.ToProduct, ProductID: w.soap, Channel: referrals.InCircle, Circle: "La famille", GroupID: g.ID})
	listings := func() (n int) {
		if err := w.db.Get(&n, `select count(*) from listings where member_id = $1`, w.alice); err != nil {
			t.Fatal(err)
		}
		return n
	}
	shared := func() bool {
		known, err := referrals.Shared(t.Context(), w.db, w.alice, w.soap)
		if err != nil {
			t.Fatal(err)
		}
		return known
	}
	if n := listings(); n != 0 || shared() {
		t.Errorf("%d listings, shared: %v", n, shared())
	}
	if want := "/p/" + l.ProductSlug + "?c=T"; l.Landing("T") != want {
		t.Errorf("leads to %s, want %s", l.Landing("T"), want)
	}
	w.link(t, w.alice, referrals.Share{Target: referrals.ToProduct, ProductID: w.soap})
	again, err := w.s.Own(t.Context(), w.alice, l.Code)
	if err != nil || listings() != 1 || !shared() || again.Landing("T") != "/@alice/p/"+l.ProductSlug+"?c=T" {
		t.Errorf("%v: once it is in the storefront it leads to %s", err, again.Landing("T"))
	}
}
