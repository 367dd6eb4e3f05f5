package idea

import (
	"crypto/rand"
	"errors"
	"mime/multipart"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/ideas"
	"relais/internal/media"
	"relais/internal/web/page"
)

type newPage struct {
	Takers []ideas.Taker
	Brand  *ideas.Taker // nil: to be chosen
	Form   *page.Form
	Most   int
	Again  bool // photographs were sent and must be chosen again
	Empty  page.Empty
}

// newPage reads to whom an idea is proposed; handle names a brand that takes ideas, or none.
func (s *Server) newPage(c echo.Context, handle string) (data newPage, err error) {
	l := page.Lang(c)
	data.Most = ideas.MaxPhotos
	data.Empty = page.Empty{Icon: "sparkles", Title: l.T("ideas.new.nobody"), Text: l.T("ideas.new.nobody_text"), URL: "/brands", Action: l.T("shop.home.all_brands")}
	if data.Takers, err = ideas.Takers(c.Request().Context(), s.DB); err != nil {
		return data, err
	}
	if i := slices.IndexFunc(data.Takers, func(t ideas.Taker) bool { return t.Handle == handle }); i >= 0 {
		data.Brand = &data.Takers[i]
	}
	return data, nil
}

// proposing is the form, or where the address names no brand that takes ideas, the brands to choose from.
func (s *Server) proposing(c echo.Context) error {
	data, err := s.newPage(c, c.QueryParam("brand"))
	if err != nil {
		return err
	}
	data.Form = page.NewForm("operation", rand.Text(), "named", "yes")
	return s.Site.Render(c, http.StatusOK, "idea/new", data)
}

// propose keeps the idea. Words are looked at before photographs, so that nothing is kept of a form that is refused.
func (s *Server) propose(c echo.Context) error {
	form := page.PostedForm(c)
	data, err := s.newPage(c, form.Get("brand"))
	if err != nil {
		return err
	}
	if data.Brand == nil {
		return ideas.ErrNotTaken
	}
	data.Form = form
	d := ideas.Draft{Operation: operation(form), Lang: page.Lang(c), Title: form.Raw("title"), Text: form.Raw("text"), Named: form.Has("named", "yes")}
	var i ideas.Idea
	if _, err = d.Clean(); err == nil {
		d.Photos, err = s.photos(c)
	}
	if err == nil {
		i, err = s.Ideas.Propose(c.Request().Context(), viewer(c), data.Brand.ID, d)
	}
	if form.Refused(err) {
		data.Again = len(files(c)) > 0
		return s.Site.Render(c, form.Status(), "idea/new", data)
	}
	return s.said(c, err, "ideas.new.done", i.Path())
}

// photos keeps the sketches and photographs that the form brings.
func (s *Server) photos(c echo.Context) (list []int64, err error) {
	sent := files(c)
	if len(sent) > ideas.MaxPhotos {
		return nil, fault.Field("photos", "fault.rating_photos").Arg("Most", ideas.MaxPhotos)
	}
	for _, header := range sent {
		file, err := header.Open()
		if err != nil {
			return nil, err
		}
		var photo media.Photo
		photo, err = s.Media.SavePrivate(c.Request().Context(), s.DB, file)
		err = errors.Join(err, file.Close())
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
			return nil, fault.Field("photos", f.Message) // our field, not that of package media
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, photo.ID) {
			list = append(list, photo.ID)
		}
	}
	return list, nil
}

// files are those that the form brings; a field that was left empty brings none.
func files(c echo.Context) []*multipart.FileHeader {
	form, err := c.MultipartForm()
	if err != nil {
		return nil
	}
	return form.File["photos"]
}
