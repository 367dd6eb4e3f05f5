package account

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/mail"
	"relais/internal/web/page"
)

// The mailbox shows the letters that are not sent in development, to whoever runs the program.

type mailboxPage struct {
	To      string // only letters to this address; empty: all
	Letters []mail.Entry
}

func (s *Server) mailbox(c echo.Context) error {
	to := strings.ToLower(strings.TrimSpace(c.QueryParam("to")))
	list, err := mail.List(c.Request().Context(), s.DB, to, 100)
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "dev/mailbox", mailboxPage{To: to, Letters: list})
}

type letterPage struct {
	Letter mail.Entry
	Links  []string   // paths on this site that the letter leads to
	Form   *page.Form // of an answer, where the letter can be answered
}

func (s *Server) letter(c echo.Context) error {
	e, err := s.entry(c)
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "dev/letter", letterPage{Letter: e, Links: links(e.Text), Form: page.NewForm()})
}

// answerLetter sends what is typed as the answer that the letter's recipient sends by mail.
func (s *Server) answerLetter(c echo.Context) error {
	e, err := s.entry(c)
	if err == nil && e.ReplyTo == "" {
		err = fault.New(fault.NotFound, "fault.not_found")
	}
	if err != nil {
		return err
	}
	photo, err := attached(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = s.Answer(c.Request().Context(), e, form.Raw("body"), photo)
	if form.Refused(err) {
		return s.site.Render(c, form.Status(), "dev/letter", letterPage{Letter: e, Links: links(e.Text), Form: form})
	}
	if err != nil {
		return err
	}
	s.site.Good(c, "account.mailbox.answered")
	return page.Redirect(c, "/dev/mail/"+strconv.FormatInt(e.ID, 10))
}

// attached is the photograph that the form brings; nil: none.
func attached(c echo.Context) ([]byte, error) {
	header, err := c.FormFile("photo")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

var address = regexp.MustCompile(`https?://[^/\s]+(/[^\s)<>"]+)`)

// links returns the paths of a letter's links, each once.
func links(text string) []string {
	var paths []string
	seen := map[string]bool{}
	for _, m := range address.FindAllStringSubmatch(text, -1) {
		if path := page.LocalPath(m[1], ""); path != "" && !seen[path] {
			seen[path] = true
			paths = append(paths, path)
		}
	}
	return paths
}

// letterHTML answers a letter as mail programs show it, in a sandbox: its links open in the whole window, nothing
// else of it does anything.
func (s *Server) letterHTML(c echo.Context) error {
	e, err := s.entry(c)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", "sandbox allow-top-navigation-by-user-activation; default-src 'none'; "+
		"style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	return c.HTML(http.StatusOK, strings.Replace(e.HTML, "<head>", `<head><base target="_top">`, 1))
}

func (s *Server) entry(c echo.Context) (mail.Entry, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return mail.Entry{}, fault.New(fault.NotFound, "fault.not_found").Because(err)
	}
	return mail.ByID(c.Request().Context(), s.DB, id)
}
