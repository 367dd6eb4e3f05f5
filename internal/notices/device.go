package notices

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/members"
	"relais/internal/postgres"
)

// MostDevices is how many devices a member may have; the oldest gives way.
const MostDevices = 10

// ErrDevice says that a browser gave a subscription that nothing can be sent to.
var ErrDevice = fault.New(fault.Invalid, "fault.push_device")

// ErrNoPush says that this site sends no web push.
var ErrNoPush = fault.New(fault.NotFound, "fault.push_off")

// Subscription is what a browser gives to be reached by web push.
type Subscription struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
}

// clean checks a subscription and writes its keys in one way. The address is judged again when it is spoken to.
func (sub Subscription) clean() (Subscription, error) {
	u, err := url.Parse(sub.Endpoint)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || len(sub.Endpoint) > 1000 || u.Port() != "" && u.Port() != "443" {
		return sub, ErrDevice
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil || !strings.Contains(strings.Trim(u.Hostname(), "."), ".") {
		return sub, ErrDevice // push services have names, of the internet
	}
	point, err := decode(sub.Keys.P256dh)
	if err != nil {
		return sub, ErrDevice
	}
	if _, err := ecdh.P256().NewPublicKey(point); err != nil {
		return sub, ErrDevice
	}
	auth, err := decode(sub.Keys.Auth)
	if err != nil || len(auth) != 16 {
		return sub, ErrDevice
	}
	sub.Keys.P256dh, sub.Keys.Auth = base64.RawURLEncoding.EncodeToString(point), base64.RawURLEncoding.EncodeToString(auth)
	return sub, nil
}

// decode reads base64 of either alphabet, padded or not.
func decode(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	return base64.RawURLEncoding.DecodeString(text)
}

// Device is a browser that is told by web push.
type Device struct {
	ID        int64      `db:"id" json:"-"`
	SessionID string     `db:"session_id" json:"-"`
	Endpoint  string     `db:"endpoint" json:"endpoint"`
	UserAgent string     `db:"user_agent" json:"user_agent"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	SentAt    *time.Time `db:"sent_at" json:"sent_at,omitempty"`
}

// Name is the program and the system, like "Firefox, Android"; empty when they are not known.
func (d Device) Name() string { return members.OpenSession{UserAgent: d.UserAgent}.Browser() }

const selectOwnDevices = `select id, session_id, endpoint, user_agent, created_at, sent_at from push_devices where member_id = $1 order by id desc limit $2`

// Devices are a member's devices, the newest first.
func Devices(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Device, error) {
	list := []Device{}
	if err := sqlx.SelectContext(ctx, q, &list, selectOwnDevices, memberID, MostDevices); err != nil {
		return nil, fmt.Errorf("list devices: %w", postgres.Translate(err))
	}
	return list, nil
}

// A browser has one subscription: who signs in there next takes it over. The session is locked, so that it does not end unseen meanwhile.
var upsertDevice = `
insert into push_devices (member_id, session_id, endpoint, p256dh, auth, user_agent, created_at)
select m.id, s.id, $3, $4, $5, $6, $7::timestamptz from sessions s join members m on m.id = s.member_id
where s.id = $2 and m.id = $1 and ` + members.SessionLives("$7") + ` for share of s
on conflict (endpoint) do update set member_id = excluded.member_id, session_id = excluded.session_id, p256dh = excluded.p256dh, auth = excluded.auth,
  user_agent = excluded.user_agent, refusals = 0,
  created_at = case when push_devices.member_id = excluded.member_id then push_devices.created_at else excluded.created_at end,
  sent_at = case when push_devices.member_id = excluded.member_id then push_devices.sent_at end`

const deleteSurplus = `delete from push_devices where member_id = $1 and id not in (select id from push_devices where member_id = $1 order by id desc limit $2)`

// Subscribe adds the browser of a session. Again it renews it. Faults: ErrDevice, also where the session is over; ErrNoPush.
func (s *Service) Subscribe(ctx context.Context, memberID int64, sessionID, userAgent string, sub Subscription) error {
	if s.sender == nil {
		return ErrNoPush
	}
	sub, err := sub.clean()
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		r, err := tx.ExecContext(ctx, upsertDevice, memberID, sessionID, sub.Endpoint, sub.Keys.P256dh, sub.Keys.Auth, shorten(userAgent, 200), s.clock())
		if err != nil {
			return fmt.Errorf("add device: %w", postgres.Translate(err))
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrDevice)
		}
		_, err = tx.ExecContext(ctx, deleteSurplus, memberID, MostDevices)
		return postgres.Translate(err)
	})
}

// RemoveDevice ends web push to a device of a member. ErrGone.
func (s *Service) RemoveDevice(ctx context.Context, memberID, id int64) error {
	return gone(s.db.ExecContext(ctx, `delete from push_devices where member_id = $1 and id = $2`, memberID, id))
}

// Unplug ends web push to the browser with that endpoint; one that is not the member's does nothing.
func (s *Service) Unplug(ctx context.Context, memberID int64, endpoint string) error {
	err := gone(s.db.ExecContext(ctx, `delete from push_devices where member_id = $1 and endpoint = $2`, memberID, endpoint))
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func gone(r interface{ RowsAffected() (int64, error) }, err error) error {
	if err != nil {
		return postgres.Translate(err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrGone)
	}
	return nil
}

// Test sends a word to a device of a member, at most once a minute. ErrGone, ErrNoPush.
func (s *Service) Test(ctx context.Context, memberID, deviceID int64) error {
	if s.sender == nil {
		return ErrNoPush
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var mine bool
		if err := tx.GetContext(ctx, &mine, `select exists (select 1 from push_devices where id = $1 and member_id = $2)`, deviceID, memberID); err != nil {
			return postgres.Translate(err)
		}
		if !mine {
			return ErrGone
		}
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobPush, Args: pushArgs{Device: deviceID},
			UniqueKey: fmt.Sprintf("%s:test:%d:%d", JobPush, deviceID, s.clock().Unix()/60)})
	})
}

// shorten returns at most n characters of a text.
func shorten(text string, n int) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}
