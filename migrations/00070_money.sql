-- +goose Up
-- Everything that can happen to money after a sale.

-- 1. The books: what payees owe, and what the platform keeps, pays and loses.
--
-- debt is a payee's account that is never above nothing: what somebody owes, netted from what they earn next.
-- disputed is money that buyers' banks have taken back and not decided about; costs is what Stripe kept; vat is the tax on
-- our fee, owed to the state; losses is what nobody will pay; bank is what went to our own bank.
alter table ledger_accounts drop constraint ledger_accounts_kind_check;
alter table ledger_accounts add constraint ledger_accounts_kind_check check (kind in
  ('stripe','fees','suspense','disputed','costs','vat','losses','bank','held','free','paying','debt'));
drop trigger ledger_accounts_opened on ledger_accounts;
alter table ledger_accounts drop constraint ledger_accounts_owner_check;
alter table ledger_accounts drop column payee;
alter table ledger_accounts add column payee boolean not null generated always as (kind in ('held','free','paying','debt')) stored;
alter table ledger_accounts add constraint ledger_accounts_owner_check check (case when payee then owner_id > 0 else owner_id = 0 end);

alter table ledger_balances drop constraint ledger_balances_not_negative;
alter table ledger_balances add column debt boolean not null default false;
alter table ledger_balances add constraint ledger_balances_not_negative check (case when debt then balance <= 0 else balance >= 0 end);
-- +goose StatementBegin
create or replace function ledger_account_opened() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into ledger_balances (account_id, debt) values (new.id, new.kind = 'debt');
  return null;
end $$;
-- +goose StatementEnd
create trigger ledger_accounts_opened after insert on ledger_accounts for each row when (new.payee) execute function ledger_account_opened();

-- The object at Stripe (charge, refund, transfer, dispute, balance transaction …) whose movement a transaction books: what the
-- reconciliation holds the books against Stripe's by.
create table ledger_objects (
  transaction_id bigint primary key references ledger_transactions,
  object         text not null constraint ledger_objects_object_check check (length(object) between 1 and 100)
);
create index ledger_objects_object on ledger_objects (object);
create trigger ledger_objects_append_only before update or delete on ledger_objects for each row execute function ledger_refuse();
create trigger ledger_objects_no_truncate before truncate on ledger_objects for each statement execute function ledger_refuse();
revoke update, delete, truncate on ledger_objects from relais_app;
insert into ledger_objects (transaction_id, object)
  select t.id, o.charge_id from ledger_transactions t join orders o on t.reference = 'order:' || o.id || ':paid' where o.charge_id <> ''
union all
  select t.id, r.stripe_id from ledger_transactions t join orders o on t.reference = 'order:' || o.id || ':refunded'
    join refunds r on r.order_id = o.id and r.payment_intent_id = o.payment_intent_id and r.state = 'succeeded' where r.stripe_id <> ''
union all
  select t.id, p.transfer_id from ledger_transactions t join payouts p on t.reference = 'payout:' || p.id || ':sent'
union all
  select t.id, r.stripe_id from ledger_transactions t join refunds r on t.reference = 'stray:' || r.payment_intent_id || ':out'
    and r.state = 'succeeded' where r.stripe_id <> '';

-- 2. Orders: what went back, part by part. Refunded is what buyers got back from us and lost what their banks took; both
-- together never exceed the payment.
alter table orders drop constraint orders_refunded_state_check, drop constraint orders_refunded_check, drop constraint orders_paid_check,
  drop constraint orders_state_check;
alter table orders add column lost_minor bigint not null default 0;
alter table orders
  add constraint orders_state_check check (state in ('awaiting_payment','paid','refunded','charged_back','expired','cancelled')),
  add constraint orders_refunded_check check (refunded_minor >= 0 and lost_minor >= 0 and refunded_minor + lost_minor <= total_minor),
  add constraint orders_paid_check check (state not in ('paid','refunded','charged_back') or (paid_at is not null and payment_intent_id is not null)),
  add constraint orders_refunded_state_check check (case
    when state = 'refunded' then refunded_minor = total_minor
    when state = 'charged_back' then lost_minor > 0 and refunded_minor + lost_minor = total_minor
    when state = 'paid' then refunded_minor + lost_minor < total_minor
    else refunded_minor + lost_minor = 0 end);
insert into order_moves values ('paid','charged_back'), ('refunded','paid'), ('charged_back','paid');

-- Made to a person's own specification: the right of withdrawal does not cover it (Directive 2011/83/EU art. 16 c).
alter table products add column custom_made boolean not null default false;
alter table order_lines add column custom_made boolean not null default false;

-- What of a line and of a delivery went back, refunds and lost disputes together: the measure of every clawback.
alter table order_lines add column returned_minor bigint not null default 0
  constraint order_lines_returned_check check (returned_minor between 0 and total_minor);
alter table shipments add column returned_minor bigint not null default 0
  constraint shipments_returned_check check (returned_minor between 0 and shipping_minor);
update order_lines l set returned_minor = l.total_minor from orders o where o.id = l.order_id and o.state = 'refunded';
update shipments s set returned_minor = s.shipping_minor from orders o where o.id = s.order_id and o.state = 'refunded';
grant update (returned_minor) on order_lines to relais_app;

-- 3. Returns: what a buyer sends back of one brand's parcel, as of right (withdrawal) or by the brand's kindness.
create table returns (
  id          bigint generated always as identity primary key,
  order_id    bigint not null references orders,
  shipment_id bigint not null references shipments,
  brand_id    bigint not null references brands,
  operation   text not null constraint returns_operation_key unique,   -- one-time value of the form
  kind        text not null check (kind in ('withdrawal','request')),
  state       text not null check (state in ('asked','approved','refused','received','refunded','withdrawn')),
  reason      text not null default '' check (length(reason) <= 1000),
  asked_at    timestamptz not null,          -- of a withdrawal: the day from which the 14 days for the money count
  decided_at  timestamptz,
  decided_by  bigint references members,     -- null: the law, for a withdrawal
  answer      text not null default '' check (length(answer) <= 1000),
  sent_at     timestamptz,                   -- the buyer says that it is on its way back
  tracking    text not null default '' check (length(tracking) <= 300),
  received_at timestamptz,
  deducted_minor bigint not null default 0 check (deducted_minor >= 0),   -- kept by the brand for what was used or broken, with a reason in answer
  ended_at    timestamptz
);
create index returns_order on returns (order_id);
create index returns_brand on returns (brand_id, state, id desc);
create table return_lines (
  return_id     bigint not null references returns,
  order_line_id bigint not null references order_lines,
  quantity      integer not null check (quantity > 0),
  primary key (return_id, order_line_id)
);
revoke delete, truncate on returns from relais_app;
revoke update, delete, truncate on return_lines from relais_app;
create table return_moves (origin text not null, target text not null, primary key (origin, target));
insert into return_moves values ('asked','approved'), ('asked','refused'), ('asked','refunded'), ('asked','withdrawn'), ('approved','received'), ('approved','refunded'),
  ('approved','withdrawn'), ('received','refunded'), ('refunded','received'), ('refunded','approved');
revoke insert, update, delete, truncate on return_moves from relais_app;
-- +goose StatementBegin
create function returns_move() returns trigger language plpgsql as $$
begin
  if row(old.order_id, old.shipment_id, old.brand_id, old.operation, old.kind, old.reason, old.asked_at)
     is distinct from row(new.order_id, new.shipment_id, new.brand_id, new.operation, new.kind, new.reason, new.asked_at) then
    raise exception 'return % keeps what was declared', old.id using errcode = '23514', constraint = 'returns_fixed_check';
  end if;
  if old.state <> new.state and not exists (select 1 from return_moves where origin = old.state and target = new.state) then
    raise exception 'return % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'returns_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger returns_move before update on returns for each row execute function returns_move();

insert into returns (order_id, shipment_id, brand_id, operation, kind, state, reason, asked_at, decided_at, received_at, ended_at)
select o.id, s.id, s.brand_id, 'before:' || s.id, 'withdrawal', case when o.state = 'refunded' then 'refunded' else 'approved' end,
  o.withdrawal_reason, o.withdrawal_at, o.withdrawal_at, case when o.state = 'refunded' then o.ended_at end, case when o.state = 'refunded' then o.ended_at end
from orders o join shipments s on s.order_id = o.id where o.withdrawal_at is not null;
insert into return_lines (return_id, order_line_id, quantity)
select r.id, l.id, l.quantity from returns r join order_lines l on l.shipment_id = r.shipment_id;
alter table orders drop column withdrawal_at, drop column withdrawal_reason;


-- 4. Refunds: several on one order, each of named parts.
drop trigger refunds_move on refunds;
drop index refunds_one_live;
alter table refunds drop constraint refunds_once;
alter table refunds
  add column operation text,                 -- one wish is one refund: the form's one-time value, or what made the system ask
  add column stray boolean not null default false,   -- of a payment that its order never kept
  add column return_id bigint references returns,
  add column note text not null default '' check (length(note) <= 500),  -- to the buyer
  add column key text not null default '',   -- random: an id alone may be that of another database at the same Stripe; empty: asked before there was one
  add column booked boolean not null default false,  -- it stands in the books now
  add column booked_times integer not null default 0;  -- how often it was booked: a refund that failed late was booked and taken back
update refunds set operation = 'before:' || id, stray = reason in ('second_payment','amount_differs','order_cancelled','no_stock'),
  booked = state = 'succeeded', booked_times = case when state = 'succeeded' then 1 else 0 end;
alter table refunds alter column key set default substr(replace(gen_random_uuid()::text, '-', ''), 1, 16);
alter table refunds alter column operation set not null, add constraint refunds_operation_key unique (operation);
create index refunds_payment on refunds (payment_intent_id);
create table refund_items (
  refund_id     bigint not null references refunds,
  shipment_id   bigint not null references shipments,
  order_line_id bigint references order_lines,       -- null: delivery cost
  quantity      integer not null default 0 check (quantity >= 0),   -- pieces that come back or never left; 0: only money
  restock       boolean not null default false,      -- they can be sold again
  amount_minor  bigint not null check (amount_minor > 0),
  constraint refund_items_once unique nulls not distinct (refund_id, shipment_id, order_line_id)
);
create index refund_items_line on refund_items (order_line_id) where order_line_id is not null;
create index refund_items_shipment on refund_items (shipment_id);
insert into refund_items (refund_id, shipment_id, order_line_id, quantity, restock, amount_minor)
select r.id, l.shipment_id, l.id, l.quantity, true, l.total_minor from refunds r join order_lines l on l.order_id = r.order_id where not r.stray
union all
select r.id, s.id, null, 0, false, s.shipping_minor from refunds r join shipments s on s.order_id = r.order_id where not r.stray and s.shipping_minor > 0;
revoke update, delete, truncate on refund_items from relais_app;
-- A refund keeps what it is of. Made, it may still fail days later, when the buyer's bank sends it back; refused, only a
-- payment that no order keeps is tried again under the same wish.
-- +goose StatementBegin
create or replace function refunds_move() returns trigger language plpgsql as $$
begin
  if row(old.order_id, old.amount_minor, old.currency, old.reason, old.payment_intent_id, old.operation, old.stray, old.return_id)
     is distinct from row(new.order_id, new.amount_minor, new.currency, new.reason, new.payment_intent_id, new.operation, new.stray, new.return_id) then
    raise exception 'refund % keeps its amount and its payment', old.id using errcode = '23514', constraint = 'refunds_fixed_check';
  end if;
  if old.state <> new.state and (old.state = 'succeeded' and new.state <> 'failed' or old.state in ('failed','canceled') and not (old.stray and new.state = 'new')) then
    raise exception 'refund % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'refunds_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger refunds_move before update on refunds for each row execute function refunds_move();
create unique index refunds_one_stray on refunds (payment_intent_id) where stray;

-- 5. Disputes: a payment that the buyer's bank takes back, or asks about. The state is Stripe's own word.
create table disputes (
  id                bigint generated always as identity primary key,
  stripe_id         text not null constraint disputes_stripe_key unique,
  order_id          bigint references orders,        -- null: of a payment that no order kept
  payment_intent_id text not null,
  charge_id         text not null,
  amount_minor      bigint not null check (amount_minor > 0),
  currency          char(3) not null,
  state             text not null check (state in ('needs_response','under_review','won','lost','charge_refunded','warning_needs_response','warning_under_review','warning_closed')),
  reason            text not null default '',
  due_by            timestamptz,
  opened_at         timestamptz not null,
  decided_at        timestamptz,
  withdrawn_minor   bigint not null default 0,       -- at the bank now, by Stripe's movements
  fee_minor         bigint not null default 0,       -- what Stripe kept for it
  booked            text not null default '' check (booked in ('','lost')),   -- whether its loss stands in the books
  booked_times      integer not null default 0,      -- how often that changed
  lost_minor        bigint not null default 0 check (lost_minor >= 0),        -- booked against the shares of the order
  excess_minor      bigint not null default 0 check (excess_minor >= 0),      -- beyond them: the platform's loss
  evidence          jsonb not null default '{}',     -- the draft of the answer
  submitted_at      timestamptz,
  submitted_by      bigint references members,
  error             text not null default '',        -- what Stripe said to the last answer, if it refused it
  updated_at        timestamptz not null
);
create index disputes_order on disputes (order_id);
create index disputes_open on disputes (due_by) where state in ('needs_response','under_review','warning_needs_response','warning_under_review');
create table dispute_items (
  dispute_id    bigint not null references disputes,
  shipment_id   bigint not null references shipments,
  order_line_id bigint references order_lines,
  amount_minor  bigint not null check (amount_minor > 0),
  constraint dispute_items_once unique nulls not distinct (dispute_id, shipment_id, order_line_id)
);
create table dispute_files (
  id          bigint generated always as identity primary key,
  dispute_id  bigint not null references disputes,
  kind        text not null check (kind in ('receipt','shipping_documentation','customer_communication','uncategorized_file')),
  name        text not null check (length(name) between 1 and 200),
  bytes       integer not null,
  content     bytea,                         -- until Stripe has it
  stripe_id   text,
  uploaded_by bigint references members,
  uploaded_at timestamptz not null
);
create index dispute_files_dispute on dispute_files (dispute_id);
revoke delete, truncate on disputes from relais_app;
revoke truncate on dispute_items from relais_app;

-- 6. Earnings: what was given back of each, where from, and why one waits.
alter table earnings
  add column returned_minor bigint not null default 0 constraint earnings_returned_check check (returned_minor between 0 and amount_minor),
  add column released_minor bigint not null default 0 check (released_minor between 0 and amount_minor);
update earnings set returned_minor = amount_minor where state = 'voided';
update earnings set released_minor = amount_minor where free_posting_id is not null;
alter table earnings add constraint earnings_voided_check check ((state = 'voided') = (returned_minor = amount_minor and released_minor = 0)),
  add constraint earnings_moved_check check ((released_minor > 0) = (free_posting_id is not null));
-- +goose StatementBegin
create or replace function earnings_move() returns trigger language plpgsql as $$
begin
  if row(old.payee_id, old.order_id, old.shipment_id, old.order_line_id, old.role, old.amount_minor, old.currency)
     is distinct from row(new.payee_id, new.order_id, new.shipment_id, new.order_line_id, new.role, new.amount_minor, new.currency)
     or old.free_posting_id is not null and row(old.free_posting_id, old.released_minor) is distinct from row(new.free_posting_id, new.released_minor) then
    raise exception 'earning % keeps its amount and its owner', old.id using errcode = '23514', constraint = 'earnings_fixed_check';
  end if;
  if old.state <> new.state and not (
     (old.state = 'held' and new.state in ('free','frozen','voided')) or (old.state = 'frozen' and new.state in ('held','voided'))
     or (old.state = 'voided' and new.state in ('held','frozen'))) then   -- the refund failed, or the dispute was won after all
    raise exception 'earning % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'earnings_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- Why earnings of an order wait. They are frozen while a hold that was not lifted covers them.
create table holds (
  id            bigint generated always as identity primary key,
  order_id      bigint not null references orders,
  part          text not null check (part in ('order','shipment','line','delivery')),
  shipment_id   bigint references shipments,
  order_line_id bigint references order_lines,
  reason        text not null,
  reference     text not null,               -- what placed it and will lift it: refund:12, return:5, dispute:3
  placed_at     timestamptz not null,
  lifted_at     timestamptz check (lifted_at >= placed_at),
  constraint holds_place_check check ((part in ('shipment','delivery')) = (shipment_id is not null) and (part = 'line') = (order_line_id is not null)),
  constraint holds_once unique nulls not distinct (reference, shipment_id, order_line_id, part)
);
create index holds_order on holds (order_id);
revoke delete, truncate on holds from relais_app;
insert into holds (order_id, part, shipment_id, reason, reference, placed_at, lifted_at)
select order_id, 'shipment', shipment_id, 'withdrawal', 'return:' || id, asked_at, ended_at from returns;
insert into holds (order_id, part, reason, reference, placed_at, lifted_at)
select order_id, 'order', 'refund_under_way', 'refund:' || id, asked_at, case when state in ('succeeded','failed','canceled') then greatest(ended_at, asked_at) end
from refunds where not stray;

-- What a payee gave back of an earning, or got back (negative), and from which of their accounts.
create table clawbacks (
  id              bigint generated always as identity primary key,
  earning_id      bigint not null references earnings,
  payee_id        bigint not null references payees,
  currency        char(3) not null,
  cause           text not null check (cause in ('refund','refund_failed','dispute_lost','dispute_won')),
  refund_id       bigint references refunds,
  dispute_id      bigint references disputes,
  amount_minor    bigint not null check (amount_minor <> 0),
  held_minor      bigint not null default 0,
  free_minor      bigint not null default 0,
  debt_minor      bigint not null default 0,
  free_posting_id bigint,                    -- the posting from or to the free account
  transaction_id  bigint not null references ledger_transactions,
  at              timestamptz not null,
  constraint clawbacks_sum_check check (amount_minor = held_minor + free_minor + debt_minor),
  constraint clawbacks_because_check check (case when cause in ('refund','refund_failed') then refund_id is not null and dispute_id is null
    else dispute_id is not null and refund_id is null end),
  constraint clawbacks_free_check check ((free_minor <> 0) = (free_posting_id is not null))
);
create index clawbacks_earning on clawbacks (earning_id);
create index clawbacks_payee on clawbacks (payee_id, currency, id desc);
create index clawbacks_posting on clawbacks (free_posting_id) where free_posting_id is not null;
revoke update, delete, truncate on clawbacks from relais_app;
insert into clawbacks (earning_id, payee_id, currency, cause, refund_id, amount_minor, held_minor, transaction_id, at)
select e.id, e.payee_id, e.currency, 'refund', r.id, e.amount_minor, e.amount_minor, t.id, t.at
from earnings e join refunds r on r.order_id = e.order_id and not r.stray and r.state = 'succeeded'
join ledger_transactions t on t.reference = 'order:' || e.order_id || ':refunded' where e.state = 'voided';

-- 7. Debts: written off by a person with a reason, above a limit by two.
create table write_offs (
  id           bigint generated always as identity primary key,
  payee_id     bigint not null references payees,
  currency     char(3) not null,
  amount_minor bigint not null check (amount_minor > 0),
  reason       text not null check (length(reason) between 10 and 1000),
  state        text not null default 'waiting' check (state in ('waiting','booked','refused')),
  asked_by     bigint not null references members,
  asked_at     timestamptz not null,
  decided_by   bigint references members,
  decided_at   timestamptz,
  needs_two    boolean not null,
  constraint write_offs_two_check check (state <> 'booked' or not needs_two or decided_by is distinct from asked_by),
  constraint write_offs_decided_check check ((state = 'waiting') = (decided_at is null))
);
create index write_offs_payee on write_offs (payee_id);
create unique index write_offs_one_waiting on write_offs (payee_id, currency) where state = 'waiting';
revoke delete, truncate on write_offs from relais_app;

-- Transfers taken back to pay a debt: the intent is committed before Stripe is called.
create table reversals (
  id            bigint generated always as identity primary key,
  payee_id      bigint not null references payees,
  payout_id     bigint not null references payouts,
  amount_minor  bigint not null check (amount_minor > 0),
  currency      char(3) not null,
  key           text not null default substr(replace(gen_random_uuid()::text, '-', ''), 1, 16),
  state         text not null default 'new' check (state in ('new','sending','done','failed')),
  attempt       integer not null default 1,
  first_sent_at timestamptz,                 -- real time of the first call with this attempt's key
  stripe_id     text constraint reversals_stripe_key unique,
  failure_code  text not null default '',
  failure       text not null default '',
  asked_at      timestamptz not null,
  ended_at      timestamptz,
  constraint reversals_done_check check ((state = 'done') = (stripe_id is not null))
);
create index reversals_payout on reversals (payout_id);
create unique index reversals_one_live on reversals (payee_id, currency) where state in ('new','sending');
revoke delete, truncate on reversals from relais_app;

-- 8. Payees whose accounts differ from Stripe's are not paid until somebody has looked.
alter table payees add column frozen_at timestamptz, add column frozen_reason text not null default '';
