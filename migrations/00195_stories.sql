-- +goose Up
-- What brands and members tell: package stories.

-- 1. A named order of stories of one brand or one member.
create table story_series (
  id         bigint generated always as identity primary key,
  member_id  bigint references members,
  brand_id   bigint references brands,
  title      text not null check (length(title) between 1 and 80),
  created_at timestamptz not null,
  constraint story_series_owner_check check ((member_id is null) <> (brand_id is null))
);
create index story_series_member on story_series (member_id) where member_id is not null;
create index story_series_brand on story_series (brand_id) where brand_id is not null;

-- 2. A story stands on the storefront of its author or, written for a brand by its team, on the brand's page.
create table stories (
  id              bigint generated always as identity primary key,
  code            text not null constraint stories_code_key unique check (code ~ '^[0-9a-z]{8}$'),  -- in its address
  author_id       bigint not null references members,
  brand_id        bigint references brands,                         -- null: its author's own
  lang            text not null check (lang in ('fr','en')),        -- that it is written in
  title           text not null default '' check (length(title) <= 120),
  slug            text not null default '' check (length(slug) <= 120),
  body            text not null default '' check (length(body) <= 20000),
  video           text not null default '' check (length(video) <= 300),  -- its address, as we write it
  video_photo_id  bigint references media,
  series_id       bigint references story_series,
  series_position integer not null default 0,
  state           text not null default 'draft' check (state in ('draft','scheduled','published','down','deleted')),
  publish_at      timestamptz,                                      -- when it is to be published by itself
  zone            text not null default '' check (length(zone) <= 60),
  published_at    timestamptz,                                      -- for the first time
  edited_at       timestamptz,                                      -- changed after it was published
  deleted_at      timestamptz,
  hidden_at       timestamptz,                                      -- by the platform, after a report
  hidden_why      text not null default '' check (length(hidden_why) <= 1000),
  problem         text not null default '' check (length(problem) <= 80),  -- why it could not be published when its time came: a message key
  version         integer not null default 1,
  form            text not null default '' check (length(form) <= 64),      -- that wrote it last: made by the page
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  constraint stories_scheduled_check check (state <> 'scheduled' or publish_at is not null and zone <> ''),
  constraint stories_published_check check (state not in ('draft','scheduled') or published_at is null),
  constraint stories_live_check check (state not in ('published','down') or published_at is not null and slug <> '' and title <> '' and body <> ''),
  constraint stories_deleted_check check ((state = 'deleted') = (deleted_at is not null)),
  constraint stories_hidden_check check ((hidden_at is null) = (hidden_why = ''))
);
create index stories_member on stories (author_id, published_at desc, id desc) where brand_id is null and state = 'published' and hidden_at is null;
create index stories_brand on stories (brand_id, published_at desc, id desc) where brand_id is not null and state = 'published' and hidden_at is null;
create index stories_own on stories (author_id, id desc) where brand_id is null and state <> 'deleted';
create index stories_team on stories (brand_id, id desc) where brand_id is not null and state <> 'deleted';
create index stories_in_series on stories (series_id, series_position, id) where series_id is not null;
create index stories_due on stories (publish_at) where state = 'scheduled';
create index stories_forget on stories (deleted_at) where state = 'deleted';
revoke delete, truncate on stories from relais_app;

create table story_photos (
  story_id bigint not null references stories,
  position integer not null check (position between 0 and 9),
  media_id bigint not null references media,
  alt      text not null default '' check (length(alt) <= 300),
  primary key (story_id, position)
);
create index story_photos_media on story_photos (media_id);

-- Who sent a photograph in: only they, and the team of a brand in whose story it stands, look at it before it is published.
create table story_uploads (
  member_id bigint not null references members,
  media_id  bigint not null references media,
  primary key (member_id, media_id)
);

-- What a story shows, and each time that it did. Once it was published, what is taken off it is kept with the day: a link that was followed before still covers it.
create table story_products (
  id         bigint generated always as identity primary key,
  story_id   bigint not null references stories,
  product_id bigint not null references products,
  position   integer not null check (position between 0 and 5),
  tagged_at  timestamptz not null,
  off_at     timestamptz,
  constraint story_products_off_check check (off_at >= tagged_at)
);
create unique index story_products_once on story_products (story_id, product_id) where off_at is null;
create index story_products_story on story_products (story_id, product_id);
create index story_products_product on story_products (product_id);
create trigger story_products_typed before insert on story_products for each row execute function products_typed_alone();

-- What was published stays of whom it was, and was published when it was; what it showed then is not forgotten.
-- +goose StatementBegin
create function stories_move() returns trigger language plpgsql as $$
begin
  if row(old.code, old.author_id, old.brand_id, old.created_at) is distinct from row(new.code, new.author_id, new.brand_id, new.created_at)
     or old.published_at is not null and new.published_at is distinct from old.published_at or old.state = 'deleted' and new.state <> 'deleted' then
    raise exception 'story % stays whose and when it was', old.id using errcode = '23514', constraint = 'stories_fixed_check';
  end if;
  return new;
end $$;
create function story_products_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if exists (select 1 from stories where id = old.story_id and published_at is not null) then
      raise exception 'story % showed product %', old.story_id, old.product_id using errcode = '23514', constraint = 'story_products_kept_check';
    end if;
    return old;
  end if;
  if row(old.story_id, old.product_id, old.tagged_at) is distinct from row(new.story_id, new.product_id, new.tagged_at)
     or old.off_at is not null and new.off_at is distinct from old.off_at then
    raise exception 'story % showed product %', old.story_id, old.product_id using errcode = '23514', constraint = 'story_products_kept_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger stories_move before update on stories for each row execute function stories_move();
create trigger story_products_kept before update or delete on story_products for each row execute function story_products_kept();
revoke truncate on story_products from relais_app;

-- 3. What somebody found wrong with a story; the platform decides.
create table story_reports (
  id         bigint generated always as identity primary key,
  story_id   bigint not null references stories,
  member_id  bigint references members,                      -- null: a visitor without an account, or the platform itself
  reason     text not null check (reason in ('fake','insult','personal','off_topic','advert','illegal','other','edited')),
  text       text not null check (length(text) <= 1000),
  title      text not null,                                  -- what the story said then
  body       text not null,
  at         timestamptz not null,
  decided    text not null default '' check (decided in ('','kept','hidden')),
  decided_by bigint references members,
  decided_at timestamptz,
  why        text not null default '' check (length(why) <= 1000),
  constraint story_reports_ended_check check ((decided = '') = (decided_by is null) and (decided = '') = (decided_at is null) and (decided = '') = (why = ''))
);
-- One open report of each reporter; all visitors without an account are one.
create unique index story_reports_once on story_reports (story_id, coalesce(member_id, 0), (reason = 'edited')) where decided = '';
create index story_reports_open on story_reports (at) where decided = '';
create index story_reports_decided on story_reports (decided_at desc) where decided <> '';
revoke delete, truncate on story_reports from relais_app;

-- 4. What of it is on public pages.
-- +goose StatementBegin
create function note_story() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  told stories;
begin
  if tg_table_name = 'stories' then
    told := case when tg_op = 'DELETE' then old else new end;
  else
    select * into told from stories where id = case when tg_op = 'DELETE' then old.story_id else new.story_id end;
  end if;
  if told.published_at is not null then
    insert into changes (topic) values ('story:' || told.id), (case when told.brand_id is null then 'member:' || told.author_id else 'brand:' || told.brand_id end) on conflict do nothing;
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger stories_changed after insert or update or delete on stories for each row execute function note_story();
create trigger story_photos_changed after insert or update or delete on story_photos for each row execute function note_story();
create trigger story_products_changed after insert or update or delete on story_products for each row execute function note_story();
revoke all on function note_story() from public;
