package counter

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/pos"
	"relais/internal/web/page"
)

type salePage struct {
	pos.View
	Stage   string
	Seen    string // what the page shows; asked again, it answers only when that has changed
	Live    bool   // it may still change by itself
	Law     pos.Law
	Refused string // key of why it may not be sold there
	Brand   string // that does not want it

	// While it is picked.
	Text   string
	Shelf  []pos.Shelf
	More   bool
	Places []page.Option
	Form   *page.Form
	Typed  *page.Form // of an amount, for a brand's own team; nil: it is not offered
	VAT    []page.Option

	// While it is paid.
	URL      string // in the code
	Readers  []page.Option
	Cash     *page.Form
	Failure  string // what the reader said: the end of a key
	Remedy   pos.Remedy
	Receipt  bool         // the code that leads the buyer to their receipt is shown
	SentBack money.Amount // of two payments at once, the one that went back
}

// Pieces is how many the basket holds.
func (p salePage) Pieces() (n int64) {
	for _, l := range p.Lines {
		n += l.Quantity
	}
	return n
}

// read reads a sale as its seller sees it.
func (s *Server) read(c echo.Context) (salePage, error) {
	ctx, v, l := c.Request().Context(), page.ViewerFrom(c), page.Lang(c)
	id, err := number(c)
	if err != nil {
		return salePage{}, err
	}
	view, err := s.Counter.ByID(ctx, v.ID, id, l)
	if err != nil {
		return salePage{}, err
	}
	data := salePage{View: view, Stage: view.Stage(s.Now()), Law: view.Law(), Cash: page.NewForm()}
	data.Live = slices.Contains([]string{"shown", "paying", "reader", "declined"}, data.Stage)
	data.Seen = data.Stage
	if p := view.Payment; p != nil {
		data.Seen = fmt.Sprintf("%s-%d-%d-%s", data.Stage, p.ID, p.Turn, p.Failure)
		if p.Failure != "" {
			data.Failure, data.Remedy = pos.Words(p.Failure), pos.RemedyOf(p.Failure)
		}
	}
	data.refusal(view.Refusal)
	if view.Order != nil {
		data.SentBack = money.New(0, view.Order.Currency)
		for _, r := range view.Order.Refunds {
			if r.Stray {
				data.SentBack.Minor += r.Amount.Minor
			}
		}
	}
	data.Receipt = data.IsReader() && s.Now().Before(view.Order.PaidAt.Add(receiptTime))
	if view.Token != nil {
		data.URL = s.BaseURL + "/s/" + *view.Token
	}
	if data.Live {
		return data, s.withReaders(c, &data)
	}
	return data, nil
}

// withReaders adds the readers at which the sale can be paid.
func (s *Server) withReaders(c echo.Context, data *salePage) error {
	list, err := s.Counter.Readers(c.Request().Context(), pos.OwnerOf(data.Sale))
	for _, r := range list {
		data.Readers = append(data.Readers, page.Option{Value: strconv.FormatInt(r.ID, 10), Label: r.Label})
		if data.Cash.Get("reader") == "" || data.Payment != nil && data.Payment.ReaderID != nil && *data.Payment.ReaderID == r.ID {
			data.Cash.Set("reader", strconv.FormatInt(r.ID, 10))
		}
	}
	return err
}

func (p *salePage) refusal(err error) {
	key, args, told := wordsOf(err)
	if !told {
		return
	}
	p.Refused = key
	if len(args) == 2 {
		p.Brand = args[1]
	}
}

func (s *Server) sale(c echo.Context) error {
	data, err := s.read(c)
	if err != nil {
		return err
	}
	if data.Stage != string(pos.Draft) {
		return s.Site.Render(c, http.StatusOK, "counter/shown", data)
	}
	if err := s.pick(c, &data, c.QueryParam("q")); err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "counter/pick", data)
}

// pick adds what can be put into the basket.
func (s *Server) pick(c echo.Context, data *salePage, text string) (err error) {
	l := page.Lang(c)
	if len(text) > 80 {
		text = text[:80]
	}
	data.Text, data.Places = text, placeOptions(l, data.Country)
	if data.Form == nil {
		data.Form = page.NewForm("place", string(data.Place))
	}
	if data.BrandID != nil {
		data.VAT = vatOptions(l)
		if data.Typed == nil {
			data.Typed = page.NewForm("operation", rand.Text(), "vat", data.VAT[0].Value)
		}
	}
	data.Shelf, data.More, err = s.Counter.ShelfOf(c.Request().Context(), data.Sale, text, l)
	return err
}

// state answers the page that asks whether something has changed: nothing, or what it shows now.
func (s *Server) state(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	data, err := s.read(c)
	if err != nil {
		return err
	}
	if data.Live {
		if err := s.Counter.Look(c.Request().Context(), id); err != nil {
			s.Log.WarnContext(c.Request().Context(), "look at sale", "id", page.RequestID(c), "sale", id, "error", err) // the next look, or a notice, will do it
		}
		if data, err = s.read(c); err != nil {
			return err
		}
	}
	if c.QueryParam("seen") == data.Seen {
		return c.NoContent(http.StatusNoContent)
	}
	if !page.IsPartial(c) {
		return page.Redirect(c, "/sell/"+strconv.FormatInt(id, 10))
	}
	return s.Site.Fragment(c, http.StatusOK, "counter/shown", "stage", data)
}

// put answers POST /sell/:id/lines with the fields variant and quantity, which is how many the basket is to hold.
func (s *Server) put(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = s.Counter.Put(c.Request().Context(), page.ViewerFrom(c).ID, id, form.Int("variant", 0), form.Int("quantity", -1))
	if !page.IsPartial(c) {
		return s.said(c, id, err)
	}
	refused := page.NewForm()
	if err != nil && !refused.Refused(err) {
		return err
	}
	data, err := s.read(c)
	if err != nil {
		return err
	}
	if data.Stage != string(pos.Draft) {
		return page.Redirect(c, "/sell/"+strconv.FormatInt(id, 10))
	}
	refused.Set("place", string(data.Place))
	data.Form = refused
	if err := s.pick(c, &data, form.Get("q")); err != nil {
		return err
	}
	return s.Site.Fragment(c, http.StatusOK, "counter/pick", "picking", data)
}

// do runs a use case on the sale of the address and leads back to its page.
func (s *Server) do(c echo.Context, act func(member, id int64) error) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	return s.said(c, id, act(page.ViewerFrom(c).ID, id))
}

func (s *Server) move(c echo.Context) error {
	return s.do(c, func(member, id int64) error {
		return s.Counter.Move(c.Request().Context(), member, id, pos.Place(page.PostedForm(c).Get("place")))
	})
}

func (s *Server) show(c echo.Context) error {
	return s.do(c, func(member, id int64) error { return s.Counter.Show(c.Request().Context(), member, id) })
}

func (s *Server) edit(c echo.Context) error {
	return s.do(c, func(member, id int64) error { return s.Counter.Edit(c.Request().Context(), member, id) })
}

func (s *Server) cancel(c echo.Context) error {
	return s.do(c, func(member, id int64) error { return s.Counter.Cancel(c.Request().Context(), member, id) })
}

func (s *Server) present(c echo.Context) error {
	form := page.PostedForm(c)
	return s.do(c, func(member, id int64) error {
		return s.Counter.Present(c.Request().Context(), member, id, form.Int("reader", 0), form.Get("email"))
	})
}

func (s *Server) stop(c echo.Context) error {
	return s.do(c, func(member, id int64) error { return s.Counter.Stop(c.Request().Context(), member, id) })
}

// tap is for a native application: see the package.
func (s *Server) tap(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	payment, secret, err := s.Counter.Tap(c.Request().Context(), page.ViewerFrom(c).ID, id, page.PostedForm(c).Get("email"))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, map[string]string{"payment_intent": payment, "client_secret": secret})
}

type salesPage struct {
	desk
	Day       time.Time
	List      []pos.Day
	Sums      []pos.Sums
	Yesterday string
	Tomorrow  string // empty: the day is today
	Older     string
	Empty     page.Empty
}

const listed = 50

// sales lists what was sold on a day, ?day=2026-11-27, with its totals.
func (s *Server) sales(c echo.Context) error {
	v, l := page.ViewerFrom(c), page.Lang(c)
	d, err := deskOf(c, c.QueryParam("for"), "/sell/sales")
	if err != nil {
		return err
	}
	now := today(s.Now()) // its midnight
	data := salesPage{desk: d, Day: now}
	if day, err := time.ParseInLocation(time.DateOnly, c.QueryParam("day"), now.Location()); err == nil && day.Before(now) && day.Year() > 2000 {
		data.Day = day
	}
	path := "/sell/sales?for=" + d.For + "&day="
	data.Yesterday = path + data.Day.AddDate(0, 0, -1).Format(time.DateOnly)
	if next := data.Day.AddDate(0, 0, 1); !next.After(now) {
		data.Tomorrow = path + next.Format(time.DateOnly)
	}
	before := page.QueryForm(c).Int("before", 0)
	if data.List, data.Sums, err = s.Counter.SoldOn(c.Request().Context(), v.ID, d.Brand.ID, data.Day, max(before, 0), listed+1); err != nil {
		return err
	}
	if len(data.List) > listed {
		data.List = data.List[:listed]
		data.Older = path + data.Day.Format(time.DateOnly) + "&before=" + strconv.FormatInt(data.List[listed-1].ID, 10)
	}
	data.Empty = page.Empty{Icon: "receipt", Title: l.T("counter.sales.empty"), Text: l.T("counter.sales.empty_text"), URL: "/sell?for=" + d.For, Action: l.T("counter.sell_now")}
	return s.Site.Render(c, http.StatusOK, "counter/sales", data)
}

// receiptTime is how long after the payment the buyer can take their receipt from the seller's screen. It opens their order: it is not for the
// seller.
const receiptTime = 10 * time.Minute

// IsReader says whether the seller took the card, so that the buyer has no page of their own yet.
func (p salePage) IsReader() bool {
	return p.Order != nil && p.Payment != nil && p.Payment.State == pos.Succeeded && p.Order.State == orders.Paid && p.Order.Email == "" && p.Buyer == pos.AtTheReader
}

// OrderURL is the address of the buyer's page, for the code on the seller's screen.
func (p salePage) OrderURL(base string) string { return base + "/o/" + p.Order.Token }
