package pos_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/pos"
	"relais/internal/stripesandbox"
)

// stand is a member and a brand's team who sell face to face, each with a reader.
type stand struct {
	*apptest.World
	shop      apptest.Shop
	lea       int64
	mine, own int64 // readers of Léa and of the brand
}

func open(t *testing.T) *stand {
	s := &stand{World: apptest.New(t)}
	s.shop, s.lea = s.Shop("terre", 12000, 10), s.Member("lea")
	if _, err := s.Storefronts.AddListing(t.Context(), s.lea, s.shop.Product); err != nil {
		t.Fatal(err)
	}
	s.mine = s.reader(pos.Owner{MemberID: s.lea}, s.lea)
	s.own = s.reader(pos.Owner{BrandID: s.shop.Brand}, s.shop.Owner)
	return s
}

var made int

func operation() string { made++; return fmt.Sprintf("operation-%012d", made) }

func (s *stand) reader(o pos.Owner, by int64) int64 {
	s.T.Helper()
	r := pos.Registration{Operation: operation(), By: by, Owner: o, Label: "Stand", Street: "1 place du Marché", Postcode: "25000", City: "Besançon", Country: "FR", Code: "simulated-wpe"}
	for range 2 { // sent twice it is one
		s.must(s.Counter.RegisterReader(s.T.Context(), r))
	}
	list, err := s.Counter.Readers(s.T.Context(), o)
	s.must(err)
	if len(list) != 1 {
		s.T.Fatalf("%d readers", len(list))
	}
	return list[0].ID
}

func (s *stand) must(err error) {
	s.T.Helper()
	if err != nil {
		s.T.Fatal(err)
	}
}

// basket is one of Léa's (brand 0) or of the brand's team, with so many bowls.
func (s *stand) basket(brand int64, p pos.Place, n int64) int64 {
	s.T.Helper()
	by := s.lea
	if brand != 0 {
		by = s.shop.Owner
	}
	id, err := s.Counter.Begin(s.T.Context(), pos.Beginning{Operation: operation(), SellerID: by, BrandID: brand, Place: p, Country: "FR", Lang: i18n.FR})
	s.must(err)
	s.must(s.Counter.Put(s.T.Context(), by, id, s.shop.Variant, n))
	return id
}

// shown is a basket of Léa's whose code is shown, with the code.
func (s *stand) shown(p pos.Place) (id int64, token string) {
	s.T.Helper()
	id = s.basket(0, p, 1)
	s.must(s.Counter.Show(s.T.Context(), s.lea, id))
	return id, *s.see(id).Token
}

func (s *stand) see(id int64) pos.View {
	s.T.Helper()
	v, err := s.Counter.ByID(s.T.Context(), s.lea, id, i18n.FR)
	if errors.Is(err, pos.ErrGone) {
		v, err = s.Counter.ByID(s.T.Context(), s.shop.Owner, id, i18n.FR)
	}
	s.must(err)
	return v
}

func (s *stand) stage(id int64, want string) pos.View {
	s.T.Helper()
	v := s.see(id)
	if got := v.Stage(s.Clock.Now()); got != want {
		s.T.Fatalf("the sale is %s; want %s (%+v)", got, want, v.Payment)
	}
	return v
}

// tmr is the sandbox's number of a reader.
func (s *stand) tmr(reader int64) (id string) {
	s.T.Helper()
	s.must(s.DB.Get(&id, `select stripe_id from readers where id = $1`, reader))
	return id
}

func (s *stand) stock() (n int) {
	s.T.Helper()
	s.must(s.DB.Get(&n, `select stock from variants where id = $1`, s.shop.Variant))
	return n
}

func TestSoldByTheCode(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id, token := s.shown(pos.Fair)
	s.must(s.Counter.Show(ctx, s.lea, id))
	if again := *s.see(id).Token; again != token {
		t.Error("shown again, the code is another")
	}
	o, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Lang: i18n.FR})
	s.must(err)
	if twice, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Lang: i18n.FR}); err != nil || twice.ID != o.ID {
		t.Errorf("sent twice: %+v, %v", twice, err)
	}
	if _, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "another phone", Lang: i18n.FR}); !errors.Is(err, pos.ErrTaken) {
		t.Errorf("another phone: %v", err)
	}
	if s.stock() != 9 || o.Place != "fair" || o.WithdrawalDays != 0 || o.TotalMinor != 12000 {
		t.Errorf("stock %d, %+v", s.stock(), o)
	}
	s.stage(id, "paying")
	s.Pay(o, apptest.Good)
	s.must(s.Counter.Look(ctx, id)) // no notice has come yet
	v := s.stage(id, "paid")
	s.must(s.Counter.Look(ctx, id)) // again
	if told := s.Told(s.lea, notices.Counter); !slices.Equal(told, []string{"paid"}) {
		t.Errorf("the seller was told %q", told)
	}
	sh := v.Order.Shipments[0]
	if sh.State != orders.Delivered || sh.DeliveredBy != "seller" || sh.ShippingMinor != 0 || v.Order.WindowBegun {
		t.Errorf("%+v", sh)
	}
	// 10 % of 100.00 is Léa's by the first rule; with no right of withdrawal nothing is waited for.
	es, err := earnings.OfOrder(ctx, s.DB, o.ID)
	s.must(err)
	for _, e := range es {
		if e.Role == earnings.Commission && (e.MemberID != s.lea || e.Amount.Minor != 1000) || !e.FreeAtKnown || !e.FreeAt.Equal(*v.Order.PaidAt) || e.Reason != earnings.BrandHold {
			t.Errorf("%+v", e)
		}
	}
	if err := s.Withdraw(o.ID, ""); !errors.Is(err, fault.Conflict) {
		t.Errorf("withdrawal from a sale on a stand: %v", err)
	}
	if err := s.Counter.Cancel(ctx, s.lea, id); !errors.Is(err, pos.ErrPaid) {
		t.Errorf("cancelled after it was paid: %v", err)
	}
	s.Settle()
	s.must(s.Orders.Release(ctx))
	s.must(s.RefundAll(o.ID, s.shop.Brand))
	s.Settle()
	s.stage(id, "refunded")
	if s.stock() != 10 {
		t.Errorf("stock %d after the refund", s.stock())
	}
	s.Audit()
}

func TestSoldAtAMeeting(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	_, token := s.shown(pos.Meeting)
	if _, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Lang: i18n.FR}); !errors.Is(err, pos.ErrNoMail) {
		t.Errorf("without the contract in writing: %v", err)
	}
	o, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Email: "Anne@Poste.example", Lang: i18n.FR})
	s.must(err)
	s.Pay(o, apptest.Good)
	s.Settle()
	p, err := s.Orders.ByID(ctx, o.ID)
	s.must(err)
	if p.Email != "anne@poste.example" || !p.WindowBegun || !p.WithdrawUntil.Equal(p.PaidAt.AddDate(0, 0, 14)) {
		t.Errorf("%+v", p)
	}
	es, err := earnings.OfOrder(ctx, s.DB, o.ID)
	s.must(err)
	for _, e := range es {
		if !e.FreeAt.Equal(p.PaidAt.AddDate(0, 0, 14)) || e.Reason != earnings.WithdrawalPeriod {
			t.Errorf("%+v", e)
		}
	}
	var letters int
	s.must(s.DB.Get(&letters, `select count(*) from letters where recipient = 'anne@poste.example'`))
	if letters != 1 {
		t.Errorf("%d letters to the buyer", letters)
	}
	s.must(s.Withdraw(o.ID, ""))
	s.TakeBack(o.ID)
	s.Settle()
	s.Audit()
}

func TestNotEverywhere(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id := s.basket(0, pos.Home, 1)
	if err := s.Counter.Show(ctx, s.lea, id); !errors.Is(err, pos.ErrLaw) {
		t.Errorf("at the buyer's home: %v", err)
	}
	s.must(s.Counter.SaveRules(ctx, s.shop.Owner, s.shop.Brand, "FR", pos.Rules{Members: true, Places: []pos.Place{pos.Fair, pos.Home}, Warning: "  Pas de  reprise "}))
	if r, err := pos.RulesOf(ctx, s.DB, s.shop.Brand, "FR"); err != nil || len(r.Places) != 1 || r.Warning != "Pas de reprise" {
		t.Errorf("%+v, %v", r, err)
	}
	s.must(s.Counter.Move(ctx, s.lea, id, pos.Market))
	if err := s.Counter.Show(ctx, s.lea, id); !errors.Is(err, pos.ErrBrand) {
		t.Errorf("on a market: %v", err)
	}
	s.must(s.Counter.Move(ctx, s.lea, id, pos.Fair))
	s.must(s.Counter.Show(ctx, s.lea, id))
	// What was allowed when it was shown is asked again when the buyer agrees.
	s.must(s.Counter.SaveRules(ctx, s.shop.Owner, s.shop.Brand, "FR", pos.Rules{Places: []pos.Place{pos.Fair}}))
	if _, err := s.Counter.Agree(ctx, pos.Agreement{Token: *s.see(id).Token, Mark: "phone", Lang: i18n.FR}); !errors.Is(err, pos.ErrMembers) {
		t.Errorf("a brand that sells by itself: %v", err)
	}
	if err := s.Counter.SaveRules(ctx, s.lea, s.shop.Brand, "FR", pos.Rules{}); !errors.Is(err, pos.ErrGone) {
		t.Errorf("somebody else's rules: %v", err)
	}
}

func TestOneCodeIsOneBasket(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	if _, err := s.Counter.Begin(ctx, pos.Beginning{Operation: operation(), SellerID: s.lea, BrandID: s.shop.Brand, Place: pos.Fair, Country: "FR", Lang: i18n.FR}); !errors.Is(err, pos.ErrGone) {
		t.Errorf("a brand of others: %v", err)
	}
	id, token := s.shown(pos.Fair)
	if err := s.Counter.Put(ctx, s.lea, id, s.shop.Variant, 2); !errors.Is(err, pos.ErrBegun) {
		t.Errorf("changed while it is shown: %v", err)
	}
	if _, err := s.Counter.ByID(ctx, s.shop.Owner, id, i18n.FR); !errors.Is(err, pos.ErrGone) {
		t.Errorf("seen by a stranger: %v", err)
	}
	s.must(s.Counter.Edit(ctx, s.lea, id))
	if _, err := s.Counter.ByToken(ctx, token, i18n.FR); !errors.Is(err, pos.ErrOver) {
		t.Errorf("the code of before: %v", err)
	}
	for range 2 {
		s.must(s.Counter.Put(ctx, s.lea, id, s.shop.Variant, 2))
	}
	s.must(s.Counter.Show(ctx, s.lea, id))
	v := s.see(id)
	if v.Total().Minor != 24000 || *v.Token == token {
		t.Errorf("%+v", v)
	}
	s.Clock.Set(s.Clock.Now().Add(pos.ShownTime))
	s.stage(id, "over")
	if _, err := s.Counter.Agree(ctx, pos.Agreement{Token: *v.Token, Mark: "phone", Lang: i18n.FR}); !errors.Is(err, pos.ErrOver) {
		t.Errorf("too late: %v", err)
	}
	s.must(s.Counter.Show(ctx, s.lea, id))
	// The price changes between the two: the buyer never pays another than the seller shows.
	if _, err := s.DB.Exec(`update variants set price_minor = 13000`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Counter.Agree(ctx, pos.Agreement{Token: *s.see(id).Token, Mark: "phone", Lang: i18n.FR}); !errors.Is(err, pos.ErrMoved) {
		t.Errorf("another price: %v", err)
	}
	s.must(s.Counter.Cancel(ctx, s.lea, id))
	s.stage(id, "cancelled")
	if s.stock() != 10 {
		t.Errorf("stock %d", s.stock())
	}
	s.Audit()
}

func TestManyPhonesAtOnce(t *testing.T) {
	s := open(t)
	id, token := s.shown(pos.Fair)
	var wg sync.WaitGroup
	agreed := make(chan int64, 8)
	for i := range 8 {
		wg.Go(func() {
			if o, err := s.Counter.Agree(t.Context(), pos.Agreement{Token: token, Mark: fmt.Sprint("phone", i), Lang: i18n.FR}); err == nil {
				agreed <- o.ID
			} else if !errors.Is(err, pos.ErrTaken) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(agreed) != 1 || s.stock() != 9 {
		t.Errorf("%d agreed, stock %d", len(agreed), s.stock())
	}
	s.stage(id, "paying")
}

func TestABrandsOwnSaleIsNobodys(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id := s.basket(s.shop.Brand, pos.Premises, 1)
	s.must(s.Counter.Show(ctx, s.shop.Owner, id))
	if err := s.Counter.Present(ctx, s.shop.Owner, id, s.mine, ""); !errors.Is(err, pos.ErrNoReader) {
		t.Errorf("at somebody else's reader: %v", err)
	}
	s.must(s.Counter.Present(ctx, s.shop.Owner, id, s.own, ""))
	s.must(s.Sandbox.PresentCard(s.tmr(s.own), stripesandbox.AcceptedCard))
	s.Settle() // by the notice
	v := s.stage(id, "paid")
	if len(v.Order.Shipments[0].Lines[0].Relays) != 0 || v.Order.Email != "" {
		t.Errorf("%+v", v.Order)
	}
	list, sums, err := s.Counter.SoldOn(ctx, s.shop.Owner, s.shop.Brand, s.Clock.Now(), 0, 10)
	if err != nil || len(list) != 1 || !list[0].Reader || len(sums) != 1 || sums[0].Minor != 12000 {
		t.Errorf("%+v, %+v, %v", list, sums, err)
	}
	if list, _, err := s.Counter.SoldOn(ctx, s.shop.Owner, s.shop.Brand, s.Clock.Now().AddDate(0, 0, -1), 0, 10); err != nil || len(list) != 0 {
		t.Errorf("the day before: %+v, %v", list, err)
	}
	s.Audit()
}

func TestDeclinedThenPaidAtTheReader(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id, _ := s.shown(pos.Fair)
	for range 2 {
		s.must(s.Counter.Present(ctx, s.lea, id, s.mine, "")) // pressed twice, it asks once
	}
	s.stage(id, "reader")
	s.must(s.Sandbox.PresentCard(s.tmr(s.mine), stripesandbox.DeclinedCard))
	s.must(s.Counter.Settle(ctx, id))
	if v := s.stage(id, "declined"); v.Payment.Failure != "generic_decline" || v.Payment.Turn != 1 {
		t.Errorf("%+v", v.Payment)
	}
	s.must(s.Counter.Present(ctx, s.lea, id, s.mine, ""))
	s.must(s.Sandbox.PresentCard(s.tmr(s.mine), stripesandbox.AcceptedCard))
	s.must(s.Counter.Sweep(ctx)) // the notices are lost
	v := s.stage(id, "paid")
	if v.Payment.State != pos.Succeeded || *v.Payment.PaymentIntentID != *v.Order.PaymentIntentID || v.Payment.Turn != 2 {
		t.Errorf("%+v", v.Payment)
	}
	s.Settle() // the notices come late, about what is known
	var sales int
	s.must(s.DB.Get(&sales, `select count(*) from ledger_transactions where kind = 'sale'`))
	if sales != 1 {
		t.Errorf("%d sales in the books", sales)
	}
	s.Audit()
}

func TestWhatAReaderSays(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id, _ := s.shown(pos.Fair)
	tmr := s.tmr(s.mine)
	for _, tt := range []struct{ turn, failure, stage, repair string }{
		{"offline", "terminal_reader_offline", "declined", "online"},
		{"hardware", "terminal_reader_hardware_fault", "declined", "repair"},
		{"timeout", "", "reader", "idle"}, // it answered too late and asks all the same: found out by looking
	} {
		s.must(s.Sandbox.TurnReader(tmr, tt.turn))
		s.must(s.Counter.Present(ctx, s.lea, id, s.mine, ""))
		if v := s.stage(id, tt.stage); v.Payment.Failure != tt.failure {
			t.Errorf("%s: %+v", tt.turn, v.Payment)
		}
		s.must(s.Sandbox.TurnReader(tmr, tt.repair))
	}
	s.must(s.Counter.Settle(ctx, id))
	if v := s.stage(id, "declined"); v.Payment.Failure != "terminal_reader_timeout" {
		t.Errorf("nobody presented a card: %+v", v.Payment)
	}
	// Another sale finds the reader busy, and takes nothing.
	s.must(s.Counter.Present(ctx, s.lea, id, s.mine, ""))
	other, _ := s.shown(pos.Fair)
	s.must(s.Counter.Present(ctx, s.lea, other, s.mine, ""))
	if v := s.stage(other, "declined"); pos.RemedyOf(v.Payment.Failure) != pos.Wait {
		t.Errorf("busy: %+v", v.Payment)
	}
	s.must(s.Counter.Stop(ctx, s.lea, id))
	if v := s.stage(id, "declined"); v.Payment.Failure != "stopped" {
		t.Errorf("stopped: %+v", v.Payment)
	}
	for _, sale := range []int64{id, other} {
		s.must(s.Counter.Cancel(ctx, s.lea, sale))
		if v := s.stage(sale, "cancelled"); v.Payment.State != pos.PaymentCancelled {
			t.Errorf("%+v", v.Payment)
		}
	}
	if s.stock() != 10 {
		t.Errorf("stock %d", s.stock())
	}
	s.Audit()
}

// Whatever the provider does to a call, the same payment is paid once.
func TestUnknownOutcomes(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	for _, path := range []string{"/v1/payment_intents", "/v1/terminal/readers/"} {
		for _, f := range []stripesandbox.Fault{{Status: http.StatusInternalServerError}, {Status: http.StatusInternalServerError, Effect: true}, {Status: http.StatusServiceUnavailable}, {Effect: true}} {
			id, _ := s.shown(pos.Fair)
			f.Method, f.Path, f.Times = http.MethodPost, path, 2 // the library asks twice
			s.Sandbox.Inject(f)
			if err := s.Counter.Present(ctx, s.lea, id, s.mine, ""); err != nil && !errors.Is(err, fault.Conflict) {
				t.Fatalf("%s %+v: %v", path, f, err)
			}
			s.Sandbox.ClearFaults()
			s.must(s.Counter.Settle(ctx, id))
			if v := s.see(id); v.Stage(s.Clock.Now()) != "reader" {
				s.must(s.Counter.Present(ctx, s.lea, id, s.mine, ""))
			}
			s.stage(id, "reader")
			s.must(s.Sandbox.PresentCard(s.tmr(s.mine), stripesandbox.AcceptedCard))
			s.must(s.Counter.Settle(ctx, id))
			s.stage(id, "paid")
		}
	}
	s.Settle()
	s.Audit()
}

// A payment at the reader and one on the page at once: the order keeps the first, the other goes back by itself.
func TestReaderAndPageAtOnce(t *testing.T) {
	for _, first := range []string{"reader", "page"} {
		t.Run(first, func(t *testing.T) {
			s := open(t)
			ctx := t.Context()
			id, token := s.shown(pos.Fair)
			o, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Lang: i18n.FR})
			s.must(err)
			url, err := s.Orders.OpenCheckout(ctx, o.ID)
			s.must(err)
			s.must(s.Counter.Present(ctx, s.lea, id, s.mine, ""))
			byReader := func() { s.must(s.Sandbox.PresentCard(s.tmr(s.mine), stripesandbox.AcceptedCard)) }
			if first == "reader" {
				byReader()
				s.PayAt(url, apptest.Good)
				s.must(s.Counter.ReaderChanged(ctx, s.tmr(s.mine)))
			} else {
				s.PayAt(url, apptest.Good)
				byReader()
				s.must(s.Orders.Confirm(ctx, s.checkout(o.ID)))
			}
			s.must(s.Counter.Settle(ctx, id))
			s.Settle()
			v := s.stage(id, "paid")
			if len(v.Order.Refunds) != 1 || !v.Order.Refunds[0].Stray || v.Order.Refunds[0].State != "succeeded" || v.Order.Refunds[0].Amount.Minor != 12000 {
				t.Errorf("%+v", v.Order.Refunds)
			}
			if kept := *v.Order.PaymentIntentID == *v.Payment.PaymentIntentID; v.Payment.State != pos.Succeeded || kept != (first == "reader") {
				t.Errorf("%+v", v.Payment)
			}
			s.Audit()
		})
	}
}

func (s *stand) checkout(orderID int64) (id string) {
	s.T.Helper()
	s.must(s.DB.Get(&id, `select checkout_id from orders where id = $1`, orderID))
	return id
}

// Who pays at the reader leaves nobody a page to pay on, and who pays on the page leaves no reader that asks.
func TestWhatIsNotNeededIsClosed(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	pay := map[string]func(url string){
		"reader": func(string) { s.must(s.Sandbox.PresentCard(s.tmr(s.mine), stripesandbox.AcceptedCard)) },
		"page":   func(url string) { s.PayAt(url, apptest.Good) },
	}
	for by, do := range pay {
		id, token := s.shown(pos.Fair)
		o, err := s.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Lang: i18n.FR})
		s.must(err)
		url, err := s.Orders.OpenCheckout(ctx, o.ID)
		s.must(err)
		s.must(s.Counter.Present(ctx, s.lea, id, s.mine, ""))
		do(url)
		s.must(s.Counter.Settle(ctx, id))
		s.stage(id, "paid")
		c, err := s.Stripe.Checkout(ctx, s.checkout(o.ID))
		s.must(err)
		if by == "reader" && c.State != "expired" {
			t.Errorf("the page is %s", c.State)
		}
		r, err := s.Stripe.Reader(ctx, s.tmr(s.mine))
		s.must(err)
		if by == "page" && (r.Action != "" || s.see(id).Payment.State != pos.PaymentCancelled) {
			t.Errorf("%+v, %+v", r, s.see(id).Payment)
		}
	}
	s.Settle()
	s.Audit()
}

// A card is presented in the moment in which the seller gives up, or after the reservation is over.
func TestPaidAtTheLastMoment(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	id, _ := s.shown(pos.Fair)
	s.must(s.Counter.Present(ctx, s.lea, id, s.mine, ""))
	s.must(s.Sandbox.PresentCard(s.tmr(s.mine), stripesandbox.AcceptedCard))
	if err := s.Counter.Cancel(ctx, s.lea, id); !errors.Is(err, pos.ErrPaid) {
		t.Errorf("cancelled: %v", err)
	}
	s.stage(id, "paid")

	late, _ := s.shown(pos.Fair)
	s.must(s.Counter.Present(ctx, s.lea, late, s.mine, ""))
	s.Clock.Set(s.Clock.Now().Add(orders.ReservationTime + time.Minute))
	s.must(s.Orders.SweepExpired(ctx))
	s.must(s.Jobs.Drain(ctx))
	s.stage(late, "expired")
	s.must(s.Sandbox.PresentCard(s.tmr(s.mine), stripesandbox.AcceptedCard))
	s.must(s.Counter.Sweep(ctx))
	s.stage(late, "paid") // still in stock: taken again, as in any order
	s.Settle()
	s.Audit()
}

func TestReadersAndToken(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	bad := pos.Registration{Operation: operation(), By: s.lea, Owner: pos.Owner{MemberID: s.lea}, Label: "Stand", Street: "1 place", Postcode: "25000", City: "Besançon", Country: "FR", Code: "nobody-shows-it"}
	var f *fault.Error
	if err := s.Counter.RegisterReader(ctx, bad); !errors.As(err, &f) || f.Fields["code"] == "" {
		t.Errorf("a code that no reader shows: %v", err)
	}
	bad.Code = "simulated-wpe" // the same form, put right
	s.must(s.Counter.RegisterReader(ctx, bad))
	bad.Operation, bad.Owner = operation(), pos.Owner{BrandID: s.shop.Brand}
	if err := s.Counter.RegisterReader(ctx, bad); !errors.Is(err, pos.ErrGone) {
		t.Errorf("for somebody else's brand: %v", err)
	}
	list, err := s.Counter.Readers(ctx, pos.Owner{MemberID: s.lea})
	s.must(err)
	online, err := s.Counter.Online(ctx, list)
	if err != nil || len(list) != 2 || !online[s.mine] {
		t.Errorf("%+v, %v, %v", list, online, err)
	}
	if err := s.Counter.RemoveReader(ctx, s.shop.Owner, pos.Owner{MemberID: s.lea}, s.mine); !errors.Is(err, pos.ErrGone) {
		t.Errorf("removed by a stranger: %v", err)
	}
	s.must(s.Counter.RemoveReader(ctx, s.lea, pos.Owner{MemberID: s.lea}, s.mine))
	if list, err = s.Counter.Readers(ctx, pos.Owner{MemberID: s.lea}); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	id, _ := s.shown(pos.Fair)
	if secret, err := s.Counter.Token(ctx, s.lea, id); err != nil || secret == "" {
		t.Errorf("%q, %v", secret, err)
	}
	if secret, err := s.Counter.Token(ctx, s.shop.Owner, id); !errors.Is(err, pos.ErrGone) || secret != "" {
		t.Errorf("a stranger to the sale: %q, %v", secret, err)
	}
	s.must(s.Counter.RemoveReader(ctx, s.lea, pos.Owner{MemberID: s.lea}, list[0].ID))
	if secret, err := s.Counter.Token(ctx, s.lea, id); !errors.Is(err, pos.ErrNoReader) || secret != "" {
		t.Errorf("without a place: %q, %v", secret, err)
	}
	payment, secret, err := s.Counter.Tap(ctx, s.lea, id, "")
	if err != nil || payment == "" || secret == "" {
		t.Errorf("%q, %q, %v", payment, secret, err)
	}
	if _, err := s.Carts.Add(ctx, carts.Addition{VariantID: s.shop.Variant, Quantity: 1, Lang: i18n.FR}); err != nil {
		t.Error(err)
	}
}
