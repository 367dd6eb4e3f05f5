package earnings_test

import (
	"math/big"

	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/orders"
)

// floor is a*b/c rounded down, by whole numbers of any size: the oracle shares no arithmetic with the program.
func floor(a, b, c int64) int64 {
	product := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	return product.Div(product, big.NewInt(c)).Int64()
}

// look checks one order: every beneficiary has given back their part of what went back of each line, rounded down, and no more;
// nothing went back twice; the order is where that leaves it.
func (l *life) look() {
	var returned, lost int64
	for _, sh := range l.parcels {
		l.lookAt(sh.ShippingMinor, sh.ReturnedMinor, sh.AskedMinor, sh.ID, 0)
		returned += sh.ReturnedMinor
		for _, line := range sh.Lines {
			l.lookAt(line.TotalMinor, line.ReturnedMinor, line.AskedMinor, sh.ID, line.ID)
			returned += line.ReturnedMinor
		}
	}
	for _, d := range l.disputes {
		lost += d.LostMinor
		if d.ExcessMinor > 0 && orders.Left(l.parcels) > 0 {
			l.r.Fatalf("order %d: the platform bears %d, and %d is left", l.id, d.ExcessMinor, orders.Left(l.parcels))
		}
	}
	if l.refunded+lost != returned {
		l.r.Fatalf("order %d: %d refunded and %d lost, but %d went back", l.id, l.refunded, lost, returned)
	}
	want := orders.Paid
	switch {
	case returned == l.total() && lost > 0:
		want = orders.ChargedBack
	case returned == l.total():
		want = orders.Refunded
	}
	if got := orders.StateAfter(l.total(), l.refunded, lost); got != want {
		l.r.Fatalf("order %d is %s, not %s", l.id, got, want)
	}
}

func (l *life) lookAt(total, returned, asked, shipment, line int64) {
	if returned < 0 || asked < 0 || returned+asked > total {
		l.r.Fatalf("order %d: %d went back and %d is asked of %d", l.id, returned, asked, total)
	}
	var shares, given, payees int64
	for _, e := range l.earnings {
		if e.ShipmentID != shipment || (e.OrderLineID == nil) != (line == 0) || line != 0 && *e.OrderLineID != line {
			continue
		}
		share := e.Amount.Minor - e.MovedMinor
		if share < 0 || e.ReturnedMinor != floor(share, returned, total) {
			l.r.Fatalf("order %d: %d of %d went back, and %s gave %d of %d less %d passed on", l.id, returned, total, e.Role, e.ReturnedMinor, e.Amount.Minor, e.MovedMinor)
		}
		if share > 0 {
			payees++
		}
		shares, given = shares+share, given+e.ReturnedMinor
	}
	// What rounding leaves is the platform's: less than one minor unit for each beneficiary.
	if fee := floor(total-shares, returned, max(total, 1)); returned-given < fee || returned-given > fee+max(payees, 3) {
		l.r.Fatalf("order %d: of %d the platform gives %d, and its share is %d", l.id, returned, returned-given, fee)
	}
}

// look checks the whole books: nothing appeared or vanished, everybody has their due, nobody owes beside money, and the platform's accounts
// are what happened outside.
func (b *books) look() {
	due, fees, disputed := map[payee]int64{}, map[money.Currency]int64{}, map[money.Currency]int64{}
	for _, l := range b.lives {
		fees[l.currency] += l.total()
		for _, sh := range l.parcels {
			fees[l.currency] -= sh.ReturnedMinor
			for _, line := range sh.Lines {
				fees[l.currency] -= line.ReturnedMinor
			}
		}
		for _, e := range l.earnings {
			due[payee{e.PayeeID, l.currency}] += e.Amount.Minor - e.MovedMinor - e.ReturnedMinor
			fees[l.currency] -= e.Amount.Minor - e.MovedMinor - e.ReturnedMinor
		}
		for _, d := range l.disputes {
			disputed[l.currency] -= d.WithdrawnMinor - d.LostMinor - d.ExcessMinor
		}
	}
	for c, accounts := range b.accounts {
		var sum int64
		for a, minor := range accounts {
			sum += minor
			if a.Kind.Payee() {
				due[payee{a.Owner, c}] -= minor
			}
			if a.Kind == ledger.Free && minor > 0 && accounts[account(ledger.Debt, a.Owner)] < 0 {
				b.r.Fatalf("payee %d owes beside %d free %s", a.Owner, minor, c)
			}
		}
		if sum != 0 {
			b.r.Fatalf("all accounts in %s are %d together", c, sum)
		}
		want := b.expected[c]
		for _, x := range []struct {
			kind      ledger.Kind
			got, want int64
		}{{ledger.Stripe, accounts[account(ledger.Stripe, 0)], want[ledger.Stripe]}, {ledger.Costs, accounts[account(ledger.Costs, 0)], want[ledger.Costs]},
			{ledger.Losses, accounts[account(ledger.Losses, 0)], want[ledger.Losses]}, {ledger.Fees, accounts[account(ledger.Fees, 0)], fees[c]},
			{ledger.Disputed, accounts[account(ledger.Disputed, 0)], disputed[c]}} {
			if x.got != x.want {
				b.r.Fatalf("%s in %s is %d, not %d", x.kind, c, x.got, x.want)
			}
		}
	}
	for who, minor := range due { // what they are due and do not have was sent to them
		if b.paid[who] != minor {
			b.r.Fatalf("payee %d in %s was paid %d, and was to be paid %d", who.id, who.currency, b.paid[who], minor)
		}
	}
}
