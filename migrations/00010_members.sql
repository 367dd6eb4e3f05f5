-- +goose Up
-- Photographs: re-encoded on the way in, files on disk named by content hash, three widths each.
create table media (
  id         bigint generated always as identity primary key,
  hash       text not null constraint media_hash_key unique check (hash ~ '^[0-9a-f]{32,64}$'),
  width      integer not null check (width > 0),
  height     integer not null check (height > 0),
  credit     text not null default '',
  created_at timestamptz not null default now()
);

-- A member: one person, one account, both spheres.
create table members (
  id                 bigint generated always as identity primary key,
  email              text not null constraint members_email_key unique check (email = lower(email) and length(email) <= 254),
  email_normal       text not null,           -- without plus tags and dots: what self-referral compares
  password_hash      text not null,
  name               text not null check (length(name) between 1 and 80),
  handle             text not null constraint members_handle_key unique check (handle ~ '^[a-z0-9](-?[a-z0-9]){2,29}$'),
  bio                text not null default '' check (length(bio) <= 600),
  city               text not null default '' check (length(city) <= 80),
  picture_id         bigint references media,
  lang               text not null default 'fr' check (lang in ('fr','en')),
  admin              boolean not null default false,
  email_confirmed_at timestamptz,
  blocked_at         timestamptz,
  session_version    integer not null default 1,
  created_at         timestamptz not null default now()
);
create index members_email_normal on members (email_normal);

-- The session row is the authority; the JWT in the cookie only proves which row.
create table sessions (
  id           text primary key,              -- 128 random bits
  member_id    bigint not null references members,
  created_at   timestamptz not null,
  last_seen_at timestamptz not null,
  auth_at      timestamptz not null,          -- last time the password was given
  revoked_at   timestamptz,
  user_agent   text not null default ''
);
create index sessions_member on sessions (member_id) where revoked_at is null;

-- One-time links sent by mail; only the SHA-256 of the token is kept.
create table email_tokens (
  hash       text primary key,
  purpose    text not null check (purpose in ('confirm','reset','email')),
  member_id  bigint not null references members,
  email      text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at    timestamptz
);

-- Counters for what must stay limited over several instances and restarts (log-in, reset, sign-up).
create table throttles (
  key        text primary key,
  count      integer not null,
  window_end timestamptz not null
);

-- Who did what to money and roles; append-only.
create table audit_log (
  id       bigint generated always as identity primary key,
  at       timestamptz not null default now(),
  actor_id bigint references members,
  action   text not null,
  subject  text not null,
  detail   jsonb not null default '{}'
);
revoke update, delete, truncate on audit_log from relais_app;

-- Letters: written in the transaction of what they tell; sent by a job, or read at /dev/mail.
create table letters (
  id         bigint generated always as identity primary key,
  reference  text not null constraint letters_reference_key unique,
  recipient  text not null,
  lang       text not null check (lang in ('fr','en')),
  template   text not null,
  subject    text not null,
  body_text  text not null,
  body_html  text not null,
  created_at timestamptz not null default now(),
  sent_at    timestamptz,
  error      text not null default ''
);
create index letters_newest on letters (id desc);
