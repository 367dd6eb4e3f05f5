-- +goose Up
create table storefronts (
  member_id  bigint primary key references members,
  title      text not null default '' check (length(title) <= 80),
  intro      text not null default '' check (length(intro) <= 600),
  cover_id   bigint references media,
  updated_at timestamptz not null default now()
);
create table listings (
  member_id  bigint not null references members,
  product_id bigint not null references products,
  note       text not null default '' check (length(note) <= 600),
  position   integer not null,
  created_at timestamptz not null default now(),
  primary key (member_id, product_id)
);
create index listings_member on listings (member_id, position);
create index listings_product on listings (product_id);

-- A share link: member x target x where it was shared.
create table share_links (
  id          bigint generated always as identity primary key,
  code        text not null constraint share_links_code_key unique check (code ~ '^[0-9A-Za-z]{6,12}$'),
  member_id   bigint not null references members,
  target      text not null check (target in ('product','storefront','brand')),
  product_id  bigint references products,
  brand_id    bigint references brands,
  channel     text not null default '' check (length(channel) <= 30),    -- whatsapp, telegram, mail, copy, qr ...
  circle      text not null default '' check (length(circle) <= 80),     -- the member's own name for the group
  created_at  timestamptz not null,
  disabled_at timestamptz,
  constraint share_links_target_ids_check check (
    (target = 'product' and product_id is not null and brand_id is null) or
    (target = 'brand' and brand_id is not null and product_id is null) or
    (target = 'storefront' and product_id is null and brand_id is null)),
  constraint share_links_once unique nulls not distinct (member_id, target, product_id, brand_id, channel, circle)
);
create index share_links_member on share_links (member_id, id desc);
create index share_links_product on share_links (product_id) where product_id is not null;

-- A click: committed before the redirect is answered. Never updated but for the visitor it is given by consent.
create table clicks (
  id          bigint generated always as identity primary key,
  token       text not null constraint clicks_token_key unique,  -- 128 random bits, in the address the visitor lands on
  link_id     bigint not null references share_links,
  at          timestamptz not null,
  day_visitor text not null,                 -- keyed hash of address, browser and day: only to count a visitor once an hour
  visitor     text not null default '',      -- from the consent cookie; empty without consent
  member_id   bigint references members,     -- signed-in visitor
  eligible    boolean not null,
  reason      text not null default '',      -- why it does not count: repeat, self, bot, embedded ...
  referer     text not null default '',      -- host only
  device      text not null default ''       -- phone, tablet, desktop
);
create index clicks_link on clicks (link_id, at desc);
create index clicks_visitor on clicks (visitor, at desc) where visitor <> '';
create index clicks_member on clicks (member_id, at desc) where member_id is not null;
create index clicks_repeat on clicks (link_id, day_visitor, at desc);
