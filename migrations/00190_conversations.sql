-- +goose Up
-- What a buyer and a brand write to each other about an order is one conversation, with a state, a clock and whose turn it is.

-- 1. The conversation. Its keys stand in the addresses that letters are answered to, one for each side.
create table conversations (
  id            bigint generated always as identity primary key,
  order_id      bigint not null references orders,
  brand_id      bigint not null references brands,
  state         text not null default 'open' check (state in ('open','waiting','solved')),  -- open: the brand is to answer; waiting: the buyer is
  asked_at      timestamptz,                                   -- the buyer's oldest message without an answer
  due_at        timestamptz,                                   -- by when the brand means to answer it
  last_at       timestamptz not null,                          -- of the last message that is not a note
  solved_by     text not null default '' check (solved_by in ('','buyer','brand')),
  pleased_asked_at timestamptz,                                -- when the buyer was asked what they think of it: once
  pleased       boolean,                                       -- what they said
  pleased_words text not null default '' check (length(pleased_words) <= 1000),
  pleased_at    timestamptz,
  assignee_id   bigint references members,                     -- of the brand's team
  buyer_key     text not null default replace(gen_random_uuid()::text, '-', '') constraint conversations_buyer_key unique,
  brand_key     text not null default replace(gen_random_uuid()::text, '-', '') constraint conversations_brand_key unique,
  buyer_mail_id text not null default '',                      -- Message-ID of the newest mail of this conversation that the side has: theirs, or a letter of ours
  brand_mail_id text not null default '',
  constraint conversations_once unique (order_id, brand_id),
  constraint conversations_solved_check check ((state = 'solved') = (solved_by <> '')),
  constraint conversations_due_check check ((asked_at is null) = (due_at is null) and (state = 'open') >= (due_at is not null)),
  constraint conversations_pleased_check check ((pleased is null) = (pleased_at is null) and (pleased is not null or pleased_words = ''))
);
create index conversations_inbox on conversations (brand_id, last_at desc, id desc);
create index conversations_due on conversations (brand_id, due_at) where due_at is not null;
create index conversations_pleased on conversations (brand_id) where pleased is not null;
create index conversations_assignee on conversations (assignee_id) where assignee_id is not null;
revoke delete, truncate on conversations from relais_app;

-- +goose StatementBegin
create function conversations_move() returns trigger language plpgsql as $$
begin
  if row(old.order_id, old.brand_id, old.buyer_key, old.brand_key) is distinct from row(new.order_id, new.brand_id, new.buyer_key, new.brand_key)
     or old.pleased is not null and row(old.pleased, old.pleased_words, old.pleased_at) is distinct from row(new.pleased, new.pleased_words, new.pleased_at) then
    raise exception 'conversation % keeps its sides and what its buyer thought of it', old.id using errcode = '23514', constraint = 'conversations_fixed_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger conversations_move before update on conversations for each row execute function conversations_move();

-- The brand's public page says how many buyers were pleased: whoever keeps it in memory hears of it.
-- +goose StatementBegin
create function conversations_noted() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into changes (topic) values ('brand:' || new.brand_id) on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd
create trigger conversations_changed after update of pleased on conversations for each row execute function conversations_noted();
revoke all on function conversations_noted() from public;

-- 2. Messages stand in a conversation. Those that are there make theirs: the brand is to answer where the buyer wrote last, and within the last 14 days,
-- 24 hours after it. An older last word was a word of thanks, or has long been answered otherwise; answering it now is not late.
insert into conversations (order_id, brand_id, state, asked_at, due_at, last_at)
select m.order_id, m.brand_id, case when u.at is null then 'waiting' else 'open' end, u.at, u.at + interval '24 hours', max(m.at)
from order_messages m
left join lateral (
  select min(q.at) as at from order_messages q where q.order_id = m.order_id and q.brand_id = m.brand_id and q.author = 'buyer' and q.at > now() - interval '14 days'
    and q.id > coalesce((select max(a.id) from order_messages a where a.order_id = m.order_id and a.brand_id = m.brand_id and a.author = 'brand'), 0)
) u on true
group by m.order_id, m.brand_id, u.at;

alter table order_messages
  add column conversation_id bigint references conversations,
  add column note     boolean not null default false,          -- a word of the brand's team to itself: the buyer never sees it
  add column by_mail  boolean not null default false,
  add column mail_key text not null default '',                -- digest of the Message-ID of a mail, which is one message however often it comes
  add column left_out text[] not null default '{}',            -- names of what was attached to a mail and is no photograph
  add column search   tsvector,                                -- its words, the order's number, the buyer's name, and whose inbox it lies in
  drop constraint order_messages_body_check,
  add constraint order_messages_body_check check (length(body) <= 4000),   -- empty: photographs alone
  add constraint order_messages_note_check check (not note or author = 'brand');
-- The words of a message as its brand's inbox finds them. The name of the inbox is a word that no text contains, so that one index serves both.
-- +goose StatementBegin
create function message_words(brand_id bigint, text) returns tsvector language sql immutable as
$$ select array_to_tsvector(array['brand:' || $1]) || to_tsvector('public.fr', $2) || to_tsvector('public.en', $2) $$;
-- +goose StatementEnd
update order_messages m set conversation_id = c.id, search = message_words(m.brand_id, o.number || ' ' || o.name || ' ' || m.body)
from conversations c join orders o on o.id = c.order_id where c.order_id = m.order_id and c.brand_id = m.brand_id;
drop index order_messages_order;
alter table order_messages alter column conversation_id set not null, alter column search set not null, drop column order_id, drop column brand_id;
create index order_messages_conversation on order_messages (conversation_id, id);
create unique index order_messages_mail on order_messages (conversation_id, author, mail_key) where mail_key <> '';
create index order_messages_search on order_messages using gin (search);

create table message_photos (
  message_id bigint not null references order_messages,
  position   integer not null check (position between 0 and 3),
  media_id   bigint not null references media,
  primary key (message_id, position)
);
create index message_photos_media on message_photos (media_id);
revoke update, delete, truncate on message_photos from relais_app;

-- 3. How long each answer took, in seconds of working days: what "usually answers within" is made of.
create table answer_times (
  message_id bigint primary key references order_messages,
  brand_id   bigint not null references brands,
  at         timestamptz not null,
  took       bigint not null check (took >= 0)
);
create index answer_times_brand on answer_times (brand_id, at desc);
revoke update, delete, truncate on answer_times from relais_app;

-- 4. What a brand's team works with: its target, tags, canned answers.
alter table brands add column answer_hours integer not null default 24 check (answer_hours between 1 and 120);   -- hours of working days
create table inbox_tags (
  id       bigint generated always as identity primary key,
  brand_id bigint not null references brands,
  name     text not null check (length(name) between 1 and 30)
);
create unique index inbox_tags_name on inbox_tags (brand_id, lower(name));
create table conversation_tags (
  conversation_id bigint not null references conversations,
  tag_id          bigint not null references inbox_tags on delete cascade,
  primary key (conversation_id, tag_id)
);
create index conversation_tags_tag on conversation_tags (tag_id);
create table inbox_replies (
  id       bigint generated always as identity primary key,
  brand_id bigint not null references brands,
  title    text not null check (length(title) between 1 and 60),
  body     text not null check (length(body) between 1 and 4000)
);
create unique index inbox_replies_title on inbox_replies (brand_id, lower(title));
