package page

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
)

// readable refuses addresses that are no text: Postgres takes neither zero bytes nor broken UTF-8, and no page of ours
// has such an address.
func readable(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		if !isText(u.Path) {
			return fault.New(fault.NotFound, "fault.page_not_found")
		}
		if strings.ContainsRune(u.RawQuery, '%') {
			for name, values := range c.QueryParams() {
				if !isText(name) || !isText(strings.Join(values, "")) {
					return fault.New(fault.NotFound, "fault.page_not_found")
				}
			}
		}
		return next(c)
	}
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// asText drops from typed values what is no text.
func asText(form url.Values) url.Values {
	for _, values := range form {
		for i, v := range values {
			if !isText(v) {
				values[i] = strings.ReplaceAll(strings.ToValidUTF8(v, ""), "\x00", "")
			}
		}
	}
	return form
}
