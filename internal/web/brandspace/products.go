package brandspace

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/polls"
	"relais/internal/web/page"
)

type productsPage struct {
	frame
	Cards []catalog.ProductCard
	Tabs  []page.Tab
	State string
	Any   bool // the brand has products, of any state
}

func (s *Server) products(c echo.Context) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	l := page.Lang(c)
	cards, err := catalog.BrandCards(c.Request().Context(), s.DB, l, s.Now(), f.Brand.ID)
	if err != nil {
		return err
	}
	data := productsPage{frame: f, Any: len(cards) > 0, State: c.QueryParam("state")}
	count := map[string]int64{}
	for _, card := range cards {
		count[string(card.State)]++
		count[""]++
		if data.State == "" || data.State == string(card.State) {
			data.Cards = append(data.Cards, card)
		}
	}
	for _, state := range []string{"", string(catalog.Published), string(catalog.Launching), string(catalog.Draft), string(catalog.Archived)} {
		tab := page.Tab{URL: f.Base + "/products", Label: l.T("brandspace.state.all"), Current: state == data.State}
		if state != "" {
			tab.URL, tab.Label = tab.URL+"?state="+state, l.T("brandspace.state."+state)
		}
		tab.Label += " · " + l.Number(count[state])
		data.Tabs = append(data.Tabs, tab)
	}
	return s.site.Render(c, http.StatusOK, "brandspace/products", data)
}

// productPage shows the form of a product, new or known.
type productPage struct {
	frame
	Form    *page.Form
	Product *catalog.ProductPage // nil: a new one
	Rows    []int                // lines of the variants' table
	VAT     []page.Option
	Preview []preview
}

// preview is what one piece of a variant brings to whom.
type preview struct {
	Label string
	catalog.Earnings
}

// Tabs are the sides of a known product.
func (p productPage) Tabs(l i18n.Lang) []page.Tab { return productTabs(l, p.frame, p.Product.ID, "") }

func productTabs(l i18n.Lang, f frame, productID int64, at string) []page.Tab {
	return page.ProductTabs(l, f.Base, productID, at)
}

// vatRates are those of France, in basis points.
func vatRates(l i18n.Lang) []page.Option {
	var list []page.Option
	for _, bps := range catalog.VATRates() {
		list = append(list, page.Option{Value: strconv.FormatInt(bps, 10), Label: l.Percent(bps)})
	}
	return list
}

func (s *Server) newProduct(c echo.Context) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	form := page.NewForm("vat", "2000")
	if code := c.QueryParam("poll"); code != "" {
		if err := s.decided(c, f.Brand.ID, code, form); err != nil {
			return err
		}
	}
	return s.site.Render(c, http.StatusOK, "brandspace/product", s.productForm(c, f, form, nil))
}

// decided fills the form of a new product with what a poll of the brand decided: its title, what was asked and chosen, and the price, where that is one.
func (s *Server) decided(c echo.Context, brandID int64, code string, form *page.Form) error {
	v, err := polls.DecidedOf(c.Request().Context(), s.DB, brandID, code, page.Lang(c))
	if err != nil {
		return err
	}
	about := []string{v.Text, ""}
	for _, q := range v.Questions {
		var chosen []string
		for _, o := range q.Options {
			if v.Results.Chosen[o.ID] {
				chosen = append(chosen, o.Text)
			}
		}
		about = append(about, q.Text+" "+strings.Join(chosen, ", "))
	}
	form.Set("title", v.Title)
	form.Set("description", strings.TrimSpace(strings.Join(about, "\n")))
	if low, high, _ := v.Outcome(); low == high {
		form.Set("variants.0.price", low.Decimal())
	}
	return nil
}

// productForm lays the page out for as many variants as the form has, and one more.
func (s *Server) productForm(c echo.Context, f frame, form *page.Form, p *catalog.ProductPage) productPage {
	data := productPage{frame: f, Form: form, Product: p, VAT: vatRates(page.Lang(c))}
	rows := rowCount(form) + 1
	if form.Get("more") != "" {
		rows += 4
	}
	for i := range min(rows, catalog.MaxVariants) {
		data.Rows = append(data.Rows, i)
	}
	if p != nil {
		for _, v := range p.Variants {
			label := v.Title()
			if label == "" {
				label = p.Title
			}
			data.Preview = append(data.Preview, preview{label, catalog.Preview(v.Price, p.VATBps, p.Terms.CommissionBps, s.FeeBps)})
		}
	}
	return data
}

func (s *Server) createProduct(c echo.Context) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	draft, err := draftFrom(form, f.Brand.Currency)
	if form.Get("more") != "" {
		return s.site.Render(c, http.StatusOK, "brandspace/product", s.productForm(c, f, form, nil))
	}
	var made catalog.Product
	if err == nil {
		made, err = s.Catalog.CreateProduct(c.Request().Context(), by(c), f.Brand.ID, draft)
	}
	if err != nil {
		return s.answer(c, form, err, "brandspace/product", s.productForm(c, f, form, nil))
	}
	s.site.Good(c, "brandspace.product.created")
	return page.Redirect(c, f.Base+"/products/"+strconv.FormatInt(made.ID, 10)+"/photos")
}

func (s *Server) product(c echo.Context) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	p, err := s.productOf(c, f.Brand.ID)
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "brandspace/product", s.productForm(c, f, formOf(p, f.Brand.Currency), &p))
}

func (s *Server) saveProduct(c echo.Context) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	p, err := s.productOf(c, f.Brand.ID)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	draft, err := draftFrom(form, f.Brand.Currency)
	if form.Get("more") != "" {
		return s.site.Render(c, http.StatusOK, "brandspace/product", s.productForm(c, f, form, &p))
	}
	keepTranslations(&draft, p)
	if err == nil {
		err = s.Catalog.EditProduct(c.Request().Context(), by(c), f.Brand.ID, p.ID, draft)
	}
	if err != nil {
		return s.answer(c, form, err, "brandspace/product", s.productForm(c, f, form, &p))
	}
	s.site.Good(c, "brandspace.saved")
	return page.Redirect(c, f.Base+"/products/"+strconv.FormatInt(p.ID, 10))
}

func (s *Server) moveProduct(c echo.Context) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	n, err := id(c)
	if err != nil {
		return err
	}
	state := catalog.State(page.PostedForm(c).Get("state"))
	err = s.Catalog.MoveProduct(c.Request().Context(), by(c), f.Brand.ID, n, state)
	switch {
	case errors.Is(err, catalog.ErrPricedElsewhere):
		s.site.Bad(c, "fault.catalog.currency_old")
	case errors.Is(err, fault.Conflict):
		s.site.Bad(c, "fault.catalog.product_state")
	case err != nil:
		return err
	default:
		s.site.Good(c, "brandspace.product.moved."+string(state))
	}
	return page.Redirect(c, f.Base+"/products/"+strconv.FormatInt(n, 10))
}

type translationPage struct {
	frame
	Product catalog.ProductPage
	Form    *page.Form
	Other   i18n.Lang
	Tabs    []page.Tab
}

func (s *Server) translationPage(c echo.Context) (translationPage, error) {
	f, err := s.brand(c)
	if err != nil {
		return translationPage{}, err
	}
	p, err := s.productOf(c, f.Brand.ID)
	return translationPage{frame: f, Product: p, Other: other(p.Lang), Tabs: productTabs(page.Lang(c), f, p.ID, "translation")}, err
}

func (s *Server) translation(c echo.Context) error {
	data, err := s.translationPage(c)
	if err != nil {
		return err
	}
	data.Form = page.NewForm()
	t, err := catalog.Translation(c.Request().Context(), s.DB, data.Product.ID, data.Other)
	switch {
	case errors.Is(err, fault.NotFound):
	case err != nil:
		return err
	default:
		data.Form = page.NewForm("title", t.Title, "description", t.Description, "warnings", t.Warnings)
		for i, o := range t.Options {
			data.Form.Set("option."+strconv.Itoa(i), o)
		}
	}
	for _, v := range data.Product.Variants {
		for i, value := range v.ValuesOther {
			data.Form.Set("value."+strconv.FormatInt(v.ID, 10)+"."+strconv.Itoa(i), value)
		}
	}
	return s.site.Render(c, http.StatusOK, "brandspace/translation", data)
}

func (s *Server) saveTranslation(c echo.Context) error {
	data, err := s.translationPage(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	data.Form = form
	t := catalog.ProductTranslation{Lang: data.Other, Title: form.Get("title"), Description: form.Get("description"), Warnings: form.Get("warnings")}
	values := map[int64][]string{}
	for i, name := range data.Product.Options {
		t.Options = append(t.Options, cmp.Or(form.Get("option."+strconv.Itoa(i)), name))
		for _, v := range data.Product.Variants {
			said := form.Get("value." + strconv.FormatInt(v.ID, 10) + "." + strconv.Itoa(i))
			values[v.ID] = append(values[v.ID], cmp.Or(said, v.Values[i]))
		}
	}
	err = s.Catalog.TranslateProduct(c.Request().Context(), by(c), data.Brand.ID, data.Product.ID, t, values)
	if err != nil {
		return s.answer(c, form, err, "brandspace/translation", data)
	}
	s.site.Good(c, "brandspace.saved")
	return page.Redirect(c, data.Base+"/products/"+strconv.FormatInt(data.Product.ID, 10)+"/translation")
}

// keepTranslations carries over what the form does not show: the translated values of variants whose values stay.
func keepTranslations(d *catalog.ProductDraft, p catalog.ProductPage) {
	for i, v := range d.Variants {
		for _, before := range p.Variants {
			if v.ID == before.ID && slices.Equal(v.Values, before.Values) {
				d.Variants[i].ValuesOther = before.ValuesOther
			}
		}
	}
}

// decimal writes an amount the way a form takes it; "" for nothing.
func decimal(minor int64, currency money.Currency) string {
	if minor == 0 {
		return ""
	}
	return money.New(minor, currency).Decimal()
}
