-- +goose Up
-- Who follows an open circle, or an author, reports what is shown outside: to those who moderate the circle, and to the platform, each of whom decides.
alter table group_reports add column outside boolean not null default false; -- reported by somebody who is not in the circle
drop index group_reports_once;
create unique index group_reports_once on group_reports (reporter, subject_kind, subject_id, group_id, desk) where state = 'open';

-- +goose StatementBegin
create or replace function group_reports_move() returns trigger language plpgsql as $$
begin
  if old.state <> 'open' or row(old.group_id, old.desk, old.subject_kind, old.subject_id, old.about_id, old.reporter, old.reason, old.text, old.at, old.outside)
       is distinct from row(new.group_id, new.desk, new.subject_kind, new.subject_id, new.about_id, new.reporter, new.reason, new.text, new.at, new.outside) then
    raise exception 'report % was decided', old.id using errcode = '23514', constraint = 'group_reports_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
