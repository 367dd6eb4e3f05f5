-- +goose Up
-- What members are told: in the app, by mail, on their devices.
create table notices (
  id         bigint generated always as identity primary key,
  member_id  bigint not null references members,
  topic      text not null check (topic in ('money','orders','circles','brand')),
  kind       text not null check (kind ~ '^[a-z_]{1,30}$'),
  event      text not null check (event ~ '^[a-z_]{1,30}$'),
  subject    text not null check (length(subject) between 1 and 120),
  args       jsonb not null,                                    -- what its words name, as it was then
  path       text not null check (path ~ '^/[^/\\]' and length(path) <= 500),
  at         timestamptz not null,                              -- business time
  listed     boolean not null,                                  -- false: the member does not want it in their list
  read_at    timestamptz,
  mail       text not null check (mail in ('none','now','daily','weekly')),
  digest_id  bigint,                                            -- the digest that it was in
  constraint notices_once unique (member_id, kind, event, subject)
);
create index notices_list on notices (member_id, id desc) where listed;
create index notices_topic on notices (member_id, topic, id desc) where listed;
create index notices_unread on notices (member_id) where listed and read_at is null;
create index notices_waiting on notices (member_id, at) where mail in ('daily','weekly') and digest_id is null and read_at is null;
create index notices_old on notices using brin (at);

-- What was told stays as it was told: only whether it was read, and how it goes by mail, changes.
revoke update on notices from relais_app;
grant update (read_at, mail, digest_id) on notices to relais_app;

-- What a member chose for a kind of notice; without a row the kind's own default goes.
create table notice_settings (
  member_id bigint not null references members,
  kind      text not null check (kind ~ '^[a-z_]{1,30}$'),
  mail      text not null check (mail in ('now','daily','weekly','never')),
  push      boolean not null,
  listed    boolean not null,
  primary key (member_id, kind)
);
create table notice_zones (
  member_id bigint primary key references members,
  zone      text not null check (length(zone) between 3 and 60)   -- of the IANA database: whose morning digests come in
);

-- One letter per member and day.
create table notice_digests (
  id        bigint generated always as identity primary key,
  member_id bigint not null references members,
  day       date not null,
  at        timestamptz not null,
  constraint notice_digests_once unique (member_id, day)
);
alter table notices add constraint notices_digest foreign key (digest_id) references notice_digests;
create index notices_digested on notices (digest_id) where digest_id is not null;
