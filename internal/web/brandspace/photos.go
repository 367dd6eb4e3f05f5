package brandspace

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/web/page"
)

type photosPage struct {
	frame
	Product catalog.ProductPage
	Form    *page.Form // the upload
	Tabs    []page.Tab
	Most    int
}

func (s *Server) photosPage(c echo.Context) (photosPage, error) {
	f, err := s.brand(c)
	if err != nil {
		return photosPage{}, err
	}
	p, err := s.productOf(c, f.Brand.ID)
	return photosPage{frame: f, Product: p, Form: page.NewForm(), Tabs: productTabs(page.Lang(c), f, p.ID, "photos"), Most: catalog.MaxPhotos}, err
}

func (s *Server) photos(c echo.Context) error {
	data, err := s.photosPage(c)
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "brandspace/photos", data)
}

func (p photosPage) path() string {
	return p.Base + "/products/" + strconv.FormatInt(p.Product.ID, 10) + "/photos"
}

func (s *Server) addPhotos(c echo.Context) error {
	data, err := s.photosPage(c)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	if err := s.addEach(c, data); err != nil {
		refused := data.Form.Refused(err)
		if !refused {
			return err
		}
		if data.Product, err = s.productOf(c, data.Brand.ID); err != nil { // those before the refused one were added
			return err
		}
		return s.site.Render(c, data.Form.Status(), "brandspace/photos", data)
	}
	s.site.Good(c, "brandspace.photos.added")
	return page.Redirect(c, data.path())
}

func (s *Server) addEach(c echo.Context, data photosPage) error {
	multipart, err := c.MultipartForm()
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	if err != nil || len(multipart.File["photo"]) == 0 {
		return fault.Field("photo", "fault.catalog.required")
	}
	for _, header := range multipart.File["photo"] {
		file, err := header.Open()
		if err != nil {
			return err
		}
		err = s.Catalog.AddPhoto(c.Request().Context(), by(c), data.Brand.ID, data.Product.ID, file, data.Form.Get("alt"), data.Form.Get("credit"))
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// arrangePhotos takes the order from numbers that a person typed, and leaves out what they ticked to be removed.
func (s *Server) arrangePhotos(c echo.Context) error {
	data, err := s.photosPage(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	type placed struct {
		catalog.PhotoEdit
		at int64
	}
	var list []placed
	for i, p := range data.Product.Photos {
		key := strconv.FormatInt(p.MediaID, 10)
		if form.Get("remove."+key) == "" {
			list = append(list, placed{catalog.PhotoEdit{MediaID: p.MediaID, Alt: form.Get("alt." + key)}, form.Int("at."+key, int64(i+1))})
		}
	}
	slices.SortStableFunc(list, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	order := make([]catalog.PhotoEdit, len(list))
	for i, p := range list {
		order[i] = p.PhotoEdit
	}
	if err := s.Catalog.ArrangePhotos(c.Request().Context(), by(c), data.Brand.ID, data.Product.ID, order); err != nil {
		return s.answer(c, data.Form, err, "brandspace/photos", data)
	}
	s.site.Good(c, "brandspace.saved")
	return page.Redirect(c, data.path())
}
