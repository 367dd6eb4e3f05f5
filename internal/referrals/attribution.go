package referrals

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/catalog"
	"relais/internal/clicks"
	"relais/internal/fault"
	"relais/internal/postgres"
)

// ErrNoTerms says that a product cannot be sold, as its brand has not said yet what it offers.
var ErrNoTerms = fault.New(fault.Conflict, "fault.catalog.no_terms")

// Sale is an order as attribution sees it.
type Sale struct {
	At               time.Time // when the order is placed
	Checkout         time.Time // when checkout began: clicks after it do not count; zero: At
	BuyerMemberID    *int64    // nil: a guest
	CodeMemberID     *int64    // whose code was typed; nil: none
	BuyerEmailNormal string
	Visitor          string // from the consent cookie; empty without consent
	Lines            []SaleLine
}

// SaleLine is one line of it.
type SaleLine struct {
	Index              int // the caller's own, not read
	ProductID          int64
	BrandID            int64
	StorefrontMemberID *int64 // whose storefront path it was added from
	OpenerMemberID     *int64 // who opened the group order in which it was promised
	ClickToken         string // of the click that brought the visitor, where the page knew it
	AddedAt            time.Time
	Typed              bool // an amount typed at a counter: nobody can have recommended it
}

// Attribute decides each line of a sale, in the order of its lines. It reads only; Save keeps a decision. ErrNoTerms where the
// brand of a line offers no terms.
func Attribute(ctx context.Context, tx *sqlx.Tx, s Sale) ([]Decision, error) {
	buyer, err := BuyerOf(ctx, tx, s)
	if err != nil {
		return nil, fmt.Errorf("attribute sale: %w", err)
	}
	m := Moment{At: s.At, Checkout: s.Checkout}
	if m.Checkout.IsZero() || m.Checkout.After(m.At) {
		m.Checkout = m.At
	}
	found, err := loadFound(ctx, tx, s)
	if err != nil {
		return nil, fmt.Errorf("attribute sale: %w", err)
	}
	decisions := make([]Decision, len(s.Lines))
	offers := map[int64][]catalog.Terms{}
	for i, sl := range s.Lines {
		if _, ok := offers[sl.BrandID]; !ok {
			if offers[sl.BrandID], err = catalog.TermsHistory(ctx, tx, sl.BrandID); err != nil {
				return nil, fmt.Errorf("attribute line %d: %w", i, err)
			}
		}
		line := Line{ProductID: sl.ProductID, BrandID: sl.BrandID, Terms: offers[sl.BrandID]}
		if _, ok := catalog.Choose(line.Terms, line.ProductID, s.At); !ok {
			return nil, fmt.Errorf("attribute line %d: product %d: %w", i, sl.ProductID, ErrNoTerms)
		}
		var candidates []Candidate
		if !sl.Typed {
			if candidates, err = candidatesOf(ctx, tx, s, sl, found); err != nil {
				return nil, fmt.Errorf("attribute line %d: %w", i, err)
			}
		}
		decisions[i] = Decide(m, buyer, line, candidates)
	}
	return decisions, nil
}

const insertAttribution = `insert into attributions (order_line_id, rule, evidence, decided_at) values ($1, $2, $3, $4)`

const insertCredit = `
insert into attribution_credits (order_line_id, member_id, link_id, click_id, rate_bps, part_bps) values ($1, $2, $3, $4, $5, $6)`

// Save keeps the decision of an order line, once and for good: a second one for the same line is refused.
func Save(ctx context.Context, tx *sqlx.Tx, orderLineID int64, d Decision) error {
	evidence, err := json.Marshal(d.Evidence)
	if err != nil {
		return fmt.Errorf("save attribution: %w", err)
	}
	if _, err = tx.ExecContext(ctx, insertAttribution, orderLineID, d.Rule, string(evidence), d.At); err != nil {
		return fmt.Errorf("save attribution: %w", postgres.Translate(err))
	}
	for _, c := range d.Credits {
		if _, err := tx.ExecContext(ctx, insertCredit, orderLineID, c.MemberID, c.LinkID, c.ClickID, c.RateBps, c.PartBps); err != nil {
			return fmt.Errorf("save credit: %w", postgres.Translate(err))
		}
	}
	return nil
}

const selectBuyer = `
select m.email_normal, coalesce(p.stripe_account_id, '') as payout_id
from members m left join payees p on p.member_id = m.id
where m.id = $1`

// BuyerOf is the buyer of a sale with the e-mail and payout account of their own account, when signed in.
func BuyerOf(ctx context.Context, q sqlx.QueryerContext, s Sale) (Buyer, error) {
	var b Buyer
	if s.BuyerEmailNormal != "" {
		b.Emails = append(b.Emails, s.BuyerEmailNormal)
	}
	if s.BuyerMemberID == nil {
		return b, nil
	}
	b.MemberID = *s.BuyerMemberID
	var row struct {
		EmailNormal string `db:"email_normal"`
		PayoutID    string `db:"payout_id"`
	}
	if err := sqlx.GetContext(ctx, q, &row, selectBuyer, b.MemberID); err != nil {
		return b, fmt.Errorf("read buyer: %w", postgres.Translate(err))
	}
	b.Emails = append(b.Emails, row.EmailNormal)
	b.PayoutID = row.PayoutID
	return b, nil
}

// clickRow is a click with its link and the member who shared it.
type clickRow struct {
	ClickID     int64         `db:"click_id"`
	At          time.Time     `db:"at"`
	Eligible    bool          `db:"eligible"`
	Reason      clicks.Reason `db:"reason"`
	LinkID      int64         `db:"link_id"`
	MemberID    int64         `db:"member_id"`
	Target      Target        `db:"target"`
	ProductID   int64         `db:"product_id"`
	BrandID     int64         `db:"brand_id"`
	StoryID     int64         `db:"story_id"`
	PollID      int64         `db:"poll_id"`
	SharedAt    time.Time     `db:"shared_at"`
	EmailNormal string        `db:"email_normal"`
	Blocked     bool          `db:"blocked"`
	PayoutID    string        `db:"payout_id"`
}

// selectClicks finds the clicks of one buyer since $4: those that the cart knows, those of the consent cookie, those made signed
// in; and, for a repeat, the one that it repeats.
const selectClicks = `
with own as (
  select id, at, link_id, day_visitor, visitor, reason from clicks where token = any($1) and at > $4
  union select id, at, link_id, day_visitor, visitor, reason from clicks where $2 <> '' and visitor = $2 and at > $4
  union select id, at, link_id, day_visitor, visitor, reason from clicks where member_id = $3 and at > $4
), mine as (
  select id, at from own
  union select f.id, f.at from own r, lateral (select f.id, f.at from clicks f where f.eligible and f.link_id + 0 = r.link_id
      and (f.day_visitor = r.day_visitor or r.visitor <> '' and f.visitor = r.visitor)
      and f.at > r.at - interval '1 hour' and f.at < r.at + interval '1 hour' order by f.at desc limit 1) f
    where r.reason = 'repeat'
)
select c.id as click_id, c.at, c.eligible, c.reason, l.id as link_id, l.member_id, l.target, coalesce(l.product_id, 0) as product_id,
  coalesce(l.brand_id, 0) as brand_id, coalesce(l.story_id, 0) as story_id, coalesce(l.poll_id, 0) as poll_id, l.created_at as shared_at, m.email_normal, m.blocked_at is not null as blocked,
  coalesce(p.stripe_account_id, '') as payout_id
from (select c.*, row_number() over (partition by c.eligible order by c.at desc, c.id desc) as n from mine join clicks c on c.id = mine.id and c.at = mine.at) c
join share_links l on l.id = c.link_id join members m on m.id = l.member_id
left join payees p on p.member_id = m.id
where c.n <= case when c.eligible then 500 else 200 end -- more of them are of no person; the first one counts too
order by c.at desc, c.id desc`

func loadClicks(ctx context.Context, q sqlx.QueryerContext, s Sale) ([]clickRow, error) {
	known := []string{}
	for _, l := range s.Lines {
		if l.ClickToken != "" {
			known = append(known, l.ClickToken)
		}
	}
	var rows []clickRow
	err := sqlx.SelectContext(ctx, q, &rows, selectClicks, pq.Array(known), s.Visitor, s.BuyerMemberID, s.At.Add(-clicks.LookBack))
	if err != nil {
		return nil, fmt.Errorf("read clicks: %w", err)
	}
	return rows, nil
}

// selectListed says which of the members list the product now.
const selectListed = `select member_id from listings where product_id = $1 and member_id = any($2)`

const selectPerson = `
select m.id as member_id, m.email_normal, m.blocked_at is not null as blocked, coalesce(p.stripe_account_id, '') as payout_id
from members m left join payees p on p.member_id = m.id where m.id = $1`

// selectShared is when a member shared something that covers the product, as far as it can still lock a rate.
const selectShared = `
select created_at from share_links l
where member_id = $1 and created_at > $4 and (product_id = $2 or brand_id = $3 or target = 'storefront'
  or exists (select 1 from story_products t where t.story_id = l.story_id and t.product_id = $2 and t.off_at is null)
  or exists (select 1 from poll_covers o where o.poll_id = l.poll_id and o.product_id = $2))`

// selectShown says which of the stories and polls showed the product, from when until when; nil: they still do. A poll shows the one that it is about,
// and once its brand named or launched them those that came of it; none is ever taken off.
const selectShown = `
select story_id, 0 as poll_id, tagged_at, off_at from story_products where product_id = $1 and story_id = any($2)
union all select 0, o.id, o.opened_at, null from poll_covers v join polls o on o.id = v.poll_id where v.product_id = $1 and v.poll_id = any($3)`

// selectStaff says which of the members are on the team of the brand now.
const selectStaff = `select member_id from brand_members where brand_id = $1 and member_id = any($2)`

// found is what speaks for members in all lines of a sale.
type found struct {
	clicks []clickRow
	pin    *Pin
}

func loadFound(ctx context.Context, q sqlx.QueryerContext, s Sale) (found, error) {
	var f found
	var err error
	if f.clicks, err = loadClicks(ctx, q, s); err != nil {
		return f, err
	}
	if s.BuyerMemberID != nil {
		f.pin, err = PinOf(ctx, q, *s.BuyerMemberID)
	}
	return f, err
}

// candidatesOf are the storefront path of one line, the code of the order, every click of the buyer, and who they are pinned to.
func candidatesOf(ctx context.Context, q sqlx.QueryerContext, s Sale, l SaleLine, f found) ([]Candidate, error) {
	var cs []Candidate
	if l.StorefrontMemberID != nil {
		cs = append(cs, Candidate{Rule: ByStorefront, MemberID: *l.StorefrontMemberID, At: l.AddedAt})
	}
	if l.OpenerMemberID != nil {
		cs = append(cs, Candidate{Rule: ByGroup, MemberID: *l.OpenerMemberID, At: l.AddedAt})
	}
	if s.CodeMemberID != nil {
		cs = append(cs, Candidate{Rule: ByCode, MemberID: *s.CodeMemberID, At: s.At})
	}
	if f.pin != nil {
		c := Candidate{Rule: ByPin, MemberID: f.pin.To, At: f.pin.At}
		if f.pin.LinkID != nil {
			c.LinkID = *f.pin.LinkID
		}
		cs = append(cs, c)
	}
	for i := range cs {
		if err := fillIn(ctx, q, s, l, &cs[i]); err != nil {
			return nil, err
		}
	}
	for _, r := range f.clicks {
		c := Candidate{Rule: ByClick, MemberID: r.MemberID, EmailNormal: r.EmailNormal, PayoutID: r.PayoutID, Blocked: r.Blocked,
			At: r.At, Shared: []time.Time{r.SharedAt}, ClickID: r.ClickID, LinkID: r.LinkID, Target: r.Target,
			TargetProductID: r.ProductID, TargetBrandID: r.BrandID, TargetStoryID: r.StoryID, TargetPollID: r.PollID}
		if !r.Eligible {
			c.Recorded = r.Reason
		}
		cs = append(cs, c)
	}
	if err := mark(ctx, q, l, cs); err != nil {
		return nil, err
	}
	return cs, markShown(ctx, q, l, cs)
}

// mark says of each candidate whether their storefront lists the product, and whether they are on the brand's team.
func mark(ctx context.Context, q sqlx.QueryerContext, l SaleLine, cs []Candidate) error {
	members := make([]int64, len(cs))
	for i, c := range cs {
		members[i] = c.MemberID
	}
	var listing, staff []int64
	if err := sqlx.SelectContext(ctx, q, &listing, selectListed, l.ProductID, pq.Array(members)); err != nil {
		return fmt.Errorf("read listings: %w", err)
	}
	if err := sqlx.SelectContext(ctx, q, &staff, selectStaff, l.BrandID, pq.Array(members)); err != nil {
		return fmt.Errorf("read team: %w", err)
	}
	for i := range cs {
		cs[i].Listed, cs[i].Staff = slices.Contains(listing, cs[i].MemberID), slices.Contains(staff, cs[i].MemberID)
	}
	return nil
}

// markShown says of each click on the link to a story or a poll whether that shows the product, or did when it was clicked.
func markShown(ctx context.Context, q sqlx.QueryerContext, l SaleLine, cs []Candidate) error {
	stories, polls := []int64{}, []int64{}
	for _, c := range cs {
		if c.TargetStoryID != 0 {
			stories = append(stories, c.TargetStoryID)
		}
		if c.TargetPollID != 0 {
			polls = append(polls, c.TargetPollID)
		}
	}
	if len(stories)+len(polls) == 0 {
		return nil
	}
	var rows []struct {
		StoryID  int64      `db:"story_id"`
		PollID   int64      `db:"poll_id"`
		TaggedAt time.Time  `db:"tagged_at"`
		OffAt    *time.Time `db:"off_at"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectShown, l.ProductID, pq.Array(stories), pq.Array(polls)); err != nil {
		return fmt.Errorf("read what stories and polls show: %w", err)
	}
	for i, c := range cs {
		for _, r := range rows {
			cs[i].Shown = cs[i].Shown || r.StoryID == c.TargetStoryID && r.PollID == c.TargetPollID && (r.OffAt == nil || !r.TaggedAt.After(c.At) && r.OffAt.After(c.At))
		}
	}
	return nil
}

// fillIn reads who the member of a candidate is, and when they shared what covers the line.
func fillIn(ctx context.Context, q sqlx.QueryerContext, s Sale, l SaleLine, c *Candidate) error {
	var row struct {
		MemberID    int64  `db:"member_id"`
		EmailNormal string `db:"email_normal"`
		Blocked     bool   `db:"blocked"`
		PayoutID    string `db:"payout_id"`
	}
	if err := sqlx.GetContext(ctx, q, &row, selectPerson, c.MemberID); err != nil {
		return fmt.Errorf("read member of line: %w", postgres.Translate(err))
	}
	c.EmailNormal, c.Blocked, c.PayoutID = row.EmailNormal, row.Blocked, row.PayoutID
	err := sqlx.SelectContext(ctx, q, &c.Shared, selectShared, c.MemberID, l.ProductID, l.BrandID, s.At.Add(-RateLock-time.Second))
	if err != nil {
		return fmt.Errorf("read links of member: %w", err)
	}
	return nil
}
