package mail_test

import (
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/mail/incoming"
	"relais/internal/mail/mailtest"
)

// A letter of a thread says to mail programs what it stands under and where answers go; the answer is read as what was typed.
func TestALetterOfAThreadCanBeAnswered(t *testing.T) {
	office := newPostOffice(t)
	o, db, runner, pass := sending(t, office)
	pass(time.Minute)
	thread := mail.Thread{ReplyTo: "reply+abc@in.example", MessageID: o.MessageID("message.7"), Before: []string{o.MessageID("conversation.1.buyer"), "<1@example.org>"}}
	if err := queue(t, o, db, mail.Letter{To: "zoe@example.org", Lang: i18n.FR, Template: "confirm", Reference: "thread:1", Data: zoe, Thread: thread}); err != nil {
		t.Fatal(err)
	}
	if err := runner.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, err := netmail.ReadMessage(strings.NewReader(office.got()[0]))
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{"Message-Id": "<message.7@relais.test>", "In-Reply-To": "<1@example.org>", "Reply-To": "<reply+abc@in.example>",
		"References": "<conversation.1.buyer@relais.test> <1@example.org>", "Auto-Submitted": "auto-generated"} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	raw, err := o.Answer(mailtest.Newest(t, db, "zoe@example.org", "confirm"), "C’est bien moi.\n\nZoé", []byte("JPEG"))
	if err != nil {
		t.Fatal(err)
	}
	in, err := incoming.Parse(raw)
	if err != nil || in.Automatic || in.Text != "C’est bien moi.\n\nZoé" || in.To[0] != "reply+abc@in.example" || in.MessageID == "" || len(in.Photos) != 1 || string(in.Photos[0].Raw) != "JPEG" {
		t.Errorf("%+v, %v", in, err)
	}
	if own, err := incoming.Parse([]byte(office.got()[0])); err != nil || !own.Automatic {
		t.Errorf("a letter of ours that comes back is answered: %+v, %v", own, err)
	}
}
