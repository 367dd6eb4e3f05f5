-- +goose Up
-- What a buyer agreed to when they let us charge a card later stays with the order that it became: banks ask for months, and a pledge forgets its person after one. Package pledges/consent.
create table order_consents (
  order_id   bigint primary key references orders,
  words      text not null,                               -- as they were read; empty where they were forgotten before this table was there
  lang       text not null check (lang in ('fr','en')),
  most_minor bigint not null check (most_minor > 0),
  currency   char(3) not null,
  given_at   timestamptz not null,                         -- the form was sent
  card_at    timestamptz not null,                         -- the card was left
  constraint order_consents_card_check check (card_at >= given_at)
);
insert into order_consents select p.order_id, p.consent, p.lang, p.most_minor, c.currency, p.asked_at, greatest(p.joined_at, p.asked_at)
from pledges p join campaigns c on c.id = p.campaign_id where p.order_id is not null;
revoke update, delete, truncate on order_consents from relais_app;

-- +goose StatementBegin
create function order_consents_kept() returns trigger language plpgsql as $$
begin
  raise exception 'what the buyer of order % agreed to stays', old.order_id using errcode = '23514', constraint = 'order_consents_kept_check';
end $$;
-- +goose StatementEnd
create trigger order_consents_kept before update or delete on order_consents for each row execute function order_consents_kept();
