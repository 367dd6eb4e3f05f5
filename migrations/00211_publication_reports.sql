-- +goose Up
-- Reports of rights about published designs: of members, and of visitors, who say where they can be reached.
create table publication_reports (
  id             bigint generated always as identity primary key,
  publication_id bigint not null references publications,
  member_id      bigint references members,
  email          text not null default '' check (length(email) <= 254),          -- of a visitor, until it is decided
  lang           text not null default 'fr' check (lang in ('fr','en')),
  reason         text not null check (reason in ('copied','trademark','likeness','illegal','other')),
  text           text not null check (length(text) between 1 and 1000),
  at             timestamptz not null,
  decided        text not null default '' check (decided in ('','kept','hidden')),
  decided_by     bigint references members,
  decided_at     timestamptz,
  why            text not null default '' check (length(why) <= 1000),
  constraint publication_reports_who_check check ((member_id is null) = (email <> '') or decided <> ''),
  constraint publication_reports_end_check check ((decided = '') = (decided_at is null) and (decided = '') = (decided_by is null))
);
create unique index publication_reports_once on publication_reports (publication_id, coalesce(member_id, 0), lower(email)) where decided = '';
create index publication_reports_open on publication_reports (at) where decided = '';
revoke delete, truncate on publication_reports from relais_app;

-- What is decided was answered: where a visitor can be reached is needed no more.
-- +goose StatementBegin
create function publication_reports_forget() returns trigger language plpgsql as $$
begin
  new.email := '';
  return new;
end $$;
-- +goose StatementEnd
create trigger publication_reports_forget before update of decided on publication_reports for each row when (new.decided <> '') execute function publication_reports_forget();
