package app_test

import (
	"relais/internal/ledger"
	"relais/internal/payments"
)

// part is a line or a delivery cost as it was sold, and what of it is back with its buyer: all that the oracle knows. It reads neither
// earnings nor clawbacks nor the ledger.
type part struct {
	OrderID     int64 `db:"order_id"`
	ShipmentID  int64 `db:"shipment_id"`
	LineID      int64 `db:"line_id"` // 0: delivery cost
	BrandID     int64 `db:"brand_id"`
	MemberID    int64 `db:"member_id"` // 0: nobody brought the buyer
	OtherID     int64 `db:"other_id"`  // who shares the line with them; 0: nobody
	Total       int64 `db:"total"`
	VATBps      int64 `db:"vat_bps"`
	RateBps     int64 `db:"rate_bps"`
	PartBps     int64 `db:"part_bps"` // of the first
	OtherBps    int64 `db:"other_bps"`
	FeeBps      int64 `db:"fee_bps"`
	Refunded    int64 `db:"refunded"`
	Lost        int64 `db:"lost"`
	Judged      bool  `db:"judged"`       // the first one's commission was refused, and no appeal granted: the brand's
	OtherJudged bool  `db:"other_judged"` // and the other one's
}

const selectParts = `
select l.order_id, l.shipment_id, l.id as line_id, l.brand_id, coalesce(a.members[1], 0) as member_id, coalesce(a.members[2], 0) as other_id, l.quantity * l.price_minor as total, l.vat_bps,
  coalesce(a.rates[1], 0) as rate_bps, coalesce(a.parts[1], 0) as part_bps, coalesce(a.rates[2], 0) as other_bps, l.fee_bps,
  coalesce((select sum(i.amount_minor) from refund_items i join refunds r on r.id = i.refund_id where i.order_line_id = l.id and r.state = 'succeeded'), 0)::bigint as refunded,
  coalesce((select sum(i.amount_minor) from dispute_items i join disputes d on d.id = i.dispute_id where i.order_line_id = l.id and d.state = 'lost'), 0)::bigint as lost,
  coalesce(a.judged[1], false) as judged, coalesce(a.judged[2], false) as other_judged
from order_lines l join orders o on o.id = l.order_id and o.payment_intent_id is not null 
left join lateral (select array_agg(c.member_id order by c.member_id) as members, array_agg(c.rate_bps order by c.member_id) as rates, array_agg(c.part_bps order by c.member_id) as parts,
    array_agg(exists (select 1 from reviews r join earnings e on e.id = r.earning_id join payees y on y.id = e.payee_id where e.order_line_id = l.id and y.member_id = c.member_id
      and r.state = 'refused' and r.appeal_state <> 'granted') order by c.member_id) as judged
  from attribution_credits c where c.order_line_id = l.id) a on true
union all
select s.order_id, s.id, 0, s.brand_id, 0, 0, s.shipping_minor, 0, 0, 0, 0, 0,
  coalesce((select sum(i.amount_minor) from refund_items i join refunds r on r.id = i.refund_id where i.shipment_id = s.id and i.order_line_id is null and r.state = 'succeeded'), 0)::bigint,
  coalesce((select sum(i.amount_minor) from dispute_items i join disputes d on d.id = i.dispute_id where i.shipment_id = s.id and i.order_line_id is null and d.state = 'lost'), 0)::bigint, false, false
from shipments s join orders o on o.id = s.order_id and o.payment_intent_id is not null where s.shipping_minor > 0`

// owner is a brand (positive) or a member (negative).
type owner int64

// look has everything that was said to us heard, and then holds the books against themselves, against Stripe, and against what everybody
// is due by the orders, refunds, disputes and decisions of people alone.
func (l *lives) look() {
	l.Settle()
	if _, err := l.Reconcile.Feed(l.T.Context()); err != nil { // books Stripe's fees
		l.T.Fatal(err)
	}
	for _, name := range broken(l.T.Context(), l.T, l.DB) {
		if name != "clearing_in_time" { // by real time, of which this world knows nothing
			l.T.Errorf("%s is broken", name)
		}
	}
	l.likeStripe()
	l.everybodyHasTheirShare()
	if l.T.Failed() {
		l.T.FailNow()
	}
}

// everybodyHasTheirShare computes each payee's due anew, and compares it with what they have, were paid, or owe.
func (l *lives) everybodyHasTheirShare() {
	var parts []part
	if err := l.DB.Select(&parts, selectParts); err != nil {
		l.T.Fatal(err)
	}
	due, platform, missing := map[owner]int64{}, int64(0), l.claims()
	for _, p := range parts {
		back := p.Refunded + p.Lost
		if back > p.Total {
			l.T.Errorf("order %d: %d of %d went back of line %d", p.OrderID, back, p.Total, p.LineID)
			return
		}
		net := p.Total * 10000 / (10000 + p.VATBps)
		sale, left := p.Total-net*p.FeeBps/10000, int64(0)
		keep := func(who owner, share int64) {
			due[who] += share - share*back/p.Total
			left += share - share*back/p.Total
		}
		commission := func(member int64, judged bool, minor int64) {
			if member == 0 {
				return
			}
			who := owner(-member)
			if judged {
				who = owner(p.BrandID)
			}
			keep(who, minor)
			sale -= minor
		}
		commission(p.MemberID, p.Judged, net*p.RateBps*p.PartBps/100_000_000)
		commission(p.OtherID, p.OtherJudged, net*p.OtherBps*(10_000-p.PartBps)/100_000_000)
		for _, g := range missing[p.LineID] {
			keep(owner(-g.MemberID), net*g.Bps/10000)
			sale -= net * g.Bps / 10000
		}
		keep(owner(p.BrandID), sale)
		platform += p.Total - back - left
	}
	has := l.has()
	for who, minor := range due {
		if has[who] != minor {
			l.T.Errorf("payee %d has %d in all, and is due %d", who, has[who], minor)
		}
		delete(has, who)
	}
	for who, minor := range has {
		if minor != 0 {
			l.T.Errorf("payee %d has %d and is due nothing", who, minor)
		}
	}
	if kept := l.sum(ledger.Fees); kept != platform {
		l.T.Errorf("the platform kept %d, and is due %d", kept, platform)
	}
}

// has is what each payee has on all of their accounts and was paid, less what they owe.
func (l *lives) has() map[owner]int64 {
	var rows []struct {
		Who   owner `db:"who"`
		Minor int64 `db:"minor"`
	}
	err := l.DB.Select(&rows, `select coalesce(p.brand_id, -p.member_id) as who, (coalesce((select sum(b.balance) from ledger_balances b join ledger_accounts a on a.id = b.account_id
		where a.owner_id = p.id), 0) + coalesce((select sum(amount_minor) from payouts where payee_id = p.id and state = 'sent'), 0))::bigint as minor from payees p`)
	if err != nil {
		l.T.Fatal(err)
	}
	has := map[owner]int64{}
	for _, r := range rows {
		has[r.Who] = r.Minor
	}
	return has
}

func (l *lives) sum(k ledger.Kind) int64 {
	n, err := ledger.Sum(l.T.Context(), l.DB, k, "EUR")
	if err != nil {
		l.T.Fatal(err)
	}
	return n
}

// likeStripe compares the account stripe with the platform's funds there, each payee's transfers with their payouts, and what banks
// took with what the disputes say.
func (l *lives) likeStripe() {
	ctx := l.T.Context()
	funds, err := l.Stripe.Funds(ctx)
	if err != nil {
		l.T.Fatal(err)
	}
	var there int64
	for _, f := range funds {
		there += f.Available + f.Pending
	}
	// A refund that waits at the bank has left Stripe's balance, and not yet the books: its buyer does not have it.
	for _, f := range l.atStripe() {
		if f.State == payments.RefundPending || f.State == payments.RefundRequiresAction {
			there += l.drawn(f)
		}
	}
	if here := -l.sum(ledger.Stripe); here != there {
		l.T.Errorf("the books have %d at Stripe, Stripe has %d", here, there)
	}
	for _, f := range l.atStripe() {
		var state string
		if err := l.DB.Get(&state, `select coalesce((select state from refunds where stripe_id = $1), 'unknown')`, f.ID); err != nil {
			l.T.Fatal(err)
		}
		if state != string(f.State) {
			l.T.Errorf("refund %s of %v is %s at Stripe and %s here", f.ID, f.Amount, f.State, state)
		}
	}
}

// atStripe is every refund that Stripe has of an order's payment.
func (l *lives) atStripe() []payments.Refund {
	var intents []string
	if err := l.DB.Select(&intents, `select payment_intent_id from orders where payment_intent_id is not null order by id`); err != nil {
		l.T.Fatal(err)
	}
	var all []payments.Refund
	for _, pi := range intents {
		found, err := l.Stripe.FindRefunds(l.T.Context(), pi)
		if err != nil {
			l.T.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

// drawn is what a refund has moved on Stripe's balance so far.
func (l *lives) drawn(f payments.Refund) (minor int64) {
	moved, err := l.Stripe.MovementsOf(l.T.Context(), f.ID)
	if err != nil {
		l.T.Fatal(err)
	}
	for _, m := range moved {
		minor -= m.Amount.Minor
	}
	return minor
}
