-- +goose Up
-- What of the public pages changed, for whoever keeps them in memory: package changes. A topic is "brand:7" for anything that its pages
-- and those of its products show, "member:7" for anything that a storefront and its links show. Rows are read by transaction, not by
-- number: numbers are given before the commit, and a reader that has seen a higher one would miss what commits later.
create table changes (
  xid   xid8 not null default pg_current_xact_id(),
  topic text not null check (topic ~ '^[a-z]+:[0-9]+$'),
  at    timestamptz not null default now(),
  primary key (xid, topic)
);
create index changes_at on changes using brin (at);

-- +goose StatementBegin
create function note_change() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  brand bigint;
  member bigint;
begin
  case tg_table_name
    when 'brands' then brand := coalesce(new.id, old.id);
    when 'brand_translations', 'delivery_methods', 'products', 'terms' then brand := coalesce(new.brand_id, old.brand_id);
    when 'product_translations', 'product_photos', 'variants' then
      brand := (select p.brand_id from products p where p.id = coalesce(new.product_id, old.product_id));
    when 'variant_prices' then
      brand := (select p.brand_id from variants v join products p on p.id = v.product_id where v.id = coalesce(new.variant_id, old.variant_id));
    when 'members' then member := coalesce(new.id, old.id);
    when 'storefronts', 'share_links' then member := coalesce(new.member_id, old.member_id);
    when 'listings' then
      member := coalesce(new.member_id, old.member_id);
      brand := (select p.brand_id from products p where p.id = coalesce(new.product_id, old.product_id));
  end case;
  insert into changes (topic) select 'brand:' || brand where brand is not null union all select 'member:' || member where member is not null
    on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd

-- A first row of these is on no page yet, but a page that said "not found" may be.
create trigger brands_changed after insert or update or delete on brands for each row execute function note_change();
create trigger brand_translations_changed after insert or update or delete on brand_translations for each row execute function note_change();
create trigger delivery_methods_changed after insert or update or delete on delivery_methods for each row execute function note_change();
create trigger products_changed after insert or update or delete on products for each row execute function note_change();
create trigger terms_changed after insert or update or delete on terms for each row execute function note_change();
create trigger product_translations_changed after insert or update or delete on product_translations for each row execute function note_change();
create trigger product_photos_changed after insert or update or delete on product_photos for each row execute function note_change();
create trigger variants_changed after insert or update or delete on variants for each row execute function note_change();
create trigger variant_prices_changed after insert or update or delete on variant_prices for each row execute function note_change();
create trigger members_changed after update of name, handle, bio, city, picture_id, lang, blocked_at on members for each row execute function note_change();
create trigger storefronts_changed after insert or update or delete on storefronts for each row execute function note_change();
create trigger listings_changed after insert or update or delete on listings for each row execute function note_change();
create trigger share_links_changed after update of disabled_at on share_links for each row execute function note_change();

revoke all on changes from public, relais_app;
grant select, delete on changes to relais_app;
revoke all on function note_change() from public;
