-- +goose Up
-- Mail becomes a message only where it comes from an address that is known for its side; other mail is held for that side to say whether it is theirs.

-- 1. Whom a mail said that it came from.
alter table order_messages add column mail_from text not null default '' check (length(mail_from) <= 254 and (by_mail or mail_from = ''));

-- 2. What else than its own address, and those of its team, a brand writes from; what else than the order's a buyer does.
create table brand_senders (
  brand_id  bigint not null references brands,
  address   text not null check (length(address) between 3 and 254 and address = lower(address)),
  member_id bigint references members,            -- who said so
  at        timestamptz not null,
  primary key (brand_id, address)
);
revoke update, truncate on brand_senders from relais_app;
create table buyer_senders (
  conversation_id bigint not null references conversations,
  address         text not null check (length(address) between 3 and 254 and address = lower(address)),
  at              timestamptz not null,
  primary key (conversation_id, address)
);
revoke update, delete, truncate on buyer_senders from relais_app;

-- 3. Mail that waits for its side's word. Once that is said, its words are the message's, or gone.
create table held_mails (
  id              bigint generated always as identity primary key,
  conversation_id bigint not null references conversations,
  side            text not null check (side in ('buyer','brand')),
  sender          text not null check (length(sender) <= 254),                    -- empty: none that can be read
  why             text not null check (why in ('sender','automatic','retired')),
  body            text not null check (length(body) <= 4000),
  left_out        text[] not null default '{}',
  message_key     text not null default '',      -- its Message-ID
  mail_key        text not null check (mail_key <> ''),
  at              timestamptz not null,
  decided         text not null default '' check (decided in ('','sent','discarded')),
  decided_by      bigint references members,
  decided_at      timestamptz,
  constraint held_mails_once unique (conversation_id, side, mail_key),
  constraint held_mails_end_check check ((decided = '') = (decided_at is null) and (decided = '' or body = '' and left_out = '{}'))
);
revoke delete, truncate on held_mails from relais_app;
create index held_mails_waiting on held_mails (conversation_id, side) where decided = '';
create table held_photos (
  held_id  bigint not null references held_mails,
  position integer not null check (position between 0 and 3),
  media_id bigint not null references media,
  primary key (held_id, position)
);
create index held_photos_media on held_photos (media_id);
revoke update, truncate on held_photos from relais_app;

-- +goose StatementBegin
create function held_mails_move() returns trigger language plpgsql as $$
begin
  if old.decided <> '' or row(old.conversation_id, old.side, old.sender, old.why, old.mail_key, old.at) is distinct from row(new.conversation_id, new.side, new.sender, new.why, new.mail_key, new.at) then
    raise exception 'mail % stays as it is', old.id using errcode = '23514', constraint = 'held_mails_fixed_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger held_mails_move before update on held_mails for each row execute function held_mails_move();

-- 4. Whoever leaves a team keeps its letters, and with them the keys of its conversations: these are replaced. What comes to an old one is held.
create table retired_keys (
  key             text primary key,
  conversation_id bigint not null references conversations,
  at              timestamptz not null default now()
);
revoke insert, update, delete, truncate on retired_keys from relais_app;

-- +goose StatementBegin
create or replace function conversations_move() returns trigger language plpgsql as $$
begin
  if row(old.order_id, old.brand_id, old.buyer_key) is distinct from row(new.order_id, new.brand_id, new.buyer_key)
     or old.brand_key <> new.brand_key and not exists (select 1 from retired_keys r where r.key = old.brand_key and r.conversation_id = old.id)
     or old.pleased is not null and row(old.pleased, old.pleased_words, old.pleased_at) is distinct from row(new.pleased, new.pleased_words, new.pleased_at)
        and (new.pleased is null or old.pleased_at >= old.pleased_asked_at) then
    raise exception 'conversation % keeps its sides and what its buyer thought of it', old.id using errcode = '23514', constraint = 'conversations_fixed_check';
  end if;
  if new.state = 'noted' and old.state <> 'noted' then
    raise exception 'somebody has written in conversation %', old.id using errcode = '23514', constraint = 'conversations_noted_check';
  end if;
  return new;
end $$;

create or replace function brand_members_left() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform 1 from conversations where brand_id = old.brand_id order by id for update;
  insert into retired_keys (key, conversation_id) select brand_key, id from conversations where brand_id = old.brand_id;
  update conversations set brand_key = replace(gen_random_uuid()::text, '-', ''), assignee_id = nullif(assignee_id, old.member_id) where brand_id = old.brand_id;
  return null;
end $$;
-- +goose StatementEnd
