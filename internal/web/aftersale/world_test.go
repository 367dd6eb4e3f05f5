package aftersale_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/orders"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais, with two brands (a bowl for 120.00, a glass for 50.00), an admin, and a member who
// recommends.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop, other apptest.Shop
	alma, lea   int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, Uploads: aftersale.Uploads()}, func(id int64) bool { return id == w.alma })
	aftersale.New(aftersale.Options{Site: w.Site, DB: w.DB, Orders: w.Orders, Returns: w.Returns, Disputes: w.Disputes, Now: w.Clock.Now}).Routes(w.Echo)
	w.shop, w.other = w.Shop("terre", 12000, 50), w.Shop("verre", 5000, 50)
	w.alma, w.lea = w.Member("alma"), w.Member("lea")
	if err := w.Members.Promote(t.Context(), 0, w.alma, true); err != nil {
		t.Fatal(err)
	}
	return w
}

// upload sends a file as a form does.
func (w *world) upload(member int64, target, kind string, content []byte) *httptest.ResponseRecorder {
	w.T.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "preuve.png")
	if err != nil {
		w.T.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		w.T.Fatal(err)
	}
	if err := form.WriteField("kind", kind); err != nil {
		w.T.Fatal(err)
	}
	if err := form.Close(); err != nil {
		w.T.Fatal(err)
	}
	r := httptest.NewRequestWithContext(w.T.Context(), http.MethodPost, target, &body)
	return w.Send(member, r, "Content-Type", form.FormDataContentType())
}

// leads fails where the answer does not lead there.
func (w *world) leads(rw *httptest.ResponseRecorder, to string) {
	w.T.Helper()
	if rw.Code != http.StatusSeeOther || !strings.HasPrefix(rw.Header().Get("Location"), to) {
		w.T.Errorf("%d to %q; want to %q\n%.600s", rw.Code, rw.Header().Get("Location"), to, rw.Body)
	}
}

func (w *world) order(id int64) orders.Page {
	w.T.Helper()
	p, err := w.Orders.ByID(w.T.Context(), id)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

var english = []string{"Accept-Language", "en"}

// once is a one-time value as forms carry it.
const once = "ONCEONCEONCEONCEONCE"
