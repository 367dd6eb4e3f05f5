package clicks

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
)

// ErrNoClick says that there is no click with that token.
var ErrNoClick = fault.New(fault.NotFound, "relay.click_not_found")

// Visit is a person's request for a link, to be recorded as a click.
type Visit struct {
	LinkID    int64
	Reason    Reason // of the Verdict
	Address   string // IP address of the visitor; it is not kept, only a keyed hash of it that changes every day
	UserAgent string
	Visitor   string // from the consent cookie; empty without
	MemberID  int64  // signed in; 0: nobody
	Referer   string // as sent; only its host is kept
}

// Click is one recorded visit.
type Click struct {
	ID       int64     `db:"id"`
	Token    string    `db:"token"`
	LinkID   int64     `db:"link_id"`
	At       time.Time `db:"at"`
	Eligible bool      `db:"eligible"`
	Reason   Reason    `db:"reason"`
}

// Record keeps a click, together with those of others who come at the same moment. It returns when the click is durable, in the table
// or, while Postgres does not take it, in the spool; the visitor is answered after that. Repeats within the hour are kept as not
// eligible, and of any number of visits at once one is eligible. Of a click in the spool the number is not known yet, nor whether it
// is a repeat.
func (s *Service) Record(ctx context.Context, v Visit) (Click, error) {
	now := s.now()
	return s.recorder.record(ctx, row{Token: rand.Text(), LinkID: v.LinkID, At: now, Day: s.dayVisitor(now, v), HourAgo: s.dayVisitor(now.Add(-RepeatAfter), v),
		Visitor: v.Visitor, MemberID: v.MemberID, Reason: v.Reason, Referer: refererHost(v.Referer), Device: deviceOf(v.UserAgent)})
}

// dayVisitor tells visitors of one day apart without keeping who they are: nobody without the key can find the address, and
// those of two days cannot be joined.
func (s *Service) dayVisitor(at time.Time, v Visit) string {
	mac := hmac.New(sha256.New, s.key)
	fmt.Fprintf(mac, "%s|%s|%s", at.UTC().Format(time.DateOnly), v.Address, v.UserAgent)
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// refererHost is the host that a visitor came from, empty where it is not told or not a name.
func refererHost(referer string) string {
	u, err := url.Parse(referer)
	if err != nil || len(u.Hostname()) > 255 {
		return ""
	}
	host := u.Hostname()
	for _, r := range host {
		if r <= ' ' || r > '~' {
			return ""
		}
	}
	return host
}

// MaxToken is more than any token of ours has, in bytes.
const MaxToken = 64

// LookBack is how long after it a click can still matter: the longest window that terms may give. Older ones are not looked for, so
// that of the tables by month the last ones are opened.
const LookBack = 90 * 24 * time.Hour

// ClickByToken is the click whose token a landing page was given. ErrNoClick where there is none, or none since LookBack.
func ClickByToken(ctx context.Context, q sqlx.QueryerContext, token string, now time.Time) (Click, error) {
	var c Click
	if len(token) > MaxToken {
		return c, ErrNoClick
	}
	err := sqlx.GetContext(ctx, q, &c, `select id, token, link_id, at, eligible, reason from clicks where token = $1 and at > $2`, token, now.Add(-LookBack))
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNoClick
	}
	if err != nil {
		return c, fmt.Errorf("read click: %w", err)
	}
	return c, nil
}

// Consent gives a click to a visitor who agreed to be remembered: the one known already, or a new one where known is empty. It
// returns the visitor for the cookie. A click given to somebody before stays theirs.
func (s *Service) Consent(ctx context.Context, clickToken, known string) (visitor string, err error) {
	if known == "" {
		known = rand.Text()
	}
	if clickToken == "" {
		return known, nil
	}
	c, err := ClickByToken(ctx, s.db, clickToken, s.now())
	if errors.Is(err, ErrNoClick) {
		return known, nil
	}
	if err != nil {
		return "", err
	}
	if _, err := s.db.ExecContext(ctx, `update clicks set visitor = $3 where id = $1 and at = $2 and visitor = ''`, c.ID, c.At, known); err != nil {
		return "", fmt.Errorf("give click to visitor: %w", err)
	}
	return known, nil
}
