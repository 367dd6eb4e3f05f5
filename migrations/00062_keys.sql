-- +goose Up
-- Our references at Stripe carry something random: ids begin at one again in every database, and Stripe remembers.
alter table payouts add column key text not null default substr(replace(gen_random_uuid()::text, '-', ''), 1, 16);
alter table payees add column account_key text not null default replace(gen_random_uuid()::text, '-', '');
