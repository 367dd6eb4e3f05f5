// Package account has the pages by which somebody becomes a member, comes in, and keeps their account: sign-up,
// log-in, one-time links, settings and security; in development also the mailbox in which letters are read.
//
// Identify is the middleware that tells every other page who is looking (page.ViewerFrom). It stands before all
// routes that show pages.
package account

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/media"
	"relais/internal/members"
	"relais/internal/pace"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	Members *members.Service
	DB      *postgres.DB
	Media   *media.Store
	Brands  func(ctx context.Context, memberID int64) ([]page.BrandRef, error)       // the teams that a member is on; nil: none
	Secure  bool                                                                     // served over https
	Answer  func(ctx context.Context, e mail.Entry, text string, photo []byte) error // the recipient of a letter answers it by mail: for the mailbox
	Mailbox bool                                                                     // letters are not sent: show them at /dev/mail
	Now     func() time.Time                                                         // the real clock

	Referrals *referrals.Service
	Visitor   func(echo.Context) string // who agreed to be remembered, from the consent cookie; empty without
}

// Server answers the account pages. Create it with New.
type Server struct {
	Options
	site    *page.Site
	members *members.Service
	floods  *pace.Buckets
}

// New returns the server.
func New(o Options) *Server {
	return &Server{Options: o, site: o.Site, members: o.Members, floods: pace.New(floods, o.Now)}
}

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	return map[string]int64{"/me/settings": media.MaxBytes + 64<<10, "/dev/mail/:id/answer": media.MaxBytes + 64<<10}
}

const identityKey = "account.identity"

// IdentityFrom returns by which session the viewer is signed in; ok is false for a guest.
func IdentityFrom(c echo.Context) (id members.Identity, ok bool) {
	id, ok = c.Get(identityKey).(members.Identity)
	return id, ok
}

// Identify finds out who is looking, from the session cookie, and renews the cookie when it is due. Requests that
// change something are checked against the database, others may trust the last five seconds.
func (s *Server) Identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		cookie, err := c.Cookie(s.name("sid"))
		if err != nil || !personal(c.Request().URL.Path) {
			return next(c)
		}
		r := c.Request()
		fresh := r.Method != http.MethodGet && r.Method != http.MethodHead
		k, err := s.known(r, cookie.Value, fresh)
		if errors.Is(err, fault.Unauthenticated) {
			s.setCookie(c, "sid", "", -1)
			return next(c)
		}
		if err != nil && onward(r.URL.Path) {
			return next(c) // whoever follows a link arrives, known or not
		}
		if err != nil {
			return err
		}
		id, viewer := k.id, k.viewer
		if id.Cookie != "" {
			s.setCookie(c, "sid", id.Cookie, members.IdleLife)
		}
		c.Set(identityKey, id)
		page.SetViewer(c, viewer)
		c.Response().Header().Set("Cache-Control", "private, no-store")
		return next(c)
	}
}

// known is who holds a session.
type known struct {
	id     members.Identity
	viewer *page.Viewer
}

func (s *Server) known(r *http.Request, cookie string, fresh bool) (known, error) {
	who := func(ctx context.Context) (k known, err error) {
		if k.id, err = s.members.Authenticate(ctx, cookie, fresh); err == nil {
			k.viewer, err = s.viewer(ctx, k.id.Member)
		}
		return k, err
	}
	if onward(r.URL.Path) {
		return postgres.Within(r.Context(), onwardPatience, who)
	}
	return who(r.Context())
}

// onwardPatience is how long whoever follows a link waits to be known.
const onwardPatience = time.Second

// onward says whether the path is of a share link: it leads on even while nobody can be told who is looking.
func onward(path string) bool { return strings.HasPrefix(path, "/r/") }

// personal says whether what lies at the path can differ from one viewer to the other.
func personal(path string) bool {
	for _, prefix := range []string{"/static/", "/media/", "/webhooks/", "/healthz", "/readyz", "/metrics", "/sw.js", "/app.webmanifest", "/offline"} {
		if strings.HasPrefix(path, prefix) {
			return false
		}
	}
	return true
}

func (s *Server) viewer(ctx context.Context, m members.Member) (*page.Viewer, error) {
	v := &page.Viewer{ID: m.ID, Handle: m.Handle, Name: m.Name, Email: m.Email, Lang: m.Lang, Picture: m.Picture,
		Admin: m.Admin, Confirmed: m.EmailConfirmedAt != nil}
	if s.Brands == nil {
		return v, nil
	}
	var err error
	v.Brands, err = s.Brands(ctx, m.ID)
	return v, err
}

// name is a cookie's name. Over https the prefix makes browsers refuse one that another host set.
func (s *Server) name(cookie string) string {
	if s.Secure {
		return "__Host-" + cookie
	}
	return cookie
}

// setCookie has the browser keep a value for that long; a negative life drops it.
func (s *Server) setCookie(c echo.Context, cookie, value string, life time.Duration) {
	age := int(life.Seconds())
	if life < 0 {
		age = -1
	}
	c.SetCookie(&http.Cookie{Name: s.name(cookie), Value: value, Path: "/", MaxAge: age,
		Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// enter gives a browser its session and leads on.
func (s *Server) enter(c echo.Context, session members.Session, next string) error {
	s.setCookie(c, "sid", session.Cookie, members.IdleLife)
	s.setCookie(c, "device", session.Device, members.DeviceLife)
	s.speak(c, session.Member.Lang)
	return page.Redirect(c, page.LocalPath(next, "/me"))
}

// speak has this browser shown pages in that language from now on.
func (s *Server) speak(c echo.Context, l i18n.Lang) {
	c.SetCookie(&http.Cookie{Name: "lang", Value: string(l), Path: "/", MaxAge: int(members.DeviceLife.Seconds()),
		Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// ChooseLang answers POST /lang: the language is kept with the member, too.
func (s *Server) ChooseLang(c echo.Context) error {
	if v := page.ViewerFrom(c); v != nil {
		if l, ok := i18n.Parse(c.FormValue("lang")); ok {
			if err := s.members.SetLang(c.Request().Context(), v.ID, l); err != nil {
				return err
			}
		}
	}
	return s.site.ChooseLang(c)
}

// refuse shows a form again with what was typed and what is wrong; other errors go on. Whoever tries too often
// learns when to come back.
func (s *Server) refuse(c echo.Context, form *page.Form, err error, name string, data any) error {
	retryAfter(c, err)
	if !form.Refused(err) {
		return err
	}
	return s.site.Render(c, form.Status(), name, data)
}

func retryAfter(c echo.Context, err error) {
	var soon *members.TooSoon
	if errors.As(err, &soon) {
		c.Response().Header().Set("Retry-After", strconv.Itoa(soon.Seconds()))
	}
}

// secret marks a page whose address is a secret: it is not kept, and no other site learns it.
func secret(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "private, no-store")
		h.Set("X-Robots-Tag", "noindex")
		return next(c)
	}
}
