package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/orders"
)

// Whatever happens to sales (parts refunded, refunds sent back by banks, disputes opened, lost and won anew, payouts, transfers
// taken back for debts), Stripe's books and ours agree to the cent, object by object, and in the balance.
func TestRandomLivesTieOut(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	m := trade(t)
	ctx := t.Context()
	shop, member := m.Shop("terre", 12000, 1000), m.World.Member("lea")
	m.Onboard(earnings.Owner{MemberID: member})
	m.Onboard(earnings.Owner{BrandID: shop.Brand})
	var accounts []string
	m.must(m.DB.Select(&accounts, `select stripe_account_id from payees`))
	var sold []int64
	var disputed []string
	for step := range 60 {
		var order int64
		if len(sold) > 0 {
			order = sold[r.IntN(len(sold))]
		}
		switch roll := r.IntN(10); {
		case roll < 3 || order == 0:
			sold = append(sold, m.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: member, Quantity: 1 + r.Int64N(3)}).ID)
		case roll < 5: // a sum of it back, as far as the order lets us
			_, _ = m.Orders.Refund(ctx, orders.RefundRequest{OrderID: order, Operation: fmt.Sprintf("step-%d-%d", step, seed), Reason: "admin",
				Wish: orders.RefundWish{Minor: 1 + r.Int64N(9000)}})
			m.Settle()
		case roll < 6: // a bank sends a refund back
			var ids []string
			m.must(m.DB.Select(&ids, `select stripe_id from refunds where state = 'succeeded'`))
			if len(ids) > 0 {
				_ = m.Sandbox.SetRefundState(ids[r.IntN(len(ids))], "failed", "declined")
			}
		case roll < 7:
			var charge string
			m.must(m.DB.Get(&charge, `select charge_id from orders where id = $1`, order))
			if id, err := m.Sandbox.OpenDispute(charge, 0, "fraudulent", r.IntN(3) == 0); err == nil {
				disputed = append(disputed, id)
			}
		case roll < 8 && len(disputed) > 0:
			_ = m.Sandbox.DecideDispute(disputed[r.IntN(len(disputed))], r.IntN(2) == 0)
		case roll < 9:
			page, err := m.Orders.ByID(ctx, order)
			m.must(err)
			if sent := page.Shipments[0]; m.Orders.Ship(ctx, sent.BrandID, sent.ID, "Colissimo", "6A000") == nil { // not what is disputed
				m.must(m.Orders.Deliver(ctx, 0, sent.ID, "buyer"))
			}
		default:
			m.Pass(5 + r.IntN(15))
			if _, err := m.Payouts.Run(ctx, 0); err != nil {
				t.Fatal(err)
			}
			m.Settle()
			for _, a := range accounts { // something to take back
				m.must(m.Sandbox.AdjustAccountBalance(a, "eur", 20000))
			}
			m.must(m.Debts.Sweep(ctx))
		}
		m.Settle()
	}
	m.Settle()
	report, err := m.Run(ctx, true)
	m.must(err)
	m.later()
	report, err = m.Run(ctx, true)
	m.must(err)
	for _, d := range report.Open {
		t.Errorf("%v", d)
	}
	m.audited()
	figures, err := m.Figures(ctx)
	m.must(err)
	for _, f := range figures {
		if f.Total() != f.Booked || f.Total() == 0 {
			t.Errorf("Stripe has %d, the books %d", f.Total(), f.Booked)
		}
	}
	for _, kind := range []string{"refunds", "disputes", "payouts", "reversals", "clawbacks"} {
		t.Logf("%d %s", m.count(`select count(*) from `+kind), kind)
	}
}
