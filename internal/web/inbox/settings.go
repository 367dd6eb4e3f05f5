package inbox

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/support"
	"relais/internal/web/page"
)

type settingsPage struct {
	Brand   catalog.Brand
	Base    string
	Speed   int
	Tags    []support.Tag
	Senders []string // addresses that the brand writes from besides its own
	Replies []reply
	Hours   *page.Form
	Tag     *page.Form
	Sender  *page.Form
	Reply   *page.Form // of a new canned answer
}

// reply is a canned answer with its form.
type reply struct {
	support.Reply
	Form *page.Form
}

func (s *Server) settingsPage(c echo.Context) (d settingsPage, err error) {
	ctx := c.Request().Context()
	if d.Brand, err = s.desk(c); err != nil {
		return d, err
	}
	d.Base, d.Tag, d.Sender, d.Reply = "/brand/"+d.Brand.Handle+"/inbox", page.NewForm(), page.NewForm(), page.NewForm()
	hours, err := support.Hours(ctx, s.DB, d.Brand.ID)
	if err != nil {
		return d, err
	}
	d.Hours = page.NewForm("hours", strconv.Itoa(hours))
	if d.Speed, err = support.Speed(ctx, s.DB, d.Brand.ID, s.Now()); err != nil {
		return d, err
	}
	if d.Tags, err = support.Tags(ctx, s.DB, d.Brand.ID); err != nil {
		return d, err
	}
	if d.Senders, err = support.Senders(ctx, s.DB, d.Brand.ID); err != nil {
		return d, err
	}
	list, err := support.Replies(ctx, s.DB, d.Brand.ID)
	for _, r := range list {
		d.Replies = append(d.Replies, reply{r, page.NewForm("title", r.Title, "text", r.Body)})
	}
	return d, err
}

func (s *Server) settings(c echo.Context) error {
	d, err := s.settingsPage(c)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "inbox/settings", d)
}

// saves runs a use case with the form that was posted, which into puts into the page where it is refused.
func (s *Server) saves(c echo.Context, done string, into func(*settingsPage, *page.Form), do func(brandID int64, form *page.Form) error) error {
	d, err := s.settingsPage(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = do(d.Brand.ID, form)
	if form.Refused(err) {
		into(&d, form)
		return s.Site.Render(c, form.Status(), "inbox/settings", d)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, done)
	return page.Redirect(c, d.Base+"/settings")
}

func (s *Server) saveHours(c echo.Context) error {
	return s.saves(c, "inbox.settings.saved", func(d *settingsPage, f *page.Form) { d.Hours = f }, func(brandID int64, f *page.Form) error {
		return s.Support.SetHours(c.Request().Context(), brandID, int(f.Int("hours", 0)))
	})
}

func (s *Server) addTag(c echo.Context) error {
	return s.saves(c, "inbox.settings.saved", func(d *settingsPage, f *page.Form) { d.Tag = f }, func(brandID int64, f *page.Form) error {
		return s.Support.AddTag(c.Request().Context(), brandID, f.Raw("tag"))
	})
}

func (s *Server) addSender(c echo.Context) error {
	return s.saves(c, "inbox.settings.saved", func(d *settingsPage, f *page.Form) { d.Sender = f }, func(brandID int64, f *page.Form) error {
		return s.Support.AddSender(c.Request().Context(), brandID, page.ViewerFrom(c).ID, f.Raw("sender"))
	})
}

func (s *Server) removeSender(c echo.Context) error {
	return s.saves(c, "inbox.settings.removed", func(d *settingsPage, f *page.Form) { d.Sender = f }, func(brandID int64, f *page.Form) error {
		return s.Support.RemoveSender(c.Request().Context(), brandID, f.Get("address"))
	})
}

func (s *Server) removeTag(c echo.Context) error {
	return s.removes(c, s.Support.RemoveTag)
}

func (s *Server) removeReply(c echo.Context) error {
	return s.removes(c, s.Support.RemoveReply)
}

// removes takes what the address names from the brand.
func (s *Server) removes(c echo.Context, remove func(ctx context.Context, brandID, id int64) error) error {
	id, err := number(c, "id")
	if err != nil {
		return err
	}
	return s.saves(c, "inbox.settings.removed", func(*settingsPage, *page.Form) {}, func(brandID int64, _ *page.Form) error {
		return remove(c.Request().Context(), brandID, id)
	})
}

// putReply writes a canned answer: a new one where the address has no number.
func (s *Server) putReply(c echo.Context) error {
	var id int64
	if c.Param("id") != "" {
		var err error
		if id, err = number(c, "id"); err != nil {
			return err
		}
	}
	into := func(d *settingsPage, f *page.Form) {
		d.Reply = f
		for i := range d.Replies {
			if d.Replies[i].ID == id {
				d.Replies[i].Form, d.Reply = f, page.NewForm()
			}
		}
	}
	return s.saves(c, "inbox.settings.saved", into, func(brandID int64, f *page.Form) error {
		return s.Support.PutReply(c.Request().Context(), brandID, support.Reply{ID: id, Title: f.Raw("title"), Body: f.Raw("text")})
	})
}
