package notices

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/token"
)

// DigestKind stands for all kinds that come in digests, where one letter ends them.
const DigestKind = "digest"

// linkLife is how long the link of a letter ends its kind.
const linkLife = 2 * 365 * 24 * time.Hour

// claims are what the link of a letter says. It needs no log-in, and can do nothing but end letters of that kind.
type claims struct {
	token.Registered
	Kind string `json:"kind"`
}

// Validate refuses a token without a kind; the parser calls it.
func (c claims) Validate() error {
	if c.Kind == "" {
		return errors.New("no kind")
	}
	return nil
}

// ErrLink says that the link of a letter is not ours, or too old.
var ErrLink = fault.New(fault.NotFound, "fault.notice_link")

// UnsubscribePath is the path that ends a kind of letters to a member, for mail.Options; empty for kinds whose letters are due.
func UnsubscribePath(keys *token.Keys, memberID int64, kind string, now time.Time) (string, error) {
	if n, ok := NatureOf(Kind(kind)); kind != DigestKind && (!ok || n.Due) {
		return "", nil
	}
	raw, err := keys.Sign(claims{keys.Issue(token.Unsubscribe, strconv.FormatInt(memberID, 10), now, linkLife), kind})
	if err != nil {
		return "", fmt.Errorf("sign the link of a letter: %w", err)
	}
	return "/unsubscribe/" + raw, nil
}

// Link is what the link of a letter would end.
type Link struct {
	MemberID int64
	Kind     string // or DigestKind
	Ended    bool   // it is ended already
}

// Look says, without changing anything, what a link would end: programs that look at every link of a letter end nothing. ErrLink.
func (s *Service) Look(ctx context.Context, raw string) (Link, error) {
	c, err := token.Open[claims](s.keys, token.Unsubscribe, raw, s.clock())
	if err != nil {
		return Link{}, ErrLink.Because(err)
	}
	memberID, err := strconv.ParseInt(c.Subject, 10, 64)
	if err != nil {
		return Link{}, ErrLink.Because(err)
	}
	l := Link{MemberID: memberID, Kind: c.Kind}
	affected, err := l.affected(ctx, s.db)
	if err != nil {
		return Link{}, err
	}
	l.Ended = len(affected) == 0
	return l, nil
}

// affected are the settings that the link would change.
func (l Link) affected(ctx context.Context, q sqlx.QueryerContext) ([]Setting, error) {
	all, err := Settings(ctx, q, l.MemberID)
	if err != nil {
		return nil, err
	}
	var list []Setting
	for _, c := range all {
		n, _ := NatureOf(c.Kind)
		digested := c.Mail == Daily || c.Mail == Weekly
		if n.Due || c.Mail == Never || l.Kind == DigestKind && !digested || l.Kind != DigestKind && l.Kind != string(c.Kind) {
			continue
		}
		c.Mail = Never
		list = append(list, c)
	}
	return list, nil
}

// Unsubscribe ends the letters of a link. In the app and on devices everything stays as it is. Twice it changes nothing. ErrLink.
func (s *Service) Unsubscribe(ctx context.Context, raw string) (Link, error) {
	l, err := s.Look(ctx, raw)
	if err != nil {
		return l, err
	}
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		list, err := l.affected(ctx, tx)
		if err != nil {
			return err
		}
		return save(ctx, tx, l.MemberID, list)
	})
	l.Ended = true
	return l, err
}
