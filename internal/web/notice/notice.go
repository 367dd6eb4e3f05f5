// Package notice has the pages of notices: the list behind the bell, what a member chooses, their devices, and the link in letters that ends
// them. What makes the site an app that can be installed is answered here, too.
//
//	/me/notices…            a member's own; those of others do not exist
//	/unsubscribe/:token     without a log-in: GET shows, POST ends (RFC 8058)
//	/offline, /sw.js, /app.webmanifest
package notice

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	DB      *postgres.DB
	Notices *notices.Service
	Now     func() time.Time          // business time
	Session func(echo.Context) string // by which the viewer is signed in
	Secure  bool                      // served by TLS: cookies are marked so
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	me := e.Group("/me/notices", page.RequireMember)
	me.GET("", s.list)
	me.POST("/read", s.readAll)
	me.POST("/side", s.turn)
	me.POST("/apart", s.apart)
	me.GET("/settings", s.settings)
	me.POST("/settings", s.save)
	me.GET("/export", s.export)
	me.POST("/erase", s.erase)
	me.POST("/devices", s.subscribe)
	me.POST("/devices/off", s.unplug)
	me.POST("/devices/:id/remove", s.remove)
	me.POST("/devices/:id/test", s.test)
	me.GET("/:id", s.open)
	me.POST("/:id", s.mark)
	e.GET("/unsubscribe/:token", s.look, private)
	e.POST("/unsubscribe/:token", s.unsubscribe, private)
	e.GET("/offline", s.offline)
	e.GET("/sw.js", s.Site.ServiceWorker)
	e.GET("/app.webmanifest", s.Site.Manifest)
}

// sideCookie holds which sphere of a member who keeps theirs apart this browser shows.
const sideCookie = "side"

// Side is the sphere that this browser shows of a member who keeps theirs apart; empty until they choose one here.
func Side(c echo.Context) notices.Topic {
	cookie, err := c.Cookie(sideCookie)
	if err != nil {
		return ""
	}
	return notices.Topic(cookie.Value).Sphere()
}

// turn shows the other side, in this browser, from now on.
func (s *Server) turn(c echo.Context) error {
	side := notices.Topic(c.FormValue("side")).Sphere()
	c.SetCookie(&http.Cookie{Name: sideCookie, Value: string(side), Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
		Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return page.Redirect(c, "/me/notices")
}

// private marks a page whose address can do something: it is not kept, and no other site learns it.
func private(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Referrer-Policy", "same-origin") // not no-referrer: see page.Private
		h.Set("Cache-Control", "private, no-store")
		h.Set("X-Robots-Tag", "noindex")
		return next(c)
	}
}

func viewer(c echo.Context) int64 { return page.ViewerFrom(c).ID }

// id reads a number in a route; what is none does not exist.
func id(c echo.Context) (int64, error) {
	n, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return n, nil
}

type listPage struct {
	Days   []day
	Tabs   []page.Tab
	Sides  []page.Option // by which a member turns from one sphere to the other; empty: they are not kept apart
	Side   notices.Topic // that is shown; empty: neither
	Newest int64         // the first of the list
	Unread int           // of all that the list may show
	Older  string        // address of the next page; empty: there is none
	First  string        // address of the first page; empty: this is it
	Topic  notices.Topic
	Only   bool // unread ones only
	Here   string
	Empty  page.Empty
}

// day is the notices of one day in Paris.
type day struct {
	Title string
	List  []entry
}

type entry struct {
	notices.Shown
	Lang i18n.Lang
}

// Headline is what happened, in the reader's language; Details say more.
func (e entry) Headline() string { return e.Title(e.Lang) }

// Details are the second line.
func (e entry) Details() string { return e.Text(e.Lang) }

// Icon is that of its topic.
func (e entry) Icon() string {
	switch e.Topic {
	case notices.Money:
		return "hand-coins"
	case notices.Orders:
		return "package"
	case notices.Personal, notices.Professional:
		return "users"
	}
	return "store"
}

func address(topic notices.Topic, only bool, before int64) string {
	q := ""
	add := func(pair string) {
		if q == "" {
			q = "?"
		} else {
			q += "&"
		}
		q += pair
	}
	if topic != "" {
		add("topic=" + string(topic))
	}
	if only {
		add("unread=yes")
	}
	if before != 0 {
		add("before=" + strconv.FormatInt(before, 10))
	}
	return "/me/notices" + q
}

// filter reads what of the list is asked for, seen from the side that this browser shows; what makes no sense is left out.
func filter(c echo.Context, topic, only, before string) notices.Filter {
	f := notices.Filter{Unread: only == "yes", Side: Side(c)}
	for _, t := range notices.Parts() {
		if topic == string(t) {
			f.Topic = t
		}
	}
	if n, err := strconv.ParseInt(before, 10, 64); err == nil && n > 0 {
		f.Before = n
	}
	return f
}

// list is what the bell leads to.
func (s *Server) list(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	f := filter(c, c.QueryParam("topic"), c.QueryParam("unread"), c.QueryParam("before"))
	found, more, err := notices.List(ctx, s.DB, viewer(c), f)
	if err != nil {
		return err
	}
	data := listPage{Topic: f.Topic, Only: f.Unread, Here: address(f.Topic, f.Unread, f.Before), Days: byDay(l, found, s.Now())}
	if data.Unread, err = notices.Unread(ctx, s.DB, viewer(c), cmp.Or(f.Topic.Sphere(), f.Side)); err != nil {
		return err
	}
	apart, err := notices.Apart(ctx, s.DB, viewer(c))
	if err != nil {
		return err
	}
	if apart {
		data.Side, data.Sides = f.Side, sides(l)
	}
	if len(found) > 0 {
		data.Newest = found[0].ID
	}
	if more {
		data.Older = address(f.Topic, f.Unread, found[len(found)-1].ID)
	}
	if f.Before != 0 {
		data.First = address(f.Topic, f.Unread, 0)
	}
	data.Tabs = []page.Tab{{URL: address("", f.Unread, 0), Label: l.T("notice.all"), Current: f.Topic == ""}}
	for _, t := range topics(c, notices.Parts()) {
		if of := t.Sphere(); of == "" || !apart || of == f.Side || t == f.Topic {
			data.Tabs = append(data.Tabs, page.Tab{URL: address(t, f.Unread, 0), Label: l.T("notice.topic." + string(t)), Current: f.Topic == t})
		}
	}
	data.Empty = page.Empty{Icon: "bell", Title: l.T("notice.empty_title"), Text: l.T("notice.empty_text"), URL: "/me/links", Action: l.T("notice.empty_action")}
	if f.Unread {
		data.Empty = page.Empty{Icon: "check", Title: l.T("notice.empty_read_title"), Text: l.T("notice.empty_read_text"), URL: address(f.Topic, false, 0), Action: l.T("notice.empty_read_action")}
	}
	return s.Site.Render(c, http.StatusOK, "notice/list", data)
}

// sides are what a member who keeps their spheres apart turns between.
func sides(l i18n.Lang) []page.Option {
	list := []page.Option{{Value: "", Label: l.T("notice.side.none")}}
	for _, t := range notices.Spheres() {
		list = append(list, page.Option{Value: string(t), Label: l.T("notice.side." + string(t))})
	}
	return list
}

// topics are those that concern the viewer: a brand's only whom works for one.
func topics(c echo.Context, all []notices.Topic) []notices.Topic {
	var list []notices.Topic
	for _, t := range all {
		if t != notices.Brand || len(page.ViewerFrom(c).Brands) > 0 {
			list = append(list, t)
		}
	}
	return list
}

// byDay groups a list that is sorted by time of telling under the days on which things happened.
func byDay(l i18n.Lang, list []notices.Shown, now time.Time) []day {
	var days []day
	for _, n := range list {
		title := l.Date(n.At)
		if near := i18n.Days(now, n.At); near == 0 || near == -1 {
			title = l.Relative(now, n.At)
		}
		if len(days) == 0 || days[len(days)-1].Title != title {
			days = append(days, day{Title: title})
		}
		d := &days[len(days)-1]
		d.List = append(d.List, entry{n, l})
	}
	return days
}

// open leads to what a notice is about, and marks it as read: unless a program only looks ahead.
func (s *Server) open(c echo.Context) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	path, err := s.Notices.Open(c.Request().Context(), viewer(c), n, c.Request().Header.Get("Sec-Purpose") == "")
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, page.LocalPath(path, "/me/notices"))
}

// mark says that one was read, or was not.
func (s *Server) mark(c echo.Context) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	if err := s.Notices.Mark(c.Request().Context(), viewer(c), n, c.FormValue("read") == "yes"); err != nil {
		return err
	}
	return page.Redirect(c, back(c))
}

// back is the page of the list that a form was on.
func back(c echo.Context) string {
	f := filter(c, c.FormValue("topic"), c.FormValue("unread"), c.FormValue("before"))
	return address(f.Topic, f.Unread, f.Before)
}

// readAll marks everything that the viewer has seen the list of.
func (s *Server) readAll(c echo.Context) error {
	form := page.PostedForm(c)
	f := filter(c, form.Get("topic"), "", "")
	if err := s.Notices.MarkAll(c.Request().Context(), viewer(c), form.Int("newest", 0), f); err != nil {
		return err
	}
	s.Site.Good(c, "notice.marked_all")
	return page.Redirect(c, address(f.Topic, false, 0))
}

func (s *Server) offline(c echo.Context) error {
	return s.Site.Render(c, http.StatusOK, "notice/offline", nil)
}
