// Package pos is selling face to face, with a phone in one's hand: a member from the listings of their own storefront, a brand's
// team its own products.
//
// A sale is a basket with a seller, which becomes one order:
//
//	draft ── Show ──▶ shown ── Agree: the buyer, on their own phone ──▶ its order: payment page ──┐
//	  ▲                │ │                                                                         ├─▶ paid, handed over
//	  └──── Edit ──────┘ └── Present: the seller, at a card reader ──▶ its order: the reader ─────┘
//	        nobody has agreed yet          Cancel, from anywhere before it is paid
//
// The code that the buyer scans names one basket as it was when it was shown, by 130 random bits, for ShownTime. Whoever agrees first
// makes the order, under a reference of the sale's, so that it is one order however often it is sent; its stock is reserved, its prices
// and terms are frozen, who brought the buyer is decided and its earnings are booked as in any order (package orders), but it has no parcel: it is
// handed over when it is paid. Where it is made decides whether that is allowed and whether its buyer may withdraw: rules.go.
//
// A payment at a reader is a row that is committed before anybody is asked (reader_payments); one order has one at a time, which is
// handed to a reader again after a card was declined, so that nobody can pay twice there. What came of it is read at the provider, by
// the seller's page, by notices and by a sweep (Settle): notices may be lost, doubled and late. Somebody may pay at the reader and
// somebody else on the page at once; then orders sends the second payment back by itself.
//
// What is not here: a native application that takes a card on the phone itself (Tap to Pay). Such an application needs the provider's own
// kit; its server is here: Token gives it a connection, Tap a payment of a sale, and Settle reads what came of it.
package pos

import (
	"context"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/carts"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payments"
)

// ShownTime is how long a buyer may agree after the code was shown.
const ShownTime = 15 * time.Minute

// State is where a sale stands before it is an order.
type State string

// The states of a sale.
const (
	Draft     State = "draft"
	Shown     State = "shown"
	Cancelled State = "cancelled"
)

// Sale is a basket that somebody sells face to face.
type Sale struct {
	ID          int64           `db:"id"`
	SellerID    int64           `db:"seller_id"`
	SellerName  string          `db:"seller_name"`
	BrandID     *int64          `db:"brand_id"` // nil: the seller's own storefront
	BrandName   string          `db:"brand_name"`
	BrandHandle string          `db:"brand_handle"`
	CartID      string          `db:"cart_id"`
	Place       Place           `db:"place"`
	Country     string          `db:"country"`
	Lang        i18n.Lang       `db:"lang"`
	State       State           `db:"state"`
	Token       *string         `db:"token"`
	ExpiresAt   *time.Time      `db:"expires_at"`
	TotalMinor  *int64          `db:"total_minor"`
	Currency    *money.Currency `db:"currency"`
	OrderID     *int64          `db:"order_id"`
	Buyer       string          `db:"buyer"` // which browser agreed; empty: none
	CreatedAt   time.Time       `db:"created_at"`
}

// Total is what the buyer pays, as it was shown; zero before.
func (s Sale) Total() money.Amount {
	if s.TotalMinor == nil || s.Currency == nil {
		return money.Amount{}
	}
	return money.New(*s.TotalMinor, *s.Currency)
}

// Over says whether the time in which somebody could agree has passed without anybody doing so.
func (s Sale) Over(now time.Time) bool {
	return s.State == Shown && s.OrderID == nil && !now.Before(*s.ExpiresAt)
}

// placing is how long an order may take to be made that was agreed to in the last moment.
const placing = time.Minute

// Busy says whether somebody has agreed and their order may be being made.
func (s Sale) Busy(now time.Time) bool {
	return s.State == Shown && s.OrderID == nil && s.Buyer != "" && now.Before(s.ExpiresAt.Add(placing))
}

// Law is what the law says of the sale.
func (s Sale) Law() Law { return LawOf(s.Country, s.Place) }

// View is a sale with what has come of it.
type View struct {
	Sale
	Lines   []carts.Line   // while it is no order
	Goods   money.Amount   // of the lines
	Order   *orders.Page   // nil: nobody has agreed yet
	Payment *ReaderPayment // the newest at a reader; nil: none
	Refusal error          // why it may not be sold there; nil: it may
	Rules   []Rules        // what the brands of the lines want said, where they say something
}

// Stage is where a sale stands, for pages: draft, shown, over, paying, reader, declined, paid, refunded, expired or cancelled.
func (v View) Stage(now time.Time) string {
	switch {
	case v.Order != nil && v.Order.State == orders.AwaitingPayment:
		switch p := v.Payment; {
		case p != nil && p.State == AtReader:
			return "reader"
		case p != nil && p.Open() && p.Failure != "":
			return "declined"
		}
		return "paying"
	case v.Order != nil && v.Order.State.WasPaid() && v.Order.State != orders.Paid:
		return "refunded"
	case v.Order != nil:
		return string(v.Order.State)
	case v.Over(now):
		return "over"
	}
	return string(v.State)
}

// Config is what a Service needs.
type Config struct {
	DB       *sqlx.DB
	Orders   *orders.Service
	Carts    *carts.Service
	Payments Provider
	Now      func() time.Time // business time
	Clock    func() time.Time // real time
	Log      *slog.Logger
}

// Provider is what the Service asks of the payment provider.
type Provider interface {
	payments.Checkouts
	payments.Readers
	payments.CardPresent
}

// Service is the use cases of this package.
type Service struct {
	db     *sqlx.DB
	orders *orders.Service
	carts  *carts.Service
	pay    Provider
	now    func() time.Time
	clock  func() time.Time
	log    *slog.Logger
}

// New makes the Service.
func New(c Config) *Service {
	return &Service{db: c.DB, orders: c.Orders, carts: c.Carts, pay: c.Payments, now: c.Now, clock: c.Clock, log: c.Log}
}

// The jobs of this package.
const (
	JobSweep = "pos.sweep"       // reads what came of payments at readers of which no notice came, and ends those whose order is over
	JobTyped = "pos.sweep_typed" // forgets the typed amounts of abandoned baskets
)

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSweep, 2*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, time.Minute, JobSweep)
	r.Handle(JobTyped, 5*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.SweepTyped(ctx) })
	r.Every(JobTyped, 24*time.Hour, JobTyped)
}
