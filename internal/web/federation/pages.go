package federation

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/fediverse"
	"relais/internal/web/page"
)

// panelPage is what an owner sees: whether their storefront or brand is open to others, and what came of it.
type panelPage struct {
	Brand   *catalog.Brand // nil: a storefront
	Base    string         // where the forms go
	Path    string         // the public page
	Manages bool           // the viewer may turn it on and off
	Open    bool
	Actor   fediverse.Actor
	Address string
	Panel   fediverse.Panel
}

func (s *Server) mine(c echo.Context) error {
	v := page.ViewerFrom(c)
	return s.panel(c, panelPage{Base: "/me/storefront/followers", Path: "/@" + v.Handle, Manages: true}, fediverse.Owner{Kind: fediverse.Storefront, ID: v.ID})
}

func (s *Server) ofBrand(c echo.Context) error {
	b, err := catalog.BrandByHandle(c.Request().Context(), s.DB, c.Param("handle"), "")
	if err != nil {
		return err
	}
	ref, _ := page.ViewerFrom(c).Brand(b.Handle)
	return s.panel(c, panelPage{Brand: &b, Base: "/brand/" + b.Handle + "/followers", Path: "/b/" + b.Handle, Manages: ref.Role == string(catalog.Owner)},
		fediverse.Owner{Kind: fediverse.Brand, ID: b.ID})
}

func (s *Server) panel(c echo.Context, data panelPage, o fediverse.Owner) error {
	ctx := c.Request().Context()
	a, err := fediverse.ByOwner(ctx, s.DB, o)
	switch {
	case errors.Is(err, fediverse.ErrClosed):
	case err != nil:
		return err
	default:
		data.Open, data.Actor, data.Address = true, a, s.Fediverse.Address(a)
		if data.Panel, err = fediverse.PanelOf(ctx, s.DB, a.ID); err != nil {
			return err
		}
	}
	return s.Site.Render(c, http.StatusOK, "federation/panel", data)
}

func (s *Server) switchMine(c echo.Context) error {
	v := page.ViewerFrom(c)
	return s.turn(c, fediverse.Owner{Kind: fediverse.Storefront, ID: v.ID}, "/me/storefront/followers")
}

func (s *Server) switchBrand(c echo.Context) error {
	ref, _ := page.ViewerFrom(c).Brand(c.Param("handle"))
	return s.turn(c, fediverse.Owner{Kind: fediverse.Brand, ID: ref.ID}, "/brand/"+ref.Handle+"/followers")
}

// turn opens or closes.
func (s *Server) turn(c echo.Context, o fediverse.Owner, back string) error {
	ctx, by, key := c.Request().Context(), page.ViewerFrom(c).ID, "federation.opened"
	err := error(nil)
	switch c.FormValue("open") {
	case "yes":
		err = s.Fediverse.Open(ctx, by, o)
	case "no":
		key, err = "federation.turned_off", s.Fediverse.Close(ctx, by, o)
	default:
		err = fault.New(fault.Invalid, "fault.form_stale")
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, key)
	return page.Redirect(c, back)
}

// postsShown is how many posts stand on a page.
const postsShown = 20

// remotePage is whom the viewer follows elsewhere, and what they wrote.
type remotePage struct {
	Form  *page.Form
	Open  bool // the viewer's own storefront, in whose name they follow
	Mine  string
	List  []fediverse.Followed
	Posts []fediverse.Post
	Older string
	Empty page.Empty
}

func (s *Server) remote(c echo.Context) error {
	return s.remotePage(c, page.NewForm(), http.StatusOK)
}

func (s *Server) remotePage(c echo.Context, form *page.Form, status int) error {
	ctx, l, v := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	data := remotePage{Form: form}
	a, err := fediverse.ByOwner(ctx, s.DB, fediverse.Owner{Kind: fediverse.Storefront, ID: v.ID})
	if errors.Is(err, fediverse.ErrClosed) {
		data.Empty = page.Empty{Icon: "share-2", Title: l.T("federation.remote.closed_title"), Text: l.T("federation.remote.closed_text"),
			URL: "/me/storefront/followers", Action: l.T("federation.remote.closed_action")}
		return s.Site.Render(c, status, "federation/remote", data)
	}
	if err != nil {
		return err
	}
	data.Open, data.Mine = true, s.Fediverse.Address(a)
	if data.List, err = fediverse.FollowedBy(ctx, s.DB, a.ID); err != nil {
		return err
	}
	before, _ := strconv.ParseInt(c.QueryParam("before"), 10, 64) // what is none is the beginning
	if data.Posts, err = fediverse.Posts(ctx, s.DB, a.ID, max(before, 0), postsShown+1); err != nil {
		return err
	}
	if len(data.Posts) > postsShown {
		data.Posts = data.Posts[:postsShown]
		data.Older = "/me/following/remote?before=" + strconv.FormatInt(data.Posts[postsShown-1].ID, 10)
	}
	data.Empty = page.Empty{Icon: "message-circle", Title: l.T("federation.remote.empty_title"), Text: l.T("federation.remote.empty_text")}
	return s.Site.Render(c, status, "federation/remote", data)
}

func (s *Server) follow(c echo.Context) error {
	form := page.PostedForm(c)
	err := s.Fediverse.Follow(c.Request().Context(), page.ViewerFrom(c).ID, form.Get("address"))
	if form.Refused(err) {
		return s.remotePage(c, form, form.Status())
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "federation.remote.asked")
	return page.Redirect(c, "/me/following/remote")
}

func (s *Server) unfollow(c echo.Context) error {
	id, err := number(c, "id")
	if err != nil {
		return err
	}
	if err := s.Fediverse.Unfollow(c.Request().Context(), page.ViewerFrom(c).ID, id); err != nil {
		return err
	}
	s.Site.Good(c, "federation.remote.stopped")
	return page.Redirect(c, "/me/following/remote")
}

const (
	serversShown     = 50
	suspensionsShown = 200
)

// serversPage is how it goes with other servers.
type serversPage struct {
	Form        *page.Form
	Search      string
	Servers     []fediverse.ServerRow
	Older       string
	Suspensions []fediverse.Suspension
}

func (s *Server) servers(c echo.Context) error {
	return s.serversPage(c, page.NewForm(), http.StatusOK)
}

func (s *Server) serversPage(c echo.Context, form *page.Form, status int) error {
	ctx := c.Request().Context()
	data := serversPage{Form: form, Search: page.QueryForm(c).Get("q")}
	n, err := strconv.Atoi(c.QueryParam("page"))
	if err != nil || n < 1 || n > 10_000 {
		n = 1
	}
	if data.Servers, err = fediverse.Servers(ctx, s.DB, data.Search, serversShown+1, (n-1)*serversShown); err != nil {
		return err
	}
	if len(data.Servers) > serversShown {
		query := c.QueryParams()
		query.Set("page", strconv.Itoa(n+1))
		data.Servers, data.Older = data.Servers[:serversShown], "/admin/fediverse?"+query.Encode()
	}
	if data.Suspensions, err = fediverse.Suspensions(ctx, s.DB, suspensionsShown); err != nil {
		return err
	}
	return s.Site.Render(c, status, "federation/servers", data)
}

func (s *Server) suspend(c echo.Context) error {
	form := page.PostedForm(c)
	err := s.Fediverse.Suspend(c.Request().Context(), page.ViewerFrom(c).ID, form.Get("domain"), form.Get("reason"))
	if form.Refused(err) {
		return s.serversPage(c, form, form.Status())
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "federation.admin.suspended")
	return page.Redirect(c, "/admin/fediverse")
}

func (s *Server) lift(c echo.Context) error {
	if err := s.Fediverse.Lift(c.Request().Context(), page.ViewerFrom(c).ID, c.FormValue("domain")); err != nil {
		return err
	}
	s.Site.Good(c, "federation.admin.lifted")
	return page.Redirect(c, "/admin/fediverse")
}
