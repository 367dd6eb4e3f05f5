package gallery

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/designs"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/publications"
	"relais/internal/royalties"
	"relais/internal/web/page"
)

// messageOf is the message of a fault.
func messageOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return ""
}

type deskPage struct {
	Brand page.BrandRef
	List  []publications.Mine
	Tabs  []page.Tab
	Pager *page.Pager
	Empty page.Empty
}

// listed is how many publications a page of the desk has.
const listed = 20

// desk is what waits for the team, or all that was ever asked of the brand.
func (s *Server) desk(c echo.Context) (err error) {
	l, b, all := page.Lang(c), brandOf(c), c.QueryParam("show") == "all"
	base := "/brand/" + b.Handle + "/publications"
	data := deskPage{Brand: b, Pager: page.NewPager(c, listed, 0), Tabs: []page.Tab{{URL: base, Label: l.T("publish.desk.waiting"), Current: !all}, {URL: base + "?show=all", Label: l.T("publish.desk.all"), Current: all}},
		Empty: page.Empty{Icon: "sparkles", Title: l.T("publish.desk.none"), Text: l.T("publish.desk.none_text"), URL: "/brand/" + b.Handle + "/products", Action: l.T("publish.desk.to_products")}}
	data.List, data.Pager.Total, err = publications.OfBrand(c.Request().Context(), s.DB, b.ID, !all, listed, data.Pager.Offset())
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "gallery/desk", data)
}

type onePage struct {
	publications.Publication
	Brand   page.BrandRef
	Design  designs.Design // as it waits, or is sold
	Look    int            // its revision; 0: none that the team may see
	Waits   bool
	Before  []publications.Publication
	Steps   []publications.Step
	Example *example
	Form    *page.Form
}

func (s *Server) one(c echo.Context) error { return s.showOne(c, page.NewForm()) }

// showOne is a publication with what the team may do about it; form is a refusal that was refused.
func (s *Server) showOne(c echo.Context, form *page.Form) error {
	ctx := c.Request().Context()
	id, err := number(c)
	if err != nil {
		return err
	}
	data := onePage{Brand: brandOf(c), Form: form}
	if data.Publication, err = publications.ByID(ctx, s.DB, id); err == nil && data.BrandID != data.Brand.ID {
		err = publications.ErrGone
	}
	if err != nil {
		return err
	}
	if data.Look = data.Pending(); data.Look == 0 && data.Shown() {
		data.Look = data.Revision
	}
	data.Waits = data.Pending() != 0
	chain, err := publications.Chain(ctx, s.DB, id)
	if err != nil {
		return err
	}
	data.Before = chain[1:]
	if data.Steps, err = publications.StepsOf(ctx, s.DB, id); err != nil {
		return err
	}
	if data.Look != 0 {
		if data.Design, err = designs.Ordered(ctx, s.DB, data.DesignID, data.Look); err != nil {
			return err
		}
		if err := s.exemplify(c, &data, shares(chain)); err != nil {
			return err
		}
	}
	return s.Site.Render(c, form.Status(), "gallery/one", data)
}

// exemplify works a sale through: of the base with what the design costs, or, once it is a product, at the product's own price, with what another revision of it costs more or less.
func (s *Server) exemplify(c echo.Context, data *onePage, all []royalties.Royalty) error {
	ctx, of, more := c.Request().Context(), data.BaseID, data.Design.Options().Minor
	if data.ProductID != nil {
		sold, err := designs.Ordered(ctx, s.DB, data.DesignID, data.Revision)
		if err != nil {
			return err
		}
		of, more = *data.ProductID, more-sold.Options().Minor
	}
	p, err := catalog.ByID(ctx, s.DB, of, page.Lang(c), s.Now())
	if err != nil {
		return err
	}
	data.Example, err = s.worked(c, p, more, 0, all)
	if errors.Is(err, earnings.ErrShares) { // a revision that would cost nothing: it cannot be accepted
		err = nil
	}
	return err
}

func (s *Server) accept(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	b := brandOf(c)
	err = s.Publications.Accept(c.Request().Context(), viewer(c), b.ID, id, int(page.PostedForm(c).Int("revision", 0)))
	return s.said(c, err, "publish.desk.accepted", "/brand/"+b.Handle+"/publications/"+strconv.FormatInt(id, 10))
}

func (s *Server) refuse(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	form, b := page.PostedForm(c), brandOf(c)
	err = s.Publications.Decline(c.Request().Context(), viewer(c), b.ID, id, int(form.Int("revision", 0)), form.Raw("why"))
	if errors.Is(err, fault.Invalid) && form.Refused(err) {
		return s.showOne(c, form)
	}
	return s.said(c, err, "publish.desk.refused", "/brand/"+b.Handle+"/publications")
}
