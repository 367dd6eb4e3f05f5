package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/mail"
	"relais/internal/mail/incoming"
)

const (
	mailRoute  = "/webhooks/mail"
	mailSecret = "X-Relais-Secret" // the header that says who hands mail in
)

// mailUploads lets a whole mail in.
func mailUploads() map[string]int64 { return map[string]int64{mailRoute: incoming.MaxBytes} }

// mailIn takes in an answer to a letter: the body is the raw mail. 204: it was taken, or is one that nothing is made of (by a program, the same
// again). 4xx: it is refused, and its sender should hear so from the mail server that hands it in; see support.Receive. 5xx: later, please.
func (o Options) mailIn(c echo.Context) error {
	if o.MailSecret == "" {
		return c.NoContent(http.StatusNotFound)
	}
	given, want := sha256.Sum256([]byte(c.Request().Header.Get(mailSecret))), sha256.Sum256([]byte(o.MailSecret))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return c.NoContent(http.StatusForbidden)
	}
	raw, err := io.ReadAll(c.Request().Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return c.NoContent(http.StatusRequestEntityTooLarge)
	case err != nil:
		return c.NoContent(http.StatusBadRequest)
	}
	err = o.Support.Receive(c.Request().Context(), raw)
	f, known := errors.AsType[*fault.Error](err)
	switch {
	case err == nil:
		return c.NoContent(http.StatusNoContent)
	case !known:
		o.Log.ErrorContext(c.Request().Context(), "mail in", "error", err)
		return c.NoContent(http.StatusServiceUnavailable)
	case f.Kind == fault.NotFound:
		return c.NoContent(http.StatusNotFound)
	case f.Kind == fault.Conflict:
		return c.NoContent(http.StatusGone)
	case f.Kind == fault.TooMany:
		return c.NoContent(http.StatusTooManyRequests)
	}
	return c.NoContent(http.StatusUnprocessableEntity)
}

// answer has the recipient of a letter answer it by mail, from the mailbox of development.
func (o Options) answer(ctx context.Context, e mail.Entry, text string, photo []byte) error {
	raw, err := o.Mail.Answer(e, text, photo)
	if err != nil {
		return err
	}
	return o.Support.Receive(ctx, raw)
}
