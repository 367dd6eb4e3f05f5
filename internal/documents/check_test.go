package documents_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/lib/pq"

	"relais/internal/app/apptest"
	"relais/internal/documents"
	"relais/internal/orders"
	"relais/internal/postgres/pgtest"
)

// issued is a database with documents of every kind but credits of a month.
func issued(t *testing.T) *apptest.World {
	t.Helper()
	w := apptest.New(t)
	sold(w)
	var orderID int64
	if err := w.DB.Get(&orderID, `select max(id) from orders`); err != nil {
		t.Fatal(err)
	}
	sweep(w)
	refund(w, orderID, orders.RefundWish{Minor: 2500})
	sweep(w)
	w.Pass(31)
	closeMonths(w)
	w.Audit()
	return w
}

// Somebody with all rights changes what was issued, with triggers and constraints switched off: the check names it.
func TestCheckNamesEachCorruption(t *testing.T) {
	w := issued(t)
	owner := pgtest.Owner(t, w.DB)
	for _, c := range []struct{ name, sql, want string }{
		{"a document deleted", `delete from documents where kind = 'invoice'`, "documents_numbers"},
		{"a number skipped", `alter table documents drop constraint documents_number_check; update documents set sequence = sequence + 1 where kind = 'statement'`, "documents_numbers"},
		{"a counter wound back", `update document_series set last = last - 1 where code like 'TERRE-%'`, "documents_numbers"},
		{"a counter lost", `delete from document_series where code like 'RELAIS-F-%'`, "documents_numbers"},
		{"a document antedated", `insert into documents (series, sequence, number, kind, cause, member_id, month, currency, net_minor, vat_minor, total_minor, issued_at, content, hash)
			select series, 2, series || '-000002', kind, 'again', member_id, month, currency, net_minor, vat_minor, total_minor, issued_at - interval '1 day', content, hash from documents where kind = 'statement'`, "documents_in_order"},
		{"a name changed", `alter table documents drop constraint documents_hash_check; update documents set content = replace(content, 'Anne', 'Anna') where kind = 'invoice'`, "documents_content"},
		{"a content exchanged with its hash", `update documents d set content = o.content, hash = o.hash from documents o where d.kind = 'invoice' and o.kind = 'fee_invoice'`, "documents_content"},
		{"a line changed", `update document_lines set total_minor = total_minor + 1, net_minor = net_minor + 1 where document_id = (select min(id) from documents)`, "documents_totals"},
		{"a line deleted", `delete from document_lines where document_id = (select max(id) from documents)`, "documents_totals"},
		{"a credit note called an invoice", `update documents set kind = 'invoice' where kind = 'credit_note'`, "documents_sums"},
		{"an invoice of less than was paid", `update document_lines set total_minor = total_minor - 100, net_minor = net_minor - 100 where document_id = (select min(id) from documents) and position = 1;
			alter table documents drop constraint documents_hash_check; update documents set total_minor = total_minor - 100, net_minor = net_minor - 100 where id = (select min(id) from documents)`, "documents_sums"},
		{"a refund without its credit note", `delete from document_lines where document_id = (select id from documents where kind = 'credit_note'); delete from documents where kind = 'credit_note';
			delete from document_series where code like '%-A'; update refunds set ended_at = ended_at - interval '40 days'`, "documents_complete"},
		{"a sale without its invoice", `alter table documents drop constraint documents_cause_key; update documents set cause = 'shipment:0' where kind = 'invoice'; update orders set paid_at = paid_at - interval '10 days'`, "documents_complete"},
		{"VAT in the books for nothing", `alter table documents drop constraint documents_total_check; update documents set vat_minor = 0 where kind = 'fee_invoice'`, "fee_vat_booked"},
		{"another VAT than in the books", `alter table documents drop constraint documents_total_check; update documents set vat_minor = vat_minor + 1 where kind = 'fee_invoice'`, "fee_vat_booked"},
		{"VAT booked twice", `update ledger_transactions set reference = 'document:0:vat' where kind = 'vat'`, "fee_vat_booked"},
		{"a fee invoice of another month", `update documents set month = month - interval '1 month' where kind = 'fee_invoice'; insert into document_months select month - interval '1 month', closed_at from document_months limit 1`, "fees_invoiced"},
		{"a statement of more than came free", `update earnings set released_minor = released_minor - 1 where role = 'commission' and released_minor > 0`, "statements_sum"},
		{"a trigger switched off", `alter table documents disable trigger documents_append_only`, "documents_guards"},
		{"a right given", `grant update on documents to relais_app`, "documents_guards"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := owner.MustBegin()
			defer func() { _ = tx.Rollback() }()
			tx.MustExec(`set local session_replication_role = replica`)
			if r, err := tx.Exec(c.sql); err != nil {
				t.Fatal(err)
			} else if n, _ := r.RowsAffected(); n == 0 && c.want != "documents_guards" {
				t.Fatal("nothing was changed")
			}
			findings, err := documents.Check(t.Context(), tx)
			if err != nil {
				t.Fatal(err)
			}
			var broken []string
			for _, f := range findings {
				if f.Count != 0 {
					broken = append(broken, f.Name)
				}
			}
			if !slices.Contains(broken, c.want) {
				t.Errorf("broken: %v, want %s among them", broken, c.want)
			}
		})
	}
	w.Audit()
}

// What nobody can do, the owner of the tables included.
func TestWhatWasIssuedStays(t *testing.T) {
	w := issued(t)
	owner := pgtest.Owner(t, w.DB)
	for _, sql := range []string{
		`update documents set total_minor = total_minor`, `delete from documents`, `truncate documents cascade`, `update document_lines set net_minor = net_minor`,
		`delete from document_lines`, `truncate document_lines`, `delete from document_months`, `update document_months set closed_at = now()`, `delete from document_series`,
		`truncate document_series cascade`, `update document_series set last = last - 1`, `update document_series set last = last + 2`, `update document_series set code = code || '-X'`,
	} {
		_, err := w.DB.Exec(sql)
		if refusal, ok := errors.AsType[*pq.Error](err); !ok || refusal.Code != "42501" && refusal.Code != "23514" {
			t.Errorf("app: %s: %v, want it refused", sql, err)
		}
		_, err = owner.Exec(sql)
		if refusal, ok := errors.AsType[*pq.Error](err); !ok || refusal.Code != "42501" && refusal.Code != "23514" {
			t.Errorf("owner: %s: %v, want it refused", sql, err)
		}
	}
	w.Audit()
}
