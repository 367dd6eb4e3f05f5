-- +goose Up
-- Records a click in one round trip. The lock is per link and visitor, so that of visits at once one is eligible; each statement
-- in here sees what was committed before it, so the look for a repeat sees the click of whoever held the lock before.
-- +goose StatementBegin
create function record_click(p_token text, p_link bigint, p_at timestamptz, p_day text, p_hour_ago text, p_visitor text,
  p_member bigint, p_reason text, p_referer text, p_device text)
returns table (id bigint, reason text) language plpgsql volatile as $$
#variable_conflict use_column
declare
  why text := p_reason;
begin
  if why = '' then
    perform pg_advisory_xact_lock(hashtextextended(p_link || ' ' || coalesce(nullif(p_visitor, ''), p_day), 0));
    if p_visitor <> '' then -- one look for each way of knowing somebody, so that each has its index
      perform 1 from clicks c where c.visitor = p_visitor and c.link_id = p_link and c.eligible
        and c.at > p_at - interval '1 hour' and c.at < p_at + interval '1 hour';
    else
      perform 1 from clicks c where c.link_id = p_link and c.day_visitor in (p_day, p_hour_ago) and c.eligible
        and c.at > p_at - interval '1 hour' and c.at < p_at + interval '1 hour';
    end if;
    if found then
      why := 'repeat';
    end if;
  end if;
  return query insert into clicks (token, link_id, at, day_visitor, visitor, member_id, eligible, reason, referer, device)
    values (p_token, p_link, p_at, p_day, p_visitor, p_member, why = '', why, p_referer, p_device)
    returning clicks.id, clicks.reason;
end $$;
-- +goose StatementEnd
