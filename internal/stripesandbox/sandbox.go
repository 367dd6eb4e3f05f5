// Package stripesandbox is a Stripe of our own: a small, stateful Stripe over HTTP for development, demonstrations and
// tests, spoken to by the same client library as the real one. No money moves through it, and it refuses live keys.
//
// It serves three things:
//
//   - the part of Stripe's API (version 2023-10-16) that the product uses: connected accounts and their links,
//     Checkout sessions, payment intents, charges, balances, refunds, disputes with their evidence, transfers,
//     reversals, payouts, top-ups, events, Terminal locations, readers and card-present payments, customers and the
//     cards that they let us keep;
//   - the pages that Stripe hosts: the Checkout page with Stripe's test cards, the onboarding of a connected account,
//     and its Express dashboard; and, in place of a device, a simulated card reader at /reader/ID;
//   - signed webhooks to the platform's and the Connect endpoint.
//
// It keeps Stripe's promises where they matter to money: an idempotency key repeats its first answer, errors included;
// a charge is pending until it settles; a transfer needs available balance, or a charge to draw on, and a destination
// that may receive it; nothing is sent twice and nothing is forgotten once it was answered.
//
// What buyers' banks, payees' banks and Stripe itself may do later is done by the hosted page's test cards (a dispute, an
// inquiry, a refund that comes back), by Stripe's test values in evidence, and by methods that only Go reaches:
// TurnCard, OpenDispute, DecideDispute, SetRefundState, FailBankPayout, AdjustAccountBalance, CloseAccount, … So is what goes wrong on
// the way: Inject for one call, Chaos and ChaosWebhooks by a seed, LagLists for lists that are behind; FaultCounts tells
// how often.
//
// The balance is always the sum of its balance transactions. What Stripe keeps for connected accounts below zero is a
// balance transaction too.
//
// State lives in memory under one lock. With Options.Path every commit is also a line of a journal, written before the
// answer, so that a killed sandbox comes back as it was. Each request is one transaction: it sees a stable state, and
// what it does becomes visible whole, with its events and the answer kept for its key, or not at all.
package stripesandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"relais/internal/stripesandbox/chaos"
	"relais/internal/stripesandbox/journal"
	"relais/internal/stripesandbox/params"
)

// Options configure a Sandbox.
type Options struct {
	Path    string           // journal file; empty: memory only
	Now     func() time.Time // the time of the business: settlement, expiry, creation dates
	RealNow func() time.Time // the time of signatures and retries; nil: Now
	BaseURL string           // where Handler is reachable, for the hosted pages' addresses; a path is allowed

	Merchant string // the platform's name on the hosted pages; empty: Relais

	PlatformURL    string // webhook endpoint for what happens on the platform; empty: none
	PlatformSecret string
	ConnectURL     string // webhook endpoint for what happens on connected accounts; empty: none
	ConnectSecret  string

	SettleDelay time.Duration // from a charge to its money being available
	FeeBps      int64         // Stripe's fee on a charge, in basis points …
	FeeMinor    int64         // … plus so many minor units
	ListLag     time.Duration // see LagLists

	Log *slog.Logger // nil: none
}

// Sandbox is a running sandbox. All its methods may be called from many goroutines.
type Sandbox struct {
	options Options
	base    string // the path part of BaseURL, without a slash at its end
	log     *slog.Logger
	client  *http.Client
	wake    chan struct{} // a delivery is waiting
	sending sync.Mutex    // one delivery at a time, in order

	mu        sync.Mutex // guards everything below
	state     *state
	journal   *journal.Journal
	swept     string // the day on which automatic payouts were last made
	faults    []*Fault
	dice      *chaos.Dice          // what goes wrong with calls; nil: nothing
	postman   *chaos.Postman       // what goes wrong with notices; nil: nothing
	held      map[string]time.Time // deliveries that he holds back, until a real time
	counts    map[string]int       // faults that happened
	drop      int
	duplicate int
}

// New opens a sandbox, with everything that its journal remembers.
func New(o Options) (*Sandbox, error) {
	if o.Now == nil {
		return nil, errors.New("stripesandbox: Options.Now is missing")
	}
	if o.RealNow == nil {
		o.RealNow = o.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Merchant == "" {
		o.Merchant = "Relais"
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("stripesandbox: BaseURL %q is not an absolute URL", o.BaseURL)
	}
	if (o.PlatformURL != "" && o.PlatformSecret == "") || (o.ConnectURL != "" && o.ConnectSecret == "") {
		return nil, errors.New("stripesandbox: a webhook endpoint needs a secret")
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	s := &Sandbox{
		options: o, base: strings.TrimSuffix(base.Path, "/"), log: o.Log, state: newState(),
		client: &http.Client{Timeout: 10 * time.Second}, wake: make(chan struct{}, 1),
		held: map[string]time.Time{}, counts: map[string]int{},
	}
	if o.Path != "" {
		if s.journal, err = s.state.remember(o.Path); err != nil {
			return nil, err
		}
	}
	s.state.forgetDelivered()
	return s, nil
}

// Close closes the journal. The sandbox must not be used afterwards.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil {
		return nil
	}
	err := s.journal.Close()
	s.journal = nil
	return err
}

// Run delivers webhooks and lets time do its work (expiry, settlement, automatic payouts) until ctx ends.
func (s *Sandbox) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		s.deliverDue(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-tick.C:
			if err := s.Tick(); err != nil {
				return err
			}
		}
	}
}

// Tick does what time has made due: it expires checkout sessions, finishes refunds, payouts and disputes, and starts the
// connected accounts' automatic payouts. Every request does so too; Tick is for when there is none.
func (s *Sandbox) Tick() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sweep()
}

func (s *Sandbox) begin(request eventRequest) *tx {
	return &tx{state: s.state, now: s.options.Now(), version: apiVersion, request: request, staged: map[string]object{}}
}

// commit writes what the transaction changed, with the deliveries of its events, and makes it visible.
func (s *Sandbox) commit(t *tx) error {
	t.reserve()
	for _, o := range t.changed() {
		if e, ok := o.(event); ok {
			s.address(t, e)
		}
	}
	changes := t.changed()
	if len(changes) == 0 {
		return nil
	}
	if s.journal != nil {
		if err := s.journal.Append(entries(changes)); err != nil {
			return err
		}
	}
	for _, o := range changes {
		s.state.apply(o)
	}
	if len(s.state.waiting) > 0 {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// Handler serves the API below /v1/ and the hosted pages beside it. When BaseURL has a path, mount it there with
// http.StripPrefix.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, part := range []map[string]endpoint{s.endpoints(), s.cardEndpoints()} {
		for pattern, e := range part {
			mux.Handle(pattern, s.api(e))
		}
	}
	mux.Handle("/v1/", s.api(unknownRoute))
	s.pages(mux)
	return mux
}

func (s *Sandbox) endpoints() map[string]endpoint {
	return map[string]endpoint{
		"POST /v1/accounts":                      createAccount,
		"GET /v1/accounts":                       listAccounts,
		"GET /v1/accounts/{id}":                  readAccount,
		"POST /v1/accounts/{id}":                 updateAccount,
		"DELETE /v1/accounts/{id}":               deleteAccount,
		"POST /v1/accounts/{id}/reject":          rejectAccount,
		"POST /v1/accounts/{id}/login_links":     createLoginLink,
		"POST /v1/account_links":                 createAccountLink,
		"POST /v1/checkout/sessions":             createSession,
		"GET /v1/checkout/sessions":              listSessions,
		"GET /v1/checkout/sessions/{id}":         readSession,
		"POST /v1/checkout/sessions/{id}/expire": expireSession,
		"POST /v1/payment_intents":               createIntent,
		"POST /v1/payment_intents/{id}/cancel":   cancelIntent,
		"GET /v1/payment_intents":                listIntents,
		"GET /v1/payment_intents/{id}":           readIntent,
		"GET /v1/charges":                        listCharges,
		"GET /v1/charges/{id}":                   readCharge,
		"POST /v1/refunds":                       createRefund,
		"GET /v1/refunds":                        listRefunds,
		"GET /v1/refunds/{id}":                   readRefund,
		"POST /v1/transfers":                     createTransfer,
		"GET /v1/transfers":                      listTransfers,
		"GET /v1/transfers/{id}":                 readTransfer,
		"POST /v1/transfers/{id}/reversals":      createReversal,
		"GET /v1/transfers/{id}/reversals":       listReversals,
		"GET /v1/disputes":                       listDisputes,
		"GET /v1/disputes/{id}":                  readDispute,
		"POST /v1/disputes/{id}":                 updateDispute,
		"POST /v1/disputes/{id}/close":           closeDispute,
		"POST /v1/files":                         createFile,
		"GET /v1/files":                          listFiles,
		"GET /v1/files/{id}":                     readFile,
		"POST /v1/topups":                        createTopup,
		"GET /v1/balance":                        readBalance,
		"GET /v1/balance_transactions":           listBalanceTransactions,
		"GET /v1/balance_transactions/{id}":      readBalanceTransaction,
		"POST /v1/payouts":                       createPayout,
		"GET /v1/payouts":                        listPayouts,
		"GET /v1/payouts/{id}":                   readPayout,
		"GET /v1/events":                         listEvents,
		"GET /v1/events/{id}":                    readEvent,
		"POST /v1/terminal/locations":            createLocation,
		"GET /v1/terminal/locations":             listLocations,
		"GET /v1/terminal/locations/{id}":        readLocation,
		"POST /v1/terminal/readers":              createTerminal,
		"GET /v1/terminal/readers":               listTerminals,
		"GET /v1/terminal/readers/{id}":          readTerminal,
		"DELETE /v1/terminal/readers/{id}":       deleteTerminal,
		"POST /v1/terminal/connection_tokens":    createConnectionToken,

		"POST /v1/terminal/readers/{id}/process_payment_intent":              processIntent,
		"POST /v1/terminal/readers/{id}/cancel_action":                       cancelAction,
		"POST /v1/test_helpers/terminal/readers/{id}/present_payment_method": presentCard,
	}
}

// read answers the call for one object by its id in the path.
func read[T object](c *call, what string) (any, *params.Refusal) {
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	o, ok := load[T](c.tx, c.path("id"))
	if !ok {
		return nil, params.Missing(what, c.path("id"), "id")
	}
	return o, nil
}
