-- +goose Up
-- When a post was out of a circle between two times in it: its author took it out and put it back. What it said meanwhile was not read there, and
-- is not those to read who moderate it.
create table post_absences (
  place_id bigint not null references post_groups (id),
  from_at  timestamptz not null,
  until_at timestamptz not null,
  primary key (place_id, from_at),
  constraint post_absences_time_check check (from_at <= until_at)
);
revoke update, delete, truncate on post_absences from relais_app;

-- +goose StatementBegin
-- Whether what a post said between two times (since null: from its beginning) was read in a place of it at any moment.
create function post_was_read(place bigint, since timestamptz, until timestamptz) returns boolean language sql stable as $$
  select case when said.f < said.t then not isempty(tstzmultirange(tstzrange(said.f, said.t))
      - coalesce((select range_agg(tstzrange(a.from_at, a.until_at)) from post_absences a where a.place_id = place), '{}')) else false end
  from post_groups p cross join lateral (select greatest(since, p.published_at) as f, least(until, p.gone_at, p.removed_at) as t) said
  where p.id = place and p.published_at is not null;
$$;
-- +goose StatementEnd
