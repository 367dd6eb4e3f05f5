-- +goose Up
create table brands (
  id            bigint generated always as identity primary key,
  handle        text not null constraint brands_handle_key unique check (handle ~ '^[a-z0-9](-?[a-z0-9]){2,29}$'),
  name          text not null check (length(name) between 1 and 80),
  lang          text not null check (lang in ('fr','en')),      -- the language of the columns below; the other one in brand_translations
  tagline       text not null default '' check (length(tagline) <= 160),
  story         text not null default '' check (length(story) <= 20000),   -- Markdown
  logo_id       bigint references media,
  cover_id      bigint references media,
  maker_name    text not null,               -- legal name of the maker (General Product Safety Regulation, art. 19)
  maker_address text not null,
  contact_email text not null,
  country       char(2) not null,
  vat_number    text not null default '',
  currency      char(3) not null default 'EUR',
  trader        boolean not null default true,  -- false: a private person sells; shown on each listing
  blocked_at    timestamptz,
  created_at    timestamptz not null default now()
);
create table brand_translations (
  brand_id bigint not null references brands,
  lang     text not null check (lang in ('fr','en')),
  tagline  text not null,
  story    text not null,
  primary key (brand_id, lang)
);
create table brand_members (
  brand_id  bigint not null references brands,
  member_id bigint not null references members,
  role      text not null check (role in ('owner','staff')),
  primary key (brand_id, member_id)
);
create index brand_members_member on brand_members (member_id);

create table delivery_methods (
  id              bigint generated always as identity primary key,
  brand_id        bigint not null references brands,
  name            text not null check (length(name) between 1 and 80),
  name_other      text not null default '',  -- in the brand's other language; empty: the same name
  price_minor     bigint not null check (price_minor >= 0),
  free_from_minor bigint check (free_from_minor > 0),   -- goods total of the brand from which delivery is free
  days_min        integer not null check (days_min between 0 and 90),
  days_max        integer not null check (days_max >= days_min and days_max <= 90),
  countries       text[] not null check (cardinality(countries) > 0),
  active          boolean not null default true,
  position        integer not null default 0
);
create index delivery_methods_brand on delivery_methods (brand_id);

create table products (
  id          bigint generated always as identity primary key,
  brand_id    bigint not null references brands,
  slug        text not null constraint products_slug_key unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 120),
  import_key  text,                           -- the Handle of the CSV it came from
  lang        text not null check (lang in ('fr','en')),
  title       text not null check (length(title) between 1 and 160),
  description text not null default '' check (length(description) <= 20000),   -- Markdown
  category    text not null default '' check (length(category) <= 80),
  tags        text[] not null default '{}',
  warnings    text not null default '' check (length(warnings) <= 4000),
  options     text[] not null default '{}' check (cardinality(options) <= 3),  -- names: {Taille,Couleur}
  vat_bps     integer not null check (vat_bps between 0 and 5000),
  currency    char(3) not null,
  state       text not null default 'draft' check (state in ('draft','published','archived')),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  search      tsvector generated always as (
                setweight(to_tsvector('public.fr', title), 'A') || setweight(to_tsvector('public.en', title), 'A') ||
                setweight(to_tsvector('public.fr', category), 'B') || setweight(to_tsvector('public.fr', description), 'C') ||
                setweight(to_tsvector('public.en', description), 'C')) stored,
  constraint products_import_key unique (brand_id, import_key)
);
create index products_search on products using gin (search);
create index products_title_trgm on products using gin (lower(title) gin_trgm_ops);
create index products_brand on products (brand_id, state);
create index products_newest on products (created_at desc, id desc) where state = 'published';
create table product_translations (
  product_id  bigint not null references products,
  lang        text not null check (lang in ('fr','en')),
  title       text not null check (length(title) between 1 and 160),
  description text not null default '',
  warnings    text not null default '',
  options     text[] not null default '{}',
  search      tsvector generated always as (
                setweight(to_tsvector('public.fr', title), 'A') || setweight(to_tsvector('public.en', title), 'A') ||
                setweight(to_tsvector('public.fr', description), 'C') || setweight(to_tsvector('public.en', description), 'C')) stored,
  primary key (product_id, lang)
);
create index product_translations_search on product_translations using gin (search);
create index product_translations_trgm on product_translations using gin (lower(title) gin_trgm_ops);

create table product_photos (
  product_id bigint not null references products,
  media_id   bigint not null references media,
  position   integer not null,
  alt        text not null default '' check (length(alt) <= 300),
  source_url text not null default '',
  primary key (product_id, position)
);

create table variants (
  id               bigint generated always as identity primary key,
  product_id       bigint not null references products,
  position         integer not null,
  sku              text not null default '' check (length(sku) <= 80),
  option_values    text[] not null default '{}',
  option_values_other text[] not null default '{}',   -- in the product's other language; empty: the same
  price_minor      bigint not null check (price_minor > 0 and price_minor <= 100000000),
  compare_at_minor bigint check (compare_at_minor > 0),
  stock            integer not null default 0 constraint variants_stock_check check (stock >= 0),
  weight_grams     integer not null default 0 check (weight_grams >= 0),
  barcode          text not null default '',
  active           boolean not null default true,
  constraint variants_options_key unique (product_id, option_values)
);
create index variants_product on variants (product_id, position);
create index variants_sku on variants (sku) where sku <> '';

-- Every price a variant has had: the lowest of the last 30 days stands beside any reduction (Directive 98/6/EC, art. 6a).
create table variant_prices (
  id          bigint generated always as identity primary key,
  variant_id  bigint not null references variants,
  price_minor bigint not null,
  since       timestamptz not null
);
create index variant_prices_variant on variant_prices (variant_id, since desc);
revoke update, delete, truncate on variant_prices from relais_app;

-- Terms: what a brand offers whoever brings a sale. A new version is a new row; nothing is changed in place.
create table terms (
  id             bigint generated always as identity primary key,
  brand_id       bigint not null references brands,
  product_id     bigint references products,  -- null: all products of the brand
  commission_bps integer not null check (commission_bps between 0 and 8000),   -- of the price excluding VAT and delivery
  hold_days      integer not null check (hold_days between 14 and 60),    -- after delivery; 14: the withdrawal period
  window_days    integer not null check (window_days between 1 and 90),   -- from click to order
  valid_from     timestamptz not null,
  created_by     bigint references members,
  created_at     timestamptz not null default now()
);
create index terms_current on terms (brand_id, product_id, valid_from desc, id desc);
revoke update, delete, truncate on terms from relais_app;

-- One import of a file: each row of the file is accounted for in import_rows.
create table imports (
  id         bigint generated always as identity primary key,
  brand_id   bigint not null references brands,
  member_id  bigint references members,
  file_name  text not null,
  file_hash  text not null,
  state      text not null check (state in ('running','done','refused')),
  rows_total integer not null default 0,
  rows_done  integer not null default 0,
  created    integer not null default 0,
  updated    integer not null default 0,
  unchanged  integer not null default 0,
  refused    integer not null default 0,
  reason     text not null default '',        -- why the whole file was refused: i18n key
  args       jsonb not null default '{}',     -- and what it names
  started_at timestamptz not null default now(),
  ended_at   timestamptz
);
create index imports_brand on imports (brand_id, id desc);
create table import_files (import_id bigint primary key references imports on delete cascade, content bytea not null);
create table import_rows (
  import_id bigint not null references imports on delete cascade,
  line      integer not null,                 -- of the file, from 1, where the row begins
  handle    text not null,
  outcome   text not null check (outcome in ('created','updated','unchanged','refused')),
  reason    text not null default '',         -- i18n key: why it was refused, or what could not be done with it
  args      jsonb not null default '{}',
  primary key (import_id, line)
);
