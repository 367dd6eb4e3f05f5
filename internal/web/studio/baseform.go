package studio

import (
	"strconv"
	"strings"

	"relais/internal/designs/model"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/web/page"
)

func viewAt(i int) string                { return "views." + strconv.Itoa(i) }
func zoneAt(i, n int) string             { return viewAt(i) + ".zones." + strconv.Itoa(n) }
func colourAt(zone string, n int) string { return zone + ".colours." + strconv.Itoa(n) }

// base reads the base that a form says.
func (r *reader) base(currency money.Currency) model.Base {
	f := r.form
	b := model.Base{Version: model.Version, Days: r.whole("days", 0, model.MostDays), DPI: r.whole("dpi", 0, model.MostDPI), Bleed: r.mm("bleed"), Forbidden: strings.Split(f.Get("forbidden"), "\n")}
	for i := range model.MostViews {
		at := viewAt(i)
		if f.Get(at+".id") == "" {
			break
		}
		v := model.View{ID: f.Get(at + ".id"), Name: f.Get(at + ".name"), Width: r.mm(at + ".width"), Height: r.mm(at + ".height"), Shape: f.Get(at + ".shape"), Ground: model.Colour(strings.ToLower(f.Get(at + ".ground"))),
			Photo: f.Get(at + ".photo")}
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
	for n := range model.MostColours {
		c := model.Colour(strings.ToLower(f.Get(colourAt(at, n) + ".code")))
		if c == "" {
			break
		}
		z.Colours = append(z.Colours, c)
		names := model.Names{}
		for _, l := range i18n.Langs() {
			names[string(l)] = f.Get(colourAt(at, n) + "." + string(l))
		}
		if z.Names == nil {
			z.Names = map[model.Colour]model.Names{}
		}
		z.Names[c] = names
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
		for name, value := range map[string]string{"id": v.ID, "name": v.Name, "width": v.Width.String(), "height": v.Height.String(), "shape": v.Shape, "ground": string(v.Ground), "photo": v.Photo} {
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
	var kinds []string
	for _, k := range z.Kinds {
		kinds = append(kinds, string(k))
	}
	for n, c := range z.Colours {
		f.Set(colourAt(at, n)+".code", string(c))
		for _, l := range i18n.Langs() {
			f.Set(colourAt(at, n)+"."+string(l), z.Names[c][string(l)])
		}
	}
	f.Set(at+".kinds", kinds...)
	f.Set(at+".fonts", z.Fonts...)
	f.Set(at+".patterns", z.Patterns...)
	for k, minor := range z.Extra {
		f.Set(at+".extra."+string(k), money.New(minor, currency).Decimal())
	}
}
