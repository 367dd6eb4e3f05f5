package relay

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

// storefrontPage is the member's own storefront, to change it. Wrong is the listing whose note was refused.
type storefrontPage struct {
	storefronts.Storefront
	Form     *page.Form
	Cover    *page.Form
	Listings []listingForm
	Empty    page.Empty
}

// listingForm is one listing with the form of its note.
type listingForm struct {
	storefronts.Listing
	Form        *page.Form
	First, Last bool
	Cut         string // that and why the margin was lowered; empty: it was not
}

func (s *Server) showStorefront(c echo.Context) error { return s.storefrontPage(c, nil, nil, 0) }

// storefrontPage shows the page with a refused form, if any: of the head (product 0) or of the note on a product.
func (s *Server) storefrontPage(c echo.Context, head, note *page.Form, product int64) error {
	ctx, lang, viewer := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	front, err := storefronts.ByMember(ctx, s.DB, viewer.ID)
	if err != nil {
		return err
	}
	listings, err := storefronts.AllListings(ctx, s.DB, viewer.ID, lang, s.Now())
	if err != nil {
		return err
	}
	status := http.StatusOK
	data := storefrontPage{Storefront: front, Form: page.NewForm("title", front.Title, "intro", front.Intro), Cover: page.NewForm()}
	if head != nil {
		data.Form, status = head, head.Status()
	}
	for i, l := range listings {
		f := listingForm{Listing: l, Form: page.NewForm("note", l.Note), First: i == 0, Last: i == len(listings)-1, Cut: cutWords(lang, l.Margin)}
		if note != nil && l.ID == product {
			f.Form, status = note, note.Status()
		}
		data.Listings = append(data.Listings, f)
	}
	data.Empty = page.Empty{Icon: "store", Title: lang.T("relay.storefront.empty.title"), Text: lang.T("relay.storefront.empty.text"),
		URL: "/products", Action: lang.T("relay.storefront.empty.action")}
	return s.Site.Render(c, status, "relay/storefront", data)
}

func (s *Server) editStorefront(c echo.Context) error {
	form := page.PostedForm(c)
	err := s.Storefronts.Edit(c.Request().Context(), page.ViewerFrom(c).ID, form.Get("title"), form.Get("intro"))
	if form.Refused(err) {
		return s.storefrontPage(c, form, nil, 0)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "relay.storefront.saved")
	return page.Redirect(c, "/me/storefront")
}

// setCover keeps the photograph sent, or takes the cover away (remove=yes).
func (s *Server) setCover(c echo.Context) error {
	ctx, viewer := c.Request().Context(), page.ViewerFrom(c)
	if c.FormValue("remove") == "yes" {
		if err := s.Storefronts.Cover(ctx, viewer.ID, nil); err != nil {
			return err
		}
		s.Site.Good(c, "relay.storefront.saved")
		return page.Redirect(c, "/me/storefront")
	}
	header, err := c.FormFile("cover")
	if err != nil {
		return s.refuseCover(c, fault.Field("cover", "relay.storefront.no_file"))
	}
	file, err := header.Open()
	if err != nil {
		return fmt.Errorf("open cover: %w", err)
	}
	defer file.Close()
	photo, err := s.Pictures.Media.Save(ctx, s.DB, file, viewer.Name)
	if err != nil {
		return s.refuseCover(c, err)
	}
	if err := s.Storefronts.Cover(ctx, viewer.ID, &photo.ID); err != nil {
		return err
	}
	s.Site.Good(c, "relay.storefront.saved")
	return page.Redirect(c, "/me/storefront")
}

// refuseCover tells what was wrong with a file on the page that one comes back to: a file cannot be shown again in its field.
func (s *Server) refuseCover(c echo.Context, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	s.Site.Bad(c, f.Message)
	return page.Redirect(c, "/me/storefront")
}

func (s *Server) addListing(c echo.Context) error {
	id, err := strconv.ParseInt(c.FormValue("product"), 10, 64)
	if err != nil {
		return storefronts.ErrProduct
	}
	if _, err := s.Storefronts.AddListing(c.Request().Context(), page.ViewerFrom(c).ID, id); err != nil {
		return err
	}
	s.Site.Good(c, "relay.storefront.added")
	return page.Redirect(c, listingAddress(id))
}

func (s *Server) setNote(c echo.Context) error {
	id, err := productParam(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = s.Storefronts.Note(c.Request().Context(), page.ViewerFrom(c).ID, id, form.Raw("note"))
	if form.Refused(err) {
		return s.storefrontPage(c, nil, form, id)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "relay.storefront.saved")
	return page.Redirect(c, listingAddress(id))
}

func (s *Server) moveListing(c echo.Context) error {
	id, err := productParam(c)
	if err != nil {
		return err
	}
	to, err := strconv.Atoi(c.FormValue("to"))
	if err != nil {
		return fault.Field("to", "relay.position_unknown")
	}
	if err := s.Storefronts.Move(c.Request().Context(), page.ViewerFrom(c).ID, id, to); err != nil {
		return err
	}
	return page.Redirect(c, listingAddress(id))
}

func (s *Server) removeListing(c echo.Context) error {
	id, err := productParam(c)
	if err != nil {
		return err
	}
	if err := s.Storefronts.RemoveListing(c.Request().Context(), page.ViewerFrom(c).ID, id); err != nil {
		return err
	}
	s.Site.Good(c, "relay.storefront.removed")
	return page.Redirect(c, "/me/storefront")
}

func productParam(c echo.Context) (int64, error) {
	id, err := strconv.ParseInt(c.Param("product"), 10, 64)
	if err != nil {
		return 0, storefronts.ErrProduct
	}
	return id, nil
}

// listingAddress is where a listing stands on the page.
func listingAddress(productID int64) string {
	return "/me/storefront#l-" + strconv.FormatInt(productID, 10)
}
