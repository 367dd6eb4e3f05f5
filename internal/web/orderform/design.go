package orderform

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/clicks"
	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/web/page"
)

// Trail is how a visitor came to a product, which its pages and those of the studio hand on in their addresses, until the piece is in a basket.
type Trail struct {
	From  string // handle of the member in whose storefront it is shown; empty: none
	Click string // that brought the visitor; empty: not known
}

// TrailOf reads the trail of an address. What cannot be one is left out.
func TrailOf(c echo.Context) Trail {
	t := Trail{c.QueryParam("from"), c.QueryParam("c")}
	if len(t.From) > 64 {
		t.From = ""
	}
	if len(t.Click) > clicks.MaxToken {
		t.Click = ""
	}
	return t
}

// On is a path with the trail.
func (t Trail) On(path string) string {
	q := url.Values{}
	for name, value := range map[string]string{"from": t.From, "c": t.Click} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// Ordered finds a line by its number among those of an order that its reader may see, with its design as it was ordered. Fault NotFound.
func Ordered(ctx context.Context, q sqlx.QueryerContext, line string, shipments ...orders.Shipment) (orders.Line, designs.Design, error) {
	for _, sh := range shipments {
		for _, l := range sh.Lines {
			if l.DesignID != nil && strconv.FormatInt(l.ID, 10) == line {
				d, err := designs.Ordered(ctx, q, *l.DesignID, l.DesignRevision)
				return l, d, err
			}
		}
	}
	return orders.Line{}, designs.Design{}, fault.New(fault.NotFound, "fault.page_not_found")
}

// Picture answers with a view of a design that its reader may see; without a name, the first that has something on it. Where the address says of which revision it
// is, the browser may keep it.
func Picture(c echo.Context, s *designs.Service, d designs.Design, view string) error {
	raw, err := s.Picture(c.Request().Context(), d, view)
	if err != nil {
		return err
	}
	keep := "private, no-store"
	if c.QueryParam("r") == strconv.Itoa(d.Revision) {
		keep = "private, max-age=31536000, immutable"
	}
	c.Response().Header().Set("Cache-Control", keep)
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
	return page.Redirect(c, Trail{form.Get("storefront"), form.Get("c")}.On(designs.Design{ID: *id}.Path()))
}
