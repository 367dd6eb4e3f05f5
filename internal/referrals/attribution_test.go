package referrals_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/clicks"
	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/storefronts/storefronttest"
)

// attribute decides a sale of one line.
const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"

func (w *world) click(t testing.TB, v clicks.Visit) clicks.Click {
	t.Helper()
	c, err := w.recorder.Record(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) attribute(t testing.TB, s referrals.Sale) referrals.Decision {
	t.Helper()
	if s.At.IsZero() {
		s.At = w.now
	}
	var ds []referrals.Decision
	err := postgres.InTx(context.Background(), w.db, func(tx *sqlx.Tx) (err error) {
		ds, err = referrals.Attribute(context.Background(), tx, s)
		return err
	})
	if err != nil || len(ds) != len(s.Lines) {
		t.Fatalf("Attribute = %d decisions, %v", len(ds), err)
	}
	return ds[0]
}

func (w *world) line(change func(*referrals.SaleLine)) []referrals.SaleLine {
	l := referrals.SaleLine{ProductID: w.soap, BrandID: w.brand, AddedAt: w.now}
	change(&l)
	return []referrals.SaleLine{l}
}

// winner is who has all of a decision, or the larger part; 0: nobody.
func winner(d referrals.Decision) int64 {
	if len(d.Credits) == 0 {
		return 0
	}
	return d.Credits[0].MemberID
}

func none(*referrals.SaleLine) {}

func TestAttributeClicks(t *testing.T) {
	w := open(t)
	l := w.link(t, w.alice, product(w.soap))
	anonymous := w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.1", UserAgent: phone})
	w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.2", UserAgent: phone, Visitor: "V1"})
	w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.3", UserAgent: phone, MemberID: w.bruno})
	w.now = w.now.Add(30 * time.Minute)
	again := w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.1", UserAgent: phone})
	if again.Reason != clicks.Repeat {
		t.Fatalf("second click: %+v", again)
	}
	w.now = w.now.Add(24 * time.Hour)
	for _, tt := range []struct {
		name string
		sale referrals.Sale
		want referrals.Rule
	}{
		{"stranger", referrals.Sale{Lines: w.line(none)}, referrals.ByNone},
		{"click of the cart line", referrals.Sale{Lines: w.line(func(l *referrals.SaleLine) { l.ClickToken = anonymous.Token })}, referrals.ByClick},
		{"repeat stands for the click it repeats", referrals.Sale{Lines: w.line(func(l *referrals.SaleLine) { l.ClickToken = again.Token })}, referrals.ByClick},
		{"visitor with the cookie", referrals.Sale{Visitor: "V1", Lines: w.line(none)}, referrals.ByClick},
		{"another cookie", referrals.Sale{Visitor: "V2", Lines: w.line(none)}, referrals.ByNone},
		{"signed in when clicking", referrals.Sale{BuyerMemberID: &w.bruno, Lines: w.line(none)}, referrals.ByClick},
		{"self by e-mail", referrals.Sale{Visitor: "V1", BuyerEmailNormal: "alice@example.org", Lines: w.line(none)}, referrals.ByNone},
		{"self by account", referrals.Sale{Visitor: "V1", BuyerMemberID: &w.alice, Lines: w.line(none)}, referrals.ByNone},
		{"another product", referrals.Sale{Visitor: "V1", Lines: w.line(func(l *referrals.SaleLine) { l.ProductID = w.candle })}, referrals.ByNone},
		{"before it was clicked", referrals.Sale{Visitor: "V1", At: w.now.Add(-25 * time.Hour), Lines: w.line(none)}, referrals.ByNone},
		{"after the window", referrals.Sale{Visitor: "V1", At: w.now.AddDate(0, 0, 31), Lines: w.line(none)}, referrals.ByNone},
	} {
		d := w.attribute(t, tt.sale)
		if d.Rule != tt.want || d.TermsID != w.terms {
			t.Errorf("%s: %+v; want %s", tt.name, d, tt.want)
			continue
		}
		if d.Rule == referrals.ByClick && (winner(d) != w.alice || value(d.Credits[0].LinkID) != l.ID || d.CommissionBps() != 1000) {
			t.Errorf("%s: %+v", tt.name, d)
		}
	}
}

// The visitor who comes back just after midnight, when what they are known by is another, is still the one who came before it.
func TestRepeatAfterMidnight(t *testing.T) {
	w := open(t)
	l := w.link(t, w.alice, product(w.soap))
	w.now = time.Date(2026, 3, 2, 23, 50, 0, 0, time.UTC)
	first := w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.1", UserAgent: phone})
	w.now = w.now.Add(20 * time.Minute)
	again := w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.1", UserAgent: phone})
	if again.Reason != clicks.Repeat {
		t.Fatalf("second click: %+v", again)
	}
	d := w.attribute(t, referrals.Sale{Lines: w.line(func(l *referrals.SaleLine) { l.ClickToken = again.Token })})
	if d.Rule != referrals.ByClick || value(d.Credits[0].ClickID) != first.ID {
		t.Errorf("decided %+v; want the click before midnight", d)
	}
}

func TestAttributeStorefront(t *testing.T) {
	w := open(t)
	l := w.link(t, w.alice, product(w.soap))
	bruno := w.link(t, w.bruno, product(w.soap))
	w.now = w.now.Add(48 * time.Hour)
	storefronttest.Terms(t, w.db, w.brand, 0, 400, 30, w.now) // lowered after both shared
	own := w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.1", UserAgent: phone})
	w.now = w.now.Add(time.Hour)
	later := w.click(t, clicks.Visit{LinkID: bruno.ID, Address: "192.0.2.1", UserAgent: phone, Visitor: "V1"})
	line := w.line(func(l *referrals.SaleLine) { l.StorefrontMemberID, l.ClickToken = &w.alice, own.Token })

	d := w.attribute(t, referrals.Sale{Visitor: "V1", Lines: line})
	if d.Rule != referrals.ByStorefront || winner(d) != w.alice || value(d.Credits[0].ClickID) != own.ID || d.CommissionBps() != 1000 {
		t.Errorf("added on Alice's storefront: %+v", d)
	}
	if e := d.Evidence.Candidates; len(e) != 3 || e[1].ClickID != later.ID || e[1].Reason != referrals.PathFirst {
		t.Errorf("evidence: %+v", e)
	}
	d = w.attribute(t, referrals.Sale{Visitor: "V1", BuyerMemberID: &w.alice, Lines: line})
	if d.Rule != referrals.ByClick || winner(d) != w.bruno {
		t.Errorf("Alice buys on her own storefront after Bruno's link: %+v", d)
	}
	w.db.MustExec(`update members set blocked_at = now() where id = $1`, w.alice)
	d = w.attribute(t, referrals.Sale{Lines: line})
	if d.Rule != referrals.ByNone || d.CommissionBps() != 0 || d.Evidence.Candidates[0].Reason != referrals.Blocked {
		t.Errorf("a blocked member: %+v", d)
	}
}

func TestAttributeTargets(t *testing.T) {
	w := open(t)
	brand := w.link(t, w.alice, referrals.Share{Target: referrals.ToBrand, BrandID: w.brand})
	front := w.link(t, w.bruno, referrals.Share{Target: referrals.ToStorefront})
	w.click(t, clicks.Visit{LinkID: brand.ID, Address: "192.0.2.1", UserAgent: phone, Visitor: "V1"})
	w.now = w.now.Add(time.Minute)
	w.click(t, clicks.Visit{LinkID: front.ID, Address: "192.0.2.1", UserAgent: phone, Visitor: "V1"})
	if d := w.attribute(t, referrals.Sale{Visitor: "V1", Lines: w.line(none)}); winner(d) != w.alice {
		t.Errorf("Bruno's storefront does not list it: %+v", d)
	}
	w.link(t, w.bruno, product(w.soap))
	if d := w.attribute(t, referrals.Sale{Visitor: "V1", Lines: w.line(none)}); winner(d) != w.bruno {
		t.Errorf("Bruno's storefront lists it, and his click is the last: %+v", d)
	}
}

func TestAttributeManyLines(t *testing.T) {
	w := open(t)
	l := w.link(t, w.alice, product(w.soap))
	c := w.click(t, clicks.Visit{LinkID: l.ID, Address: "192.0.2.1", UserAgent: phone})
	lines := append(w.line(none), w.line(func(l *referrals.SaleLine) { l.ProductID, l.ClickToken = w.candle, c.Token })...)
	lines = append(lines, w.line(func(l *referrals.SaleLine) { l.ProductID, l.StorefrontMemberID = w.candle, &w.bruno })...)
	var ds []referrals.Decision
	err := postgres.InTx(context.Background(), w.db, func(tx *sqlx.Tx) (err error) {
		ds, err = referrals.Attribute(context.Background(), tx, referrals.Sale{At: w.now, Lines: lines})
		return err
	})
	if err != nil || len(ds) != 3 || winner(ds[0]) != w.alice || winner(ds[1]) != 0 || winner(ds[2]) != w.bruno {
		t.Errorf("Attribute = %+v, %v", ds, err)
	}
}

func TestNoTerms(t *testing.T) {
	w := open(t)
	w.brand = storefronttest.Brand(t, w.db, "nouvelle")
	w.soap = storefronttest.Product(t, w.db, w.brand, "neuf")
	err := postgres.InTx(context.Background(), w.db, func(tx *sqlx.Tx) error {
		_, err := referrals.Attribute(context.Background(), tx, referrals.Sale{At: w.now, Lines: w.line(none)})
		return err
	})
	if !errors.Is(err, referrals.ErrNoTerms) {
		t.Errorf("Attribute = %v", err)
	}
}

func (w *world) save(d referrals.Decision, orderLineID int64) error {
	return postgres.InTx(context.Background(), w.db, func(tx *sqlx.Tx) error {
		return referrals.Save(context.Background(), tx, orderLineID, d)
	})
}

func TestSaveIsForGood(t *testing.T) {
	w := open(t)
	_, line := storefronttest.OrderLine(t, w.db, w.soap, w.now)
	d := w.attribute(t, referrals.Sale{Lines: w.line(func(l *referrals.SaleLine) { l.StorefrontMemberID = &w.alice })})
	if err := w.save(d, line); err != nil {
		t.Fatal(err)
	}
	if err := w.save(d, line); !errors.Is(err, fault.Conflict) {
		t.Errorf("Save again = %v", err)
	}
	if _, err := w.db.Exec(`update attribution_credits set member_id = $1`, w.bruno); err == nil {
		t.Error("an attribution can be changed")
	}
	if _, err := w.db.Exec(`delete from attributions`); err == nil {
		t.Error("an attribution can be deleted")
	}
}
