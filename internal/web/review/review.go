// Package review has the pages of reviews, appeals and claims. A member sees what is looked at and why, appeals, and asks after a missing
// sale; a brand and the platform decide, each at its own desk, with the same pages.
//
//	/me/reviews/:id, /me/claims…              the member's own
//	/brand/:handle/reviews…, …/claims/:id     about the brand's sales, for its team; to others the page does not exist
//	/admin/reviews…, /admin/claims/:id        all of them; only here are appeals decided
//
// The member never reads who bought; the desks read what they see on the order anyway.
package review

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/postgres"
	"relais/internal/reviews"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	DB      *postgres.DB
	Reviews *reviews.Service
	Now     func() time.Time // business time
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	e.GET("/me/reviews/:id", s.mine, page.RequireMember)
	e.POST("/me/reviews/:id/appeal", s.appeal, page.RequireMember)
	e.GET("/me/claims", s.claims, page.RequireMember)
	e.GET("/me/claims/new", s.newClaim, page.RequireMember)
	e.POST("/me/claims", s.ask, page.RequireMember)
	e.GET("/me/claims/:id", s.claim, page.RequireMember)
	for base, guard := range map[string]guard{"/brand/:handle": s.team, "/admin": s.platform} {
		e.GET(base+"/reviews", guard(s.queue))
		e.GET(base+"/reviews/:id", guard(s.look))
		e.POST(base+"/reviews/:id", guard(s.decide))
		e.GET(base+"/claims/:id", guard(s.deskClaim))
		e.POST(base+"/claims/:id", guard(s.answer))
	}
	e.POST("/admin/reviews/:id/appeal", s.platform(s.answerAppeal))
}

// Desk is who works with a page: a brand's team, or the platform.
type Desk struct {
	Base  string         // "/brand/handle" or "/admin"
	Brand *catalog.Brand // nil: the platform
}

// BrandID is whose sales may be decided about; 0: everybody's.
func (d Desk) BrandID() int64 {
	if d.Brand == nil {
		return 0
	}
	return d.Brand.ID
}

// as is who decides at this desk.
func (d Desk) as() string {
	if d.Brand == nil {
		return reviews.ByPlatform
	}
	return reviews.ByBrand
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

// id reads a number in a route; what is none does not exist.
func id(c echo.Context) (int64, error) {
	n, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return n, nil
}

// by is who acts.
func by(c echo.Context) int64 { return page.ViewerFrom(c).ID }

// verdict is what a form decides: "yes" or "no", with a reason. A form without a choice is a fault of its field.
func verdict(form *page.Form, d Desk, by int64) (reviews.Verdict, error) {
	v := reviews.Verdict{BrandID: d.BrandID(), By: by, Yes: form.Get("do") == "yes", Why: form.Raw("why")}
	if !v.Yes && form.Get("do") != "no" {
		return v, fault.Field("do", "fault.required")
	}
	return v, nil
}

type queuePage struct {
	Desk
	Open, Appeals, Past []reviews.Review
	Claims, Answered    []reviews.Claim
	Now                 time.Time
}

// Nothing says whether nothing waits.
func (p queuePage) Nothing() bool { return len(p.Open)+len(p.Appeals)+len(p.Claims) == 0 }

// queue is what waits for a desk, and what was decided lately.
func (s *Server) queue(c echo.Context, d Desk) (err error) {
	ctx, data := c.Request().Context(), queuePage{Desk: d, Now: s.Now()}
	if data.Open, err = reviews.Opened(ctx, s.DB, d.BrandID()); err != nil {
		return err
	}
	if d.Brand == nil {
		if data.Appeals, err = reviews.Appealed(ctx, s.DB); err != nil {
			return err
		}
	}
	if data.Claims, err = reviews.OpenClaims(ctx, s.DB, d.BrandID()); err != nil {
		return err
	}
	if data.Past, err = reviews.Ended(ctx, s.DB, d.BrandID()); err != nil {
		return err
	}
	if data.Answered, err = reviews.AnsweredClaims(ctx, s.DB, d.BrandID()); err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "review/queue", data)
}

type lookPage struct {
	Desk
	Review  reviews.Review
	Counts  []count
	Ends    string // what happens if nobody decides
	Form    *page.Form
	Now     time.Time
	Choices []page.Option
}

// count is a doubt with what was counted, in words.
type count struct{ Doubt, Counted string }

// counts are the doubts with what was counted of each. What a member bought at other brands is counted for the platform's eyes only.
func (d Desk) counts(l i18n.Lang, ds []reviews.Doubt) []count {
	list := make([]count, len(ds))
	for i, x := range ds {
		seconds := fmt.Sprintf("%.1f", float64(x.Millis)/1000)
		counted := l.T("review.count."+string(x.Reason), "Count", x.Count, "Of", x.Of, "Seconds", seconds)
		if x.Reason == reviews.Ring && d.Brand != nil {
			counted = l.T("review.count.ring_brand")
		}
		list[i] = count{l.T("review.doubt." + string(x.Reason)), counted}
	}
	return list
}

// ends is the key of what happens if nobody decides.
func ends(r reviews.Review, normal, card string) string {
	if reviews.AtItsEnd(r.Doubts) == reviews.Refused {
		return card
	}
	return normal
}

func (s *Server) lookPage(c echo.Context, d Desk) (lookPage, error) {
	n, err := id(c)
	if err != nil {
		return lookPage{}, err
	}
	r, err := reviews.ByID(c.Request().Context(), s.DB, d.BrandID(), n)
	if err != nil {
		return lookPage{}, err
	}
	l := page.Lang(c)
	data := lookPage{Desk: d, Review: r, Counts: d.counts(l, r.Doubts), Ends: l.T(ends(r, "review.what_ends", "review.what_ends_card"), "Date", r.DueAt), Form: page.NewForm(), Now: s.Now()}
	data.Choices = choices(l, "clear", "refuse")
	if r.AppealState == reviews.AppealOpen {
		data.Choices = choices(l, "appeal_grant", "appeal_refuse")
	}
	return data, nil
}

// choices are the two ways to decide: for the member, or not.
func choices(l i18n.Lang, yes, no string) []page.Option {
	option := func(value, key string) page.Option {
		return page.Option{Value: value, Label: l.T("review.choice." + key + ".label"), Hint: l.T("review.choice." + key + ".hint")}
	}
	return []page.Option{option("yes", yes), option("no", no)}
}

// look shows one review with its evidence side by side.
func (s *Server) look(c echo.Context, d Desk) error {
	data, err := s.lookPage(c, d)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "review/look", data)
}

// decide ends a review.
func (s *Server) decide(c echo.Context, d Desk) error {
	return s.judge(c, d, s.Reviews.Decide, "review.cleared_done", "review.refused_done")
}

// answerAppeal is the platform's answer to an appeal.
func (s *Server) answerAppeal(c echo.Context, d Desk) error {
	return s.judge(c, d, s.Reviews.DecideAppeal, "review.appeal_done", "review.appeal_done")
}

// decision is a use case that ends something.
type decision func(ctx context.Context, id int64, v reviews.Verdict) error

func (s *Server) judge(c echo.Context, d Desk, how decision, yes, no string) error {
	data, err := s.lookPage(c, d)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	v, err := verdict(data.Form, d, by(c))
	if err == nil {
		err = how(c.Request().Context(), data.Review.ID, v)
	}
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "review/look", data)
	}
	if err != nil {
		return err
	}
	key := no
	if v.Yes {
		key = yes
	}
	s.Site.Good(c, key)
	return page.Redirect(c, d.Base+"/reviews")
}

// words is a fault in words.
func words(l i18n.Lang, err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return ""
	}
	var args []any
	for name, value := range f.Args {
		args = append(args, name, value)
	}
	return l.T(f.Message, args...)
}
