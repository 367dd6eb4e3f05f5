package support_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/mail/mailtest"
	"relais/internal/support"
)

func (w *world) letters(template string) int {
	w.T.Helper()
	return w.count(`select count(*) from letters where template = '` + template + `'`)
}

// What a program wrote neither keeps a letter about a person's mail from going out nor takes its place, and of mail from the buyer's own address
// that is marked they have one letter.
func TestMailOfProgramsDoesNotHideThatOfPeople(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	to := w.addressOf(support.FromBuyer)
	for i := range support.MaxHeld {
		w.ok(w.support.Receive(ctx, mailedBy("robot@poste.example", to, fmt.Sprintf("r%d@x.y", i), "Absente", "Auto-Submitted: auto-generated")))
	}
	if n := w.letters("order_told"); n != 0 {
		t.Fatalf("%d letters about what a program wrote", n)
	}
	w.ok(w.support.Receive(ctx, mailedBy("zoe@autre.example", to, "z1@x.y", "C’est moi")))
	if l := mailtest.Newest(t, w.DB, w.order.Email, "order_told"); w.letters("order_told") != 1 || len(w.held(support.FromBuyer)) != support.MaxHeld+1 {
		t.Errorf("%d wait, told of %q", len(w.held(support.FromBuyer)), l.Subject)
	}
	if err := w.support.Receive(ctx, mailedBy("robot@poste.example", to, "r99@x.y", "Absente", "Auto-Submitted: auto-generated")); !errors.Is(err, support.ErrTooManyMessages) {
		t.Errorf("one more of a program: %v", err)
	}
}

func TestMarkedMailFromTheBuyersOwnAddressIsToldOnce(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	to := w.addressOf(support.FromBuyer)
	w.ok(w.support.Receive(ctx, mailed(to, "o1@x.y", "Absente", "Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All")))
	if n := len(w.held(support.FromBuyer)); n != 0 || w.letters("order_told") != 0 {
		t.Errorf("%d holiday notices wait", n)
	}
	for i := range 3 {
		w.ok(w.support.Receive(ctx, mailed(to, fmt.Sprintf("l%d@x.y", i), "Par une liste", "List-Id: <a.b>")))
	}
	if n := len(w.held(support.FromBuyer)); n != 3 || w.letters("order_told") != 1 {
		t.Errorf("%d wait, %d letters", n, w.letters("order_told"))
	}
	w.ok(w.support.Receive(ctx, mailedBy("terre@marque.example", w.addressOf(support.FromBrand), "d1@x.y", "Du guichet", "Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All")))
	if n := len(w.held(support.FromBrand)); n != 1 {
		t.Errorf("%d mails of the brand's help desk wait", n)
	}
}

func TestHeldMailComesToNothingAfterAMonth(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	w.ok(w.support.Receive(ctx, withPhoto(t, "zoe@autre.example", w.addressOf(support.FromBuyer), "z1@x.y", 92)))
	w.Clock.Set(w.Clock.Now().AddDate(0, 0, 29))
	w.ok(w.support.Sweep(ctx))
	if len(w.held(support.FromBuyer)) != 1 {
		t.Fatal("it did not wait for a month")
	}
	w.Clock.Set(w.Clock.Now().AddDate(0, 0, 2))
	w.ok(w.support.Sweep(ctx))
	w.ok(w.support.Sweep(ctx))
	if n := w.count(`select count(*) from held_mails where decided = '' or body <> ''`) + w.count(`select count(*) from held_photos`); n != 0 || len(w.held(support.FromBuyer)) != 0 {
		t.Errorf("%d remain", n)
	}
}

// withPhoto is a mail with one photograph.
func withPhoto(t *testing.T, from, to, id string, shade uint8) []byte {
	t.Helper()
	return []byte("From: " + from + "\r\nTo: " + to + "\r\nMessage-ID: <" + id + ">\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nVoici.\r\n" +
		"--m\r\nContent-Type: image/jpeg; name=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(picture(t, shade)) + "\r\n--m--")
}

// Mail that would be held stores no photographs where it is not: as it came before, as it was discarded, or as too much waits.
func TestPhotographsOfHeldMailAreStoredOnce(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	to := w.addressOf(support.FromBrand)
	stored := func() int { return w.count(`select count(*) from media`) }
	w.ok(w.support.Receive(ctx, withPhoto(t, "x@y.example", to, "p0@x.y", 10)))
	before := stored()
	w.ok(w.support.Receive(ctx, withPhoto(t, "x@y.example", to, "p0@x.y", 20)))
	w.ok(w.support.Discard(ctx, w.says(w.held(support.FromBrand)[0], support.FromBrand, false)))
	w.ok(w.support.Receive(ctx, withPhoto(t, "x@y.example", to, "p0@x.y", 30)))
	if n := stored(); n != before || len(w.held(support.FromBrand)) != 0 {
		t.Errorf("%d photographs of the same mail, %d wait", n-before, len(w.held(support.FromBrand)))
	}
	for i := range support.MaxHeld {
		w.ok(w.support.Receive(ctx, mailedBy("x@y.example", to, fmt.Sprintf("m%d@x.y", i), "Bonjour")))
	}
	if err := w.support.Receive(ctx, withPhoto(t, "x@y.example", to, "p1@x.y", 40)); !errors.Is(err, support.ErrTooManyMessages) || stored() != before {
		t.Errorf("%d photographs of a refused mail, %v", stored()-before, err)
	}
}

// A mail that waits and comes again once its address is known is one message, of which nothing waits; one that was discarded stays so.
func TestTheSameMailAgainOnceItsAddressIsKnown(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	to := w.addressOf(support.FromBrand)
	for _, id := range []string{"a@x.y", "b@x.y"} {
		w.ok(w.support.Receive(ctx, mailedBy("aide@desk.example", to, id, "Mail "+id)))
	}
	hs := w.held(support.FromBrand)
	w.ok(w.support.Discard(ctx, w.says(hs[1], support.FromBrand, false)))
	w.ok(w.support.AddSender(ctx, w.shop.Brand, w.shop.Owner, "aide@desk.example"))
	for _, id := range []string{"a@x.y", "b@x.y", "a@x.y"} {
		w.ok(w.support.Receive(ctx, mailedBy("aide@desk.example", to, id, "Mail "+id)))
	}
	if got := w.bodies(support.FromBuyer); len(got) != 2 || got[1] != "Mail a@x.y" || len(w.held(support.FromBrand)) != 0 {
		t.Errorf("messages %q, %d wait", got, len(w.held(support.FromBrand)))
	}
	if err := w.support.Discard(ctx, w.says(hs[0], support.FromBrand, false)); !errors.Is(err, support.ErrGone) {
		t.Errorf("what was sent could be discarded: %v", err)
	}
	found, err := support.Check(ctx, w.DB)
	w.ok(err)
	for _, f := range found {
		if f.Count != 0 {
			t.Errorf("%s: %d", f.Name, f.Count)
		}
	}
}

// After an answer the team is led to what waits the longest.
func TestTheNextConversation(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	second := w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	next := func() string {
		t.Helper()
		number, err := support.Next(ctx, w.DB, w.shop.Brand, w.shop.Owner, w.talk().ID)
		w.ok(err)
		return number
	}
	w.asks("Bonjour")
	if got := next(); got != "" {
		t.Errorf("next is %q, where nothing else waits", got)
	}
	w.ok(w.support.Write(ctx, second.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Bonjour"}))
	if got := next(); got != second.Number {
		t.Errorf("next is %q, not %q", got, second.Number)
	}
}
