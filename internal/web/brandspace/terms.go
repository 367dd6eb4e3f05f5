package brandspace

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/web/page"
)

type termsPage struct {
	frame
	Current  catalog.Terms
	History  []termsLine
	Form     *page.Form
	Products []page.Option
	Try      *page.Form // price and VAT of the worked example
	Example  catalog.Earnings
	Resale   catalog.Resale // the same price, sold in a storefront with the highest margin
	Most     int64          // of that margin, basis points
	Rate     int64          // commission of the example, in basis points
	FeeBps   int64
	VATBps   int64
	VAT      []page.Option
	Credits  []page.Option
	Shares   creditExample
}

// creditExample is what two members would have of the example's commission, whose links were followed one after the other.
type creditExample struct {
	First, Last money.Amount
}

// termsLine is one version, with the product that it is for.
type termsLine struct {
	catalog.Terms
	Product string // empty: all products
	InForce bool
}

func (s *Server) termsPage(c echo.Context) (termsPage, error) {
	data := termsPage{FeeBps: s.FeeBps, VAT: vatRates(page.Lang(c)), Credits: creditModels(page.Lang(c))}
	var err error
	if data.frame, err = s.brand(c); err != nil {
		return data, err
	}
	ctx, now := c.Request().Context(), s.Now()
	history, err := catalog.TermsHistory(ctx, s.DB, data.Brand.ID)
	if err != nil {
		return data, err
	}
	data.Current, _ = catalog.Choose(history, 0, now)
	cards, err := catalog.BrandCards(ctx, s.DB, page.Lang(c), now, data.Brand.ID)
	if err != nil {
		return data, err
	}
	titles := map[int64]string{}
	data.Products = []page.Option{{Value: "", Label: page.Lang(c).T("brandspace.terms.all_products")}}
	for _, card := range cards {
		titles[card.ID] = card.Title
		if card.State != catalog.Archived {
			data.Products = append(data.Products, page.Option{Value: strconv.FormatInt(card.ID, 10), Label: card.Title})
		}
	}
	for _, t := range history {
		line := termsLine{Terms: t}
		var product int64
		if t.ProductID != nil {
			product = *t.ProductID
			line.Product = titles[product]
		}
		force, _ := catalog.Choose(history, product, now)
		line.InForce = force.ID == t.ID
		data.History = append(data.History, line)
	}
	s.example(c, &data, cards)
	data.Form = page.NewForm("commission", points(data.Current.CommissionBps), "hold_days", strconv.Itoa(data.Current.HoldDays),
		"window_days", strconv.Itoa(data.Current.WindowDays), "credit", string(data.Current.Credit), "split_last", "70",
		"margin", points(data.Current.MarginBps))
	if data.Current.Credit == catalog.SplitClick {
		data.Form.Set("split_last", points(data.Current.SplitLastBps))
	}
	return data, nil
}

// example works a price through, the one asked for or that of the first product.
func (s *Server) example(c echo.Context, data *termsPage, cards []catalog.ProductCard) {
	price, vat := money.New(10000, data.Brand.Currency), int64(2000)
	if len(cards) > 0 && cards[0].MinMinor > 0 {
		price, vat = cards[0].From(), cards[0].VATBps
	}
	asked := page.QueryForm(c)
	if a, err := money.Parse(asked.Get("price"), data.Brand.Currency); err == nil && a.Minor > 0 && a.Minor <= 100_000_000 {
		price = a
	}
	for _, o := range data.VAT {
		if o.Value == asked.Get("vat") {
			vat = asked.Int("vat", vat)
		}
	}
	data.Rate, data.VATBps = data.Current.CommissionBps, vat
	if bps, ok := rate(asked.Get("commission")); ok && bps <= 8000 {
		data.Rate = bps
	}
	data.Most = data.Current.MarginBps
	if bps, ok := rate(asked.Get("margin")); ok && bps <= catalog.MostMarginBps {
		data.Most = bps
	}
	data.Try = page.NewForm("price", price.Decimal(), "vat", strconv.FormatInt(vat, 10), "commission", points(data.Rate), "margin", points(data.Most))
	data.Example = catalog.Preview(price, vat, data.Rate, s.FeeBps)
	data.Resale = catalog.PreviewResale(price, catalog.MaxMargin(price.Minor, data.Most), vat, data.Rate, s.FeeBps)
	last := data.Current.SplitLastBps
	share := func(part int64) money.Amount {
		if part == 0 {
			return money.New(0, price.Currency)
		}
		return money.New(earnings.CommissionOf(data.Example.Net.Minor, data.Rate, part), price.Currency)
	}
	data.Shares = creditExample{First: share(10_000 - last), Last: share(last)}
}

// creditModels are the ways in which a brand may pay clicks.
func creditModels(l i18n.Lang) []page.Option {
	var list []page.Option
	for _, c := range []catalog.Credit{catalog.LastClick, catalog.FirstClick, catalog.SplitClick} {
		list = append(list, page.Option{Value: string(c), Label: l.T("brandspace.terms.credit." + string(c)), Hint: l.T("brandspace.terms.credit_text." + string(c))})
	}
	return list
}

func (s *Server) terms(c echo.Context) error {
	data, err := s.termsPage(c)
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "brandspace/terms", data)
}

func (s *Server) saveTerms(c echo.Context) error {
	data, err := s.termsPage(c)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	bps, ok := rate(data.Form.Get("commission"))
	if !ok || bps+s.FeeBps > 10000 {
		return s.answer(c, data.Form, fault.Field("commission", "fault.catalog.commission"), "brandspace/terms", data)
	}
	d := catalog.TermsDraft{CommissionBps: bps, HoldDays: int(data.Form.Int("hold_days", 0)), WindowDays: int(data.Form.Int("window_days", 0))}
	d.Credit = catalog.Credit(data.Form.Get("credit"))
	if d.MarginBps, ok = rate(orNothing(data.Form.Get("margin"))); !ok {
		d.MarginBps = -1 // refused at its field
	}
	if d.Credit == catalog.SplitClick {
		if d.SplitLastBps, ok = rate(data.Form.Get("split_last")); !ok {
			d.SplitLastBps = 0 // refused at its field
		}
	}
	if product := data.Form.Int("product", 0); product != 0 {
		d.ProductID = &product
	}
	if _, err := s.Catalog.OfferTerms(c.Request().Context(), by(c), data.Brand.ID, d); err != nil {
		return s.answer(c, data.Form, err, "brandspace/terms", data)
	}
	s.site.Good(c, "brandspace.terms.done")
	return page.Redirect(c, data.Base+"/terms")
}

// orNothing is an empty field as 0.
func orNothing(text string) string {
	if text == "" {
		return "0"
	}
	return text
}

// rate reads a percentage with two decimals at most ("12", "12,5") as basis points.
func rate(text string) (int64, bool) {
	a, err := money.Parse(strings.TrimSuffix(strings.TrimSpace(text), "%"), "EUR") // a currency of two decimals
	if err != nil || a.Minor > math.MaxInt16 {
		return 0, false
	}
	return a.Minor, true
}

// points writes basis points as the percentage that rate reads.
func points(bps int64) string {
	text := money.New(bps, "EUR").Decimal()
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
