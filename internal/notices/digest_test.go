package notices_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/mail/mailtest"
	"relais/internal/notices"
)

func (w *world) digests() {
	w.t.Helper()
	if err := w.Digest(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// at moves the clock to a time in Paris.
func (w *world) at(text string) {
	w.t.Helper()
	d, err := time.ParseInLocation("2006-01-02 15:04", text, place(w.t, "Europe/Paris"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Set(d)
}

func TestDailyDigestComesOnceInTheMorning(t *testing.T) {
	w := newWorld(t, nil) // Wednesday the 25th, noon
	w.sets(notices.Setting{Kind: notices.Sale, Mail: notices.Daily, Listed: true})
	w.digests()
	if w.letters("digest") != 0 {
		t.Fatal("a digest of nothing was sent")
	}
	w.tells(nil)
	w.tells(nil)
	w.digests()
	w.at("2026-11-25 20:00")
	w.digests()
	w.at("2026-11-26 06:59")
	w.digests()
	if n := w.letters("digest"); n != 0 {
		t.Fatalf("%d digests before the morning", n)
	}
	w.at("2026-11-26 07:05")
	var all sync.WaitGroup
	for range 4 {
		all.Go(w.digests)
	}
	all.Wait()
	w.digests()
	w.drain()
	if n := w.letters("digest"); n != 1 {
		t.Fatalf("%d digests", n)
	}
	e := mailtest.Newest(t, w.db, "lea@example.org", "digest")
	if !strings.HasPrefix(e.Subject, "2 nouvelles") || strings.Count(e.Text, "Bol bleu") != 2 || e.Unsubscribe == "" {
		t.Errorf("%q\n%s", e.Subject, e.Text)
	}
	// What comes later waits for the next morning, and what was told is not told again.
	w.tells(nil)
	w.at("2026-11-26 18:00")
	w.digests()
	if w.letters("digest") != 1 || w.letters("notice") != 0 {
		t.Error("a second one on the same day")
	}
	w.at("2026-11-27 09:00")
	w.digests()
	if e := mailtest.Newest(t, w.db, "lea@example.org", "digest"); w.letters("digest") != 2 || !strings.HasPrefix(e.Subject, "1 nouvelle ") {
		t.Errorf("%d, %q", w.letters("digest"), e.Subject)
	}
}

func TestWhatWasReadIsNotInTheDigest(t *testing.T) {
	w := newWorld(t, nil)
	w.sets(notices.Setting{Kind: notices.Sale, Mail: notices.Daily, Listed: true})
	w.tells(nil)
	if err := w.MarkAll(t.Context(), w.lea, w.list(notices.Filter{})[0].ID, notices.Filter{}); err != nil {
		t.Fatal(err)
	}
	w.at("2026-11-26 08:00")
	w.digests()
	if w.letters("digest") != 0 {
		t.Error("what was read is sent")
	}
}

func TestWeeklyDigestComesOnMonday(t *testing.T) {
	w := newWorld(t, nil)
	w.sets(notices.Setting{Kind: notices.Sale, Mail: notices.Weekly, Listed: true})
	w.tells(nil)
	for _, day := range []string{"2026-11-26 08:00", "2026-11-28 08:00", "2026-11-29 20:00"} {
		w.at(day)
		w.digests()
	}
	if w.letters("digest") != 0 {
		t.Fatal("before Monday")
	}
	w.at("2026-12-01 08:00") // nobody ran it on Monday
	w.digests()
	w.digests()
	if w.letters("digest") != 1 {
		t.Errorf("%d digests", w.letters("digest"))
	}
}

func TestDigestGoesByTheMembersMorning(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.Save(t.Context(), w.lea, []notices.Setting{{Kind: notices.Sale, Mail: notices.Daily}}, "America/Martinique"); err != nil {
		t.Fatal(err)
	}
	w.tells(nil)
	w.at("2026-11-26 11:30") // half past six in Martinique
	w.digests()
	if w.letters("digest") != 0 {
		t.Fatal("in the night")
	}
	w.at("2026-11-26 12:30")
	w.digests()
	if w.letters("digest") != 1 {
		t.Error("not in the morning")
	}
}

func TestLaterChoiceGoesForWhatWaits(t *testing.T) {
	w := newWorld(t, nil)
	w.sets(notices.Setting{Kind: notices.Sale, Mail: notices.Daily})
	w.tells(nil)
	w.sets(notices.Setting{Kind: notices.Sale, Mail: notices.Never})
	w.at("2026-11-26 08:00")
	w.digests()
	if w.letters("digest") != 0 {
		t.Error("ended, and sent all the same")
	}
	w.sets(notices.Setting{Kind: notices.Sale, Mail: notices.Daily})
	w.digests()
	if w.letters("digest") != 0 {
		t.Error("what was told before the choice is sent")
	}
}

func TestOneClickEndsDigests(t *testing.T) {
	w := newWorld(t, nil)
	w.sets(notices.Setting{Kind: notices.Sale, Mail: notices.Daily, Listed: true})
	w.tells(nil)
	w.at("2026-11-26 08:00")
	w.digests()
	e := mailtest.Newest(t, w.db, "lea@example.org", "digest")
	if _, err := w.Unsubscribe(t.Context(), strings.TrimPrefix(e.Unsubscribe, "/unsubscribe/")); err != nil {
		t.Fatal(err)
	}
	all, err := notices.Settings(t.Context(), w.db, w.lea)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if n, _ := notices.NatureOf(s.Kind); !n.Due && (s.Mail == notices.Daily || s.Mail == notices.Weekly) {
			t.Errorf("%s still comes in digests", s.Kind)
		}
	}
	w.tells(nil)
	w.at("2026-11-27 08:00")
	w.digests()
	if w.letters("digest") != 1 || w.unread() != 2 {
		t.Errorf("%d digests, %d unread", w.letters("digest"), w.unread())
	}
}
