package shop

import (
	"github.com/labstack/echo/v4"

	"relais/internal/documents"
	"relais/internal/web/page"
)

// document answers an invoice or credit note of the order whose token the address has.
func (s *Shop) document(c echo.Context) error {
	o, err := s.orders.ByToken(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	number, err := page.PaperNumber(c)
	if err != nil {
		return err
	}
	d, err := documents.ByNumber(c.Request().Context(), s.db, number, documents.Owner{OrderID: o.ID})
	if err != nil {
		return err
	}
	return page.Paper(c, d)
}
