package till

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/payouts"
	"relais/internal/web/page"
)

// writeStatement writes a statement for a spreadsheet: the lines of the page, amounts as plain decimals with a
// point. A mark at its beginning tells spreadsheets that it is UTF-8.
func writeStatement(w io.Writer, l i18n.Lang, st statementPage) error {
	out, err := newSheet(w, l, "till.csv.", "payout", "earned", "freed", "order", "brand", "role", "product", "quantity", "base", "rate", "amount", "currency")
	if err != nil {
		return err
	}
	for _, line := range st.Lines {
		record := []string{strconv.FormatInt(st.ID, 10), "", line.At.UTC().Format("2006-01-02"), "", "", inert(line.Label), "", "", "", "",
			line.Amount.Decimal(), string(line.Amount.Currency)}
		if e := line.Earning; e != nil && line.Kind == payouts.Earned {
			base, rate := "", ""
			if e.Role == earnings.Commission || e.Role.Makes() {
				base, rate = money.New(e.BaseMinor, e.Amount.Currency).Decimal(), shared(*e)
			}
			if e.Role == earnings.Margin { // of which the VAT is not theirs
				base = money.New(e.BaseMinor, e.Amount.Currency).Decimal()
			}
			copy(record[1:10], []string{e.EarnedAt.UTC().Format("2006-01-02"), at(e.ReleasedAt).UTC().Format("2006-01-02"), e.OrderNumber,
				inert(e.BrandName), l.T("earning.role." + string(e.Role)), inert(e.ProductTitle), strconv.Itoa(e.Quantity), base, rate})
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// writeEarnings writes a payee's earnings for a spreadsheet: what each was, what was given back of it, what is left.
func writeEarnings(w io.Writer, l i18n.Lang, es []earnings.Earning) error {
	out, err := newSheet(w, l, "till.csv.", "earned", "order", "brand", "role", "product", "quantity", "base", "rate", "amount", "returned", "left", "currency", "state", "freed", "payout")
	if err != nil {
		return err
	}
	for _, e := range es {
		minor := func(n int64) string { return money.New(n, e.Amount.Currency).Decimal() }
		base, rate, freed, payout := "", "", "", ""
		if e.Role == earnings.Commission || e.Role.Makes() {
			base, rate = minor(e.BaseMinor), shared(e)
		}
		if e.Role == earnings.Margin {
			base = minor(e.BaseMinor)
		}
		if e.ReleasedAt != nil {
			freed = e.ReleasedAt.UTC().Format("2006-01-02")
		}
		if e.PayoutID != nil {
			payout = strconv.FormatInt(*e.PayoutID, 10)
		}
		record := []string{e.EarnedAt.UTC().Format("2006-01-02"), e.OrderNumber, inert(e.BrandName), l.T("earning.role." + string(e.Role)), inert(e.ProductTitle),
			strconv.Itoa(e.Quantity), base, rate, e.Amount.Decimal(), minor(e.ReturnedMinor), e.Left().Decimal(), string(e.Amount.Currency),
			l.T("page.earning.state." + string(e.State)), freed, payout}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// shared is the rate of a commission or royalty in basis points, of the whole line: times the part where it is shared, with all decimals.
func shared(e earnings.Earning) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%04d", e.RateBps*e.PartBps/10000, e.RateBps*e.PartBps%10000), "0"), ".")
}

// mostRows is how many earnings a file has, the newest.
const mostRows = 20_000

// earningsCSV is every earning of a payee as a file.
func (s *Server) earningsCSV(c echo.Context, of side) error {
	ctx := c.Request().Context()
	payee, err := s.payeeID(ctx, of)
	if err != nil {
		return err
	}
	es, err := earnings.List(ctx, s.DB, payee, earnings.Filter{Limit: mostRows})
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := writeEarnings(&file, page.Lang(c), es); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="relais-earnings.csv"`)
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", file.Bytes())
}

// newSheet begins a file for a spreadsheet: the mark that tells it that it is UTF-8, and the names of its columns.
func newSheet(w io.Writer, l i18n.Lang, keys string, columns ...string) (*csv.Writer, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	out := csv.NewWriter(w)
	var head []string
	for _, column := range columns {
		head = append(head, l.T(keys+column))
	}
	return out, out.Write(head)
}

// inert keeps a spreadsheet from taking a text for a formula and running it.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
