-- +goose Up
-- Circles: package groups. A circle is of one sphere for good; what a member does in one sphere is not seen from the other.
create table groups (
  id          bigint generated always as identity primary key,
  handle      text not null constraint groups_handle_key unique check (handle ~ '^[a-z0-9](-?[a-z0-9]){2,49}$'),
  name        text not null check (length(name) between 1 and 80),
  description text not null default '' check (length(description) <= 2000),
  rules       text not null default '' check (length(rules) <= 4000),
  sphere      text not null check (sphere in ('professional','personal')),
  visibility  text not null check (visibility in ('open','private')),
  admission   text not null default 'free' check (admission in ('free','asked')), -- asked: somebody who moderates lets people in
  picture     text not null default '' check (picture = '' or picture ~ '^[0-9a-f]{32,64}$'), -- hash of a row of media
  created_by  bigint not null references members,
  created_at  timestamptz not null,
  closed_at   timestamptz
);
create index groups_found on groups (sphere, id desc) where visibility = 'open' and closed_at is null;
create index groups_named on groups using gin ((lower(name)) gin_trgm_ops) where visibility = 'open' and closed_at is null;

create table group_members (
  group_id   bigint not null references groups,
  member_id  bigint not null references members,
  role       text not null check (role in ('owner','moderator','member')),
  joined_at  timestamptz not null,
  invited_by bigint references members,
  shown      boolean not null default false,        -- the member chose to show this membership to everybody; counts in open circles only
  primary key (group_id, member_id)
);
create index group_members_member on group_members (member_id, group_id);
create index group_members_order on group_members (group_id, joined_at, member_id);
create unique index group_members_owner on group_members (group_id) where role = 'owner';

create table group_bans (
  group_id  bigint not null references groups,
  member_id bigint not null references members,
  by_id     bigint not null references members,
  at        timestamptz not null,
  why       text not null check (length(why) between 1 and 2000),
  primary key (group_id, member_id)
);

-- An invitation is a secret of which the SHA-256 is kept. By mail it is for one person; a link or its QR code for as many as uses_left.
create table group_invitations (
  id         bigint generated always as identity primary key,
  group_id   bigint not null references groups,
  hash       text not null constraint group_invitations_hash_key unique,
  way        text not null check (way in ('link','mail')),
  by_id      bigint not null references members,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  uses_left  integer not null check (uses_left >= 0),
  used       integer not null default 0 check (used >= 0),
  revoked_at timestamptz
);
create index group_invitations_group on group_invitations (group_id, id desc);

-- To whom a circle has written, so that nobody is written to twice for it. The address itself is not kept: a keyed digest is.
create table group_mails (
  group_id      bigint not null references groups,
  address_hash  text not null,
  invitation_id bigint not null references group_invitations,
  by_id         bigint not null references members,
  at            timestamptz not null,
  primary key (group_id, address_hash)
);
create index group_mails_by on group_mails (by_id, at);
create index group_mails_invitation on group_mails (invitation_id);

-- Who wants no invitation by mail any more, from no circle.
create table group_mail_stops (
  address_hash text primary key,
  at           timestamptz not null
);

create table group_requests (
  id            bigint generated always as identity primary key,
  group_id      bigint not null references groups,
  member_id     bigint not null references members,
  invitation_id bigint references group_invitations, -- by which they came; null: they found the circle
  text          text not null default '' check (length(text) <= 500),
  asked_at      timestamptz not null,
  state         text not null default 'open' check (state in ('open','accepted','declined','withdrawn')),
  decided_by    bigint references members,
  decided_at    timestamptz,
  constraint group_requests_decided_check check ((state = 'open') = (decided_at is null) and (state in ('accepted','declined')) = (decided_by is not null))
);
create unique index group_requests_once on group_requests (group_id, member_id) where state = 'open';
create index group_requests_member on group_requests (member_id, id desc);

create table group_reports (
  id           bigint generated always as identity primary key,
  group_id     bigint not null references groups,
  desk         text not null check (desk in ('group','platform')), -- who decides: those who moderate the circle, or the platform
  subject_kind text not null check (subject_kind in ('group','member','post','comment')),
  subject_id   bigint not null,
  about_id     bigint references members,             -- whose deed it is; null: the circle as such
  reporter     bigint not null references members,
  reason       text not null check (reason in ('spam','insult','hate','danger','privacy','fraud','rules','other')),
  text         text not null default '' check (length(text) <= 2000),
  at           timestamptz not null,
  state        text not null default 'open' check (state in ('open','decided')),
  decision     text not null default '' check (decision in ('','kept','removed','expelled','banned','closed')),
  decided_by   bigint references members,
  decided_at   timestamptz,
  why          text not null default '' check (length(why) <= 2000),
  constraint group_reports_decided_check check ((state = 'open') = (decided_at is null) and (state = 'open') = (decided_by is null)
    and (state = 'open') = (decision = '') and (state = 'open') = (why = '')),
  constraint group_reports_self_check check (about_id is distinct from reporter and (decided_by is null or about_id is null or decided_by <> about_id))
);
create unique index group_reports_once on group_reports (reporter, subject_kind, subject_id, group_id) where state = 'open';
create index group_reports_open on group_reports (group_id, id) where state = 'open';
create index group_reports_desk on group_reports (desk, state, id desc);

-- Who did what to whom, and why.
create table group_log (
  id        bigint generated always as identity primary key,
  group_id  bigint not null references groups,
  at        timestamptz not null,
  by_id     bigint references members,       -- null: the platform itself
  action    text not null check (length(action) between 1 and 60),
  member_id bigint references members,       -- to whom; null: the circle
  subject   text not null default '',        -- "report:7", "post:12"; empty: none
  why       text not null default '' check (length(why) <= 2000)
);
create index group_log_group on group_log (group_id, id desc);
create trigger group_log_append_only before update or delete on group_log for each row execute function ledger_refuse();
create trigger group_log_no_truncate before truncate on group_log for each statement execute function ledger_refuse();
revoke update, delete, truncate on group_log from relais_app;
revoke delete, truncate on groups, group_reports, group_requests from relais_app;

-- What stays as it was: the sphere and the address of a circle, a circle that was closed, a decision that was made.
-- +goose StatementBegin
create function groups_move() returns trigger language plpgsql as $$
begin
  if row(old.sphere, old.handle, old.created_by, old.created_at) is distinct from row(new.sphere, new.handle, new.created_by, new.created_at)
     or old.closed_at is not null and new.closed_at is distinct from old.closed_at
     or old.visibility = 'private' and new.visibility = 'open' then
    raise exception 'circle % keeps its sphere, and what was private stays private', old.id using errcode = '23514', constraint = 'groups_move_check';
  end if;
  return new;
end $$;
create function group_reports_move() returns trigger language plpgsql as $$
begin
  if old.state <> 'open' or row(old.group_id, old.desk, old.subject_kind, old.subject_id, old.about_id, old.reporter, old.reason, old.text, old.at)
       is distinct from row(new.group_id, new.desk, new.subject_kind, new.subject_id, new.about_id, new.reporter, new.reason, new.text, new.at) then
    raise exception 'report % was decided', old.id using errcode = '23514', constraint = 'group_reports_move_check';
  end if;
  return new;
end $$;

-- A circle that is not closed has an owner, at every commit.
create function groups_owned() returns trigger language plpgsql as $$
declare
  circle bigint;
begin
  if tg_table_name = 'groups' then circle := new.id; else circle := coalesce(new.group_id, old.group_id); end if;
  if exists (select 1 from groups g where g.id = circle and g.closed_at is null
             and not exists (select 1 from group_members m where m.group_id = g.id and m.role = 'owner')) then
    raise exception 'circle % has no owner', circle using errcode = '23514', constraint = 'groups_owner_check';
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger groups_move before update on groups for each row execute function groups_move();
create trigger group_reports_move before update on group_reports for each row execute function group_reports_move();
create constraint trigger groups_owned after insert on groups deferrable initially deferred for each row execute function groups_owned();
create constraint trigger group_members_owned after update or delete on group_members deferrable initially deferred
  for each row when (old.role = 'owner') execute function groups_owned();
