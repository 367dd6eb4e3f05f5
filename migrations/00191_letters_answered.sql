-- +goose Up
-- Letters that can be answered by mail, and that mail programs show under what they answer.
alter table letters
  add column reply_to   text not null default '',   -- where answers go; empty: to nobody
  add column message_id text not null default '',   -- with its brackets; empty: made of the letter's number
  add column refs       text not null default '';   -- Message-IDs of what came before, oldest first, the last of them answered
