// Package orders is the way of a sale: cart, order, payment, shipment, delivery, withdrawal, refund.
//
//	                     Confirm              all of it went back
//	awaiting_payment ───────────────▶ paid ◀────────────────────▶ refunded, charged_back
//	   │     │  reservation over        ▲   a refund failed late, a lost dispute was won
//	   │     └────────▶ expired ────────┘ paid after all, and still in stock
//	   └──▶ cancelled
//
// A paid order may be refunded in parts, and lose parts to disputes; it stays paid until nothing of it is left.
//
// A shipment is what one brand sends of an order:
//
//	waiting ──▶ preparing ──▶ shipped ──▶ delivered        waiting, preparing ──▶ cancelled
//	       paid          Ship        Deliver: by the buyer, the brand, or time
//
// Every use case locks the order's row first, so that of two things that happen at once the second sees the first. The
// payment provider is called outside of transactions, with a reference of ours that was committed before: a call whose
// answer was lost is made again under the same reference.
package orders

import (
	"time"

	"relais/internal/designs"
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders/form"
	"relais/internal/royalties"
)

// State is where an order stands.
type State string

// The states of an order.
const (
	AwaitingPayment State = "awaiting_payment"
	Paid            State = "paid"
	Refunded        State = "refunded"     // its buyer has all of it back from us
	ChargedBack     State = "charged_back" // its buyer's bank took back what we had not refunded
	Expired         State = "expired"
	Cancelled       State = "cancelled"
)

// ShipmentState is where a shipment stands.
type ShipmentState string

// The states of a shipment.
const (
	Waiting           ShipmentState = "waiting"
	Preparing         ShipmentState = "preparing"
	Shipped           ShipmentState = "shipped"
	Delivered         ShipmentState = "delivered"
	ShipmentCancelled ShipmentState = "cancelled"
)

// Address is where an order goes.
type Address = form.Address

// Order is one purchase of a buyer, with goods of one brand or of several.
type Order struct {
	ID              int64  `db:"id"`
	Number          string `db:"number"` // what people read: R-7K2MQ4
	Token           string `db:"token"`  // 130 random bits: whoever has it sees the order without log-in
	MemberID        *int64 `db:"member_id"`
	Email           string `db:"email"`
	EmailNormal     string `db:"email_normal"`
	Address         `db:""`
	Lang            i18n.Lang      `db:"lang"`
	Currency        money.Currency `db:"currency"`
	GoodsMinor      int64          `db:"goods_minor"`
	ShippingMinor   int64          `db:"shipping_minor"`
	TotalMinor      int64          `db:"total_minor"`
	State           State          `db:"state"`
	PlacedAt        time.Time      `db:"placed_at"`
	ExpiresAt       time.Time      `db:"expires_at"` // until then the stock is reserved
	CheckoutID      *string        `db:"checkout_id"`
	CheckoutURL     string         `db:"checkout_url"`
	CheckoutAttempt int            `db:"checkout_attempt"` // grows when the provider has spent our reference on a failure
	CheckoutUntil   *time.Time     `db:"checkout_until"`   // of an order that waits for days: when its page closes
	PaymentIntentID *string        `db:"payment_intent_id"`
	PaidAt          *time.Time     `db:"paid_at"`
	EndedAt         *time.Time     `db:"ended_at"`
	RefundedMinor   int64          `db:"refunded_minor"`  // the buyer has back from us
	LostMinor       int64          `db:"lost_minor"`      // the buyer's bank took back for good
	Code            string         `db:"code"`            // of the member who recommended it, as the buyer typed it; empty: none
	Place           string         `db:"place"`           // where it was made: Distance, or a word of package pos
	WithdrawalDays  int            `db:"withdrawal_days"` // WithdrawalDays, or 0 where there is no right of withdrawal
	Expected        *time.Time     `db:"expected"`        // first day of the month in which what was promised in a launch is delivered: nothing of it was in stock; nil: not of a launch
}

// Refunded is what the buyer has back from us so far.
func (o Order) Refunded() money.Amount { return money.New(o.RefundedMinor, o.Currency) }

// WasPaid reports whether the order was ever paid and kept.
func (s State) WasPaid() bool { return s == Paid || s == Refunded || s == ChargedBack }

// Distance is the place of an order that was made from afar, and is sent.
const Distance = "distance"

// InPerson reports whether the order was made face to face: it is handed over when it is paid.
func (o Order) InPerson() bool { return o.Place != Distance && o.Place != "" }

// Total is what the buyer pays.
func (o Order) Total() money.Amount { return money.New(o.TotalMinor, o.Currency) }

// Goods is the total of the lines.
func (o Order) Goods() money.Amount { return money.New(o.GoodsMinor, o.Currency) }

// Shipping is the total of the delivery costs.
func (o Order) Shipping() money.Amount { return money.New(o.ShippingMinor, o.Currency) }

// Shipment is what one brand sends of one order.
type Shipment struct {
	ID            int64         `db:"id"`
	OrderID       int64         `db:"order_id"`
	BrandID       int64         `db:"brand_id"`
	BrandName     string        `db:"brand_name"`
	BrandHandle   string        `db:"brand_handle"`
	BrandEmail    string        `db:"brand_email"`
	MakerName     string        `db:"maker_name"`
	MakerAddress  string        `db:"maker_address"`
	VATNumber     string        `db:"vat_number"`
	MethodName    string        `db:"method_name"`
	ShippingMinor int64         `db:"shipping_minor"`
	ReturnedMinor int64         `db:"returned_minor"` // of the delivery cost, went back to the buyer
	AskedMinor    int64         `db:"asked_minor"`    // of it, is on its way back
	DaysMin       int           `db:"days_min"`
	DaysMax       int           `db:"days_max"`
	State         ShipmentState `db:"state"`
	Carrier       string        `db:"carrier"`
	Tracking      string        `db:"tracking"`
	ShippedAt     *time.Time    `db:"shipped_at"`
	DeliveredAt   *time.Time    `db:"delivered_at"`
	DeliveredBy   string        `db:"delivered_by"` // buyer, brand, time or seller

	Lines []Line `db:"-"`
}

// Line is a variant bought, with everything frozen that its price and shares depend on.
type Line struct {
	ID            int64  `db:"id"`
	OrderID       int64  `db:"order_id"`
	ShipmentID    int64  `db:"shipment_id"`
	VariantID     int64  `db:"variant_id"`
	ProductID     int64  `db:"product_id"`
	BrandID       int64  `db:"brand_id"`
	Title         string `db:"title"`
	VariantTitle  string `db:"variant_title"`
	SKU           string `db:"sku"`
	MediaHash     string `db:"media_hash"`
	Slug          string `db:"slug"`
	Quantity      int64  `db:"quantity"`
	PriceMinor    int64  `db:"price_minor"`  // per piece, including VAT: the brand's price and the margin
	MarginMinor   int64  `db:"margin_minor"` // of it, per piece: what the storefront put on the brand's price; 0 where it was not bought in one
	TotalMinor    int64  `db:"total_minor"`
	ReturnedMinor int64  `db:"returned_minor"` // of it, went back to the buyer, refunded or taken by their bank
	AskedMinor    int64  `db:"asked_minor"`    // of it, is on its way back
	// How many pieces were refunded or are being refunded: they came back or never left.
	RefundedQuantity int64 `db:"refunded_quantity"`
	CustomMade       bool  `db:"custom_made"` // made to the buyer's own wishes: no right of withdrawal
	designs.Piece          // of the price, OptionMinor is the design's
	VATBps           int64 `db:"vat_bps"`
	NetMinor         int64 `db:"net_minor"`        // of the brand's price, without VAT, rounded down: the base of every rate
	MarginNetMinor   int64 `db:"margin_net_minor"` // of the margin, without VAT, rounded down: what its member earns
	TermsID          int64 `db:"terms_id"`
	CommissionBps    int64 `db:"commission_bps"` // of all its relays together, rounded up; 0 where nobody brought the buyer
	FeeBps           int64 `db:"fee_bps"`
	HoldDays         int   `db:"hold_days"`

	Relays    []Relay             `db:"-"` // who is credited for it; none: nobody brought the buyer
	Royalties []royalties.Royalty `db:"-"` // who has a share for what it is
}

// Margin is what the line costs more than at the brand, minor units.
func (l Line) Margin() int64 { return l.MarginMinor * l.Quantity }

// Relay is a member who is credited for a line, with what they get of it.
type Relay struct {
	LineID   int64  `db:"order_line_id"`
	MemberID int64  `db:"member_id"`
	Name     string `db:"name"`
	Handle   string `db:"handle"`
	RateBps  int64  `db:"rate_bps"` // of the price without VAT, basis points
	PartBps  int64  `db:"part_bps"` // of the line, basis points; 10000: all of it
}

// Rates are what is taken of the line's price without VAT.
func (l Line) Rates() earnings.Rates {
	r := earnings.Rates{FeeBps: l.FeeBps}
	for _, c := range l.Relays {
		r.Credits = append(r.Credits, earnings.Credit{MemberID: c.MemberID, RateBps: c.RateBps, PartBps: c.PartBps})
	}
	for _, m := range l.Royalties {
		r.Royalties = append(r.Royalties, m.RateBps)
	}
	return r
}

// ReservationTime is how long the stock of an unpaid order is kept. Stripe lets a Checkout Session expire no sooner
// than 30 minutes after it is made.
const ReservationTime = 30 * time.Minute

// WithdrawalDays is how long after receipt a buyer may withdraw (Directive 2011/83/EU, art. 9).
const WithdrawalDays = 14
