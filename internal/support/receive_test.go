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
	"relais/internal/fault"
	"relais/internal/mail/incoming"
	"relais/internal/mail/mailtest"
	"relais/internal/support"
)

// mailed is a plain mail to a side's address.
func mailed(to, id, text string, headers ...string) []byte {
	return []byte(strings.Join(append(headers, "From: zoe@example.org", "To: "+to, "Message-ID: <"+id+">", "Content-Type: text/plain; charset=utf-8", "", text), "\r\n"))
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
	raw := "To: " + w.addressOf(support.FromBuyer) + "\r\nMessage-ID: <p@x.y>\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nVoici.\r\n" +
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
		"a list":           mailed(to, "l@x.y", "Bonjour", "Precedence: bulk"),
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
	if err := w.support.Receive(ctx, mailed(to, "6@x.y", "Bonjour")); !errors.Is(err, support.ErrClosed) {
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
	if _, err := w.DB.Exec(`update conversations set buyer_key = repeat('0', 32)`); err == nil {
		t.Error("a key could be changed")
	}
}
