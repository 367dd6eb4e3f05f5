package studio

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/publications"
	"relais/internal/web/page"
)

// settings adds to the page of a base what of designs on it can be published.
func (s *Server) settings(c echo.Context, data *basePage) error {
	set, err := publications.SettingsOf(c.Request().Context(), s.DB, data.Product.ID)
	if err != nil {
		return err
	}
	data.Publishing, data.Royalty = page.NewForm("stock", strconv.Itoa(set.Stock)), data.Product.Terms.RoyaltyBps
	if set.Offered {
		data.Publishing.Set("offered", "yes")
	}
	if set.Review {
		data.Publishing.Set("review", "yes")
	}
	return nil
}

// publishing keeps what a brand sets.
func (s *Server) publishing(c echo.Context) error {
	data, err := s.product(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	stock := form.Int("stock", 0)
	if stock > publications.MaxStock {
		stock = 0 // refused as none
	}
	err = s.Publications.Set(c.Request().Context(), by(c), data.Brand.ID, data.Product.ID, publications.Settings{Offered: form.Has("offered", "yes"), Review: form.Has("review", "yes"), Stock: int(stock)})
	if form.Refused(err) {
		data.Publishing = form
		return s.Site.Render(c, form.Status(), "studio/base", data.lay(page.Lang(c), nil))
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "publish.settings.done")
	return page.Redirect(c, data.Path+"#publishing")
}
