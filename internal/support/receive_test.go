package support_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/mail/incoming"
	"relais/internal/mail/mailtest"
	"relais/internal/support"
)

// mailed is a plain mail of the buyer.
func mailed(to, id, text string, headers ...string) []byte {
	return mailedBy("Acheteuse@Poste.example", to, id, text, headers...)
}

// mailedBy is a plain mail from an address.
func mailedBy(from, to, id, text string, headers ...string) []byte {
	return []byte(strings.Join(append(headers, "From: "+from, "To: "+to, "Message-ID: <"+id+">", "Content-Type: text/plain; charset=utf-8", "", text), "\r\n"))
}

func (w *world) addressOf(side support.Side) string {
	w.T.Helper()
	c := w.talk()
	if side == support.FromBuyer {
		return "reply+" + c.BuyerKey + "@" + domain
	}
	return "reply+" + c.BrandKey + "@" + domain
}

// A letter is answered by mail, the answer is a message, and its letter stands under it in the other side's mail program, and back.
func TestMailInAndOutIsOneThread(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Où est mon bol ?")
	toBrand := mailtest.Newest(t, w.DB, "terre@marque.example", "order_message")
	if toBrand.ReplyTo != w.addressOf(support.FromBrand) {
		t.Fatalf("answers go to %q", toBrand.ReplyTo)
	}
	raw, err := w.outbox.Answer(toBrand, "Il est parti hier.", nil)
	w.ok(err)
	w.ok(w.support.Receive(ctx, raw))
	if got := w.bodies(support.FromBuyer); len(got) != 2 || got[1] != "Il est parti hier." {
		t.Fatalf("messages %q", got)
	}
	toBuyer := mailtest.Newest(t, w.DB, w.order.Email, "order_message")
	if toBuyer.ReplyTo != w.addressOf(support.FromBuyer) || toBuyer.MessageID == "" {
		t.Fatalf("%+v", toBuyer)
	}
	w.ok(w.support.Receive(ctx, mailed(toBuyer.ReplyTo, "buyer-1@example.org", "Merci.\n> Il est parti hier.")))
	w.answers("Avec plaisir.")
	newest := mailtest.Newest(t, w.DB, w.order.Email, "order_message")
	if refs := strings.Fields(newest.Refs); len(refs) != 2 || refs[1] != "<buyer-1@example.org>" || refs[0] != strings.Fields(toBuyer.Refs)[0] {
		t.Errorf("the letter stands under %q", newest.Refs)
	}
	again := mailtest.Newest(t, w.DB, "terre@marque.example", "order_message")
	if again.Subject != toBrand.Subject || strings.Fields(again.Refs)[0] != strings.Fields(toBrand.Refs)[0] {
		t.Errorf("the brand's letters are not one thread: %q, %q", again.Subject, again.Refs)
	}
	if !strings.Contains(newest.Text, "##-") || strings.Contains(newest.Text, w.talk().BrandKey) {
		t.Errorf("the letter:\n%s", newest.Text)
	}
}

// However a buyer's mail program quotes our letters, and wherever the buyer writes, the brand does not read what opens the order's pages; nor is
// a quote without an answer a message.
func TestNoAddressOfTheOrderReachesTheBrand(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	w.answers("Voici.\nEt voilà.")
	w.ok(w.support.Solve(ctx, w.order.ID, w.shop.Brand, support.FromBrand))
	to := w.addressOf(support.FromBuyer)
	wrote := "Le 3 mars 2026 à 10:00, Relais <" + to + "> a écrit :"
	quote := func(text string) string { return "> " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n> ") }
	for _, template := range []string{"order_message", "order_solved"} {
		letter := mailtest.Newest(t, w.DB, w.order.Email, template)
		if !strings.Contains(letter.Text, w.order.Token) || !strings.Contains(letter.HTML, w.order.Token) {
			t.Fatalf("%s leads to no page:\n%s", template, letter.Text)
		}
		first, rest, _ := strings.Cut(letter.Text, "\n\n")
		block := "<div>" + wrote + "</div><blockquote>" + letter.HTML + "</blockquote>"
		for i, c := range []struct{ name, kind, text, want string }{
			{"above", "plain", "Merci.\n\n" + wrote + "\n" + quote(letter.Text), "Merci."},
			{"below", "plain", wrote + "\n" + quote(letter.Text) + "\n\nMerci.", "Merci."},
			{"between", "plain", wrote + "\n" + quote(first) + "\n\nMerci.\n\n" + quote(rest), "Merci."},
			{"between twice", "plain", wrote + "\n" + quote(first) + "\n\nMerci.\n\n" + quote(rest) + "\nAu revoir.", "Merci.|…|Au revoir."},
			{"nothing", "plain", wrote + "\n" + quote(letter.Text), ""},
			{"a signature", "plain", "-- \nZoé\n\n" + wrote + "\n" + quote(letter.Text), "Zoé"},
			{"without an attribution", "plain", quote(letter.Text), ""},
			{"without marks", "plain", "Merci.\n\n" + letter.Text, "Merci."},
			{"only marks", "plain", quote(letter.Text) + "\nMerci.", "…|Merci."},
			{"broken lines", "plain", "Merci : https://relais.test/o/" + w.order.Token[:9] + "\n> " + strings.ToLower(w.order.Token[9:]) + "/talk/terre.", "Merci :|…"},
			{"the address of answers", "plain", "À : " + to + "\nMerci.", "À : …|Merci."},
			{"above", "html", "<div>Merci.</div>" + block, "Merci."},
			{"below", "html", block + "<div>Merci.</div>", "Merci."},
			{"between", "html", block + "<div>Merci.</div><blockquote>" + letter.HTML + "</blockquote>", "Merci."},
			{"nothing", "html", block, ""},
			{"without marks", "html", "<div>Merci.</div>" + letter.HTML, "Merci."},
		} {
			before := len(w.bodies(support.FromBrand))
			raw := strings.Replace(string(mailed(to, fmt.Sprintf("%s%d@x.y", template, i), c.text)), "text/plain", "text/"+c.kind, 1)
			w.Clock.Set(w.Clock.Now().Add(2 * time.Hour)) // a day has room for so many
			err := w.support.Receive(ctx, []byte(raw))
			got := w.bodies(support.FromBrand)
			if c.want == "" {
				if len(got) != before || !errors.Is(err, fault.Invalid) {
					t.Errorf("%s, %s %s: %q, %v", template, c.kind, c.name, got[before:], err)
				}
				continue
			}
			w.ok(err)
			for _, want := range strings.Split(c.want, "|") {
				if !strings.Contains(got[before], want) {
					t.Errorf("%s, %s %s: no %q in %q", template, c.kind, c.name, want, got[before])
				}
			}
			for _, secret := range []string{w.order.Token, w.talk().BuyerKey} {
				if bare := strings.NewReplacer("\n", "", "> ", "").Replace(strings.ToUpper(got[before])); strings.Contains(bare, strings.ToUpper(secret)) {
					t.Errorf("%s, %s %s: %q opens what is the buyer's", template, c.kind, c.name, got[before])
				}
			}
		}
	}
	if n := w.count(`select count(*) from letters l join orders o on l.recipient <> o.email and (l.body_text || l.body_html) ilike '%' || o.token || '%'`); n != 0 {
		t.Errorf("%d letters to the brand", n)
	}
}

func TestPhotographsOfMailAreKeptAndOtherFilesAreNamed(t *testing.T) {
	w := open(t)
	w.asks("Bonjour")
	part := func(kind, name string, content []byte) string {
		return fmt.Sprintf("--m\r\nContent-Type: %s; name=%q\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n", kind, name, base64.StdEncoding.EncodeToString(content))
	}
	raw := "From: acheteuse@poste.example\r\nTo: " + w.addressOf(support.FromBuyer) + "\r\nMessage-ID: <p@x.y>\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nVoici.\r\n" +
		part("image/jpeg", "bol.jpg", picture(t, 90)) + part("image/jpeg", "virus.jpg", []byte("MZ")) + part("application/pdf", "facture.pdf", []byte("%PDF")) + "--m--"
	w.ok(w.support.Receive(t.Context(), []byte(raw)))
	ms, err := support.Messages(t.Context(), w.DB, w.talk().ID, support.FromBuyer)
	w.ok(err)
	m := ms[1]
	if m.Body != "Voici." || !m.ByMail || len(m.Photos) != 1 || strings.Join(m.LeftOut, "|") != "facture.pdf|virus.jpg" {
		t.Fatalf("%+v", m)
	}
	if n := w.count(`select count(*) from media where public`); n != 0 {
		t.Errorf("%d photographs are for everybody", n)
	}
	for id, want := range map[int64]bool{w.talk().ID: true, w.talk().ID + 1: false} {
		if shown, err := support.Shows(t.Context(), w.DB, id, support.FromBuyer, m.Photos[0]); err != nil || shown != want {
			t.Errorf("conversation %d: %v, %v", id, shown, err)
		}
	}
}

func TestWhatBecomesOfOtherMail(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	to := w.addressOf(support.FromBrand)
	for name, raw := range map[string][]byte{
		"a holiday notice": mailed(to, "h@x.y", "Absente jusqu’à lundi", "Auto-Submitted: auto-replied"),
		"a bounce":         mailed(to, "b@x.y", "Undelivered", "Return-Path: <>"),
		"out of office":    mailed(to, "o@x.y", "Bonjour", "Precedence: auto_reply"),
	} {
		if err := w.support.Receive(ctx, raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.count(`select count(*) from order_messages`); n != 1 {
		t.Fatalf("%d messages", n)
	}
	key := w.talk().BuyerKey
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"unknown key":    {mailed("reply+"+strings.Repeat("0", 32)+"@"+domain, "1@x.y", "Bonjour"), support.ErrGone},
		"no key":         {mailed("bonjour@"+domain, "2@x.y", "Bonjour"), support.ErrGone},
		"another domain": {mailed("reply+"+key+"@elsewhere.example", "3@x.y", "Bonjour"), support.ErrGone},
		"nothing in it":  {mailed(to, "4@x.y", " "), fault.Invalid},
		"too large":      {make([]byte, incoming.MaxBytes+1), incoming.ErrTooLarge},
	} {
		if err := w.support.Receive(ctx, c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.ok(w.support.Receive(ctx, mailed("REPLY+"+strings.ToUpper(key)+"@In.Example", "5@x.y", strings.Repeat("long ", 2000))))
	if got := w.bodies(support.FromBuyer)[1]; utf8.RuneCountInString(got) > support.MaxMessage || !strings.HasSuffix(got, "[…]") {
		t.Errorf("%d characters", len(got))
	}
	for range 3 {
		w.ok(w.Clock.Advance(ctx, 300))
	}
	if err := w.support.Receive(ctx, mailedBy("terre@marque.example", to, "6@x.y", "Bonjour")); !errors.Is(err, support.ErrClosed) {
		t.Errorf("a closed order: %v", err)
	}
}

// A mail server may hand the same mail in again, and at once: it is one message, as two mails are two.
func TestTwoMailsAtOnce(t *testing.T) {
	w := open(t)
	w.asks("Bonjour")
	to := w.addressOf(support.FromBuyer)
	errs := make([]error, 6)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			errs[i] = w.support.Receive(t.Context(), mailed(to, fmt.Sprintf("m%d@x.y", i%2), fmt.Sprint("Mail ", i%2)))
		})
	}
	all.Wait()
	w.ok(errors.Join(errs...))
	if got := w.bodies(support.FromBuyer); len(got) != 3 {
		t.Errorf("messages %q", got)
	}
	if n := w.count(`select count(*) from letters where template = 'order_message' and recipient = 'terre@marque.example'`); n != 3 {
		t.Errorf("%d letters", n)
	}
}

// The keys of each side of each conversation are their own, for good.
func TestKeysAreUnlikeEachOther(t *testing.T) {
	w := open(t)
	w.asks("Bonjour")
	other := w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	w.ok(w.support.Write(t.Context(), other.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Bonjour"}))
	if n := w.count(`select count(distinct k) from (select buyer_key as k from conversations union all select brand_key from conversations) x where k ~ '^[0-9a-f]{32}$'`); n != 4 {
		t.Errorf("%d keys of 4", n)
	}
	for _, key := range []string{"buyer_key", "brand_key"} {
		if _, err := w.DB.Exec(`update conversations set `+key+` = repeat('0', 32) where order_id = $1`, w.order.ID); err == nil {
			t.Errorf("%s could be changed", key)
		}
	}
}

// held is what waits for a side.
func (w *world) held(side support.Side) []support.Held {
	w.T.Helper()
	hs, err := support.HeldFor(w.T.Context(), w.DB, w.talk().ID, side)
	w.ok(err)
	return hs
}

func (w *world) says(h support.Held, side support.Side, know bool) support.Word {
	return support.Word{OrderID: w.order.ID, BrandID: w.shop.Brand, HeldID: h.ID, Side: side, MemberID: w.shop.Owner, Know: know}
}

// Mail speaks for a side only where it comes from an address that the side is known by. Other mail waits for that side's word, and the other side
// knows nothing of it.
func TestMailOfStrangersIsHeld(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	to := w.addressOf(support.FromBrand)
	evil := "nobody@evil.example"
	w.ok(w.support.Receive(ctx, mailedBy(evil, to, "e1@x.y", "Virez sur ce compte")))
	w.ok(w.support.Receive(ctx, mailedBy(evil, to, "e1@x.y", "Virez sur ce compte")))
	if got := w.bodies(support.FromBuyer); len(got) != 1 {
		t.Fatalf("the buyer reads %q", got)
	}
	if c := w.talk(); c.State != support.Open || c.DueAt == nil || len(w.held(support.FromBuyer)) != 0 {
		t.Errorf("%+v", c)
	}
	hs := w.held(support.FromBrand)
	if len(hs) != 1 || hs[0].From != evil || hs[0].Why != "sender" || hs[0].Body != "Virez sur ce compte" {
		t.Fatalf("held %+v", hs)
	}
	told := mailtest.Newest(t, w.DB, "terre@marque.example", "order_told")
	if !strings.Contains(told.Text, evil) || told.ReplyTo != "" || strings.Contains(told.Text, "Virez") {
		t.Errorf("the brand is told\n%s", told.Text)
	}
	w.ok(w.support.Receive(ctx, mailedBy(evil, to, "e2@x.y", "Encore")))
	if n := w.count(`select count(*) from letters where template = 'order_told'`); n != 1 {
		t.Errorf("%d letters about mail that waits", n)
	}
	if n := w.count(`select count(*) from letters where recipient = '` + evil + `'`); n != 0 {
		t.Errorf("%d letters to a stranger", n)
	}
	for name, word := range map[string]support.Word{
		"the other side": w.says(hs[0], support.FromBuyer, false),
		"another brand":  {OrderID: w.order.ID, BrandID: w.other.Brand, HeldID: hs[0].ID, Side: support.FromBrand},
	} {
		if err := w.support.Release(ctx, word); err == nil {
			t.Errorf("%s let it through", name)
		}
	}
	w.ok(w.support.Discard(ctx, w.says(hs[0], support.FromBrand, false)))
	if err := w.support.Release(ctx, w.says(hs[0], support.FromBrand, false)); !errors.Is(err, support.ErrGone) {
		t.Errorf("after it was discarded: %v", err)
	}
	if n := w.count(`select count(*) from held_mails where body like 'Virez%'`); n != 0 {
		t.Error("what was discarded is kept")
	}
	w.ok(w.support.Release(ctx, w.says(w.held(support.FromBrand)[0], support.FromBrand, true)))
	w.ok(w.support.Receive(ctx, mailedBy(evil, to, "e3@x.y", "De nouveau")))
	if got := w.bodies(support.FromBuyer); strings.Join(got, "|") != "Bonjour|Encore|De nouveau" || len(w.held(support.FromBrand)) != 0 {
		t.Errorf("after the brand said that it is theirs: %q", got)
	}
	for side, want := range map[support.Side]string{support.FromBrand: evil, support.FromBuyer: ""} {
		ms, err := support.Messages(ctx, w.DB, w.talk().ID, side)
		w.ok(err)
		if ms[2].From != want {
			t.Errorf("%s reads that it came from %q", side, ms[2].From)
		}
	}
	w.ok(w.support.Receive(ctx, mailedBy("cousin@example.org", w.addressOf(support.FromBuyer), "b1@x.y", "Je réponds pour elle")))
	mine := w.held(support.FromBuyer)
	if len(mine) != 1 || len(w.held(support.FromBrand)) != 0 {
		t.Fatalf("the buyer's: %+v", mine)
	}
	if l := mailtest.Newest(t, w.DB, w.order.Email, "order_told"); !strings.Contains(l.Text, "cousin@example.org") || !strings.Contains(l.Text, w.order.Token) {
		t.Errorf("the buyer is told\n%s", l.Text)
	}
	w.ok(w.support.Release(ctx, support.Word{OrderID: w.order.ID, BrandID: w.shop.Brand, HeldID: mine[0].ID, Side: support.FromBuyer, Know: true}))
	w.ok(w.support.Receive(ctx, mailedBy("cousin@example.org", w.addressOf(support.FromBuyer), "b2@x.y", "Et encore")))
	if got := w.bodies(support.FromBrand); len(got) != 5 || got[4] != "Et encore" {
		t.Errorf("the brand reads %q", got)
	}
}

// A brand is known by its own address, those of who is on its team now, and what it says that it writes from; what a program marks waits all the same.
func TestWhoABrandIsKnownBy(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	colleague := w.Member("colette")
	var hers string
	w.ok(w.DB.Get(&hers, `select email from members where id = $1`, colleague))
	n := 0
	held := func(from string, headers ...string) string {
		t.Helper()
		n++
		before := len(w.held(support.FromBrand))
		w.ok(w.support.Receive(ctx, mailedBy(from, w.addressOf(support.FromBrand), fmt.Sprintf("k%d@x.y", n), fmt.Sprint("Mail ", n), headers...)))
		if hs := w.held(support.FromBrand); len(hs) > before {
			return hs[len(hs)-1].Why
		}
		return ""
	}
	if held("terre@marque.example") != "" || held(hers) != "sender" {
		t.Error("the brand's address is known, a stranger's is not")
	}
	w.ok(w.Catalog.SetTeam(ctx, w.shop.Owner, w.shop.Brand, colleague, catalog.Staff))
	if held(strings.ToUpper(hers)) != "" {
		t.Error("a colleague is not known")
	}
	ms, err := support.Messages(ctx, w.DB, w.talk().ID, support.FromBrand)
	w.ok(err)
	if last := ms[len(ms)-1]; last.Name == "" || !last.ByMail {
		t.Errorf("the team does not read who wrote: %+v", last)
	}
	for bad := range map[string]bool{"": true, "Aide <aide@desk.example>": true, "aide": true} {
		if err := w.support.AddSender(ctx, w.shop.Brand, w.shop.Owner, bad); !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	w.ok(w.support.AddSender(ctx, w.shop.Brand, w.shop.Owner, " Aide@Desk.example"))
	if held("aide@desk.example") != "" {
		t.Error("the help desk is not known")
	}
	letters := w.count(`select count(*) from letters where template = 'order_told'`)
	if got := held("aide@desk.example", "Auto-Submitted: auto-generated"); got != "automatic" {
		t.Errorf("what a program marks is %q", got)
	}
	if held("aide@desk.example", "Precedence: bulk") != "automatic" || held("a@b.example, c@d.example") != "sender" {
		t.Error("a list, or two senders, passed")
	}
	if got := w.count(`select count(*) from letters where template = 'order_told'`); got != letters {
		t.Error("a program was written to")
	}
	w.ok(w.support.RemoveSender(ctx, w.shop.Brand, "aide@desk.example"))
	if held("aide@desk.example") != "sender" {
		t.Error("an address that was taken away is known")
	}
	old := w.addressOf(support.FromBrand)
	w.ok(w.Catalog.SetTeam(ctx, w.shop.Owner, w.shop.Brand, colleague, catalog.NoRole))
	if w.addressOf(support.FromBrand) == old {
		t.Fatal("the key stayed when somebody left")
	}
	if held("terre@marque.example") != "" || held(hers) != "sender" {
		t.Error("after somebody left")
	}
	w.ok(w.support.Receive(ctx, mailedBy("terre@marque.example", old, "old@x.y", "À une ancienne lettre")))
	hs := w.held(support.FromBrand)
	if last := hs[len(hs)-1]; last.Why != "retired" || last.Body != "À une ancienne lettre" {
		t.Errorf("to an old key: %+v", last)
	}
	more := 0
	for err = nil; err == nil && more < 20; more++ {
		err = w.support.Receive(ctx, mailedBy("x@y.example", w.addressOf(support.FromBrand), fmt.Sprintf("m%d@x.y", more), "Bonjour"))
	}
	if n := w.count(`select count(*) from held_mails where decided = '' and why <> 'automatic'`); !errors.Is(err, support.ErrTooManyMessages) || n != support.MaxHeld {
		t.Errorf("%d wait, %v", len(w.held(support.FromBrand)), err)
	}
}

// A mail to several conversations is a message of each, and none of them learns the addresses of another.
func TestAMailToSeveralConversations(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	second := w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	w.asks("Bonjour")
	w.ok(w.support.Write(ctx, second.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Bonjour"}))
	c, err := support.Of(ctx, w.DB, second.ID, w.shop.Brand)
	w.ok(err)
	to := w.addressOf(support.FromBrand) + ", reply+" + c.BrandKey + "@" + domain
	for range 2 {
		w.ok(w.support.Receive(ctx, mailedBy("terre@marque.example", to, "both@x.y", "Les deux partent demain. "+second.Token+" "+w.order.Token)))
	}
	for _, id := range []int64{w.talk().ID, c.ID} {
		ms, err := support.Messages(ctx, w.DB, id, support.FromBuyer)
		w.ok(err)
		if len(ms) != 2 || !strings.HasPrefix(ms[1].Body, "Les deux partent demain.") || strings.Contains(ms[1].Body, second.Token) || strings.Contains(ms[1].Body, w.order.Token) {
			t.Errorf("conversation %d: %+v", id, ms)
		}
	}
}

// A message that is refused leaves no photograph behind.
func TestPhotographsOfRefusedMailAreNotKept(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	for range 3 {
		w.ok(w.Clock.Advance(ctx, 300))
	}
	before := w.count(`select count(*) from media`)
	raw := "From: acheteuse@poste.example\r\nTo: " + w.addressOf(support.FromBuyer) + "\r\nMessage-ID: <p@x.y>\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n" +
		"--m\r\nContent-Type: image/jpeg; name=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(picture(t, 91)) + "\r\n--m--"
	if err := w.support.Receive(ctx, []byte(raw)); !errors.Is(err, support.ErrClosed) {
		t.Errorf("years later: %v", err)
	}
	if n := w.count(`select count(*) from media`); n != before {
		t.Errorf("%d photographs were stored", n-before)
	}
}
