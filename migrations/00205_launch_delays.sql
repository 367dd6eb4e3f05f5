-- +goose Up
-- A launch that is late: once a month its brand and its backers are told, package pledges/late.
create table launch_delays (
  campaign_id bigint not null references campaigns,
  month       date not null check (extract(day from month) = 1),  -- in which they were told: its first day, UTC
  told_at     timestamptz not null,                               -- the telling began
  primary key (campaign_id, month)
);
revoke update, delete, truncate on launch_delays from relais_app;
