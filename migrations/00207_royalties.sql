-- +goose Up
-- What a sale pays those who made the piece what it is: the author of its design, of the design that it varies, of the idea that it came from.
alter table terms
  add column royalty_bps integer not null default 0 constraint terms_royalty_check check (royalty_bps between 0 and 2500), -- the most that the authors of a published design may ask, together; 0: none is published
  add column idea_bps integer not null default 0 constraint terms_idea_check check (idea_bps between 0 and 1000),          -- of the author of the idea that a product came of
  add constraint terms_shares_check check (commission_bps + royalty_bps + idea_bps <= 8000);

-- Who has what of an order line, frozen with it: of the price without VAT and delivery.
create table order_line_royalties (
  order_line_id  bigint not null references order_lines,
  role           text not null constraint order_line_royalties_role_check check (role in ('royalty','idea')),
  member_id      bigint not null references members,
  agreed_bps     integer not null,                                           -- the rates of the member's parts in it, together
  rate_bps       integer not null,                                           -- what is paid: less only where the price has no more
  minor          bigint not null constraint order_line_royalties_minor_check check (minor >= 0),
  publication_id bigint references publications,                            -- of a royalty: the nearest design that the member drew
  idea_id        bigint references ideas,
  primary key (order_line_id, role, member_id),
  constraint order_line_royalties_rate_check check (rate_bps between 1 and 10000 and agreed_bps >= rate_bps),
  constraint order_line_royalties_why_check check ((role = 'royalty') = (publication_id is not null) and (role = 'idea') = (idea_id is not null))
);
create index order_line_royalties_member on order_line_royalties (member_id, order_line_id desc);
revoke all on order_line_royalties from relais_app;
grant select, insert on order_line_royalties to relais_app;

-- They are written with the line, before anything is paid, and fit beside its other shares.
-- +goose StatementBegin
create function order_line_royalties_move() returns trigger language plpgsql as $$
declare
  l order_lines;
begin
  if tg_op <> 'INSERT' then
    raise exception 'the royalties of an order line stay as they are' using errcode = '23514', constraint = 'order_line_royalties_fixed_check';
  end if;
  select * into l from order_lines where id = new.order_line_id;
  if exists (select 1 from orders where id = l.order_id and state <> 'awaiting_payment') then
    raise exception 'line % was paid as it was split', l.id using errcode = '23514', constraint = 'order_line_royalties_fixed_check';
  end if;
  if new.minor <> div(l.net_minor::numeric * new.rate_bps, 10000) or l.commission_bps + l.fee_bps + (select sum(rate_bps) from order_line_royalties where order_line_id = l.id) > 10000 then
    raise exception 'the royalties of line % are not of its price', l.id using errcode = '23514', constraint = 'order_line_royalties_share_check';
  end if;
  return null;
end $$;
-- +goose StatementEnd
create trigger order_line_royalties_move after insert or update or delete on order_line_royalties for each row execute function order_line_royalties_move();

alter table earnings drop constraint earnings_role_check,
  add constraint earnings_role_check check (role in ('sale','delivery','commission','margin','kept','royalty','idea'));
drop index earnings_released;
create index earnings_released on earnings (released_at) where role in ('commission','margin','royalty','idea') and released_at is not null;
