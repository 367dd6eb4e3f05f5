package referrals

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/postgres"
)

// MaxCodes is how many codes of a member may be on at once: a few for a few circles; more would only take good words from others.
const MaxCodes = 5

// The faults of codes.
var (
	ErrCodeForm     = fault.Field("code", "relay.code.form")     // not 3 to 20 of A to Z, 0 to 9 and the hyphen
	ErrCodeReserved = fault.Field("code", "relay.code.reserved") // a word that people would take for ours
	ErrCodeTaken    = fault.Field("code", "relay.code.taken")    // somebody has it, or had it
	ErrManyCodes    = fault.Field("code", "relay.code.full")     // MaxCodes are on already
	ErrNoCode       = fault.New(fault.NotFound, "relay.code.not_found")
	ErrCodeUnknown  = fault.Field("code", "relay.code.unknown") // typed at checkout: nobody's, or switched off
)

// Code is a word that a member gives to people who do not follow links, to be typed at checkout.
type Code struct {
	Code       string         `db:"code"` // upper-case
	CreatedAt  time.Time      `db:"created_at"`
	DisabledAt *time.Time     `db:"disabled_at"` // nil: it is on
	Orders     int64          `db:"orders"`      // paid ones that it decided, refunded ones included
	Earned     []money.Amount `db:"-"`           // commissions on them that were not voided, one for each currency
}

var codeForm = regexp.MustCompile(`^[A-Z0-9][A-Z0-9-]{1,18}[A-Z0-9]$`)

// reserved are words that a buyer would take for the house's own, for a discount, or for nothing.
func reserved() []string {
	return []string{"RELAIS", "ADMIN", "SUPPORT", "AIDE", "HELP", "CODE", "PROMO", "REDUCTION", "DISCOUNT", "SOLDES", "SALE", "GRATUIT", "FREE",
		"CADEAU", "GIFT", "BON", "VOUCHER", "COUPON", "TEST", "NULL", "NONE", "AUCUN", "OFFICIEL", "OFFICIAL", "STRIPE"}
}

// NormalCode is a code as it is kept, however it was typed: upper-case, without spaces. ErrCodeForm, ErrCodeReserved.
func NormalCode(typed string) (string, error) {
	code := strings.ToUpper(strings.Join(strings.Fields(typed), ""))
	if !codeForm.MatchString(code) {
		return "", ErrCodeForm
	}
	bare := strings.ReplaceAll(code, "-", "")
	if slices.Contains(reserved(), bare) || strings.HasPrefix(bare, "RELAIS") {
		return "", ErrCodeReserved
	}
	return code, nil
}

const insertCode = `insert into member_codes (member_id, code, created_at) values ($1, $2, $3) on conflict (code) do nothing`

// MakeCode gives a member a code. Of two who ask for the same at once one gets it. Faults: those of NormalCode, ErrCodeTaken,
// ErrManyCodes. A code of their own that they have already is switched on.
func (s *Service) MakeCode(ctx context.Context, memberID int64, typed string) (string, error) {
	code, err := NormalCode(typed)
	if err != nil {
		return "", err
	}
	return code, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := roomForCode(ctx, tx, memberID, code); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, insertCode, memberID, code, s.now()); err != nil {
			return fmt.Errorf("make code: %w", postgres.Translate(err))
		}
		res, err := tx.ExecContext(ctx, `update member_codes set disabled_at = null where code = $1 and member_id = $2`, code, memberID)
		if err != nil {
			return fmt.Errorf("make code: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrCodeTaken)
		}
		return nil
	})
}

// roomForCode sees to it that a member may have that code on, one request after the other.
func roomForCode(ctx context.Context, tx *sqlx.Tx, memberID int64, code string) error {
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtextextended('codes:' || $1::text, 0))`, memberID); err != nil {
		return fmt.Errorf("lock codes: %w", err)
	}
	var others int
	err := tx.GetContext(ctx, &others, `select count(*) from member_codes where member_id = $1 and disabled_at is null and code <> $2`, memberID, code)
	if err != nil {
		return fmt.Errorf("count codes: %w", err)
	}
	if others >= MaxCodes {
		return ErrManyCodes
	}
	return nil
}

// SwitchCode turns a member's code off or on. Orders that were placed with it stay theirs. Twice is once. ErrNoCode where it is not
// theirs; ErrManyCodes.
func (s *Service) SwitchCode(ctx context.Context, memberID int64, code string, on bool) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var at *time.Time
		if !on {
			now := s.now()
			at = &now
		} else if err := roomForCode(ctx, tx, memberID, code); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `update member_codes set disabled_at = $3 where code = $1 and member_id = $2`, code, memberID, at)
		if err != nil {
			return fmt.Errorf("switch code: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNoCode)
		}
		return nil
	})
}

const selectCodes = `
select k.code, k.created_at, k.disabled_at,
  (select count(distinct o.id) from orders o join order_lines l on l.order_id = o.id join attributions a on a.order_line_id = l.id and a.rule = 'code'
    join attribution_credits c on c.order_line_id = l.id and c.member_id = k.member_id where o.code = k.code and o.paid_at is not null) as orders
from member_codes k where k.member_id = $1 order by k.disabled_at is not null, k.id desc`

const selectCodesEarned = `
select o.code, e.currency, sum(e.amount_minor - e.returned_minor) as minor
from orders o join earnings e on e.order_id = o.id and e.role = 'commission' and e.state <> 'voided' join payees p on p.id = e.payee_id and p.member_id = $1
join attributions a on a.order_line_id = e.order_line_id and a.rule = 'code'
where o.code in (select code from member_codes where member_id = $1) group by 1, 2 order by 2`

// Codes are a member's codes with what came of them: those that are on first, then the newest.
func Codes(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Code, error) {
	var cs []Code
	if err := sqlx.SelectContext(ctx, q, &cs, selectCodes, memberID); err != nil {
		return nil, fmt.Errorf("read codes: %w", err)
	}
	var rows []struct {
		Code     string         `db:"code"`
		Currency money.Currency `db:"currency"`
		Minor    int64          `db:"minor"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectCodesEarned, memberID); err != nil {
		return nil, fmt.Errorf("read earnings of codes: %w", err)
	}
	for _, r := range rows {
		i := slices.IndexFunc(cs, func(c Code) bool { return c.Code == r.Code })
		cs[i].Earned = append(cs[i].Earned, money.New(r.Minor, r.Currency))
	}
	return cs, nil
}

// SalesByCode are the last paid sales that a member's codes brought.
func SalesByCode(ctx context.Context, q sqlx.QueryerContext, memberID int64, limit int) ([]SaleOf, error) {
	return sales(ctx, q, ` and c.member_id = $1 and a.rule = 'code' order by o.paid_at desc, ol.id desc limit $2`, memberID, limit)
}

// Typed is a code as a buyer typed it, found.
type Typed struct {
	Code        string `db:"code"`
	MemberID    int64  `db:"member_id"`
	Name        string `db:"name"`
	EmailNormal string `db:"email_normal"`
}

// Own says whether the code is the buyer's own, and so will not count.
func (t Typed) Own(b Buyer) bool {
	return IsSelf(b, Candidate{MemberID: t.MemberID, EmailNormal: t.EmailNormal})
}

const selectTyped = `
select k.code, k.member_id, m.name, m.email_normal from member_codes k join members m on m.id = k.member_id
where k.code = $1 and k.disabled_at is null and m.blocked_at is null`

// FindCode is the code that somebody typed, in any case and with any spaces; nil where they typed nothing. ErrCodeUnknown where it
// is nobody's, switched off, or of a member who is blocked.
func FindCode(ctx context.Context, q sqlx.QueryerContext, typed string) (*Typed, error) {
	if strings.TrimSpace(typed) == "" {
		return nil, nil
	}
	code, err := NormalCode(typed)
	if err != nil {
		return nil, ErrCodeUnknown
	}
	var t Typed
	err = sqlx.GetContext(ctx, q, &t, selectTyped, code)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrCodeUnknown
	}
	if err != nil {
		return nil, fmt.Errorf("find code: %w", err)
	}
	return &t, nil
}
