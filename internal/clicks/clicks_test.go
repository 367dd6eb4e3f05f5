package clicks_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/clicks"
	"relais/internal/postgres/pgtest"
	"relais/internal/referrals"
	"relais/internal/storefronts/storefronttest"
)

// world is a database with a service and a link to a product of each of two members.
type world struct {
	db          *sqlx.DB
	s           *clicks.Service
	now, clock  time.Time
	alice       int64
	bruno       int64
	link, other int64
}

func open(t testing.TB) *world {
	t.Helper()
	db := pgtest.DB(t)
	w := &world{db: db, now: storefronttest.Start, clock: storefronttest.Start}
	w.s = w.service(t, "")
	w.alice, w.bruno = storefronttest.Member(t, db, "alice"), storefronttest.Member(t, db, "bruno")
	soap := storefronttest.Product(t, db, storefronttest.Brand(t, db, "savonnerie"), "savon")
	links := referrals.New(referrals.Config{DB: db, Now: func() time.Time { return w.now }, Clock: func() time.Time { return w.clock }})
	for member, id := range map[int64]*int64{w.alice: &w.link, w.bruno: &w.other} {
		l, err := links.Create(t.Context(), member, referrals.Share{Target: referrals.ToProduct, ProductID: soap})
		if err != nil {
			t.Fatal(err)
		}
		*id = l.ID
	}
	return w
}

// service is one over the same database that spools into a folder; empty: not at all.
func (w *world) service(t testing.TB, dir string) *clicks.Service {
	t.Helper()
	s, err := clicks.New(clicks.Config{DB: w.db, Now: func() time.Time { return w.now }, Clock: func() time.Time { return w.clock },
		Secret: []byte(strings.Repeat("s", 32)), Spool: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	if err := w.db.Get(&n, query, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSecret(t *testing.T) {
	if _, err := clicks.New(clicks.Config{Secret: []byte("short")}); err == nil {
		t.Error("a short secret is taken")
	}
}

func (w *world) click(t testing.TB, v clicks.Visit) clicks.Click {
	t.Helper()
	c, err := w.s.Record(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"

func TestRecord(t *testing.T) {
	w := open(t)
	l := w.link
	other := w.other
	visit := func(change func(*clicks.Visit)) clicks.Visit {
		v := clicks.Visit{LinkID: l, Address: "192.0.2.1", UserAgent: phone, Referer: "https://m.example.org/x?q=1"}
		change(&v)
		return v
	}
	same := func(*clicks.Visit) {}
	for _, tt := range []struct {
		name   string
		after  time.Duration
		change func(*clicks.Visit)
		want   clicks.Reason
	}{
		{"first", 0, same, ""},
		{"again", time.Minute, same, clicks.Repeat},
		{"another link", 0, func(v *clicks.Visit) { v.LinkID = other }, ""},
		{"another browser", 0, func(v *clicks.Visit) { v.UserAgent = "another" }, ""},
		{"another address", 0, func(v *clicks.Visit) { v.Address = "2001:db8::1" }, ""},
		{"known visitor at an address where others clicked", 0, func(v *clicks.Visit) { v.Visitor, v.Address = "V1", "2001:db8::1" }, ""},
		{"known visitor elsewhere", 0, func(v *clicks.Visit) { v.Visitor, v.Address = "V1", "192.0.2.99" }, clicks.Repeat},
		{"embedded", 0, func(v *clicks.Visit) { v.Reason, v.Address = clicks.Embedded, "192.0.2.50" }, clicks.Embedded},
		{"a person behind the embedded one", 0, func(v *clicks.Visit) { v.Address = "192.0.2.50" }, ""},
		{"self", 0, func(v *clicks.Visit) { v.Reason, v.MemberID = clicks.Self, w.alice }, clicks.Self},
		{"just within the hour", 58 * time.Minute, same, clicks.Repeat},
		{"after the hour", time.Minute, same, ""},
		{"long before midnight", 13*time.Hour + 50*time.Minute, same, ""}, // 23:50
		{"just after midnight", 20 * time.Minute, same, clicks.Repeat},
		{"next day", 60 * time.Minute, same, ""},
	} {
		w.now = w.now.Add(tt.after)
		c := w.click(t, visit(tt.change))
		if c.Reason != tt.want || c.Eligible != (tt.want == "") || len(c.Token) < 26 {
			t.Errorf("%s: %+v; want reason %q", tt.name, c, tt.want)
		}
		found, err := clicks.ClickByToken(context.Background(), w.db, c.Token, w.now)
		if err != nil || found.ID != c.ID || !found.At.Equal(w.now) {
			t.Errorf("%s: ClickByToken = %+v, %v", tt.name, found, err)
		}
	}
	var row struct{ Referer, Device, Day string }
	if err := w.db.Get(&row, `select referer, device, day_visitor as day from clicks order by id limit 1`); err != nil {
		t.Fatal(err)
	}
	if row.Referer != "m.example.org" || row.Device != "phone" || strings.Contains(row.Day, "192") || len(row.Day) != 32 {
		t.Errorf("first click = %+v", row)
	}
}

func TestRecordAtOnce(t *testing.T) {
	w := open(t)
	l := w.link
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { w.click(t, clicks.Visit{LinkID: l, Address: "192.0.2.1", UserAgent: phone}) })
	}
	wg.Wait()
	if all, eligible := w.count(t, `select count(*) from clicks`), w.count(t, `select count(*) from clicks where eligible`); all != 20 || eligible != 1 {
		t.Errorf("%d clicks, %d eligible; want 20 and 1", all, eligible)
	}
}

func TestReferers(t *testing.T) {
	w := open(t)
	l := w.link
	for referer, want := range map[string]string{
		"": "", "android-app://com.whatsapp": "com.whatsapp", "%zz": "", "https://" + strings.Repeat("a", 300) + ".fr/": "",
		"https://été.fr/x": "", "https://user:secret@example.org:8443/?token=1": "example.org", "\x00": "",
	} {
		c := w.click(t, clicks.Visit{LinkID: l, Address: "192.0.2.1", UserAgent: "Tablet", Referer: referer})
		var got string
		if err := w.db.Get(&got, `select referer from clicks where id = $1`, c.ID); err != nil || got != want {
			t.Errorf("referer %q is kept as %q, %v; want %q", referer, got, err, want)
		}
	}
}

func TestConsent(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	l := w.link
	c := w.click(t, clicks.Visit{LinkID: l, Address: "192.0.2.1", UserAgent: phone})
	visitor, err := w.s.Consent(ctx, c.Token, "")
	if err != nil || len(visitor) < 26 {
		t.Fatalf("Consent = %q, %v", visitor, err)
	}
	if n := w.count(t, `select count(*) from clicks where visitor = $1`, visitor); n != 1 {
		t.Errorf("%d clicks are the visitor's", n)
	}
	// Somebody who is shown the same address takes nothing from them.
	if other, err := w.s.Consent(ctx, c.Token, ""); err != nil || other == visitor {
		t.Errorf("Consent of another = %q, %v", other, err)
	}
	if n := w.count(t, `select count(*) from clicks where visitor = $1`, visitor); n != 1 {
		t.Errorf("%d clicks are the visitor's afterwards", n)
	}
	for _, token := range []string{"", "unknown", strings.Repeat("x", 10_000)} {
		if known, err := w.s.Consent(ctx, token, "V7"); err != nil || known != "V7" {
			t.Errorf("Consent(%.10q) = %q, %v", token, known, err)
		}
	}
	if _, err := clicks.ClickByToken(ctx, w.db, "unknown", w.now); !errors.Is(err, clicks.ErrNoClick) {
		t.Errorf("ClickByToken = %v", err)
	}
}
