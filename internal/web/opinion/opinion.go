// Package opinion has the pages of what buyers say: the form that a buyer rates with, and thanks who recommended, both found on the order's
// own page without an account; the ratings of a product and the guest book of a storefront, with the way to report what is wrong there; the
// desk where a brand answers, and the platform's queue.
//
//	/o/TOKEN/rate/:line, /o/TOKEN/thanks/:handle, /o/TOKEN/letters    the buyer's
//	/p/:slug/ratings, /@handle/thanks, /report/:part/:id              everybody's
//	/brand/:handle/ratings…    /me/guestbook…    /admin/ratings…      a brand's team, the owner of a guest book, the platform
//
// Panel, Book and Order are what other pages show of it.
package opinion

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/changes"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/orders"
	"relais/internal/postgres"
	"relais/internal/ratings"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	DB      *postgres.DB
	Orders  *orders.Service
	Ratings *ratings.Service
	Media   *media.Store
	Now     func() time.Time // business time
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	return map[string]int64{"/o/:token/rate/:line": ratings.MaxPhotos*media.MaxBytes + 64<<10}
}

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	o := e.Group("/o/:token", page.Private)
	o.GET("/rate/:line", s.showRate)
	o.POST("/rate/:line", s.rate)
	o.POST("/rate/:line/remove", s.unrate)
	o.GET("/thanks/:handle", s.showThank)
	o.POST("/thanks/:handle", s.thank)
	o.POST("/thanks/:handle/remove", s.unthank)
	o.GET("/letters", s.showLetters)
	o.POST("/letters", s.letters)

	e.GET("/p/:slug/ratings", s.ofProduct, s.Site.Shared(false))
	e.GET("/@:handle/thanks", s.book, s.Site.Shared(false))
	e.GET("/report/:part/:id", s.report)
	e.POST("/report/:part/:id", s.report)

	e.GET("/brand/:handle/ratings", s.desk, page.RequireBrand)
	e.POST("/brand/:handle/ratings/:id/reply", s.reply, page.RequireBrand)
	e.GET("/brand/:handle/ratings/:id/report", s.deskReport, page.RequireBrand)
	e.POST("/brand/:handle/ratings/:id/report", s.deskReport, page.RequireBrand)
	e.GET("/me/guestbook", s.own, page.RequireMember)
	e.POST("/me/guestbook/:id/hide", s.hide, page.RequireMember)
	e.POST("/me/guestbook/:id/answer", s.answer, page.RequireMember)
	s.queue().Routes(e)
}

// number reads a number in a route; what is none does not exist.
func number(c echo.Context, name string) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return n, nil
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

// Bar is how many ratings have a number of stars, and their part in per cent.
type Bar struct {
	Stars       int
	Count, Part int64
}

// Panel is what a product's page shows of its ratings.
type Panel struct {
	Stars page.Stars
	Bars  []Bar // five stars first
	List  []ratings.Rating
	URL   string // of all of them
	More  int64  // that are not in the list
}

// onProduct is how many ratings the page of a product shows.
const onProduct = 3

// PanelOf reads the newest ratings of a product; url is the page of all of them.
func PanelOf(c echo.Context, db *postgres.DB, productID int64, url string) (p Panel, err error) {
	ctx := c.Request().Context()
	sums, err := ratings.SumsOf(ctx, db, productID)
	if err != nil {
		return p, err
	}
	p = Panel{Stars: page.Stars{Tenths: sums.Tenths(), Count: sums.Count()}, Bars: barsOf(sums), URL: url}
	if p.List, err = ratings.Of(ctx, db, productID, 0, onProduct, 0); err != nil {
		return p, err
	}
	p.More = p.Stars.Count - int64(len(p.List))
	return p, nil
}

func barsOf(s ratings.Sums) []Bar {
	var bars []Bar
	for stars := 5; stars >= 1; stars-- {
		bars = append(bars, Bar{stars, s[stars-1], s.Part(stars)})
	}
	return bars
}

// Book is what a storefront shows of its guest book.
type Book struct {
	List []ratings.Thanks
	URL  string
	More int // that are not in the list
}

// onStorefront is how many entries a storefront shows of its guest book.
const onStorefront = 4

// BookOf reads the newest entries of a guest book.
func BookOf(c echo.Context, db *postgres.DB, storefrontID int64, handle string) (b Book, err error) {
	ctx := c.Request().Context()
	b.URL = "/@" + handle + "/thanks"
	if b.List, err = ratings.Book(ctx, db, storefrontID, onStorefront, 0); err != nil || len(b.List) < onStorefront {
		return b, err
	}
	n, err := ratings.BookCount(ctx, db, storefrontID, false)
	b.More = n - len(b.List)
	return b, err
}

// Order is what the page of an order offers its buyer to say.
type Order struct {
	Token  string
	Lines  []ratings.Bought // that may be rated, or were
	Relays []ratings.Relayed
}

// OrderOf reads it.
func OrderOf(c echo.Context, db *postgres.DB, o orders.Order) (Order, error) {
	data, ctx := Order{Token: o.Token}, c.Request().Context()
	lines, err := ratings.OfOrder(ctx, db, o.ID)
	if err != nil {
		return data, err
	}
	seen := map[int64]bool{}
	for _, l := range lines { // two variants of a product are rated once
		if !seen[l.ProductID] && (l.Rated() || l.May() == nil) {
			data.Lines, seen[l.ProductID] = append(data.Lines, l), true
		}
	}
	data.Relays, err = ratings.RelayedOf(ctx, db, o.ID)
	return data, err
}

// starOptions are the numbers of stars to choose from, the best first.
func starOptions(l i18n.Lang) []page.Option {
	var list []page.Option
	for stars := 5; stars >= 1; stars-- {
		list = append(list, page.Option{Value: strconv.Itoa(stars), Label: l.T("opinion.star", "Count", stars), End: ""})
	}
	return list
}

// book is all of a guest book, page by page.
func (s *Server) book(c echo.Context) error {
	ctx := c.Request().Context()
	front, err := s.front(c)
	if err != nil {
		return err
	}
	n, err := ratings.BookCount(ctx, s.DB, front.MemberID, false)
	if err != nil {
		return err
	}
	data := bookPage{Front: front, Pager: page.NewPager(c, bookSize, n)}
	if data.List, err = ratings.Book(ctx, s.DB, front.MemberID, bookSize, data.Pager.Offset()); err != nil {
		return err
	}
	page.Shows(c, changes.Member(front.MemberID))
	data.Empty = page.Empty{Icon: "heart", Title: page.Lang(c).T("opinion.book.empty"), Text: page.Lang(c).T("opinion.book.empty_text", "Name", front.MemberName),
		URL: front.Path(), Action: page.Lang(c).T("opinion.book.to_storefront")}
	return s.Site.Render(c, http.StatusOK, "opinion/book", data)
}
