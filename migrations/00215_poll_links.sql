-- +goose Up
-- A share link that leads to a poll: it covers the product that the poll is about, and the one that came of it.
alter table share_links add column poll_id bigint references polls,
  drop constraint share_links_target_check,
  add constraint share_links_target_check check (target in ('product','storefront','brand','story','poll')),
  drop constraint share_links_target_ids_check,
  add constraint share_links_target_ids_check check (num_nonnulls(product_id, brand_id, story_id, poll_id) = (target <> 'storefront')::int
    and (target = 'product') = (product_id is not null) and (target = 'brand') = (brand_id is not null) and (target = 'story') = (story_id is not null) and (target = 'poll') = (poll_id is not null)),
  drop constraint share_links_once,
  add constraint share_links_once unique nulls not distinct (member_id, target, product_id, brand_id, channel, circle, group_id, story_id, poll_id);
drop index share_links_group;
create unique index share_links_group on share_links (member_id, target, product_id, brand_id, group_id, story_id, poll_id) nulls not distinct where group_id is not null;
create index share_links_poll on share_links (poll_id) where poll_id is not null;
