package opinion

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/media"
	"relais/internal/orders"
	"relais/internal/ratings"
	"relais/internal/web/page"
)

type ratePage struct {
	Order   orders.Page
	Bought  ratings.Bought
	Rating  *ratings.Rating // nil: none yet, or withdrawn
	Refused string          // key of why it cannot be rated; empty: it can
	Form    *page.Form
	Stars   []page.Option
	Most    int
	Again   bool // photographs were sent and must be chosen again
}

// ratePage reads what a line of the order of the address may be rated with.
func (s *Server) ratePage(c echo.Context) (data ratePage, err error) {
	ctx := c.Request().Context()
	if data.Order, err = s.Orders.ByToken(ctx, c.Param("token")); err != nil {
		return data, err
	}
	line, err := number(c, "line")
	if err != nil {
		return data, err
	}
	lines, err := ratings.OfOrder(ctx, s.DB, data.Order.ID)
	if err != nil {
		return data, err
	}
	i := slices.IndexFunc(lines, func(b ratings.Bought) bool { return b.LineID == line })
	if i < 0 {
		return data, ratings.ErrGone
	}
	data.Bought, data.Stars, data.Most = lines[i], starOptions(page.Lang(c)), ratings.MaxPhotos
	if why, ok := errors.AsType[*fault.Error](data.Bought.May()); ok {
		data.Refused = why.Message
	}
	data.Form = page.NewForm("name", ratings.ShownName(data.Order.Name))
	if data.Bought.RatingID == nil {
		return data, nil
	}
	r, err := ratings.ByID(ctx, s.DB, *data.Bought.RatingID)
	if err != nil {
		return data, err
	}
	data.Form = page.NewForm("stars", strconv.Itoa(r.Stars), "title", r.Title, "body", r.Body, "name", r.Name)
	if r.State != ratings.Withdrawn {
		data.Rating = &r
	}
	return data, nil
}

func (s *Server) showRate(c echo.Context) error {
	data, err := s.ratePage(c)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "opinion/rate", data)
}

// rate writes the rating, or writes it anew: photographs that the form drops go, those that it brings come after those that stay.
func (s *Server) rate(c echo.Context) error {
	ctx := c.Request().Context()
	data, err := s.ratePage(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	data.Form = form
	d := ratings.Draft{OrderID: data.Order.ID, LineID: data.Bought.LineID, Lang: page.Lang(c), Stars: int(form.Int("stars", 0)), Title: form.Raw("title"),
		Body: form.Raw("body"), Name: form.Raw("name")}
	if data.Rating != nil {
		for _, p := range data.Rating.Photos {
			if !form.Has("drop", id(p.MediaID)) {
				d.Photos = append(d.Photos, p.MediaID)
			}
		}
	}
	if _, err = d.Clean(); err == nil { // before the photographs are looked at, so that nothing is kept of a form that is refused
		d.Photos, err = s.photos(c, d.Photos)
	}
	if err == nil {
		_, err = s.Ratings.Save(ctx, d)
	}
	if form.Refused(err) {
		data.Again = sent(c) > 0
		return s.Site.Render(c, form.Status(), "opinion/rate", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "opinion.rate.thanks")
	return page.Redirect(c, "/o/"+data.Order.Token+"#rate")
}

// sent is how many files the form brings.
func sent(c echo.Context) int {
	form, err := c.MultipartForm()
	if err != nil {
		return 0
	}
	return len(form.File["photos"])
}

// photos keeps the photographs that the form brings and returns their numbers after those that stay.
func (s *Server) photos(c echo.Context, stay []int64) ([]int64, error) {
	form, err := c.MultipartForm()
	if errors.Is(err, http.ErrNotMultipart) {
		return stay, nil
	}
	if err != nil {
		return nil, err
	}
	files := form.File["photos"]
	if len(stay)+len(files) > ratings.MaxPhotos {
		return nil, fault.Field("photos", "fault.rating_photos").Arg("Most", ratings.MaxPhotos)
	}
	for _, header := range files {
		file, err := header.Open()
		if err != nil {
			return nil, err
		}
		var photo media.Photo
		photo, err = s.Media.Save(c.Request().Context(), s.DB, file, "")
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, onField(err)
		}
		if !slices.Contains(stay, photo.ID) {
			stay = append(stay, photo.ID)
		}
	}
	return stay, nil
}

// onField names our field in what is wrong with a file.
func onField(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		return err
	}
	return fault.Field("photos", f.Message)
}

// ofOrder runs a use case on the order of the address and returns to its page.
func (s *Server) ofOrder(c echo.Context, done string, do func(ctx context.Context, o orders.Page) error) error {
	ctx := c.Request().Context()
	o, err := s.Orders.ByToken(ctx, c.Param("token"))
	if err == nil {
		err = do(ctx, o)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, done)
	return page.Redirect(c, "/o/"+o.Token+"#rate")
}

func (s *Server) unrate(c echo.Context) error {
	line, err := number(c, "line")
	if err != nil {
		return err
	}
	return s.ofOrder(c, "opinion.rate.removed", func(ctx context.Context, o orders.Page) error { return s.Ratings.Withdraw(ctx, o.ID, line) })
}

type thankPage struct {
	Order   orders.Page
	Relayed ratings.Relayed
	Form    *page.Form
}

func (s *Server) thankPage(c echo.Context) (data thankPage, err error) {
	ctx := c.Request().Context()
	if data.Order, err = s.Orders.ByToken(ctx, c.Param("token")); err != nil {
		return data, err
	}
	list, err := ratings.RelayedOf(ctx, s.DB, data.Order.ID)
	if err != nil {
		return data, err
	}
	i := slices.IndexFunc(list, func(r ratings.Relayed) bool { return r.Handle == c.Param("handle") })
	if i < 0 {
		return data, ratings.ErrGone
	}
	data.Relayed = list[i]
	data.Form = page.NewForm("body", list[i].Body, "name", list[i].Signed)
	if list[i].Signed == "" {
		data.Form.Set("name", ratings.ShownName(data.Order.Name))
	}
	return data, nil
}

func (s *Server) showThank(c echo.Context) error {
	data, err := s.thankPage(c)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "opinion/thank", data)
}

func (s *Server) thank(c echo.Context) error {
	data, err := s.thankPage(c)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	err = s.Ratings.Thank(c.Request().Context(), ratings.Note{OrderID: data.Order.ID, Handle: data.Relayed.Handle, Lang: page.Lang(c),
		Name: data.Form.Raw("name"), Body: data.Form.Raw("body")})
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "opinion/thank", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "opinion.thank.done")
	return page.Redirect(c, "/o/"+data.Order.Token+"#rate")
}

func (s *Server) unthank(c echo.Context) error {
	return s.ofOrder(c, "opinion.thank.removed", func(ctx context.Context, o orders.Page) error {
		return s.Ratings.Unthank(ctx, o.ID, c.Param("handle"))
	})
}

type lettersPage struct {
	Order orders.Page
	Off   bool
}

// showLetters asks before it switches anything: mail programs open addresses by themselves.
func (s *Server) showLetters(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.Orders.ByToken(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	off, err := ratings.Refuses(ctx, s.DB, o.EmailNormal)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "opinion/letters", lettersPage{o, off})
}

func (s *Server) letters(c echo.Context) error {
	off := c.FormValue("letters") != "on"
	ctx := c.Request().Context()
	o, err := s.Orders.ByToken(ctx, c.Param("token"))
	if err == nil {
		err = s.Ratings.Refuse(ctx, o.ID, off)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, map[bool]string{true: "opinion.letters.off_done", false: "opinion.letters.on_done"}[off])
	return page.Redirect(c, "/o/"+o.Token+"/letters")
}
