-- +goose Up
-- A piece that came of a poll says when those who voted could know that it is for sale; what was launched and missed is for sale another day. Launched again for more, it says why.
alter table poll_pieces add column made_at timestamptz;
grant update (price_minor, why, made_at) on poll_pieces to relais_app;
-- +goose StatementBegin
create or replace function poll_pieces_move() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or tg_op = 'UPDATE' and (row(old.poll_id, old.product_id, old.at) is distinct from row(new.poll_id, new.product_id, new.at)
       or row(old.price_minor, old.why) is distinct from row(new.price_minor, new.why) and new.price_minor <= old.price_minor
       or old.made_at is not null and old.made_at is distinct from new.made_at) then
    raise exception 'what came of poll % stays', old.poll_id using errcode = '23514', constraint = 'poll_pieces_fixed_check';
  end if;
  if tg_op = 'INSERT' and not exists (select 1 from polls p join products r on r.id = new.product_id and r.brand_id = p.brand_id where p.id = new.poll_id and p.state = 'decided' and p.stopped_at is null) then
    raise exception 'product % did not come of poll %', new.product_id, new.poll_id using errcode = '23514', constraint = 'poll_pieces_brand_check';
  end if;
  if (tg_op = 'INSERT' or new.price_minor <> old.price_minor) and new.price_minor > poll_highest(new.poll_id) and new.why = '' then
    raise exception 'product % is dearer than poll % decided', new.product_id, new.poll_id using errcode = '23514', constraint = 'poll_pieces_why_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- Of what is for sale that was said, unless a launch of it came to nothing.
update poll_pieces x set made_at = x.at from products p where p.id = x.product_id and p.state = 'published'
  and not exists (select 1 from campaigns c where c.product_id = p.id and c.kind = 'launch' and c.made_at is null);
create index poll_pieces_unmade on poll_pieces (product_id) where made_at is null;
