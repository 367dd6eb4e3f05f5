package orders

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"relais/internal/postgres"
	"relais/internal/royalties"
)

// orFault is the fault where a row is missing, and any other error as it is.
func orFault(err, missing error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return missing
	}
	return postgres.Translate(err)
}

const orderColumns = `id, number, token, member_id, email, email_normal, name, street, street2, postcode, city, country, phone, lang,
  currency, goods_minor, shipping_minor, total_minor, state, placed_at, expires_at, checkout_id, checkout_url, checkout_attempt, checkout_until, payment_intent_id,
  paid_at, ended_at, refunded_minor, lost_minor, code, place, withdrawal_days, expected`

func orderWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Order, error) {
	var o Order
	err := sqlx.GetContext(ctx, q, &o, `select `+orderColumns+` from orders where `+where, args...)
	return o, orFault(err, ErrOrderGone)
}

// Lock locks an order until the end of tx and reads it. Every use case that changes an order begins with it. ErrOrderGone.
func Lock(ctx context.Context, tx *sqlx.Tx, id int64) (Order, error) {
	return orderWhere(ctx, tx, `id = $1 for update`, id)
}

const selectShipments = `
select s.id, s.order_id, s.brand_id, b.name as brand_name, b.handle as brand_handle, b.contact_email as brand_email, b.maker_name,
  b.maker_address, b.vat_number, s.method_name, s.shipping_minor, s.days_min, s.days_max, s.state, s.carrier, s.tracking,
  s.shipped_at, s.delivered_at, s.delivered_by, s.returned_minor,
  coalesce((select sum(i.amount_minor) from refund_items i join refunds r on r.id = i.refund_id
    where i.shipment_id = s.id and i.order_line_id is null and r.state in ('new','sending','pending','requires_action')), 0)::bigint as asked_minor
from shipments s join brands b on b.id = s.brand_id where s.order_id = $1 order by s.id`

const selectLines = `
select l.id, l.order_id, l.shipment_id, l.variant_id, l.product_id, l.brand_id, l.title, l.variant_title, l.sku,
  coalesce(m.hash, '') as media_hash, case when p.state = 'typed' then '' else p.slug end as slug, l.quantity, l.price_minor, l.margin_minor, l.total_minor, l.vat_bps, l.net_minor, l.margin_net_minor, l.terms_id,
  l.commission_bps, l.fee_bps, t.hold_days,
  l.custom_made, l.design_id, coalesce(l.design_revision, 0) as design_revision, l.option_minor, coalesce(k.begun, 0) as begun, coalesce(k.made, 0) as made,
  coalesce((select (e.content->>'days')::integer from design_revisions d join base_versions e on e.id = d.version_id where d.design_id = l.design_id and d.revision = l.design_revision), 0) as making_days, l.returned_minor, coalesce(back.asked, 0) as asked_minor, coalesce(back.pieces, 0) as refunded_quantity
from order_lines l join products p on p.id = l.product_id join terms t on t.id = l.terms_id
left join media m on m.id = l.media_id left join makings k on k.order_line_id = l.id
left join lateral (select sum(i.amount_minor) filter (where f.state <> 'succeeded')::bigint as asked, sum(i.quantity)::bigint as pieces
  from refund_items i join refunds f on f.id = i.refund_id where i.order_line_id = l.id and f.state not in ('failed','canceled')) back on true
where l.order_id = $1 order by l.id`

const selectRelays = `
select c.order_line_id, c.member_id, m.name, m.handle, c.rate_bps, c.part_bps from attribution_credits c join members m on m.id = c.member_id
where c.order_line_id in (select id from order_lines where order_id = $1) order by c.order_line_id, c.part_bps desc, c.member_id`

// ShipmentsOf reads what an order is made of, each shipment with its lines.
func ShipmentsOf(ctx context.Context, q sqlx.QueryerContext, orderID int64) ([]Shipment, error) {
	var ss []Shipment
	if err := sqlx.SelectContext(ctx, q, &ss, selectShipments, orderID); err != nil {
		return nil, fmt.Errorf("read shipments: %w", err)
	}
	var ls []Line
	if err := sqlx.SelectContext(ctx, q, &ls, selectLines, orderID); err != nil {
		return nil, fmt.Errorf("read order lines: %w", err)
	}
	var rs []Relay
	if err := sqlx.SelectContext(ctx, q, &rs, selectRelays, orderID); err != nil {
		return nil, fmt.Errorf("read relays of order: %w", err)
	}
	made, err := royalties.OfOrder(ctx, q, orderID)
	if err != nil {
		return nil, err
	}
	for _, l := range ls {
		for _, m := range made {
			if m.OrderLineID == l.ID {
				l.Royalties = append(l.Royalties, m)
			}
		}
		for _, r := range rs {
			if r.LineID == l.ID {
				l.Relays = append(l.Relays, r)
			}
		}
		for i := range ss {
			if ss[i].ID == l.ShipmentID {
				ss[i].Lines = append(ss[i].Lines, l)
			}
		}
	}
	return ss, nil
}

// Tell writes an event of an order; detail is what its sentence names.
func Tell(ctx context.Context, tx *sqlx.Tx, orderID int64, at time.Time, kind string, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	b, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into order_events (order_id, at, kind, detail) values ($1, $2, $3, $4::text::jsonb)`, orderID, at, kind, string(b))
	return err
}

const insertOrder = `
insert into orders (number, token, operation, member_id, email, email_normal, name, street, street2, postcode, city, country, phone, lang,
  currency, goods_minor, shipping_minor, total_minor, placed_at, expires_at, code, place, withdrawal_days, expected)
values (:number, :token, :operation, :member_id, :email, :email_normal, :name, :street, :street2, :postcode, :city, :country, :phone, :lang,
  :currency, :goods_minor, :shipping_minor, :total_minor, :placed_at, :expires_at, :code, :place, :withdrawal_days, :expected) returning id`

type newOrder struct {
	Order
	Operation string `db:"operation"`
}

func insertNew(ctx context.Context, tx *sqlx.Tx, o newOrder) (int64, error) {
	query, args, err := sqlx.Named(insertOrder, o)
	if err != nil {
		return 0, err
	}
	var id int64
	err = tx.GetContext(ctx, &id, tx.Rebind(query), args...)
	return id, postgres.Translate(err)
}

const insertShipment = `
insert into shipments (order_id, brand_id, method_name, shipping_minor, days_min, days_max) values ($1, $2, $3, $4, $5, $6) returning id`

const insertLine = `
insert into order_lines (order_id, shipment_id, variant_id, product_id, brand_id, title, variant_title, sku, media_id, quantity,
  price_minor, total_minor, vat_bps, net_minor, terms_id, commission_bps, fee_bps, custom_made, margin_minor, margin_net_minor,
  design_id, design_revision, option_minor)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) returning id`
