-- +goose Up
-- What members say of what they do themselves when they resell with a margin or sell in person: that they act as a trader, or as a private person
-- (Directive 2011/83/EU, art. 6a). The last row of a member counts; without one they count as a private person. The seller stays the brand.
create table member_statuses (
  id           bigint generated always as identity primary key,
  member_id    bigint not null references members,
  trader       boolean not null,
  legal_name   text not null default '' check (length(legal_name) <= 160),
  address      text not null default '' check (length(address) <= 400),
  registration text not null default '' check (length(registration) <= 60), -- where and under which number: SIREN 123 456 789, RCS Paris
  at           timestamptz not null,
  constraint member_statuses_trader_check check (trader = (legal_name <> '') and trader = (address <> '') and trader = (registration <> ''))
);
create index member_statuses_member on member_statuses (member_id, id desc);
revoke update, delete, truncate on member_statuses from relais_app;
create trigger member_statuses_changed after insert on member_statuses for each row execute function note_storefront();
