package postgres_test

import (
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
