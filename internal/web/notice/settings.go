package notice

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/notices"
	"relais/internal/web/page"
)

type settingsPage struct {
	Form    *page.Form
	Topics  []topic
	Choices []page.Option
	Zones   []page.Option
	Apart   bool   // the member keeps their spheres apart
	PushKey string // empty: there is no web push
	Devices []notices.Device
}

// topic is a section of the settings.
type topic struct {
	Name  notices.Topic
	Kinds []notices.Nature
}

func (s *Server) settingsPage(c echo.Context, form *page.Form) (data settingsPage, err error) {
	l := page.Lang(c)
	data = settingsPage{Form: form, PushKey: s.Notices.PushKey()}
	for _, choice := range notices.Choices() {
		data.Choices = append(data.Choices, page.Option{Value: string(choice), Label: l.T("notice.set.choice." + string(choice))})
	}
	for _, z := range notices.Zones() {
		data.Zones = append(data.Zones, page.Option{Value: z, Label: zoneName(z)})
	}
	for _, t := range topics(c, notices.Topics()) {
		section := topic{Name: t}
		for _, n := range notices.Kinds() {
			if n.Topic == t && (n.Kind != notices.Desk || page.ViewerFrom(c).Admin) {
				section.Kinds = append(section.Kinds, n)
			}
		}
		data.Topics = append(data.Topics, section)
	}
	if data.Apart, err = notices.Apart(c.Request().Context(), s.DB, viewer(c)); err != nil {
		return data, err
	}
	data.Devices, err = notices.Devices(c.Request().Context(), s.DB, viewer(c))
	return data, err
}

// zoneName is a zone of the IANA database by its town.
func zoneName(zone string) string {
	name := []rune{}
	for _, r := range zone {
		switch r {
		case '/':
			name = name[:0]
		case '_':
			name = append(name, ' ')
		default:
			name = append(name, r)
		}
	}
	return string(name)
}

// settings shows what the viewer chose.
func (s *Server) settings(c echo.Context) error {
	ctx := c.Request().Context()
	chosen, err := notices.Settings(ctx, s.DB, viewer(c))
	if err != nil {
		return err
	}
	zone, err := notices.Zone(ctx, s.DB, viewer(c))
	if err != nil {
		return err
	}
	form := page.NewForm("zone", zone)
	for _, set := range chosen {
		k := string(set.Kind)
		form.Set("mail_"+k, string(set.Mail))
		if set.Push {
			form.Set("push_"+k, "yes")
		}
		if set.Listed {
			form.Set("list_"+k, "yes")
		}
	}
	data, err := s.settingsPage(c, form)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "notice/settings", data)
}

// save keeps what the viewer chose, of the kinds that the form showed.
func (s *Server) save(c echo.Context) error {
	form := page.PostedForm(c)
	data, err := s.settingsPage(c, form)
	if err != nil {
		return err
	}
	var chosen []notices.Setting
	for _, t := range data.Topics {
		for _, n := range t.Kinds {
			k := string(n.Kind)
			if !form.Has("kinds", k) {
				continue
			}
			chosen = append(chosen, notices.Setting{Kind: n.Kind, Mail: notices.Choice(form.Get("mail_" + k)), Push: form.Has("push_"+k, "yes"), Listed: form.Has("list_"+k, "yes")})
		}
	}
	err = s.Notices.Save(c.Request().Context(), viewer(c), chosen, form.Get("zone"))
	if form.Refused(err) {
		return s.Site.Render(c, form.Status(), "notice/settings", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "notice.set.saved")
	return page.Redirect(c, "/me/notices/settings")
}

// apart keeps whether the viewer wants their spheres apart.
func (s *Server) apart(c echo.Context) error {
	if err := s.Notices.KeepApart(c.Request().Context(), viewer(c), c.FormValue("apart") == "yes"); err != nil {
		return err
	}
	s.Site.Good(c, "notice.set.saved")
	return page.Redirect(c, "/me/notices/settings#spheres")
}

// export hands out everything that is kept.
func (s *Server) export(c echo.Context) error {
	record, err := notices.Export(c.Request().Context(), s.DB, viewer(c))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="relais-notifications.json"`)
	return c.JSONPretty(http.StatusOK, record, "  ")
}

func (s *Server) erase(c echo.Context) error {
	if err := s.Notices.Forget(c.Request().Context(), viewer(c)); err != nil {
		return err
	}
	s.Site.Good(c, "notice.data.erased")
	return page.Redirect(c, "/me/notices/settings")
}

// subscriptionBytes is how large a subscription may be.
const subscriptionBytes = 4 << 10

// read takes what the page's script sends. Only JSON: a form of another kind cannot be it.
func read(c echo.Context, into any) error {
	if c.Request().Header.Get(echo.HeaderContentType) != echo.MIMEApplicationJSON {
		return notices.ErrDevice
	}
	if err := json.NewDecoder(http.MaxBytesReader(c.Response(), c.Request().Body, subscriptionBytes)).Decode(into); err != nil {
		return notices.ErrDevice
	}
	return nil
}

// subscribe adds this browser; what it gave is answered for by words for its script.
func (s *Server) subscribe(c echo.Context) error {
	var sub notices.Subscription
	err := read(c, &sub)
	if err == nil {
		err = s.Notices.Subscribe(c.Request().Context(), viewer(c), s.Session(c), c.Request().UserAgent(), sub)
	}
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// unplug takes this browser out.
func (s *Server) unplug(c echo.Context) error {
	var sub notices.Subscription
	if err := read(c, &sub); err != nil {
		return err
	}
	if err := s.Notices.Unplug(c.Request().Context(), viewer(c), sub.Endpoint); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) remove(c echo.Context) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	if err := s.Notices.RemoveDevice(c.Request().Context(), viewer(c), n); err != nil {
		return err
	}
	s.Site.Good(c, "notice.devices.removed")
	return page.Redirect(c, "/me/notices/settings#devices")
}

func (s *Server) test(c echo.Context) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	if err := s.Notices.Test(c.Request().Context(), viewer(c), n); err != nil {
		return err
	}
	s.Site.Good(c, "notice.devices.tested")
	return page.Redirect(c, "/me/notices/settings#devices")
}

type endPage struct {
	What string // the letters that are ended, in words
	Done bool
}

// ending names the letters of a link.
func ending(l i18n.Lang, link notices.Link) string {
	if link.Kind == notices.DigestKind {
		return l.T("notice.end.what_digest")
	}
	return l.T("notice.end.what", "Kind", l.T("notice.kind."+link.Kind+".title"))
}

// look shows what the link of a letter would end: whoever only looks ends nothing.
func (s *Server) look(c echo.Context) error {
	link, err := s.Notices.Look(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "notice/unsubscribe", endPage{ending(page.Lang(c), link), link.Ended})
}

// unsubscribe ends the letters: for the button of the page, and for that of a mail program, which comes without cookies.
func (s *Server) unsubscribe(c echo.Context) error {
	if c.FormValue("List-Unsubscribe") != "One-Click" {
		return fault.New(fault.Invalid, "fault.notice_link")
	}
	link, err := s.Notices.Unsubscribe(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "notice/unsubscribe", endPage{ending(page.Lang(c), link), true})
}
