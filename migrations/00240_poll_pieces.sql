-- +goose Up
-- What came of a poll that was decided: the pieces that its brand names, in its answer or later, or launches from it. Each says what it cost when it was named, and why
-- where that is more than was decided. Nothing of it is ever taken back.
create table poll_pieces (
  poll_id     bigint not null references polls,
  product_id  bigint not null references products,
  price_minor bigint not null check (price_minor between 1 and 100000000), -- of its cheapest variant when it was named, VAT included
  why         text not null default '' check (length(why) <= 500),        -- why that is more than was decided
  at          timestamptz not null,
  primary key (poll_id, product_id)
);
create index poll_pieces_product on poll_pieces (product_id);
revoke all on poll_pieces from relais_app;
grant select, insert on poll_pieces to relais_app;

-- What was named before had no price of its own written down: that of today.
insert into poll_pieces (poll_id, product_id, price_minor, at)
select p.id, p.answer_product_id, coalesce((select min(v.price_minor) from variants v where v.product_id = p.answer_product_id and v.active), p.base_minor), p.answered_at
from polls p where p.answer_product_id is not null;

drop index polls_answer_product;
alter table polls drop constraint polls_said_check, drop column answer_product_id,
  add constraint polls_said_check check ((answered_at is null) = (answer = '') and (answered_at is null or state = 'decided'));

-- The most that what was decided costs: where two options of a question are made, the dearer.
-- +goose StatementBegin
create function poll_highest(poll bigint) returns bigint language sql stable as $$
  select p.base_minor + coalesce((select sum(high) from (select max(o.effect_minor) as high from poll_outcomes c join poll_options o on o.id = c.option_id
    where c.poll_id = p.id and c.chosen group by c.question_id) q), 0)::bigint
  from polls p where p.id = poll
$$;
create function poll_pieces_move() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    raise exception 'what came of poll % stays', old.poll_id using errcode = '23514', constraint = 'poll_pieces_fixed_check';
  end if;
  if not exists (select 1 from polls p join products r on r.id = new.product_id and r.brand_id = p.brand_id where p.id = new.poll_id and p.state = 'decided' and p.stopped_at is null) then
    raise exception 'product % did not come of poll %', new.product_id, new.poll_id using errcode = '23514', constraint = 'poll_pieces_brand_check';
  end if;
  if new.price_minor > poll_highest(new.poll_id) and new.why = '' then
    raise exception 'product % is dearer than poll % decided', new.product_id, new.poll_id using errcode = '23514', constraint = 'poll_pieces_why_check';
  end if;
  return new;
end $$;
create function poll_pieces_note() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into changes (topic) select 'brand:' || p.brand_id from polls p where p.id = new.poll_id on conflict do nothing;
  return null;
end $$;
create or replace function polls_move() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.state <> 'draft' then
      raise exception 'poll % was asked in public', old.id using errcode = '23514', constraint = 'polls_move_check';
    end if;
    return old;
  end if;
  if row(old.code, old.brand_id, old.created_by, old.created_at) is distinct from row(new.code, new.brand_id, new.created_by, new.created_at)
     or old.state <> 'draft' and (
       row(old.product_id, old.idea_id, old.title, old.text, old.media_id, old.currency, old.base_minor, old.floor_minor, old.days, old.answer_days, old.quorum, old.margin_pct, old.changeable, old.audience,
         old.group_id, old.opened_at, old.opened_real_at, old.closes_at, old.answer_by)
       is distinct from row(new.product_id, new.idea_id, new.title, new.text, new.media_id, new.currency, new.base_minor, new.floor_minor, new.days, new.answer_days, new.quorum, new.margin_pct, new.changeable, new.audience,
         new.group_id, new.opened_at, new.opened_real_at, new.closes_at, new.answer_by)
       or old.answered_at is not null and row(old.answer, old.answered_at) is distinct from row(new.answer, new.answered_at)
       or old.stopped_at is not null and row(old.stopped_at, old.stopped_why) is distinct from row(new.stopped_at, new.stopped_why)
       or old.closed_at is not null and row(old.closed_at, old.ended_why, old.counted) is distinct from row(new.closed_at, new.ended_why, new.counted)) then
    raise exception 'poll % stays as it was asked', old.id using errcode = '23514', constraint = 'polls_fixed_check';
  end if;
  if old.state <> new.state and not exists (select 1 from poll_moves where origin = old.state and target = new.state) then
    raise exception 'poll % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'polls_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
revoke all on function poll_pieces_note() from public;
create trigger poll_pieces_move before insert or update or delete on poll_pieces for each row execute function poll_pieces_move();
create trigger poll_pieces_noted after insert on poll_pieces for each row execute function poll_pieces_note();

-- What a poll is about or what came of it: what a link to the poll covers. A launch that missed left a draft, which nobody can order.
create view poll_covers as
  select id as poll_id, product_id from polls where product_id is not null and opened_at is not null
  union select poll_id, product_id from poll_pieces;
