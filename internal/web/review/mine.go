package review

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/reviews"
	"relais/internal/web/page"
)

type minePage struct {
	Review     reviews.Review
	Ends       string // what happens if nobody decides
	Form       *page.Form
	Appealable bool
	Late       bool
}

func (s *Server) minePage(c echo.Context, form *page.Form) (minePage, error) {
	n, err := id(c)
	if err != nil {
		return minePage{}, err
	}
	r, err := reviews.ByID(c.Request().Context(), s.DB, 0, n)
	if err == nil && r.MemberID != by(c) {
		err = reviews.ErrGone
	}
	return minePage{Review: r, Ends: page.Lang(c).T(ends(r, "review.me.end_yours", "review.me.end_card")), Form: form, Appealable: r.Appealable(s.Now()), Late: r.Late(s.Now())}, err
}

// mine is what a member reads of a review of their commission: why, until when, the decision, and the way to appeal.
func (s *Server) mine(c echo.Context) error {
	data, err := s.minePage(c, page.NewForm())
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "review/mine", data)
}

// appeal takes the member's objection in.
func (s *Server) appeal(c echo.Context) error {
	data, err := s.minePage(c, page.PostedForm(c))
	if err != nil {
		return err
	}
	err = s.Reviews.Appeal(c.Request().Context(), by(c), data.Review.ID, data.Form.Raw("text"))
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "review/mine", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "review.me.appealed")
	return page.Redirect(c, "/me/reviews/"+strconv.FormatInt(data.Review.ID, 10))
}
