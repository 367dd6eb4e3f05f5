package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/postgres"
	"relais/internal/posts"
	"relais/internal/web/feed"
	"relais/internal/web/page"
	"relais/static"
	"relais/templates"
)

// Sizes of the home feed that is read.
const (
	feedCircles = 200 // of the member
	feedMembers = 100 // whom they follow
	feedBrands  = 20  // that they follow
	feedOpen    = 20  // circles that they follow
	feedFew     = 100 // posts of the database that the large one is compared with
	feedReads   = 60  // of each in one round
	feedDeep    = 10  // pages that lie before the one which is read too
)

// feedSide is a database with a member of many circles, and the site's own pages of it.
type feedSide struct {
	owner, app *sqlx.DB
	site       *echo.Echo
	member     int64
	sources    posts.Sources
	deep       string // query of a page further down; empty where there is none
}

// measureFeed reads the home feed of a member of 200 circles among few posts and among many, in turn: the whole page, and its queries.
func measureFeed(ctx context.Context, c *postgres.Cluster, s settings) (_ []line, err error) {
	var sides [2]*feedSide
	for i, n := range []int64{feedFew, s.posts} {
		side, err := openFeed(ctx, c, fmt.Sprintf("feed_%d", i), n)
		if side != nil {
			defer func() { err = errors.Join(err, side.close()) }()
		}
		if err != nil {
			return nil, err
		}
		sides[i] = side
	}
	var page, query, deep [2][]float64 // milliseconds
	for range 1 + s.rounds {
		for range feedReads {
			for i, side := range sides {
				took, err := side.read("/feed")
				if err != nil {
					return nil, err
				}
				page[i] = append(page[i], took)
				begun := time.Now()
				found, err := posts.Home(ctx, side.app, side.member, side.sources, posts.Cursor{})
				if err != nil || len(found.Entries) != posts.PageSize {
					return nil, errors.Join(err, fmt.Errorf("the feed has %d entries", len(found.Entries)))
				}
				query[i] = append(query[i], float64(time.Since(begun))/float64(time.Millisecond))
				took, err = side.read("/feed" + side.deep)
				if err != nil {
					return nil, err
				}
				deep[i] = append(deep[i], took)
			}
		}
	}
	warm := func(runs []float64) []float64 { return runs[feedReads:] } // the first round warms up
	few := fmt.Sprintf("the same of %d posts", feedFew)
	return []line{
		atMost("home_feed", 3, "ms", warm(page[1]), few, warm(page[0])),
		atMost("home_feed_queries", 3, "ms", warm(query[1]), few, warm(query[0])),
		atMost("home_feed_deep", 3, "ms", warm(deep[1]), few+", first page", warm(page[0])),
	}, nil
}

// read asks for a page of the feed and says how many milliseconds it took.
func (f *feedSide) read(path string) (float64, error) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", "fr")
	w := httptest.NewRecorder()
	begun := time.Now()
	f.site.ServeHTTP(w, r)
	took := float64(time.Since(begun)) / float64(time.Millisecond)
	if n := strings.Count(w.Body.String(), `<article class="card stack post"`); w.Code != http.StatusOK || n != posts.PageSize {
		return 0, fmt.Errorf("%s answers %d with %d posts", path, w.Code, n)
	}
	return took, nil
}

func openFeed(ctx context.Context, c *postgres.Cluster, name string, n int64) (_ *feedSide, err error) {
	first, err := postgres.Open(c.OwnerURL(), 1)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	if _, err := first.ExecContext(ctx, `create database `+name); err != nil {
		return nil, fmt.Errorf("make the database of a feed: %w", err)
	}
	f := &feedSide{}
	for _, side := range []struct {
		db      **sqlx.DB
		address string
	}{{&f.owner, c.OwnerURL()}, {&f.app, c.AppURL()}} {
		address, err := databaseOf(side.address, name)
		if err != nil {
			return f, err
		}
		if *side.db, err = postgres.Open(address, 2); err != nil {
			return f, err
		}
	}
	if err := postgres.Migrate(ctx, f.owner); err != nil {
		return f, err
	}
	if err := f.fill(ctx, n); err != nil {
		return f, fmt.Errorf("fill a feed: %w", err)
	}
	return f, f.open(ctx)
}

// open makes the pages: the real ones, without the rest of the site.
func (f *feedSide) open(ctx context.Context) error {
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: "https://relais.example", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	f.site = echo.New()
	if err := site.Use(f.site); err != nil {
		return err
	}
	f.site.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			page.SetViewer(c, &page.Viewer{ID: f.member, Handle: "lea", Name: "Léa", Lang: i18n.FR, Confirmed: true})
			return next(c)
		}
	})
	feed.New(feed.Options{Site: site, DB: f.app, Now: time.Now, Clock: time.Now, BaseURL: "https://relais.example"}).Routes(f.site)
	if err := f.owner.GetContext(ctx, &f.member, `select id from members where handle = 'lea'`); err != nil {
		return err
	}
	mine, err := groups.Of(ctx, f.app, f.member)
	if err != nil {
		return err
	}
	followed, err := follows.Mine(ctx, f.app, f.member, "")
	if err != nil {
		return err
	}
	f.sources = posts.SourcesOf(mine, followed, "")
	if s := f.sources; len(s.Circles) != feedCircles || len(s.Members) != feedMembers || len(s.Brands) != feedBrands || len(s.Followed) != feedOpen {
		return fmt.Errorf("the member is in %d circles and follows %d members, %d brands, %d circles", len(s.Circles), len(s.Members), len(s.Brands), len(s.Followed))
	}
	var at posts.Cursor
	for range feedDeep {
		p, err := posts.Home(ctx, f.app, f.member, f.sources, at)
		if err != nil {
			return err
		}
		if p.Next.ID == 0 {
			return nil // few posts: the first page is read again
		}
		at = p.Next
	}
	f.deep = "?before=" + at.String()
	return nil
}

func (f *feedSide) close() error {
	var errs []error
	for _, db := range []*sqlx.DB{f.app, f.owner} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// town is a member of 200 circles of both spheres, ten authors in all of them, and products to recommend. They follow 100 members who have
// ten pieces each in their storefronts and write in twenty open circles, which they follow too, and twenty brands with ten products each.
const town = `
insert into brands (handle, name, lang, maker_name, maker_address, contact_email, country) values ('atelier', 'Atelier', 'fr', 'Atelier SARL', '1 rue du Bac', 'atelier@relais.example', 'FR');
insert into products (brand_id, slug, lang, title, vat_bps, currency, state) select b.id, 'bol-' || n, 'fr', 'Bol ' || n, 2000, 'EUR', 'published' from brands b, generate_series(1, 10) n;
insert into variants (product_id, position, price_minor, stock) select id, 0, 2400, 5 from products;
insert into members (email, email_normal, password_hash, name, handle, created_at)
  select h || '@relais.example', h || '@relais.example', '', initcap(h), h, now() from (select 'lea' as h union all select 'auteur-' || n from generate_series(1, 10) n) x;
insert into groups (handle, name, sphere, visibility, created_by, created_at)
  select 'cercle-' || n, 'Cercle ' || n, (array['personal','professional'])[1 + n % 2], 'private', (select id from members where handle = 'auteur-1'), now() from generate_series(1, 200) n;
insert into group_members (group_id, member_id, role, joined_at)
  select g.id, m.id, case when m.handle = 'auteur-1' then 'owner' else 'member' end, now() from groups g, members m;
insert into share_links (code, member_id, target, product_id, channel, circle, group_id, created_at)
  select 'f' || lpad(row_number() over ()::text, 7, '0'), m.id, 'product', p.id, 'relais', g.name, g.id, now()
  from members m, groups g, (select min(id) as id from products) p where m.handle <> 'lea';
insert into members (email, email_normal, password_hash, name, handle, created_at)
  select h || '@relais.example', h || '@relais.example', '', initcap(h), h, now() from (select 'suivi-' || n as h from generate_series(1, 100) n) x;
insert into brands (handle, name, lang, maker_name, maker_address, contact_email, country)
  select 'marque-' || n, 'Marque ' || n, 'fr', 'Marque SARL', '1 rue du Bac', 'marque@relais.example', 'FR' from generate_series(1, 20) n;
insert into products (brand_id, slug, lang, title, vat_bps, currency, state, published_at)
  select b.id, b.handle || '-' || n, 'fr', 'Vase ' || n, 2000, 'EUR', 'published', now() - n * interval '17 minutes' from brands b, generate_series(1, 10) n where b.handle <> 'atelier';
insert into variants (product_id, position, price_minor, stock) select id, 0, 3600, 5 from products where published_at is not null;
insert into listings (member_id, product_id, position, created_at)
  select m.id, p.id, row_number() over (partition by m.id), now() - p.id * interval '7 minutes' from members m, products p where m.handle like 'suivi-%' and p.published_at is null;
insert into groups (handle, name, sphere, visibility, created_by, created_at)
  select 'ouvert-' || n, 'Ouvert ' || n, 'personal', 'open', (select id from members where handle = 'suivi-1'), now() from generate_series(1, 20) n;
insert into group_members (group_id, member_id, role, joined_at)
  select g.id, m.id, case when m.handle = 'suivi-1' then 'owner' else 'member' end, now() from groups g, members m where g.handle like 'ouvert-%' and m.handle like 'suivi-%';
insert into follows (follower_id, member_id, sphere, at) select l.id, m.id, 'personal', now() from members l, members m where l.handle = 'lea' and m.handle like 'suivi-%';
insert into follows (follower_id, brand_id, sphere, at) select l.id, b.id, 'personal', now() from members l, brands b where l.handle = 'lea' and b.handle like 'marque-%';
insert into follows (follower_id, group_id, sphere, at) select l.id, g.id, 'personal', now() from members l, groups g where l.handle = 'lea' and g.handle like 'ouvert-%'`

// insertFeed are posts one a minute, each in two circles, every third by a followed member in an open one; of the newest thousand each has a reaction and two comments there.
var insertFeed = []string{
	`insert into posts (author_id, operation, kind, text, attach, product_id, state, published_at, created_at, updated_at)
		select case when n % 3 = 0 then (select min(id) from members where handle like 'suivi-%') + n % 100 else (select min(id) from members where handle <> 'lea') + n % 10 end, 'operation-' || n, 'recommendation', repeat('Un bol qui dure, bleu comme la mer. ', 8), 'product', (select min(id) from products), 'published', at, at, at
		from (select n, $3::timestamptz - ($4::bigint - n) * interval '1 minute' as at from generate_series($1::bigint, $2::bigint) n) x`,
	`insert into post_groups (post_id, group_id, link_id, published_at, shown_by, shown_sphere)
		select p.id, g.id, (select l.id from share_links l where l.group_id = g.id and l.member_id = p.author_id), p.published_at,
			case when p.n % 3 = 0 then p.author_id end, case when p.n % 3 = 0 then 'personal' end
		from (select p.*, split_part(operation, '-', 2)::bigint as n from posts p where id > (select coalesce(max(post_id), 0) from post_groups)) p,
			lateral (select distinct (select min(id) from groups) + x as id from unnest(case when p.n % 3 = 0 then array[200 + p.n % 20] else array[p.n % 200, p.n * 7 % 200] end) x) g
		where $1::bigint <= $2::bigint and $3::timestamptz is not null and $4::bigint > 0`,
}

var insertTalk = []string{
	`insert into reactions (post_id, group_id, member_id, kind, at)
		select g.post_id, g.group_id, p.author_id, 'like', now() from post_groups g join posts p on p.id = g.post_id where g.post_id > (select max(id) - 1000 from posts)`,
	`insert into comments (post_id, group_id, author_id, operation, text, created_at)
		select g.post_id, g.group_id, p.author_id, 'comment-' || g.post_id || '-' || g.group_id || '-' || n, 'Le mien a trois ans.', now()
		from post_groups g join posts p on p.id = g.post_id, generate_series(1, 2) n where g.post_id > (select max(id) - 1000 from posts)`,
	`vacuum (analyze) post_groups`, `vacuum (analyze) posts`, `analyze`, `checkpoint`,
}

// feedChunk is how many posts one statement inserts.
const feedChunk = 100_000

func (f *feedSide) fill(ctx context.Context, n int64) error {
	if _, err := f.owner.ExecContext(ctx, town); err != nil {
		return err
	}
	for from := int64(1); from <= n; from += feedChunk {
		for _, q := range insertFeed {
			if _, err := f.owner.ExecContext(ctx, q, from, min(from+feedChunk-1, n), time.Now(), n); err != nil {
				return fmt.Errorf("%.40s: %w", q, err)
			}
		}
	}
	for _, q := range insertTalk {
		if _, err := f.owner.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%.40s: %w", q, err)
		}
	}
	return nil
}
