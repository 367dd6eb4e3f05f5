-- +goose Up
-- Stripe's books, held against ours.

-- 1. Every movement of the platform's account at Stripe, as Stripe listed it when we first saw it. Treatment says what our
-- books should have of it; see package reconcile.
create table stripe_movements (
  id           text primary key,             -- txn_...
  type         text not null,
  category     text not null,
  source       text not null default '',     -- the object that caused it
  treatment    text not null check (treatment in ('source','movement','ours','inside','unknown')),
  amount_minor bigint not null,              -- before fee; negative left us
  fee_minor    bigint not null,              -- what Stripe kept of it
  currency     char(3) not null,
  created      timestamptz not null,         -- Stripe's time
  available_on timestamptz not null,
  seen_at      timestamptz not null,         -- real time
  constraint stripe_movements_source_check check (treatment <> 'source' or source <> '')
);
create index stripe_movements_seen on stripe_movements (seen_at);
create index stripe_movements_source on stripe_movements (source) where treatment = 'source';
create trigger stripe_movements_append_only before update or delete on stripe_movements for each row execute function ledger_refuse();
create trigger stripe_movements_no_truncate before truncate on stripe_movements for each statement execute function ledger_refuse();

-- A movement never changes. What Stripe listed later under an id that we had with another content.
create table stripe_movement_changes (
  movement_id  text not null references stripe_movements,
  source       text not null,
  amount_minor bigint not null,
  fee_minor    bigint not null,
  currency     char(3) not null,
  seen_at      timestamptz not null,
  primary key (movement_id, source, amount_minor, fee_minor, currency)
);
create trigger stripe_movement_changes_append_only before update or delete on stripe_movement_changes for each row execute function ledger_refuse();
create trigger stripe_movement_changes_no_truncate before truncate on stripe_movement_changes for each statement execute function ledger_refuse();
revoke update, delete, truncate on stripe_movements, stripe_movement_changes from relais_app;

-- What the movements should have done to our account "stripe", by the object under which it is booked: the sum before fees
-- under what caused it, its fee under the movement, or all of it under the movement.
create view stripe_legs as
select source as object, id as movement_id, currency, amount_minor as minor, false as fee, treatment, seen_at
  from stripe_movements where treatment = 'source'
union all
select id, id, currency, -fee_minor, true, treatment, seen_at from stripe_movements where treatment in ('source','inside') and fee_minor <> 0
union all
select id, id, currency, amount_minor - fee_minor, false, treatment, seen_at from stripe_movements where treatment in ('movement','ours','unknown');
revoke insert, update, delete, truncate on stripe_legs from relais_app;

-- 2. What the platform has at Stripe, as it was last read, beside what the books say.
create table stripe_funds (
  currency        char(3) primary key,
  available_minor bigint not null,
  pending_minor   bigint not null,
  reserved_minor  bigint not null,
  booked_minor    bigint not null,           -- minus the sum of our account "stripe"
  apart_minor     bigint not null,           -- Stripe's less ours that no single object explains
  apart_since     timestamptz,               -- real time since which it is not 0 …
  same_since      timestamptz not null,      -- … and since which it is this
  alarming        boolean not null,          -- it is a difference
  read_at         timestamptz not null       -- business time
);
revoke delete, truncate on stripe_funds from relais_app;

-- 3. Runs, and how far the lists were read.
create table reconcile_runs (
  id                  bigint generated always as identity primary key,
  whole               boolean not null,      -- everything was compared, not only what is new
  through_transaction bigint not null,       -- newest transaction of the books when it began
  started_at          timestamptz not null,  -- real time, as all times of runs
  ended_at            timestamptz,
  movements           bigint not null default 0,   -- seen for the first time
  recovered           bigint not null default 0,   -- notices that had never come
  differences         bigint not null default 0,   -- open and unexplained at its end
  error               text not null default ''     -- what kept it from its end, or from a part of its work
);
create index reconcile_runs_good on reconcile_runs (started_at desc) where ended_at is not null and error = '';
create table stripe_cursors (
  list      text primary key,                -- movements; events of the platform, or of an account: events:acct_...
  through   timestamptz not null,            -- Stripe's time of the newest entry of a list that was read to its end
  read_at   timestamptz not null             -- real time
);
revoke delete, truncate on reconcile_runs, stripe_cursors from relais_app;

-- 4. Differences: one row per kind, object and currency while it lasts.
create table differences (
  id              bigint generated always as identity primary key,
  kind            text not null check (kind in ('missing_in_books','missing_at_stripe','amount_differs','currency_differs','fee_differs','twice',
    'unknown_movement','movement_changed','balance_differs','clearing_overdue','books_broken')),
  object          text not null,
  currency        text not null default '' check (currency = '' or currency ~ '^[A-Z]{3}$'),
  expected_minor  bigint not null default 0,  -- by our books
  found_minor     bigint not null default 0,  -- at Stripe; of a broken rule, how often
  payee_id        bigint references payees,
  order_id        bigint references orders,
  first_seen      timestamptz not null,       -- business time, as all times here
  last_seen       timestamptz not null,
  resolved_at     timestamptz,
  mailed_at       timestamptz,
  note            text not null default '' check (length(note) <= 1000),
  explanation     text not null default '' check (length(explanation) <= 1000),
  needs_two       boolean not null default false,
  explained_by    bigint references members,
  explained_at    timestamptz,
  confirmed_by    bigint references members,
  confirmed_at    timestamptz,
  resolved_by     bigint references members,  -- whose explanation stood when it ended; null: it went by itself
  settled         boolean not null generated always as (explained_at is not null and (not needs_two or confirmed_at is not null)) stored,
  constraint differences_explained_check check ((explained_at is null) = (explained_by is null) and (explained_at is null) = (explanation = '')),
  constraint differences_confirmed_check check ((confirmed_at is null) = (confirmed_by is null) and (confirmed_at is null or explained_at is not null)),
  constraint differences_two_check check (confirmed_by is null or confirmed_by <> explained_by)
);
create unique index differences_one_open on differences (kind, object, currency) where resolved_at is null;
create index differences_newest on differences (resolved_at desc) where resolved_at is not null;
revoke delete, truncate on differences from relais_app;

-- A resolved difference stays as it ended, and none becomes about something else.
-- +goose StatementBegin
create function differences_move() returns trigger language plpgsql as $$
begin
  if row(old.kind, old.object, old.currency, old.first_seen) is distinct from row(new.kind, new.object, new.currency, new.first_seen)
     or old.resolved_at is not null and row(new.*) is distinct from row(old.*) then
    raise exception 'difference % keeps what it is about', old.id using errcode = '23514', constraint = 'differences_fixed_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger differences_move before update on differences for each row execute function differences_move();

-- 5. Notices that never came and were fetched; and what the comparison looks objects up by.
alter table webhook_events add column recovered boolean not null default false;
create index orders_charge on orders (charge_id) where charge_id is not null;
create index disputes_charge on disputes (charge_id);
