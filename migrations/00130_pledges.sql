-- +goose Up
-- Buying together: promises to buy, each with a card that is kept for it, and charged only if enough people promise before a day.

-- 1. What is promised to.
create table campaigns (
  id         bigint generated always as identity primary key,
  code       text not null constraint campaigns_code_key unique check (length(code) = 10),  -- of its address, random
  kind       text not null default 'group_order' check (kind in ('group_order')),
  product_id bigint not null references products,
  brand_id   bigint not null references brands,
  opened_by  bigint not null references members,
  terms_id   bigint not null references terms,              -- that offered the steps
  steps      jsonb not null check (steps <> '[]'),          -- as they were offered then
  currency   char(3) not null,
  note       text not null default '' check (length(note) <= 500),
  state      text not null default 'open' check (state in ('open','reached','missed','cancelled')),
  opened_at  timestamptz not null,
  deadline   timestamptz not null,
  ended_at   timestamptz,
  ended_why  text not null default '' check (ended_why in ('','opener','brand','platform','unavailable','late')),
  stopped_at timestamptz,                                                      -- the platform had the charges of a reached one stop
  people     integer not null default 0 check (people >= 0),     -- when it ended
  less_bps   bigint not null default 0 check (less_bps between 0 and 7000),
  constraint campaigns_deadline_check check (deadline > opened_at and deadline <= opened_at + interval '31 days'),
  constraint campaigns_ended_check check ((state = 'open') = (ended_at is null)),
  constraint campaigns_why_check check ((state = 'cancelled') = (ended_why <> '')),
  constraint campaigns_stopped_check check (stopped_at is null or state = 'reached'),
  constraint campaigns_step_check check ((state = 'reached') = (less_bps > 0))
);
create index campaigns_open on campaigns (deadline) where state = 'open';
create index campaigns_opener on campaigns (opened_by, id desc);
create index campaigns_brand on campaigns (brand_id, id desc);
create index campaigns_product on campaigns (product_id, id desc);
revoke delete, truncate on campaigns from relais_app;

-- +goose StatementBegin
create function campaigns_move() returns trigger language plpgsql as $$
begin
  if row(old.code, old.kind, old.product_id, old.brand_id, old.opened_by, old.terms_id, old.steps, old.currency, old.opened_at, old.deadline)
     is distinct from row(new.code, new.kind, new.product_id, new.brand_id, new.opened_by, new.terms_id, new.steps, new.currency, new.opened_at, new.deadline) then
    raise exception 'campaign % keeps what was offered', old.id using errcode = '23514', constraint = 'campaigns_fixed_check';
  end if;
  if old.state <> 'open' and (row(old.state, old.note, old.ended_at, old.ended_why, old.people, old.less_bps)
     is distinct from row(new.state, new.note, new.ended_at, new.ended_why, new.people, new.less_bps) or old.stopped_at is not null and old.stopped_at is distinct from new.stopped_at) then
    raise exception 'campaign % is over', old.id using errcode = '23514', constraint = 'campaigns_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger campaigns_move before update on campaigns for each row execute function campaigns_move();

-- 2. Who promised what, with everything that they were shown.
create table pledges (
  id             bigint generated always as identity primary key,
  token          text not null constraint pledges_token_key unique,          -- 130 random bits: the page without log-in
  operation      text not null constraint pledges_operation_key unique,      -- one-time value of the form
  campaign_id    bigint not null references campaigns,
  cart_id        text not null constraint pledges_cart_key unique references carts,
  variant_id     bigint not null references variants,
  quantity       integer not null check (quantity between 1 and 10),
  member_id      bigint references members,                                   -- null: a guest
  email          text not null,
  email_normal   text not null,
  name           text not null,
  street         text not null,
  street2        text not null default '',
  postcode       text not null,
  city           text not null,
  country        char(2) not null,
  phone          text not null default '',
  lang           text not null check (lang in ('fr','en')),
  visitor        text not null default '',                                    -- of the consent cookie
  price_minor    bigint not null check (price_minor > 0),                     -- the brand's price of a piece then, VAT included
  method_name    text not null,
  shipping_minor bigint not null check (shipping_minor >= 0),
  days_min       integer not null,
  days_max       integer not null,
  most_minor     bigint not null,                                             -- what its buyer authorised us to take at most
  consent        text not null,                                               -- the sentence that they agreed to
  state          text not null default 'pending' check (state in ('pending','joined','due','ordered','lapsed','left','released')),
  asked_at       timestamptz not null,                                        -- the form was sent
  expires_at     timestamptz not null,                                        -- of a pending one: until then its stock is kept
  joined_at      timestamptz,
  ended_at       timestamptz,
  ended_why      text not null default '' check (ended_why in ('','missed','cancelled','unavailable','late')),  -- why it was released
  told_at        timestamptz,                                                 -- what follows from its end was done
  setup_id       text constraint pledges_setup_key unique,
  setup_url      text not null default '',
  setup_attempt  integer not null default 0,
  customer_id    text not null default '',
  card_id        text not null default '',
  card_brand     text not null default '',
  card_last4     text not null default '',
  fingerprint    text not null default '',                                    -- of the card: one card is one person
  forgotten_at   timestamptz,                                                 -- the provider forgot them and the card
  order_id       bigint constraint pledges_order_key unique references orders,
  attempt        integer not null default 1,                                  -- of the charge: its key at the provider
  first_sent_at  timestamptz,                                                 -- real time, under this key
  tried_at       timestamptz,                                                 -- real time
  refusals       integer not null default 0,
  refused_at     timestamptz,                                                 -- business time, the last one
  refused_code   text not null default '',
  next_at        timestamptz,                                                 -- business time of the next try; null: none by itself
  constraint pledges_most_check check (most_minor = price_minor * quantity + shipping_minor),
  constraint pledges_joined_check check ((state in ('pending','lapsed')) = (joined_at is null)),
  constraint pledges_card_check check (state in ('pending','lapsed') or card_id <> '' and customer_id <> ''),
  constraint pledges_order_check check ((state = 'ordered') = (order_id is not null)),
  constraint pledges_ended_check check ((state in ('ordered','lapsed','left','released')) = (ended_at is not null)),
  constraint pledges_why_check check ((state = 'released') = (ended_why <> ''))
);
create index pledges_campaign on pledges (campaign_id, state);
create index pledges_pending on pledges (expires_at) where state = 'pending';
create index pledges_due on pledges (id) where state = 'due';
create index pledges_next on pledges (next_at) where next_at is not null;
create index pledges_untold on pledges (id) where state = 'released' and told_at is null;
create index pledges_cards on pledges (ended_at) where customer_id <> '' and forgotten_at is null;
create index pledges_untold_orders on pledges (order_id) where state = 'ordered' and told_at is null;
create index pledges_people on pledges (ended_at) where email <> '';
create index pledges_variant on pledges (variant_id);
create index pledges_member on pledges (member_id, id desc) where member_id is not null;
revoke delete, truncate on pledges from relais_app;

create table pledge_moves (origin text not null, target text not null, primary key (origin, target));
insert into pledge_moves values ('pending','joined'),('pending','lapsed'),('joined','left'),('joined','due'),('joined','released'),('due','ordered'),('due','released');
revoke insert, update, delete, truncate on pledge_moves from relais_app;
-- +goose StatementBegin
create function pledges_move() returns trigger language plpgsql as $$
begin
  if row(old.token, old.operation, old.campaign_id, old.cart_id, old.variant_id, old.quantity, old.member_id, old.price_minor, old.shipping_minor, old.most_minor, old.asked_at)
     is distinct from row(new.token, new.operation, new.campaign_id, new.cart_id, new.variant_id, new.quantity, new.member_id, new.price_minor, new.shipping_minor, new.most_minor, new.asked_at)
     or old.joined_at is not null and old.joined_at is distinct from new.joined_at or old.order_id is not null and old.order_id is distinct from new.order_id then
    raise exception 'pledge % stays as it was agreed', old.id using errcode = '23514', constraint = 'pledges_fixed_check';
  end if;
  if old.state <> new.state and not exists (select 1 from pledge_moves where origin = old.state and target = new.state) then
    raise exception 'pledge % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'pledges_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger pledges_move before update on pledges for each row execute function pledges_move();

-- An order that waits for days has a payment page for a day at a time: until when, so that asking again asks for the same.
alter table orders add column checkout_until timestamptz;

-- 3. Whoever opened a campaign brought those who joined it.
alter table attributions drop constraint attributions_rule_check,
  add constraint attributions_rule_check check (rule in ('group','storefront','code','click','pin','none'));
