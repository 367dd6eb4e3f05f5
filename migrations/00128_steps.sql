-- +goose Up
-- Terms may offer steps of price to people who order together: [{"people": 5, "less_bps": 1000}, …], at most five, rising in both; less_bps are of the brand's
-- price. They are a version of terms like the rest: never changed in place.
-- +goose StatementBegin
create function steps_valid(steps jsonb) returns boolean language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select case
    when jsonb_typeof(steps) <> 'array' then false
    when jsonb_array_length(steps) > 5 then false
    when exists (select 1 from jsonb_array_elements(steps) e
      where e is distinct from jsonb_build_object('people', e->'people', 'less_bps', e->'less_bps')
        or jsonb_typeof(e->'people') is distinct from 'number' or jsonb_typeof(e->'less_bps') is distinct from 'number'
        or e->>'people' !~ '^[0-9]{1,4}$' or e->>'less_bps' !~ '^[0-9]{1,4}$') then false -- whole numbers and nothing else
    else not exists (select 1 from (
      select (e->>'people')::integer as people, (e->>'less_bps')::integer as less,
        lag((e->>'people')::integer, 1, 1) over (order by n) as people_below, lag((e->>'less_bps')::integer, 1, 0) over (order by n) as less_below
      from jsonb_array_elements(steps) with ordinality x (e, n)) s
      where people > 1000 or people <= people_below or less > 7000 or less <= less_below)
  end
$$;
-- +goose StatementEnd
alter table terms add column steps jsonb not null default '[]', add constraint terms_steps_check check (steps_valid(steps));
