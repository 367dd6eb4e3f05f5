package orders

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/refunds"
	"relais/internal/royalties"
)

// Service is the use cases of this package.
type Service struct {
	db       *sqlx.DB
	pay      payments.Checkouts
	now      func() time.Time // business time
	baseURL  string           // without a slash at its end
	feeBps   int64            // what Relais keeps of the price without VAT, basis points
	autoDays int              // days after sending at which a shipment counts as delivered
	mail     *mail.Outbox
	log      *slog.Logger
	whenPaid func(ctx context.Context, tx *sqlx.Tx, r refunds.Refund, at time.Time) error // see WhenPaid
	whenSold func(ctx context.Context, tx *sqlx.Tx, o Order) error                        // see WhenSold
}

// Config is what a Service needs.
type Config struct {
	DB       *sqlx.DB
	Payments payments.Checkouts
	Now      func() time.Time
	BaseURL  string
	FeeBps   int64
	AutoDays int
	Mail     *mail.Outbox
	Log      *slog.Logger
}

// New makes the Service.
func New(c Config) *Service {
	return &Service{db: c.DB, pay: c.Payments, now: c.Now, baseURL: c.BaseURL, feeBps: c.FeeBps, autoDays: c.AutoDays, mail: c.Mail, log: c.Log}
}

// Placement is an order as the buyer sends it. Prices, rates and stock are never read from it.
type Placement struct {
	CartID    string
	Operation string // one-time value of the form: sent twice, it is one order
	Email     string
	Address   Address
	Methods   map[int64]int64 // brand → method chosen
	SeenMinor int64           // the total that the page showed; 0: not told
	Designs   string          // those that the page showed: carts.Seen
	MemberID  *int64          // signed in
	Visitor   string          // from the consent cookie; empty without
	Code      string          // of the member who recommended it, as typed; empty: none
	Lang      i18n.Lang
	InPerson  *InPerson // made face to face; nil: to be sent

	code     *referrals.Typed // found by Place; nil: none was typed
	checkout time.Time        // when the checkout of the cart began; zero: its page was never opened
	promised *Promise         // see PlacePromised
}

// typedOperation begins every operation that a page sent: nobody who types one finds an order that was made in another way, under a name of ours.
const typedOperation = "web:"

// Place makes an order of a cart: stock reserved, prices, terms and attribution read from the database and frozen, in
// one transaction. Sent twice with the same Operation it answers with the order already made. Faults: the fields of
// the form; referrals.ErrCodeUnknown; those of carts.Orderable; carts.ErrNoDelivery; ErrPriceMoved; not enough in stock.
func (s *Service) Place(ctx context.Context, p Placement) (Order, error) {
	if err := p.check(); err != nil {
		return Order{}, err
	}
	if p.InPerson == nil {
		p.Operation = typedOperation + p.Operation
	}
	var o Order
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) (err error) {
		var made bool
		if o, made, err = placed(ctx, tx, p.Operation); made || err != nil {
			return err
		}
		// Two tabs with the same cart: the second waits here too, and then finds it empty.
		var begun []sql.NullTime
		if err := tx.SelectContext(ctx, &begun, `select checkout_at from carts where id = $1 for update`, p.CartID); err != nil {
			return err
		}
		if len(begun) > 0 {
			p.checkout = begun[0].Time
		}
		if p.code, err = referrals.FindCode(ctx, tx, p.Code); err != nil {
			return err
		}
		lines, err := carts.Lines(ctx, tx, carts.Look{CartID: p.CartID, MemberID: p.MemberID, Lang: p.Lang, At: s.now()})
		if err != nil {
			return fmt.Errorf("place order: %w", err)
		}
		o, err = s.place(ctx, tx, p, lines)
		return err
	})
	return o, err
}

// placed waits for whoever places the same order at this moment, as a double click does, and finds theirs.
func placed(ctx context.Context, tx *sqlx.Tx, operation string) (o Order, made bool, err error) {
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, "place:"+operation); err != nil {
		return o, false, err
	}
	o, err = orderWhere(ctx, tx, `operation = $1`, operation)
	if errors.Is(err, fault.NotFound) {
		return o, false, nil
	}
	return o, err == nil, err
}

func (s *Service) place(ctx context.Context, tx *sqlx.Tx, p Placement, lines []carts.Line) (Order, error) {
	parcels, err := s.parcels(ctx, tx, p, lines)
	if err != nil {
		return Order{}, err
	}
	n := s.draft(p, parcels)
	if p.SeenMinor != 0 && p.SeenMinor != n.TotalMinor {
		return Order{}, ErrPriceMoved
	}
	if err := carts.Reserve(ctx, tx, lines); err != nil {
		return Order{}, err
	}
	return s.write(ctx, tx, p, n, parcels, lines)
}

// draft is an order of these parcels that is not written yet.
func (s *Service) draft(p Placement, parcels []Parcel) newOrder {
	now := s.now()
	n := newOrder{Operation: p.Operation, Order: Order{Number: number(), Token: rand.Text(), MemberID: p.MemberID, Email: p.Email,
		EmailNormal: members.NormalEmail(p.Email), Address: p.Address, Lang: p.Lang, Currency: parcels[0].Goods.Currency,
		PlacedAt: now, ExpiresAt: now.Add(ReservationTime), State: AwaitingPayment, Place: Distance, WithdrawalDays: WithdrawalDays}}
	if p.InPerson != nil {
		n.Place, n.WithdrawalDays = p.InPerson.Place, p.InPerson.WithdrawalDays
	}
	for _, parcel := range parcels {
		n.GoodsMinor += parcel.Goods.Minor
		n.ShippingMinor += parcel.Cost.Minor
	}
	n.TotalMinor = n.GoodsMinor + n.ShippingMinor
	if p.code != nil {
		n.Code = p.code.Code
	}
	return n
}

// write keeps an order whose stock is reserved, with who brought its buyer, and empties its cart.
func (s *Service) write(ctx context.Context, tx *sqlx.Tx, p Placement, n newOrder, parcels []Parcel, lines []carts.Line) (Order, error) {
	decisions, err := referrals.Attribute(ctx, tx, sale(n.Order, p, lines))
	if err != nil {
		return Order{}, fmt.Errorf("attribute order: %w", err)
	}
	waived, less := waive(lines, decisions)
	if p.InPerson != nil && less > 0 { // what was shown face to face is what is paid
		return Order{}, unearned(p)
	}
	n.GoodsMinor, n.TotalMinor = n.GoodsMinor-less, n.TotalMinor-less
	if n.ID, err = insertNew(ctx, tx, n); err != nil {
		return Order{}, fmt.Errorf("place order: %w", err)
	}
	if err := s.placeLines(ctx, tx, n.Order, parcels, lines, decisions); err != nil {
		return Order{}, err
	}
	for _, name := range waived {
		if err := Tell(ctx, tx, n.ID, n.PlacedAt, "margin_waived", map[string]any{"name": name}); err != nil {
			return Order{}, err
		}
	}
	if _, err := tx.ExecContext(ctx, `delete from cart_lines where cart_id = $1`, p.CartID); err != nil {
		return Order{}, err
	}
	return n.Order, Tell(ctx, tx, n.ID, n.PlacedAt, "placed", nil)
}

// waive takes the margins off the lines that their storefront does not decide, as nobody would earn them, and says whose and how much it was. What was not
// known when the price was shown, as the address that a guest orders with, shows here. The cost of delivery stays as it was shown: goods that
// are worth less would not make it cheaper, and nobody pays more than they saw.
func waive(lines []carts.Line, decisions []referrals.Decision) (names []string, less int64) {
	for i := range lines {
		if l := &lines[i]; l.Margin.Minor > 0 && decisions[i].Rule != referrals.ByStorefront {
			names, less = append(names, l.RelayName), less+l.Added().Minor
			l.Waive()
		}
	}
	return names, less
}

// parcels checks that every line can be sold as it stands, and chooses the delivery of each brand.
func (s *Service) parcels(ctx context.Context, tx *sqlx.Tx, p Placement, lines []carts.Line) ([]Parcel, error) {
	if err := carts.Orderable(lines, p.InPerson == nil, p.Designs); err != nil {
		return nil, err
	}
	cart, err := carts.Gather(ctx, tx, p.CartID, lines, p.Lang)
	if err != nil {
		return nil, err
	}
	if len(cart.Others) > 0 {
		return nil, carts.ErrCurrencies
	}
	parcels := make([]Parcel, len(cart.Parcels))
	for i, c := range cart.Parcels {
		if p.InPerson != nil { // nothing is sent
			parcels[i] = Parcel{BrandID: c.BrandID, Goods: c.Goods, Cost: money.New(0, c.Goods.Currency)}
			continue
		}
		m, err := carts.Choose(c.Methods, p.Methods[c.BrandID], p.Address.Country)
		if err != nil {
			return nil, fault.Field(fmt.Sprintf("method-%d", c.BrandID), "fault.no_delivery")
		}
		parcels[i] = Parcel{BrandID: c.BrandID, Goods: c.Goods, Method: m, Cost: money.New(m.Cost(c.Worth.Minor), c.Goods.Currency)}
	}
	return parcels, nil
}

func (s *Service) placeLines(ctx context.Context, tx *sqlx.Tx, o Order, parcels []Parcel, lines []carts.Line, decisions []referrals.Decision) error {
	shipment := make(map[int64]int64, len(parcels))
	for _, parcel := range parcels {
		var id int64
		err := tx.GetContext(ctx, &id, insertShipment, o.ID, parcel.BrandID, parcel.Method.Name, parcel.Cost.Minor, parcel.Method.DaysMin, parcel.Method.DaysMax)
		if err != nil {
			return fmt.Errorf("place shipment: %w", err)
		}
		shipment[parcel.BrandID] = id
	}
	buyer, err := referrals.BuyerOf(ctx, tx, referrals.Sale{BuyerMemberID: o.MemberID, BuyerEmailNormal: o.EmailNormal})
	if err != nil {
		return err
	}
	for i, l := range lines {
		d := decisions[i]
		if l.Margin.Minor > catalog.MaxMargin(l.BrandPrice().Minor-l.Options.Minor, d.Margin) {
			return ErrPriceMoved // the terms changed between two looks
		}
		made, err := royalties.For(ctx, tx, l.ProductID, d.TermsID, buyer)
		if err != nil {
			return err
		}
		made, rates := royalties.Fit(made, earnings.Rates{Credits: credits(d), FeeBps: s.feeBps})
		split, err := earnings.SplitResale(l.Total().Minor, l.Margin.Minor*l.Quantity, l.VATBps, rates)
		if err != nil {
			return err
		}
		design, revision, err := l.Freeze(ctx, tx, o.Place == Distance, o.PlacedAt)
		if err != nil {
			return err
		}
		var id int64
		err = tx.GetContext(ctx, &id, insertLine, o.ID, shipment[l.BrandID], l.VariantID, l.ProductID, l.BrandID, l.Title, l.VariantTitle, l.SKU,
			l.MediaID, l.Quantity, l.Price.Minor, l.Total().Minor, l.VATBps, split.Net, d.TermsID, d.CommissionBps(), s.feeBps, l.CustomMade, l.Margin.Minor, split.Margin, design, revision, l.Options.Minor)
		if err != nil {
			return fmt.Errorf("place line: %w", postgres.Translate(err))
		}
		if err := referrals.Save(ctx, tx, id, d); err != nil {
			return fmt.Errorf("save attribution: %w", err)
		}
		if err := royalties.Save(ctx, tx, id, made, split.Royalties); err != nil {
			return err
		}
	}
	return nil
}

// credits are those of a decision, as its line is split by them.
func credits(d referrals.Decision) []earnings.Credit {
	cs := make([]earnings.Credit, len(d.Credits))
	for i, c := range d.Credits {
		cs[i] = earnings.Credit{MemberID: c.MemberID, RateBps: c.RateBps, PartBps: c.PartBps}
	}
	return cs
}

// sale is the order as attribution sees it.
func sale(o Order, p Placement, lines []carts.Line) referrals.Sale {
	sale := referrals.Sale{At: o.PlacedAt, Checkout: p.checkout, BuyerMemberID: o.MemberID, BuyerEmailNormal: o.EmailNormal, Visitor: p.Visitor}
	if p.code != nil {
		sale.CodeMemberID = &p.code.MemberID
	}
	if p.promised != nil {
		sale.At, sale.Checkout = p.promised.At, p.promised.At
	}
	for i, l := range lines {
		sale.Lines = append(sale.Lines, referrals.SaleLine{Index: i, ProductID: l.ProductID, BrandID: l.BrandID,
			StorefrontMemberID: l.StorefrontID, ClickToken: l.ClickToken, AddedAt: l.AddedAt, Typed: l.Typed})
		if p.promised != nil && p.promised.OpenedBy != 0 {
			sale.Lines[i].OpenerMemberID = &p.promised.OpenedBy
		}
	}
	return sale
}

// alphabet of order numbers: Crockford's, without letters that are read as digits.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func number() string {
	b := make([]byte, 7)
	_, _ = rand.Read(b) // never fails since Go 1.24
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return "R-" + string(b)
}
