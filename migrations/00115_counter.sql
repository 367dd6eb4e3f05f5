-- +goose Up
-- A payment at a reader that was given up before the provider had said its number: once that is known, whether it can still be paid has to be
-- looked at until the provider has ended it, or the money is on its way back.
alter table reader_payments add column loose boolean not null default false,
  add constraint reader_payments_loose_check check (not loose or state = 'cancelled' and payment_intent_id is not null);
create index reader_payments_loose on reader_payments (id) where loose;

-- Sales that somebody agreed to and whose order is not noted down yet.
create index counter_sales_unlinked on counter_sales (id) where state = 'shown' and buyer <> '' and order_id is null;
