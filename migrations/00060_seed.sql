-- +goose Up
-- What was put into an empty database by a program: begun before its first row, done after its last. One that was begun and
-- not done was interrupted.
create table seeds (
  name       text primary key,
  started_at timestamptz not null,
  done_at    timestamptz check (done_at >= started_at)
);
revoke delete, truncate on seeds from relais_app;
