-- +goose Up
-- A payee: who can be owed money; owner of the ledger accounts held, free and paying.
create table payees (
  id                 bigint generated always as identity primary key,
  member_id          bigint constraint payees_member_key unique references members,
  brand_id           bigint constraint payees_brand_key unique references brands,
  stripe_account_id  text constraint payees_stripe_account_key unique,
  country            char(2),
  details_submitted  boolean not null default false,
  transfers_active   boolean not null default false,
  payouts_enabled    boolean not null default false,
  disabled_reason    text not null default '',
  checked_at         timestamptz,
  created_at         timestamptz not null default now(),
  constraint payees_owner_check check (num_nonnulls(member_id, brand_id) = 1)
);

create table carts (
  id         text primary key,               -- 128 random bits, in a session cookie
  member_id  bigint references members,
  lang       text not null check (lang in ('fr','en')),
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create table cart_lines (
  cart_id       text not null references carts on delete cascade,
  variant_id    bigint not null references variants,
  quantity      integer not null check (quantity between 1 and 99),
  storefront_id bigint references members,   -- whose storefront path it was added from
  click_id      bigint references clicks,    -- the click that brought the visitor, when known
  added_at      timestamptz not null,
  primary key (cart_id, variant_id)
);

create table orders (
  id                  bigint generated always as identity primary key,
  number              text not null constraint orders_number_key unique,   -- what people read: R-7K2MQ4
  token               text not null constraint orders_token_key unique,    -- 128 random bits: the order page without log-in
  operation           text not null constraint orders_operation_key unique, -- one-time value of the form: a double click is one order
  member_id           bigint references members,
  email               text not null,
  email_normal        text not null,
  name                text not null,
  street              text not null,
  street2             text not null default '',
  postcode            text not null,
  city                text not null,
  country             char(2) not null,
  phone               text not null default '',
  lang                text not null check (lang in ('fr','en')),
  currency            char(3) not null,
  goods_minor         bigint not null check (goods_minor > 0),
  shipping_minor      bigint not null check (shipping_minor >= 0),
  total_minor         bigint not null constraint orders_total_check check (total_minor = goods_minor + shipping_minor),
  state               text not null default 'awaiting_payment'
                      check (state in ('awaiting_payment','paid','refunded','expired','cancelled')),
  placed_at           timestamptz not null,
  expires_at          timestamptz not null,          -- until then the stock is reserved
  checkout_id         text constraint orders_checkout_key unique,
  checkout_url        text not null default '',
  payment_intent_id   text constraint orders_payment_intent_key unique,
  charge_id           text,
  card_fingerprint    text,
  paid_at             timestamptz,
  ended_at            timestamptz,                   -- refunded, expired or cancelled
  refunded_minor      bigint not null default 0,
  withdrawal_at       timestamptz,                   -- the buyer declared withdrawal
  withdrawal_reason   text not null default '',
  constraint orders_refunded_check check (refunded_minor between 0 and total_minor),
  constraint orders_paid_check check (state not in ('paid','refunded') or (paid_at is not null and payment_intent_id is not null))
);
create index orders_member on orders (member_id, id desc) where member_id is not null;
create index orders_open on orders (expires_at) where state = 'awaiting_payment';
create index orders_email on orders (email_normal);

-- States move only along the drawn edges.
create table order_moves (origin text not null, target text not null, primary key (origin, target));
insert into order_moves values ('awaiting_payment','paid'),('awaiting_payment','expired'),('awaiting_payment','cancelled'),
  ('expired','paid'),('paid','refunded');
-- +goose StatementBegin
create function orders_move() returns trigger language plpgsql as $$
begin
  if old.state <> new.state and not exists (select 1 from order_moves where origin = old.state and target = new.state) then
    raise exception 'order % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'orders_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger orders_move before update of state on orders for each row execute function orders_move();
revoke insert, update, delete, truncate on order_moves from relais_app;

-- A shipment: what one brand sends of one order.
create table shipments (
  id              bigint generated always as identity primary key,
  order_id        bigint not null references orders,
  brand_id        bigint not null references brands,
  method_name     text not null,
  shipping_minor  bigint not null check (shipping_minor >= 0),
  days_min        integer not null,
  days_max        integer not null,
  state           text not null default 'waiting' check (state in ('waiting','preparing','shipped','delivered','cancelled')),
  carrier         text not null default '' check (length(carrier) <= 60),
  tracking        text not null default '' check (length(tracking) <= 300),
  shipped_at      timestamptz,
  delivered_at    timestamptz,
  delivered_by    text not null default '' check (delivered_by in ('','buyer','brand','time')),
  constraint shipments_once unique (order_id, brand_id)
);
create index shipments_brand on shipments (brand_id, state, id desc);
create index shipments_under_way on shipments (shipped_at) where state = 'shipped';

create table order_lines (
  id             bigint generated always as identity primary key,
  order_id       bigint not null references orders,
  shipment_id    bigint not null references shipments,
  variant_id     bigint not null references variants,
  product_id     bigint not null references products,
  brand_id       bigint not null references brands,
  title          text not null,
  variant_title  text not null default '',
  sku            text not null default '',
  media_id       bigint references media,
  quantity       integer not null check (quantity between 1 and 99),
  price_minor    bigint not null check (price_minor > 0),   -- per piece, including VAT
  total_minor    bigint not null,
  vat_bps        integer not null,
  net_minor      bigint not null,                            -- total without VAT, rounded down: the base of every rate
  terms_id       bigint not null references terms,
  commission_bps integer not null check (commission_bps >= 0),
  fee_bps        integer not null check (fee_bps >= 0),
  constraint order_lines_total_check check (total_minor = price_minor * quantity),
  constraint order_lines_net_check check (net_minor between 0 and total_minor),
  constraint order_lines_rates_check check (commission_bps + fee_bps <= 10000)
);
create index order_lines_order on order_lines (order_id);
create index order_lines_shipment on order_lines (shipment_id);
create index order_lines_product on order_lines (product_id);

-- Who brought the buyer, decided once, with everything that was weighed.
create table attributions (
  order_line_id bigint primary key references order_lines,
  rule          text not null check (rule in ('storefront','click','none')),
  member_id     bigint references members,
  link_id       bigint references share_links,
  click_id      bigint references clicks,
  evidence      jsonb not null,              -- every candidate: member, link, click, when, eligible, reason
  decided_at    timestamptz not null,
  constraint attributions_member_check check ((rule = 'none') = (member_id is null))
);
create index attributions_member on attributions (member_id, order_line_id desc) where member_id is not null;
create index attributions_link on attributions (link_id) where link_id is not null;
revoke update, delete, truncate on attributions from relais_app;

-- A payee's share of an order line (or of a shipment's delivery cost).
create table earnings (
  id             bigint generated always as identity primary key,
  payee_id       bigint not null references payees,
  order_id       bigint not null references orders,
  shipment_id    bigint not null references shipments,
  order_line_id  bigint references order_lines,             -- null: delivery cost
  role           text not null check (role in ('sale','delivery','commission')),
  amount_minor   bigint not null check (amount_minor > 0),
  currency       char(3) not null,
  base_minor     bigint not null,
  rate_bps       integer not null default 0,                 -- 0: what is left
  state          text not null default 'held' check (state in ('held','free','frozen','voided')),
  reason         text not null,                              -- i18n key stem: why it waits, or why it was voided
  free_at        timestamptz not null,                       -- the day it comes free; an estimate until delivery
  free_at_known  boolean not null default false,
  earned_at      timestamptz not null,
  released_at    timestamptz,
  free_posting_id bigint,                                    -- the posting that moved it to the free account
  voided_at      timestamptz,
  constraint earnings_once unique nulls not distinct (shipment_id, order_line_id, role, payee_id),
  constraint earnings_released_check check ((state = 'free') = (free_posting_id is not null))
);
create index earnings_payee on earnings (payee_id, id desc);
create index earnings_order on earnings (order_id);
create index earnings_due on earnings (free_at) where state = 'held' and free_at_known;
create index earnings_posting on earnings (payee_id, currency, free_posting_id) where free_posting_id is not null;
-- +goose StatementBegin
create function earnings_move() returns trigger language plpgsql as $$
begin
  if row(old.payee_id, old.order_id, old.order_line_id, old.role, old.amount_minor, old.currency)
     is distinct from row(new.payee_id, new.order_id, new.order_line_id, new.role, new.amount_minor, new.currency) then
    raise exception 'earning % keeps its amount and its owner', old.id using errcode = '23514', constraint = 'earnings_fixed_check';
  end if;
  if old.state <> new.state and not (
     (old.state = 'held' and new.state in ('free','frozen','voided')) or (old.state = 'frozen' and new.state in ('held','voided'))) then
    raise exception 'earning % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'earnings_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger earnings_move before update on earnings for each row execute function earnings_move();
revoke delete, truncate on earnings from relais_app;

-- Refunds as asked of the payment provider: the intent is committed before the call.
create table refunds (
  id           bigint generated always as identity primary key,
  order_id     bigint not null references orders,
  amount_minor bigint not null check (amount_minor > 0),
  currency     char(3) not null,
  reason       text not null,                -- withdrawal, brand, admin, second_payment, no_stock
  payment_intent_id text not null,
  state        text not null default 'new' check (state in ('new','sending','pending','succeeded','failed','canceled','requires_action')),
  attempt      integer not null default 1,
  stripe_id    text constraint refunds_stripe_key unique,
  failure      text not null default '',
  asked_by     bigint references members,    -- null: the buyer, or the system
  asked_at     timestamptz not null,
  ended_at     timestamptz,
  constraint refunds_once unique (payment_intent_id, reason)
);
create index refunds_order on refunds (order_id);

-- What buyer, brand and system did with an order, in words for its page.
create table order_events (
  id       bigint generated always as identity primary key,
  order_id bigint not null references orders,
  at       timestamptz not null,
  kind     text not null,
  detail   jsonb not null default '{}'
);
create index order_events_order on order_events (order_id, id);

-- Messages between buyer and brand on an order.
create table order_messages (
  id        bigint generated always as identity primary key,
  order_id  bigint not null references orders,
  brand_id  bigint not null references brands,
  author    text not null check (author in ('buyer','brand')),
  member_id bigint references members,
  body      text not null check (length(body) between 1 and 4000),
  at        timestamptz not null
);
create index order_messages_order on order_messages (order_id, id);

-- Webhooks: stored raw, once, before they are answered; their effect is a job.
create table webhook_events (
  id          text primary key,              -- evt_...
  endpoint    text not null check (endpoint in ('platform','connect')),
  type        text not null,
  account     text not null default '',
  object_id   text not null default '',
  livemode    boolean not null,
  created     timestamptz not null,
  received_at timestamptz not null default now(),
  payload     jsonb not null,
  handled_at  timestamptz
);
create index webhook_events_newest on webhook_events (received_at desc);
