package fediverse_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/fediverse"
	"relais/internal/fediverse/wire"
	"relais/internal/jobs"
	"relais/internal/postgres"
	"relais/internal/storefronts/storefronttest"
)

func TestOnlyOwnersOpen(t *testing.T) {
	w := open(t)
	owner, staff, stranger := storefronttest.Member(t, w.db, "owner"), storefronttest.Member(t, w.db, "staff"), storefronttest.Member(t, w.db, "stranger")
	w.db.MustExec(`insert into brand_members (brand_id, member_id, role) values ($1, $2, 'owner'), ($1, $3, 'staff')`, w.brand, owner, staff)
	brand := fediverse.Owner{Kind: fediverse.Brand, ID: w.brand}
	for _, c := range []struct {
		by   int64
		of   fediverse.Owner
		want error
	}{
		{stranger, brand, fault.NotFound}, {staff, brand, fault.Forbidden}, {stranger, w.storefront(), fault.NotFound}, {owner, fediverse.Owner{Kind: "site"}, fault.NotFound},
		{owner, brand, nil}, {owner, brand, nil}, {w.lea, w.storefront(), nil},
	} {
		if err := w.s.Open(t.Context(), c.by, c.of); !errors.Is(err, c.want) {
			t.Errorf("Open(%d, %v) = %v, want %v", c.by, c.of, err, c.want)
		}
	}
	w.is(2, `select count(*) from fediverse_actors where kind <> 'site'`)
	if err := w.s.Close(t.Context(), staff, brand); !errors.Is(err, fault.Forbidden) {
		t.Errorf("staff closes: %v", err)
	}
	w.must(w.s.Close(t.Context(), owner, brand))
	w.must(w.s.Close(t.Context(), owner, brand))
	w.is(1, `select count(*) from fediverse_actors where kind <> 'site' and closed_at is null`)
	var sealed []byte
	w.must(w.db.Get(&sealed, `select private_key from fediverse_actors where kind = 'storefront'`))
	if strings.Contains(string(sealed), "RSA") || len(sealed) < 1000 {
		t.Errorf("the private key lies open: %d bytes", len(sealed))
	}
}

// What stood there before keeps its date; of what comes later each change is told once.
func TestWhatIsPublished(t *testing.T) {
	w := open(t)
	w.recommends(w.soap, "Il mousse.")
	_, err := w.storefronts.AddListing(t.Context(), w.lea, w.brush) // without a word: not a recommendation
	w.must(err)
	a := w.opens()
	w.is(1, `select count(*) from fediverse_objects`)
	w.is(1, `select count(*) from fediverse_objects o join share_links f on o.path = '/r/' || f.code and f.channel = 'fediverse' join share_links g on o.feed_path = '/r/' || g.code and g.channel = 'feed' where o.earner = 'Lea' and f.member_id = $1 and g.product_id = $2`, w.lea, w.soap)
	w.follows(a)
	w.drains()
	if got := w.them.told(); got != "Accept:Follow" {
		t.Errorf("told %q", got)
	}
	w.publishes()
	w.recommends(w.brush, "Elle brosse.")
	w.publishes()
	w.drains()
	w.must(w.storefronts.Note(t.Context(), w.lea, w.brush, "Elle brosse bien."))
	w.publishes()
	w.drains()
	w.db.MustExec(`update products set state = 'archived' where id = $1`, w.soap)
	w.publishes()
	w.must(w.storefronts.Note(t.Context(), w.lea, w.brush, ""))
	w.publishes()
	w.must(w.storefronts.Edit(t.Context(), w.lea, "Chez Léa", "Ce que j’aime."))
	w.publishes()
	w.drains()
	if got, want := w.them.told(), "Accept:Follow Create:Note Update:Note Delete:Tombstone Delete:Tombstone Update:Person"; got != want {
		t.Errorf("told %q\nwant %q", got, want)
	}
	w.is(0, `select count(*) from fediverse_deliveries where state <> 'sent'`)
	w.db.MustExec(`update products set state = 'published' where id = $1`, w.soap)
	w.publishes()
	w.is(1, `select count(*) from fediverse_objects where ref = $1 and deleted_at is null and id > 1`, fmt.Sprintf("listing:%d", w.soap))
}

func TestBlockedOwnersAreClosed(t *testing.T) {
	w := open(t)
	w.recommends(w.soap, "Il mousse.")
	a := w.opens()
	w.follows(a)
	w.drains()
	w.db.MustExec(`update members set blocked_at = now() where id = $1`, w.lea)
	if _, err := w.s.Finger(t.Context(), "acct:lea@relais.example"); !errors.Is(err, fediverse.ErrClosed) {
		t.Errorf("she is still found: %v", err)
	}
	w.publishes()
	w.drains()
	if got := w.them.told(); got != "Accept:Follow Delete" || w.them.last()["object"] != wire.Site(base).Actor(a.ID) {
		t.Errorf("told %q", got)
	}
	answer, err := w.s.ActorDocument(t.Context(), a.ID)
	if err != nil || !answer.Gone {
		t.Errorf("her document: %+v, %v", answer, err)
	}
}

// A whole import is not shouted: the newest are told, all can be found.
func TestAFloodOfProducts(t *testing.T) {
	w := open(t)
	owner := storefronttest.Member(t, w.db, "owner")
	w.db.MustExec(`insert into brand_members (brand_id, member_id, role) values ($1, $2, 'owner')`, w.brand, owner)
	brand := fediverse.Owner{Kind: fediverse.Brand, ID: w.brand}
	w.must(w.s.Open(t.Context(), owner, brand))
	a, err := fediverse.ByOwner(t.Context(), w.db, brand)
	w.must(err)
	w.follows(a)
	for i := range 30 {
		storefronttest.Product(t, w.db, w.brand, fmt.Sprintf("savon-%d", i))
	}
	w.publishes()
	w.is(32, `select count(*) from fediverse_objects where earner = '' and path like '/p/%'`)
	w.is(20, `select count(*) from fediverse_deliveries where kind = 'create'`)
	if a.Username() != "b.savonnerie" || w.s.Address(a) != "@b.savonnerie@relais.example" {
		t.Errorf("its address is %s", w.s.Address(a))
	}
	for page, want := range map[int]int{1: 20, 2: 12, 3: 0} {
		d, err := w.s.Outbox(t.Context(), a.ID, page)
		w.must(err)
		raw, err := json.Marshal(d)
		w.must(err)
		var got struct{ OrderedItems []map[string]any }
		w.must(json.Unmarshal(raw, &got))
		if len(got.OrderedItems) != want {
			t.Errorf("page %d has %d", page, len(got.OrderedItems))
		}
	}
}

func TestPublishAndWithdrawOfOthers(t *testing.T) {
	w := open(t)
	story := fediverse.Thing{Ref: "story:9", Lang: "fr", Title: "Une histoire", Body: "Il était une fois.", Path: "/stories/9"}
	publish := func(change string) {
		t.Helper()
		story.Body = change
		w.must(postgres.InTx(t.Context(), w.db, func(tx *sqlx.Tx) error {
			return fediverse.Publish(t.Context(), tx, w.storefront(), story, storefronttest.Start)
		}))
	}
	publish("before she is open")
	w.is(0, `select count(*) from fediverse_objects`)
	w.follows(w.opens())
	publish("one")
	publish("two")
	w.publishes() // does not take it for a listing that went away
	for range 2 {
		w.must(postgres.InTx(t.Context(), w.db, func(tx *sqlx.Tx) error {
			return fediverse.Withdraw(t.Context(), tx, w.storefront(), "story:9", storefronttest.Start)
		}))
	}
	w.drains()
	if got := w.them.told(); got != "Accept:Follow Delete:Tombstone" { // what was withdrawn before it was sent is not sent
		t.Errorf("told %q", got)
	}
	w.is(2, `select count(*) from fediverse_deliveries where state = 'dropped'`)
}

// The secret of the site was replaced: keys that were sealed with the old one are too, and followers hear of it.
func TestAnotherSecret(t *testing.T) {
	w := open(t)
	a := w.opens()
	w.follows(a)
	w.drains()
	log := slog.New(slog.DiscardHandler)
	w.s = w.service(func() time.Time { return storefronttest.Start }, log, "another secret of the test, long enough")
	w.jobs = jobs.New(w.db, log, jobs.Options{Now: w.now})
	w.s.Register(w.jobs)
	w.recommends(w.soap, "Il mousse.")
	w.drains()
	w.later(31 * time.Minute)
	w.db.MustExec(`update fediverse_actors set reconciled_at = now() - interval '31 minutes'`)
	w.publishes()
	w.drains()
	if got := w.them.told(); got != "Accept:Follow Create:Note Update:Person" {
		t.Errorf("told %q", got)
	}
	b, err := fediverse.ByOwner(context.Background(), w.db, w.storefront())
	if err != nil || a.PublicKey == b.PublicKey {
		t.Errorf("the key is the same: %v", err)
	}
}
