package ballot

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/ideas"
	"relais/internal/polls"
	"relais/internal/referrals"
	"relais/internal/web/idea"
	"relais/internal/web/page"
)

func brandOf(c echo.Context) page.BrandRef {
	b, _ := page.ViewerFrom(c).Brand(c.Param("handle")) // RequireBrand stands before
	return b
}

func by(c echo.Context) int64 { return page.ViewerFrom(c).ID }

// viewer is the number of who looks; 0: a guest.
func viewer(c echo.Context) int64 {
	if v := page.ViewerFrom(c); v != nil {
		return v.ID
	}
	return 0
}

// base is the address of a brand's polls.
func base(c echo.Context) string { return "/brand/" + brandOf(c).Handle + "/polls" }

type row struct {
	polls.View
	Stage string
	Late  bool
}

type deskPage struct {
	Brand page.BrandRef
	Base  string
	Rows  []row
	Older string
	Empty page.Empty
}

// desk is all polls of a brand.
func (s *Server) desk(c echo.Context) error {
	l, pager := page.Lang(c), page.NewPager(c, listed, 0)
	data := deskPage{Brand: brandOf(c), Base: base(c)}
	data.Empty = page.Empty{Icon: "users", Title: l.T("ballot.desk.empty"), Text: l.T("ballot.desk.empty_text"), URL: data.Base + "/new", Action: l.T("ballot.desk.new")}
	vs, err := polls.OfBrand(c.Request().Context(), s.DB, l, data.Brand.ID, listed+1, pager.Offset())
	if err != nil {
		return err
	}
	for _, v := range cut(vs, pager, &data.Older) {
		data.Rows = append(data.Rows, row{v, stageOf(v.Poll, s.Now()), v.Poll.Late(s.Now())})
	}
	return s.Site.Render(c, http.StatusOK, "ballot/desk", data)
}

type draftPage struct {
	Brand     page.BrandRef
	Base      string
	Unit      string // sign of the currency
	View      *polls.View
	Form      *page.Form
	Blocks    []questionBlock
	Products  []page.Option
	Ideas     []page.Option // from which it may stem
	Audiences []page.Option
	Photo     *page.Form // a picture that was refused; nil: none
	PhotoOf   int64      // for which option; 0: the piece
	MaxTitle  int
	MaxText   int
}

// products are those of the brand in these states, as options.
func (s *Server) products(c echo.Context, none string, states ...catalog.State) ([]page.Option, error) {
	l := page.Lang(c)
	cards, err := catalog.BrandCards(c.Request().Context(), s.DB, l, s.Now(), brandOf(c).ID)
	list := []page.Option{{Value: "0", Label: l.T(none)}}
	for _, p := range cards {
		if slices.Contains(states, p.State) {
			list = append(list, page.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Title})
		}
	}
	return list, err
}

func (s *Server) draftPage(c echo.Context, v *polls.View, form *page.Form) (data draftPage, err error) {
	l := page.Lang(c)
	data = draftPage{Brand: brandOf(c), Base: base(c), View: v, Form: form, Blocks: blocksOf(form), MaxTitle: polls.MaxTitle, MaxText: polls.MaxText}
	brand, err := catalog.BrandByID(c.Request().Context(), s.DB, data.Brand.ID)
	if err != nil {
		return data, err
	}
	data.Unit = l.Symbol(brand.Currency)
	for _, a := range polls.Audiences() {
		data.Audiences = append(data.Audiences, page.Option{Value: string(a), Label: l.T("ballot.audience." + string(a))})
	}
	if data.Ideas, err = idea.Choices(c, s.DB, data.Brand.ID); err != nil {
		return data, err
	}
	data.Products, err = s.products(c, "ballot.field.product_none", catalog.Published)
	return data, err
}

// showNew is the form of a new poll; the address may name an idea that it stems from, and a product.
func (s *Server) showNew(c echo.Context) error {
	data, err := s.draftPage(c, nil, page.NewForm("idea", c.QueryParam("idea"), "product", c.QueryParam("product"), "days", "14", "answer_days", "30", "quorum", "20", "margin", "0", "changeable", "yes", "audience", string(polls.Everybody)))
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "ballot/draft", data)
}

// save keeps a draft, new or known.
func (s *Server) save(c echo.Context) error {
	ctx, form, b, code := c.Request().Context(), page.PostedForm(c), brandOf(c), c.Param("code")
	brand, err := catalog.BrandByID(ctx, s.DB, b.ID)
	if err != nil {
		return err
	}
	draft := draftFrom(form, brand.Currency)
	fresh := code
	if !form.Failed() {
		fresh, err = s.Polls.Save(ctx, by(c), b.ID, code, draft)
	}
	if form.Refused(err) || form.Failed() {
		var v *polls.View
		if code != "" {
			known, err := s.Polls.OfTeam(ctx, b.ID, code, page.Lang(c))
			if err != nil {
				return err
			}
			v = &known
		}
		data, err := s.draftPage(c, v, form)
		if err != nil {
			return err
		}
		return s.Site.Render(c, form.Status(), "ballot/draft", data)
	}
	return s.said(c, err, "ballot.desk.saved", base(c)+"/"+fresh)
}

type onePage struct {
	pollPage
	Brand    page.BrandRef
	Base     string
	Cancel   *page.Form
	Answer   *page.Form
	Naming   *page.Form    // of a piece that came of it, after the answer
	Products []page.Option // for sale or being launched
	Binds    bool          // the quorum is reached: it cannot be cancelled any more
	MaxText  int
	MaxWhy   int
}

// one is a poll for the team of its brand: the form of a draft, else how it stands and what can be done.
func (s *Server) one(c echo.Context) error {
	return s.showOne(c, forms{page.NewForm(), page.NewForm(), page.NewForm()})
}

// forms are those of the page of one poll; one that was refused is shown again.
type forms struct{ cancel, answer, naming *page.Form }

func (s *Server) showOne(c echo.Context, f forms) error {
	v, err := s.Polls.OfTeam(c.Request().Context(), brandOf(c).ID, c.Param("code"), page.Lang(c))
	if err != nil {
		return err
	}
	if v.State == polls.Drafted {
		data, err := s.draftPage(c, &v, formOf(v))
		if err != nil {
			return err
		}
		return s.Site.Render(c, http.StatusOK, "ballot/draft", data)
	}
	l, now := page.Lang(c), s.Now()
	data := onePage{Brand: brandOf(c), Base: base(c), Cancel: f.cancel, Answer: f.answer, Naming: f.naming, MaxText: polls.MaxText, MaxWhy: polls.MaxReason}
	data.pollPage = pollPage{View: v, Stage: stageOf(v.Poll, now), Late: v.Late(now)}
	data.Rows, _ = rowsOf(l, v, page.NewForm())
	data.Result = Decided(l, v)
	if data.Products, err = s.products(c, "ballot.answer.product_none", catalog.Published, catalog.Launching); err != nil {
		return err
	}
	if data.Came, err = s.pieces(c, v, referrals.Recommended{}); err != nil {
		return err
	}
	if v.State == polls.Open {
		if data.Binds, err = polls.Binds(c.Request().Context(), s.DB, v.ID); err != nil {
			return err
		}
	}
	if !f.answer.Failed() && f.answer.Get("product") == "" {
		if err := s.cameOf(c, v, f.answer); err != nil {
			return err
		}
	}
	return s.Site.Render(c, max(f.cancel.Status(), f.answer.Status(), f.naming.Status()), "ballot/one", data)
}

// cameOf has the form of the answer name what came of the poll last, or of its idea, where there is something.
func (s *Server) cameOf(c echo.Context, v polls.View, answer *page.Form) error {
	if v.IdeaID != nil {
		steps, err := ideas.Steps(c.Request().Context(), s.DB, *v.IdeaID, page.Lang(c))
		if err != nil {
			return err
		}
		for _, step := range steps {
			if step.Kind == ideas.Product {
				answer.Set("product", strconv.FormatInt(step.RefID, 10))
			}
		}
	}
	for _, p := range v.Pieces {
		if p.Slug != "" {
			answer.Set("product", strconv.FormatInt(p.ProductID, 10))
		}
	}
	return nil
}

// picture keeps a picture of a draft, or takes it away where none is sent.
func (s *Server) picture(c echo.Context) error {
	form, code := page.PostedForm(c), c.Param("code")
	option := form.Int("option", 0)
	err := s.sendPicture(c, option, form.Has("remove", "yes"))
	if !errors.Is(err, fault.Invalid) {
		return s.said(c, err, "ballot.desk.saved", base(c)+"/"+code+"#pictures")
	}
	v, known := s.Polls.OfTeam(c.Request().Context(), brandOf(c).ID, code, page.Lang(c))
	if known != nil {
		return known
	}
	data, known := s.draftPage(c, &v, formOf(v))
	if known != nil {
		return known
	}
	form.Refused(err)
	data.Photo, data.PhotoOf = form, option
	return s.Site.Render(c, form.Status(), "ballot/draft", data)
}

func (s *Server) sendPicture(c echo.Context, option int64, remove bool) error {
	ctx, b, code := c.Request().Context(), brandOf(c), c.Param("code")
	if remove {
		return s.Polls.SetPicture(ctx, by(c), b.ID, code, option, nil)
	}
	multipart, err := c.MultipartForm()
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	if err != nil || len(multipart.File["photo"]) == 0 {
		return fault.Field("photo", "fault.required")
	}
	file, err := multipart.File["photo"][0].Open()
	if err != nil {
		return err
	}
	return errors.Join(s.Polls.SetPicture(ctx, by(c), b.ID, code, option, io.Reader(file)), file.Close())
}

func (s *Server) open(c echo.Context) error {
	code := c.Param("code")
	err := s.Polls.Open(c.Request().Context(), by(c), brandOf(c).ID, code)
	if errors.Is(err, fault.Invalid) {
		v, known := s.Polls.OfTeam(c.Request().Context(), brandOf(c).ID, code, page.Lang(c))
		if known != nil {
			return known
		}
		form := formOf(v)
		form.Refused(err)
		data, known := s.draftPage(c, &v, form)
		if known != nil {
			return known
		}
		return s.Site.Render(c, form.Status(), "ballot/draft", data)
	}
	return s.said(c, err, "ballot.desk.opened", base(c)+"/"+code)
}

func (s *Server) remove(c echo.Context) error {
	err := s.Polls.Delete(c.Request().Context(), by(c), brandOf(c).ID, c.Param("code"))
	return s.said(c, err, "ballot.desk.deleted", base(c))
}

func (s *Server) cancel(c echo.Context) error {
	form := page.PostedForm(c)
	err := s.Polls.Cancel(c.Request().Context(), by(c), brandOf(c).ID, c.Param("code"), form.Raw("why"))
	if errors.Is(err, fault.Invalid) && form.Refused(err) {
		return s.showOne(c, forms{form, page.NewForm(), page.NewForm()})
	}
	return s.said(c, err, "ballot.desk.cancelled", base(c)+"/"+c.Param("code"))
}

func (s *Server) answer(c echo.Context) error {
	form := page.PostedForm(c)
	err := s.Polls.Answer(c.Request().Context(), by(c), brandOf(c).ID, c.Param("code"), polls.Said{Text: form.Raw("answer"), ProductID: form.Int("product", 0), Why: form.Raw("why")})
	if errors.Is(err, fault.Invalid) && form.Refused(err) {
		return s.showOne(c, forms{page.NewForm(), form, page.NewForm()})
	}
	return s.said(c, err, "ballot.desk.answered", base(c)+"/"+c.Param("code"))
}

// name names a piece that came of a poll, after its answer.
func (s *Server) name(c echo.Context) error {
	form := page.PostedForm(c)
	err := s.Polls.Name(c.Request().Context(), by(c), brandOf(c).ID, c.Param("code"), form.Int("product", 0), form.Raw("why"))
	if errors.Is(err, fault.Invalid) && form.Refused(err) {
		return s.showOne(c, forms{page.NewForm(), page.NewForm(), form})
	}
	return s.said(c, err, "ballot.desk.named", base(c)+"/"+c.Param("code"))
}
