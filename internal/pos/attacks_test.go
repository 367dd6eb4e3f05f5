package pos_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/pos"
	"relais/internal/postgres/pgtest"
	"relais/internal/ratings"
	"relais/internal/stripesandbox"
)

// asks has Léa put 24.00 on the brand's price.
func (s *stand) asks() {
	s.T.Helper()
	terms := catalog.FirstTerms()
	terms.MarginBps = 2000
	_, err := s.Catalog.OfferTerms(s.T.Context(), s.shop.Owner, s.shop.Brand, terms)
	s.must(err)
	s.must(s.Storefronts.SetMargin(s.T.Context(), s.lea, s.shop.Product, money.New(2000, "EUR")))
}

// A seller earns no margin from themselves: the sale is refused, in place of one at another price than was shown.
func TestTheSellerAsBuyer(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	s.asks()
	id, token := s.shown(pos.Fair)
	if total := s.see(id).Total().Minor; total != 14000 {
		t.Fatalf("shown at %d", total)
	}
	if err := s.Counter.Present(ctx, s.lea, id, s.mine, "Lea+moi@relais.example"); !errors.Is(err, orders.ErrOwnSale) {
		t.Errorf("their own address at the reader: %v", err)
	}
	if _, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Email: "lea@relais.example", Lang: i18n.FR}); !errors.Is(err, orders.ErrOwnSale) {
		t.Errorf("their own address on the page: %v", err)
	}
	if _, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", MemberID: &s.lea, Lang: i18n.FR}); !errors.Is(err, pos.ErrOwn) {
		t.Errorf("signed in: %v", err)
	}
	if s.stock() != 10 {
		t.Errorf("stock %d", s.stock())
	}
	o, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Email: "anne@poste.example", Lang: i18n.FR})
	if err != nil || o.TotalMinor != 14000 {
		t.Errorf("somebody else: %d, %v", o.TotalMinor, err)
	}
	s.must(s.Counter.Cancel(ctx, s.lea, id))
	s.Audit()
}

// The seller gives up in the moment in which the provider makes the payment: nobody is handed one that can be paid, and what is paid all the
// same goes back.
func TestGivenUpWhileThePaymentIsMade(t *testing.T) {
	for _, tt := range []struct {
		name   string
		away   bool // the provider, when the payment is to be given up
		paid   bool // before it is
		strays int
	}{{"given up at once", false, false, 0}, {"given up later", true, false, 0}, {"paid all the same", true, true, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			ctx := t.Context()
			id, _ := s.shown(pos.Fair)
			s.BeforeStripe(func() {
				if err := s.Counter.Cancel(ctx, s.lea, id); err != nil {
					t.Error(err)
				}
				if tt.away {
					s.Sandbox.Inject(stripesandbox.Fault{Method: http.MethodPost, Path: "/v1/payment_intents/", Status: http.StatusServiceUnavailable, Times: 9})
				}
			})
			if _, secret, err := s.Counter.Tap(ctx, s.lea, id, ""); !errors.Is(err, pos.ErrBegun) || secret != "" {
				t.Errorf("%q, %v", secret, err)
			}
			s.Sandbox.ClearFaults()
			p := s.stage(id, "cancelled").Payment
			if p == nil || p.State != pos.PaymentCancelled || p.PaymentIntentID == nil {
				t.Fatalf("%+v", p)
			}
			if tt.paid {
				_, err := s.Stripe.Present(ctx, s.tmr(s.mine), *p.PaymentIntentID, "out-of-our-sight")
				s.must(err)
				s.must(s.Sandbox.PresentCard(s.tmr(s.mine), stripesandbox.AcceptedCard))
			}
			for range 2 {
				s.must(s.Counter.Sweep(ctx))
				s.Settle()
			}
			c, err := s.Stripe.CardPayment(ctx, *p.PaymentIntentID)
			s.must(err)
			if tt.paid != (c.State == payments.CardPaymentPaid) || !tt.paid && c.State != payments.CardPaymentCancelled {
				t.Errorf("it is %s", c.State)
			}
			if r := s.stage(id, "cancelled").Order.Refunds; len(r) != tt.strays || tt.strays == 1 && (!r[0].Stray || r[0].State != "succeeded" || r[0].Amount.Minor != 12000) {
				t.Errorf("%+v", r)
			}
			if s.stock() != 10 {
				t.Errorf("stock %d", s.stock())
			}
			s.Audit()
		})
	}
}

// locked holds a lock until it is let go.
func (s *stand) locked(query string, args ...any) *sqlx.Tx {
	s.T.Helper()
	tx, err := s.DB.BeginTxx(s.T.Context(), nil)
	s.must(err)
	s.T.Cleanup(func() { _ = tx.Rollback() })
	_, err = tx.Exec(query, args...)
	s.must(err)
	return tx
}

// waits until the database says so.
func (s *stand) waits(query string, args ...any) {
	s.T.Helper()
	for is := false; !is; {
		s.must(s.DB.GetContext(s.T.Context(), &is, query, args...))
	}
}

const anyWaiting = `select exists (select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`

func (s *stand) over(id int64) {
	s.T.Helper()
	v := s.stage(id, "cancelled")
	if v.State != pos.Cancelled || v.Order == nil || v.Order.State != orders.Cancelled || s.stock() != 10 {
		s.T.Errorf("%+v, stock %d", v.Sale, s.stock())
	}
	s.Audit()
}

// The seller gives up while the order of the buyer is being made: it ends too, and nobody is led to a page to pay.
func TestGivenUpWhileTheOrderIsMade(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id, token := s.shown(pos.Fair)
	a := pos.Agreement{Token: token, Mark: "phone", Lang: i18n.FR}
	tx := s.locked(`select 1 from carts where id = $1 for update`, s.see(id).CartID)
	agreed := make(chan error)
	go func() { _, err := s.Counter.Agree(ctx, a); agreed <- err }()
	s.waits(`select buyer <> '' from counter_sales where id = $1`, id)
	s.must(s.Counter.Cancel(ctx, s.lea, id))
	s.must(tx.Commit())
	if err := <-agreed; !errors.Is(err, pos.ErrOver) {
		t.Errorf("%v", err)
	}
	if _, err := s.Counter.Agree(ctx, a); !errors.Is(err, pos.ErrOver) {
		t.Errorf("again: %v", err)
	}
	s.over(id)
}

// The order of the buyer comes to be between two steps of giving up.
func TestAgreedWhileItIsGivenUp(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id, _ := s.shown(pos.Fair)
	tx := s.locked(`select 1 from counter_sales where id = $1 for update`, id)
	gone := make(chan error)
	go func() { gone <- s.Counter.Cancel(ctx, s.lea, id) }()
	s.waits(anyWaiting)
	v := s.see(id)
	o, err := s.Orders.Place(ctx, orders.Placement{CartID: v.CartID, Operation: fmt.Sprintf("counter-sale-%012d", id), Address: orders.Address{Country: "FR"}, SeenMinor: 12000, Lang: i18n.FR,
		InPerson: &orders.InPerson{Place: "fair"}})
	s.must(err)
	_, err = tx.Exec(`update counter_sales set order_id = $2, buyer = 'phone' where id = $1`, id, o.ID)
	s.must(err)
	s.must(tx.Commit())
	s.must(<-gone)
	s.over(id)
}

// An order that was made and not noted down stays the order of its sale, whatever the seller presses.
func TestEditedWhileTheOrderIsMade(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id, token := s.shown(pos.Fair)
	until := *s.see(id).ExpiresAt
	forget := func() { // as if the process had ended between the two
		s.must(s.DB.Get(new(int64), `select id from orders where operation = $1`, fmt.Sprintf("counter-sale-%012d", id)))
		_, err := pgtest.Owner(t, s.DB).Exec(`alter table counter_sales disable trigger counter_sales_move;
			update counter_sales set order_id = null where id = ` + fmt.Sprint(id) + `; alter table counter_sales enable trigger counter_sales_move`)
		s.must(err)
	}
	tx := s.locked(`select 1 from carts where id = $1 for update`, s.see(id).CartID)
	agreed := make(chan error)
	go func() {
		_, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Lang: i18n.FR})
		agreed <- err
	}()
	s.waits(`select buyer <> '' from counter_sales where id = $1`, id)
	s.Clock.Set(until.Add(time.Second)) // the time to agree is over; the order is still being made
	for name, act := range map[string]func() error{"edit": func() error { return s.Counter.Edit(ctx, s.lea, id) }, "show": func() error { return s.Counter.Show(ctx, s.lea, id) }} {
		if err := act(); !errors.Is(err, pos.ErrBegun) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.must(tx.Commit())
	s.must(<-agreed)
	forget()
	s.Clock.Set(until.Add(2 * time.Minute))
	if err := s.Counter.Edit(ctx, s.lea, id); !errors.Is(err, pos.ErrBegun) {
		t.Errorf("edited with an order: %v", err)
	}
	forget()
	s.must(s.Counter.Sweep(ctx))
	var linked bool
	s.must(s.DB.Get(&linked, `select order_id is not null from counter_sales where id = $1`, id))
	if !linked {
		t.Error("the sweep does not find the order")
	}
	s.stage(id, "paying")
	s.must(s.Counter.Cancel(ctx, s.lea, id))
	s.over(id)
}

// Whoever agreed and whose order was never made leaves the basket to be sold after a while.
func TestAgreedAndNeverOrdered(t *testing.T) {
	s := open(t)
	id, _ := s.shown(pos.Fair)
	_, err := s.DB.Exec(`update counter_sales set buyer = 'phone' where id = $1`, id)
	s.must(err)
	if err := s.Counter.Edit(t.Context(), s.lea, id); !errors.Is(err, pos.ErrBegun) {
		t.Errorf("%v", err)
	}
	s.Clock.Set(s.Clock.Now().Add(pos.ShownTime + time.Minute))
	s.must(s.Counter.Edit(t.Context(), s.lea, id))
	s.stage(id, "draft")
}

// The provider does not answer when the page is to be closed: it is closed later, by itself.
func TestThePageIsClosedLater(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		s := open(t)
		ctx := t.Context()
		id, token := s.shown(pos.Fair)
		o, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Lang: i18n.FR})
		s.must(err)
		_, err = s.Orders.OpenCheckout(ctx, o.ID)
		s.must(err)
		s.must(s.Counter.Present(ctx, s.lea, id, s.mine, ""))
		s.must(s.Sandbox.PresentCard(s.tmr(s.mine), stripesandbox.AcceptedCard))
		s.Sandbox.Inject(stripesandbox.Fault{Method: method, Path: "/v1/checkout/sessions/", Status: http.StatusServiceUnavailable, Times: 9})
		if err := s.Counter.Settle(ctx, id); err == nil {
			t.Error("the provider did not answer, and nobody noticed")
		}
		s.Sandbox.ClearFaults()
		s.must(s.Counter.Sweep(ctx))
		c, err := s.Stripe.Checkout(ctx, s.checkout(o.ID))
		s.must(err)
		if v := s.stage(id, "paid"); c.State != "expired" || v.Payment.State != pos.Succeeded {
			t.Errorf("%s: the page is %s, the payment %s", method, c.State, v.Payment.State)
		}
		s.Settle()
		s.Audit()
	}
}

// The seller holds the way to an order of which nobody told who bought: it lets nobody praise their goods.
func TestNoPraiseFromTheSellersHands(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	for _, tt := range []struct {
		name, email     string
		byReader        bool
		rating, praises error
	}{
		{"at the reader", "", true, ratings.ErrInterested, ratings.ErrNotThankable},
		{"at the reader, with an address", "anne@poste.example", true, nil, nil},
		{"on their own phone", "", false, nil, nil},
	} {
		id, token := s.shown(pos.Fair)
		if tt.byReader {
			s.must(s.Counter.Present(ctx, s.lea, id, s.mine, tt.email))
			s.must(s.Sandbox.PresentCard(s.tmr(s.mine), stripesandbox.SecondCard))
			s.must(s.Counter.Settle(ctx, id))
		} else {
			o, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Lang: i18n.FR})
			s.must(err)
			s.Pay(o, apptest.Good)
			s.Settle()
		}
		o := s.stage(id, "paid").Order
		_, err := s.Ratings.Save(ctx, ratings.Draft{OrderID: o.ID, LineID: o.Shipments[0].Lines[0].ID, Lang: i18n.FR, Stars: 5, Title: "Titre", Body: "Un bol qui tient bien en main.", Name: "Anne"})
		if !errors.Is(err, tt.rating) || tt.rating == nil && err != nil {
			t.Errorf("%s, rated: %v", tt.name, err)
		}
		err = s.Ratings.Thank(ctx, ratings.Note{OrderID: o.ID, Handle: "lea", Lang: i18n.FR, Name: "Anne", Body: "Merci pour ce bol."})
		if !errors.Is(err, tt.praises) || tt.praises == nil && err != nil {
			t.Errorf("%s, thanked: %v", tt.name, err)
		}
	}
}
