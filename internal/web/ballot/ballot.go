// Package ballot has the pages of polls that decide: what is asked and how it went, the ballot, a brand's desk and the platform's.
//
//	/polls              what is open, and what was decided lately
//	/polls/CODE         one poll: its ballot with the price of the choice, its results for whom package polls shows them; whose link led there, where they earn; its picture at …/card.jpg
//	/polls/CODE/login   the way to vote of whoever has not logged in, with what they chose
//	/brand/HANDLE/polls the team's: drafts, their pictures, opening, cancelling, saying what was done and what came of it
//	/admin/polls        the platform's: what was reported, and taking a poll off
//
// The price of a choice is worked out as options are chosen (static/js/ballot.js), and without JavaScript by a button that asks for the page with what was chosen.
package ballot

import (
	"errors"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/money"
	"relais/internal/polls"
	"relais/internal/postgres"
	"relais/internal/web/page"
	"relais/internal/web/preview"
)

// Options is what the pages need.
type Options struct {
	Site  *page.Site
	DB    *postgres.DB
	Polls *polls.Service
	preview.Pictures
	Now     func() time.Time // business time
	BaseURL string
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	return map[string]int64{"/brand/:handle/polls/:code/picture": media.MaxBytes + 64<<10}
}

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	e.GET("/polls", s.list)
	e.GET("/polls/:code", s.poll)
	e.GET("/polls/:code/card.jpg", s.card)
	e.GET("/polls/:code/login", s.login)
	e.POST("/polls/:code/vote", s.vote, page.RequireMember)
	e.GET("/polls/:code/report", s.report)
	e.POST("/polls/:code/report", s.report)
	b := e.Group("/brand/:handle/polls", page.RequireBrand)
	b.GET("", s.desk)
	b.GET("/new", s.showNew)
	b.POST("/new", s.save)
	b.GET("/:code", s.one)
	b.POST("/:code", s.save)
	b.POST("/:code/picture", s.picture)
	b.POST("/:code/open", s.open)
	b.POST("/:code/delete", s.remove)
	b.POST("/:code/cancel", s.cancel)
	b.POST("/:code/answer", s.answer)
	b.POST("/:code/piece", s.name)
	s.queue().Routes(e)
	e.GET("/admin/polls/all", s.all, page.RequireAdmin)
	e.GET("/admin/polls/:code", s.look, page.RequireAdmin)
}

// listed is how many rows of a list a page has.
const listed = 20

// cut keeps a page's rows, of which one too many was asked for, and says where the rest is.
func cut(rows []polls.View, p *page.Pager, older *string) []polls.View {
	if len(rows) > listed {
		rows, *older = rows[:listed], p.URL(p.Page+1)
	}
	return rows
}

// stageClosing is that of a poll whose time has come, and which nobody has counted yet; the others are its states.
const stageClosing = "closing"

func stageOf(p polls.Poll, now time.Time) string {
	if p.State == polls.Open && !p.Votable(now) {
		return stageClosing
	}
	return string(p.State)
}

// effectOf is what an option does to the price, with its sign.
func effectOf(l i18n.Lang, minor int64, c money.Currency) string {
	switch {
	case minor == 0:
		return l.T("ballot.effect_none")
	case minor > 0:
		return "+" + l.Money(money.New(minor, c))
	}
	return "−" + l.Money(money.New(-minor, c))
}

// rangeOf is a price, or from what to what it goes.
func rangeOf(l i18n.Lang, low, high int64, c money.Currency) string {
	if low == high {
		return l.Money(money.New(low, c))
	}
	return l.T("ballot.price_range", "Low", l.Money(money.New(low, c)), "High", l.Money(money.New(high, c)))
}

// Decided is what was decided that a piece costs; empty: nothing was.
func Decided(l i18n.Lang, v polls.View) string {
	low, high, ok := v.Outcome()
	if !ok {
		return ""
	}
	return rangeOf(l, low.Minor, high.Minor, low.Currency)
}

// said tells of a fault that somebody can do something about at the head of the page to which they are led.
func (s *Server) said(c echo.Context, err error, done, path string) error {
	var refused *fault.Error
	switch {
	case err == nil:
		s.Site.Good(c, done)
	case errors.As(err, &refused) && (refused.Kind == fault.Conflict || refused.Kind == fault.Invalid):
		s.Site.Bad(c, refused.Message)
	default:
		return err
	}
	return page.Redirect(c, path)
}
