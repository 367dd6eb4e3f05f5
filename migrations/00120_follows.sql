-- +goose Up
-- Who follows whom: package follows. A follow leads to one member (their storefront), brand or open circle, and belongs to the sphere that
-- the follower chose. The follower and nobody else reads it; others learn how many follow something.
create table follows (
  id          bigint generated always as identity primary key,
  follower_id bigint not null references members,
  member_id   bigint references members,
  brand_id    bigint references brands,
  group_id    bigint references groups,
  sphere      text not null check (sphere in ('professional','personal')),
  at          timestamptz not null,
  constraint follows_once unique nulls not distinct (follower_id, member_id, brand_id, group_id),
  constraint follows_target_check check (num_nonnulls(member_id, brand_id, group_id) = 1),
  constraint follows_self_check check (member_id is distinct from follower_id)
);
create index follows_member on follows (member_id) where member_id is not null;
create index follows_brand on follows (brand_id) where brand_id is not null;
create index follows_group on follows (group_id) where group_id is not null;
revoke truncate on follows from relais_app;

-- What the author of a post shows outside of its circles: to those who follow them, or one of the open circles that it is in.
alter table posts add column outside boolean not null default false;

-- A place whose post is shown outside says by whom and in which sphere, so that the feeds of those who follow are read from an index.
alter table post_groups add column shown_by bigint references members,
  add column shown_sphere text check (shown_sphere in ('professional','personal')),
  add constraint post_groups_shown_check check ((shown_by is null) = (shown_sphere is null));
create index post_groups_shown on post_groups (group_id, published_at desc, post_id desc)
  where shown_by is not null and published_at is not null and removed_at is null and gone_at is null;
create index post_groups_author on post_groups (shown_by, shown_sphere, published_at desc, post_id desc)
  where shown_by is not null and published_at is not null and removed_at is null and gone_at is null;

-- What a storefront got and what a brand published, the newest first.
alter table listings add column id bigint generated always as identity;
create index listings_newest on listings (member_id, created_at desc, id desc);
alter table products add column published_at timestamptz; -- for the first time
update products set published_at = created_at where state <> 'draft';
create index products_followed on products (brand_id, published_at desc, id desc) where state = 'published';

-- +goose StatementBegin
-- The pages of a storefront and of a brand say how many follow it.
create function note_follow() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  f follows := coalesce(new, old);
begin
  insert into changes (topic) select 'brand:' || f.brand_id where f.brand_id is not null union all select 'member:' || f.member_id where f.member_id is not null
    on conflict do nothing;
  return null;
end $$;

-- Who comes into a circle, or is banned from it, does not follow it any more; nobody follows one that is closed or became private, and
-- what was shown of it outside is not any more.
create function follows_end() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_table_name = 'groups' then
    if new.visibility <> 'open' or new.closed_at is not null then
      delete from follows where group_id = new.id;
      update post_groups set shown_by = null, shown_sphere = null where group_id = new.id and shown_by is not null;
    end if;
  else
    delete from follows where group_id = new.group_id and follower_id = new.member_id;
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger follows_changed after insert or delete on follows for each row execute function note_follow();
create trigger follows_joined after insert on group_members for each row execute function follows_end();
create trigger follows_banned after insert on group_bans for each row execute function follows_end();
create trigger follows_closed after update of visibility, closed_at on groups for each row execute function follows_end();
revoke all on function note_follow(), follows_end() from public;
