-- +goose Up
-- 1. What a brand lets members publish of what they design on a product. Without a row: nothing.
create table publication_settings (
  product_id bigint primary key references products,
  offered    boolean not null,
  review     boolean not null,                                                     -- each is accepted by the brand; no: by itself
  stock      integer not null check (stock between 1 and 10000),                   -- pieces of each variant of a new product
  updated_at timestamptz not null
);
revoke delete, truncate on publication_settings from relais_app;

-- 2. A publication can be asked to show a newer revision of its design: the one that is sold stays until that is accepted.
alter table publications add column lang text not null default 'fr' check (lang in ('fr','en')),
  add column why text not null default '' check (length(why) <= 1000),              -- of the last refusal, or of the platform when it took it down
  add column next_revision integer,                                                 -- that is asked for; null: none
  add column photos bigint[] not null default '{}',                                 -- of the product, that were drawn of the design
  add column moved_at timestamptz,                                                  -- the last move; null: none since it was asked
  add constraint publications_next_fkey foreign key (design_id, next_revision) references design_revisions,
  add constraint publications_next_check check (next_revision is null or state = 'listed' and next_revision > revision);
create unique index publications_one_open on publications (design_id) where state in ('asked','listed');

-- +goose StatementBegin
create function publications_move() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform 1 from designs where id = new.design_id for share;                      -- not while it is taken down
    if exists (select 1 from publications where design_id = new.design_id and state = 'taken_down') then
      raise exception 'design % was taken down', new.design_id using errcode = '23514', constraint = 'publications_again_check';
    end if;
    if new.state <> 'asked' or new.product_id is not null
       or not exists (select 1 from designs d where d.id = new.design_id and d.author_id = new.author_id and d.varied_from is not distinct from new.parent_id) then
      raise exception 'design % is asked for first, by its author', new.design_id using errcode = '23514', constraint = 'publications_first_check';
    end if;
    return new;
  end if;
  if row(old.design_id, old.author_id, old.base_product_id, old.parent_id, old.title, old.royalty_bps, old.may_vary, old.may_resell, old.asked_at)
       is distinct from row(new.design_id, new.author_id, new.base_product_id, new.parent_id, new.title, new.royalty_bps, new.may_vary, new.may_resell, new.asked_at)
     or old.product_id is distinct from new.product_id and (old.product_id is not null or new.state <> 'listed')
     or old.revision <> new.revision and (old.state <> 'listed' or new.state <> 'listed' or new.revision is distinct from old.next_revision) then
    raise exception 'publication % stays as it was asked', old.id using errcode = '23514', constraint = 'publications_fixed_check';
  end if;
  if old.product_id is distinct from new.product_id and not exists (select 1 from products o join products b on b.id = new.base_product_id and b.brand_id = o.brand_id
       where o.id = new.product_id and o.id <> b.id and o.state = 'draft' and not o.custom_made and not exists (select 1 from order_lines l where l.product_id = o.id)) then
    raise exception 'publication % is sold as a new product of its brand', old.id using errcode = '23514', constraint = 'publications_made_check';
  end if;
  if new.state = 'listed' and exists (select 1 from publications where design_id = new.design_id and id <> new.id and state = 'taken_down') then
    raise exception 'design % was taken down', new.design_id using errcode = '23514', constraint = 'publications_again_check';
  end if;
  if old.state <> new.state and (old.state, new.state) not in (('asked','listed'), ('asked','refused'), ('asked','left'), ('listed','left'),
       ('asked','taken_down'), ('refused','taken_down'), ('listed','taken_down'), ('left','taken_down')) then
    raise exception 'publication % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'publications_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger publications_move before insert or update on publications for each row execute function publications_move();

-- 3. Every step of it, for good. Whoever asks declares with it that the design is their own work, or that they hold the rights.
create table publication_moves (
  id             bigint generated always as identity primary key,
  publication_id bigint not null references publications,
  kind           text not null check (kind in ('asked','listed','refused','revision_asked','revision_listed','revision_refused','left','taken_down')),
  revision       integer not null,
  by_member_id   bigint references members,                                         -- null: by itself, as the brand wants it
  why            text not null default '' check (length(why) <= 1000),
  at             timestamptz not null
);
create index publication_moves_of on publication_moves (publication_id, id);
revoke all on publication_moves from relais_app;
grant select, insert on publication_moves to relais_app;

-- +goose StatementBegin
create function publication_moves_kept() returns trigger language plpgsql as $$
begin
  raise exception 'a step of a publication stays as it was' using errcode = '23514', constraint = 'publication_moves_kept_check';
end $$;
-- +goose StatementEnd
create trigger publication_moves_kept before update or delete on publication_moves for each row execute function publication_moves_kept();
create trigger publication_moves_no_truncate before truncate on publication_moves for each statement execute function publication_moves_kept();

-- 4. Its product is sold as it is: nobody's wishes, not launched, and not again once it is over. The brand may stop it at any time.
-- +goose StatementBegin
create function publications_product_kept() returns trigger language plpgsql as $$
declare stands text;
begin
  select state into stands from publications where product_id = new.id;
  if stands is null then
    return new;
  end if;
  if new.custom_made then
    raise exception 'product % is sold as it is', new.id using errcode = '23514', constraint = 'publications_custom_check';
  elsif new.state = 'launch' then
    raise exception 'product % is sold, not launched', new.id using errcode = '23514', constraint = 'publications_launch_check';
  elsif new.state = 'published' and stands <> 'listed' then
    raise exception 'product % is not sold any more', new.id using errcode = '23514', constraint = 'publications_over_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger publications_product_kept before update of state, custom_made on products for each row execute function publications_product_kept();

-- Nobody designs on what is a design already: it is varied, with its author's leave.
-- +goose StatementBegin
create function base_versions_no_publication() returns trigger language plpgsql as $$
begin
  if exists (select 1 from publications where product_id = new.product_id) then
    raise exception 'product % is a published design', new.product_id using errcode = '23514', constraint = 'publications_base_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger base_versions_no_publication before insert on base_versions for each row execute function base_versions_no_publication();

-- 5. Where its author keeps it to themselves, no other storefront lists it.
-- +goose StatementBegin
create function listings_published() returns trigger language plpgsql as $$
begin
  if exists (select 1 from publications where product_id = new.product_id and not may_resell and author_id <> new.member_id) then
    raise exception 'product % is in its author''s storefront only', new.product_id using errcode = '23514', constraint = 'listings_published_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger listings_published before insert or update of product_id, member_id on listings for each row execute function listings_published();

-- 6. The design that another one varies, with the leave of its author.
alter table designs add column varied_from bigint references publications;
-- +goose StatementBegin
create or replace function designs_move() returns trigger language plpgsql as $$
begin
  if row(old.author_id, old.created_at, old.varied_from) is distinct from row(new.author_id, new.created_at, new.varied_from) or new.revision < old.revision or old.state = 'dropped' then
    raise exception 'design % stays its author''s', old.id using errcode = '23514', constraint = 'designs_fixed_check';
  end if;
  if row(old.content, old.title, old.version_id) is distinct from row(new.content, new.title, new.version_id) and new.revision <> old.revision + 1 then
    raise exception 'design % was written over', old.id using errcode = '23514', constraint = 'designs_revision_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- A line of a basket keeps the revision of a published design that was sold when it was put there: a newer one is said to be.
alter table cart_lines add column published_revision integer;

-- 7. A line of a published design was chosen as it is: it is not made to its buyer's wishes, and what its options cost is in its price. Any other line with a design is.
alter table order_lines drop constraint order_lines_design_check,
  add constraint order_lines_design_check check (design_id is null and option_minor = 0
    or design_id is not null and option_minor >= 0 and option_minor < price_minor - margin_minor and (custom_made or option_minor = 0));
-- +goose StatementBegin
create or replace function order_lines_design_sent() returns trigger language plpgsql as $$
begin
  if (select place from orders where id = new.order_id) <> 'distance' then
    raise exception 'a design is made before it is handed over' using errcode = '23514', constraint = 'order_lines_design_sent_check';
  end if;
  if not new.custom_made and not exists (select 1 from publications where product_id = new.product_id and design_id = new.design_id and revision = new.design_revision) then
    raise exception 'a design of one''s own is made to wishes, and a published one as it is sold now' using errcode = '23514', constraint = 'order_lines_published_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
