package page

import (
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/i18n"
)

// Flash is a message shown once, on the next page.
type Flash struct {
	Tone string // "good", "bad" or "note"
	Text string
}

// flashMessage is what the cookie holds: a key and words for it, never HTML. Who forges one talks to themselves.
type flashMessage struct {
	Tone string   `json:"t"`
	Key  string   `json:"k"`
	Args []string `json:"a,omitempty"`
}

const flashCookie = "flash"

// Good tells, on the next page, what was done. Arguments alternate names and values, as text.
func (s *Site) Good(c echo.Context, key string, args ...string) { s.flash(c, "good", key, args) }

// Bad tells, on the next page, what went wrong.
func (s *Site) Bad(c echo.Context, key string, args ...string) { s.flash(c, "bad", key, args) }

// Note tells, on the next page, what is worth knowing.
func (s *Site) Note(c echo.Context, key string, args ...string) { s.flash(c, "note", key, args) }

func (s *Site) flash(c echo.Context, tone, key string, args []string) {
	text, err := json.Marshal([]flashMessage{{tone, key, args}})
	if err != nil {
		return // strings always marshal
	}
	s.setFlash(c, base64.RawURLEncoding.EncodeToString(text), 60)
}

func (s *Site) setFlash(c echo.Context, value string, maxAge int) {
	c.SetCookie(&http.Cookie{
		Name: flashCookie, Value: value, Path: "/", MaxAge: maxAge,
		Secure: s.options.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// flashFrom reads the messages of the request's cookie and drops what does not translate.
func flashFrom(c echo.Context) []Flash {
	cookie, err := c.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return nil
	}
	var messages []flashMessage
	if json.Unmarshal(text, &messages) != nil {
		return nil
	}
	var list []Flash
	for _, m := range messages {
		if text, err := lookup(Lang(c), m); err == nil {
			list = append(list, Flash{Tone: m.Tone, Text: text})
		}
	}
	return list
}

func lookup(l i18n.Lang, m flashMessage) (string, error) {
	args := make([]any, len(m.Args))
	for i, a := range m.Args {
		args[i] = a
	}
	return l.Lookup(m.Key, args...)
}

// clearFlash forgets messages that were shown.
func (s *Site) clearFlash(c echo.Context) {
	if _, err := c.Cookie(flashCookie); err == nil {
		s.setFlash(c, "", -1)
	}
}
