package earnings

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/money"
)

// Year is what a member earned by sales since a moment, for having brought them or made what was sold: on how many lines of orders, and what of it is theirs, in euro, by which the thresholds of
// the law are (Directive 2021/514: 30 sales or 2,000 €).
type Year struct {
	Sales int64 `db:"sales"`
	Minor int64 `db:"minor"`
}

// Earned is what of it is the member's.
func (y Year) Earned() money.Amount { return money.New(y.Minor, "EUR") }

// Reported says whether Relais has to report the member to the tax office.
func (y Year) Reported() bool { return y.Sales >= ReportedSales || y.Minor > ReportedMinor }

// The thresholds from which platforms report who sells through them: as many sales, or more than as much money, in a year.
const (
	ReportedSales = 30
	ReportedMinor = 200_000
)

const selectSince = `
select count(distinct e.order_line_id) as sales, coalesce(sum(e.amount_minor - e.moved_minor - e.returned_minor) filter (where e.currency = 'EUR'), 0) as minor
from earnings e join payees p on p.id = e.payee_id
where p.member_id = $1 and e.role in ('commission','margin','royalty','idea') and e.state <> 'voided' and e.earned_at >= $2`

// Since is what a member earned since then.
func Since(ctx context.Context, q sqlx.QueryerContext, memberID int64, at time.Time) (Year, error) {
	var y Year
	if err := sqlx.GetContext(ctx, q, &y, selectSince, memberID, at); err != nil {
		return y, fmt.Errorf("sum the year of member %d: %w", memberID, err)
	}
	return y, nil
}
