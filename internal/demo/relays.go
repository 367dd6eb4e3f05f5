package demo

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"relais/internal/clicks"
	"relais/internal/clock"
	"relais/internal/demo/agenda"
	"relais/internal/demo/content"
	"relais/internal/fediverse"
	"relais/internal/money"
	"relais/internal/referrals"
)

// link is a share link with how much it is looked at.
type link struct {
	referrals.Link
	by      *person
	product *product // nil: not to one product
	brand   *brand   // nil: not to one brand
	weight  float64
}

// visit is one click to come, and what it led to.
type visit struct {
	at        time.Time
	link      *link
	address   string
	userAgent string
	visitor   string // who agreed to be remembered; empty: nobody
	token     string // once it was recorded
}

func (m *maker) openStorefronts(ctx context.Context) error {
	for i, p := range m.content.Playing(content.Relay) {
		m.at(m.start.AddDate(0, 0, -4).Add(time.Duration(7*i) * time.Hour))
		id := m.people[p.Handle].id
		for _, l := range slices.Backward(p.Storefront.Listings) { // each new listing stands first
			product := m.products[l.Product].id
			if _, err := m.Storefronts.AddListing(ctx, id, product); err != nil {
				return err
			}
			if err := m.Storefronts.Note(ctx, id, product, l.Note); err != nil {
				return err
			}
			if l.MarginCents > 0 {
				if err := m.Storefronts.SetMargin(ctx, id, product, money.New(l.MarginCents, money.Currency(m.products[l.Product].brand.Currency))); err != nil {
					return err
				}
			}
		}
		if err := m.Storefronts.Edit(ctx, id, p.Storefront.Title, p.Storefront.Intro); err != nil {
			return err
		}
		if err := m.Storefronts.Cover(ctx, id, m.photo(p.Storefront.Cover)); err != nil {
			return err
		}
	}
	return nil
}

// shareLinks has every relay share: in each circle the whole storefront and some of the products, the first ones as the
// demo begins and others as the weeks go by; and here and there a brand.
func (m *maker) shareLinks(ctx context.Context) error {
	for i, p := range m.content.Playing(content.Relay) {
		by := m.people[p.Handle]
		for j, c := range p.Circles {
			at := m.start.AddDate(0, 0, -2).Add(time.Duration(3*i+j) * time.Hour)
			if err := m.share(ctx, by, at, c, referrals.Share{Target: referrals.ToStorefront}); err != nil {
				return err
			}
			for n := range 2 + m.random.IntN(2) {
				listed := m.products[p.Storefront.Listings[(2*j+n)%len(p.Storefront.Listings)].Product]
				later := at.Add(time.Duration(float64(m.days*24)*0.6*m.random.Float64()*float64(n)) * time.Hour)
				if err := m.share(ctx, by, later, c, referrals.Share{Target: referrals.ToProduct, ProductID: listed.id}); err != nil {
					return err
				}
			}
		}
		if i%3 == 0 {
			liked := m.products[p.Storefront.Listings[0].Product].brand
			c := content.Circle{Channel: "copy"}
			if err := m.share(ctx, by, m.start.AddDate(0, 0, 3+i), c, referrals.Share{Target: referrals.ToBrand, BrandID: liked.id}); err != nil {
				return err
			}
		}
	}
	m.progress(42)
	return nil
}

// Who can be followed from elsewhere: one storefront and one brand.
const (
	openRelay = "lea"
	openBrand = "maison-brevane"
)

// openToOthers has them open, a week after they began.
func (m *maker) openToOthers(ctx context.Context) error {
	m.at(m.start.AddDate(0, 0, 7).Add(18 * time.Hour))
	relay, b := m.people[openRelay].id, m.brands[openBrand]
	if err := m.Fediverse.Open(ctx, relay, fediverse.Owner{Kind: fediverse.Storefront, ID: relay}); err != nil {
		return err
	}
	return m.Fediverse.Open(ctx, b.owner, fediverse.Owner{Kind: fediverse.Brand, ID: b.id})
}

func (m *maker) share(ctx context.Context, by *person, at time.Time, c content.Circle, s referrals.Share) error {
	m.at(at)
	s.Channel, s.Circle = c.Channel, c.Name
	made, err := m.Referrals.Create(ctx, by.id, s)
	if err != nil {
		return fmt.Errorf("share of %s: %w", by.Handle, err)
	}
	l := &link{Link: made, by: by, weight: float64(by.Reach) * (0.25 + m.random.ExpFloat64())}
	for _, p := range m.products {
		if s.Target == referrals.ToProduct && p.id == s.ProductID {
			l.product = p
		}
	}
	for _, b := range m.brands {
		if s.Target == referrals.ToBrand && b.id == s.BrandID {
			l.brand = b
		}
	}
	m.links = append(m.links, l)
	return nil
}

// clicksADay is the mean of a day in the middle of the demo.
const clicksADay = 44

// click draws the clicks of all days and records them. An order only looks at clicks before it, so they can all be there
// before the first one; each core records the links of its own, in the order of time, by a clock of its own.
func (m *maker) click(ctx context.Context) error {
	for day := range m.days {
		begins := m.start.AddDate(0, 0, day)
		for range agenda.Poisson(m.random, clicksADay*agenda.Rhythm(begins.Weekday())*agenda.Growth(day, m.days)) {
			m.drawVisit(begins)
		}
	}
	m.drawStories()
	slices.SortStableFunc(m.visits, func(a, b *visit) int { return a.at.Compare(b.at) })
	group, ctx := errgroup.WithContext(ctx)
	cores := runtime.GOMAXPROCS(0)
	for core := range cores {
		group.Go(func() error { return m.record(ctx, core, cores) })
	}
	return group.Wait()
}

// drawVisit adds a click within the day that begins then, and at times a second one of the same visitor soon after.
func (m *maker) drawVisit(begins time.Time) {
	at := agenda.HourOf(m.random, begins)
	l := m.pick(at)
	if l == nil || !at.Before(m.now) {
		return
	}
	v := &visit{at: at, link: l, address: fmt.Sprintf("198.51.%d.%d", 100+m.random.IntN(28), 1+m.random.IntN(250)),
		userAgent: browsers[m.random.IntN(len(browsers))]}
	m.visits = append(m.visits, v)
	again := at.Add(time.Duration(1+m.random.IntN(90)) * time.Minute)
	if m.random.Float64() < 0.09 && again.Before(m.now) {
		m.visits = append(m.visits, &visit{at: again, link: l, address: v.address, userAgent: v.userAgent})
	}
}

// pick draws one of the links that exist at that time; nil while there is none.
func (m *maker) pick(at time.Time) *link {
	total := 0.0
	for _, l := range m.links {
		if l.CreatedAt.Before(at) {
			total += l.weight
		}
	}
	left := m.random.Float64() * total
	for _, l := range m.links {
		if l.CreatedAt.Before(at) {
			if left -= l.weight; left < 0 {
				return l
			}
		}
	}
	return nil
}

func (m *maker) record(ctx context.Context, core, cores int) error {
	own := clock.At(m.start)
	recorder, err := clicks.New(clicks.Config{DB: m.DB, Now: own.Now, Clock: own.Now, Secret: m.Secret})
	if err != nil {
		return err
	}
	for i, v := range m.visits {
		if v.link.ID%int64(cores) != int64(core) {
			continue
		}
		own.Set(v.at)
		c, err := recorder.Record(ctx, clicks.Visit{LinkID: v.link.ID, Address: v.address, UserAgent: v.userAgent, Visitor: v.visitor, Referer: referers[v.link.Channel]})
		if err != nil {
			return err
		}
		v.token = c.Token
		if core == 0 {
			m.progress(42 + 8*i/len(m.visits))
		}
	}
	return nil
}

// browsers are what visitors come with: mostly telephones.
var browsers = []string{
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 14; SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
}

// referers are what the channels' sites send; messengers and letters send nothing.
var referers = map[string]string{"facebook": "https://l.facebook.com/", "linkedin": "https://www.linkedin.com/", "x": "https://t.co/", "bluesky": "https://go.bsky.app/"}
