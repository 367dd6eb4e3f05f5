// Package launch has the pages of launches: a brand's team asks for promises to a piece that is not made yet, sees how it stands, ends it early, moves its
// month once, and says when it is in production and made; everybody sees those that are open.
//
//	/brand/HANDLE/launches ──▶ …/launches/new ──▶ /p/SLUG, which shows the launch in place of the basket ──▶ /launches/CODE/join (package groupbuy)
//	/launches ────────────────────────────────────▲
//	/launches/CODE ───────────────────────────────┘ or, of a launch that came to nothing, how it ended and why
//
// Whoever joins does so on the pages of package groupbuy, as for a group order.
package launch

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/pledges"
	"relais/internal/pledges/late"
	"relais/internal/polls"
	"relais/internal/postgres"
	"relais/internal/web/ballot"
	"relais/internal/web/idea"
	"relais/internal/web/page"
	"relais/internal/web/tally"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	DB      *postgres.DB
	Pledges *pledges.Service
	Late    *late.Service
	Now     func() time.Time // business time
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	e.GET("/launches", s.open)
	e.GET("/launches/:code", s.one)
	b := e.Group("/brand/:handle/launches", page.RequireBrand)
	b.GET("", s.ofBrand)
	b.GET("/new", s.drafting)
	b.POST("/new", s.launch)
	b.POST("/:id/end", s.end)
	b.POST("/:id/start", s.start)
	b.POST("/:id/made", s.made)
	b.GET("/:code/later", s.postponing)
	b.POST("/:code/later", s.postpone)
	b.GET("/:code/unmade", s.unmaking)
	b.POST("/:code/unmade", s.unmake)
}

// listed is how many launches a page has.
const listed = 24

type openPage struct {
	Launches []tally.Launch
	Older    string
	Empty    page.Empty
}

// open is the launches that everybody can join, the first to end first.
func (s *Server) open(c echo.Context) error {
	l, pager := page.Lang(c), page.NewPager(c, listed, 0)
	vs, err := s.Pledges.OpenLaunches(c.Request().Context(), l, listed+1, pager.Offset())
	if err != nil {
		return err
	}
	data := openPage{Empty: page.Empty{Icon: "package", Title: l.T("launches.empty.title"), Text: l.T("launches.empty.text"), URL: "/products", Action: l.T("launches.empty.action")}}
	data.Launches, data.Older, err = s.panels(c, vs, pager)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "launch/open", data)
}

// one leads to the page of what is launched, or was; of a launch that came to nothing it says how it ended, for everybody: its product is a draft again.
func (s *Server) one(c echo.Context) error {
	v, err := s.Pledges.ByCode(c.Request().Context(), c.Param("code"), page.Lang(c))
	switch {
	case err == nil && !v.IsLaunch():
		return pledges.ErrGone
	case err != nil:
		return err
	case !v.Over():
		return c.Redirect(http.StatusFound, v.Path())
	}
	return s.Site.Render(c, http.StatusOK, "launch/over", tally.OfLaunch(page.Lang(c), v, nil, s.Now()))
}

// panels are launches as lists show them, and the address of the rest; of which one too many was asked for.
func (s *Server) panels(c echo.Context, vs []pledges.View, pager *page.Pager) (list []tally.Launch, older string, err error) {
	if len(vs) > listed {
		vs, older = vs[:listed], pager.URL(pager.Page+1)
	}
	ids := make([]int64, len(vs))
	for i, v := range vs {
		ids[i] = v.ID
	}
	moves, err := late.MovesOf(c.Request().Context(), s.DB, ids...)
	for _, v := range vs {
		list = append(list, tally.OfLaunch(page.Lang(c), v, moves[v.ID], s.Now()))
	}
	return list, older, err
}

type brandPage struct {
	Brand    page.BrandRef
	Base     string
	Launches []tally.Launch
	Older    string
	Empty    page.Empty
}

// ofBrand is the launches of a brand, for its team.
func (s *Server) ofBrand(c echo.Context) error {
	l, pager := page.Lang(c), page.NewPager(c, listed, 0)
	brand, _ := page.ViewerFrom(c).Brand(c.Param("handle"))
	vs, err := s.Pledges.LaunchesOf(c.Request().Context(), brand.ID, l, listed+1, pager.Offset())
	if err != nil {
		return err
	}
	data := brandPage{Brand: brand, Base: baseOf(brand)}
	data.Empty = page.Empty{Icon: "package", Title: l.T("launches.brand.empty.title"), Text: l.T("launches.brand.empty.text"), URL: data.Base + "/new", Action: l.T("launches.brand.new")}
	data.Launches, data.Older, err = s.panels(c, vs, pager)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "launch/brand", data)
}

func baseOf(b page.BrandRef) string { return "/brand/" + b.Handle + "/launches" }

// What the form says before anything is typed.
const (
	firstDays = 30
	rows      = 3 // of steps
)

type newPage struct {
	Brand    page.BrandRef
	Base     string
	Form     *page.Form
	Products []page.Option // drafts with a price
	Ideas    []page.Option // from which it may stem
	Poll     *polls.View   // that it comes of; nil: none
	Decided  string        // what was decided there that it costs
	Months   []page.Option
	Rows     []int
	Empty    page.Empty
	MaxPlan  int
}

func (s *Server) drafting(c echo.Context) error {
	return s.showDrafting(c, page.NewForm("days", strconv.Itoa(firstDays), "product", c.QueryParam("product"), "idea", c.QueryParam("idea"), "poll", c.QueryParam("poll")))
}

// showDrafting is the form with which a launch is opened.
func (s *Server) showDrafting(c echo.Context, form *page.Form) error {
	ctx, l, now := c.Request().Context(), page.Lang(c), s.Now()
	brand, _ := page.ViewerFrom(c).Brand(c.Param("handle"))
	cards, err := catalog.BrandCards(ctx, s.DB, l, now, brand.ID)
	if err != nil {
		return err
	}
	data := newPage{Brand: brand, Base: baseOf(brand), Form: form, MaxPlan: pledges.MaxPlan}
	if data.Ideas, err = idea.Choices(c, s.DB, brand.ID); err != nil {
		return err
	}
	if code := form.Get("poll"); code != "" {
		v, err := polls.DecidedOf(ctx, s.DB, brand.ID, code, l)
		if err != nil {
			return err
		}
		data.Poll, data.Decided = &v, ballot.Decided(l, v)
		if v.IdeaID != nil && form.Get("idea") == "" {
			form.Set("idea", strconv.FormatInt(*v.IdeaID, 10))
		}
	}
	for _, card := range cards {
		if card.State == catalog.Draft && card.MinMinor > 0 {
			data.Products = append(data.Products, page.Option{Value: strconv.FormatInt(card.ID, 10), Label: card.Title + " · " + l.Money(card.From())})
		}
	}
	data.Empty = page.Empty{Icon: "package", Title: l.T("launches.new.empty.title"), Text: l.T("launches.new.empty.text"), URL: "/brand/" + brand.Handle + "/products/new", Action: l.T("launches.new.empty.action")}
	// From this month on, for as long as any launch may promise: which of them fit is said where the days are known.
	for i := range pledges.LaterMonths + 3 {
		month := firstOf(now).AddDate(0, i, 0)
		data.Months = append(data.Months, page.Option{Value: month.Format(monthForm), Label: l.Month(month)})
	}
	for i := range rows {
		data.Rows = append(data.Rows, i)
	}
	return s.Site.Render(c, form.Status(), "launch/new", data)
}

// monthForm is how a month stands in the form.
const monthForm = "2006-01"

func firstOf(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC) }

// launch opens the launch that was typed, and leads to its product's page.
func (s *Server) launch(c echo.Context) error {
	form := page.PostedForm(c)
	brand, _ := page.ViewerFrom(c).Brand(c.Param("handle"))
	_, err := s.Pledges.Launch(c.Request().Context(), page.ViewerFrom(c).ID, brand.ID, typed(form))
	if form.Refused(err) {
		return s.showDrafting(c, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "launches.new.done")
	return page.Redirect(c, baseOf(brand))
}

// typed is the launch as it was typed. What cannot be read is 0, and refused at its field.
func typed(form *page.Form) pledges.LaunchDraft {
	d := pledges.LaunchDraft{ProductID: form.Int("product", 0), Goal: whole(form.Get("goal")), Days: whole(form.Get("days")), Plan: form.Raw("plan"), Poll: form.Get("poll"), Why: form.Raw("why")}
	if id := form.Int("idea", 0); id != 0 {
		d.IdeaID = &id
	}
	if form.Get("max") != "" {
		if d.Max = whole(form.Get("max")); d.Max == 0 {
			d.Max = -1
		}
	}
	d.Expected, _ = time.Parse(monthForm, form.Get("expected"))
	for row := range rows {
		people, less := form.Get(steps.Field(row, "people")), form.Get(steps.Field(row, "less"))
		if people == "" && less == "" {
			continue
		}
		form.Set(steps.Field(row, "people"), "")
		form.Set(steps.Field(row, "less"), "")
		at := len(d.Steps) // a row's number is that of its step
		form.Set(steps.Field(at, "people"), people)
		form.Set(steps.Field(at, "less"), less)
		d.Steps = append(d.Steps, steps.Step{People: whole(people), LessBps: percent(less)})
	}
	return d
}

// whole is a number of pieces or days as people type it: "1 000".
func whole(typed string) int {
	n, err := strconv.Atoi(strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "").Replace(typed))
	if err != nil || n < 0 || n > math.MaxInt32 {
		return 0
	}
	return n
}

// percent reads a percentage with two decimals at most ("12", "12,5") as basis points; 0: it is none.
func percent(typed string) int64 {
	a, err := money.Parse(strings.TrimSuffix(strings.TrimSpace(typed), "%"), "EUR") // a currency of two decimals
	if err != nil {
		return 0
	}
	return a.Minor
}

// end ends a launch for its brand, which may do so until the deadline.
func (s *Server) end(c echo.Context) error { return s.do(c, s.Pledges.End, "launches.brand.ended") }

// start says that what was launched is in production.
func (s *Server) start(c echo.Context) error {
	return s.do(c, s.Pledges.Start, "launches.brand.started")
}

// made says that it is made, and for sale from now on.
func (s *Server) made(c echo.Context) error { return s.do(c, s.Pledges.Made, "launches.brand.made") }

type unmakePage struct {
	pledges.View
	Brand     page.BrandRef
	Base      string
	Form      *page.Form
	MaxReason int
}

// unmaking is the form with which a brand gives a launch up.
func (s *Server) unmaking(c echo.Context) error { return s.showUnmaking(c, page.NewForm()) }

func (s *Server) showUnmaking(c echo.Context, form *page.Form) error {
	brand, v, err := s.launchOf(c)
	if err != nil {
		return err
	}
	if v.State != pledges.Reached || v.MadeAt != nil || v.StoppedAt != nil {
		return page.Redirect(c, baseOf(brand))
	}
	return s.Site.Render(c, form.Status(), "launch/unmake", unmakePage{v, brand, baseOf(brand), form, pledges.MaxNote})
}

// launchOf is the launch of the address, which is the brand's.
func (s *Server) launchOf(c echo.Context) (page.BrandRef, pledges.View, error) {
	brand, _ := page.ViewerFrom(c).Brand(c.Param("handle"))
	v, err := s.Pledges.ByCode(c.Request().Context(), c.Param("code"), page.Lang(c))
	if err == nil && (!v.IsLaunch() || v.BrandID != brand.ID) {
		err = pledges.ErrGone
	}
	return brand, v, err
}

// unmake says, with a reason, that what was launched will not be made.
func (s *Server) unmake(c echo.Context) error {
	brand, v, err := s.launchOf(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = s.Pledges.Unmake(c.Request().Context(), page.ViewerFrom(c).ID, brand.ID, v.ID, form.Raw("reason"))
	if form.Refused(err) && form.Error(page.Lang(c), "reason") != "" {
		return s.showUnmaking(c, form)
	}
	return s.said(c, brand, err, "launches.brand.unmade")
}

// do has a member of the team do something with the launch of the address, and returns to the list, which says what came of it.
func (s *Server) do(c echo.Context, do func(ctx context.Context, memberID, brandID, id int64) error, done string) error {
	brand, _ := page.ViewerFrom(c).Brand(c.Param("handle"))
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return pledges.ErrGone
	}
	return s.said(c, brand, do(c.Request().Context(), page.ViewerFrom(c).ID, brand.ID, id), done)
}

// said returns to the list, which says what came of it.
func (s *Server) said(c echo.Context, brand page.BrandRef, err error, done string) error {
	refused, ok := errors.AsType[*fault.Error](err)
	switch {
	case err == nil:
		s.Site.Good(c, done)
	case ok && refused.Kind == fault.Conflict:
		s.Site.Bad(c, refused.Message)
	default:
		return err
	}
	return page.Redirect(c, baseOf(brand))
}
