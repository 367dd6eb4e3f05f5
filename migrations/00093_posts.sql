-- +goose Up
-- What members write, once, for any number of their circles and for networks outside: package posts.
create table posts (
  id           bigint generated always as identity primary key,
  author_id    bigint not null references members,
  operation    text not null check (length(operation) between 8 and 64),   -- of the form: sent twice it is one post
  kind         text not null check (kind in ('recommendation','question','story')),
  text         text not null default '' check (length(text) <= 4000),
  attach       text not null default '' check (attach in ('','product','storefront')),
  product_id   bigint references products,
  state        text not null default 'draft' check (state in ('draft','scheduled','published','deleted')),
  publish_at   timestamptz,                                                -- when it is to be published by itself
  zone         text not null default '' check (length(zone) <= 60),        -- in which that time was given
  published_at timestamptz,
  edited_at    timestamptz,                                                -- changed after it was published
  deleted_at   timestamptz,
  problem      text not null default '' check (length(problem) <= 80),     -- why it could not be published when its time came: a message key
  version      integer not null default 1,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  constraint posts_once unique (author_id, operation),
  constraint posts_leads_check check ((attach = 'product') = (product_id is not null)),
  constraint posts_scheduled_check check (state <> 'scheduled' or publish_at is not null and zone <> ''),
  constraint posts_published_check check (state not in ('draft','scheduled') or published_at is null),
  constraint posts_live_check check (state <> 'published' or published_at is not null),
  constraint posts_deleted_check check ((state = 'deleted') = (deleted_at is not null))
);
create index posts_author on posts (author_id, id desc) where state <> 'deleted';
create index posts_due on posts (publish_at) where state = 'scheduled';
create index posts_pace on posts (author_id, published_at desc) where published_at is not null;
create index posts_forget on posts (deleted_at) where state = 'deleted';

create table post_photos (
  post_id  bigint not null references posts,
  position integer not null,
  media_id bigint not null references media,
  alt      text not null default '' check (length(alt) <= 300),
  primary key (post_id, position)
);

-- What a published post said before it was changed: for moderators.
create table post_versions (
  post_id    bigint not null references posts,
  version    integer not null,
  kind       text not null,
  text       text not null,
  attach     text not null,
  product_id bigint references products,
  photos     jsonb not null,             -- [{"hash": …, "alt": …}]
  until      timestamptz not null,       -- when it was replaced
  primary key (post_id, version)
);

-- A post in a circle. The same post in two circles shares nothing that their members do.
create table post_groups (
  id           bigint generated always as identity constraint post_groups_id_key unique, -- what a report is about
  post_id      bigint not null references posts,
  group_id     bigint not null references groups,
  link_id      bigint references share_links,   -- of this circle; null where nothing is attached
  published_at timestamptz,                     -- null: chosen, not there yet
  skipped_at   timestamptz,                     -- its author could not post there when its time came
  gone_at      timestamptz,                     -- taken out by its author
  removed_at   timestamptz,                     -- by a moderator
  removed_by   bigint references members,
  removed_why  text not null default '' check (length(removed_why) <= 1000),
  primary key (post_id, group_id),
  constraint post_groups_removed_check check ((removed_at is null) = (removed_by is null) and (removed_at is null) = (removed_why = '')),
  constraint post_groups_skipped_check check (skipped_at is null or published_at is null)
);
-- The feed of a circle, the newest first, read from the index alone.
create index post_groups_feed on post_groups (group_id, published_at desc, post_id desc) where published_at is not null and removed_at is null and gone_at is null;

-- A network outside to which a post goes by hand.
create table post_networks (
  post_id bigint not null references posts,
  channel text not null check (channel in ('whatsapp','telegram','facebook','linkedin','x','bluesky','mail','sms','copy')),
  link_id bigint references share_links,
  done_at timestamptz,                          -- ticked off by its author
  primary key (post_id, channel)
);

create table comments (
  id          bigint generated always as identity primary key,
  post_id     bigint not null,
  group_id    bigint not null,
  parent_id   bigint references comments,       -- the comment that it answers; answers are not answered
  author_id   bigint not null references members,
  operation   text not null check (length(operation) between 8 and 64),
  text        text not null check (length(text) <= 2000),
  created_at  timestamptz not null,
  deleted_at  timestamptz,                      -- by its author
  removed_at  timestamptz,                      -- by a moderator
  removed_by  bigint references members,
  removed_why text not null default '' check (length(removed_why) <= 1000),
  foreign key (post_id, group_id) references post_groups,
  constraint comments_once unique (author_id, operation),
  constraint comments_words_check check (text <> '' or deleted_at is not null),
  constraint comments_removed_check check ((removed_at is null) = (removed_by is null) and (removed_at is null) = (removed_why = ''))
);
create index comments_thread on comments (post_id, group_id, id);
create index comments_answers on comments (parent_id, id) where parent_id is not null;
create index comments_pace on comments (author_id, created_at desc);

-- One of a member on a post in a circle.
create table reactions (
  post_id   bigint not null,
  group_id  bigint not null,
  member_id bigint not null references members,
  kind      text not null check (kind in ('like','thanks','tempted','have')),
  at        timestamptz not null,
  primary key (post_id, group_id, member_id),
  foreign key (post_id, group_id) references post_groups
);

-- An answer is of the same post and circle as what it answers, and nobody answers an answer.
-- +goose StatementBegin
create function comments_place() returns trigger language plpgsql as $$
begin
  if new.parent_id is not null and not exists (select 1 from comments p where p.id = new.parent_id and p.post_id = new.post_id and p.group_id = new.group_id and p.parent_id is null) then
    raise exception 'comment % cannot be answered here', new.parent_id using errcode = '23514', constraint = 'comments_parent_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger comments_place before insert or update of parent_id, post_id, group_id on comments for each row execute function comments_place();

-- What was published stays where and when it was published; a share link stays the one that was shown.
-- +goose StatementBegin
create function post_groups_move() returns trigger language plpgsql as $$
begin
  if old.published_at is not null and new.published_at is distinct from old.published_at then
    raise exception 'post % stays where it was published', old.post_id using errcode = '23514', constraint = 'post_groups_stay_check';
  end if;
  if old.removed_at is not null and row(old.removed_at, old.removed_by, old.removed_why) is distinct from row(new.removed_at, new.removed_by, new.removed_why) then
    raise exception 'what was removed of post % was decided', old.post_id using errcode = '23514', constraint = 'post_groups_decided_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger post_groups_move before update on post_groups for each row execute function post_groups_move();

-- The versions are read, and go with what is forgotten, but are not written anew.
revoke update, truncate on post_versions from relais_app;
revoke delete, truncate on posts, comments from relais_app;
