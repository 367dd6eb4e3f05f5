-- +goose Up
-- Commissions that a person looks at, and sales that somebody misses.

-- 1. A hold may be on one earning.
alter table holds add column earning_id bigint references earnings;
alter table holds drop constraint holds_part_check, drop constraint holds_place_check, drop constraint holds_once;
alter table holds add constraint holds_part_check check (part in ('order','shipment','line','delivery','earning')),
  add constraint holds_place_check check ((part in ('shipment','delivery')) = (shipment_id is not null) and (part = 'line') = (order_line_id is not null)
    and (part = 'earning') = (earning_id is not null)),
  add constraint holds_once unique nulls not distinct (reference, shipment_id, order_line_id, earning_id, part);

-- 2. A share that passes to another payee: the earning that it leaves keeps its amount, and moved_minor says how much of it is not its own
-- any more. The earning that takes it over says where it came from; both give back in proportion to what is theirs.
alter table earnings drop constraint earnings_role_check, drop constraint earnings_once, drop constraint earnings_returned_check,
  drop constraint earnings_voided_check;
alter table earnings add column from_earning_id bigint references earnings,
  add column moved_minor bigint not null default 0 constraint earnings_passed_check check (moved_minor between 0 and amount_minor),
  add constraint earnings_role_check check (role in ('sale','delivery','commission','kept')),
  add constraint earnings_once unique nulls not distinct (shipment_id, order_line_id, role, payee_id, from_earning_id),
  add constraint earnings_returned_check check (returned_minor between 0 and amount_minor - moved_minor),
  add constraint earnings_voided_check check ((state = 'voided') = (returned_minor = amount_minor - moved_minor and released_minor = 0));
create index earnings_from on earnings (from_earning_id) where from_earning_id is not null;
-- +goose StatementBegin
create or replace function earnings_move() returns trigger language plpgsql as $$
begin
  if row(old.payee_id, old.order_id, old.shipment_id, old.order_line_id, old.role, old.amount_minor, old.currency, old.part_bps, old.from_earning_id)
     is distinct from row(new.payee_id, new.order_id, new.shipment_id, new.order_line_id, new.role, new.amount_minor, new.currency, new.part_bps, new.from_earning_id)
     or old.free_posting_id is not null and row(old.free_posting_id, old.released_minor) is distinct from row(new.free_posting_id, new.released_minor) then
    raise exception 'earning % keeps its amount and its owner', old.id using errcode = '23514', constraint = 'earnings_fixed_check';
  end if;
  if old.state <> new.state and not (
     (old.state = 'held' and new.state in ('free','frozen','voided')) or (old.state = 'frozen' and new.state in ('held','voided'))
     or (old.state = 'voided' and new.state in ('held','frozen'))) then   -- the refund failed, the dispute was won after all, or the share came back
    raise exception 'earning % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'earnings_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd

create table reassignments (
  id               bigint generated always as identity primary key,
  from_earning_id  bigint not null references earnings,
  to_earning_id    bigint not null references earnings,
  from_payee_id    bigint not null references payees,
  currency         char(3) not null,
  minor            bigint not null check (minor > 0),            -- of the share
  returned_minor   bigint not null check (returned_minor between 0 and minor), -- of it, had gone back to the buyer already: taken over too
  held_minor       bigint not null check (held_minor >= 0),      -- the rest, from where its payee had it
  free_minor       bigint not null check (free_minor >= 0),
  debt_minor       bigint not null check (debt_minor >= 0),
  free_posting_id  bigint,
  transaction_id   bigint references ledger_transactions,        -- null: all of it had gone back, nothing was left to move
  reference        text not null constraint reassignments_once unique,
  at               timestamptz not null,
  by_id            bigint references members,                    -- null: time did
  why              text not null check (length(why) between 1 and 2000),
  constraint reassignments_apart_check check (from_earning_id <> to_earning_id),
  constraint reassignments_sum_check check (minor - returned_minor = held_minor + free_minor + debt_minor),
  constraint reassignments_free_check check ((free_minor > 0) = (free_posting_id is not null)),
  constraint reassignments_posted_check check ((minor > returned_minor) = (transaction_id is not null))
);
create index reassignments_from on reassignments (from_earning_id);
create index reassignments_to on reassignments (to_earning_id);
create index reassignments_posting on reassignments (free_posting_id) where free_posting_id is not null;
create trigger reassignments_append_only before update or delete on reassignments for each row execute function ledger_refuse();
create trigger reassignments_no_truncate before truncate on reassignments for each statement execute function ledger_refuse();
revoke update, delete, truncate on reassignments from relais_app;

-- 3. A commission that is looked at, with every doubt and what speaks for it; and the member's appeal.
create table reviews (
  id               bigint generated always as identity primary key,
  earning_id       bigint not null constraint reviews_earning_key unique references earnings,
  doubts           jsonb not null,                       -- [{"reason": …, what was counted}]
  opened_at        timestamptz not null,
  due_at           timestamptz not null,                 -- it ends by itself then
  state            text not null default 'open' check (state in ('open','cleared','refused')),
  decided_as       text not null default '' check (decided_as in ('','brand','platform','time')),
  decided_by       bigint references members,
  decided_at       timestamptz,
  why              text not null default '' check (length(why) <= 2000),
  kept_earning_id  bigint references earnings,           -- of the brand, where it was refused
  appealed_at      timestamptz,
  appeal_text      text not null default '' check (length(appeal_text) <= 2000),
  appeal_due_at    timestamptz,
  appeal_state     text not null default '' check (appeal_state in ('','open','granted','refused')),
  appeal_by        bigint references members,
  appeal_at        timestamptz,
  appeal_why       text not null default '' check (length(appeal_why) <= 2000),
  appeal_late_at   timestamptz,                          -- the platform was reminded
  constraint reviews_decided_check check ((state = 'open') = (decided_at is null) and (state = 'open') = (decided_as = '') and (state = 'open' or why <> '' or decided_as = 'time')
    and (decided_as in ('brand','platform')) = (decided_by is not null)),
  constraint reviews_appeal_check check ((appeal_state = '') = (appealed_at is null) and (appeal_state = '') = (appeal_text = '') and (appeal_state = '' or state = 'refused')
    and (appeal_state in ('granted','refused')) = (appeal_at is not null) and (appeal_at is null or appeal_why <> '' and appeal_by is not null)),
  constraint reviews_refused_check check (state = 'refused' or kept_earning_id is null)
);
create index reviews_open on reviews (due_at) where state = 'open';
create index reviews_appeals on reviews (appeal_due_at) where appeal_state = 'open';
revoke delete, truncate on reviews from relais_app;

-- What was decided stays decided.
-- +goose StatementBegin
create function reviews_move() returns trigger language plpgsql as $$
begin
  if row(old.earning_id, old.opened_at, old.due_at) is distinct from row(new.earning_id, new.opened_at, new.due_at)
     or old.state <> 'open' and row(old.state, old.decided_as, old.decided_by, old.decided_at, old.why, old.doubts)
       is distinct from row(new.state, new.decided_as, new.decided_by, new.decided_at, new.why, new.doubts)
     or old.appealed_at is not null and row(old.appealed_at, old.appeal_text) is distinct from row(new.appealed_at, new.appeal_text)
     or old.appeal_state in ('granted','refused') and row(old.appeal_state, old.appeal_by, old.appeal_at, old.appeal_why)
       is distinct from row(new.appeal_state, new.appeal_by, new.appeal_at, new.appeal_why) then
    raise exception 'review % was decided', old.id using errcode = '23514', constraint = 'reviews_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger reviews_move before update on reviews for each row execute function reviews_move();

-- 4. A sale that a member says is theirs.
create table claims (
  id             bigint generated always as identity primary key,
  member_id      bigint not null references members,
  brand_id       bigint not null references brands,
  order_number   text not null default '' check (length(order_number) <= 40), -- as typed
  day            date,                                 -- of the purchase, where the number is not known
  product        text not null default '' check (length(product) <= 200),
  shared         text not null check (shared in ('link','storefront','talk','other')),
  text           text not null check (length(text) between 1 and 2000),
  asked_at       timestamptz not null,
  due_at         timestamptz not null,
  order_line_id  bigint references order_lines,        -- the sale that it is about, once it is known
  state          text not null default 'open' check (state in ('open','granted','refused')),
  decided_as     text not null default '' check (decided_as in ('','brand','platform')),
  decided_by     bigint references members,
  decided_at     timestamptz,
  why            text not null default '' check (length(why) <= 2000),
  earning_id     bigint references earnings,           -- the commission that was granted
  late_at        timestamptz,                          -- the platform was told that nobody has answered
  constraint claims_about_check check (order_number <> '' or day is not null),
  constraint claims_decided_check check ((state = 'open') = (decided_at is null) and (state = 'open') = (decided_as = '') and (state = 'open') = (decided_by is null) and (state = 'open' or why <> '')),
  constraint claims_granted_check check ((state = 'granted') = (earning_id is not null) and (state <> 'granted' or order_line_id is not null))
);
create unique index claims_once on claims (member_id, order_line_id) where order_line_id is not null;
create index claims_member on claims (member_id, id desc);
create index claims_brand on claims (brand_id, id desc);
create index claims_open on claims (due_at) where state = 'open';
revoke delete, truncate on claims from relais_app;
-- +goose StatementBegin
create function claims_move() returns trigger language plpgsql as $$
begin
  if row(old.member_id, old.brand_id, old.order_number, old.day, old.product, old.shared, old.text, old.asked_at, old.due_at)
       is distinct from row(new.member_id, new.brand_id, new.order_number, new.day, new.product, new.shared, new.text, new.asked_at, new.due_at)
     or old.state <> 'open' and row(old.state, old.decided_as, old.decided_by, old.decided_at, old.why, old.earning_id, old.order_line_id)
       is distinct from row(new.state, new.decided_as, new.decided_by, new.decided_at, new.why, new.earning_id, new.order_line_id) then
    raise exception 'claim % was decided', old.id using errcode = '23514', constraint = 'claims_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger claims_move before update on claims for each row execute function claims_move();

-- What a sale is looked at by, without reading all that a member ever sold.
create index attributions_at on attributions (decided_at);
create index orders_card on orders (card_fingerprint, paid_at) where card_fingerprint is not null;
