-- +goose Up
-- Clicks by month, so that old ones go with their table and a look at recent ones opens few. A month without a table of its own goes
-- to clicks_default: no click is ever lost for the want of one. What outlives a click keeps its number and no longer refers to it.
alter table clicks rename to clicks_before;
alter sequence clicks_id_seq rename to clicks_before_id_seq;
alter table clicks_before rename constraint clicks_pkey to clicks_before_pkey;
alter table clicks_before rename constraint clicks_token_key to clicks_before_token_key;
drop index clicks_link, clicks_visitor, clicks_member, clicks_repeat;

create table clicks (
  id          bigint generated always as identity,
  token       text not null,                 -- 128 random bits, in the address the visitor lands on
  link_id     bigint not null references share_links,
  at          timestamptz not null,
  day_visitor text not null,                 -- keyed hash of address, browser and day: only to count a visitor once an hour
  visitor     text not null default '',      -- from the consent cookie; empty without consent
  member_id   bigint references members,     -- signed-in visitor
  eligible    boolean not null,
  reason      text not null default '',      -- why it does not count: repeat, self, bot, embedded ...
  referer     text not null default '',      -- host only
  device      text not null default '',      -- phone, tablet, desktop
  primary key (id, at),
  constraint clicks_token_key unique (token, at)   -- a click that is sent again has the same time
) partition by range (at);
create index clicks_link on clicks (link_id, at desc);
create index clicks_visitor on clicks (visitor, at desc) where visitor <> '';
create index clicks_member on clicks (member_id, at desc) where member_id is not null;
create index clicks_repeat on clicks (day_visitor, (link_id + 0), at) where eligible;
create index clicks_at on clicks using brin (at);
create table clicks_default partition of clicks default;
revoke all on clicks_default from relais_app;      -- it goes by clicks only
revoke update, delete, truncate on clicks from relais_app;
grant update (visitor) on clicks to relais_app;    -- given by consent

-- Since when every click is still here: before that the sums by day are all there is.
create table clicks_kept (
  one   boolean primary key default true check (one),
  since timestamptz not null
);
insert into clicks_kept (since) values ('2000-01-01Z');
revoke insert, update, delete, truncate on clicks_kept from relais_app;

-- Makes the tables of the month of p_now and of p_ahead months after it, and of months whose clicks lie in clicks_default, which move
-- there; drops those that ended p_keep months ago. It does only this, with the right to make tables that the application does not
-- have; and what it drops is old by the clock of the database too. Returns what it did: +table, -table.
-- +goose StatementBegin
create function clicks_partitions(p_now timestamptz, p_ahead integer, p_keep integer) returns setof text language plpgsql security definer
set search_path = pg_catalog, public, pg_temp set timezone = 'UTC' set lock_timeout = '2s' as $$
declare
  present timestamptz := date_trunc('month', p_now);
  oldest  timestamptz := date_trunc('month', least(p_now, now())) - make_interval(months => p_keep);
  months  timestamptz[] := array(
    select generate_series(present, present + make_interval(months => p_ahead), interval '1 month')
    union select date_trunc('month', c.at) from public.clicks_default c where c.at >= oldest and c.at < present + make_interval(months => p_ahead + 1)
    order by 1);
  month   timestamptz;
  name    text;
begin
  if p_ahead not between 0 and 24 or p_keep not between 4 and 600 then -- attribution looks back 90 days
    raise exception 'partitions of clicks: % months ahead, % kept', p_ahead, p_keep using errcode = '22023';
  end if;
  foreach month in array months loop
    name := 'clicks_' || to_char(month, 'YYYY_MM');
    continue when to_regclass('public.' || name) is not null;
    execute format('create table public.%I (like public.clicks including defaults including constraints)', name);
    execute format('revoke all on public.%I from relais_app', name);
    lock table public.clicks_default in access exclusive mode; -- nothing comes to it between the move and the attachment
    execute format('with moved as (delete from public.clicks_default where at >= $1 and at < $2 returning *) insert into public.%I select * from moved', name)
      using month, month + interval '1 month';
    execute format('alter table public.clicks attach partition public.%I for values from (%L) to (%L)', name, month, month + interval '1 month');
    return next '+' || name;
  end loop;
  for name in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.clicks'::regclass and c.relname ~ '^clicks_\d{4}_\d{2}$' and to_timestamp(substr(c.relname, 8), 'YYYY_MM') + interval '1 month' <= oldest
    order by 1
  loop
    execute format('drop table public.%I', name);
    return next '-' || name;
  end loop;
  delete from public.clicks_default where at < oldest;
  update public.clicks_kept set since = oldest where since < oldest;
end $$;
-- +goose StatementEnd
revoke execute on function clicks_partitions(timestamptz, integer, integer) from public;
grant execute on function clicks_partitions(timestamptz, integer, integer) to relais_app;

-- The months that have clicks already, up to the retention; and from three ago, for a demo that is made of past days.
select clicks_partitions(now() - interval '3 months', 6, 600);
insert into clicks overriding system value select * from clicks_before;
select clicks_partitions(now(), 3, 600);
select setval(pg_get_serial_sequence('clicks', 'id'), greatest((select max(id) from clicks_before), 1), exists (select 1 from clicks_before));

create index share_links_brand on share_links (brand_id) where brand_id is not null;

-- Sums by link and day in Paris: people are clicks that count, visits have the repeats too. They stay when the clicks go.
--
-- They are exact whatever the order of commits: every statement that inserts clicks leaves its own sums in link_days_fresh, in the same
-- transaction, and whoever rolls takes rows away from there and adds them here in one statement. So a click is in exactly one of the two
-- from its commit on, and a reader who adds both up in one statement sees each click that is committed, once.
create table link_days (
  link_id bigint not null references share_links,
  day     date not null,
  people  bigint not null check (people >= 0),
  visits  bigint not null check (visits >= people),
  primary key (link_id, day)
);
create table click_days (                        -- of all links
  day     date primary key,
  people  bigint not null check (people >= 0),
  visits  bigint not null check (visits >= people)
);
create table link_days_fresh (
  link_id bigint not null,
  day     date not null,
  people  bigint not null,
  visits  bigint not null,
  made_at timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000);
create index link_days_fresh_link on link_days_fresh (link_id);
revoke delete, truncate on link_days, click_days from relais_app;
revoke update, truncate on link_days_fresh from relais_app;
create view link_counts as
  select link_id, day, people, visits from link_days union all select link_id, day, people, visits from link_days_fresh;
create view click_counts as
  select day, people, visits from click_days union all select day, people, visits from link_days_fresh;

-- +goose StatementBegin
create function clicks_count() returns trigger language plpgsql as $$
begin
  insert into public.link_days_fresh (link_id, day, people, visits)
    select n.link_id, (n.at at time zone 'Europe/Paris')::date, count(*) filter (where n.eligible), count(*)
    from inserted n where n.eligible or n.reason = 'repeat' group by 1, 2;
  return null;
end $$;
-- +goose StatementEnd
create trigger clicks_count after insert on clicks referencing new table as inserted for each statement execute function clicks_count();

insert into link_days (link_id, day, people, visits)
  select link_id, (at at time zone 'Europe/Paris')::date, count(*) filter (where eligible), count(*)
  from clicks_before where eligible or reason = 'repeat' group by 1, 2;
insert into click_days (day, people, visits) select day, sum(people), sum(visits) from link_days group by 1;
drop table clicks_before;

-- Records many clicks in one round trip and one commit. A visitor comes once for a link among them: the locks are per link and
-- visitor, in one order, so that of visits at once, of other processes too, one is eligible. The insert sees what was committed
-- before the locks were given. A token that is there already, at the same time, is passed over, so that a click whose answer got lost
-- can be sent again.
--
-- A session keeps one plan. Of the tables by month it opens those between the first and the last of the clicks, an hour around. The look
-- for a repeat leaves the planner one index that fits: the link and the exact times are compared in a form that no other serves. A repeat
-- just after midnight keeps the hash of the day of the click that it repeats, so that the one can be found by the other.
-- +goose StatementBegin
create or replace function record_clicks(tokens text[], links bigint[], ats timestamptz[], days text[], hours_ago text[], visitors text[],
  members bigint[], reasons text[], referers text[], devices text[])
returns table (token text, id bigint, reason text) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  since timestamptz := (select min(a) - interval '1 hour' from unnest(ats) a);
  until timestamptz := (select max(a) + interval '1 hour' from unnest(ats) a);
begin
  perform pg_advisory_xact_lock(k.key) from (
    select hashtextextended(u.link || ' ' || coalesce(nullif(u.visitor, ''), u.day), 0) as key
    from unnest(links, days, visitors, reasons) as u(link, day, visitor, reason) where u.reason = '' order by 1) k;
  return query with judged as materialized (
    select u.*, case
      when u.reason <> '' then u.reason
      when u.visitor <> '' then case when exists (select 1 from public.clicks x where x.visitor = u.visitor and x.visitor <> '' and x.link_id + 0 = u.link
        and x.eligible and x.at > since and x.at < until and x.at - u.at > interval '-1 hour' and x.at - u.at < interval '1 hour') then 'repeat' else '' end
      when exists (select 1 from public.clicks x where x.day_visitor = u.day and x.link_id + 0 = u.link
        and x.eligible and x.at > since and x.at < until and x.at - u.at > interval '-1 hour' and x.at - u.at < interval '1 hour') then 'repeat'
      when u.hour_ago <> u.day and exists (select 1 from public.clicks x where x.day_visitor = u.hour_ago and x.link_id + 0 = u.link
        and x.eligible and x.at > since and x.at < until and x.at - u.at > interval '-1 hour' and x.at - u.at < interval '1 hour') then 'repeat of yesterday'
      else '' end as why
    from unnest(tokens, links, ats, days, hours_ago, visitors, members, reasons, referers, devices) with ordinality
      as u(token, link, at, day, hour_ago, visitor, member, reason, referer, device, n))
  insert into public.clicks as c (token, link_id, at, day_visitor, visitor, member_id, eligible, reason, referer, device)
    select v.token, v.link, v.at, case v.why when 'repeat of yesterday' then v.hour_ago else v.day end, v.visitor, nullif(v.member, 0), v.why = '',
      case v.why when 'repeat of yesterday' then 'repeat' else v.why end, v.referer, v.device from judged v order by v.n
    on conflict (token, at) do nothing
    returning c.token, c.id, c.reason;
end $$;
-- +goose StatementEnd
