package storefronts

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/postgres"
)

// Limits of what an owner puts around their listings, in characters and pieces.
const (
	MaxLinks    = 6
	MaxLabel    = 60
	MaxURL      = 300
	MaxAwayText = 300
	MaxAwayDays = 366
)

// Faults of this file.
var (
	ErrAway      = fault.New(fault.Conflict, "front.away_now")
	ErrLinksFull = fault.New(fault.Conflict, "front.links_full")
	ErrNoLink    = fault.New(fault.NotFound, "front.link_gone")
)

// Paper is the theme that every storefront has until its owner chooses another.
const Paper = "paper"

// Themes are the palettes that a storefront can have, as the style sheet names them: each is readable in light and in dark.
func Themes() []string { return []string{Paper, "garden", "sea", "plum", "slate"} }

// Away says whether the storefront takes no orders at that time: from the first to the last of its days off, as the calendar in Paris has them.
func (s Storefront) Away(now time.Time) bool {
	today := i18n.Day(now)
	return s.AwayFrom != nil && s.AwayFrom.Format(time.DateOnly) <= today && today <= s.AwayUntil.Format(time.DateOnly)
}

// AwaySoon says whether days off are planned and have not begun.
func (s Storefront) AwaySoon(now time.Time) bool {
	return s.AwayFrom != nil && i18n.Day(now) < s.AwayFrom.Format(time.DateOnly)
}

// Choose sets the theme. A fault on the field theme.
func (s *Service) Choose(ctx context.Context, memberID int64, theme string) error {
	if !slices.Contains(Themes(), theme) {
		return fault.Field("theme", "fault.required")
	}
	return s.set(ctx, memberID, `update storefronts set theme = $2 where member_id = $1`, theme)
}

// Pin has one listing stand first, large; 0 takes it back into its place. ErrProduct where it is not listed.
func (s *Service) Pin(ctx context.Context, memberID, productID int64) error {
	if productID == 0 {
		return s.set(ctx, memberID, `update storefronts set pinned_id = null where member_id = $1`)
	}
	return s.change(ctx, memberID, func(tx *sqlx.Tx, ids []int64) error {
		if !slices.Contains(ids, productID) {
			return ErrProduct
		}
		_, err := tx.ExecContext(ctx, `update storefronts set pinned_id = $2 where member_id = $1`, memberID, productID)
		return postgres.Translate(err)
	})
}

func (s *Service) set(ctx context.Context, memberID int64, query string, args ...any) error {
	return s.change(ctx, memberID, func(tx *sqlx.Tx, _ []int64) error {
		_, err := tx.ExecContext(ctx, query, append([]any{memberID}, args...)...)
		return postgres.Translate(err)
	})
}

// Break is the days off of a storefront, both included.
type Break struct {
	From, Until time.Time
	Text        string
}

// daysOff checks days off as they were typed ("2026-12-24"): the last is today or later, not before the first, and within a year of it.
func daysOff(from, until string, now time.Time) (Break, error) {
	var b Break
	var err error
	if b.From, err = time.Parse(time.DateOnly, strings.TrimSpace(from)); err != nil {
		return b, fault.Field("from", "front.date_unknown")
	}
	if b.Until, err = time.Parse(time.DateOnly, strings.TrimSpace(until)); err != nil {
		return b, fault.Field("until", "front.date_unknown")
	}
	switch {
	case b.Until.Before(b.From):
		return b, fault.Field("until", "front.date_order")
	case b.Until.Format(time.DateOnly) < i18n.Day(now):
		return b, fault.Field("until", "front.date_past")
	case b.Until.After(b.From.AddDate(0, 0, MaxAwayDays)):
		return b, fault.Field("until", "front.date_long")
	}
	return b, nil
}

// Leave plans days off, with some words for visitors. Faults on the fields from, until and away.
func (s *Service) Leave(ctx context.Context, memberID int64, from, until, text string) error {
	b, err := daysOff(from, until, s.now())
	if err != nil {
		return err
	}
	if b.Text, err = clean("away", text, MaxAwayText, true); err != nil {
		return err
	}
	return s.set(ctx, memberID, `update storefronts set away_from = $2, away_until = $3, away_text = $4 where member_id = $1`,
		b.From.Format(time.DateOnly), b.Until.Format(time.DateOnly), b.Text)
}

// Return ends days off, or what was planned of them.
func (s *Service) Return(ctx context.Context, memberID int64) error {
	return s.set(ctx, memberID, `update storefronts set away_from = null, away_until = null, away_text = '' where member_id = $1`)
}

// Open refuses, with ErrAway, where the storefront of a member takes no orders at that time. One that nobody sees has no days off.
func Open(ctx context.Context, q sqlx.QueryerContext, memberID int64, now time.Time) error {
	f, err := ByMember(ctx, q, memberID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil && f.Away(now) {
		return ErrAway
	}
	return err
}

// Link leads from a storefront to somewhere else.
type Link struct {
	ID       int64  `db:"id"`
	Label    string `db:"label"`
	URL      string `db:"url"`
	Position int    `db:"position"`
}

// Host is where the link leads, for people.
func (l Link) Host() string {
	u, err := url.Parse(l.URL)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}

// cleanURL takes an address that begins with https:// and names a host, without a user, and with the default port.
func cleanURL(address string) (string, error) {
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	switch {
	case len(address) > MaxURL:
		return "", fault.Field("url", "relay.text_too_long")
	case err != nil || u.Scheme != "https" || u.Opaque != "" || u.User != nil || u.Port() != "" || !strings.Contains(strings.Trim(u.Hostname(), "."), "."):
		return "", fault.Field("url", "front.url_unknown")
	}
	for _, r := range address {
		if r <= ' ' || r > '~' {
			return "", fault.Field("url", "front.url_unknown")
		}
	}
	return u.String(), nil
}

// Links are the links of a storefront, in their order.
func Links(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Link, error) {
	var list []Link
	err := sqlx.SelectContext(ctx, q, &list, `select id, label, url, position from storefront_links where member_id = $1 order by position, id`, memberID)
	if err != nil {
		return nil, fmt.Errorf("read links of storefront: %w", err)
	}
	return list, nil
}

// AddLink adds a link after the others. Faults: ErrLinksFull, the fields label and url.
func (s *Service) AddLink(ctx context.Context, memberID int64, label, address string) error {
	label, err := clean("label", label, MaxLabel, false)
	if err != nil {
		return err
	}
	if label == "" {
		return fault.Field("label", "fault.required")
	}
	if address, err = cleanURL(address); err != nil {
		return err
	}
	return s.change(ctx, memberID, func(tx *sqlx.Tx, _ []int64) error {
		list, err := Links(ctx, tx, memberID)
		if err != nil {
			return err
		}
		if len(list) >= MaxLinks {
			return ErrLinksFull
		}
		_, err = tx.ExecContext(ctx, `insert into storefront_links (member_id, label, url, position) values ($1, $2, $3, $4)`, memberID, label, address, len(list))
		return postgres.Translate(err)
	})
}

// RemoveLink takes a link away; one that is not there is no fault.
func (s *Service) RemoveLink(ctx context.Context, memberID, id int64) error {
	return s.set(ctx, memberID, `delete from storefront_links where member_id = $1 and id = $2`, id)
}

const updateLinkOrder = `
update storefront_links l set position = o.position - 1 from unnest($2::bigint[]) with ordinality o(id, position) where l.member_id = $1 and l.id = o.id`

// MoveLink puts a link at a position, counted from 0. ErrNoLink.
func (s *Service) MoveLink(ctx context.Context, memberID, id int64, to int) error {
	return s.change(ctx, memberID, func(tx *sqlx.Tx, _ []int64) error {
		list, err := Links(ctx, tx, memberID)
		if err != nil {
			return err
		}
		ids := make([]int64, len(list))
		for i, l := range list {
			ids[i] = l.ID
		}
		return rearrange(ctx, tx, updateLinkOrder, memberID, ids, id, to, ErrNoLink)
	})
}
