-- +goose Up
-- The books. A posting moves a positive amount from one account to another, so a transaction cannot be unbalanced; nothing
-- is ever changed or taken away. The application role may add headers and postings and read; balances follow by trigger,
-- and only by trigger.
create table ledger_accounts (
  id        bigint generated always as identity primary key,
  kind      text not null constraint ledger_accounts_kind_check check (kind in ('stripe','fees','suspense','held','free','paying')),
  owner_id  bigint not null default 0,       -- the payee; 0: the platform
  currency  char(3) not null constraint ledger_accounts_currency_check check (currency ~ '^[A-Z]{3}$'),
  payee     boolean not null generated always as (kind in ('held','free','paying')) stored,
  constraint ledger_accounts_key unique (kind, owner_id, currency),
  constraint ledger_accounts_currency_key unique (id, currency),
  constraint ledger_accounts_owner_check check (case when payee then owner_id > 0 else owner_id = 0 end)
);

-- What a payee has on an account. Accounts of the platform have no row: they are summed, for a row that every sale touches
-- would make all sales wait for each other.
create table ledger_balances (
  account_id bigint primary key references ledger_accounts,
  balance    bigint not null default 0 constraint ledger_balances_not_negative check (balance >= 0)
) with (fillfactor = 70);

create table ledger_transactions (
  id         bigint generated always as identity primary key,
  reference  text not null constraint ledger_transactions_reference_key unique
             constraint ledger_transactions_reference_check check (length(reference) between 1 and 200),
  kind       text not null constraint ledger_transactions_kind_check check (kind ~ '^[a-z_]{1,40}$'),
  currency   char(3) not null,
  content    bytea not null constraint ledger_transactions_content_check check (octet_length(content) = 32), -- SHA-256 of kind, currency and postings
  at         timestamptz not null,                              -- business time
  created_at timestamptz not null default clock_timestamp(),    -- real time
  db_xid     xid8 not null default pg_current_xact_id(),        -- the only database transaction that may add postings
  constraint ledger_transactions_currency_key unique (id, currency)
);
create index ledger_transactions_at on ledger_transactions (at);

create table ledger_postings (
  id                     bigint generated always as identity primary key,
  transaction_id         bigint not null,
  source_account_id      bigint not null,
  destination_account_id bigint not null,
  currency               char(3) not null,
  amount                 bigint not null constraint ledger_postings_amount_check check (amount > 0),
  constraint ledger_postings_accounts_check check (source_account_id <> destination_account_id),
  constraint ledger_postings_transaction_fkey foreign key (transaction_id, currency) references ledger_transactions (id, currency),
  constraint ledger_postings_source_fkey foreign key (source_account_id, currency) references ledger_accounts (id, currency),
  constraint ledger_postings_destination_fkey foreign key (destination_account_id, currency) references ledger_accounts (id, currency)
);
create index ledger_postings_transaction on ledger_postings (transaction_id);
create index ledger_postings_source on ledger_postings (source_account_id, id) include (amount);
create index ledger_postings_destination on ledger_postings (destination_account_id, id) include (amount);

-- Functions name pg_temp last: otherwise a temporary table of the same name would stand before the real one.
-- They look rows up by key, one by one, and do not join: a session keeps the plans that it made when the tables were small,
-- and a join planned then makes posting thirty times slower once they are large.

-- Append-only, for the owner too.
-- +goose StatementBegin
create function ledger_refuse() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: the books are append-only', lower(tg_op), tg_table_name using errcode = '42501';
end $$;
-- +goose StatementEnd
create trigger ledger_accounts_append_only before update or delete on ledger_accounts for each row execute function ledger_refuse();
create trigger ledger_accounts_no_truncate before truncate on ledger_accounts for each statement execute function ledger_refuse();
create trigger ledger_transactions_append_only before update or delete on ledger_transactions for each row execute function ledger_refuse();
create trigger ledger_transactions_no_truncate before truncate on ledger_transactions for each statement execute function ledger_refuse();
create trigger ledger_postings_append_only before update or delete on ledger_postings for each row execute function ledger_refuse();
create trigger ledger_postings_no_truncate before truncate on ledger_postings for each statement execute function ledger_refuse();
create trigger ledger_balances_no_delete before delete on ledger_balances for each row execute function ledger_refuse();
create trigger ledger_balances_no_truncate before truncate on ledger_balances for each statement execute function ledger_refuse();

-- A balance is only written by the triggers below this one, never by a statement of its own.
create trigger ledger_balances_follow before insert or update on ledger_balances for each statement
  when (pg_trigger_depth() = 0) execute function ledger_refuse();

-- A payee's account begins with a balance of nothing.
-- +goose StatementBegin
create function ledger_account_opened() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into ledger_balances (account_id) values (new.id);
  return null;
end $$;
-- +goose StatementEnd
create trigger ledger_accounts_opened after insert on ledger_accounts for each row when (new.payee) execute function ledger_account_opened();

-- Postings join only a header of their own database transaction, and move the balances with them.
-- +goose StatementBegin
create function ledger_posted() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  moved record;
begin
  if exists (select 1 from added p where (select t.db_xid from ledger_transactions t where t.id = p.transaction_id) <> pg_current_xact_id()) then
    raise exception 'the transaction is closed: postings are added together with it, or never'
      using errcode = '23514', constraint = 'ledger_transactions_closed';
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
create trigger ledger_postings_posted after insert on ledger_postings referencing new table as added
  for each statement execute function ledger_posted();

-- A header without postings does not get past the commit.
-- +goose StatementBegin
create function ledger_not_empty() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  if not exists (select 1 from ledger_postings where transaction_id = new.id) then
    raise exception 'transaction % has no posting', new.reference using errcode = '23514', constraint = 'ledger_transactions_not_empty';
  end if;
  return null;
end $$;
-- +goose StatementEnd
create constraint trigger ledger_transactions_not_empty after insert on ledger_transactions deferrable initially deferred
  for each row execute function ledger_not_empty();

-- Opens the accounts that are missing, locks the balances of the payees among them in order of id, and only then reads.
-- The application role has no right to lock rows that it may not update, so this is also its one way to lock.
-- +goose StatementBegin
create function ledger_lock(kinds text[], owners bigint[], wanted text)
returns table (account_kind text, account_owner bigint, account_id bigint, account_balance bigint)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  ids bigint[];
begin
  insert into ledger_accounts (kind, owner_id, currency)
    select u.kind, u.owner_id, wanted from unnest(kinds, owners) as u(kind, owner_id)
    where (select a.id from ledger_accounts a where a.kind = u.kind and a.owner_id = u.owner_id and a.currency = wanted::char(3)) is null
    order by u.kind, u.owner_id
    on conflict do nothing;
  ids := array(select (select a.id from ledger_accounts a where a.kind = u.kind and a.owner_id = u.owner_id and a.currency = wanted::char(3))
    from unnest(kinds, owners) with ordinality as u(kind, owner_id, n) order by u.n);
  perform 1 from ledger_balances b where b.account_id = any(ids) order by b.account_id for no key update;
  return query select u.kind, u.owner_id, u.id, (select b.balance from ledger_balances b where b.account_id = u.id)
    from unnest(kinds, owners, ids) as u(kind, owner_id, id);
end $$;
-- +goose StatementEnd

revoke all on ledger_accounts, ledger_balances, ledger_transactions, ledger_postings from public, relais_app;
grant select on ledger_accounts, ledger_balances, ledger_transactions, ledger_postings to relais_app;
grant insert (reference, kind, currency, content, at) on ledger_transactions to relais_app;
grant insert (transaction_id, source_account_id, destination_account_id, currency, amount) on ledger_postings to relais_app;
revoke all on function ledger_refuse(), ledger_account_opened(), ledger_posted(), ledger_not_empty(), ledger_lock(text[], bigint[], text) from public;
grant execute on function ledger_lock(text[], bigint[], text) to relais_app;
