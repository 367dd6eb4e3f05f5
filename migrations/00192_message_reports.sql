-- +goose Up
-- What one side of a conversation finds wrong with a message of the other; the platform decides. A message that is hidden stays so.
create table message_reports (
  id         bigint generated always as identity primary key,
  message_id bigint not null references order_messages,
  side       text not null check (side in ('buyer','brand')),          -- who reports
  member_id  bigint references members,                              -- null: a guest
  reason     text not null check (reason in ('insult','personal','fraud','illegal','other')),
  text       text not null check (length(text) <= 1000),
  at         timestamptz not null,
  decided    text not null default '' check (decided in ('','kept','hidden')),
  decided_by bigint references members,
  decided_at timestamptz,
  why        text not null default '' check (length(why) <= 1000),
  constraint message_reports_once unique (message_id),                -- only the other side can report it, and once
  constraint message_reports_ended_check check ((decided = '') = (decided_by is null) and (decided = '') = (decided_at is null) and (decided = '') = (why = ''))
);
create index message_reports_open on message_reports (at) where decided = '';
create index message_reports_decided on message_reports (decided_at desc) where decided <> '';
revoke delete, truncate on message_reports from relais_app;

-- Who reports, and who wrote, stays; so does what was decided.
-- +goose StatementBegin
create function message_reports_move() returns trigger language plpgsql as $$
begin
  if old.decided <> '' or row(old.message_id, old.side, old.member_id, old.reason, old.text, old.at) is distinct from row(new.message_id, new.side, new.member_id, new.reason, new.text, new.at) then
    raise exception 'report % stays as it is', old.id using errcode = '23514', constraint = 'message_reports_fixed_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger message_reports_move before update on message_reports for each row execute function message_reports_move();
