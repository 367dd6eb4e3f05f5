-- +goose Up
-- A share link of a circle on Relais. Its name is kept as it was when it was shared: a circle that is renamed keeps its link.
alter table share_links add column group_id bigint references groups,
  drop constraint share_links_once,
  add constraint share_links_once unique nulls not distinct (member_id, target, product_id, brand_id, channel, circle, group_id),
  add constraint share_links_group_check check ((group_id is not null) = (channel = 'relais'));
create unique index share_links_group on share_links (member_id, target, product_id, brand_id, group_id) nulls not distinct where group_id is not null;
