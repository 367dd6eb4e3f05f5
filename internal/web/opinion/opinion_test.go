package opinion_test

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

	"github.com/labstack/echo/v4"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/ratings"
	"relais/internal/web/opinion"
	"relais/internal/web/page"
	"relais/internal/web/shop"
	"relais/static"
	"relais/templates"
)

// world is the pages over all of Relais, with two brands, an admin, a member who recommends, and an order that was received through them.
type world struct {
	*apptest.World
	echo           *echo.Echo
	feed           *changes.Feed
	shop, other    apptest.Shop
	alma, lea, max int64
	order          orders.Page
	rate           string // path of the form
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.feed = w.Changes
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: w.URL, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler), Changes: w.feed, Uploads: opinion.Uploads()})
	if err != nil {
		t.Fatal(err)
	}
	w.echo = echo.New()
	if err := site.Use(w.echo); err != nil {
		t.Fatal(err)
	}
	w.echo.Use(w.identify)
	opinion.New(opinion.Options{Site: site, DB: w.DB, Orders: w.Orders, Ratings: w.Ratings, Media: w.Media, Now: w.Clock.Now}).Routes(w.echo)
	shop.New(shop.Options{DB: w.DB, Site: site, Carts: w.Carts, Orders: w.Orders, Pledges: w.Pledges, Returns: w.Returns, Now: w.Clock.Now, BaseURL: w.URL, Log: slog.New(slog.DiscardHandler)}).Routes(w.echo)
	w.shop, w.other = w.Shop("terre", 12000, 50), w.Shop("verre", 5000, 50)
	w.alma, w.lea, w.max = w.Member("alma"), w.Member("lea"), w.Member("max")
	if err := w.Members.Promote(t.Context(), 0, w.alma, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Storefronts.AddListing(t.Context(), w.lea, w.shop.Product); err != nil {
		t.Fatal(err)
	}
	w.order = w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea, Email: "anne@poste.example"})
	w.Deliver(w.order.ID)
	w.rate = fmt.Sprintf("/o/%s/rate/%d", w.order.Token, w.order.Shipments[0].Lines[0].ID)
	return w
}

// identify takes the word of the request for who is signed in: the id of a member.
func (w *world) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := strconv.ParseInt(c.Request().Header.Get("X-Test-Member"), 10, 64)
		if err != nil {
			return next(c)
		}
		v := &page.Viewer{ID: id, Handle: "somebody", Name: "Somebody", Lang: i18n.FR, Confirmed: true, Admin: id == w.alma}
		seats, err := catalog.Seats(c.Request().Context(), w.DB, id)
		if err != nil {
			return err
		}
		for _, s := range seats {
			v.Brands = append(v.Brands, page.BrandRef{ID: s.BrandID, Handle: s.Handle, Name: s.Name, Role: string(s.Role)})
		}
		page.SetViewer(c, v)
		return next(c)
	}
}

func (w *world) send(member int64, r *http.Request) *httptest.ResponseRecorder {
	w.T.Helper()
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Language", "fr")
	if member != 0 {
		r.Header.Set("X-Test-Member", strconv.FormatInt(member, 10))
	}
	rw := httptest.NewRecorder()
	w.echo.ServeHTTP(rw, r)
	return rw
}

// ask is a request of a member, 0 for a guest; form nil: GET.
func (w *world) ask(member int64, target string, form url.Values) *httptest.ResponseRecorder {
	w.T.Helper()
	if form == nil {
		return w.send(member, httptest.NewRequestWithContext(w.T.Context(), http.MethodGet, target, nil))
	}
	r := httptest.NewRequestWithContext(w.T.Context(), http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(member, r)
}

// upload posts a form with files.
func (w *world) upload(target string, form url.Values, files ...[]byte) *httptest.ResponseRecorder {
	w.T.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, values := range form {
		for _, v := range values {
			if err := m.WriteField(name, v); err != nil {
				w.T.Fatal(err)
			}
		}
	}
	for i, f := range files {
		part, err := m.CreateFormFile("photos", fmt.Sprintf("p%d.png", i))
		if err == nil {
			_, err = part.Write(f)
		}
		if err != nil {
			w.T.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		w.T.Fatal(err)
	}
	r := httptest.NewRequestWithContext(w.T.Context(), http.MethodPost, target, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.send(0, r)
}

// shows fails where the answer is not a page with all of the words; a word with a ! before it must not appear.
func (w *world) shows(rw *httptest.ResponseRecorder, status int, words ...string) {
	w.T.Helper()
	text := strings.NewReplacer("\u00a0", " ", "\u202f", " ", "&#39;", "'").Replace(rw.Body.String())
	if rw.Code != status {
		w.T.Errorf("status %d to %q; want %d\n%.900s", rw.Code, rw.Header().Get("Location"), status, text)
	}
	for _, word := range words {
		if word, absent := strings.CutPrefix(word, "!"); absent == strings.Contains(text, word) {
			w.T.Errorf("%q: appears %v; want %v", word, absent, !absent)
		}
	}
}

func (w *world) leads(rw *httptest.ResponseRecorder, to string) {
	w.T.Helper()
	if rw.Code != http.StatusSeeOther || !strings.HasPrefix(rw.Header().Get("Location"), to) {
		w.T.Errorf("%d to %q; want to %q\n%.900s", rw.Code, rw.Header().Get("Location"), to, rw.Body)
	}
}

func picture(t *testing.T, side int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewRGBA(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func filled(stars string) url.Values {
	return url.Values{"stars": {stars}, "title": {"Beau"}, "body": {"Un bol qui tient bien en main."}, "name": {"Anne L."}}
}

// A guest rates with photographs; the form keeps what was typed, and the pages of product, storefront and brand show it.
func TestAGuestRates(t *testing.T) {
	w := open(t)
	w.shows(w.ask(0, "/o/"+w.order.Token, nil), http.StatusOK, "Donner mon avis", "Dire merci")
	w.shows(w.ask(0, w.rate, nil), http.StatusOK, `value="Anne L."`, "Publier mon avis", "!Retirer mon avis")
	w.shows(w.ask(0, "/o/AAAAAAAA/rate/1", nil), http.StatusNotFound)
	w.shows(w.ask(0, "/o/"+w.order.Token+"/rate/99999", nil), http.StatusNotFound)
	bad := filled("")
	w.shows(w.upload(w.rate, bad, picture(t, 50)), http.StatusUnprocessableEntity, "Choisissez de une à cinq étoiles", "Un bol qui tient bien en main.", "à choisir de nouveau")
	w.shows(w.upload(w.rate, filled("4"), []byte("not a photograph")), http.StatusUnprocessableEntity, `id="f-photos-error"`)
	five := [][]byte{picture(t, 51), picture(t, 52), picture(t, 53), picture(t, 54), picture(t, 55)}
	w.shows(w.upload(w.rate, filled("4"), five...), http.StatusUnprocessableEntity, "4 photographies au plus")
	w.leads(w.upload(w.rate, filled("4"), five[0], five[1]), "/o/"+w.order.Token)
	list, err := ratings.Of(t.Context(), w.DB, w.shop.Product, 0, 10, 0)
	if err != nil || len(list) != 1 || len(list[0].Photos) != 2 || !list[0].Relayed {
		t.Fatalf("%+v, %v", list, err)
	}
	shown := []string{"Un bol qui tient bien en main.", "Achat vérifié", "Acheté sur la recommandation d’un proche", list[0].Photos[0].Hash}
	for _, at := range []string{"/p/" + w.shop.Slug, "/@lea/p/" + w.shop.Slug, "/p/" + w.shop.Slug + "/ratings", "/p/" + w.shop.Slug + "/ratings?stars=4"} {
		w.shows(w.ask(0, at, nil), http.StatusOK, shown...)
	}
	w.shows(w.ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, `"aggregateRating":{"@type":"AggregateRating","ratingValue":"4.0","ratingCount":1,"reviewCount":1,"bestRating":5,"worstRating":1}`, "Du plus récent au plus ancien")
	w.shows(w.ask(0, "/p/"+w.other.Slug, nil), http.StatusOK, "!aggregateRating", "Personne n’a encore donné son avis")
	w.shows(w.ask(0, "/p/"+w.shop.Slug+"/ratings?stars=1", nil), http.StatusOK, "Personne n’a donné 1 étoile", "!Un bol qui tient")
	// Written anew, one photograph less.
	again := filled("2")
	again.Set("drop", fmt.Sprint(list[0].Photos[0].MediaID))
	w.leads(w.upload(w.rate, again), "/o/"+w.order.Token)
	w.shows(w.ask(0, "/p/"+w.shop.Slug+"/ratings", nil), http.StatusOK, "modifié le", "2,0", "!"+list[0].Photos[0].Hash, list[0].Photos[1].Hash)
	w.leads(w.ask(0, w.rate+"/remove", url.Values{}), "/o/"+w.order.Token)
	w.shows(w.ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, "!aggregateRating", "!Un bol qui tient")
}

// What guests get from memory is made again when a rating changes, and when a guest book does.
func TestKeptPagesForget(t *testing.T) {
	w := open(t)
	look := func() {
		if err := w.feed.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	product, front := "/@lea/p/"+w.shop.Slug, "/@lea"
	w.shows(w.ask(0, product, nil), http.StatusOK, "!Un bol qui tient")
	w.shows(w.ask(0, front, nil), http.StatusOK, "!Merci du conseil")
	w.leads(w.upload(w.rate, filled("5")), "/o/")
	w.leads(w.ask(0, "/o/"+w.order.Token+"/thanks/lea", url.Values{"body": {"Merci du conseil."}, "name": {"Anne"}}), "/o/")
	look()
	w.shows(w.ask(0, product, nil), http.StatusOK, "Un bol qui tient")
	w.shows(w.ask(0, front, nil), http.StatusOK, "Merci du conseil", "C’est un livre d’or")
	if err := w.Storefronts.AddLink(t.Context(), w.lea, "Mon blog", "https://blog.example/"); err != nil {
		t.Fatal(err)
	}
	look()
	w.shows(w.ask(0, front, nil), http.StatusOK, `rel="nofollow ugc noopener"`, "Mon blog")
}

// Cards show stars from three ratings on.
func TestStarsOnCards(t *testing.T) {
	w := open(t)
	for i := range 3 {
		w.shows(w.ask(w.max, "/products", nil), http.StatusOK, "!card-stars")
		o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Email: fmt.Sprintf("b%d@poste.example", i)})
		w.Deliver(o.ID)
		_, err := w.Ratings.Save(t.Context(), ratings.Draft{OrderID: o.ID, LineID: o.Shipments[0].Lines[0].ID, Lang: i18n.EN, Stars: 4 + i%2, Body: "Nice.", Name: "B"})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.shows(w.ask(w.max, "/products", nil), http.StatusOK, "card-stars", "4,3 sur 5")
}

// The desk of a brand, the owner of a guest book and the platform do their part, and nobody else's.
func TestDesks(t *testing.T) {
	w := open(t)
	w.leads(w.upload(w.rate, filled("1")), "/o/")
	w.leads(w.ask(0, "/o/"+w.order.Token+"/thanks/lea", url.Values{"body": {"Merci du conseil."}, "name": {"Anne"}}), "/o/")
	list, err := ratings.Of(t.Context(), w.DB, w.shop.Product, 0, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	id := list[0].ID
	desk, reply, doubt := "/brand/terre/ratings", fmt.Sprintf("/brand/terre/ratings/%d/reply", id), fmt.Sprintf("/brand/terre/ratings/%d/report", id)
	for who, at := range map[int64]string{w.lea: desk, w.other.Owner: doubt, w.max: "/admin/ratings"} {
		w.shows(w.ask(who, at, nil), http.StatusNotFound)
	}
	w.shows(w.ask(w.other.Owner, fmt.Sprintf("/brand/verre/ratings/%d/report", id), nil), http.StatusNotFound)
	w.shows(w.ask(w.other.Owner, fmt.Sprintf("/brand/verre/ratings/%d/reply", id), url.Values{"reply": {"x"}}), http.StatusNotFound)
	w.leads(w.ask(0, "/me/guestbook", nil), "/login")
	w.shows(w.ask(w.shop.Owner, desk+"?show=open", nil), http.StatusOK, "Un bol qui tient", "Signaler un doute")
	w.shows(w.ask(w.shop.Owner, reply, url.Values{"reply": {" "}}), http.StatusUnprocessableEntity, fmt.Sprintf(`id="f-reply-%d-error"`, id))
	w.leads(w.ask(w.shop.Owner, reply, url.Values{"reply": {"Nous sommes désolés."}}), desk)
	w.shows(w.ask(0, "/@lea/p/"+w.shop.Slug, nil), http.StatusOK, "Nous sommes désolés.", "Réponse de Maison terre")
	w.shows(w.ask(w.shop.Owner, doubt, url.Values{"reason": {"fake"}}), http.StatusUnprocessableEntity, `id="f-text-error"`)
	w.leads(w.ask(w.shop.Owner, doubt, url.Values{"reason": {"fake"}, "text": {"Jamais vu."}}), desk)
	w.shows(w.ask(w.shop.Owner, desk, nil), http.StatusOK, "pas encore décidé")
	w.shows(w.ask(0, fmt.Sprintf("/report/reply/%d", id), url.Values{}), http.StatusUnprocessableEntity)
	w.leads(w.ask(0, fmt.Sprintf("/report/reply/%d", id), url.Values{"reason": {"insult"}}), "/p/")
	w.shows(w.ask(0, "/report/nothing/1", nil), http.StatusNotFound)
	w.shows(w.ask(w.alma, "/admin/ratings", nil), http.StatusOK, "Jamais vu.", "Injurieux ou haineux", "Un visiteur")
	w.shows(w.ask(w.alma, fmt.Sprintf("/admin/ratings/rating/%d", id), url.Values{"why": {"x"}}), http.StatusUnprocessableEntity, "Jamais vu.")
	w.leads(w.ask(w.alma, fmt.Sprintf("/admin/ratings/rating/%d", id), url.Values{"do": {"keep"}, "why": {"Achat vérifié."}}), "/admin/ratings")
	w.leads(w.ask(w.alma, fmt.Sprintf("/admin/ratings/reply/%d", id), url.Values{"do": {"hide"}, "why": {"Injure."}}), "/admin/ratings")
	w.shows(w.ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, "Un bol qui tient", "!Nous sommes désolés.")
	w.shows(w.ask(w.shop.Owner, desk, nil), http.StatusOK, "décidé le", "Relais a masqué cette réponse.", fmt.Sprintf("/hidden/reply/%d", id))
	w.shows(w.ask(w.shop.Owner, fmt.Sprintf("/hidden/reply/%d", id), nil), http.StatusOK, "Nous sommes désolés.", "Injure.")
	w.leads(w.ask(w.shop.Owner, fmt.Sprintf("/hidden/reply/%d", id), url.Values{"text": {"Elle est polie."}}), "/hidden/reply")
	w.shows(w.ask(w.alma, "/admin/ratings", nil), http.StatusOK, "Nous sommes désolés.", "Elle est polie.")
	book, err := ratings.Book(t.Context(), w.DB, w.lea, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("/me/guestbook/%d", book[0].ID)
	w.shows(w.ask(w.lea, "/me/guestbook", nil), http.StatusOK, "Merci du conseil.")
	w.shows(w.ask(w.max, "/me/guestbook", nil), http.StatusOK, "!Merci du conseil.", "attend son premier mot")
	w.shows(w.ask(w.max, own+"/hide", url.Values{"hide": {"yes"}}), http.StatusNotFound)
	w.leads(w.ask(w.lea, own+"/answer", url.Values{"answer": {"Avec plaisir."}}), "/me/guestbook")
	w.shows(w.ask(0, "/@lea/thanks", nil), http.StatusOK, "Merci du conseil.", "Avec plaisir.")
	w.leads(w.ask(w.lea, own+"/hide", url.Values{"hide": {"yes"}}), "/me/guestbook")
	w.shows(w.ask(w.max, "/@lea/thanks", nil), http.StatusOK, "!Merci du conseil.")
	// No more letters, and letters again.
	letters := "/o/" + w.order.Token + "/letters"
	w.shows(w.ask(0, letters, nil), http.StatusOK, "Ne plus rien demander")
	w.leads(w.ask(0, letters, url.Values{"letters": {"off"}}), letters)
	w.shows(w.ask(0, letters, nil), http.StatusOK, "Recevoir de nouveau")
}

// While its owner has days off, a storefront takes no orders: its links lead to a page with the way to the brand, which keeps the click.
func TestDaysOff(t *testing.T) {
	w := open(t)
	today := i18n.Day(w.Clock.Now())
	if err := w.Storefronts.Leave(t.Context(), w.lea, today, today, "Je nage."); err != nil {
		t.Fatal(err)
	}
	click := w.Follow(w.shop.Product, "a visitor", w.lea)
	product := "/@lea/p/" + w.shop.Slug
	w.shows(w.ask(0, "/@lea", nil), http.StatusOK, "Je nage.", "De retour après le")
	w.shows(w.ask(0, product, nil), http.StatusOK, "Je nage.", `href="/p/`+w.shop.Slug+`"`, "ne touchera rien", "!Ajouter au panier")
	w.shows(w.ask(0, product+"?c="+click, nil), http.StatusOK, `href="/p/`+w.shop.Slug+`?c=`+click+`"`, "touche la commission habituelle")
	add := url.Values{"product": {w.shop.Slug}, "variant": {fmt.Sprint(w.shop.Variant)}, "quantity": {"1"}, "storefront": {"lea"}, "c": {click}}
	w.leads(w.ask(0, "/cart", add), product+"?c="+click)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Click: click, Email: "directe@poste.example"}) // from the brand's page, with the click
	if relays := o.Shipments[0].Lines[0].Relays; len(relays) != 1 || relays[0].MemberID != w.lea {
		t.Errorf("%+v; want the member of the click", relays)
	}
	if err := w.Storefronts.Return(t.Context(), w.lea); err != nil {
		t.Fatal(err)
	}
	w.leads(w.ask(0, "/cart", add), "/cart")
}

// A storefront is as its owner arranged it.
func TestArranged(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	if _, err := w.Storefronts.AddListing(ctx, w.lea, w.other.Product); err != nil {
		t.Fatal(err)
	}
	w.shows(w.ask(w.max, "/@lea", nil), http.StatusOK, "theme-paper", "!Et aussi", "!Coup de cœur")
	c, err := w.Storefronts.AddCollection(ctx, w.lea, "Le matin", "Pour bien commencer.")
	if err == nil {
		_, err = w.Storefronts.AddCollection(ctx, w.lea, "Vide encore", "")
	}
	for _, do := range []func() error{
		func() error { return w.Storefronts.Shelve(ctx, w.lea, w.shop.Product, c) },
		func() error { return w.Storefronts.Choose(ctx, w.lea, "plum") },
	} {
		if err == nil {
			err = do()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	w.shows(w.ask(w.max, "/@lea", nil), http.StatusOK, "theme-plum", "Le matin", "Pour bien commencer.", "Et aussi", "!Vide encore")
	w.shows(w.ask(w.max, "/@lea/p/"+w.shop.Slug, nil), http.StatusOK, "theme-plum")
	w.shows(w.ask(w.max, "/p/"+w.shop.Slug, nil), http.StatusOK, "!theme-plum")
	if err := w.Storefronts.Pin(ctx, w.lea, w.other.Product); err != nil {
		t.Fatal(err)
	}
	w.shows(w.ask(w.max, "/@lea", nil), http.StatusOK, "Coup de cœur", "!Et aussi")
}
