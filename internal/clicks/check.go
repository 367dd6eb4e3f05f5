package clicks

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

// recounted are the days that an audit counts anew, as far as all of their clicks are still here: the last seven, and one of those
// before, another every day, so that each has its turn in a year and no audit reads more than that.
const recounted = `
with last as (select max(day) as day from click_counts), days as (
  select x.day, x.day::timestamp at time zone 'Europe/Paris' as begins, (x.day + 1)::timestamp at time zone 'Europe/Paris' as ends
  from last, lateral (select last.day - n as day from generate_series(0, 6) n
    union select last.day - 7 - (extract(epoch from now())::bigint / 86400 % 365)::int) x
  where x.day::timestamp at time zone 'Europe/Paris' >= (select since from clicks_kept)
), counted as (
  select c.link_id, d.day, count(*) filter (where c.eligible) as people, count(*) as visits
  from days d join clicks c on c.at >= d.begins and c.at < d.ends where c.eligible or c.reason = 'repeat' group by 1, 2
)`

var checks = []ledger.Invariant{
	{Name: "clicks_rolled", Description: "the sums of clicks by link and day are what a recount of the last days gives",
		Query: recounted + `, rolled as (
		  select r.link_id, r.day, sum(r.people) as people, sum(r.visits) as visits from link_counts r join days d on d.day = r.day group by 1, 2)
		select count(*) from counted c full join rolled r using (link_id, day)
		where (coalesce(c.people, 0), coalesce(c.visits, 0)) <> (coalesce(r.people, 0), coalesce(r.visits, 0))`},
	{Name: "click_days_rolled", Description: "the sums of all clicks by day are those of the links",
		Query: recounted + `, links as (select day, sum(people) as people, sum(visits) as visits from counted group by 1),
		rolled as (select r.day, sum(r.people) as people, sum(r.visits) as visits from click_counts r join days d on d.day = r.day group by 1)
		select count(*) from links c full join rolled r using (day)
		where (coalesce(c.people, 0), coalesce(c.visits, 0)) <> (coalesce(r.people, 0), coalesce(r.visits, 0))`},
	{Name: "clicks_guarded", Description: "the application cannot change or delete a click, nor a sum, and a click is kept once",
		Query: `select (select count(*) from pg_inherits i, unnest(array['INSERT','UPDATE','DELETE','TRUNCATE']) p
		    where i.inhparent = 'clicks'::regclass and has_table_privilege('relais_app', i.inhrelid, p))
		  + (select count(*) from (values ('clicks', 'UPDATE'), ('clicks', 'DELETE'), ('clicks', 'TRUNCATE'), ('link_days', 'DELETE'), ('link_days', 'TRUNCATE'),
		      ('click_days', 'DELETE'), ('click_days', 'TRUNCATE'), ('link_days_fresh', 'UPDATE'), ('clicks_kept', 'UPDATE'), ('clicks_kept', 'DELETE')) r(name, p)
		    where has_table_privilege('relais_app', r.name, r.p))
		  + (select count(*) from (values ('clicks_token_key')) expected(name)
		    where not exists (select 1 from pg_constraint c where c.conrelid = 'clicks'::regclass and c.conname = expected.name and c.convalidated))
		  + (select count(*) from (values ('clicks_count')) expected(name)
		    where not exists (select 1 from pg_trigger g where g.tgrelid = 'clicks'::regclass and g.tgname = expected.name and g.tgenabled = 'O'))`},
}

// Check counts what breaks each invariant of clicks.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
