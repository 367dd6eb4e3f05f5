-- +goose Up
-- When the provider was last asked for a refund or a reversal, in real time: lists lag behind what was done, so nothing is asked for
-- under a new key before they are certain to be complete. And when it was first asked under the present key: keys are forgotten.
alter table refunds add column first_sent_at timestamptz, add column tried_at timestamptz;
update refunds set tried_at = clock_timestamp(), first_sent_at = case when attempt = 1 then clock_timestamp() end where state = 'sending';
alter table reversals add column tried_at timestamptz;
update reversals set tried_at = clock_timestamp(), first_sent_at = case when attempt = 1 then first_sent_at end where state = 'sending';
