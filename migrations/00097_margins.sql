-- +goose Up
-- Reselling with a margin: a brand's terms say how much a storefront may put on its price, a listing says how much its member did, and an
-- order line keeps both for good. There is never a lowest price.
alter table terms add column margin_bps integer not null default 0 check (margin_bps between 0 and 10000); -- of the brand's price; 0: none allowed

-- What a buyer pays on top of the brand's price, per piece of any variant. cut_*: when and why terms or a price lowered it, until its member
-- types another one.
alter table listings add column margin_minor bigint not null default 0 check (margin_minor between 0 and 100000000),
  add column margin_currency char(3),
  add column cut_from_minor bigint,
  add column cut_at timestamptz,
  add column cut_why text check (cut_why in ('terms','price','currency')),
  add constraint listings_margin_check check (margin_minor = 0 or margin_currency is not null),
  add constraint listings_cut_check check ((cut_at is null) = (cut_why is null) and (cut_at is null) = (cut_from_minor is null) and margin_minor < coalesce(cut_from_minor, margin_minor + 1));

-- Every margin that a listing had, for the lowest price of 30 days of that storefront. A listing that was taken out has none.
create table listing_margins (
  id           bigint generated always as identity primary key,
  member_id    bigint not null references members,
  product_id   bigint not null references products,
  margin_minor bigint not null check (margin_minor between 0 and 100000000),
  currency     char(3) not null,
  since        timestamptz not null
);
create index listing_margins_of on listing_margins (member_id, product_id, since, id);
revoke all on listing_margins from relais_app;
grant select, insert on listing_margins to relais_app;

-- price_minor is what the buyer pays per piece: the brand's price and the margin of the storefront that the line was bought in. net_minor stays
-- the base of every rate: it is of the brand's price only.
alter table order_lines add column margin_minor bigint not null default 0,      -- of a piece, VAT included
  add column margin_net_minor bigint not null default 0,                         -- of the line, without VAT, rounded down: what its member earns
  add column brand_price_minor bigint not null generated always as (price_minor - margin_minor) stored,
  add constraint order_lines_margin_check check (margin_minor >= 0 and margin_minor <= price_minor / 2),
  add constraint order_lines_margin_net_check check (margin_net_minor between 0 and margin_minor * quantity),
  add constraint order_lines_shares_check check (net_minor + margin_net_minor <= total_minor);

alter table earnings drop constraint earnings_role_check,
  add constraint earnings_role_check check (role in ('sale','delivery','commission','margin','kept'));
drop index earnings_released;
create index earnings_released on earnings (released_at) where role in ('commission','margin') and released_at is not null;

-- Whoever is on a brand's team has no margin on its products, so pages of their storefronts change with the team.
-- +goose StatementBegin
create function note_team() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into changes (topic) values ('member:' || coalesce(new.member_id, old.member_id)) on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd
create trigger brand_members_changed after insert or update or delete on brand_members for each row execute function note_team();
revoke all on function note_team() from public;
