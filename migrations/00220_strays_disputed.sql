-- +goose Up
-- A payment that no order keeps waits in suspense until it is sent back. Where its buyer's bank takes it first, and for good, it is not owed any more: the loss is taken from there.
alter table disputes add column stray_refund_id bigint references refunds;
create unique index disputes_stray on disputes (stray_refund_id) where stray_refund_id is not null;
