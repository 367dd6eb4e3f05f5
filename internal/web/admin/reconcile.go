package admin

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/reconcile"
	"relais/internal/web/page"
)

type reconcilePage struct {
	Last     *reconcile.RunRow
	Halted   bool
	Figures  []reconcile.Figures
	Rows     []figureRow
	Open     []reconcile.Difference
	Resolved []reconcile.Difference
	Months   []reconcile.Month
}

// figureRow is one line of the comparison of funds: a word and an amount in each currency.
type figureRow struct {
	Key     string // reconcile.funds.KEY
	Heading bool
	Amounts []money.Amount
}

// Amount is minor units of a difference as money; nothing where it is about no amount.
func (reconcilePage) Amount(l i18n.Lang, minor int64, currency string) string {
	if currency == "" {
		return l.Number(minor)
	}
	return l.Money(money.New(minor, money.Currency(currency)))
}

// Freezes says whether payouts wait for a difference.
func (reconcilePage) Freezes(d reconcile.Difference) bool {
	return !d.Settled && d.Kind.Freezes() && (d.PayeeID != nil || d.OrderID != nil)
}

// Money is minor units of a currency as money.
func (reconcilePage) Money(minor int64, c money.Currency) money.Amount { return money.New(minor, c) }

// figureRows are the lines of the comparison of funds; an empty amount heads a group.
func figureRows(fs []reconcile.Figures) []figureRow {
	lines := []struct {
		key    string
		amount func(reconcile.Figures) int64
	}{
		{"at_stripe", nil},
		{"available", func(f reconcile.Figures) int64 { return f.Available }},
		{"pending", func(f reconcile.Figures) int64 { return f.Pending }},
		{"reserved", func(f reconcile.Figures) int64 { return f.Reserved }},
		{"total", reconcile.Figures.Total},
		{"booked", func(f reconcile.Figures) int64 { return f.Booked }},
		{"apart", func(f reconcile.Figures) int64 { return f.Apart }},
		{"books", nil},
		{"held", func(f reconcile.Figures) int64 { return f.Held }},
		{"free", func(f reconcile.Figures) int64 { return f.Free }},
		{"paying", func(f reconcile.Figures) int64 { return f.Paying }},
		{"debt", func(f reconcile.Figures) int64 { return f.Debt }},
		{"suspense", func(f reconcile.Figures) int64 { return f.Suspense }},
		{"disputed", func(f reconcile.Figures) int64 { return f.Disputed }},
		{"vat", func(f reconcile.Figures) int64 { return f.VAT }},
		{"fees", func(f reconcile.Figures) int64 { return f.Fees }},
		{"costs", func(f reconcile.Figures) int64 { return f.Costs }},
		{"losses", func(f reconcile.Figures) int64 { return f.Losses }},
		{"bank", func(f reconcile.Figures) int64 { return -f.Bank }},
		{"sweepable", reconcile.Figures.Sweepable},
	}
	rows := make([]figureRow, 0, len(lines))
	for _, line := range lines {
		row := figureRow{Key: line.key, Heading: line.amount == nil}
		for _, f := range fs {
			if line.amount != nil {
				row.Amounts = append(row.Amounts, money.New(line.amount(f), f.Currency))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// reconciliation is whether Stripe's books and ours agree, and what to do where they do not.
func (s *Server) reconciliation(c echo.Context) error {
	ctx := c.Request().Context()
	var data reconcilePage
	var err error
	if data.Last, err = s.Reconcile.LastRun(ctx); err != nil {
		return err
	}
	if data.Halted, err = reconcile.Halted(ctx, s.DB); err != nil {
		return err
	}
	if data.Figures, err = s.Reconcile.Figures(ctx); err != nil {
		return err
	}
	data.Rows = figureRows(data.Figures)
	if data.Open, err = s.Reconcile.Open(ctx); err != nil {
		return err
	}
	if data.Resolved, err = s.Reconcile.Resolved(ctx, listed); err != nil {
		return err
	}
	if data.Months, err = s.Reconcile.Months(ctx, s.Now().AddDate(-1, 0, 0)); err != nil {
		return err
	}
	return s.render(c, "reconciliation", data)
}

// compareNow has everything compared by the next free worker. Asked twice within a minute it is done once.
func (s *Server) compareNow(c echo.Context) error {
	err := s.Reconcile.Ask(c.Request().Context(), by(c))
	return s.done(c, err, "reconcile.queued", "/admin/reconciliation")
}

// judgeDifference keeps a note or an explanation, confirms one, or takes it back.
func (s *Server) judgeDifference(c echo.Context) error {
	difference, err := id(c)
	if err != nil {
		return err
	}
	ctx, form, key := c.Request().Context(), page.PostedForm(c), ""
	switch form.Get("do") {
	case "note":
		key, err = "reconcile.noted", s.Reconcile.Annotate(ctx, by(c), difference, form.Get("reason"))
	case "explain":
		var waits bool
		key = "reconcile.explained"
		if waits, err = s.Reconcile.Explain(ctx, by(c), difference, form.Get("reason")); waits {
			key = "reconcile.waits"
		}
	case "confirm":
		key, err = "reconcile.confirmed", s.Reconcile.Confirm(ctx, by(c), difference)
	case "reopen":
		key, err = "reconcile.reopened", s.Reconcile.Reopen(ctx, by(c), difference)
	default:
		return errNotFound
	}
	return s.done(c, err, key, "/admin/reconciliation#difference-"+strconv.FormatInt(difference, 10))
}

// differencesFile is every open difference, then the resolved ones, as a file.
func (s *Server) differencesFile(c echo.Context) error {
	ctx := c.Request().Context()
	open, err := s.Reconcile.Open(ctx)
	if err != nil {
		return err
	}
	resolved, err := s.Reconcile.Resolved(ctx, 10_000)
	if err != nil {
		return err
	}
	rows := [][]string{{"id", "kind", "object", "currency", "books", "found", "payee", "order", "first_seen", "last_seen", "resolved", "note", "explanation", "explained_by", "confirmed_by"}}
	for _, d := range append(open, resolved...) {
		books, found := strconv.FormatInt(d.Expected, 10), strconv.FormatInt(d.Found, 10)
		if d.Currency != "" {
			books, found = decimal(d.Expected, d.Currency), decimal(d.Found, d.Currency)
		}
		rows = append(rows, []string{strconv.FormatInt(d.ID, 10), string(d.Kind), d.Object, d.Currency, books, found, inert(d.PayeeName), d.OrderNumber,
			stamp(&d.FirstSeen), stamp(&d.LastSeen), stamp(d.Resolved), inert(d.Note), inert(d.Explanation), inert(d.Explainer), inert(d.Confirmer)})
	}
	return file(c, "relais-stripe-differences.csv", rows)
}

// revenueFile is the platform's revenue of every month, as a file.
func (s *Server) revenueFile(c echo.Context) error {
	months, err := s.Reconcile.Months(c.Request().Context(), time.Time{})
	if err != nil {
		return err
	}
	rows := [][]string{{"month", "currency", "fees_without_vat", "vat", "stripe_fees", "losses", "net"}}
	for _, m := range months {
		row := []string{m.Start.Format("2006-01"), string(m.Currency)}
		for _, minor := range []int64{m.Fees, m.VAT, m.Costs, m.Losses, m.Net()} {
			row = append(row, decimal(minor, string(m.Currency)))
		}
		rows = append(rows, row)
	}
	return file(c, "relais-revenue.csv", rows)
}

func decimal(minor int64, currency string) string {
	return money.New(minor, money.Currency(currency)).Decimal()
}

func stamp(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// file answers with a CSV file, marked as UTF-8 for spreadsheets.
func file(c echo.Context, name string, rows [][]string) error {
	out := bytes.NewBufferString("\ufeff")
	if err := csv.NewWriter(out).WriteAll(rows); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", out.Bytes())
}

// inert keeps a spreadsheet from taking a text for a formula and running it.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
