package shop

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/changes"
	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/ideas"
	"relais/internal/money"
	"relais/internal/pledges/late"
	"relais/internal/polls"
	"relais/internal/publications"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/web/ask"
	"relais/internal/web/opinion"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
	"relais/internal/web/tally"
)

// relay is the member in whose storefront a product is shown.
type relay struct {
	storefronts.Storefront
	Note   string
	Earn   money.Amount // commission on one piece
	Margin storefronts.Margin
	Self   bool // the viewer is that member
}

type productPage struct {
	catalog.ProductPage
	Crumbs    []page.Crumb
	Price     page.Price
	Form      *page.Form
	Variants  []page.Option
	Choice    string // how variants are chosen: pills, radio or select
	Single    int64
	InStock   bool
	Most      int // that one can buy at once
	Delivery  []carts.Method
	Earn      money.Amount // of whoever recommends one piece at the price shown
	Fans      []storefronts.Fan
	FansMore  int
	Relay     *relay
	Ad        string               // who earns by the storefront, in a sentence; empty outside of one
	Resale    *resale              // what the storefront puts on the price; nil: nothing
	Steps     []step               // what a piece costs people who order together, of the cheapest variant and the brand's price
	Together  bool                 // such an order can be opened
	Launch    *tally.Launch        // it is being launched: seen and promised, not sold; nil: it is not
	Design    string               // path on which members make it their own; empty: they do not
	Credit    *publications.Credit // who drew it; nil: it is no published design
	Vary      string               // path on which members begin a variation; empty: they do not
	Origin    *ideas.Origin        // whose idea it was; nil: of the brand itself
	Status    *storefronts.Status  // of the member of the storefront; nil: nothing is said
	Brought   string               // whose link brought the visitor to a product outside of a storefront, and who earns; empty: nobody known
	Click     string
	Others    []page.ProductCard
	Preview   elsewhere
	Ratings   opinion.Panel
	Questions ask.Panel
	Polls     []polls.View // that are open about it
	Decided   []polls.View // that decided what it is like
}

func (s *Shop) product(c echo.Context) error {
	p, err := s.visible(c, c.Param("slug"))
	if err != nil {
		return err
	}
	return s.showProduct(c, p, nil, nil)
}

func (s *Shop) storefrontProduct(c echo.Context) error {
	p, err := s.visible(c, c.Param("slug"))
	if err != nil {
		return err
	}
	r, err := s.relayOf(c, c.Param("handle"), p)
	if errors.Is(err, fault.NotFound) {
		return c.Redirect(http.StatusFound, "/p/"+p.Slug)
	}
	if err != nil {
		return err
	}
	if r.Away(s.now()) {
		return s.away(c, p, r)
	}
	return s.showProduct(c, p, r, nil)
}

// visible is a product that can be seen; NotFound else.
func (s *Shop) visible(c echo.Context, slug string) (catalog.ProductPage, error) {
	p, err := catalog.BySlug(c.Request().Context(), s.db, slug, page.Lang(c), s.now())
	if err == nil && !p.Visible {
		return p, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return p, err
}

// relayOf is the member of that handle, where they list or share the product; NotFound else.
func (s *Shop) relayOf(c echo.Context, handle string, p catalog.ProductPage) (*relay, error) {
	ctx := c.Request().Context()
	f, err := storefronts.ByHandle(ctx, s.db, handle)
	if err != nil {
		return nil, err
	}
	r := &relay{Storefront: f, Earn: earnOn(p, lowest(p).Price)}
	if id := viewerID(c); id != nil {
		r.Self = *id == f.MemberID
	}
	l, err := storefronts.ListingBySlug(ctx, s.db, f.MemberID, p.Slug, page.Lang(c), s.now())
	if err == nil {
		r.Note, r.Margin = l.Note, l.Margin
		return r, nil
	}
	if !errors.Is(err, fault.NotFound) {
		return nil, err
	}
	shared, err := referrals.Shared(ctx, s.db, f.MemberID, p.ID)
	if err != nil {
		return nil, err
	}
	if !shared {
		return nil, storefronts.ErrProduct
	}
	return r, nil
}

// showProduct answers a product's page; r is set in a storefront, form when an addition to the basket was refused.
func (s *Shop) showProduct(c echo.Context, p catalog.ProductPage, r *relay, form *page.Form) error {
	earn, together := earnOn(p, lowest(p).Price), stepsOf(p)
	var sold *resale
	if r != nil {
		var err error
		if sold, err = s.resell(c, &p, r); err != nil {
			return err
		}
	}
	low := lowest(p)
	data := productPage{ProductPage: p, Form: form, Relay: r, Resale: sold, Click: c.QueryParam("c"), Price: priceOf(p), InStock: p.Stock() > 0,
		Earn: earn, Crumbs: crumbsOf(c, p, r), Steps: together, Together: s.together}
	if form == nil {
		data.Form = page.NewForm("quantity", "1", "variant", strconv.FormatInt(orderform.Preselected(p), 10))
	} else {
		data.Click = form.Get("c")
	}
	if err := s.who(c, &data); err != nil {
		return err
	}
	data.Variants, data.Choice = orderform.Variants(page.Lang(c), p)
	if len(p.Variants) == 1 {
		data.Single = low.ID
	}
	for _, v := range p.Variants {
		data.Most = max(data.Most, min(v.Stock, 99))
	}
	err := s.ways(c, &data)
	if err != nil {
		return err
	}
	page.Shows(c, changes.Brand(p.BrandID))
	if err = s.fans(c, &data); err != nil {
		return err
	}
	if data.Others, err = s.others(c, p); err != nil {
		return err
	}
	handle := ""
	if r != nil {
		handle = r.Handle
	}
	trail := page.Trail{From: handle, Click: data.Click}
	if data.Ratings, err = opinion.PanelOf(c, s.db, p.ID, trail.To("/p/"+p.Slug+"/ratings")); err != nil {
		return err
	}
	if data.Questions, err = ask.PanelOf(c, s.db, p, trail, s.now()); err != nil {
		return err
	}
	data.Preview = s.elsewhere(p, data.Ratings.Stars)
	if sold != nil { // the price is of this page, not of the product's own
		data.Preview.Linked.Offers.URL = s.baseURL + r.Path() + "/p/" + p.Slug
	}
	data.Preview.Image = s.pictureOf(c, p, r)
	data.Ad = adOf(page.Lang(c), r, sold)
	return s.site.Render(c, data.Form.Status(), "shop/product", data)
}

// ways are those in which the product reaches its buyer: as it is, delivered so, made their own; and whose idea it was, or promised to in its launch.
func (s *Shop) ways(c echo.Context, data *productPage) (err error) {
	if data.State == catalog.Launching {
		if data.Launch, err = s.launchOf(c, data.ProductPage); err != nil {
			return err
		}
	}
	if data.Delivery, err = s.delivery(c, data.BrandID); err != nil {
		return err
	}
	kind, ref := ideas.Product, data.ID
	if data.Launch != nil {
		kind, ref = ideas.Launch, data.Launch.ID
	}
	if data.Origin, err = ideas.From(c.Request().Context(), s.db, kind, ref); err != nil {
		return err
	}
	if data.Origin != nil && data.Origin.AuthorID != 0 {
		page.Shows(c, changes.Member(data.Origin.AuthorID))
	}
	if err := s.asked(c, data); err != nil {
		return err
	}
	trail := orderform.Trail{Click: data.Click}
	if data.Relay != nil {
		trail.From = data.Relay.Handle
	}
	if data.Credit, err = publications.CreditOf(c.Request().Context(), s.db, data.ID); err != nil {
		return err
	}
	if data.Credit != nil {
		if data.Credit.Varied {
			data.Vary = trail.On("/p/" + data.Slug + "/vary")
		}
		for _, p := range append([]publications.Publication{data.Credit.Publication}, data.Credit.Before...) {
			page.Shows(c, changes.Member(p.AuthorID))
		}
	}
	_, err = designs.Offered(c.Request().Context(), s.db, data.ID)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	data.Design = trail.On("/p/" + data.Slug + "/design")
	return err
}

// asked are the polls about the product.
func (s *Shop) asked(c echo.Context, data *productPage) (err error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	if data.Polls, err = polls.OpenOfProduct(ctx, s.db, l, data.ID); err != nil {
		return err
	}
	data.Decided, err = polls.DecidedFor(ctx, s.db, l, data.ID)
	return err
}

// launchOf is the launch of a product that is being launched.
func (s *Shop) launchOf(c echo.Context, p catalog.ProductPage) (*tally.Launch, error) {
	v, err := s.pledges.LaunchOf(c.Request().Context(), p.ID, page.Lang(c))
	if err != nil {
		return nil, err
	}
	moved, err := late.MoveOf(c.Request().Context(), s.db, v.ID)
	if err != nil {
		return nil, err
	}
	panel := tally.OfLaunch(page.Lang(c), v, moved, s.now())
	return &panel, nil
}

// step is what a piece costs from a number of people on.
type step struct {
	steps.Step
	Price money.Amount
}

// stepsOf are the prices of the cheapest variant for people who order together: off the brand's price, before a storefront puts anything on it.
func stepsOf(p catalog.ProductPage) []step {
	var list []step
	if p.State == catalog.Launching { // by people it is sold once it is made
		return nil
	}
	low := lowest(p).Price
	for _, s := range p.Terms.Steps {
		list = append(list, step{s, money.New(steps.Price(low.Minor, s.LessBps), low.Currency)})
	}
	return list
}

// who adds whose storefront it is and as what they act, or else whose link brought the visitor.
func (s *Shop) who(c echo.Context, data *productPage) (err error) {
	if r := data.Relay; r != nil {
		page.Shows(c, changes.Member(r.MemberID))
		data.Status, err = s.statusOf(c, r.MemberID, data.Resale != nil)
		return err
	}
	data.Brought, err = referrals.Recommender(c.Request().Context(), s.db, data.Click, s.now())
	return err
}

// fans adds the members who recommend the product.
func (s *Shop) fans(c echo.Context, data *productPage) (err error) {
	if data.Fans, err = storefronts.Fans(c.Request().Context(), s.db, data.ID, 4); err != nil {
		return err
	}
	for _, f := range data.Fans {
		page.Shows(c, changes.Member(f.MemberID))
	}
	if len(data.Fans) > 0 {
		data.FansMore = data.Fans[0].Total - len(data.Fans)
	}
	if r := data.Relay; r != nil { // their word stands at the head of the page
		data.Fans = slices.DeleteFunc(data.Fans, func(f storefronts.Fan) bool { return f.Handle == r.Handle })
	}
	return nil
}

// others are a few more products of the brand.
func (s *Shop) others(c echo.Context, p catalog.ProductPage) ([]page.ProductCard, error) {
	more, err := catalog.More(c.Request().Context(), s.db, page.Lang(c), s.now(), p.Product, 4)
	if err != nil {
		return nil, err
	}
	var list []page.ProductCard
	for _, o := range more {
		list = append(list, card(c, o))
	}
	return list, nil
}

func (s *Shop) delivery(c echo.Context, brandID int64) ([]carts.Method, error) {
	return s.carts.Delivery(c.Request().Context(), brandID, page.Lang(c))
}

// lowest is the cheapest variant, the first of equals.
func lowest(p catalog.ProductPage) catalog.VariantView {
	low := p.Variants[0]
	for _, v := range p.Variants {
		if v.PriceMinor < low.PriceMinor {
			low = v
		}
	}
	return low
}

// priceOf is the price at the head of the page. A reduction is announced with the lowest price of the 30 days before it.
func priceOf(p catalog.ProductPage) page.Price {
	low := lowest(p)
	price := page.Price{Now: low.Price}
	for _, v := range p.Variants {
		price.From = price.From || v.PriceMinor > low.PriceMinor
	}
	if low.PriorMinor > 0 {
		prior := low.Prior()
		price.Before, price.Lowest = &prior, &prior
	}
	return price
}

func crumbsOf(c echo.Context, p catalog.ProductPage, r *relay) []page.Crumb {
	if r != nil {
		return []page.Crumb{{URL: withClick(r.Path(), c.QueryParam("c")), Label: "@" + r.Handle}, {Label: p.Title}}
	}
	list := []page.Crumb{{URL: "/products", Label: page.Lang(c).T("page.nav.products")}}
	if p.Category != "" {
		list = append(list, page.Crumb{URL: "/products?category=" + url.QueryEscape(p.Category), Label: categoryName(page.Lang(c), p.Category)})
	}
	return append(list, page.Crumb{Label: p.Title})
}

// withClick keeps the click that brought the visitor in an address.
func withClick(path, click string) string {
	if click == "" || len(click) > 64 {
		return path
	}
	return path + "?c=" + url.QueryEscape(click)
}
