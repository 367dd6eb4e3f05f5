-- +goose Up
-- When a member first listed what they do not list any more: put back, it has the date that it had, so that nobody stays on top of the feeds of
-- those who follow them by taking out and adding again.
create table listings_left (
  member_id  bigint not null references members,
  product_id bigint not null references products,
  listed_at  timestamptz not null, -- listings.created_at of the first time
  primary key (member_id, product_id)
);
revoke update, delete, truncate on listings_left from relais_app;
