-- +goose Up
-- What a sale pays those who made the piece what it is: the author of its design, of the design that it varies, of the idea that it came from.
alter table terms add column royalty_bps integer not null default 0 check (royalty_bps between 0 and 2500), -- the most that the authors of a published design may ask, together; 0: none is published
  add column idea_bps integer not null default 0 check (idea_bps between 0 and 1000);                      -- of the author of the idea that a product came from

-- Who has what of an order line, frozen with it: of the price without VAT and delivery.
create table order_line_royalties (
  order_line_id  bigint not null references order_lines,
  role           text not null check (role in ('royalty','idea')),
  member_id      bigint not null references members,
  rate_bps       integer not null check (rate_bps between 1 and 10000),
  minor          bigint not null check (minor >= 0),
  publication_id bigint references publications,                            -- of a royalty: the design that the member drew
  idea_id        bigint references ideas,
  primary key (order_line_id, role, member_id),
  constraint order_line_royalties_why_check check ((role = 'royalty') = (publication_id is not null) and (role = 'idea') = (idea_id is not null))
);
create index order_line_royalties_member on order_line_royalties (member_id, order_line_id desc);
revoke all on order_line_royalties from relais_app;
grant select, insert on order_line_royalties to relais_app;

alter table earnings drop constraint earnings_role_check,
  add constraint earnings_role_check check (role in ('sale','delivery','commission','margin','kept','royalty','idea'));
