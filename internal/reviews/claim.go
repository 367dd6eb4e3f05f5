package reviews

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"relais/internal/fault"
	"relais/internal/money"
)

// Claim states.
const (
	ClaimOpen    = "open"
	ClaimGranted = "granted"
	ClaimRefused = "refused"
)

// ClaimsADay is how many claims a member may make within 24 hours.
const ClaimsADay = 5

// Faults of claims.
var (
	ErrClaimGone = fault.New(fault.NotFound, "fault.claim_gone")
	ErrAnswered  = fault.New(fault.Conflict, "fault.claim_answered")
	ErrTooMany   = fault.New(fault.TooMany, "fault.claim_many")
	ErrOwn       = fault.New(fault.Conflict, "fault.claim_own")    // the member bought it themselves, by the rules
	ErrStaff     = fault.New(fault.Conflict, "fault.claim_staff")  // the member is of the brand's team
	ErrHasIt     = fault.New(fault.Conflict, "fault.claim_has_it") // they have, or had, the commission: a refusal is for an appeal
	ErrOthers    = fault.New(fault.Conflict, "fault.claim_others") // another member has the commission, or may get it by an appeal: only the brand can pay it twice
	ErrReturned  = fault.New(fault.Conflict, "fault.claim_returned")
	ErrNoRate    = fault.New(fault.Conflict, "fault.claim_no_rate") // the terms gave no commission, or it rounds to nothing
	ErrNotBooked = fault.New(fault.Conflict, "fault.claim_unpaid")
	ErrNoSale    = fault.New(fault.Conflict, "fault.claim_no_sale") // the decider chose none
)

// Claim is a member's word that a sale is missing.
type Claim struct {
	ID          int64      `db:"id"`
	MemberID    int64      `db:"member_id"`
	BrandID     int64      `db:"brand_id"`
	OrderNumber string     `db:"order_number"` // as typed; empty: by day
	Day         *time.Time `db:"day"`          // of the purchase
	Product     string     `db:"product"`
	Shared      string     `db:"shared"` // how: link, storefront, talk, other
	Text        string     `db:"text"`
	AskedAt     time.Time  `db:"asked_at"`
	DueAt       time.Time  `db:"due_at"`
	OrderLineID *int64     `db:"order_line_id"`
	State       string     `db:"state"`
	DecidedAs   string     `db:"decided_as"`
	DecidedAt   *time.Time `db:"decided_at"`
	Why         string     `db:"why"`
	EarningID   *int64     `db:"earning_id"` // the commission that was granted

	BrandName    string        `db:"brand_name"`
	BrandHandle  string        `db:"brand_handle"`
	MemberName   string        `db:"member_name"`
	MemberHandle string        `db:"member_handle"`
	Granted      *money.Amount `db:"-"`
}

// Reference names a claim in the books and in letters.
func (c Claim) Reference() string { return fmt.Sprintf("claim:%d", c.ID) }

// Late says whether the answer was due.
func (c Claim) Late(now time.Time) bool { return c.State == ClaimOpen && now.After(c.DueAt) }

// Asked is a claim as its member writes it.
type Asked struct {
	MemberID    int64
	Brand       string // handle
	OrderNumber string
	Day         string // YYYY-MM-DD, where the number is not known
	Product     string
	Shared      string
	Text        string
}

// Ways are how somebody may have shared: "review.shared." + way.
func Ways() []string { return []string{"link", "storefront", "talk", "other"} }

var orderNumber = regexp.MustCompile(`^[A-Z0-9-]{3,40}$`)

// Check is what of a claim is not right, field by field, and its day where it has one. A number goes before a day.
func (a *Asked) Check(now time.Time) (*time.Time, error) {
	a.OrderNumber, a.Product, a.Text = strings.ToUpper(strings.TrimSpace(a.OrderNumber)), strings.TrimSpace(a.Product), strings.TrimSpace(a.Text)
	wrong := fault.New(fault.Invalid, "fault.claim_form")
	bad := func(field, key string) { wrong = wrong.With(field, key) }
	if a.Brand == "" {
		bad("brand", "fault.required")
	}
	var day *time.Time
	switch {
	case a.OrderNumber != "" && !orderNumber.MatchString(a.OrderNumber):
		bad("number", "fault.claim_number")
	case a.OrderNumber != "":
	case a.Day == "":
		bad("number", "fault.claim_which")
	default:
		d, err := time.Parse(time.DateOnly, a.Day)
		switch {
		case err != nil:
			bad("day", "fault.claim_day")
		case d.After(now.AddDate(0, 0, 1)):
			bad("day", "fault.claim_day_ahead")
		default:
			day = &d
		}
	}
	if utf8.RuneCountInString(a.Product) > 200 {
		bad("product", "fault.review_long")
	}
	known := false
	for _, w := range Ways() {
		known = known || w == a.Shared
	}
	if !known {
		bad("shared", "fault.required")
	}
	if _, err := Words("text", a.Text); a.Text == "" {
		bad("text", "fault.required")
	} else if err != nil {
		bad("text", "fault.review_long")
	}
	if len(wrong.Fields) > 0 {
		return nil, wrong
	}
	return day, nil
}

// Sale is an order line that a claim may be about, with what the system knows of it, for whoever decides. It is not for the member.
type Sale struct {
	LineID        int64          `db:"line_id"`
	OrderID       int64          `db:"order_id"`
	OrderNumber   string         `db:"order_number"`
	Title         string         `db:"title"`
	Quantity      int64          `db:"quantity"`
	PlacedAt      time.Time      `db:"placed_at"`
	Currency      money.Currency `db:"currency"`
	Paid          bool           `db:"paid"`
	NetMinor      int64          `db:"net_minor"`
	ReturnedMinor int64          `db:"returned_minor"`
	RateBps       int64          `db:"rate_bps"`        // of the terms it was sold under
	Rule          string         `db:"rule"`            // that decided whose it is
	HolderName    string         `db:"holder_name"`     // other members who have the commission, or may still get it by an appeal
	SaleEarningID int64          `db:"sale_earning_id"` // the brand's share of the line; 0: none
	LeftMinor     int64          `db:"left_minor"`      // of that share
	Own           bool           `db:"own"`             // the claimant bought it: with their account, address, payout account or card
	Staff         bool           `db:"staff"`           // the claimant is of the brand's team
	Has           bool           `db:"has"`             // the claimant has a commission of it, or had
	Clicks        int64          `db:"clicks"`          // on links of the claimant that lead to it, in the 90 days before the order, without those that do not count
	LastClick     *time.Time     `db:"last_click"`
	Weighed       bool           `db:"weighed"` // something of the claimant was weighed for this buyer
	Reason        string         `db:"reason"`  // why it did not win: "relay.reason." + reason
}

// Commission is what a granted claim pays: the rate of the terms in force at the sale, of the price without VAT.
func (s Sale) Commission() money.Amount {
	return money.New(money.Share(s.NetMinor, s.RateBps), s.Currency)
}

// Grantable says whether a commission on a sale may be paid to a claimant out of the brand's share. as is who decides: only a brand may pay
// a second one. Faults: one for each reason why not; "too much" where the share has less left.
func Grantable(s Sale, as string) error {
	switch commission := s.Commission().Minor; {
	case !s.Paid || s.SaleEarningID == 0:
		return ErrNotBooked
	case s.Own:
		return ErrOwn
	case s.Staff:
		return ErrStaff
	case s.Has:
		return ErrHasIt
	case s.HolderName != "" && as != ByBrand:
		return ErrOthers
	case s.ReturnedMinor > 0:
		return ErrReturned
	case commission <= 0:
		return ErrNoRate
	case commission > s.LeftMinor:
		return fault.New(fault.Conflict, "fault.claim_beyond").Arg("Part", s.Commission()).Arg("Left", money.New(s.LeftMinor, s.Currency))
	}
	return nil
}
