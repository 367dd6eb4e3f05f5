package mail_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/mail/mailtest"
	"relais/internal/postgres/pgtest"
)

// postOffice is a mail server in this process.
type postOffice struct {
	address string
	mu      sync.Mutex
	letters []string
	refuse  error // what it answers to a recipient
	user    string
}

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &counter{office: p}, nil }))
	server.AllowInsecureAuth = true
	server.Domain = "localhost"
	server.ErrorLog = discard{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return p
}

func (p *postOffice) got() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.letters...)
}

func (p *postOffice) answer(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = err
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

// counter is one conversation with the post office.
type counter struct{ office *postOffice }

func (c *counter) Reset()                               {}
func (c *counter) Logout() error                        { return nil }
func (c *counter) Mail(string, *smtp.MailOptions) error { return nil }
func (c *counter) AuthMechanisms() []string             { return []string{sasl.Plain} }

func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "s3cret/word" {
			return smtp.ErrAuthFailed
		}
		c.office.mu.Lock()
		defer c.office.mu.Unlock()
		c.office.user = user
		return nil
	}), nil
}

func (c *counter) Rcpt(string, *smtp.RcptOptions) error {
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	return c.office.refuse
}

func (c *counter) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.letters = append(c.office.letters, string(text))
	return err
}

// sending is an outbox with a mail server and a runner for its jobs.
func sending(t *testing.T, office *postOffice) (*mail.Outbox, *sqlx.DB, *jobs.Runner, func(time.Duration)) {
	t.Helper()
	db := pgtest.DB(t)
	server, err := mail.ParseSMTP("smtp://relais:s3cret%2Fword@" + office.address)
	if err != nil {
		t.Fatal(err)
	}
	o, err := mail.New(mail.Options{DB: db, BaseURL: mailtest.BaseURL, From: "Relais <bonjour@relais.test>", SMTP: server, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now() // jobs are stamped by the database
	r := jobs.New(db, slog.New(slog.DiscardHandler), jobs.Options{Now: func() time.Time { return at }})
	r.Handle(mail.JobSend, time.Minute, o.Send)
	return o, db, r, func(d time.Duration) { at = at.Add(d) }
}

func TestSend(t *testing.T) {
	office := newPostOffice(t)
	o, db, runner, pass := sending(t, office)
	pass(time.Minute)
	l := mail.Letter{To: "zoe@example.org", Lang: i18n.FR, Template: "confirm", Reference: "link:1", Data: zoe}
	for range 2 {
		if err := queue(t, o, db, l); err != nil {
			t.Fatal(err)
		}
		if err := runner.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	letters := office.got()
	if len(letters) != 1 || office.user != "relais" {
		t.Fatalf("%d letters from %q", len(letters), office.user)
	}
	m, err := netmail.ReadMessage(strings.NewReader(letters[0]))
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"From": `"Relais" <bonjour@relais.test>`, "To": "<zoe@example.org>", "Subject": "Confirmez votre adresse",
		"Auto-Submitted": "auto-generated", "Content-Language": "fr", "Date": "Mon, 01 Jun 2026 12:00:00 +0000",
		"List-Unsubscribe": "",
	} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if id := m.Header.Get("Message-Id"); !strings.HasPrefix(id, "<letter.") || !strings.HasSuffix(id, "@relais.test>") {
		t.Errorf("Message-ID %q", id)
	}
	if !strings.HasPrefix(m.Header.Get("Content-Type"), "multipart/alternative") {
		t.Errorf("Content-Type %q", m.Header.Get("Content-Type"))
	}
	if e := mailtest.Newest(t, db, "zoe@example.org", "confirm"); e.SentAt == nil || e.Error != "" {
		t.Errorf("letter %+v", e)
	}
}

// A letter whose kind can be ended says how, to its reader and to their mail program; one that cannot does not.
func TestSendWithAWayOut(t *testing.T) {
	office := newPostOffice(t)
	_, db, runner, pass := sending(t, office)
	pass(time.Minute)
	o, err := mail.New(mail.Options{DB: db, BaseURL: mailtest.BaseURL, From: "Relais <bonjour@relais.test>", SMTP: smtpOf(t, office), Now: now,
		Unsubscribe: func(memberID int64, kind string) (string, error) {
			if kind == "due" {
				return "", nil
			}
			return fmt.Sprintf("/unsubscribe/%d.%s", memberID, strings.Repeat("x", 300)), nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	for i, kind := range []string{"sale", "due"} {
		l := mail.Letter{To: "zoe@example.org", Lang: i18n.FR, Template: "confirm", Reference: fmt.Sprint("link:", i), Data: zoe, MemberID: 7, Kind: kind}
		if err := queue(t, o, db, l); err != nil {
			t.Fatal(err)
		}
	}
	if err := runner.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	letters := office.got()
	if len(letters) != 2 {
		t.Fatalf("%d letters", len(letters))
	}
	address := mailtest.BaseURL + "/unsubscribe/7." + strings.Repeat("x", 300)
	for _, text := range letters {
		m, err := netmail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		way, post := m.Header.Get("List-Unsubscribe"), m.Header.Get("List-Unsubscribe-Post")
		if way == "" && post == "" && !strings.Contains(text, "Ne plus recevoir") {
			continue
		}
		if way != "<"+address+">" || post != "List-Unsubscribe=One-Click" {
			t.Errorf("List-Unsubscribe: %q, %q", way, post)
		}
	}
	if e := mailtest.Newest(t, db, "zoe@example.org", "confirm"); e.Unsubscribe != "" || strings.Contains(e.Text, "unsubscribe") {
		t.Errorf("what is due can be ended: %q", e.Unsubscribe)
	}
	first, err := mail.ByID(t.Context(), db, 1)
	if err != nil || !strings.Contains(first.Text, address) || !strings.Contains(first.HTML, `href="`+address+`"`) {
		t.Errorf("the reader is not told how: %v\n%s", err, first.Text)
	}
}

func smtpOf(t *testing.T, office *postOffice) *mail.SMTP {
	t.Helper()
	server, err := mail.ParseSMTP("smtp://relais:s3cret%2Fword@" + office.address)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestSendAgainAfterATemporaryRefusal(t *testing.T) {
	office := newPostOffice(t)
	o, db, runner, pass := sending(t, office)
	pass(time.Minute)
	office.answer(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted zoe@example.org"})
	l := mail.Letter{To: "zoe@example.org", Lang: i18n.FR, Template: "reset", Reference: "link:1", Data: zoe}
	if err := queue(t, o, db, l); err != nil {
		t.Fatal(err)
	}
	err := runner.Drain(t.Context())
	if err == nil || strings.Contains(err.Error(), "zoe@") || !strings.Contains(err.Error(), "451 4.7.1") {
		t.Errorf("error %v, want one with the code and without the address", err)
	}
	if e := mailtest.Newest(t, db, "zoe@example.org", "reset"); e.SentAt != nil || e.Error != "" {
		t.Errorf("letter %+v", e)
	}
	office.answer(nil)
	pass(time.Hour)
	if err := runner.Drain(t.Context()); err != nil || len(office.got()) != 1 {
		t.Errorf("%d letters, %v", len(office.got()), err)
	}
}

func TestSendIsNotRepeatedAfterAFinalRefusal(t *testing.T) {
	office := newPostOffice(t)
	o, db, runner, pass := sending(t, office)
	pass(time.Minute)
	office.answer(&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"})
	l := mail.Letter{To: "zoe@example.org", Lang: i18n.FR, Template: "reset", Reference: "link:1", Data: zoe}
	if err := queue(t, o, db, l); err != nil {
		t.Fatal(err)
	}
	if err := runner.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := mailtest.Newest(t, db, "zoe@example.org", "reset"); e.SentAt != nil || e.Error != "the mail server answered 550 5.1.1" {
		t.Errorf("letter %+v", e)
	}
}

func TestParseSMTP(t *testing.T) {
	for _, good := range []string{"smtp://mail.example", "smtp://a:b@mail.example:2525", "smtps://mail.example", "smtp://127.0.0.1:25"} {
		if _, err := mail.ParseSMTP(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "mail.example", "http://mail.example", "smtp://", "smtp://a:hidden@mail.example:port", "smtp://a:hidden@%zz"} {
		_, err := mail.ParseSMTP(bad)
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
