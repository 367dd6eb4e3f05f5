package story

import (
	"crypto/rand"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/posts"
	"relais/internal/stories"
	"relais/internal/web/page"
)

// editPage is the form of a story.
type editPage struct {
	Desk      desk
	Story     stories.Story
	Form      *page.Form
	Action    string
	Langs     []page.Option
	Photos    []stories.Photo // as the form has them
	Room      int             // photographs that can be added
	Picks     []pick
	Searched  bool
	Series    []page.Option
	Zones     []page.Option
	Min       string // earliest time that can be typed, in the zone of the form
	Scheduled bool
	Saved     saved
}

// saved says whether a draft was kept by itself.
type saved struct {
	Action  string
	Version string
	At      *time.Time
	Problem string // why it was not; empty: it was, or nobody tried
	Auto    bool   // drafts keep themselves
}

// edit is the form of a story that is there.
func (s *Server) edit(c echo.Context) error {
	d, told, err := s.own(c)
	if err != nil {
		return err
	}
	form := page.NewForm("version", strconv.Itoa(told.Version), "form", rand.Text(), "lang", string(told.Lang), "title", told.Title, "body", told.Body, "video", told.Video, "video_photo", told.VideoPhoto, "zone", "Europe/Paris")
	if told.SeriesID != 0 {
		form.Set("series_id", strconv.FormatInt(told.SeriesID, 10))
	}
	if told.PublishAt != nil {
		form.Set("at", posts.Typed(*told.PublishAt, told.Zone))
		form.Set("zone", told.Zone)
	}
	var hashes, products []string
	for _, f := range told.Photos {
		hashes = append(hashes, f.Hash)
		form.Set("alt."+f.Hash, f.Alt)
	}
	for _, p := range told.Products {
		products = append(products, strconv.FormatInt(p, 10))
	}
	form.Set("photo", hashes...)
	form.Set("products", products...)
	return s.form(c, d, told, form)
}

// form shows the form with what was typed.
func (s *Server) form(c echo.Context, d desk, told stories.Story, form *page.Form) error {
	l := page.Lang(c)
	data := editPage{Desk: d, Story: told, Form: form, Action: fmt.Sprintf("%s/%d", d.Base, told.ID), Photos: photosOf(form), Scheduled: told.State == stories.Scheduled || form.Get("at") != "",
		Zones: page.Zones(posts.Zones(), form.Get("zone")), Searched: form.Get("q") != ""}
	data.Room = stories.MaxPhotos - len(data.Photos)
	data.Saved = saved{Action: data.Action, Version: form.Get("version"), Auto: told.State == stories.Draft}
	for _, lang := range i18n.Langs() {
		data.Langs = append(data.Langs, page.Option{Value: string(lang), Label: lang.Name()})
	}
	if place, err := time.LoadLocation(form.Get("zone")); err == nil {
		data.Min = s.Now().In(place).Format("2006-01-02T15:04")
	}
	series, err := stories.SeriesOf(c.Request().Context(), s.DB, d.Owner)
	if err != nil {
		return err
	}
	data.Series = []page.Option{{Value: "", Label: l.T("story.edit.no_series")}}
	for _, one := range series {
		data.Series = append(data.Series, page.Option{Value: strconv.FormatInt(one.ID, 10), Label: one.Title})
	}
	if data.Picks, err = s.picks(c, d, form); err != nil {
		return err
	}
	return s.Site.Render(c, form.Status(), "story/edit", data)
}

// save takes the form in: photographs first, which are kept whatever else is wrong, so that nobody has to choose them twice.
func (s *Server) save(c echo.Context) error {
	d, told, err := s.own(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	do := form.Get("do")
	if do == "auto" {
		return s.autosave(c, d, told, form)
	}
	if err := s.keepPhotos(c, form); err != nil {
		if form.Refused(err) {
			return s.form(c, d, told, form)
		}
		return err
	}
	if do == "photos" && told.State == stories.Draft { // kept with the draft; of a story that is read, only in the form until it is saved
		do = "draft"
		form.Set("do", do)
	}
	if do == "search" || do == "photos" {
		return s.form(c, d, told, form)
	}
	is, err := s.write(c, d, told, form)
	if form.Refused(err) {
		return s.form(c, d, told, form)
	}
	if err != nil {
		return err
	}
	return s.written(c, d, told.State, is, do)
}

// written leads on: to the story where it is read, else back to its form.
func (s *Server) written(c echo.Context, d desk, before stories.State, is stories.Story, do string) error {
	switch {
	case is.State == stories.Published && before == stories.Published:
		s.Site.Good(c, "story.done.changed")
	case is.State == stories.Published:
		s.Site.Good(c, "story.done.publish")
	case do == "schedule":
		s.Site.Good(c, "story.done.schedule")
	default:
		s.Site.Good(c, "story.done.keep")
	}
	if is.Live() {
		return page.Redirect(c, is.Path())
	}
	return page.Redirect(c, fmt.Sprintf("%s/%d", d.Base, is.ID))
}

// write saves what the form says.
func (s *Server) write(c echo.Context, d desk, told stories.Story, form *page.Form) (stories.Story, error) {
	ctx := c.Request().Context()
	content, when, err := s.reads(form)
	if err != nil {
		return told, err
	}
	if name := form.Get("series"); name != "" {
		if content.SeriesID, err = s.Stories.AddSeries(ctx, by(c), d.Owner, name); err != nil {
			return told, err
		}
		form.Set("series_id", strconv.FormatInt(content.SeriesID, 10))
		form.Set("series")
	}
	return s.Stories.Save(ctx, by(c), d.Owner, told.ID, seenOf(form), content, when)
}

// seenOf is the story as the form was made from it.
func seenOf(form *page.Form) stories.Seen {
	return stories.Seen{Version: int(form.Int("version", 0)), Form: form.Get("form"), Auto: form.Get("do") == "auto"}
}

// autosave keeps a draft while it is written, and answers with a line that says so. It refuses nothing that a writer could not put right later.
func (s *Server) autosave(c echo.Context, d desk, told stories.Story, form *page.Form) error {
	data := editPage{Desk: d, Story: told, Form: form, Action: fmt.Sprintf("%s/%d", d.Base, told.ID)}
	data.Saved = saved{Action: data.Action, Version: form.Get("version"), Auto: told.State == stories.Draft}
	form.Set("series")
	err := error(stories.ErrState)
	if told.State == stories.Draft {
		var is stories.Story
		if is, err = s.write(c, d, told, form); err == nil {
			data.Saved.Version, data.Saved.At = strconv.Itoa(is.Version), &is.UpdatedAt
		}
	}
	if form.Refused(err) {
		l := page.Lang(c)
		for _, p := range form.Problems(l) {
			data.Saved.Problem = p.Text
		}
	} else if err != nil {
		return err
	}
	if !page.IsPartial(c) {
		return page.Redirect(c, data.Action)
	}
	return s.Site.Fragment(c, http.StatusOK, "story/edit", "story-saved", data)
}

// reads is what the form says.
func (s *Server) reads(form *page.Form) (stories.Content, stories.When, error) {
	c := stories.Content{Lang: i18n.Lang(form.Get("lang")), Title: form.Raw("title"), Body: form.Raw("body"), Video: form.Get("video"), Photos: photosOf(form), SeriesID: form.Int("series_id", 0)}
	if form.Get("video_off") == "" {
		c.VideoPhoto = form.Get("video_photo")
	}
	var when stories.When
	for _, p := range form.All("products") {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil {
			return c, when, fault.Field("products", "story.product_gone")
		}
		if !slices.Contains(c.Products, n) {
			c.Products = append(c.Products, n)
		}
	}
	var err error
	switch form.Get("do") {
	case "publish":
		when.Now = true
	case "schedule":
		when.Zone = form.Get("zone")
		when.At, err = posts.Moment(form.Get("at"), when.Zone, s.Now())
	}
	return c, when, err
}

// photosOf are the photographs that a form keeps, in their order, without those that are ticked to be taken off; the one that is chosen as the
// first stands first.
func photosOf(form *page.Form) []stories.Photo {
	var list []stories.Photo
	for _, hash := range form.All("photo") {
		there := slices.ContainsFunc(list, func(f stories.Photo) bool { return f.Hash == hash })
		if hash == "" || there || form.Get("off."+hash) != "" {
			continue
		}
		f := stories.Photo{Hash: hash, Alt: form.Get("alt." + hash)}
		if hash == form.Get("cover") {
			list = slices.Insert(list, 0, f)
		} else {
			list = append(list, f)
		}
	}
	return list
}

// keepPhotos stores the photographs that came with the form, and has it keep them by their hashes.
func (s *Server) keepPhotos(c echo.Context, form *page.Form) error {
	sent, err := c.MultipartForm()
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	if err != nil {
		return nil //nolint:nilerr // a form without files
	}
	kept := photosOf(form)
	hashes := make([]string, len(kept))
	for i, f := range kept {
		hashes[i] = f.Hash
	}
	form.Set("photo", hashes...)
	for _, header := range sent.File["file"] {
		if len(hashes) >= stories.MaxPhotos {
			return fault.Field("file", "story.too_many_photos").Arg("Most", stories.MaxPhotos)
		}
		hash, err := s.keep(c, header)
		if err != nil {
			return onField(err, "photo", "file")
		}
		hashes = append(hashes, hash)
		if form.Get("alt."+hash) == "" {
			form.Set("alt."+hash, form.Get("alt"))
		}
		form.Set("photo", hashes...)
	}
	form.Set("alt")
	for _, header := range sent.File["video_file"] {
		hash, err := s.keep(c, header)
		if err != nil {
			return onField(err, "photo", "video_file")
		}
		form.Set("video_photo", hash)
		form.Set("video_off")
	}
	return nil
}

func (s *Server) keep(c echo.Context, header *multipart.FileHeader) (string, error) {
	file, err := header.Open()
	if err != nil {
		return "", fmt.Errorf("open photograph: %w", err)
	}
	defer file.Close()
	photo, err := s.Stories.KeepPhoto(c.Request().Context(), by(c), file)
	return photo.Hash, err
}

// onField has a fault of one field be of another, as the form names it.
func onField(err error, from, to string) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Fields[from] == "" {
		return err
	}
	return fault.Field(to, f.Fields[from])
}
