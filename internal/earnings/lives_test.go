package earnings_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/internal/disputes"
	"relais/internal/earnings"
	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/refunds"
	"relais/internal/royalties"
)

// livesInBooks is how many orders live in one world of TestLivesOfOrders, a few at a time. rapid makes 100 worlds if nobody says otherwise.
const livesInBooks = 110

// Random lives of orders of several sellers and sharers in two currencies, 11,000 of them, by the rules that the program goes by and
// in books of the real ledger's arithmetic, in memory: sold, refunded by lines, pieces and sums, refunds that fail late, disputes won
// and lost in any order and of more than was paid, releases, shares that pass to others and come back, payouts that are sent or fail, debts that are netted. After each step the
// order is looked at, after each life all of the books.
func TestLivesOfOrders(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		b := &books{r: r, accounts: map[money.Currency]map[ledger.Account]int64{}, expected: map[money.Currency]map[ledger.Kind]int64{}, paid: map[payee]int64{}}
		var alive []*life
		for lived := 0; lived < livesInBooks; {
			if len(alive) < 5 {
				alive = append(alive, b.sell())
			}
			i := rapid.IntRange(0, len(alive)-1).Draw(r, "life")
			alive[i].step()
			alive[i].look()
			if alive[i].steps--; alive[i].steps <= 0 {
				alive = append(alive[:i], alive[i+1:]...)
				lived++
				b.look()
			}
		}
	})
}

// books are the accounts of a world, and what is expected of those of the platform by what happened outside of them.
type books struct {
	r        *rapid.T
	accounts map[money.Currency]map[ledger.Account]int64
	expected map[money.Currency]map[ledger.Kind]int64
	lives    []*life
	paying   []paying
	paid     map[payee]int64 // sent to each, in all
	n        int
}

// payee is somebody in one currency.
type payee struct {
	id       int64
	currency money.Currency
}

type paying struct {
	payee
	minor int64
}

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// post books by the ledger's own rules.
func (b *books) post(t ledger.Transaction) {
	b.n++
	t.Reference, t.At = fmt.Sprintf("%s:%d", t.Reference, b.n), now
	if err := t.Validate(); err != nil {
		b.r.Fatal(err)
	}
	after, err := ledger.Apply(b.accounts[t.Currency], t)
	if err != nil {
		b.r.Fatal(err)
	}
	b.accounts[t.Currency] = after
	if b.expected[t.Currency] == nil {
		b.expected[t.Currency] = map[ledger.Kind]int64{}
	}
}

func account(k ledger.Kind, payee int64) ledger.Account { return ledger.Account{Kind: k, Owner: payee} }

// net does what every use case does that puts money on a free account.
func (b *books) net(payee int64, c money.Currency) {
	a := b.accounts[c]
	if paid := earnings.Netting(a[account(ledger.Free, payee)], a[account(ledger.Debt, payee)]); paid > 0 {
		b.post(ledger.Transaction{Reference: "netting", Kind: "netting", Currency: c, Postings: []ledger.Posting{{Source: account(ledger.Free, payee),
			Destination: account(ledger.Debt, payee), Amount: paid}}})
	}
}

// life is one order, with what happened to it outside: everything that the oracle knows.
type life struct {
	*books
	id       int64
	currency money.Currency
	parcels  []orders.Shipment
	earnings []earnings.Earning
	wishes   []wish
	disputes []dispute
	refunded int64
	steps    int
}

type wish struct {
	items []refunds.Item
	state refunds.State
}

type dispute struct {
	disputes.Dispute
	items []refunds.Item
}

func (b *books) int(from, to int64, name string) int64 {
	return rapid.Int64Range(from, to).Draw(b.r, name)
}

// sell has a buyer pay for a random cart: prices from a cent on, rates up to all of the net price.
func (b *books) sell() *life {
	l := &life{books: b, id: int64(len(b.lives) + 1), currency: rapid.SampledFrom([]money.Currency{"EUR", "EUR", "JPY"}).Draw(b.r, "currency"), steps: int(b.int(4, 20, "steps"))}
	t := ledger.Transaction{Reference: "sale", Kind: "sale", Currency: l.currency}
	for brand := range b.int(1, 2, "brands") {
		sh := orders.Shipment{ID: l.id*10 + brand, BrandID: brand + 1, ShippingMinor: b.int(0, 900, "delivery")}
		for n := range b.int(1, 2, "lines") {
			line := orders.Line{ID: l.id*100 + brand*10 + n, ShipmentID: sh.ID, Quantity: b.int(1, 4, "pieces"), VATBps: 2000, FeeBps: b.int(0, 1000, "fee"),
				PriceMinor: rapid.OneOf(rapid.Int64Range(1, 9), rapid.Int64Range(10, 50_000)).Draw(b.r, "price")}
			line.Relays = b.relays(line.FeeBps)
			line.Royalties = b.authors(line)
			if len(line.Relays) == 1 { // a storefront may ask more
				line.MarginMinor = b.int(0, line.PriceMinor, "margin")
				line.PriceMinor += line.MarginMinor
			}
			line.TotalMinor = line.PriceMinor * line.Quantity
			sh.Lines = append(sh.Lines, line)
			b.share(l, &t, sh, line)
		}
		b.earn(l, &t, earnings.Earning{PayeeID: sh.BrandID, ShipmentID: sh.ID, Role: earnings.Delivery, Amount: money.New(sh.ShippingMinor, l.currency)})
		l.parcels = append(l.parcels, sh)
	}
	b.post(t)
	b.expected[l.currency][ledger.Stripe] -= l.total()
	b.lives = append(b.lives, l)
	return l
}

// relays are those who brought the buyer of a line: nobody, one, or two who share it.
func (b *books) relays(feeBps int64) []orders.Relay {
	rate := func() int64 { return b.int(0, 10_000-feeBps, "commission") }
	switch member := b.int(0, 3, "member"); member {
	case 0:
		return nil
	case 3:
		part := b.int(1, 9_999, "part")
		return []orders.Relay{{MemberID: 11, RateBps: rate(), PartBps: part}, {MemberID: 12, RateBps: rate(), PartBps: 10_000 - part}}
	default:
		return []orders.Relay{{MemberID: 10 + member, RateBps: rate(), PartBps: 10_000}}
	}
}

// authors are those who made a line what it is: nobody, or several, of whom some bring buyers too. What they agreed on fits or not.
func (b *books) authors(line orders.Line) (rs []royalties.Royalty) {
	for member := range b.int(0, 3, "authors") {
		r := royalties.Of(rapid.SampledFrom([]earnings.Role{earnings.Royalty, earnings.Idea}).Draw(b.r, "made"), b.int(1, 2500, "royalty"))
		r.MemberID = 12 + member
		rs = append(rs, r)
	}
	rs, _ = royalties.Fit(rs, line.Rates())
	return rs
}

func (b *books) share(l *life, t *ledger.Transaction, sh orders.Shipment, line orders.Line) {
	s, err := earnings.SplitResale(line.TotalMinor, line.Margin(), line.VATBps, line.Rates())
	if err != nil {
		b.r.Fatal(err)
	}
	id := line.ID
	b.earn(l, t, earnings.Earning{PayeeID: sh.BrandID, ShipmentID: sh.ID, OrderLineID: &id, Role: earnings.Sale, Amount: money.New(s.Sale, l.currency)})
	for i, r := range line.Relays {
		b.earn(l, t, earnings.Earning{PayeeID: r.MemberID, ShipmentID: sh.ID, OrderLineID: &id, Role: earnings.Commission, Amount: money.New(s.Commissions[i], l.currency)})
	}
	for i, r := range line.Royalties {
		if s.Royalties[i] != floor(s.Net, r.RateBps, 10_000) || r.RateBps > r.AgreedBps {
			b.r.Fatalf("royalty of %d at %d of %d, and %d were agreed", s.Royalties[i], r.RateBps, s.Net, r.AgreedBps)
		}
		b.earn(l, t, earnings.Earning{PayeeID: r.MemberID, ShipmentID: sh.ID, OrderLineID: &id, Role: r.Role, Amount: money.New(s.Royalties[i], l.currency)})
	}
	if s.Margin > 0 {
		b.earn(l, t, earnings.Earning{PayeeID: line.Relays[0].MemberID, ShipmentID: sh.ID, OrderLineID: &id, Role: earnings.Margin, Amount: money.New(s.Margin, l.currency)})
	}
	if s.Fee > 0 {
		t.Postings = append(t.Postings, ledger.Posting{Source: account(ledger.Stripe, 0), Destination: account(ledger.Fees, 0), Amount: s.Fee})
	}
}

func (b *books) earn(l *life, t *ledger.Transaction, e earnings.Earning) {
	if e.Amount.IsZero() {
		return
	}
	e.ID = int64(len(l.earnings))
	l.earnings = append(l.earnings, e)
	t.Postings = append(t.Postings, ledger.Posting{Source: account(ledger.Stripe, 0), Destination: account(ledger.Held, e.PayeeID), Amount: e.Amount.Minor})
}

func (l *life) total() (minor int64) {
	for _, sh := range l.parcels {
		minor += sh.ShippingMinor
		for _, line := range sh.Lines {
			minor += line.TotalMinor
		}
	}
	return minor
}

// step is one thing that happens to an order, or to the people that it is of.
func (l *life) step() {
	switch l.int(0, 11, "what") {
	case 0, 1:
		l.ask()
	case 2, 3:
		l.answer()
	case 4:
		l.dispute()
	case 5, 6:
		l.decide()
	case 7:
		l.release()
	case 8:
		l.payOut()
	case 9:
		l.arrive()
	case 10, 11:
		l.pass()
	}
}

// ask is a wish for a refund: of pieces, of a part of a line, of a delivery, or of a sum.
func (l *life) ask() {
	sh := rapid.SampledFrom(l.parcels).Draw(l.r, "parcel")
	line := rapid.SampledFrom(sh.Lines).Draw(l.r, "line")
	var w orders.RefundWish
	switch l.int(0, 3, "of") {
	case 0:
		w.Lines = []orders.RefundLine{{LineID: line.ID, Quantity: l.int(1, line.Quantity, "pieces")}}
	case 1:
		w.Lines = []orders.RefundLine{{LineID: line.ID, Minor: l.int(1, line.TotalMinor, "minor")}}
	case 2:
		w.Delivery = []int64{sh.ID}
	default:
		w.Minor = l.int(1, l.total(), "minor")
	}
	open := false
	for _, d := range l.disputes {
		open = open || d.State == payments.DisputeNeedsResponse
	}
	items, err := orders.Parts(l.parcels, w)
	if err != nil || open {
		return
	}
	l.wishes = append(l.wishes, wish{items, refunds.Pending})
	l.asked(items, 1)
}

// asked counts what is on its way back, or no longer.
func (l *life) asked(items []refunds.Item, sign int64) {
	for _, i := range items {
		l.part(i, func(line *orders.Line) {
			line.AskedMinor += sign * i.Minor
			line.RefundedQuantity += sign * i.Quantity
		}, func(sh *orders.Shipment) { sh.AskedMinor += sign * i.Minor })
	}
}

func (l *life) part(i refunds.Item, line func(*orders.Line), delivery func(*orders.Shipment)) {
	for p := range l.parcels {
		if l.parcels[p].ID != i.ShipmentID {
			continue
		}
		if i.OrderLineID == nil {
			delivery(&l.parcels[p])
			return
		}
		for n := range l.parcels[p].Lines {
			if l.parcels[p].Lines[n].ID == *i.OrderLineID {
				line(&l.parcels[p].Lines[n])
				return
			}
		}
	}
	l.r.Fatalf("no part %+v", i)
}

// answer is what the provider says of a refund: made, refused, or brought back after it was made.
func (l *life) answer() {
	if len(l.wishes) == 0 {
		return
	}
	w := &l.wishes[l.int(0, int64(len(l.wishes)-1), "refund")]
	switch yes := rapid.Bool().Draw(l.r, "made"); {
	case w.state == refunds.Pending && yes:
		w.state = refunds.Succeeded
		l.asked(w.items, -1)
		for _, i := range w.items { // its pieces are refunded now
			l.part(i, func(line *orders.Line) { line.RefundedQuantity += i.Quantity }, func(*orders.Shipment) {})
		}
		l.back(w.items, 1, earnings.RefundMade, 0)
	case w.state == refunds.Pending:
		w.state = refunds.Failed
		l.asked(w.items, -1)
		l.anew()
	case w.state == refunds.Succeeded && !yes:
		w.state = refunds.Failed
		for _, i := range w.items {
			l.part(i, func(line *orders.Line) { line.RefundedQuantity -= i.Quantity }, func(*orders.Shipment) {})
		}
		l.back(w.items, -1, earnings.RefundFailed, 0)
		l.anew()
	}
}

// back moves parts as GoesBack does, and books it as Apply does.
func (l *life) back(items []refunds.Item, sign int64, why earnings.Cause, excess int64) {
	c := earnings.Change{OrderID: l.id, Currency: l.currency, Cause: why, Reference: "change", Excess: excess, Counter: account(ledger.Stripe, 0), At: now}
	if why == earnings.DisputeLost || why == earnings.DisputeWon {
		c.Counter = account(ledger.Disputed, 0)
	}
	for _, i := range items {
		p := earnings.Part{ShipmentID: i.ShipmentID, OrderLineID: i.OrderLineID}
		l.part(i, func(line *orders.Line) {
			p.Total, p.Before, p.After = line.TotalMinor, line.ReturnedMinor, line.ReturnedMinor+sign*i.Minor
			line.ReturnedMinor = p.After
		}, func(sh *orders.Shipment) {
			p.Total, p.Before, p.After = sh.ShippingMinor, sh.ReturnedMinor, sh.ReturnedMinor+sign*i.Minor
			sh.ReturnedMinor = p.After
		})
		c.Parts = append(c.Parts, p)
		if c.Counter.Kind == ledger.Stripe {
			l.refunded += sign * i.Minor
			l.expected[l.currency][ledger.Stripe] += sign * i.Minor
		}
	}
	frees := map[int64]int64{}
	for a, minor := range l.accounts[l.currency] {
		if a.Kind == ledger.Free {
			frees[a.Owner] = minor
		}
	}
	moves := earnings.Plan(l.earnings, c.Parts)
	l.post(earnings.Draft(c, moves, frees))
	for _, m := range moves {
		if (m.Give > 0) != (sign > 0) {
			l.r.Fatalf("%s moves %+v the other way", why, m)
		}
		if m.Taken.Held+m.Taken.Free+m.Taken.Debt != m.Give {
			l.r.Fatalf("%+v", m)
		}
		l.earnings[m.Earning.ID].ReturnedMinor += m.Give
		l.net(m.Earning.PayeeID, l.currency)
	}
}

// dispute has the bank take a sum, also more than was paid.
func (l *life) dispute() {
	for _, d := range l.disputes {
		if d.State == payments.DisputeNeedsResponse {
			return
		}
	}
	minor := l.int(1, l.total()*5/4+1, "minor")
	l.disputes = append(l.disputes, dispute{Dispute: disputes.Dispute{State: payments.DisputeNeedsResponse}})
	l.bank(&l.disputes[len(l.disputes)-1], -minor, 15)
}

// bank moves a dispute's money.
func (l *life) bank(d *dispute, minor, fee int64) {
	m := payments.Movement{Amount: money.New(minor, l.currency), FeeMinor: fee}
	taken, kept := disputes.Withdrawn([]payments.Movement{m})
	d.WithdrawnMinor += taken
	l.expected[l.currency][ledger.Stripe] += taken + kept
	l.expected[l.currency][ledger.Costs] -= kept
	l.post(ledger.Transaction{Reference: "dispute", Kind: "dispute_movement", Currency: l.currency, Postings: disputes.Postings(m)})
}

// decide is the bank's word on a dispute, also against an earlier one.
func (l *life) decide() {
	if len(l.disputes) == 0 {
		return
	}
	d := &l.disputes[l.int(0, int64(len(l.disputes)-1), "dispute")]
	switch won := rapid.Bool().Draw(l.r, "won"); {
	case won && d.State == payments.DisputeWon, !won && d.State == payments.DisputeLost:
		return
	case won:
		l.bank(d, d.WithdrawnMinor, 0)
		d.State = payments.DisputeWon
	case d.State == payments.DisputeWon:
		l.bank(d, -l.int(1, l.total(), "again"), 0)
		d.State = payments.DisputeLost
	default:
		d.State = payments.DisputeLost
	}
	l.stand(d)
	l.anew()
}

// stand brings the books in line with a dispute, as disputes does.
func (l *life) stand(d *dispute) {
	want := disputes.Standing(d.State, d.WithdrawnMinor)
	if d.Booked == want && !disputes.Anew(d.Dispute, orders.Left(l.parcels)) {
		return
	}
	if d.Booked == disputes.BookedLost {
		excess := d.ExcessMinor
		d.LostMinor, d.ExcessMinor, d.Booked = 0, 0, disputes.NotBooked
		l.expected[l.currency][ledger.Losses] += excess
		l.back(d.items, -1, earnings.DisputeWon, -excess)
	}
	if want == disputes.BookedLost {
		items, excess := orders.LossParts(l.parcels, d.WithdrawnMinor)
		d.items, d.LostMinor, d.ExcessMinor, d.Booked = items, d.WithdrawnMinor-excess, excess, want
		l.expected[l.currency][ledger.Losses] -= excess
		l.back(items, 1, earnings.DisputeLost, excess)
	}
}

// anew is the sweep: what a refund on its way, or another dispute, kept from a lost one may be the order's now.
func (l *life) anew() {
	for i := range l.disputes {
		l.stand(&l.disputes[i])
	}
}

// release frees what waits, unless a bank or a refund holds it up.
func (l *life) release() {
	for _, w := range l.wishes {
		if w.state == refunds.Pending {
			return
		}
	}
	for i := range l.earnings {
		e := &l.earnings[i]
		left := e.Left().Minor
		if e.FreePostingID != nil || left == 0 || rapid.Bool().Draw(l.r, "waits") {
			continue
		}
		l.post(ledger.Transaction{Reference: "release", Kind: "release", Currency: l.currency, Postings: []ledger.Posting{{Source: account(ledger.Held, e.PayeeID),
			Destination: account(ledger.Free, e.PayeeID), Amount: left}}})
		released := int64(l.n)
		e.FreePostingID, e.ReleasedMinor = &released, left
		l.net(e.PayeeID, l.currency)
	}
}

// pass is a decision on a commission: it is refused and its brand's, it was refused and is its member's again, or it was missing and the
// brand pays it out of its own share. It books as Reassign does.
func (l *life) pass() {
	from := rapid.SampledFrom(l.earnings).Draw(l.r, "share")
	brand := from.PayeeID <= 10
	switch {
	case from.Share() == 0 || from.OrderLineID == nil:
	case !brand && from.FreePostingID == nil && from.FromEarningID == nil:
		l.reassign(from, l.open(earnings.Opened(from, from.Share(), l.brandOf(from), earnings.Kept, 0)), from.Share())
	case brand && from.FromEarningID != nil:
		l.reassign(from, func() earnings.Earning { return l.earnings[*from.FromEarningID] }, from.Share())
	case brand:
		minor, member := l.int(1, from.Amount.Minor, "missing"), l.int(11, 13, "claims")
		l.reassign(from, l.open(earnings.Opened(from, minor, member, earnings.Commission, 0)), minor)
	}
}

func (l *life) brandOf(e earnings.Earning) int64 {
	for _, sh := range l.parcels {
		if sh.ID == e.ShipmentID {
			return sh.BrandID
		}
	}
	return 0
}

// open adds a new earning when it is needed.
func (l *life) open(e earnings.Earning) func() earnings.Earning {
	return func() earnings.Earning {
		e.ID = int64(len(l.earnings))
		l.earnings = append(l.earnings, e)
		return e
	}
}

func (l *life) reassign(from earnings.Earning, find func() earnings.Earning, minor int64) {
	p, err := earnings.Pass(from, minor, l.accounts[l.currency][account(ledger.Free, from.PayeeID)])
	if want := minor > from.Share() || minor < from.Share() && from.ReturnedMinor > 0; want != (err != nil) {
		l.r.Fatalf("%d of %+v passes: %v", minor, from, err)
	}
	if err != nil {
		return
	}
	to := find()
	t, _ := earnings.DraftPassed(ledger.Transaction{Reference: "pass", Kind: "reassign", Currency: l.currency}, p, from.PayeeID, to.PayeeID)
	if len(t.Postings) > 0 {
		l.post(t)
	}
	l.earnings[from.ID], l.earnings[to.ID] = p.After(from), p.Onto(to, from)
}

// payOut takes what a payee has free.
func (l *life) payOut() {
	to := payee{rapid.SampledFrom(l.earnings).Draw(l.r, "payee").PayeeID, l.currency}
	free := l.accounts[l.currency][account(ledger.Free, to.id)]
	if free == 0 {
		return
	}
	l.post(ledger.Transaction{Reference: "payout", Kind: "payout", Currency: l.currency, Postings: []ledger.Posting{{Source: account(ledger.Free, to.id),
		Destination: account(ledger.Paying, to.id), Amount: free}}})
	l.paying = append(l.paying, paying{to, free})
}

// arrive ends the oldest payout on its way: it is sent, or it failed and is free again.
func (b *books) arrive() {
	if len(b.paying) == 0 {
		return
	}
	p := b.paying[0]
	b.paying = b.paying[1:]
	to := account(ledger.Stripe, 0)
	failed := rapid.Bool().Draw(b.r, "failed")
	if failed {
		to = account(ledger.Free, p.id)
	}
	b.post(ledger.Transaction{Reference: "paid", Kind: "payout_sent", Currency: p.currency, Postings: []ledger.Posting{{Source: account(ledger.Paying, p.id), Destination: to, Amount: p.minor}}})
	if failed {
		b.net(p.id, p.currency)
		return
	}
	b.expected[p.currency][ledger.Stripe] += p.minor
	b.paid[p.payee] += p.minor
}
