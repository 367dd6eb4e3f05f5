-- +goose Up
-- Polls that decide: package polls. A brand asks what a piece is to be like, each answer with what it does to the price, and is bound by what is decided.

-- 1. What is asked.
create table polls (
  id             bigint generated always as identity primary key,
  code           text not null constraint polls_code_key unique check (length(code) = 10), -- of its address, random
  brand_id       bigint not null references brands,
  product_id     bigint references products,                       -- null: about a piece yet to be made
  idea_id        bigint references ideas,                          -- that it stems from
  title          text not null check (length(title) between 1 and 120),
  text           text not null default '' check (length(text) <= 3000),
  media_id       bigint references media,
  currency       char(3) not null,
  base_minor     bigint not null check (base_minor between 1 and 100000000),  -- the price before any choice, VAT included
  floor_minor    bigint not null check (floor_minor between 1 and 100000000), -- no choice costs less
  days           integer not null check (days between 1 and 60),
  answer_days    integer not null check (answer_days between 1 and 365),
  quorum         integer not null check (quorum between 1 and 1000000),
  margin_pct     integer not null default 0 check (margin_pct between 0 and 50), -- of the ballots: a smaller lead makes two variants
  changeable     boolean not null default true,                    -- a ballot may be changed until the close
  audience       text not null check (audience in ('members','buyers','followers','circle')),
  group_id       bigint references groups,
  state          text not null default 'draft' check (state in ('draft','open','decided','no_quorum','cancelled')),
  created_by     bigint not null references members,
  created_at     timestamptz not null,
  opened_at      timestamptz,
  opened_real_at timestamptz,                                      -- real time, as accounts are dated
  closes_at      timestamptz,
  answer_by      timestamptz,                                      -- until then the brand says what it did
  closed_at      timestamptz,
  ended_why      text not null default '' check (length(ended_why) <= 500), -- of a cancelled one, in public
  stopped_at     timestamptz,                                      -- the platform took it off
  stopped_why    text not null default '' check (length(stopped_why) <= 500),
  counted        integer not null default 0 check (counted >= 0),  -- ballots when it closed
  answer         text not null default '' check (length(answer) <= 3000),
  answer_product_id bigint references products,
  answered_at    timestamptz,
  late_told_at   timestamptz,                                      -- the team was told that the answer is overdue
  constraint polls_circle_check check ((audience = 'circle') = (group_id is not null)),
  constraint polls_opened_check check ((state = 'draft') = (opened_at is null) and num_nonnulls(opened_at, opened_real_at, closes_at, answer_by) in (0, 4)),
  constraint polls_dates_check check (closes_at > opened_at and closes_at <= opened_at + interval '61 days' and answer_by > closes_at),
  constraint polls_closed_check check ((state in ('decided','no_quorum','cancelled')) = (closed_at is not null)),
  constraint polls_why_check check ((state = 'cancelled') = (ended_why <> '')),
  constraint polls_stopped_check check ((stopped_at is null) = (stopped_why = '') and (stopped_at is null or state in ('decided','no_quorum','cancelled'))),
  constraint polls_reached_check check (state <> 'decided' or counted >= quorum),
  constraint polls_said_check check ((answered_at is null) = (answer = '') and (answered_at is null or state = 'decided') and (answer_product_id is null or answered_at is not null))
);
create index polls_open on polls (closes_at) where state = 'open';
create index polls_late on polls (answer_by) where state = 'decided' and answered_at is null;
create index polls_closed on polls (closed_at desc, id desc) where closed_at is not null;
create index polls_brand on polls (brand_id, id desc);
create index polls_product on polls (product_id) where product_id is not null;
create index polls_answer_product on polls (answer_product_id) where answer_product_id is not null;
revoke truncate on polls from relais_app;

create table poll_questions (
  id       bigint generated always as identity primary key,
  poll_id  bigint not null references polls on delete cascade,
  position integer not null check (position between 0 and 4),
  text     text not null check (length(text) between 1 and 160),
  constraint poll_questions_once unique (poll_id, position) deferrable initially deferred,
  constraint poll_questions_poll unique (id, poll_id)
);
create table poll_options (
  id           bigint generated always as identity primary key,
  question_id  bigint not null references poll_questions on delete cascade,
  position     integer not null check (position between 0 and 5),
  text         text not null check (length(text) between 1 and 120),
  effect_minor bigint not null check (effect_minor between -100000000 and 100000000), -- on the price
  media_id     bigint references media,
  constraint poll_options_once unique (question_id, position) deferrable initially deferred,
  constraint poll_options_question unique (id, question_id)
);
revoke truncate on poll_questions, poll_options from relais_app;

-- 2. Who voted what. The network is a keyed digest, and emptied when the poll closes.
create table poll_ballots (
  id         bigint generated always as identity primary key,
  poll_id    bigint not null references polls,
  member_id  bigint not null references members,
  at         timestamptz not null,
  changed_at timestamptz,
  doubt      text not null default '' check (doubt in ('','new','address','network','blocked')), -- why it is counted apart
  network    text not null default '',
  constraint poll_ballots_once unique (poll_id, member_id),
  constraint poll_ballots_poll unique (id, poll_id)
);
create index poll_ballots_network on poll_ballots (poll_id, network, at) where network <> '';
create index poll_ballots_member on poll_ballots (member_id);
create table poll_choices (
  ballot_id   bigint not null,
  poll_id     bigint not null,
  question_id bigint not null,
  option_id   bigint not null,
  primary key (ballot_id, question_id),
  foreign key (ballot_id, poll_id) references poll_ballots (id, poll_id),
  foreign key (question_id, poll_id) references poll_questions (id, poll_id),
  foreign key (option_id, question_id) references poll_options (id, question_id)
);
create index poll_choices_option on poll_choices (option_id);
revoke delete, truncate on poll_ballots from relais_app;
revoke update, truncate on poll_choices from relais_app;

-- 3. What came of it.
create table poll_outcomes (
  option_id   bigint primary key,
  question_id bigint not null,
  poll_id     bigint not null,
  votes       integer not null check (votes >= 0),
  chosen      boolean not null,
  foreign key (question_id, poll_id) references poll_questions (id, poll_id),
  foreign key (option_id, question_id) references poll_options (id, question_id)
);
create index poll_outcomes_poll on poll_outcomes (poll_id);
revoke update, delete, truncate on poll_outcomes from relais_app;

-- 4. What readers object to.
create table poll_reports (
  id         bigint generated always as identity primary key,
  poll_id    bigint not null references polls,
  member_id  bigint not null references members,
  text       text not null check (length(text) between 1 and 1000),
  at         timestamptz not null,
  decided_at timestamptz,
  decided_by bigint references members,
  stopped    boolean,                                              -- what was decided: taken off, or left as it is
  constraint poll_reports_decided_check check (num_nonnulls(decided_at, decided_by, stopped) in (0, 3))
);
create unique index poll_reports_open on poll_reports (poll_id, member_id) where decided_at is null;
revoke delete, truncate on poll_reports from relais_app;

create table poll_moves (origin text not null, target text not null, primary key (origin, target));
insert into poll_moves values ('draft','open'),('open','decided'),('open','no_quorum'),('open','cancelled');
revoke insert, update, delete, truncate on poll_moves from relais_app;

-- +goose StatementBegin
create function polls_move() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.state <> 'draft' then
      raise exception 'poll % was asked in public', old.id using errcode = '23514', constraint = 'polls_move_check';
    end if;
    return old;
  end if;
  if row(old.code, old.brand_id, old.created_by, old.created_at) is distinct from row(new.code, new.brand_id, new.created_by, new.created_at)
     or old.state <> 'draft' and (
       row(old.product_id, old.idea_id, old.title, old.text, old.media_id, old.currency, old.base_minor, old.floor_minor, old.days, old.answer_days, old.quorum, old.margin_pct, old.changeable, old.audience,
         old.group_id, old.opened_at, old.opened_real_at, old.closes_at, old.answer_by)
       is distinct from row(new.product_id, new.idea_id, new.title, new.text, new.media_id, new.currency, new.base_minor, new.floor_minor, new.days, new.answer_days, new.quorum, new.margin_pct, new.changeable, new.audience,
         new.group_id, new.opened_at, new.opened_real_at, new.closes_at, new.answer_by)
       or old.answered_at is not null and row(old.answer, old.answer_product_id, old.answered_at) is distinct from row(new.answer, new.answer_product_id, new.answered_at)
       or old.stopped_at is not null and row(old.stopped_at, old.stopped_why) is distinct from row(new.stopped_at, new.stopped_why)
       or old.closed_at is not null and row(old.closed_at, old.ended_why, old.counted) is distinct from row(new.closed_at, new.ended_why, new.counted)) then
    raise exception 'poll % stays as it was asked', old.id using errcode = '23514', constraint = 'polls_fixed_check';
  end if;
  if old.state <> new.state and not exists (select 1 from poll_moves where origin = old.state and target = new.state) then
    raise exception 'poll % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'polls_move_check';
  end if;
  return new;
end $$;

-- What is asked is written while its poll is a draft; a draft that is deleted takes it along.
create function poll_asked() returns trigger language plpgsql as $$
declare
  poll bigint;
  now_is text;
begin
  if tg_table_name = 'poll_questions' then
    if tg_op = 'UPDATE' and new.poll_id <> old.poll_id then
      raise exception 'question % stays in its poll', old.id using errcode = '23514', constraint = 'polls_fixed_check';
    end if;
    poll := coalesce(new.poll_id, old.poll_id);
  else
    if tg_op = 'UPDATE' and new.question_id <> old.question_id then
      raise exception 'option % stays with its question', old.id using errcode = '23514', constraint = 'polls_fixed_check';
    end if;
    poll := (select q.poll_id from poll_questions q where q.id = coalesce(new.question_id, old.question_id));
  end if;
  select state into now_is from polls where id = poll for share;
  if now_is <> 'draft' or now_is is null and tg_op <> 'DELETE' then
    raise exception 'poll % stays as it was asked', poll using errcode = '23514', constraint = 'polls_fixed_check';
  end if;
  return coalesce(new, old);
end $$;

-- Ballots come and change while the poll is open, and not afterwards, whoever writes them.
create function poll_voting() returns trigger language plpgsql as $$
declare
  p record;
begin
  if tg_op = 'UPDATE' and row(old.id, old.poll_id, old.member_id, old.at) is distinct from row(new.id, new.poll_id, new.member_id, new.at) then
    raise exception 'ballot % stays whose it is', old.id using errcode = '23514', constraint = 'poll_ballots_fixed_check';
  end if;
  select state, changeable into p from polls where id = coalesce(new.poll_id, old.poll_id) for share;
  if p.state is distinct from 'open' or tg_op = 'UPDATE' and new.changed_at is distinct from old.changed_at and not p.changeable then
    raise exception 'poll % takes no ballot now', coalesce(new.poll_id, old.poll_id) using errcode = '23514', constraint = 'poll_ballots_open_check';
  end if;
  return coalesce(new, old);
end $$;

create function poll_choosing() returns trigger language plpgsql as $$
declare
  p record;
begin
  select state, changeable into p from polls where id = coalesce(new.poll_id, old.poll_id);
  if p.state is distinct from 'open' or tg_op <> 'INSERT' and not p.changeable then
    raise exception 'poll % takes no ballot now', coalesce(new.poll_id, old.poll_id) using errcode = '23514', constraint = 'poll_ballots_open_check';
  end if;
  return coalesce(new, old);
end $$;

-- The pages of its brand and products show it.
create function polls_note_change() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into changes (topic) values ('brand:' || coalesce(new.brand_id, old.brand_id)) on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd
revoke all on function polls_note_change() from public;
create trigger polls_move before update or delete on polls for each row execute function polls_move();
create trigger poll_questions_asked before insert or update or delete on poll_questions for each row execute function poll_asked();
create trigger poll_options_asked before insert or update or delete on poll_options for each row execute function poll_asked();
create trigger poll_ballots_voting before insert or update or delete on poll_ballots for each row execute function poll_voting();
create trigger poll_choices_voting before insert or update or delete on poll_choices for each row execute function poll_choosing();
create trigger polls_changed after insert or update or delete on polls for each row execute function polls_note_change();
