package inbox

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/support"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
)

// perPage is how many conversations a page of the inbox has.
const perPage = 30

type inboxPage struct {
	Brand  catalog.Brand
	Base   string // "/brand/handle/inbox"
	Search string
	View   support.View
	TagID  int64
	Tabs   []page.Tab
	Tags   []page.Tab
	Rows   []row
	Pager  *page.Pager
	Empty  page.Empty
	Hours  int
	Speed  int
	Said   support.Opinion
}

// row is a conversation in the list.
type row struct {
	support.Conversation
	Overdue bool
}

// inbox lists the conversations of a brand; without a choice, what is to be answered.
func (s *Server) inbox(c echo.Context) error {
	ctx, l, now := c.Request().Context(), page.Lang(c), s.Now()
	b, err := s.desk(c)
	if err != nil {
		return err
	}
	me, query := page.ViewerFrom(c).ID, page.QueryForm(c)
	d := inboxPage{Brand: b, Base: "/brand/" + b.Handle + "/inbox", Search: query.Get("q"), TagID: query.Int("tag", 0), Pager: page.NewPager(c, perPage, 0)}
	d.View = viewOf(query.Get("show"), d.Search != "" || d.TagID != 0)
	counts, err := support.Counts(ctx, s.DB, b.ID, me, now)
	if err != nil {
		return err
	}
	found, total, err := support.List(ctx, s.DB, support.Query{BrandID: b.ID, MemberID: me, View: d.View, TagID: d.TagID, Text: d.Search, Limit: perPage, Offset: d.Pager.Offset()}, now)
	if err != nil {
		return err
	}
	d.Pager.Total = total
	for _, f := range found {
		d.Rows = append(d.Rows, row{f, f.Overdue(now)})
	}
	tags, err := support.Tags(ctx, s.DB, b.ID)
	if err != nil {
		return err
	}
	d.tabs(l, counts, tags)
	d.Empty = d.empty(l, counts)
	if d.Hours, err = support.Hours(ctx, s.DB, b.ID); err != nil {
		return err
	}
	if d.Speed, err = support.Speed(ctx, s.DB, b.ID, now); err != nil {
		return err
	}
	if d.Said, err = support.OpinionOf(ctx, s.DB, b.ID); err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "inbox/list", d)
}

func viewOf(asked string, searching bool) support.View {
	if v := support.View(asked); slices.Contains(support.Views(), v) {
		return v
	}
	if searching {
		return support.All
	}
	return support.ToAnswer
}

// tabs are the choices above the list: a view keeps the tag, a tag the view, and both what is searched.
func (d *inboxPage) tabs(l i18n.Lang, counts map[support.View]int64, tags []support.Tag) {
	to := func(v support.View, tag int64) string {
		query := url.Values{"show": {string(v)}}
		if tag != 0 {
			query.Set("tag", strconv.FormatInt(tag, 10))
		}
		if d.Search != "" {
			query.Set("q", d.Search)
		}
		return d.Base + "?" + query.Encode()
	}
	for _, v := range support.Views() {
		d.Tabs = append(d.Tabs, page.Tab{URL: to(v, d.TagID), Current: v == d.View, Label: l.T("inbox.show."+string(v)) + " " + l.T("till.orders.count", "Number", l.Number(counts[v]))})
	}
	for _, t := range tags {
		tab := page.Tab{URL: to(d.View, t.ID), Label: t.Name, Current: t.ID == d.TagID}
		if tab.Current {
			tab.URL = to(d.View, 0)
		}
		d.Tags = append(d.Tags, tab)
	}
}

func (d *inboxPage) empty(l i18n.Lang, counts map[support.View]int64) page.Empty {
	switch {
	case counts[support.All] == 0:
		return page.Empty{Icon: "message-circle", Title: l.T("inbox.empty"), Text: l.T("inbox.empty_text"), URL: d.Base + "/settings", Action: l.T("inbox.settings.title")}
	case d.Search != "" || d.TagID != 0:
		return page.Empty{Icon: "search", Title: l.T("inbox.not_found"), Text: l.T("inbox.not_found_text"), URL: d.Base + "?show=all", Action: l.T("inbox.see_all")}
	case d.View == support.ToAnswer:
		return page.Empty{Icon: "circle-check", Title: l.T("inbox.all_answered"), Text: l.T("inbox.all_answered_text"), URL: d.Base + "?show=all", Action: l.T("inbox.see_all")}
	}
	return page.Empty{Icon: "message-circle", Title: l.T("inbox.none_here"), Text: l.T("inbox.none_here_text"), URL: d.Base + "?show=all", Action: l.T("inbox.see_all")}
}

// conversationPage is a conversation as the brand's team sees it.
type conversationPage struct {
	Brand    catalog.Brand
	Order    orders.Page
	Shipment orders.Shipment
	Talk     support.Conversation
	Messages []support.Message
	Held     []support.Held // mail that waits for the team's word
	Mail     bool           // the buyer is written to by mail too
	Replies  []support.Reply
	Tags     []support.Tag
	Team     []page.Option
	Panel    aftersale.Panel
	Closed   bool
	Overdue  bool
	Form     *page.Form
	Base     string // of the inbox
	Here     string // of this page
	Again    bool
	Next     string // number of the order whose conversation is to be answered next; empty: there is none
}

// Track is the address where the parcel is followed; empty: there is none.
func (d conversationPage) Track() string { return track(d.Shipment) }

// Track is the address where the parcel is followed; empty: there is none.
func (d talkPage) Track() string { return track(d.Shipment) }

func track(sh orders.Shipment) string {
	if u, err := url.Parse(sh.Tracking); err == nil && u.Scheme == "https" && u.Host != "" {
		return sh.Tracking
	}
	return ""
}

// Has says whether the conversation has a tag.
func (d conversationPage) Has(tag string) bool { return slices.Contains(d.Talk.Tags, tag) }

// team opens the conversation of the address for the brand's team.
func (s *Server) team(h func(echo.Context, conversationPage) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		b, err := s.desk(c)
		if err != nil {
			return err
		}
		d := conversationPage{Brand: b, Base: "/brand/" + b.Handle + "/inbox"}
		if d.Order, err = s.Orders.ByNumber(ctx, b.ID, c.Param("number")); err != nil {
			return err
		}
		if d.Order.PaidAt == nil {
			return orders.ErrOrderGone
		}
		d.Shipment, d.Here = aftersale.Own(d.Order, b.ID)[0], support.BrandPath(b.Handle, d.Order.Number)
		if d.Talk, err = orNone(support.Of(ctx, s.DB, d.Order.ID, b.ID)); err != nil {
			return err
		}
		d.Form = page.NewForm("seen", strconv.FormatInt(d.Talk.LastID, 10), "member", assignee(d.Talk))
		return h(c, d)
	}
}

func assignee(t support.Conversation) string {
	if t.AssigneeID == nil {
		return ""
	}
	return strconv.FormatInt(*t.AssigneeID, 10)
}

// conversation shows it, with a canned answer in the form where one was chosen.
func (s *Server) conversation(c echo.Context, d conversationPage) (err error) {
	ctx, l, now := c.Request().Context(), page.Lang(c), s.Now()
	if d.Messages, err = support.Messages(ctx, s.DB, d.Talk.ID, support.FromBrand); err != nil {
		return err
	}
	if d.Held, err = support.HeldFor(ctx, s.DB, d.Talk.ID, support.FromBrand); err != nil {
		return err
	}
	if d.Replies, err = support.Replies(ctx, s.DB, d.Brand.ID); err != nil {
		return err
	}
	chosen := page.QueryForm(c).Int("reply", 0)
	for _, r := range d.Replies {
		if r.ID == chosen && !d.Form.Failed() {
			d.Form.Set("body", support.Fill(r.Body, d.Order.Number, d.Order.Name))
		}
	}
	if d.Tags, err = support.Tags(ctx, s.DB, d.Brand.ID); err != nil {
		return err
	}
	team, err := support.Team(ctx, s.DB, d.Brand.ID)
	if err != nil {
		return err
	}
	d.Team = []page.Option{{Value: "", Label: l.T("inbox.nobody")}}
	for _, t := range team {
		d.Team = append(d.Team, page.Option{Value: strconv.FormatInt(t.ID, 10), Label: t.Name})
	}
	if d.Panel, err = s.Aftersale.PanelOf(c, aftersale.Desk{Base: "/brand/" + d.Brand.Handle, Brand: &d.Brand}, d.Order); err != nil {
		return err
	}
	if d.Next, err = support.Next(ctx, s.DB, d.Brand.ID, page.ViewerFrom(c).ID, d.Talk.ID); err != nil {
		return err
	}
	d.Mail = d.Order.Email != ""
	d.Closed, d.Overdue = support.Closed(d.Order.Order, d.Talk.Wrote(), now), d.Talk.Overdue(now)
	return s.Site.Render(c, d.Form.Status(), "inbox/conversation", d)
}

// answer writes to the buyer, or a note to the team. Where somebody has written since the form was shown, it is shown again with what they
// wrote, and nothing of what was typed is lost.
func (s *Server) answer(c echo.Context, d conversationPage) error {
	now := d.Form
	d.Form = page.PostedForm(c)
	seen := d.Form.Int("seen", 0)
	draft := support.Draft{Side: support.FromBrand, MemberID: page.ViewerFrom(c).ID, Body: d.Form.Raw("body"), Note: d.Form.Get("do") == "note", Seen: &seen}
	var err error
	if draft.Photos, err = s.photos(c, d.Order.ID, d.Brand.ID, draft); err == nil {
		err = s.Support.Write(c.Request().Context(), d.Order.ID, d.Brand.ID, draft)
	}
	if d.Form.Refused(err) {
		d.Again = sent(c) > 0
		d.Form.Set("member", now.Get("member"))
		if errors.Is(err, support.ErrNewer) {
			return s.again(c, d)
		}
		return s.conversation(c, d)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, map[bool]string{true: "inbox.noted", false: "inbox.answered"}[draft.Note])
	return page.Redirect(c, d.Here+"#last")
}

// again shows what was written since, after which the form can be sent as it is.
func (s *Server) again(c echo.Context, d conversationPage) (err error) {
	if d.Talk, err = support.Of(c.Request().Context(), s.DB, d.Order.ID, d.Brand.ID); err != nil {
		return err
	}
	d.Form.Set("seen", strconv.FormatInt(d.Talk.LastID, 10))
	return s.conversation(c, d)
}

func (s *Server) solvedByBrand(c echo.Context, d conversationPage) error {
	err := s.Support.Solve(c.Request().Context(), d.Order.ID, d.Brand.ID, support.FromBrand)
	return s.done(c, err, "inbox.solved_done", d.Here)
}

// begun is a conversation that somebody has written in; what is done to one needs it.
func (d conversationPage) begun() error {
	if d.Talk.ID == 0 {
		return support.ErrGone
	}
	return nil
}

func (s *Server) assign(c echo.Context, d conversationPage) error {
	err := d.begun()
	if err == nil {
		err = s.Support.Assign(c.Request().Context(), d.Brand.ID, d.Talk.ID, page.PostedForm(c).Int("member", 0), page.ViewerFrom(c).ID)
	}
	if errors.Is(err, fault.Invalid) {
		form := page.PostedForm(c)
		form.Refused(err)
		form.Set("seen", strconv.FormatInt(d.Talk.LastID, 10))
		d.Form = form
		return s.conversation(c, d)
	}
	return s.done(c, err, "inbox.assigned", d.Here)
}

func (s *Server) tag(c echo.Context, d conversationPage) error {
	var ids []int64
	for _, t := range page.PostedForm(c).All("tag") {
		if id, err := strconv.ParseInt(t, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	err := d.begun()
	if err == nil {
		err = s.Support.Tag(c.Request().Context(), d.Brand.ID, d.Talk.ID, ids)
	}
	return s.done(c, err, "inbox.tagged", d.Here)
}

func (s *Server) brandsPhoto(c echo.Context, d conversationPage) error {
	return s.photograph(c, d.Talk.ID, support.FromBrand)
}
