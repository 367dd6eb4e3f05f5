// Package aftersale has the pages of what comes back: refunds, returns, disputes. A brand and the platform work with the same
// pages, each at its own desk; a desk says whose parts of an order a request is about, and is made by the guard of the route.
//
//	/brand/:handle/orders/:number/…   the brand's own parts, for its team; to others the page does not exist
//	/admin/orders/:number/…           every part, for the platform's people
//
// A refund takes two steps: chosen, then shown with what it costs each, and confirmed. So does an answer to a bank.
package aftersale

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/disputes"
	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/postgres"
	"relais/internal/returns"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site     *page.Site
	DB       *postgres.DB
	Orders   *orders.Service
	Returns  *returns.Service
	Disputes *disputes.Service
	Now      func() time.Time // business time
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	const most = disputes.MaxFile + 64<<10 // with what comes beside the file
	return map[string]int64{"/brand/:handle/disputes/:id/files": most, "/admin/disputes/:id/files": most}
}

// Routes registers the pages, at both desks.
func (s *Server) Routes(e *echo.Echo) {
	for base, guard := range map[string]guard{"/brand/:handle": s.team, "/admin": s.platform} {
		order := base + "/orders/:number"
		e.GET(order+"/refund", guard(s.askRefund))
		e.POST(order+"/refund", guard(s.refund))
		e.GET(order+"/refunds/:id", guard(s.refunded))
		e.POST(order+"/refunds/:id", guard(s.refundAgain))
		e.GET(order+"/returns/:id", guard(s.comesBack))
		e.POST(order+"/returns/:id/decide", guard(s.decide))
		e.POST(order+"/returns/:id/receive", guard(s.receive))
		e.GET(base+"/disputes", guard(s.disputes))
		e.GET(base+"/disputes/:id", guard(s.dispute))
		e.POST(base+"/disputes/:id", guard(s.saveAnswer))
		e.POST(base+"/disputes/:id/files", guard(s.attach))
		e.POST(base+"/disputes/:id/files/:file/remove", guard(s.detach))
		e.GET(base+"/disputes/:id/answer", guard(s.checkAnswer))
		e.POST(base+"/disputes/:id/answer", guard(s.submitAnswer))
		e.GET(base+"/disputes/:id/accept", guard(s.askAccept))
		e.POST(base+"/disputes/:id/accept", guard(s.accept))
	}
}

// Desk is who works with a page: a brand's team, or the platform.
type Desk struct {
	Base  string         // "/brand/handle" or "/admin"
	Brand *catalog.Brand // nil: the platform
}

// BrandID is whose parts may be touched; 0: everybody's.
func (d Desk) BrandID() int64 {
	if d.Brand == nil {
		return 0
	}
	return d.Brand.ID
}

// reason is why a refund is made that somebody at this desk decides.
func (d Desk) reason() string {
	if d.Brand == nil {
		return "admin"
	}
	return "brand"
}

type (
	handler func(echo.Context, Desk) error
	guard   func(handler) echo.HandlerFunc
)

func (s *Server) team(h handler) echo.HandlerFunc {
	return page.RequireBrand(func(c echo.Context) error {
		b, err := catalog.BrandByHandle(c.Request().Context(), s.DB, c.Param("handle"), "")
		if err != nil {
			return err
		}
		return h(c, Desk{Base: "/brand/" + b.Handle, Brand: &b})
	})
}

func (s *Server) platform(h handler) echo.HandlerFunc {
	return page.RequireAdmin(func(c echo.Context) error { return h(c, Desk{Base: "/admin"}) })
}

var errNotFound = fault.New(fault.NotFound, "fault.page_not_found")

// id reads a number in a route; what is none does not exist.
func id(c echo.Context, name string) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, errNotFound
	}
	return n, nil
}

// by is who acts.
func by(c echo.Context) int64 { return page.ViewerFrom(c).ID }

// orderOf is the paid order of the address, as the desk may see it.
func (s *Server) orderOf(c echo.Context, d Desk) (orders.Page, error) {
	p, err := s.Orders.ByNumber(c.Request().Context(), d.BrandID(), c.Param("number"))
	if err == nil && p.PaidAt == nil {
		err = orders.ErrOrderGone
	}
	return p, err
}

// Own are the shipments that a desk is about; brandID 0: all.
func Own(p orders.Page, brandID int64) (own []orders.Shipment) {
	for _, sh := range p.Shipments {
		if brandID == 0 || sh.BrandID == brandID {
			own = append(own, sh)
		}
	}
	return own
}

// done leads to a page and says what was done, or why it was not: somebody may have been quicker.
func (s *Server) done(c echo.Context, err error, key, path string) error {
	var refused *fault.Error
	switch {
	case err == nil:
		s.Site.Good(c, key)
	case errors.As(err, &refused) && (refused.Kind == fault.Conflict || refused.Kind == fault.Invalid):
		s.Site.Bad(c, messageOf(refused))
	default:
		return err
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// messageOf is the key of what is wrong: with the one field, where it is about a field.
func messageOf(f *fault.Error) string {
	for _, key := range f.Fields {
		return key
	}
	return f.Message
}

// Panel is what comes back of an order, for its page at a desk.
type Panel struct {
	Desk
	Number   string
	Refunds  []Refund
	Returns  []Return
	Disputes []Dispute
}

// Return is a return with what the desk is to do about it: asked, approved, or nothing.
type Return struct {
	returns.Return
	Todo string
}

// Open says whether a return waits for the desk.
func (p Panel) Open() bool {
	for _, r := range p.Returns {
		if r.Todo != "" {
			return true
		}
	}
	return false
}

// PanelOf reads what comes back of an order.
func (s *Server) PanelOf(c echo.Context, d Desk, p orders.Page) (Panel, error) {
	ctx := c.Request().Context()
	panel := Panel{Desk: d, Number: p.Number, Refunds: Refunds(page.Lang(c), p, d.BrandID())}
	rs, err := s.Returns.OfOrder(ctx, p.ID, d.BrandID())
	if err != nil {
		return panel, err
	}
	for _, r := range rs {
		panel.Returns = append(panel.Returns, Return{r, todo(p, r)})
	}
	ds, err := s.Disputes.OfOrder(ctx, p.ID)
	for _, dispute := range ds {
		panel.Disputes = append(panel.Disputes, s.shown(page.Lang(c), dispute, p))
	}
	return panel, err
}

// todo is what a desk is to do about a return: answer a request, or note the arrival of what had left.
func todo(p orders.Page, r returns.Return) string {
	for _, sh := range p.Shipments {
		if sh.ID == r.ShipmentID && (r.State == returns.Asked || r.State == returns.Approved && sh.ShippedAt != nil) {
			return string(r.State)
		}
	}
	return ""
}
