-- +goose Up
-- What a brand's team types in at the counter, a title and an amount, is a product that one basket alone can hold: it is in no list, nobody
-- can share, rate or order it elsewhere, and it stays what it is for the books of the order that it becomes a line of.
alter table products drop constraint products_state_check,
  add constraint products_state_check check (state in ('draft','published','archived','typed')),
  add column typed_for text,                  -- the basket, carts.id
  add column typed_operation text constraint products_typed_operation_key unique, -- made by the page: what is typed once is one product
  add constraint products_typed_check check ((state = 'typed') = (typed_for is not null) and (typed_for is null) = (typed_operation is null));
-- +goose StatementBegin
create function products_typed_fixed() returns trigger language plpgsql as $$
begin
  if row(old.state, old.brand_id, old.title, old.vat_bps, old.currency, old.typed_for, old.typed_operation)
    is distinct from row(new.state, new.brand_id, new.title, new.vat_bps, new.currency, new.typed_for, new.typed_operation) then
    raise exception 'product % was typed at a counter and stays as it is', old.id using errcode = '23514', constraint = 'products_typed_fixed_check';
  end if;
  return new;
end $$;
create function products_typed_alone() returns trigger language plpgsql as $$
begin
  if exists (select 1 from products where id = new.product_id and state = 'typed') then
    raise exception 'product % was typed at a counter and is nowhere else', new.product_id using errcode = '23514', constraint = 'products_typed_alone_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger products_typed_fixed before update on products for each row when (old.state = 'typed') execute function products_typed_fixed();
create trigger listings_typed before insert on listings for each row execute function products_typed_alone();
create trigger ratings_typed before insert on ratings for each row execute function products_typed_alone();
create trigger share_links_typed before insert on share_links for each row when (new.product_id is not null) execute function products_typed_alone();
create trigger product_photos_typed before insert on product_photos for each row execute function products_typed_alone();
create trigger posts_typed before insert or update of product_id on posts for each row when (new.product_id is not null) execute function products_typed_alone();
