package demo

import (
	"fmt"
	"slices"
	"time"

	"relais/internal/demo/agenda"
	"relais/internal/demo/content"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/referrals"
	"relais/internal/stripesandbox"
)

// purchase is one order to come, with all that will become of it.
type purchase struct {
	at      time.Time
	nth     int
	buyer   content.Buyer
	member  *person // nil: a guest
	items   []item
	visit   *visit  // what brought the buyer; nil: nothing
	visitor string  // as whom they agreed to be remembered; empty: nobody
	code    string  // that they type; empty: none
	own     bool    // of the shopper's own accord
	path    bool    // it was put into the cart in the storefront
	front   *person // in whose storefront the buyer went to by themselves; nil: nobody's

	payment  payment
	parcels  []parcel // by brand, in the order of the items
	withdraw time.Duration
	early    bool          // withdraw counts from the payment, otherwise from the delivery
	back     time.Duration // from the withdrawal to the refund; 0: the goods are still under way
}

type item struct {
	product  *product
	variant  int
	quantity int64
}

// payment is how paying goes.
type payment string

const (
	paid      payment = "paid"
	declined  payment = "declined" // and paid with another card
	forgotten payment = "forgotten"
	cancelled payment = "cancelled"
	abandoned payment = "abandoned" // it never became an order
)

// parcel is what one brand does with its part. Zero: not within the demo's days.
type parcel struct {
	ship, deliver     time.Duration // from the payment; from the shipping
	carrier, tracking string
	by                string // buyer, brand, or time: then nobody says anything
}

// Means by which the days are drawn.
const (
	ordersPerVisit = 0.052
	directADay     = 0.9 // orders of people whom nobody sent
)

// drawPurchases decides who buys what and when: some of the visitors, some whom nobody sent.
func (m *maker) drawPurchases() []*purchase {
	var all []*purchase
	for _, v := range m.visits {
		if m.random.Float64() < ordersPerVisit {
			all = append(all, m.drawFrom(v))
		}
	}
	for day := range m.days {
		begins := m.start.AddDate(0, 0, day)
		for range agenda.Poisson(m.random, directADay*agenda.Rhythm(begins.Weekday())*agenda.Growth(day, m.days)) {
			p := &purchase{at: agenda.HourOf(m.random, begins), items: m.basket(nil)}
			m.drawFate(p)
			all = append(all, p)
		}
	}
	all = append(all, m.drawLast()...)
	all = append(all, m.drawShared()...)
	all = append(all, m.drawOwn()...)
	all = append(all, m.drawResold()...)
	all = slices.DeleteFunc(all, func(p *purchase) bool { return !p.at.Before(m.now) || !m.drawBuyer(p) })
	slices.SortStableFunc(all, func(a, b *purchase) int { return a.at.Compare(b.at) })
	for i, p := range all {
		p.nth = i + 1
		p.code = m.typed(p)
	}
	return all
}

// drawFrom is what a visitor buys: mostly at once, in the storefront that the link led to; or after some days, and now and
// then after the window of the brand's terms.
func (m *maker) drawFrom(v *visit) *purchase {
	p := &purchase{visit: v, items: m.basket(v.link)}
	switch r := m.random.Float64(); {
	case r < 0.75:
		p.at, p.path = v.at.Add(time.Duration(4+m.random.IntN(45))*time.Minute), v.link.Target != referrals.ToBrand
	case r < 0.95:
		p.at = v.at.Add(time.Duration(20+m.random.IntN(120)) * time.Hour)
	case r < 0.98:
		p.at = v.at.AddDate(0, 0, 10+m.random.IntN(16))
	default:
		p.at = v.at.AddDate(0, 0, 31+m.random.IntN(8))
	}
	m.drawFate(p)
	return p
}

// basket draws what is bought: mostly what the link shows, at times something beside it.
func (m *maker) basket(l *link) []item {
	var items []item
	add := func(p *product) {
		if p == nil || slices.ContainsFunc(items, func(i item) bool { return i.product == p || i.product.brand.Currency != p.brand.Currency }) {
			return
		}
		i := item{product: p, variant: m.random.IntN(len(p.variants)), quantity: 1}
		if p.PriceCents < 3000 && m.random.Float64() < 0.35 {
			i.quantity = 2 + m.random.Int64N(2)
		}
		items = append(items, i)
	}
	switch {
	case l == nil:
		add(m.anyProduct(func(*product) bool { return true }))
	case l.product != nil && m.random.Float64() < 0.8:
		add(l.product)
	case l.brand != nil:
		add(m.anyProduct(func(p *product) bool { return p.brand == l.brand }))
	default:
		add(m.listed(l))
	}
	switch r := m.random.Float64(); {
	case r < 0.18 && l != nil:
		add(m.listed(l)) // often of another brand
	case r < 0.30:
		add(m.anyProduct(func(p *product) bool { return p.brand == items[0].product.brand }))
	}
	return items
}

func (m *maker) listed(l *link) *product {
	listings := l.by.Storefront.Listings
	return m.products[listings[m.random.IntN(len(listings))].Product]
}

// anyProduct draws a product; dear ones are bought less often.
func (m *maker) anyProduct(of func(*product) bool) *product {
	total := 0.0
	weigh := func(p *product) float64 {
		if !of(p) {
			return 0
		}
		return 1 / (1 + float64(p.PriceCents)/9000)
	}
	for _, c := range m.content.Products {
		total += weigh(m.products[c.Slug])
	}
	left := m.random.Float64() * total
	for _, c := range m.content.Products {
		if left -= weigh(m.products[c.Slug]); left < 0 {
			return m.products[c.Slug]
		}
	}
	return nil
}

// drawBuyer finds somebody to whom every brand of the basket delivers; false where there is nobody.
func (m *maker) drawBuyer(p *purchase) bool {
	var reached []content.Buyer
	shopper := m.content.Playing(content.Shopper)[0]
	for _, b := range m.content.Buyers {
		if p.own && b.Address.Country != shopper.Country {
			continue
		}
		if !slices.ContainsFunc(p.items, func(i item) bool { return len(i.product.brand.DeliveriesTo(b.Address.Country)) == 0 }) {
			reached = append(reached, b)
		}
	}
	if len(reached) == 0 {
		return false
	}
	p.buyer = reached[m.random.IntN(len(reached))]
	switch r := m.random.Float64(); {
	case p.front != nil: // a guest
	case p.own || r < 0.06:
		m.signIn(p, shopper)
	case r < 0.10:
		relays := m.content.Playing(content.Relay)
		m.signIn(p, relays[m.random.IntN(len(relays))])
	}
	return true
}

// signIn makes the buyer a member, at the address that was drawn.
func (m *maker) signIn(p *purchase, who content.Member) {
	if who.Country != p.buyer.Address.Country {
		return
	}
	p.member = m.people[who.Handle]
	p.buyer.Name, p.buyer.Email, p.buyer.Lang = who.Name, who.Email, who.Lang
}

// drawFate decides what becomes of an order.
func (m *maker) drawFate(p *purchase) {
	p.payment = paid
	switch r := m.random.Float64(); {
	case r < 0.14:
		p.payment = abandoned
	case r < 0.17:
		p.payment = forgotten
	case r < 0.19:
		p.payment = declined
	case r < 0.20:
		p.payment = cancelled
	}
	late := m.random.Float64() < 0.04
	for range p.brands() {
		one := m.drawParcel()
		if late {
			one.by = "buyer"
		}
		p.parcels = append(p.parcels, one)
	}
	switch {
	case late:
		p.withdraw = time.Duration(30+m.random.IntN(220)) * time.Hour
		p.back = time.Duration(90+m.random.IntN(80)) * time.Hour
	case m.random.Float64() < 0.025:
		p.early, p.withdraw = true, time.Duration(1+m.random.IntN(14))*time.Hour
	}
}

func (m *maker) drawParcel() parcel {
	by := [...]string{"buyer", "buyer", "brand", "time", "time"}[m.random.IntN(5)]
	carrier := [...]string{"Colissimo", "Chronopost", "Mondial Relay", "DPD"}[m.random.IntN(4)]
	return parcel{ship: time.Duration(18+m.random.IntN(54)) * time.Hour, deliver: time.Duration(26+m.random.IntN(100)) * time.Hour,
		carrier: carrier, tracking: fmt.Sprintf("%dA%010d", 6+m.random.IntN(3), m.random.Int64N(10_000_000_000)), by: by}
}

// brands are those of the items, each once, in the order of the items.
func (p *purchase) brands() []*brand {
	var bs []*brand
	for _, i := range p.items {
		if !slices.Contains(bs, i.product.brand) {
			bs = append(bs, i.product.brand)
		}
	}
	return bs
}

const dayLong = 24 * time.Hour

// drawLast are orders of the last days, a few in each state in which an order can stand today.
func (m *maker) drawLast() []*purchase {
	var all []*purchase
	add := func(ago time.Duration, ship, deliver time.Duration) *purchase {
		l := m.links[m.random.IntN(len(m.links))]
		p := &purchase{at: m.now.Add(-ago), payment: paid, items: m.basket(l)}
		for _, v := range m.visits { // the last click on that link before
			if v.link == l && v.at.Before(p.at) {
				p.visit, p.path = v, l.Target != referrals.ToBrand
			}
		}
		for range p.brands() {
			one := m.drawParcel()
			one.ship, one.deliver, one.by = ship, deliver, "buyer"
			p.parcels = append(p.parcels, one)
		}
		all = append(all, p)
		return p
	}
	for i := range 3 {
		n := time.Duration(i)
		add(2*time.Hour+7*n*time.Hour, 40*dayLong, dayLong)                        // to be sent
		add(4*dayLong+5*n*time.Hour, 40*time.Hour, 40*dayLong)                     // under way
		m.addOfAnotherBrand(add(9*dayLong+9*n*time.Hour, 30*time.Hour, 5*dayLong)) // received, within the period of withdrawal
		back := add(8*dayLong+6*n*time.Hour, 26*time.Hour, 3*dayLong)              // withdrawn, and the goods not back yet
		back.withdraw = 2*dayLong + 11*n*time.Hour
	}
	for i := range 2 {
		add(time.Duration(3+5*i)*time.Minute, 0, 0).payment = forgotten       // waiting to be paid
		add(2*dayLong+time.Duration(i)*9*time.Hour, 0, 0).payment = forgotten // never paid
		add(3*dayLong+time.Duration(i)*5*time.Hour, 0, 0).payment = cancelled // thought better of
		add(5*dayLong+time.Duration(i)*7*time.Hour, 0, 0).payment = abandoned // left in the cart
	}
	return all
}

// addOfAnotherBrand puts a piece into the basket that a second brand sells, in the same currency and to a country that both
// deliver to; nothing where the basket holds two brands, or where there is no such piece.
func (m *maker) addOfAnotherBrand(p *purchase) {
	first := p.items[0].product.brand
	other := m.anyProduct(func(o *product) bool {
		return o.brand != first && o.brand.Currency == first.Currency && slices.ContainsFunc(m.content.Buyers, func(b content.Buyer) bool {
			return len(first.DeliveriesTo(b.Address.Country)) > 0 && len(o.brand.DeliveriesTo(b.Address.Country)) > 0
		})
	})
	if other != nil && len(p.brands()) == 1 {
		p.items = append(p.items, item{product: other, variant: m.random.IntN(len(other.variants)), quantity: 1})
		p.parcels = append(p.parcels, p.parcels[0])
	}
}

// cardOf is what a buyer pays with: each relay with one of their own, as a sale that was paid with a relay's card is looked at before
// that relay earns from it.
func (m *maker) cardOf(p *purchase) string {
	if p.member == nil {
		return stripesandbox.AcceptedCard
	}
	return m.personal(p.member.Handle)
}

// personal is the card of a relay.
func (m *maker) personal(handle string) string {
	cards := stripesandbox.PersonalCards()
	at := slices.IndexFunc(m.content.Playing(content.Relay), func(p content.Member) bool { return p.Handle == handle })
	return cards[max(at, 0)%len(cards)]
}

// addressOf is where a guest has things sent.
func addressOf(b content.Buyer) orders.Address {
	a := b.Address
	return orders.Address{Name: b.Name, Street: a.Line1, Street2: a.Line2, Postcode: a.PostalCode, City: a.City, Country: a.Country, Phone: b.Phone}
}

// placement is the order form as the buyer fills it in.
func (p *purchase) placement(cart string) orders.Placement {
	o := orders.Placement{CartID: cart, Operation: fmt.Sprintf("demo-purchase-%08d", p.nth), Email: p.buyer.Email, Lang: i18n.Lang(p.buyer.Lang),
		Address: addressOf(p.buyer), Visitor: p.visitor, Code: p.code}
	if p.member != nil {
		o.MemberID = &p.member.id
	}
	return o
}
