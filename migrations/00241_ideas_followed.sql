-- +goose Up
-- 1. An idea that was merged leads to another one: what stems from it stems from that one.
-- +goose StatementBegin
create function idea_line(idea bigint) returns setof bigint language sql stable as $$ -- an idea and those that it was merged into, one after the other
  with recursive up as (select id, merged_into from ideas where id = idea union all select i.id, i.merged_into from up join ideas i on i.id = up.merged_into)
  select id from up
$$;
create function idea_root(idea bigint) returns bigint language sql stable as $$           -- … the last of them
  with recursive up as (select id, merged_into from ideas where id = idea union all select i.id, i.merged_into from up join ideas i on i.id = up.merged_into)
  select id from up where merged_into is null
$$;
create function idea_tree(idea bigint) returns setof bigint language sql stable as $$     -- … and all that were merged into it
  with recursive down as (select id from ideas where id = idea union all select i.id from down join ideas i on i.merged_into = down.id)
  select id from down
$$;
-- +goose StatementEnd

-- 2. A launch is an answer, also to an idea that has not enough supporters yet; and what is made is made, whether its brand answered or not, even after the idea expired.
alter table ideas drop constraint ideas_reached_check, drop constraint ideas_answered_check, drop constraint ideas_ended_check,
  add constraint ideas_reached_check check ((state <> 'open' or reached_at is null) and (state <> 'reached' or reached_at is not null) and (ended_at is null or reached_at is null) and (reached_at is null) = (answer_by is null)),
  add constraint ideas_answered_check check ((state <> 'answered' or answer <> '') and (answer = '' or state in ('answered','made')) and (answer = '') = (answer_text = '') and (answer = '') = (answered_at is null) and (answer = '') = (answered_by is null)),
  add constraint ideas_ended_check check (case when state in ('expired','withdrawn','merged') then ended_at is not null when state = 'made' then true else ended_at is null end);
insert into idea_moves values ('open','answered'),('open','made'),('reached','made'),('expired','made');

-- 3. Supports in doubt are kept and counted apart, as ballots are: of a mailbox that supports under another account, too many of one network, of an account that is blocked. The network is
-- a keyed digest, and emptied when the idea takes no more supports.
alter table idea_supports
  add column doubt   text not null default '' check (doubt in ('','address','network','blocked')),
  add column network text not null default '';
create index idea_supports_network on idea_supports (idea_id, network, at) where network <> '';
grant update (doubt, network) on idea_supports to relais_app;
-- +goose StatementBegin
create or replace function idea_supports_move() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and (row(old.idea_id, old.member_id, old.at) is distinct from row(new.idea_id, new.member_id, new.at) or new.network not in (old.network, '')
       or old.doubt <> new.doubt and not exists (select 1 from ideas where id = old.idea_id and state = 'open'))
     or tg_op = 'INSERT' and not exists (select 1 from ideas where id = new.idea_id and author_id <> new.member_id and state in ('open','reached'))
     or tg_op = 'DELETE' and not exists (select 1 from ideas where id = old.idea_id and state = 'open') then
    raise exception 'who supports idea % stays as it is', coalesce(new.idea_id, old.idea_id) using errcode = '23514', constraint = 'idea_supports_check';
  end if;
  return coalesce(new, old);
end $$;
-- +goose StatementEnd
drop trigger idea_supports_move on idea_supports;
create trigger idea_supports_move before insert or update or delete on idea_supports for each row execute function idea_supports_move();
