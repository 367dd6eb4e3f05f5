package documents_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/documents"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/postgres"
)

// taxable gives a brand a VAT number: without one it charges no VAT.
func taxable(w *apptest.World, s apptest.Shop, country, vat string) {
	w.T.Helper()
	err := w.Catalog.EditBrand(w.T.Context(), s.Owner, s.Brand, catalog.BrandDraft{Handle: s.Handle, Name: "Maison " + s.Handle, Lang: i18n.FR, MakerName: "SARL " + s.Handle,
		MakerAddress: "1 rue du Port\n29000 Quimper", ContactEmail: s.Handle + "@marque.example", Country: country, VATNumber: vat, Trader: true})
	if err != nil {
		w.T.Fatal(err)
	}
}

func sweep(w *apptest.World) {
	w.T.Helper()
	if err := w.Documents.Sweep(w.T.Context(), time.Time{}); err != nil {
		w.T.Fatal(err)
	}
}

func closeMonths(w *apptest.World) {
	w.T.Helper()
	if err := w.Documents.CloseMonths(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
}

func ofOrder(w *apptest.World, orderID int64) []documents.Document {
	w.T.Helper()
	list, err := documents.OfOrder(w.T.Context(), w.DB, orderID)
	if err != nil {
		w.T.Fatal(err)
	}
	return list
}

func all(w *apptest.World, q documents.Query) []documents.Document {
	w.T.Helper()
	list, err := documents.List(w.T.Context(), w.DB, q)
	if err != nil {
		w.T.Fatal(err)
	}
	return list
}

func content(w *apptest.World, number string) documents.Content {
	w.T.Helper()
	d, err := documents.ByNumber(w.T.Context(), w.DB, number, documents.Owner{})
	if err != nil {
		w.T.Fatal(err)
	}
	c, err := d.Read()
	if err != nil {
		w.T.Fatal(err)
	}
	return c
}

func TestInvoicePerBrandOfAPaidOrder(t *testing.T) {
	w := apptest.New(t)
	terre, laine := w.Shop("terre", 12000, 9), w.Shop("laine", 3333, 9)
	taxable(w, terre, "FR", "FR40000000101")
	o := w.Paid(apptest.Purchase{Variant: terre.Variant, Quantity: 3}, apptest.Purchase{Variant: laine.Variant})
	unpaid := w.Order(apptest.Purchase{Variant: terre.Variant})
	sweep(w)
	sweep(w)
	list := ofOrder(w, o.ID)
	if len(list) != 2 {
		t.Fatalf("%d documents, want one for each brand", len(list))
	}
	byNumber := map[string]documents.Document{}
	for _, d := range list {
		byNumber[d.Number] = d
	}
	d, ok := byNumber["TERRE-2026-000001"]
	if !ok || d.Kind != documents.Invoice || d.Total.Minor != 36500 || d.NetMinor != 30416 || d.VATMinor != 6084 {
		t.Errorf("invoice of terre: %+v", d)
	}
	c := content(w, d.Number)
	if c.Seller.Name != "SARL terre" || c.Buyer.Name != "Anne Lebrun" || len(c.Lines) != 2 || c.Lines[0].Quantity != 3 || c.Lines[1].VATBps != 2000 || c.Lines[1].Total != 500 ||
		!strings.Contains(c.Issuer, "Relais SAS au nom et pour le compte de SARL terre") || len(c.Taxes) != 1 {
		t.Errorf("content: %+v", c)
	}
	// Without a VAT number there is no VAT, whatever the product says.
	d = byNumber["LAINE-2026-000001"]
	c = content(w, "LAINE-2026-000001")
	if d.VATMinor != 0 || d.Total.Minor != 3833 || !strings.Contains(strings.Join(c.Mentions, " "), "art. 293 B du CGI") {
		t.Errorf("invoice of laine: %+v, %v", d, c.Mentions)
	}
	if err := w.Orders.Cancel(t.Context(), unpaid.ID); err != nil || len(ofOrder(w, unpaid.ID)) != 0 {
		t.Errorf("the order that nobody paid: %v, %v", err, ofOrder(w, unpaid.ID))
	}
	w.Audit()
}

func TestNumbersHaveNoGap(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 1000, 99)
	for range 3 {
		w.Paid(apptest.Purchase{Variant: shop.Variant})
	}
	// Two sweeps at once, and a third that fails halfway: each document once, and no number is lost.
	done := make(chan error, 2)
	for range 2 {
		go func() { done <- w.Documents.Sweep(t.Context(), time.Time{}) }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	lost := errors.New("the machine stops")
	err := postgres.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error {
		if _, err := tx.Exec(`update document_series set last = last + 1 where code = 'TERRE-2026'`); err != nil {
			return err
		}
		return lost
	})
	if !errors.Is(err, lost) {
		t.Fatal(err)
	}
	w.Paid(apptest.Purchase{Variant: shop.Variant})
	sweep(w)
	var numbers []string
	for _, d := range all(w, documents.Query{BrandID: shop.Brand}) {
		numbers = append(numbers, d.Number)
	}
	if got, want := strings.Join(numbers, " "), "TERRE-2026-000004 TERRE-2026-000003 TERRE-2026-000002 TERRE-2026-000001"; got != want {
		t.Errorf("numbers %s, want %s", got, want)
	}
	w.Audit()
}

// Two issuers have the time each for itself: one may be behind, or wait for the other. The later number is not of an earlier time.
func TestNumbersFollowTheTimeOfIssue(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 1000, 99)
	w.Paid(apptest.Purchase{Variant: shop.Variant})
	sweep(w)
	w.Paid(apptest.Purchase{Variant: shop.Variant})
	w.Clock.Set(w.Clock.Now().Add(-time.Second))
	sweep(w)
	if n := len(all(w, documents.Query{BrandID: shop.Brand})); n != 2 {
		t.Fatalf("%d documents, want 2", n)
	}
	w.Audit()
}

// sold makes a relay with a commission that came free in March: 10.00 of a sale of 120.00.
func sold(w *apptest.World) (shop apptest.Shop, relay int64) {
	w.T.Helper()
	shop, relay = w.Shop("terre", 12000, 50), w.Member("lea")
	taxable(w, shop, "FR", "FR40000000101")
	o := w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: relay})
	w.Deliver(o.ID)
	w.Pass(15)
	return shop, relay
}

func TestMonthIsClosed(t *testing.T) {
	w := apptest.New(t)
	shop, relay := sold(w)
	closeMonths(w)
	if n := len(all(w, documents.Query{})); n != 0 {
		t.Fatalf("%d documents before the month is over", n)
	}
	w.Pass(20)
	closeMonths(w)
	closeMonths(w)
	fees := all(w, documents.Query{BrandID: shop.Brand, Kinds: []documents.Kind{documents.FeeInvoice}})
	if len(fees) != 1 || fees[0].Number != "RELAIS-F-2026-000001" || fees[0].Total.Minor != 500 || fees[0].NetMinor != 416 || fees[0].VATMinor != 84 {
		t.Errorf("fee invoices: %+v", fees)
	}
	statements := all(w, documents.Query{MemberID: relay})
	if len(statements) != 1 || statements[0].Total.Minor != 1000 || statements[0].VATMinor != 0 || !strings.HasPrefix(statements[0].Number, "RELAIS-M") {
		t.Errorf("statements: %+v", statements)
	}
	c := content(w, statements[0].Number)
	if !strings.Contains(c.Issuer, "Relais SAS au nom et pour le compte de Lea") || c.Buyer.Name != "Relais SAS" || c.Lines[0].Title != "Bol terre" {
		t.Errorf("statement: %+v", c)
	}
	var vat int64
	if err := w.DB.Get(&vat, `select coalesce(sum(p.amount), 0) from ledger_postings p join ledger_accounts a on a.id = p.destination_account_id where a.kind = 'vat'`); err != nil || vat != 84 {
		t.Errorf("VAT in the books: %d, %v", vat, err)
	}
	sweep(w)
	w.Audit()
}

func TestMonthsAreCaughtUpAfterAnAbsence(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 50)
	taxable(w, shop, "DE", "DE123456789")
	w.Paid(apptest.Purchase{Variant: shop.Variant})
	w.Pass(31)
	w.Paid(apptest.Purchase{Variant: shop.Variant})
	w.Pass(100)
	closeMonths(w)
	fees := all(w, documents.Query{BrandID: shop.Brand})
	if len(fees) != 2 || fees[0].Month.Month() != time.April || fees[1].Month.Month() != time.March || fees[0].VATMinor != 0 {
		t.Errorf("fee invoices: %+v", fees)
	}
	if c := content(w, fees[0].Number); !strings.Contains(strings.Join(c.Mentions, " "), "Autoliquidation") {
		t.Errorf("mentions: %v", c.Mentions)
	}
	var months int
	if err := w.DB.Get(&months, `select count(*) from document_months`); err != nil || months != 4 {
		t.Errorf("%d months closed, %v; want March to June", months, err)
	}
}

func TestDocumentsAreOnlyForWhomTheyConcern(t *testing.T) {
	w := apptest.New(t)
	shop, other := w.Shop("terre", 12000, 9), w.Shop("laine", 12000, 9)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant})
	sweep(w)
	for _, of := range []documents.Owner{{OrderID: o.ID + 1}, {BrandID: other.Brand}, {MemberID: other.Owner}} {
		if _, err := documents.ByNumber(t.Context(), w.DB, "TERRE-2026-000001", of); !errors.Is(err, fault.NotFound) {
			t.Errorf("%+v: %v, want not found", of, err)
		}
	}
	for _, of := range []documents.Owner{{}, {OrderID: o.ID}, {BrandID: shop.Brand}} {
		if _, err := documents.ByNumber(t.Context(), w.DB, "TERRE-2026-000001", of); err != nil {
			t.Errorf("%+v: %v", of, err)
		}
	}
}
