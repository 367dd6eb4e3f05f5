-- +goose Up
-- A storefront as its owner wants it: theme, what stands first, collections, links elsewhere, and days off.

create table collections (
  id        bigint generated always as identity primary key,
  member_id bigint not null references members,
  name      text not null check (length(name) between 1 and 60),
  intro     text not null default '' check (length(intro) <= 300),
  position  integer not null,
  constraint collections_member_key unique (member_id, id)
);
create index collections_member on collections (member_id, position);

-- A listing is in one collection of the same member, or in none.
alter table listings add column collection_id bigint,
  add constraint listings_collection_key foreign key (member_id, collection_id) references collections (member_id, id) on delete set null (collection_id);
create index listings_collection on listings (collection_id) where collection_id is not null;

alter table storefronts
  add column theme text not null default 'paper' check (theme in ('paper','garden','sea','plum','slate')),
  add column pinned_id bigint,                                        -- a listing of theirs, which stands first
  add column away_from date,                                          -- first and last day off, in Paris
  add column away_until date,
  add column away_text text not null default '' check (length(away_text) <= 300),
  add constraint storefronts_pinned_key foreign key (member_id, pinned_id) references listings (member_id, product_id) on delete set null (pinned_id),
  add constraint storefronts_away_check check ((away_from is null) = (away_until is null) and (away_from is null or away_until between away_from and away_from + 366));

create table storefront_links (
  id        bigint generated always as identity primary key,
  member_id bigint not null references members,
  label     text not null check (length(label) between 1 and 60),
  url       text not null check (url ~ '^https://' and length(url) <= 300),
  position  integer not null
);
create index storefront_links_member on storefront_links (member_id, position);

-- +goose StatementBegin
create function note_storefront() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into changes (topic) values ('member:' || coalesce(new.member_id, old.member_id)) on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd
create trigger collections_changed after insert or update or delete on collections for each row execute function note_storefront();
create trigger storefront_links_changed after insert or update or delete on storefront_links for each row execute function note_storefront();
revoke all on function note_storefront() from public;
