package relay

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

// collectionsPage is the parts of the member's own storefront with what is in them.
type collectionsPage struct {
	storefronts.Storefront
	Shelves []ownShelf // the last is what is in none
	Choices []storefronts.Collection
	Form    *page.Form // of a new one
	Full    bool
	Empty   page.Empty
}

// ownShelf is a collection with the form of its name; ID 0: what is in none.
type ownShelf struct {
	storefronts.Collection
	Form        *page.Form
	Listings    []shelved
	First, Last bool
}

// shelved is a listing with the positions, among all of them, of those beside it on its shelf; -1: there is none.
type shelved struct {
	storefronts.Listing
	Up, Down int
}

func (s *Server) showCollections(c echo.Context) error { return s.collectionsPage(c, nil, 0) }

// collectionsPage shows the page with a refused form, if any: of a new collection (number 0), or of that one.
func (s *Server) collectionsPage(c echo.Context, refused *page.Form, id int64) error {
	ctx, l, viewer := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	front, err := storefronts.ByMember(ctx, s.DB, viewer.ID)
	if err != nil {
		return err
	}
	data := collectionsPage{Storefront: front, Form: page.NewForm()}
	if data.Choices, err = storefronts.Collections(ctx, s.DB, viewer.ID); err != nil {
		return err
	}
	data.Full = len(data.Choices) >= storefronts.MaxCollections
	listings, err := storefronts.AllListings(ctx, s.DB, viewer.ID, l, s.Now())
	if err != nil {
		return err
	}
	in, err := storefronts.Shelves(ctx, s.DB, viewer.ID)
	if err != nil {
		return err
	}
	status := http.StatusOK
	for i, one := range append(data.Choices, storefronts.Collection{}) {
		sh := ownShelf{Collection: one, Form: page.NewForm("name", one.Name, "intro", one.Intro), First: i == 0, Last: i == len(data.Choices)-1, Listings: onShelf(listings, in, one.ID)}
		if refused != nil && one.ID == id && id != 0 {
			sh.Form, status = refused, refused.Status()
		}
		data.Shelves = append(data.Shelves, sh)
	}
	if refused != nil && id == 0 {
		data.Form, status = refused, refused.Status()
	}
	data.Empty = page.Empty{Icon: "store", Title: l.T("relay.storefront.empty.title"), Text: l.T("relay.storefront.empty.text"), URL: "/products", Action: l.T("relay.storefront.empty.action")}
	if len(listings) > 0 {
		data.Empty = page.Empty{}
	}
	return s.Site.Render(c, status, "relay/collections", data)
}

// onShelf is what is in a collection, in the order of the storefront; collection 0: what is in none.
func onShelf(all []storefronts.Listing, in map[int64]int64, collection int64) []shelved {
	var list []shelved
	for _, l := range all {
		if in[l.ID] != collection {
			continue
		}
		one := shelved{Listing: l, Up: -1, Down: -1}
		if n := len(list); n > 0 {
			one.Up, list[n-1].Down = list[n-1].Position, l.Position
		}
		list = append(list, one)
	}
	return list
}

func (s *Server) addCollection(c echo.Context) error {
	form := page.PostedForm(c)
	id, err := s.Storefronts.AddCollection(c.Request().Context(), page.ViewerFrom(c).ID, form.Get("name"), form.Raw("intro"))
	if form.Refused(err) {
		return s.collectionsPage(c, form, 0)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "front.collections.added")
	return page.Redirect(c, "/me/storefront/collections#c-"+strconv.FormatInt(id, 10))
}

func (s *Server) editCollection(c echo.Context) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return fault.New(fault.NotFound, "fault.page_not_found")
	}
	form := page.PostedForm(c)
	err = s.Storefronts.EditCollection(c.Request().Context(), page.ViewerFrom(c).ID, id, form.Get("name"), form.Raw("intro"))
	if form.Refused(err) {
		return s.collectionsPage(c, form, id)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "relay.storefront.saved")
	return page.Redirect(c, "/me/storefront/collections#c-"+strconv.FormatInt(id, 10))
}
