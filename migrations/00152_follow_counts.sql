-- +goose Up
-- How many follow something is read on every page of it, so it is counted as they come and go: a follow of a member, brand or circle adds one
-- while its follower is not blocked. The audit counts anew.
create table follow_counts (
  kind      text not null check (kind in ('member','brand','circle')),
  target_id bigint not null, -- of the member, brand or circle
  followers bigint not null check (followers >= 0),
  primary key (kind, target_id)
);
revoke insert, update, delete, truncate on follow_counts from relais_app;
alter table follows
  add column kind text not null generated always as (case when member_id is not null then 'member' when brand_id is not null then 'brand' else 'circle' end) stored,
  add column target_id bigint not null generated always as (coalesce(member_id, brand_id, group_id)) stored,
  add column counted boolean not null default true; -- its follower is not blocked
update follows f set counted = false from members m where m.id = f.follower_id and m.blocked_at is not null;
insert into follow_counts (kind, target_id, followers) select kind, target_id, count(*) from follows where counted group by kind, target_id;

-- No page is made again for it: the count that guests read may be a minute old.
drop trigger follows_changed on follows;
drop function note_follow();

-- +goose StatementBegin
create function count_follows() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  d record;
begin
  if tg_op = 'INSERT' then
    insert into follow_counts as c (kind, target_id, followers)
      select kind, target_id, count(*) from fresh where counted group by kind, target_id order by kind, target_id
      on conflict (kind, target_id) do update set followers = c.followers + excluded.followers;
    return null;
  end if;
  for d in select kind, target_id, count(*) as n from gone where counted group by kind, target_id order by kind, target_id loop
    update follow_counts set followers = followers - d.n where kind = d.kind and target_id = d.target_id;
  end loop;
  return null;
end $$;

-- The mark on each follow, and not the member, says whether it counts: who is blocked while they end a follow takes one off, not two.
create function count_blocked() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  counts boolean := new.blocked_at is null;
  d record;
begin
  for d in with changed as (update follows set counted = counts where follower_id = new.id and counted <> counts returning kind, target_id)
    select kind, target_id from changed order by kind, target_id loop
    insert into follow_counts as c (kind, target_id, followers) values (d.kind, d.target_id, counts::int)
      on conflict (kind, target_id) do update set followers = c.followers + case when counts then 1 else -1 end;
  end loop;
  return null;
end $$;
-- +goose StatementEnd
create trigger follows_counted_in after insert on follows referencing new table as fresh for each statement execute function count_follows();
create trigger follows_counted_out after delete on follows referencing old table as gone for each statement execute function count_follows();
create trigger follows_blocked after update of blocked_at on members for each row
  when ((old.blocked_at is null) <> (new.blocked_at is null)) execute function count_blocked();
revoke all on function count_follows(), count_blocked() from public;
