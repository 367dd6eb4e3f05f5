-- +goose Up
-- A conversation says nothing to its buyer until somebody has written to the other side; how long buyers wait is known also where nobody answers;
-- who leaves a team takes no conversation along.

-- 1. noted: the brand's team has kept notes, and nobody has written.
alter table conversations drop constraint conversations_state_check,
  add constraint conversations_state_check check (state in ('noted','open','waiting','solved')),
  alter column state set default 'noted',
  add column remind_at timestamptz,        -- when the team is next told that the answer is due
  add constraint conversations_remind_check check (remind_at is null or due_at is not null);
update conversations set remind_at = due_at where due_at > now();   -- what was due before nobody is reminded of
create index conversations_remind on conversations (remind_at) where remind_at is not null;

-- 2. The buyer says anew what they think once they are asked anew, and not before.
-- +goose StatementBegin
create or replace function conversations_move() returns trigger language plpgsql as $$
begin
  if row(old.order_id, old.brand_id, old.buyer_key, old.brand_key) is distinct from row(new.order_id, new.brand_id, new.buyer_key, new.brand_key)
     or old.pleased is not null and row(old.pleased, old.pleased_words, old.pleased_at) is distinct from row(new.pleased, new.pleased_words, new.pleased_at)
        and (new.pleased is null or old.pleased_at >= old.pleased_asked_at) then
    raise exception 'conversation % keeps its sides and what its buyer thought of it', old.id using errcode = '23514', constraint = 'conversations_fixed_check';
  end if;
  if new.state = 'noted' and old.state <> 'noted' then
    raise exception 'somebody has written in conversation %', old.id using errcode = '23514', constraint = 'conversations_noted_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd

-- 3. Conversations of notes alone were shown to their buyers, who may have been asked what they think of nothing.
alter table conversations disable trigger conversations_move;
update conversations c set state = 'noted', solved_by = '', asked_at = null, due_at = null, remind_at = null, pleased_asked_at = null, pleased = null, pleased_words = '', pleased_at = null
where not exists (select 1 from order_messages m where m.conversation_id = c.id and not m.note);
alter table conversations enable trigger conversations_move;

-- 4. How long a buyer waited where it did not end with an answer, but because a side said that nothing is left to do.
alter table answer_times add column ended text not null default 'answer' check (ended in ('answer','buyer','brand','unanswered'));   -- unanswered: by a brand that never wrote

-- 5. Who leaves the team of a brand is given no conversation of it.
-- +goose StatementBegin
create function brand_members_left() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  update conversations set assignee_id = null where brand_id = old.brand_id and assignee_id = old.member_id;
  return null;
end $$;
-- +goose StatementEnd
create trigger brand_members_left after delete on brand_members for each row execute function brand_members_left();
revoke all on function brand_members_left() from public;
update conversations c set assignee_id = null where assignee_id is not null and not exists (select 1 from brand_members t where t.brand_id = c.brand_id and t.member_id = c.assignee_id);
