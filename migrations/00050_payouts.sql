-- +goose Up
create table payout_runs (
  id         bigint generated always as identity primary key,
  started_by bigint references members,      -- null: the schedule or the command line
  started_at timestamptz not null,
  ended_at   timestamptz
);

-- A payout: one transfer to one payee in one currency. It takes what the range of postings (from, to] left on the
-- payee's free account, and is itemised by it. Ranges of payouts that did not fail follow each other without gap.
create table payouts (
  id                bigint generated always as identity primary key,
  run_id            bigint not null references payout_runs,
  payee_id          bigint not null references payees,
  currency          char(3) not null,
  amount_minor      bigint not null check (amount_minor > 0),
  from_posting      bigint not null,         -- exclusive
  to_posting        bigint not null,         -- inclusive
  destination       text not null,           -- the Stripe account, pinned when the payout is made
  state             text not null default 'new' check (state in ('new','sending','sent','failed')),
  attempt           integer not null default 1,
  first_sent_at     timestamptz,             -- real time of the first call with this attempt's key
  transfer_id       text constraint payouts_transfer_key unique,
  failure_code      text not null default '',
  failure           text not null default '',
  created_at        timestamptz not null,
  ended_at          timestamptz,
  constraint payouts_range_check check (to_posting > from_posting),
  constraint payouts_sent_check check ((state = 'sent') = (transfer_id is not null))
);
create unique index payouts_one_live on payouts (payee_id, currency) where state in ('new','sending');
create unique index payouts_range on payouts (payee_id, currency, from_posting) where state <> 'failed';
create index payouts_payee on payouts (payee_id, id desc);
create index payouts_run on payouts (run_id);
-- +goose StatementBegin
create function payouts_move() returns trigger language plpgsql as $$
begin
  if row(old.payee_id, old.currency, old.amount_minor, old.from_posting, old.to_posting, old.destination)
     is distinct from row(new.payee_id, new.currency, new.amount_minor, new.from_posting, new.to_posting, new.destination) then
    raise exception 'payout % keeps its amount, range and destination', old.id using errcode = '23514', constraint = 'payouts_fixed_check';
  end if;
  if old.state <> new.state and not (
     (old.state = 'new' and new.state in ('sending','failed')) or (old.state = 'sending' and new.state in ('sent','failed'))) then
    raise exception 'payout % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'payouts_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger payouts_move before update on payouts for each row execute function payouts_move();
revoke delete, truncate on payouts from relais_app;

-- The demo's clock: how far ahead of the real one business time runs. Used with the sandbox only.
create table demo_clock (one boolean primary key default true check (one), ahead interval not null default '0');
insert into demo_clock default values;
