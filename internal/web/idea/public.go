package idea

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/members"
	"relais/internal/reports"
	"relais/internal/web/casedesk"
	"relais/internal/web/page"
)

// shelf is a part of a brand's ideas.
type shelf struct {
	show   string
	states []ideas.State
	order  ideas.Order
	count  func(ideas.Counts) int
}

var shelves = []shelf{
	{"", []ideas.State{ideas.Open}, ideas.Most, func(c ideas.Counts) int { return c.Open }},
	{"waiting", []ideas.State{ideas.Reached}, ideas.Soonest, func(c ideas.Counts) int { return c.Waiting }},
	{"answered", []ideas.State{ideas.Answered, ideas.Made}, ideas.Newest, func(c ideas.Counts) int { return c.Answered }},
	{"ended", []ideas.State{ideas.Expired, ideas.Withdrawn, ideas.Merged}, ideas.Newest, func(c ideas.Counts) int { return c.Ended }},
}

// shelfOf is the one that was chosen, or the first.
func shelfOf(list []shelf, show string) shelf {
	if i := slices.IndexFunc(list, func(s shelf) bool { return s.show == show }); i >= 0 {
		return list[i]
	}
	return list[0]
}

func tabs(l i18n.Lang, list []shelf, base string, at shelf, counts ideas.Counts) []page.Tab {
	var all []page.Tab
	for _, one := range list {
		url, name := base, one.show
		if name == "" {
			name = "open"
		} else {
			url += "?show=" + name
		}
		all = append(all, page.Tab{URL: url, Label: l.T("ideas.shelf."+name, "Number", one.count(counts)), Current: one.show == at.show})
	}
	return all
}

// ofBrand is the ideas that were proposed to a brand, with how often it is late with its answer.
func (s *Server) ofBrand(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	b, err := catalog.BrandByHandle(ctx, s.DB, c.Param("handle"), l)
	if err == nil && b.BlockedAt != nil {
		err = fault.New(fault.NotFound, "fault.page_not_found")
	}
	if err != nil {
		return err
	}
	taker := ideas.Taker{ID: b.ID, Handle: b.Handle, Name: b.Name}
	if taker.Settings, err = ideas.SettingsOf(ctx, s.DB, b.ID); err != nil {
		return err
	}
	data := listPage{Brand: &taker, Pager: page.NewPager(c, listed, 0)}
	if data.Counts, err = ideas.CountsOf(ctx, s.DB, b.ID, s.Now()); err != nil {
		return err
	}
	at := shelfOf(shelves, c.QueryParam("show"))
	data.Tabs = tabs(l, shelves, "/b/"+b.Handle+"/ideas", at, data.Counts)
	if data.List, data.Pager.Total, err = ideas.List(ctx, s.DB, ideas.Query{BrandID: b.ID, States: at.states, Order: at.order, Viewer: viewer(c)}, listed, data.Pager.Offset()); err != nil {
		return err
	}
	data.Empty = page.Empty{Icon: "sparkles", Title: l.T("ideas.list.empty"), Text: l.T("ideas.brand.empty_closed", "Brand", b.Name), URL: "/ideas", Action: l.T("ideas.mine.to_list")}
	if taker.Taken {
		data.Propose = "/ideas/new?brand=" + b.Handle
		data.Empty.Text, data.Empty.URL, data.Empty.Action = l.T("ideas.list.empty_text"), data.Propose, l.T("ideas.propose")
	}
	return s.Site.Render(c, http.StatusOK, "idea/brand", data)
}

type onePage struct {
	ideas.View
	Photos  []string
	Thread  []moment
	Said    []ideas.Comment
	Pager   *page.Pager
	Form    *page.Form // of a comment
	Named   *page.Form
	Own     bool
	Team    bool // the viewer is on that of the brand
	Open    bool
	May     bool // it can be supported
	Late    bool
	Talk    bool // comments can be written
	Changed bool // the brand made or launched it though it had said no, or not now
	Share   page.ShareLink
	MaxText int
}

const commentsShown = 30

// one is the page of an idea, under the address that has its title.
func (s *Server) one(c echo.Context) error {
	v, err := s.seen(c)
	if err != nil {
		return err
	}
	if path := v.Path(); path != c.Request().URL.Path {
		return c.Redirect(http.StatusFound, path)
	}
	return s.showOne(c, v, page.NewForm("operation", rand.Text()))
}

// showOne answers the page; form is that of a comment.
func (s *Server) showOne(c echo.Context, v ideas.View, form *page.Form) error {
	ctx, now := c.Request().Context(), s.Now()
	_, team := page.ViewerFrom(c).Brand(v.BrandHandle)
	data := onePage{View: v, Form: form, Pager: page.NewPager(c, commentsShown, 0), Own: viewer(c) == v.AuthorID, Team: team, Open: v.OpenAt(now), May: v.Supportable(now), Late: v.Late(now),
		Talk: v.EndedAt == nil && v.Shown(), MaxText: ideas.MaxComment, Named: page.NewForm()}
	data.Share = page.ShareLink{URL: s.BaseURL + v.Path(), Title: v.Title, Text: page.Lang(c).T("ideas.page.share", "Title", v.Title, "Brand", v.BrandName)}
	if v.Idea.Named {
		data.Named.Set("named", "yes")
	}
	merged, err := ideas.MergedInto(ctx, s.DB, v.ID)
	if err != nil {
		return err
	}
	steps, err := ideas.Steps(ctx, s.DB, v.ID, page.Lang(c))
	if err != nil {
		return err
	}
	data.Changed = v.Changed(steps)
	if data.Thread, err = s.thread(ctx, ideas.Thread(v.Idea, merged, steps, now)); err != nil {
		return err
	}
	if data.Photos, err = ideas.Photos(ctx, s.DB, v.ID); err != nil {
		return err
	}
	if data.Said, data.Pager.Total, err = ideas.Comments(ctx, s.DB, v.ID, commentsShown, data.Pager.Offset()); err != nil {
		return err
	}
	return s.Site.Render(c, form.Status(), "idea/one", data)
}

// act runs a use case of a member on the idea of the address.
func (s *Server) act(do func(ctx context.Context, memberID, id int64) error, done string) echo.HandlerFunc {
	return func(c echo.Context) error {
		v, err := s.seen(c)
		if err != nil {
			return err
		}
		err = do(c.Request().Context(), viewer(c), v.ID)
		path := v.Path()
		if done == "ideas.own.erased" {
			path = "/me/ideas"
		}
		return s.said(c, err, done, path)
	}
}

func (s *Server) support(c echo.Context) error {
	network := members.Network(c.RealIP())
	return s.act(func(ctx context.Context, memberID, id int64) error {
		return s.Ideas.Support(ctx, memberID, id, network)
	}, "ideas.page.thanks")(c)
}

func (s *Server) name(c echo.Context) error {
	named := c.FormValue("named") == "yes"
	done := map[bool]string{true: "ideas.own.named", false: "ideas.own.unnamed"}[named]
	return s.act(func(ctx context.Context, memberID, id int64) error { return s.Ideas.Name(ctx, memberID, id, named) }, done)(c)
}

// operation is the one-time value of a form; one without is as good as any other.
func operation(form *page.Form) string {
	if op := form.Get("operation"); len(op) >= 8 && len(op) <= 64 {
		return op
	}
	return rand.Text()
}

func (s *Server) comment(c echo.Context) error {
	v, err := s.seen(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = s.Ideas.Comment(c.Request().Context(), viewer(c), v.ID, operation(form), page.Lang(c), form.Raw("text"))
	if form.Refused(err) {
		return s.showOne(c, v, form)
	}
	return s.said(c, err, "ideas.talk.done", v.Path()+"#comments")
}

func (s *Server) eraseComment(c echo.Context) error {
	v, err := s.seen(c)
	if err != nil {
		return err
	}
	n, err := number(c, "comment")
	if err == nil {
		err = s.Ideas.EraseComment(c.Request().Context(), viewer(c), v.ID, n)
	}
	return s.said(c, err, "ideas.talk.erased", v.Path()+"#comments")
}

// report is what a visitor finds wrong with an idea or a comment, with an account or without.
func (s *Server) report(c echo.Context) error {
	v, err := s.seen(c)
	if err != nil {
		return err
	}
	said := reports.Complaint{Part: ideas.AnIdea, ID: v.ID, MemberID: viewer(c)}
	f := casedesk.Form[ideas.Subject]{Subject: ideas.Subject{Idea: v}, Back: v.Path(), Reasons: casedesk.Reasons(page.Lang(c), "ideas.reason.", ideas.Reasons())}
	if c.Param("comment") != "" {
		said.Part = ideas.AComment
		if said.ID, err = number(c, "comment"); err != nil {
			return err
		}
		one, err := ideas.CommentOf(c.Request().Context(), s.DB, v.ID, said.ID)
		if err != nil {
			return err
		}
		f.Subject.Comment = &one
	}
	return casedesk.Answer(c, s.Site, "idea/report", f, func(reason, text string) error {
		said.Reason, said.Text = reason, text
		return s.Ideas.Report(c.Request().Context(), said)
	})
}
