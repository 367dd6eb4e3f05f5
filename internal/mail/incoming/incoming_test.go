package incoming_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"relais/internal/mail"
	"relais/internal/mail/incoming"
	"relais/internal/prose"
)

func raw(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n")) }

// say is a plain mail with that text.
func say(text string) []byte {
	return raw("From: Zoé <zoe@example.org>", "To: Relais <reply+ABC@in.example>", "Message-ID: <1@example.org>", "Content-Type: text/plain; charset=utf-8", "", text)
}

func TestWhatWasWrittenNowIsKept(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"plain":                 {"Bonjour,\n\nil est cassé.\n", "Bonjour,\n\nil est cassé."},
		"quote below":           {"Oui.\n\nLe 3 mars 2026 à 10:00, Maison Terre <a@b.fr> a écrit :\n> Bonjour\n> ça va ?\n", "Oui."},
		"attribution wraps":     {"Yes.\n\nOn Tue, Mar 3, 2026 at 10:00 AM Maison Terre\n<reply+x@in.example> wrote:\n\n> Hello\n", "Yes."},
		"written below":         {"On 3 March 2026, Terre wrote:\n> Hello\n> you\n\nYes, thank you.", "Yes, thank you."},
		"in between":            {"> Which colour?\nBlue.\n> Which size?\nLarge.\n> Bye", "> Which colour?\nBlue.\n> Which size?\nLarge."},
		"without marks":         {"Non.\n\nLe 3 mars 2026 à 10:00, Terre a écrit :\nBonjour\nça va ?", "Non."},
		"outlook":               {"Merci.\n\n________________________________\nDe : Terre <a@b.fr>\nEnvoyé : mardi 3 mars 2026\nÀ : Zoé\nObjet : Votre commande\n\nBonjour", "Merci."},
		"original message":      {"Merci.\n-----Message d’origine-----\nDe : x\nBonjour", "Merci."},
		"our own line":          {"Merci.\n##- Répondez au-dessus de cette ligne -##\nBonjour", "Merci."},
		"signature":             {"Merci.\n-- \nZoé Martin\n06 00 00 00 00", "Merci."},
		"telephone":             {"Merci.\n\nEnvoyé de mon iPhone", "Merci."},
		"a word like a head":    {"De : moi, vers : toi. C’est tout.", "De : moi, vers : toi. C’est tout."},
		"le, without an author": {"Le 3 mars, je pars.\nÀ bientôt", "Le 3 mars, je pars.\nÀ bientôt"},
		"nothing but a quote":   {"> Bonjour", ""},
		"nothing but our own":   {"##- Répondez au-dessus de cette ligne -##\nBonjour", ""},
		"our own line, quoted":  {"Le 3 mars 2026, Terre a écrit :\n> ##- Répondez au-dessus de cette ligne -##\n> Bonjour\n\nMerci.\n> Au revoir", "Merci."},
		"our own line, cited":   {"Que veut dire ##- x -## ?\nMerci.", "Que veut dire ##- x -## ?\nMerci."},
		"nothing but signature": {"-- \nZoé\n\nLe 3 mars 2026, Terre a écrit :\n> Bonjour", "-- \nZoé"},
		"below a telephone":     {"Envoyé de mon iPhone\n\nLe 3 mars 2026, Terre a écrit :\n> Bonjour\n\nMerci.", "Envoyé de mon iPhone\n\nMerci."},
		"marks that turn words": {"a\u202eb\u0007c", "abc"},
	} {
		m, err := incoming.Parse(say(c.text))
		if err != nil || m.Text != c.want {
			t.Errorf("%s: %q, %v; want %q", name, m.Text, err, c.want)
		}
	}
}

func TestHTMLAloneIsReadAsText(t *testing.T) {
	m, err := incoming.Parse(raw("To: reply+abc@in.example", "Content-Type: text/html; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", "",
		`<style>p{}</style><p>Il est <b>=E9br=E9ch=E9</b>,<br>h=E9las.</p><div>Merci</div><div class=3D"gmail_quote"><div>Le 3 mars 2026, Terre a =E9crit=A0:</div><blockquote><p>Bonjour</p></blockquote></div>`))
	if want := "Il est ébréché,\nhélas.\n\nMerci"; err != nil || m.Text != want {
		t.Errorf("%q, %v; want %q", m.Text, err, want)
	}
}

func TestTextIsPreferredAndPartsAreSorted(t *testing.T) {
	m, err := incoming.Parse(raw("To: reply+abc@in.example", "Message-ID: <a b@c>", "MIME-Version: 1.0", `Content-Type: multipart/mixed; boundary="m"`, "",
		"--m", `Content-Type: multipart/alternative; boundary="a"`, "",
		"--a", "Content-Type: text/plain", "", "le texte",
		"--a", "Content-Type: text/html", "", "<p>la page</p>", "--a--",
		"--m", `Content-Type: image/png; name="logo.png"`, "Content-Id: <logo>", "Content-Disposition: inline", "", "PNG",
		"--m", "Content-Type: image/jpeg", `Content-Disposition: attachment; filename="bol.jpg"`, "Content-Transfer-Encoding: base64", "", "AAECAw==",
		"--m", `Content-Type: application/pdf; name="=?utf-8?q?facture_=C3=A9t=C3=A9.pdf?="`, "", "%PDF",
		"--m", `Content-Type: text/plain; name="notes.txt"`, "Content-Disposition: attachment", "", "a file", "--m--"))
	if err != nil {
		t.Fatal(err)
	}
	if m.Text != "le texte" || m.MessageID != "" || m.Key == "" {
		t.Errorf("%+v", m)
	}
	if len(m.Photos) != 1 || m.Photos[0].Name != "bol.jpg" || string(m.Photos[0].Raw) != "\x00\x01\x02\x03" {
		t.Errorf("photographs: %v", m.Photos)
	}
	if got := strings.Join(m.LeftOut, "|"); got != "facture été.pdf|notes.txt" {
		t.Errorf("left out: %s", got)
	}
}

// A photograph without a word is a message; what it quotes is not repeated.
func TestAPhotographMayComeAlone(t *testing.T) {
	m, err := incoming.Parse(raw("To: reply+abc@in.example", `Content-Type: multipart/mixed; boundary="m"`, "", "--m", "Content-Type: text/plain; charset=utf-8", "",
		"Le 3 mars 2026, Terre a écrit :", "> Bonjour", "--m", `Content-Type: image/png; name="a.png"`, "", "PNG", "--m--"))
	if err != nil || m.Text != "" || len(m.Photos) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestProgramsAreRecognised(t *testing.T) {
	for _, header := range []string{"Auto-Submitted: auto-replied", "Precedence: auto_reply", "Return-Path: <>",
		"X-Autoreply: yes", mail.Ours + ": 1", "Content-Type: multipart/report; boundary=x", "From: MAILER-DAEMON@example.org"} {
		m, err := incoming.Parse(raw(header, "To: reply+abc@in.example", "", "Je suis en congé"))
		if err != nil || !m.Automatic {
			t.Errorf("%s: %+v, %v", header, m, err)
		}
	}
	for _, header := range []string{"Auto-Submitted: auto-generated; x=y", "Precedence: bulk", "List-Id: <a.b>"} {
		m, err := incoming.Parse(raw(header, "To: reply+abc@in.example", "", "Bonjour"))
		if err != nil || m.Automatic || !m.Marked || m.Text != "Bonjour" {
			t.Errorf("%s: %+v, %v", header, m, err)
		}
	}
	for _, header := range []string{"Auto-Submitted: no", "Return-Path: <zoe@example.org>", "Precedence: first-class"} {
		m, err := incoming.Parse(raw(header, "To: reply+abc@in.example", "", "Bonjour"))
		if err != nil || m.Automatic {
			t.Errorf("%s: %+v, %v", header, m, err)
		}
	}
}

// A name may be written in any character set, or in bytes that are none: the address beside it is read.
func TestAddressesBesideNamesOfAnyCharacterSet(t *testing.T) {
	for _, name := range []string{"=?windows-1252?Q?Zo=E9_M=FCller?=", "=?iso-8859-15?B?WulsaWU=?=", "=?x-unknown?Q?a?=", "\"Zo\xe9\"", "=?utf-8?Q?Zo=C3=A9?="} {
		m, err := incoming.Parse(raw("From: "+name+" <Zoe@Poste.example>", "To: "+name+" <reply+abc@in.example>", "", "Bonjour"))
		if err != nil || m.From != "zoe@poste.example" || strings.Join(m.To, " ") != "reply+abc@in.example" {
			t.Errorf("%s: from %q to %q, %v", name, m.From, m.To, err)
		}
	}
}

func TestRecipientsAndKeys(t *testing.T) {
	m, err := incoming.Parse(raw("To: Relais <Reply+ABC@In.example>, x@y.z", "Delivered-To: reply+def@in.example", "Message-ID: <1@example.org>", "", "a"))
	if err != nil || strings.Join(m.To, " ") != "reply+abc@in.example x@y.z reply+def@in.example" || m.MessageID != "<1@example.org>" {
		t.Errorf("%+v, %v", m, err)
	}
	again, _ := incoming.Parse(raw("To: other@in.example", "Message-ID: <1@example.org>", "", "b"))
	other, _ := incoming.Parse(raw("To: other@in.example", "Message-ID: <2@example.org>", "", "b"))
	if again.Key != m.Key || other.Key == m.Key {
		t.Error("the key is not that of the Message-ID")
	}
	for _, id := range []string{"<1@a>\r\n Bcc: x@y.z", "<é@a>", "1@a", "<" + strings.Repeat("a", 300) + ">"} {
		if m, err := incoming.Parse(raw("Message-ID: "+id, "", "b")); err == nil && m.MessageID != "" {
			t.Errorf("%q would go into our headers as %q", id, m.MessageID)
		}
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	if _, err := incoming.Parse(make([]byte, incoming.MaxBytes+1)); !errors.Is(err, incoming.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	deep := "Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
	for i := range 20 {
		deep += fmt.Sprintf("--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i+1)
	}
	many := "Content-Type: multipart/mixed; boundary=a\r\n\r\n" + strings.Repeat("--a\r\nContent-Type: text/plain\r\n\r\nx\r\n", 200) + "--a--"
	for name, text := range map[string]string{"deep": deep, "many": many} {
		if _, err := incoming.Parse([]byte(text)); !errors.Is(err, incoming.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A mail may consist of rulers, each of which could be above a head of history, and of quotes in quotes: it is read all the same.
func TestManyRulers(t *testing.T) {
	for name, b := range map[string][]byte{
		"text":   say("Merci.\n" + strings.Repeat("__________\n", 100_000) + "De : x\nEnvoyé : y"),
		"HTML":   raw("Content-Type: text/html", "", "Merci.", strings.Repeat("<hr>", 100_000)),
		"quotes": raw("Content-Type: text/html", "", "Merci.", strings.Repeat("<blockquote>", 190)+strings.Repeat("a<br>", 100_000)),
	} {
		if m, err := incoming.Parse(b); err != nil || m.Text != "Merci." {
			t.Errorf("%s: %.100q, %v", name, m.Text, err)
		}
	}
}

// Whatever comes in: it is read or refused, and what is kept of it can be shown, is not more than was sent, and is something where something was.
func FuzzParse(f *testing.F) {
	f.Add(say("Bonjour\n> x\nLe 3 mars, y a écrit :\n> z\n-- \nsig"))
	f.Add(raw("Content-Type: multipart/mixed; boundary=m", "", "--m", "Content-Type: text/html; charset=utf-7", "", "<p>a<blockquote>b", "--m--"))
	f.Add([]byte(os.DevNull))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := incoming.Parse(b)
		if err != nil {
			return
		}
		for _, s := range append([]string{m.Text, m.MessageID}, m.LeftOut...) {
			if strings.ToValidUTF8(s, "") != s || strings.ContainsAny(s, "\x00\r\u202e") {
				t.Errorf("%q cannot be shown", s)
			}
		}
		if len(m.Photos) > incoming.MaxPhotos || len(m.Key) != 64 {
			t.Errorf("%+v", m)
		}
	})
}

// Of a text, only whole lines go, in their order, and all of it only where something in it is quoted.
func FuzzCut(f *testing.F) {
	for _, s := range []string{"a\n> b\nc", "On 3 x wrote:\n> a\n\nb", "-- \nx", "##- x -##", "Le 3 x a écrit :\nb\nOn 4 y wrote:\n> z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := incoming.Parse(say(s))
		if err != nil {
			return
		}
		whole, _ := incoming.Parse(raw("Content-Type: text/plain; charset=utf-8", "", s))
		if whole.Text != m.Text {
			t.Errorf("%q: %q is left of it, then %q", s, m.Text, whole.Text)
		}
		pure := prose.Printable(strings.ToValidUTF8(s, ""))
		if m.Text == "" && strings.TrimSpace(pure) != "" && !history.MatchString(pure) {
			t.Errorf("%q: nothing is left", s)
		}
		rest := strings.Split(prose.Lines(s), "\n")
		for line := range strings.SplitSeq(m.Text, "\n") {
			for len(rest) > 0 && !strings.Contains(keep(rest[0]), keep(line)) {
				rest = rest[1:]
			}
			if len(rest) == 0 {
				t.Fatalf("%q: %q was not written so", s, m.Text)
			}
			rest = rest[1:]
		}
	})
}

// history is what a text has at least in which something is quoted.
var history = regexp.MustCompile(`>|##-|--|:|_{10}`)

// keep is what of a line the cleaning cannot have changed.
func keep(line string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 127 {
			return r
		}
		return -1
	}, line)
}
