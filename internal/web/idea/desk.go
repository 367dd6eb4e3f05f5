package idea

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/ideas"
	"relais/internal/reports"
	"relais/internal/web/casedesk"
	"relais/internal/web/page"
)

// deskShelves are the parts of a team's desk: what has to be done first.
var deskShelves = []shelf{
	{"", []ideas.State{ideas.Reached}, ideas.Soonest, func(c ideas.Counts) int { return c.Waiting }},
	{"votes", []ideas.State{ideas.Open}, ideas.Most, func(c ideas.Counts) int { return c.Open }},
	{"answered", []ideas.State{ideas.Answered, ideas.Made}, ideas.Newest, func(c ideas.Counts) int { return c.Answered }},
}

type deskPage struct {
	Brand    page.BrandRef
	Settings ideas.Settings
	Counts   ideas.Counts
	List     []ideas.View
	Tabs     []page.Tab
	Pager    *page.Pager
	Empty    page.Empty
}

// desk is what was proposed to a brand, for its team.
func (s *Server) desk(c echo.Context) (err error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := deskPage{Brand: brandOf(c), Pager: page.NewPager(c, listed, 0)}
	base := "/brand/" + data.Brand.Handle + "/ideas"
	if data.Settings, err = ideas.SettingsOf(ctx, s.DB, data.Brand.ID); err != nil {
		return err
	}
	if data.Counts, err = ideas.CountsOf(ctx, s.DB, data.Brand.ID, s.Now()); err != nil {
		return err
	}
	at := shelfOf(deskShelves, c.QueryParam("show"))
	for _, one := range deskShelves {
		tab := page.Tab{URL: base, Label: l.T("ideas.shelf.due", "Number", one.count(data.Counts)), Current: one.show == at.show}
		switch one.show {
		case "votes":
			tab.URL, tab.Label = base+"?show=votes", l.T("ideas.shelf.open", "Number", one.count(data.Counts))
		case "answered":
			tab.URL, tab.Label = base+"?show=answered", l.T("ideas.shelf.answered", "Number", one.count(data.Counts))
		}
		data.Tabs = append(data.Tabs, tab)
	}
	if data.List, data.Pager.Total, err = ideas.List(ctx, s.DB, ideas.Query{BrandID: data.Brand.ID, States: at.states, Order: at.order, Viewer: viewer(c)}, listed, data.Pager.Offset()); err != nil {
		return err
	}
	data.Empty = page.Empty{Icon: "sparkles", Title: l.T("ideas.desk.empty"), Text: l.T("ideas.desk.empty_text"), URL: "/b/" + data.Brand.Handle + "/ideas", Action: l.T("ideas.desk.to_public")}
	if !data.Settings.Taken {
		data.Empty.Title, data.Empty.Text, data.Empty.URL, data.Empty.Action = l.T("ideas.desk.closed"), l.T("ideas.desk.closed_text"), base+"/settings", l.T("ideas.desk.to_settings")
	}
	return s.Site.Render(c, http.StatusOK, "idea/desk", data)
}

type settingsPage struct {
	Brand page.BrandRef
	Form  *page.Form
	Least ideas.Settings
	Most  ideas.Settings
}

func (s *Server) showSettings(c echo.Context, form *page.Form) error {
	return s.Site.Render(c, form.Status(), "idea/settings", settingsPage{Brand: brandOf(c), Form: form,
		Least: ideas.Settings{Threshold: ideas.MinThreshold, Days: ideas.MinDays, AnswerDays: ideas.MinAnswerDays},
		Most:  ideas.Settings{Threshold: ideas.MaxThreshold, Days: ideas.MaxDays, AnswerDays: ideas.MaxAnswerDays}})
}

func (s *Server) settings(c echo.Context) error {
	now, err := ideas.SettingsOf(c.Request().Context(), s.DB, brandOf(c).ID)
	if err != nil {
		return err
	}
	form := page.NewForm("threshold", strconv.Itoa(now.Threshold), "days", strconv.Itoa(now.Days), "answer_days", strconv.Itoa(now.AnswerDays))
	if now.Taken {
		form.Set("taken", "yes")
	}
	return s.showSettings(c, form)
}

func (s *Server) set(c echo.Context) error {
	form, b := page.PostedForm(c), brandOf(c)
	err := s.Ideas.Set(c.Request().Context(), viewer(c), b.ID, ideas.Settings{Taken: form.Has("taken", "yes"), Threshold: whole(form, "threshold"), Days: whole(form, "days"), AnswerDays: whole(form, "answer_days")})
	if form.Refused(err) {
		return s.showSettings(c, form)
	}
	return s.said(c, err, "ideas.settings.done", "/brand/"+b.Handle+"/ideas")
}

// whole is a number of people or days; what is none, or no sensible one, is refused like 0.
func whole(form *page.Form, name string) int {
	if n := form.Int(name, 0); n > 0 && n < 1_000_000 {
		return int(n)
	}
	return 0
}

type deskIdeaPage struct {
	ideas.View
	Brand    page.BrandRef
	Photos   []string
	Form     *page.Form
	Open     bool
	Late     bool
	Goes     bool // a poll or a launch can stem from it
	Answers  []page.Option
	Others   []page.Option // that it may be merged into
	Products []page.Option // that may be attached
	Most     int
}

func (s *Server) deskIdea(c echo.Context) error { return s.showDeskIdea(c, page.NewForm()) }

// showDeskIdea is an idea with what the team may do about it; form is the one that was refused, if any was.
func (s *Server) showDeskIdea(c echo.Context, form *page.Form) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	v, err := s.seen(c)
	if err == nil && (v.BrandID != brandOf(c).ID || !v.Shown()) {
		err = ideas.ErrGone
	}
	if err != nil {
		return err
	}
	data := deskIdeaPage{View: v, Brand: brandOf(c), Form: form, Open: v.OpenAt(s.Now()), Late: v.Late(s.Now()), Most: ideas.MaxAnswer,
		Goes: v.State == ideas.Reached || v.AnsweredAt != nil && v.Answer != ideas.No}
	if data.Photos, err = ideas.Photos(ctx, s.DB, v.ID); err != nil {
		return err
	}
	choose := []page.Option{{Label: l.T("opinion.report.choose")}}
	for _, a := range ideas.Answers() {
		data.Answers = append(data.Answers, page.Option{Value: string(a), Label: l.T("ideas.answer." + string(a)), Hint: l.T("ideas.answer_hint." + string(a))})
	}
	if data.Open {
		others, _, err := ideas.List(ctx, s.DB, ideas.Query{BrandID: v.BrandID, States: []ideas.State{ideas.Open, ideas.Reached}, Order: ideas.Most}, 200, 0)
		if err != nil {
			return err
		}
		for _, o := range slices.DeleteFunc(others, func(o ideas.View) bool { return o.ID == v.ID || !o.Takes(v.Idea, s.Now()) }) {
			data.Others = append(data.Others, page.Option{Value: strconv.FormatInt(o.ID, 10), Label: l.T("ideas.merge.option", "Title", o.Title, "Number", o.Supporters)})
		}
		data.Others = append(slices.Clone(choose), data.Others...)
	}
	if v.AnsweredAt != nil {
		products, err := ideas.FreeProducts(ctx, s.DB, v.BrandID)
		if err != nil {
			return err
		}
		data.Products = slices.Clone(choose)
		for _, p := range products {
			data.Products = append(data.Products, page.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Title})
		}
	}
	return s.Site.Render(c, form.Status(), "idea/deskidea", data)
}

// decided ends what the team does about the idea of the address: back to it where the form was refused.
func (s *Server) decided(c echo.Context, form *page.Form, err error, done string) error {
	if form.Refused(err) {
		return s.showDeskIdea(c, form)
	}
	return s.said(c, err, done, "/brand/"+c.Param("handle")+"/ideas/"+c.Param("idea"))
}

func (s *Server) answer(c echo.Context) error {
	id, err := number(c, "idea")
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = s.Ideas.Reply(c.Request().Context(), viewer(c), brandOf(c).ID, id, ideas.Answer(form.Get("answer")), form.Raw("reason"))
	return s.decided(c, form, err, "ideas.desk.answered")
}

func (s *Server) merge(c echo.Context) error {
	id, err := number(c, "idea")
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = s.Ideas.Merge(c.Request().Context(), viewer(c), brandOf(c).ID, id, form.Int("into", 0))
	return s.decided(c, form, err, "ideas.desk.merged")
}

func (s *Server) product(c echo.Context) error {
	id, err := number(c, "idea")
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = s.Ideas.Make(c.Request().Context(), viewer(c), brandOf(c).ID, id, form.Int("product", 0))
	return s.decided(c, form, err, "ideas.desk.made")
}

// queue is where the platform decides.
func (s *Server) queue() casedesk.Desk[ideas.Subject] {
	return casedesk.Desk[ideas.Subject]{Site: s.Site, DB: s.DB, Reports: s.Ideas.Reports(), Decide: s.Ideas.Decide, Now: s.Now, Page: "idea/queue", Path: "/admin/ideas",
		Own: "idea/hidden", Kinds: []reports.Part{ideas.AnIdea, ideas.AComment},
		Reasons: "ideas.reason.", Parts: "ideas.part.", Keep: "ideas.queue.keep_hint", Hide: "ideas.queue.hide_hint"}
}
