-- +goose Up
-- Ideas that members propose to brands, and others support: package ideas.

-- 1. Whether a brand takes ideas, and what it sets for those to come.
create table brand_ideas (
  brand_id    bigint primary key references brands,
  taken       boolean not null,
  threshold   integer not null default 100 check (threshold between 5 and 10000),
  days        integer not null default 60 check (days between 14 and 180),
  answer_days integer not null default 21 check (answer_days between 7 and 60),
  changed_at  timestamptz not null
);
revoke delete, truncate on brand_ideas from relais_app;

-- 2. An idea. What its supporters read, and what its brand promised when it was proposed, stays.
create table ideas (
  id              bigint generated always as identity primary key,
  brand_id        bigint not null references brands,
  author_id       bigint not null references members,
  operation       text not null check (length(operation) between 8 and 64),   -- of the form: sent twice it is one idea
  lang            text not null check (lang in ('fr','en')),                  -- that it is written in
  title           text not null check (length(title) <= 100),
  text            text not null check (length(text) <= 3000),
  named           boolean not null,                                           -- its author's name is shown
  threshold       integer not null check (threshold between 5 and 10000),
  answer_days     integer not null check (answer_days between 7 and 60),
  supporters      integer not null default 0 check (supporters >= 0),
  state           text not null default 'open' check (state in ('open','reached','answered','made','expired','withdrawn','merged')),
  proposed_at     timestamptz not null,
  closes_at       timestamptz not null,
  reached_at      timestamptz,
  answer_by       timestamptz,                                                -- until when its brand has to answer
  reminded_at     timestamptz,                                                -- the brand was told that little time is left
  overdue_at      timestamptz,                                                -- … that there is none left
  answer          text not null default '' check (answer in ('','yes','later','no')),
  answer_text     text not null default '' check (length(answer_text) <= 2000),
  answered_by     bigint references members,
  answered_at     timestamptz,
  made_at         timestamptz,
  ended_at        timestamptz,                                                -- expired, withdrawn, merged
  merged_into     bigint references ideas,
  erased_at       timestamptz,                                                -- its words, by its author
  hidden_why      text not null default '' check (length(hidden_why) <= 1000), -- by the platform
  constraint ideas_once unique (author_id, operation),
  constraint ideas_closes_check check (closes_at > proposed_at and closes_at <= proposed_at + interval '361 days'),
  constraint ideas_reached_check check ((state in ('reached','answered','made')) = (reached_at is not null) and (reached_at is null) = (answer_by is null)),
  constraint ideas_enough_check check (reached_at is null or supporters >= threshold),
  constraint ideas_answered_check check ((state in ('answered','made')) = (answer <> '') and (answer = '') = (answer_text = '') and (answer = '') = (answered_at is null) and (answer = '') = (answered_by is null)),
  constraint ideas_made_check check ((state = 'made') = (made_at is not null)),
  constraint ideas_ended_check check ((state in ('expired','withdrawn','merged')) = (ended_at is not null)),
  constraint ideas_merged_check check ((state = 'merged') = (merged_into is not null) and merged_into <> id),
  constraint ideas_erased_check check ((title = '') = (erased_at is not null) and (text = '') = (erased_at is not null) and (erased_at is null or state in ('expired','withdrawn')))
);
create index ideas_open on ideas (closes_at) where state = 'open';
create index ideas_due on ideas (answer_by) where state = 'reached';
create index ideas_brand on ideas (brand_id, id desc);
create index ideas_author on ideas (author_id, proposed_at desc);
create index ideas_merged on ideas (merged_into) where merged_into is not null;
revoke delete, truncate on ideas from relais_app;

create table idea_moves (origin text not null, target text not null, primary key (origin, target));
insert into idea_moves values ('open','reached'),('open','expired'),('open','withdrawn'),('open','merged'),('reached','answered'),('answered','made');
revoke insert, update, delete, truncate on idea_moves from relais_app;
-- +goose StatementBegin
create function ideas_move() returns trigger language plpgsql as $$
begin
  if row(old.brand_id, old.author_id, old.operation, old.lang, old.threshold, old.answer_days, old.proposed_at)
     is distinct from row(new.brand_id, new.author_id, new.operation, new.lang, new.threshold, new.answer_days, new.proposed_at)
     or new.closes_at < old.closes_at or old.state <> 'open' and new.closes_at <> old.closes_at
     or new.erased_at is null and row(old.title, old.text) is distinct from row(new.title, new.text)
     or old.erased_at is not null and new.erased_at is distinct from old.erased_at
     or old.reached_at is not null and row(old.reached_at, old.answer_by) is distinct from row(new.reached_at, new.answer_by)
     or old.answer <> '' and row(old.answer, old.answer_text, old.answered_by, old.answered_at) is distinct from row(new.answer, new.answer_text, new.answered_by, new.answered_at)
     or old.merged_into is not null and new.merged_into is distinct from old.merged_into then
    raise exception 'idea % stays as it was supported and answered', old.id using errcode = '23514', constraint = 'ideas_fixed_check';
  end if;
  if old.state <> new.state and not exists (select 1 from idea_moves where origin = old.state and target = new.state) then
    raise exception 'idea % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'ideas_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger ideas_move before update on ideas for each row execute function ideas_move();

create table idea_photos (
  idea_id  bigint not null references ideas,
  position integer not null check (position between 0 and 3),
  media_id bigint not null references media,
  primary key (idea_id, position)
);

-- 3. Who supports it: each once. Taken back only while it is open, and counted in ideas.supporters in the same transaction.
create table idea_supports (
  idea_id   bigint not null references ideas,
  member_id bigint not null references members,
  at        timestamptz not null,
  primary key (idea_id, member_id)
);
create index idea_supports_member on idea_supports (member_id, at desc);
revoke update, truncate on idea_supports from relais_app;
-- +goose StatementBegin
create function idea_supports_move() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' and not exists (select 1 from ideas where id = new.idea_id and author_id <> new.member_id and state in ('open','reached'))
     or tg_op = 'DELETE' and not exists (select 1 from ideas where id = old.idea_id and state = 'open') then
    raise exception 'who supports idea % stays as it is', coalesce(new.idea_id, old.idea_id) using errcode = '23514', constraint = 'idea_supports_check';
  end if;
  return coalesce(new, old);
end $$;
-- +goose StatementEnd
create trigger idea_supports_move before insert or delete on idea_supports for each row execute function idea_supports_move();

-- 4. What is said about it.
create table idea_comments (
  id         bigint generated always as identity primary key,
  idea_id    bigint not null references ideas,
  author_id  bigint not null references members,
  operation  text not null check (length(operation) between 8 and 64),
  lang       text not null check (lang in ('fr','en')),
  text       text not null check (length(text) <= 1000),
  at         timestamptz not null,
  erased_at  timestamptz,                                                     -- by its author
  hidden_why text not null default '' check (length(hidden_why) <= 1000),     -- by the platform
  constraint idea_comments_once unique (author_id, operation),
  constraint idea_comments_erased_check check ((text = '') = (erased_at is not null))
);
create index idea_comments_idea on idea_comments (idea_id, id desc);
create index idea_comments_pace on idea_comments (author_id, at desc);
revoke delete, truncate on idea_comments from relais_app;

-- What somebody found wrong with one of them; the platform decides.
create table idea_reports (
  id         bigint generated always as identity primary key,
  part       text not null check (part in ('idea','comment')),
  idea_id    bigint not null references ideas,
  comment_id bigint references idea_comments,
  member_id  bigint references members,                                       -- null: a visitor without an account
  reason     text not null check (reason in ('insult','personal','copied','off_topic','advert','illegal','other')),
  text       text not null check (length(text) <= 1000),
  at         timestamptz not null,
  decided    text not null default '' check (decided in ('','kept','hidden')),
  decided_by bigint references members,
  decided_at timestamptz,
  why        text not null default '' check (length(why) <= 1000),
  constraint idea_reports_of_check check ((part = 'comment') = (comment_id is not null)),
  constraint idea_reports_ended_check check ((decided = '') = (decided_by is null) and (decided = '') = (decided_at is null) and (decided = '') = (why = ''))
);
-- One open report of each reporter about each; all visitors without an account are one.
create unique index idea_reports_once on idea_reports (idea_id, coalesce(comment_id, 0), coalesce(member_id, 0)) where decided = '';
create index idea_reports_open on idea_reports (at) where decided = '';
create index idea_reports_decided on idea_reports (decided_at desc) where decided <> '';
revoke delete, truncate on idea_reports from relais_app;

-- 5. What became of it: the polls, launches and products that stem from it. Of a product the title and address are read where it is; those of the others
-- are kept as they were told. A product stems from one idea.
create table idea_steps (
  idea_id bigint not null references ideas,
  kind    text not null check (kind in ('poll','launch','product')),
  ref_id  bigint not null,
  title   text not null default '' check (length(title) <= 200),
  path    text not null default '' check (path = '' or path ~ '^/[^/]' and length(path) <= 200),
  at      timestamptz not null,
  primary key (idea_id, kind, ref_id),
  constraint idea_steps_told_check check ((kind = 'product') = (title = '') and (kind = 'product') = (path = ''))
);
create unique index idea_steps_product on idea_steps (ref_id) where kind = 'product';
revoke update, delete, truncate on idea_steps from relais_app;

-- 6. What of it is on public pages that are kept: the way to a brand's ideas, and whose idea a product was.
-- +goose StatementBegin
create function note_idea() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  brand bigint;
begin
  case tg_table_name
    when 'idea_steps' then brand := (select i.brand_id from ideas i where i.id = new.idea_id);
    else brand := new.brand_id;
  end case;
  insert into changes (topic) values ('brand:' || brand) on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd
create trigger brand_ideas_changed after insert or update on brand_ideas for each row execute function note_idea();
create trigger ideas_changed after insert or update of named, state, hidden_why on ideas for each row execute function note_idea();
create trigger idea_steps_changed after insert on idea_steps for each row execute function note_idea();
revoke all on function note_idea() from public;
