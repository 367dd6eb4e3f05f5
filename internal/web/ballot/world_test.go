package ballot_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/i18n"
	"relais/internal/polls"
	"relais/internal/web/ballot"
	"relais/internal/web/page"
	"relais/internal/web/shop"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais, with a brand that sells a bowl for 120.00, and people who look on.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop            apptest.Shop
	lea, max, admin int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, Uploads: ballot.Uploads()}, func(id int64) bool { return id == w.admin })
	ballot.New(ballot.Options{Site: w.Site, DB: w.DB, Polls: w.Polls, Now: w.Clock.Now}).Routes(w.Echo)
	shop.New(shop.Options{DB: w.DB, Site: w.Site, Carts: w.Carts, Orders: w.Orders, Pledges: w.Pledges, Returns: w.Returns, Now: w.Clock.Now, BaseURL: w.URL, Log: slog.New(slog.DiscardHandler)}).Routes(w.Echo)
	w.shop, w.lea, w.max, w.admin = w.Shop("terre", 12000, 5), w.Member("lea"), w.Member("max"), w.Member("admin")
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) leads(rw *httptest.ResponseRecorder, to string) string {
	w.T.Helper()
	at := rw.Header().Get("Location")
	if rw.Code != http.StatusSeeOther || !strings.HasPrefix(at, to) {
		w.T.Fatalf("%d to %q; want to %q\n%.900s", rw.Code, at, to, rw.Body)
	}
	return at
}

// filled is the form of a new poll about the bowl of the shop.
func (w *world) filled() url.Values {
	return url.Values{"product": {strconv.FormatInt(w.shop.Product, 10)}, "title": {"Le bol d’automne"}, "text": {"Il sera tourné en septembre."}, "floor": {"110"}, "days": {"10"}, "answer_days": {"30"}, "quorum": {"2"}, "margin": {"0"},
		"changeable": {"yes"}, "audience": {"members"}, "q.0.text": {"Quel émail ?"}, "q.0.o.0.text": {"Céladon"}, "q.0.o.0.effect": {"2,10"}, "q.0.o.1.text": {"Tenmoku"}, "q.0.o.1.effect": {"-5"},
		"q.2.text": {"Quelle taille ?"}, "q.2.o.1.text": {"Grande"}, "q.2.o.1.effect": {"+ 10"}, "q.2.o.4.text": {"Petite"}}
}

const desk = "/brand/terre/polls"

// asks opens a poll on its forms, and says what its code is.
func (w *world) asks(form url.Values) string {
	w.T.Helper()
	at := w.leads(w.Ask(w.shop.Owner, desk+"/new", form), desk+"/")
	w.leads(w.Ask(w.shop.Owner, at+"/open", url.Values{}), at)
	return strings.TrimPrefix(at, desk+"/")
}

// choice is a choice by the places of its options, as the ballot sends it.
func (w *world) choice(code string, places ...int) url.Values {
	w.T.Helper()
	v, err := w.Polls.ByCode(w.T.Context(), code, 0, i18n.FR)
	w.must(err)
	form := url.Values{}
	for i, place := range places {
		form.Set(fmt.Sprintf("q.%d", i), strconv.FormatInt(v.Questions[i].Options[place].ID, 10))
	}
	return form
}

func (w *world) votes(code string, member int64, places ...int) {
	w.T.Helper()
	w.leads(w.Ask(member, "/polls/"+code+"/vote", w.choice(code, places...)), "/polls/"+code)
}

func (w *world) view(code string) polls.View {
	w.T.Helper()
	v, err := w.Polls.ByCode(w.T.Context(), code, 0, i18n.FR)
	w.must(err)
	return v
}

func (w *world) at(moment time.Time) {
	w.T.Helper()
	w.Clock.Set(moment)
	w.must(w.Polls.Sweep(w.T.Context()))
	w.must(w.Jobs.Drain(w.T.Context()))
}

// sends sends a picture for an option; 0: of the piece.
func (w *world) sends(at string, option int64, content []byte) *httptest.ResponseRecorder {
	w.T.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	w.must(form.WriteField("option", strconv.FormatInt(option, 10)))
	part, err := form.CreateFormFile("photo", "photo.png")
	w.must(err)
	_, err = part.Write(content)
	w.must(err)
	w.must(form.Close())
	r := httptest.NewRequestWithContext(w.T.Context(), http.MethodPost, at+"/picture", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return w.Send(w.shop.Owner, r)
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 400, 300))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
