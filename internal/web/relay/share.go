package relay

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/polls"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/stories"
	"relais/internal/web/page"
)

// share makes the member's link, in one tap from any product, brand or storefront, and shows its sheet.
func (s *Server) share(c echo.Context) error {
	form := page.PostedForm(c)
	viewer := page.ViewerFrom(c)
	asked, err := s.asked(c.Request().Context(), form)
	if err != nil {
		return err
	}
	asked.Channel, asked.Circle = form.Get("channel"), form.Get("circle")
	link, err := s.Referrals.Create(c.Request().Context(), viewer.ID, asked)
	if form.Refused(err) {
		return s.sheet(c, form, asked)
	}
	if err != nil {
		return err
	}
	return page.Redirect(c, "/share?link="+url.QueryEscape(link.Code))
}

// asked reads what is to be shared: product (its number or its slug), brand (its handle), story or poll (their codes), or else the storefront.
func (s *Server) asked(ctx context.Context, form *page.Form) (referrals.Share, error) {
	lang := i18n.FR // only numbers are read
	switch {
	case form.Get("product") != "":
		id, err := strconv.ParseInt(form.Get("product"), 10, 64)
		if err == nil {
			return referrals.Share{Target: referrals.ToProduct, ProductID: id}, nil
		}
		p, err := catalog.BySlug(ctx, s.DB, form.Get("product"), lang, s.Now())
		if err != nil {
			return referrals.Share{}, err
		}
		return referrals.Share{Target: referrals.ToProduct, ProductID: p.ID}, nil
	case form.Get("brand") != "":
		b, err := catalog.BrandByHandle(ctx, s.DB, form.Get("brand"), lang)
		if err != nil {
			return referrals.Share{}, err
		}
		return referrals.Share{Target: referrals.ToBrand, BrandID: b.ID}, nil
	}
	if code := form.Get("story"); code != "" {
		told, err := stories.ByCode(ctx, s.DB, code)
		return referrals.Share{Target: referrals.ToStory, StoryID: told.ID}, err
	}
	if code := form.Get("poll"); code != "" {
		id, err := polls.Shown(ctx, s.DB, code)
		return referrals.Share{Target: referrals.ToPoll, PollID: id}, err
	}
	return referrals.Share{Target: referrals.ToStorefront}, nil
}

// sharePage is the share sheet. Link is nil until there is one.
type sharePage struct {
	Form     *page.Form
	Link     *referrals.Link
	Sheet    page.ShareLink
	Title    string
	Brand    string // of a poll
	Free     bool   // it brings the member nothing: no advertisement
	Product  *catalog.ProductCard
	Earn     *money.Amount // what one piece earns now, the margin of the member's storefront included
	Price    money.Amount  // of the product, as friends pay it
	Margin   *marginForm   // nil: none is allowed
	Together []togetherEarns
	Image    string // path of the card
	Circles  []string
	Channels []page.Option
	Target   string // name and value of the hidden field that says what is shared
	Value    string
}

// togetherEarns is what one piece costs from a number of people on, and what it then earns as commission.
type togetherEarns struct {
	steps.Step
	catalog.Earnings
}

// together is what the product earns by the steps of its terms.
func (s *Server) together(ctx context.Context, p catalog.ProductCard) ([]togetherEarns, error) {
	terms, err := catalog.TermsAt(ctx, s.DB, p.BrandID, p.ID, s.Now())
	if err != nil {
		return nil, err
	}
	var list []togetherEarns
	for _, step := range terms.Steps {
		lower := money.New(steps.Price(p.MinMinor, step.LessBps), p.Currency)
		list = append(list, togetherEarns{step, catalog.Preview(lower, p.VATBps, terms.CommissionBps, 0)})
	}
	return list, nil
}

// showShare is the sheet of a link of the member's (?link=CODE), or the question for a new one (?product=slug, ?brand=handle).
func (s *Server) showShare(c echo.Context) error {
	query := page.QueryForm(c)
	ctx := c.Request().Context()
	if code := query.Get("link"); code != "" {
		link, err := s.Referrals.Own(ctx, page.ViewerFrom(c).ID, code)
		if err != nil {
			return err
		}
		asked := referrals.Share{Target: link.Target, ProductID: link.ProductID, BrandID: link.BrandID, StoryID: link.StoryID, PollID: link.PollID}
		return s.sheetOf(c, page.NewForm("circle", link.Circle, "channel", link.Channel), asked, &link)
	}
	asked, err := s.asked(ctx, query)
	if err != nil {
		return err
	}
	return s.sheet(c, page.NewForm(), asked)
}

func (s *Server) sheet(c echo.Context, form *page.Form, asked referrals.Share) error {
	return s.sheetOf(c, form, asked, nil)
}

func (s *Server) sheetOf(c echo.Context, form *page.Form, asked referrals.Share, link *referrals.Link) error {
	ctx, lang, viewer := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	data := sharePage{Form: form, Link: link, Channels: channels(lang)}
	var err error
	if data.Circles, err = referrals.Circles(ctx, s.DB, viewer.ID); err != nil {
		return err
	}
	if err := s.shared(ctx, &data, asked, viewer); err != nil {
		return err
	}
	if data.Product != nil {
		code := ""
		if link != nil {
			code = link.Code
		}
		if data.Margin, err = s.marginOnShare(c, data.Product.ID, code); err != nil {
			return err
		}
	}
	if data.Title == "" {
		data.Title = viewer.Lang.T("page.storefront.title", "Name", viewer.Name)
	}
	if link != nil {
		k, err := s.cardOf(ctx, *link)
		if err != nil {
			return err
		}
		data.Image = link.Path() + "/card.jpg?v=" + k.Version()
		data.Sheet = page.ShareLink{URL: s.BaseURL + link.Path(), Title: data.Title, PNG: link.Path() + "/qr.png",
			Text: shareText(viewer, data)}
	}
	return s.Site.Render(c, form.Status(), "relay/share", data)
}

// shared reads what is shared, in the language of the member, which is that of the text they send.
func (s *Server) shared(ctx context.Context, data *sharePage, asked referrals.Share, viewer *page.Viewer) error {
	switch asked.Target {
	case referrals.ToProduct:
		data.Target, data.Value = "product", strconv.FormatInt(asked.ProductID, 10)
		cards, err := catalog.Cards(ctx, s.DB, viewer.Lang, s.Now(), asked.ProductID)
		if err != nil {
			return err
		}
		if len(cards) == 0 {
			return fault.New(fault.NotFound, "relay.product_not_found")
		}
		p := cards[0]
		margins, err := storefronts.MarginsOf(ctx, s.DB, viewer.ID, p.ID)
		if err != nil {
			return err
		}
		sold := catalog.PreviewResale(p.From(), margins[p.ID].On(p.From(), p.MarginBps).Minor, p.VATBps, p.CommissionBps, 0)
		data.Product, data.Earn, data.Price, data.Title = &p, &sold.Profit, sold.Price, p.Title
		if data.Together, err = s.together(ctx, p); err != nil {
			return err
		}
	case referrals.ToBrand:
		b, err := catalog.BrandByID(ctx, s.DB, asked.BrandID)
		if err != nil {
			return err
		}
		data.Target, data.Value, data.Title = "brand", b.Handle, b.Name
	case referrals.ToStory:
		told, err := stories.ByID(ctx, s.DB, asked.StoryID)
		if err != nil {
			return err
		}
		data.Target, data.Value, data.Title = "story", told.Code, told.Title
	case referrals.ToPoll:
		found, err := polls.Cards(ctx, s.DB, 0, viewer.Lang, asked.PollID)
		if err != nil {
			return err
		}
		v, ok := found[asked.PollID]
		if !ok {
			return polls.ErrGone
		}
		data.Target, data.Value, data.Title, data.Brand = "poll", v.Code, v.Title, v.BrandName
		data.Free, err = s.free(ctx, asked.PollID, viewer.ID)
		return err
	default:
		data.Target, data.Value = "storefront", "yes"
	}
	return nil
}

// free says whether the link of a member to a poll brings them nothing: then it is no advertisement.
func (s *Server) free(ctx context.Context, pollID, memberID int64) (bool, error) {
	pays, err := referrals.PollPays(ctx, s.DB, pollID, memberID, s.Now())
	return !pays, err
}

// shareText is what goes with the link: it begins by saying that it is an advertisement, and who earns; but for a poll of which nobody earns.
func shareText(viewer *page.Viewer, data sharePage) string {
	l := viewer.Lang
	switch {
	case data.Product != nil && data.Price != data.Product.From():
		return l.T("margin.share_text", "Name", viewer.Name, "Title", data.Product.Title, "Brand", data.Product.BrandName)
	case data.Product != nil:
		return l.T("relay.text.product", "Name", viewer.Name, "Title", data.Product.Title, "Brand", data.Product.BrandName)
	case data.Target == "brand":
		return l.T("relay.text.brand", "Name", viewer.Name, "Title", data.Title)
	case data.Target == "poll" && data.Free:
		return l.T("relay.text.poll_free", "Title", data.Title, "Brand", data.Brand)
	case data.Target == "poll":
		return l.T("relay.text.poll", "Name", viewer.Name, "Title", data.Title, "Brand", data.Brand)
	case data.Target == "story":
		return l.T("relay.text.story", "Name", viewer.Name, "Title", data.Title)
	}
	return l.T("relay.text.storefront", "Name", viewer.Name)
}

func channels(l i18n.Lang) []page.Option {
	var os []page.Option
	for _, c := range referrals.Channels() {
		if referrals.Automatic(c) {
			continue
		}
		os = append(os, page.Option{Value: c, Label: channelName(l, c)})
	}
	return os
}

func channelName(l i18n.Lang, channel string) string {
	if channel == "" {
		return l.T("relay.channel.any")
	}
	return l.T("relay.channel." + channel)
}

// consentPage shows what a visitor chose.
type consentPage struct {
	Remembered bool
	Next       string
}

func (s *Server) showConsent(c echo.Context) error {
	return s.Site.Render(c, http.StatusOK, "relay/consent", consentPage{Remembered: s.Visitor(c) != "", Next: page.LocalPath(c.QueryParam("next"), "/consent")})
}

// answerLife is how long the answer to the question is kept, as long as law allows before asking again: six months.
const answerLife = 180 * 24 * time.Hour

// consent keeps the answer of a visitor. Yes: the click that brought them, named in the address they came from, is theirs, and
// the cookie says who they are. No, at first or later on: the visits that the
// cookie joined belong to nobody any more, the cookie goes, and nothing is kept but the answer.
func (s *Server) consent(c echo.Context) error {
	form := page.PostedForm(c)
	next := page.LocalPath(form.Get("next"), "/")
	switch form.Get("choice") {
	case "yes":
		visitor, err := s.Clicks.Consent(c.Request().Context(), clickIn(next), s.Visitor(c))
		if err != nil {
			return err
		}
		if err := s.remember(c, visitor); err != nil {
			return err
		}
		s.setCookie(c, page.ConsentCookie, "yes", answerLife)
	case "no":
		if err := s.Clicks.Forget(c.Request().Context(), s.Visitor(c)); err != nil {
			return err
		}
		s.setCookie(c, s.visitorCookie(), "", -1)
		s.setCookie(c, page.ConsentCookie, "no", answerLife)
	default:
		return fault.New(fault.Invalid, "relay.choice_unknown")
	}
	return page.Redirect(c, next)
}

// clickIn is the token of the click in the address of a landing page; empty where there is none.
func clickIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("c")
}
