package circle

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/groups"
	"relais/internal/web/page"
)

type minePage struct {
	Spheres []sphere
	Asked   []groups.Asking
	Empty   page.Empty
}

// sphere is one part of a member's life with its circles.
type sphere struct {
	Name    groups.Sphere
	Circles []mine
}

// mine is one circle of a member's.
type mine struct {
	groups.Membership
	Waiting int // what waits for those who moderate
}

// mine is a member's circles, each sphere by itself.
func (s *Server) mine(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	all, err := groups.Of(ctx, s.DB, viewerID(c))
	if err != nil {
		return err
	}
	waiting, err := groups.Todo(ctx, s.DB, viewerID(c), 0)
	if err != nil {
		return err
	}
	data := minePage{Empty: page.Empty{Icon: "users", Title: l.T("group.mine.none"), Text: l.T("group.mine.none_text"), URL: "/groups", Action: l.T("group.mine.find")}}
	for _, name := range groups.Spheres() {
		part := sphere{Name: name}
		for _, m := range all {
			if m.Sphere != name {
				continue
			}
			part.Circles = append(part.Circles, mine{Membership: m, Waiting: waiting[m.ID]})
		}
		if len(part.Circles) > 0 {
			data.Spheres = append(data.Spheres, part)
		}
	}
	if data.Asked, err = groups.AskedBy(ctx, s.DB, viewerID(c), listed); err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "circle/mine", data)
}

// editPage is the form of a new circle, or of one that is there.
type editPage struct {
	Circle
	Form         *page.Form
	Close        *page.Form
	Spheres      []page.Option
	Visibilities []page.Option
	Admissions   []page.Option
}

func (s *Server) editPage(c echo.Context, circle Circle, form *page.Form) editPage {
	l := page.Lang(c)
	data := editPage{Circle: circle, Form: form, Close: page.NewForm()}
	for _, x := range groups.Spheres() {
		data.Spheres = append(data.Spheres, page.Option{Value: string(x), Label: l.T("group.sphere." + string(x)), Hint: l.T("group.sphere_hint." + string(x))})
	}
	for _, x := range []groups.Visibility{groups.Private, groups.Open} {
		option := page.Option{Value: string(x), Label: l.T("group.visibility." + string(x)), Hint: l.T("group.visibility_hint." + string(x))}
		if circle.ID != 0 && circle.Visibility == groups.Private && x == groups.Open {
			option.Disabled, option.Hint = true, l.T("fault.group_stays_private")
		}
		data.Visibilities = append(data.Visibilities, option)
	}
	for _, x := range []groups.Admission{groups.Free, groups.Asked} {
		data.Admissions = append(data.Admissions, page.Option{Value: string(x), Label: l.T("group.admission." + string(x)), Hint: l.T("group.admission_hint." + string(x))})
	}
	return data
}

func (s *Server) showNew(c echo.Context) error {
	form := page.NewForm("visibility", string(groups.Private), "admission", string(groups.Free))
	return s.Site.Render(c, http.StatusOK, "circle/new", s.editPage(c, Circle{}, form))
}

// draft reads a circle out of a form; a photograph is kept first.
func (s *Server) draft(c echo.Context, form *page.Form) (groups.Draft, error) {
	d := groups.Draft{Name: form.Get("name"), Description: form.Raw("description"), Rules: form.Raw("rules"), Sphere: groups.Sphere(form.Get("sphere")),
		Visibility: groups.Visibility(form.Get("visibility")), Admission: groups.Admission(form.Get("admission"))}
	header, err := c.FormFile("picture")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) || err == nil && header.Size == 0 {
		return d, nil
	}
	if err != nil {
		return d, fmt.Errorf("read upload: %w", err)
	}
	file, err := header.Open()
	if err != nil {
		return d, fmt.Errorf("open upload: %w", err)
	}
	defer file.Close()
	photo, err := s.Media.Save(c.Request().Context(), s.DB, file, "")
	d.Picture = photo.Hash
	return d, err
}

func (s *Server) create(c echo.Context) error {
	form := page.PostedForm(c)
	d, err := s.draft(c, form)
	var g groups.Group
	if err == nil {
		g, err = s.Groups.Create(c.Request().Context(), viewerID(c), d)
	}
	if form.Refused(err) {
		return s.Site.Render(c, form.Status(), "circle/new", s.editPage(c, Circle{}, form))
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "group.new.done", "Name", g.Name)
	return page.Redirect(c, "/g/"+g.Handle+"/invite")
}

func (s *Server) showSettings(c echo.Context, circle Circle) error {
	form := page.NewForm("name", circle.Name, "description", circle.Description, "rules", circle.Rules, "visibility", string(circle.Visibility), "admission", string(circle.Admission))
	return s.Site.Render(c, http.StatusOK, "circle/settings", s.editPage(c, circle, form))
}

func (s *Server) edit(c echo.Context, circle Circle) error {
	form := page.PostedForm(c)
	d, err := s.draft(c, form)
	if err == nil {
		err = s.Groups.Edit(c.Request().Context(), circle.ID, circle.Viewer, d)
	}
	if form.Refused(err) {
		return s.Site.Render(c, form.Status(), "circle/settings", s.editPage(c, circle, form))
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "group.settings.done")
	return page.Redirect(c, circle.Path+"/settings")
}

func (s *Server) close(c echo.Context, circle Circle) error {
	if err := s.Groups.Close(c.Request().Context(), circle.ID, circle.Viewer, ""); err != nil {
		return err
	}
	s.Site.Good(c, "group.close.done", "Name", circle.Name)
	return page.Redirect(c, "/me/groups")
}

type leavePage struct {
	Circle
	Form *page.Form
}

func (s *Server) showLeave(c echo.Context, circle Circle) error {
	return s.Site.Render(c, http.StatusOK, "circle/leave", leavePage{circle, page.NewForm()})
}

func (s *Server) leave(c echo.Context, circle Circle) error {
	form := page.PostedForm(c)
	err := s.Groups.Leave(c.Request().Context(), circle.ID, circle.Viewer)
	if form.Refused(err) {
		return s.Site.Render(c, form.Status(), "circle/leave", leavePage{circle, form})
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "group.leave.done", "Name", circle.Name)
	return page.Redirect(c, "/me/groups")
}

// show has the viewer's membership shown to everybody, or hidden.
func (s *Server) show(c echo.Context, circle Circle) error {
	shown := c.FormValue("shown") == "yes"
	if err := s.Groups.Show(c.Request().Context(), circle.ID, circle.Viewer, shown); err != nil {
		return err
	}
	key := "group.show.hidden"
	if shown {
		key = "group.show.shown"
	}
	s.Site.Good(c, key)
	return page.Redirect(c, circle.Path+"/about")
}
