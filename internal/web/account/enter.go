package account

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/members"
	"relais/internal/referrals"
	"relais/internal/web/page"
)

// formPage is a page with one form.
type formPage struct {
	Form *page.Form
	Next string // where to go afterwards; may be empty
	From string // the page of ours that they came from, which may say who brought them; may be empty
}

// longestFrom is how long an address may be for us to carry it through a form.
const longestFrom = 300

// from is the page of ours that somebody came to sign up from: as a form carries it, or as the browser tells.
func from(c echo.Context) string {
	told := c.QueryParam("from")
	if u, err := url.Parse(c.Request().Referer()); told == "" && err == nil && u.Host == c.Request().Host {
		told = u.RequestURI()
	}
	if len(told) > longestFrom {
		return ""
	}
	return page.LocalPath(told, "")
}

// onwards is the page of ours that somebody wanted to see before they were asked who they are; empty: none.
func onwards(next string) string {
	if len(next) > longestFrom {
		return ""
	}
	return page.LocalPath(next, "")
}

func (s *Server) showSignUp(c echo.Context) error {
	data := formPage{Form: page.NewForm("lang", string(page.Lang(c))), Next: onwards(c.QueryParam("next")), From: from(c)}
	return s.site.Render(c, http.StatusOK, "account/signup", data)
}

func (s *Server) signUp(c echo.Context) error {
	form := page.PostedForm(c)
	lang, ok := i18n.Parse(form.Get("lang"))
	if !ok {
		lang = page.Lang(c)
	}
	came, next := page.LocalPath(form.Get("from"), ""), onwards(form.Get("next"))
	err := s.members.SignUp(c.Request().Context(), members.SignUp{
		Name: form.Get("name"), Email: form.Get("email"), Password: form.Raw("password"), Lang: lang, IP: c.RealIP(), Next: next,
		Then: func(ctx context.Context, tx *sqlx.Tx, memberID int64) error {
			return s.Referrals.PinTo(ctx, tx, memberID, referrals.Arrival{From: came, Visitor: s.Visitor(c)})
		}})
	if err != nil {
		return s.refuse(c, form, err, "account/signup", formPage{Form: form, Next: next, From: came})
	}
	return page.Redirect(c, "/signup/sent")
}

// sentPage says that a letter was written, in the same words whether or not one was.
type sentPage struct {
	Reset   bool
	Mailbox bool // the letters can be read here
}

func (s *Server) signUpSent(c echo.Context) error {
	return s.site.Render(c, http.StatusOK, "account/sent", sentPage{Mailbox: s.Mailbox})
}

func (s *Server) resetSent(c echo.Context) error {
	return s.site.Render(c, http.StatusOK, "account/sent", sentPage{Reset: true, Mailbox: s.Mailbox})
}

// confirmPage asks for one press of a button: looking at a link, as mail scanners do, does not spend it.
type confirmPage struct {
	Action string
	Next   string // where to go afterwards; may be empty
	Email  bool   // the link is for a new address
}

func (s *Server) showConfirm(c echo.Context) error {
	if err := s.members.LinkGood(c.Request().Context(), "confirm", c.Param("token")); err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "account/confirm", confirmPage{Action: c.Request().URL.Path, Next: onwards(c.QueryParam("next"))})
}

func (s *Server) confirm(c echo.Context) error {
	session, err := s.members.Confirm(c.Request().Context(), c.Param("token"), c.Request().UserAgent())
	if err != nil {
		return err
	}
	s.site.Good(c, "account.confirm.done")
	return s.enter(c, session, onwards(c.FormValue("next")))
}

func (s *Server) showConfirmEmail(c echo.Context) error {
	if err := s.members.LinkGood(c.Request().Context(), "email", c.Param("token")); err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "account/confirm", confirmPage{Action: c.Request().URL.Path, Email: true})
}

func (s *Server) confirmEmail(c echo.Context) error {
	session, err := s.members.ConfirmEmail(c.Request().Context(), c.Param("token"), c.Request().UserAgent())
	if err != nil {
		return err
	}
	s.site.Good(c, "account.email.done", "Email", session.Member.Email)
	return s.enter(c, session, "/me/settings/security")
}

func (s *Server) showLogIn(c echo.Context) error {
	next := onwards(c.QueryParam("next"))
	return s.site.Render(c, http.StatusOK, "account/login", formPage{Form: page.NewForm(), Next: next, From: from(c)})
}

func (s *Server) logIn(c echo.Context) error {
	form := page.PostedForm(c)
	next := page.LocalPath(form.Get("next"), "")
	attempt := members.Attempt{Email: form.Get("email"), Password: form.Raw("password"), IP: c.RealIP(),
		UserAgent: c.Request().UserAgent(), Next: next}
	if device, err := c.Cookie(s.name("device")); err == nil {
		attempt.Device = device.Value
	}
	session, err := s.members.LogIn(c.Request().Context(), attempt)
	if err != nil {
		return s.refuse(c, form, atForm(err), "account/login", formPage{Form: form, Next: next})
	}
	return s.enter(c, session, next)
}

// atForm turns the faults of a log-in into ones that its form shows.
func atForm(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && (f.Kind == fault.Unauthenticated || f.Kind == fault.Forbidden) {
		return fault.New(fault.Invalid, f.Message)
	}
	return err
}

func (s *Server) logOut(c echo.Context) error {
	if cookie, err := c.Cookie(s.name("sid")); err == nil {
		if err := s.members.LogOut(c.Request().Context(), cookie.Value); err != nil {
			return err
		}
	}
	s.setCookie(c, "sid", "", -1)
	c.Response().Header().Set("Clear-Site-Data", `"cache"`)
	return page.Redirect(c, "/")
}

func (s *Server) showAskReset(c echo.Context) error {
	return s.site.Render(c, http.StatusOK, "account/reset", formPage{Form: page.NewForm()})
}

func (s *Server) askReset(c echo.Context) error {
	form := page.PostedForm(c)
	if err := s.members.AskReset(c.Request().Context(), form.Get("email"), c.RealIP()); err != nil {
		return s.refuse(c, form, err, "account/reset", formPage{Form: form})
	}
	return page.Redirect(c, "/reset/sent")
}

func (s *Server) showReset(c echo.Context) error {
	if err := s.members.LinkGood(c.Request().Context(), "reset", c.Param("token")); err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "account/reset_new", formPage{Form: page.NewForm(), Next: c.Request().URL.Path})
}

func (s *Server) reset(c echo.Context) error {
	form := page.PostedForm(c)
	session, err := s.members.Reset(c.Request().Context(), c.Param("token"), form.Raw("password"), c.Request().UserAgent())
	if err != nil {
		return s.refuse(c, form, err, "account/reset_new", formPage{Form: form, Next: c.Request().URL.Path})
	}
	s.site.Good(c, "account.password.done")
	return s.enter(c, session, "/me")
}
