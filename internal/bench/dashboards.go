package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/clicks"
	"relais/internal/i18n"
	"relais/internal/insight"
	"relais/internal/postgres"
)

// Sizes of a member whose dashboard is read: as busy as a well-known one.
const (
	memberLinks  = 40
	memberOrders = 500 // within the ninety days
	dashboardMax = 200 // milliseconds that the 95th percentile may take
	reads        = 40  // of each dashboard in one round
)

// dashboards is the database for them: members whose links were followed a few thousand times, and millions of times.
type dashboards struct {
	owner, app *sqlx.DB
	members    []int64 // in the order of their clicks
	now        time.Time
}

// sizesOf are the clicks of the members, the most last.
func sizesOf(most int64) []int64 { return []int64{most / 1000, most / 10, most} }

// measureDashboards reads ninety days of each member in turn, rounds times over.
func measureDashboards(ctx context.Context, c *postgres.Cluster, s settings) (_ []line, err error) {
	d, err := openDashboards(ctx, c, s.dashboards)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	took := make([][]float64, len(d.members)) // milliseconds
	for range 1 + s.rounds {
		for range reads {
			for i, m := range d.members {
				begun := time.Now()
				r, err := insight.ForMember(ctx, d.app, m, insight.PeriodOf("90", d.now), i18n.FR)
				if err != nil {
					return nil, err
				}
				took[i] = append(took[i], float64(time.Since(begun))/float64(time.Millisecond))
				if want := sizesOf(s.dashboards)[i]; r.Total.People != want || len(r.Links) != memberLinks || r.Total.Orders != memberOrders {
					return nil, fmt.Errorf("the dashboard of %d clicks has %d people, %d links, %d orders", want, r.Total.People, len(r.Links), r.Total.Orders)
				}
			}
		}
	}
	for i := range took {
		took[i] = took[i][reads:] // the first round warms up
	}
	limit, few := []float64{dashboardMax}, took[0]
	return []line{
		atMost("dashboard_10k", 1, "ms at the 95th percentile", []float64{percentile(few, 95)}, "200 ms", limit),
		atMost("dashboard_1m", 1.5, "ms", took[1], "the same of 10k clicks", few),
		atMost("dashboard_10m", 1.5, "ms", took[2], "the same of 10k clicks", few),
		atMost("dashboard_10m_p95", 1, "ms at the 95th percentile", []float64{percentile(took[2], 95)}, "200 ms", limit),
	}, nil
}

// percentile of the runs.
func percentile(runs []float64, p int) float64 {
	sorted := slices.Sorted(slices.Values(runs))
	return sorted[(len(sorted)-1)*p/100]
}

func openDashboards(ctx context.Context, c *postgres.Cluster, most int64) (_ *dashboards, err error) {
	first, err := postgres.Open(c.OwnerURL(), 1)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	if _, err := first.ExecContext(ctx, `create database dashboards`); err != nil {
		return nil, fmt.Errorf("make the database of the dashboards: %w", err)
	}
	d := &dashboards{now: time.Now()}
	for _, side := range []struct {
		db      **sqlx.DB
		address string
	}{{&d.owner, c.OwnerURL()}, {&d.app, c.AppURL()}} {
		address, err := databaseOf(side.address, "dashboards")
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		if *side.db, err = postgres.Open(address, 2); err != nil {
			return nil, errors.Join(err, d.close())
		}
		if side.db == &d.owner {
			if err := postgres.Migrate(ctx, d.owner); err != nil {
				return nil, errors.Join(err, d.close())
			}
		}
	}
	if err := d.fill(ctx, most); err != nil {
		return nil, errors.Join(fmt.Errorf("fill the dashboards: %w", err), d.close())
	}
	return d, nil
}

func (d *dashboards) close() error {
	var errs []error
	for _, db := range []*sqlx.DB{d.app, d.owner} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// market is one brand with ten products, and the members with their links. No dashboard reads clicks by the indexes that are left out.
const market = `
drop index clicks_link, clicks_visitor, clicks_member, clicks_repeat;
insert into brands (handle, name, lang, maker_name, maker_address, contact_email, country) values ('atelier', 'Atelier', 'fr', 'Atelier SARL', '1 rue du Bac', 'atelier@relais.example', 'FR');
insert into terms (brand_id, commission_bps, hold_days, window_days, valid_from) select id, 1000, 14, 30, now() - interval '1 year' from brands;
insert into products (brand_id, slug, lang, title, vat_bps, currency, state) select b.id, 'bol-' || n, 'fr', 'Bol ' || n, 2000, 'EUR', 'published' from brands b, generate_series(1, 10) n;
insert into variants (product_id, position, price_minor, stock) select id, 0, 2400, 5 from products;
insert into members (email, email_normal, password_hash, name, handle, created_at) select 'r' || n || '@relais.example', 'r' || n || '@relais.example', '', 'Relais ' || n, 'relais-' || n, now() from generate_series(1, 3) n;
insert into payees (member_id) select id from members`

const insertLinks = `
insert into share_links (code, member_id, target, product_id, channel, circle, created_at)
select 'm' || $1::bigint || lpad(n::text, 6, '0'), $1, 'product', (select min(id) from products) + n % 10, (array['whatsapp','mail','qr','copy'])[1 + n % 4], 'Cercle ' || n, now() - interval '1 year'
from generate_series(1, $2::int) n`

// insertClicks are visitors who come one after the other, to all links and over all of the ninety days.
const insertClicks = `
insert into clicks (token, link_id, at, day_visitor, eligible, device)
select md5($1::bigint || ' ' || n), (select min(id) from share_links where member_id = $1) + n % $4::int, $5::timestamptz - (n * 7919 % 127000) * interval '1 minute', md5(n::text), true, 'phone'
from generate_series($2::bigint, $3::bigint) n`

// insertOrders are paid orders of one bowl each, credited to a member with the commission that is theirs.
var insertOrders = []string{
	`insert into orders (number, token, operation, email, email_normal, name, street, postcode, city, country, lang, currency, goods_minor, shipping_minor, total_minor, state, placed_at, expires_at, paid_at, payment_intent_id)
		select k, k, k, 'g@relais.example', 'g@relais.example', 'G', '1 rue', '69003', 'Lyon', 'FR', 'fr', 'EUR', 2400, 0, 2400, 'paid', at, at, at, k
		from (select 'm' || $1::bigint || '-' || n as k, $3::timestamptz - (n * 250) * interval '1 minute' as at from generate_series(1, $2::int) n) x`,
	`insert into shipments (order_id, brand_id, method_name, shipping_minor, days_min, days_max)
		select o.id, b.id, 'La Poste', 0, 2, 4 from orders o, brands b where o.number like 'm' || $1::bigint || '-%' and $2::int > 0 and $3::timestamptz is not null`,
	`insert into order_lines (order_id, shipment_id, variant_id, product_id, brand_id, title, quantity, price_minor, total_minor, vat_bps, net_minor, terms_id, commission_bps, fee_bps)
		select s.order_id, s.id, v.id, v.product_id, s.brand_id, 'Bol', 1, 2400, 2400, 2000, 2000, (select max(id) from terms), 1000, 500
		from shipments s join orders o on o.id = s.order_id join variants v on v.id = (select min(id) from variants) + s.id % 10
		where o.number like 'm' || $1::bigint || '-%' and $2::int > 0 and $3::timestamptz is not null`,
	`insert into attributions (order_line_id, rule, evidence, decided_at)
		select l.id, 'click', '{}', o.paid_at
		from order_lines l join orders o on o.id = l.order_id where o.number like 'm' || $1::bigint || '-%' and $2::int > 0 and $3::timestamptz is not null`,
	`insert into attribution_credits (order_line_id, member_id, link_id, rate_bps, part_bps)
		select l.id, $1, (select min(id) from share_links where member_id = $1) + l.id % 40, 1000, 10000
		from order_lines l join orders o on o.id = l.order_id where o.number like 'm' || $1::bigint || '-%' and $2::int > 0 and $3::timestamptz is not null`,
	`insert into earnings (payee_id, order_id, shipment_id, order_line_id, role, amount_minor, currency, base_minor, rate_bps, reason, free_at, earned_at)
		select y.id, l.order_id, l.shipment_id, l.id, 'commission', 200, 'EUR', 2000, 1000, 'awaiting_shipment', o.paid_at, o.paid_at
		from order_lines l join orders o on o.id = l.order_id join payees y on y.member_id = $1
		where o.number like 'm' || $1::bigint || '-%' and $2::int > 0 and $3::timestamptz is not null`,
}

// chunk is how many clicks one statement inserts.
const chunk = 500_000

// fill makes everything; clicks are counted by the triggers and rolled up by the service, as in life.
func (d *dashboards) fill(ctx context.Context, most int64) error {
	if _, err := d.owner.ExecContext(ctx, market); err != nil {
		return err
	}
	if err := d.owner.SelectContext(ctx, &d.members, `select id from members order by id`); err != nil {
		return err
	}
	recorder, err := clicks.New(clicks.Config{DB: d.app, Now: time.Now, Clock: time.Now, Secret: make([]byte, 32), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	for i, m := range d.members {
		if _, err := d.owner.ExecContext(ctx, insertLinks, m, memberLinks); err != nil {
			return fmt.Errorf("make links: %w", err)
		}
		for from := int64(1); from <= sizesOf(most)[i]; from += chunk {
			if _, err := d.owner.ExecContext(ctx, insertClicks, m, from, min(from+chunk-1, sizesOf(most)[i]), memberLinks, d.now); err != nil {
				return fmt.Errorf("make clicks: %w", err)
			}
		}
		for _, s := range insertOrders {
			if _, err := d.owner.ExecContext(ctx, s, m, memberOrders, d.now); err != nil {
				return fmt.Errorf("%.40s: %w", s, err)
			}
		}
		if err := recorder.Roll(ctx); err != nil {
			return err
		}
	}
	for _, s := range []string{`vacuum (analyze) link_days`, `vacuum (analyze) link_days_fresh`, `analyze`, `checkpoint`} {
		if _, err := d.owner.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}
