package orderform

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/web/page"
)

// Ordered finds the line that the address names among those of an order that its reader may see, with its design as it was ordered. Fault NotFound.
func Ordered(c echo.Context, q sqlx.QueryerContext, shipments ...orders.Shipment) (orders.Line, designs.Design, error) {
	for _, sh := range shipments {
		for _, l := range sh.Lines {
			if l.DesignID != nil && strconv.FormatInt(l.ID, 10) == c.Param("line") {
				d, err := designs.Ordered(c.Request().Context(), q, *l.DesignID, l.DesignRevision)
				return l, d, err
			}
		}
	}
	return orders.Line{}, designs.Design{}, fault.New(fault.NotFound, "fault.page_not_found")
}

// Picture answers with the design of such a line.
func Picture(c echo.Context, q sqlx.QueryerContext, s *designs.Service, shipments ...orders.Shipment) error {
	_, d, err := Ordered(c, q, shipments...)
	if err != nil {
		return err
	}
	raw, err := s.Picture(d, "")
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, max-age=3600") // it was frozen by the order
	return c.Blob(http.StatusOK, "image/png", raw)
}

// Design is the design that a form speaks of; nil: none. What is no number is nobody's design.
func Design(form *page.Form) *int64 {
	if form.Get("design") == "" {
		return nil
	}
	id := form.Int("design", 0)
	return &id
}

// BackToDesign says on the design's own page why it was not put into the basket.
func BackToDesign(c echo.Context, site *page.Site, form *page.Form, err error) error {
	id := Design(form)
	if id == nil || !form.Refused(err) {
		return err
	}
	key := "shop.cart.not_ready"
	if errors.Is(err, carts.ErrDesign) {
		key = carts.ErrDesign.Message
	}
	site.Bad(c, key)
	return page.Redirect(c, designs.Design{ID: *id}.Path())
}
