package counter

import (
	"crypto/rand"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/address"
	"relais/internal/catalog"
	"relais/internal/pos"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
)

type readersPage struct {
	desk
	Form      *page.Form
	Countries []page.Option
	List      []shownReader
	Asked     bool // the provider has said which of them it reaches
	Simulated string
	Empty     page.Empty
}

type shownReader struct {
	pos.Reader
	Online bool
}

func (s *Server) readers(c echo.Context) error {
	return s.showReaders(c, c.QueryParam("for"), page.NewForm("operation", rand.Text(), "country", "FR"))
}

func (s *Server) showReaders(c echo.Context, name string, form *page.Form) error {
	ctx, v, l := c.Request().Context(), page.ViewerFrom(c), page.Lang(c)
	d, err := deskOf(c, name, "/sell/readers")
	if err != nil {
		return err
	}
	list, err := s.Counter.Readers(ctx, d.Owner(v))
	if err != nil {
		return err
	}
	data := readersPage{desk: d, Form: form, Countries: orderform.Countries(l), Simulated: s.Simulated,
		Empty: page.Empty{Icon: "credit-card", Title: l.T("counter.readers.empty"), Text: l.T("counter.readers.empty_text"), URL: "#register", Action: l.T("counter.readers.add")}}
	online, err := s.Counter.Online(ctx, list)
	if data.Asked = err == nil; err != nil {
		s.Log.WarnContext(ctx, "ask for readers", "id", page.RequestID(c), "error", err)
	}
	for _, r := range list {
		data.List = append(data.List, shownReader{r, online[r.ID]})
	}
	return s.Site.Render(c, form.Status(), "counter/readers", data)
}

func (s *Server) register(c echo.Context) error {
	form, v := page.PostedForm(c), page.ViewerFrom(c)
	d, err := deskOf(c, form.Get("for"), "/sell/readers")
	if err != nil {
		return err
	}
	err = s.Counter.RegisterReader(c.Request().Context(), pos.Registration{Operation: form.Get("operation"), By: v.ID, Owner: d.Owner(v), Label: form.Get("label"),
		Street: form.Get("street"), Postcode: form.Get("postcode"), City: form.Get("city"), Country: form.Get("country"), Code: form.Get("code")})
	if form.Refused(err) {
		return s.showReaders(c, d.For, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "counter.readers.added", "Label", form.Get("label"))
	return page.Redirect(c, "/sell/readers?for="+d.For)
}

func (s *Server) remove(c echo.Context) error {
	form, v := page.PostedForm(c), page.ViewerFrom(c)
	id, err := number(c)
	if err != nil {
		return err
	}
	d, err := deskOf(c, form.Get("for"), "/sell/readers")
	if err != nil {
		return err
	}
	err = s.Counter.RemoveReader(c.Request().Context(), v.ID, d.Owner(v), id)
	if key, args, told := wordsOf(err); told {
		s.Site.Bad(c, key, args...)
	} else if err != nil {
		return err
	} else {
		s.Site.Good(c, "counter.readers.removed")
	}
	return page.Redirect(c, "/sell/readers?for="+d.For)
}

type rulesPage struct {
	Brand     catalog.Brand
	Form      *page.Form
	Country   string
	Countries []page.Option
	Places    []page.Option
}

// brandOf is the brand of the address, for its team; to others the page does not exist.
func (s *Server) brandOf(c echo.Context) (catalog.Brand, error) {
	ref, ok := page.ViewerFrom(c).Brand(c.Param("handle"))
	if !ok {
		return catalog.Brand{}, errNotFound
	}
	return catalog.BrandByHandle(c.Request().Context(), s.DB, ref.Handle, "")
}

// rules is where a brand says where its goods may be sold face to face, country by country.
func (s *Server) rules(c echo.Context) error {
	b, err := s.brandOf(c)
	if err != nil {
		return err
	}
	country := c.QueryParam("country")
	if !address.Known(country) {
		country = b.Country
	}
	r, err := pos.RulesOf(c.Request().Context(), s.DB, b.ID, country)
	if err != nil {
		return err
	}
	form := page.NewForm("country", country, "warning", r.Warning)
	if r.Members {
		form.Set("members", "yes")
	}
	places := make([]string, len(r.Places))
	for i, p := range r.Places {
		places[i] = string(p)
	}
	form.Set("place", places...)
	return s.showRules(c, b, country, form)
}

func (s *Server) showRules(c echo.Context, b catalog.Brand, country string, form *page.Form) error {
	l := page.Lang(c)
	return s.Site.Render(c, form.Status(), "counter/rules", rulesPage{Brand: b, Form: form, Country: country, Countries: orderform.Countries(l), Places: placeOptions(l, country)})
}

func (s *Server) saveRules(c echo.Context) error {
	b, err := s.brandOf(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	r := pos.Rules{Members: form.Has("members", "yes"), Warning: form.Get("warning")}
	for _, p := range pos.Places() {
		if slices.Contains(form.All("place"), string(p)) {
			r.Places = append(r.Places, p)
		}
	}
	country := strings.ToUpper(form.Get("country"))
	err = s.Counter.SaveRules(c.Request().Context(), page.ViewerFrom(c).ID, b.ID, country, r)
	if form.Refused(err) {
		return s.showRules(c, b, country, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "counter.rules.saved")
	return page.Redirect(c, "/sell/rules/"+b.Handle+"?country="+country)
}
