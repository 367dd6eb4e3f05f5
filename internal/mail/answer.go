package mail

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// Answer is the mail by which the recipient of a letter answers it, as their mail program would write it: with the letter quoted below. It
// is for the mailbox of development, and for tests. photo, where it is not nil, is attached.
func (o *Outbox) Answer(e Entry, text string, photo []byte) ([]byte, error) {
	m := gomail.NewMsg()
	if err := m.From(e.Recipient); err != nil {
		return nil, fmt.Errorf("sender of answer: %w", err)
	}
	if err := m.To(e.ReplyTo); err != nil {
		return nil, fmt.Errorf("recipient of answer: %w", err)
	}
	m.SetMessageIDWithValue(rand.Text() + "@" + o.host())
	m.SetDateWithValue(o.now())
	m.Subject("Re: " + e.Subject)
	m.SetGenHeaderPreformatted("In-Reply-To", e.MessageID)
	quote := "> " + strings.ReplaceAll(strings.TrimSpace(e.Text), "\n", "\n> ")
	m.SetBodyString(gomail.TypeTextPlain, fmt.Sprintf("%s\n\nLe %s, %s a écrit :\n%s\n", text, e.CreatedAt.Format("02/01/2006 à 15:04"), o.from.Name, quote))
	if photo != nil {
		if err := m.AttachReader("photo.jpg", bytes.NewReader(photo), gomail.WithFileContentType("image/jpeg")); err != nil {
			return nil, fmt.Errorf("attach to answer: %w", err)
		}
	}
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("write answer: %w", err)
	}
	return raw.Bytes(), nil
}
