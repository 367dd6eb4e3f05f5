-- +goose Up
-- What the platform decided of a report can be looked at again: package reports. What takes it up again is another report about the same thing,
-- of an administrator (reopened) or of who wrote it (contested); what was decided stays as it was.

-- 1. Polls keep their reports as the others do, also those of visitors.
alter table poll_reports add column reason text not null default 'other', add column decided text not null default '', add column why text not null default '' check (length(why) <= 1000);
alter table poll_reports drop constraint poll_reports_decided_check, drop constraint poll_reports_text_check, alter column member_id drop not null, alter column reason drop default;
drop index poll_reports_open;
update poll_reports r set decided = case when r.stopped then 'hidden' else 'kept' end, why = coalesce(nullif(case when r.stopped then (select p.stopped_why from polls p where p.id = r.poll_id) end, ''), '–')
where r.decided_at is not null;
alter table poll_reports drop column stopped,
  add constraint poll_reports_text_check check (length(text) <= 1000),
  add constraint poll_reports_reason_check check (reason in ('misleading','insult','personal','off_topic','advert','illegal','other','reopened','contested')),
  add constraint poll_reports_outcome_check check (decided in ('','kept','hidden')),
  add constraint poll_reports_ended_check check ((decided = '') = (decided_by is null) and (decided = '') = (decided_at is null) and (decided = '') = (why = ''));
create unique index poll_reports_once on poll_reports (poll_id, coalesce(member_id, 0)) where decided = '';
create index poll_reports_open on poll_reports (at) where decided = '';
create index poll_reports_decided on poll_reports (decided_at desc) where decided <> '';

alter table polls drop constraint polls_stopped_why_check, add constraint polls_stopped_why_check check (length(stopped_why) <= 1000),
  drop constraint polls_ended_why_check, add constraint polls_ended_why_check check (length(ended_why) <= 1000);

-- A poll that was taken off can be shown again; an open one that was taken off is over all the same.
-- +goose StatementBegin
create or replace function polls_move() returns trigger language plpgsql as $$
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
       or old.answered_at is not null and row(old.answer, old.answered_at) is distinct from row(new.answer, new.answered_at)
       or old.stopped_at is not null and new.stopped_at is not null and old.stopped_at is distinct from new.stopped_at
       or old.closed_at is not null and row(old.closed_at, old.ended_why, old.counted) is distinct from row(new.closed_at, new.ended_why, new.counted)) then
    raise exception 'poll % stays as it was asked', old.id using errcode = '23514', constraint = 'polls_fixed_check';
  end if;
  if old.state <> new.state and not exists (select 1 from poll_moves where origin = old.state and target = new.state) then
    raise exception 'poll % cannot go from % to %', old.id, old.state, new.state using errcode = '23514', constraint = 'polls_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- 2. The reasons of those who take a decided case up again. The platform's own note that something was written anew is beside a visitor's report.
alter table rating_reports drop constraint rating_reports_reason_check,
  add constraint rating_reports_reason_check check (reason in ('fake','insult','personal','off_topic','advert','illegal','other','edited','reopened','contested'));
alter table question_reports drop constraint question_reports_reason_check,
  add constraint question_reports_reason_check check (reason in ('insult','personal','off_topic','advert','false','illegal','other','edited','reopened','contested'));
alter table idea_reports drop constraint idea_reports_reason_check,
  add constraint idea_reports_reason_check check (reason in ('insult','personal','copied','off_topic','advert','illegal','other','reopened','contested'));
alter table story_reports drop constraint story_reports_reason_check,
  add constraint story_reports_reason_check check (reason in ('fake','insult','personal','off_topic','advert','illegal','other','edited','reopened','contested'));
drop index question_reports_once;
create unique index question_reports_once on question_reports (part, coalesce(question_id, answer_id), coalesce(brand_id, 0), coalesce(member_id, 0), (reason = 'edited')) where decided = '';

-- 3. What is hidden is contested once, unless that had it shown again.
create unique index rating_reports_contested on rating_reports (part, coalesce(rating_id, thanks_id)) where reason = 'contested' and decided <> 'kept';
create unique index question_reports_contested on question_reports (part, coalesce(question_id, answer_id)) where reason = 'contested' and decided <> 'kept';
create unique index idea_reports_contested on idea_reports (part, coalesce(comment_id, idea_id)) where reason = 'contested' and decided <> 'kept';
create unique index story_reports_contested on story_reports (story_id) where reason = 'contested' and decided <> 'kept';
create unique index poll_reports_contested on poll_reports (poll_id) where reason = 'contested' and decided <> 'kept';

-- 4. A report is decided once, and stays as it was decided. What the thing said then, and where a visitor can be reached, may be forgotten.
-- +goose StatementBegin
create function reports_stay() returns trigger language plpgsql as $$
declare
  free text[] := array['title', 'body', 'email'];
begin
  if old.decided = '' then
    free := free || array['decided', 'decided_by', 'decided_at', 'why'];
  end if;
  if to_jsonb(old) - free is distinct from to_jsonb(new) - free then
    raise exception 'report % of % stays as it was', old.id, tg_table_name using errcode = '23514', constraint = 'reports_stay_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger rating_reports_stay before update on rating_reports for each row execute function reports_stay();
create trigger question_reports_stay before update on question_reports for each row execute function reports_stay();
create trigger idea_reports_stay before update on idea_reports for each row execute function reports_stay();
create trigger story_reports_stay before update on story_reports for each row execute function reports_stay();
create trigger poll_reports_stay before update on poll_reports for each row execute function reports_stay();
create trigger publication_reports_stay before update on publication_reports for each row execute function reports_stay();
