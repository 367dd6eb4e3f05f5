package notices_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail/mailtest"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/postgres"
)

func TestToldOnceAndWithItsReason(t *testing.T) {
	w := newWorld(t, nil)
	n := notices.Notice{MemberID: w.lea, Kind: notices.Sale, Event: "made", Subject: "order:1", Path: "/me/earnings/7", At: start,
		Args: notices.Args{"Amount": money.New(123456, "EUR"), "Title": "Bol {{.Amount}} <b>", "Date": start}}
	var all sync.WaitGroup
	for range 4 { // two jobs at once, each run twice
		all.Go(func() { w.told(n) })
	}
	all.Wait()
	again := n
	again.Args = notices.Args{"Amount": money.New(1, "EUR"), "Title": "other", "Date": start}
	w.told(again)
	list := w.list(notices.Filter{})
	if len(list) != 1 || w.unread() != 1 {
		t.Fatalf("told %d times, %d unread", len(list), w.unread())
	}
	fr, en := list[0].Title(i18n.FR), list[0].Title(i18n.EN)
	if !strings.Contains(fr, "1\u202f234,56\u00a0€") || !strings.Contains(en, "€1,234.56") {
		t.Errorf("in the reader's language: %q, %q", fr, en)
	}
	if text := list[0].Text(i18n.EN); !strings.Contains(text, "Bol {{.Amount}} <b>") || !strings.Contains(text, "25\u00a0November 2026") || strings.Contains(text, "1,234") {
		t.Errorf("a title is text, not a template: %q", text)
	}
	// What is not committed was never told.
	lost := errors.New("rolled back")
	n.Subject = "order:2"
	if err := postgres.InTx(t.Context(), w.db, func(tx *sqlx.Tx) error {
		if err := notices.Tell(t.Context(), tx, n); err != nil {
			return err
		}
		return lost
	}); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	if w.unread() != 1 || w.count(`select count(*) from jobs where kind = 'notices.mail'`) != 1 {
		t.Error("something was told that did not happen")
	}
}

func TestDefectsAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	good := notices.Notice{MemberID: w.lea, Kind: notices.Sale, Event: "made", Subject: "order:1", Path: "/me", At: start}
	for name, change := range map[string]func(*notices.Notice){
		"kind": func(n *notices.Notice) { n.Kind = "gossip" }, "event": func(n *notices.Notice) { n.Event = "shipped" },
		"subject": func(n *notices.Notice) { n.Subject = "" }, "time": func(n *notices.Notice) { n.At = time.Time{} },
		"elsewhere": func(n *notices.Notice) { n.Path = "//evil.example/" }, "argument": func(n *notices.Notice) { n.Args = notices.Args{"Amount": 1.5} },
	} {
		n := good
		change(&n)
		if err := postgres.InTx(t.Context(), w.db, func(tx *sqlx.Tx) error { return notices.Tell(t.Context(), tx, n) }); err == nil {
			t.Errorf("%s was told", name)
		}
	}
}

func TestWhoIsBlockedIsToldNothing(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.db.Exec(`update members set blocked_at = now() where id = $1`, w.lea); err != nil {
		t.Fatal(err)
	}
	w.tells(nil)
	if got := w.list(notices.Filter{}); len(got) != 0 {
		t.Errorf("told %v", got)
	}
}

func TestListIsPagedCountedAndMarked(t *testing.T) {
	w := newWorld(t, nil)
	stranger := w.member("noe", i18n.FR)
	for i := range notices.PageSize + 5 {
		w.told(notices.Notice{MemberID: w.lea, Kind: notices.Sale, Event: "made", Subject: fmt.Sprint("order:", i), Path: "/me", At: start})
	}
	w.told(notices.Notice{MemberID: w.lea, Kind: notices.Order, Event: "paid", Subject: "order:x", Path: "/o/x", At: start, Args: notices.Args{"Number": "R-1"}})
	first, more, err := notices.List(t.Context(), w.db, w.lea, notices.Filter{})
	if err != nil || len(first) != notices.PageSize || !more {
		t.Fatalf("%d, %v, %v", len(first), more, err)
	}
	rest, more, err := notices.List(t.Context(), w.db, w.lea, notices.Filter{Before: first[len(first)-1].ID})
	if err != nil || len(rest) != 6 || more || rest[0].ID >= first[len(first)-1].ID {
		t.Fatalf("%d, %v, %v", len(rest), more, err)
	}
	if got := w.list(notices.Filter{Topic: notices.Orders}); len(got) != 1 || got[0].Kind != notices.Order {
		t.Errorf("orders: %v", got)
	}
	// Of somebody else nothing can be read, opened or marked.
	if _, err := w.Open(t.Context(), stranger, first[0].ID, true); !errors.Is(err, fault.NotFound) {
		t.Errorf("a stranger opens it: %v", err)
	}
	if err := w.Mark(t.Context(), stranger, first[0].ID, true); !errors.Is(err, fault.NotFound) {
		t.Errorf("a stranger marks it: %v", err)
	}
	if path, err := w.Open(t.Context(), w.lea, first[0].ID, false); err != nil || path != "/o/x" || w.unread() != notices.PageSize+6 {
		t.Errorf("looked ahead: %q, %v, %d", path, err, w.unread())
	}
	if _, err := w.Open(t.Context(), w.lea, first[0].ID, true); err != nil || w.unread() != notices.PageSize+5 {
		t.Errorf("opened: %v, %d", err, w.unread())
	}
	if err := w.Mark(t.Context(), w.lea, first[0].ID, false); err != nil || w.unread() != notices.PageSize+6 {
		t.Errorf("unread again: %v, %d", err, w.unread())
	}
	// What came after the page was made stays unread.
	w.tells(nil)
	if err := w.MarkAll(t.Context(), w.lea, first[0].ID, notices.Filter{}); err != nil || w.unread() != 1 {
		t.Errorf("marked all: %v, %d", err, w.unread())
	}
}

func TestCountEndsAtNinetyNine(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.db.Exec(`insert into notices (member_id, topic, kind, event, subject, args, path, at, listed, mail)
		select $1, 'money', 'sale', 'made', 'order:' || n, '{}', '/me', now(), true, 'none' from generate_series(1, 250) n`, w.lea); err != nil {
		t.Fatal(err)
	}
	if got := w.unread(); got != notices.MostCounted+1 {
		t.Errorf("%d unread", got)
	}
}

func TestWhatIsToldStaysAsItWasTold(t *testing.T) {
	w := newWorld(t, nil)
	w.tells(nil)
	if _, err := w.db.Exec(`update notices set args = '{}'`); err == nil {
		t.Error("the application may change what was told")
	}
}

func TestMoneyIsNeverSwitchedOffEverywhere(t *testing.T) {
	w := newWorld(t, nil)
	for _, n := range notices.Kinds() {
		w.sets(notices.Setting{Kind: n.Kind, Mail: notices.Never})
	}
	w.tells(nil)
	w.tells(func(n *notices.Notice) {
		n.Kind, n.Event, n.Args, n.Written = notices.Order, "paid", notices.Args{"Number": "R-1"}, true
	})
	w.drain()
	if got := w.list(notices.Filter{}); len(got) != 1 || got[0].Kind != notices.Sale {
		t.Errorf("listed: %v", got)
	}
	if w.letters("notice") != 0 {
		t.Error("a letter was written")
	}
}

func TestLetterAtOnceAndItsOneClick(t *testing.T) {
	w := newWorld(t, nil)
	w.tells(func(n *notices.Notice) {
		n.Kind, n.Event, n.Args = notices.Back, "refund", notices.Args{"Amount": money.New(500, "EUR"), "Title": "Bol"}
	})
	w.drain()
	w.drain()
	e := mailtest.Newest(t, w.db, "lea@example.org", "notice")
	if !strings.Contains(e.Subject, "5,00") || w.letters("notice") != 1 {
		t.Errorf("%d letters, %q", w.letters("notice"), e.Subject)
	}
	raw := strings.TrimPrefix(e.Unsubscribe, "/unsubscribe/")
	if raw == e.Unsubscribe || !strings.Contains(e.Text, mailtest.BaseURL+e.Unsubscribe) {
		t.Fatalf("no way out: %q in %s", e.Unsubscribe, e.Text)
	}
	// Whoever only looks ends nothing.
	for range 2 {
		if l, err := w.Look(t.Context(), raw); err != nil || l.Ended || l.Kind != string(notices.Back) || l.MemberID != w.lea {
			t.Fatalf("%+v, %v", l, err)
		}
	}
	for range 2 {
		if l, err := w.Unsubscribe(t.Context(), raw); err != nil || !l.Ended {
			t.Fatalf("%+v, %v", l, err)
		}
	}
	for _, bad := range []string{"", "x", raw[:len(raw)-2] + "xx", strings.Repeat("a", 5000)} {
		if _, err := w.Unsubscribe(t.Context(), bad); !errors.Is(err, fault.NotFound) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	all, err := notices.Settings(t.Context(), w.db, w.lea)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		n, _ := notices.NatureOf(s.Kind)
		want := notices.Setting{Kind: s.Kind, Mail: n.Mail, Push: n.Push, Listed: true}
		if s.Kind == notices.Back {
			want.Mail = notices.Never
		}
		if s != want {
			t.Errorf("%s is %+v, want %+v", s.Kind, s, want)
		}
	}
	// What waits in a queue goes no more either; the list has it.
	w.tells(func(n *notices.Notice) {
		n.Kind, n.Event, n.Args = notices.Back, "refund", notices.Args{"Amount": money.New(500, "EUR"), "Title": "Bol"}
	})
	w.drain()
	if w.letters("notice") != 1 || w.unread() != 2 {
		t.Errorf("%d letters, %d unread", w.letters("notice"), w.unread())
	}
}

func TestLinkOfAnotherPurposeEndsNothing(t *testing.T) {
	w := newWorld(t, nil)
	path, err := notices.UnsubscribePath(w.keys, w.lea, string(notices.Review), start)
	if err != nil || path != "" {
		t.Errorf("what is due can be ended: %q, %v", path, err)
	}
	raw, err := w.keys.Sign(w.keys.Issue("web", fmt.Sprint(w.lea), time.Now(), time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Look(t.Context(), raw); !errors.Is(err, fault.NotFound) {
		t.Errorf("a session is a link: %v", err)
	}
	path, err = notices.UnsubscribePath(w.keys, w.lea, string(notices.Sale), time.Now().AddDate(-3, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Look(t.Context(), strings.TrimPrefix(path, "/unsubscribe/")); !errors.Is(err, fault.NotFound) {
		t.Errorf("a link of three years ago: %v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	w := newWorld(t, nil)
	for name, err := range map[string]error{
		"zone": w.Save(t.Context(), w.lea, nil, "Mars/Olympus"),
		"mail": w.Save(t.Context(), w.lea, []notices.Setting{{Kind: notices.Sale, Mail: "sometimes"}}, "Europe/Paris"),
		"kind": w.Save(t.Context(), w.lea, []notices.Setting{{Kind: "gossip", Mail: notices.Never}}, "Europe/Paris"),
	} {
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestExportAndForget(t *testing.T) {
	w := newWorld(t, nil)
	w.tells(nil)
	w.sets(notices.Setting{Kind: notices.Sale, Mail: notices.Weekly, Push: true, Listed: true})
	w.subscribes(w.lea, "session", "https://push.example.net/one")
	r, err := notices.Export(t.Context(), w.db, w.lea)
	if err != nil || len(r.Notices) != 1 || !strings.Contains(r.Notices[0].Title, "10,00") || len(r.Devices) != 1 || r.Settings[0].Mail != notices.Weekly || r.Zone != "Europe/Paris" {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := w.Forget(t.Context(), w.lea); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"notices", "notice_settings", "notice_zones", "notice_digests", "push_devices"} {
		if n := w.count(`select count(*) from ` + table); n != 0 {
			t.Errorf("%s keeps %d rows", table, n)
		}
	}
}
