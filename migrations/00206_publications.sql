-- +goose Up
-- A design that its author publishes: once it is accepted it is a product of the brand's, made on the base that it was drawn on, and is sold, shared and resold as any other.
create table publications (
  id              bigint generated always as identity primary key,
  design_id       bigint not null references designs,
  revision        integer not null,                                        -- that is made: kept for good in design_revisions
  author_id       bigint not null references members,
  base_product_id bigint not null references products,
  product_id      bigint constraint publications_product_key unique references products, -- null until it is accepted
  parent_id       bigint references publications,                          -- whose design it varies; null: nobody's
  title           text not null check (length(title) between 1 and 80),
  note            text not null default '' check (length(note) <= 600),    -- to the brand, and on the page
  royalty_bps     integer not null check (royalty_bps between 0 and 2500), -- its author's own, of the price without VAT and delivery: agreed when it was published, as long as it is sold
  may_vary        boolean not null default false,
  may_resell      boolean not null default true,                           -- in storefronts of others
  state           text not null default 'asked' check (state in ('asked','refused','listed','left','taken_down')),
  asked_at        timestamptz not null,
  constraint publications_design_fkey foreign key (design_id, revision) references design_revisions,
  constraint publications_product_check check (product_id is not null or state not in ('listed'))
);
create index publications_author on publications (author_id, id desc);
create index publications_base on publications (base_product_id, state);
create index publications_parent on publications (parent_id) where parent_id is not null;
revoke delete, truncate on publications from relais_app;
