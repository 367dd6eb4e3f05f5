package circle

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/groups"
	"relais/internal/web/page"
)

type invitePage struct {
	Circle
	Link, Mail  *page.Form
	Lives, Uses []page.Option
	Links       []groups.Invitation
}

func (s *Server) showInvite(c echo.Context, circle Circle) error {
	if !circle.Invites() {
		return groups.ErrClosed
	}
	return s.inviteForm(c, circle, page.NewForm("days", "7", "uses", "10"), page.NewForm())
}

func (s *Server) inviteForm(c echo.Context, circle Circle, link, mail *page.Form) error {
	l, by := page.Lang(c), circle.Viewer
	if circle.Moderates() {
		by = 0
	}
	data := invitePage{Circle: circle, Link: link, Mail: mail}
	for _, n := range groups.Lives() {
		data.Lives = append(data.Lives, page.Option{Value: strconv.Itoa(n), Label: l.T("group.invite.days", "Count", n)})
	}
	for _, n := range groups.Uses() {
		data.Uses = append(data.Uses, page.Option{Value: strconv.Itoa(n), Label: l.T("group.invite.people", "Count", n)})
	}
	var err error
	if data.Links, err = groups.LiveLinks(c.Request().Context(), s.DB, circle.ID, by, s.Now(), listed); err != nil {
		return err
	}
	return s.Site.Render(c, max(link.Status(), mail.Status()), "circle/invite", data)
}

func (s *Server) makeLink(c echo.Context, circle Circle) error {
	form := page.PostedForm(c)
	secret, err := s.Groups.Link(c.Request().Context(), circle.ID, circle.Viewer, int(form.Int("days", 0)), int(form.Int("uses", 0)))
	if form.Refused(err) {
		return s.inviteForm(c, circle, form, page.NewForm())
	}
	if err != nil {
		return err
	}
	return page.Redirect(c, groups.Path(secret)+"/link")
}

func (s *Server) mail(c echo.Context, circle Circle) error {
	form := page.PostedForm(c)
	err := s.Groups.InviteByMail(c.Request().Context(), circle.ID, circle.Viewer, groups.Mails{Addresses: form.Raw("addresses"), Text: form.Raw("text"), Lang: page.Lang(c)})
	if form.Refused(err) {
		return s.inviteForm(c, circle, page.NewForm("days", "7", "uses", "10"), form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "group.invite.mailed")
	return page.Redirect(c, circle.Path+"/invite")
}

func (s *Server) revoke(c echo.Context, circle Circle) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	if err := s.Groups.Revoke(c.Request().Context(), circle.ID, circle.Viewer, n); err != nil {
		return err
	}
	s.Site.Good(c, "group.invite.revoked")
	return page.Redirect(c, circle.Path+"/invite")
}

type linkPage struct {
	Name       string
	Back       string
	Sheet      page.ShareLink
	Invitation groups.Invitation
}

// showLink hands a link on to whoever made it, with its QR code. Its address holds the secret: nobody else has it.
func (s *Server) showLink(c echo.Context) error {
	viewer := page.ViewerFrom(c)
	i, g, _, err := s.Groups.Invited(c.Request().Context(), c.Param("secret"), viewer.ID)
	if err == nil && (i.ByID != viewer.ID || i.Way != groups.ByLink) {
		err = groups.ErrInvitation
	}
	if err != nil {
		return err
	}
	l := page.Lang(c)
	sheet := page.ShareLink{URL: s.BaseURL + groups.Path(c.Param("secret")), Title: l.T("group.link.share_title", "Name", viewer.Name), Text: l.T("group.link.share_text", "Name", g.Name)}
	return s.Site.Render(c, http.StatusOK, "circle/link", linkPage{g.Name, "/g/" + g.Handle + "/invite", sheet, i})
}
