package documents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/postgres"
)

// Service is the use cases of this package.
type Service struct {
	db    *sqlx.DB
	now   func() time.Time // business time
	legal Legal
}

// New makes the Service.
func New(db *sqlx.DB, now func() time.Time, legal Legal) *Service {
	return &Service{db: db, now: now, legal: legal}
}

// The kinds of job of this package.
const (
	JobSweep = "documents.sweep"   // what was paid or booked in the last days
	JobFull  = "documents.full"    // what was ever paid or booked
	JobMonth = "documents.monthly" // months that are over
)

// lease is for the first sweep of a large past, too.
const lease = 20 * time.Minute

// recent is how far back the frequent sweep looks.
const recent = 3 * 24 * time.Hour

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSweep, lease, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx, s.now().Add(-recent)) })
	r.Handle(JobFull, lease, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx, time.Time{}) })
	r.Handle(JobMonth, lease, func(ctx context.Context, _ jobs.Work) error { return s.CloseMonths(ctx) })
	r.Every(JobSweep, 2*time.Minute, JobSweep)
	r.Every(JobFull, 24*time.Hour, JobFull)
	r.Every(JobMonth, time.Hour, JobMonth)
}

// Sweep issues an invoice for every shipment paid since then that has none, and a credit note for every refund booked since
// then that has none. Run twice it does nothing more.
func (s *Service) Sweep(ctx context.Context, since time.Time) error {
	if err := s.issueInvoices(ctx, since); err != nil {
		return err
	}
	return s.issueCredits(ctx, since)
}

// draft is a document before it has a number.
type draft struct {
	Document
	series  func(year int) string
	content Content
}

const ensureSeries = `insert into document_series (code) values ($1) on conflict do nothing`

const lockSeries = `select last from document_series where code = $1 for update`

const selectLatest = `select coalesce((select issued_at from documents where series = $1 and sequence = $2), $3)`

const takeNumber = `update document_series set last = last + 1 where code = $1`

const insertDocument = `
insert into documents (series, sequence, number, kind, cause, order_id, shipment_id, refund_id, corrects_id, brand_id, member_id, month, currency,
  net_minor, vat_minor, total_minor, issued_at, content, hash)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::date, $13, $14, $15, $16, $17, $18, encode(sha256(convert_to($18, 'UTF8')), 'hex'))
returning id`

const insertDocumentLine = `
insert into document_lines (document_id, position, order_line_id, earning_id, vat_bps, net_minor, vat_minor, total_minor)
values ($1, $2, $3, $4, $5, $6, $7, $8)`

// issue gives a draft the next number of its series and writes it, in the caller's transaction: rolled back, the number is
// free again. 0 where the cause has its document already.
func (s *Service) issue(ctx context.Context, tx *sqlx.Tx, d draft) (int64, error) {
	asked := s.now()
	series := d.series(year(asked))
	var last int64
	if _, err := tx.ExecContext(ctx, ensureSeries, series); err != nil {
		return 0, fmt.Errorf("issue %s: %w", d.Cause, err)
	}
	if err := tx.GetContext(ctx, &last, lockSeries, series); err != nil {
		return 0, fmt.Errorf("issue %s: %w", d.Cause, err)
	}
	at, err := s.issueTime(ctx, tx, series, last, asked)
	if err != nil {
		return 0, fmt.Errorf("issue %s: %w", d.Cause, err)
	}
	var known bool
	if err := tx.GetContext(ctx, &known, `select exists (select 1 from documents where cause = $1)`, d.Cause); err != nil || known {
		return 0, err
	}
	c := &d.content
	c.Layout, c.Kind, c.Number, c.IssuedAt = layout, d.Kind, numberOf(series, last+1), at
	c.Words = words(c.Lang, c.Plain())
	c.total()
	text, err := json.Marshal(c)
	if err != nil {
		return 0, fmt.Errorf("issue %s: %w", d.Cause, err)
	}
	var id int64
	err = tx.GetContext(ctx, &id, insertDocument, series, last+1, c.Number, d.Kind, d.Cause, d.OrderID, d.ShipmentID, d.RefundID, d.CorrectsID,
		d.BrandID, d.MemberID, day(d.Month), c.Currency, c.Net, c.VAT, c.Total, at, string(text))
	if err != nil {
		return 0, fmt.Errorf("issue %s: %w", d.Cause, postgres.Translate(err))
	}
	for i, l := range c.Lines {
		if _, err := tx.ExecContext(ctx, insertDocumentLine, id, i+1, l.OrderLineID, l.EarningID, l.VATBps, l.Net, l.VAT, l.Total); err != nil {
			return 0, fmt.Errorf("issue %s: %w", d.Cause, err)
		}
	}
	_, err = tx.ExecContext(ctx, takeNumber, series)
	return id, err
}

// issueTime is the time of the next document of a series that is locked: now, as others may have issued while we waited for the lock;
// of the year that the series is of; and never before the last one, for another server's clock may be ahead.
func (s *Service) issueTime(ctx context.Context, tx *sqlx.Tx, series string, last int64, asked time.Time) (time.Time, error) {
	at := s.now()
	if year(at) != year(asked) {
		at = asked
	}
	var latest time.Time
	if err := tx.GetContext(ctx, &latest, selectLatest, series, last, at); err != nil {
		return at, postgres.Translate(err)
	}
	if latest.After(at) {
		at = latest.UTC()
	}
	return at, nil
}

// day writes the first day of a month for the database.
func day(month *time.Time) *string {
	if month == nil {
		return nil
	}
	text := month.Format(time.DateOnly)
	return &text
}

// words are the headings and labels of a document in its language, frozen with it.
func words(l i18n.Lang, plain bool) map[string]string {
	names := []string{"number", "issued", "item", "quantity", "unit", "rate", "net", "vat", "gross", "total_net", "total_vat", "total", "page"}
	if plain {
		names = []string{"number", "issued", "item", "date", "amount", "plain_total", "page"}
	}
	w := make(map[string]string, len(names))
	for _, name := range names {
		w[name] = l.T("document.word." + name)
	}
	return w
}

// each issues drafts one by one; what cannot be issued does not keep the others from it.
func each[T any](ctx context.Context, list []T, do func(T) error) error {
	var errs []error
	for _, x := range list {
		if ctx.Err() != nil {
			return errors.Join(append(errs, ctx.Err())...)
		}
		if err := do(x); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
