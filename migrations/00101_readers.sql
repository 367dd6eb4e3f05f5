-- +goose Up
-- Card readers, each of a brand or of a member, at a place that the provider knows.
create table readers (
  id            bigint generated always as identity primary key,
  operation     text not null constraint readers_operation_key unique,
  brand_id      bigint references brands,
  member_id     bigint references members,
  label         text not null check (length(label) between 1 and 60),
  street        text not null check (length(street) between 1 and 120),
  postcode      text not null check (length(postcode) between 1 and 12),
  city          text not null check (length(city) between 1 and 120),
  country       char(2) not null,
  state         text not null default 'new' check (state in ('new','ready','failed','removed')),
  attempt       integer not null default 1,        -- grows when the provider has spent our reference on a failure
  location_id   text,                              -- the provider's
  stripe_id     text constraint readers_stripe_key unique,
  device        text not null default '',
  failure       text not null default '',          -- the provider's code
  created_at    timestamptz not null,
  created_by    bigint not null references members,
  constraint readers_owner_check check (num_nonnulls(brand_id, member_id) = 1),
  constraint readers_ready_check check (state not in ('ready','removed') or stripe_id is not null)
);
create index readers_brand on readers (brand_id) where brand_id is not null;
create index readers_member on readers (member_id) where member_id is not null;
revoke delete, truncate on readers from relais_app;

-- Payments at a reader. The row is committed before anybody is asked; one of an order is open at a time, and is used again after a
-- card was declined, so that nobody can pay twice at a reader. without reader: an application of the seller's phone takes the card.
create table reader_payments (
  id                 bigint generated always as identity primary key,
  sale_id            bigint not null references counter_sales,
  order_id           bigint not null references orders,
  reader_id          bigint references readers,
  amount_minor       bigint not null check (amount_minor > 0),
  currency           char(3) not null,
  state              text not null default 'new' check (state in ('new','open','at_reader','succeeded','cancelled')),
  attempt            integer not null default 1,    -- of the payment's reference
  turn               integer not null default 0,    -- how often it was handed to a reader
  payment_intent_id  text constraint reader_payments_intent_key unique,
  failure            text not null default '',      -- why the last turn did not succeed: the provider's code
  created_at         timestamptz not null,
  tried_at           timestamptz,                   -- when the provider was last asked to do something, in real time
  ended_at           timestamptz,
  constraint reader_payments_known_check check (state in ('new','cancelled') or payment_intent_id is not null),
  constraint reader_payments_ended_check check ((state in ('succeeded','cancelled')) = (ended_at is not null))
);
create unique index reader_payments_one_open on reader_payments (order_id) where state in ('new','open','at_reader');
create index reader_payments_reader on reader_payments (reader_id) where state in ('new','open','at_reader');
create index reader_payments_sale on reader_payments (sale_id, id);
revoke delete, truncate on reader_payments from relais_app;
-- +goose StatementBegin
create function reader_payments_move() returns trigger language plpgsql as $$
begin
  if row(old.sale_id, old.order_id, old.amount_minor, old.currency, old.created_at) is distinct from row(new.sale_id, new.order_id, new.amount_minor, new.currency, new.created_at)
     or old.payment_intent_id is not null and old.payment_intent_id is distinct from new.payment_intent_id then
    raise exception 'reader payment % keeps its order and its amount', old.id using errcode = '23514', constraint = 'reader_payments_fixed_check';
  end if;
  if old.state in ('succeeded','cancelled') and old.state <> new.state then
    raise exception 'reader payment % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'reader_payments_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger reader_payments_move before update on reader_payments for each row execute function reader_payments_move();
