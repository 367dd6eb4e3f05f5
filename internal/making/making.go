// Package making is how a brand makes what members designed and ordered: what is to make, and where each piece stands.
//
//	to make ── Begun ──► under way ── Made ──► made          Again, with a reason: back to make
//
// Each order line with a design has its own count of pieces, as some of them may be done before others; what is refunded meanwhile is not made any more
// (designs.Piece.Standing). A step is written for good, told on the page of the order, and taken while the order is paid and its parcel is not sent. The parcel
// leaves once all of it is made (orders.Service.Ship).
package making

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Kind is what happened to pieces.
type Kind string

// The kinds of a step.
const (
	Begun Kind = "begun"
	Made  Kind = "made"  // those that are under way first, then those that were not said to be begun
	Again Kind = "again" // a defect: they are to be made once more
)

// MaxReason is how many letters the reason of a defect may have.
const MaxReason = 200

// The faults of this package.
var (
	ErrMoved = fault.New(fault.Conflict, "fault.making_moved") // somebody said something else meanwhile
	ErrOver  = fault.New(fault.Conflict, "fault.making_over")  // unpaid, sent, or nothing of the line is wanted any more
)

// Step is what somebody of the brand says.
type Step struct {
	BrandID int64
	OrderID int64
	LineID  int64
	By      int64 // a member of its team
	Kind    Kind
	Pieces  int64
	Of      Kind   // of Again: whether the pieces were Begun, and under way, or Made
	Reason  string // of Again; the buyer reads it
	Seen    designs.Standing
}

// Next is where a line stands after a step. The counts of the line itself go on: pieces that were refunded after they were made stay made.
func Next(p designs.Piece, wanted int64, s Step) (designs.Piece, error) {
	now := p.Standing(wanted)
	most := map[Kind]int64{Begun: now.ToMake, Made: now.ToMake + now.Under, Again: now.Made}[s.Kind]
	if s.Kind == Again && s.Of == Begun {
		most = now.Under
	}
	if s.Pieces < 1 || s.Pieces > most {
		return p, fault.Field("pieces", "fault.making_pieces").Arg("Most", most)
	}
	switch s.Kind {
	case Begun:
		p.Begun += s.Pieces
	case Made:
		p.Made += s.Pieces
		p.Begun = max(p.Begun, p.Made)
	case Again:
		p.Begun -= s.Pieces
		if s.Of == Made {
			p.Made -= s.Pieces
		}
	}
	return p, nil
}

// Service is the use cases of this package.
type Service struct {
	db  *sqlx.DB
	now func() time.Time // business time
}

// New makes the Service.
func New(db *sqlx.DB, now func() time.Time) *Service { return &Service{db, now} }

const upsertMaking = `
insert into makings (order_line_id, pieces, begun, made, updated_at) values ($1, $2, $3, $4, $5)
on conflict (order_line_id) do update set begun = excluded.begun, made = excluded.made, updated_at = excluded.updated_at`

const insertStep = `insert into making_steps (order_line_id, kind, pieces, reason, begun, made, by_member_id, at) values ($1, $2, $3, $4, $5, $6, $7, $8)`

// Take writes a step down, and tells it on the order. The caller knows that the member is of the brand's team. orders.ErrOrderGone where the line is not the
// brand's or has no design; ErrOver; ErrMoved, so that what is sent twice counts once; the fields pieces, reason.
func (s *Service) Take(ctx context.Context, step Step) error {
	step.Reason = prose.Line(step.Reason)
	switch {
	case step.Kind != Again:
		step.Reason = ""
	case step.Reason == "":
		return fault.Field("reason", "fault.required")
	case utf8.RuneCountInString(step.Reason) > MaxReason:
		return fault.Field("reason", "fault.too_long")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		o, err := orders.Lock(ctx, tx, step.OrderID)
		if err != nil {
			return err
		}
		shipments, err := orders.ShipmentsOf(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		for _, sh := range shipments {
			if i := slices.IndexFunc(sh.Lines, func(l orders.Line) bool { return l.ID == step.LineID && l.DesignID != nil }); i >= 0 && sh.BrandID == step.BrandID {
				return s.take(ctx, tx, o, sh, sh.Lines[i], step)
			}
		}
		return orders.ErrOrderGone
	})
}

func (s *Service) take(ctx context.Context, tx *sqlx.Tx, o orders.Order, sh orders.Shipment, l orders.Line, step Step) error {
	wanted := l.PiecesLeft()
	switch {
	case o.State != orders.Paid || sh.State != orders.Preparing || wanted == 0:
		return ErrOver
	case l.Standing(wanted) != step.Seen:
		return ErrMoved
	}
	next, err := Next(l.Piece, wanted, step)
	if err != nil {
		return err
	}
	now := s.now()
	if _, err := tx.ExecContext(ctx, upsertMaking, l.ID, l.Quantity, next.Begun, next.Made, now); err != nil {
		return fmt.Errorf("make line %d: %w", l.ID, postgres.Translate(err))
	}
	if _, err := tx.ExecContext(ctx, insertStep, l.ID, step.Kind, step.Pieces, step.Reason, next.Begun, next.Made, step.By, now); err != nil {
		return fmt.Errorf("make line %d: %w", l.ID, postgres.Translate(err))
	}
	return orders.Tell(ctx, tx, o.ID, now, "making_"+string(step.Kind), map[string]any{"brand": sh.BrandName, "pieces": step.Pieces, "title": l.Title, "reason": step.Reason})
}

// Waiting is a line of which pieces are to be made.
type Waiting struct {
	OrderNumber  string    `db:"order_number"`
	LineID       int64     `db:"line_id"`
	Title        string    `db:"title"`
	VariantTitle string    `db:"variant_title"`
	PaidAt       time.Time `db:"paid_at"`
	Wanted       int64     `db:"wanted"`
	designs.Piece
}

// Due is the day by which it should be made.
func (w Waiting) Due() time.Time { return w.DueBy(w.PaidAt) }

const selectWaiting = `
select order_number, line_id, title, variant_title, paid_at, making_days, design_id, design_revision, option_minor, begun, made, wanted, count(*) over () as total from (
  select o.number as order_number, l.id as line_id, l.title, l.variant_title, o.paid_at, (v.content->>'days')::integer as making_days, l.design_id, l.design_revision, l.option_minor,
    coalesce(k.begun, 0) as begun, coalesce(k.made, 0) as made,
    l.quantity - coalesce((select sum(i.quantity) from refund_items i join refunds f on f.id = i.refund_id
      where i.order_line_id = l.id and f.state not in ('failed','canceled')), 0)::bigint as wanted
  from order_lines l join orders o on o.id = l.order_id join shipments s on s.id = l.shipment_id
  join design_revisions r on r.design_id = l.design_id and r.revision = l.design_revision join base_versions v on v.id = r.version_id
  left join makings k on k.order_line_id = l.id
  where l.brand_id = $1 and l.design_id is not null and o.state = 'paid' and s.state = 'preparing' and ($2::bigint[] is null or l.id = any($2))) w
where made < wanted order by paid_at + make_interval(days => making_days), line_id limit $3 offset $4`

// ToMake is what a brand has to make, the most urgent first: so many lines at most, after so many others; and how many there are.
func ToMake(ctx context.Context, q sqlx.QueryerContext, brandID int64, limit, offset int) (list []Waiting, total int, err error) {
	return waiting(ctx, q, brandID, nil, limit, offset)
}

// Chosen are those of some lines of which a brand has pieces to make, the most urgent first: so many at most. What is not the brand's, or done, is left out.
func Chosen(ctx context.Context, q sqlx.QueryerContext, brandID int64, lines []int64, limit int) ([]Waiting, error) {
	list, _, err := waiting(ctx, q, brandID, append(pq.Int64Array{}, lines...), limit, 0)
	return list, err
}

func waiting(ctx context.Context, q sqlx.QueryerContext, brandID int64, lines pq.Int64Array, limit, offset int) (list []Waiting, total int, err error) {
	var rows []struct {
		Waiting
		Total int `db:"total"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectWaiting, brandID, lines, limit, offset); err != nil {
		return nil, 0, fmt.Errorf("read what is to make: %w", postgres.Translate(err))
	}
	for _, r := range rows {
		list, total = append(list, r.Waiting), r.Total
	}
	return list, total, nil
}
