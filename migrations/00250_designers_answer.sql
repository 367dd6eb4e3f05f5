-- +goose Up
-- The author of a published design answers questions about the product that it is; and a report of a question keeps what it said then: package questions.

-- 1. What proves an answer: of a buyer the line of an order, of a designer the publication.
alter table question_answers add column publication_id bigint references publications;
alter table question_answers drop constraint question_answers_proof_check;
alter table question_answers add constraint question_answers_proof_check
  check (num_nonnulls(order_line_id, publication_id) = case when by_brand then 0 else 1 end and not (by_brand and earns));
create index question_answers_publication on question_answers (publication_id) where publication_id is not null;

-- An answer names a publication of its author's that is the product asked about, and keeps it.
-- +goose StatementBegin
create function question_answers_designed() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from publications u join questions q on q.product_id = u.product_id where u.id = new.publication_id and q.id = new.question_id and u.author_id = new.member_id) then
    raise exception 'answer % is not of who designed it', new.id using errcode = '23514', constraint = 'question_answers_designed_check';
  end if;
  return new;
end $$;
create or replace function question_answers_move() returns trigger language plpgsql as $$
begin
  if row(old.question_id, old.by_brand, old.order_line_id, old.publication_id, old.at) is distinct from row(new.question_id, new.by_brand, new.order_line_id, new.publication_id, new.at)
     or new.member_id is not null and old.member_id is distinct from new.member_id then
    raise exception 'answer % keeps its author and its proof', old.id using errcode = '23514', constraint = 'question_answers_fixed_check';
  end if;
  if old.state = 'deleted' and new.state <> 'deleted' then
    raise exception 'answer % stays deleted', old.id using errcode = '23514', constraint = 'question_answers_deleted_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger question_answers_designed before insert on question_answers for each row when (new.publication_id is not null) execute function question_answers_designed();

-- 2. What it said when it was reported: its author may still change it.
alter table question_reports add column title text not null default '' check (length(title) <= 200), add column body text not null default '' check (length(body) <= 2000);
