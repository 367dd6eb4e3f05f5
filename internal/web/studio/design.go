package studio

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/designs"
	"relais/internal/designs/draw"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/money"
	"relais/internal/publications"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
)

// view is one side of the piece on a page.
type view struct {
	ID, Name string
	Sheet    draw.Sheet
	Zones    []zone
	Credit   string // of the photograph of the piece
}

// zone is what a member can do in it.
type zone struct {
	model.Zone
	Layers                   []layer
	Add                      []page.Option // kinds that still can be added
	Error                    string
	Fonts                    []face
	Colours, Patterns, Frame []page.Option
}

// layer is one fieldset.
type layer struct {
	model.Layer
	At     string // "ZONE.0", of its fields and buttons
	Number int
	Last   bool
	Fine   bool // something of its place or size is wrong: its numbers are shown
}

// item is a line of the price.
type item struct {
	Label string
	Price money.Amount
}

type designPage struct {
	designs.Design
	Trail    orderform.Trail
	Form     *page.Form
	Refused  bool // what was posted is not kept
	Views    []view
	Pictures draw.Pictures
	JSON     string // the document, for undo
	ToDo     []string
	Extra    money.Amount
	Items    []item
	Choices  []page.Option // photographs
	Faces    []face        // that its zones offer
	Buy      *buy          // nil: its product is not for sale
	Publish  *publish      // nil: its brand publishes nothing on it
}

// publish is whether the design can be published, or why not.
type publish struct {
	Trouble string // message key; empty: it can
	Again   bool   // it is sold already: a newer revision can be asked for
}

// On is an address of the studio that keeps the visitor's way here.
func (p designPage) On(path string) string { return p.Trail.On(path) }

// TakesPhotos says whether a zone takes photographs, or one is there already.
func (p designPage) TakesPhotos() bool {
	return len(p.Photos) > 0 || slices.ContainsFunc(p.Base.Views, func(v model.View) bool {
		return slices.ContainsFunc(v.Zones, func(z model.Zone) bool { return z.Takes(model.Image) })
	})
}

// The limits of a photograph.
func (p designPage) MostBytes() int      { return media.MaxBytes }
func (p designPage) MostMB() int         { return media.MaxBytes >> 20 }
func (p designPage) MostMegapixels() int { return media.MaxPixels / 1_000_000 }

// Back is the product as its visitor saw it.
func (p designPage) Back() string { return productPath(p.Trail, p.Slug) }

// designPage lays out a design; with a form that was posted, or nil.
func (s *Server) designPage(c echo.Context, d designs.Design, form *page.Form) (designPage, error) {
	l := page.Lang(c)
	raw, err := json.Marshal(d.Doc)
	if err != nil {
		return designPage{}, err
	}
	data := designPage{Design: d, Trail: orderform.TrailOf(c), Form: form, Refused: form != nil, Pictures: d.OnPage(), JSON: string(raw)}
	if form == nil {
		data.Form = page.NewForm("title", d.Title)
		show(data.Form, d.Doc)
	}
	problems := d.Problems()
	say(l, data.Form, problems)
	for _, p := range problems {
		data.ToDo = append(data.ToDo, words(l, p))
	}
	for i, p := range d.Photos {
		data.Choices = append(data.Choices, page.Option{Value: strconv.FormatInt(p.ID, 10), Label: l.T("studio.photo_number", "Number", len(d.Photos)-i)})
	}
	credits := map[string]string{}
	for _, g := range d.Grounds {
		credits[g.Hash] = g.Credit
	}
	var offered []string
	for _, v := range d.Base.Views {
		shown := view{ID: v.ID, Name: v.Name, Sheet: draw.Outlined(draw.View(d.Base, v, d.Doc, data.Pictures), v, d.Doc, data.Pictures), Credit: credits[v.Photo]}
		for _, z := range v.Zones {
			shown.Zones = append(shown.Zones, zoneOf(l, z, d.Doc.Part(z.ID), data.Form))
			offered = append(offered, z.Fonts...)
		}
		data.Views = append(data.Views, shown)
	}
	slices.Sort(offered)
	data.Faces = faces(l, slices.Compact(offered))
	total, items := model.Price(d.Base, d.Doc)
	data.Extra = money.New(total, d.Currency)
	for _, i := range items {
		data.Items = append(data.Items, item{l.T("studio.item", "Zone", i.Zone, "Kind", l.T("studio.kind."+string(i.Kind)), "Number", i.Count), money.New(i.Minor, d.Currency)})
	}
	return data, nil
}

func zoneOf(l i18n.Lang, z model.Zone, layers []model.Layer, form *page.Form) zone {
	out := zone{Zone: z, Error: form.Error(l, z.ID), Fonts: faces(l, z.Fonts), Colours: swatches(l, z), Patterns: options(l, "studio.pattern.", z.Patterns), Frame: options(l, "studio.frame.", model.Frames())}
	for i, y := range layers {
		at := z.ID + "." + strconv.Itoa(i)
		fine := slices.ContainsFunc([]string{"x", "y", "size", "turn", "arc"}, func(name string) bool { return form.Error(l, at+"."+name) != "" })
		out.Layers = append(out.Layers, layer{y, at, i + 1, i == len(layers)-1, fine})
	}
	if len(layers) < z.Most {
		out.Add = options(l, "studio.add.", z.Kinds)
	}
	return out
}

func (s *Server) find(c echo.Context) (designs.Design, error) {
	id, err := number(c)
	if err != nil {
		return designs.Design{}, err
	}
	return designs.ByID(c.Request().Context(), s.DB, by(c), id)
}

func (s *Server) design(c echo.Context) error {
	d, err := s.find(c)
	if err != nil {
		return err
	}
	return s.answer(c, http.StatusOK, d, nil)
}

// answer shows the studio, or to the script all of it that a change can change; with what was posted where it was refused.
func (s *Server) answer(c echo.Context, status int, d designs.Design, form *page.Form) error {
	data, err := s.designPage(c, d, form)
	if err != nil {
		return err
	}
	if data.Buy, err = s.buy(c, d); err != nil {
		return err
	}
	if data.Publish, err = s.publish(c, d); err != nil {
		return err
	}
	if page.IsPartial(c) {
		return s.Site.Fragment(c, status, "studio/design", "studio-answer", data)
	}
	return s.Site.Render(c, status, "studio/design", data)
}

// publish says whether a design can be published; nil where its brand publishes nothing on its base.
func (s *Server) publish(c echo.Context, d designs.Design) (*publish, error) {
	plan, err := publications.PlanOf(c.Request().Context(), s.DB, by(c), d.ID, s.Now())
	var why *fault.Error
	switch {
	case err != nil:
		return nil, err
	case plan.Open == nil && (!plan.Settings.Offered || plan.TermsBps == 0):
		return nil, nil
	case errors.As(plan.Err, &why):
		return &publish{Trouble: why.Message}, nil
	case plan.Err != nil:
		return nil, plan.Err
	}
	return &publish{Again: plan.Open != nil}, nil
}

// save keeps what the form says, after what its button does; undo sends the whole document instead.
func (s *Server) save(c echo.Context) error {
	d, err := s.find(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	read := reader{form: form}
	doc := read.document(d.Base)
	if raw := form.Raw("doc"); raw != "" {
		read.bad = nil
		if doc, err = model.Parse([]byte(raw)); err != nil {
			return err
		}
	}
	if len(read.bad) > 0 {
		say(page.Lang(c), form, read.bad)
		return s.answer(c, form.Status(), d, form)
	}
	var photo int64
	if len(d.Photos) > 0 {
		photo = d.Photos[0].ID
	}
	doc = act(d.Base, doc, form.Get("do"), photo)
	_, err = s.Designs.Save(c.Request().Context(), by(c), d.ID, int(form.Int("revision", 0)), form.Get("title"), doc)
	if err != nil {
		if !form.Refused(err) {
			return err
		}
		return s.answer(c, form.Status(), d, form)
	}
	if page.IsPartial(c) {
		if d, err = s.find(c); err != nil {
			return err
		}
		return s.answer(c, http.StatusOK, d, nil)
	}
	return c.Redirect(http.StatusSeeOther, orderform.TrailOf(c).On(d.Path())+anchor(form.Get("do")))
}

// anchor leads back to where a button was pressed.
func anchor(do string) string {
	if do == "" {
		return "#studio"
	}
	for i := range do {
		if do[i] == '.' {
			return "#z-" + zoneName(do[i+1:])
		}
	}
	return ""
}

func zoneName(rest string) string {
	for i := range rest {
		if rest[i] == '.' {
			return rest[:i]
		}
	}
	return rest
}

func (s *Server) drop(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	if err := s.Designs.Drop(c.Request().Context(), by(c), id); err != nil {
		return err
	}
	s.Site.Good(c, "studio.dropped")
	return page.Redirect(c, "/designs")
}

// addPhoto keeps a photograph; the member then puts it where they want it.
func (s *Server) addPhoto(c echo.Context) error {
	d, err := s.find(c)
	if err != nil {
		return err
	}
	form := page.NewForm("title", d.Title)
	show(form, d.Doc)
	multipart, err := c.MultipartForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		err = fault.Field("photo", "fault.photo_too_large")
	case err != nil || len(multipart.File["photo"]) == 0:
		err = fault.Field("photo", "fault.catalog.required")
	default:
		file, opened := multipart.File["photo"][0].Open()
		if opened != nil {
			return opened
		}
		_, err = s.Designs.AddPhoto(c.Request().Context(), by(c), file)
		err = errors.Join(err, file.Close())
	}
	if form.Refused(err) {
		return s.answer(c, form.Status(), d, form)
	}
	if err != nil {
		return err
	}
	if page.IsPartial(c) {
		if d, err = s.find(c); err != nil {
			return err
		}
		return s.answer(c, http.StatusOK, d, nil)
	}
	s.Site.Good(c, "studio.photo_added")
	return page.Redirect(c, orderform.TrailOf(c).On(d.Path())+"#photos")
}

func (s *Server) removePhoto(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	if err := s.Designs.RemovePhoto(c.Request().Context(), by(c), id); err != nil {
		return err
	}
	s.Site.Good(c, "studio.photo_removed")
	return page.Redirect(c, page.LocalPath(page.PostedForm(c).Get("next"), "/designs"))
}

// photo shows a member their own photograph. It never changes under its number.
func (s *Server) photo(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	raw, err := s.Designs.PhotoFile(c.Request().Context(), by(c), id)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, max-age=3600")
	return c.Blob(http.StatusOK, "image/jpeg", raw)
}

// picture is one view as PNG, for its author to look at and keep: three dots per millimetre at most.
func (s *Server) picture(c echo.Context) error {
	d, err := s.find(c)
	if err != nil {
		return err
	}
	return orderform.Picture(c, s.Designs, d, c.Param("view"))
}

// carry puts a design on the version of the base that is offered now.
func (s *Server) carry(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	err = s.Designs.CarryOver(c.Request().Context(), by(c), id, int(page.PostedForm(c).Int("revision", 0)))
	var refused *fault.Error
	switch {
	case err == nil:
		s.Site.Good(c, "studio.carried")
	case errors.Is(err, fault.Conflict) && errors.As(err, &refused):
		s.Site.Bad(c, refused.Message)
	default:
		return err
	}
	return page.Redirect(c, orderform.TrailOf(c).On(designs.Design{ID: id}.Path()))
}

type minePage struct {
	Designs []mine
	Empty   page.Empty
}

// mine is a design in the list of its author's.
type mine struct {
	designs.Design
	ToDo int
}

func (s *Server) mine(c echo.Context) error {
	list, err := designs.Mine(c.Request().Context(), s.DB, by(c))
	if err != nil {
		return err
	}
	l := page.Lang(c)
	data := minePage{Empty: page.Empty{Icon: "pencil", Title: l.T("studio.mine.none"), Text: l.T("studio.mine.none_text"), URL: "/products", Action: l.T("studio.mine.browse")}}
	for _, d := range list {
		data.Designs = append(data.Designs, mine{d, len(d.Problems())})
	}
	return s.Site.Render(c, http.StatusOK, "studio/mine", data)
}
