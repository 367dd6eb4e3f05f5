package ratings

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/postgres"
)

const selectThanks = `
select t.id, t.storefront_id, m.handle, m.name as owner_name, t.lang, t.name, t.body, t.at, t.edited_at, t.state, t.removed_why, t.answer, t.answered_at
from thanks t join members m on m.id = t.storefront_id `

func readThanks(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Thanks, error) {
	var list []Thanks
	if err := sqlx.SelectContext(ctx, q, &list, selectThanks+where, args...); err != nil {
		return nil, fmt.Errorf("read guest book: %w", postgres.Translate(err))
	}
	return list, nil
}

// ThanksByID is an entry, whatever its state. ErrGone.
func ThanksByID(ctx context.Context, q sqlx.QueryerContext, id int64) (Thanks, error) {
	var t Thanks
	return t, orGone(sqlx.GetContext(ctx, q, &t, selectThanks+`where t.id = $1`, id))
}

// Book is what visitors read in a guest book, the newest first.
func Book(ctx context.Context, q sqlx.QueryerContext, storefrontID int64, limit, offset int) ([]Thanks, error) {
	return readThanks(ctx, q, `where t.storefront_id = $1 and t.state = 'shown' order by t.at desc, t.id desc limit $2 offset $3`, storefrontID, limit, offset)
}

// OwnBook is what the owner of a guest book reads: also what they hid, or the platform.
func OwnBook(ctx context.Context, q sqlx.QueryerContext, storefrontID int64, limit, offset int) ([]Thanks, error) {
	return readThanks(ctx, q, `where t.storefront_id = $1 and t.state <> 'withdrawn' order by t.at desc, t.id desc limit $2 offset $3`, storefrontID, limit, offset)
}

// BookCount is how many entries a guest book has: for visitors, or for its owner.
func BookCount(ctx context.Context, q sqlx.QueryerContext, storefrontID int64, own bool) (n int, err error) {
	if err = sqlx.GetContext(ctx, q, &n, `select count(*) from thanks where storefront_id = $1 and (state = 'shown' or $2 and state <> 'withdrawn')`, storefrontID, own); err != nil {
		err = fmt.Errorf("count guest book: %w", postgres.Translate(err))
	}
	return n, err
}

// Relayed is a member who recommended something of an order, whom its buyer may thank.
type Relayed struct {
	MemberID int64  `db:"member_id"`
	Handle   string `db:"handle"`
	Name     string `db:"name"`
	LineID   int64  `db:"line_id"`
	Buyer    string `db:"buyer"`
	BuyerID  *int64 `db:"buyer_id"`
	ThanksID *int64 `db:"thanks_id"` // of the same buyer; nil: none yet
	Body     string `db:"body"`
	Signed   string `db:"signed"` // the name under it
	State    State  `db:"state"`
}

// Thanked says whether an entry stands, seen or hidden.
func (r Relayed) Thanked() bool { return r.ThanksID != nil && r.State != Withdrawn }

// Whoever is credited for a line that was paid and is not all paid back; their own account, e-mail and card never are.
const selectRelayed = `
select distinct on (c.member_id) c.member_id, m.handle, m.name, l.id as line_id, ` + buyerOf + ` as buyer, o.member_id as buyer_id,
  t.id as thanks_id, coalesce(t.body, '') as body, coalesce(t.name, '') as signed, coalesce(t.state, '') as state
from orders o join order_lines l on l.order_id = o.id join attribution_credits c on c.order_line_id = l.id
join members m on m.id = c.member_id and m.blocked_at is null
left join thanks t on t.storefront_id = c.member_id and t.buyer = ` + buyerOf + `
where o.id = $1 and o.paid_at is not null and l.returned_minor < l.total_minor and o.member_id is distinct from c.member_id and o.email_normal <> m.email_normal
  and not ` + inSellersHands + `
order by c.member_id, l.id`

// RelayedOf are the members whom the buyer of an order may thank.
func RelayedOf(ctx context.Context, q sqlx.QueryerContext, orderID int64) ([]Relayed, error) {
	var list []Relayed
	if err := sqlx.SelectContext(ctx, q, &list, selectRelayed, orderID); err != nil {
		return nil, fmt.Errorf("read who recommended order %d: %w", orderID, postgres.Translate(err))
	}
	return list, nil
}

// Note is what a buyer writes into a guest book.
type Note struct {
	OrderID int64
	Handle  string // of the storefront
	Lang    i18n.Lang
	Name    string
	Body    string
}

const upsertThanks = `
insert into thanks (storefront_id, order_line_id, member_id, buyer, lang, name, body, at) values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (storefront_id, buyer) do update set lang = excluded.lang, name = excluded.name, body = excluded.body,
  edited_at = case when row(thanks.name, thanks.body) is distinct from row(excluded.name, excluded.body) then excluded.at else thanks.edited_at end,
  state = case thanks.state when 'withdrawn' then 'shown' else thanks.state end
returning id, state`

// Thank writes into the guest book of a member who was credited for something of an order, or writes anew what stands there. What the
// platform removed stays removed, and the platform looks again. Faults: ErrNotThankable, the fields name and body.
func (s *Service) Thank(ctx context.Context, n Note) error {
	var err error
	if n.Body, err = clean("body", n.Body, MaxThanks, false, true); err != nil {
		return err
	}
	if n.Name, err = clean("name", n.Name, MaxName, false, false); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		r, err := s.thankable(ctx, tx, n.OrderID, n.Handle)
		if err != nil {
			return err
		}
		var kept struct {
			ID    int64 `db:"id"`
			State State `db:"state"`
		}
		if err := tx.GetContext(ctx, &kept, upsertThanks, r.MemberID, r.LineID, r.BuyerID, r.Buyer, n.Lang, n.Name, n.Body, s.now()); err != nil {
			return fmt.Errorf("thank %s: %w", n.Handle, postgres.Translate(err))
		}
		if kept.State == Removed && (r.Body != n.Body || r.Signed != n.Name) {
			return s.lookAgain(ctx, tx, PartThanks, kept.ID)
		}
		if kept.State != Shown || r.ThanksID != nil { // its owner was told of it when it was new
			return nil
		}
		return notices.Tell(ctx, tx, notices.Notice{MemberID: r.MemberID, Kind: notices.Thanks, Event: "written", Subject: told(kept.ID), At: s.now(),
			Path: "/me/guestbook", Args: notices.Args{"Name": n.Name}})
	})
}

// told is the subject under which the owner of a guest book is told of an entry.
func told(thanksID int64) string { return fmt.Sprintf("thanks:%d", thanksID) }

// Unthank takes a buyer’s own entry away where it is seen, and out of what its owner was told; it can be written anew.
func (s *Service) Unthank(ctx context.Context, orderID int64, handle string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		r, err := s.thankable(ctx, tx, orderID, handle)
		if err != nil {
			return err
		}
		if r.ThanksID == nil {
			return ErrGone
		}
		if _, err = tx.ExecContext(ctx, `update thanks set state = 'withdrawn' where id = $1 and state = 'shown'`, *r.ThanksID); err != nil {
			return postgres.Translate(err)
		}
		return notices.Untell(ctx, tx, r.MemberID, notices.Thanks, told(*r.ThanksID))
	})
}

// thankable locks an order and finds the member of that handle among those who recommended something of it.
func (s *Service) thankable(ctx context.Context, tx *sqlx.Tx, orderID int64, handle string) (Relayed, error) {
	if _, err := orders.Lock(ctx, tx, orderID); err != nil {
		return Relayed{}, err
	}
	list, err := RelayedOf(ctx, tx, orderID)
	if err != nil {
		return Relayed{}, err
	}
	for _, r := range list {
		if r.Handle == handle {
			return r, nil
		}
	}
	return Relayed{}, ErrNotThankable
}

// Hide takes an entry off its owner's pages, or puts it back. What the platform removed, or its author withdrew, stays away.
func (s *Service) Hide(ctx context.Context, ownerID, id int64, hide bool) error {
	was, is := Hidden, Shown
	if hide {
		was, is = Shown, Hidden
	}
	return s.own(ctx, nil, `update thanks set state = case state when $3 then $4 else state end where storefront_id = $1 and id = $2 and state <> 'withdrawn'`, ownerID, id, was, is)
}

// Answer is what the owner of a guest book writes under an entry; empty takes it away. Faults: ErrGone, the field answer.
func (s *Service) Answer(ctx context.Context, ownerID, id int64, text string) error {
	text, err := clean("answer", text, MaxThanks, true, true)
	if err != nil {
		return err
	}
	var then func(tx *sqlx.Tx) error
	if text != "" {
		then = func(tx *sqlx.Tx) error { return s.tellAnswered(ctx, tx, id) }
	}
	return s.own(ctx, then, `update thanks set answer = $3, answered_at = case when $3 = '' then null else $4::timestamptz end where storefront_id = $1 and id = $2 and state <> 'withdrawn'`,
		ownerID, id, text, s.now())
}

func (s *Service) own(ctx context.Context, then func(tx *sqlx.Tx) error, query string, args ...any) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("change guest book: %w", postgres.Translate(err))
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return ErrGone
		}
		if then == nil {
			return nil
		}
		return then(tx)
	})
}
