// Package inbox has the pages on which buyers and brands write to each other about an order: a conversation as its buyer sees it, and a
// brand's inbox with each of its conversations.
//
//	/o/TOKEN/talk/BRAND…       the buyer's, without an account
//	/brand/:handle/inbox…      the team's; to others it does not exist
//	/admin/talks…              what one side reported of the other, while it waits for the platform's decision
//
// Photographs answer under the address of their conversation, to who may read it and to nobody else.
package inbox

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/media"
	"relais/internal/orders"
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
	Media     *media.Store
	Now       func() time.Time // business time
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

const (
	buyerRoute = "/o/:token/talk/:brand"
	brandRoute = "/brand/:handle/inbox"
)

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	const most = support.MaxPhotos*media.MaxBytes + 64<<10
	return map[string]int64{buyerRoute: most, brandRoute + "/:number": most}
}

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	o := e.Group(buyerRoute, page.Private)
	o.GET("", s.buyers(s.talk))
	o.POST("", s.buyers(s.ask))
	o.POST("/solve", s.buyers(s.solvedByBuyer))
	o.POST("/pleased", s.buyers(s.pleased))
	o.GET("/photos/:file", s.buyers(s.buyersPhoto))
	o.POST("/held/:held", s.buyers(s.buyerSays))
	o.GET("/report/:message", s.buyers(s.buyerReports))
	o.POST("/report/:message", s.buyers(s.buyerReports))

	b := e.Group(brandRoute, page.RequireBrand)
	b.GET("", s.inbox)
	b.GET("/settings", s.settings)
	b.POST("/hours", s.saveHours)
	b.POST("/tags", s.addTag)
	b.POST("/tags/:id/remove", s.removeTag)
	b.POST("/senders", s.addSender)
	b.POST("/senders/remove", s.removeSender)
	b.POST("/replies", s.putReply)
	b.POST("/replies/:id", s.putReply)
	b.POST("/replies/:id/remove", s.removeReply)
	b.GET("/:number", s.team(s.conversation))
	b.POST("/:number", s.team(s.answer))
	b.POST("/:number/solve", s.team(s.solvedByBrand))
	b.POST("/:number/assign", s.team(s.assign))
	b.POST("/:number/tags", s.team(s.tag))
	b.GET("/:number/photos/:file", s.team(s.brandsPhoto))
	b.POST("/:number/held/:held", s.team(s.brandSays))
	b.GET("/:number/report/:message", s.team(s.brandReports))
	b.POST("/:number/report/:message", s.team(s.brandReports))

	e.GET("/admin/talks", s.queue, page.RequireAdmin)
	e.POST("/admin/talks/:id", s.decide, page.RequireAdmin)
	e.GET("/admin/talks/:id/photos/:file", s.judgedPhoto, page.RequireAdmin)
}

var errNotFound = fault.New(fault.NotFound, "fault.page_not_found")

// number reads a number in a route; what is none does not exist.
func number(c echo.Context, name string) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, errNotFound
	}
	return n, nil
}

// desk is the brand whose inbox a request is about. The guard has made sure that the viewer is on its team.
func (s *Server) desk(c echo.Context) (catalog.Brand, error) {
	return catalog.BrandByHandle(c.Request().Context(), s.DB, c.Param("handle"), "")
}

// orNone is a conversation that may not have begun.
func orNone(found support.Conversation, err error) (support.Conversation, error) {
	if errors.Is(err, support.ErrGone) {
		return support.Conversation{}, nil
	}
	return found, err
}

// photos stores the photographs that the form brings, unless the message is refused, and returns their numbers.
func (s *Server) photos(c echo.Context, orderID, brandID int64, d support.Draft) (ids []int64, err error) {
	form, err := c.MultipartForm()
	if err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, err
	}
	n := sent(c)
	d.Photos = make([]int64, n)
	if n == 0 {
		return nil, nil
	}
	if err := s.Support.May(c.Request().Context(), orderID, brandID, d); err != nil {
		return nil, err
	}
	for _, header := range form.File["photos"] {
		file, err := header.Open()
		if err != nil {
			return nil, err
		}
		p, err := s.Media.SavePrivate(c.Request().Context(), s.DB, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, onField(err)
		}
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// sent is how many files the form brings.
func sent(c echo.Context) int {
	form, err := c.MultipartForm()
	if err != nil {
		return 0
	}
	return len(form.File["photos"])
}

// onField names our field in what is wrong with a file.
func onField(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		return err
	}
	return fault.Field("photos", f.Message)
}

// photograph answers one rendition of a photograph in a conversation that the side may read.
func (s *Server) photograph(c echo.Context, conversationID int64, side support.Side) error {
	shown, err := support.Shows(c.Request().Context(), s.DB, conversationID, side, media.HashOf(c.Param("file")))
	if err == nil && !shown {
		err = errNotFound
	}
	if err != nil {
		return err
	}
	f, err := s.Media.OpenNamed(c.Param("file"))
	if err != nil {
		return err
	}
	defer f.Close()
	h := c.Response().Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Type", "image/jpeg")
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, f)
	return nil
}

// done leads to a page and says what was done, or why it was not: somebody may have been quicker.
func (s *Server) done(c echo.Context, err error, key, path string) error {
	refused, ok := errors.AsType[*fault.Error](err)
	switch {
	case err == nil:
		s.Site.Good(c, key)
	case ok && refused.Kind == fault.Conflict:
		s.Site.Bad(c, refused.Message)
	default:
		return err
	}
	return page.Redirect(c, path)
}
