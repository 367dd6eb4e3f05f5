package story

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/stories"
	"relais/internal/web/page"
)

// desk is where an owner's stories are written.
type desk struct {
	Owner stories.Owner
	Base  string         // its address
	Brand *page.BrandRef // nil: a member's own
}

// deskOf is the desk that the address names: that of a brand, on whose team RequireBrand found the viewer, or the viewer's own.
func deskOf(c echo.Context) desk {
	if handle := c.Param("handle"); handle != "" {
		b, _ := page.ViewerFrom(c).Brand(handle)
		return desk{Owner: stories.Owner{BrandID: b.ID}, Base: "/brand/" + b.Handle + "/stories", Brand: &b}
	}
	return desk{Owner: stories.Owner{MemberID: by(c)}, Base: "/me/stories"}
}

// minePage lists the stories of an owner for whoever writes them.
type minePage struct {
	Desk  desk
	List  []Tile
	Pager *page.Pager
	Empty page.Empty
}

func (s *Server) mine(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := minePage{Desk: deskOf(c)}
	n, _, err := stories.OwnCount(ctx, s.DB, data.Desk.Owner)
	if err != nil {
		return err
	}
	data.Pager = page.NewPager(c, listSize, n)
	list, err := stories.OwnList(ctx, s.DB, data.Desk.Owner, listSize, data.Pager.Offset())
	if err != nil {
		return err
	}
	data.List = tiles(list)
	data.Empty = page.Empty{Icon: "file-text", Title: l.T("story.mine.empty"), Text: l.T("story.mine.empty_text")}
	return s.Site.Render(c, http.StatusOK, "story/mine", data)
}

// start gives the viewer a draft, and leads to its form.
func (s *Server) start(c echo.Context) error {
	d := deskOf(c)
	id, err := s.Stories.Start(c.Request().Context(), by(c), d.Owner, page.Lang(c))
	if err != nil {
		return err
	}
	return page.Redirect(c, fmt.Sprintf("%s/%d", d.Base, id))
}

// own is the story of the desk that the address names.
func (s *Server) own(c echo.Context) (desk, stories.Story, error) {
	d := deskOf(c)
	n, err := number(c, "id")
	if err != nil {
		return d, stories.Story{}, err
	}
	told, err := stories.Own(c.Request().Context(), s.DB, d.Owner, n)
	return d, told, err
}

// look shows its writer a story as everybody will read it.
func (s *Server) look(c echo.Context) error {
	_, told, err := s.own(c)
	if err != nil {
		return err
	}
	data, err := s.read(c, told)
	if err != nil {
		return err
	}
	data.Preview = true
	return s.Site.Render(c, http.StatusOK, "story/story", data)
}

// do takes a story down, publishes it again, takes it off the schedule, or deletes it.
func (s *Server) do(c echo.Context) error {
	d, told, err := s.own(c)
	if err != nil {
		return err
	}
	act := stories.Act(page.PostedForm(c).Get("act"))
	if err := s.Stories.Do(c.Request().Context(), by(c), d.Owner, told.ID, act); err != nil {
		return err
	}
	s.Site.Good(c, "story.done."+string(act))
	if act == stories.Delete {
		return page.Redirect(c, d.Base)
	}
	return page.Redirect(c, fmt.Sprintf("%s/%d", d.Base, told.ID))
}

// seriesPage are the series of an owner, each with its stories in their order.
type seriesPage struct {
	Desk  desk
	List  []ownSeries
	Empty page.Empty
}

type ownSeries struct {
	stories.Series
	Form    *page.Form
	Stories []stories.Story
}

func (s *Server) series(c echo.Context) error { return s.showSeries(c, 0, nil) }

// showSeries lists the series; form is a refused change of the one with that number.
func (s *Server) showSeries(c echo.Context, refused int64, form *page.Form) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	data, status := seriesPage{Desk: deskOf(c)}, http.StatusOK
	if form != nil {
		status = form.Status()
	}
	list, err := stories.SeriesOf(ctx, s.DB, data.Desk.Owner)
	if err != nil {
		return err
	}
	for _, one := range list {
		row := ownSeries{Series: one, Form: page.NewForm("series", one.Title)}
		if form != nil && one.ID == refused {
			row.Form = form
		}
		if row.Stories, err = stories.InOwnSeries(ctx, s.DB, data.Desk.Owner, one.ID); err != nil {
			return err
		}
		data.List = append(data.List, row)
	}
	data.Empty = page.Empty{Icon: "list", Title: l.T("story.series.empty"), Text: l.T("story.series.empty_text"), URL: data.Desk.Base, Action: l.T("story.series.to_stories")}
	return s.Site.Render(c, status, "story/series", data)
}

// editSeries gives a series another name, or gives it up.
func (s *Server) editSeries(c echo.Context) error {
	d, form := deskOf(c), page.PostedForm(c)
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	title := form.Get("series")
	switch {
	case form.Get("do") == "drop":
		title = ""
	case title == "":
		form.Fail("series", "fault.required")
		return s.showSeries(c, n, form)
	}
	err = s.Stories.EditSeries(c.Request().Context(), by(c), d.Owner, n, title)
	if form.Refused(err) {
		return s.showSeries(c, n, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "story.series.saved")
	return page.Redirect(c, d.Base+"/series")
}

// move puts a story one place forward or back in its series.
func (s *Server) move(c echo.Context) error {
	d := deskOf(c)
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	step := 1
	if page.PostedForm(c).Get("to") == "up" {
		step = -1
	}
	if err := s.Stories.MoveInSeries(c.Request().Context(), by(c), d.Owner, n, step); err != nil {
		return err
	}
	return page.Redirect(c, d.Base+"/series")
}
