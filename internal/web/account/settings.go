package account

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/members"
	"relais/internal/referrals"
	"relais/internal/web/page"
)

type settingsPage struct {
	Form   *page.Form
	Member members.Member
	Langs  []page.Option
	Pin    *referrals.Pin // who is thanked for their orders; nil: nobody
}

func (s *Server) settingsPage(c echo.Context, form *page.Form) (settingsPage, error) {
	id, _ := IdentityFrom(c)
	data := settingsPage{Form: form, Member: id.Member}
	var err error
	for _, l := range i18n.Langs() {
		data.Langs = append(data.Langs, page.Option{Value: string(l), Label: l.Name()})
	}
	data.Pin, err = referrals.PinOf(c.Request().Context(), s.DB, id.Member.ID)
	return data, err
}

func (s *Server) showSettings(c echo.Context) error {
	id, _ := IdentityFrom(c)
	m, err := members.ByID(c.Request().Context(), s.DB, id.Member.ID)
	if err != nil {
		return err
	}
	data, err := s.settingsPage(c, page.NewForm("name", m.Name, "handle", m.Handle, "bio", m.Bio, "city", m.City, "lang", string(m.Lang)))
	if err != nil {
		return err
	}
	data.Member = m
	return s.site.Render(c, http.StatusOK, "account/settings", data)
}

func (s *Server) setProfile(c echo.Context) error {
	id, _ := IdentityFrom(c)
	form := page.PostedForm(c)
	picture, err := s.uploaded(c, "photo")
	if err != nil {
		return s.refuseProfile(c, form, err)
	}
	lang := i18n.Lang(form.Get("lang"))
	m, err := s.members.SetProfile(c.Request().Context(), id.Member.ID, members.Profile{
		Name: form.Get("name"), Handle: form.Get("handle"), Bio: form.Get("bio"), City: form.Get("city"),
		Lang: lang, PictureID: picture})
	if err != nil {
		return s.refuseProfile(c, form, err)
	}
	s.speak(c, m.Lang)
	s.site.Good(c, "account.settings.done")
	return page.Redirect(c, "/me/settings")
}

func (s *Server) refuseProfile(c echo.Context, form *page.Form, why error) error {
	data, err := s.settingsPage(c, form)
	if err != nil {
		return err
	}
	return s.refuse(c, form, why, "account/settings", data)
}

// unpin answers who does not want anybody to be thanked for their orders.
func (s *Server) unpin(c echo.Context) error {
	id, _ := IdentityFrom(c)
	if err := s.Referrals.Unpin(c.Request().Context(), id.Member.ID); err != nil && !errors.Is(err, referrals.ErrNoPin) {
		return err
	}
	s.site.Good(c, "account.pin.removed")
	return page.Redirect(c, "/me/settings")
}

// uploaded stores the picture of a form's field and returns its id, or nil when none was chosen.
func (s *Server) uploaded(c echo.Context, field string) (*int64, error) {
	header, err := c.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	if header.Size == 0 {
		return nil, nil
	}
	file, err := header.Open()
	if err != nil {
		return nil, fmt.Errorf("open upload: %w", err)
	}
	defer file.Close()
	photo, err := s.Media.Save(c.Request().Context(), s.DB, file, "")
	if err != nil {
		return nil, err
	}
	return &photo.ID, nil
}

// securityPage has several forms; the one that was posted shows its faults, the others are fresh.
type securityPage struct {
	Member   members.Member
	Proved   bool
	Prove    *page.Form
	Password *page.Form
	Email    *page.Form
	Sessions []members.OpenSession
	Current  string // the session that is looking
}

func (s *Server) showSecurity(c echo.Context) error {
	return s.security(c, func(*securityPage) *page.Form { return page.NewForm() })
}

// security renders the page after set put the posted form, which it returns, in its place.
func (s *Server) security(c echo.Context, set func(*securityPage) *page.Form) error {
	id, _ := IdentityFrom(c)
	sessions, err := s.members.Sessions(c.Request().Context(), id.Member.ID)
	if err != nil {
		return err
	}
	data := securityPage{Member: id.Member, Proved: id.Proved(s.Now()), Sessions: sessions, Current: id.SessionID,
		Prove: page.NewForm(), Password: page.NewForm(), Email: page.NewForm()}
	posted := set(&data)
	return s.site.Render(c, posted.Status(), "account/security", data)
}

// refuseSecurity shows the page again with the faults of one of its forms. When the password was not given recently,
// the page asks for it.
func (s *Server) refuseSecurity(c echo.Context, form *page.Form, err error, set func(*securityPage, *page.Form)) error {
	retryAfter(c, err)
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Forbidden {
		s.site.Note(c, f.Message)
		return page.Redirect(c, "/me/settings/security")
	}
	if !form.Refused(err) {
		return err
	}
	return s.security(c, func(data *securityPage) *page.Form {
		set(data, form)
		return form
	})
}

func (s *Server) prove(c echo.Context) error {
	id, _ := IdentityFrom(c)
	form := page.PostedForm(c)
	if err := s.members.Prove(c.Request().Context(), id, form.Raw("password"), c.RealIP()); err != nil {
		return s.refuseSecurity(c, form, err, func(p *securityPage, f *page.Form) { p.Prove = f })
	}
	return page.Redirect(c, page.LocalPath(form.Get("next"), "/me/settings/security"))
}

func (s *Server) changePassword(c echo.Context) error {
	id, _ := IdentityFrom(c)
	form := page.PostedForm(c)
	session, err := s.members.ChangePassword(c.Request().Context(), id, form.Raw("password"), c.Request().UserAgent())
	if err != nil {
		return s.refuseSecurity(c, form, err, func(p *securityPage, f *page.Form) { p.Password = f })
	}
	s.site.Good(c, "account.password.done")
	return s.enter(c, session, "/me/settings/security")
}

func (s *Server) changeEmail(c echo.Context) error {
	id, _ := IdentityFrom(c)
	form := page.PostedForm(c)
	if err := s.members.ChangeEmail(c.Request().Context(), id, form.Get("email"), c.RealIP()); err != nil {
		return s.refuseSecurity(c, form, err, func(p *securityPage, f *page.Form) { p.Email = f })
	}
	s.site.Good(c, "account.email.sent")
	return page.Redirect(c, "/me/settings/security")
}

func (s *Server) endSession(c echo.Context) error {
	id, _ := IdentityFrom(c)
	if err := s.members.EndSession(c.Request().Context(), id.Member.ID, c.FormValue("session")); err != nil {
		return err
	}
	s.site.Good(c, "account.sessions.ended")
	return page.Redirect(c, "/me/settings/security")
}

func (s *Server) logOutEverywhere(c echo.Context) error {
	id, _ := IdentityFrom(c)
	if err := s.members.LogOutEverywhere(c.Request().Context(), id.Member.ID); err != nil {
		return err
	}
	s.setCookie(c, "sid", "", -1)
	s.site.Good(c, "account.sessions.all_ended")
	return page.Redirect(c, "/login")
}
