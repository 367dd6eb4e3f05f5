package brandspace

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/web/page"
)

type termsPage struct {
	frame
	Current  catalog.Terms // in force for the product that was chosen, or for all
	History  []termsLine
	Form     *page.Form
	Products []page.Option
	Try      *page.Form // product, price and VAT of the worked example
	Model    string     // title of the product whose price it is, unless another was typed
	Example  catalog.Earnings
	Resale   catalog.Resale // the same price, sold in a storefront with the highest margin
	Most     int64          // of that margin, basis points
	Rate     int64          // commission of the example, in basis points
	Made     madeExample    // the same price, of a published design of an idea
	FeeBps   int64
	VATBps   int64
	VAT      []page.Option
	Credits  []page.Option
	Shares   creditExample
	Together []stepExample // the same price for people who order together
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

// termsPage shows the terms of one product, or those of all where chosen is none that the brand sells.
func (s *Server) termsPage(c echo.Context, chosen int64) (termsPage, error) {
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
	cards, err := catalog.BrandCards(ctx, s.DB, page.Lang(c), now, data.Brand.ID)
	if err != nil {
		return data, err
	}
	titles := map[int64]string{}
	for _, card := range cards {
		titles[card.ID] = card.Title
	}
	sold := slices.DeleteFunc(cards, func(card catalog.ProductCard) bool { return card.State == catalog.Archived })
	if !slices.ContainsFunc(sold, func(card catalog.ProductCard) bool { return card.ID == chosen }) {
		chosen = 0
	}
	data.Products = []page.Option{{Value: "0", Label: page.Lang(c).T("brandspace.terms.all_products")}}
	for _, card := range sold {
		data.Products = append(data.Products, page.Option{Value: strconv.FormatInt(card.ID, 10), Label: card.Title})
	}
	data.Current, _ = catalog.Choose(history, chosen, now)
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
	s.example(c, &data, modelOf(sold, chosen, data.Brand.Currency))
	data.Form = termsForm(data.Current, chosen)
	data.Try.Set("product", data.Form.Get("product"))
	return data, nil
}

// termsForm is the form of new terms as those in force fill it in.
func termsForm(now catalog.Terms, product int64) *page.Form {
	form := page.NewForm("commission", points(now.CommissionBps), "hold_days", strconv.Itoa(now.HoldDays), "window_days", strconv.Itoa(now.WindowDays),
		"credit", string(now.Credit), "split_last", "70", "margin", points(now.MarginBps), "royalty", points(now.RoyaltyBps), "idea", points(now.IdeaBps), "product", strconv.FormatInt(product, 10))
	if now.Credit == catalog.SplitClick {
		form.Set("split_last", points(now.SplitLastBps))
	}
	for row, step := range now.Steps {
		form.Set(steps.Field(row, "people"), strconv.Itoa(step.People))
		form.Set(steps.Field(row, "less"), points(step.LessBps))
	}
	return form
}

// modelOf is the product that the example is of: the one that was chosen, or else the cheapest; the zero card where none has a price.
func modelOf(sold []catalog.ProductCard, chosen int64, c money.Currency) catalog.ProductCard {
	var cheapest catalog.ProductCard
	for _, card := range sold {
		switch {
		case card.MinMinor == 0 || card.Currency != c:
		case card.ID == chosen:
			return card
		case cheapest.ID == 0 || card.MinMinor < cheapest.MinMinor:
			cheapest = card
		}
	}
	return cheapest
}

// example works a price through, the one asked for or that of the model.
func (s *Server) example(c echo.Context, data *termsPage, model catalog.ProductCard) {
	price, vat := money.New(10000, data.Brand.Currency), int64(2000)
	if model.ID != 0 {
		price, vat, data.Model = model.From(), model.VATBps, model.Title
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
	data.Together = s.stepExamples(data.Current.Steps, price, vat, data.Rate)
	data.Made = s.madeExample(data.Current, data.Example, vat, data.Rate)
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
	data, err := s.termsPage(c, page.QueryForm(c).Int("product", 0))
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "brandspace/terms", data)
}

// saveTerms offers new terms, or only works through the steps that were typed.
func (s *Server) saveTerms(c echo.Context) error {
	form := page.PostedForm(c)
	data, err := s.termsPage(c, form.Int("product", 0))
	if err != nil {
		return err
	}
	data.Form = form
	d := s.termsFrom(form)
	if d.CommissionBps >= 0 {
		data.Rate = d.CommissionBps
	}
	data.Together = s.stepExamples(d.Steps, data.Example.Price, data.VATBps, data.Rate)
	if form.Get("try") != "" {
		form.Refused(d.Steps.Validate())
		return s.site.Render(c, form.Status(), "brandspace/terms", data)
	}
	if _, err := s.Catalog.OfferTerms(c.Request().Context(), by(c), data.Brand.ID, d); err != nil {
		return s.answer(c, form, err, "brandspace/terms", data)
	}
	s.site.Good(c, "brandspace.terms.done")
	if d.ProductID != nil {
		return page.Redirect(c, data.Base+"/terms?product="+strconv.FormatInt(*d.ProductID, 10))
	}
	return page.Redirect(c, data.Base+"/terms")
}

// termsFrom reads the form of new terms. What cannot be read is out of range, and refused at its field.
func (s *Server) termsFrom(form *page.Form) catalog.TermsDraft {
	d := catalog.TermsDraft{CommissionBps: -1, MarginBps: -1, RoyaltyBps: -1, IdeaBps: -1, HoldDays: int(form.Int("hold_days", 0)), WindowDays: int(form.Int("window_days", 0)),
		Credit: catalog.Credit(form.Get("credit")), Steps: stepsFrom(form)}
	if bps, ok := rate(form.Get("commission")); ok && bps+s.FeeBps <= 10000 {
		d.CommissionBps = bps
	}
	if bps, ok := rate(orNothing(form.Get("margin"))); ok {
		d.MarginBps = bps
	}
	if bps, ok := rate(orNothing(form.Get("royalty"))); ok {
		d.RoyaltyBps = bps
	}
	if bps, ok := rate(orNothing(form.Get("idea"))); ok {
		d.IdeaBps = bps
	}
	if d.Credit == catalog.SplitClick {
		d.SplitLastBps, _ = rate(form.Get("split_last"))
	}
	if product := form.Int("product", 0); product != 0 {
		d.ProductID = &product
	}
	return d
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
