package page

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
)

// errorPage is what templates/pages/errors/error.html shows.
type errorPage struct {
	Status    int
	Key       string // of the title: page.error.KEY.title
	Message   string // what went wrong, in words; empty when it is nothing that a visitor can know
	Detail    string // the error itself, in development only
	RequestID string
}

// statusOf maps a kind of fault to its HTTP status.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Declined:
		return http.StatusPaymentRequired
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// StatusOf returns the HTTP status that HandleError answers an error with; 500 for what is no fault.
func StatusOf(err error) int {
	var problem *fault.Error
	var http4 *echo.HTTPError
	switch {
	case errors.As(err, &problem):
		return statusOf(problem.Kind)
	case errors.As(err, &http4):
		return http4.Code
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	for _, k := range []fault.Kind{fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict,
		fault.Declined, fault.TooMany, fault.Unavailable} {
		if errors.Is(err, k) {
			return statusOf(k)
		}
	}
	return http.StatusInternalServerError
}

// HandleError is the one place where an error becomes an answer (echo.HTTPErrorHandler): a page, a message in the
// place that htmx keeps for it, or JSON where JSON was asked for. What is not a fault is logged with the request's
// id and shown as a plain apology.
func (s *Site) HandleError(err error, c echo.Context) {
	if c.Response().Committed || errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
		return
	}
	status := StatusOf(err)
	if status >= http.StatusInternalServerError {
		s.log.ErrorContext(c.Request().Context(), "answer request", "id", RequestID(c), "method", c.Request().Method,
			"route", c.Path(), "status", status, "error", err)
	}
	if failed := s.answer(c, status, err); failed != nil {
		s.log.ErrorContext(c.Request().Context(), "render error page", "id", RequestID(c), "error", failed)
		if !c.Response().Committed {
			_ = c.String(http.StatusInternalServerError, "500") // nothing is left to try
		}
	}
}

func (s *Site) answer(c echo.Context, status int, err error) error {
	r := c.Request()
	data := errorPage{Status: status, Key: errorKey(status), Message: s.message(c, status, err), RequestID: RequestID(c)}
	if s.options.Dev && status == http.StatusInternalServerError {
		data.Detail = err.Error()
	}
	switch {
	case r.Method == http.MethodHead:
		return c.NoContent(status)
	case wantsJSON(r):
		return c.JSON(status, map[string]any{"error": data.Message, "status": status, "request_id": data.RequestID})
	case status == http.StatusUnauthorized:
		return Redirect(c, "/login?next="+url.QueryEscape(returnPath(r)))
	case IsPartial(c):
		c.Response().Header().Set("HX-Retarget", "#flash")
		c.Response().Header().Set("HX-Reswap", "innerHTML show:window:top")
		return s.Fragment(c, status, "errors/error", "error-flash", data)
	}
	return s.Render(c, status, "errors/error", data)
}

// message is what a fault says of itself, or the sentence for the status.
func (s *Site) message(c echo.Context, status int, err error) string {
	var problem *fault.Error
	if errors.As(err, &problem) && problem.Message != "" {
		if text, failed := Lang(c).Lookup(problem.Message, faultArgs(problem)...); failed == nil {
			return text
		}
		s.log.Error("translate fault", "key", problem.Message, "id", RequestID(c))
	}
	return Lang(c).T("page.error." + errorKey(status) + ".text")
}

// errorKey names the texts of a status in page.toml.
func errorKey(status int) string {
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return "not_found"
	case http.StatusForbidden, http.StatusUnauthorized:
		return "forbidden"
	case http.StatusTooManyRequests:
		return "too_many"
	case http.StatusServiceUnavailable:
		return "unavailable"
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	}
	if status < http.StatusInternalServerError {
		return "refused"
	}
	return "broken"
}

// returnPath is where a guest wanted to go: the page itself, or the page that held the form.
func returnPath(r *http.Request) string {
	if r.Method == http.MethodGet && r.Header.Get("HX-Request") == "" {
		return r.URL.RequestURI()
	}
	if from, err := url.Parse(r.Header.Get("Referer")); err == nil && from.Host == r.Host {
		return LocalPath(from.RequestURI(), "/")
	}
	return "/"
}

func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/webhooks/") ||
		strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}
