package story_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/clicks"
	"relais/internal/web/card"
	"relais/internal/web/feed"
	"relais/internal/web/page"
	"relais/internal/web/preview"
	"relais/internal/web/relay"
	"relais/internal/web/shop"
	"relais/internal/web/story"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais: a brand with its owner, Léa who lists its product, Noé who recommends, and an administrator.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop            apptest.Shop
	lea, noe, admin int64
	shade           uint8
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	log := slog.New(slog.DiscardHandler)
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, Uploads: story.Uploads()}, func(id int64) bool { return id == w.admin })
	cards, err := card.NewCache(2)
	w.must(err)
	agents, err := clicks.NewAgents()
	w.must(err)
	pictures := preview.Pictures{Cards: cards, Media: w.Media}
	relay.New(relay.Options{DB: w.DB, Site: w.Site, Clicks: w.Clicks, Referrals: w.Referrals, Agents: agents, Storefronts: w.Storefronts, Payouts: w.Payouts, Pictures: pictures,
		Keys: w.Keys, Now: w.Clock.Now, Clock: time.Now, BaseURL: w.URL, Log: log}).Routes(w.Echo)
	shop.New(shop.Options{DB: w.DB, Site: w.Site, Carts: w.Carts, Orders: w.Orders, Pledges: w.Pledges, Returns: w.Returns, Now: w.Clock.Now, BaseURL: w.URL, Log: log}).Routes(w.Echo)
	feed.New(feed.Options{Site: w.Site, DB: w.DB, Posts: w.Posts, Follows: w.Follows, Media: w.Media, Now: w.Clock.Now, Clock: time.Now, BaseURL: w.URL}).Routes(w.Echo)
	story.New(story.Options{Site: w.Site, DB: w.DB, Stories: w.Stories, Pictures: pictures, Now: w.Clock.Now, BaseURL: w.URL}).Routes(w.Echo)
	w.shop, w.lea, w.noe, w.admin = w.Shop("terre", 12000, 50), w.Member("lea"), w.Member("noe"), w.Member("admin")
	_, err = w.Storefronts.AddListing(t.Context(), w.lea, w.shop.Product)
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// leads fails where the answer does not lead on, and says where it leads.
func (w *world) leads(rw *httptest.ResponseRecorder, to string) string {
	w.T.Helper()
	at := rw.Header().Get("Location")
	if rw.Code != http.StatusSeeOther && rw.Code != http.StatusFound || !strings.HasPrefix(at, to) {
		w.T.Fatalf("%d to %q; want to %q\n%.1200s", rw.Code, at, to, rw.Body)
	}
	return at
}

// desk is where a member writes: their own desk or, with a brand, that of the brand.
func (w *world) desk(by int64) string {
	if by == w.shop.Owner {
		return "/brand/terre/stories"
	}
	return "/me/stories"
}

// begins has somebody begin a story, and returns the address of its form.
func (w *world) begins(by int64) string {
	w.T.Helper()
	return w.leads(w.Ask(by, w.desk(by), url.Values{}), w.desk(by)+"/")
}

// version is that of the story whose form is at an address.
func (w *world) version(form string) string {
	w.T.Helper()
	var n int
	w.must(w.DB.Get(&n, `select version from stories where id = $1`, form[strings.LastIndexByte(form, '/')+1:]))
	return fmt.Sprint(n)
}

// words are the fields of a good story, and what else a form has: pairs of names and values.
func (w *world) words(form string, more ...string) url.Values {
	w.T.Helper()
	v := url.Values{"version": {w.version(form)}, "lang": {"fr"}, "title": {"Un four, une terre"}, "body": {"On pétrit.\n\n## Ensuite\n- on tourne\n- on cuit"}}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// tells has somebody publish a story about the product, and returns its address and that of its form.
func (w *world) tells(by int64) (path, form string) {
	w.T.Helper()
	form = w.begins(by)
	path = w.leads(w.Ask(by, form, w.words(form, "products", fmt.Sprint(w.shop.Product), "do", "publish")), "/stories/")
	return path, form
}

// sends posts a form with a photograph.
func (w *world) sends(by int64, path, field string, form url.Values) *httptest.ResponseRecorder {
	w.T.Helper()
	var photo, body bytes.Buffer
	w.shade += 9
	m := image.NewGray(image.Rect(0, 0, 60, 40))
	for i := range m.Pix {
		m.Pix[i] = w.shade
	}
	w.must(jpeg.Encode(&photo, m, nil))
	out := multipart.NewWriter(&body)
	for name, values := range form {
		for _, v := range values {
			w.must(out.WriteField(name, v))
		}
	}
	part, err := out.CreateFormFile(field, "photo.jpg")
	w.must(err)
	_, err = part.Write(photo.Bytes())
	w.must(err)
	w.must(out.Close())
	r := httptest.NewRequestWithContext(w.T.Context(), http.MethodPost, path, &body)
	return w.Send(by, r, "Content-Type", out.FormDataContentType())
}
