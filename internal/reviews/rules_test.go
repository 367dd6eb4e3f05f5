package reviews_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/internal/fault"
	"relais/internal/reviews"
)

func thrown(domain string) bool { return domain == "jetable.example" }

func TestDoubts(t *testing.T) {
	for _, c := range []struct {
		name string
		f    reviews.Facts
		want []reviews.Doubt
	}{
		{"nothing", reviews.Facts{Mail: "anne@poste.example"}, nil},
		{"the member's own card", reviews.Facts{OwnCard: true}, []reviews.Doubt{{Reason: reviews.Card}}},
		{"as fast as no person", reviews.Facts{Clicked: true, SinceClick: 2999 * time.Millisecond}, []reviews.Doubt{{Reason: reviews.Fast, Millis: 2999}}},
		{"fast, as a person", reviews.Facts{Clicked: true, SinceClick: 3 * time.Second}, nil},
		{"a click after the order is none", reviews.Facts{Clicked: true, SinceClick: -time.Second}, nil},
		{"no click", reviews.Facts{SinceClick: time.Second}, nil},
		{"a throw-away address", reviews.Facts{Mail: " X@Jetable.example"}, []reviews.Doubt{{Reason: reviews.DisposableMail}}},
		{"no address", reviews.Facts{Mail: "nobody"}, nil},
		{"ten orders by one browser", reviews.Facts{SameBrowser: 10, SameCard: 3}, []reviews.Doubt{{Reason: reviews.Velocity, Count: 10}}},
		{"ten orders with one card", reviews.Facts{SameBrowser: 1, SameCard: 12}, []reviews.Doubt{{Reason: reviews.Velocity, Count: 12}}},
		{"nine", reviews.Facts{SameBrowser: 9, SameCard: 9}, nil},
		{"half came back", reviews.Facts{Sales: 10, SalesBack: 5}, []reviews.Doubt{{Reason: reviews.RefundRate, Count: 5, Of: 10}}},
		{"less than half", reviews.Facts{Sales: 11, SalesBack: 5}, nil},
		{"all of too few", reviews.Facts{Sales: 9, SalesBack: 9}, nil},
		{"each bought through the other", reviews.Facts{BoughtThrough: 2}, []reviews.Doubt{{Reason: reviews.Ring, Count: 2}}},
		{"a favour between friends", reviews.Facts{BoughtThrough: 1}, nil},
		{"several", reviews.Facts{OwnCard: true, Mail: "a@jetable.example", BoughtThrough: 3}, []reviews.Doubt{{Reason: reviews.Card}, {Reason: reviews.DisposableMail}, {Reason: reviews.Ring, Count: 3}}},
	} {
		if diff := cmp.Diff(c.want, reviews.Doubts(c.f, thrown)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// More of what a doubt counts never takes it away, and each is named once.
func TestDoubtsOnlyGrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int64 { return rapid.Int64Range(0, 30).Draw(t, name) }
		f := reviews.Facts{OwnCard: rapid.Bool().Draw(t, "card"), SameBrowser: n("browser"), SameCard: n("same card"), Sales: n("sales"), BoughtThrough: n("bought")}
		f.SalesBack = min(n("back"), f.Sales)
		more := f
		more.SameBrowser, more.SalesBack, more.BoughtThrough = f.SameBrowser+n("more"), min(f.Sales, f.SalesBack+n("more back")), f.BoughtThrough+n("more bought")
		seen := map[reviews.Reason]bool{}
		for _, d := range reviews.Doubts(more, thrown) {
			if seen[d.Reason] {
				t.Fatalf("%s twice", d.Reason)
			}
			seen[d.Reason] = true
		}
		for _, d := range reviews.Doubts(f, thrown) {
			if !seen[d.Reason] {
				t.Fatalf("%s went away", d.Reason)
			}
		}
	})
}

func TestAtItsEnd(t *testing.T) {
	for _, r := range []reviews.Reason{reviews.Fast, reviews.DisposableMail, reviews.Velocity, reviews.RefundRate, reviews.Ring} {
		if got := reviews.AtItsEnd([]reviews.Doubt{{Reason: r}}); got != reviews.Cleared {
			t.Errorf("%s ends %s", r, got)
		}
		if got := reviews.AtItsEnd([]reviews.Doubt{{Reason: r}, {Reason: reviews.Card}}); got != reviews.Refused {
			t.Errorf("%s and the card end %s", r, got)
		}
	}
}

func TestCanAppeal(t *testing.T) {
	decided := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	refused := reviews.Review{State: reviews.Refused, DecidedAt: &decided}
	appealed := refused
	appealed.AppealState = reviews.AppealOpen
	for _, c := range []struct {
		name string
		r    reviews.Review
		days int
		want error
	}{
		{"open", reviews.Review{State: reviews.Open}, 0, reviews.ErrNoAppeal},
		{"cleared", reviews.Review{State: reviews.Cleared, DecidedAt: &decided}, 0, reviews.ErrNoAppeal},
		{"refused", refused, 30, nil},
		{"too late", refused, 31, reviews.ErrTooLate},
		{"twice", appealed, 1, reviews.ErrAppealed},
	} {
		if err := reviews.CanAppeal(c.r, decided.AddDate(0, 0, c.days)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestDisposable(t *testing.T) {
	for domain, want := range map[string]bool{"mailinator.com": true, "YOPMAIL.com": true, "sub.mailinator.com": true, "gmail.com": false, "orange.fr": false, "laposte.net": false, "com": false, "": false} {
		if got := reviews.Disposable(domain); got != want {
			t.Errorf("%q: %v", domain, got)
		}
	}
}

func TestGrantable(t *testing.T) {
	good := reviews.Sale{Paid: true, SaleEarningID: 1, NetMinor: 10000, RateBps: 1000, LeftMinor: 8500, Currency: "EUR"}
	with := func(f func(*reviews.Sale)) reviews.Sale { s := good; f(&s); return s }
	for _, c := range []struct {
		name string
		s    reviews.Sale
		as   string
		want error
	}{
		{"good", good, reviews.ByPlatform, nil},
		{"unpaid", with(func(s *reviews.Sale) { s.Paid = false }), reviews.ByBrand, reviews.ErrNotBooked},
		{"no share", with(func(s *reviews.Sale) { s.SaleEarningID = 0 }), reviews.ByBrand, reviews.ErrNotBooked},
		{"their own", with(func(s *reviews.Sale) { s.Own = true }), reviews.ByBrand, reviews.ErrOwn},
		{"of the team, by the brand", with(func(s *reviews.Sale) { s.Staff = true }), reviews.ByBrand, reviews.ErrStaff},
		{"of the team, by the platform", with(func(s *reviews.Sale) { s.Staff = true }), reviews.ByPlatform, reviews.ErrStaff},
		{"they have it", with(func(s *reviews.Sale) { s.Has = true }), reviews.ByBrand, reviews.ErrHasIt},
		{"another's, by the platform", with(func(s *reviews.Sale) { s.HolderName = "Max" }), reviews.ByPlatform, reviews.ErrOthers},
		{"another's, by the brand, on top", with(func(s *reviews.Sale) { s.HolderName = "Max" }), reviews.ByBrand, nil},
		{"a part back", with(func(s *reviews.Sale) { s.ReturnedMinor = 1 }), reviews.ByBrand, reviews.ErrReturned},
		{"no rate", with(func(s *reviews.Sale) { s.RateBps = 0 }), reviews.ByBrand, reviews.ErrNoRate},
		{"rounds to nothing", with(func(s *reviews.Sale) { s.NetMinor = 9 }), reviews.ByBrand, reviews.ErrNoRate},
		{"exactly what is left", with(func(s *reviews.Sale) { s.LeftMinor = 1000 }), reviews.ByBrand, nil},
		{"more than is left", with(func(s *reviews.Sale) { s.LeftMinor = 999 }), reviews.ByBrand, fault.Conflict},
	} {
		if err := reviews.Grantable(c.s, c.as); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestCheckClaim(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	good := reviews.Asked{Brand: "terre", OrderNumber: " r-7k2mq4 ", Shared: "talk", Text: "Told her on Sunday."}
	if day, err := good.Check(now); err != nil || day != nil || good.OrderNumber != "R-7K2MQ4" {
		t.Fatalf("%+v, %v, %v", good, day, err)
	}
	for _, c := range []struct {
		name, field string
		change      func(*reviews.Asked)
	}{
		{"no brand", "brand", func(a *reviews.Asked) { a.Brand = "" }},
		{"neither number nor day", "number", func(a *reviews.Asked) { a.OrderNumber = "" }},
		{"a strange number", "number", func(a *reviews.Asked) { a.OrderNumber = "'; drop" }},
		{"no day", "day", func(a *reviews.Asked) { a.OrderNumber, a.Day = "", "yesterday" }},
		{"a day ahead", "day", func(a *reviews.Asked) { a.OrderNumber, a.Day = "", "2026-03-05" }},
		{"no way", "shared", func(a *reviews.Asked) { a.Shared = "telepathy" }},
		{"no words", "text", func(a *reviews.Asked) { a.Text = "  " }},
	} {
		a := good
		c.change(&a)
		_, err := a.Check(now)
		var f *fault.Error
		if !errors.As(err, &f) || f.Fields[c.field] == "" || len(f.Fields) != 1 {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	a := good
	a.OrderNumber, a.Day = "", "2026-03-01"
	if day, err := a.Check(now); err != nil || day.Day() != 1 {
		t.Errorf("by day: %v, %v", day, err)
	}
}
