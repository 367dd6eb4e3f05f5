package shop

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/web/page"
)

// orderedDesign shows what was ordered to whoever has the order's address.
func (s *Shop) orderedDesign(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.orders.ByToken(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	for _, sh := range o.Shipments {
		for _, l := range sh.Lines {
			if l.DesignID == nil || strconv.FormatInt(l.ID, 10) != c.Param("line") {
				continue
			}
			d, err := designs.Ordered(ctx, s.db, *l.DesignID, l.DesignRevision)
			if err != nil {
				return err
			}
			raw, err := s.designs.Picture(d, "")
			if err != nil {
				return err
			}
			c.Response().Header().Set("Cache-Control", "private, max-age=3600") // it was frozen by the order
			return c.Blob(http.StatusOK, "image/png", raw)
		}
	}
	return fault.New(fault.NotFound, "fault.page_not_found")
}

// designFrom is the design that a form speaks of; nil: none. What is no number is nobody's design.
func designFrom(form *page.Form) *int64 {
	if form.Get("design") == "" {
		return nil
	}
	id := form.Int("design", 0)
	return &id
}

// backToDesign says on the design's own page why it was not put into the basket.
func (s *Shop) backToDesign(c echo.Context, form *page.Form, err error) error {
	id := designFrom(form)
	if id == nil || !form.Refused(err) {
		return err
	}
	key := "shop.cart.not_ready"
	if errors.Is(err, carts.ErrDesign) {
		key = carts.ErrDesign.Message
	}
	s.site.Bad(c, key)
	return page.Redirect(c, designs.Design{ID: *id}.Path())
}
