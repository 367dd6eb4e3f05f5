-- +goose Up
-- Whom an account is pinned to is of the sign-up that was confirmed: until then a later one takes its place.
grant update (pinned_to, link_id, pinned_at) on pins to relais_app;
-- +goose StatementBegin
create function pins_move() returns trigger language plpgsql as $$
begin
  if row(old.member_id, old.pinned_to, old.link_id, old.pinned_at) is distinct from row(new.member_id, new.pinned_to, new.link_id, new.pinned_at)
     and exists (select 1 from members where id = old.member_id and email_confirmed_at is not null) then
    raise exception 'the pin of member % stays', old.member_id using errcode = '23514', constraint = 'pins_stay_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger pins_move before update on pins for each row execute function pins_move();

-- A repeat just after midnight keeps the hash of the day of the click that it repeats, so that the one can be found by the other.
-- Everything else is as before.
-- +goose StatementBegin
create or replace function record_clicks(tokens text[], links bigint[], ats timestamptz[], days text[], hours_ago text[], visitors text[],
  members bigint[], reasons text[], referers text[], devices text[])
returns table (token text, id bigint, reason text) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  since timestamptz := (select min(a) - interval '1 hour' from unnest(ats) a);
  until timestamptz := (select max(a) + interval '1 hour' from unnest(ats) a);
begin
  perform pg_advisory_xact_lock(k.key) from (
    select hashtextextended(u.link || ' ' || coalesce(nullif(u.visitor, ''), u.day), 0) as key
    from unnest(links, days, visitors, reasons) as u(link, day, visitor, reason) where u.reason = '' order by 1) k;
  return query with judged as materialized (
    select u.*, case
      when u.reason <> '' then u.reason
      when u.visitor <> '' then case when exists (select 1 from public.clicks x where x.visitor = u.visitor and x.visitor <> '' and x.link_id + 0 = u.link
        and x.eligible and x.at > since and x.at < until and x.at - u.at > interval '-1 hour' and x.at - u.at < interval '1 hour') then 'repeat' else '' end
      when exists (select 1 from public.clicks x where x.day_visitor = u.day and x.link_id + 0 = u.link
        and x.eligible and x.at > since and x.at < until and x.at - u.at > interval '-1 hour' and x.at - u.at < interval '1 hour') then 'repeat'
      when u.hour_ago <> u.day and exists (select 1 from public.clicks x where x.day_visitor = u.hour_ago and x.link_id + 0 = u.link
        and x.eligible and x.at > since and x.at < until and x.at - u.at > interval '-1 hour' and x.at - u.at < interval '1 hour') then 'repeat of yesterday'
      else '' end as why
    from unnest(tokens, links, ats, days, hours_ago, visitors, members, reasons, referers, devices) with ordinality
      as u(token, link, at, day, hour_ago, visitor, member, reason, referer, device, n))
  insert into public.clicks as c (token, link_id, at, day_visitor, visitor, member_id, eligible, reason, referer, device)
    select v.token, v.link, v.at, case v.why when 'repeat of yesterday' then v.hour_ago else v.day end, v.visitor, nullif(v.member, 0), v.why = '',
      case v.why when 'repeat of yesterday' then 'repeat' else v.why end, v.referer, v.device from judged v order by v.n
    on conflict (token, at) do nothing
    returning c.token, c.id, c.reason;
end $$;
-- +goose StatementEnd
