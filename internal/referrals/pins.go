package referrals

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/clicks"
	"relais/internal/fault"
	"relais/internal/postgres"
)

// ErrNoPin says that an account is pinned to nobody.
var ErrNoPin = fault.New(fault.NotFound, "relay.pin_not_found")

// Pin is the member who brought an account to Relais. They are thanked for its orders where nobody else is, for PinLife.
type Pin struct {
	To     int64     `db:"pinned_to"`
	LinkID *int64    `db:"link_id"` // of the sign-up; nil: by their storefront
	At     time.Time `db:"pinned_at"`
	Name   string    `db:"name"`
	Handle string    `db:"handle"`
}

// Until is the last moment at which the pin counts.
func (p Pin) Until() time.Time { return p.At.Add(PinLife) }

// Arrival is what is known of how a visitor came, when they sign up.
type Arrival struct {
	From    string // path of the page that they signed up from, with its query; empty: not known
	Visitor string // from the consent cookie; empty without consent
}

// storefront is the handle in the path of a storefront page; empty where it is none.
func (a Arrival) storefront() string {
	path, _, _ := strings.Cut(a.From, "?")
	if !strings.HasPrefix(path, "/@") {
		return ""
	}
	handle, _, _ := strings.Cut(path[2:], "/")
	return handle
}

// click is the token of the click in the address of the page; empty where there is none.
func (a Arrival) click() string {
	u, err := url.Parse(a.From)
	if err != nil || len(u.Query().Get("c")) > clicks.MaxToken {
		return ""
	}
	return u.Query().Get("c")
}

// selectBringer finds whose visitor $1 is by the storefront page $2, the click $3, or the last eligible click of the visitor $4 since $5,
// in this order: the page that they signed up from says more than what they followed before.
const selectBringer = `
select member_id, link_id from (
  select 1 as place, m.id as member_id, (select l.id from clicks c join share_links l on l.id = c.link_id where c.token = $3 and c.at > $5 and l.member_id = m.id) as link_id, now() as at
    from members m where $2 <> '' and m.handle = $2
  union all select 2, l.member_id, l.id, c.at from clicks c join share_links l on l.id = c.link_id where $3 <> '' and c.token = $3 and c.at > $5 and (c.eligible or c.reason = 'repeat')
  union all select 3, l.member_id, l.id, c.at from clicks c join share_links l on l.id = c.link_id where $4 <> '' and c.visitor = $4 and c.eligible and c.at > $5
) b join members m on m.id = b.member_id and m.blocked_at is null and m.id <> $1
order by place, at desc limit 1`

// A pin of before is of a sign-up that nobody confirmed: perhaps of somebody else, with this address.
const insertPin = `
insert into pins (member_id, pinned_to, link_id, pinned_at) values ($1, $2, $3, $4)
on conflict (member_id) do update set pinned_to = excluded.pinned_to, link_id = excluded.link_id, pinned_at = excluded.pinned_at, removed_at = null
where exists (select 1 from members m where m.id = excluded.member_id and m.email_confirmed_at is null)`

const dropPin = `
update pins set removed_at = $2 where member_id = $1 and removed_at is null
and exists (select 1 from members m where m.id = $1 and m.email_confirmed_at is null)`

// PinTo pins a new account to the member who brought it, if that is known: never to itself. As long as nobody has confirmed the account
// the last sign-up counts; afterwards nothing changes it.
func (s *Service) PinTo(ctx context.Context, tx *sqlx.Tx, memberID int64, a Arrival) error {
	now := s.now()
	var by struct {
		MemberID int64  `db:"member_id"`
		LinkID   *int64 `db:"link_id"`
	}
	err := tx.GetContext(ctx, &by, selectBringer, memberID, a.storefront(), a.click(), a.Visitor, now.Add(-clicks.LookBack))
	if errors.Is(err, sql.ErrNoRows) {
		_, err := tx.ExecContext(ctx, dropPin, memberID, now)
		return postgres.Translate(err)
	}
	if err != nil {
		return fmt.Errorf("find who brought member %d: %w", memberID, err)
	}
	if _, err := tx.ExecContext(ctx, insertPin, memberID, by.MemberID, by.LinkID, now); err != nil {
		return fmt.Errorf("pin member %d: %w", memberID, postgres.Translate(err))
	}
	return nil
}

const selectPin = `
select p.pinned_to, p.link_id, p.pinned_at, m.name, m.handle from pins p join members m on m.id = p.pinned_to
where p.member_id = $1 and p.removed_at is null`

// PinOf is whom an account is pinned to; nil: nobody, or its holder removed it.
func PinOf(ctx context.Context, q sqlx.QueryerContext, memberID int64) (*Pin, error) {
	var p Pin
	err := sqlx.GetContext(ctx, q, &p, selectPin, memberID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read pin of member %d: %w", memberID, err)
	}
	return &p, nil
}

// Unpin removes the pin of an account for good: orders from now on thank nobody by it. ErrNoPin where there is none.
func (s *Service) Unpin(ctx context.Context, memberID int64) error {
	res, err := s.db.ExecContext(ctx, `update pins set removed_at = $2 where member_id = $1 and removed_at is null`, memberID, s.now())
	if err != nil {
		return fmt.Errorf("unpin member %d: %w", memberID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNoPin)
	}
	return nil
}
