package notices

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/members"
	"relais/internal/outside"
	"relais/internal/postgres"
)

// pushTimeout is how long one conversation with a push service may take.
const pushTimeout = 20 * time.Second

// sender speaks to push services: encrypted for the device (RFC 8291), signed with our key (RFC 8292).
type sender struct {
	public, private string // base64, as browsers and the library want them
	contact         string
	client          *http.Client
}

func newSender(key, contact string, client *http.Client) (*sender, error) {
	raw, err := decode(key)
	if err != nil {
		return nil, errors.New("key of web push: not base64")
	}
	private, err := ecdh.P256().NewPrivateKey(raw)
	if err != nil {
		return nil, errors.New("key of web push: not 32 random bytes")
	}
	if client == nil {
		client = &http.Client{Timeout: pushTimeout, Transport: outside.Transport(outside.Public, nil),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &sender{public: base64.RawURLEncoding.EncodeToString(private.PublicKey().Bytes()), private: base64.RawURLEncoding.EncodeToString(raw),
		contact: contact, client: client}, nil
}

// CheckPushKey says what is wrong with a key of web push, if anything is.
func CheckPushKey(key string) error {
	_, err := newSender(key, "", &http.Client{})
	return err
}

// PushKey is the public key that browsers subscribe with; empty: there is no web push.
func (s *Service) PushKey() string {
	if s.sender == nil {
		return ""
	}
	return s.sender.public
}

// message is what a device gets: the words of the notice, of circles the title alone, and where a tap leads. Nothing else of the member leaves the house.
type message struct {
	Title string `json:"title"`
	Body  string `json:"body"`
	URL   string `json:"url"`
	Tag   string `json:"tag"` // the same one replaces itself
	Lang  string `json:"lang"`
}

// answer is what a push service said; status 0: nothing.
type answer struct {
	status     int
	retryAfter string
}

// send gives one message to the push service of a device.
func (s *sender) send(ctx context.Context, d target, m message, n Nature) (answer, error) {
	payload, err := json.Marshal(m)
	if err != nil {
		return answer{}, err
	}
	r, err := webpush.SendNotificationWithContext(ctx, payload, &webpush.Subscription{Endpoint: d.Endpoint, Keys: webpush.Keys{P256dh: d.P256dh, Auth: d.Auth}},
		&webpush.Options{HTTPClient: s.client, Subscriber: s.contact, Topic: m.Tag, TTL: int(n.Life.Seconds()), Urgency: webpush.Urgency(n.Urgency),
			VAPIDPublicKey: s.public, VAPIDPrivateKey: s.private})
	if err != nil {
		return answer{}, fmt.Errorf("reach the push service: %w", err)
	}
	defer r.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 16<<10)) // so that the connection can be used again
	return answer{r.StatusCode, r.Header.Get("Retry-After")}, nil
}

// target is the device of a job, with whose it is.
type target struct {
	MemberID int64     `db:"member_id"`
	Endpoint string    `db:"endpoint"`
	P256dh   string    `db:"p256dh"`
	Auth     string    `db:"auth"`
	Lang     i18n.Lang `db:"lang"`
}

// A device is told while somebody is signed in there.
var selectTarget = `
select d.member_id, d.endpoint, d.p256dh, d.auth, m.lang from push_devices d join members m on m.id = d.member_id
join sessions s on s.id = d.session_id and s.member_id = d.member_id where d.id = $1 and ` + members.SessionLives("$2")

// push is the handler of JobPush. A device that has gone is deleted; one that cannot be reached is tried again later, for as long as the notice is
// news. Sent twice it is shown once: the second replaces the first.
func (s *Service) push(ctx context.Context, w jobs.Work) error {
	var args pushArgs
	if err := w.Decode(&args); err != nil {
		return err
	}
	var to target
	err := postgres.Translate(s.db.GetContext(ctx, &to, selectTarget, args.Device, s.clock()))
	if errors.Is(err, fault.NotFound) || s.sender == nil {
		return nil
	}
	if err != nil {
		return err
	}
	m, nature, err := s.compose(ctx, to, args)
	if err != nil || m.Title == "" {
		return err
	}
	a, sendErr := s.sender.send(ctx, to, m, nature)
	if sendErr != nil {
		s.log.InfoContext(ctx, "web push", "device", args.Device, "try", args.Try, "error", sendErr)
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := s.record(ctx, tx, args, a); err != nil {
			return err
		}
		return w.Done(ctx, tx)
	})
}

// compose words the message of a job; without a title there is nothing to send any more.
func (s *Service) compose(ctx context.Context, to target, args pushArgs) (message, Nature, error) {
	if args.Notice == 0 {
		return message{Title: to.Lang.T("notice.test.title"), Body: to.Lang.T("notice.test.text"), URL: "/me/notices/settings", Tag: "test", Lang: string(to.Lang)},
			Nature{Urgency: high, Life: time.Hour}, nil
	}
	n, err := one(ctx, s.db, to.MemberID, args.Notice)
	if errors.Is(err, ErrGone) {
		return message{}, Nature{}, nil // deleted, or the device is another member's now
	}
	nature, ok := NatureOf(n.Kind)
	if err != nil || !ok || n.ReadAt != nil || s.now().Sub(n.At) > nature.Life {
		return message{}, nature, err
	}
	id, body := strconv.FormatInt(n.ID, 10), shorten(n.Text(to.Lang), 300)
	if nature.Topic == Circles {
		body = "" // it names the circle, and a locked screen is read by whoever sits near
	}
	return message{Title: shorten(n.Title(to.Lang), 120), Body: body, URL: "/me/notices/" + id, Tag: "n" + id, Lang: string(to.Lang)}, nature, nil
}

const (
	updateTaken   = `update push_devices set sent_at = $2, refusals = 0 where id = $1`
	updateRefused = `update push_devices set refusals = refusals + 1 where id = $1 returning refusals`
	deleteDevice  = `delete from push_devices where id = $1`
)

// record keeps what a push service answered.
func (s *Service) record(ctx context.Context, tx *sqlx.Tx, args pushArgs, a answer) error {
	switch Judge(a.status) {
	case Taken:
		_, err := tx.ExecContext(ctx, updateTaken, args.Device, s.clock())
		return err
	case Gone:
		_, err := tx.ExecContext(ctx, deleteDevice, args.Device)
		return err
	case Later:
		if args.Notice == 0 {
			return nil // a test that does not come is an answer, too
		}
		if args.Try+1 >= mostTries {
			s.log.WarnContext(ctx, "web push given up", "device", args.Device, "notice", args.Notice, "status", a.status)
			return nil // it is in the list, and where money is about, in the letters
		}
		at := s.clock().Add(Pause(a.retryAfter, s.clock(), args.Try))
		return enqueuePush(ctx, tx, pushArgs{args.Notice, args.Device, args.Try + 1}, jobs.Job{RunAt: at})
	}
	s.log.WarnContext(ctx, "web push refused", "device", args.Device, "status", a.status)
	var refusals int
	if err := tx.GetContext(ctx, &refusals, updateRefused, args.Device); err != nil {
		if errors.Is(postgres.Translate(err), fault.NotFound) {
			return nil
		}
		return err
	}
	if refusals < mostRefusals {
		return nil
	}
	_, err := tx.ExecContext(ctx, deleteDevice, args.Device)
	return err
}
