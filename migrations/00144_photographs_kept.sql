-- +goose Up
-- A photograph is read by everybody under /media/ only where it was meant for everybody at least once: of a product, a storefront, a rating. One that
-- came in with a post is not, and is shown by whose post it stands in: package posts/photos.
alter table media add column public boolean not null default true;
create table post_uploads (
  member_id bigint not null references members,   -- who sent it in for a post of theirs
  media_id  bigint not null references media,
  primary key (member_id, media_id)
);
create index post_photos_media on post_photos (media_id);
create index post_versions_photos on post_versions using gin (photos jsonb_path_ops);

insert into post_uploads (member_id, media_id)
  select p.author_id, f.media_id from post_photos f join posts p on p.id = f.post_id
  union select p.author_id, m.id from post_versions v join posts p on p.id = v.post_id cross join lateral jsonb_array_elements(v.photos) x join media m on m.hash = x ->> 'hash';
update media m set public = false where exists (select 1 from post_uploads u where u.media_id = m.id)
  and not exists (select 1 from brands b where m.id in (b.logo_id, b.cover_id))
  and not exists (select 1 from product_photos f where f.media_id = m.id)
  and not exists (select 1 from order_lines l where l.media_id = m.id)
  and not exists (select 1 from members a where a.picture_id = m.id)
  and not exists (select 1 from storefronts s where s.cover_id = m.id)
  and not exists (select 1 from rating_photos f where f.media_id = m.id)
  and not exists (select 1 from groups g where g.picture = m.hash);
