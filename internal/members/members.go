package members

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/golang-lru/v2"
	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/postgres"
	"relais/internal/prose"
	"relais/internal/token"
)

// Service has the use cases. Create it with New; it is safe for concurrent use.
type Service struct {
	db     *sqlx.DB
	mail   *mail.Outbox
	keys   *token.Keys
	now    func() time.Time
	hasher *hasher
	cache  *lru.Cache[string, sessionRow] // session id -> row, for cacheLife

	whenBlocked []func(ctx context.Context, tx *sqlx.Tx, memberID int64) error
}

// Options is what the service needs.
type Options struct {
	DB   *sqlx.DB
	Mail *mail.Outbox
	Keys *token.Keys
	Now  func() time.Time // the real clock
}

// New returns the service.
func New(o Options) *Service {
	cache, err := lru.New[string, sessionRow](10_000)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Service{db: o.DB, mail: o.Mail, keys: o.Keys, now: o.Now, hasher: newHasher(), cache: cache}
}

// SignUp is what a stranger gives to become a member.
type SignUp struct {
	Name     string
	Email    string
	Password string
	Lang     i18n.Lang
	IP       string
	Next     string                                                       // the page of ours that they wanted to see; the letters lead on to it; may be empty
	Then     func(ctx context.Context, tx *sqlx.Tx, memberID int64) error // of a new account, in its transaction; nil: nothing
}

// SignUp adds an account that waits for its address to be confirmed, and writes a letter to it. When the address
// has an account already the answer is the same, and the letter says so instead; when that account was never
// confirmed, the newest sign-up replaces it. Faults: Invalid with fields name, email, password; TooMany; Unavailable.
func (s *Service) SignUp(ctx context.Context, in SignUp) error {
	name, nameErr := cleanName(in.Name)
	email, emailErr := CleanEmail(in.Email)
	if err := fault.Merge(nameErr, emailErr, CheckPassword(in.Password, in.Name, in.Email)); err != nil {
		return err
	}
	err := s.try(ctx, map[string]limit{
		throttleKey("letter-to", email): letterTo, throttleKey("letter-from", Network(in.IP)): letterFrom})
	if err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	if err != nil {
		return err
	}
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		m := Member{Email: email, Name: name, Lang: in.Lang, CreatedAt: s.now()}
		added, ok, err := insertWithHandle(ctx, tx, m, hash)
		if err == nil && !ok {
			added, ok, err = s.signUpAgain(ctx, tx, m, hash, in.Next)
		}
		if err != nil || !ok {
			return err
		}
		if in.Then != nil {
			if err := in.Then(ctx, tx, added.ID); err != nil {
				return err
			}
		}
		return s.askToConfirm(ctx, tx, added, in.Next)
	})
	if err != nil {
		return fmt.Errorf("sign up: %w", err)
	}
	return nil
}

const replaceSQL = `
	update members set name = $2, password_hash = $3, lang = $4 where id = $1 returning ` + columns

// signUpAgain answers a sign-up with an address that has an account: replaced says that nobody ever confirmed it, and that it is this
// one's now.
func (s *Service) signUpAgain(ctx context.Context, tx *sqlx.Tx, in Member, hash, next string) (m Member, replaced bool, err error) {
	m, err = one(ctx, tx, byEmailSQL+` for update`, in.Email)
	if err != nil {
		return m, false, err
	}
	if m.EmailConfirmedAt != nil || m.BlockedAt != nil {
		return m, false, s.write(ctx, tx, m, "account_exists", "signup:"+token.Random(12), letterData{Name: m.Name, Path: onward("/login", next)})
	}
	err = tx.GetContext(ctx, &m, replaceSQL, m.ID, in.Name, hash, in.Lang)
	if err != nil {
		return m, false, fmt.Errorf("replace unconfirmed member: %w", postgres.Translate(err))
	}
	return m, true, nil
}

// handleTries is how many handles made of a name are tried before chance helps.
const handleTries = 5

// insertWithHandle adds a member under a free handle, proposed from the name unless m has one. ok is false when the
// address is taken.
func insertWithHandle(ctx context.Context, tx *sqlx.Tx, m Member, hash string) (Member, bool, error) {
	for n := range 2 * handleTries {
		switch {
		case n < handleTries:
			m.Handle = ProposeHandle(m.Name, n)
		default:
			m.Handle = ProposeHandle(m.Name, 100+rand.IntN(1_000_000))
		}
		added, ok, err := insert(ctx, tx, m, hash)
		if err != nil || ok {
			return added, ok, err
		}
		if _, err := ByEmail(ctx, tx, m.Email); !errors.Is(err, fault.NotFound) {
			return Member{}, false, err
		}
	}
	return Member{}, false, fmt.Errorf("no free handle for a new member")
}

// askToConfirm writes the letter with the link that confirms an address.
func (s *Service) askToConfirm(ctx context.Context, tx *sqlx.Tx, m Member, next string) error {
	secret, err := addToken(ctx, tx, forConfirm, m, m.Email, s.now(), confirmLife)
	if err != nil {
		return err
	}
	return s.write(ctx, tx, m, "confirm", linkReference(secret), letterData{Name: m.Name, Path: onward("/confirm/"+secret, next)})
}

// onward is a path of ours that leads on to another afterwards.
func onward(path, next string) string {
	if next == "" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}

// letterData is what the letters of this package read.
type letterData struct {
	Name  string
	Path  string // of the link, with its secret
	Email string // a new address
}

func (s *Service) write(ctx context.Context, tx *sqlx.Tx, m Member, template, reference string, data letterData) error {
	return s.mail.Queue(ctx, tx, mail.Letter{
		To: m.Email, Lang: m.Lang, Template: template, Reference: reference, Data: data})
}

// linkReference names the letter that carries a link.
func linkReference(secret string) string { return "link:" + token.Hash(secret)[:24] }

const confirmSQL = `
	update members set email_confirmed_at = coalesce(email_confirmed_at, $2) where id = $1 returning ` + columns

// Confirm spends the link of a sign-up and logs its member in. Faults: NotFound when the link is spent, late or
// unknown; Forbidden when the account is blocked.
func (s *Service) Confirm(ctx context.Context, secret, userAgent string) (Session, error) {
	var session Session
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		l, err := useToken(ctx, tx, forConfirm, secret, s.now())
		if err != nil {
			return err
		}
		var m Member
		if err := tx.GetContext(ctx, &m, confirmSQL, l.MemberID, s.now()); err != nil {
			return fmt.Errorf("confirm member %d: %w", l.MemberID, err)
		}
		session, err = s.openSession(ctx, tx, m, userAgent)
		return err
	})
	return session, err
}

// LinkGood says, without spending it, whether a one-time link of a letter can still be used; kind is the first part
// of its path: "confirm", "reset" or "email". Otherwise a NotFound fault.
func (s *Service) LinkGood(ctx context.Context, kind, secret string) error {
	_, err := peekToken(ctx, s.db, purpose(kind), secret, s.now())
	return err
}

// Lengths of what a member says about themselves, in characters.
const (
	maxName = 80
	maxCity = 80
	maxBio  = 600
)

// cleanName returns a name with single blanks between its words, or an Invalid fault on field "name".
func cleanName(name string) (string, error) {
	name = prose.Line(name)
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", fault.Field("name", "fault.name_missing")
	case n > maxName:
		return "", fault.Field("name", "fault.name_long")
	}
	return name, nil
}
