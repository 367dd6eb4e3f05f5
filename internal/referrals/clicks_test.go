package referrals_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/referrals"
)

func (w *world) click(t testing.TB, v referrals.Visit) referrals.Click {
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
	l := w.link(t, w.alice, product(w.soap))
	other := w.link(t, w.bruno, product(w.soap))
	visit := func(change func(*referrals.Visit)) referrals.Visit {
		v := referrals.Visit{Link: l, Address: "192.0.2.1", UserAgent: phone, Referer: "https://m.example.org/x?q=1"}
		change(&v)
		return v
	}
	same := func(*referrals.Visit) {}
	for _, tt := range []struct {
		name   string
		after  time.Duration
		change func(*referrals.Visit)
		want   referrals.Reason
	}{
		{"first", 0, same, ""},
		{"again", time.Minute, same, referrals.Repeat},
		{"another link", 0, func(v *referrals.Visit) { v.Link = other }, ""},
		{"another browser", 0, func(v *referrals.Visit) { v.UserAgent = "another" }, ""},
		{"another address", 0, func(v *referrals.Visit) { v.Address = "2001:db8::1" }, ""},
		{"known visitor at an address where others clicked", 0, func(v *referrals.Visit) { v.Visitor, v.Address = "V1", "2001:db8::1" }, ""},
		{"known visitor elsewhere", 0, func(v *referrals.Visit) { v.Visitor, v.Address = "V1", "192.0.2.99" }, referrals.Repeat},
		{"embedded", 0, func(v *referrals.Visit) { v.Reason, v.Address = referrals.Embedded, "192.0.2.50" }, referrals.Embedded},
		{"a person behind the embedded one", 0, func(v *referrals.Visit) { v.Address = "192.0.2.50" }, ""},
		{"self", 0, func(v *referrals.Visit) { v.Reason, v.MemberID = referrals.Self, w.alice }, referrals.Self},
		{"just within the hour", 58 * time.Minute, same, referrals.Repeat},
		{"after the hour", time.Minute, same, ""},
		{"long before midnight", 13*time.Hour + 50*time.Minute, same, ""}, // 23:50
		{"just after midnight", 20 * time.Minute, same, referrals.Repeat},
		{"next day", 60 * time.Minute, same, ""},
	} {
		w.now = w.now.Add(tt.after)
		c := w.click(t, visit(tt.change))
		if c.Reason != tt.want || c.Eligible != (tt.want == "") || len(c.Token) < 26 {
			t.Errorf("%s: %+v; want reason %q", tt.name, c, tt.want)
		}
		found, err := referrals.ClickByToken(context.Background(), w.db, c.Token)
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
	l := w.link(t, w.alice, product(w.soap))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { w.click(t, referrals.Visit{Link: l, Address: "192.0.2.1", UserAgent: phone}) })
	}
	wg.Wait()
	if all, eligible := w.count(t, `select count(*) from clicks`), w.count(t, `select count(*) from clicks where eligible`); all != 20 || eligible != 1 {
		t.Errorf("%d clicks, %d eligible; want 20 and 1", all, eligible)
	}
}

func TestReferers(t *testing.T) {
	w := open(t)
	l := w.link(t, w.alice, product(w.soap))
	for referer, want := range map[string]string{
		"": "", "android-app://com.whatsapp": "com.whatsapp", "%zz": "", "https://" + strings.Repeat("a", 300) + ".fr/": "",
		"https://été.fr/x": "", "https://user:secret@example.org:8443/?token=1": "example.org", "\x00": "",
	} {
		c := w.click(t, referrals.Visit{Link: l, Address: "192.0.2.1", UserAgent: "Tablet", Referer: referer})
		var got string
		if err := w.db.Get(&got, `select referer from clicks where id = $1`, c.ID); err != nil || got != want {
			t.Errorf("referer %q is kept as %q, %v; want %q", referer, got, err, want)
		}
	}
}

func TestConsent(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	l := w.link(t, w.alice, product(w.soap))
	c := w.click(t, referrals.Visit{Link: l, Address: "192.0.2.1", UserAgent: phone})
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
	for token, want := range map[string]string{c.Token: "Alice", "": "", "unknown": "", strings.Repeat("x", 65): ""} {
		if name, err := referrals.Recommender(ctx, w.db, token); err != nil || name != want {
			t.Errorf("Recommender(%.10q) = %q, %v; want %q", token, name, err, want)
		}
	}
	if _, err := referrals.ClickByToken(ctx, w.db, "unknown"); !errors.Is(err, referrals.ErrNoClick) {
		t.Errorf("ClickByToken = %v", err)
	}
}
