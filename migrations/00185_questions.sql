-- +goose Up
-- What people ask about a product, in public, and who knows answers: package questions.

-- 1. A question of one member about one product.
create table questions (
  id         bigint generated always as identity primary key,
  product_id bigint not null references products,
  brand_id   bigint not null references brands,
  member_id  bigint references members,                 -- null: their account is gone
  lang       text not null check (lang in ('fr','en')), -- that it is written in
  title      text not null check (length(title) <= 200),
  details    text not null default '' check (length(details) <= 1000),
  at         timestamptz not null,
  edited_at  timestamptz,
  state      text not null default 'shown' check (state in ('shown','hidden','deleted')),
  hidden_why text not null default '' check (length(hidden_why) <= 1000),
  search     tsvector generated always as (
               setweight(to_tsvector('public.fr', title), 'A') || setweight(to_tsvector('public.en', title), 'A') ||
               setweight(to_tsvector('public.fr', details), 'C') || setweight(to_tsvector('public.en', details), 'C')) stored,
  constraint questions_words_check check (title <> '' or state = 'deleted'),
  constraint questions_hidden_check check ((state = 'hidden') = (hidden_why <> ''))
);
create index questions_product on questions (product_id, at desc, id desc) where state = 'shown';
create index questions_brand on questions (brand_id, at desc, id desc);
create index questions_pace on questions (member_id, at desc);
revoke delete, truncate on questions from relais_app;

-- 2. An answer of the brand, or of a member who received the product. One of each member, one of the brand.
create table question_answers (
  id            bigint generated always as identity primary key,
  question_id   bigint not null references questions,
  member_id     bigint references members,              -- null: their account is gone
  by_brand      boolean not null,
  order_line_id bigint references order_lines,          -- what proves that its author bought; null: it is the brand's
  earns         boolean not null,                       -- its author recommended the product when they wrote it
  lang          text not null check (lang in ('fr','en')),
  body          text not null check (length(body) <= 2000),
  at            timestamptz not null,
  edited_at     timestamptz,
  state         text not null default 'shown' check (state in ('shown','hidden','deleted')),
  hidden_why    text not null default '' check (length(hidden_why) <= 1000),
  pinned_at     timestamptz,                            -- the brand says so too
  search        tsvector generated always as (to_tsvector('public.fr', body) || to_tsvector('public.en', body)) stored,
  constraint question_answers_proof_check check (by_brand = (order_line_id is null) and not (by_brand and earns)),
  constraint question_answers_words_check check (body <> '' or state = 'deleted'),
  constraint question_answers_hidden_check check ((state = 'hidden') = (hidden_why <> '')),
  constraint question_answers_pinned_check check (pinned_at is null or state = 'shown')
);
create unique index question_answers_of_member on question_answers (question_id, member_id) where not by_brand and state <> 'deleted';
create unique index question_answers_of_brand on question_answers (question_id) where by_brand and state <> 'deleted';
create unique index question_answers_pinned on question_answers (question_id) where pinned_at is not null;
create index question_answers_question on question_answers (question_id, id);
create index question_answers_pace on question_answers (member_id, at desc);
create index question_answers_line on question_answers (order_line_id) where order_line_id is not null;
revoke delete, truncate on question_answers from relais_app;

-- Whose and of what they are stays; an author can only go.
-- +goose StatementBegin
create function questions_move() returns trigger language plpgsql as $$
begin
  if row(old.product_id, old.brand_id, old.at) is distinct from row(new.product_id, new.brand_id, new.at)
     or new.member_id is not null and old.member_id is distinct from new.member_id then
    raise exception 'question % keeps its author and its product', old.id using errcode = '23514', constraint = 'questions_fixed_check';
  end if;
  if old.state = 'deleted' and new.state <> 'deleted' then
    raise exception 'question % stays deleted', old.id using errcode = '23514', constraint = 'questions_deleted_check';
  end if;
  return new;
end $$;
create function question_answers_move() returns trigger language plpgsql as $$
begin
  if row(old.question_id, old.by_brand, old.order_line_id, old.at) is distinct from row(new.question_id, new.by_brand, new.order_line_id, new.at)
     or new.member_id is not null and old.member_id is distinct from new.member_id then
    raise exception 'answer % keeps its author and its proof', old.id using errcode = '23514', constraint = 'question_answers_fixed_check';
  end if;
  if old.state = 'deleted' and new.state <> 'deleted' then
    raise exception 'answer % stays deleted', old.id using errcode = '23514', constraint = 'question_answers_deleted_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger questions_move before update on questions for each row execute function questions_move();
create trigger question_answers_move before update on question_answers for each row execute function question_answers_move();

-- 3. Whom an answer helped: each member once.
create table question_marks (
  answer_id bigint not null references question_answers,
  member_id bigint not null references members,
  at        timestamptz not null,
  primary key (answer_id, member_id)
);
create index question_marks_member on question_marks (member_id);

-- 4. When an earlier buyer was last asked for what they know, whatever the product.
create table question_calls (
  member_id   bigint primary key references members,
  question_id bigint not null references questions,
  at          timestamptz not null
);

-- 5. What somebody found wrong with one of them; the platform decides.
create table question_reports (
  id          bigint generated always as identity primary key,
  part        text not null check (part in ('question','answer')),
  question_id bigint references questions,
  answer_id   bigint references question_answers,
  brand_id    bigint references brands,                 -- its team reports
  member_id   bigint references members,                -- null: a visitor without an account
  reason      text not null check (reason in ('insult','personal','off_topic','advert','false','illegal','other')),
  text        text not null check (length(text) <= 1000),
  at          timestamptz not null,
  decided     text not null default '' check (decided in ('','kept','hidden')),
  decided_by  bigint references members,
  decided_at  timestamptz,
  why         text not null default '' check (length(why) <= 1000),
  constraint question_reports_of_check check ((part = 'question') = (question_id is not null) and (part = 'answer') = (answer_id is not null)),
  constraint question_reports_ended_check check ((decided = '') = (decided_by is null) and (decided = '') = (decided_at is null) and (decided = '') = (why = ''))
);
-- One open report of each reporter about each; all visitors without an account are one.
create unique index question_reports_once on question_reports (part, coalesce(question_id, answer_id), coalesce(brand_id, 0), coalesce(member_id, 0)) where decided = '';
create index question_reports_open on question_reports (at) where decided = '';
create index question_reports_decided on question_reports (decided_at desc) where decided <> '';
create index question_reports_member on question_reports (member_id) where member_id is not null;
revoke delete, truncate on question_reports from relais_app;

-- 6. What of it is on public pages.
-- +goose StatementBegin
create function note_question() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  brand bigint;
begin
  case tg_table_name
    when 'questions' then brand := new.brand_id;
    when 'question_answers' then select q.brand_id into brand from questions q where q.id = new.question_id;
    when 'question_marks' then select q.brand_id into brand from question_answers a join questions q on q.id = a.question_id where a.id = coalesce(new.answer_id, old.answer_id);
  end case;
  insert into changes (topic) values ('brand:' || brand) on conflict do nothing;
  return null;
end $$;
-- +goose StatementEnd
create trigger questions_changed after insert or update on questions for each row execute function note_question();
create trigger question_answers_changed after insert or update on question_answers for each row execute function note_question();
create trigger question_marks_changed after insert or delete on question_marks for each row execute function note_question();
revoke all on function note_question() from public;
