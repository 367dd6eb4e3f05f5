package postgres_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
	"relais/migrations"
)

// before is a database of the schema as a migration found it, for its owner.
func before(t *testing.T, version int64) (db *sqlx.DB, up func()) {
	t.Helper()
	first := pgtest.Owner(t, pgtest.DB(t))
	name := "upgraded_from_" + t.Name()
	first.MustExec(`create database "` + name + `"`)
	var at string
	if err := first.Get(&at, `select current_database()`); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(pgtest.OwnerURL(t, first))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	if db, err = postgres.Open(u.String(), 2); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = db.Close()
		first.MustExec(`drop database "` + name + `" with (force)`)
	})
	p, err := goose.NewProvider(goose.DialectPostgres, db.DB, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version-1); err != nil {
		t.Fatal(err)
	}
	return db, func() {
		t.Helper()
		if err := postgres.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
}

// Clicks that were there before they were kept by month stay, with their numbers and what refers to them, are counted by day, and new
// ones follow them.
func TestClicksGoByMonth(t *testing.T) {
	db, up := before(t, 84)
	db.MustExec(`
		insert into members (email, email_normal, password_hash, name, handle) values ('a@example.org', 'a@example.org', '-', 'A', 'alice');
		insert into share_links (code, member_id, target, created_at) select 'abcdef12', id, 'storefront', now() from members;
		insert into clicks (token, link_id, at, day_visitor, visitor, member_id, eligible, reason, referer, device)
		select 't' || n, l.id, now() - n * interval '9 days', 'd' || n, case when n % 3 = 0 then 'V' || n else '' end, case when n % 5 = 0 then l.member_id end,
			n % 4 <> 0, case n % 8 when 0 then 'repeat' when 4 then 'embedded' else '' end, 'example.org', 'phone' from share_links l, generate_series(0, 120) n;
		insert into carts (id, lang, created_at, updated_at) values ('c', 'fr', now(), now())`)
	const all = `select string_agg(c::text, E'\n' order by c.id) from clicks c`
	var old, kept string
	if err := db.Get(&old, all); err != nil {
		t.Fatal(err)
	}
	up()
	if err := db.Get(&kept, all); err != nil {
		t.Fatal(err)
	}
	if old != kept {
		t.Errorf("clicks changed:\n%s\nwere\n%s", kept, old)
	}
	counts := func(query string, want int) {
		t.Helper()
		var got int
		if err := db.Get(&got, query); err != nil || got != want {
			t.Errorf("%s = %d, %v; want %d", query, got, err, want)
		}
	}
	counts(`select count(*) from clicks_default`, 0)
	counts(`select sum(people) from link_days`, 90)
	counts(`select sum(visits) from click_days`, 106)
	counts(`select count(*) from link_days_fresh`, 0)
	counts(`select count(*) from pg_class where relname = 'clicks_before'`, 0)
	// One that comes again is passed over; a new one has the next number.
	counts(`select count(*) from record_clicks('{t0,new}', array(select id from share_links union all select id from share_links),
		array[(select at from clicks where token = 't0'), now()], '{x,y}', '{x,y}', '{"",""}', '{0,0}', '{"",""}', '{"",""}', '{"",""}')`, 1)
	counts(`select count(*) from clicks where id > 121 and token = 'new'`, 1)
	counts(`select people from link_days_fresh`, 1)
}

// What stayed marked as shown outside is not any more, what is shown stays so; and those who follow are counted, without who is blocked.
func TestShownAndFollowersAreSetRight(t *testing.T) {
	db, up := before(t, 150)
	db.MustExec(`
		insert into members (email, email_normal, password_hash, name, handle) select n || '@example.org', n || '@example.org', '-', 'A', 'alice' || n from generate_series(1, 4) n;
		update members set blocked_at = now() where handle = 'alice4';
		insert into groups (handle, name, sphere, visibility, created_by, created_at) select 'cercle-' || n, 'Cercle', 'personal', case n when 2 then 'private' else 'open' end, 1, now() from generate_series(1, 2) n;
		insert into group_members (group_id, member_id, role, joined_at) select id, 1, 'owner', now() from groups;
		insert into posts (author_id, operation, kind, text, state, published_at, outside, created_at, updated_at)
			select 1, 'operation-' || n, 'story', 'Dehors', 'published', now(), n <> 2, now(), now() from generate_series(1, 4) n;
		insert into post_groups (post_id, group_id, published_at, gone_at, shown_by, shown_sphere)
			select id, case id when 4 then 2 else 1 end, now(), case id when 3 then now() end, 1, 'personal' from posts;
		insert into follows (follower_id, member_id, sphere, at) select n, 1, 'personal', now() from generate_series(2, 4) n;
		insert into follows (follower_id, group_id, sphere, at) values (2, 1, 'personal', now()), (4, 1, 'personal', now())`)
	up()
	var shown, counted string
	if err := db.Get(&shown, `select string_agg(post_id::text, ' ' order by post_id) from post_groups where shown_by is not null`); err != nil || shown != "1" {
		t.Errorf("shown: %q, %v", shown, err)
	}
	db.MustExec(`delete from follows where follower_id = 3`)
	db.MustExec(`update members set blocked_at = null`)
	if err := db.Get(&counted, `select string_agg(kind || ' ' || target_id || ': ' || followers, ', ' order by kind) from follow_counts`); err != nil || counted != "circle 1: 2, member 1: 2" {
		t.Errorf("counted: %q, %v", counted, err)
	}
}

// Messages that were there before there were conversations are in one for each order and brand, in their order, and the brand's turn is known
// where the buyer wrote within 14 days. Their older words ask for nothing.
func TestMessagesBecomeConversations(t *testing.T) {
	db, up := before(t, 190)
	db.MustExec(`
		insert into members (email, email_normal, password_hash, name, handle) values ('a@example.org', 'a@example.org', '-', 'A', 'alice');
		insert into brands (handle, name, lang, maker_name, maker_address, contact_email, country, trader) select h, h, 'fr', h, 'une adresse', 'a@b.c', 'FR', true from unnest(array['terre', 'verre', 'bois', 'laine']) h;
		set session_replication_role = replica;
		insert into order_messages (order_id, brand_id, author, body, at) values
			(1, 1, 'buyer', 'première', now() - interval '3 days'), (1, 2, 'buyer', 'ailleurs', now() - interval '3 days'), (1, 1, 'brand', 'réponse', now() - interval '2 days'),
			(1, 2, 'buyer', 'encore', now() - interval '1 day'), (1, 3, 'buyer', 'merci', now() - interval '15 days'),
			(1, 4, 'buyer', 'jadis', now() - interval '15 days'), (1, 4, 'buyer', 'et alors', now() - interval '13 days');
		set session_replication_role = default`)
	db.MustExec(`insert into orders (number, token, operation, email, email_normal, name, street, postcode, city, country, lang, currency, goods_minor, shipping_minor, total_minor, placed_at, expires_at)
		select 'R-AAAAAA1', 'token-of-the-order-1234567', 'op-1', 'z@example.org', 'z@example.org', 'Zoé', 'x', '1', 'x', 'FR', 'fr', 'EUR', 100, 0, 100, now(), now()`)
	up()
	var rows []struct {
		State  string `db:"state"`
		Bodies string `db:"bodies"`
		Due    int    `db:"due"`
		Found  int    `db:"found"`
	}
	err := db.Select(&rows, `select c.state, string_agg(m.body, '|' order by m.id) as bodies, coalesce(round(extract(epoch from now() - c.due_at) / 86400), 0)::int as due,
		count(*) filter (where m.search @@ websearch_to_tsquery('public.fr', 'zoe')) as found
		from conversations c join order_messages m on m.conversation_id = c.id group by c.id order by c.brand_id`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(rows), "[{waiting première|réponse 0 2} {open ailleurs|encore 2 2} {waiting merci 0 1} {open jadis|et alors 12 2}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
