package fediverse_test

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fediverse"
	"relais/internal/fediverse/wire"
	"relais/internal/jobs"
	"relais/internal/postgres/pgtest"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/storefronts/storefronttest"
)

const base = "https://relais.example"

// world is one Relais with a clock that the test moves, and a server of the fediverse that does as the test wants.
type world struct {
	t           *testing.T
	db          *sqlx.DB
	s           *fediverse.Service
	jobs        *jobs.Runner
	storefronts *storefronts.Service
	referrals   *referrals.Service
	ahead       atomic.Int64
	lea, brand  int64
	soap, brush int64
	them        *elsewhere
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: pgtest.DB(t), them: newElsewhere(t)}
	business := func() time.Time { return storefronttest.Start.Add(time.Duration(w.ahead.Load())) }
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.lea, w.brand = storefronttest.Member(t, w.db, "lea"), storefronttest.Brand(t, w.db, "savonnerie")
	storefronttest.Terms(t, w.db, w.brand, 0, 1000, 30, storefronttest.Start.AddDate(0, 0, -1))
	w.soap, w.brush = storefronttest.Product(t, w.db, w.brand, "savon"), storefronttest.Product(t, w.db, w.brand, "brosse")
	w.storefronts = storefronts.New(w.db, business, nil)
	w.referrals = referrals.New(referrals.Config{DB: w.db, Now: business, Clock: w.now})
	w.s = w.service(business, log, "a secret of the test, long enough for it")
	w.jobs = jobs.New(w.db, log, jobs.Options{Now: w.now})
	w.s.Register(w.jobs)
	return w
}

func (w *world) service(business func() time.Time, log *slog.Logger, secret string) *fediverse.Service {
	w.t.Helper()
	s, err := fediverse.New(fediverse.Config{DB: w.db, Referrals: w.referrals, Now: business, Clock: w.now, BaseURL: base, Secret: []byte(secret), Local: true, Log: log})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) storefront() fediverse.Owner {
	return fediverse.Owner{Kind: fediverse.Storefront, ID: w.lea}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// opens makes lea's storefront followable.
func (w *world) opens() fediverse.Actor {
	w.t.Helper()
	w.must(w.s.Open(w.t.Context(), w.lea, w.storefront()))
	a, err := fediverse.ByOwner(w.t.Context(), w.db, w.storefront())
	w.must(err)
	return a
}

// recommends lists a product with words, and has it published.
func (w *world) recommends(product int64, words string) {
	w.t.Helper()
	_, err := w.storefronts.AddListing(w.t.Context(), w.lea, product)
	w.must(err)
	w.must(w.storefronts.Note(w.t.Context(), w.lea, product, words))
	w.publishes()
}

func (w *world) publishes() {
	w.t.Helper()
	w.db.MustExec(`update fediverse_actors set reconciled_at = reconciled_at - interval '2 minutes'`) // a brand's changes are looked at once a minute
	w.must(w.s.Reconcile(w.t.Context()))
}

// drains does all work that is due.
func (w *world) drains() {
	w.t.Helper()
	w.must(w.jobs.Drain(w.t.Context()))
}

func (w *world) later(d time.Duration) { w.ahead.Add(int64(d)) }

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	w.must(w.db.Get(&n, query, args...))
	return n
}

func (w *world) is(want int, query string, args ...any) {
	w.t.Helper()
	if got := w.count(query, args...); got != want {
		w.t.Errorf("%s: %d, want %d", query, got, want)
	}
}

// receives hands an activity of the other server in, signed by its actor.
func (w *world) receives(activity map[string]any) error {
	w.t.Helper()
	r := w.them.signs(w.t, w.now(), activity)
	return w.s.Receive(w.t.Context(), r, "192.0.2.1")
}

// follows has the actor elsewhere follow one of ours.
func (w *world) follows(a fediverse.Actor) {
	w.t.Helper()
	w.must(w.receives(w.them.activity("Follow", wire.Site(base).Actor(a.ID))))
}

// elsewhere is a server of the fediverse with one actor.
type elsewhere struct {
	*httptest.Server
	mu       sync.Mutex
	key      *rsa.PrivateKey
	status   int // of its inbox
	asked    int // for its actor
	document func(m map[string]any)
	kind     string // the media type of its documents
	during   func() // called while something is posted to its inbox
	got      []map[string]any
	count    int
}

var keys = sync.OnceValue(func() (pair [2]*rsa.PrivateKey) {
	for i := range pair {
		var err error
		if pair[i], err = wire.NewKey(); err != nil {
			panic(err)
		}
	}
	return pair
})

func newElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	e := &elsewhere{key: keys()[0], status: http.StatusAccepted, kind: wire.ActivityJSON}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/webfinger", func(rw http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Query().Get("resource"), "acct:ann@") {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", wire.JRD)
		fmt.Fprintf(rw, `{"links":[{"rel":"self","type":"application/activity+json","href":%q}]}`, e.actor())
	})
	mux.HandleFunc("GET /ann", e.ann)
	mux.HandleFunc("POST /inbox", e.inbox)
	e.Server = httptest.NewServer(mux)
	t.Cleanup(e.Close)
	return e
}

func (e *elsewhere) actor() string { return e.URL + "/ann" }

func (e *elsewhere) host() string { return strings.TrimPrefix(e.URL, "http://") }

func (e *elsewhere) ann(rw http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked++
	if r.Header.Get("Signature") == "" {
		rw.WriteHeader(http.StatusUnauthorized) // as many servers do
		return
	}
	public, _ := wire.PublicPEM(&e.key.PublicKey)
	m := map[string]any{"id": e.actor(), "type": "Person", "preferredUsername": "ann", "name": "Ann", "inbox": e.URL + "/inbox",
		"endpoints": map[string]any{"sharedInbox": e.URL + "/inbox"}, "publicKey": map[string]any{"id": e.actor() + "#key", "owner": e.actor(), "publicKeyPem": public}}
	if e.document != nil {
		e.document(m)
	}
	rw.Header().Set("Content-Type", e.kind)
	_ = json.NewEncoder(rw).Encode(m)
}

func (e *elsewhere) inbox(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var m map[string]any
	_ = json.Unmarshal(body, &m)
	if e.during != nil {
		e.during()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.status < 300 {
		e.got = append(e.got, m)
	}
	rw.WriteHeader(e.status)
}

func (e *elsewhere) answers(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status = status
}

// told is what came to its inbox so far: the types, and those of the objects.
func (e *elsewhere) told() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []string
	for _, m := range e.got {
		one := fmt.Sprint(m["type"])
		if o, ok := m["object"].(map[string]any); ok {
			one += ":" + fmt.Sprint(o["type"])
		}
		all = append(all, one)
	}
	return strings.Join(all, " ")
}

func (e *elsewhere) last() map[string]any {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got[len(e.got)-1]
}

// activity is one of its actor, with an address of its own.
func (e *elsewhere) activity(kind string, object any) map[string]any {
	e.count++
	return map[string]any{"id": fmt.Sprintf("%s/activities/%d", e.URL, e.count), "type": kind, "actor": e.actor(), "object": object}
}

func (e *elsewhere) signs(t testing.TB, now time.Time, activity map[string]any) wire.Request {
	t.Helper()
	return e.signsAs(t, e.actor()+"#key", now, activity)
}

func (e *elsewhere) signsAs(t testing.TB, key string, now time.Time, activity map[string]any) wire.Request {
	t.Helper()
	body, err := json.Marshal(activity)
	if err != nil {
		t.Fatal(err)
	}
	r := wire.Request{Method: http.MethodPost, Target: "/fediverse/inbox", Host: "relais.example", Header: http.Header{}, Body: body}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := r.Sign(key, e.key, now); err != nil {
		t.Fatal(err)
	}
	return r
}

// jobsWork is work whose end nobody notes.
var jobsWork jobs.Work
