// Package workshop has the pages in which the team of a brand sees what members designed and bought, and makes it.
//
//	/brand/HANDLE/making                          what is to make, the most urgent first; what is ticked of it in one file
//	/brand/HANDLE/orders/NUMBER/designs/LINE      one line: pictures, job sheet, print files, and where its pieces stand
//
// Only the brand's team sees a design, and only once its order is paid; to others there is no such page.
package workshop

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/making"
	"relais/internal/orders"
	"relais/internal/postgres"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	DB      *postgres.DB
	Orders  *orders.Service
	Designs *designs.Service
	Making  *making.Service
	Now     func() time.Time // business time
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	g := e.Group("/brand/:handle", page.RequireBrand)
	g.GET("/making", s.list)
	g.GET("/making.zip", s.batch)
	p := g.Group("/orders/:number/designs/:line")
	p.GET("", s.show)
	p.POST("", s.step)
	p.GET("/picture", s.picture)
	p.GET("/picture/:view", s.picture)
	p.GET("/job", s.job)
	p.GET("/print", s.print)
	p.GET("/print/:sheet", s.sheet)
}

// piece is a line of an order of the brand that was paid, with its design as it was ordered.
type piece struct {
	Brand    catalog.Brand
	Order    orders.Page
	Shipment orders.Shipment
	Line     orders.Line
	Design   designs.Design
}

// Path is the page of the line.
func (p piece) Path() string { return linePath(p.Brand.Handle, p.Order.Number, p.Line.ID) }

// Standing is where its pieces stand.
func (p piece) Standing() designs.Standing { return p.Line.Standing(p.Line.PiecesLeft()) }

// Open says whether a step can be taken.
func (p piece) Open() bool {
	return p.Order.State == orders.Paid && p.Shipment.State == orders.Preparing && p.Line.PiecesLeft() > 0
}

func (s *Server) brand(c echo.Context) (catalog.Brand, error) {
	return catalog.BrandByHandle(c.Request().Context(), s.DB, c.Param("handle"), "")
}

func (s *Server) piece(c echo.Context) (p piece, err error) {
	if p.Brand, err = s.brand(c); err != nil {
		return p, err
	}
	return s.read(c.Request().Context(), p.Brand, c.Param("number"), c.Param("line"))
}

// read finds a line of an order.
func (s *Server) read(ctx context.Context, b catalog.Brand, number, line string) (p piece, err error) {
	p.Brand = b
	if p.Order, err = s.Orders.ByNumber(ctx, b.ID, number); err != nil {
		return p, err
	}
	if p.Order.PaidAt == nil {
		return p, orders.ErrOrderGone
	}
	for _, sh := range p.Order.Shipments {
		if sh.BrandID == b.ID {
			p.Shipment = sh
		}
	}
	p.Line, p.Design, err = orderform.Ordered(ctx, s.DB, line, p.Shipment)
	return p, err
}

type piecePage struct {
	piece
	Form    *page.Form
	Choices []page.Option // of what may be begun anew
	Due     time.Time
	Late    bool // and pieces are still to be made
}

func (s *Server) answer(c echo.Context, p piece, form *page.Form) error {
	l, now := page.Lang(c), p.Standing()
	data := piecePage{piece: p, Form: form, Due: p.Order.PaidAt.AddDate(0, 0, p.Design.Base.Days)}
	data.Late = p.Open() && now.ToMake+now.Under > 0 && data.Due.Before(s.Now())
	if now.Under > 0 {
		data.Choices = append(data.Choices, page.Option{Value: string(making.Begun), Label: l.T("making.of.begun", "Count", now.Under)})
	}
	if now.Made > 0 {
		data.Choices = append(data.Choices, page.Option{Value: string(making.Made), Label: l.T("making.of.made", "Count", now.Made)})
	}
	return s.Site.Render(c, form.Status(), "workshop/piece", data)
}

func (s *Server) show(c echo.Context) error {
	p, err := s.piece(c)
	if err != nil {
		return err
	}
	return s.answer(c, p, page.NewForm())
}

// step takes down what was done.
func (s *Server) step(c echo.Context) error {
	p, err := s.piece(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = s.Making.Take(c.Request().Context(), making.Step{BrandID: p.Brand.ID, OrderID: p.Order.ID, LineID: p.Line.ID, By: page.ViewerFrom(c).ID,
		Kind: making.Kind(form.Get("kind")), Pieces: form.Int("pieces", 0), Of: making.Kind(form.Get("of")), Reason: form.Get("reason"),
		Seen: designs.Standing{ToMake: form.Int("to_make", -1), Under: form.Int("under", -1), Made: form.Int("made", -1)}})
	switch {
	case errors.Is(err, fault.Conflict) && form.Refused(err): // what the page shows is behind
		if p, err = s.piece(c); err != nil {
			return err
		}
		return s.answer(c, p, form)
	case form.Refused(err):
		return s.answer(c, p, form)
	case err != nil:
		return err
	}
	s.Site.Good(c, "making.noted")
	return page.Redirect(c, p.Path())
}

func (s *Server) picture(c echo.Context) error {
	p, err := s.piece(c)
	if err != nil {
		return err
	}
	return orderform.Picture(c, s.Designs, p.Design, c.Param("view"))
}

// mostListed is how many lines a page of the list shows, and one archive holds.
const mostListed = 40

type listPage struct {
	Brand catalog.Brand
	Lines []waiting
	Pager *page.Pager
	Empty page.Empty
}

type waiting struct {
	making.Waiting
	Path string
	Late bool
}

func (s *Server) list(c echo.Context) error {
	b, err := s.brand(c)
	if err != nil {
		return err
	}
	l := page.Lang(c)
	data := listPage{Brand: b, Pager: page.NewPager(c, mostListed, 0), Empty: page.Empty{Icon: "pencil", Title: l.T("making.none"), Text: l.T("making.none_text"), URL: "/brand/" + b.Handle + "/products", Action: l.T("making.to_products")}}
	list, total, err := making.ToMake(c.Request().Context(), s.DB, b.ID, mostListed, data.Pager.Offset())
	if err != nil {
		return err
	}
	data.Pager.Total = total
	for _, w := range list {
		data.Lines = append(data.Lines, waiting{w, linePath(b.Handle, w.OrderNumber, w.LineID), w.Due().Before(s.Now())})
	}
	return s.Site.Render(c, http.StatusOK, "workshop/list", data)
}
