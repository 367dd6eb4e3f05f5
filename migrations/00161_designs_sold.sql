-- +goose Up
-- Designs are bought by their authors. What is ordered is kept as it was, whatever its author does with the design afterwards.

-- 1. A revision of a design that was ordered, with what its options cost then: for good.
create table design_revisions (
  design_id    bigint not null references designs,
  revision     integer not null check (revision > 0),
  version_id   bigint not null references base_versions,
  title        text not null,
  content      jsonb not null,
  option_minor bigint not null check (option_minor >= 0),            -- of a piece, VAT included
  kept_at      timestamptz not null,
  primary key (design_id, revision)
);
revoke all on design_revisions from relais_app;
grant select, insert on design_revisions to relais_app;

-- +goose StatementBegin
create function design_revisions_kept() returns trigger language plpgsql as $$
begin
  raise exception 'a revision of a design that was ordered stays as it is' using errcode = '23514', constraint = 'design_revisions_kept_check';
end $$;
-- +goose StatementEnd
create trigger design_revisions_kept before update or delete on design_revisions for each row execute function design_revisions_kept();
create trigger design_revisions_no_truncate before truncate on design_revisions for each statement execute function design_revisions_kept();

-- Its photographs too: a row of one never goes and never means another picture. What its author does not want to be offered any more has removed_at.
-- +goose StatementBegin
create function design_photos_kept() returns trigger language plpgsql as $$
begin
  if tg_op <> 'UPDATE' or row(old.id, old.member_id, old.hash, old.width, old.height, old.created_at) is distinct from row(new.id, new.member_id, new.hash, new.width, new.height, new.created_at) then
    raise exception 'a photograph of a design stays as it is' using errcode = '23514', constraint = 'design_photos_kept_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger design_photos_kept before update or delete on design_photos for each row execute function design_photos_kept();
create trigger design_photos_no_truncate before truncate on design_photos for each statement execute function design_photos_kept();

-- 2. In a basket, a variant with a design is a line of its own; design_revision is the one that its author saw when they put it there.
alter table cart_lines add column design_id bigint references designs,
  add column design_revision integer,
  add constraint cart_lines_design_check check ((design_id is null) = (design_revision is null)),
  drop constraint cart_lines_pkey,
  add constraint cart_lines_once unique nulls not distinct (cart_id, variant_id, design_id);
create index cart_lines_design on cart_lines (design_id) where design_id is not null;

-- 3. A line that was ordered with a design: option_minor is of the brand's price, and so of the base of every rate, and not of what margins are counted on. It was
-- made to its buyer's wishes.
alter table order_lines add column design_id bigint,
  add column design_revision integer,
  add column option_minor bigint not null default 0,                 -- of a piece, VAT included
  add constraint order_lines_design_fkey foreign key (design_id, design_revision) references design_revisions match full,
  add constraint order_lines_design_check check (design_id is null and option_minor = 0
    or design_id is not null and custom_made and option_minor >= 0 and option_minor < price_minor - margin_minor);
create index order_lines_designed on order_lines (brand_id, id) where design_id is not null;
create index order_lines_design on order_lines (design_id, design_revision) where design_id is not null;

-- What is sold face to face or together is in the hands of its buyer at once, or one of many: nobody's design.
-- +goose StatementBegin
create function order_lines_design_sent() returns trigger language plpgsql as $$
begin
  if (select place from orders where id = new.order_id) <> 'distance' then
    raise exception 'a design is made before it is handed over' using errcode = '23514', constraint = 'order_lines_design_sent_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger order_lines_design_sent before insert on order_lines for each row when (new.design_id is not null) execute function order_lines_design_sent();
