package shop

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/documents"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/pledges/consent"
	"relais/internal/pledges/late"
	"relais/internal/referrals"
	"relais/internal/returns"
	"relais/internal/support"
	"relais/internal/web/aftersale"
	"relais/internal/web/opinion"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
	"relais/internal/web/withdrawal"
)

type orderPage struct {
	orders.Page
	Parcels   []orderParcel
	Earners   []earner
	OwnCode   bool // the code that the buyer typed is their own: it does not count
	Events    []happened
	Payable   bool
	Minutes   int                  // left to pay
	Pending   bool                 // back from the provider's page, and not confirmed yet
	Talks     []talk               // with each brand
	Documents []documents.Document // invoices and credit notes, as they were issued

	Returns      []withdrawal.Back
	Money        []aftersale.Refund // newest first
	Choice       returns.Choice
	Withdrawable bool // from something of it
	AllBack      bool // the buyer withdrew from everything that is left
	Opinion      opinion.Order

	Promise  *pledges.Page    // in a group order, of which it was made; nil: it was bought otherwise
	Charging bool             // the card that was kept for it is charged now
	Agreed   *consent.Consent // to a charge later; nil: it was paid at once
	Late     bool             // the launch in which it was promised is
}

// talk is what the buyer and a brand write to each other.
type talk struct {
	Brand, Path string
	Talk        support.Conversation // ID 0: nobody has written yet
}

// orderParcel is a shipment with its stages.
type orderParcel struct {
	orders.Shipment
	Stages     []page.Stage
	Receivable bool
	Making     bool   // it was promised in a launch, and is not sent yet
	Track      string // the tracking address, where it is one
}

// earner is who recommended a line, and what they earn on it.
type earner struct {
	Role                earnings.Role // earnings.Commission: who brought it; else what they made of it
	Name, Handle, Title string        // the name is empty where an idea does not show it
	RateBps             int64
	PartBps             int64             // of the line; 10000: all of it
	Amount              money.Amount      // commission and margin
	Margin              money.Amount      // of the price, what they put on it, VAT included
	Left                money.Amount      // of the amount, after what went back
	Nothing             bool              // nobody earns: bought with the card of who recommends it
	Earning             *earnings.Earning // the commission, or the margin where there is none, or the royalty; nil before it is paid
}

func (s *Shop) order(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.orders.ByToken(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	back := c.QueryParam("paid") == "1"
	if back && o.CheckoutID != nil && o.PaidAt == nil {
		if err := s.orders.Confirm(ctx, *o.CheckoutID); err != nil {
			// The provider's own message will do it: the page says that it waits.
			s.log.WarnContext(ctx, "confirm order", "id", page.RequestID(c), "order", o.ID, "error", err)
		}
		if o, err = s.orders.ByToken(ctx, o.Token); err != nil {
			return err
		}
	}
	if back && o.State != orders.AwaitingPayment {
		return c.Redirect(http.StatusSeeOther, "/o/"+o.Token)
	}
	return s.showOrder(c, o, back)
}

// showOrder answers the page of an order.
func (s *Shop) showOrder(c echo.Context, o orders.Page, back bool) error {
	ctx, lang, now := c.Request().Context(), page.Lang(c), s.now()
	left := o.ExpiresAt.Sub(now)
	data := orderPage{Page: o, Pending: back, Minutes: int(math.Ceil(left.Minutes())),
		Payable: o.State == orders.AwaitingPayment && left > 0 && !back, Events: happenings(lang, o.Events)}
	rs, err := s.returns.OfOrder(ctx, o.ID, 0)
	if err != nil {
		return err
	}
	if data.Promise, err = s.pledges.OfOrder(ctx, o.ID, lang); err != nil {
		return err
	}
	if data.Agreed, err = consent.Of(ctx, s.db, o.ID); err != nil {
		return err
	}
	data.Charging = charging(data.Promise, now) && !back
	data.Late = data.Promise != nil && o.Expected != nil && late.MonthsOf(data.Promise.View.Campaign, *o.Expected, now) > 0
	data.Payable = data.Payable && !data.Charging
	if data.Choice, err = s.returns.ChoiceOf(ctx, o); err != nil {
		return err
	}
	data.Returns, data.Money, data.Withdrawable = withdrawal.Of(lang, o, rs), aftersale.Refunds(lang, o, 0), data.Choice.Err == nil
	data.AllBack = errors.Is(data.Choice.Err, returns.ErrAgain) && len(rs) > 0
	for _, sh := range o.Shipments {
		p := orderParcel{Shipment: sh, Stages: stagesOf(lang, o, sh, rs), Receivable: sh.State == orders.Shipped && o.State == orders.Paid && !data.AllBack,
			Making: o.Expected != nil && sh.ShippedAt == nil && o.State != orders.Cancelled && o.State != orders.Expired}
		if isTrackingPage(sh.Tracking) {
			p.Track = sh.Tracking
		}
		data.Parcels = append(data.Parcels, p)
	}
	booked, err := earnings.OfOrder(ctx, s.db, o.ID)
	if err != nil {
		return err
	}
	data.Earners = earnersOf(o, booked)
	if data.OwnCode, err = s.ownCode(ctx, o); err != nil {
		return err
	}
	if data.Documents, err = documents.OfOrder(ctx, s.db, o.ID); err != nil {
		return err
	}
	talks, err := support.OfOrder(ctx, s.db, o.ID, 0)
	if err != nil {
		return err
	}
	for _, sh := range o.Shipments {
		data.Talks = append(data.Talks, talk{sh.BrandName, support.BuyerPath(o.Token, sh.BrandHandle), talks[sh.BrandID]})
	}
	if data.Opinion, err = opinion.OrderOf(c, s.db, o.Order); err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "shop/order", data)
}

// charging says whether an order waits for the card that was kept for it: then it is neither paid by hand nor cancelled.
func charging(p *pledges.Page, now time.Time) bool {
	return p != nil && p.Order.State == orders.AwaitingPayment && p.Tries(now)
}

// inHand says ErrOrderOver of an order that is charged by itself.
func (s *Shop) inHand(ctx context.Context, o orders.Page) error {
	p, err := s.pledges.OfOrder(ctx, o.ID, o.Lang)
	if err == nil && charging(p, s.now()) {
		err = orders.ErrOrderOver
	}
	return err
}

// ownCode says whether the buyer typed a code of their own.
func (s *Shop) ownCode(ctx context.Context, o orders.Page) (bool, error) {
	typed, err := referrals.FindCode(ctx, s.db, o.Code)
	if errors.Is(err, fault.Invalid) || typed == nil && err == nil {
		return false, nil // none, or one that is switched off by now
	}
	if err != nil {
		return false, err
	}
	b := referrals.Buyer{Emails: []string{o.EmailNormal}}
	if o.MemberID != nil {
		b.MemberID = *o.MemberID
	}
	return typed.Own(b), nil
}

// earnersOf explains who recommended what and who made it what it is, and what they earn.
func earnersOf(o orders.Page, booked []earnings.Earning) []earner {
	type share struct {
		line, member int64
		role         earnings.Role // that of the commission for the margin beside it
	}
	byShare, left := map[share]*earnings.Earning{}, map[share]int64{}
	for i, e := range booked {
		if e.OrderLineID == nil || e.Reason == earnings.Reassigned || !e.Role.Brings() && !e.Role.Makes() {
			continue
		}
		of := share{*e.OrderLineID, e.MemberID, e.Role}
		if e.Role == earnings.Margin {
			of.role = earnings.Commission
		}
		left[of] += e.Left().Minor
		if byShare[of] == nil || e.Role == earnings.Commission {
			byShare[of] = &booked[i]
		}
	}
	var list []earner
	for _, sh := range o.Shipments {
		for _, l := range sh.Lines {
			add := func(e earner, member, minor int64) {
				of := share{l.ID, member, e.Role}
				e.Title, e.Amount, e.Left, e.Earning = l.Title, money.New(minor, o.Currency), money.New(left[of], o.Currency), byShare[of]
				e.Nothing = o.PaidAt != nil && e.Earning == nil
				list = append(list, e)
			}
			for _, r := range l.Relays {
				add(earner{Role: earnings.Commission, Name: r.Name, Handle: r.Handle, RateBps: r.RateBps, PartBps: r.PartBps, Margin: money.New(l.Margin(), o.Currency)},
					r.MemberID, earnings.CommissionOf(l.NetMinor, r.RateBps, r.PartBps)+l.MarginNetMinor)
			}
			for _, r := range l.Royalties {
				if r.Minor > 0 {
					add(earner{Role: r.Role, Name: r.Name, Handle: r.Handle, RateBps: r.RateBps, PartBps: 10_000, Margin: money.New(0, o.Currency)}, r.MemberID, r.Minor)
				}
			}
		}
	}
	return list
}

// ofOrder runs a use case on the order of the address and returns to its page. What the buyer cannot do any more is
// said there.
func (s *Shop) ofOrder(c echo.Context, done string, do func(ctx context.Context, o orders.Page) error) error {
	ctx := c.Request().Context()
	o, err := s.orders.ByToken(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	err = do(ctx, o)
	var refused *fault.Error
	switch {
	case err == nil:
		s.site.Good(c, done)
	case errors.Is(err, fault.Conflict) && errors.As(err, &refused):
		s.site.Bad(c, refused.Message)
	default:
		return err
	}
	return page.Redirect(c, "/o/"+o.Token)
}

func (s *Shop) payOrder(c echo.Context) error {
	o, err := s.orders.ByToken(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	switch err := s.inHand(c.Request().Context(), o); {
	case errors.Is(err, orders.ErrOrderOver):
		return page.Redirect(c, "/o/"+o.Token) // which says so
	case err != nil:
		return err
	}
	return s.pay(c, o.Order)
}

func (s *Shop) cancelOrder(c echo.Context) error {
	return s.ofOrder(c, "shop.order.cancelled", func(ctx context.Context, o orders.Page) error {
		if o.State != orders.AwaitingPayment {
			return orders.ErrOrderOver
		}
		if err := s.inHand(ctx, o); err != nil {
			return err
		}
		return s.orders.Cancel(ctx, o.ID)
	})
}

// receivedShipment answers the buyer's "I received it"; the shipment is one of this order's.
func (s *Shop) receivedShipment(c echo.Context) error {
	id := page.PostedForm(c).Int("shipment", 0)
	return s.ofOrder(c, "shop.order.received", func(ctx context.Context, o orders.Page) error {
		for _, sh := range o.Shipments {
			if sh.ID == id {
				return s.orders.Deliver(ctx, sh.BrandID, sh.ID, "buyer")
			}
		}
		return errNoOrder
	})
}

// orderedDesign shows what was ordered to whoever has the order's address.
func (s *Shop) orderedDesign(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.orders.ByToken(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	_, d, err := orderform.Ordered(ctx, s.db, c.Param("line"), o.Shipments...)
	if err != nil {
		return err
	}
	return orderform.Picture(c, s.designs, d, "")
}
