package shop

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/money"
	"relais/internal/web/page"
)

// currency is what the bounds of a search are typed in: with one, only products priced in it are found.
const currency money.Currency = "EUR"

type cataloguePage struct {
	Form       *page.Form
	Text       string
	Results    catalog.Results
	Products   []page.ProductCard
	Pager      *page.Pager
	Categories []page.Option
	Brands     []page.Option
	Sorts      []page.Option
	Chosen     []chosen // filters in force, each with the address of the list without it
	Empty      page.Empty
}

// chosen is a filter in force.
type chosen struct{ Label, URL string }

func (s *Shop) catalogue(c echo.Context) error {
	form, lang := page.QueryForm(c), page.Lang(c)
	page.Shows(c, changes.Everything)
	pager := page.NewPager(c, 24, 0)
	q := catalog.Query{Text: form.Get("q"), Category: form.Get("category"), Brand: form.Get("brand"), InStock: form.Has("stock", "yes"),
		MinMinor: typedPrice(form, "min"), MaxMinor: typedPrice(form, "max"), Sort: catalog.Sort(form.Get("sort")),
		Page: pager.Page, PerPage: pager.Size, Lang: lang, At: s.now()}
	found, err := catalog.Search(c.Request().Context(), s.db, q)
	if err != nil {
		return err
	}
	pager.Total = found.Total
	data := cataloguePage{Form: form, Text: q.Text, Results: found, Products: cards(c, found.Cards), Pager: pager, Chosen: chosenFilters(c, found)}
	data.Categories = []page.Option{{Label: lang.T("shop.catalogue.all_categories")}}
	for _, f := range withCurrent(found.Categories, q.Category) {
		data.Categories = append(data.Categories, facet(c, f, categoryName(lang, f.Label)))
	}
	data.Brands = []page.Option{{Label: lang.T("shop.catalogue.all_brands")}}
	for _, f := range withCurrent(found.Brands, q.Brand) {
		data.Brands = append(data.Brands, facet(c, f, f.Label))
	}
	for _, o := range []catalog.Sort{catalog.Relevance, catalog.Newest, catalog.Cheapest, catalog.Dearest} {
		data.Sorts = append(data.Sorts, page.Option{Value: string(o), Label: lang.T("shop.catalogue.sort." + strings.ReplaceAll(string(o), "-", "minus_"))})
	}
	if form.Get("sort") == "" {
		form.Set("sort", string(catalog.Relevance))
	}
	data.Empty = page.Empty{Icon: "search", Title: lang.T("shop.catalogue.empty.title"), Text: lang.T("shop.catalogue.empty.text"),
		URL: "/products", Action: lang.T("shop.catalogue.empty.action")}
	return s.site.Render(c, http.StatusOK, "shop/catalogue", data)
}

// typedPrice is a price bound in minor units; 0, with the field marked, where it is no price.
func typedPrice(form *page.Form, field string) int64 {
	typed := form.Get(field)
	if typed == "" {
		return 0
	}
	a, err := money.Parse(typed, currency)
	if err != nil {
		form.Fail(field, "shop.catalogue.price_form")
		return 0
	}
	return a.Minor
}

func facet(c echo.Context, f catalog.Facet, label string) page.Option {
	return page.Option{Value: f.Value, Label: label + " (" + page.Lang(c).Number(int64(f.Count)) + ")"}
}

// withCurrent keeps the value that is chosen in the list, also when the other filters leave nothing of it.
func withCurrent(list []catalog.Facet, current string) []catalog.Facet {
	if current == "" || len(current) > 80 {
		return list
	}
	for _, f := range list {
		if f.Value == current {
			return list
		}
	}
	return append(list, catalog.Facet{Value: current, Label: current})
}

func chosenFilters(c echo.Context, found catalog.Results) []chosen {
	lang, query := page.Lang(c), c.QueryParams()
	var list []chosen
	for _, field := range []string{"q", "category", "brand", "min", "max", "stock"} {
		value := strings.TrimSpace(query.Get(field))
		if value == "" {
			continue
		}
		label := value
		switch field {
		case "q":
			label = "“" + value + "”"
		case "category":
			label = categoryName(lang, value)
		case "brand":
			for _, f := range found.Brands {
				if f.Value == value {
					label = f.Label
				}
			}
		case "min", "max":
			a, err := money.Parse(value, currency)
			if err != nil {
				continue
			}
			label = lang.T("shop.catalogue.bound."+field, "Amount", a)
		case "stock":
			label = lang.T("shop.catalogue.in_stock")
		}
		list = append(list, chosen{label, without(query, field)})
	}
	return list
}

// without is the address of the same list with one filter less, from its first page.
func without(query url.Values, field string) string {
	rest := url.Values{}
	for name, values := range query {
		if name != field && name != "page" && len(values) > 0 && values[0] != "" {
			rest[name] = values
		}
	}
	if len(rest) == 0 {
		return "/products"
	}
	return "/products?" + rest.Encode()
}
