package groupbuy

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/pledges"
	"relais/internal/web/page"
	"relais/internal/web/preview"
	"relais/internal/web/tally"
)

// few is how many pieces are little enough to be told.
const few = 20

type campaignPage struct {
	pledges.View
	Product catalog.ProductPage
	Form    *page.Form // of the note
	Stage   string
	Left    string // until the deadline
	Own     bool   // the viewer opened it
	Earns   bool   // who opened it does
	Ad      string
	Ladder  []tally.Rung
	Step    *tally.Rung // the last one that is reached; nil: none
	Next    *tally.Rung // nil: there is none left
	Several bool        // prices are of the cheapest of several variants
	Few     int         // pieces left; 0: many
	SoldOut bool
	Live    bool // it may still change by itself
	Seen    string
	Share   page.ShareLink
	Image   string // absolute address of the picture that conversations show
	Text    string // in conversations
	Click   string
	MaxNote int
}

// read reads a group order as whoever looks at it sees it.
func (s *Server) read(c echo.Context, form *page.Form) (data campaignPage, err error) {
	ctx, l, now := c.Request().Context(), page.Lang(c), s.Now()
	data = campaignPage{Form: form, Click: c.QueryParam("c"), MaxNote: pledges.MaxNote}
	if data.View, err = s.Pledges.ByCode(ctx, c.Param("code"), l); err != nil {
		return data, err
	}
	if data.IsLaunch() { // its page is that of its product
		return data, pledges.ErrGone
	}
	if data.Product, err = s.productOf(c, data.View); err != nil {
		return data, err
	}
	if data.Earns, err = s.earns(ctx, data.OpenedBy, data.BrandID); err != nil {
		return data, err
	}
	v := page.ViewerFrom(c)
	data.Own = v != nil && v.ID == data.OpenedBy
	data.Stage, data.Left, data.Ad = tally.Stage(data.Campaign, now), tally.Left(l, now, data.Deadline), adOf(l, data.View, data.Earns)
	data.Ladder = tally.Ladder(data.Campaign, data.Now, data.PriceAt)
	for i := range data.Ladder {
		if data.Ladder[i].Reached {
			data.Step = &data.Ladder[i]
		}
		if data.Ladder[i].Next {
			data.Next = &data.Ladder[i]
		}
	}
	if len(data.Product.Variants) > 0 {
		_, data.Several = cheapest(data.Product)
	}
	if stock := data.Product.Stock(); stock <= few {
		data.Few, data.SoldOut = stock, stock == 0
	}
	data.Live = data.Stage == tally.Open || data.Stage == tally.Closing || data.Waiting > 0
	// Of the numbers only whether they changed: not all of them are for everybody.
	sum := sha256.Sum256(fmt.Appendf(nil, "%d-%d-%d-%d-%d-%s", data.Now, data.Pieces, data.Charged, data.Unpaid, data.Product.Stock(), data.Code))
	data.Seen = fmt.Sprintf("%s-%x", data.Stage, sum[:6])
	data.Share = s.shareOf(l, data.View, l.T("together.share.opener", "Ad", data.Ad, "Title", data.Title, "Brand", data.BrandName, "People", data.Ladder[0].People, "Price", l.Money(data.Ladder[0].Price)))
	data.Image = s.pictureOf(l, data.View).Of(s.BaseURL + data.Path())
	data.Text = l.T("together.preview.text", "Ad", data.Ad, "People", data.Ladder[0].People, "Price", l.Money(data.Ladder[0].Price), "Date", l.DateTime(data.Deadline))
	return data, nil
}

// shareOf is what hands a group order on.
func (s *Server) shareOf(l i18n.Lang, v pledges.View, text string) page.ShareLink {
	return page.ShareLink{URL: s.BaseURL + v.Path(), Title: l.T("together.preview.title", "Title", v.Title), Text: text}
}

// pictureOf is the picture of a group order: from what price on, and who opened it.
func (s *Server) pictureOf(l i18n.Lang, v pledges.View) preview.Subject {
	step, ok := v.Reached()
	if !ok {
		step = v.Steps[0]
	}
	price := v.PriceAt(step.LessBps)
	return preview.Subject{Lang: l, Title: v.Title, Price: &price, From: true, Photo: v.MediaHash, Member: v.OpenerName}
}

func (s *Server) card(c echo.Context) error {
	l := page.Lang(c)
	if asked, ok := i18n.Parse(c.QueryParam("lang")); ok {
		l = asked
	}
	v, err := s.Pledges.ByCode(c.Request().Context(), c.Param("code"), l)
	if err != nil {
		return err
	}
	return s.Pictures.Answer(c, s.pictureOf(l, v))
}

func (s *Server) campaign(c echo.Context) error {
	data, err := s.read(c, page.NewForm())
	if err != nil {
		return err
	}
	data.Form.Set("note", data.Note)
	return s.Site.Render(c, http.StatusOK, "groupbuy/campaign", data)
}

// standing answers the page that asks whether something has changed: nothing, how things stand now, or the page again where it is over.
func (s *Server) standing(c echo.Context) error {
	data, err := s.read(c, page.NewForm())
	if err != nil {
		return err
	}
	seen := c.QueryParam("seen")
	if seen == data.Seen {
		return c.NoContent(http.StatusNoContent)
	}
	if stage, _, _ := strings.Cut(seen, "-"); !page.IsPartial(c) || stage != data.Stage {
		return page.Redirect(c, data.Path())
	}
	return s.Site.Fragment(c, http.StatusOK, "groupbuy/campaign", "standing", data)
}

func (s *Server) note(c echo.Context) error {
	form, code := page.PostedForm(c), c.Param("code")
	err := s.Pledges.Edit(c.Request().Context(), page.ViewerFrom(c).ID, code, form.Raw("note"))
	if !errors.Is(err, fault.Invalid) {
		return s.said(c, err, "together.own.note_saved", "/together/"+code)
	}
	form.Refused(err)
	data, err := s.read(c, form)
	if err != nil {
		return err
	}
	return s.Site.Render(c, form.Status(), "groupbuy/campaign", data)
}

// own is the group order of the address, if the viewer opened it. To others its page does not exist.
func (s *Server) own(c echo.Context) (pledges.View, error) {
	v, err := s.Pledges.ByCode(c.Request().Context(), c.Param("code"), page.Lang(c))
	if err == nil && (v.IsLaunch() || v.OpenedBy != page.ViewerFrom(c).ID) {
		err = pledges.ErrGone
	}
	return v, err
}

func (s *Server) ending(c echo.Context) error {
	v, err := s.own(c)
	if err != nil {
		return err
	}
	if !v.Joinable(s.Now()) {
		return page.Redirect(c, v.Path())
	}
	return s.Site.Render(c, http.StatusOK, "groupbuy/end", v)
}

func (s *Server) end(c echo.Context) error {
	code := c.Param("code")
	err := s.Pledges.Cancel(c.Request().Context(), page.ViewerFrom(c).ID, code)
	return s.said(c, err, "together.end.done", "/together/"+code)
}
