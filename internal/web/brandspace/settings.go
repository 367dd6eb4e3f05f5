package brandspace

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/web/page"
)

// countryCodes are those that a brand may be in and send to: the European Union and its neighbours.
var countryCodes = strings.Fields("AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LI LT LU LV MC MT NL NO PL PT RO SE SI SK")

// countries lists them by name in a language.
func countries(l i18n.Lang) []page.Option {
	tag := language.Make(string(l))
	namer := display.Regions(tag)
	list := make([]page.Option, 0, len(countryCodes))
	for _, code := range countryCodes {
		list = append(list, page.Option{Value: code, Label: namer.Name(language.MustParseRegion(code))})
	}
	order := collate.New(tag)
	slices.SortFunc(list, func(a, b page.Option) int { return order.CompareString(a.Label, b.Label) })
	return list
}

func langs() []page.Option {
	var list []page.Option
	for _, l := range i18n.Langs() {
		list = append(list, page.Option{Value: string(l), Label: l.Name()})
	}
	return list
}

type newBrandPage struct {
	Form       *page.Form
	Countries  []page.Option
	Langs      []page.Option
	Currencies []page.Option
}

// currencies lists those that brands may sell in, by name; nothing where there is no choice.
func (s *Server) currencies(l i18n.Lang) []page.Option {
	list := s.Catalog.Currencies()
	if len(list) < 2 {
		return nil
	}
	options := make([]page.Option, 0, len(list))
	for _, c := range list {
		options = append(options, page.Option{Value: string(c), Label: string(c) + " · " + l.T("currency.name."+string(c))})
	}
	return options
}

func (s *Server) newBrand(c echo.Context) error {
	l := page.Lang(c)
	form := page.NewForm("lang", string(l), "country", "FR", "trader", "yes", "contact_email", page.ViewerFrom(c).Email, "currency", "EUR")
	return s.site.Render(c, http.StatusOK, "brandspace/new", newBrandPage{form, countries(l), langs(), s.currencies(l)})
}

func (s *Server) createBrand(c echo.Context) error {
	form := page.PostedForm(c)
	b, err := s.Catalog.CreateBrand(c.Request().Context(), by(c), brandDraft(form))
	if err != nil {
		l := page.Lang(c)
		return s.answer(c, form, err, "brandspace/new", newBrandPage{form, countries(l), langs(), s.currencies(l)})
	}
	s.site.Good(c, "brandspace.new.done", "Name", b.Name)
	return page.Redirect(c, "/brand/"+b.Handle)
}

func brandDraft(f *page.Form) catalog.BrandDraft {
	return catalog.BrandDraft{Handle: f.Get("handle"), Name: f.Get("name"), Lang: i18n.Lang(f.Get("lang")), Tagline: f.Get("tagline"),
		Story: f.Get("story"), MakerName: f.Get("maker_name"), MakerAddress: f.Get("maker_address"), ContactEmail: f.Get("contact_email"),
		Country: f.Get("country"), Currency: money.Currency(f.Get("currency")), VATNumber: f.Get("vat_number"), Trader: f.Get("trader") == "yes"}
}

// settingsPage has two forms; the one that was posted shows its faults.
type settingsPage struct {
	frame
	Form        *page.Form
	Translation *page.Form
	Pictures    *page.Form
	Other       i18n.Lang
	Countries   []page.Option
	Currencies  []page.Option
	Currency    *page.Form
	Fixed       bool // the currency: something is sold in it
}

func (s *Server) settingsPage(c echo.Context, f frame) (settingsPage, error) {
	b := f.Brand
	trader := "yes"
	if !b.Trader {
		trader = "no"
	}
	data := settingsPage{frame: f, Other: other(b.Lang), Countries: countries(page.Lang(c)), Pictures: page.NewForm(),
		Currencies: s.currencies(page.Lang(c)), Currency: page.NewForm("currency", string(b.Currency)),
		Form: page.NewForm("name", b.Name, "tagline", b.Tagline, "story", b.Story, "maker_name", b.MakerName, "maker_address", b.MakerAddress,
			"contact_email", b.ContactEmail, "country", b.Country, "vat_number", b.VATNumber, "trader", trader)}
	switch err := catalog.CurrencyOpen(c.Request().Context(), s.DB, b.ID); {
	case errors.Is(err, catalog.ErrCurrencyFixed):
		data.Fixed = true
	case err != nil:
		return data, err
	}
	translated, err := catalog.BrandByHandle(c.Request().Context(), s.DB, b.Handle, data.Other)
	if err != nil {
		return data, err
	}
	data.Translation = page.NewForm()
	if translated.Lang == data.Other {
		data.Translation = page.NewForm("tagline_other", translated.Tagline, "story_other", translated.Story)
	}
	return data, nil
}

func (s *Server) settings(c echo.Context) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	data, err := s.settingsPage(c, f)
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "brandspace/settings", data)
}

// settled carries out one form of the settings: do is the use case, form names where a fault is shown.
func (s *Server) settled(c echo.Context, do func(f frame, form *page.Form) error, show func(p *settingsPage, form *page.Form)) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	if err := do(f, form); err != nil {
		data, failed := s.settingsPage(c, f)
		if failed != nil {
			return failed
		}
		show(&data, form)
		return s.answer(c, form, err, "brandspace/settings", data)
	}
	s.site.Good(c, "brandspace.saved")
	return page.Redirect(c, f.Base+"/settings")
}

func (s *Server) saveSettings(c echo.Context) error {
	return s.settled(c, func(f frame, form *page.Form) error {
		d := brandDraft(form)
		d.Handle, d.Lang = f.Brand.Handle, f.Brand.Lang
		return s.Catalog.EditBrand(c.Request().Context(), by(c), f.Brand.ID, d)
	}, func(p *settingsPage, form *page.Form) { p.Form = form })
}

func (s *Server) saveCurrency(c echo.Context) error {
	return s.settled(c, func(f frame, form *page.Form) error {
		return s.Catalog.SetCurrency(c.Request().Context(), by(c), f.Brand.ID, money.Currency(form.Get("currency")))
	}, func(p *settingsPage, form *page.Form) { p.Currency = form })
}

func (s *Server) saveBrandTranslation(c echo.Context) error {
	return s.settled(c, func(f frame, form *page.Form) error {
		err := s.Catalog.TranslateBrand(c.Request().Context(), by(c), f.Brand.ID, other(f.Brand.Lang), form.Get("tagline_other"), form.Get("story_other"))
		return ofOther(err)
	}, func(p *settingsPage, form *page.Form) { p.Translation = form })
}

// ofOther names the fields of a fault as the form of the other language does: both forms stand on one page.
func ofOther(err error) error {
	refused, ok := errors.AsType[*fault.Error](err)
	if !ok || len(refused.Fields) == 0 {
		return err
	}
	fields := map[string]string{}
	for name, key := range refused.Fields {
		fields[name+"_other"] = key
	}
	return &fault.Error{Kind: refused.Kind, Message: refused.Message, Fields: fields, Err: err}
}

func (s *Server) savePictures(c echo.Context) error {
	return s.settled(c, func(f frame, _ *page.Form) error {
		for _, place := range []catalog.Place{catalog.Logo, catalog.Cover} {
			if err := s.savePicture(c, f, place); err != nil {
				return err
			}
		}
		return nil
	}, func(p *settingsPage, form *page.Form) { p.Pictures = form })
}

// savePicture stores the upload of one place, if there is one. A fault is shown at that field.
func (s *Server) savePicture(c echo.Context, f frame, place catalog.Place) error {
	header, err := c.FormFile(string(place))
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) || err == nil && header.Size == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	file, err := header.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	err = s.Catalog.SetBrandPicture(c.Request().Context(), by(c), f.Brand.ID, place, file)
	if refused, ok := errors.AsType[*fault.Error](err); ok && refused.Fields["photo"] != "" {
		return fault.Field(string(place), refused.Fields["photo"])
	}
	return err
}

type deliveryPage struct {
	frame
	Methods   []catalog.DeliveryMethod
	Form      *page.Form
	Editing   int64 // 0: a new method
	Other     i18n.Lang
	Countries []page.Option
}

// Names writes countries by their names.
func (p deliveryPage) Names(codes []string) string {
	var names []string
	for _, o := range p.Countries {
		if slices.Contains(codes, o.Value) {
			names = append(names, o.Label)
		}
	}
	return strings.Join(names, ", ")
}

func (s *Server) deliveryPage(c echo.Context, f frame) (deliveryPage, error) {
	data := deliveryPage{frame: f, Other: other(f.Brand.Lang), Countries: countries(page.Lang(c))}
	var err error
	data.Methods, err = catalog.DeliveryMethods(c.Request().Context(), s.DB, f.Brand.ID)
	return data, err
}

func (s *Server) delivery(c echo.Context) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	data, err := s.deliveryPage(c, f)
	if err != nil {
		return err
	}
	data.Form = page.NewForm("days_min", "2", "days_max", "5", "countries", f.Brand.Country, "active", "yes")
	wanted, _ := strconv.ParseInt(c.QueryParam("edit"), 10, 64)
	for _, m := range data.Methods {
		if m.ID == wanted {
			data.Form, data.Editing = deliveryForm(m, f.Brand.Currency), m.ID
		}
	}
	return s.site.Render(c, http.StatusOK, "brandspace/delivery", data)
}

func deliveryForm(m catalog.DeliveryMethod, currency money.Currency) *page.Form {
	form := page.NewForm("id", strconv.FormatInt(m.ID, 10), "name", m.Name, "name_other", m.NameOther, "price", money.New(m.PriceMinor, currency).Decimal(),
		"days_min", strconv.Itoa(m.DaysMin), "days_max", strconv.Itoa(m.DaysMax))
	if m.FreeFromMinor != nil {
		form.Set("free_from", money.New(*m.FreeFromMinor, currency).Decimal())
	}
	if m.Active {
		form.Set("active", "yes")
	}
	form.Set("countries", m.Countries...)
	return form
}

func (s *Server) saveDelivery(c echo.Context) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	if err := s.putDelivery(c.Request().Context(), by(c), f, form); err != nil {
		data, failed := s.deliveryPage(c, f)
		if failed != nil {
			return failed
		}
		data.Form, data.Editing = form, form.Int("id", 0)
		return s.answer(c, form, err, "brandspace/delivery", data)
	}
	s.site.Good(c, "brandspace.saved")
	return page.Redirect(c, f.Base+"/settings/delivery")
}

func (s *Server) putDelivery(ctx context.Context, member int64, f frame, form *page.Form) error {
	m := catalog.DeliveryMethod{ID: form.Int("id", 0), Name: form.Get("name"), NameOther: form.Get("name_other"),
		DaysMin: int(form.Int("days_min", -1)), DaysMax: int(form.Int("days_max", -1)), Countries: form.All("countries"),
		Active: form.Get("active") == "yes", Position: int(form.Int("position", 0))}
	var err error
	if m.PriceMinor, err = minor(form, "price", f.Brand.Currency); err != nil {
		return err
	}
	if form.Get("free_from") != "" {
		free, err := minor(form, "free_from", f.Brand.Currency)
		if err != nil {
			return err
		}
		m.FreeFromMinor = &free
	}
	_, err = s.Catalog.PutDelivery(ctx, member, f.Brand.ID, m)
	return err
}

// minor reads an amount of a form, in minor units; an empty field is a fault.
func minor(form *page.Form, field string, currency money.Currency) (int64, error) {
	a, err := money.Parse(form.Get(field), currency)
	if err != nil {
		return 0, fault.Field(field, priceFault(currency))
	}
	return a.Minor, nil
}
