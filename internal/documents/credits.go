package documents

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/postgres"
)

// returned is one booking of a refund, as far as it concerns one shipment. A refund that failed late was booked, which is
// booking 1, and taken back, which is booking 2: an invoice that undoes the credit note of the first.
type returned struct {
	RefundID   int64     `db:"refund_id"`
	ShipmentID int64     `db:"shipment_id"`
	OrderID    int64     `db:"order_id"`
	BrandID    int64     `db:"brand_id"`
	Handle     string    `db:"handle"`
	Booking    int       `db:"booking"`
	EndedAt    time.Time `db:"ended_at"`
	InvoiceID  int64     `db:"invoice_id"`
}

// cause names the document of a booking.
func (r returned) cause(booking int) string {
	return fmt.Sprintf("refund:%d:%d:shipment:%d", r.RefundID, booking, r.ShipmentID)
}

// undoes says whether the booking takes the one before it back.
func (r returned) undoes() bool { return r.Booking%2 == 0 }

// Each booking of each refund of an order, by shipment, that has no document yet.
const selectUncredited = `
select r.id as refund_id, i.shipment_id, r.order_id, s.brand_id, b.handle, n.booking, coalesce(r.ended_at, r.asked_at) as ended_at, d.id as invoice_id
from refunds r cross join lateral generate_series(1, r.booked_times) n(booking)
join (select distinct refund_id, shipment_id from refund_items) i on i.refund_id = r.id
join shipments s on s.id = i.shipment_id join brands b on b.id = s.brand_id join documents d on d.cause = 'shipment:' || s.id
where not r.stray and r.booked_times > 0 and r.asked_at >= $1
  and not exists (select 1 from documents c where c.cause = 'refund:' || r.id || ':' || n.booking || ':shipment:' || s.id)
order by coalesce(r.ended_at, r.asked_at), r.id, n.booking, s.id limit $2`

// refundTail is how long after it was asked for a refund may still be booked, or fail.
const refundTail = 60 * 24 * time.Hour

// issueCredits issues what every booking of a refund lacks, the first first. Refunds are found by when they were asked for, which
// may be weeks before they are booked.
func (s *Service) issueCredits(ctx context.Context, since time.Time) error {
	if !since.IsZero() {
		since = since.Add(-refundTail)
	}
	for {
		var found []returned
		if err := s.db.SelectContext(ctx, &found, selectUncredited, since, batch); err != nil {
			return fmt.Errorf("find refunds without credit note: %w", err)
		}
		if err := each(ctx, found, func(r returned) error { return s.issueCredit(ctx, r) }); err != nil || len(found) < batch {
			return err
		}
	}
}

// issueCredit issues the document of one booking.
func (s *Service) issueCredit(ctx context.Context, r returned) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if r.undoes() {
			d, err := s.undo(ctx, tx, r)
			if err != nil {
				return err
			}
			_, err = s.issue(ctx, tx, d)
			return err
		}
		invoice, content, err := readContent(ctx, tx, r.InvoiceID)
		if err != nil {
			return err
		}
		lines, err := creditLines(ctx, tx, r, content)
		if err != nil {
			return err
		}
		_, err = s.issue(ctx, tx, s.credit(r, invoice, content, lines))
		return err
	})
}

const selectContent = `select id, number, issued_at, content from documents where id = $1`

// readContent reads a document back, its lines with the order lines that they are of.
func readContent(ctx context.Context, q sqlx.QueryerContext, id int64) (Document, Content, error) {
	var d Document
	if err := sqlx.GetContext(ctx, q, &d, selectContent, id); err != nil {
		return d, Content{}, fmt.Errorf("read document %d: %w", id, err)
	}
	c, err := d.Read()
	if err != nil {
		return d, c, err
	}
	return d, c, identify(ctx, q, id, &c)
}

// idOf is an order line's id; 0: the delivery.
func idOf(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

const selectReturnedItems = `
select order_line_id, quantity, amount_minor from refund_items where refund_id = $1 and shipment_id = $2 order by order_line_id nulls last`

// What of each line of an invoice was taken back before, and not given again.
const selectCredited = `
select coalesce(l.order_line_id, 0) as order_line_id, sum(case d.kind when 'credit_note' then l.net_minor else -l.net_minor end) as net,
  sum(case d.kind when 'credit_note' then l.total_minor else -l.total_minor end) as total
from documents d join document_lines l on l.document_id = d.id where d.shipment_id = $1 and d.refund_id is not null group by 1`

// creditLines are the lines of an invoice as far as a refund takes them back. An order line is found by its id, the delivery
// by having none.
func creditLines(ctx context.Context, q sqlx.QueryerContext, r returned, invoice Content) ([]Line, error) {
	var items []struct {
		OrderLineID *int64 `db:"order_line_id"`
		Quantity    int64  `db:"quantity"`
		AmountMinor int64  `db:"amount_minor"`
	}
	if err := sqlx.SelectContext(ctx, q, &items, selectReturnedItems, r.RefundID, r.ShipmentID); err != nil {
		return nil, fmt.Errorf("read refund %d: %w", r.RefundID, err)
	}
	var past []struct {
		OrderLineID int64 `db:"order_line_id"`
		Net         int64 `db:"net"`
		Total       int64 `db:"total"`
	}
	if err := sqlx.SelectContext(ctx, q, &past, selectCredited, r.ShipmentID); err != nil {
		return nil, fmt.Errorf("read credit notes of shipment %d: %w", r.ShipmentID, err)
	}
	before := map[int64]Credited{}
	for _, p := range past {
		before[p.OrderLineID] = Credited{p.Net, p.Total}
	}
	byLine := map[int64]Line{}
	for _, l := range invoice.Lines {
		byLine[idOf(l.OrderLineID)] = l
	}
	var lines []Line
	for _, i := range items {
		id := idOf(i.OrderLineID)
		of, ok := byLine[id]
		if !ok {
			return nil, fmt.Errorf("refund %d: order line %d is not on invoice %s", r.RefundID, id, invoice.Number)
		}
		l := CreditOf(of, before[id], i.AmountMinor)
		l.Quantity = max(i.Quantity, 1)
		if i.Quantity == 0 && id != 0 {
			l.Detail = joined(" · ", l.Detail, invoice.Lang.T("document.partly"))
		}
		lines = append(lines, l)
	}
	return lines, nil
}

const selectLineIDs = `select position, order_line_id from document_lines where document_id = $1`

// identify tells the lines of a content that was read which order lines they are of.
func identify(ctx context.Context, q sqlx.QueryerContext, id int64, c *Content) error {
	var rows []struct {
		Position    int    `db:"position"`
		OrderLineID *int64 `db:"order_line_id"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectLineIDs, id); err != nil {
		return fmt.Errorf("read lines of document %d: %w", id, err)
	}
	for _, r := range rows {
		c.Lines[r.Position-1].OrderLineID = r.OrderLineID
	}
	return nil
}

// credit is the draft of a credit note on an invoice: the same parties, as they stood on it.
func (s *Service) credit(r returned, invoice Document, c Content, lines []Line) draft {
	l := c.Lang
	c.Title, c.Lines = l.T("document.title.credit_note"), lines
	c.Facts = append(ofOrder(c.Facts, l), Fact{l.T("document.fact.corrects"), l.T("document.fact.corrects_of", "Number", invoice.Number, "Date", invoice.IssuedAt)},
		Fact{l.T("document.fact.refunded"), l.Date(r.EndedAt)})
	var total int64
	for _, line := range lines {
		total += line.Total
	}
	c.Settled = l.T("document.settled.refunded", "Date", r.EndedAt, "Amount", money.New(total, c.Currency))
	return draft{series: func(year int) string { return brandSeries(r.Handle, r.BrandID, CreditNote, year) }, content: c,
		Document: Document{Kind: CreditNote, Cause: r.cause(r.Booking), OrderID: &r.OrderID, ShipmentID: &r.ShipmentID, RefundID: &r.RefundID, CorrectsID: &r.InvoiceID, BrandID: &r.BrandID}}
}

// ofOrder keeps of an invoice's facts the number of the order.
func ofOrder(facts []Fact, l i18n.Lang) []Fact {
	for _, f := range facts {
		if f.Label == l.T("document.fact.order") {
			return []Fact{f}
		}
	}
	return nil
}

// undo is the draft of the invoice that takes a credit note back, because the buyer's bank did not take the money.
func (s *Service) undo(ctx context.Context, q sqlx.QueryerContext, r returned) (draft, error) {
	var noteID int64
	if err := sqlx.GetContext(ctx, q, &noteID, `select id from documents where cause = $1`, r.cause(r.Booking-1)); err != nil {
		return draft{}, fmt.Errorf("find credit note of refund %d: %w", r.RefundID, err)
	}
	note, c, err := readContent(ctx, q, noteID)
	if err != nil {
		return draft{}, err
	}
	l := c.Lang
	c.Title = l.T("document.title.invoice")
	c.Facts = append(ofOrder(c.Facts, l), Fact{l.T("document.fact.corrects"), l.T("document.fact.corrects_of", "Number", note.Number, "Date", note.IssuedAt)})
	c.Settled = l.T("document.settled.undone")
	return draft{series: func(year int) string { return brandSeries(r.Handle, r.BrandID, Invoice, year) }, content: c,
		Document: Document{Kind: Invoice, Cause: r.cause(r.Booking), OrderID: &r.OrderID, ShipmentID: &r.ShipmentID, RefundID: &r.RefundID, CorrectsID: &noteID, BrandID: &r.BrandID}}, nil
}
