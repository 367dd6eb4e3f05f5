package returns

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/postgres"
)

const selectComing = `
select l.order_line_id, sum(l.quantity - coalesce((select sum(i.quantity) from refund_items i join refunds f on f.id = i.refund_id
    where f.return_id = r.id and i.order_line_id = l.order_line_id and f.state not in ('failed','canceled')), 0))::bigint as pieces
from return_lines l join returns r on r.id = l.return_id
where r.order_id = $1 and r.state not in ('refused','withdrawn') group by l.order_line_id`

// comingBack is how many pieces of each line come back, or came, and are not counted as refunded: their refund is not asked yet, or it paid
// nothing for them, as their money had gone back before.
func comingBack(ctx context.Context, q sqlx.QueryerContext, orderID int64) (map[int64]int64, error) {
	var rows []struct {
		LineID int64 `db:"order_line_id"`
		Pieces int64 `db:"pieces"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectComing, orderID); err != nil {
		return nil, postgres.Translate(err)
	}
	coming := make(map[int64]int64, len(rows))
	for _, r := range rows {
		coming[r.LineID] = r.Pieces
	}
	return coming, nil
}

const selectReturn = `
select id, order_id, shipment_id, brand_id, operation, kind, state, reason, asked_at, decided_at, decided_by, answer, sent_at, tracking,
  received_at, deducted_minor, ended_at from returns`

const selectLines = `
select r.return_id, r.order_line_id, r.quantity, l.title, l.variant_title, l.price_minor from return_lines r join order_lines l on l.id = r.order_line_id
where r.return_id = $1 order by r.order_line_id`

func byID(ctx context.Context, q sqlx.QueryerContext, id int64) (Return, error) {
	var r Return
	if err := sqlx.GetContext(ctx, q, &r, selectReturn+` where id = $1`, id); err != nil {
		if err = postgres.Translate(err); errors.Is(err, fault.NotFound) {
			err = ErrGone
		}
		return r, err
	}
	return r, postgres.Translate(sqlx.SelectContext(ctx, q, &r.Lines, selectLines, id))
}

// OfOrder is what comes back of an order, newest first; brandID 0: of every brand.
func (s *Service) OfOrder(ctx context.Context, orderID, brandID int64) ([]Return, error) {
	var ids []int64
	err := s.db.SelectContext(ctx, &ids, `select id from returns where order_id = $1 and ($2 = 0 or brand_id = $2) order by id desc`, orderID, brandID)
	if err != nil {
		return nil, postgres.Translate(err)
	}
	rs := make([]Return, len(ids))
	for i, id := range ids {
		if rs[i], err = byID(ctx, s.db, id); err != nil {
			return nil, err
		}
	}
	return rs, nil
}

// Choice is what a buyer can send back of an order now.
type Choice struct {
	Options []Option
	Err     error // why nothing can be withdrawn: nil, ErrNotPaid, ErrWindowOver, ErrCustomMade, ErrAgain
	coming  map[int64]int64
}

// ChoiceOf says what the buyer of an order can send back now, and whether by right.
func (s *Service) ChoiceOf(ctx context.Context, p orders.Page) (Choice, error) {
	coming, err := comingBack(ctx, s.db, p.ID)
	if err != nil {
		return Choice{}, err
	}
	return Choice{coming: coming, Options: Options(p.Shipments, coming), Err: Withdrawable(p.Order, p.Shipments, coming, s.now())}, nil
}
