package app

import (
	"net/http"
	"strings"
	"testing"
)

// hands hands a mail in, and says how that was answered.
func (i *instance) hands(secret, body string) int {
	i.t.Helper()
	r, err := http.NewRequestWithContext(i.t.Context(), http.MethodPost, i.door.server.URL+"/webhooks/mail", strings.NewReader(body))
	i.must(err)
	r.Header.Set("X-Relais-Secret", secret)
	answer, err := (&http.Client{}).Do(r)
	i.must(err)
	i.must(answer.Body.Close())
	return answer.StatusCode
}

// Mail is handed in by who knows the secret, and refused in a way that its sender hears of. In development it is off, and letters can be
// answered in the mailbox.
func TestWhoHandsMailIn(t *testing.T) {
	i := start(t)
	if got := i.hands("", "To: reply@x.y\r\n\r\na"); got != http.StatusNotFound {
		t.Errorf("off: %d", got)
	}
	if i.services.Support.Domain == "" {
		t.Error("letters cannot be answered in development")
	}
}

func TestMailIsHandedIn(t *testing.T) {
	const secret = good
	i := start(t, func(c *Config) { c.Mail.InDomain, c.Mail.InSecret = "in.example", secret })
	const automatic = "Auto-Submitted: auto-replied\r\nTo: reply+0@in.example\r\n\r\nen vacances"
	for name, c := range map[string]struct {
		secret, body string
		want         int
	}{
		"no secret":      {"", automatic, http.StatusForbidden},
		"another secret": {secret + "0", automatic, http.StatusForbidden},
		"by a program":   {secret, automatic, http.StatusNoContent},
		"unknown key":    {secret, "To: reply+" + strings.Repeat("0", 32) + "@in.example\r\n\r\nBonjour", http.StatusNotFound},
		"too large":      {secret, "To: reply+0@in.example\r\n\r\n" + strings.Repeat("a", 31<<20), http.StatusRequestEntityTooLarge},
	} {
		if got := i.hands(c.secret, c.body); got != c.want {
			t.Errorf("%s: %d; want %d", name, got, c.want)
		}
	}
}
