package ballot

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/members"
	"relais/internal/polls"
	"relais/internal/referrals"
	"relais/internal/reports"
	"relais/internal/web/casedesk"
	"relais/internal/web/page"
)

type listPage struct {
	Open  []polls.View
	Over  []polls.View
	Older string
	Empty page.Empty
}

// list is what is open, and what ended lately.
func (s *Server) list(c echo.Context) error {
	ctx, l, pager := c.Request().Context(), page.Lang(c), page.NewPager(c, listed, 0)
	data := listPage{Empty: page.Empty{Icon: "users", Title: l.T("ballot.empty.title"), Text: l.T("ballot.empty.text"), URL: "/brands", Action: l.T("ballot.empty.action")}}
	open, err := polls.OpenNow(ctx, s.DB, l, listed+1, pager.Offset())
	if err != nil {
		return err
	}
	over, err := polls.Lately(ctx, s.DB, l, listed+1, pager.Offset())
	if err != nil {
		return err
	}
	data.Open, data.Over = cut(open, pager, &data.Older), cut(over, pager, &data.Older)
	return s.Site.Render(c, http.StatusOK, "ballot/list", data)
}

// optionRow is an option as the ballot and the results show it.
type optionRow struct {
	polls.Option
	Effect  string
	Checked bool
	Votes   int64
	Part    int64 // per cent
	Chosen  bool
}

type questionRow struct {
	polls.Question
	Field string
	Rows  []optionRow
}

type pollPage struct {
	polls.View
	brought
	Image  string // absolute, of its picture for conversations
	Stage  string
	Rows   []questionRow
	Form   *page.Form
	Price  string        // of what is chosen
	Refuse string        // why the viewer cannot vote; empty: they can
	Offer  bool          // the ballot is shown
	Result string        // what the decided piece costs; empty: nothing was decided
	Late   bool          // the brand should have said what it did
	Origin *ideas.Origin // from which it stems; nil: none
}

// rowsOf are the questions with what of them is chosen in the form, and with the results where there are some.
func rowsOf(l i18n.Lang, v polls.View, form *page.Form) (rows []questionRow, price string) {
	low, high := v.BaseMinor, v.BaseMinor
	for i, q := range v.Questions {
		row := questionRow{Question: q, Field: "q." + strconv.Itoa(i)}
		chosen := q
		for _, o := range q.Options {
			one := optionRow{Option: o, Effect: effectOf(l, o.EffectMinor, v.Currency), Checked: form.Has(row.Field, strconv.FormatInt(o.ID, 10))}
			if one.Checked {
				chosen.Options = []polls.Option{o}
			}
			if v.Results != nil {
				one.Votes, one.Part, one.Chosen = v.Results.Votes[o.ID], v.Results.Part(o.ID), v.Results.Chosen[o.ID]
			}
			row.Rows = append(row.Rows, one)
		}
		least, most := polls.Range(0, []polls.Question{chosen})
		low, high = low+least, high+most
		rows = append(rows, row)
	}
	return rows, rangeOf(l, low, high, v.Currency)
}

// pollPage is a poll as whoever looks sees it; form has what is chosen, nil: as they voted.
func (s *Server) pollPage(c echo.Context, form *page.Form) (data pollPage, err error) {
	ctx, l, now := c.Request().Context(), page.Lang(c), s.Now()
	var viewer int64
	if v := page.ViewerFrom(c); v != nil {
		viewer = v.ID
	}
	if data.View, err = s.Polls.ByCode(ctx, c.Param("code"), viewer, l); err != nil {
		return data, err
	}
	data.Stage, data.Late, data.Form = stageOf(data.Poll, now), data.View.Late(now), form
	if form == nil {
		data.Form = page.NewForm()
		if data.Mine != nil {
			for i, id := range data.Mine.Choice {
				data.Form.Set("q."+strconv.Itoa(i), strconv.FormatInt(id, 10))
			}
		}
	}
	data.Rows, data.Price = rowsOf(l, data.View, data.Form)
	data.Result = Decided(l, data.View)
	if data.StoppedAt == nil {
		if data.brought, err = s.brought(c, data.View, viewer); err != nil {
			return data, err
		}
		data.Image = subject(l, data.View).Of(s.BaseURL + data.Path())
		if data.Origin, err = ideas.From(ctx, s.DB, ideas.Poll, data.ID); err != nil {
			return data, err
		}
	}
	if viewer != 0 && data.Votable(now) {
		var refused *fault.Error
		if err := s.Polls.MayVote(ctx, data.Poll, viewer); errors.As(err, &refused) && refused.Kind == fault.Forbidden {
			data.Refuse = l.T(refused.Message)
		} else if err != nil {
			return data, err
		}
	}
	data.Offer = data.Votable(now) && data.Refuse == "" && (data.Mine == nil || data.Changeable)
	return data, nil
}

// poll is one poll. What the address chooses is shown with its price, and nothing of it is kept.
func (s *Server) poll(c echo.Context) error {
	var form *page.Form
	if c.QueryParams().Has("price") {
		form = page.QueryForm(c)
	}
	data, err := s.pollPage(c, form)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "ballot/poll", data)
}

// choiceOf is what a form chooses, 0 for a question before others that is left out.
func choiceOf(form *page.Form) []int64 {
	var choice []int64
	for i := range polls.MaxQuestions {
		choice = append(choice, form.Int("q."+strconv.Itoa(i), 0))
	}
	for len(choice) > 0 && choice[len(choice)-1] == 0 {
		choice = choice[:len(choice)-1]
	}
	return choice
}

func (s *Server) vote(c echo.Context) error {
	form, code := page.PostedForm(c), c.Param("code")
	err := s.Polls.Vote(c.Request().Context(), polls.Cast{Code: code, MemberID: page.ViewerFrom(c).ID, Choice: choiceOf(form), Network: members.Network(c.RealIP())})
	if errors.Is(err, fault.Invalid) {
		form.Refused(err)
		data, err := s.pollPage(c, form)
		if err != nil {
			return err
		}
		return s.Site.Render(c, form.Status(), "ballot/poll", data)
	}
	return s.said(c, err, "ballot.voted", referrals.WithClick("/polls/"+code, c.QueryParam("c")))
}

// login leads who has not logged in there, and back to the ballot with what they chose.
func (s *Server) login(c echo.Context) error {
	kept, form := url.Values{}, page.QueryForm(c)
	for i, id := range choiceOf(form) {
		if id != 0 {
			kept.Set("q."+strconv.Itoa(i), strconv.FormatInt(id, 10))
		}
	}
	if len(kept) > 0 {
		kept.Set("price", "yes")
	}
	if click := form.Get("c"); click != "" {
		kept.Set("c", click)
	}
	next := url.URL{Path: "/polls/" + c.Param("code"), RawQuery: kept.Encode(), Fragment: "ballot"}
	return page.Redirect(c, "/login?"+url.Values{"next": {next.String()}}.Encode())
}

// report is what somebody finds wrong with a poll, with an account or without.
func (s *Server) report(c echo.Context) error {
	ctx, l, by := c.Request().Context(), page.Lang(c), viewer(c)
	v, err := s.Polls.ByCode(ctx, c.Param("code"), 0, l)
	if err == nil && v.StoppedAt != nil {
		err = polls.ErrGone
	}
	if err != nil {
		return err
	}
	f := casedesk.Form[polls.View]{Part: polls.APoll, Subject: v, Back: v.Path(), Reasons: casedesk.Reasons(l, "ballot.reason.", polls.Reasons())}
	return casedesk.Answer(c, s.Site, "ballot/report", f, func(reason, text string) error {
		return s.Polls.Report(ctx, v.Code, reports.Complaint{Part: polls.APoll, ID: v.ID, MemberID: by, Reason: reason, Text: text})
	})
}
