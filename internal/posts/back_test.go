package posts_test

import (
	"errors"
	"fmt"
	"testing"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/posts"
	"relais/internal/posts/poststest"
)

// codes are the share links of a post, by circle and network.
func (w *world) codes(id int64) map[string]string {
	w.T.Helper()
	there, err := posts.Places(w.T.Context(), w.DB, id)
	w.must(err)
	networks, err := posts.NetworksOf(w.T.Context(), w.DB, id)
	w.must(err)
	list := map[string]string{}
	for _, p := range there {
		list[p.Handle] = p.Code
	}
	for _, n := range networks {
		list[n.Channel] = n.Code
	}
	return list
}

func (w *world) saves(id int64, c posts.Content, to posts.Where) {
	w.T.Helper()
	_, err := w.Posts.Save(w.T.Context(), w.lea, id, "", c, to, posts.When{})
	w.must(err)
}

// What is not for sale any more is taken back from outside, out of circles and of networks, and the words are corrected: the links that were
// shown stay. It comes into no circle that did not have it.
func TestTakenBackWhenNothingIsForSale(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), []string{"mail", "sms"}, w.work, w.garden)
	before := w.codes(id)
	w.must(w.Catalog.MoveProduct(t.Context(), w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Archived))
	to := where([]string{"mail", "sms"}, w.work, w.garden)
	to.Outside = true
	w.saves(id, w.bowl(), to)
	to.Outside = false
	w.saves(id, w.bowl(), to)
	w.saves(id, posts.Content{Kind: posts.Recommendation, Text: "Il n’y en a plus.", Attach: posts.Product, ProductID: w.shop.Product}, where([]string{"mail"}, w.garden))
	w.reads("Bob", w.home(w.bob), "Il n’y en a plus. | jardin")
	delete(before, "sms")
	if after := w.codes(id); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("links %v, and were %v", after, before)
	}
	for name, to := range map[string]posts.Where{"a circle": where([]string{"mail"}, w.garden, w.family), "a network": where([]string{"mail", "x"}, w.garden)} {
		_, err := w.Posts.Save(t.Context(), w.lea, id, "", w.bowl(), to, posts.When{})
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Fields["attach"] != "posts.product_gone" {
			t.Errorf("into %s more: %v", name, err)
		}
	}
}

// The links of a post lead to what is attached to it, also where it was changed while the post was not there.
func TestLinksFollowWhatIsAttached(t *testing.T) {
	w := open(t)
	other := w.Shop("mer", 9000, 5)
	id := w.publish(w.bowl(), []string{"mail"}, w.garden, w.work)
	before := w.codes(id)
	c := w.bowl()
	c.ProductID = other.Product
	w.saves(id, c, where([]string{"mail"}, w.garden))
	w.saves(id, c, where([]string{"mail"}, w.garden, w.work))
	after := w.codes(id)
	for at, code := range after {
		if code == before[at] || w.count(`select count(*) from share_links where code = $1 and product_id = $2`, code, other.Product) != 1 {
			t.Errorf("%s: %s, before %s", at, code, before[at])
		}
	}
	c.Attach, c.ProductID = posts.Storefront, 0
	w.saves(id, c, where([]string{"mail"}, w.garden))
	if n := w.count(`select count(*) from share_links where code = $1 and target = 'storefront'`, w.codes(id)["mail"]); n != 1 {
		t.Error("the storefront has no link")
	}
	c.Attach = posts.Nothing
	w.saves(id, c, where([]string{"mail"}, w.garden))
	if after := w.codes(id); after["mail"]+after["jardin"] != "" {
		t.Errorf("links to nothing: %v", after)
	}
	c.Attach, c.ProductID = posts.Product, w.shop.Product
	w.saves(id, c, where([]string{"mail"}, w.garden))
	if after := w.codes(id); after["mail"] != before["mail"] || after["jardin"] != before["jardin"] {
		t.Errorf("links %v, and were %v", after, before)
	}
}

// Who was banned, or left, shows nothing anew to those who follow the circle; what was shown before stays until they take it back.
func TestWhoIsOutShowsNothingAnew(t *testing.T) {
	w := open(t)
	w.follow(w.zed, follows.Circle, "jardin", "")
	c := posts.Content{Kind: posts.Story, Text: "Dedans"}
	in := where(nil, w.garden)
	inside := w.publish(c, nil, w.garden)
	in.Outside, c.Text = true, "Dehors"
	outside := w.publish(c, nil, w.garden)
	w.saves(outside, c, in)
	w.reads("before", w.lines(w.zed, ""), "Dehors | follows jardin")

	poststest.Role(t, w.DB, w.garden.ID, w.lea, groups.None)
	w.saves(inside, posts.Content{Kind: posts.Story, Text: "Dedans"}, in)
	w.saves(outside, c, in)
	w.reads("after she is out", w.lines(w.zed, ""), "Dehors | follows jardin")
	in.Outside = false
	w.saves(outside, c, in)
	w.reads("taken back", w.lines(w.zed, ""))
	in.Outside = true
	w.saves(outside, c, in)
	w.reads("and not shown again", w.lines(w.zed, ""))
	poststest.Role(t, w.DB, w.garden.ID, w.lea, groups.Member)
	w.saves(outside, c, in)
	w.reads("once she is back", w.lines(w.zed, ""), "Dehors | follows jardin")
}
