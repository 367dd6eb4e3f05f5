package page

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/pace"
)

const requestIDKey = "page.request_id"

// RequestID names the request in logs and on the apology page.
func RequestID(c echo.Context) string {
	id, _ := c.Get(requestIDKey).(string)
	return id
}

// Use puts the whole chain on e, outermost first, and makes HandleError its error handler: request id and log line,
// recovery from panics, security headers, refusal of forms from other sites, limits of size and time.
func (s *Site) Use(e *echo.Echo) error {
	protection, err := s.crossOrigin()
	if err != nil {
		return err
	}
	e.HTTPErrorHandler = s.HandleError
	e.Use(s.logged, s.recovered, s.headers, protection, readable, s.limited)
	return nil
}

// logged gives the request its id and writes one line when it is answered. Queries are not logged: they can carry
// tokens and search terms.
func (s *Site) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := rand.Text()[:12]
		c.Set(requestIDKey, id)
		c.Response().Header().Set("X-Request-Id", id)
		start := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		status := c.Response().Status
		level := slog.LevelInfo
		if c.Path() == "/static/*" || c.Path() == "/media/:file" || c.Path() == "/photos/:file" || c.Path() == "/healthz" {
			level = slog.LevelDebug
		}
		s.log.Log(c.Request().Context(), level, "request", "id", id, "method", c.Request().Method, "route", c.Path(),
			"status", status, "bytes", c.Response().Size, "ms", time.Since(start).Milliseconds())
		return nil
	}
}

// recovered turns a panic into an internal error with its stack in the log.
func (s *Site) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}()
		return next(c)
	}
}

// headers sets what every answer carries; a handler may override a header for a page of its own kind.
func (s *Site) headers(next echo.HandlerFunc) echo.HandlerFunc {
	formAction := strings.Join(append([]string{"'self'"}, s.options.PaymentOrigins...), " ")
	policy := "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; worker-src 'self'; manifest-src 'self'; form-action " + formAction
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if s.options.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		return next(c)
	}
}

// crossOrigin refuses requests that change something and come from another site (net/http.CrossOriginProtection):
// no form needs a token.
func (s *Site) crossOrigin() (echo.MiddlewareFunc, error) {
	protection := http.NewCrossOriginProtection()
	if s.options.BaseURL != "" {
		if err := protection.AddTrustedOrigin(s.options.BaseURL); err != nil {
			return nil, fmt.Errorf("trust own origin: %w", err)
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := protection.Check(c.Request()); err != nil {
				return &fault.Error{Kind: fault.Forbidden, Message: "fault.other_site", Err: err}
			}
			return next(c)
		}
	}, nil
}

// The pace at which one address may send files: what is sent is stored before anybody knows what it is for.
const (
	uploadEvery, uploadBurst = 10 * time.Second, 60
	uploaders                = 20_000          // addresses that are remembered
	uploadTime               = 5 * time.Minute // ten megabytes from a phone far from its mast
)

func newUploads() *pace.Buckets { return pace.New(uploaders, time.Now) }

// limited bounds the size of a request and the time that it may take, its answer on the way included. Routes named in Options.Uploads may be larger and slower, at a pace.
func (s *Site) limited(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		limit, timeout := s.options.BodyLimit, max(s.options.Timeout, s.options.Slow[c.Path()])
		if larger, ok := s.options.Uploads[c.Path()]; ok {
			limit, timeout = larger, uploadTime
			files := strings.HasPrefix(c.Request().Header.Get(echo.HeaderContentType), echo.MIMEMultipartForm)
			if files && !s.uploads.Allow(c.RealIP(), pace.Pace{Every: uploadEvery, Burst: uploadBurst}) {
				return fault.New(fault.TooMany, "fault.too_soon").Arg("Count", int(uploadEvery/time.Second))
			}
		}
		r := c.Request()
		if r.ContentLength > limit {
			return echo.ErrStatusRequestEntityTooLarge
		}
		r.Body = http.MaxBytesReader(c.Response().Writer, r.Body, limit)
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		c.SetRequest(r.WithContext(ctx))
		answer, end := http.NewResponseController(c.Response()), time.Now().Add(timeout+5*time.Second)
		_, _ = answer.SetReadDeadline(end), answer.SetWriteDeadline(end) // the server's are for most routes; recorders of tests have none
		err := next(c)
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return echo.ErrStatusRequestEntityTooLarge
		}
		return err
	}
}
