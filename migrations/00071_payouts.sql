-- +goose Up
-- Payouts for many payees: when they are made, how much is worth a transfer, and what becomes of each.

-- Below this, money waits for more. Admins change it; a currency without a row has ten units.
create table payout_settings (
  currency      char(3) primary key check (currency ~ '^[A-Z]{3}$'),
  minimum_minor bigint not null check (minimum_minor > 0)
);
insert into payout_settings values ('EUR', 1000), ('USD', 1000), ('GBP', 1000), ('CHF', 1000), ('CAD', 1500), ('DKK', 10000), ('NOK', 10000),
  ('SEK', 10000), ('PLN', 5000), ('RON', 5000), ('CZK', 25000), ('HUF', 400000), ('ISK', 150000), ('TWD', 35000), ('UGX', 4000000), ('JPY', 1500), ('KRW', 15000);

-- When scheduled runs start, and what holds for payees who chose nothing. Since: no run is made up for that was due before.
create table payout_schedule (
  one      boolean primary key default true check (one),
  cadence  text not null default 'weekly' check (cadence in ('weekly','monthly','on_demand')),
  weekday  integer not null default 1 check (weekday between 1 and 7),     -- 1: Monday
  monthday integer not null default 1 check (monthday between 1 and 28),
  since    timestamptz not null default clock_timestamp()                  -- business time
);
insert into payout_schedule default values;
revoke insert, delete, truncate on payout_schedule from relais_app;
revoke delete, truncate on payout_settings from relais_app;

alter table payees add column cadence text check (cadence in ('weekly','monthly','on_demand'));   -- null: the platform's

-- A run is made in batches, then sent. It keeps where it stands, so that whoever takes it up again goes on from there.
alter table payout_runs
  add column kind text not null default 'hand' check (kind in ('hand','weekly','monthly','demand')),
  add column period text constraint payout_runs_period_key unique,          -- of a scheduled run: the period that it is for
  add column payee_id bigint references payees,                             -- of one that its payee asked for
  add column state text not null default 'sending' check (state in ('making','sending','paused','done')),
  add column resumes text not null default 'sending' check (resumes in ('making','sending')),   -- what a paused run goes on with
  add column planned_at timestamptz,
  add column paused_at timestamptz,
  add column paused_by bigint references members,                           -- null: it paused itself
  add column paused_reason text not null default '',
  add constraint payout_runs_period_check check ((period is null) = (kind in ('hand','demand'))),
  add constraint payout_runs_payee_check check ((payee_id is null) = (kind <> 'demand'));
update payout_runs r set state = 'done', planned_at = started_at where not exists (select 1 from payouts p where p.run_id = r.id and p.state in ('new','sending'));
alter table payout_runs alter column state set default 'making', alter column resumes set default 'making';
create index payout_runs_open on payout_runs (id) where state in ('making','sending');
create index payout_runs_payee on payout_runs (payee_id, started_at) where payee_id is not null;

create table payout_run_currencies (
  run_id         bigint not null references payout_runs,
  currency       char(3) not null,
  funds_minor    bigint not null,            -- what Stripe could send when the run was planned, less what is on its way
  due            integer not null,           -- payees who were to be paid
  due_minor      bigint not null,
  waiting        integer not null,           -- payees with money who were not
  cutoff_posting bigint,                     -- the funds end here: only money that came free up to this posting is paid; null: they suffice
  cursor_account bigint not null default 0,  -- the free accounts up to this one are done with
  batches        integer not null default 0,
  made           integer not null default 0,
  skipped        integer not null default 0, -- could not be booked: the log says why
  finished       boolean not null default false,
  primary key (run_id, currency)
);
revoke delete, truncate on payout_run_currencies from relais_app;

-- A payout is its own intent: its row says when it was tried, when it may be tried next, and what is known.
alter table payouts
  add column carried_minor bigint not null default 0 check (carried_minor >= 0),   -- stays free: less than the currency's smallest transfer step
  add column next_at timestamptz,            -- real time before which nobody takes it up: a lease, or a pause; null: now
  add column tried_at timestamptz,           -- real time of the last call
  add column tries integer not null default 0,
  add column look boolean not null default false,  -- the last answer left open whether it was sent: look before asking anew
  add column last_error text not null default '',
  add column parked_at timestamptz;          -- nobody knows, and the key is too old: a person decides
alter table payouts add constraint payouts_parked_check check (parked_at is null or state in ('sending','sent','failed'));
update payouts set tried_at = first_sent_at, look = attempt > 1;
drop index payouts_run;
create index payouts_run on payouts (run_id, currency, state) include (amount_minor);
create index payouts_open on payouts (run_id, id) where state in ('new','sending');
create index payouts_parked on payouts (id) where state = 'sending' and parked_at is not null;
-- +goose StatementBegin
create or replace function payouts_move() returns trigger language plpgsql as $$
begin
  if row(old.run_id, old.payee_id, old.currency, old.amount_minor, old.carried_minor, old.from_posting, old.to_posting, old.destination, old.key)
     is distinct from row(new.run_id, new.payee_id, new.currency, new.amount_minor, new.carried_minor, new.from_posting, new.to_posting, new.destination, new.key)
     or old.transfer_id is not null and old.transfer_id is distinct from new.transfer_id then
    raise exception 'payout % keeps its amount, range, destination and transfer', old.id using errcode = '23514', constraint = 'payouts_fixed_check';
  end if;
  if old.state <> new.state and not (
     (old.state = 'new' and new.state in ('sending','failed')) or (old.state = 'sending' and new.state in ('sent','failed'))) then
    raise exception 'payout % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'payouts_move_check';
  end if;
  if old.state in ('sent','failed') and (old.attempt <> new.attempt or old.tries <> new.tries) then
    raise exception 'payout % is over and is not tried again', old.id using errcode = '23514', constraint = 'payouts_over_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- What Stripe sent on from payees' accounts to their banks. A bank may send it back days after it arrived.
create table bank_payouts (
  id           bigint generated always as identity primary key,
  payee_id     bigint not null references payees,
  stripe_id    text not null constraint bank_payouts_stripe_key unique,
  amount_minor bigint not null,
  currency     char(3) not null,
  state        text not null check (state in ('pending','in_transit','paid','failed','canceled')),
  failure_code text not null default '',
  failure      text not null default '',
  arrives_on   timestamptz not null,
  changed_at   timestamptz not null
);
create index bank_payouts_payee on bank_payouts (payee_id, id desc);
revoke delete, truncate on bank_payouts from relais_app;

-- Balances follow many postings at once as they follow few: the same rule, in one statement instead of one for each account. Its
-- planner settings keep it to look-ups by key, whatever the tables looked like when a session first planned it.
-- +goose StatementBegin
create function ledger_move(accounts bigint[], nets numeric[]) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
  update ledger_balances b set balance = b.balance + moved.net
  from (select u.account_id, u.net from unnest(accounts, nets) as u(account_id, net) order by u.account_id) moved where b.account_id = moved.account_id
$$;
-- +goose StatementEnd
revoke all on function ledger_move(bigint[], numeric[]) from public;
-- +goose StatementBegin
create or replace function ledger_posted() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  moved record;
begin
  if exists (select 1 from (select distinct a.transaction_id from added a) p
      where (select t.db_xid from ledger_transactions t where t.id = p.transaction_id) <> pg_current_xact_id()) then
    raise exception 'the transaction is closed: postings are added together with it, or never'
      using errcode = '23514', constraint = 'ledger_transactions_closed';
  end if;
  if (select count(*) from (select 1 from added limit 51) first_rows) > 50 then
    perform ledger_move(array_agg(net.account_id), array_agg(net.amount))
    from (select legs.account_id, sum(legs.amount) as amount
      from (select destination_account_id as account_id, amount from added
            union all select source_account_id, -amount from added) legs
      group by legs.account_id) net;
    return null;
  end if;
  for moved in
    select legs.account_id, sum(legs.amount) as net
    from (select destination_account_id as account_id, amount from added
          union all select source_account_id, -amount from added) legs
    group by legs.account_id order by legs.account_id
  loop
    update ledger_balances set balance = balance + moved.net where account_id = moved.account_id;
  end loop;
  return null;
end $$;
-- +goose StatementEnd
