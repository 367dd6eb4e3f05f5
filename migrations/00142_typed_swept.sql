-- +goose Up
-- What was typed at a counter and never became a line of an order goes after a while, with its price and its place in the basket. Prices are not the
-- application's to delete, so that this is done here, and of nothing else.
-- +goose StatementBegin
create function sweep_typed(p_before timestamptz, p_most integer) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  found record;
  swept integer := 0;
begin
  for found in
    select p.id as product_id, v.id as variant_id from products p join variants v on v.product_id = p.id
    where p.state = 'typed' and p.updated_at < p_before and not exists (select 1 from order_lines l where l.product_id = p.id)
      and not exists (select 1 from carts c where c.id = p.typed_for and c.updated_at >= p_before)
      and not exists (select 1 from counter_sales s where s.cart_id = p.typed_for and greatest(s.created_at, s.shown_at) >= p_before)
    order by p.id limit p_most for update of p, v skip locked
  loop
    -- Under the locks no order can name it any more; one may have done so before they were there.
    continue when exists (select 1 from order_lines l where l.product_id = found.product_id);
    delete from cart_lines where variant_id = found.variant_id;
    delete from variant_prices where variant_id = found.variant_id;
    delete from variants where id = found.variant_id;
    delete from products where id = found.product_id;
    swept := swept + 1;
  end loop;
  return swept;
end $$;
-- +goose StatementEnd
revoke all on function sweep_typed(timestamptz, integer) from public;
grant execute on function sweep_typed(timestamptz, integer) to relais_app;

create index products_typed on products (updated_at) where state = 'typed';
-- By which a row that goes is found not to be named.
create index cart_lines_variant on cart_lines (variant_id);
create index order_lines_variant on order_lines (variant_id);
create index terms_product on terms (product_id) where product_id is not null;
create index posts_product on posts (product_id) where product_id is not null;
create index post_versions_product on post_versions (product_id) where product_id is not null;
create index listing_margins_product on listing_margins (product_id);
