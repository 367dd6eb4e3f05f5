-- +goose Up
-- Selling face to face. Where an order was made decides whether its buyer may withdraw, and so when what it earned comes free: both
-- are frozen when it is placed. An order that was made at a distance is sent; every other one is handed over when it is paid.
alter table orders
  add column place text not null default 'distance' constraint orders_place_check
    check (place in ('distance','premises','market','fair','meeting','home','workplace')),
  add column withdrawal_days integer not null default 14 constraint orders_withdrawal_check check (withdrawal_days in (0, 14)),
  add constraint orders_distance_check check (place <> 'distance' or withdrawal_days = 14);
-- +goose StatementBegin
create function orders_place_fixed() returns trigger language plpgsql as $$
begin
  if row(old.place, old.withdrawal_days) is distinct from row(new.place, new.withdrawal_days) then
    raise exception 'order % keeps where it was made', old.id using errcode = '23514', constraint = 'orders_place_fixed_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger orders_place_fixed before update of place, withdrawal_days on orders for each row execute function orders_place_fixed();
alter table shipments drop constraint shipments_delivered_by_check,
  add constraint shipments_delivered_by_check check (delivered_by in ('','buyer','brand','time','seller'));

-- Where a brand lets its goods be sold face to face, in one country, and what it wants its buyers there to be told. No row: wherever
-- the law lets a payment be taken at once.
create table counter_rules (
  brand_id    bigint not null references brands,
  country     char(2) not null,
  members     boolean not null default true,      -- members may sell its goods face to face too
  places      text[] not null,
  warning     text not null default '' check (length(warning) <= 500),
  updated_at  timestamptz not null,
  updated_by  bigint not null references members,
  primary key (brand_id, country),
  constraint counter_rules_places_check check (places <@ array['premises','market','fair','meeting','home','workplace'])
);

-- A basket that somebody sells face to face. Its lines lie in a cart of its own until it becomes an order.
create table counter_sales (
  id           bigint generated always as identity primary key,
  operation    text not null constraint counter_sales_operation_key unique, -- made by the page: a basket begun twice is one
  seller_id    bigint not null references members,
  brand_id     bigint references brands,           -- null: the seller's own storefront
  cart_id      text not null constraint counter_sales_cart_key unique,
  place        text not null check (place in ('premises','market','fair','meeting','home','workplace')),
  country      char(2) not null,
  lang         text not null check (lang in ('fr','en')),
  state        text not null default 'draft' check (state in ('draft','shown','cancelled')),
  token        text constraint counter_sales_token_key unique, -- 130 random bits in the code that the buyer scans; a new one each time it is shown
  shown_at     timestamptz,
  expires_at   timestamptz,                        -- until then a buyer may agree
  total_minor  bigint check (total_minor > 0),     -- as shown
  currency     char(3),
  order_id     bigint constraint counter_sales_order_key unique references orders,
  buyer        text not null default '',           -- which browser agreed, by a random mark in its cookie
  asked_at     timestamptz,                        -- when the provider was last asked, in real time
  created_at   timestamptz not null,
  ended_at     timestamptz,
  constraint counter_sales_shown_check check (state <> 'shown' or token is not null and expires_at is not null and total_minor is not null and currency is not null),
  constraint counter_sales_order_check check (order_id is null or token is not null and total_minor is not null)
);
create index counter_sales_seller on counter_sales (seller_id, id desc);
create index counter_sales_brand on counter_sales (brand_id, id desc) where brand_id is not null;
revoke delete, truncate on counter_sales from relais_app;
-- +goose StatementBegin
create function counter_sales_move() returns trigger language plpgsql as $$
begin
  if row(old.operation, old.seller_id, old.brand_id, old.cart_id, old.country, old.created_at)
       is distinct from row(new.operation, new.seller_id, new.brand_id, new.cart_id, new.country, new.created_at)
     or old.order_id is not null and row(old.order_id, old.place, old.token, old.total_minor, old.currency)
       is distinct from row(new.order_id, new.place, new.token, new.total_minor, new.currency) then
    raise exception 'sale % keeps its seller, its order and its total', old.id using errcode = '23514', constraint = 'counter_sales_fixed_check';
  end if;
  if old.state <> new.state and (old.state = 'cancelled' or old.order_id is not null and new.state = 'draft') then
    raise exception 'sale % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'counter_sales_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger counter_sales_move before update on counter_sales for each row execute function counter_sales_move();
