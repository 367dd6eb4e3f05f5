-- +goose Up
-- What Relais gave back of its fee with a refund or a lost dispute, or got again (negative), by shipment, and so by brand. It is
-- written with the change: a month is closed later, and what its split could be worked out from may have moved on by then.
create table fee_parts (
  transaction_id bigint not null references ledger_transactions,
  shipment_id    bigint not null references shipments,
  minor          bigint not null check (minor <> 0),
  primary key (transaction_id, shipment_id)
);
create trigger fee_parts_append_only before update or delete on fee_parts for each row execute function ledger_refuse();
create trigger fee_parts_no_truncate before truncate on fee_parts for each statement execute function ledger_refuse();
revoke update, delete, truncate on fee_parts from relais_app;

-- Changes from before: each shipment's part is what went back of it less what its payees gave back of that; the first shipment of an
-- order has what is left of the whole.
insert into fee_parts (transaction_id, shipment_id, minor)
with changes as (
  select t.id, coalesce(r.order_id, d.order_id, p.id) as order_id, r.id as refund_id, d.id as dispute_id, case when t.kind in ('refund','dispute_lost') then 1 else -1 end as sign,
    (select coalesce(sum(case a.kind when 'fees' then x.amount else -x.amount end), 0) from ledger_postings x
      join ledger_accounts a on a.id = x.source_account_id join ledger_accounts b on b.id = x.destination_account_id
      where x.transaction_id = t.id and 'fees' in (a.kind, b.kind)) as fee
  from ledger_transactions t
  left join refunds r on t.reference like 'refund:%' and r.id::text = split_part(t.reference, ':', 2)
  left join disputes d on t.reference like 'dispute:%' and d.id::text = split_part(t.reference, ':', 2)
  left join orders p on t.reference like 'order:%' and p.id::text = split_part(t.reference, ':', 2)
  where t.kind in ('refund','refund_failed','dispute_lost','dispute_won')
), parts as (
  select c.id, c.fee, s.id as shipment_id, row_number() over (partition by c.id order by s.id) as nth,
    c.sign * (coalesce((select sum(i.amount_minor) from refund_items i where i.refund_id = c.refund_id and i.shipment_id = s.id), 0)
      + coalesce((select sum(i.amount_minor) from dispute_items i where i.dispute_id = c.dispute_id and i.shipment_id = s.id), 0))
    - coalesce((select sum(k.amount_minor) from clawbacks k join earnings e on e.id = k.earning_id where k.transaction_id = c.id and e.shipment_id = s.id), 0) as own
  from changes c join shipments s on s.order_id = c.order_id
), whole as (
  select id, shipment_id, own + case nth when 1 then fee - sum(own) over (partition by id) else 0 end as minor from parts
)
select id, shipment_id, minor from whole where minor <> 0;
