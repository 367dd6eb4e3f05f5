-- +goose Up
-- A reference that the provider has spent on a failure is followed by the next one.
alter table orders add column checkout_attempt integer not null default 1;
