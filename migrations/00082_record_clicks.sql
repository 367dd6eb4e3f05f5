-- +goose Up
-- Records many clicks in one round trip and one commit. A visitor comes once for a link among them: the locks are per link and
-- visitor, in one order, so that of visits at once, of other processes too, one is eligible. The insert sees what was committed
-- before the locks were given. A token that is there already is passed over, so that a click whose answer got lost can be sent again.
--
-- A session keeps the plan that it made when the table was small. So the look for a repeat leaves the planner one index that fits:
-- times and the other column are compared in a form that no index serves.
drop function record_click(text, bigint, timestamptz, text, text, text, bigint, text, text, text);
-- +goose StatementBegin
create function record_clicks(tokens text[], links bigint[], ats timestamptz[], days text[], hours_ago text[], visitors text[],
  members bigint[], reasons text[], referers text[], devices text[])
returns table (token text, id bigint, reason text) language plpgsql set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(k.key) from (
    select hashtextextended(u.link || ' ' || coalesce(nullif(u.visitor, ''), u.day), 0) as key
    from unnest(links, days, visitors, reasons) as u(link, day, visitor, reason) where u.reason = '' order by 1) k;
  return query with judged as materialized (
    select u.*, case
      when u.reason <> '' then u.reason
      when u.visitor <> '' then case when exists (select 1 from public.clicks x where x.visitor = u.visitor and x.visitor <> '' and x.link_id + 0 = u.link
        and x.eligible and x.at - u.at > interval '-1 hour' and x.at - u.at < interval '1 hour') then 'repeat' else '' end
      when exists (select 1 from public.clicks x where x.link_id = u.link and x.day_visitor = u.day
        and x.eligible and x.at - u.at > interval '-1 hour' and x.at - u.at < interval '1 hour') then 'repeat'
      when u.hour_ago <> u.day and exists (select 1 from public.clicks x where x.link_id = u.link and x.day_visitor = u.hour_ago
        and x.eligible and x.at - u.at > interval '-1 hour' and x.at - u.at < interval '1 hour') then 'repeat'
      else '' end as why
    from unnest(tokens, links, ats, days, hours_ago, visitors, members, reasons, referers, devices) with ordinality
      as u(token, link, at, day, hour_ago, visitor, member, reason, referer, device, n))
  insert into public.clicks as c (token, link_id, at, day_visitor, visitor, member_id, eligible, reason, referer, device)
    select v.token, v.link, v.at, v.day, v.visitor, nullif(v.member, 0), v.why = '', v.why, v.referer, v.device from judged v order by v.n
    on conflict (token) do nothing
    returning c.token, c.id, c.reason;
end $$;
-- +goose StatementEnd
