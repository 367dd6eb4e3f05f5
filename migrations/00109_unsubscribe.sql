-- +goose Up
-- The path by which whoever gets a letter ends its kind with one click (RFC 8058); empty where it cannot be ended.
alter table letters add column unsubscribe text not null default '' check (unsubscribe = '' or unsubscribe ~ '^/[^/]');
