package notices

import (
	"slices"
	"time"
)

// Kind is what a member sets notices by: the rows of their settings.
type Kind string

// Topic is what the list can be narrowed to.
type Topic string

// The topics. The list offers those that have a kind.
const (
	Money   Topic = "money"
	Orders  Topic = "orders"
	Circles Topic = "circles" // of a kind; what is told has the sphere of its circle in this place
	Brand   Topic = "brand"

	Personal     Topic = "personal"
	Professional Topic = "professional"
)

// The kinds of notices.
const (
	Sale          Kind = "sale"           // a friend bought
	Royalty       Kind = "royalty"        // a piece was sold that one drew, or whose idea was one's own
	Free          Kind = "free"           // earnings came free
	Payout        Kind = "payout"         // money was sent, or could not be
	Back          Kind = "back"           // an earning was taken back, or came back
	Review        Kind = "review"         // a commission is looked at, was decided
	Claim         Kind = "claim"          // the answer to a missing sale
	Terms         Kind = "terms"          // a brand whose pieces one shared changed what it offers
	Order         Kind = "order"          // of one's own purchases
	Together      Kind = "together"       // of a group order that one opened
	Idea          Kind = "idea"           // of an idea that one proposed or supports
	Publication   Kind = "publication"    // of a design that one publishes, or reported
	Message       Kind = "message"        // a brand wrote about one's order
	Poll          Kind = "poll"           // of a poll that one voted in
	BrandOrder    Kind = "brand_order"    // to the team of a brand: somebody bought
	BrandMessage  Kind = "brand_message"  // a buyer wrote
	BrandInbox    Kind = "brand_inbox"    // an answer to a buyer is due, a conversation was given to one, mail waits for a decision
	BrandReturn   Kind = "brand_return"   // a buyer sends something back
	BrandDispute  Kind = "brand_dispute"  // a buyer's bank asks for the money
	BrandClaim    Kind = "brand_claim"    // a member misses a sale
	BrandStock    Kind = "brand_stock"    // few pieces are left
	BrandIdea     Kind = "brand_idea"     // an idea waits for the brand's answer
	BrandDesign   Kind = "brand_design"   // a design is to be published on a base of the brand's
	BrandPayout   Kind = "brand_payout"   // money was sent to the brand, or could not be
	BrandRating   Kind = "brand_rating"   // a buyer rated a product
	BrandPoll     Kind = "brand_poll"     // a poll of the brand closed, or waits for its answer
	Margin        Kind = "margin"         // what a storefront puts on a price was lowered, or ended, by its brand
	Counter       Kind = "counter"        // what one sells face to face was paid
	BrandQuestion Kind = "brand_question" // somebody asked about a product
	BuyerQuestion Kind = "buyer_question" // somebody asked about a product that one bought
	Question      Kind = "question"       // of what one asked or answered in public, or reported there
	Rating        Kind = "rating"         // a brand answered one's rating, a storefront one's thanks
	Thanks        Kind = "thanks"         // a buyer wrote into one's guest book
	Story         Kind = "story"          // of a story that one tells, or reported
	Appeal        Kind = "appeal"         // what one wrote was hidden, and is shown again or stays so
	Desk          Kind = "desk"           // to administrators: a report waits where none did
	Circle        Kind = "circle"         // of one's own place in a circle
	CircleDesk    Kind = "circle_desk"    // to those who moderate: somebody asks to join, something was reported
	Talk          Kind = "talk"           // of what one wrote in a circle
)

// Choice is how notices of a kind go by mail.
type Choice string

// The choices of mail.
const (
	AtOnce Choice = "now"
	Daily  Choice = "daily"
	Weekly Choice = "weekly"
	Never  Choice = "never"
)

// Choices are all of them, in the order in which they are offered.
func Choices() []Choice { return []Choice{AtOnce, Daily, Weekly, Never} }

// Nature is what is fixed about a kind, and how it goes until a member chooses.
type Nature struct {
	Kind    Kind
	Topic   Topic
	Mail    Choice        // until chosen
	Push    bool          // until chosen
	Due     bool          // a letter of its own always goes out: mail cannot be chosen
	Stays   bool          // in the list, whatever is chosen: money
	Urgency string        // for push services: how soon to wake a device
	Life    time.Duration // for push services: how long to keep it for a device that is off
	Events  []string      // that may be told
}

const (
	day      = 24 * time.Hour
	normal   = "normal"
	high     = "high"
	low      = "low"
	veryLong = 7 * day
)

// Kinds are all kinds, in the order of the settings page.
func Kinds() []Nature {
	return []Nature{
		{Kind: Sale, Topic: Money, Mail: AtOnce, Push: true, Stays: true, Urgency: normal, Life: 3 * day, Events: []string{"made", "made_several"}},
		{Kind: Royalty, Topic: Money, Mail: AtOnce, Push: true, Stays: true, Urgency: normal, Life: 3 * day, Events: []string{"made", "idea", "made_several"}},
		{Kind: Free, Topic: Money, Mail: Daily, Stays: true, Urgency: low, Life: 3 * day, Events: []string{"came", "came_several"}},
		{Kind: Payout, Topic: Money, Mail: AtOnce, Push: true, Stays: true, Urgency: high, Life: veryLong, Events: []string{"sent", "failed", "bank"}},
		{Kind: Back, Topic: Money, Mail: AtOnce, Push: true, Stays: true, Urgency: normal, Life: veryLong,
			Events: []string{"refund", "refund_failed", "dispute_lost", "dispute_won"}},
		{Kind: Review, Topic: Money, Mail: AtOnce, Push: true, Due: true, Stays: true, Urgency: normal, Life: veryLong,
			Events: []string{"opened", "cleared", "refused", "appeal_granted", "appeal_refused"}},
		{Kind: Claim, Topic: Money, Mail: AtOnce, Push: true, Due: true, Stays: true, Urgency: normal, Life: veryLong, Events: []string{"granted", "refused"}},
		{Kind: Terms, Topic: Money, Mail: Daily, Stays: true, Urgency: low, Life: veryLong, Events: []string{"raised", "lowered", "changed"}},
		{Kind: Margin, Topic: Money, Mail: AtOnce, Stays: true, Urgency: normal, Life: veryLong, Events: []string{"lowered", "ended"}},
		{Kind: Counter, Topic: Money, Mail: Never, Stays: true, Urgency: high, Life: day, Events: []string{"paid"}},
		{Kind: Order, Topic: Orders, Mail: AtOnce, Push: true, Due: true, Urgency: normal, Life: 3 * day,
			Events: []string{"paid", "shipped", "delivered", "refunded", "return_asked", "return_approved", "return_refused", "launch_started", "launch_made", "launch_late", "launch_postponed", "pledge_joined", "pledge_refused", "pledge_unpaid", "pledge_released"}},
		{Kind: Message, Topic: Orders, Mail: AtOnce, Push: true, Due: true, Urgency: high, Life: 3 * day, Events: []string{"written", "held", "hidden", "report_kept", "report_hidden"}},
		{Kind: Together, Topic: Orders, Mail: AtOnce, Push: true, Urgency: normal, Life: 3 * day, Events: []string{"reached", "missed", "cancelled"}},
		{Kind: Idea, Topic: Orders, Mail: Daily, Urgency: low, Life: 3 * day,
			Events: []string{"reached", "answered_yes", "answered_later", "answered_no", "launched", "made", "expired", "ended_short", "withdrawn", "merged", "hidden", "comment_hidden", "report_kept", "report_hidden"}},
		{Kind: Publication, Topic: Orders, Mail: AtOnce, Push: true, Urgency: normal, Life: 3 * day,
			Events: []string{"listed", "refused", "revision_listed", "revision_refused", "taken_down", "waits", "varied", "report_kept", "report_hidden"}},
		{Kind: Rating, Topic: Orders, Mail: AtOnce, Urgency: low, Life: 3 * day, Events: []string{"replied", "answered"}},
		{Kind: Question, Topic: Orders, Mail: AtOnce, Push: true, Urgency: normal, Life: 3 * day, Events: []string{"brand", "buyer", "designer", "asked", "hidden", "report_kept", "report_hidden"}},
		{Kind: BuyerQuestion, Topic: Orders, Mail: Daily, Urgency: low, Life: 3 * day, Events: []string{"asked"}},
		{Kind: Thanks, Topic: Orders, Mail: Daily, Urgency: low, Life: 3 * day, Events: []string{"written"}},
		{Kind: Poll, Topic: Orders, Mail: Daily, Urgency: low, Life: 3 * day, Events: []string{"decided", "no_quorum", "cancelled", "answered", "launched", "made", "report_kept", "report_hidden"}},
		{Kind: Story, Topic: Orders, Mail: Daily, Urgency: normal, Life: 3 * day, Events: []string{"published", "stuck", "hidden", "shown", "report_kept", "report_hidden"}},
		{Kind: Appeal, Topic: Orders, Mail: AtOnce, Urgency: normal, Life: 3 * day, Events: []string{"shown", "refused"}},
		{Kind: Desk, Topic: Orders, Mail: Daily, Urgency: normal, Life: 3 * day, Events: []string{"waits"}},
		{Kind: Circle, Topic: Circles, Mail: AtOnce, Push: true, Urgency: normal, Life: 3 * day,
			Events: []string{"invited", "accepted", "declined", "moderator", "member", "owner", "removed", "banned"}},
		{Kind: CircleDesk, Topic: Circles, Mail: Daily, Push: true, Urgency: normal, Life: 3 * day, Events: []string{"asked", "reported"}},
		{Kind: Talk, Topic: Circles, Mail: Daily, Push: true, Urgency: normal, Life: day, Events: []string{"comment", "answer", "reactions"}},
		{Kind: BrandOrder, Topic: Brand, Mail: Never, Push: true, Urgency: normal, Life: day, Events: []string{"placed", "group_opened", "group_reached", "launch_reached", "launch_missed", "launch_cancelled", "launch_unmade", "launch_late"}},
		{Kind: BrandMessage, Topic: Brand, Mail: Never, Push: true, Urgency: high, Life: 3 * day, Events: []string{"written"}},
		{Kind: BrandInbox, Topic: Brand, Mail: AtOnce, Push: true, Urgency: normal, Life: 3 * day, Events: []string{"due", "overdue", "assigned", "held", "hidden", "report_kept", "report_hidden"}},
		{Kind: BrandReturn, Topic: Brand, Mail: Never, Push: true, Urgency: normal, Life: 3 * day, Events: []string{"withdrawal", "request"}},
		{Kind: BrandDispute, Topic: Brand, Mail: Never, Push: true, Stays: true, Urgency: high, Life: veryLong,
			Events: []string{"dispute_opened", "inquiry_opened", "dispute_reopened", "dispute_lost", "dispute_won", "inquiry_closed", "dispute_due"}},
		{Kind: BrandClaim, Topic: Brand, Mail: Never, Stays: true, Urgency: normal, Life: 3 * day, Events: []string{"asked"}},
		{Kind: BrandStock, Topic: Brand, Mail: Daily, Urgency: low, Life: day, Events: []string{"low", "out"}},
		{Kind: BrandRating, Topic: Brand, Mail: Daily, Urgency: low, Life: 3 * day, Events: []string{"written", "reply_hidden"}},
		{Kind: BrandQuestion, Topic: Brand, Mail: Daily, Push: true, Urgency: normal, Life: 3 * day, Events: []string{"asked"}},
		{Kind: BrandIdea, Topic: Brand, Mail: AtOnce, Push: true, Urgency: normal, Life: 3 * day, Events: []string{"reached", "due", "late", "unattached"}},
		{Kind: BrandDesign, Topic: Brand, Mail: AtOnce, Push: true, Urgency: normal, Life: 3 * day, Events: []string{"asked", "revision_asked", "listed", "revision_listed", "left", "taken_down"}},
		{Kind: BrandPoll, Topic: Brand, Mail: AtOnce, Urgency: normal, Life: 3 * day, Events: []string{"decided", "no_quorum", "stopped", "late"}},
		{Kind: BrandPayout, Topic: Brand, Mail: Never, Push: true, Stays: true, Urgency: normal, Life: veryLong, Events: []string{"sent", "failed", "bank"}},
	}
}

// NatureOf is what is fixed about a kind; ok is false for one that does not exist.
func NatureOf(k Kind) (n Nature, ok bool) {
	for _, n := range Kinds() {
		if n.Kind == k {
			return n, true
		}
	}
	return Nature{}, false
}

// Parts are the topics of the list: those that have a kind, the two spheres of circles apart.
func Parts() []Topic {
	var list []Topic
	for _, t := range Topics() {
		if t == Circles {
			list = append(list, Spheres()...)
			continue
		}
		list = append(list, t)
	}
	return list
}

// Spheres are those of circles.
func Spheres() []Topic { return []Topic{Personal, Professional} }

// Sphere is the topic where it is a sphere of circles; empty where it is of neither.
func (t Topic) Sphere() Topic {
	if slices.Contains(Spheres(), t) {
		return t
	}
	return ""
}

// Topics are those that have a kind.
func Topics() []Topic {
	var list []Topic
	seen := map[Topic]bool{}
	for _, n := range Kinds() {
		if !seen[n.Topic] {
			seen[n.Topic] = true
			list = append(list, n.Topic)
		}
	}
	return list
}
