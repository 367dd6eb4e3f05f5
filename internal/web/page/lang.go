package page

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
)

const (
	langKey    = "page.lang"
	langCookie = "lang"
)

// Lang returns the language of the request: the visitor's choice, else the best match of Accept-Language.
func Lang(c echo.Context) i18n.Lang {
	if l, ok := c.Get(langKey).(i18n.Lang); ok {
		return l
	}
	l := i18n.Match(c.Request().Header.Get("Accept-Language"))
	if cookie, err := c.Cookie(langCookie); err == nil {
		if chosen, ok := i18n.Parse(cookie.Value); ok {
			l = chosen
		}
	}
	c.Set(langKey, l)
	return l
}

// ChooseLang answers POST /lang: it remembers the language for a year and returns to the page named by "next".
func (s *Site) ChooseLang(c echo.Context) error {
	l, ok := i18n.Parse(c.FormValue("lang"))
	if !ok {
		return fault.Field("lang", "fault.unknown_language")
	}
	c.SetCookie(&http.Cookie{
		Name: langCookie, Value: string(l), Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
		Secure: s.options.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return c.Redirect(http.StatusSeeOther, LocalPath(c.FormValue("next"), "/"))
}
