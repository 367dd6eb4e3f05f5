-- +goose Up
-- A post that leads to a poll.
alter table posts add column poll_id bigint references polls,
  drop constraint posts_attach_check,
  add constraint posts_attach_check check (attach in ('','product','storefront','poll')),
  drop constraint posts_leads_check,
  add constraint posts_leads_check check ((attach = 'product') = (product_id is not null) and (attach = 'poll') = (poll_id is not null));
create index posts_poll on posts (poll_id) where poll_id is not null;
alter table post_versions add column poll_id bigint references polls;
