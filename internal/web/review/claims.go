package review

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/money"
	"relais/internal/reviews"
	"relais/internal/web/page"
)

type claimsPage struct {
	Claims []reviews.Claim
	Empty  page.Empty
}

// claims are a member's questions after missing sales.
func (s *Server) claims(c echo.Context) error {
	list, err := reviews.ClaimsOf(c.Request().Context(), s.DB, by(c))
	if err != nil {
		return err
	}
	l := page.Lang(c)
	empty := page.Empty{Icon: "hand-coins", Title: l.T("review.claim.none"), Text: l.T("review.claim.none_text"), URL: "/me/claims/new", Action: l.T("review.claim.new")}
	return s.Site.Render(c, http.StatusOK, "review/claims", claimsPage{list, empty})
}

type newClaimPage struct {
	Form         *page.Form
	Brands, Ways []page.Option
}

// newClaim is the form; what the address knows is filled in.
func (s *Server) newClaim(c echo.Context) error {
	return s.claimForm(c, page.NewForm("brand", c.QueryParam("brand"), "number", c.QueryParam("number")))
}

func (s *Server) claimForm(c echo.Context, form *page.Form) error {
	l := page.Lang(c)
	brands, err := catalog.Brands(c.Request().Context(), s.DB, l)
	if err != nil {
		return err
	}
	data := newClaimPage{Form: form, Brands: []page.Option{{Label: l.T("review.claim.choose")}}}
	for _, b := range brands {
		data.Brands = append(data.Brands, page.Option{Value: b.Handle, Label: b.Name})
	}
	for _, w := range reviews.Ways() {
		data.Ways = append(data.Ways, page.Option{Value: w, Label: l.T("review.shared." + w)})
	}
	return s.Site.Render(c, form.Status(), "review/claim_new", data)
}

// ask takes a claim in.
func (s *Server) ask(c echo.Context) error {
	form := page.PostedForm(c)
	n, err := s.Reviews.Ask(c.Request().Context(), reviews.Asked{MemberID: by(c), Brand: form.Get("brand"), OrderNumber: form.Get("number"), Day: form.Get("day"),
		Product: form.Get("product"), Shared: form.Get("shared"), Text: form.Raw("text")})
	if form.Refused(err) {
		return s.claimForm(c, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "review.claim.sent")
	return page.Redirect(c, "/me/claims/"+strconv.FormatInt(n, 10))
}

type claimPage struct {
	Claim reviews.Claim
	Late  bool
}

// claim is one question of the member's with its answer. It tells nothing of the sale beyond what they wrote.
func (s *Server) claim(c echo.Context) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	found, err := reviews.ClaimByID(c.Request().Context(), s.DB, 0, n)
	if err == nil && found.MemberID != by(c) {
		err = reviews.ErrClaimGone
	}
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "review/claim", claimPage{found, found.Late(s.Now())})
}

type deskClaimPage struct {
	Desk
	Claim   reviews.Claim
	Sales   []sale
	Form    *page.Form
	Late    bool
	Choices []page.Option
}

// sale is one that a claim may be about, with why it cannot be granted, if it cannot.
type sale struct {
	reviews.Sale
	Cannot string
	Chosen bool
}

// Net is what the commission is taken of.
func (s sale) Net() money.Amount { return money.New(s.NetMinor, s.Currency) }

// Left is what the brand has left of its share.
func (s sale) Left() money.Amount { return money.New(s.LeftMinor, s.Currency) }

func (s *Server) deskClaimPage(c echo.Context, d Desk, form *page.Form) (deskClaimPage, error) {
	n, err := id(c)
	if err != nil {
		return deskClaimPage{}, err
	}
	ctx, l := c.Request().Context(), page.Lang(c)
	found, err := reviews.ClaimByID(ctx, s.DB, d.BrandID(), n)
	if err != nil {
		return deskClaimPage{}, err
	}
	data := deskClaimPage{Desk: d, Claim: found, Form: form, Late: found.Late(s.Now()), Choices: choices(l, "claim_grant", "claim_refuse")}
	sales, err := reviews.SalesFor(ctx, s.DB, found, s.Now())
	for _, one := range sales {
		shown := sale{Sale: one, Chosen: len(sales) == 1 || form.Get("sale") == strconv.FormatInt(one.LineID, 10)}
		err := reviews.Grantable(one, d.as())
		if found.MemberID == by(c) {
			err = reviews.ErrYourself
		}
		if err != nil {
			shown.Cannot = words(l, err)
		}
		data.Sales = append(data.Sales, shown)
	}
	return data, err
}

// deskClaim shows a claim with what the system knows beside it.
func (s *Server) deskClaim(c echo.Context, d Desk) error {
	data, err := s.deskClaimPage(c, d, page.NewForm())
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "review/claim_desk", data)
}

// answer decides a claim.
func (s *Server) answer(c echo.Context, d Desk) error {
	data, err := s.deskClaimPage(c, d, page.PostedForm(c))
	if err != nil {
		return err
	}
	v, err := verdict(data.Form, d, by(c))
	if err == nil {
		err = s.Reviews.Answer(c.Request().Context(), data.Claim.ID, data.Form.Int("sale", 0), v)
	}
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "review/claim_desk", data)
	}
	if err != nil {
		return err
	}
	key := "review.claim.refused_done"
	if v.Yes {
		key = "review.claim.granted_done"
	}
	s.Site.Good(c, key)
	return page.Redirect(c, d.Base+"/reviews")
}
