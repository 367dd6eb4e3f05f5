-- +goose Up
-- A poll and a launch name the idea from which they stem as it was when they were opened: merged later it has its share all the same. One that was merged before leads to the other.
alter table polls disable trigger polls_move;
update polls p set idea_id = idea_root(p.idea_id) from ideas i where i.id = p.idea_id and i.state = 'merged' and i.ended_at <= p.opened_at;
alter table polls enable trigger polls_move;
alter table campaigns disable trigger campaigns_move;
update campaigns c set idea_id = idea_root(c.idea_id) from ideas i where i.id = c.idea_id and i.state = 'merged' and i.ended_at <= c.opened_at
  and not exists (select 1 from polls p where p.idea_id = c.idea_id and p.opened_at < i.ended_at);
alter table campaigns enable trigger campaigns_move;

-- Who was blocked is looked for each minute.
create index idea_supports_blocked on idea_supports (idea_id) where doubt = 'blocked';
