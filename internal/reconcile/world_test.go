package reconcile_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"relais/internal/clock"
	"relais/internal/i18n"
	"relais/internal/ledger"
	"relais/internal/mail"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
	"relais/internal/reconcile"
	"relais/internal/stripe"
	"relais/internal/stripesandbox"
	"relais/internal/token"
	"relais/internal/webhooks"
)

// world is a local Stripe that keeps fees, our books, and what holds the one against the other. What a use case would book is booked
// by hand, so that a test can leave it out.
type world struct {
	*reconcile.Service
	t       *testing.T
	db      *sqlx.DB
	url     string
	clock   *clock.Clock
	ahead   time.Duration // of real time, as the Service knows it
	sandbox *stripesandbox.Sandbox
	stripe  *stripe.Client
	hooks   *webhooks.Service
	broken  []ledger.Finding // what the audit of the other packages finds
	n       int
}

const platformKey = "sk_test_sandbox"

func open(t *testing.T) *world {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w := &world{t: t, db: pgtest.DB(t), url: server.URL, clock: clock.At(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	var err error
	w.sandbox, err = stripesandbox.New(stripesandbox.Options{Now: w.clock.Now, RealNow: time.Now, BaseURL: server.URL + "/stripe", FeeBps: 150, FeeMinor: 25,
		PlatformURL: server.URL + "/webhooks", PlatformSecret: "whsec_platform"})
	w.must(err)
	w.stripe, err = stripe.New(stripe.Options{Key: platformKey, URL: server.URL + "/stripe", PlatformSecret: "whsec_platform", Capabilities: []string{"transfers"}, Now: time.Now})
	w.must(err)
	w.hooks = webhooks.New(webhooks.Config{DB: w.db, Provider: w.stripe, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	w.listens(w.stripe)
	mux.Handle("/stripe/", http.StripPrefix("/stripe", w.sandbox.Handler()))
	mux.HandleFunc("POST /webhooks", func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = w.hooks.Receive(r.Context(), body, r.Header.Get("Stripe-Signature"), payments.Platform)
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
		}
	})
	return w
}

// listens has the Service read those books of Stripe.
func (w *world) listens(books payments.Books) {
	w.t.Helper()
	outbox, err := mail.New(mail.Options{DB: w.db, BaseURL: w.url, From: "Relais <relais@localhost>", Now: time.Now})
	w.must(err)
	w.Service = reconcile.New(reconcile.Config{DB: w.db, Books: books, Transfers: w.stripe, Webhooks: w.hooks, Mail: outbox, Now: w.clock.Now,
		Log: slog.New(slog.DiscardHandler), Clock: func() time.Time { return time.Now().Add(w.ahead) },
		Audit: func(context.Context, sqlx.QueryerContext) ([]ledger.Finding, error) { return w.broken, nil }})
}

// fake has it read what the test wrote.
func (w *world) fake(s *stub) { w.listens(s) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// charge has a buyer pay an amount.
func (w *world) charge(minor int64, c money.Currency) payments.Checkout {
	w.t.Helper()
	w.n++
	ctx := w.t.Context()
	co, err := w.stripe.OpenCheckout(ctx, payments.CheckoutRequest{Reference: fmt.Sprintf("order-%d", w.n), OrderNumber: fmt.Sprintf("R-%d", w.n), OrderID: fmt.Sprint(w.n),
		Currency: c, Email: "a@poste.example", Locale: "fr", SuccessURL: w.url + "/done", CancelURL: w.url + "/back", ExpiresAt: w.clock.Now().Add(time.Hour),
		TransferGroup: fmt.Sprintf("order_%d", w.n), Lines: []payments.CheckoutLine{{Name: "Bol", UnitMinor: minor, Quantity: 1}}})
	w.must(err)
	_, err = stripesandbox.Visitor{}.Pay(ctx, co.URL, stripesandbox.Payer{Email: "a@poste.example", Name: "A", Card: stripesandbox.AcceptedCard}, w.clock.Now())
	w.must(err)
	co, err = w.stripe.Checkout(ctx, co.ID)
	w.must(err)
	return co
}

// books posts what came into Stripe (positive) or left it, against the fees, under an object.
func (w *world) books(minor int64, c money.Currency, object string) {
	w.t.Helper()
	w.n++
	w.post(ledger.Transaction{Reference: fmt.Sprintf("test:%d", w.n), Kind: "test", Currency: c, At: w.clock.Now(), Object: object, Postings: []ledger.Posting{entry(ledger.Fees, minor)}})
}

// entry is a posting between Stripe and another account of the platform: positive came into Stripe.
func entry(other ledger.Kind, minor int64) ledger.Posting {
	p := ledger.Posting{Source: ledger.Account{Kind: ledger.Stripe}, Destination: ledger.Account{Kind: other}, Amount: minor}
	if minor < 0 {
		p.Source, p.Destination, p.Amount = p.Destination, p.Source, -minor
	}
	return p
}

func (w *world) post(t ledger.Transaction) {
	w.t.Helper()
	w.must(postgres.InTx(w.t.Context(), w.db, func(tx *sqlx.Tx) error {
		_, err := ledger.Post(w.t.Context(), tx, t)
		return err
	}))
}

// sold is a charge that the books have.
func (w *world) sold(minor int64) payments.Checkout {
	w.t.Helper()
	co := w.charge(minor, "EUR")
	w.books(minor, "EUR", co.ChargeID)
	return co
}

// call asks the local Stripe for what the client has no word for.
func (w *world) call(path string, form url.Values) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/stripe/v1/"+path, strings.NewReader(form.Encode()))
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+platformKey)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(r)
	w.must(err)
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %d %s", path, answer.StatusCode, body)
	}
}

// account is a connected account that can be paid.
func (w *world) account() string {
	w.t.Helper()
	w.n++
	ctx := w.t.Context()
	a, err := w.stripe.CreateAccount(ctx, payments.AccountRequest{Reference: fmt.Sprintf("account-%d", w.n), PayeeID: int64(w.n), Email: "p@relais.example", Country: "FR", BusinessType: payments.Individual})
	w.must(err)
	link, err := w.stripe.OnboardingLink(ctx, a.ID, w.url+"/done", w.url+"/again")
	w.must(err)
	w.must(stripesandbox.Visitor{}.Onboard(ctx, link))
	return a.ID
}

// later lets real time pass, so that nothing is in flight any more.
func (w *world) later() { w.ahead += 2 * reconcile.Grace }

// finds runs everything and fails where the open differences are not those: "kind object expected found".
func (w *world) finds(want ...string) {
	w.t.Helper()
	r, err := w.Run(w.t.Context(), false)
	w.must(err)
	w.same(r.Open, want)
}

func (w *world) same(ds []reconcile.Difference, want []string) {
	w.t.Helper()
	got := make([]string, 0, len(ds))
	for _, d := range ds {
		got = append(got, fmt.Sprintf("%s %s %d %d %s", d.Kind, d.Object, d.Expected, d.Found, d.Currency))
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if diff := cmp.Diff(want, got, cmp.Transformer("list", func(l []string) string { return strings.Join(l, "\n") })); diff != "" {
		w.t.Errorf("differences (- want, + got): %s", diff)
	}
}

// audited fails where an invariant of this package, or of the books, does not hold.
func (w *world) audited() {
	w.t.Helper()
	for _, check := range []func(context.Context, sqlx.QueryerContext) ([]ledger.Finding, error){ledger.Check, reconcile.Check} {
		found, err := check(w.t.Context(), w.db)
		w.must(err)
		for _, f := range found {
			if f.Count != 0 {
				w.t.Errorf("%s is broken %d times", f.Name, f.Count)
			}
		}
	}
}

func (w *world) sum(k ledger.Kind, c money.Currency) int64 {
	w.t.Helper()
	n, err := ledger.Sum(w.t.Context(), w.db, k, c)
	w.must(err)
	return n
}

// admin is a member who administers.
func (w *world) admin(handle string) int64 {
	w.t.Helper()
	keys, err := token.NewKeys(strings.Repeat("a secret ", 5))
	w.must(err)
	outbox, err := mail.New(mail.Options{DB: w.db, BaseURL: w.url, From: "Relais <relais@localhost>", Now: time.Now})
	w.must(err)
	people := members.New(members.Options{DB: w.db, Mail: outbox, Keys: keys, Now: time.Now})
	m, err := people.Create(w.t.Context(), members.NewMember{Handle: handle, Name: handle, Email: handle + "@relais.example", Password: "a good long password", Lang: i18n.FR,
		Confirmed: true, Admin: true})
	w.must(err)
	return m.ID
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	w.must(w.db.Get(&n, query, args...))
	return n
}
