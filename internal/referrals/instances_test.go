package referrals_test

import (
	"context"
	"testing"
	"time"

	"relais/internal/postgres/pgtest"
	"relais/internal/referrals"
)

func byCode(t testing.TB, s *referrals.Service, code string) referrals.Link {
	t.Helper()
	l, err := s.ByCode(context.Background(), code)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Whatever changes of a link on one instance, or in the database, the other knows after its next look; and until then answers from
// memory.
func TestChangesElsewhere(t *testing.T) {
	w := open(t)
	other, feed := w.instance()
	l, brand := w.link(t, w.alice, product(w.soap)), w.link(t, w.alice, referrals.Share{Target: referrals.ToBrand, BrandID: w.brand})
	w.look(t, feed)
	for _, tt := range []struct {
		sql  string
		link referrals.Link
		want func(referrals.Link) bool
	}{
		{`update share_links set disabled_at = now() where id = $1`, l, func(l referrals.Link) bool { return l.Disabled }},
		{`update share_links set disabled_at = null where id = $1`, l, func(l referrals.Link) bool { return !l.Disabled }},
		{`update members set handle = 'alice-2' where id = (select member_id from share_links where id = $1)`, l, func(l referrals.Link) bool { return l.Handle == "alice-2" }},
		{`update members set blocked_at = now() where id = (select member_id from share_links where id = $1)`, l, func(l referrals.Link) bool { return l.Disabled }},
		{`update members set blocked_at = null where id = (select member_id from share_links where id = $1)`, l, func(l referrals.Link) bool { return !l.Disabled }},
		{`update products set state = 'archived' where id = (select product_id from share_links where id = $1)`, l, func(l referrals.Link) bool { return !l.ForSale }},
		{`update products set state = 'published' where id = (select product_id from share_links where id = $1)`, l, func(l referrals.Link) bool { return l.ForSale }},
		{`update products set slug = 'savon-2' where id = (select product_id from share_links where id = $1)`, l, func(l referrals.Link) bool { return l.ProductSlug == "savon-2" }},
		{`update brands set handle = 'savonnerie-2' where id = (select brand_id from share_links where id = $1)`, brand, func(l referrals.Link) bool { return l.BrandHandle == "savonnerie-2" }},
		{`update brands set blocked_at = now() where id = (select p.brand_id from share_links l join products p on p.id = l.product_id where l.id = $1)`, l,
			func(l referrals.Link) bool { return !l.ForSale }},
	} {
		byCode(t, other, tt.link.Code)
		w.db.MustExec(tt.sql, tt.link.ID)
		if tt.want(byCode(t, other, tt.link.Code)) {
			t.Errorf("%s: not answered from memory", tt.sql)
		}
		w.look(t, feed)
		if !tt.want(byCode(t, other, tt.link.Code)) {
			t.Errorf("%s: not known after a look", tt.sql)
		}
	}
}

// While Postgres is away links are answered from memory; what changed meanwhile is known as soon as it is back.
func TestMemoryBridgesAnAbsence(t *testing.T) {
	w := open(t)
	other, feed := w.instance()
	l := w.link(t, w.alice, product(w.soap))
	w.look(t, feed)
	byCode(t, other, l.Code)
	tx := pgtest.Owner(t, w.db).MustBegin()
	defer func() { _ = tx.Rollback() }() // after the commit it does nothing
	tx.MustExec(`lock table changes, share_links in access exclusive mode`)
	if err := feed.Poll(t.Context()); err == nil {
		t.Error("a look while Postgres stands still has an answer")
	}
	for range 3 {
		w.clock = w.clock.Add(time.Hour)
		if byCode(t, other, l.Code).Disabled {
			t.Error("not the link that was known")
		}
	}
	tx.MustExec(`update share_links set disabled_at = now() where id = $1`, l.ID)
	tx.MustExec(`delete from changes`) // even if nobody wrote it down
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	w.look(t, feed)
	w.clock = w.clock.Add(time.Second)
	w.look(t, feed)
	if !byCode(t, other, l.Code).Disabled {
		t.Error("a change while Postgres was away is not known")
	}
}

// A link that nobody asked for yet has no other answer than that of Postgres: whoever follows it waits, rather than be turned away.
func TestUnknownLinkWaitsForPostgres(t *testing.T) {
	w := open(t)
	other, _ := w.instance()
	l := w.link(t, w.alice, product(w.soap))
	tx := pgtest.Owner(t, w.db).MustBegin()
	defer func() { _ = tx.Rollback() }() // after the commit it does nothing
	tx.MustExec(`lock table share_links in access exclusive mode`)
	answered := make(chan error, 1)
	go func() {
		_, err := other.ByCode(t.Context(), l.Code)
		answered <- err
	}()
	impatient, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond) // longer than a link in memory would be waited for
	defer cancel()
	select {
	case err := <-answered:
		t.Fatalf("answered while Postgres stood still: %v", err)
	case <-impatient.Done():
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Errorf("not the link, when Postgres was back: %v", err)
	}
}
