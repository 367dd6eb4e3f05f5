// Package admin has the pages of the platform's own people: whether the books hold, members, brands, orders, payouts,
// jobs, what the payment provider told us, and in a demo the clock. To everybody else they do not exist.
//
// Whatever changes money or roles is written into the log of who did what by the use case that does it.
package admin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/debts"
	"relais/internal/fault"
	"relais/internal/ledger"
	"relais/internal/members"
	"relais/internal/orders"
	"relais/internal/payouts"
	"relais/internal/postgres"
	"relais/internal/reconcile"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
	"relais/internal/webhooks"
)

// Options is what the pages need.
type Options struct {
	Site      *page.Site
	DB        *postgres.DB
	Members   *members.Service
	Catalog   *catalog.Service
	Orders    *orders.Service
	Aftersale *aftersale.Server // what comes back of an order
	Debts     *debts.Service
	Payouts   *payouts.Service
	Webhooks  *webhooks.Service
	Reconcile *reconcile.Service
	Audit     func(context.Context) ([]ledger.Finding, error)
	Now       func() time.Time // business time
	Clock     func() time.Time // real time

	// Advance moves business time ahead by days and does what that makes due; nil where this is no demo.
	Advance func(ctx context.Context, days int) error
}

// Server answers the pages. Create it with New.
type Server struct {
	Options
	mu   sync.Mutex
	last audit // of this process; guarded by mu
}

// New returns the server.
func New(o Options) *Server { return &Server{Options: o} }

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	admin := page.RequireAdmin
	e.GET("/admin", s.overview, admin)
	e.POST("/admin/audit", s.audit, admin)
	e.GET("/admin/members", s.members, admin)
	e.POST("/admin/members/:id/block", s.blockMember, admin)
	e.POST("/admin/members/:id/promote", s.promote, admin)
	e.GET("/admin/brands", s.brands, admin)
	e.POST("/admin/brands/:id/block", s.blockBrand, admin)
	e.GET("/admin/documents", s.documents, admin)
	e.GET("/admin/documents/:file", s.document, admin)
	e.GET("/admin/orders", s.orders, admin)
	e.GET("/admin/orders/:number", s.order, admin)
	s.payoutRoutes(e)
	e.GET("/admin/debts", s.debts, admin)
	e.POST("/admin/debts/:id/recover", s.recoverDebt, admin)
	e.POST("/admin/debts/:id/write-off", s.writeOff, admin)
	e.POST("/admin/debts/write-offs/:id", s.decideWriteOff, admin)
	e.GET("/admin/jobs", s.jobs, admin)
	e.POST("/admin/jobs/:id/retry", s.retry, admin)
	e.GET("/admin/webhooks", s.webhooks, admin)
	e.GET("/admin/reconciliation", s.reconciliation, admin)
	e.POST("/admin/reconciliation", s.compareNow, admin)
	e.POST("/admin/reconciliation/:id", s.judgeDifference, admin)
	e.GET("/admin/reconciliation.csv", s.differencesFile, admin)
	e.GET("/admin/revenue.csv", s.revenueFile, admin)
	if s.Advance != nil {
		e.GET("/admin/clock", s.clock, admin)
		e.POST("/admin/clock", s.advance, admin)
	}
}

var errNotFound = fault.New(fault.NotFound, "fault.page_not_found")

// by is the admin who acts.
func by(c echo.Context) int64 { return page.ViewerFrom(c).ID }

// id reads the number in a route; what is none does not exist.
func id(c echo.Context) (int64, error) {
	n, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, errNotFound
	}
	return n, nil
}

// listed is how many rows of a list a page has.
const listed = 50

// list is the frame of a list: what is searched, and where the rest of it is.
type list struct {
	Search string
	Older  string
	number int
}

func listOf(c echo.Context) list {
	n, err := strconv.Atoi(c.QueryParam("page"))
	if err != nil || n < 1 || n > 100_000 {
		n = 1
	}
	return list{Search: page.QueryForm(c).Get("q"), number: n}
}

func (l *list) offset() int { return (l.number - 1) * listed }

// more says whether rows, of which one too many was asked for, go on, and where.
func (l *list) more(c echo.Context, rows int) int {
	if rows <= listed {
		return rows
	}
	query := c.QueryParams()
	query.Set("page", strconv.Itoa(l.number+1))
	l.Older = c.Request().URL.Path + "?" + query.Encode()
	return listed
}

// done leads to a page and says what was done, or why it was not.
func (s *Server) done(c echo.Context, err error, key, path string) error {
	var refused *fault.Error
	switch {
	case err == nil:
		s.Site.Good(c, key)
	case errors.As(err, &refused) && (refused.Kind == fault.Conflict || refused.Kind == fault.Forbidden || refused.Kind == fault.Invalid):
		s.Site.Bad(c, refused.Message)
	default:
		return err
	}
	return c.Redirect(http.StatusSeeOther, path)
}

func (s *Server) render(c echo.Context, name string, data any) error {
	return s.Site.Render(c, http.StatusOK, "admin/"+name, data)
}
