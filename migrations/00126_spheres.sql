-- +goose Up
-- What is told of a circle belongs to the sphere of that circle: each has its own part of the list.
alter table notices drop constraint notices_topic_check,
  add constraint notices_topic_check check (topic in ('money','orders','personal','professional','brand'));
