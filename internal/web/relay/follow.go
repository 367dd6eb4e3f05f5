package relay

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/clicks"
	"relais/internal/pace"
	"relais/internal/polls"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/stories"
	"relais/internal/token"
	"relais/internal/web/page"
	"relais/internal/web/preview"
)

// follow answers a share link: see the package comment for who gets what.
func (s *Server) follow(c echo.Context) error {
	r := c.Request()
	h := c.Response().Header()
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "private, no-store")
	link, err := s.Referrals.ByCode(r.Context(), c.Param("code"))
	if err != nil {
		return err
	}
	verdict := clicks.Classify(s.request(c, link))
	if verdict.Card {
		return s.preview(c, link)
	}
	var clickToken string
	if verdict.Keep && s.floods.Allow(c.RealIP(), pace.Pace{Every: clickEvery, Burst: clickBurst}) {
		clickToken = s.record(c, link, verdict)
	}
	return c.Redirect(http.StatusFound, link.Landing(clickToken))
}

// request gathers what the browser tells.
func (s *Server) request(c echo.Context, link referrals.Link) clicks.Request {
	h := c.Request().Header
	r := clicks.Request{OwnerID: link.MemberID, Off: link.Disabled, Method: c.Request().Method, Agent: s.Agents.Kind(c.Request().UserAgent()), SecDest: h.Get("Sec-Fetch-Dest"),
		SecMode: h.Get("Sec-Fetch-Mode"), SecPurpose: h.Get("Sec-Purpose") + h.Get("Purpose") + h.Get("X-Purpose") + h.Get("X-Moz")}
	if v := page.ViewerFrom(c); v != nil {
		r.MemberID = v.ID
	}
	return r
}

// record commits the click and returns its token. Whoever follows a link arrives, even while the click cannot be kept: then the
// storefront's path still says who brought them.
func (s *Server) record(c echo.Context, link referrals.Link, verdict clicks.Verdict) string {
	r := c.Request()
	visit := clicks.Visit{LinkID: link.ID, Reason: verdict.Reason, Address: c.RealIP(), UserAgent: r.UserAgent(), Visitor: s.consented(c), Referer: r.Referer()}
	if v := page.ViewerFrom(c); v != nil {
		visit.MemberID = v.ID
	}
	click, err := s.Clicks.Record(r.Context(), visit)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "record click", "id", page.RequestID(c), "link", link.ID, "error", err)
		return ""
	}
	if verdict.Reason == clicks.Embedded {
		return "" // a frame has no use for it
	}
	if visit.Visitor != "" {
		if err := s.remember(c, visit.Visitor); err != nil {
			s.Log.ErrorContext(r.Context(), "remember visitor", "id", page.RequestID(c), "error", err)
		}
	}
	return click.Token
}

// consented is the visitor to record a click for: who they are already or, when their cookie lapsed and their yes still stands,
// a new one. Empty for whoever did not agree.
func (s *Server) consented(c echo.Context) string {
	if visitor := s.Visitor(c); visitor != "" {
		return visitor
	}
	if answer, err := c.Cookie(page.ConsentCookie); err == nil && answer.Value == "yes" {
		return token.Random(16)
	}
	return ""
}

// Card is what a link shows of itself in a conversation, in the language of whoever shares it.
type Card struct {
	preview.Subject
	Brand string // of a product or poll; who tells a story
	Note  string // their own words on it, or those of Relais on a poll
	Asked bool   // it is a poll
}

// words are its title and its text, as messengers show them beside the picture.
func (k Card) words() (title, text string) {
	title = k.Title
	if k.Member != "" {
		text = k.Lang.T("relay.preview.ad", "Name", k.Member)
	}
	if k.Price != nil {
		title += " · " + k.Lang.Money(*k.Price)
	}
	if k.Note != "" && k.Asked {
		text = strings.TrimSpace(text + " " + k.Note)
	} else if k.Note != "" {
		text += " « " + page.Excerpt(k.Note, 160) + " »"
	}
	return title, text
}

// cardOf gathers what the picture of a link shows, in the language of whoever shares it.
func (s *Server) cardOf(ctx context.Context, link referrals.Link) (Card, error) {
	front, err := storefronts.ByMember(ctx, s.DB, link.MemberID)
	if err != nil {
		return Card{}, err
	}
	k := Card{Subject: preview.Subject{Lang: link.MemberLang, Member: link.MemberName, Photo: front.CoverHash, Title: preview.NameOf(front, link.MemberLang)}, Note: front.Intro}
	switch {
	case !link.ForSale:
	case link.Target == referrals.ToProduct:
		return k, s.productCard(ctx, &k, link)
	case link.Target == referrals.ToBrand:
		b, err := catalog.BrandByHandle(ctx, s.DB, link.BrandHandle, k.Lang)
		if err != nil {
			return k, err
		}
		k.Title, k.Photo, k.Note = b.Name, b.CoverHash, b.Tagline
	case link.Target == referrals.ToStory:
		told, err := stories.ByID(ctx, s.DB, link.StoryID)
		if err != nil {
			return k, err
		}
		k.Title, k.Photo, k.Brand, k.Note = told.Title, told.Cover().Hash, told.Name(), ""
	case link.Target == referrals.ToPoll:
		return k, s.pollCard(ctx, &k, link)
	}
	return k, nil
}

// pollCard fills in a poll; whoever shares it is named as who earns only where they can.
func (s *Server) pollCard(ctx context.Context, k *Card, link referrals.Link) error {
	found, err := polls.Cards(ctx, s.DB, 0, k.Lang, link.PollID)
	if err != nil {
		return err
	}
	v := found[link.PollID]
	k.Title, k.Photo, k.Brand, k.Note = v.Title, v.Picture, v.BrandName, k.Lang.T("relay.preview.poll", "Brand", v.BrandName)
	k.Asked = true
	if v.State != polls.Open {
		k.Note = k.Lang.T("relay.preview.poll_over", "Brand", v.BrandName)
	}
	free, err := s.free(ctx, link.PollID, link.MemberID)
	if free {
		k.Member = ""
	}
	return err
}

func (s *Server) productCard(ctx context.Context, k *Card, link referrals.Link) error {
	cards, err := catalog.Cards(ctx, s.DB, k.Lang, s.Now(), link.ProductID)
	if err != nil || len(cards) == 0 {
		return err
	}
	p := cards[0]
	k.Product(p)
	k.Brand, k.Note = p.BrandName, ""
	listing, err := storefronts.ListingBySlug(ctx, s.DB, link.MemberID, p.Slug, k.Lang, s.Now())
	if err == nil { // the link leads to that storefront, and to its price
		price := listing.Price()
		k.Price, k.Note = &price, listing.Note
	}
	return nil
}

type previewPage struct {
	Card    Card
	Title   string // as messengers show it
	Text    string
	URL     string // absolute, of the link
	Image   string // absolute, of the picture
	Landing string
}

// preview is the page that messengers read: its Open Graph tags are what people see in the conversation.
func (s *Server) preview(c echo.Context, link referrals.Link) error {
	k, err := s.cardOf(c.Request().Context(), link)
	if err != nil {
		return err
	}
	// Messengers ask in no language, or in that of their own computers: the card speaks that of whoever shares it.
	c.Request().Header.Set("Accept-Language", string(k.Lang))
	title, text := k.words()
	return s.Site.Render(c, http.StatusOK, "relay/preview", previewPage{Card: k, Title: title, Text: text, URL: s.BaseURL + link.Path(),
		Image: s.BaseURL + link.Path() + "/card.jpg?v=" + k.Version(), Landing: link.Landing("")})
}

// card is the picture of a link: drawn once for what it shows, then kept in memory.
func (s *Server) card(c echo.Context) error {
	link, err := s.Referrals.ByCode(c.Request().Context(), c.Param("code"))
	if err != nil {
		return err
	}
	k, err := s.cardOf(c.Request().Context(), link)
	if err != nil {
		return err
	}
	return s.Pictures.Answer(c, k.Subject)
}

// qr is the code of a link as a PNG, to print.
func (s *Server) qr(c echo.Context) error {
	link, err := s.Referrals.ByCode(c.Request().Context(), c.Param("code"))
	if err != nil {
		return err
	}
	png, err := page.QRPNG(s.BaseURL + link.Path())
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("Content-Disposition", `attachment; filename="relais-`+link.Code+`.png"`)
	return c.Blob(http.StatusOK, "image/png", png)
}
