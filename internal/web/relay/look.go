package relay

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

// lookPage is how the member's own storefront looks: theme, what stands first, links elsewhere, days off.
type lookPage struct {
	storefronts.Storefront
	Form   *page.Form // of the theme, the pinned listing and the days off; one is posted at a time
	Link   *page.Form
	Themes []page.Option
	Picks  []page.Option
	Links  []storefronts.Link
	Most   int
	Away   bool // now
	Soon   bool
}

func (s *Server) showLook(c echo.Context) error { return s.lookPage(c, nil, nil) }

// lookPage shows the page with a refused form, if any: of what is above the links, or of a new link.
func (s *Server) lookPage(c echo.Context, refused, link *page.Form) error {
	ctx, l, viewer := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	front, err := storefronts.ByMember(ctx, s.DB, viewer.ID)
	if err != nil {
		return err
	}
	data := lookPage{Storefront: front, Link: page.NewForm(), Most: storefronts.MaxLinks, Away: front.Away(s.Now()), Soon: front.AwaySoon(s.Now())}
	for _, theme := range storefronts.Themes() {
		data.Themes = append(data.Themes, page.Option{Value: theme, Label: l.T("front.theme." + theme), Hint: l.T("front.theme_hint." + theme)})
	}
	listings, err := storefronts.Listings(ctx, s.DB, viewer.ID, l, s.Now())
	if err != nil {
		return err
	}
	data.Picks = []page.Option{{Value: "0", Label: l.T("front.pin.none")}}
	for _, one := range listings {
		data.Picks = append(data.Picks, page.Option{Value: strconv.FormatInt(one.ID, 10), Label: one.Title})
	}
	if data.Links, err = storefronts.Links(ctx, s.DB, viewer.ID); err != nil {
		return err
	}
	data.Form = page.NewForm("theme", front.Theme, "pin", "0", "away", front.AwayText)
	if front.PinnedID != nil {
		data.Form.Set("pin", strconv.FormatInt(*front.PinnedID, 10))
	}
	if front.AwayFrom != nil {
		data.Form.Set("from", front.AwayFrom.Format(time.DateOnly))
		data.Form.Set("until", front.AwayUntil.Format(time.DateOnly))
	}
	status := http.StatusOK
	if refused != nil {
		for _, name := range []string{"theme", "pin", "from", "until", "away"} {
			if len(refused.All(name)) == 0 { // what the other forms of the page have
				refused.Set(name, data.Form.All(name)...)
			}
		}
		data.Form, status = refused, refused.Status()
	}
	if link != nil {
		data.Link, status = link, link.Status()
	}
	return s.Site.Render(c, status, "relay/look", data)
}

// look runs a use case on the member's own storefront and comes back to the page.
func (s *Server) look(change func(ctx context.Context, memberID int64, form *page.Form) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		form := page.PostedForm(c)
		err := change(c.Request().Context(), page.ViewerFrom(c).ID, form)
		if form.Refused(err) {
			return s.lookPage(c, form, nil)
		}
		if err != nil {
			return err
		}
		s.Site.Good(c, "relay.storefront.saved")
		return page.Redirect(c, "/me/storefront/look")
	}
}

func (s *Server) lookRoutes(e *echo.Echo) {
	member := page.RequireMember
	e.GET("/me/storefront/look", s.showLook, member)
	e.POST("/me/storefront/theme", s.look(func(ctx context.Context, id int64, f *page.Form) error {
		return s.Storefronts.Choose(ctx, id, f.Get("theme"))
	}), member)
	e.POST("/me/storefront/pin", s.look(func(ctx context.Context, id int64, f *page.Form) error {
		return s.Storefronts.Pin(ctx, id, f.Int("pin", 0))
	}), member)
	e.POST("/me/storefront/away", s.look(func(ctx context.Context, id int64, f *page.Form) error {
		if f.Get("end") == "yes" {
			return s.Storefronts.Return(ctx, id)
		}
		return s.Storefronts.Leave(ctx, id, f.Get("from"), f.Get("until"), f.Raw("away"))
	}), member)
	e.POST("/me/storefront/links", s.addLink, member)
	e.POST("/me/storefront/links/:id", s.ofOwn(func(ctx context.Context, member, id int64, f *page.Form) error {
		if f.Get("remove") == "yes" {
			return s.Storefronts.RemoveLink(ctx, member, id)
		}
		return s.Storefronts.MoveLink(ctx, member, id, int(f.Int("to", 0)))
	}, "/me/storefront/look#links"), member)
	e.GET("/me/storefront/collections", s.showCollections, member)
	e.POST("/me/storefront/collections", s.addCollection, member)
	e.POST("/me/storefront/collections/:id", s.editCollection, member)
	e.POST("/me/storefront/collections/:id/move", s.ofOwn(func(ctx context.Context, member, id int64, f *page.Form) error {
		return s.Storefronts.MoveCollection(ctx, member, id, int(f.Int("to", 0)))
	}, "/me/storefront/collections"), member)
	e.POST("/me/storefront/collections/:id/remove", s.ofOwn(func(ctx context.Context, member, id int64, _ *page.Form) error {
		return s.Storefronts.RemoveCollection(ctx, member, id)
	}, "/me/storefront/collections"), member)
	e.POST("/me/storefront/shelf/:id", s.ofOwn(func(ctx context.Context, member, id int64, f *page.Form) error {
		if f.Get("to") != "" {
			return s.Storefronts.Move(ctx, member, id, int(f.Int("to", 0)))
		}
		return s.Storefronts.Shelve(ctx, member, id, f.Int("collection", 0))
	}, "/me/storefront/collections"), member)
}

// ofOwn runs a use case on something of the member's storefront by its number, and comes back to a page.
func (s *Server) ofOwn(change func(ctx context.Context, memberID, id int64, form *page.Form) error, back string) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := strconv.ParseInt(c.Param("id"), 10, 64)
		if err != nil {
			return fault.New(fault.NotFound, "fault.page_not_found")
		}
		if err := change(c.Request().Context(), page.ViewerFrom(c).ID, id, page.PostedForm(c)); err != nil {
			return err
		}
		s.Site.Good(c, "relay.storefront.saved")
		return page.Redirect(c, back)
	}
}

func (s *Server) addLink(c echo.Context) error {
	form := page.PostedForm(c)
	err := s.Storefronts.AddLink(c.Request().Context(), page.ViewerFrom(c).ID, form.Get("label"), form.Get("url"))
	if form.Refused(err) {
		return s.lookPage(c, nil, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "relay.storefront.saved")
	return page.Redirect(c, "/me/storefront/look#links")
}
