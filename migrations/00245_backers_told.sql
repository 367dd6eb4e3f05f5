-- +goose Up
-- What who backed a launch was told of its production stands with their pledge: whoever pays late is told late, and not never. Package pledges/made.
alter table pledges add column told_stage text not null default '' check (told_stage in ('','started','made')),
  add constraint pledges_told_ordered_check check (told_stage = '' or state = 'ordered');
update pledges p set told_stage = case when c.made_at is null then 'started'
  when p.email = '' or c.made_at < now() - interval '60 days' or exists (select 1 from letters l where l.reference = 'pledge:' || p.id || ':made') then 'made' else '' end -- who was missed is told now
from campaigns c, orders o where c.id = p.campaign_id and o.id = p.order_id and c.started_at is not null and o.paid_at is not null;
create index pledges_untold_stage on pledges (campaign_id) where state = 'ordered' and told_stage <> 'made';
create index campaigns_begun on campaigns (id) where started_at is not null and stopped_at is null;

-- What was launched has a page of its own, which stays when its product is a draft again: the thread of an idea leads there.
update idea_steps s set path = '/launches/' || c.code from campaigns c where s.kind = 'launch' and c.id = s.ref_id;

-- Whose card came after the month was moved agreed to another one: that is why it is out.
alter table pledges drop constraint pledges_ended_why_check,
  add constraint pledges_ended_why_check check (ended_why in ('','missed','cancelled','unavailable','late','not_offered','full','team','moved')),
  drop constraint pledges_why_check,
  add constraint pledges_why_check check (case state when 'released' then ended_why not in ('','full','team','moved') when 'lapsed' then ended_why in ('','full','team','moved') else ended_why = '' end);
