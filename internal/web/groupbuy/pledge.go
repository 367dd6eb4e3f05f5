package groupbuy

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/web/page"
	"relais/internal/web/tally"
)

// Stages of a pledge, as its page tells of it.
const (
	pledgePending  = "pending"  // its card is missing
	pledgeJoined   = "joined"   // it can be taken back
	pledgeCounting = "counting" // the deadline has come, and nobody has counted yet
	pledgeCharging = "charging" // its card is charged now
	pledgeRefused  = "refused"  // … and was refused: its buyer can pay
	pledgeCharged  = "charged"
	pledgeUnpaid   = "unpaid"
	pledgeLapsed   = "lapsed"
)

func pledgeStage(p pledges.Page, now time.Time) string {
	switch p.State {
	case pledges.Pending:
		if now.Before(p.ExpiresAt) {
			return pledgePending
		}
		return pledgeLapsed
	case pledges.Joined:
		if p.View.Joinable(now) {
			return pledgeJoined
		}
		return pledgeCounting
	case pledges.Due:
		return pledgeCharging
	case pledges.Ordered:
		return orderStage(p, now)
	}
	return string(p.State) // lapsed, left, released
}

func orderStage(p pledges.Page, now time.Time) string {
	switch {
	case p.Order.State.WasPaid():
		return pledgeCharged
	case p.Order.State != orders.AwaitingPayment:
		return pledgeUnpaid
	case p.Tries(now):
		return pledgeCharging
	}
	return pledgeRefused
}

type pledgePage struct {
	pledges.Page
	W      string // where its words begin
	Stage  string
	Back   bool         // from the provider's page, and nothing is known of the card yet
	Left   string       // until the deadline
	Ladder []tally.Rung // what would be taken at each step, until that is decided
	Ad     string
	Share  page.ShareLink
	Earn   *money.Amount // what a piece that the viewer brings to a launch earns them at most; nil: nothing, or they are a guest
}

// pledge is the page of a promise, for whoever has its address.
func (s *Server) pledge(c echo.Context) error {
	ctx, l, now, token := c.Request().Context(), page.Lang(c), s.Now(), c.Param("token")
	back := c.QueryParam("kept") == "1"
	if back {
		if err := s.Pledges.Look(ctx, token); err != nil {
			// The provider's own message will do it: the page says that it waits.
			s.Log.WarnContext(ctx, "look at setup", "id", page.RequestID(c), "error", err)
		}
	}
	p, err := s.Pledges.ByToken(ctx, token, l)
	if err != nil {
		return err
	}
	data := pledgePage{Page: p, W: tally.Words(p.View.Campaign), Stage: pledgeStage(p, now), Left: tally.Left(l, now, p.View.Deadline)}
	if back && data.Stage != pledgePending {
		return c.Redirect(http.StatusSeeOther, p.Path())
	}
	data.Back = back
	if slices.Contains([]string{pledgePending, pledgeJoined, pledgeCounting}, data.Stage) {
		data.Ladder = tally.Ladder(p.View.Campaign, p.View.Now, p.At)
	}
	earns, err := s.earns(ctx, p.View.OpenedBy, p.View.BrandID)
	if err != nil {
		return err
	}
	data.Ad = adOf(l, p.View, earns)
	if data.Share = s.shareOf(l, p.View, ""); p.View.IsLaunch() {
		data.Share.Title, data.Share.Text = p.View.Title, l.T("launches.share", "Title", p.View.Title, "Brand", p.View.BrandName, "Price", l.Money(p.View.PriceAt(0)))
	} else {
		data.Share.Text = friendText(l, p.View, data.Ad)
	}
	if data.Earn, err = s.brings(c, p.View); err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "groupbuy/pledge", data)
}

// brings is what a piece that the viewer brings to a launch by a link of their own earns them, at the price of its goal; nil: they are a guest, or of the brand's team.
func (s *Server) brings(c echo.Context, v pledges.View) (*money.Amount, error) {
	viewer := page.ViewerFrom(c)
	if viewer == nil || !v.IsLaunch() || !v.Joinable(s.Now()) {
		return nil, nil
	}
	earns, err := s.earns(c.Request().Context(), viewer.ID, v.BrandID)
	if err != nil || !earns {
		return nil, err
	}
	p, err := s.productOf(c, v)
	if err != nil {
		return nil, err
	}
	earn := catalog.Preview(v.PriceAt(0), p.VATBps, p.Terms.CommissionBps, 0).Commission
	if earn.Sign() <= 0 {
		return nil, nil
	}
	return &earn, nil
}

// friendText is what goes with the address when somebody who has joined hands it on.
func friendText(l i18n.Lang, v pledges.View, ad string) string {
	step, more := v.Next()
	if !more {
		step = v.Steps[len(v.Steps)-1]
	}
	return l.T("together.share.friend", "Ad", ad, "Opener", v.OpenerName, "Title", v.Title, "Brand", v.BrandName, "People", step.People, "Price", l.Money(v.PriceAt(step.LessBps)))
}

func (s *Server) leaveCard(c echo.Context) error { return s.toCard(c, c.Param("token")) }

func (s *Server) leave(c echo.Context) error {
	token := c.Param("token")
	return s.said(c, s.Pledges.Leave(c.Request().Context(), token), "together.pledge.left_now", "/pledge/"+token)
}
