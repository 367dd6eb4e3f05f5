-- +goose Up
-- Two roles. The owner (whoever runs this) holds the schema and migrates it. The application is relais_app: it reads and
-- writes rows and nothing else, so that revoked rights and triggers on the books bind it too.
-- +goose StatementBegin
do $$
begin
  if not exists (select 1 from pg_roles where rolname = 'relais_app') then
    create role relais_app login nosuperuser nocreatedb nocreaterole noinherit;
  end if;
  -- Server-side limits belong to the role: as connection parameters a pooler would refuse them.
  begin
    alter role relais_app set statement_timeout = '5s';
    alter role relais_app set lock_timeout = '2s';
    alter role relais_app set idle_in_transaction_session_timeout = '10s';
    alter role relais_app set timezone = 'UTC';
  exception when insufficient_privilege then
    raise warning 'the owner may not alter relais_app: ask the administrator to set statement_timeout 5s, lock_timeout 2s, idle_in_transaction_session_timeout 10s and timezone UTC on it';
  end;
end $$;
-- +goose StatementEnd

grant usage on schema public to relais_app;
grant select on all tables in schema public to relais_app;          -- the table of applied migrations
alter default privileges in schema public grant select, insert, update, delete on tables to relais_app;
alter default privileges in schema public grant usage, select on sequences to relais_app;

create extension if not exists unaccent with schema public;
create extension if not exists pg_trgm with schema public;

-- Search: words without accents first, then the language's stems ("bougies parfumees" finds "Bougie parfumée").
create text search configuration public.fr (copy = pg_catalog.french);
alter text search configuration public.fr
  alter mapping for hword, hword_part, word with public.unaccent, pg_catalog.french_stem;
create text search configuration public.en (copy = pg_catalog.english);
alter text search configuration public.en
  alter mapping for hword, hword_part, word with public.unaccent, pg_catalog.english_stem;
