package studio

import (
	"errors"
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
	"relais/internal/money"
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
	Fonts     []page.Option
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
}

type baseZone struct {
	At, Name string
	Number   int
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
	data.Shapes, data.Fonts = options(l, "studio.shape.", model.Shapes()), fonts(l, everyFont())
	data.Kinds, data.Patterns = options(l, "studio.kind.", model.Kinds()), options(l, "studio.pattern.", model.Patterns())
	data.MoreViews = len(b.Views) < model.MostViews
	for i, v := range b.Views {
		shown := baseView{At: viewAt(i), Number: i + 1, Name: v.Name, MoreZones: len(v.Zones) < model.MostZones}
		if v.Width >= model.LeastSide && v.Height >= model.LeastSide && v.Width <= model.MostSide && v.Height <= model.MostSide {
			shown.Sheet = draw.Outlined(draw.View(b, v, sample(v), nil), v)
		}
		for n, z := range v.Zones {
			shown.Zones = append(shown.Zones, baseZone{zoneAt(i, n), z.Name, n + 1})
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

// change does to a base what a button says: "view.add", "view.remove.0", "zone.add.0", "zone.remove.0.1".
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
	b.Views = slices.Clone(b.Views)
	i, ok := at(2, len(b.Views))
	switch parts[0] + "." + parts[1] {
	case "view.add":
		if len(b.Views) < model.MostViews {
			b.Views = append(b.Views, freshView(l, free(b, "v")))
		}
	case "view.remove":
		if ok {
			b.Views = slices.Delete(b.Views, i, i+1)
		}
	case "zone.add":
		if ok && len(b.Views[i].Zones) < model.MostZones {
			b.Views[i].Zones = append(slices.Clone(b.Views[i].Zones), freshZone(l, b.Views[i], free(b, "z")))
		}
	case "zone.remove":
		if ok {
			if n, ok := at(3, len(b.Views[i].Zones)); ok {
				b.Views[i].Zones = slices.Delete(slices.Clone(b.Views[i].Zones), n, n+1)
			}
		}
	}
	return b
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

func viewAt(i int) string    { return "views." + strconv.Itoa(i) }
func zoneAt(i, n int) string { return viewAt(i) + ".zones." + strconv.Itoa(n) }

// base reads the base that a form says.
func (r *reader) base(currency money.Currency) model.Base {
	f := r.form
	b := model.Base{Version: model.Version, Days: r.whole("days", 0, model.MostDays), DPI: r.whole("dpi", 0, model.MostDPI), Bleed: r.mm("bleed"), Forbidden: strings.Split(f.Get("forbidden"), "\n")}
	for i := range model.MostViews {
		at := viewAt(i)
		if f.Get(at+".id") == "" {
			break
		}
		v := model.View{ID: f.Get(at + ".id"), Name: f.Get(at + ".name"), Width: r.mm(at + ".width"), Height: r.mm(at + ".height"), Shape: f.Get(at + ".shape"), Ground: model.Colour(strings.ToLower(f.Get(at + ".ground")))}
		for n := range model.MostZones {
			if f.Get(zoneAt(i, n)+".id") == "" {
				break
			}
			v.Zones = append(v.Zones, r.zone(zoneAt(i, n), currency))
		}
		b.Views = append(b.Views, v)
	}
	return b.Tidy()
}

func (r *reader) zone(at string, currency money.Currency) model.Zone {
	f := r.form
	z := model.Zone{ID: f.Get(at + ".id"), Name: f.Get(at + ".name"), X: r.mm(at + ".x"), Y: r.mm(at + ".y"), Width: r.mm(at + ".width"), Height: r.mm(at + ".height"),
		Most: r.whole(at+".most", 0, model.MostLayers), Required: f.Get(at+".required") != "", Whole: f.Get(at+".whole") != "",
		Letters: r.whole(at+".letters", 0, model.MostLetters), Least: r.mm(at + ".least"), Fonts: f.All(at + ".fonts"), Patterns: f.All(at + ".patterns")}
	for _, k := range f.All(at + ".kinds") {
		z.Kinds = append(z.Kinds, model.Kind(k))
	}
	for _, c := range strings.Fields(strings.ToLower(f.Get(at + ".colours"))) {
		z.Colours = append(z.Colours, model.Colour(c))
	}
	for _, k := range model.Kinds() {
		field := at + ".extra." + string(k)
		if f.Get(field) == "" {
			continue
		}
		price, err := money.Parse(f.Get(field), currency)
		if err != nil {
			r.bad = append(r.bad, model.Problem{Field: field, Key: "fault.designs.base_extra"})
			continue
		}
		if z.Extra == nil {
			z.Extra = map[model.Kind]int64{}
		}
		z.Extra[k] = price.Minor
	}
	return z
}

// showBase writes a base into a form.
func showBase(f *page.Form, b model.Base, currency money.Currency) {
	set := func(field, value string) { f.Set(field, value) }
	set("days", strconv.Itoa(b.Days))
	set("dpi", strconv.Itoa(b.DPI))
	set("bleed", b.Bleed.String())
	set("forbidden", strings.Join(b.Forbidden, "\n"))
	for i, v := range b.Views {
		at := viewAt(i)
		for name, value := range map[string]string{"id": v.ID, "name": v.Name, "width": v.Width.String(), "height": v.Height.String(), "shape": v.Shape, "ground": string(v.Ground)} {
			set(at+"."+name, value)
		}
		for n, z := range v.Zones {
			showZone(f, zoneAt(i, n), z, currency)
		}
	}
}

func showZone(f *page.Form, at string, z model.Zone, currency money.Currency) {
	for name, value := range map[string]string{"id": z.ID, "name": z.Name, "x": z.X.String(), "y": z.Y.String(), "width": z.Width.String(), "height": z.Height.String(),
		"most": strconv.Itoa(z.Most), "letters": strconv.Itoa(z.Letters), "least": z.Least.String()} {
		f.Set(at+"."+name, value)
	}
	for name, on := range map[string]bool{"required": z.Required, "whole": z.Whole} {
		if on {
			f.Set(at+"."+name, "yes")
		}
	}
	var kinds, colours []string
	for _, k := range z.Kinds {
		kinds = append(kinds, string(k))
	}
	for _, c := range z.Colours {
		colours = append(colours, string(c))
	}
	f.Set(at+".kinds", kinds...)
	f.Set(at+".fonts", z.Fonts...)
	f.Set(at+".patterns", z.Patterns...)
	f.Set(at+".colours", strings.Join(colours, " "))
	for k, minor := range z.Extra {
		f.Set(at+".extra."+string(k), money.New(minor, currency).Decimal())
	}
}
