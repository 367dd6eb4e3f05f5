-- +goose Up
-- Storefronts and brands that can be followed from elsewhere: package fediverse. Everything is off until its owner turns it on.

-- Who speaks to other servers: a storefront, a brand, or the site itself, which only signs what it asks for.
create table fediverse_actors (
  id            bigint generated always as identity primary key,
  kind          text not null check (kind in ('storefront','brand','site')),
  member_id     bigint references members,
  brand_id      bigint references brands,
  public_key    text not null,
  private_key   bytea,                        -- sealed; gone once nothing is left to be signed with it
  profile       text not null default '',     -- digest of what others were told of it last
  opened_at     timestamptz not null,         -- business time, as what is published
  closed_at     timestamptz,
  reconciled_at timestamptz,                  -- by the clock of the database
  constraint fediverse_actors_owner_check check (
    (kind = 'storefront' and member_id is not null and brand_id is null) or
    (kind = 'brand' and brand_id is not null and member_id is null) or
    (kind = 'site' and member_id is null and brand_id is null))
);
-- One that was closed is gone for good, as other servers never take an address back; a new one has a new address.
create unique index fediverse_actors_open on fediverse_actors (kind, coalesce(member_id, brand_id, 0)) where closed_at is null;

-- What was published: a recommendation, a new product, later other things. Deleted ones stay as tombstones.
create table fediverse_objects (
  id           bigint generated always as identity primary key,
  actor_id     bigint not null references fediverse_actors,
  ref          text not null check (ref ~ '^[a-z]+:[0-9]+$'),
  lang         text not null check (lang in ('fr','en')),
  title        text not null,
  body         text not null default '',
  path         text not null,                 -- where it leads on this site; a share link where somebody earns
  feed_path    text not null,
  media_hash   text not null default '',
  media_alt    text not null default '',
  earner       text not null default '',      -- who earns when somebody buys; empty: nobody
  tags         text[] not null default '{}',
  published_at timestamptz not null,
  updated_at   timestamptz not null,
  deleted_at   timestamptz
);
create unique index fediverse_objects_ref on fediverse_objects (actor_id, ref) where deleted_at is null;
create index fediverse_objects_newest on fediverse_objects (actor_id, published_at desc, id desc) where deleted_at is null;

-- Other servers, and how it goes with them.
create table fediverse_servers (
  host          text primary key check (length(host) between 1 and 255),
  seen_at       timestamptz not null,         -- first
  ok_at         timestamptz,                  -- took something in, last
  failures      integer not null default 0,   -- one after the other
  failing_since timestamptz,
  not_before    timestamptz,                  -- nothing is sent earlier
  dead_at       timestamptz,                  -- given up until it speaks to us again
  error         text not null default '',
  generation    bigint not null default 0,    -- grows with each delivery run, so that one job at a time waits
  leased_by     bigint,                       -- the job that sends
  leased_until  timestamptz
);
-- Domains with which nothing is exchanged; those below them too.
create table fediverse_suspensions (
  domain text primary key check (length(domain) between 1 and 255),
  reason text not null check (length(reason) between 1 and 300),
  by     bigint not null references members,
  at     timestamptz not null
);

-- People and things on other servers.
create table fediverse_remotes (
  id           bigint generated always as identity primary key,
  uri          text not null constraint fediverse_remotes_uri_key unique,
  host         text not null references fediverse_servers,
  kind         text not null,
  username     text not null,
  name         text not null,
  url          text not null,
  inbox        text not null,
  shared_inbox text not null default '',
  key_id       text not null,
  public_key   text not null,
  fetched_at   timestamptz not null,
  gone_at      timestamptz
);
create index fediverse_remotes_key on fediverse_remotes (key_id);
create index fediverse_remotes_host on fediverse_remotes (host);

create table fediverse_followers (
  actor_id  bigint not null references fediverse_actors,
  remote_id bigint not null references fediverse_remotes,
  activity  text not null,
  at        timestamptz not null,
  primary key (actor_id, remote_id)
);
create index fediverse_followers_remote on fediverse_followers (remote_id);

-- Whom our storefronts follow elsewhere.
create table fediverse_follows (
  id          bigint generated always as identity primary key,
  actor_id    bigint not null references fediverse_actors,
  remote_id   bigint not null references fediverse_remotes,
  state       text not null check (state in ('asked','accepted','refused')),
  asked_at    timestamptz not null,
  answered_at timestamptz,
  unique (actor_id, remote_id)
);
create index fediverse_follows_remote on fediverse_follows (remote_id);
create table fediverse_posts (
  id           bigint generated always as identity primary key,
  remote_id    bigint not null references fediverse_remotes,
  uri          text not null constraint fediverse_posts_uri_key unique,
  url          text not null,
  html         text not null,                 -- sanitised
  warning      text not null default '',
  lang         text not null default '',
  pictures     integer not null default 0,
  published_at timestamptz not null,
  received_at  timestamptz not null
);
create index fediverse_posts_newest on fediverse_posts (remote_id, published_at desc, id desc);

-- Likes and boosts: only their number is shown.
create table fediverse_reactions (
  object_id bigint not null references fediverse_objects,
  remote_id bigint not null references fediverse_remotes,
  kind      text not null check (kind in ('like','announce')),
  activity  text not null,
  at        timestamptz not null,
  primary key (object_id, remote_id, kind)
);
create index fediverse_reactions_remote on fediverse_reactions (remote_id);

-- Signatures and activities that were taken in, so that none has an effect twice.
create table fediverse_seen (
  digest text primary key,
  at     timestamptz not null
);
create index fediverse_seen_at on fediverse_seen (at);

-- What is to be told to an inbox. The words are made when they are sent, of what is true then.
create table fediverse_deliveries (
  id         bigint generated always as identity primary key,
  actor_id   bigint not null references fediverse_actors,
  host       text not null references fediverse_servers,
  inbox      text not null,
  kind       text not null check (kind in ('create','update','delete','profile','gone','accept','follow','unfollow')),
  object_id  bigint references fediverse_objects,
  remote_id  bigint references fediverse_remotes,
  activity   text not null default '',        -- of theirs, which is answered; of ours, which is undone
  state      text not null default 'waiting' check (state in ('waiting','sent','dropped','refused','given_up')),
  attempts   integer not null default 0,
  error      text not null default '',
  created_at timestamptz not null,
  ended_at   timestamptz,
  constraint fediverse_deliveries_end_check check ((state = 'waiting') = (ended_at is null))
);
create index fediverse_deliveries_waiting on fediverse_deliveries (host, id) where state = 'waiting';
create index fediverse_deliveries_actor on fediverse_deliveries (actor_id, id desc);
create index fediverse_deliveries_ended on fediverse_deliveries (ended_at) where ended_at is not null;

revoke delete, truncate on fediverse_actors, fediverse_objects, fediverse_servers from relais_app;

-- The pages of a storefront and of a brand say whether they can be followed.
-- +goose StatementBegin
create function fediverse_note_change() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into changes (topic) select case new.kind when 'brand' then 'brand:' || new.brand_id else 'member:' || new.member_id end
    where new.kind <> 'site' on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd
revoke all on function fediverse_note_change() from public;
create trigger fediverse_actors_changed after insert or update of closed_at on fediverse_actors for each row execute function fediverse_note_change();
