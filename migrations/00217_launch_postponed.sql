-- +goose Up
-- A brand moves the month that its launch promised, later and once, with a reason that every backer is told: package pledges/late.
create table launch_postponements (
  campaign_id bigint primary key references campaigns,                          -- once
  from_month  date not null,
  to_month    date not null check (extract(day from to_month) = 1),
  reason      text not null check (length(reason) between 1 and 500),
  by_id       bigint not null references members,
  at          timestamptz not null,
  constraint launch_postponements_later_check check (to_month > from_month and to_month <= from_month + interval '12 months')
);
revoke update, delete, truncate on launch_postponements from relais_app;

-- What was promised stays, but for the month, which follows the row above. What an order says stays as it was agreed.
-- +goose StatementBegin
create or replace function campaigns_move() returns trigger language plpgsql as $$
begin
  if row(old.code, old.kind, old.product_id, old.brand_id, old.opened_by, old.terms_id, old.steps, old.currency, old.opened_at, old.deadline, old.max_units, old.plan)
     is distinct from row(new.code, new.kind, new.product_id, new.brand_id, new.opened_by, new.terms_id, new.steps, new.currency, new.opened_at, new.deadline, new.max_units, new.plan)
     or old.expected is distinct from new.expected and not exists (select 1 from launch_postponements l where l.campaign_id = old.id and l.from_month = old.expected and l.to_month = new.expected) then
    raise exception 'campaign % keeps what was offered', old.id using errcode = '23514', constraint = 'campaigns_fixed_check';
  end if;
  if old.state <> 'open' and (row(old.state, old.note, old.ended_at, old.ended_why, old.people, old.less_bps)
     is distinct from row(new.state, new.note, new.ended_at, new.ended_why, new.people, new.less_bps) or old.stopped_at is not null and row(old.stopped_at, old.stopped_why) is distinct from row(new.stopped_at, new.stopped_why)
     or old.started_at is not null and old.started_at is distinct from new.started_at or old.made_at is not null and old.made_at is distinct from new.made_at) then
    raise exception 'campaign % is over', old.id using errcode = '23514', constraint = 'campaigns_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
