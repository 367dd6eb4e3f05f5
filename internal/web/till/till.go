// Package till has the pages of whoever receives money: what was earned and why, when it comes free, where it is paid
// to and the statement of each payout; for a brand also the orders to send; for a member what they bought themselves.
//
// A member and a brand see the same pages, each with their own payee. A side says whose a request is about; it is made
// by the guard of the route, so that no handler can forget to ask:
//
//	/me/earnings              member:  the signed-in member's payee
//	/brand/:handle/earnings   team:    the brand's payee, for its team; to others the page does not exist
package till

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payouts"
	"relais/internal/postgres"
	"relais/internal/support"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site      *page.Site
	DB        *postgres.DB
	Orders    *orders.Service
	Support   *support.Service
	Aftersale *aftersale.Server // what comes back of an order
	Payouts   *payouts.Service
	Now       func() time.Time // business time
	BaseURL   string           // of the site, without a slash at its end
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	for base, guard := range map[string]guard{"/me": s.member, "/brand/:handle": s.team} {
		e.GET(base+"/earnings", guard(s.earnings))
		e.GET(base+"/earnings.csv", guard(s.earningsCSV))
		e.GET(base+"/earnings/debts", guard(s.debts))
		e.GET(base+"/earnings/:id", guard(s.earning))
		e.GET(base+"/payouts", guard(s.payouts))
		e.GET(base+"/documents", guard(s.documents))
		e.GET(base+"/documents.csv", guard(s.documentsCSV))
		e.GET(base+"/documents/:file", guard(s.document))
		e.GET(base+"/payouts/:id", guard(s.statement)) // and :id.csv
		e.POST(base+"/payouts/account", guard(s.onboard))
		e.GET(base+"/payouts/account/return", guard(s.onboarded))
		e.GET(base+"/payouts/account/refresh", guard(s.onboardAgain))
		e.POST(base+"/payouts/account/dashboard", guard(s.dashboard))
		e.POST(base+"/payouts/account/another", guard(s.another))
		e.POST(base+"/payouts/cadence", guard(s.chooseCadence))
		e.POST(base+"/payouts/now", guard(s.payNow))
	}
	e.GET("/me/orders", s.member(s.purchases))
	e.GET("/me/insight", s.member(s.insight))
	e.GET("/me/insight.csv", s.member(s.insightCSV))
	e.GET("/brand/:handle/relays", s.team(s.insight))
	e.GET("/brand/:handle/relays.csv", s.team(s.insightCSV))
	e.GET("/brand/:handle/orders", s.team(s.orders))
	e.GET("/brand/:handle/orders/:number", s.team(s.order))
	e.GET("/brand/:handle/orders/:number/slip", s.team(s.slip))
	e.POST("/brand/:handle/orders/:number/ship", s.team(s.ship))
	e.POST("/brand/:handle/orders/:number/received", s.team(s.received))
	e.POST("/brand/:handle/orders/:number/messages", s.team(s.write))
}

// side is whose money a request is about.
type side struct {
	Owner earnings.Owner
	Base  string         // "/me" or "/brand/handle"
	Brand *catalog.Brand // nil: the member's own
	Boss  bool           // may say where the money goes
}

type (
	handler func(echo.Context, side) error
	guard   func(handler) echo.HandlerFunc
)

// member lets signed-in members see what is theirs.
func (s *Server) member(h handler) echo.HandlerFunc {
	return page.RequireMember(func(c echo.Context) error {
		return h(c, side{Owner: earnings.Owner{MemberID: page.ViewerFrom(c).ID}, Base: "/me", Boss: true})
	})
}

// team lets a brand's team see what is the brand's.
func (s *Server) team(h handler) echo.HandlerFunc {
	return page.RequireBrand(func(c echo.Context) error {
		b, err := catalog.BrandByHandle(c.Request().Context(), s.DB, c.Param("handle"), "")
		if err != nil {
			return err
		}
		ref, _ := page.ViewerFrom(c).Brand(b.Handle)
		return h(c, side{Owner: earnings.Owner{BrandID: b.ID}, Base: "/brand/" + b.Handle, Brand: &b, Boss: ref.Role == string(catalog.Owner)})
	})
}

var errNotFound = fault.New(fault.NotFound, "fault.page_not_found")

// payeeID is the payee of a side; 0 where nothing was ever earned.
func (s *Server) payeeID(ctx context.Context, of side) (int64, error) {
	id, err := earnings.PayeeID(ctx, s.DB, of.Owner)
	if errors.Is(err, fault.NotFound) {
		return 0, nil
	}
	return id, err
}

// somePayeeID is payeeID for pages about one thing of the payee, which nobody without a payee has.
func (s *Server) somePayeeID(ctx context.Context, of side) (int64, error) {
	id, err := s.payeeID(ctx, of)
	if err == nil && id == 0 {
		return 0, errNotFound
	}
	return id, err
}

// number reads a positive number; what is none does not exist.
func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, errNotFound
	}
	return n, nil
}

// listed is how many rows of a list a page has.
const listed = 50

// older is the address of the rest of a list after its first rows; empty where that was all. It keeps the query.
func older(c echo.Context, more bool, lastID int64) string {
	if !more {
		return ""
	}
	query := c.QueryParams()
	query.Set("before", strconv.FormatInt(lastID, 10))
	return c.Request().URL.Path + "?" + query.Encode()
}

func before(c echo.Context) int64 {
	n, err := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// amounts writes sums of several currencies in one line.
func amounts(l i18n.Lang, list ...money.Amount) string {
	text := ""
	for i, a := range list {
		if i > 0 {
			text += " + "
		}
		text += l.Money(a)
	}
	return text
}

func (s *Server) render(c echo.Context, name string, data any) error {
	return s.Site.Render(c, http.StatusOK, "till/"+name, data)
}
