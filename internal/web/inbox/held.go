package inbox

import (
	"errors"

	"github.com/labstack/echo/v4"

	"relais/internal/support"
	"relais/internal/web/page"
)

// says keeps what a side says about a mail that is held for it; back is the page of the conversation.
func (s *Server) says(c echo.Context, w support.Word, back string) (err error) {
	if w.HeldID, err = number(c, "held"); err != nil {
		return err
	}
	form := page.PostedForm(c)
	w.Know = form.Get("know") != ""
	if v := page.ViewerFrom(c); v != nil {
		w.MemberID = v.ID
	}
	if form.Get("do") == "send" {
		err = s.Support.Release(c.Request().Context(), w)
		if errors.Is(err, support.ErrTooManyMessages) {
			s.Site.Bad(c, support.ErrTooManyMessages.Message)
			return page.Redirect(c, back)
		}
		return s.done(c, err, "inbox.held.sent", back+"#last")
	}
	return s.done(c, s.Support.Discard(c.Request().Context(), w), "inbox.held.discarded", back)
}

func (s *Server) buyerSays(c echo.Context, d talkPage) error {
	return s.says(c, support.Word{OrderID: d.Order.ID, BrandID: d.Shipment.BrandID, Side: support.FromBuyer}, d.Base)
}

func (s *Server) brandSays(c echo.Context, d conversationPage) error {
	return s.says(c, support.Word{OrderID: d.Order.ID, BrandID: d.Brand.ID, Side: support.FromBrand}, d.Here)
}
