-- +goose Up
-- Launches: a brand asks for promises to a piece that is not made yet. Its goal is the first step, by pieces and with nothing less.

-- 1. A product that is being launched can be seen and promised, and nothing else: whatever sells asks for 'published'.
alter table products drop constraint products_state_check,
  add constraint products_state_check check (state in ('draft','published','archived','typed','launch'));

-- 2. What is promised to.
alter table campaigns
  add column max_units  integer check (max_units between 1 and 1000000),      -- of a launch: pieces that can be promised at most; null: no end
  add column expected   date check (extract(day from expected) = 1),         -- … the first day of the month in which it is delivered
  add column plan       text not null default '' check (length(plan) <= 2000), -- … what the brand says will happen with the money
  add column started_at timestamptz,                                          -- … it is in production
  add column made_at    timestamptz,                                          -- … it is made, and for sale like anything else
  add column stopped_why text not null default '' check (length(stopped_why) <= 500), -- … why its brand, which asked for it, will not make it
  add column idea_id    bigint references ideas,                              -- … the idea from which it came; null: none
  drop constraint campaigns_kind_check,
  add constraint campaigns_kind_check check (kind in ('group_order','launch')),
  drop constraint campaigns_deadline_check,
  add constraint campaigns_deadline_check check (deadline > opened_at and deadline <= opened_at + case kind when 'launch' then interval '61 days' else interval '31 days' end),
  drop constraint campaigns_step_check,
  add constraint campaigns_step_check check (case kind when 'launch' then state = 'reached' or less_bps = 0 else (state = 'reached') = (less_bps > 0) end),
  add constraint campaigns_launch_check check ((kind = 'launch') = (expected is not null) and (kind = 'launch') = (plan <> '')
    and (kind = 'launch' or max_units is null and started_at is null and made_at is null and idea_id is null)),
  add constraint campaigns_goal_check check (kind <> 'launch' or (steps->0->>'people')::integer >= 1 and (steps->0->>'less_bps')::integer = 0
    and (max_units is null or max_units >= (steps->0->>'people')::integer and (state <> 'reached' or people <= max_units))
    and (state <> 'reached' or people >= (steps->0->>'people')::integer)),
  add constraint campaigns_made_check check ((started_at is null or state = 'reached') and (made_at is null or made_at >= started_at and started_at is not null and stopped_at is null)
    and (stopped_why = '' or kind = 'launch' and stopped_at is not null));
comment on column campaigns.people is 'when it ended: people of a group order, pieces of a launch';
create unique index campaigns_one_launch on campaigns (product_id) where kind = 'launch' and (state = 'open' or state = 'reached' and made_at is null and stopped_at is null);
create index campaigns_launches on campaigns (deadline) where kind = 'launch' and state = 'open';

-- +goose StatementBegin
create or replace function campaigns_move() returns trigger language plpgsql as $$
begin
  if row(old.code, old.kind, old.product_id, old.brand_id, old.opened_by, old.terms_id, old.steps, old.currency, old.opened_at, old.deadline, old.max_units, old.expected, old.plan)
     is distinct from row(new.code, new.kind, new.product_id, new.brand_id, new.opened_by, new.terms_id, new.steps, new.currency, new.opened_at, new.deadline, new.max_units, new.expected, new.plan) then
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

-- 3. An order of a launch: nothing of it was in stock when it was made.
alter table orders add column expected date check (extract(day from expected) = 1); -- the month in which what is being made will be delivered; null: what was ordered is there
-- +goose StatementBegin
create or replace function orders_place_fixed() returns trigger language plpgsql as $$
begin
  if row(old.place, old.withdrawal_days, old.expected) is distinct from row(new.place, new.withdrawal_days, new.expected) then
    raise exception 'order % keeps where it was made, and what of', old.id using errcode = '23514', constraint = 'orders_place_fixed_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
drop trigger orders_place_fixed on orders;
create trigger orders_place_fixed before update of place, withdrawal_days, expected on orders for each row execute function orders_place_fixed();

-- 4. What was promised of a variant that cannot be ordered at the deadline does not count; a card that comes when nothing is left, or is one of the brand's team, is refused.
alter table pledges drop constraint pledges_ended_why_check,
  add constraint pledges_ended_why_check check (ended_why in ('','missed','cancelled','unavailable','late','not_offered','full','team')),
  drop constraint pledges_why_check,
  add constraint pledges_why_check check (case state when 'released' then ended_why not in ('','full','team') when 'lapsed' then ended_why in ('','full','team') else ended_why = '' end);

-- 5. How a launch stands is on the page of its product.
-- +goose StatementBegin
create function note_launch() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_table_name = 'campaigns' then
    insert into changes (topic) select 'brand:' || new.brand_id where new.kind = 'launch' on conflict do nothing;
  else
    insert into changes (topic) select 'brand:' || c.brand_id from campaigns c where c.id = new.campaign_id and c.kind = 'launch' on conflict do nothing;
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger campaigns_changed after insert or update on campaigns for each row execute function note_launch();
create trigger pledges_changed after insert or update of state on pledges for each row execute function note_launch();
revoke all on function note_launch() from public;
