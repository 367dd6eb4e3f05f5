package relay

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

// marginForm is where a member types what they put on a brand's price, with what becomes of it at once.
type marginForm struct {
	Form     *page.Form // margin, currency, variant
	Product  catalog.ProductPage
	Path     string // where it is sent, and asked for a look
	Next     string // where it leads afterwards
	Margin   storefronts.Margin
	Allowed  bool // the terms allow one, and the member may have one
	Staff    bool
	Most     money.Amount // on the cheapest variant
	MostBps  int64
	Choices  []marginChoice
	Variants []page.Option
	Looked   string // the title of the variant that is looked at; empty: the only one
	Resale   catalog.Resale
	Cut      string        // that and why it was lowered; empty: it was not
	Partial  bool          // only the sums are shown: they say what is wrong with the field
	Year     earnings.Year // what the member sold and earned this year
	Asks     bool          // whether they are a trader: they never said
}

// marginChoice is a margin as a part of the cheapest price, rounded down.
type marginChoice struct {
	Bps    int64
	Amount money.Amount
}

// quickParts are the margins that one tap chooses, in basis points.
var quickParts = []int64{500, 1000, 1500}

func marginPath(productID int64) string {
	return "/me/storefront/listings/" + strconv.FormatInt(productID, 10) + "/margin"
}

// showMargin is the page of a margin, or only its sums where htmx asks: with what is typed so far, or part, a part of the price.
func (s *Server) showMargin(c echo.Context) error {
	f, err := s.marginOf(c, page.QueryForm(c))
	if err != nil {
		return err
	}
	if page.IsPartial(c) {
		f.Partial = true
		return s.Site.Fragment(c, f.Form.Status(), "relay/margin", "margin-part", f)
	}
	return s.Site.Render(c, f.Form.Status(), "relay/margin", f)
}

// setMargin keeps what was typed; an empty field takes the margin away.
func (s *Server) setMargin(c echo.Context) error {
	id, err := productParam(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	margin, err := typed(form, money.Currency(form.Get("currency")))
	status, asked := StatusIn(form)
	if asked {
		_, wrong := status.Clean()
		err = fault.Merge(err, wrong)
	}
	if err == nil {
		err = s.Storefronts.SetMargin(c.Request().Context(), page.ViewerFrom(c).ID, id, margin)
	}
	if err == nil && asked && margin.Minor > 0 {
		err = s.Storefronts.SayStatus(c.Request().Context(), page.ViewerFrom(c).ID, status)
	}
	if form.Refused(err) {
		f, err := s.marginOf(c, form)
		if err != nil {
			return err
		}
		return s.Site.Render(c, f.Form.Status(), "relay/margin", f)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "margin.saved")
	return page.Redirect(c, page.LocalPath(form.Get("next"), listingAddress(id)))
}

// typed reads the field margin; empty is nothing.
func typed(form *page.Form, c money.Currency) (money.Amount, error) {
	if c.Valid() != nil {
		return money.Amount{}, storefronts.ErrCurrencyGone
	}
	if form.Get("margin") == "" {
		return money.New(0, c), nil
	}
	a, err := money.Parse(form.Get("margin"), c)
	if err != nil || a.Minor < 0 {
		return money.Amount{}, fault.Field("margin", "relay.margin_unreadable")
	}
	return a, nil
}

// marginOf is the form of the product in the address.
func (s *Server) marginOf(c echo.Context, form *page.Form) (marginForm, error) {
	id, err := productParam(c)
	if err != nil {
		return marginForm{}, err
	}
	p, err := catalog.ByID(c.Request().Context(), s.DB, id, page.Lang(c), s.Now())
	if err != nil {
		return marginForm{}, err
	}
	if !p.Visible || p.State == catalog.Launching { // nothing is put on a price before it is sold
		return marginForm{}, storefronts.ErrProduct
	}
	f, err := s.marginFormOf(c, p, form)
	f.Next = page.LocalPath(form.Get("next"), "")
	return f, err
}

// marginFormOf fills the form for a product; what was typed stays as it was typed.
func (s *Server) marginFormOf(c echo.Context, p catalog.ProductPage, form *page.Form) (marginForm, error) {
	ctx, lang, viewer := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	f := marginForm{Form: page.NewForm(), Product: p, Path: marginPath(p.ID), MostBps: p.Terms.MarginBps}
	margins, err := storefronts.MarginsOf(ctx, s.DB, viewer.ID, p.ID)
	if err != nil {
		return f, err
	}
	role, err := catalog.Role(ctx, s.DB, p.BrandID, viewer.ID)
	if err != nil {
		return f, err
	}
	low := p.Variants[0]
	for _, v := range p.Variants {
		if v.PriceMinor < low.PriceMinor {
			low = v
		}
	}
	f.Margin, f.Staff = margins[p.ID], role != catalog.NoRole
	f.Most = money.New(catalog.MaxMargin(low.PriceMinor, p.Terms.MarginBps), p.Currency)
	f.Allowed = f.Most.Minor > 0 && !f.Staff
	for _, bps := range quickParts {
		if bps <= p.Terms.MarginBps {
			f.Choices = append(f.Choices, marginChoice{bps, money.New(catalog.MaxMargin(low.PriceMinor, bps), p.Currency)})
		}
	}
	f.Cut = cutWords(lang, f.Margin)
	now := f.Margin.On(low.Price, p.Terms.MarginBps)
	added := f.fill(form, now)
	f.look(form.Int("variant", low.ID), added)
	said, err := storefronts.StatusOf(ctx, s.DB, viewer.ID)
	if err != nil {
		return f, err
	}
	if f.Asks = said.At == nil; f.Asks {
		AskStatus(f.Form, said)
	}
	f.Year, err = s.thisYear(ctx, viewer.ID)
	return f, err
}

// fill puts into the form what was typed, or the part of the price that was chosen, or what is asked now, and says how much that is;
// of what cannot be, the field says why.
func (f *marginForm) fill(form *page.Form, now money.Amount) int64 {
	if form.Failed() || len(form.All("margin")) > 0 {
		f.Form = form
	}
	f.Form.Set("currency", string(f.Product.Currency))
	if form.Get("part") != "" {
		now = money.New(catalog.MaxMargin(f.low(), max(0, min(form.Int("part", 0), f.MostBps))), now.Currency)
		f.Form.Set("margin", now.Decimal())
		return now.Minor
	}
	if len(f.Form.All("margin")) == 0 {
		f.Form.Set("margin", "")
		if now.Minor > 0 {
			f.Form.Set("margin", now.Decimal())
		}
		return now.Minor
	}
	a, err := typed(f.Form, now.Currency)
	if err == nil && a.Minor > f.Most.Minor {
		err = fault.Field("margin", "relay.margin_above").Arg("Most", f.Most)
	}
	if err != nil {
		if !f.Form.Failed() {
			f.Form.Refused(err)
		}
		return now.Minor
	}
	return a.Minor
}

func (f *marginForm) low() int64 {
	low := f.Product.Variants[0].PriceMinor
	for _, v := range f.Product.Variants {
		low = min(low, v.PriceMinor)
	}
	return low
}

// look works a margin through on one variant, the first where there is no such one.
func (f *marginForm) look(variantID, added int64) {
	looked := f.Product.Variants[0]
	for _, v := range f.Product.Variants {
		if v.ID == variantID {
			looked = v
		}
		f.Variants = append(f.Variants, page.Option{Value: strconv.FormatInt(v.ID, 10), Label: v.Title()})
	}
	f.Looked = looked.Title()
	f.Form.Set("variant", strconv.FormatInt(looked.ID, 10))
	f.Resale = catalog.PreviewResale(looked.Price, added, f.Product.VATBps, f.Product.Terms.CommissionBps, 0)
}

// cutWords says that a margin was lowered and why; empty where it was not.
func cutWords(l i18n.Lang, m storefronts.Margin) string {
	if m.CutAt == nil || m.CutWhy == nil {
		return ""
	}
	return l.T("margin.cut."+string(*m.CutWhy), "Before", m.Cut(), "Now", m.Typed(), "Date", *m.CutAt)
}

// thisYear is what a member sold and earned since the first of January in Paris, by which the law counts.
func (s *Server) thisYear(ctx context.Context, memberID int64) (earnings.Year, error) {
	today := i18n.DayStart(s.Now())
	return earnings.Since(ctx, s.DB, memberID, time.Date(today.Year(), 1, 1, 0, 0, 0, 0, today.Location()))
}

// marginOnShare is the form on the page of a shared product; nil where the terms allow no margin and there is none.
func (s *Server) marginOnShare(c echo.Context, productID int64, code string) (*marginForm, error) {
	p, err := catalog.ByID(c.Request().Context(), s.DB, productID, page.Lang(c), s.Now())
	if err != nil || !p.Visible || p.State == catalog.Launching {
		return nil, err
	}
	f, err := s.marginFormOf(c, p, page.NewForm())
	if err != nil || !f.Allowed {
		return nil, err
	}
	f.Next = "/share?product=" + strconv.FormatInt(productID, 10)
	if code != "" {
		f.Next = "/share?link=" + url.QueryEscape(code)
	}
	return &f, nil
}
