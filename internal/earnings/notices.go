package earnings

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// What the earnings of members are called; brands see theirs in their books, and are not told of each.
const selectTitles = `
select e.id, p.member_id, l.title from earnings e join payees p on p.id = e.payee_id and p.member_id is not null join order_lines l on l.id = e.order_line_id
where e.id = any($1) order by e.id`

type titled struct {
	ID       int64  `db:"id"`
	MemberID int64  `db:"member_id"`
	Title    string `db:"title"`
}

func titles(ctx context.Context, tx *sqlx.Tx, earningIDs []int64) (map[int64]titled, error) {
	var rows []titled
	if err := tx.SelectContext(ctx, &rows, selectTitles, pq.Array(earningIDs)); err != nil {
		return nil, fmt.Errorf("name earnings: %w", postgres.Translate(err))
	}
	set := make(map[int64]titled, len(rows))
	for _, r := range rows {
		set[r.ID] = r
	}
	return set, nil
}

// tellFree tells each member once what came free for them in this transaction, currency by currency.
func tellFree(ctx context.Context, tx *sqlx.Tx, released []Earning, now time.Time) error {
	ids := make([]int64, len(released))
	for i, e := range released {
		ids[i] = e.ID
	}
	named, err := titles(ctx, tx, ids)
	if err != nil {
		return err
	}
	type purse struct {
		member   int64
		currency money.Currency
	}
	type sum struct {
		amount money.Amount
		first  titled
		n      int64
	}
	sums := map[purse]sum{}
	for _, e := range released {
		t, ok := named[e.ID]
		left := e.Left()
		if !ok || left.Minor == 0 {
			continue
		}
		p := purse{t.MemberID, left.Currency}
		s := sums[p]
		if s.n == 0 {
			s.first, s.amount = t, money.New(0, left.Currency)
		}
		s.amount.Minor += left.Minor
		s.n++
		sums[p] = s
	}
	for _, p := range slices.SortedFunc(maps.Keys(sums), func(a, b purse) int { return int(sums[a].first.ID - sums[b].first.ID) }) {
		s := sums[p]
		n := notices.Notice{MemberID: p.member, Kind: notices.Free, Event: "came", Subject: fmt.Sprintf("earning:%d", s.first.ID), Path: fmt.Sprintf("/me/earnings/%d", s.first.ID),
			At: now, Args: notices.Args{"Amount": s.amount, "Title": s.first.Title, "Gains": s.n}}
		if s.n > 1 {
			n.Event, n.Path = "came_several", "/me/earnings?state=free"
		}
		if err := notices.Tell(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

// tellBack tells each member whose earning a change took something of, or gave back to.
func tellBack(ctx context.Context, tx *sqlx.Tx, c Change, moves []Move) error {
	var ids []int64
	for _, m := range moves {
		ids = append(ids, m.Earning.ID)
	}
	named, err := titles(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, m := range moves {
		t, ok := named[m.Earning.ID]
		if !ok || m.Give == 0 {
			continue
		}
		err := notices.Tell(ctx, tx, notices.Notice{MemberID: t.MemberID, Kind: notices.Back, Event: string(c.Cause), Subject: fmt.Sprintf("%s:%d", c.Reference, t.ID),
			Path: fmt.Sprintf("/me/earnings/%d", t.ID), At: c.At, Args: notices.Args{"Amount": money.New(max(m.Give, -m.Give), c.Currency), "Title": t.Title}})
		if err != nil {
			return err
		}
	}
	return nil
}
