// Package apptest gives tests all of Relais but its pages: the use cases over a real database and a local Stripe that
// is reached over HTTP and sends real webhooks, with a clock that the test moves.
package apptest

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/app"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/clicks"
	"relais/internal/clock"
	"relais/internal/documents"
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/making"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/postgres/pgtest"
	"relais/internal/referrals"
	"relais/internal/stripe"
	"relais/internal/stripesandbox"
)

// Start is where the clock of a World begins.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// World is Relais in a test.
type World struct {
	*app.Domains
	T       testing.TB
	URL     string // of the server with the sandbox and the webhook endpoints
	Sandbox *stripesandbox.Sandbox
	Stripe  *stripe.Client

	before atomic.Pointer[func()]
	caught atomic.Pointer[[][]byte] // see CatchNotices
}

// BeforeStripe has f run once, just before the local Stripe takes up the next call.
func (w *World) BeforeStripe(f func()) { w.before.Store(&f) }

func (w *World) stripe(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if f := w.before.Swap(nil); f != nil {
			(*f)()
		}
		h.ServeHTTP(rw, r)
	})
}

const secret = "a test's secret of more than thirty-two bytes"

// New makes a World with an empty database of its own.
func New(t testing.TB) *World {
	t.Helper()
	return On(t, pgtest.DB(t))
}

// On makes a World over that database.
func On(t testing.TB, db *sqlx.DB) *World {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w := &World{T: t, URL: server.URL}
	moment := clock.At(Start)
	var err error
	w.Sandbox, err = stripesandbox.New(stripesandbox.Options{Now: moment.Now, RealNow: time.Now, BaseURL: server.URL + "/stripe",
		PlatformURL: server.URL + "/webhooks/platform", PlatformSecret: "whsec_platform", ConnectURL: server.URL + "/webhooks/connect",
		ConnectSecret: "whsec_connect", SettleDelay: 48 * time.Hour})
	must(t, err)
	options := stripe.Options{Key: "sk_test_sandbox", URL: server.URL + "/stripe", PlatformSecret: "whsec_platform", ConnectSecret: "whsec_connect",
		Capabilities: []string{"transfers"}, Now: time.Now}
	w.Stripe, err = stripe.New(options)
	must(t, err)
	w.Domains, err = app.Wire(app.Parts{DB: db, Work: db, Clock: moment, Stripe: options, Secret: secret, MediaDir: t.TempDir(),
		BaseURL: server.URL, MailFrom: "Relais <relais@localhost>", FeeBps: 500, AutoDelivery: 7, PushKey: "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", Log: slog.New(slog.DiscardHandler),
		Currencies: []money.Currency{"GBP", "JPY"}, Legal: documents.Legal{Name: "Relais SAS", Address: "1 rue du Test, 75000 Paris, France", SIREN: "123 456 789", VATNumber: "FR00123456789"}})
	must(t, err)
	mux.Handle("/stripe/", w.stripe(http.StripPrefix("/stripe", w.Sandbox.Handler())))
	mux.HandleFunc("POST /webhooks/platform", w.webhook(payments.Platform))
	mux.HandleFunc("POST /webhooks/connect", w.webhook(payments.Connect))
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {}) // pages that the sandbox leads back to
	return w
}

func (w *World) webhook(endpoint payments.Endpoint) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if kept := w.caught.Load(); kept != nil && err == nil {
			*kept = append(*kept, body) // one after the other, as the sandbox sends them
			return
		}
		if err == nil {
			err = w.Webhooks.Receive(r.Context(), body, r.Header.Get("Stripe-Signature"), endpoint)
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
		}
	}
}

// CatchNotices keeps what f makes the local Stripe tell us from being heard, and returns it: for Hear, in any order.
func (w *World) CatchNotices(f func()) [][]byte {
	w.T.Helper()
	var kept [][]byte
	w.caught.Store(&kept)
	f()
	must(w.T, w.Sandbox.Drain(w.T.Context()))
	w.caught.Store(nil)
	return kept
}

// Hear takes in a notice that was caught, and does what follows.
func (w *World) Hear(notice []byte) {
	w.T.Helper()
	must(w.T, w.Webhooks.Receive(w.T.Context(), notice, stripesandbox.Sign(time.Now(), notice, "whsec_platform"), payments.Platform))
	must(w.T, w.Jobs.Drain(w.T.Context()))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Settle delivers all webhooks and runs all jobs until nothing is left to do.
func (w *World) Settle() {
	w.T.Helper()
	ctx := w.T.Context()
	must(w.T, w.Sandbox.Tick())
	for range 3 {
		must(w.T, w.Sandbox.Drain(ctx))
		must(w.T, w.Jobs.Drain(ctx))
	}
}

// Pass moves the clock by days and does what time makes due.
func (w *World) Pass(days int) {
	w.T.Helper()
	ctx := w.T.Context()
	must(w.T, w.Clock.Advance(ctx, days))
	must(w.T, w.Orders.SweepExpired(ctx))
	must(w.T, w.Pledges.Sweep(ctx))
	must(w.T, w.Ideas.Sweep(ctx))
	must(w.T, w.Orders.SweepDelivered(ctx))
	must(w.T, w.Refunds.Sweep(ctx))
	must(w.T, w.Disputes.Sweep(ctx))
	must(w.T, w.Reviews.Sweep(ctx))
	w.Settle()
	must(w.T, w.Orders.Release(ctx))
	w.Settle()
}

// Member makes a confirmed member whose name is their handle.
func (w *World) Member(handle string) int64 {
	w.T.Helper()
	m, err := w.Members.Create(w.T.Context(), members.NewMember{Handle: handle, Name: strings.ToUpper(handle[:1]) + handle[1:],
		Email: handle + "@relais.example", Password: "a good long password", Lang: i18n.FR, Confirmed: true})
	must(w.T, err)
	return m.ID
}

// Shop is a brand with one product of one variant.
type Shop struct {
	Owner, Brand, Product, Variant int64
	Handle, Slug                   string
}

// Shop makes a brand with 10 % commission, and a product at that price (20 % VAT included) with so much in stock. Delivery in France
// costs 5.00.
func (w *World) Shop(handle string, price int64, stock int) Shop {
	w.T.Helper()
	return w.ShopIn(handle, "EUR", "FR", price, stock)
}

// Recommended is one piece of a shop, bought in a member's storefront.
func (w *World) Recommended(s Shop, relay int64) Purchase {
	return Purchase{Variant: s.Variant, Storefront: relay}
}

// ShopIn is Shop in another currency and country; the price, and the delivery cost of 500, are in its minor units.
func (w *World) ShopIn(handle string, c money.Currency, country string, price int64, stock int) Shop {
	w.T.Helper()
	ctx := w.T.Context()
	s := Shop{Handle: handle, Owner: w.Member(handle + "-owner")}
	brand, err := w.Catalog.CreateBrand(ctx, s.Owner, catalog.BrandDraft{Handle: handle, Name: "Maison " + handle, Lang: i18n.FR, MakerName: "SARL " + handle,
		MakerAddress: "1 rue du Port\n29000 Quimper", ContactEmail: handle + "@marque.example", Country: country, Currency: c, Trader: true})
	must(w.T, err)
	s.Brand = brand.ID
	_, err = w.Catalog.PutDelivery(ctx, s.Owner, s.Brand, catalog.DeliveryMethod{Name: "Colissimo", PriceMinor: 500, DaysMin: 2, DaysMax: 4, Countries: []string{"FR"}, Active: true})
	must(w.T, err)
	product, err := w.Catalog.CreateProduct(ctx, s.Owner, s.Brand, catalog.ProductDraft{Lang: i18n.FR, Title: "Bol " + handle, VATBps: 2000,
		Variants: []catalog.VariantDraft{{PriceMinor: price, Stock: stock, SKU: handle + "-1"}}})
	must(w.T, err)
	must(w.T, w.Catalog.MoveProduct(ctx, s.Owner, s.Brand, product.ID, catalog.Published))
	s.Product, s.Slug = product.ID, product.Slug
	must(w.T, w.DB.GetContext(ctx, &s.Variant, `select id from variants where product_id = $1`, s.Product))
	return s
}

// Follow has a visitor follow a link of each member to a product, one after the other, and returns the token of the last click.
func (w *World) Follow(product int64, visitor string, relays ...int64) (token string) {
	w.T.Helper()
	for _, m := range relays {
		link, err := w.Referrals.Create(w.T.Context(), m, referrals.Share{Target: referrals.ToProduct, ProductID: product})
		must(w.T, err)
		click, err := w.Clicks.Record(w.T.Context(), clicks.Visit{LinkID: link.ID, Address: "192.0.2.1", UserAgent: "Mozilla/5.0 (iPhone) " + visitor, Visitor: visitor})
		must(w.T, err)
		token = click.Token
	}
	return token
}

// Sharing has a shop's brand pay the last click that part of a commission, and the first one the rest.
func (w *World) Sharing(s Shop, lastBps int64) {
	w.T.Helper()
	first := catalog.FirstTerms()
	first.Credit, first.SplitLastBps = catalog.SplitClick, lastBps
	_, err := w.Catalog.OfferTerms(w.T.Context(), s.Owner, s.Brand, first)
	must(w.T, err)
}

// Purchase is what a buyer puts into a cart and orders.
type Purchase struct {
	Variant    int64
	Quantity   int64
	Storefront int64  // whose storefront it was added from; 0: none
	Click      string // the token of the click that brought the buyer
	Visitor    string // as whom the buyer agreed to be remembered
	Code       string // typed at checkout
	Email      string
	Member     int64
}

// Order places an order of the purchases, by the buyer of the first.
func (w *World) Order(ps ...Purchase) orders.Order {
	w.T.Helper()
	o, err := w.TryOrder(ps...)
	must(w.T, err)
	return o
}

var operations int

// TryOrder is Order with its error.
func (w *World) TryOrder(ps ...Purchase) (orders.Order, error) {
	w.T.Helper()
	ctx, cart := w.T.Context(), ""
	for _, p := range ps {
		a := carts.Addition{CartID: cart, VariantID: p.Variant, Quantity: max(p.Quantity, 1), ClickToken: p.Click, Lang: i18n.FR}
		if p.Storefront != 0 {
			a.StorefrontID = &p.Storefront
		}
		var err error
		if cart, err = w.Carts.Add(ctx, a); err != nil {
			return orders.Order{}, err
		}
	}
	place := Placement(cart, ps[0].Email)
	if ps[0].Member != 0 {
		place.MemberID = &ps[0].Member
	}
	place.Visitor, place.Code = ps[0].Visitor, ps[0].Code
	lines, err := carts.Lines(ctx, w.DB, carts.Look{CartID: cart, MemberID: place.MemberID, Lang: i18n.FR, At: w.Clock.Now()})
	if err != nil {
		return orders.Order{}, err
	}
	place.Designs = carts.Seen(lines)
	return w.Orders.Place(ctx, place)
}

// Placement is a good order form for a cart.
func Placement(cart, email string) orders.Placement {
	if email == "" {
		email = "acheteuse@poste.example"
	}
	operations++
	return orders.Placement{CartID: cart, Operation: fmt.Sprintf("operation-%08d-%d", operations, time.Now().UnixNano()), Email: email, Lang: i18n.FR,
		Address: orders.Address{Name: "Anne Lebrun", Street: "3 rue des Lilas", Postcode: "35000", City: "Rennes", Country: "FR"}}
}

// Pay opens the order's payment page and pays there with a card number, as a buyer does in a browser.
func (w *World) Pay(o orders.Order, card string) {
	w.T.Helper()
	url, err := w.Orders.OpenCheckout(w.T.Context(), o.ID)
	must(w.T, err)
	w.PayAt(url, card)
}

// Good is a card that is always accepted.
const Good = stripesandbox.AcceptedCard

// PayAt pays at the address of a payment page.
func (w *World) PayAt(address, card string) {
	w.T.Helper()
	_, err := stripesandbox.Visitor{}.Pay(w.T.Context(), address, stripesandbox.Payer{Email: "acheteuse@poste.example", Name: "Anne Lebrun", Card: card}, w.Clock.Now())
	must(w.T, err)
}

// Paid places an order and pays it.
func (w *World) Paid(ps ...Purchase) orders.Page {
	w.T.Helper()
	o := w.Order(ps...)
	w.Pay(o, Good)
	w.Settle()
	p, err := w.Orders.ByID(w.T.Context(), o.ID)
	must(w.T, err)
	if p.State != orders.Paid {
		w.T.Fatalf("order %s is %s after payment", p.Number, p.State)
	}
	return p
}

// Deliver makes what of an order is made to a design, sends every shipment and has it received.
func (w *World) Deliver(orderID int64) {
	w.T.Helper()
	p, err := w.Orders.ByID(w.T.Context(), orderID)
	must(w.T, err)
	for _, s := range p.Shipments {
		for _, l := range s.Lines {
			if n := l.Standing(l.PiecesLeft()); l.DesignID != nil && n.ToMake+n.Under > 0 {
				var by int64
				must(w.T, w.DB.GetContext(w.T.Context(), &by, `select min(member_id) from brand_members where brand_id = $1`, s.BrandID))
				must(w.T, w.Making.Take(w.T.Context(), making.Step{BrandID: s.BrandID, OrderID: orderID, LineID: l.ID, By: by, Kind: making.Made, Pieces: n.ToMake + n.Under, Seen: n}))
			}
		}
		must(w.T, w.Orders.Ship(w.T.Context(), s.BrandID, s.ID, "Colissimo", "6A000"))
		must(w.T, w.Orders.Deliver(w.T.Context(), 0, s.ID, "buyer"))
	}
}

// Onboard takes a payee through Stripe's registration.
func (w *World) Onboard(o earnings.Owner) int64 {
	w.T.Helper()
	ctx := w.T.Context()
	payee, err := w.Payouts.PayeeOf(ctx, o)
	must(w.T, err)
	link, err := w.Payouts.Onboard(ctx, payee.ID, "FR", w.URL+"/done", w.URL+"/again")
	must(w.T, err)
	must(w.T, stripesandbox.Visitor{}.Onboard(ctx, link))
	w.Settle()
	return payee.ID
}

// Totals is what a payee has in euro.
func (w *World) Totals(payeeID int64) earnings.Total {
	w.T.Helper()
	ts, err := earnings.Totals(w.T.Context(), w.DB, payeeID)
	must(w.T, err)
	if len(ts) == 0 {
		return earnings.Total{Currency: "EUR"}
	}
	return ts[0]
}

// Audit fails the test where an invariant of the books is broken.
func (w *World) Audit() {
	w.T.Helper()
	findings, err := app.Audit(w.T.Context(), w.DB)
	must(w.T, err)
	for _, f := range findings {
		if f.Count != 0 {
			w.T.Errorf("%s is broken %d times: %s", f.Name, f.Count, f.Description)
		}
	}
}
