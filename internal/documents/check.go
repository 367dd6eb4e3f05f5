package documents

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

// signed counts a credit as negative.
const signed = `case when d.kind in ('credit_note','fee_credit','statement_credit') then -d.total_minor else d.total_minor end`

var checks = []ledger.Invariant{
	{Name: "documents_numbers", Description: "the numbers of each series follow each other from 1, without a gap and without a double",
		Query: `select count(*) from (select s.code, s.last, count(d.id) as n, count(distinct d.sequence) as different, coalesce(min(d.sequence), 1) as low, coalesce(max(d.sequence), 0) as high
		  from document_series s full join documents d on d.series = s.code group by s.code, s.last) x
		  where code is null or last <> n or different <> n or low <> 1 or high <> last`},
	{Name: "documents_in_order", Description: "of two documents of a series the later number was not issued earlier",
		Query: `select count(*) from (select issued_at < lag(issued_at) over (partition by series order by sequence) as back from documents) x where back`},
	{Name: "documents_content", Description: "what is printed is what was issued: hash, number and totals of each content are its document's",
		Query: `select count(*) from documents d where d.hash <> encode(sha256(convert_to(d.content, 'UTF8')), 'hex') or d.content::jsonb ->> 'number' <> d.number
		  or (d.content::jsonb ->> 'total_minor')::bigint <> d.total_minor or (d.content::jsonb ->> 'vat_minor')::bigint <> d.vat_minor
		  or d.content::jsonb ->> 'currency' <> d.currency or d.content::jsonb ->> 'kind' <> d.kind`},
	{Name: "documents_totals", Description: "the lines of each document, and its sums by VAT rate, come to its totals",
		Query: `select count(*) from documents d
		  left join lateral (select count(*) as n, coalesce(sum(net_minor), 0) as net, coalesce(sum(vat_minor), 0) as vat, coalesce(sum(total_minor), 0) as total
		    from document_lines l where l.document_id = d.id) l on true
		  left join lateral (select coalesce(sum((t ->> 'net_minor')::bigint), 0) as net, coalesce(sum((t ->> 'vat_minor')::bigint), 0) as vat
		    from jsonb_array_elements(d.content::jsonb -> 'taxes') t) t on true
		  where l.n = 0 or l.net <> d.net_minor or l.vat <> d.vat_minor or l.total <> d.total_minor or t.net <> d.net_minor or t.vat <> d.vat_minor`},
	{Name: "documents_sums", Description: "each brand's invoice is what its parcel cost, and with its credit notes what the buyer paid less what went back",
		Query: `select count(*) from (select d.shipment_id, sum(` + signed + `) as said,
		    count(*) filter (where d.cause = 'shipment:' || d.shipment_id) as first,
		    sum(case when d.refund_id is null then 0 when split_part(d.cause, ':', 3)::integer % 2 = 1 then i.minor else -i.minor end) as back
		  from documents d left join lateral (select sum(amount_minor) as minor from refund_items where refund_id = d.refund_id and shipment_id = d.shipment_id) i on true
		  where d.shipment_id is not null group by 1) x join shipments s on s.id = x.shipment_id
		  where first <> 1 or said <> s.shipping_minor + (select sum(l.total_minor) from order_lines l where l.shipment_id = s.id) - back`},
	{Name: "documents_complete", Description: "two days after a document was issued, nothing that was paid or refunded before it is without one",
		Query: `select (select count(*) from shipments s join orders o on o.id = s.order_id
		    where o.paid_at < (select max(issued_at) from documents) - interval '2 days' and not exists (select 1 from documents d where d.cause = 'shipment:' || s.id))
		  + (select count(*) from refunds r join (select distinct refund_id, shipment_id from refund_items) i on i.refund_id = r.id
		    where not r.stray and r.ended_at < (select max(issued_at) from documents) - interval '2 days'
		      and r.booked_times <> (select count(*) from documents d where d.refund_id = r.id and d.shipment_id = i.shipment_id))`},
	{Name: "fee_vat_booked", Description: "the VAT of each fee invoice stands in the books once, and no other VAT",
		Query: `select count(*) from (select d.id, d.vat_minor, d.currency, d.kind from documents d where d.kind in ('fee_invoice','fee_credit') and d.vat_minor > 0) d
		  full join (select t.reference, t.currency, p.amount, a.kind as source, b.kind as destination from ledger_transactions t
		    join ledger_postings p on p.transaction_id = t.id join ledger_accounts a on a.id = p.source_account_id join ledger_accounts b on b.id = p.destination_account_id
		    where t.kind = 'vat' or 'vat' in (a.kind, b.kind)) v on v.reference = 'document:' || d.id || ':vat'
		  where d.id is null or v.reference is null or v.amount <> d.vat_minor or v.currency <> d.currency
		    or v.source <> case d.kind when 'fee_invoice' then 'fees' else 'vat' end or v.destination <> case d.kind when 'fee_invoice' then 'vat' else 'fees' end`},
	{Name: "fees_invoiced", Description: "the fee invoices of a closed month come to what fees earned and gave back in it",
		Query: `select count(*) from (
		    select m.month, t.currency, sum(case b.kind when 'fees' then p.amount else -p.amount end) as minor from document_months m
		    join ledger_transactions t on t.at >= m.month::timestamp at time zone 'Europe/Paris' and t.at < (m.month + interval '1 month')::timestamp at time zone 'Europe/Paris'
		      and t.kind in ('sale','refund','refund_failed','dispute_lost','dispute_won')
		    join ledger_postings p on p.transaction_id = t.id join ledger_accounts a on a.id = p.source_account_id join ledger_accounts b on b.id = p.destination_account_id
		    where 'fees' in (a.kind, b.kind) group by 1, 2) booked
		  full join (select d.month, d.currency, sum(` + signed + `) as minor from documents d join document_months m on m.month = d.month
		    where d.kind in ('fee_invoice','fee_credit') group by 1, 2) said using (month, currency)
		  where coalesce(booked.minor, 0) <> coalesce(said.minor, 0)`},
	{Name: "statements_sum", Description: "the statements of a closed month come to the commissions, margins and royalties that came free in it less those that went back",
		Query: `select count(*) from (
		    select month, member_id, currency, sum(minor) as minor from (
		      select date_trunc('month', e.released_at at time zone 'Europe/Paris')::date as month, p.member_id, e.currency, e.released_minor as minor
		      from earnings e join payees p on p.id = e.payee_id where e.role in ('commission','margin','royalty','idea') and e.released_at is not null
		      union all select date_trunc('month', c.at at time zone 'Europe/Paris')::date, p.member_id, c.currency, -(c.free_minor + c.debt_minor)
		      from clawbacks c join payees p on p.id = c.payee_id where p.member_id is not null) moves
		    join document_months m using (month) group by 1, 2, 3) booked
		  full join (select d.month, d.member_id, d.currency, sum(` + signed + `) as minor from documents d join document_months m on m.month = d.month
		    where d.kind in ('statement','statement_credit') group by 1, 2, 3) said using (month, member_id, currency)
		  where coalesce(booked.minor, 0) <> coalesce(said.minor, 0)`},
	{Name: "documents_guards", Description: "the triggers and rights that keep documents as they were issued are there and on",
		Query: `select (select count(*) from (values ('documents', 'documents_append_only'), ('documents', 'documents_no_truncate'),
		      ('document_lines', 'document_lines_append_only'), ('document_lines', 'document_lines_no_truncate'), ('document_series', 'document_series_move'),
		      ('document_series', 'document_series_no_delete'), ('document_series', 'document_series_no_truncate'), ('document_months', 'document_months_append_only'),
		      ('document_months', 'document_months_no_truncate')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('documents', 'UPDATE, DELETE, TRUNCATE'), ('document_lines', 'UPDATE, DELETE, TRUNCATE'),
		      ('document_months', 'UPDATE, DELETE, TRUNCATE'), ('document_series', 'DELETE, TRUNCATE')) expected(relation, rights)
		    where has_table_privilege('relais_app', expected.relation, expected.rights))`},
}

// Check counts what breaks each invariant of documents.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
