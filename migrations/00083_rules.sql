-- +goose Up
-- The rule book of attribution: codes, whose the clicks of several members are, the member whom an account is pinned to, and when a
-- checkout began.

-- Which eligible click is paid: the last, the first, or both, the last one's part in basis points. Of the others it says the same in
-- one number, so that a reader needs no case: all to the last, nothing to it.
alter table terms add column credit text not null default 'last' check (credit in ('last','first','split')),
  add column split_last_bps integer not null default 10000,
  add constraint terms_split_check check (case credit when 'last' then split_last_bps = 10000 when 'first' then split_last_bps = 0 else split_last_bps between 1 and 9999 end);

-- A word that a member gives to people who do not follow links. It is never given to anybody else, not even after it was switched off.
create table member_codes (
  id          bigint generated always as identity primary key,
  member_id   bigint not null references members,
  code        text not null constraint member_codes_code_key unique constraint member_codes_code_check check (code ~ '^[A-Z0-9][A-Z0-9-]{1,18}[A-Z0-9]$'),
  created_at  timestamptz not null,
  disabled_at timestamptz
);
create index member_codes_member on member_codes (member_id, id desc);
revoke update, delete, truncate on member_codes from relais_app;
grant update (disabled_at) on member_codes to relais_app;

-- The member who brought an account to Relais, known at its sign-up. Its holder may have it removed; nobody changes it.
create table pins (
  member_id  bigint primary key references members,
  pinned_to  bigint not null references members,
  link_id    bigint references share_links,
  pinned_at  timestamptz not null,
  removed_at timestamptz,
  constraint pins_self_check check (pinned_to <> member_id)
);
create index pins_to on pins (pinned_to);
revoke update, delete, truncate on pins from relais_app;
grant update (removed_at) on pins to relais_app;

-- When the buyer first opened the checkout with the goods as they are: clicks after it do not count.
alter table carts add column checkout_at timestamptz;

-- The token of the click, as the page sent it: whose click it is, is looked up when the order is placed. A click may reach its table
-- later than the goods reach the cart.
alter table cart_lines add column click_token text not null default '' check (length(click_token) <= 64);
update cart_lines l set click_token = c.token from clicks c where c.id = l.click_id;
alter table cart_lines drop column click_id;

-- What the buyer typed, frozen with the order.
alter table orders add column code text not null default '' check (length(code) <= 20);
-- +goose StatementBegin
create or replace function orders_fixed() returns trigger language plpgsql as $$
begin
  if row(old.number, old.token, old.operation, old.currency, old.goods_minor, old.shipping_minor, old.total_minor, old.placed_at, old.code)
     is distinct from row(new.number, new.token, new.operation, new.currency, new.goods_minor, new.shipping_minor, new.total_minor, new.placed_at, new.code)
     or old.payment_intent_id is distinct from new.payment_intent_id and old.payment_intent_id is not null then
    raise exception 'order % keeps its total and its payment', old.id using errcode = '23514', constraint = 'orders_fixed_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- Who is credited for a line, at which rate, and with which part of it. The parts of a line are 10000 together. Clicks are
-- partitioned by time and have no key that could be referred to.
create table attribution_credits (
  order_line_id bigint not null references attributions,
  member_id     bigint not null references members,
  link_id       bigint references share_links,
  click_id      bigint,
  rate_bps      integer not null constraint attribution_credits_rate_check check (rate_bps between 0 and 8000),
  part_bps      integer not null constraint attribution_credits_part_check check (part_bps between 1 and 10000),
  primary key (order_line_id, member_id)
);
create index attribution_credits_member on attribution_credits (member_id, order_line_id desc);
create index attribution_credits_link on attribution_credits (link_id) where link_id is not null;
revoke update, delete, truncate on attribution_credits from relais_app;

insert into attribution_credits (order_line_id, member_id, link_id, click_id, rate_bps, part_bps)
select a.order_line_id, a.member_id, a.link_id, a.click_id, l.commission_bps, 10000
from attributions a join order_lines l on l.id = a.order_line_id where a.member_id is not null;

-- The evidence of before says of its winner what it now says of each: the rate and the part.
update attributions a set evidence = (a.evidence - 'rate' - 'locked_from') || jsonb_build_object('credit', 'last', 'split_last', 10000, 'at', a.decided_at,
  'candidates', coalesce((select jsonb_agg(case when (c.one->>'won')::boolean then c.one || jsonb_strip_nulls(jsonb_build_object('part', 10000, 'rate', a.evidence->'rate',
      'locked_from', a.evidence->'locked_from')) else c.one end order by c.n)
    from jsonb_array_elements(case jsonb_typeof(a.evidence->'candidates') when 'array' then a.evidence->'candidates' else '[]' end) with ordinality c(one, n)), '[]'));

alter table attributions drop constraint attributions_member_check, drop constraint attributions_rule_check,
  drop column member_id, drop column link_id, drop column click_id,
  add constraint attributions_rule_check check (rule in ('storefront','code','click','pin','none'));

-- A commission is base × rate × part.
alter table earnings add column part_bps integer not null default 10000 check (part_bps between 1 and 10000);
