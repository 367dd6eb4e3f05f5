-- +goose Up
-- Pieces that members make their own: what a brand prepares, and what they made of it.

-- 1. A version of a product's base. Its content is JSON of package designs/model. A draft can be written; once published it is never changed, as designs stand on it.
create table base_versions (
  id           bigint generated always as identity primary key,
  product_id   bigint not null references products,
  number       integer not null check (number > 0),
  state        text not null default 'draft' check (state in ('draft','published','retired')),
  revision     integer not null default 1 check (revision > 0),      -- of a draft: which writing of it
  content      jsonb not null check (content->>'version' = '1' and pg_column_size(content) <= 131072),
  created_by   bigint not null references members,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  published_at timestamptz,
  currency     char(3),                                              -- of what its options cost: its product's when it was published
  constraint base_versions_number_key unique (product_id, number),
  constraint base_versions_published_check check ((state = 'draft') = (published_at is null) and (state = 'draft') = (currency is null))
);
create unique index base_versions_one_draft on base_versions (product_id) where state = 'draft';
create unique index base_versions_one_published on base_versions (product_id) where state = 'published';
revoke delete, truncate on base_versions from relais_app;

-- +goose StatementBegin
create function base_versions_move() returns trigger language plpgsql as $$
begin
  if row(old.product_id, old.number, old.created_by, old.created_at) is distinct from row(new.product_id, new.number, new.created_by, new.created_at)
     or old.state <> 'draft' and row(old.content, old.revision, old.published_at, old.currency) is distinct from row(new.content, new.revision, new.published_at, new.currency) then
    raise exception 'version % of a base stays as it was published', old.id using errcode = '23514', constraint = 'base_versions_fixed_check';
  end if;
  if old.state <> new.state and (old.state, new.state) not in (('draft','published'), ('published','retired')) then
    raise exception 'version % of a base cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'base_versions_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger base_versions_move before update on base_versions for each row execute function base_versions_move();

-- The product's page says whether it can be made one's own: whoever keeps it in memory hears of it.
-- +goose StatementBegin
create function base_versions_noted() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into changes (topic) select 'brand:' || brand_id from products where id = new.product_id on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd
create trigger base_versions_changed after update of state on base_versions for each row execute function base_versions_noted();
revoke all on function base_versions_noted() from public;

-- 2. A member's photograph for their designs. The file is private; the row says whose it is.
create table design_photos (
  id         bigint generated always as identity primary key,
  member_id  bigint not null references members,
  hash       text not null check (hash ~ '^[0-9a-f]{40}$'),
  width      integer not null check (width > 0),                     -- for printing
  height     integer not null check (height > 0),
  created_at timestamptz not null,
  removed_at timestamptz,                                            -- no longer offered
  constraint design_photos_once unique (member_id, hash)
);
revoke delete, truncate on design_photos from relais_app;

-- 3. A design. The revision rises with each writing, so that two windows do not overwrite each other unseen.
create table designs (
  id         bigint generated always as identity primary key,
  author_id  bigint not null references members,
  version_id bigint not null references base_versions,
  title      text not null check (length(title) between 1 and 80),
  state      text not null default 'draft' check (state in ('draft','dropped')),
  revision   integer not null default 1 check (revision > 0),
  content    jsonb not null check (content->>'version' = '1' and pg_column_size(content) <= 131072),
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index designs_author on designs (author_id, id desc) where state <> 'dropped';
create index designs_version on designs (version_id);
revoke delete, truncate on designs from relais_app;

-- +goose StatementBegin
create function designs_move() returns trigger language plpgsql as $$
begin
  if row(old.author_id, old.created_at) is distinct from row(new.author_id, new.created_at) or new.revision < old.revision or old.state = 'dropped' then
    raise exception 'design % stays its author''s', old.id using errcode = '23514', constraint = 'designs_fixed_check';
  end if;
  if row(old.content, old.title, old.version_id) is distinct from row(new.content, new.title, new.version_id) and new.revision <> old.revision + 1 then
    raise exception 'design % was written over', old.id using errcode = '23514', constraint = 'designs_revision_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger designs_move before update on designs for each row execute function designs_move();
-- +goose StatementBegin
create function designs_start() returns trigger language plpgsql as $$
begin
  if (select state from base_versions where id = new.version_id) = 'draft' then
    raise exception 'a design stands on a version that is published' using errcode = '23514', constraint = 'designs_version_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger designs_start before insert or update of version_id on designs for each row execute function designs_start();
