package feed

import (
	"crypto/rand"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/polls"
	"relais/internal/posts"
	"relais/internal/posts/photos"
	"relais/internal/web/page"
)

// editPage is the form of a post.
type editPage struct {
	ID        int64 // 0: a new one
	State     posts.State
	Form      *page.Form
	Action    string // where the form leads
	Kinds     []page.Option
	Photos    []posts.Photo
	Room      int // photographs that can be added
	Picks     []pick
	Searched  bool
	Circles   []circleChoices
	Networks  []page.Option
	Zones     []page.Option
	Min       string // earliest time that can be typed, in the zone of the form
	Scheduled bool
}

// pick is one thing that a post can lead to.
type pick struct {
	Value, Title, Hint, Photo, End string
	Checked                        bool
}

// circleChoices are the circles of a sphere.
type circleChoices struct {
	Sphere  groups.Sphere
	Circles []circleChoice
}

type circleChoice struct {
	ID      string
	Name    string
	Checked bool
	Left    bool // its author is not in it any more: the post can stay there, or be taken out
}

// newPost is the empty form; what the address knows (?group=, ?product=, ?poll=) is filled in.
func (s *Server) newPost(c echo.Context) error {
	form := page.NewForm("kind", string(posts.Recommendation), "zone", "Europe/Paris", "operation", rand.Text())
	if handle := c.QueryParam("group"); handle != "" {
		g, err := groups.ByHandle(c.Request().Context(), s.DB, handle)
		if err == nil {
			form.Set("group", strconv.FormatInt(g.ID, 10)) // shown only where the viewer is in it
		} else if !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	if slug := c.QueryParam("product"); slug != "" {
		p, err := catalog.BySlug(c.Request().Context(), s.DB, slug, page.Lang(c), s.Now())
		if err != nil {
			return err
		}
		form.Set("attach", attachProduct+strconv.FormatInt(p.ID, 10))
	}
	if code := c.QueryParam("poll"); code != "" {
		id, err := polls.Shown(c.Request().Context(), s.DB, code)
		if err != nil {
			return err
		}
		form.Set("attach", attachPoll+strconv.FormatInt(id, 10))
	}
	return s.form(c, form, posts.Post{State: posts.Draft}, nil)
}

// edit is the form of a post that is there.
func (s *Server) edit(c echo.Context) error {
	p, there, networks, err := s.ownPost(c)
	if err != nil {
		return err
	}
	form := page.NewForm("kind", string(p.Kind), "text", p.Text, "attach", attachValue(p.Content()), "zone", "Europe/Paris", "operation", rand.Text())
	if p.PublishAt != nil {
		form.Set("at", posts.Typed(*p.PublishAt, p.Zone))
		form.Set("zone", p.Zone)
	}
	var ids, channels, hashes []string
	for _, at := range there {
		if at.GoneAt == nil && at.RemovedAt == nil {
			ids = append(ids, strconv.FormatInt(at.GroupID, 10))
		}
	}
	for _, n := range networks {
		channels = append(channels, n.Channel)
	}
	for _, f := range p.Photos {
		hashes = append(hashes, f.Hash)
		form.Set("alt."+f.Hash, f.Alt)
	}
	form.Set("group", ids...)
	form.Set("network", channels...)
	if p.Outside {
		form.Set("outside", "yes")
	}
	form.Set("photo", hashes...)
	return s.form(c, form, p, there)
}

// Values of the field attach.
const (
	attachStorefront = "storefront"
	attachProduct    = "product:"
	attachPoll       = "poll:"
)

func attachValue(c posts.Content) string {
	switch c.Attach {
	case posts.Product:
		return attachProduct + strconv.FormatInt(c.ProductID, 10)
	case posts.Storefront:
		return attachStorefront
	case posts.Poll:
		return attachPoll + strconv.FormatInt(c.PollID, 10)
	}
	return ""
}

// form shows the form with what was typed.
func (s *Server) form(c echo.Context, form *page.Form, p posts.Post, there []posts.Place) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := editPage{ID: p.ID, State: p.State, Form: form, Action: "/me/posts", Photos: photosOf(form), Scheduled: p.State == posts.Scheduled || form.Get("at") != ""}
	if p.ID != 0 {
		data.Action = fmt.Sprintf("/me/posts/%d", p.ID)
	}
	data.Room = posts.MaxPhotos - len(data.Photos)
	for _, k := range posts.Kinds() {
		data.Kinds = append(data.Kinds, page.Option{Value: string(k), Label: l.T("feed.kind." + string(k))})
	}
	mine, err := groups.Of(ctx, s.DB, by(c))
	if err != nil {
		return err
	}
	data.Circles = circleOptions(form, mine, there)
	for _, n := range posts.Networks() {
		data.Networks = append(data.Networks, page.Option{Value: n, Label: l.T("feed.network." + n)})
	}
	data.Zones = page.Zones(posts.Zones(), form.Get("zone"))
	if place, err := time.LoadLocation(form.Get("zone")); err == nil {
		data.Min = s.Now().In(place).Format("2006-01-02T15:04")
	}
	if data.Picks, err = s.picks(c, form); err != nil {
		return err
	}
	data.Searched = form.Get("q") != ""
	return s.Site.Render(c, form.Status(), "feed/edit", data)
}

// products answers htmx with what a search for products finds.
func (s *Server) products(c echo.Context) error {
	form := page.QueryForm(c)
	picks, err := s.picks(c, form)
	if err != nil {
		return err
	}
	data := editPage{Form: form, Picks: picks, Searched: form.Get("q") != ""}
	if !page.IsPartial(c) {
		return page.Redirect(c, "/me/posts/new")
	}
	return s.Site.Fragment(c, http.StatusOK, "feed/edit", "feed-picks", data)
}

// create writes a new post.
func (s *Server) create(c echo.Context) error {
	return s.save(c, posts.Post{State: posts.Draft}, nil)
}

// change writes a post that is there.
func (s *Server) change(c echo.Context) error {
	p, there, _, err := s.ownPost(c)
	if err != nil {
		return err
	}
	return s.save(c, p, there)
}

// save takes the form in: photographs first, which are kept whatever else is wrong, so that nobody has to choose them twice.
func (s *Server) save(c echo.Context, p posts.Post, there []posts.Place) error {
	form := page.PostedForm(c)
	if err := s.keepPhotos(c, form); err != nil {
		if form.Refused(err) {
			return s.form(c, form, p, there)
		}
		return err
	}
	if form.Get("do") == "search" {
		return s.form(c, form, p, there)
	}
	content, where, when, err := s.read(form)
	var made int64
	if err == nil {
		made, err = s.Posts.Save(c.Request().Context(), by(c), p.ID, operation(form), content, where, when)
	}
	if form.Refused(err) {
		return s.form(c, form, p, there)
	}
	if err != nil {
		return err
	}
	return s.saved(c, form, p, made, where)
}

// saved leads on: to the share queue where networks wait, else to the post.
func (s *Server) saved(c echo.Context, form *page.Form, before posts.Post, postID int64, where posts.Where) error {
	path := fmt.Sprintf("/me/posts/%d", postID)
	switch {
	case before.State == posts.Published:
		s.Site.Good(c, "feed.edit.changed")
	case form.Get("do") == "publish":
		s.Site.Good(c, "feed.edit.published")
		if len(where.Networks) > 0 {
			path += "/share"
		}
	case form.Get("do") == "schedule":
		s.Site.Good(c, "feed.edit.scheduled")
	default:
		s.Site.Good(c, "feed.edit.kept")
	}
	return page.Redirect(c, path)
}

// read is what the form says.
func (s *Server) read(form *page.Form) (posts.Content, posts.Where, posts.When, error) {
	content := posts.Content{Kind: posts.Kind(form.Get("kind")), Text: form.Raw("text"), Photos: photosOf(form)}
	var where posts.Where
	var when posts.When
	switch attach := form.Get("attach"); {
	case attach == attachStorefront:
		content.Attach = posts.Storefront
	case strings.HasPrefix(attach, attachProduct):
		content.Attach = posts.Product
		content.ProductID, _ = strconv.ParseInt(strings.TrimPrefix(attach, attachProduct), 10, 64) // 0 is refused
	case strings.HasPrefix(attach, attachPoll):
		content.Attach = posts.Poll
		content.PollID, _ = strconv.ParseInt(strings.TrimPrefix(attach, attachPoll), 10, 64)
	case attach != "":
		return content, where, when, fault.Field("attach", "posts.attach_unknown")
	}
	for _, g := range form.All("group") {
		n, err := strconv.ParseInt(g, 10, 64)
		if err != nil {
			return content, where, when, fault.Field("groups", "posts.group_unknown")
		}
		where.Groups = append(where.Groups, n)
	}
	where.Networks, where.Outside = form.All("network"), form.Get("outside") == "yes"
	var err error
	switch form.Get("do") {
	case "publish":
		when.Now = true
	case "schedule":
		when.Zone = form.Get("zone")
		when.At, err = posts.Moment(form.Get("at"), when.Zone, s.Now())
	}
	return content, where, when, err
}

// photosOf are the photographs that a form keeps, in their order, without those that are ticked to be taken off.
func photosOf(form *page.Form) []posts.Photo {
	var list []posts.Photo
	for _, hash := range form.All("photo") {
		taken := slices.ContainsFunc(list, func(f posts.Photo) bool { return f.Hash == hash })
		if hash != "" && !taken && form.Get("off."+hash) == "" {
			list = append(list, posts.Photo{Hash: hash, Alt: form.Get("alt." + hash)})
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
		if len(hashes) >= posts.MaxPhotos {
			return fault.Field("file", "posts.too_many_photos").Arg("Most", posts.MaxPhotos)
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
	return nil
}

func (s *Server) keep(c echo.Context, header *multipart.FileHeader) (string, error) {
	file, err := header.Open()
	if err != nil {
		return "", fmt.Errorf("open photograph: %w", err)
	}
	defer file.Close()
	photo, err := photos.Keep(c.Request().Context(), s.DB, s.Media, by(c), file)
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

// timeIn says when a post appears, in the time zone that it was given in.
func timeIn(l i18n.Lang, at time.Time, zone string) string {
	place, err := time.LoadLocation(zone)
	if err != nil {
		return l.DateTime(at)
	}
	return l.T("feed.at_time", "Time", l.DateTimeIn(at, place), "Zone", page.ZoneName(zone))
}
