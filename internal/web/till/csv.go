package till

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/payouts"
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
			if e.Role == earnings.Commission {
				base, rate = money.New(e.BaseMinor, e.Amount.Currency).Decimal(), strconv.FormatInt(e.RateBps, 10)
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
