// Package mail writes the letters of Relais and sends them.
//
// A letter is queued in the transaction of what it tells, so that there is no order without its confirmation and no
// confirmation without its order. It is rendered then, in the language of its recipient, and kept in the table
// letters; what somebody was told can be read later as it was. Its reference is unique: queueing it again does
// nothing, so a repeated job does not write twice.
//
//	queue (in a transaction) ──► letters row ──► job mail.send ──► SMTP ──► sent_at
//	                                   └── without SMTP it stays there, to be read at /dev/mail
//
// # Templates
//
// A letter is one file in templates/mail with three blocks: "subject", "content" and "why" (the footer's sentence
// that says why one gets it). Blocks use plain HTML: h1, p, ul, a, a.button, small, table.lines (td.amount at
// the right), p.code, blockquote. Rendering adds the inline styles that mail programs need and derives the text alternative from
// the same blocks. They see the fields of Letter.Data and these functions:
//
//	t KEY NAME VALUE …   a message in the recipient's language       date, datetime, money   values in it
//	url PART …           an absolute address, from a path on the site    lang               its code
package mail

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/postgres"
	"relais/templates"
)

// JobSend is the kind of the job that sends one letter; Outbox.Send is its handler.
const JobSend = "mail.send"

// Letter is what a caller wants written.
type Letter struct {
	To        string    // the recipient's address
	Lang      i18n.Lang // the recipient's language
	Template  string    // a file of templates/mail, without ".html"
	Reference string    // unique: the same reference is queued once, like "order:42:paid"
	Data      any       // a struct whose fields the template reads

	// Both set: the member can end letters of this kind with one click (Options.Unsubscribe).
	MemberID int64
	Kind     string

	Thread Thread // zero: it stands alone, and nobody reads answers
}

// Thread has mail programs show a letter under what it answers, and says where answers go.
type Thread struct {
	ReplyTo   string   // an address
	MessageID string   // of the letter, with its brackets: of Outbox.MessageID
	Before    []string // Message-IDs of what came before, oldest first; the last is answered
}

// Entry is a letter as it was written.
type Entry struct {
	ID        int64      `db:"id"`
	Reference string     `db:"reference"`
	Recipient string     `db:"recipient"`
	Lang      i18n.Lang  `db:"lang"`
	Template  string     `db:"template"`
	Subject   string     `db:"subject"`
	Text      string     `db:"body_text"`
	HTML      string     `db:"body_html"`
	CreatedAt time.Time  `db:"created_at"`
	SentAt    *time.Time `db:"sent_at"`
	Error     string     `db:"error"` // why it can never be sent

	Unsubscribe string `db:"unsubscribe"` // path that ends letters of its kind; empty: they cannot be ended

	ReplyTo   string `db:"reply_to"`   // where answers go; empty: to nobody
	MessageID string `db:"message_id"` // empty: made of ID and CreatedAt
	Refs      string `db:"refs"`       // Message-IDs of what came before, with blanks between them
}

// Options is what an Outbox needs.
type Options struct {
	DB      *sqlx.DB         // where Send reads and marks letters
	BaseURL string           // of the site, without a path: every link in a letter starts with it
	From    string           // the sender, as "Relais <bonjour@relais.example>"
	SMTP    *SMTP            // nil: letters are kept and not sent
	Now     func() time.Time // the real clock

	// Unsubscribe is the path that ends letters of a kind to a member; empty for kinds that are due. Nil: none can be ended.
	Unsubscribe func(memberID int64, kind string) (string, error)
}

// Outbox queues letters and sends them. It is safe for concurrent use.
type Outbox struct {
	db     *sqlx.DB
	from   *netmail.Address
	smtp   *SMTP
	now    func() time.Time
	render *renderer
	base   string // of the site, without a slash at its end
	end    func(memberID int64, kind string) (string, error)
}

// New checks the options and reads the templates.
func New(o Options) (*Outbox, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Scheme == "" || base.Host == "" || strings.Trim(base.Path, "/") != "" {
		return nil, fmt.Errorf("base URL %q: want a scheme and a host", o.BaseURL)
	}
	from, err := netmail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("sender %q: %w", o.From, err)
	}
	files, err := fs.Sub(templates.FS, "mail")
	if err != nil {
		return nil, fmt.Errorf("open letters: %w", err)
	}
	site := base.Scheme + "://" + base.Host
	r, err := newRenderer(files, site)
	if err != nil {
		return nil, err
	}
	return &Outbox{db: o.DB, from: from, smtp: o.SMTP, now: o.Now, render: r, base: site, end: o.Unsubscribe}, nil
}

const queueSQL = `
	insert into letters (reference, recipient, lang, template, subject, body_text, body_html, created_at, unsubscribe, reply_to, message_id, refs)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
	on conflict (reference) do nothing returning id`

// Queue writes a letter in the caller's transaction and has it sent when that commits. A reference that was queued
// before does nothing. An error means that the template or its data is wrong: a defect.
func (o *Outbox) Queue(ctx context.Context, tx *sqlx.Tx, l Letter) error {
	if l.Reference == "" || l.To == "" {
		return fmt.Errorf("queue letter %s: it needs a reference and a recipient", l.Template)
	}
	unsubscribe := ""
	if l.MemberID != 0 && l.Kind != "" && o.end != nil {
		var err error
		if unsubscribe, err = o.end(l.MemberID, l.Kind); err != nil {
			return fmt.Errorf("queue letter %s: %w", l.Reference, err)
		}
	}
	page, err := o.render.letter(l, unsubscribe)
	if err != nil {
		return fmt.Errorf("queue letter %s: %w", l.Reference, err)
	}
	var id int64
	err = tx.GetContext(ctx, &id, queueSQL,
		l.Reference, l.To, l.Lang, l.Template, page.Subject, page.Text, page.HTML, o.now(), unsubscribe, l.Thread.ReplyTo, l.Thread.MessageID, strings.Join(l.Thread.Before, " "))
	if errors.Is(err, sql.ErrNoRows) {
		return nil // queued before
	}
	if err != nil {
		return fmt.Errorf("queue letter %s: %w", l.Reference, postgres.Translate(err))
	}
	if o.smtp == nil {
		return nil
	}
	job := jobs.Job{Kind: JobSend, Args: sendArgs{Letter: id}, UniqueKey: fmt.Sprintf("%s:%d", JobSend, id)}
	if err := jobs.Enqueue(ctx, tx, job); err != nil {
		return fmt.Errorf("queue letter %s: %w", l.Reference, err)
	}
	return nil
}

// MessageID is a Message-ID of this site, of a left part that is written once.
func (o *Outbox) MessageID(left string) string { return "<" + left + "@" + o.host() + ">" }

func (o *Outbox) host() string {
	_, host, _ := strings.Cut(o.from.Address, "@")
	return host
}

const listSQL = `
	select id, reference, recipient, lang, template, subject, '' as body_text, '' as body_html, created_at, sent_at, error, unsubscribe, reply_to, message_id, refs
	from letters where ($1 = '' or recipient = $1) order by id desc limit $2`

// List returns the newest letters, without their bodies; to one recipient only, if one is given.
func List(ctx context.Context, q sqlx.QueryerContext, recipient string, limit int) ([]Entry, error) {
	list := []Entry{}
	if err := sqlx.SelectContext(ctx, q, &list, listSQL, recipient, limit); err != nil {
		return nil, fmt.Errorf("list letters: %w", err)
	}
	return list, nil
}

const byIDSQL = `
	select id, reference, recipient, lang, template, subject, body_text, body_html, created_at, sent_at, error, unsubscribe, reply_to, message_id, refs
	from letters where id = $1`

// ByID returns one letter, or a NotFound fault.
func ByID(ctx context.Context, q sqlx.QueryerContext, id int64) (Entry, error) {
	var e Entry
	if err := sqlx.GetContext(ctx, q, &e, byIDSQL, id); err != nil {
		return Entry{}, fmt.Errorf("letter %d: %w", id, postgres.Translate(err))
	}
	return e, nil
}

const forgetSQL = `
	update letters set recipient = '', body_text = '', body_html = ''
	where template = $1 and recipient <> '' and (sent_at is not null or error <> '' or created_at < $2)`

// Forget empties the letters of one template that were sent, were refused for good, or are older than life: their recipient and what they
// said, with the links in it. That they were written stays.
func (o *Outbox) Forget(ctx context.Context, tx *sqlx.Tx, template string, life time.Duration) error {
	if _, err := tx.ExecContext(ctx, forgetSQL, template, o.now().Add(-life)); err != nil {
		return fmt.Errorf("forget letters: %w", postgres.Translate(err))
	}
	return nil
}
