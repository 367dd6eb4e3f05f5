package late

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/pledges"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// The faults of moving a launch's month.
var (
	ErrMoved = fault.New(fault.Conflict, "fault.pledges.moved")      // it was moved before
	ErrMonth = fault.Field("month", "fault.pledges.later_month")     // not later than what was promised, or by more than pledges.LaterMonths
	ErrSoon  = fault.New(fault.Conflict, "fault.pledges.later_soon") // less than LeaveTime is left in which who promised could leave
)

// LeaveTime is how long whoever promised has at least to take their promise back once the month was moved.
const LeaveTime = 72 * time.Hour

// JobMoved tells some backers that the month of a launch was moved.
const JobMoved = "late.moved"

// Later are the months to which the month that a launch promised can be moved: those after it, and none that is over.
func Later(expected, now time.Time) (list []time.Time) {
	now = now.UTC()
	this := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for i := 1; i <= pledges.LaterMonths; i++ {
		if month := expected.AddDate(0, i, 0); !month.Before(this) {
			list = append(list, month)
		}
	}
	return list
}

// Movable is nil where the month of a launch can still be moved, as far as it is known from the launch: it is open for LeaveTime at least, or to be made.
// ErrSoon; pledges.ErrNotReached where nothing is to be made.
func Movable(c pledges.Campaign, now time.Time) error {
	switch {
	case c.IsLaunch() && c.State == pledges.Open && c.Deadline.Sub(now) < LeaveTime:
		return ErrSoon
	case !c.IsLaunch() || c.State != pledges.Open && (c.State != pledges.Reached || c.MadeAt != nil || c.StoppedAt != nil):
		return pledges.ErrNotReached
	}
	return nil
}

const (
	lockMoved = `
select c.id, c.kind, c.brand_id, c.state, c.deadline, c.expected, c.made_at, c.stopped_at from campaigns c
where c.id = $1 and c.brand_id = $2 and c.kind = 'launch' and exists (select 1 from brand_members m where m.brand_id = $2 and m.member_id = $3)
  and exists (select 1 from brands b where b.id = $2 and b.blocked_at is null) for update of c`
	selectCharging = `
select exists (select 1 from pledges p left join orders o on o.id = p.order_id where p.campaign_id = $1 and (p.state in ('joined','due') or o.state = 'awaiting_payment'))`
	insertMove = `insert into launch_postponements (campaign_id, from_month, to_month, reason, by_id, at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`
)

// Postpone moves the month in which a launch is to be delivered later, once, with a reason. Everybody who promised or paid and waits is told, and what they can do.
// While it is open they leave for nothing, and have LeaveTime at least to do so: who stays agrees to the new month, and their order says it. Once every card
// was charged, what they agreed to stays the month of their order, so that they may wait or, as Directive 2011/83/EU has it (article 18), once that is over ask for it
// within a reasonable time and then withdraw and be paid back whole. In between nobody could leave, and it stays. Who promises from now on agrees to the new
// month. The team of its brand may. pledges.ErrGone, also of a blocked brand; ErrSoon, pledges.ErrCharging, pledges.ErrNotReached where nothing is to be made any more,
// ErrMoved, ErrMonth, the field reason.
func (s *Service) Postpone(ctx context.Context, memberID, brandID, id int64, month time.Time, reason string) error {
	reason = prose.Line(reason)
	var wrong error
	switch {
	case reason == "":
		wrong = fault.Field("reason", "fault.required")
	case utf8.RuneCountInString(reason) > pledges.MaxNote:
		wrong = fault.Field("reason", "fault.too_long")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		now := s.now()
		var c pledges.Campaign
		err := tx.GetContext(ctx, &c, lockMoved, id, brandID, memberID)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return pledges.ErrGone
		case err != nil:
			return fmt.Errorf("lock launch %d: %w", id, postgres.Translate(err))
		}
		if err := movable(ctx, tx, c, now); err != nil {
			return err
		}
		fits := false
		for _, m := range Later(*c.Expected, now) {
			fits = fits || m.Equal(month)
		}
		if !fits {
			wrong = fault.Merge(ErrMonth, wrong)
		}
		if wrong != nil {
			return wrong
		}
		r, err := tx.ExecContext(ctx, insertMove, id, *c.Expected, month, reason, memberID, now)
		if err != nil {
			return postgres.Translate(err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrMoved)
		}
		if _, err := tx.ExecContext(ctx, `update campaigns set expected = $2 where id = $1`, id, month); err != nil {
			return postgres.Translate(err)
		}
		err = members.Audit(ctx, tx, members.AuditEntry{At: now, ActorID: memberID, Action: "launch postponed by its brand", Subject: fmt.Sprintf("campaign %d", id),
			Detail: map[string]any{"month": month.Format("2006-01"), "reason": reason}})
		if err != nil {
			return err
		}
		return enqueueMoved(ctx, tx, part{ID: id})
	})
}

// movable is Movable, and pledges.ErrCharging once it is reached and a card is still to be charged.
func movable(ctx context.Context, tx *sqlx.Tx, c pledges.Campaign, now time.Time) error {
	if err := Movable(c, now); err != nil || c.State == pledges.Open {
		return err
	}
	var charging bool
	if err := tx.GetContext(ctx, &charging, selectCharging, c.ID); err != nil {
		return fmt.Errorf("look who of launch %d is still charged: %w", c.ID, postgres.Translate(err))
	}
	if charging {
		return pledges.ErrCharging
	}
	return nil
}

func enqueueMoved(ctx context.Context, tx *sqlx.Tx, p part) error {
	return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobMoved, Args: p, UniqueKey: fmt.Sprintf("%s:%d:%d", JobMoved, p.ID, p.After)})
}

// Move is how the month of a launch was moved.
type Move struct {
	From   time.Time `db:"from_month"` // first days of months, UTC
	To     time.Time `db:"to_month"`
	Reason string    `db:"reason"`
	At     time.Time `db:"at"`
}

// MovesOf is how the months of campaigns were moved, by their numbers; those that were not are missing.
func MovesOf(ctx context.Context, q sqlx.QueryerContext, ids ...int64) (map[int64]*Move, error) {
	var rows []struct {
		ID int64 `db:"campaign_id"`
		Move
	}
	if err := sqlx.SelectContext(ctx, q, &rows, `select campaign_id, from_month, to_month, reason, at from launch_postponements where campaign_id = any($1)`, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("read which launches were moved: %w", postgres.Translate(err))
	}
	moves := map[int64]*Move{}
	for _, r := range rows {
		moves[r.ID] = &r.Move
	}
	return moves, nil
}

// MoveOf is how the month of a launch was moved; nil: it was not.
func MoveOf(ctx context.Context, q sqlx.QueryerContext, campaignID int64) (*Move, error) {
	moves, err := MovesOf(ctx, q, campaignID)
	return moves[campaignID], err
}

// moved is who is told: who promised, or paid and waits.
type moved struct {
	ID       int64     `db:"id"` // of the pledge
	Token    string    `db:"token"`
	Order    string    `db:"order_token"` // empty: nothing was charged yet
	Number   string    `db:"number"`
	OrderID  int64     `db:"order_id"`
	MemberID *int64    `db:"member_id"`
	Email    string    `db:"email"`
	Lang     i18n.Lang `db:"lang"`
	Title    string    `db:"title"`
	Right    bool      `db:"withdrawable"`
	Until    time.Time `db:"deadline"` // the end of the launch
}

// As selectBackers, of an order that keeps the month before ($4), and those who promised before the month was moved ($5) and can still leave; in place of the order's
// member who promised.
const selectMoved = `
select p.id, p.token, coalesce(o.token, '') as order_token, coalesce(o.number, '') as number, coalesce(o.id, 0) as order_id, p.member_id, coalesce(o.email, p.email) as email, p.lang,
  coalesce(t.title, r.title) as title, coalesce(o.withdrawal_days > 0 and not r.custom_made, false) as withdrawable, c.deadline
from pledges p join campaigns c on c.id = p.campaign_id join products r on r.id = c.product_id left join product_translations t on t.product_id = r.id and t.lang = p.lang
left join orders o on o.id = p.order_id
where p.campaign_id = $1 and p.id > $2 and (p.state = 'joined' and p.joined_at <= $5 or o.state = 'paid' and o.expected = $4 and exists (select 1 from order_lines l join shipments s on s.id = l.shipment_id
  where l.order_id = o.id and s.state not in ('shipped','delivered')
    and l.quantity > (select coalesce(sum(i.quantity), 0) from refund_items i join refunds f on f.id = i.refund_id where i.order_line_id = l.id and f.state not in ('failed','canceled'))
    and l.quantity > (select coalesce(sum(i.quantity), 0) from return_lines i join returns w on w.id = i.return_id where i.order_line_id = l.id and w.state not in ('refused','withdrawn'))))
order by p.id limit $3`

// movedLetter is what a backer reads.
type movedLetter struct {
	moved
	Move
	Brand string
}

// Before and After are the months in words.
func (l movedLetter) Before() string { return l.Lang.Month(l.From) }

// After is the month in which it is to be delivered now, in words.
func (l movedLetter) After() string { return l.Lang.Month(l.To) }

// Leave is until when it can be taken back, in words.
func (l movedLetter) Leave() string { return l.Lang.DateTime(l.Until) }

// Paid says whether its card was charged.
func (l movedLetter) Paid() bool { return l.Order != "" }

// tellMoved tells some of them, and has the next ones told.
func (s *Service) tellMoved(ctx context.Context, p part) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		move, err := MoveOf(ctx, tx, p.ID)
		if err != nil || move == nil {
			return err
		}
		var brand string
		if err := tx.GetContext(ctx, &brand, `select b.name from campaigns c join brands b on b.id = c.brand_id where c.id = $1`, p.ID); err != nil {
			return postgres.Translate(err)
		}
		var list []moved
		if err := tx.SelectContext(ctx, &list, selectMoved, p.ID, p.After, s.perJob, move.From, move.At); err != nil {
			return fmt.Errorf("find who waits for launch %d: %w", p.ID, postgres.Translate(err))
		}
		for _, m := range list {
			if err := s.writeMoved(ctx, tx, movedLetter{m, *move, brand}); err != nil {
				return err
			}
		}
		if len(list) < s.perJob {
			return nil
		}
		p.After = list[len(list)-1].ID
		return enqueueMoved(ctx, tx, p)
	})
}

func (s *Service) writeMoved(ctx context.Context, tx *sqlx.Tx, l movedLetter) error {
	if l.Email != "" {
		if err := s.mail.Queue(ctx, tx, mail.Letter{To: l.Email, Lang: l.Lang, Template: "pledge_postponed", Reference: fmt.Sprintf("pledge:%d:moved", l.ID), Data: l}); err != nil {
			return err
		}
	}
	if l.MemberID == nil {
		return nil
	}
	path := "/pledge/" + l.Token
	if l.Paid() {
		path = "/o/" + l.Order
	}
	return notices.Tell(ctx, tx, notices.Notice{MemberID: *l.MemberID, Kind: notices.Order, Event: "launch_postponed", Subject: fmt.Sprintf("pledge:%d:moved", l.ID), Path: path, At: s.now(), Written: true,
		Args: notices.Args{"Title": l.Title, "Brand": l.Brand, "Date": lastDay(l.To)}})
}
