package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	gomail "github.com/wneessen/go-mail"

	"relais/internal/jobs"
	"relais/internal/postgres"
)

// sendTimeout is how long one conversation with the mail server may take.
const sendTimeout = 30 * time.Second

// SMTP is a mail server that takes our letters. Create it with ParseSMTP.
type SMTP struct {
	host string
	port int
	opts []gomail.Option
}

// ParseSMTP reads the address of a mail server: smtp://user:password@host:587 (STARTTLS, required unless the
// host is this machine) or smtps://user:password@host:465 (TLS from the start). User and password may be absent.
func ParseSMTP(address string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("mail server: not a URL") // the cause would print the password
	}
	s := &SMTP{host: u.Hostname(), opts: []gomail.Option{gomail.WithTimeout(sendTimeout)}}
	switch u.Scheme {
	case "smtp":
		s.port = 587
		policy := gomail.TLSMandatory
		if local(s.host) {
			policy = gomail.TLSOpportunistic
		}
		s.opts = append(s.opts, gomail.WithTLSPolicy(policy))
	case "smtps":
		s.port = 465
		s.opts = append(s.opts, gomail.WithSSL())
	default:
		return nil, fmt.Errorf("mail server: scheme %q, want smtp or smtps", u.Scheme)
	}
	if s.host == "" {
		return nil, errors.New("mail server: no host")
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil {
			return nil, fmt.Errorf("mail server: port %q", p)
		}
	}
	s.opts = append(s.opts, gomail.WithPort(s.port))
	if password, ok := u.User.Password(); ok {
		auth := gomail.SMTPAuthAutoDiscover
		if local(s.host) {
			auth = gomail.SMTPAuthPlain // discovery takes nothing of it without TLS
		}
		s.opts = append(s.opts, gomail.WithSMTPAuth(auth),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	return s, nil
}

// local says whether a host is this machine, where nobody listens on the wire.
func local(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

type sendArgs struct {
	Letter int64 `json:"letter"`
}

// Send is the handler of JobSend: it gives one letter to the mail server and marks it sent. A letter that was sent
// is not sent again; a crash between the two may send it twice, under the same Message-ID. What the server refuses
// for good is written to the letter and not tried again.
func (o *Outbox) Send(ctx context.Context, w jobs.Work) error {
	var args sendArgs
	if err := w.Decode(&args); err != nil {
		return err
	}
	e, err := ByID(ctx, o.db, args.Letter)
	if err != nil {
		return err
	}
	if e.SentAt != nil || e.Error != "" || o.smtp == nil {
		return nil
	}
	refusal := ""
	if err := o.deliver(ctx, e); err != nil {
		final, err := reason(err)
		if !final {
			return fmt.Errorf("send letter %d: %w", e.ID, err)
		}
		refusal = err.Error()
	}
	return postgres.InTx(ctx, o.db, func(tx *sqlx.Tx) error {
		if err := o.mark(ctx, tx, e.ID, refusal); err != nil {
			return err
		}
		return w.Done(ctx, tx)
	})
}

// reason says whether a mail server refused for good, and why, without the address that its words repeat.
func reason(err error) (final bool, _ error) {
	var refused *gomail.SendError
	if !errors.As(err, &refused) || refused.ErrorCode() == 0 {
		return false, err
	}
	code := refused.ErrorCode()
	return code >= 500, fmt.Errorf("the mail server answered %d %s", code, refused.EnhancedStatusCode())
}

const markSQL = `
	update letters set sent_at = case when $2 = '' then $3::timestamptz end, error = $2 where id = $1`

func (o *Outbox) mark(ctx context.Context, tx *sqlx.Tx, id int64, refusal string) error {
	if _, err := tx.ExecContext(ctx, markSQL, id, refusal, o.now()); err != nil {
		return fmt.Errorf("mark letter %d: %w", id, err)
	}
	return nil
}

// deliver speaks to the mail server.
func (o *Outbox) deliver(ctx context.Context, e Entry) error {
	m, err := o.message(e)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(o.smtp.host, o.smtp.opts...)
	if err != nil {
		return fmt.Errorf("set up mail client: %w", err)
	}
	return client.DialAndSendWithContext(ctx, m)
}

// Ours is a header that all letters of ours have: one that comes back is nobody's answer.
const Ours = "X-Relais-Letter"

// message is the letter as mail: text with an HTML alternative. One whose kind can be ended says how, for a button in the reader's mail
// program (RFC 8058); others are due and have none. Auto-Submitted keeps holiday notices from answering, Ours a letter that comes back from
// being an answer.
func (o *Outbox) message(e Entry) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	if err := m.FromFormat(o.from.Name, o.from.Address); err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	if err := m.To(e.Recipient); err != nil {
		return nil, fmt.Errorf("recipient: %w", err)
	}
	id := e.MessageID
	if id == "" {
		id = o.MessageID(fmt.Sprintf("letter.%d.%d", e.ID, e.CreatedAt.Unix()))
	}
	m.SetMessageIDWithValue(strings.Trim(id, "<>"))
	if before := strings.Fields(e.Refs); len(before) > 0 {
		m.SetGenHeaderPreformatted("In-Reply-To", before[len(before)-1])
		m.SetGenHeaderPreformatted("References", strings.Join(before, "\r\n "))
	}
	if e.ReplyTo != "" {
		if err := m.ReplyTo(e.ReplyTo); err != nil {
			return nil, fmt.Errorf("address for answers: %w", err)
		}
	}
	m.SetDateWithValue(e.CreatedAt)
	m.Subject(e.Subject)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader(Ours, "1")
	m.SetGenHeader("Content-Language", string(e.Lang))
	if e.Unsubscribe != "" {
		m.SetGenHeaderPreformatted("List-Unsubscribe", "<"+o.base+e.Unsubscribe+">")
		m.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	m.SetBodyString(gomail.TypeTextPlain, e.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, e.HTML)
	return m, nil
}
