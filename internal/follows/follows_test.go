package follows_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/fault"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/posts/poststest"
)

// world has Lea, who follows, Zoe, who can be followed, and a brand.
type world struct {
	*apptest.World
	lea, zoe int64
	shop     apptest.Shop
}

func open(t *testing.T) *world {
	w := &world{World: apptest.New(t)}
	w.lea, w.zoe = w.Member("lea"), w.Member("zoe")
	w.shop = w.Shop("terre", 12000, 50)
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) follow(k follows.Kind, handle string, s groups.Sphere) error {
	return w.Follows.Follow(w.T.Context(), w.lea, k, handle, s)
}

// mine is what Lea follows, in a sphere or both: "handle sphere".
func (w *world) mine(s groups.Sphere) (list []string) {
	w.T.Helper()
	all, err := follows.Mine(w.T.Context(), w.DB, w.lea, s)
	w.must(err)
	for _, f := range all {
		list = append(list, fmt.Sprint(f.Handle, " ", f.Sphere))
	}
	return list
}

func (w *world) is(what string, got any, want string) {
	w.T.Helper()
	if fmt.Sprint(got) != want {
		w.T.Errorf("%s: %v, want %s", what, got, want)
	}
}

func TestSphereOf(t *testing.T) {
	for _, c := range []struct {
		kind       follows.Kind
		own, asked groups.Sphere
		want       groups.Sphere
		refused    bool
	}{
		{kind: follows.Member, want: groups.Personal},
		{kind: follows.Brand, want: groups.Personal},
		{kind: follows.Member, asked: groups.Professional, want: groups.Professional},
		{kind: follows.Brand, asked: groups.Personal, want: groups.Personal},
		{kind: follows.Member, asked: "both", refused: true},
		{kind: follows.Circle, own: groups.Professional, asked: groups.Personal, want: groups.Professional},
		{kind: follows.Circle, own: groups.Personal, want: groups.Personal},
	} {
		got, err := follows.SphereOf(c.kind, c.own, c.asked)
		if got != c.want || errors.Is(err, fault.Invalid) != c.refused {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

// A storefront, a brand and an open circle are followed, each once and in one sphere; how many follow is said, and to the follower that they do.
func TestFollow(t *testing.T) {
	w := open(t)
	poststest.Circle(t, w.DB, "bureau", groups.Professional, groups.Open, w.zoe)
	for range 2 {
		w.must(w.follow(follows.Member, "zoe", ""))
		w.must(w.follow(follows.Brand, "terre", groups.Professional))
		w.must(w.follow(follows.Circle, "bureau", groups.Personal)) // it has its own
	}
	w.is("both spheres", w.mine(""), "[bureau professional terre professional zoe personal]")
	w.is("at work", w.mine(groups.Professional), "[bureau professional terre professional]")
	for viewer, want := range map[int64]string{0: "1 ", w.zoe: "1 ", w.lea: "1 personal"} {
		s, err := follows.OfMember(t.Context(), w.DB, viewer, w.zoe, "zoe")
		w.must(err)
		w.is("who follows Zoe", fmt.Sprint(s.Followers, " ", s.Sphere), want)
		if s.Can != (viewer != w.zoe) {
			t.Errorf("may %d follow Zoe: %v", viewer, s.Can)
		}
	}
	w.must(w.follow(follows.Member, "zoe", groups.Professional))
	w.is("moved", w.mine(groups.Personal), "[]")
	for range 2 {
		w.must(w.Follows.Unfollow(t.Context(), w.lea, follows.Member, "zoe"))
		w.must(w.Follows.Unfollow(t.Context(), w.lea, follows.Brand, "nobody"))
	}
	w.is("without Zoe", w.mine(""), "[bureau professional terre professional]")
	w.must(w.Members.Block(t.Context(), 0, w.lea, true))
	s, err := follows.OfBrand(t.Context(), w.DB, 0, w.shop.Brand, "terre")
	w.must(err)
	w.is("followers who are blocked", s.Followers, "0")
}

// Oneself, what is not there or not for strangers, and a circle that one is in or banned from are not followed; and not more than Most.
func TestFollowRefused(t *testing.T) {
	w := open(t)
	ana := w.Member("ana")
	w.must(w.Members.Block(t.Context(), 0, ana, true))
	poststest.Circle(t, w.DB, "famille", groups.Personal, groups.Private, w.zoe)
	poststest.Circle(t, w.DB, "dedans", groups.Personal, groups.Open, w.zoe, w.lea)
	closed := poststest.Circle(t, w.DB, "ferme", groups.Personal, groups.Open, w.zoe)
	poststest.Close(t, w.DB, closed.ID)
	banned := poststest.Circle(t, w.DB, "bannie", groups.Personal, groups.Open, w.zoe)
	w.DB.MustExec(`insert into group_bans (group_id, member_id, by_id, at, why) values ($1, $2, $3, now(), 'x')`, banned.ID, w.lea, w.zoe)
	for _, c := range []struct {
		kind   follows.Kind
		handle string
		want   error
	}{
		{follows.Member, "lea", follows.ErrSelf}, {follows.Member, "ana", follows.ErrGone}, {follows.Member, "nobody", follows.ErrGone},
		{follows.Brand, "zoe", follows.ErrGone}, {"story", "zoe", follows.ErrGone},
		{follows.Circle, "famille", groups.ErrGone}, {follows.Circle, "nulle-part", groups.ErrGone}, {follows.Circle, "ferme", groups.ErrGone},
		{follows.Circle, "dedans", follows.ErrInside}, {follows.Circle, "bannie", groups.ErrBanned},
	} {
		if err := w.follow(c.kind, c.handle, ""); !errors.Is(err, c.want) {
			t.Errorf("follow %s %s: %v, want %v", c.kind, c.handle, err, c.want)
		}
	}
	if err := w.follow(follows.Member, "zoe", "both"); !errors.Is(err, fault.Invalid) {
		t.Errorf("a sphere that is none: %v", err)
	}
	w.is("followed", w.mine(""), "[]")

	w.must(w.follow(follows.Member, "zoe", ""))
	w.DB.MustExec(`insert into brands (handle, name, lang, maker_name, maker_address, contact_email, country)
		select 'marque-' || n, 'Marque', 'fr', 'Marque', 'Nantes', 'm@relais.example', 'FR' from generate_series(1, $1) n`, follows.Most)
	w.DB.MustExec(`insert into follows (follower_id, brand_id, sphere, at) select $1, id, 'personal', now() from brands where handle like 'marque-%' and handle <> 'marque-1'`, w.lea)
	if err := w.follow(follows.Brand, "marque-1", ""); !errors.Is(err, follows.ErrFull) {
		t.Errorf("one more than %d: %v", follows.Most, err)
	}
	w.must(w.follow(follows.Member, "zoe", groups.Professional)) // it is moved, not added
}

// A follow of a circle ends with what made it possible: the circle is closed or becomes private, the follower comes in or is banned. Who
// leaves does not follow by that.
func TestFollowOfCircleEnds(t *testing.T) {
	w := open(t)
	for name, end := range map[string]func(g groups.Group) error{
		"closed": func(g groups.Group) error { return w.Groups.Close(t.Context(), g.ID, w.zoe, "") },
		"private": func(g groups.Group) error {
			_, err := w.DB.Exec(`update groups set visibility = 'private' where id = $1`, g.ID)
			return err
		},
		"joined": func(g groups.Group) error {
			poststest.Role(t, w.DB, g.ID, w.lea, groups.Member)
			return w.Groups.Leave(t.Context(), g.ID, w.lea)
		},
		"banned": func(g groups.Group) error {
			_, err := w.DB.Exec(`insert into group_bans (group_id, member_id, by_id, at, why) values ($1, $2, $3, now(), 'x')`, g.ID, w.lea, w.zoe)
			return err
		},
	} {
		g := poststest.Circle(t, w.DB, "cercle-"+name, groups.Personal, groups.Open, w.zoe)
		w.must(w.follow(follows.Circle, g.Handle, ""))
		w.is("before "+name, w.mine(""), "["+g.Handle+" personal]")
		w.must(end(g))
		w.is("after "+name, w.mine(""), "[]")
	}
}

// Of a member and a brand who are blocked there is nothing, and they come back with the block lifted.
func TestBlockedAreNotShown(t *testing.T) {
	w := open(t)
	w.must(w.follow(follows.Member, "zoe", ""))
	w.must(w.follow(follows.Brand, "terre", ""))
	w.DB.MustExec(`update brands set blocked_at = now()`)
	w.must(w.Members.Block(t.Context(), 0, w.zoe, true))
	w.is("blocked", w.mine(""), "[]")
	w.must(w.Members.Block(t.Context(), 0, w.zoe, false))
	w.is("back", w.mine(""), "[zoe personal]")
}

// What is taken out of a storefront and put back is no news: it stands where it stood when it first came.
func TestListedAgainIsNoNews(t *testing.T) {
	w := open(t)
	other := w.Shop("mer", 9000, 5)
	later := func() { w.Clock.Set(w.Clock.Now().Add(time.Hour)) }
	add := func(product int64) {
		later()
		_, err := w.Storefronts.AddListing(t.Context(), w.zoe, product)
		w.must(err)
	}
	news := func(when string, want ...int64) {
		t.Helper()
		later()
		list, err := follows.Listings(t.Context(), w.DB, []int64{w.zoe}, w.Clock.Now(), 0, 10)
		w.must(err)
		var got []int64
		for _, p := range list {
			got = append(got, p.ProductID)
		}
		w.is(when, got, fmt.Sprint(want))
	}
	add(w.shop.Product)
	add(other.Product)
	news("first", other.Product, w.shop.Product)
	for range 2 {
		later()
		w.must(w.Storefronts.RemoveListing(t.Context(), w.zoe, w.shop.Product))
		news("taken out", other.Product)
		add(w.shop.Product)
		news("put back", other.Product, w.shop.Product)
	}
}

// followers is how many follow something, as its page says.
func (w *world) followers(k follows.Kind, id int64) int {
	w.T.Helper()
	read := map[follows.Kind]func() (follows.Standing, error){
		follows.Member: func() (follows.Standing, error) { return follows.OfMember(w.T.Context(), w.DB, 0, id, "") },
		follows.Brand:  func() (follows.Standing, error) { return follows.OfBrand(w.T.Context(), w.DB, 0, id, "") },
		follows.Circle: func() (follows.Standing, error) {
			return follows.OfCircle(w.T.Context(), w.DB, 0, groups.Group{ID: id}, groups.Standing{})
		},
	}
	s, err := read[k]()
	w.must(err)
	return s.Followers
}

func (w *world) sound() {
	w.T.Helper()
	found, err := follows.Check(w.T.Context(), w.DB)
	w.must(err)
	for _, f := range found {
		if f.Count != 0 {
			w.T.Errorf("%s is broken %d times", f.Name, f.Count)
		}
	}
}

// Whatever adds a follow or ends one, what is followed says how many are left.
func TestFollowersAreCounted(t *testing.T) {
	w := open(t)
	g := poststest.Circle(t, w.DB, "jardin", groups.Personal, groups.Open, w.zoe)
	noe := w.Member("noe")
	are := func(when string, member, brand, circle int) {
		t.Helper()
		w.is(when, []int{w.followers(follows.Member, w.zoe), w.followers(follows.Brand, w.shop.Brand), w.followers(follows.Circle, g.ID)}, fmt.Sprint([]int{member, brand, circle}))
		w.sound()
	}
	are("nobody", 0, 0, 0)
	for _, who := range []int64{w.lea, noe} {
		for _, sphere := range []groups.Sphere{"", "", groups.Professional} {
			w.must(w.Follows.Follow(t.Context(), who, follows.Member, "zoe", sphere))
			w.must(w.Follows.Follow(t.Context(), who, follows.Brand, "terre", sphere))
			w.must(w.Follows.Follow(t.Context(), who, follows.Circle, "jardin", ""))
		}
	}
	are("two", 2, 2, 2)
	for range 2 {
		w.must(w.Members.Block(t.Context(), 0, noe, true))
		are("one of them blocked", 1, 1, 1)
	}
	w.must(w.Follows.Unfollow(t.Context(), noe, follows.Brand, "terre"))
	are("who does not follow any more", 1, 1, 1)
	w.must(w.Members.Block(t.Context(), 0, noe, false))
	are("and comes back", 2, 1, 2)
	for range 2 {
		w.must(w.Follows.Unfollow(t.Context(), w.lea, follows.Member, "zoe"))
	}
	are("one left", 1, 1, 2)
	w.must(w.Groups.Close(t.Context(), g.ID, w.zoe, ""))
	are("a closed circle", 1, 1, 0)
}

// Somebody is blocked while they end a follow: they are taken off once, whichever is first.
func TestBlockedWhileUnfollowing(t *testing.T) {
	w := open(t)
	w.must(w.follow(follows.Member, "zoe", ""))
	for _, first := range []string{`delete from follows where follower_id = $1`, `update members set blocked_at = now() where id = $1`} {
		w.must(w.Members.Block(t.Context(), 0, w.lea, false))
		w.must(w.follow(follows.Member, "zoe", ""))
		tx, err := w.DB.Beginx()
		w.must(err)
		_, err = tx.Exec(first, w.lea)
		w.must(err)
		done := make(chan error, 1)
		go func() {
			if first[0] == 'd' {
				done <- w.Members.Block(t.Context(), 0, w.lea, true)
			} else {
				done <- w.Follows.Unfollow(t.Context(), w.lea, follows.Member, "zoe")
			}
		}()
		for waits := false; !waits && len(done) == 0; {
			w.must(w.DB.Get(&waits, `select exists (select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`))
		}
		w.must(tx.Commit())
		w.must(<-done)
		w.is("followers", w.followers(follows.Member, w.zoe), "0")
		w.sound()
	}
}

// A page does not read who follows, however many do, and a follow makes no page anew.
func TestFollowsCostPagesNothing(t *testing.T) {
	w := open(t)
	w.DB.MustExec(`insert into members (email, email_normal, name, handle, lang, password_hash) select 'm' || n || '@example.org', 'm' || n || '@example.org', 'M', 'suit-' || n, 'fr', '' from generate_series(1, 300) n`)
	w.DB.MustExec(`delete from changes`)
	w.DB.MustExec(`insert into follows (follower_id, brand_id, sphere, at) select id, $1, 'personal', now() from members where handle like 'suit-%'`, w.shop.Brand)
	w.must(w.follow(follows.Brand, "terre", ""))
	w.must(w.Follows.Unfollow(t.Context(), w.lea, follows.Brand, "terre"))
	var topics, read int
	w.must(w.DB.Get(&topics, `select count(*) from changes`))
	tx, err := w.DB.Beginx()
	w.must(err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.Exec(`set local enable_seqscan = off`) // as it is for a table that is large
	w.must(err)
	s, err := follows.OfBrand(t.Context(), tx, w.lea, w.shop.Brand, "terre")
	w.must(err)
	w.must(tx.Get(&read, `select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'follows'`))
	if s.Followers != 300 || topics != 0 || read > 1 {
		t.Errorf("%d followers; %d topics changed, %d follows were read", s.Followers, topics, read)
	}
}

// A member is handed everything that they follow, blocked or not, and nothing of who follows them; erased, nothing of it is left.
func TestExportAndForget(t *testing.T) {
	w := open(t)
	poststest.Circle(t, w.DB, "jardin", groups.Professional, groups.Open, w.Member("noe"))
	w.must(w.follow(follows.Member, "zoe", ""))
	w.must(w.follow(follows.Brand, "terre", groups.Professional))
	w.must(w.follow(follows.Circle, "jardin", ""))
	w.must(w.Follows.Follow(t.Context(), w.zoe, follows.Member, "lea", ""))
	w.must(w.Members.Block(t.Context(), 0, w.zoe, true))
	r, err := follows.Export(t.Context(), w.DB, w.lea)
	w.must(err)
	var paths []string
	for _, f := range r.Follows {
		paths = append(paths, f.Path+" "+string(f.Sphere))
	}
	w.is("handed out", paths, "[/@zoe personal /b/terre professional /g/jardin professional]")
	for range 2 {
		w.must(w.Follows.Forget(t.Context(), w.lea))
	}
	r, err = follows.Export(t.Context(), w.DB, w.lea)
	w.must(err)
	w.is("erased", r.Follows, "[]")
	w.is("of the brand", w.followers(follows.Brand, w.shop.Brand), "0")
	var left int
	w.must(w.DB.Get(&left, `select count(*) from follows`))
	w.is("follows of others", left, "1")
	w.sound()
}
