-- +goose Up
-- Browsers that want to be told by web push. One belongs to the session that asked for it, and ends with that session: who signs out,
-- or ends the sessions of a lost phone, is told nothing more there.
create table push_devices (
  id         bigint generated always as identity primary key,
  member_id  bigint not null references members,
  session_id text not null,
  endpoint   text not null constraint push_devices_endpoint_key unique check (endpoint ~ '^https://' and length(endpoint) <= 1000),
  p256dh     text not null check (length(p256dh) between 80 and 100),
  auth       text not null check (length(auth) between 20 and 40),
  user_agent text not null default '' check (length(user_agent) <= 400),
  created_at timestamptz not null,
  sent_at    timestamptz,                        -- the last time that its push service took something
  refusals   integer not null default 0          -- in a row
);
create index push_devices_member on push_devices (member_id);
create index push_devices_session on push_devices (session_id);

-- +goose StatementBegin
create function sessions_end() returns trigger language plpgsql as $$
begin
  delete from push_devices where session_id = coalesce(new.id, old.id);
  return null;
end $$;
-- +goose StatementEnd
create trigger sessions_end after update of revoked_at on sessions for each row when (new.revoked_at is not null) execute function sessions_end();
create trigger sessions_gone after delete on sessions for each row execute function sessions_end();
