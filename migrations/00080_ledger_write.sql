-- +goose Up
-- Writing a transaction is one statement with plans that each session keeps: planning it anew for every sale cost more than the rows.

-- Opens the accounts that are missing, locks the balances of the payees among them in order of id, and answers with the ids in the
-- order of the arrays. The application role has no right to lock rows that it may not update, so this is its one way to lock.
-- +goose StatementBegin
create function ledger_open(kinds text[], owners bigint[], wanted text) returns bigint[]
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  ids bigint[];
begin
  for round in 1..2 loop
    ids := array(select (select a.id from ledger_accounts a where a.kind = u.kind and a.owner_id = u.owner_id and a.currency = wanted::char(3))
      from unnest(kinds, owners) with ordinality as u(kind, owner_id, n) order by u.n);
    exit when array_position(ids, null) is null;
    insert into ledger_accounts (kind, owner_id, currency)
      select u.kind, u.owner_id, wanted from unnest(kinds, owners) as u(kind, owner_id)
      where (select a.id from ledger_accounts a where a.kind = u.kind and a.owner_id = u.owner_id and a.currency = wanted::char(3)) is null
      order by u.kind, u.owner_id
      on conflict do nothing;
  end loop;
  perform 1 from ledger_balances b where b.account_id = any(ids) order by b.account_id for no key update;
  return ids;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
create or replace function ledger_lock(kinds text[], owners bigint[], wanted text)
returns table (account_kind text, account_owner bigint, account_id bigint, account_balance bigint)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  ids bigint[] := ledger_open(kinds, owners, wanted);
begin
  return query select u.kind, u.owner_id, u.id, (select b.balance from ledger_balances b where b.account_id = u.id)
    from unnest(kinds, owners, ids) as u(kind, owner_id, id);
end $$;
-- +goose StatementEnd

-- Accounts and headers are never changed or taken away, so that a foreign key has only its one side to see to: that they are there, in
-- the posting's currency. One look at all postings of a statement does it for a fifth of what a key for each costs. The refusals keep
-- the names of the keys.
alter table ledger_postings drop constraint ledger_postings_transaction_fkey, drop constraint ledger_postings_source_fkey,
  drop constraint ledger_postings_destination_fkey;
-- +goose StatementBegin
create or replace function ledger_posted() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  moved record;
begin
  if exists (select 1 from (select distinct a.transaction_id, a.currency from added a) p
      where (select t.currency from ledger_transactions t where t.id = p.transaction_id) is distinct from p.currency) then
    raise exception 'a posting has no header in its currency' using errcode = '23503', constraint = 'ledger_postings_transaction_fkey';
  end if;
  if exists (select 1 from (select distinct a.transaction_id from added a) p
      where (select t.db_xid from ledger_transactions t where t.id = p.transaction_id) <> pg_current_xact_id()) then
    raise exception 'the transaction is closed: postings are added together with it, or never'
      using errcode = '23514', constraint = 'ledger_transactions_closed';
  end if;
  if exists (select 1 from (select distinct a.source_account_id, a.currency from added a) p
      where (select x.currency from ledger_accounts x where x.id = p.source_account_id) is distinct from p.currency) then
    raise exception 'a posting takes from no account in its currency' using errcode = '23503', constraint = 'ledger_postings_source_fkey';
  end if;
  if exists (select 1 from (select distinct a.destination_account_id, a.currency from added a) p
      where (select x.currency from ledger_accounts x where x.id = p.destination_account_id) is distinct from p.currency) then
    raise exception 'a posting goes to no account in its currency' using errcode = '23503', constraint = 'ledger_postings_destination_fkey';
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

-- Header and postings of a transaction, with the rights of whoever calls: what may be written is decided by grants and triggers
-- alone. Nothing where the reference is taken. The postings come in the order of the arrays. Names are given with their schema, so
-- that no temporary table stands before one: setting a path for each call would cost as much as a posting.
-- +goose StatementBegin
create function ledger_write(reference text, kind text, currency text, content bytea, at timestamptz,
  sources bigint[], destinations bigint[], amounts bigint[], object text)
returns table (transaction_id bigint, posting_id bigint) language plpgsql as $$
#variable_conflict use_column
declare
  header bigint;
begin
  insert into public.ledger_transactions as t (reference, kind, currency, content, at)
    values (ledger_write.reference, ledger_write.kind, ledger_write.currency, ledger_write.content, ledger_write.at)
    on conflict (reference) do nothing returning t.id into header;
  if header is null then
    return;
  end if;
  if ledger_write.object <> '' then
    insert into public.ledger_objects (transaction_id, object) values (header, ledger_write.object);
  end if;
  return query insert into public.ledger_postings as p (transaction_id, source_account_id, destination_account_id, currency, amount)
    select header, leg.source, leg.destination, ledger_write.currency, leg.amount
    from unnest(sources, destinations, amounts) with ordinality as leg(source, destination, amount, n) order by leg.n
    returning p.transaction_id, p.id;
end $$;
-- +goose StatementEnd

-- The same for a transaction that no balance can refuse: locks the accounts, opens those that are missing, and writes. The legs
-- name their accounts by their place in kinds and owners, from 1.
-- +goose StatementBegin
create function ledger_book(reference text, kind text, currency text, content bytea, at timestamptz,
  kinds text[], owners bigint[], sources integer[], destinations integer[], amounts bigint[], object text)
returns table (transaction_id bigint, posting_id bigint) language plpgsql as $$
declare
  ids bigint[] := public.ledger_open(kinds, owners, ledger_book.currency);
begin
  return query select * from public.ledger_write(ledger_book.reference, ledger_book.kind, ledger_book.currency, ledger_book.content, ledger_book.at,
    array(select ids[s] from unnest(sources) s), array(select ids[d] from unnest(destinations) d), amounts, ledger_book.object);
end $$;
-- +goose StatementEnd

revoke all on function ledger_open(text[], bigint[], text), ledger_write(text, text, text, bytea, timestamptz, bigint[], bigint[], bigint[], text),
  ledger_book(text, text, text, bytea, timestamptz, text[], bigint[], integer[], integer[], bigint[], text) from public;
grant execute on function ledger_open(text[], bigint[], text), ledger_write(text, text, text, bytea, timestamptz, bigint[], bigint[], bigint[], text),
  ledger_book(text, text, text, bytea, timestamptz, text[], bigint[], integer[], integer[], bigint[], text) to relais_app;
