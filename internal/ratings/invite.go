package ratings

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/orders"
	"relais/internal/postgres"
)

const (
	sweepMost = 500 // orders that a sweep looks at
	askedDays = 60  // an order that was received longer ago is not asked about any more
)

// Orders of which everything that was sent arrived, the last of it InviteDays ago.
const selectInvitable = `
select distinct o.id from shipments s join orders o on o.id = s.order_id
where s.state = 'delivered' and s.delivered_at <= $1 and s.delivered_at > $2 and o.state = 'paid'
  and not exists (select 1 from rating_invitations i where i.order_id = o.id)
  and not exists (select 1 from shipments x where x.order_id = o.id and (x.state in ('waiting','preparing','shipped') or x.state = 'delivered' and x.delivered_at > $1))
order by o.id limit $3`

// Sweep writes to buyers who received everything some days ago. It may run twice, and at any time.
func (s *Service) Sweep(ctx context.Context) error {
	due := s.now().AddDate(0, 0, -InviteDays)
	var ids []int64
	if err := s.db.SelectContext(ctx, &ids, selectInvitable, due, due.AddDate(0, 0, -askedDays), sweepMost); err != nil {
		return fmt.Errorf("find whom to ask: %w", postgres.Translate(err))
	}
	var failed []error
	for _, id := range ids {
		failed = append(failed, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return s.invite(ctx, tx, id) }))
	}
	return errors.Join(failed...)
}

// invite asks about an order, once: about what can be rated and was not, unless the buyer wants no such letters.
func (s *Service) invite(ctx context.Context, tx *sqlx.Tx, orderID int64) error {
	o, err := orders.Lock(ctx, tx, orderID)
	if err != nil {
		return err
	}
	all, err := OfOrder(ctx, tx, orderID)
	if err != nil {
		return err
	}
	var open []Bought
	for _, b := range all {
		if b.May() == nil && b.RatingID == nil {
			open = append(open, b)
		}
	}
	refused, err := Refuses(ctx, tx, o.EmailNormal)
	if err != nil {
		return err
	}
	send := len(open) > 0 && !refused && o.Email != "" // who bought face to face may have left none
	res, err := tx.ExecContext(ctx, `insert into rating_invitations (order_id, at, sent) values ($1, $2, $3) on conflict do nothing`, orderID, s.now(), send)
	if err != nil {
		return fmt.Errorf("ask about order %d: %w", orderID, postgres.Translate(err))
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 || !send {
		return err // another sweep was faster, or there is nothing to ask
	}
	return s.toBuyer(ctx, tx, open[0].LineID, "rating_invite", fmt.Sprintf("order:%d:rate", orderID), letter{Bought: open})
}

// Refuses says whether a buyer wants no letters that ask for ratings.
func Refuses(ctx context.Context, q sqlx.QueryerContext, buyer string) (no bool, err error) {
	err = sqlx.GetContext(ctx, q, &no, `select exists (select 1 from rating_refusals where buyer = $1)`, buyer)
	return no, postgres.Translate(err)
}

// Refuse keeps that the buyer of an order wants no more letters that ask for ratings, about this order or any other; or takes that back.
func (s *Service) Refuse(ctx context.Context, orderID int64, no bool) error {
	query := `insert into rating_refusals (buyer, at) select ` + buyerOf + `, $2 from orders o where o.id = $1 on conflict do nothing`
	if !no {
		query = `delete from rating_refusals r using orders o where o.id = $1 and r.buyer = ` + buyerOf + ` and $2::timestamptz is not null`
	}
	_, err := s.db.ExecContext(ctx, query, orderID, s.now())
	return postgres.Translate(err)
}

func int64s(list []int64) any { return pq.Array(list) }
