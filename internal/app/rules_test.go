package app_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/postgres"
	"relais/internal/referrals"
)

// brought is a world for the rules of attribution: two shops, three members, of whom Lea has a code.
type brought struct {
	*apptest.World
	shop, other   apptest.Shop
	lea, noe, ana int64
}

func newBrought(t *testing.T) *brought {
	b := &brought{World: apptest.New(t)}
	b.shop, b.other = b.Shop("maison", 12000, 1000), b.Shop("atelier", 6000, 1000)
	b.lea, b.noe, b.ana = b.Member("lea"), b.Member("noe"), b.Member("ana")
	if _, err := b.Referrals.MakeCode(t.Context(), b.lea, "lea-10"); err != nil {
		t.Fatal(err)
	}
	return b
}

// earns is what each member earns of an order, in minor units.
func (b *brought) earns(o orders.Page) map[int64]int64 {
	b.T.Helper()
	var rows []struct {
		Member int64 `db:"member_id"`
		Minor  int64 `db:"minor"`
	}
	err := b.DB.Select(&rows, `select p.member_id, sum(e.amount_minor)::bigint as minor from earnings e join payees p on p.id = e.payee_id
		where e.order_id = $1 and e.role = 'commission' group by 1`, o.ID)
	if err != nil {
		b.T.Fatal(err)
	}
	earns := map[int64]int64{}
	for _, r := range rows {
		earns[r.Member] = r.Minor
	}
	return earns
}

func (b *brought) pin(member int64, from string) {
	b.T.Helper()
	err := postgres.InTx(b.T.Context(), b.DB, func(tx *sqlx.Tx) error {
		return b.Referrals.PinTo(b.T.Context(), tx, member, referrals.Arrival{From: from})
	})
	if err != nil {
		b.T.Fatal(err)
	}
}

// Each case is an order that is really placed and paid, and who earns from it: 10 % of 100.00 euros without VAT.
func TestWhoIsPaid(t *testing.T) {
	b := newBrought(t)
	ctx := t.Context()
	piece := func(change func(*apptest.Purchase)) apptest.Purchase {
		p := apptest.Purchase{Variant: b.shop.Variant}
		change(&p)
		return p
	}
	for _, tt := range []struct {
		name string
		buy  func() []apptest.Purchase
		want map[int64]int64
	}{
		{"code and link of different members", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Code, p.Click = " lea-10 ", b.Follow(b.shop.Product, "", b.noe) })}
		}, map[int64]int64{b.lea: 1000}},
		{"storefront and code of different members", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Code, p.Storefront = "LEA-10", b.noe })}
		}, map[int64]int64{b.noe: 1000}},
		{"two members in one cart", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Storefront = b.lea }), {Variant: b.other.Variant, Storefront: b.noe}}
		}, map[int64]int64{b.lea: 1000, b.noe: 500}},
		{"a code for what no storefront brought", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Code, p.Storefront = "LEA-10", b.noe }), {Variant: b.other.Variant}}
		}, map[int64]int64{b.noe: 1000, b.lea: 500}},
		{"link switched off after the click", func() []apptest.Purchase {
			token := b.Follow(b.shop.Product, "", b.noe)
			var code string
			if err := b.DB.Get(&code, `select l.code from clicks c join share_links l on l.id = c.link_id where c.token = $1`, token); err != nil {
				t.Fatal(err)
			}
			if err := b.Referrals.Switch(ctx, b.noe, code, false); err != nil {
				t.Fatal(err)
			}
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Click = token })}
		}, map[int64]int64{b.noe: 1000}},
		{"cookie gone, nothing else known", func() []apptest.Purchase {
			b.Follow(b.shop.Product, "v-gone", b.noe)
			return []apptest.Purchase{piece(func(*apptest.Purchase) {})}
		}, map[int64]int64{}},
		{"cookie gone, the cart still knows", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Click = b.Follow(b.shop.Product, "v-gone-2", b.noe) })}
		}, map[int64]int64{b.noe: 1000}},
		{"cookie kept", func() []apptest.Purchase {
			b.Follow(b.shop.Product, "v-kept", b.noe)
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Visitor = "v-kept" })}
		}, map[int64]int64{b.noe: 1000}},
		{"cookie kept somewhere by a visitor who was forgotten", func() []apptest.Purchase {
			b.Follow(b.shop.Product, "v-forgotten", b.noe)
			if err := b.Clicks.Forget(ctx, "v-forgotten"); err != nil {
				t.Fatal(err)
			}
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Visitor = "v-forgotten" })}
		}, map[int64]int64{}},
		{"no consent: the storefront path is enough", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Storefront = b.noe })}
		}, map[int64]int64{b.noe: 1000}},
		{"another device, by the pin", func() []apptest.Purchase {
			b.pin(b.ana, "/@lea/p/"+b.shop.Slug)
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Member, p.Email = b.ana, "ana@relais.example" })}
		}, map[int64]int64{b.lea: 1000}},
		{"pinned, and a click of another", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) {
				p.Member, p.Email, p.Click = b.ana, "ana@relais.example", b.Follow(b.shop.Product, "", b.noe)
			})}
		}, map[int64]int64{b.noe: 1000}},
		{"pinned, removed by its holder", func() []apptest.Purchase {
			if err := b.Referrals.Unpin(ctx, b.ana); err != nil {
				t.Fatal(err)
			}
			b.pin(b.ana, "/@noe") // not anew either
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Member, p.Email = b.ana, "ana@relais.example" })}
		}, map[int64]int64{}},
		{"one level only", func() []apptest.Purchase { // Noe was brought by Lea, and brings a buyer
			b.pin(b.noe, "/@lea")
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Storefront = b.noe })}
		}, map[int64]int64{b.noe: 1000}},
		{"token replayed in an address passed on", func() []apptest.Purchase {
			token := b.Follow(b.shop.Product, "", b.noe)
			b.Paid(piece(func(p *apptest.Purchase) { p.Click = token }))
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Click, p.Email = token, "autre@poste.example" })}
		}, map[int64]int64{b.noe: 1000}},
		{"token forged", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Click = "AAAAAAAAAAAAAAAAAAAAAAAAAA" })}
		}, map[int64]int64{}},
		{"token too long to be ours", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Click = string(make([]byte, 65)) })}
		}, map[int64]int64{}},
		{"the brand's own staff", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Storefront = b.shop.Owner }), {Variant: b.other.Variant, Storefront: b.shop.Owner}}
		}, map[int64]int64{b.shop.Owner: 500}},
		// Last: whose card an order was paid with earns nothing by that card any more.
		{"token replayed by whose link it is", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) {
				p.Click, p.Member, p.Email = b.Follow(b.shop.Product, "", b.noe), b.noe, "noe@relais.example"
			})}
		}, map[int64]int64{b.lea: 1000}}, // to whom Noe is pinned by now
		{"own code", func() []apptest.Purchase {
			return []apptest.Purchase{piece(func(p *apptest.Purchase) { p.Code, p.Member = "LEA-10", b.lea })}
		}, map[int64]int64{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, b.earns(b.Paid(tt.buy()...))); diff != "" {
				t.Errorf("earnings (-want +got):\n%s", diff)
			}
		})
	}
	b.Audit()
}

// A brand that has them share pays two members of one line, each their part; what goes back to the buyer comes from each in proportion,
// and at the end from all of it.
func TestTwoShareALine(t *testing.T) {
	b := newBrought(t)
	b.Sharing(b.shop, 7000)
	b.Follow(b.shop.Product, "v", b.lea, b.noe)
	o := b.Paid(apptest.Purchase{Variant: b.shop.Variant, Quantity: 3, Visitor: "v"})
	if diff := cmp.Diff(map[int64]int64{b.lea: 900, b.noe: 2100}, b.earns(o)); diff != "" {
		t.Fatalf("earnings (-want +got):\n%s", diff)
	}
	line := o.Shipments[0].Lines[0]
	if line.CommissionBps != 1000 || len(line.Relays) != 2 || line.Relays[0].MemberID != b.noe || line.Relays[0].PartBps != 7000 {
		t.Errorf("line %+v", line)
	}
	left := func() (sum int64) {
		if err := b.DB.Get(&sum, `select sum(amount_minor - returned_minor)::bigint from earnings where order_id = $1 and role = 'commission'`, o.ID); err != nil {
			t.Fatal(err)
		}
		return sum
	}
	for _, minor := range []int64{1, 1234, 9999} {
		if _, err := b.Refund(o.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: line.ID, Minor: minor}}}); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		b.Audit()
	}
	if got := left(); got != 900-900*11234/36000+2100-2100*11234/36000 {
		t.Errorf("%d left after refunds", got)
	}
	if _, err := b.Refund(o.ID, 0, orders.RefundWish{Minor: o.TotalMinor - 11234}); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	if left() != 0 {
		t.Errorf("%d left of a refunded order", left())
	}
	b.Audit()
}

// Clicks after checkout began do not count, until the goods change; and a click that reaches its table after the goods reached the cart
// counts by its token.
func TestCheckoutBegins(t *testing.T) {
	b := newBrought(t)
	ctx := t.Context()
	order := func(before func(cart string)) map[int64]int64 {
		t.Helper()
		cart, err := b.Carts.Add(ctx, carts.Addition{VariantID: b.shop.Variant, Quantity: 1, Lang: i18n.FR})
		if err != nil {
			t.Fatal(err)
		}
		before(cart)
		p := apptest.Placement(cart, "")
		p.Visitor = cart
		o, err := b.Orders.Place(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		b.Pay(o, apptest.Good)
		b.Settle()
		found, err := b.Orders.ByID(ctx, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		return b.earns(found)
	}
	open := func(cart string) {
		if err := b.Carts.BeginCheckout(ctx, cart); err != nil {
			t.Fatal(err)
		}
		b.Pass(1)
	}
	for _, tt := range []struct {
		name   string
		before func(cart string)
		want   map[int64]int64
	}{
		{"a click before", func(cart string) { b.Follow(b.shop.Product, cart, b.lea); open(cart) }, map[int64]int64{b.lea: 1000}},
		{"a click after", func(cart string) { open(cart); b.Follow(b.shop.Product, cart, b.noe) }, map[int64]int64{}},
		{"one before, one after", func(cart string) {
			b.Follow(b.shop.Product, cart, b.lea)
			open(cart)
			b.Follow(b.shop.Product, cart, b.noe)
		}, map[int64]int64{b.lea: 1000}},
		{"opened twice: the first time counts", func(cart string) { open(cart); b.Follow(b.shop.Product, cart, b.noe); open(cart) }, map[int64]int64{}},
		{"the goods changed since", func(cart string) {
			open(cart)
			if err := b.Carts.SetQuantity(ctx, cart, b.shop.Variant, 2); err != nil {
				t.Fatal(err)
			}
			b.Follow(b.shop.Product, cart, b.noe)
		}, map[int64]int64{b.noe: 2000}},
		{"more was added since", func(cart string) {
			open(cart)
			if _, err := b.Carts.Add(ctx, carts.Addition{CartID: cart, VariantID: b.shop.Variant, Quantity: 1, Lang: i18n.FR}); err != nil {
				t.Fatal(err)
			}
			b.Follow(b.shop.Product, cart, b.noe)
		}, map[int64]int64{b.noe: 2000}},
		{"a click that was still on its way to the table", func(cart string) {
			if _, err := b.DB.Exec(`update cart_lines set click_token = 'LATE' where cart_id = $1`, cart); err != nil {
				t.Fatal(err)
			}
			if _, err := b.DB.Exec(`insert into clicks (token, link_id, at, day_visitor, eligible)
				select 'LATE', id, $1, 'd', true from share_links where member_id = $2 limit 1`, b.Clock.Now(), b.noe); err != nil {
				t.Fatal(err)
			}
		}, map[int64]int64{b.noe: 1000}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, order(tt.before)); diff != "" {
				t.Errorf("earnings (-want +got):\n%s", diff)
			}
		})
	}
	b.Audit()
}

// A code that is nobody's, or switched off, or of a member who is blocked, is refused where it is typed, and no order is placed.
func TestCodesRefused(t *testing.T) {
	b := newBrought(t)
	try := func(code string) error {
		_, err := b.TryOrder(apptest.Purchase{Variant: b.shop.Variant, Code: code})
		return err
	}
	for _, code := range []string{"LEA-11", "x", "LEA 10 20", "É-10", "LEA-10'--"} {
		if err := try(code); !errors.Is(err, referrals.ErrCodeUnknown) {
			t.Errorf("%q: %v", code, err)
		}
	}
	if err := b.Referrals.SwitchCode(t.Context(), b.lea, "LEA-10", false); err != nil {
		t.Fatal(err)
	}
	if err := try("LEA-10"); !errors.Is(err, referrals.ErrCodeUnknown) {
		t.Errorf("switched off: %v", err)
	}
	if err := b.Referrals.SwitchCode(t.Context(), b.lea, "LEA-10", true); err != nil {
		t.Fatal(err)
	}
	if err := b.Members.Block(t.Context(), b.shop.Owner, b.lea, true); err != nil {
		t.Fatal(err)
	}
	if err := try("LEA-10"); !errors.Is(err, referrals.ErrCodeUnknown) {
		t.Errorf("of a member blocked: %v", err)
	}
	var placed int
	if err := b.DB.Get(&placed, `select count(*) from orders`); err != nil || placed != 0 {
		t.Errorf("%d orders placed, %v", placed, err)
	}
	if err := try(""); err != nil {
		t.Errorf("without a code: %v", err)
	}
}

// The model in force at the sale decides, whatever it was at the clicks.
func TestModelOfTheSale(t *testing.T) {
	b := newBrought(t)
	b.Follow(b.shop.Product, "v", b.lea, b.noe)
	b.Pass(1)
	draft := catalog.FirstTerms()
	draft.Credit = catalog.FirstClick
	if _, err := b.Catalog.OfferTerms(t.Context(), b.shop.Owner, b.shop.Brand, draft); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int64]int64{b.lea: 1000}, b.earns(b.Paid(apptest.Purchase{Variant: b.shop.Variant, Visitor: "v"}))); diff != "" {
		t.Errorf("earnings (-want +got):\n%s", diff)
	}
}
