// Package pledges is buying together: people promise to buy a piece, each with a card that is kept for it, and pay only if enough of them
// promise before a day. A member opens a campaign for a product whose brand offers steps in its terms ("5 or more people: 10 % less"), hands its
// address round and earns as for a sale in their storefront.
//
//	campaign   open ──▶ reached      at its deadline, if at least the first step is: everybody pays the price of the last step reached
//	             │ ├──▶ missed       at its deadline: nobody pays
//	             │ └──▶ cancelled    by who opened it, its brand or the platform, or as the product can no longer be sold: nobody pays
//
//	pledge     pending ──▶ joined ──▶ due ──▶ ordered     its order is made and its card charged; the rest is the way of any sale
//	              │           │ │      └────▶ released    nobody pays: missed, cancelled, unavailable
//	              │           │ └───────────▶ released
//	              │           └─────────────▶ left        by its buyer, until the deadline
//	              └─────────────────────────▶ lapsed      no card was kept in time
//
// What is fixed when somebody joins: the brand's price of that day, the delivery chosen and its cost, and with them the most that may be taken. It is
// charged on the day that they read, never before. What is taken is never more than today's price and that of the day of joining, less the
// step. The stock is kept from the moment of joining. Who brought them is decided as of that moment: first who opened the campaign, as for a
// storefront, then by the other rules of package referrals.
//
// No hold is put on a card: such a hold would end after seven days at most card schemes, and would keep money of people who may not pay in
// the end. So a charge can be refused when the day has come. Then its buyer is told at once and has GraceTime to pay with any card on the page of
// the order; some refusals are tried again by themselves. Whoever does not pay in the end changes nothing for the others: the price that was
// reached when the campaign ended stays theirs, which the brand accepts with its steps. To keep that from being played with, people are counted
// by their addresses and by their cards, and the smaller number counts.
//
// A launch is a campaign of a brand, for a piece that is not made yet. It goes the same way, and differs in this:
//
//   - Its product is "launch" in package catalog from opening on: its page and storefronts show it with the goal, and nothing sells it, as whatever sells
//     asks for one that is published: no basket, no sale in person, no group order, no margin of a storefront. Of missed and cancelled it is a draft again. Of reached it stays
//     so until its brand says that it is made, or that it will not be (Unmake), when whoever paid is paid back: then it is for sale like anything else, and whoever was charged is told, to be among the first to resell it.
//   - It counts pieces, not people: a goal, steps above it, and at most so many as its brand can make. What is promised with a card never exceeds
//     that, also when many promise at once: whose card comes when nothing is left is out. The team of its brand cannot join. No stock is kept, as there is none, and none goes back. The limit of pieces for one account or card holds.
//   - Its order says in which month it is delivered (orders.expected), which the consent said. Delivery, withdrawal and all the rest follow from the order.
//   - Who opened it earns nothing. Whose link or storefront brought somebody earns by the ordinary rules, as of the moment of joining, once the card is charged.
//   - It is known to everybody: anybody finds it, and it runs for LaunchDays at most.
//
// Every use case locks the campaign first, then the pledge. The provider is called outside of transactions, under references that were
// committed before.
package pledges

import (
	"time"

	"relais/internal/catalog/steps"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
)

// Kind is what a campaign is.
type Kind string

// The kinds.
const (
	GroupOrder Kind = "group_order" // of a member, for what a brand sells
	Launch     Kind = "launch"      // of a brand, for what it will make
)

// CampaignState is where a campaign stands.
type CampaignState string

// The states of a campaign.
const (
	Open      CampaignState = "open"
	Reached   CampaignState = "reached"
	Missed    CampaignState = "missed"
	Cancelled CampaignState = "cancelled"

	// GivenUp is no state of a row: it is how a launch stands that was reached and then stopped. It will not be made.
	GivenUp CampaignState = "given_up"
)

// Why says why a campaign was cancelled, or a pledge released.
type Why string

// The reasons.
const (
	ByOpener    Why = "opener"      // who opened it ended it
	ByBrand     Why = "brand"       // its brand did
	ByPlatform  Why = "platform"    // Relais did
	TooLong     Why = "late"        // it could not be charged for days after its deadline
	Unavailable Why = "unavailable" // the product can no longer be sold
	NotEnough   Why = "missed"      // of a pledge: too few people
	CalledOff   Why = "cancelled"   // of a pledge: the campaign was cancelled
	NotOffered  Why = "not_offered" // of a pledge to a launch: its variant could not be ordered at the deadline, and did not count
	Full        Why = "full"        // of a pledge to a launch that lapsed: its card came when nothing was left
	OfTeam      Why = "team"        // of a pledge to a launch that lapsed: its card is known as one of the brand's team
	Moved       Why = "moved"       // of a pledge to a launch that lapsed: its card came when the month to which it had agreed was moved
)

// State is where a pledge stands.
type State string

// The states of a pledge.
const (
	Pending  State = "pending"
	Joined   State = "joined"
	Due      State = "due"
	Ordered  State = "ordered"
	Lapsed   State = "lapsed"
	Left     State = "left"
	Released State = "released"
)

// Limits.
const (
	MaxOpen     = 10                     // group orders that a member, launches that a brand may have open at once
	MaxDaily    = 20                     // … and open in a day, however they end
	MaxDays     = 30                     // from opening to deadline
	MaxQuantity = 10                     // pieces of one pledge, and of one account or card in a campaign
	MaxNote     = 500                    // characters
	LaunchDays  = 60                     // from opening a launch to its deadline
	MaxUnits    = 100_000                // pieces of a launch
	MaxPlan     = 2000                   // characters
	LaterMonths = 12                     // from the month of a launch's deadline to that of its delivery
	CardTime    = orders.ReservationTime // from the form to the card: as long its stock is kept
	GraceTime   = 72 * time.Hour         // from a charge that was due until its order ends unpaid
	RetryTime   = 24 * time.Hour         // between two tries of a card that may be charged later
	KeptTime    = 30 * 24 * time.Hour    // after its end, what is known of the person of a pledge that became no order
)

// The faults of this package.
var (
	ErrGone     = fault.New(fault.NotFound, "fault.pledges.gone")     // no such campaign or pledge
	ErrNoSteps  = fault.New(fault.Conflict, "fault.pledges.no_steps") // the terms in force offer no steps for this product
	ErrOver     = fault.New(fault.Conflict, "fault.pledges.over")     // the campaign has ended
	ErrMany     = fault.New(fault.Conflict, "fault.pledges.many")     // MaxOpen are open already, or MaxDaily were opened in a day
	ErrTooLate  = fault.New(fault.Conflict, "fault.pledges.too_late") // the pledge can no longer be taken back
	ErrConsent  = fault.Field("consent", "fault.pledges.consent")     // the box was not ticked
	ErrVariant  = fault.Field("variant", "fault.pledges.variant")     // none of this product that is for sale
	ErrQuantity = fault.Field("quantity", "fault.pledges.quantity")   // 1 to MaxQuantity
	ErrRoom     = fault.Field("quantity", "fault.pledges.room")       // MaxQuantity pieces of one account or card are in already
	ErrDays     = fault.Field("days", "fault.pledges.days")           // 1 to MaxDays

	// of launches
	ErrUnits      = fault.Field("quantity", "fault.pledges.units")         // so many pieces are not left: argument Left
	ErrTeam       = fault.Field("email", "fault.pledges.team")             // of the team of the brand, which cannot fill its own goal
	ErrCharging   = fault.New(fault.Conflict, "fault.pledges.charging")    // cards are still charged
	ErrManyOpen   = fault.New(fault.Conflict, "fault.pledges.many_open")   // the brand has MaxOpen open
	ErrNotReached = fault.New(fault.Conflict, "fault.pledges.not_reached") // nothing is to be made
	ErrGoal       = fault.Field("goal", "fault.pledges.goal")              // 1 to MaxUnits
	ErrMax        = fault.Field("max", "fault.pledges.max")                // at least the goal, at most MaxUnits
	ErrExpected   = fault.Field("expected", "fault.pledges.expected")      // from the month of the deadline, LaterMonths on
	ErrLaunchDays = fault.Field("days", "fault.pledges.launch_days")       // 1 to LaunchDays
)

// Campaign is what people promise to.
type Campaign struct {
	ID        int64          `db:"id"`
	Kind      Kind           `db:"kind"`
	Code      string         `db:"code"` // of its address: that of a group order only those know to whom it is given
	ProductID int64          `db:"product_id"`
	BrandID   int64          `db:"brand_id"`
	OpenedBy  int64          `db:"opened_by"`
	TermsID   int64          `db:"terms_id"` // that offered the steps
	Steps     steps.Steps    `db:"steps"`    // as they were offered then; of a launch by pieces, the first is its goal
	Currency  money.Currency `db:"currency"`
	Note      string         `db:"note"`
	State     CampaignState  `db:"state"`
	OpenedAt  time.Time      `db:"opened_at"`
	Deadline  time.Time      `db:"deadline"`
	EndedAt   *time.Time     `db:"ended_at"`
	EndedWhy  Why            `db:"ended_why"`  // of a cancelled one
	StoppedAt *time.Time     `db:"stopped_at"` // the platform had the charges of a reached one stop; of a launch also its brand: it will not be made
	Ended     int            `db:"people"`     // people when it ended; of a launch, pieces
	LessBps   int64          `db:"less_bps"`   // of the step that was reached, basis points of the brand's price

	// of a launch
	Max        int        `db:"max_units"`  // pieces that can be promised; 0: no end
	Expected   *time.Time `db:"expected"`   // first day of the month in which it is delivered, UTC
	Plan       string     `db:"plan"`       // what its brand says will happen with the money
	StartedAt  *time.Time `db:"started_at"` // it is in production
	MadeAt     *time.Time `db:"made_at"`
	StoppedWhy string     `db:"stopped_why"` // why its brand will not make it; empty: it will, or the platform stopped it
	IdeaID     *int64     `db:"idea_id"`     // from which it came
}

// Path is the address of its page on this site.
func (c Campaign) Path() string {
	if c.IsLaunch() {
		return "/launches/" + c.Code
	}
	return "/together/" + c.Code
}

// IsLaunch says whether it is a brand's launch.
func (c Campaign) IsLaunch() bool { return c.Kind == Launch }

// Standing is its state, or GivenUp.
func (c Campaign) Standing() CampaignState {
	if c.IsLaunch() && c.StoppedAt != nil {
		return GivenUp
	}
	return c.State
}

// Over says whether it came to nothing: missed, cancelled or given up.
func (c Campaign) Over() bool {
	return c.State == Missed || c.State == Cancelled || c.Standing() == GivenUp
}

// Goal is how many people, or of a launch pieces, must be promised before anybody pays.
func (c Campaign) Goal() int { return c.Steps[0].People }

// Joinable says whether somebody may join at that time.
func (c Campaign) Joinable(now time.Time) bool { return c.State == Open && now.Before(c.Deadline) }

// Stoppable says whether the platform may stop it at that time: until its deadline, and once it was reached as long as cards are charged or, of a
// launch, until it is made.
func (c Campaign) Stoppable(now time.Time) bool {
	late := now.Sub(c.Deadline) > 2*GraceTime
	if c.IsLaunch() {
		late = c.MadeAt != nil
	}
	return c.Joinable(now) || c.State == Reached && c.StoppedAt == nil && !late
}

// Pledge is somebody's promise to buy.
type Pledge struct {
	ID             int64  `db:"id"`
	Token          string `db:"token"` // of its address /pledge/TOKEN: whoever has it sees the pledge and may take it back
	Operation      string `db:"operation"`
	CampaignID     int64  `db:"campaign_id"`
	CartID         string `db:"cart_id"`
	VariantID      int64  `db:"variant_id"`
	Quantity       int64  `db:"quantity"`
	MemberID       *int64 `db:"member_id"` // nil: a guest
	Email          string `db:"email"`
	EmailNormal    string `db:"email_normal"`
	orders.Address `db:""`
	Lang           i18n.Lang  `db:"lang"`
	Visitor        string     `db:"visitor"`
	PriceMinor     int64      `db:"price_minor"` // the brand's price of a piece when it was made
	MethodName     string     `db:"method_name"`
	ShippingMinor  int64      `db:"shipping_minor"`
	DaysMin        int        `db:"days_min"`
	DaysMax        int        `db:"days_max"`
	MostMinor      int64      `db:"most_minor"` // what may be taken at most, with delivery
	Consent        string     `db:"consent"`    // the sentence that its buyer agreed to, when they asked
	State          State      `db:"state"`
	AskedAt        time.Time  `db:"asked_at"`
	ExpiresAt      time.Time  `db:"expires_at"` // of a pending one
	JoinedAt       *time.Time `db:"joined_at"`
	EndedAt        *time.Time `db:"ended_at"`
	EndedWhy       Why        `db:"ended_why"` // of a released one, and of a lapsed one where its card was refused
	ToldAt         *time.Time `db:"told_at"`
	SetupID        *string    `db:"setup_id"`
	SetupURL       string     `db:"setup_url"`
	SetupAttempt   int        `db:"setup_attempt"`
	CustomerID     string     `db:"customer_id"`
	CardID         string     `db:"card_id"`
	CardBrand      string     `db:"card_brand"`
	CardLast4      string     `db:"card_last4"`
	Fingerprint    string     `db:"fingerprint"`
	ForgottenAt    *time.Time `db:"forgotten_at"` // the provider forgot the card
	OrderID        *int64     `db:"order_id"`
	Attempt        int        `db:"attempt"`
	FirstSentAt    *time.Time `db:"first_sent_at"`
	TriedAt        *time.Time `db:"tried_at"`
	Refusals       int        `db:"refusals"`
	RefusedAt      *time.Time `db:"refused_at"`
	RefusedCode    string     `db:"refused_code"`
	NextAt         *time.Time `db:"next_at"` // when a refused card is tried again; nil: not by itself
}

// Path is the address of its page on this site.
func (p Pledge) Path() string { return "/pledge/" + p.Token }

// Goods is what the pieces cost at the price of the day of joining.
func (p Pledge) Goods() int64 { return p.PriceMinor * p.Quantity }
