package inbox

import (
	"errors"
	"slices"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/support"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
)

// talkPage is a conversation as the buyer sees it.
type talkPage struct {
	Order    orders.Page
	Shipment orders.Shipment // what the brand sends of it
	Talk     support.Conversation
	Messages []support.Message
	Held     []support.Held     // mail that waits for the buyer's word
	Mail     bool               // answers reach the buyer by mail too
	Refunds  []aftersale.Refund // of the brand's part, newest first
	Hours    int                // within which the brand means to answer
	Speed    int                // within which it usually does; 0: not known
	Closed   bool
	Overdue  bool
	Form     *page.Form
	Opinion  *page.Form // whether the buyer is pleased
	Base     string     // of the addresses below this page
	Again    bool       // photographs were sent and must be chosen again
}

// buyers opens the conversation of the address for whoever has the order's token.
func (s *Server) buyers(h func(echo.Context, talkPage) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		o, err := s.Orders.ByToken(ctx, c.Param("token"))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(o.Shipments, func(sh orders.Shipment) bool { return sh.BrandHandle == c.Param("brand") })
		if i < 0 || o.PaidAt == nil {
			return orders.ErrOrderGone
		}
		d := talkPage{Order: o, Shipment: o.Shipments[i], Form: page.NewForm(), Opinion: page.NewForm(), Base: support.BuyerPath(o.Token, o.Shipments[i].BrandHandle)}
		if d.Talk, err = orNone(support.Of(ctx, s.DB, o.ID, d.Shipment.BrandID)); err != nil {
			return err
		}
		if !d.Talk.Begun() {
			d.Talk = support.Conversation{} // what the team noted is not the buyer's
		}
		if d.Talk.Pleased != nil {
			d.Opinion = page.NewForm("pleased", map[bool]string{true: "yes", false: "no"}[d.Talk.WasPleased()], "words", d.Talk.PleasedWords)
		}
		return h(c, d)
	}
}

// talk shows the conversation.
func (s *Server) talk(c echo.Context, d talkPage) (err error) {
	ctx, now := c.Request().Context(), s.Now()
	if d.Messages, err = support.Messages(ctx, s.DB, d.Talk.ID, support.FromBuyer); err != nil {
		return err
	}
	if d.Held, err = support.HeldFor(ctx, s.DB, d.Talk.ID, support.FromBuyer); err != nil {
		return err
	}
	if d.Hours, err = support.Hours(ctx, s.DB, d.Shipment.BrandID); err != nil {
		return err
	}
	if d.Speed, err = support.Speed(ctx, s.DB, d.Shipment.BrandID, now); err != nil {
		return err
	}
	d.Mail = d.Order.Email != ""
	d.Refunds = aftersale.Refunds(page.Lang(c), d.Order, d.Shipment.BrandID)
	d.Closed, d.Overdue = support.Closed(d.Order.Order, d.Talk.Wrote(), now), d.Talk.Overdue(now)
	return s.Site.Render(c, max(d.Form.Status(), d.Opinion.Status()), "inbox/talk", d)
}

// ask writes to the brand.
func (s *Server) ask(c echo.Context, d talkPage) error {
	d.Form = page.PostedForm(c)
	draft := support.Draft{Side: support.FromBuyer, Body: d.Form.Raw("body")}
	if v := page.ViewerFrom(c); v != nil {
		draft.MemberID = v.ID
	}
	var err error
	if draft.Photos, err = s.photos(c, d.Order.ID, d.Shipment.BrandID, draft); err == nil {
		err = s.Support.Write(c.Request().Context(), d.Order.ID, d.Shipment.BrandID, draft)
	}
	if d.Form.Refused(err) {
		d.Again = sent(c) > 0
		return s.talk(c, d)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, map[bool]string{true: "inbox.talk.sent", false: "inbox.talk.sent_here"}[d.Order.Email != ""])
	return page.Redirect(c, d.Base+"#last")
}

func (s *Server) solvedByBuyer(c echo.Context, d talkPage) error {
	err := s.Support.Solve(c.Request().Context(), d.Order.ID, d.Shipment.BrandID, support.FromBuyer)
	return s.done(c, err, "inbox.talk.solved_done", d.Base+"#pleased")
}

// pleased keeps whether the buyer is pleased.
func (s *Server) pleased(c echo.Context, d talkPage) error {
	d.Opinion = page.PostedForm(c)
	said := d.Opinion.Get("pleased")
	if said != "yes" && said != "no" {
		d.Opinion.Fail("pleased", "fault.required")
		return s.talk(c, d)
	}
	err := s.Support.Rate(c.Request().Context(), d.Order.ID, d.Shipment.BrandID, said == "yes", d.Opinion.Raw("words"))
	if errors.Is(err, fault.Invalid) && d.Opinion.Refused(err) {
		return s.talk(c, d)
	}
	return s.done(c, err, "inbox.talk.pleased_done", d.Base)
}

func (s *Server) buyersPhoto(c echo.Context, d talkPage) error {
	return s.photograph(c, d.Talk.ID, support.FromBuyer)
}
