-- +goose Up
-- What buyers say of what they bought: ratings of products, and thanks in the guest book of a storefront.

-- 1. A rating is of one buyer and one product, and rests on a line of an order that they received.
create table ratings (
  id            bigint generated always as identity primary key,
  product_id    bigint not null references products,
  brand_id      bigint not null references brands,
  order_line_id bigint not null references order_lines,      -- what proves the purchase
  member_id     bigint references members,                   -- null: a guest
  buyer         text not null,                               -- e-mail of the order, normal: one buyer is one, with an account or not
  lang          text not null check (lang in ('fr','en')),   -- that it is written in
  stars         integer not null check (stars between 1 and 5),
  title         text not null default '' check (length(title) <= 100),
  body          text not null check (length(body) between 1 and 3000),
  name          text not null check (length(name) between 1 and 40),   -- as its author wants to be called
  relayed       boolean not null,                            -- bought through somebody who earned from it
  received_at   timestamptz not null,                        -- the day of the experience
  at            timestamptz not null,
  edited_at     timestamptz,
  state         text not null default 'shown' check (state in ('shown','hidden','withdrawn')),
  hidden_why    text not null default '' check (length(hidden_why) <= 1000),
  reply         text not null default '' check (length(reply) <= 2000),
  reply_by      bigint references members,
  reply_at      timestamptz,
  reply_edited_at timestamptz,
  reply_hidden  boolean not null default false,
  constraint ratings_buyer_key unique (product_id, buyer),
  constraint ratings_hidden_check check ((state = 'hidden') = (hidden_why <> '')),
  constraint ratings_replied_check check ((reply = '') = (reply_at is null) and (reply = '') = (reply_by is null) and (reply <> '' or reply_edited_at is null and not reply_hidden))
);
create unique index ratings_member_key on ratings (product_id, member_id) where member_id is not null;
create index ratings_product on ratings (product_id, at desc, id desc) where state = 'shown';
create index ratings_brand on ratings (brand_id, at desc, id desc);
create index ratings_line on ratings (order_line_id);
revoke delete, truncate on ratings from relais_app;

create table rating_photos (
  rating_id bigint not null references ratings,
  position  integer not null check (position between 0 and 3),
  media_id  bigint not null references media,
  primary key (rating_id, position)
);

-- Whose and of what a rating is, and when it was first written, stays.
-- +goose StatementBegin
create function ratings_move() returns trigger language plpgsql as $$
begin
  if row(old.product_id, old.brand_id, old.order_line_id, old.member_id, old.buyer, old.relayed, old.received_at, old.at)
     is distinct from row(new.product_id, new.brand_id, new.order_line_id, new.member_id, new.buyer, new.relayed, new.received_at, new.at) then
    raise exception 'rating % keeps its author and its product', old.id using errcode = '23514', constraint = 'ratings_fixed_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger ratings_move before update on ratings for each row execute function ratings_move();

-- 2. How many of each number of stars a product has, of those that are shown: kept by the database alone, in the same transaction.
create table product_stars (
  product_id bigint primary key references products,
  n1 integer not null default 0 check (n1 >= 0),
  n2 integer not null default 0 check (n2 >= 0),
  n3 integer not null default 0 check (n3 >= 0),
  n4 integer not null default 0 check (n4 >= 0),
  n5 integer not null default 0 check (n5 >= 0)
);
revoke insert, update, delete, truncate on product_stars from relais_app;
-- +goose StatementBegin
create function ratings_sum() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  was integer := case when tg_op <> 'INSERT' and old.state = 'shown' then old.stars end;
  is_now integer := case when tg_op <> 'DELETE' and new.state = 'shown' then new.stars end;
  product bigint := case when tg_op = 'DELETE' then old.product_id else new.product_id end;
begin
  if was is distinct from is_now then
    insert into product_stars (product_id) values (product) on conflict do nothing;
    update product_stars set
      n1 = n1 + (is_now is not distinct from 1)::int - (was is not distinct from 1)::int,
      n2 = n2 + (is_now is not distinct from 2)::int - (was is not distinct from 2)::int,
      n3 = n3 + (is_now is not distinct from 3)::int - (was is not distinct from 3)::int,
      n4 = n4 + (is_now is not distinct from 4)::int - (was is not distinct from 4)::int,
      n5 = n5 + (is_now is not distinct from 5)::int - (was is not distinct from 5)::int
    where product_id = product;
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger ratings_sum after insert or update of stars, state or delete on ratings for each row execute function ratings_sum();
revoke all on function ratings_sum() from public;

-- 3. Thanks of a buyer in the guest book of who recommended something to them.
create table thanks (
  id            bigint generated always as identity primary key,
  storefront_id bigint not null references members,          -- whose guest book
  order_line_id bigint not null references order_lines,      -- credited to that member, by whichever rule
  member_id     bigint references members,                   -- null: a guest
  buyer         text not null,
  lang          text not null check (lang in ('fr','en')),
  name          text not null check (length(name) between 1 and 40),
  body          text not null check (length(body) between 1 and 400),
  at            timestamptz not null,
  edited_at     timestamptz,
  state         text not null default 'shown' check (state in ('shown','hidden','removed','withdrawn')),  -- hidden: by its owner; removed: by the platform
  removed_why   text not null default '' check (length(removed_why) <= 1000),
  answer        text not null default '' check (length(answer) <= 400),
  answered_at   timestamptz,
  constraint thanks_buyer_key unique (storefront_id, buyer),
  constraint thanks_removed_check check ((state = 'removed') = (removed_why <> '')),
  constraint thanks_answered_check check ((answer = '') = (answered_at is null))
);
create index thanks_storefront on thanks (storefront_id, at desc, id desc);
create index thanks_line on thanks (order_line_id);
revoke delete, truncate on thanks from relais_app;

-- 4. What somebody found wrong with one of them, or with a brand's reply; the platform decides.
create table rating_reports (
  id         bigint generated always as identity primary key,
  part       text not null check (part in ('rating','reply','thanks')),
  rating_id  bigint references ratings,
  thanks_id  bigint references thanks,
  brand_id   bigint references brands,                       -- its team reports
  member_id  bigint references members,                      -- null: a visitor without an account, or the platform itself
  reason     text not null check (reason in ('fake','insult','personal','off_topic','advert','illegal','other','edited')),
  text       text not null check (length(text) <= 1000),
  at         timestamptz not null,
  decided    text not null default '' check (decided in ('','kept','hidden')),
  decided_by bigint references members,
  decided_at timestamptz,
  why        text not null default '' check (length(why) <= 1000),
  constraint rating_reports_of_check check ((part = 'thanks') = (thanks_id is not null) and (part = 'thanks') = (rating_id is null)),
  constraint rating_reports_ended_check check ((decided = '') = (decided_by is null) and (decided = '') = (decided_at is null) and (decided = '') = (why = ''))
);
-- One open report of each reporter about each; all visitors without an account are one.
create unique index rating_reports_once on rating_reports (part, coalesce(rating_id, thanks_id), coalesce(brand_id, 0), coalesce(member_id, 0), (reason = 'edited')) where decided = '';
create index rating_reports_open on rating_reports (at) where decided = '';
create index rating_reports_decided on rating_reports (decided_at desc) where decided <> '';
create index rating_reports_rating on rating_reports (rating_id) where rating_id is not null;
revoke delete, truncate on rating_reports from relais_app;

-- 5. Buyers are asked once for an order, some days after they received it, and not at all once they said no.
create table rating_invitations (
  order_id bigint primary key references orders,
  at       timestamptz not null,
  sent     boolean not null          -- false: there was nothing to ask, or the buyer had said no
);
revoke update, delete, truncate on rating_invitations from relais_app;
create table rating_refusals (
  buyer text primary key,
  at    timestamptz not null
);
create index shipments_delivered on shipments (delivered_at) where state = 'delivered';

-- 6. What of it is on public pages.
-- +goose StatementBegin
create function note_opinion() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  noted text;
begin
  case tg_table_name
    when 'ratings' then noted := 'brand:' || coalesce(new.brand_id, old.brand_id);
    when 'rating_photos' then noted := 'brand:' || (select r.brand_id from ratings r where r.id = coalesce(new.rating_id, old.rating_id));
    when 'thanks' then noted := 'member:' || coalesce(new.storefront_id, old.storefront_id);
  end case;
  insert into changes (topic) values (noted) on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd
create trigger ratings_changed after insert or update or delete on ratings for each row execute function note_opinion();
create trigger rating_photos_changed after insert or update or delete on rating_photos for each row execute function note_opinion();
create trigger thanks_changed after insert or update or delete on thanks for each row execute function note_opinion();
revoke all on function note_opinion() from public;
