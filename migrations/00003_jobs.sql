-- +goose Up
-- Durable work, put here by the transaction that makes it necessary. internal/jobs explains the states.
create table jobs (
  id           bigint generated always as identity primary key,
  kind         text not null check (kind ~ '^[a-z][a-z0-9_.]{0,79}$'),
  args         jsonb not null default '{}',
  unique_key   text constraint jobs_unique_key unique check (length(unique_key) between 1 and 300),
  run_at       timestamptz not null,                 -- not before; while leased: when the lease ends
  attempt      integer not null default 0,           -- only ever grows: whoever holds an older number has lost the lease
  forgiven     integer not null default 0,           -- attempts before somebody had it tried again
  max_attempts integer not null default 10 check (max_attempts between 1 and 100),
  leased_until timestamptz,
  last_error   text not null default '',
  enqueued_at  timestamptz not null default clock_timestamp(),
  done_at      timestamptz,
  parked_at    timestamptz,
  constraint jobs_end_check check (num_nonnulls(done_at, parked_at) <= 1),
  constraint jobs_attempt_check check (attempt >= forgiven and forgiven >= 0)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
create index jobs_ready on jobs (run_at, id) where done_at is null and parked_at is null;
create index jobs_parked on jobs (id desc) where parked_at is not null;
create index jobs_done on jobs (done_at) where done_at is not null;
