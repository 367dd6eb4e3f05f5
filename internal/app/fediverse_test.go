package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/fediverse"
	"relais/internal/fediverse/wire"
	"relais/internal/storefronts/storefronttest"
)

// instance is a whole Relais that runs, behind a door that can keep what is posted.
type instance struct {
	t *testing.T
	*App
	door *door
}

// door is a proxy before an instance: the address by which others know it.
type door struct {
	mu     sync.Mutex
	to     *httputil.ReverseProxy
	keep   bool       // the next activity is kept rather than handed on
	kept   chan *kept // what was
	server *httptest.Server
}

type kept struct {
	target string
	header http.Header
	body   []byte
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	keep, to := d.keep && r.Method == http.MethodPost, d.to
	if keep {
		d.keep = false
	}
	d.mu.Unlock()
	if !keep {
		to.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	d.kept <- &kept{r.URL.RequestURI(), r.Header.Clone(), body}
	w.WriteHeader(http.StatusAccepted)
}

func start(t *testing.T, change ...func(*Config)) *instance {
	t.Helper()
	d := &door{kept: make(chan *kept, 1)}
	d.server = httptest.NewServer(d)
	t.Cleanup(d.server.Close)
	cfg := configuration(t)
	cfg.FediverseLocal, cfg.BaseURL = true, d.server.URL
	for _, f := range change {
		f(&cfg)
	}
	a, err := New(t.Context(), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	inside, err := url.Parse("http://" + reachable(a.listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	d.to = httputil.NewSingleHostReverseProxy(inside)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return &instance{t, a, d}
}

// becomes waits until a query of the instance's database says so.
func (i *instance) becomes(what, want, query string, args ...any) {
	i.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(40 * time.Second)
	for got := ""; ; {
		if err := i.services.data.pages.Get(&got, query, args...); err != nil {
			i.t.Fatalf("%s: %v", what, err)
		}
		if got == want {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			i.t.Fatalf("%s is %q, want %q", what, got, want)
		}
	}
}

func (i *instance) must(err error) {
	i.t.Helper()
	if err != nil {
		i.t.Fatal(err)
	}
	if err := i.services.Fediverse.Reconcile(i.t.Context()); err != nil { // rather than within three seconds
		i.t.Fatal(err)
	}
	i.services.Jobs.Wake()
}

// post sends an activity, whatever it is, to the instance.
func (i *instance) post(k *kept) int {
	i.t.Helper()
	r, err := http.NewRequestWithContext(i.t.Context(), http.MethodPost, i.URL()+k.target, bytes.NewReader(k.body))
	if err != nil {
		i.t.Fatal(err)
	}
	r.Header = k.header
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		i.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

const html = `select coalesce(max(html), '') from fediverse_posts`

// Two installations, each with its own database, process and address: one follows a storefront of the other, reads what is published,
// changed and withdrawn there, and stops; what was tampered with on the way, or comes twice, is refused.
func TestTwoInstancesExchange(t *testing.T) {
	here, there := start(t), start(t)
	db := here.services.data.pages
	lea, brand := storefronttest.Member(t, db, "lea"), storefronttest.Brand(t, db, "savonnerie")
	storefronttest.Terms(t, db, brand, 0, 1000, 30, storefronttest.Start.AddDate(0, 0, -1))
	soap := storefronttest.Product(t, db, brand, "savon")
	bob := storefronttest.Member(t, there.services.data.pages, "bob")
	storefront := fediverse.Owner{Kind: fediverse.Storefront, ID: lea}

	// Nothing is public before she says so.
	if status, _ := get(t, here.URL()+"/.well-known/webfinger?resource=acct:lea@"+strings.TrimPrefix(here.URL(), "http://")); status != http.StatusNotFound {
		t.Errorf("webfinger before: %d", status)
	}
	if err := there.services.Fediverse.Follow(t.Context(), bob, "@lea@"+strings.TrimPrefix(here.URL(), "http://")); err == nil {
		t.Error("bob follows without an actor of his own")
	}
	here.must(here.services.Fediverse.Open(t.Context(), lea, storefront))
	there.must(there.services.Fediverse.Open(t.Context(), bob, fediverse.Owner{Kind: fediverse.Storefront, ID: bob}))

	there.must(there.services.Fediverse.Follow(t.Context(), bob, "@lea@"+strings.TrimPrefix(here.URL(), "http://")))
	there.becomes("bob's request", "accepted", `select state from fediverse_follows`)
	here.becomes("followers of lea", "1", `select count(*) from fediverse_followers`)

	if _, err := here.services.Storefronts.AddListing(t.Context(), lea, soap); err != nil {
		t.Fatal(err)
	}
	here.must(here.services.Storefronts.Note(t.Context(), lea, soap, "Il <mousse> bien.\n\nEt sent bon."))
	there.becomes("posts at bob's", "1", `select count(*) from fediverse_posts`)
	var got string
	if err := there.services.data.pages.Get(&got, html); err != nil {
		t.Fatal(err)
	}
	var code string
	if err := db.Get(&code, `select code from share_links where channel = 'fediverse'`); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Publicité\u00a0: Lea touche une commission", "Il &lt;mousse&gt; bien.", "Et sent bon.", here.URL() + "/r/" + code, "#Publicité"} {
		if !strings.Contains(got, want) {
			t.Errorf("bob reads %q, without %q", got, want)
		}
	}

	here.must(here.services.Storefronts.Note(t.Context(), lea, soap, "Je l’offre à tout le monde."))
	there.becomes("the changed post", "true", `select html like '%tout le monde%' from fediverse_posts`)
	tampered(t, here, there, lea, soap)

	here.must(here.services.Storefronts.RemoveListing(t.Context(), lea, soap))
	there.becomes("posts after it was withdrawn", "0", `select count(*) from fediverse_posts`)

	var follow int64
	if err := there.services.data.pages.Get(&follow, `select id from fediverse_follows`); err != nil {
		t.Fatal(err)
	}
	there.must(there.services.Fediverse.Unfollow(t.Context(), bob, follow))
	here.becomes("followers after the undo", "0", `select count(*) from fediverse_followers`)
	closes(t, here, there, lea, bob)
}

// tampered keeps an activity that is really signed, and sends it as it should not be, then as it should, then again.
func tampered(t *testing.T, here, there *instance, lea, soap int64) {
	t.Helper()
	there.door.mu.Lock()
	there.door.keep = true
	there.door.mu.Unlock()
	here.must(here.services.Storefronts.Note(t.Context(), lea, soap, "Le troisième mot."))
	var k *kept
	select {
	case k = <-there.door.kept:
	case <-time.After(40 * time.Second):
		t.Fatal("nothing was sent")
	}
	with := func(change func(k *kept)) *kept {
		c := &kept{k.target, k.header.Clone(), bytes.Clone(k.body)}
		change(c)
		return c
	}
	digested := func(k *kept) {
		r := wire.Request{Method: http.MethodPost, Target: k.target, Host: "x", Header: http.Header{}, Body: k.body}
		key, err := wire.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Sign("x", key, time.Now()); err != nil {
			t.Fatal(err)
		}
		k.header.Set("Digest", r.Header.Get("Digest"))
	}
	for name, change := range map[string]func(k *kept){
		"another body":                 func(k *kept) { k.body = bytes.Replace(k.body, []byte("troisi"), []byte("quatri"), 1) },
		"another body with its digest": func(k *kept) { k.body = bytes.Replace(k.body, []byte("troisi"), []byte("quatri"), 1); digested(k) },
		"another date":                 func(k *kept) { k.header.Set("Date", time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat)) },
		"an old date":                  func(k *kept) { k.header.Set("Date", time.Now().Add(-2*time.Hour).UTC().Format(http.TimeFormat)) },
		"no signature":                 func(k *kept) { k.header.Del("Signature") },
		"another signature": func(k *kept) {
			k.header.Set("Signature", strings.Replace(k.header.Get("Signature"), `signature="`, `signature="AAAA`, 1))
		},
		"to another inbox":     func(k *kept) { k.target = "/fediverse/actors/1/inbox" },
		"fewer headers signed": func(k *kept) { k.header.Set("Signature", strings.Replace(k.header.Get("Signature"), " digest", "", 1)) },
	} {
		if status := there.post(with(change)); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	there.becomes("the post meanwhile", "true", `select html like '%tout le monde%' from fediverse_posts`)
	if status := there.post(k); status != http.StatusAccepted {
		t.Errorf("as it was signed: %d", status)
	}
	there.becomes("the post afterwards", "true", `select html like '%troisième%' from fediverse_posts`)
	if status := there.post(k); status != http.StatusUnauthorized {
		t.Errorf("a second time: %d", status)
	}
}

// closes has lea close while bob follows her again: her address is a tombstone, and his server forgets her.
func closes(t *testing.T, here, there *instance, lea, bob int64) {
	t.Helper()
	there.must(there.services.Fediverse.Follow(t.Context(), bob, "@lea@"+strings.TrimPrefix(here.URL(), "http://")))
	here.becomes("followers again", "1", `select count(*) from fediverse_followers`)
	var id string
	if err := here.services.data.pages.Get(&id, `select id from fediverse_actors where kind = 'storefront'`); err != nil {
		t.Fatal(err)
	}
	here.must(here.services.Fediverse.Close(t.Context(), lea, fediverse.Owner{Kind: fediverse.Storefront, ID: lea}))
	there.becomes("bob's follows after she closed", "0", `select count(*) from fediverse_follows`)
	status, body := get(t, here.URL()+"/fediverse/actors/"+id)
	var tomb struct{ Type string }
	if err := json.Unmarshal([]byte(body), &tomb); err != nil || status != http.StatusGone || tomb.Type != "Tombstone" {
		t.Errorf("her address: %d %s", status, body)
	}
	if status, _ := get(t, here.URL()+"/@lea/feed.atom"); status != http.StatusGone {
		t.Errorf("her feed: %d", status)
	}
}
