-- +goose Up
-- Documents: what a buyer, a brand, a member and their accountants keep. Issued once, numbered without gaps, never changed.

-- A series is one issuer's numbers of one kind in one year. Its row is locked by whoever gives out a number, until the
-- document that has it is committed: what is rolled back takes its number back with it.
create table document_series (
  code text primary key check (code ~ '^[A-Z0-9]+(-[A-Z0-9]+)*$'),   -- TERRE-2026: what the numbers begin with
  last integer not null default 0 check (last >= 0)
);
revoke delete, truncate on document_series from relais_app;

create table documents (
  id          bigint generated always as identity primary key,
  series      text not null references document_series,
  sequence    integer not null check (sequence > 0),
  number      text not null constraint documents_number_key unique,
  kind        text not null check (kind in ('invoice','credit_note','fee_invoice','fee_credit','statement','statement_credit')),
  cause       text not null constraint documents_cause_key unique,   -- what it documents, once: "shipment:12", "refund:5:1:shipment:12"
  order_id    bigint references orders,
  shipment_id bigint references shipments,
  refund_id   bigint references refunds,
  corrects_id bigint references documents,       -- the document that this one takes back, wholly or in part
  brand_id    bigint references brands,          -- in whose name, or to whom
  member_id   bigint references members,         -- in whose name
  month       date check (extract(day from month) = 1),
  currency    char(3) not null,
  net_minor   bigint not null check (net_minor >= 0),
  vat_minor   bigint not null check (vat_minor >= 0),
  total_minor bigint not null,
  issued_at   timestamptz not null,
  content     text not null,                     -- JSON: everything that is printed
  hash        text not null,                     -- SHA-256 of the content, in hexadecimal
  constraint documents_sequence_key unique (series, sequence),
  constraint documents_number_check check (number = series || '-' || lpad(sequence::text, greatest(6, length(sequence::text)), '0')),
  constraint documents_total_check check (total_minor = net_minor + vat_minor),
  constraint documents_hash_check check (hash = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
  constraint documents_content_check check (jsonb_typeof(content::jsonb) = 'object'),
  constraint documents_of_check check (case
    when kind in ('invoice','credit_note') then order_id is not null and shipment_id is not null and brand_id is not null and member_id is null and month is null
    when kind in ('fee_invoice','fee_credit') then order_id is null and brand_id is not null and member_id is null and month is not null
    else order_id is null and brand_id is null and member_id is not null and month is not null end),
  constraint documents_credit_check check (kind <> 'credit_note' or (refund_id is not null and corrects_id is not null))
);
create index documents_order on documents (order_id) where order_id is not null;
create index documents_shipment on documents (shipment_id) where shipment_id is not null;
create index documents_refund on documents (refund_id) where refund_id is not null;
create index documents_brand on documents (brand_id, id desc) where brand_id is not null;
create index documents_member on documents (member_id, id desc) where member_id is not null;

-- The lines of a document, as figures: what later credits and the checks reckon with.
create table document_lines (
  document_id   bigint not null references documents,
  position      integer not null check (position > 0),
  order_line_id bigint references order_lines,
  earning_id    bigint references earnings,
  vat_bps       integer not null check (vat_bps >= 0),
  net_minor     bigint not null,
  vat_minor     bigint not null,
  total_minor   bigint not null,
  primary key (document_id, position),
  constraint document_lines_total_check check (total_minor = net_minor + vat_minor)
);
create index document_lines_order_line on document_lines (order_line_id) where order_line_id is not null;

-- Months of which every fee and every statement was issued; none is looked at twice.
create table document_months (
  month     date primary key check (extract(day from month) = 1),
  closed_at timestamptz not null
);

-- +goose StatementBegin
create function documents_refuse() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: what was issued stays', lower(tg_op), tg_table_name using errcode = '42501';
end $$;

create function document_series_move() returns trigger language plpgsql as $$
begin
  if new.code <> old.code or new.last <> old.last + 1 then
    raise exception 'series % gives out one number after the other', old.code using errcode = '23514', constraint = 'document_series_move_check';
  end if;
  return new;
end $$;
-- +goose StatementEnd
create trigger documents_append_only before update or delete on documents for each row execute function documents_refuse();
create trigger documents_no_truncate before truncate on documents for each statement execute function documents_refuse();
create trigger document_lines_append_only before update or delete on document_lines for each row execute function documents_refuse();
create trigger document_lines_no_truncate before truncate on document_lines for each statement execute function documents_refuse();
create trigger document_months_append_only before update or delete on document_months for each row execute function documents_refuse();
create trigger document_months_no_truncate before truncate on document_months for each statement execute function documents_refuse();
create trigger document_series_move before update on document_series for each row execute function document_series_move();
create trigger document_series_no_delete before delete on document_series for each row execute function documents_refuse();
create trigger document_series_no_truncate before truncate on document_series for each statement execute function documents_refuse();
revoke update, delete, truncate on documents, document_lines, document_months from relais_app;

-- The sweeps look for what was paid and booked lately.
create index orders_paid on orders (paid_at) where paid_at is not null;
create index clawbacks_at on clawbacks (at);
create index earnings_released on earnings (released_at) where role = 'commission' and released_at is not null;

-- A price of another currency is no lower or higher price: what a variant cost is compared within one currency.
alter table variant_prices add column currency char(3) not null default 'EUR';
alter table variant_prices alter column currency drop default;
