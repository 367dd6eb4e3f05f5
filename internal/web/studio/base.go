package studio

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/designs"
	"relais/internal/designs/draw"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/web/page"
)

type basePage struct {
	Brand     catalog.Brand
	Base      string // "/brand/handle", as the head of a brand's pages wants it
	Product   catalog.ProductPage
	Tabs      []page.Tab
	Path      string
	Form      *page.Form
	Refused   bool // what was posted is not kept
	Version   designs.Version
	Offered   int // number of the version that members design on; 0: none
	Views     []baseView
	Problems  []string
	MoreViews bool
	Shapes    []page.Option
	Fonts     []face
	Pictures  draw.Pictures // the product's photographs, for the views
	Kinds     []page.Option
	Patterns  []page.Option

	Publishing *page.Form // what members may publish of what they design on it
	Royalty    int64      // the most that authors may ask by its terms, basis points; 0: nothing can be published
}

type baseView struct {
	At        string // "views.0"
	Number    int
	Name      string
	Sheet     draw.Sheet
	Zones     []baseZone
	MoreZones bool
	Credit    string // of its photograph
}

type baseZone struct {
	At, Name    string
	Place       string // "0.1": which view, which zone of it
	Number      int
	Colours     []baseColour
	MoreColours bool
}

// baseColour is a colour that the brand offers in a zone, and what it is called where the brand gives it no name.
type baseColour struct {
	At    string
	Code  model.Colour
	Plain string
}

// first is what a brand begins with.
func first(l i18n.Lang) model.Base {
	return model.Base{Version: model.Version, Days: 10, DPI: 120, Bleed: 3_00, Views: []model.View{freshView(l, "v1")}}
}

func freshView(l i18n.Lang, id string) model.View {
	return model.View{ID: id, Name: l.T("studio.base.first_view"), Width: 300_00, Height: 300_00, Shape: "sheet", Ground: "#ffffff"}
}

func freshZone(l i18n.Lang, v model.View, id string) model.Zone {
	return model.Zone{ID: id, Name: l.T("studio.base.first_zone"), X: v.Width / 4, Y: v.Height / 4, Width: v.Width / 2, Height: v.Height / 2, Kinds: []model.Kind{model.Text}, Most: 3,
		Fonts: everyFont(), Letters: 20, Least: 5_00, Colours: []model.Colour{"#1a1a1a", "#c2321a"}, Patterns: model.Patterns()}
}

// product reads the product of the route, for whom the guard has let in; that of another brand does not exist.
func (s *Server) product(c echo.Context) (basePage, error) {
	ctx := c.Request().Context()
	id, err := number(c)
	if err != nil {
		return basePage{}, err
	}
	b, err := catalog.BrandByHandle(ctx, s.DB, c.Param("handle"), "")
	if err != nil {
		return basePage{}, err
	}
	p, err := catalog.ByID(ctx, s.DB, id, "", s.Now())
	if err == nil && p.BrandID != b.ID {
		err = fault.New(fault.NotFound, "fault.page_not_found")
	}
	if err != nil {
		return basePage{}, err
	}
	data := basePage{Brand: b, Base: "/brand/" + b.Handle, Product: p, Path: "/brand/" + b.Handle + "/products/" + strconv.FormatInt(id, 10) + "/base"}
	data.Version, err = designs.DraftOf(ctx, s.DB, id)
	if errors.Is(err, fault.NotFound) {
		data.Version.Base, err = first(page.Lang(c)), nil
	}
	if err != nil {
		return basePage{}, err
	}
	if data.Version.State != designs.Draft { // the next version begins with the last one
		data.Version.Number++
		data.Version.Revision = 0
	}
	offered, err := designs.Offered(ctx, s.DB, id)
	if err == nil {
		data.Offered = offered.Number
	} else if !errors.Is(err, fault.NotFound) {
		return basePage{}, err
	}
	return data, s.settings(c, &data)
}

// lay fills a page for the base, with the form that was posted, or nil.
func (data basePage) lay(l i18n.Lang, form *page.Form) basePage {
	b := data.Version.Base
	data.Form, data.Refused = form, form != nil
	if form == nil {
		data.Form = page.NewForm()
		showBase(data.Form, b, data.Product.Currency)
		data.Form.Set("revision", strconv.Itoa(data.Version.Revision))
	}
	say(l, data.Form, b.Problems())
	for _, p := range b.Problems() {
		data.Problems = append(data.Problems, words(l, p))
	}
	data.Tabs = page.ProductTabs(l, data.Base, data.Product.ID, "base")
	data.Shapes, data.Fonts = options(l, "studio.shape.", model.Shapes()), faces(l, everyFont())
	data.Kinds, data.Patterns = options(l, "studio.kind.", model.Kinds()), options(l, "studio.pattern.", model.Patterns())
	data.MoreViews = len(b.Views) < model.MostViews
	data.Pictures = draw.Pictures{}
	credits := map[string]string{}
	for _, p := range data.Product.Photos {
		data.Pictures[p.Hash], credits[p.Hash] = designs.Ground{Hash: p.Hash, Width: p.Width, Height: p.Height}.OnPage(), p.Credit
	}
	for i, v := range b.Views {
		shown := baseView{At: viewAt(i), Number: i + 1, Name: v.Name, MoreZones: len(v.Zones) < model.MostZones, Credit: credits[v.Photo]}
		if v.Width >= model.LeastSide && v.Height >= model.LeastSide && v.Width <= model.MostSide && v.Height <= model.MostSide {
			shown.Sheet = draw.Outlined(draw.View(b, v, sample(v), data.Pictures), v, model.Document{}, nil)
		}
		for n, z := range v.Zones {
			zone := baseZone{At: zoneAt(i, n), Name: z.Name, Place: fmt.Sprintf("%d.%d", i, n), Number: n + 1, MoreColours: len(z.Colours) < model.MostColours}
			for k, c := range z.Colours {
				zone.Colours = append(zone.Colours, baseColour{colourAt(zone.At, k), c, l.T("studio.hue." + c.Plain())})
			}
			shown.Zones = append(shown.Zones, zone)
		}
		data.Views = append(data.Views, shown)
	}
	return data
}

// sample writes each zone's name into it, where it takes text, so that the brand sees what its rules make of it.
func sample(v model.View) model.Document {
	d := model.Document{Version: model.Version}
	for _, z := range v.Zones {
		if z.Takes(model.Text) && len(z.Fonts) > 0 && len(z.Colours) > 0 {
			l := fresh(z, model.Text, 0)
			l.Text = z.Name
			if r, ok := l.Ink().Bounds(); ok && r.Width() > z.Width.MM() {
				l.Size = model.Length(float64(l.Size) * 0.9 * z.Width.MM() / r.Width())
			}
			d.Parts = append(d.Parts, model.Part{Zone: z.ID, Layers: []model.Layer{l}})
		}
	}
	return d
}

func (s *Server) base(c echo.Context) error {
	data, err := s.product(c)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "studio/base", data.lay(page.Lang(c), nil))
}

// saveBase keeps what the form says, after what its button does. Asked by script for the pictures alone, it keeps nothing.
func (s *Server) saveBase(c echo.Context) error {
	data, err := s.product(c)
	if err != nil {
		return err
	}
	l, form := page.Lang(c), page.PostedForm(c)
	read := reader{form: form}
	b := read.base(data.Product.Currency)
	if page.IsPartial(c) {
		data.Version.Base = b
		return s.Site.Fragment(c, http.StatusOK, "studio/base", "pictures", data.lay(l, form))
	}
	b = change(l, b, form.Get("do"))
	if len(read.bad) > 0 {
		say(l, form, read.bad)
		data.Version.Base = b
		return s.Site.Render(c, form.Status(), "studio/base", data.lay(l, form))
	}
	v, err := s.Designs.SaveBase(c.Request().Context(), by(c), data.Brand.ID, data.Product.ID, int(form.Int("revision", 0)), b)
	if form.Refused(err) {
		data.Version.Base = b
		return s.Site.Render(c, form.Status(), "studio/base", data.lay(l, form))
	}
	if err != nil {
		return err
	}
	if form.Get("do") == "publish" {
		if err := s.Designs.Publish(c.Request().Context(), by(c), data.Brand.ID, data.Product.ID, v.Revision); err != nil {
			data.Version = v
			form.Set("revision", strconv.Itoa(v.Revision))
			if !form.Refused(err) {
				return err
			}
			return s.Site.Render(c, form.Status(), "studio/base", data.lay(l, form))
		}
		s.Site.Good(c, "studio.base.published")
		return page.Redirect(c, data.Path)
	}
	s.Site.Good(c, "studio.base.saved")
	return page.Redirect(c, data.Path+baseAnchor(form.Get("do")))
}

func baseAnchor(do string) string {
	if parts := strings.Split(do, "."); len(parts) > 2 && parts[0] == "zone" {
		return "#views." + parts[2]
	} else if len(parts) > 3 && parts[0] == "colour" {
		return "#views." + parts[2] + ".zones." + parts[3]
	}
	return ""
}

func (s *Server) withdraw(c echo.Context) error {
	data, err := s.product(c)
	if err != nil {
		return err
	}
	if err := s.Designs.Withdraw(c.Request().Context(), by(c), data.Brand.ID, data.Product.ID); err != nil {
		return err
	}
	s.Site.Good(c, "studio.base.withdrawn")
	return page.Redirect(c, data.Path)
}

// change does to a base what a button says: "view.add", "view.remove.0", "zone.add.0", "zone.remove.0.1", "colour.add.0.1", "colour.remove.0.1.2" (the third colour of
// the second zone of the first view).
func change(l i18n.Lang, b model.Base, do string) model.Base {
	parts := strings.Split(do, ".")
	at := func(n, count int) (int, bool) {
		if n >= len(parts) {
			return 0, false
		}
		i, err := strconv.Atoi(parts[n])
		return i, err == nil && i >= 0 && i < count
	}
	if len(parts) < 2 {
		return b
	}
	what := parts[0] + "." + parts[1]
	b.Views = slices.Clone(b.Views)
	i, ok := at(2, len(b.Views))
	if what == "view.add" && len(b.Views) < model.MostViews {
		b.Views = append(b.Views, freshView(l, free(b, "v")))
	}
	if !ok {
		return b
	}
	v := &b.Views[i]
	v.Zones = slices.Clone(v.Zones)
	n, inZone := at(3, len(v.Zones))
	switch {
	case what == "view.remove":
		b.Views = slices.Delete(b.Views, i, i+1)
	case what == "zone.add" && len(v.Zones) < model.MostZones:
		v.Zones = append(v.Zones, freshZone(l, *v, free(b, "z")))
	case what == "zone.remove" && inZone:
		v.Zones = slices.Delete(v.Zones, n, n+1)
	case what == "colour.add" && inZone && len(v.Zones[n].Colours) < model.MostColours:
		v.Zones[n].Colours = append(slices.Clone(v.Zones[n].Colours), freshColour(v.Zones[n].Colours))
	case what == "colour.remove" && inZone:
		if k, ok := at(4, len(v.Zones[n].Colours)); ok {
			v.Zones[n].Colours = slices.Delete(slices.Clone(v.Zones[n].Colours), k, k+1)
		}
	}
	return b
}

// freshColour is one that the zone does not have yet.
func freshColour(have []model.Colour) model.Colour {
	for _, c := range []model.Colour{"#1a1a1a", "#ffffff", "#c2321a", "#2459c8", "#2e9a3a", "#f6d21f", "#6b4226", "#6a2c91", "#f29bb6"} {
		if !slices.Contains(have, c) {
			return c
		}
	}
	for n := 0x808080; ; n++ {
		if c := model.Colour(fmt.Sprintf("#%06x", n)); !slices.Contains(have, c) {
			return c
		}
	}
}

// free is an id that the base does not use.
func free(b model.Base, prefix string) string {
	used := map[string]bool{}
	for _, v := range b.Views {
		used[v.ID] = true
		for _, z := range v.Zones {
			used[z.ID] = true
		}
	}
	for n := 1; ; n++ {
		if id := prefix + strconv.Itoa(n); !used[id] {
			return id
		}
	}
}
